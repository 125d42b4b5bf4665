//! 文书模板 (S2-3.7, E-105): the wording of contracts and notices, kept by one and published by another. A version
//! that was published stays as it is; which one a contract has follows from the day of its approval.
//!
//! A body is lines of text: `## ` begins a clause's title, `{名称}` is a value, and a line `{账单明细}` is the table of bills.
//! It is taken apart before values are put in, so that no value is ever read as a title or a name.

use crate::{
    dictionary::dictionary,
    failure::{Failure, FieldErrors},
    form::date,
    paper::{Block, Paper, is_unseen},
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet},
    value::{Check, Complaint, required, text_max},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// Characters of a body.
pub const BODY_MAX: usize = 20_000;
/// Lines of a body.
pub const LINES_MAX: usize = 400;
/// What is answered about a first day that is not to come.
pub const LATE: &str = "生效日期须晚于今天";
/// The place of the table of bills.
const TABLE: &str = "账单明细";

dictionary! {
    /// 文书类别 (S2-3.7)
    TemplateKind = "S2-3.7.kind" "文书类别" {
        Contract = "CONTRACT" "租赁合同",
        Notice = "NOTICE" "缴费通知单",
        Dunning = "DUNNING" "催缴通知书",
    }
}

dictionary! {
    /// 模板状态 (S2-3.7)
    TemplateStatus = "S2-3.7.status" "模板状态" {
        Draft = "DRAFT" "草稿",
        Pending = "PENDING" "待复核",
        Published = "PUBLISHED" "已发布",
    }
}

/// What happens to a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TemplateEvent {
    Submit,
    Publish,
    Refuse,
}

impl TemplateStatus {
    /// The status after the event: the whole state machine.
    ///
    /// # Errors
    /// The sentence, when the event does not exist in this status.
    pub fn next(self, event: TemplateEvent) -> Result<Self, Failure> {
        use TemplateEvent as E;
        match (event, self) {
            (E::Submit, Self::Draft) => Ok(Self::Pending),
            (E::Publish, Self::Pending) => Ok(Self::Published),
            (E::Refuse, Self::Pending) => Ok(Self::Draft),
            _ => Err(Failure::refused(format!("模板状态为“{self}”，请刷新后再办理"))),
        }
    }
}

/// A value that a body may name, and what stands there on a specimen.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub name: &'static str,
    pub sample: &'static str,
}

const fn field(name: &'static str, sample: &'static str) -> Field {
    Field { name, sample }
}

/// What a contract can say (E-40).
const CONTRACT: &[Field] = &[
    field("城市", "示例市公租房管理平台"),
    field("合同编号", "HT2026810101000001"),
    field("出租方", "示例市住房保障中心"),
    field("承租人", "某某"),
    field("证件号码", "证件号码样例"),
    field("联系电话", "电话样例"),
    field("同住人", "某甲（配偶）"),
    field("保障类别", "低收入(低保边缘)"),
    field("小区", "阳光苑"),
    field("房屋地址", "示例路1号01号楼01单元0101室"),
    field("户型", "一居室"),
    field("建筑面积", "57.00"),
    field("使用面积", "43.00"),
    field("计租面积", "使用面积43.00"),
    field("租金标准", "2.6"),
    field("核定月租金", "111.80"),
    field("租金核减", "0.00"),
    field("月租金", "111.80"),
    field("月租金大写", "人民币壹佰壹拾壹元捌角整"),
    field("物业费", "2.50元/㎡·月（按建筑面积），每月142.50元"),
    field("押金", "1,000.00"),
    field("押金大写", "人民币壹仟元整"),
    field("租赁开始日期", "2026年12月1日"),
    field("租赁结束日期", "2031年11月30日"),
    field("起租日期", "2026年12月1日"),
    field("缴费周期", "月"),
    field("账单月", "按自然月拆分"),
    field("每期缴费日", "10"),
    field("开户行", "示例银行"),
    field("银行账号", "****0011"),
    field("户名", "某某"),
    field("门禁条款", "双方未约定因欠费限制门禁。"),
    field("签订日期", "2026年11月28日"),
];
/// What a notice can say (E-106).
const NOTICE: &[Field] = &[
    field("城市", "示例市公租房管理平台"),
    field("管理单位", "示例市住房保障中心"),
    field("缴款人", "某某"),
    field("账户号", "ZH0000000001"),
    field("小区", "阳光苑"),
    field("房屋地址", "示例路1号01号楼01单元0101室"),
    field("账期", "2026年12月"),
    field("本期应缴", "111.80"),
    field("往期欠费", "111.80"),
    field("滞纳金", "1.12"),
    field("合计", "224.72"),
    field("合计大写", "人民币贰佰贰拾肆元柒角贰分"),
    field("账户余额", "0.00"),
    field("缴费截止日期", "2026年12月10日"),
    field("开具日期", "2026年12月1日"),
    field(TABLE, ""),
];
/// What 催缴通知书 can say (§3.8).
const DUNNING: &[Field] = &[
    field("城市", "示例市公租房管理平台"),
    field("管理单位", "示例市住房保障中心"),
    field("通知书编号", "CJ0000000001"),
    field("承租人", "某某"),
    field("账户号", "ZH0000000001"),
    field("小区", "阳光苑"),
    field("房屋地址", "示例路1号01号楼01单元0101室"),
    field("催缴内容", "您承租的住房欠缴租金2个月，共223.60元，请于收到本通知之日起15日内缴清。"),
    field("欠费月数", "2"),
    field("欠费金额", "223.60"),
    field("欠费金额大写", "人民币贰佰贰拾叁元陆角整"),
    field("最早应缴日期", "2026年10月10日"),
    field("开具日期", "2026年12月1日"),
    field(TABLE, ""),
];
/// 必备条款: each is the name of a clause, wherever its number stands.
pub const CLAUSES: [&str; 9] = [
    "当事人",
    "房屋情况",
    "租赁期限",
    "租金及支付",
    "维修责任",
    "物业服务及水电气暖费用",
    "退回房屋",
    "违约责任",
    "争议解决",
];

impl TemplateKind {
    /// What a body of this kind may name.
    #[must_use]
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::Contract => CONTRACT,
            Self::Notice => NOTICE,
            Self::Dunning => DUNNING,
        }
    }

    /// What it has to name.
    const fn needed(self) -> &'static [&'static str] {
        match self {
            Self::Contract => &["出租方", "承租人", "房屋地址", "月租金", "月租金大写", "租赁开始日期", "租赁结束日期"],
            Self::Notice => &["缴款人", "合计", "合计大写", "缴费截止日期", TABLE],
            Self::Dunning => &["承租人", "房屋地址", "催缴内容", "欠费金额大写", TABLE],
        }
    }

    /// The clauses that it has to have.
    const fn clauses(self) -> &'static [&'static str] {
        match self {
            Self::Contract => &CLAUSES,
            Self::Notice | Self::Dunning => &[],
        }
    }
}

/// A line, taken apart.
enum Line<'a> {
    Heading(Vec<Piece<'a>>),
    Text(Vec<Piece<'a>>),
    Table,
}

enum Piece<'a> {
    Plain(&'a str),
    Value(&'static Field),
}

/// A body in one form: no marks that cannot be seen, no spaces at the ends of lines.
fn clean(body: &str) -> String {
    let seen = |line: &str| line.chars().filter(|c| !c.is_control() && !is_unseen(*c)).collect::<String>();
    let lines = body.lines().map(|line| seen(line).trim().to_owned());
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

fn lines(kind: TemplateKind, body: &str) -> Check<Vec<Line<'_>>> {
    let mut lines = Vec::new();
    for line in body.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (title, text) = line.strip_prefix("## ").map_or((false, line), |text| (true, text));
        let pieces = pieces(kind, text)?;
        let table = pieces.iter().any(|piece| matches!(piece, Piece::Value(field) if field.name == TABLE));
        lines.push(match (table, title, pieces.len()) {
            (true, false, 1) => Line::Table,
            (true, ..) => return Err(Complaint::says(format!("占位符{{{TABLE}}}须单独成行"))),
            (false, true, _) => Line::Heading(pieces),
            (false, false, _) => Line::Text(pieces),
        });
    }
    Ok(lines)
}

fn pieces(kind: TemplateKind, text: &str) -> Check<Vec<Piece<'_>>> {
    let unpaired = || Complaint::says("花括号须成对出现");
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some((before, behind)) = rest.split_once('{') {
        let (name, after) = behind.split_once('}').ok_or_else(unpaired)?;
        let known = kind.fields().iter().find(|field| field.name == name);
        let field = known.ok_or_else(|| Complaint::says(format!("未知占位符：{name}")))?;
        if before.contains('}') {
            return Err(unpaired());
        }
        if !before.is_empty() {
            pieces.push(Piece::Plain(before));
        }
        pieces.push(Piece::Value(field));
        rest = after;
    }
    if rest.contains('}') {
        return Err(unpaired());
    }
    if !rest.is_empty() {
        pieces.push(Piece::Plain(rest));
    }
    Ok(pieces)
}

/// The titles of the clauses that say something.
fn titles(body: &str) -> Vec<&str> {
    let mut lines = body.lines().filter(|line| !line.is_empty()).peekable();
    let mut titles = Vec::new();
    while let Some(line) = lines.next() {
        let text = lines.peek().is_some_and(|next| !next.starts_with("## "));
        titles.extend(line.strip_prefix("## ").filter(|_| text));
    }
    titles
}

/// Whether a body can be used: it names only what there is, all that it must, and has the clauses of R-14, each
/// with a title and a text of its own.
///
/// # Errors
/// `未知占位符：{x}`, `缺少必备条款：{clause}` and the like.
pub fn body_check(kind: TemplateKind, body: &str) -> Check<String> {
    let body = clean(body);
    if body.is_empty() {
        return Err(Complaint::about("不能为空"));
    }
    if body.chars().count() > BODY_MAX || body.lines().count() > LINES_MAX {
        return Err(Complaint::says(format!("正文不能超过{BODY_MAX}字、{LINES_MAX}行")));
    }
    lines(kind, &body)?;
    let mut titles = titles(&body);
    for clause in kind.clauses() {
        let place = titles.iter().position(|title| title.contains(clause));
        let place = place.ok_or_else(|| Complaint::says(format!("缺少必备条款：{clause}")))?;
        titles.remove(place);
    }
    for name in kind.needed() {
        if !body.contains(&format!("{{{name}}}")) {
            return Err(Complaint::says(format!("缺少必备占位符：{name}")));
        }
    }
    Ok(body)
}

/// Puts values into a body. A value of a name that has none stays a line to write on.
///
/// # Errors
/// As [`body_check`], for a body that this version of the program cannot read.
pub fn merge(
    kind: TemplateKind,
    body: &str,
    value: impl Fn(&str) -> Option<String>,
    table: Option<&Block>,
) -> Check<Vec<Block>> {
    let text = |pieces: &[Piece]| {
        let piece = |piece: &Piece| match piece {
            Piece::Plain(text) => (*text).to_owned(),
            Piece::Value(field) => {
                value(field.name).filter(|text| !text.is_empty()).unwrap_or_else(|| "________".to_owned())
            }
        };
        pieces.iter().map(piece).collect::<String>()
    };
    let block = |line: &Line| match line {
        Line::Heading(pieces) => Some(Block::Heading { text: text(pieces) }),
        Line::Text(pieces) => Some(Block::Text { text: text(pieces) }),
        Line::Table => table.cloned(),
    };
    Ok(lines(kind, body)?.iter().filter_map(block).collect())
}

/// A body with what stands on a specimen.
///
/// # Errors
/// As [`merge`].
pub fn specimen(kind: TemplateKind, body: &str) -> Check<Vec<Block>> {
    let sample =
        |name: &str| kind.fields().iter().find(|field| field.name == name).map(|field| field.sample.to_owned());
    let table = crate::billing::notice::bill_table([["租金", "2026年12月", "2026-12-10", "111.80", "0.00", "111.80"]
        .map(ToOwned::to_owned)
        .to_vec()]);
    merge(kind, body, sample, Some(&table))
}

/// A specimen on paper (预览): nobody can take it for a real one.
///
/// # Errors
/// As [`merge`].
pub fn specimen_paper(template: &Template) -> Check<Paper> {
    Ok(Paper {
        title: template.row.name.clone(),
        number: format!("{}模板 V{}", template.row.kind, template.row.version),
        watermark: "样张".to_owned(),
        blocks: specimen(template.row.kind, &template.body)?,
        foot: format!("模板摘要(SHA-256)：{}", template.digest),
        ..Paper::default()
    })
}

/// A version of a template, as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateRow {
    pub id: i64,
    pub kind: TemplateKind,
    pub version: i32,
    pub name: String,
    pub status: TemplateStatus,
    pub effective_on: NaiveDate,
    /// it is the one that papers of today are made with
    pub current: bool,
    pub updated_at: DateTime<Utc>,
    pub maker: Option<String>,
    pub checker: Option<String>,
}

/// A version with its wording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    pub row: TemplateRow,
    pub body: String,
    /// SHA-256 of the body
    pub digest: String,
    pub checked_at: Option<DateTime<Utc>>,
    pub opinion: Option<String>,
    /// counts the changes of a draft
    pub revision: i32,
    /// whether the one who asks may decide about it
    pub decidable: bool,
}

/// What is entered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TemplateForm {
    pub kind: String,
    pub name: String,
    pub effective_on: String,
    pub body: String,
}

/// A form that passed its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateFields {
    pub kind: TemplateKind,
    pub name: String,
    pub effective_on: NaiveDate,
    pub body: String,
}

impl TemplateForm {
    /// Checks every field. The first day is still to come: what was approved until today keeps the version before.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, today: NaiveDate) -> Result<TemplateFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let kind = errors.take("kind", TemplateKind::from_code(&self.kind).ok_or(Complaint::says("请选择文书类别")));
        let name = errors.take("name", required(&self.name).and_then(|text| text_max(&text, 40)));
        let day = errors.take("effective_on", required(&self.effective_on).and_then(|text| date(&text)));
        let body = kind.and_then(|kind| errors.take("body", body_check(kind, &self.body)));
        if day.is_some_and(|day| day <= today) {
            errors.add("effective_on", LATE);
        }
        match (kind, name, day, body) {
            (Some(kind), Some(name), Some(effective_on), Some(body)) if errors.is_empty() => {
                Ok(TemplateFields { kind, name, effective_on, body })
            }
            _ => Err(errors),
        }
    }
}

/// 文书模板 list.
#[rustfmt::skip] // a table: one line per column
pub const TEMPLATE_LIST: ListSheet<TemplateRow> = ListSheet {
    key: "template",
    noun: "文书模板",
    path: "/tenancy/templates",
    search_hint: "模板名称",
    columns: &[
        ListColumn { key: "name", header: "模板", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.name, format!("/tenancy/templates/{}", row.id)) },
        ListColumn { key: "kind", header: "类别", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::coded(row.kind) },
        ListColumn { key: "version", header: "版本", kind: Kind::Number, sortable: false, essential: true, cell: |row| Cell::Text(format!("V{}", row.version)) },
        ListColumn { key: "effective_on", header: "生效日期", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Date(row.effective_on) },
        ListColumn { key: "current", header: "当前使用", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(if row.current { "是" } else { "" }) },
        ListColumn { key: "maker", header: "编制人", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.maker.as_deref().unwrap_or_default()) },
        ListColumn { key: "checker", header: "发布人", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.checker.as_deref().unwrap_or_default()) },
        ListColumn { key: "updated_at", header: "更新时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.updated_at) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::coded(row.status) },
    ],
    filters: &[
        Filter { key: "kind", label: "类别", choices: Choices::Of(TemplateKind::choices) },
        Filter { key: "status", label: "状态", choices: Choices::Of(TemplateStatus::choices) },
    ],
    default_sort: ("updated_at", true),
    jumps: false,
};

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;

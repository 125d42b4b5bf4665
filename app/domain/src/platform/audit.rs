//! The operation log (操作日志, E-125, S1-9.7): what was done, by whom and to what, and what its verification finds.

use crate::{
    export::Export,
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuditAction {
    Insert,
    Update,
    Delete,
    Export,
    /// somebody looked at a personal number in clear
    Reveal,
}

impl AuditAction {
    pub const ALL: [Self; 5] = [Self::Insert, Self::Update, Self::Delete, Self::Export, Self::Reveal];

    /// As stored.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Export => "EXPORT",
            Self::Reveal => "REVEAL",
        }
    }

    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Insert => "新增",
            Self::Update => "修改",
            Self::Delete => "删除",
            Self::Export => "导出",
            Self::Reveal => "查看明文",
        }
    }

    /// The action of a stored code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.code() == code)
    }

    fn choices() -> Vec<(&'static str, &'static str)> {
        Self::ALL.into_iter().map(|action| (action.code(), action.label())).collect()
    }
}

/// Tables whose rows are audited, with what people call them: every table that `audit_attach` or a trigger of its own writes
/// to the log for, which a test of the store compares.
pub const AUDITED: &[(&str, &str)] = &[
    ("organization", "组织机构"),
    ("parameter", "参数"),
    ("app_user", "用户"),
    ("user_factor", "二次验证"),
    ("user_role", "用户角色"),
    ("user_district", "可见区县"),
    ("user_estate", "负责楼盘"),
    ("role", "角色"),
    ("role_permission", "角色权限"),
    ("approval", "复核"),
    ("approval_task", "复核办理"),
    ("workflow", "流程定义"),
    ("workflow_node", "流程节点"),
    ("dictionary_type", "数据字典"),
    ("dictionary_item", "字典项"),
    ("holiday", "节假日"),
    ("number_rule", "编码规则"),
    ("menu_entry", "菜单"),
    ("job_plan", "计划任务"),
    ("message_template", "消息模板"),
    ("operator", "运营主体"),
    ("person", "人员"),
    ("person_search", "按号码查找人员"),
    ("rent_standard", "租金标准"),
    ("project", "项目"),
    ("estate", "小区"),
    ("building", "楼栋"),
    ("unit", "房源"),
    ("room", "房间"),
    ("asset_master", "资产主卡片"),
    ("asset_sub", "资产子卡片"),
    ("asset_change", "资产审批"),
    ("asset_count", "资产盘点"),
    ("asset_count_line", "资产盘点明细"),
    ("asset_depreciation_run", "折旧计提"),
    ("household", "家庭"),
    ("household_member", "家庭成员"),
    ("assignment", "直接分配"),
    ("contract", "合同"),
    ("binding", "房间入住关系"),
    ("hand_over", "交房记录"),
    ("exit_case", "退租"),
    ("exit_bill", "退租账单"),
    ("attachment", "附件"),
    ("bill_run", "账单生成"),
    ("payment", "缴费记录"),
    ("refund", "退费"),
    ("cashier_shift", "收款班次"),
    ("ledger_period", "会计期间"),
    ("deduction_batch", "代扣批次"),
    ("bank_difference", "银行差异"),
    ("pay_order", "支付订单"),
    ("pay_odd", "待核实到账"),
    ("sms_template", "短信模板"),
    ("sms_block", "短信黑名单"),
    ("dunning_rule_set", "催缴规则"),
    ("dunning_rule", "催缴规则明细"),
    ("dunning_record", "催缴记录"),
    ("dunning_pause", "暂停催缴"),
    ("instalment", "分期还款"),
    ("rent_adjustment", "租金调整"),
    ("rent_change", "租金调整明细"),
    ("rent_reduction", "租金核减"),
    ("waiver", "减免核销"),
    ("meter", "表具"),
    ("meter_period", "抄表期间"),
    ("meter_reading", "抄表记录"),
    ("contract_change", "合同变更"),
    ("contract_stay", "到期处置"),
    ("take_over", "存量合同接管"),
    ("document_template", "文书模板"),
    ("print_log", "打印记录"),
    ("print_skip", "跳过打印"),
];

/// What people call an audited table, or a list that somebody took away; its own name when nobody has named it.
#[must_use]
pub fn audited_label(table: &str) -> &str {
    let named = AUDITED.iter().find(|(name, _)| *name == table).map(|(_, label)| *label);
    named.or_else(|| Export::of(table).map(|export| export.noun)).unwrap_or(table)
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    pub id: i64,
    pub at: DateTime<Utc>,
    /// none: the system itself
    pub actor: Option<String>,
    pub login: Option<String>,
    pub action: AuditAction,
    pub object_type: String,
    /// none when a statement changed many rows at once, unless one of them was asked for
    pub object_id: Option<i64>,
    pub rows: i32,
}

impl AuditRow {
    /// The page of the line; of a line about many rows where the one stands that was asked for.
    #[must_use]
    pub fn address(&self) -> String {
        let object = self.object_id.filter(|_| self.rows > 1).map(|id| format!("?object={id}"));
        format!("/platform/audit/{}{}", self.id, object.unwrap_or_default())
    }
}

/// 操作日志 list (S1-9.7).
#[rustfmt::skip] // a table: one line per column
pub const AUDIT_LIST: ListSheet<AuditRow> = ListSheet {
    key: "audit",
    noun: "操作日志",
    path: "/platform/audit",
    search_hint: "账号或姓名",
    columns: &[
        ListColumn { key: "at", header: "时间", kind: Kind::Time, sortable: true, essential: true, cell: |row| Cell::Time(row.at) },
        ListColumn { key: "actor", header: "操作人", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(row.actor.as_deref().unwrap_or("系统")) },
        ListColumn { key: "login", header: "账号", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.login.as_deref().unwrap_or_default()) },
        ListColumn { key: "action", header: "动作", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(row.action.label()) },
        ListColumn { key: "object", header: "对象", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(audited_label(&row.object_type), row.address()) },
        ListColumn { key: "object_id", header: "对象编号", kind: Kind::Number, sortable: false, essential: false, cell: |row| row.object_id.map_or(Cell::Empty, Cell::Number) },
        ListColumn { key: "rows", header: "行数", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Number(row.rows.into()) },
    ],
    filters: &[
        Filter { key: "action", label: "动作", choices: Choices::Fixed(AuditAction::choices) },
        Filter { key: "object", label: "对象", choices: Choices::Fixed(|| AUDITED.to_vec()) },
        Filter { key: "object_id", label: "对象编号", choices: Choices::Linked },
        Filter { key: "since", label: "起始日期", choices: Choices::Day },
        Filter { key: "until", label: "截止日期", choices: Choices::Day },
    ],
    default_sort: ("at", true),
    jumps: true,
};

/// One field of a changed object, before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditChange {
    pub field: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// One row of a line about many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditObject {
    pub id: i64,
    pub changes: Vec<AuditChange>,
}

/// Rows of a line about many that are shown at once.
pub const OBJECTS_SHOWN: u32 = 20;

/// A line with what it changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    pub row: AuditRow,
    /// of a line about one row, or about none
    pub changes: Vec<AuditChange>,
    /// of a line about many: those of the page, or the one that was asked for
    pub objects: Vec<AuditObject>,
    /// from 1, and how many there are
    pub page: u32,
    pub pages: u32,
    /// number of the block that seals it; none: it will be sealed within seconds
    pub block: Option<i64>,
}

/// Something that verification found wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuditFinding {
    /// the line is not what was sealed
    Changed(i64),
    /// the line is gone
    Missing(i64),
    /// the line was put between sealed ones afterwards
    Added(i64),
    /// the block does not follow from the one before it
    Broken(i64),
    /// the block that was anchored outside the database is gone or another one
    Anchor(i64),
}

impl AuditFinding {
    /// As an auditor reads it.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Changed(id) => format!("日志{id}的内容被修改"),
            Self::Missing(id) => format!("日志{id}被删除"),
            Self::Added(id) => format!("日志{id}是事后插入的"),
            Self::Broken(seq) => format!("第{seq}个存证块与前一块不衔接"),
            Self::Anchor(seq) => format!("第{seq}个存证块与库外存证不一致"),
        }
    }
}

/// The outcome of a verification.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditReport {
    pub blocks: i64,
    pub rows: i64,
    /// lines that wait for the sealer
    pub unsealed: i64,
    pub findings: Vec<AuditFinding>,
}

impl AuditReport {
    /// As an auditor reads it.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self { blocks, rows, unsealed, findings } = self;
        if findings.is_empty() {
            format!("校验通过：{blocks}个存证块、{rows}条日志未被改动，{unsealed}条待存证")
        } else {
            format!("校验不通过：发现{}处异常（{blocks}个存证块、{rows}条日志）", findings.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_whether_it_passed() {
        let mut report = AuditReport { blocks: 2, rows: 30, unsealed: 1, findings: Vec::new() };
        assert_eq!(report.sentence(), "校验通过：2个存证块、30条日志未被改动，1条待存证");
        report.findings.push(AuditFinding::Changed(7));
        assert_eq!(report.sentence(), "校验不通过：发现1处异常（2个存证块、30条日志）");
        assert_eq!(report.findings[0].sentence(), "日志7的内容被修改");
    }

    #[test]
    fn a_line_about_many_leads_to_the_one_that_was_asked_for() {
        let row = AuditRow {
            id: 7,
            at: DateTime::UNIX_EPOCH,
            actor: None,
            login: None,
            action: AuditAction::Update,
            object_type: "unit".into(),
            object_id: Some(3),
            rows: 1,
        };
        assert_eq!(row.address(), "/platform/audit/7");
        assert_eq!(AuditRow { rows: 200, ..row.clone() }.address(), "/platform/audit/7?object=3");
        assert_eq!(AuditRow { rows: 200, object_id: None, ..row }.address(), "/platform/audit/7");
    }

    #[test]
    fn codes_lead_back() {
        for action in AuditAction::ALL {
            assert_eq!(AuditAction::from_code(action.code()), Some(action));
        }
        assert_eq!(AuditAction::from_code("SELECT"), None);
        assert_eq!((audited_label("unit"), audited_label("nobody")), ("房源", "nobody"));
        assert_eq!(audited_label("arrears"), "欠费", "a list that is no table is exported too");
    }
}

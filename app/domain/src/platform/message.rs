//! Messages inside the system (E-126, S1-9.8): what is told to whom is the program's, how it is worded the
//! administrators'.

use crate::{
    failure::FieldErrors,
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet},
    value::{Check, Complaint},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Characters of a template.
pub const CONTENT_MAX: usize = 200;
/// A message that was read is kept so long.
pub const MESSAGE_DAYS: i64 = 365;
/// At the bell nobody counts further.
pub const UNREAD_SHOWN: i64 = 99;

/// An occasion of which somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Notice {
    JobFinished,
    JobFailed,
    JobCancelled,
    ApprovalApproved,
    ApprovalRejected,
    AssetApproved,
    AssetRejected,
    CountConfirmed,
    SessionEnded,
    /// items of a batch that the bank cannot be asked for (domain.md §3.7)
    DeductionWithheld,
}

impl Notice {
    pub const ALL: [Self; 10] = [
        Self::JobFinished,
        Self::JobFailed,
        Self::JobCancelled,
        Self::ApprovalApproved,
        Self::ApprovalRejected,
        Self::AssetApproved,
        Self::AssetRejected,
        Self::CountConfirmed,
        Self::SessionEnded,
        Self::DeductionWithheld,
    ];

    /// As stored.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::JobFinished => "JOB_FINISHED",
            Self::JobFailed => "JOB_FAILED",
            Self::JobCancelled => "JOB_CANCELLED",
            Self::ApprovalApproved => "APPROVAL_APPROVED",
            Self::ApprovalRejected => "APPROVAL_REJECTED",
            Self::AssetApproved => "ASSET_APPROVED",
            Self::AssetRejected => "ASSET_REJECTED",
            Self::CountConfirmed => "COUNT_CONFIRMED",
            Self::SessionEnded => "SESSION_ENDED",
            Self::DeductionWithheld => "DEDUCTION_WITHHELD",
        }
    }

    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::JobFinished => "任务完成",
            Self::JobFailed => "任务失败",
            Self::JobCancelled => "任务被取消",
            Self::ApprovalApproved => "复核通过",
            Self::ApprovalRejected => "复核驳回",
            Self::AssetApproved => "资产审批通过",
            Self::AssetRejected => "资产审批退回",
            Self::CountConfirmed => "盘点单确认",
            Self::SessionEnded => "登录被退出",
            Self::DeductionWithheld => "代扣明细未发送",
        }
    }

    /// The occasion of a stored code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.code() == code)
    }

    /// What its template may name, each with an example for the preview.
    #[must_use]
    pub fn placeholders(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::JobFinished => &[("任务", "导入小区数据"), ("结果", "成功98条，失败2条")],
            Self::JobFailed => &[("任务", "导入小区数据"), ("原因", "模板格式不正确，请下载最新模板")],
            Self::JobCancelled => &[("任务", "导出房源"), ("操作人", "张三"), ("结果", "已处理1000条")],
            Self::ApprovalApproved => &[("事项", "参数设置"), ("对象", "密码有效期"), ("复核人", "张三")],
            Self::ApprovalRejected => {
                &[("事项", "参数设置"), ("对象", "密码有效期"), ("复核人", "张三"), ("意见", "依据不足")]
            }
            Self::AssetApproved => &[("卡号", "ZC000001"), ("事项", "变更"), ("复核人", "张三")],
            Self::AssetRejected => &[("卡号", "ZC000001"), ("事项", "变更"), ("复核人", "张三"), ("意见", "凭证不符")],
            Self::CountConfirmed => &[("盘点单", "阳光苑2026年盘点"), ("复核人", "张三")],
            Self::SessionEnded => &[("上限", "5")],
            Self::DeductionWithheld => &[("批次", "DK20261115990104001"), ("笔数", "1")],
        }
    }

    /// Checks the wording of its template; answers it as it is stored.
    ///
    /// # Errors
    /// About a placeholder that this occasion does not have, by its name; about braces without a partner; about nothing
    /// or too much text.
    pub fn content_check(self, content: &str) -> Check<String> {
        content_check(content, self.placeholders())
    }

    /// The text of a template with examples in it.
    #[must_use]
    pub fn preview(self, content: &str) -> String {
        render(content, self.placeholders())
    }
}

/// Checks the wording of a template that may name these placeholders; answers it as it is stored.
///
/// # Errors
/// As [`Notice::content_check`].
pub fn content_check(content: &str, placeholders: &[(&str, &str)]) -> Check<String> {
    // As it was written, with its full-width signs.
    let content = content.trim().to_owned();
    if content.contains(char::is_control) {
        return Err(Complaint::says("内容须为一行文字"));
    }
    if !(1..=CONTENT_MAX).contains(&content.chars().count()) {
        return Err(Complaint::says(format!("内容须为1至{CONTENT_MAX}个字")));
    }
    for part in parts(&content)? {
        if let Part::Placeholder(name) = part
            && !placeholders.iter().any(|(known, _)| *known == name)
        {
            let known: Vec<String> = placeholders.iter().map(|(known, _)| format!("{{{known}}}")).collect();
            return Err(Complaint::says(format!("没有占位符{{{name}}}，可以使用：{}", known.join("、"))));
        }
    }
    Ok(content)
}

enum Part<'a> {
    Text(&'a str),
    Placeholder(&'a str),
}

/// Takes a template apart.
fn parts(content: &str) -> Check<Vec<Part<'_>>> {
    let unpaired = || Complaint::says("括号{}须成对出现");
    let (mut found, mut rest) = (Vec::new(), content);
    while let Some(open) = rest.find(['{', '}']) {
        let (text, more) = rest.split_at(open);
        let inside = more.strip_prefix('{').ok_or_else(unpaired)?;
        let (name, behind) = inside.split_once('}').ok_or_else(unpaired)?;
        if name.contains('{') {
            return Err(unpaired());
        }
        found.extend([Part::Text(text), Part::Placeholder(name)]);
        rest = behind;
    }
    found.push(Part::Text(rest));
    Ok(found)
}

/// Fills a template in. What stands for a placeholder is text and never a template itself; a placeholder without a
/// value stays as it is, and so does a template that is none.
#[must_use]
pub fn render(content: &str, params: &[(&str, &str)]) -> String {
    let Ok(parts) = parts(content) else { return content.to_owned() };
    parts
        .into_iter()
        .map(|part| match part {
            Part::Text(text) => text.to_owned(),
            Part::Placeholder(name) => params
                .iter()
                .find(|(known, _)| *known == name)
                .map_or_else(|| format!("{{{name}}}"), |(_, value)| (*value).to_owned()),
        })
        .collect()
}

/// A template as administrators see it (S1-9.8). The only channel so far is 站内消息.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Template {
    pub notice: Notice,
    pub content: String,
    pub enabled: bool,
    pub version: i32,
    pub updated_at: DateTime<Utc>,
    pub updated_by: Option<String>,
}

/// What an administrator enters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateForm {
    pub content: String,
    /// `true` or `false`
    pub enabled: String,
}

impl From<&Template> for TemplateForm {
    fn from(template: &Template) -> Self {
        Self { content: template.content.clone(), enabled: template.enabled.to_string() }
    }
}

impl TemplateForm {
    /// The content as it is stored, and whether the message is sent at all.
    ///
    /// # Errors
    /// Complaints by field.
    pub fn check(&self, notice: Notice) -> Result<(String, bool), FieldErrors> {
        let mut errors = FieldErrors::default();
        let content = errors.take("content", notice.content_check(&self.content));
        let enabled =
            errors.take("enabled", self.enabled.parse::<bool>().map_err(|_| Complaint::says("请选择是否启用")));
        match (content, enabled) {
            (Some(content), Some(enabled)) => Ok((content, enabled)),
            _ => Err(errors),
        }
    }
}

/// A message to the person who asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageRow {
    pub id: i64,
    pub notice: Notice,
    pub content: String,
    /// the page that it is about
    pub link: String,
    pub sent_at: DateTime<Utc>,
    pub read_at: Option<DateTime<Utc>>,
}

fn read_choices() -> Vec<(&'static str, &'static str)> {
    vec![("UNREAD", "未读"), ("READ", "已读")]
}

/// 消息 list.
#[rustfmt::skip] // a table: one line per column
pub const MESSAGE_LIST: ListSheet<MessageRow> = ListSheet {
    key: "message",
    noun: "消息",
    path: "/platform/messages",
    search_hint: "消息内容",
    columns: &[
        ListColumn { key: "content", header: "内容", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.content, format!("/platform/messages/{}", row.id)) },
        ListColumn { key: "notice", header: "类型", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.notice.label()) },
        ListColumn { key: "sent_at", header: "时间", kind: Kind::Time, sortable: false, essential: true, cell: |row| Cell::Time(row.sent_at) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::text(if row.read_at.is_some() { "已读" } else { "未读" }) },
    ],
    filters: &[Filter { key: "status", label: "状态", choices: Choices::Fixed(read_choices) }],
    default_sort: ("sent_at", true),
    jumps: false,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_lead_back() {
        for notice in Notice::ALL {
            assert_eq!(Notice::from_code(notice.code()), Some(notice));
        }
    }

    #[test]
    fn a_template_names_what_its_occasion_has() {
        let check = |content: &str| Notice::JobFinished.content_check(content);
        assert_eq!(check(" 任务{任务}：{结果} ").as_deref(), Ok("任务{任务}：{结果}"));
        assert_eq!(check("没有占位符").as_deref(), Ok("没有占位符"));
        for (content, complaint) in [
            ("{任务}被{复核人}驳回", "没有占位符{复核人}，可以使用：{任务}、{结果}"),
            ("{}", "没有占位符{}，可以使用：{任务}、{结果}"),
            ("{任务", "括号{}须成对出现"),
            ("任务}", "括号{}须成对出现"),
            ("{{任务}}", "括号{}须成对出现"),
            ("  ", "内容须为1至200个字"),
        ] {
            assert_eq!(check(content).unwrap_err().text(), complaint, "{content}");
        }
        assert!(check(&"字".repeat(201)).is_err());
    }

    #[test]
    fn values_are_text_and_no_templates() {
        let params = [("任务", "{结果}"), ("结果", "好")];
        assert_eq!(render("“{任务}”：{结果}。{别的}", &params), "“{结果}”：好。{别的}");
        assert_eq!(render("{坏", &params), "{坏");
        assert_eq!(Notice::JobFinished.preview("{任务}"), "导入小区数据");
    }

    #[test]
    fn a_form_is_checked_by_field() {
        let form = |content: &str, enabled: &str| TemplateForm { content: content.into(), enabled: enabled.into() };
        assert_eq!(form("好", "false").check(Notice::JobFailed), Ok(("好".to_owned(), false)));
        let errors = form("{x}", "").check(Notice::JobFailed).unwrap_err();
        assert!(errors.get("content").is_some() && errors.get("enabled").is_some());
    }
}

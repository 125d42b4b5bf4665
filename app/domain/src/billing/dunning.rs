//! 催缴 (domain.md §3.8, S0-19, E-52): the rules of reminding, what a trial says of a household, and the state machines of
//! rules and records. The lists are `dunning_sheet`.

use crate::{
    billing::sms::SmsKind,
    dictionary::dictionary,
    failure::{Failure, FieldErrors},
    form::date,
    id::OrganizationId,
    value::{Complaint, required, text_max},
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Lines of a set of rules.
pub const RULES_MAX: usize = 12;
/// Days that a reminder which the server missed is still made afterwards.
pub const CATCH_UP_DAYS: i32 = 2;
/// Letters of a reason or a result.
const TEXT_MAX: usize = 200;

dictionary! {
    /// 催缴方式 (E-52 `way`)
    DunningWay = "E-52.way" "催缴方式" {
        Sms = "SMS" "短信",
        Phone = "PHONE" "电话",
        Visit = "VISIT" "上门",
        Written = "WRITTEN" "书面",
    }
}

dictionary! {
    /// 催缴状态
    DunningStatus = "E-52.status" "催缴状态" {
        Open = "OPEN" "待办理",
        Done = "DONE" "已办理",
        Cancelled = "CANCELLED" "已取消",
    }
}

dictionary! {
    /// 送达方式 of 催缴通知书
    Service = "E-52.served" "送达方式" {
        Direct = "DIRECT" "直接送达",
        Left = "LEFT" "留置送达",
        Post = "POST" "邮寄送达",
        Posted = "POSTED" "公告送达",
    }
}

dictionary! {
    /// What the day of a rule is counted from.
    Anchor = "S0-19.anchor" "催缴起点" {
        Due = "DUE" "应缴日",
        LevelOne = "L1" "达到欠费一个月",
        LevelTwo = "L2" "达到欠费两个月",
    }
}

dictionary! {
    /// 规则状态
    RuleSetStatus = "S0-19.status" "规则状态" {
        Draft = "DRAFT" "草稿",
        Pending = "PENDING" "待复核",
        Published = "PUBLISHED" "已发布",
        Refused = "REFUSED" "已驳回",
        Void = "VOID" "已作废",
    }
}

dictionary! {
    /// What becomes of a household under a rule in a trial.
    TrialOutcome = "S0-19.trial" "试算结果" {
        Contact = "CONTACT" "将催缴",
        Recorded = "RECORDED" "已催缴",
        Past = "PAST" "时点已过",
        Paused = "PAUSED" "暂停催缴",
        Instalment = "INSTALMENT" "分期还款中",
        Blocked = "BLOCKED" "短信黑名单",
        NoPhone = "NO_PHONE" "无手机号",
        TemplateOff = "TEMPLATE_OFF" "模板已停用",
        OtherRule = "OTHER_RULE" "区县另有规则",
    }
}

/// What happens to a set of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RuleSetEvent {
    Submit,
    Withdraw,
    Publish,
    Refuse,
    Discard,
}

impl RuleSetStatus {
    /// The status after the event. This is the whole state machine; what was published is followed by another, never changed.
    ///
    /// # Errors
    /// The sentence, when the event does not exist in this status.
    pub fn next(self, event: RuleSetEvent) -> Result<Self, Failure> {
        use RuleSetEvent as E;
        match (event, self) {
            (E::Submit, Self::Draft | Self::Refused) => Ok(Self::Pending),
            (E::Withdraw, Self::Pending) => Ok(Self::Draft),
            (E::Publish, Self::Pending) => Ok(Self::Published),
            (E::Refuse, Self::Pending) => Ok(Self::Refused),
            (E::Discard, Self::Draft | Self::Refused) => Ok(Self::Void),
            _ => Err(Failure::refused(format!("规则状态为“{self}”，请刷新后再办理"))),
        }
    }
}

/// A line as it is entered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleForm {
    pub anchor: String,
    /// before the due day negative; empty: the day itself
    pub days: String,
    pub way: String,
    /// of a text message
    pub template: String,
}

/// A checked line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    pub anchor: Anchor,
    pub days: i16,
    pub way: DunningWay,
    pub template: Option<SmsKind>,
}

impl Rule {
    /// `应缴日前3天 短信（到期前提醒）`
    #[must_use]
    pub fn told(&self) -> String {
        let when = match (self.anchor, self.days) {
            (Anchor::Due, 0) => "应缴日当天".to_owned(),
            (Anchor::Due, days @ ..0) => format!("应缴日前{}天", days.unsigned_abs()),
            (Anchor::Due, days) => format!("应缴日后{days}天"),
            (level, _) => level.label().to_owned(),
        };
        match self.template {
            Some(template) => format!("{when} {}（{template}）", self.way),
            None => format!("{when} {}", self.way),
        }
    }
}

/// A set of rules as it is entered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleSetForm {
    /// id of the district, empty for the whole city
    pub district: String,
    pub valid_from: String,
    pub reason: String,
    pub rules: Vec<RuleForm>,
}

/// A checked set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSetFields {
    pub district: Option<OrganizationId>,
    pub valid_from: NaiveDate,
    pub reason: String,
    pub rules: Vec<Rule>,
}

impl RuleSetForm {
    /// What S0-19 and §3.8 say, as a form begins.
    #[must_use]
    pub fn proposal() -> Self {
        let line = |anchor: Anchor, days: &str, way: DunningWay, template: Option<SmsKind>| RuleForm {
            anchor: anchor.code().into(),
            days: days.into(),
            way: way.code().into(),
            template: template.map(SmsKind::code).unwrap_or_default().into(),
        };
        let due = |days, kind| line(Anchor::Due, days, DunningWay::Sms, Some(kind));
        Self {
            rules: vec![
                due("-3", SmsKind::DueSoon),
                due("0", SmsKind::DueToday),
                due("1", SmsKind::Overdue),
                due("5", SmsKind::Overdue),
                due("15", SmsKind::Overdue),
                line(Anchor::LevelOne, "0", DunningWay::Sms, Some(SmsKind::LevelOne)),
                line(Anchor::LevelTwo, "0", DunningWay::Sms, Some(SmsKind::LevelTwo)),
                line(Anchor::LevelTwo, "0", DunningWay::Written, None),
                line(Anchor::LevelTwo, "0", DunningWay::Phone, None),
            ],
            ..Self::default()
        }
    }

    /// Checks a set that is to hold from a day on, which is not past. Without a line nobody is reminded.
    ///
    /// # Errors
    /// One sentence per field; the first about the lines names its line.
    pub fn check(&self, today: NaiveDate) -> Result<RuleSetFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let district = match self.district.trim() {
            "" => Some(None),
            id => errors.take(
                "district",
                id.parse().map(|id| Some(OrganizationId(id))).map_err(|_| Complaint::says("请选择适用范围")),
            ),
        };
        let valid_from = date(self.valid_from.trim())
            .and_then(|day| if day < today { Err(Complaint::says("生效日期不能早于今天")) } else { Ok(day) });
        let valid_from = errors.take("valid_from", valid_from);
        let reason = errors.take("reason", required(&self.reason).and_then(|text| text_max(&text, TEXT_MAX)));
        if self.rules.len() > RULES_MAX {
            errors.add("rules", format!("规则最多{RULES_MAX}条"));
        }
        let mut rules: Vec<Rule> = Vec::new();
        for (place, form) in self.rules.iter().enumerate() {
            match form.check() {
                Ok(rule) if rules.contains(&rule) => errors.add("rules", format!("第{}条与前面的规则重复", place + 1)),
                Ok(rule) => rules.push(rule),
                Err(sentence) => errors.add("rules", format!("第{}条：{sentence}", place + 1)),
            }
        }
        match (district, valid_from, reason) {
            (Some(district), Some(valid_from), Some(reason)) if errors.is_empty() => {
                Ok(RuleSetFields { district, valid_from, reason, rules })
            }
            _ => Err(errors),
        }
    }
}

impl RuleForm {
    fn check(&self) -> Result<Rule, &'static str> {
        let anchor = Anchor::from_code(&self.anchor).ok_or("请选择起点")?;
        let days = match self.days.trim() {
            "" => 0,
            days => days.parse().ok().filter(|days| (-30..=365).contains(days)).ok_or("天数须为-30至365的整数")?,
        };
        if anchor != Anchor::Due && days != 0 {
            return Err("按欠费等级催缴的，天数须为0");
        }
        let way = DunningWay::from_code(&self.way).ok_or("请选择催缴方式")?;
        let template = match way {
            DunningWay::Sms => {
                let kind = SmsKind::from_code(&self.template);
                Some(kind.ok_or("请选择短信模板")?)
            }
            _ => None,
        };
        // 月数 is of who is behind, 到期日 of a bill.
        let of_level = matches!(template, Some(SmsKind::LevelOne | SmsKind::LevelTwo));
        if template.is_some() && of_level != (anchor != Anchor::Due) {
            return Err("短信模板与起点不符");
        }
        Ok(Rule { anchor, days, way, template })
    }
}

/// A set of rules with what may be done about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleSet {
    pub row: super::dunning_sheet::RuleSetRow,
    pub rules: Vec<Rule>,
    pub opinion: Option<String>,
    /// whether the one who asks is its maker, and whether he may decide about it
    pub own: bool,
    pub decidable: bool,
}

/// What is entered about a contact with a household that is behind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DunningForm {
    /// id of the request, drawn by the browser once (a UUID)
    pub request: String,
    /// [`DunningWay`], not by text message
    pub way: String,
    pub content: String,
}

impl DunningForm {
    /// # Errors
    /// One sentence per field.
    pub fn check(&self) -> Result<(DunningWay, Option<String>), FieldErrors> {
        let mut errors = FieldErrors::default();
        let way = DunningWay::from_code(&self.way).filter(|way| *way != DunningWay::Sms);
        let way = errors.take("way", way.ok_or(Complaint::says("请选择催缴方式")));
        let content = errors.take("content", text_max(&self.content, TEXT_MAX));
        if self.request.len() != 36 {
            errors.add("way", "页面已过期，请刷新后再办理");
        }
        match (way, content) {
            (Some(way), Some(content)) if errors.is_empty() => Ok((way, Some(content).filter(|text| !text.is_empty()))),
            _ => Err(errors),
        }
    }
}

/// What came of a task, or how a notice was served.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoneForm {
    /// of a notice: [`Service`], day, and who signed for it
    pub served_how: String,
    pub served_on: String,
    pub received_by: String,
    pub result: String,
}

/// The same, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoneFields {
    pub served: Option<(Service, NaiveDate, Option<String>)>,
    pub result: Option<String>,
}

impl DoneForm {
    /// Checks what came of a record of this kind; a notice cannot be served before it was printed, nor tomorrow.
    ///
    /// # Errors
    /// One sentence per field.
    pub fn check(
        &self,
        way: DunningWay,
        printed_on: Option<NaiveDate>,
        today: NaiveDate,
    ) -> Result<DoneFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        if way != DunningWay::Written {
            let result = errors.take("result", required(&self.result).and_then(|text| text_max(&text, TEXT_MAX)));
            return result.map(|result| DoneFields { served: None, result: Some(result) }).ok_or(errors);
        }
        let how =
            errors.take("served_how", Service::from_code(&self.served_how).ok_or(Complaint::says("请选择送达方式")));
        let day = date(self.served_on.trim()).and_then(|day| match printed_on {
            None => Err(Complaint::says("通知书尚未打印")),
            Some(printed) if day < printed => Err(Complaint::says("送达日期不能早于打印日期")),
            _ if day > today => Err(Complaint::says("送达日期不能晚于今天")),
            _ => Ok(day),
        });
        let day = errors.take("served_on", day);
        // Whoever takes it signs; what is posted up or left has a witness in the files instead.
        let received = text_max(&self.received_by, 50).and_then(|text| {
            if text.is_empty() && how == Some(Service::Direct) {
                Err(Complaint::says("直接送达须填写签收人"))
            } else {
                Ok(Some(text).filter(|text| !text.is_empty()))
            }
        });
        let received = errors.take("received_by", received);
        let result = errors.take("result", text_max(&self.result, TEXT_MAX));
        match (how, day, received, result) {
            (Some(how), Some(day), Some(received), Some(result)) => Ok(DoneFields {
                served: Some((how, day, received)),
                result: Some(result).filter(|text| !text.is_empty()),
            }),
            _ => Err(errors),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_life_of_a_set() {
        use RuleSetEvent as E;
        use RuleSetStatus as S;
        let events = [E::Submit, E::Withdraw, E::Publish, E::Refuse, E::Discard];
        let table = [
            (S::Draft, [Some(S::Pending), None, None, None, Some(S::Void)]),
            (S::Pending, [None, Some(S::Draft), Some(S::Published), Some(S::Refused), None]),
            (S::Published, [None; 5]),
            (S::Refused, [Some(S::Pending), None, None, None, Some(S::Void)]),
            (S::Void, [None; 5]),
        ];
        assert_eq!(table.map(|(status, _)| status), S::ALL);
        for (status, to) in table {
            assert_eq!(events.map(|event| status.next(event).ok()), to, "{status}");
        }
    }

    #[test]
    fn what_is_proposed_can_be_published() {
        let form = RuleSetForm { valid_from: "2026-12-01".into(), reason: "启用".into(), ..RuleSetForm::proposal() };
        let fields = form.check(day("2026-11-28")).expect("it is right");
        let told: Vec<String> = fields.rules.iter().map(Rule::told).collect();
        assert_eq!(told[0], "应缴日前3天 短信（到期前提醒）");
        assert_eq!(told[1], "应缴日当天 短信（到期日提醒）");
        assert_eq!(told[4], "应缴日后15天 短信（逾期催缴）");
        assert_eq!(told[7], "达到欠费两个月 书面");
        assert!(RuleSetForm { rules: Vec::new(), ..form }.check(day("2026-11-28")).is_ok(), "nobody is reminded");
    }

    #[test]
    fn a_line_says_what_is_wrong_with_it() {
        let said = |change: fn(&mut RuleForm)| {
            let mut form =
                RuleSetForm { valid_from: "2026-12-01".into(), reason: "启用".into(), ..RuleSetForm::proposal() };
            change(&mut form.rules[0]);
            form.check(day("2026-11-28")).unwrap_err().get("rules").unwrap_or_default().to_owned()
        };
        assert_eq!(said(|line| line.anchor.clear()), "第1条：请选择起点");
        assert_eq!(said(|line| line.days = "-31".into()), "第1条：天数须为-30至365的整数");
        assert_eq!(said(|line| line.way = "FAX".into()), "第1条：请选择催缴方式");
        assert_eq!(said(|line| line.template = "DEDUCT_FAIL".into()), "第1条：请选择短信模板");
        assert_eq!(said(|line| line.template = "ARREARS_L1".into()), "第1条：短信模板与起点不符");
        assert_eq!(said(|line| line.anchor = "L1".into()), "第1条：按欠费等级催缴的，天数须为0");
        let twice = |line: &mut RuleForm| {
            line.days = "1".into();
            line.template = "OVERDUE".into();
        };
        assert_eq!(said(twice), "第3条与前面的规则重复");
        let past = RuleSetForm { valid_from: "2026-11-27".into(), ..RuleSetForm::proposal() };
        let errors = past.check(day("2026-11-28")).unwrap_err();
        assert_eq!(errors.get("valid_from"), Some("生效日期不能早于今天"));
        assert!(errors.get("reason").is_some());
    }

    #[test]
    fn a_notice_is_served_after_it_was_printed() {
        let form = DoneForm {
            served_how: "DIRECT".into(),
            served_on: "2026-11-20".into(),
            received_by: "本人".into(),
            result: String::new(),
        };
        let check = |form: &DoneForm, printed: Option<&str>| {
            form.check(DunningWay::Written, printed.map(day), day("2026-11-21"))
        };
        let fields = check(&form, Some("2026-11-19")).expect("it is right");
        assert_eq!(fields.served, Some((Service::Direct, day("2026-11-20"), Some("本人".into()))));
        let said =
            |form: &DoneForm, printed, field: &str| check(form, printed).unwrap_err().get(field).map(ToOwned::to_owned);
        assert_eq!(said(&form, None, "served_on").as_deref(), Some("通知书尚未打印"));
        assert_eq!(said(&form, Some("2026-11-21"), "served_on").as_deref(), Some("送达日期不能早于打印日期"));
        let unsigned = DoneForm { received_by: String::new(), ..form.clone() };
        assert_eq!(said(&unsigned, Some("2026-11-19"), "received_by").as_deref(), Some("直接送达须填写签收人"));
        assert!(check(&DoneForm { served_how: "POST".into(), ..unsigned }, Some("2026-11-19")).is_ok());
        assert!(form.check(DunningWay::Phone, None, day("2026-11-21")).unwrap_err().get("result").is_some());
    }
}

//! 催缴 (domain.md §3.8, S0-19, E-52): the rules of reminding, what a trial says of a household, and the state machines of
//! rules and records. The lists are `dunning_sheet`.

use crate::{
    billing::sms::{Channel, SmsKind},
    dictionary::{Item, dictionary},
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
/// Days between two reminders of the same level: a month that begins repeats nothing of the days before.
pub const LEVEL_DAYS: i32 = 7;
/// Letters of a reason or a result.
pub(super) const TEXT_MAX: usize = 200;

dictionary! {
    /// 催缴方式 (E-52 `way`)
    DunningWay = "E-52.way" "催缴方式" {
        Sms = "SMS" "短信",
        Voice = "VOICE" "语音",
        Phone = "PHONE" "电话",
        Visit = "VISIT" "上门",
        Written = "WRITTEN" "书面",
        Lawsuit = "LAWSUIT" "诉讼",
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

dictionary! {
    /// Why a notice was not printed with others.
    LeftOut = "E-52.left_out" "未打印原因" {
        Paid = "PAID" "没有欠费",
        Below = "BELOW" "欠费不足两个月",
        Paused = "PAUSED" "暂停催缴",
        Waiting = "WAITING" "通知书已打印，待送达",
        NoLessee = "NO_LESSEE" "没有承租人",
        NoAddress = "NO_ADDRESS" "没有住房地址",
    }
}

impl DunningWay {
    /// How a message goes: its carrier ends the record, and its template words it; none: people do it.
    #[must_use]
    pub const fn channel(self) -> Option<Channel> {
        match self {
            Self::Sms => Some(Channel::Sms),
            Self::Voice => Some(Channel::Voice),
            _ => None,
        }
    }

    /// What a rule may do: a court is gone to case by case.
    #[must_use]
    pub fn by_rule() -> Vec<Item> {
        Self::ALL.iter().copied().filter(|way| *way != Self::Lawsuit).map(Item::from).collect()
    }
}

impl Service {
    /// Whether a file has to prove it: who takes a notice into his hands signs for it.
    #[must_use]
    pub fn needs_proof(self) -> bool {
        self != Self::Direct
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
    /// `CITY`: a district goes back to the rules of the city, and has no lines
    #[serde(default)]
    pub content: String,
    pub rules: Vec<RuleForm>,
}

/// A checked set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSetFields {
    pub district: Option<OrganizationId>,
    pub valid_from: NaiveDate,
    pub reason: String,
    /// 沿用全市规则
    pub follows: bool,
    pub rules: Vec<Rule>,
}

impl RuleSetForm {
    /// The value of `content` of a district that goes back to the rules of the city.
    pub const CITY: &str = "CITY";

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
        let follows = self.content == Self::CITY;
        if follows && district == Some(None) {
            errors.add("district", "沿用全市规则的，请选择区县");
        }
        let lines: &[RuleForm] = if follows { &[] } else { &self.rules };
        if lines.len() > RULES_MAX {
            errors.add("rules", format!("规则最多{RULES_MAX}条"));
        }
        let mut rules: Vec<Rule> = Vec::new();
        for (place, form) in lines.iter().enumerate() {
            match form.check() {
                Ok(rule) if rules.contains(&rule) => errors.add("rules", format!("第{}条与前面的规则重复", place + 1)),
                Ok(rule) => rules.push(rule),
                Err(sentence) => errors.add("rules", format!("第{}条：{sentence}", place + 1)),
            }
        }
        match (district, valid_from, reason) {
            (Some(district), Some(valid_from), Some(reason)) if errors.is_empty() => {
                Ok(RuleSetFields { district, valid_from, reason, follows, rules })
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
        if way == DunningWay::Lawsuit {
            return Err("诉讼须逐户登记，不能按规则生成");
        }
        let template = match way.channel() {
            Some(_) => {
                let known = SmsKind::from_code(&self.template).filter(|kind| kind.is_of_rules());
                Some(known.ok_or("请选择短信模板")?)
            }
            None => None,
        };
        // 月数 is of who is behind, 到期日 of a bill.
        let of_level = matches!(template, Some(SmsKind::LevelOne | SmsKind::LevelTwo));
        if template.is_some() && of_level != (anchor != Anchor::Due) {
            return Err("短信模板与起点不符");
        }
        match template {
            Some(SmsKind::DueSoon) if days >= 0 => return Err("到期前提醒的天数须为负数"),
            Some(SmsKind::DueToday) if days != 0 => return Err("到期日提醒的天数须为0"),
            Some(SmsKind::Overdue) if days <= 0 => return Err("逾期催缴的天数须大于0"),
            _ => {}
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
        let back = RuleSetForm { content: RuleSetForm::CITY.into(), ..form.clone() };
        assert!(back.check(day("2026-11-28")).is_err(), "the city follows nobody");
        let back = RuleSetForm { district: "7".into(), ..back }.check(day("2026-11-28")).expect("it is right");
        assert!(back.follows && back.rules.is_empty());
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
        assert_eq!(said(|line| line.way = "LAWSUIT".into()), "第1条：诉讼须逐户登记，不能按规则生成");
        let unworded = |line: &mut RuleForm| (line.way, line.template) = ("VOICE".into(), String::new());
        assert_eq!(said(unworded), "第1条：请选择短信模板");
        assert_eq!(said(|line| line.template = "DEDUCT_FAIL".into()), "第1条：请选择短信模板");
        assert_eq!(said(|line| line.template = "ARREARS_L1".into()), "第1条：短信模板与起点不符");
        assert_eq!(said(|line| line.anchor = "L1".into()), "第1条：按欠费等级催缴的，天数须为0");
        assert_eq!(said(|line| line.days = "3".into()), "第1条：到期前提醒的天数须为负数");
        let overdue = |line: &mut RuleForm| line.template = "OVERDUE".into();
        assert_eq!(said(overdue), "第1条：逾期催缴的天数须大于0");
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
}

//! 短信 (E-126, S0-19, X-08): what they say, when they may be sent, how they end, and what they cost.

use crate::{
    dictionary::{Item, dictionary},
    failure::{Failure, FieldErrors},
    platform::message::{content_check, render},
    value::{Complaint, Money, required, text_max},
};
use chrono::{DateTime, FixedOffset, NaiveTime, TimeDelta, Timelike as _, Utc};
use serde::{Deserialize, Serialize};

/// Times a message is tried.
pub const ATTEMPTS: i16 = 3;
/// Hours after which a message without a receipt is one without (无回执).
pub const SILENT_HOURS: i64 = 72;
/// Minutes after which one that was taken and never reported back is tried again.
pub const CLAIM_MINUTES: i64 = 10;
/// Hours after which one that could not be sent is not sent any more: what it says is no news then.
pub const KEPT_HOURS: i64 = 48;
/// Letters of a signature.
const SIGN_MAX: usize = 12;
/// From this hour of China on nothing is sent (S0-19: 21:00–08:00) …
const QUIET_FROM: u32 = 21;
/// … until this one.
const QUIET_TO: u32 = 8;

dictionary! {
    /// 短信模板 (E-126 template)
    SmsKind = "E-126.sms" "短信模板" {
        DueSoon = "DUE_SOON" "到期前提醒",
        DueToday = "DUE_TODAY" "到期日提醒",
        Overdue = "OVERDUE" "逾期催缴",
        LevelOne = "ARREARS_L1" "欠费一个月催缴",
        LevelTwo = "ARREARS_L2" "欠费两个月催缴",
        DeductFail = "DEDUCT_FAIL" "代扣失败提醒",
    }
}

dictionary! {
    /// 渠道 (E-126 `channel`): a text that is read, or spoken by a call
    Channel = "E-126.channel" "渠道" {
        Sms = "SMS" "短信",
        Voice = "VOICE" "语音",
    }
}

/// What the carrier asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prices {
    /// one part of a text message
    pub part: Money,
    /// a call
    pub call: Money,
}

impl Prices {
    /// Of a part of a message on this channel; a call has one.
    #[must_use]
    pub const fn of(self, channel: Channel) -> Money {
        match channel {
            Channel::Sms => self.part,
            Channel::Voice => self.call,
        }
    }
}

impl Channel {
    /// How many messages the carrier counts.
    #[must_use]
    pub fn parts(self, sign: &str, content: &str) -> i16 {
        match self {
            Self::Sms => sms_parts(sign, content),
            Self::Voice => 1,
        }
    }
}

dictionary! {
    /// 短信状态 (E-126 `status`, `receipt`)
    SmsStatus = "E-126.status" "短信状态" {
        Queued = "QUEUED" "待发送",
        Sending = "SENDING" "发送中",
        Sent = "SENT" "已提交",
        Delivered = "DELIVERED" "已送达",
        Failed = "FAILED" "发送失败",
        Silent = "SILENT" "无回执",
        Cancelled = "CANCELLED" "已取消",
    }
}

/// What happens to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmsEvent {
    Claim,
    /// the gateway has taken it
    Accept,
    /// the gateway could not be reached, or refused it
    Refuse {
        last: bool,
    },
    Receipt {
        delivered: bool,
    },
    /// no receipt came
    Wait,
    Cancel,
}

impl SmsStatus {
    /// The status after the event: the whole state machine. None: nothing happens, as with a receipt that comes twice.
    #[must_use]
    pub const fn next(self, event: SmsEvent) -> Option<Self> {
        match (event, self) {
            (SmsEvent::Claim, Self::Queued) => Some(Self::Sending),
            (SmsEvent::Accept, Self::Sending) => Some(Self::Sent),
            (SmsEvent::Refuse { last: false }, Self::Sending) => Some(Self::Queued),
            (SmsEvent::Refuse { last: true }, Self::Sending) => Some(Self::Failed),
            // A receipt may be faster than we note that it was sent, later than we waited, and come of one that we gave up:
            // only the first of a message is asked about at all.
            (SmsEvent::Receipt { delivered: true }, Self::Sending | Self::Sent | Self::Silent | Self::Failed) => {
                Some(Self::Delivered)
            }
            (SmsEvent::Receipt { delivered: false }, Self::Sending | Self::Sent | Self::Silent | Self::Failed) => {
                Some(Self::Failed)
            }
            (SmsEvent::Wait, Self::Sent) => Some(Self::Silent),
            // One that was taken by a process that is gone is on its way nowhere.
            (SmsEvent::Cancel, Self::Queued | Self::Sending) => Some(Self::Cancelled),
            _ => None,
        }
    }

    /// Whether it may be sent once more (重发).
    #[must_use]
    pub const fn can_resend(self) -> bool {
        matches!(self, Self::Failed | Self::Silent)
    }
}

fn china() -> FixedOffset {
    FixedOffset::east_opt(8 * 3600).expect("eight hours are a valid offset")
}

/// The first moment from `at` on at which a message may be sent: in the quiet hours it waits for the morning.
#[must_use]
pub fn send_from(at: DateTime<Utc>) -> DateTime<Utc> {
    let local = at.with_timezone(&china());
    let day = match local.hour() {
        hour if hour < QUIET_TO => local.date_naive(),
        hour if hour >= QUIET_FROM => local.date_naive().succ_opt().unwrap_or(local.date_naive()),
        _ => return at,
    };
    let morning = day.and_time(NaiveTime::from_hms_opt(QUIET_TO, 0, 0).unwrap_or_default());
    morning.and_local_timezone(china()).single().map_or(at, |morning| morning.with_timezone(&Utc))
}

/// The moment before which one that may be sent at `at` has to leave: the carrier drops it afterwards, and wakes nobody.
#[must_use]
pub fn send_before(at: DateTime<Utc>) -> DateTime<FixedOffset> {
    let day = at.with_timezone(&china()).date_naive();
    let evening = day.and_time(NaiveTime::from_hms_opt(QUIET_FROM, 0, 0).unwrap_or_default());
    evening.and_local_timezone(china()).single().unwrap_or(at.with_timezone(&china()))
}

/// When one that failed `attempts` times is tried again: after five minutes, then after half an hour; none: not any more.
#[must_use]
pub fn retry_at(attempts: i16, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let minutes = match attempts {
        ..=1 => 5,
        2 => 30,
        _ => return None,
    };
    Some(send_from(now + TimeDelta::minutes(minutes)))
}

/// How many messages the carrier counts: 70 characters are one, of longer ones 67 each, the signature included.
#[must_use]
pub fn sms_parts(sign: &str, content: &str) -> i16 {
    let letters = content.chars().count() + sign.chars().count() + 2;
    let parts = if letters <= 70 { 1 } else { letters.div_ceil(67) };
    i16::try_from(parts).unwrap_or(i16::MAX)
}

impl SmsKind {
    /// Whether a dunning rule may send it: not what follows from an event of its own.
    #[must_use]
    pub fn is_of_rules(self) -> bool {
        self != Self::DeductFail
    }

    /// What a dunning rule may send, to choose from.
    #[must_use]
    pub fn of_rules() -> Vec<Item> {
        let known = |item: &Item| Self::from_code(item.code).is_some_and(Self::is_of_rules);
        Self::choices().into_iter().filter(known).collect()
    }

    /// What its template may name, each with an example for the preview.
    #[must_use]
    pub fn placeholders(self) -> &'static [(&'static str, &'static str)] {
        const PERSON: (&str, &str) = ("承租人", "张三");
        const ADDRESS: (&str, &str) = ("地址", "阳光苑1号楼1单元101室");
        const AMOUNT: (&str, &str) = ("金额", "111.80");
        match self {
            Self::DueSoon | Self::DueToday | Self::Overdue => &[PERSON, ADDRESS, AMOUNT, ("到期日", "2026-11-10")],
            Self::LevelOne | Self::LevelTwo => &[PERSON, ADDRESS, AMOUNT, ("月数", "2")],
            Self::DeductFail => &[PERSON, ADDRESS, AMOUNT, ("原因", "余额不足"), ("重扣日", "2026-11-20")],
        }
    }

    /// The text of a template with examples in it.
    #[must_use]
    pub fn preview(self, sign: &str, content: &str) -> String {
        format!("【{sign}】{}", render(content, self.placeholders()))
    }
}

/// A template as administrators see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SmsTemplate {
    pub kind: SmsKind,
    pub content: String,
    pub sign: String,
    pub enabled: bool,
    pub version: i32,
    pub updated_at: DateTime<Utc>,
    pub updated_by: Option<String>,
}

/// What an administrator enters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmsTemplateForm {
    pub content: String,
    pub sign: String,
    /// `true` or `false`
    pub enabled: String,
}

/// A checked template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmsTemplateFields {
    pub content: String,
    pub sign: String,
    pub enabled: bool,
}

impl From<&SmsTemplate> for SmsTemplateForm {
    fn from(template: &SmsTemplate) -> Self {
        Self { content: template.content.clone(), sign: template.sign.clone(), enabled: template.enabled.to_string() }
    }
}

impl SmsTemplateForm {
    /// # Errors
    /// Complaints by field: about a placeholder that this template does not have, among others.
    pub fn check(&self, kind: SmsKind) -> Result<SmsTemplateFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let content = errors.take("content", content_check(&self.content, kind.placeholders()));
        let sign = errors.take("sign", required(&self.sign).and_then(|text| text_max(&text, SIGN_MAX)));
        let enabled =
            errors.take("enabled", self.enabled.parse::<bool>().map_err(|_| Complaint::says("请选择是否启用")));
        match (content, sign, enabled) {
            (Some(content), Some(sign), Some(enabled)) => Ok(SmsTemplateFields { content, sign, enabled }),
            _ => Err(errors),
        }
    }
}

/// What sending many once more came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resent {
    pub sent: u32,
    /// paid meanwhile, paused, on the black list
    pub left_out: u32,
}

/// The refusal of sending once more what needs it not.
#[must_use]
pub fn resend_refusal(status: SmsStatus) -> Failure {
    Failure::refused(format!("短信状态为“{status}”，不能重发"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("{text}+08:00").parse::<DateTime<FixedOffset>>().unwrap().with_timezone(&Utc)
    }

    #[test]
    fn nothing_is_sent_at_night() {
        for (asked, sent) in [
            ("2026-11-27T07:59:59", "2026-11-27T08:00:00"),
            ("2026-11-27T08:00:00", "2026-11-27T08:00:00"),
            ("2026-11-27T20:59:59", "2026-11-27T20:59:59"),
            ("2026-11-27T21:00:00", "2026-11-28T08:00:00"),
            ("2026-12-31T23:30:00", "2027-01-01T08:00:00"),
            ("2026-11-27T00:30:00", "2026-11-27T08:00:00"),
        ] {
            assert_eq!(send_from(at(asked)), at(sent), "{asked}");
        }
        // Also not when it is tried again.
        assert_eq!(retry_at(1, at("2026-11-27T20:58:00")), Some(at("2026-11-28T08:00:00")));
        assert_eq!(retry_at(2, at("2026-11-27T10:00:00")), Some(at("2026-11-27T10:30:00")));
        assert_eq!(send_before(at("2026-11-27T20:59:59")).to_rfc3339(), "2026-11-27T21:00:00+08:00");
        assert_eq!(retry_at(ATTEMPTS, at("2026-11-27T10:00:00")), None);
    }

    #[test]
    fn a_message_ends_once() {
        use SmsEvent as E;
        use SmsStatus as S;
        let leads = |event: E| S::ALL.iter().map(|status| status.next(event)).collect::<Vec<_>>();
        let (delivered, failed) = (Some(S::Delivered), Some(S::Failed));
        assert_eq!(leads(E::Claim), [Some(S::Sending), None, None, None, None, None, None]);
        assert_eq!(leads(E::Accept), [None, Some(S::Sent), None, None, None, None, None]);
        assert_eq!(leads(E::Refuse { last: false }), [None, Some(S::Queued), None, None, None, None, None]);
        assert_eq!(leads(E::Refuse { last: true }), [None, failed, None, None, None, None, None]);
        assert_eq!(
            leads(E::Receipt { delivered: true }),
            [None, delivered, delivered, None, delivered, delivered, None]
        );
        assert_eq!(leads(E::Receipt { delivered: false }), [None, failed, failed, None, failed, failed, None]);
        assert_eq!(leads(E::Wait), [None, None, Some(S::Silent), None, None, None, None]);
        let cancelled = Some(S::Cancelled);
        assert_eq!(leads(E::Cancel), [cancelled, cancelled, None, None, None, None, None]);
    }

    #[test]
    fn long_messages_count_more() {
        // Two brackets and a signature of five letters.
        let counted = |letters: usize| sms_parts("公租房中心", &"字".repeat(letters));
        assert_eq!((counted(1), counted(63), counted(64), counted(127), counted(128)), (1, 1, 2, 2, 3));
        let long = "字".repeat(128);
        assert_eq!(
            [Channel::Sms, Channel::Voice].map(|channel| channel.parts("公租房中心", &long)),
            [3, 1],
            "a call is one"
        );
    }

    #[test]
    fn a_template_names_what_it_has() {
        let form = |content: &str| SmsTemplateForm {
            content: content.into(),
            sign: " 公租房中心 ".into(),
            enabled: "true".into(),
        };
        let fields = form("请缴{金额}元").check(SmsKind::Overdue).expect("it is right");
        assert_eq!((fields.sign.as_str(), fields.enabled), ("公租房中心", true));
        let errors = form("欠费{月数}个月").check(SmsKind::Overdue).unwrap_err();
        assert_eq!(errors.get("content"), Some("没有占位符{月数}，可以使用：{承租人}、{地址}、{金额}、{到期日}"));
        assert_eq!(SmsKind::LevelTwo.preview("中心", "{月数}个月"), "【中心】2个月");
        assert!(SmsTemplateForm { sign: String::new(), ..form("x") }.check(SmsKind::Overdue).is_err());
    }
}

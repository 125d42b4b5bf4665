//! What is entered about a household that is dunned (domain.md §3.8, E-52): a contact by hand, and what came of one.

use super::dunning::{DunningWay, Service, TEXT_MAX};
use crate::{
    failure::FieldErrors,
    form::date,
    value::{Complaint, required, text_max},
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// What is entered about a contact with a household that is behind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DunningForm {
    /// id of the request, drawn by the browser once (a UUID)
    pub request: String,
    /// [`DunningWay`]
    pub way: String,
    /// not of a message, which its template words
    pub content: String,
    /// of a lawsuit: the court, the number of the case, and the day on which it was filed
    pub court: String,
    pub case_no: String,
    pub filed_on: String,
}

/// A case at a court (E-52 诉讼).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suit {
    pub court: String,
    pub case_no: String,
    pub filed_on: NaiveDate,
}

/// The same, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DunningFields {
    pub way: DunningWay,
    pub content: Option<String>,
    pub suit: Option<Suit>,
}

impl DunningForm {
    /// # Errors
    /// One sentence per field.
    pub fn check(&self, today: NaiveDate) -> Result<DunningFields, FieldErrors> {
        let mut errors = FieldErrors::default();
        let way = errors.take("way", DunningWay::from_code(&self.way).ok_or(Complaint::says("请选择催缴方式")));
        let content = text_max(&self.content, TEXT_MAX).and_then(|text| match way {
            Some(way) if way.channel().is_some() && !text.is_empty() => {
                Err(Complaint::says("短信和语音按模板生成，内容请留空"))
            }
            _ => Ok(text),
        });
        let content = errors.take("content", content);
        if self.request.len() != 36 {
            errors.add("way", "页面已过期，请刷新后再办理");
        }
        let suit = (way == Some(DunningWay::Lawsuit)).then(|| self.suit(today, &mut errors)).flatten();
        match (way, content) {
            (Some(way), Some(content)) if errors.is_empty() => {
                Ok(DunningFields { way, content: Some(content).filter(|text| !text.is_empty()), suit })
            }
            _ => Err(errors),
        }
    }

    fn suit(&self, today: NaiveDate, errors: &mut FieldErrors) -> Option<Suit> {
        let court = errors.take("court", required(&self.court).and_then(|text| text_max(&text, 50)));
        let case_no = errors.take("case_no", required(&self.case_no).and_then(|text| text_max(&text, 50)));
        let filed_on = date(self.filed_on.trim())
            .and_then(|day| if day > today { Err(Complaint::says("立案日期不能晚于今天")) } else { Ok(day) });
        let filed_on = errors.take("filed_on", filed_on);
        Some(Suit { court: court?, case_no: case_no?, filed_on: filed_on? })
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
    fn a_text_message_by_hand_is_worded_by_its_template() {
        let form = |way: &str, content: &str| DunningForm {
            request: "00000000-0000-4000-8000-000000000001".into(),
            way: way.into(),
            content: content.into(),
            ..DunningForm::default()
        };
        let check = |form: DunningForm| form.check(day("2026-11-28"));
        let fields = |way, content: &str| {
            let content = Some(content.to_owned()).filter(|text| !text.is_empty());
            Ok(DunningFields { way, content, suit: None })
        };
        assert_eq!(check(form("SMS", "")), fields(DunningWay::Sms, ""));
        assert_eq!(check(form("VOICE", "")), fields(DunningWay::Voice, ""));
        for way in ["SMS", "VOICE"] {
            assert_eq!(check(form(way, "x")).unwrap_err().get("content"), Some("短信和语音按模板生成，内容请留空"));
        }
        assert_eq!(check(form("VISIT", "上门")), fields(DunningWay::Visit, "上门"));
        // A lawsuit names its court and its number.
        let errors = check(form("LAWSUIT", "")).unwrap_err();
        assert!(["court", "case_no", "filed_on"].iter().all(|field| errors.get(field).is_some()));
        let suit = DunningForm {
            court: "演示区人民法院".into(),
            case_no: "（2026）演01民初1号".into(),
            filed_on: "2026-11-29".into(),
            ..form("LAWSUIT", "")
        };
        assert_eq!(check(suit.clone()).unwrap_err().get("filed_on"), Some("立案日期不能晚于今天"));
        let suit = check(DunningForm { filed_on: "2026-11-28".into(), ..suit }).expect("it is right").suit;
        assert_eq!(suit.map(|suit| suit.filed_on), Some(day("2026-11-28")));
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

//! Alipay (支付宝手机网站支付): forms and addresses, signed in both directions with RSA2 over the sorted parameters.

use super::{
    Asked, Distrust, beside, bill, client, form, is_here, refuse_simulated,
    rsa::{Signer, Verifier},
};
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use domain::{
    billing::pay_order::{PayChannel, Told},
    value::Money,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};
use store::billing::pay_order::{Order, PayBill};

/// A notice that was not taken comes again for 25 hours; one that is older, or comes from the future, is not believed.
const MOMENT: TimeDelta = TimeDelta::hours(25);
const FUTURE: TimeDelta = TimeDelta::minutes(5);

/// The settings as their file holds them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub app_id: String,
    /// the merchant's own account (卖家支付宝用户号): where it is named, notices for another one are not believed
    pub seller_id: Option<String>,
    /// the merchant's private key (应用私钥)
    pub key: PathBuf,
    /// the company's public key (支付宝公钥)
    pub alipay_key: PathBuf,
    #[serde(default = "service")]
    pub service: String,
}

fn service() -> String {
    "https://openapi.alipay.com/gateway.do".to_owned()
}

/// A merchant of Alipay.
#[derive(Clone)]
pub struct Alipay {
    app_id: String,
    seller_id: Option<String>,
    key: Signer,
    alipay_key: Verifier,
    service: String,
    client: reqwest::Client,
}

/// Never shows a key.
impl std::fmt::Debug for Alipay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Alipay").field("app_id", &self.app_id).field("service", &self.service).finish_non_exhaustive()
    }
}

impl Alipay {
    /// Reads a file of settings and the keys that it names.
    ///
    /// # Errors
    /// One line that names the file.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let settings: Settings =
            toml::from_str(&text).map_err(|error| format!("{}: {}", path.display(), error.message()))?;
        let alipay = Self {
            key: Signer::read(&beside(path, &settings.key))?,
            alipay_key: Verifier::read(&beside(path, &settings.alipay_key))?,
            app_id: settings.app_id,
            seller_id: settings.seller_id,
            service: settings.service,
            client: client()?,
        };
        refuse_simulated(&alipay.alipay_key, &alipay.service)?;
        Ok(alipay)
    }

    /// `alipay.trade.wap.pay`: the address of the payer's page carries the whole order, signed; the company hears of it when the
    /// payer opens it.
    pub(super) fn place(&self, order: &Order, public: &str, back: &str) -> Result<String, String> {
        let content = json!({
            "out_trade_no": order.order_no,
            "total_amount": yuan(order.amount),
            "subject": order.subject,
            "product_code": "QUICK_WAP_WAY",
            "quit_url": back,
            "time_expire": china(order.expires_at),
        });
        let notify = format!("{public}/pay/notify/alipay");
        let more = [("return_url", back.to_owned()), ("notify_url", notify)];
        Ok(format!("{}?{}", self.service, self.signed("alipay.trade.wap.pay", &content, &more)?))
    }

    /// `alipay.trade.query`.
    pub(super) async fn ask(&self, order_no: &str) -> Result<Asked, String> {
        let told = self.call("alipay.trade.query", &json!({"out_trade_no": order_no})).await?;
        if told["sub_code"] == "ACQ.TRADE_NOT_EXIST" {
            // Nobody has opened the payer's page yet.
            return Ok(Asked::Open);
        }
        match (told["code"].as_str(), told["trade_status"].as_str()) {
            (Some("10000"), Some("TRADE_SUCCESS" | "TRADE_FINISHED")) => {
                let text =
                    |name: &str| told[name].as_str().map(ToOwned::to_owned).ok_or(format!("Alipay tells no {name}"));
                Ok(Asked::Paid(Told {
                    channel: PayChannel::Alipay,
                    order_no: text("out_trade_no")?,
                    trade_no: text("trade_no")?,
                    amount: fen(&text("total_amount")?).ok_or("Alipay tells of no amount")?,
                    paid_at: told["send_pay_date"].as_str().and_then(moment).unwrap_or_else(Utc::now),
                    notice_id: None,
                }))
            }
            (Some("10000"), Some("WAIT_BUYER_PAY")) => Ok(Asked::Open),
            (Some("10000"), Some("TRADE_CLOSED")) => Ok(Asked::Gone),
            _ => Err(refused(&told)),
        }
    }

    /// `alipay.trade.close`. What the company has not heard of cannot be closed there: the address ends at the order's end.
    pub(super) async fn close(&self, order_no: &str) -> Result<(), String> {
        let told = self.call("alipay.trade.close", &json!({"out_trade_no": order_no})).await?;
        if told["code"] == "10000" || told["sub_code"] == "ACQ.TRADE_NOT_EXIST" { Ok(()) } else { Err(refused(&told)) }
    }

    /// `alipay.data.dataservice.bill.downloadurl.query`, and the file behind the address that it answers, which is dead after half a
    /// minute. The address is the company's own word; it may be written without TLS, which it has.
    pub(super) async fn bill(&self, day: NaiveDate) -> Result<Option<PayBill>, String> {
        let asked = json!({"bill_type": "trade", "bill_date": day.to_string()});
        let told = self.call("alipay.data.dataservice.bill.downloadurl.query", &asked).await?;
        if told["sub_code"].as_str().is_some_and(|code| code.to_ascii_lowercase().ends_with("bill_not_exist")) {
            return Ok(None);
        }
        let url = told["bill_download_url"].as_str().filter(|_| told["code"] == "10000");
        let url = url.ok_or_else(|| refused(&told))?;
        let url = match url.strip_prefix("http://") {
            Some(rest) if !is_here(url) => format!("https://{rest}"),
            _ => url.to_owned(),
        };
        let answer = self.client.get(url).timeout(bill::BILL_PATIENCE).send().await;
        let content = bill::content(answer.map_err(|error| error.without_url().to_string())?).await?;
        bill::alipay::read(&content).map(Some)
    }

    /// Sends a signed request; answers what stands under the method's own name, when its signature is right.
    async fn call(&self, method: &str, content: &Value) -> Result<Value, String> {
        let body = self.signed(method, content, &[])?;
        let request =
            self.client.post(&self.service).header("content-type", "application/x-www-form-urlencoded;charset=utf-8");
        let answer = request.body(body).send().await.map_err(|error| error.without_url().to_string())?;
        let body = answer.text().await.map_err(|error| error.without_url().to_string())?;
        let name = format!("{}_response", method.replace('.', "_"));
        let parsed: Value = serde_json::from_str(&body).map_err(|_| "Alipay's answer cannot be read".to_owned())?;
        let signature = parsed["sign"].as_str().unwrap_or_default();
        // The signature is over the very characters that were sent.
        let raw = raw_object(&body, &name).ok_or("Alipay's answer cannot be read")?;
        if !self.alipay_key.is_signed(raw, signature) {
            return Err("Alipay's answer is not believed: its signature is wrong".to_owned());
        }
        serde_json::from_str(raw).map_err(|_| "Alipay's answer cannot be read".to_owned())
    }

    /// The parameters of a request with their signature, as a form.
    fn signed(&self, method: &str, content: &Value, more: &[(&str, String)]) -> Result<String, String> {
        let mut parameters: BTreeMap<&str, String> = [
            ("app_id", self.app_id.clone()),
            ("method", method.to_owned()),
            ("format", "JSON".to_owned()),
            ("charset", "utf-8".to_owned()),
            ("sign_type", "RSA2".to_owned()),
            ("timestamp", china(Utc::now())),
            ("version", "1.0".to_owned()),
            ("biz_content", content.to_string()),
        ]
        .into();
        parameters.extend(more.iter().map(|(name, value)| (*name, value.clone())));
        let signature = self.key.sign(&sorted(&parameters, &["sign"]))?;
        parameters.insert("sign", signature);
        let pairs: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Ok(form(&pairs))
    }

    /// Reads a notice; none: of something else than a payment.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn notice(&self, fields: &BTreeMap<String, String>, now: DateTime<Utc>) -> Result<Option<Told>, Distrust> {
        let field = |name: &'static str| fields.get(name).map(String::as_str).ok_or(Distrust::Form(name));
        let parameters: BTreeMap<&str, String> =
            fields.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        if !self.alipay_key.is_signed(&sorted(&parameters, &["sign", "sign_type"]), field("sign")?) {
            return Err(Distrust::Signature);
        }
        let sent_at = moment(field("notify_time")?).ok_or(Distrust::Form("notify_time"))?;
        if now - sent_at > MOMENT || sent_at - now > FUTURE {
            return Err(Distrust::Moment);
        }
        let seller = self.seller_id.as_ref().is_none_or(|own| fields.get("seller_id") == Some(own));
        if field("app_id")? != self.app_id || !seller {
            return Err(Distrust::Addressee);
        }
        // A notice of what was paid back, or closed, changes nothing here.
        if !matches!(field("trade_status")?, "TRADE_SUCCESS" | "TRADE_FINISHED") || fields.contains_key("refund_fee") {
            return Ok(None);
        }
        Ok(Some(Told {
            channel: PayChannel::Alipay,
            order_no: field("out_trade_no")?.to_owned(),
            trade_no: field("trade_no")?.to_owned(),
            amount: fen(field("total_amount")?).ok_or(Distrust::Form("total_amount"))?,
            paid_at: fields.get("gmt_payment").and_then(|text| moment(text)).unwrap_or(sent_at),
            notice_id: Some(field("notify_id")?.to_owned()),
        }))
    }
}

fn refused(told: &Value) -> String {
    let code = |name: &str| told[name].as_str().unwrap_or("-").to_owned();
    format!("Alipay answers {} {}", code("code"), code("sub_code"))
}

/// `a=1&b=2`: what is signed. Empty values do not count.
pub(super) fn sorted(parameters: &BTreeMap<&str, String>, without: &[&str]) -> String {
    let counted = parameters.iter().filter(|(name, value)| !without.contains(name) && !value.is_empty());
    counted.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// The characters of the object that stands under a name.
fn raw_object<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = body.split_once(&format!("\"{name}\":"))?;
    let rest = rest.trim_start();
    let mut first = serde_json::Deserializer::from_str(rest).into_iter::<serde::de::IgnoredAny>();
    first.next()?.ok()?;
    rest.get(..first.byte_offset())
}

/// `111.80`, without the commas that people read.
pub(super) fn yuan(amount: Money) -> String {
    format!("{}.{:02}", amount.fen() / 100, amount.fen() % 100)
}

fn fen(text: &str) -> Option<Money> {
    Money::parse_yuan(text).ok()
}

/// `2026-11-28 10:00:00` in China.
pub(super) fn china(at: DateTime<Utc>) -> String {
    let offset = FixedOffset::east_opt(8 * 3600);
    offset.map_or_else(String::new, |offset| at.with_timezone(&offset).format("%Y-%m-%d %H:%M:%S").to_string())
}

pub(super) fn moment(text: &str) -> Option<DateTime<Utc>> {
    // Some answers have fractions of a second behind it.
    let text = text.get(..19)?;
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok()?;
    Some(local.and_local_timezone(FixedOffset::east_opt(8 * 3600)?).single()?.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone as _;

    #[test]
    fn what_is_signed_is_sorted_and_without_what_is_empty() {
        let parameters = [("b", "2"), ("a", "1=&"), ("sign", "x"), ("sign_type", "RSA2"), ("c", "")];
        let parameters: BTreeMap<&str, String> = parameters.map(|(name, value)| (name, value.to_owned())).into();
        assert_eq!(sorted(&parameters, &["sign", "sign_type"]), "a=1=&&b=2");
        assert_eq!(sorted(&parameters, &["sign"]), "a=1=&&b=2&sign_type=RSA2");
    }

    #[test]
    fn the_object_is_taken_as_it_was_written() {
        let body = r#"{"x_response":{"code": "10000" ,"a":"}\""},"sign":"s"}"#;
        assert_eq!(raw_object(body, "x_response"), Some(r#"{"code": "10000" ,"a":"}\""}"#));
        assert_eq!(raw_object(body, "y_response"), None);
        assert_eq!(raw_object(r#"{"x_response":{"code""#, "x_response"), None);
    }

    #[test]
    fn amounts_and_moments_come_back() {
        for amount in [1, 99, 100, 11_180, 123_456_789] {
            assert_eq!(fen(&yuan(Money::from_fen(amount))), Some(Money::from_fen(amount)));
        }
        let at = Utc.with_ymd_and_hms(2026, 11, 28, 2, 0, 1).single().expect("a moment");
        assert_eq!(china(at), "2026-11-28 10:00:01");
        assert_eq!(moment("2026-11-28 10:00:01"), Some(at));
        assert_eq!(moment("2026-11-28 10:00:01.123"), Some(at));
        assert_eq!(moment("2026-11-28"), None);
    }
}

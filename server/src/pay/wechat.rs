//! WeChat Pay, API v3 (微信支付 H5 支付): JSON, signed in both directions with RSA and SHA-256, and notices whose content is sealed
//! with AES-256-GCM under the merchant's own key.

use super::{
    Asked, Distrust, beside, bill, client, refuse_simulated,
    rsa::{Signer, Verifier},
};
use axum::http::HeaderMap;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, FixedOffset, NaiveDate, SecondsFormat, TimeDelta, Utc};
use domain::{
    billing::pay_order::{PayChannel, Told},
    list::percent_encode,
    value::Money,
};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    digest::{SHA1_FOR_LEGACY_USE_ONLY, digest},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};
use store::{
    billing::pay_order::{Order, PayBill},
    platform::token,
};

/// A notice that is further from our clock is not believed (微信支付: 5 minutes).
const MOMENT: TimeDelta = TimeDelta::minutes(5);

/// The settings as their file holds them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub app_id: String,
    pub mch_id: String,
    /// serial number of the merchant's certificate
    pub serial: String,
    /// the merchant's private key (apiclient_key.pem)
    pub key: PathBuf,
    /// APIv3 key: 32 characters
    pub api_v3_key: String,
    /// id of the company's public key (PUB_KEY_ID_…)
    pub platform_serial: String,
    /// that key (pub_key.pem)
    pub platform_key: PathBuf,
    /// while the company changes its key: the others by which it may sign, by their serial numbers
    #[serde(default)]
    pub other_keys: BTreeMap<String, PathBuf>,
    #[serde(default = "service")]
    pub service: String,
}

fn service() -> String {
    "https://api.mch.weixin.qq.com".to_owned()
}

/// A merchant of WeChat Pay.
#[derive(Clone)]
pub struct WeChat {
    app_id: String,
    mch_id: String,
    serial: String,
    key: Signer,
    api_v3_key: [u8; 32],
    platform_serial: String,
    /// the company's keys by their serial numbers
    platform_keys: BTreeMap<String, Verifier>,
    service: String,
    client: reqwest::Client,
}

/// Never shows a key.
impl std::fmt::Debug for WeChat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WeChat").field("mch_id", &self.mch_id).field("service", &self.service).finish_non_exhaustive()
    }
}

impl WeChat {
    /// Reads a file of settings and the keys that it names.
    ///
    /// # Errors
    /// One line that names the file.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let settings: Settings =
            toml::from_str(&text).map_err(|error| format!("{}: {}", path.display(), error.message()))?;
        let api_v3_key = settings.api_v3_key.as_bytes().try_into();
        let named = settings.other_keys.iter().map(|(serial, file)| (serial.clone(), file));
        let platform_keys = named
            .chain([(settings.platform_serial.clone(), &settings.platform_key)])
            .map(|(serial, file)| Ok((serial, Verifier::read(&beside(path, file))?)))
            .collect::<Result<BTreeMap<_, _>, String>>()?;
        let wechat = Self {
            key: Signer::read(&beside(path, &settings.key))?,
            platform_keys,
            app_id: settings.app_id,
            mch_id: settings.mch_id,
            serial: settings.serial,
            api_v3_key: api_v3_key.map_err(|_| format!("{}: api_v3_key has 32 characters", path.display()))?,
            platform_serial: settings.platform_serial,
            service: settings.service.trim_end_matches('/').to_owned(),
            client: client()?,
        };
        for key in wechat.platform_keys.values() {
            refuse_simulated(key, &wechat.service)?;
        }
        Ok(wechat)
    }

    /// `POST /v3/pay/transactions/h5`; answers the address of the payer's page, which leads back when it is done.
    pub(super) async fn place(&self, order: &Order, payer: &str, public: &str, back: &str) -> Result<String, String> {
        let asked = json!({
            "appid": self.app_id,
            "mchid": self.mch_id,
            "description": order.subject,
            "out_trade_no": order.order_no,
            "time_expire": china(order.expires_at).to_rfc3339_opts(SecondsFormat::Secs, false),
            "notify_url": format!("{public}/pay/notify/wechat"),
            "amount": {"total": order.amount.fen(), "currency": "CNY"},
            "scene_info": {"payer_client_ip": payer, "h5_info": {"type": "Wap"}},
        });
        let (status, told) = self.call("POST", "/v3/pay/transactions/h5", Some(&asked)).await?;
        let url = told["h5_url"].as_str().filter(|url| status == 200 && url.starts_with("http"));
        let url = url.ok_or_else(|| refused(status, &told))?;
        Ok(format!("{url}{}redirect_url={}", if url.contains('?') { '&' } else { '?' }, percent_encode(back)))
    }

    /// `GET /v3/pay/transactions/out-trade-no/{no}`.
    pub(super) async fn ask(&self, order_no: &str) -> Result<Asked, String> {
        let path = format!("/v3/pay/transactions/out-trade-no/{order_no}?mchid={}", self.mch_id);
        let (status, told) = self.call("GET", &path, None).await?;
        match (status, told["trade_state"].as_str()) {
            // A proxy on the way that does not find the service says 404 as well, and knows no such code.
            (404, _)
                if matches!(
                    told["code"].as_str(),
                    Some("ORDER_NOT_EXIST" | "ORDERNOTEXIST" | "RESOURCE_NOT_EXISTS")
                ) =>
            {
                Ok(Asked::Gone)
            }
            // What was paid back has been paid.
            (200, Some("SUCCESS" | "REFUND")) => {
                self.told(&told, None).map(Asked::Paid).map_err(|why| format!("{why:?}"))
            }
            (200, Some("NOTPAY" | "USERPAYING" | "ACCEPT")) => Ok(Asked::Open),
            (200, Some("CLOSED" | "REVOKED" | "PAYERROR")) => Ok(Asked::Gone),
            _ => Err(refused(status, &told)),
        }
    }

    /// `POST /v3/pay/transactions/out-trade-no/{no}/close`.
    pub(super) async fn close(&self, order_no: &str) -> Result<(), String> {
        let path = format!("/v3/pay/transactions/out-trade-no/{order_no}/close");
        match self.call("POST", &path, Some(&json!({"mchid": self.mch_id}))).await? {
            (204 | 404, _) => Ok(()),
            (400, told) if told["code"] == "ORDER_CLOSED" => Ok(()),
            (status, told) => Err(refused(status, &told)),
        }
    }

    /// `GET /v3/bill/tradebill`, and the file behind the address that it answers. The file itself is not signed: it is believed by its
    /// hash, which is. Our own signature goes nowhere but to the service.
    pub(super) async fn bill(&self, day: NaiveDate) -> Result<Option<PayBill>, String> {
        let (status, told) =
            self.call("GET", &format!("/v3/bill/tradebill?bill_date={day}&bill_type=ALL"), None).await?;
        if status != 200 {
            let none = told["code"] == "NO_STATEMENT_EXIST";
            return if none { Ok(None) } else { Err(refused(status, &told)) };
        }
        let text = |name: &str| told[name].as_str().unwrap_or_default();
        let path = text("download_url").strip_prefix(&self.service).filter(|path| path.starts_with('/'));
        let path = path.ok_or("the bill's address is not one of WeChat Pay's service")?;
        let answer = self.request("GET", path, String::new())?.timeout(bill::BILL_PATIENCE).send().await;
        let content = bill::content(answer.map_err(|error| error.without_url().to_string())?).await?;
        let hash = token::hex(digest(&SHA1_FOR_LEGACY_USE_ONLY, &content).as_ref());
        if text("hash_type") != "SHA1" || !text("hash_value").eq_ignore_ascii_case(&hash) {
            return Err("the bill's hash is wrong".to_owned());
        }
        bill::wechat::read(&content, &self.mch_id).map(Some)
    }

    /// Sends a signed request; answers status and content. Of what succeeded nothing is believed that is not signed. A refusal may
    /// come without a signature, as the company's own libraries have it: of that the code is read, which can at most close an
    /// order here, and a closed order still takes its money.
    async fn call(&self, method: &str, path: &str, content: Option<&Value>) -> Result<(u16, Value), String> {
        let request = self.request(method, path, content.map(Value::to_string).unwrap_or_default())?;
        // The address of the service is no secret; what was sent is not told.
        let answer = request.send().await.map_err(|error| error.without_url().to_string())?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.text().await.map_err(|error| error.without_url().to_string())?;
        let content: Value = serde_json::from_str(&body).unwrap_or(Value::Null);
        if !(200..300).contains(&status) {
            return Ok((status, json!({"code": content["code"]})));
        }
        if let Err(why) = self.is_signed(&headers, &body, Utc::now()) {
            return Err(format!("WeChat Pay answers {status} and is not believed: {why:?}"));
        }
        Ok((status, content))
    }

    /// A request that is signed as the merchant's.
    fn request(&self, method: &str, path: &str, body: String) -> Result<reqwest::RequestBuilder, String> {
        let (moment, nonce) = (Utc::now().timestamp(), token::hex(&token::random_bytes()[..16]));
        let signature = self.key.sign(&format!("{method}\n{path}\n{moment}\n{nonce}\n{body}\n"))?;
        let authorization = format!(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"{}\",nonce_str=\"{nonce}\",signature=\"{signature}\",timestamp=\"{moment}\",serial_no=\"{}\"",
            self.mch_id, self.serial
        );
        let url = format!("{}{path}", self.service);
        let request = if method == "POST" { self.client.post(url) } else { self.client.get(url) };
        Ok(request
            .header("authorization", authorization)
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .header("user-agent", "housing")
            // By which key the answer is to be signed.
            .header("wechatpay-serial", &self.platform_serial)
            .body(body))
    }

    /// Whether head and body are the company's own word of these minutes.
    fn is_signed(&self, headers: &HeaderMap, body: &str, now: DateTime<Utc>) -> Result<(), Distrust> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let key = self.platform_keys.get(header("wechatpay-serial")).ok_or(Distrust::Signature)?;
        let (moment, nonce) = (header("wechatpay-timestamp"), header("wechatpay-nonce"));
        if !key.is_signed(&format!("{moment}\n{nonce}\n{body}\n"), header("wechatpay-signature")) {
            return Err(Distrust::Signature);
        }
        let moment = moment.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        let moment = moment.ok_or(Distrust::Form("timestamp"))?;
        if (now - moment).abs() > MOMENT { Err(Distrust::Moment) } else { Ok(()) }
    }

    /// Reads a notice; none: of something else than a payment.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn notice(&self, headers: &HeaderMap, body: &str, now: DateTime<Utc>) -> Result<Option<Told>, Distrust> {
        #[derive(Deserialize)]
        struct Notice {
            id: String,
            event_type: String,
            resource: Resource,
        }
        #[derive(Deserialize)]
        struct Resource {
            algorithm: String,
            ciphertext: String,
            #[serde(default)]
            associated_data: String,
            nonce: String,
        }
        self.is_signed(headers, body, now)?;
        let notice: Notice = serde_json::from_str(body).map_err(|_| Distrust::Form("notice"))?;
        if notice.event_type != "TRANSACTION.SUCCESS" {
            return Ok(None);
        }
        let resource = &notice.resource;
        if resource.algorithm != "AEAD_AES_256_GCM" {
            return Err(Distrust::Form("algorithm"));
        }
        let opened = open(&self.api_v3_key, &resource.nonce, &resource.associated_data, &resource.ciphertext)?;
        let content: Value = serde_json::from_str(&opened).map_err(|_| Distrust::Form("resource"))?;
        if content["trade_state"] != "SUCCESS" {
            return Ok(None);
        }
        self.told(&content, Some(notice.id)).map(Some)
    }

    /// What a transaction says of its order.
    fn told(&self, transaction: &Value, notice_id: Option<String>) -> Result<Told, Distrust> {
        if transaction["mchid"] != self.mch_id.as_str() || transaction["appid"] != self.app_id.as_str() {
            return Err(Distrust::Addressee);
        }
        let text = |name: &'static str| transaction[name].as_str().map(ToOwned::to_owned).ok_or(Distrust::Form(name));
        if transaction["amount"]["currency"].as_str().is_some_and(|currency| currency != "CNY") {
            return Err(Distrust::Form("currency"));
        }
        let paid_at =
            DateTime::parse_from_rfc3339(&text("success_time")?).map_err(|_| Distrust::Form("success_time"))?;
        Ok(Told {
            channel: PayChannel::WeChat,
            order_no: text("out_trade_no")?,
            trade_no: text("transaction_id")?,
            amount: Money::from_fen(transaction["amount"]["total"].as_i64().ok_or(Distrust::Form("amount"))?),
            paid_at: paid_at.to_utc(),
            notice_id,
        })
    }
}

/// Code and nothing else of a refusal: its sentence may repeat what was sent.
fn refused(status: u16, told: &Value) -> String {
    format!("WeChat Pay answers {status} {}", told["code"].as_str().unwrap_or("without a code"))
}

fn china(at: DateTime<Utc>) -> DateTime<FixedOffset> {
    FixedOffset::east_opt(8 * 3600).map_or_else(|| at.fixed_offset(), |offset| at.with_timezone(&offset))
}

/// Opens the content of a notice.
fn open(key: &[u8; 32], nonce: &str, associated: &str, sealed: &str) -> Result<String, Distrust> {
    let mut bytes = STANDARD.decode(sealed).map_err(|_| Distrust::Form("ciphertext"))?;
    let nonce = Nonce::try_assume_unique_for_key(nonce.as_bytes()).map_err(|_| Distrust::Form("nonce"))?;
    let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| Distrust::Form("key"))?;
    let plain = LessSafeKey::new(key)
        .open_in_place(nonce, Aad::from(associated.as_bytes()), &mut bytes)
        .map_err(|_| Distrust::Signature)?;
    String::from_utf8(plain.to_vec()).map_err(|_| Distrust::Form("resource"))
}

/// Seals the content of a notice, as the company does; answers it in Base64.
pub(super) fn seal(key: &[u8; 32], nonce: &str, associated: &str, plain: &str) -> Option<String> {
    let mut bytes = plain.as_bytes().to_vec();
    let nonce = Nonce::try_assume_unique_for_key(nonce.as_bytes()).ok()?;
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?);
    key.seal_in_place_append_tag(nonce, Aad::from(associated.as_bytes()), &mut bytes).ok()?;
    Some(STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_under_its_key_alone() {
        let key = *b"0123456789abcdef0123456789abcdef";
        let sealed = seal(&key, "0123456789ab", "transaction", "内容").expect("sealed");
        assert_eq!(open(&key, "0123456789ab", "transaction", &sealed), Ok("内容".to_owned()));
        assert_eq!(open(&key, "0123456789ab", "other", &sealed), Err(Distrust::Signature));
        assert_eq!(open(&[0; 32], "0123456789ab", "transaction", &sealed), Err(Distrust::Signature));
        assert_eq!(open(&key, "0123", "transaction", &sealed), Err(Distrust::Form("nonce")));
    }

    /// As the documentation has it: the tag behind the ciphertext, and both in Base64.
    #[test]
    fn the_tag_stands_behind() {
        let sealed = STANDARD.decode(seal(&[7; 32], "0123456789ab", "", "x").expect("sealed")).expect("Base64");
        assert_eq!(sealed.len(), 17);
    }
}

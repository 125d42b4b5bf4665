//! A forgotten password (忘记密码 by SMS, S1-1.1): who asks for a code, what the message says, what comes back with it.
//!
//! Length, life, pause and tries of a code are PRM-03, as for tenants ([`CodeRule`]).

use super::actor::password_check;
use crate::{
    failure::FieldErrors,
    portal::sign_in::{CodeRule, mobile},
    value::{Phone, required, text_max},
};

/// The page for whoever forgot the password; the only one besides the door that is open to everybody.
pub const PAGE: &str = "/password/forgotten";
/// Codes that one network may ask for in an hour: an office forgets no more, and a code costs money.
pub const CODES_PER_NETWORK: i64 = 60;
/// Longest account, in characters (E-02).
const LOGIN_MAX: usize = 30;

/// What is said where no text message can be sent.
pub const NO_CARRIER: &str = "暂未开通短信验证，请联系系统管理员重置密码";
/// What is said of a code that was asked for, whose account and telephone it may be or not.
pub const ASKED: &str =
    "如账号已启用且手机号与登记的一致，验证码已发送，请在有效期内填写；未收到的，请核对后重新获取，或联系系统管理员。";

/// Reads who asks for a code.
///
/// # Errors
/// Complaints about `login` and `phone`.
pub fn asked_check(login: &str, phone: &str) -> Result<(String, Phone), FieldErrors> {
    let mut errors = FieldErrors::default();
    let login = errors.take("login", required(login).and_then(|login| text_max(&login, LOGIN_MAX)));
    let phone = errors.take("phone", mobile(phone));
    login.zip(phone).ok_or(errors)
}

/// Checks a new password before its code is judged, so that a slip costs no try.
///
/// # Errors
/// Complaints about `new` (domain.md §2.6) and `again`.
pub fn new_check(login: &str, new: &str, again: &str) -> Result<(), FieldErrors> {
    let mut errors = FieldErrors::default();
    errors.take("new", password_check(new, login));
    if new != again {
        errors.add("again", "两次输入的密码不一致");
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// The text of the message. Who did not ask for it learns what to do.
#[must_use]
pub fn message(rule: CodeRule, code: &str) -> String {
    format!(
        "您正在重置登录密码，验证码为{code}，{}分钟内有效。非本人操作请勿告知他人，并联系系统管理员。",
        rule.valid_seconds / 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_names_account_and_mobile() {
        let (login, phone) = asked_check(" wang ", "138 1234 5678").unwrap();
        assert_eq!((login.as_str(), phone.as_str()), ("wang", "13812345678"));
        let errors = asked_check(" ", "0371-63390000").unwrap_err();
        assert_eq!((errors.get("login"), errors.get("phone")), (Some("不能为空"), Some("请输入11位手机号")));
        assert!(asked_check(&"长".repeat(31), "13812345678").is_err());
    }

    #[test]
    fn a_new_password_keeps_the_rules() {
        assert!(new_check("wang", "Another-Horse-8", "Another-Horse-8").is_ok());
        let errors = new_check("wang", "Wang-Horse-88", "Wang-Horse-8").unwrap_err();
        assert_eq!((errors.get("new"), errors.get("again")), (Some("密码不能包含账号"), Some("两次输入的密码不一致")));
    }

    #[test]
    fn the_message_says_what_it_is_for() {
        let text = message(CodeRule::default(), "012345");
        assert!(text.contains("重置登录密码") && text.contains("012345，5分钟内有效"), "{text}");
    }
}

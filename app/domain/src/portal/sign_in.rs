//! Signing in by a code that is sent to a telephone (domain.md R-93, PRM-03).

use crate::{
    failure::Failure,
    value::{Check, Complaint, Phone, text::normalize},
};

/// A tenant's session ends after so many days without a visit.
pub const IDLE_DAYS: i64 = 7;
/// … and at the latest after so many.
pub const SESSION_DAYS: i64 = 30;
/// Codes that one network may ask for in an hour: behind one address of a mobile network are thousands of households, and a
/// code costs money.
pub const CODES_PER_NETWORK: i64 = 600;
/// From so many codes of a day on, a number needs a captcha for another one; the first ones are had without, because reading a
/// picture is hard for those for whom large type was made.
pub const CODES_FREE: i64 = 2;
/// … and from so many of an hour on, everybody of the network.
pub const CODES_FREE_PER_NETWORK: i64 = 20;
/// Codes are kept so long: those of a day are counted.
pub const CODE_DAYS: i64 = 2;

/// What everybody is told who enters a wrong code, whose number it may be or not.
pub const CODE_IS_WRONG: &str = "验证码错误";
pub const CODE_IS_OVER: &str = "验证码已过期，请重新获取";
pub const CAPTCHA_IS_WANTED: &str = "请输入图形验证码";
pub const CAPTCHA_IS_WRONG: &str = "图形验证码错误或已过期，请重新输入";
pub const CODE_IS_SPENT: &str = "验证码错误次数过多，请重新获取";

/// PRM-03: how long a code is, for how many seconds it holds, after how many another one can be had, how many a day, and how
/// often one may be mistaken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeRule {
    pub digits: u8,
    pub valid_seconds: i64,
    pub resend_seconds: i64,
    pub per_day: i64,
    pub tries: i16,
}

impl Default for CodeRule {
    fn default() -> Self {
        Self { digits: 6, valid_seconds: 300, resend_seconds: 60, per_day: 10, tries: 5 }
    }
}

/// How often codes were asked for already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CodesAsked {
    /// seconds since the last one for the number; none: there was none
    pub since_last: Option<i64>,
    /// for the number, today
    pub today: i64,
    /// from the network, within an hour
    pub from_here: i64,
}

impl CodesAsked {
    /// Whether another one needs a captcha ([`CODES_FREE`]).
    #[must_use]
    pub const fn wants_captcha(self) -> bool {
        self.today >= CODES_FREE || self.from_here >= CODES_FREE_PER_NETWORK
    }
}

impl CodeRule {
    /// Whether another code is to be had: a pause between two, so many a day, and so many an hour from one network
    /// (`per_network`).
    ///
    /// # Errors
    /// What to wait for.
    pub fn allows(self, asked: CodesAsked, per_network: i64) -> Result<(), Failure> {
        let waits = asked.since_last.map_or(0, |seconds| self.resend_seconds - seconds);
        if waits > 0 {
            Err(Failure::refused(format!("操作过于频繁，请于{waits}秒后再试")))
        } else if asked.today >= self.per_day {
            Err(Failure::refused("今日获取验证码次数已达上限，请明日再试"))
        } else if asked.from_here >= per_network {
            Err(Failure::refused("当前网络获取验证码次数过多，请稍后再试"))
        } else {
            Ok(())
        }
    }

    /// A rule as it is stored: `6/300/60/10/5`.
    ///
    /// # Errors
    /// A sentence that says what the five numbers may be.
    pub fn parse(text: &str) -> Check<Self> {
        let numbers: Vec<i64> = text.split('/').map_while(|part| part.trim().parse().ok()).collect();
        match numbers[..] {
            [digits @ 4..=8, valid @ 60..=900, resend @ 30..=600, per_day @ 1..=50, tries @ 1..=10]
                if numbers.len() == text.split('/').count() && resend <= valid =>
            {
                // Each is in a range that fits.
                Ok(Self {
                    digits: u8::try_from(digits).unwrap_or(6),
                    valid_seconds: valid,
                    resend_seconds: resend,
                    per_day,
                    tries: i16::try_from(tries).unwrap_or(5),
                })
            }
            _ => Err(Complaint::says(
                "短信验证码规则须为位数/有效秒数/重发间隔秒数/每日次数/可错次数，如6/300/60/10/5；位数4至8，有效60至900秒，间隔30至600秒且不超过有效时间，每日1至50次，可错1至10次",
            )),
        }
    }

    /// The rule as it is stored.
    #[must_use]
    pub fn code(self) -> String {
        let Self { digits, valid_seconds, resend_seconds, per_day, tries } = self;
        format!("{digits}/{valid_seconds}/{resend_seconds}/{per_day}/{tries}")
    }

    /// A code out of random bits. Of 2⁶⁴ numbers the last few are a little rarer; nobody can make use of that.
    #[must_use]
    pub fn draw(self, random: u64) -> String {
        let modulus = 10_u64.pow(u32::from(self.digits));
        format!("{:0width$}", random % modulus, width = usize::from(self.digits))
    }

    /// The text of the message.
    #[must_use]
    pub fn message(self, code: &str) -> String {
        format!(
            "您的登录验证码为{code}，{}分钟内有效。请勿告知他人，工作人员不会向您索要验证码。",
            self.valid_seconds / 60
        )
    }
}

/// A number that text messages reach.
///
/// # Errors
/// `请输入11位手机号`.
pub fn mobile(text: &str) -> Check<Phone> {
    let text: String = normalize(text).chars().filter(|letter| !letter.is_whitespace() && *letter != '-').collect();
    Phone::parse(&text).ok().filter(Phone::is_mobile).ok_or(Complaint::says("请输入11位手机号"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_five_numbers() {
        assert_eq!(CodeRule::parse("6/300/60/10/5"), Ok(CodeRule::default()));
        assert_eq!(CodeRule::parse(&CodeRule::default().code()), Ok(CodeRule::default()));
        for wrong in [
            "",
            "6",
            "6/300/60/10",
            "6/300/60/10/5/1",
            "6/300/60/10/x",
            "3/300/60/10/5",
            "6/59/30/10/5",
            "6/300/301/10/5",
            "6/300/60/0/5",
            "6/300/60/10/11",
            "6/300/60/10/-5",
        ] {
            assert!(CodeRule::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_code_has_all_its_digits() {
        let rule = CodeRule::default();
        assert_eq!(rule.draw(7), "000007");
        assert_eq!(rule.draw(u64::MAX), "551615");
        assert_eq!(CodeRule { digits: 4, ..rule }.draw(123_456), "3456");
        assert!(rule.message("123456").contains("123456，5分钟内有效"));
    }

    #[test]
    fn a_code_is_had_so_often() {
        let rule = CodeRule::default();
        let (none, asked) =
            (CodesAsked::default(), |since_last, today, from_here| CodesAsked { since_last, today, from_here });
        assert_eq!(rule.allows(none, 60), Ok(()));
        assert_eq!(rule.allows(asked(Some(60), 9, 59), 60), Ok(()));
        for (asked, sentence) in [
            (asked(Some(1), 1, 1), "操作过于频繁，请于59秒后再试"),
            (asked(Some(60), 10, 10), "今日获取验证码次数已达上限，请明日再试"),
            (asked(None, 0, 60), "当前网络获取验证码次数过多，请稍后再试"),
        ] {
            assert_eq!(rule.allows(asked, 60), Err(Failure::refused(sentence)), "{asked:?}");
        }
        assert!(!none.wants_captcha() && !asked(Some(60), 1, 19).wants_captcha());
        assert!(asked(Some(60), 2, 2).wants_captcha() && asked(None, 0, 20).wants_captcha());
    }

    #[test]
    fn only_a_mobile_number_is_asked_for_a_code() {
        assert_eq!(mobile(" 13812345678 ").map(|phone| phone.as_str().to_owned()), Ok("13812345678".to_owned()));
        // As people write it, and as an input method does.
        for same in ["138 1234 5678", "138-1234-5678", "１３８１２３４５６７８"] {
            assert_eq!(mobile(same).map(|phone| phone.as_str().to_owned()), Ok("13812345678".to_owned()), "{same}");
        }
        for wrong in ["", "1381234567", "12812345678", "0371-63390000", "138123456789"] {
            assert_eq!(mobile(wrong).unwrap_err().text(), "请输入11位手机号", "{wrong}");
        }
    }
}

//! Rules of accounts (E-02): what a login is, and which roles one person may hold together.

use crate::value::{Check, Complaint, required, text_max};

/// A login: 2 to 30 letters, digits, dots, hyphens or underscores (E-02 `s30`). It stands in command lines and
/// logs, so it is plain ASCII.
///
/// # Errors
/// The sentence that says so.
pub fn login_check(login: &str) -> Check<String> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || ".-_".contains(letter);
    if (2..=30).contains(&login.len()) && login.chars().all(plain) && login.starts_with(|first: char| first != '-') {
        Ok(login.to_owned())
    } else {
        Err(Complaint::says("账号须为2至30个字母、数字、点、横线或下划线"))
    }
}

/// The name of the person behind an account (E-02 `s30!`).
///
/// # Errors
/// When it is missing or too long.
pub fn name_check(name: &str) -> Check<String> {
    let complaint = |_| Complaint::says("姓名须为1至30个字");
    required(name).and_then(|name| text_max(&name, 30)).map_err(complaint)
}

/// Maker and checker of domain.md §6.4, by role, as far as these roles exist.
const APART: [(&str, &str); 7] = [
    // contract add / cancel
    ("ENTRY", "PROPERTY_APPROVER"),
    // rent adjustment, reduction
    ("FINANCE", "PROPERTY_APPROVER"),
    ("FINANCE", "CITY"),
    // door disabling, manual grant, blacklist removal
    ("OPERATOR", "DISTRICT"),
    // parameters, rent standards, credit points
    ("CITY", "CITY_CHECK"),
    // write-off above the limit
    ("FINANCE", "CITY_LEADER"),
    // user creation, role grant
    ("SYS_ADMIN", "SEC_ADMIN"),
];

/// Roles that go with no other: technical ones have no business data, and who audits makes nothing (§6.1).
const ALONE: [&str; 3] = ["SYS_ADMIN", "SEC_ADMIN", "AUDITOR"];

/// Refuses roles that one person must not hold together (domain.md §6.2: checked when roles are granted).
///
/// # Errors
/// The sentence that names the two.
pub fn roles_check(roles: &[&str]) -> Check<()> {
    if roles.is_empty() {
        return Err(Complaint::says("请至少指定一个角色"));
    }
    for (index, one) in roles.iter().enumerate() {
        for other in &roles[index + 1..] {
            let apart = APART.iter().any(|(a, b)| (a, b) == (one, other) || (b, a) == (one, other));
            if one != other && (apart || ALONE.contains(one) || ALONE.contains(other)) {
                return Err(Complaint::says(format!("角色【{one}】与【{other}】互斥，不能授予同一个账号")));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_short_and_plain() {
        for good in ["wang", "zhang.san", "a1", "li_si-2", &"a".repeat(30)] {
            assert_eq!(login_check(good).as_deref(), Ok(good));
        }
        for bad in ["", "a", "张三", "wang li", "--name", "a/b", "a\tb", &"a".repeat(31)] {
            assert!(login_check(bad).is_err(), "{bad}");
        }
        assert_eq!(name_check(" 张三 ").as_deref(), Ok("张三"));
        assert!(name_check(" ").is_err() && name_check(&"张".repeat(31)).is_err());
    }

    #[test]
    fn maker_and_checker_are_two_persons() {
        for good in [&["CITY"][..], &["CITY", "DISTRICT"], &["OPERATOR", "ENTRY"], &["CITY", "CITY"], &["SYS_ADMIN"]] {
            assert!(roles_check(good).is_ok(), "{good:?}");
        }
        for bad in [
            &[][..],
            &["ENTRY", "PROPERTY_APPROVER"],
            &["PROPERTY_APPROVER", "ENTRY"],
            &["CITY_CHECK", "DISTRICT", "CITY"],
            &["SYS_ADMIN", "CITY"],
            &["DISTRICT", "AUDITOR"],
        ] {
            assert!(roles_check(bad).is_err(), "{bad:?}");
        }
    }
}

//! Who is signed in, as pages know it, and the rules of signing in (domain.md S1-1.1, §2.6).

use crate::{
    id::{OrganizationId, UserId},
    platform::permission::Permission,
    value::{Check, Complaint},
};
use serde::{Deserialize, Serialize};

/// PRM-04: how long a captcha can be answered, in seconds.
pub const CAPTCHA_SECONDS: i64 = 300;
/// Wrong passwords in a row that lock an account, and for how long (domain.md §2.6: 5 failures/30 min).
pub const LOCK_AFTER: i32 = 5;
pub const LOCK_MINUTES: i64 = 30;
/// A desk session ends after this long without a request (domain.md §2.6).
pub const DESK_IDLE_MINUTES: i64 = 30;
/// A desk session ends after a working day whatever happens.
pub const DESK_HOURS: i64 = 12;
/// A wall shows figures for weeks; it can only read (see [`SessionKind::Kiosk`]).
pub const KIOSK_DAYS: i64 = 30;

/// What a session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionKind {
    /// a person at a desk: idle limit
    Desk,
    /// a wall of screens: no idle limit, and only home and map
    Kiosk,
}

impl SessionKind {
    /// As stored.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Desk => "DESK",
            Self::Kiosk => "KIOSK",
        }
    }

    /// What a session of this kind may do at most, whatever its user's roles grant.
    #[must_use]
    pub fn allows(self, permission: Permission) -> bool {
        match self {
            Self::Desk => true,
            Self::Kiosk => matches!(
                permission,
                Permission::HomeRead
                    | Permission::MapRead
                    | Permission::EstateRead
                    | Permission::BuildingRead
                    | Permission::UnitRead
            ),
        }
    }
}

/// The signed-in person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    pub id: UserId,
    pub login: String,
    pub name: String,
    pub organization_id: OrganizationId,
    pub organization: String,
    pub roles: Vec<String>,
    pub permissions: Vec<Permission>,
    pub session: SessionKind,
    pub must_change_password: bool,
    /// whether a second factor has to be set up first
    pub must_enrol: bool,
}

impl Actor {
    /// Whether a role grants the permission and the session allows it. A person who still has to change the first
    /// password, or to set up a second factor, can do nothing else.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.forced_page().is_none() && self.session.allows(permission) && self.permissions.contains(&permission)
    }

    /// The one page that is open to somebody who has something to do first.
    #[must_use]
    pub fn forced_page(&self) -> Option<&'static str> {
        match (self.must_change_password, self.must_enrol) {
            (true, _) => Some("/password"),
            (false, true) => Some("/platform/second-factor"),
            (false, false) => None,
        }
    }
}

/// Password policy (domain.md §2.6): at least 10 characters of three classes, not the login.
///
/// # Errors
/// The sentence that says what is missing.
pub fn password_check(password: &str, login: &str) -> Check<()> {
    let count = password.chars().count();
    if !(10..=128).contains(&count) {
        return Err(Complaint::Says("密码长度应为10至128位".into()));
    }
    let classes = [
        password.chars().any(|c| c.is_ascii_lowercase()),
        password.chars().any(|c| c.is_ascii_uppercase()),
        password.chars().any(|c| c.is_ascii_digit()),
        password.chars().any(|c| !c.is_ascii_alphanumeric()),
    ];
    if classes.into_iter().filter(|present| *present).count() < 3 {
        return Err(Complaint::Says("密码须包含大写字母、小写字母、数字、符号中的至少三类".into()));
    }
    if !login.is_empty() && password.to_lowercase().contains(&login.to_lowercase()) {
        return Err(Complaint::Says("密码不能包含账号".into()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_need_length_and_three_classes() {
        assert!(password_check("Abcdefgh12", "wang").is_ok());
        assert!(password_check("Abcdef12", "wang").is_err());
        assert!(password_check("abcdefgh12", "wang").is_err());
        assert!(password_check("Wang-house-2026", "wang").is_err());
    }

    #[test]
    fn a_wall_cannot_write() {
        for permission in Permission::ALL {
            let reads = permission.code().ends_with(":read");
            assert!(reads || !SessionKind::Kiosk.allows(*permission), "{permission:?}");
        }
    }
}

//! The public holidays of 2026 as the State Council published them in November 2025.

use domain::{dictionary::DayKind, platform::calendar::HolidayForm};
use store::{
    Database,
    platform::{
        calendar::calendar_day_set,
        user::{UserRef, user_ctx},
    },
};

/// First and last day, and the name.
const REST: [(&str, u32, u32, &str); 7] = [
    ("2026-01", 1, 3, "元旦"),
    ("2026-02", 15, 23, "春节"),
    ("2026-04", 4, 6, "清明节"),
    ("2026-05", 1, 5, "劳动节"),
    ("2026-06", 19, 21, "端午节"),
    ("2026-09", 25, 27, "中秋节"),
    ("2026-10", 1, 7, "国庆节"),
];
/// Weekend days that are worked instead.
const WORK: [(&str, u32, &str); 6] = [
    ("2026-01", 4, "元旦"),
    ("2026-02", 14, "春节"),
    ("2026-02", 28, "春节"),
    ("2026-05", 9, "劳动节"),
    ("2026-09", 20, "国庆节"),
    ("2026-10", 10, "国庆节"),
];

/// Enters them; a day that is there already stays one day.
pub async fn calendar(database: &Database) -> store::Result<()> {
    let admin = user_ctx(database, UserRef::Login("admin"), chrono::Utc::now()).await?;
    let rest = REST.iter().flat_map(|(month, from, to, name)| (*from..=*to).map(move |day| (month, day, name)));
    let days = rest
        .map(|(month, day, name)| (month, day, DayKind::Rest, name))
        .chain(WORK.iter().map(|(month, day, name)| (month, *day, DayKind::Work, name)));
    for (month, day, kind, name) in days {
        let form = HolidayForm { date: format!("{month}-{day:02}"), kind: kind.code().into(), name: (*name).into() };
        calendar_day_set(&admin, &form).await?;
    }
    Ok(())
}

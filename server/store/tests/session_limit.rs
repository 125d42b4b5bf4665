//! At how many places an account is signed in at once (domain.md §2.6).

use crate::support::{
    TestDatabase,
    city::{self, PASSWORD},
    door::{ctx_of, enters},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    list::ListQuery,
    platform::{actor::DESK_IDLE_MINUTES, setting::code},
};
use store::{
    Database,
    platform::{
        message::message_list,
        session::{kiosk_start, session_peek},
        setting::setting_put,
    },
};

async fn signed_in(database: &Database, login: &str, now: DateTime<Utc>) -> String {
    enters(database, login, PASSWORD, now).await.unwrap_or_else(|sentence| panic!("{login}: {sentence}"))
}

/// Signed in at five places the sixth ends the one that was used longest ago, and the person reads of it.
#[tokio::test]
async fn an_account_is_at_few_places_at_once() {
    let test = TestDatabase::with_city().await;
    let (database, now) = (&test.database, Utc::now());
    let at = |minutes: i64| now + TimeDelta::minutes(minutes);
    let alive = async |secret: &str, minutes: i64| {
        session_peek(database, secret, at(minutes)).await.expect("an answer").is_some()
    };
    let wall = ctx_of(database, &signed_in(database, "city", now).await, now).await.expect("a session");
    let wall = kiosk_start(&wall, "").await.expect("a wall");
    // Six with the desk that the wall was opened from, but that one nobody has used for so long that it is no place.
    let mut places = Vec::new();
    for minutes in 0..5 {
        places.push(signed_in(database, "city", at(DESK_IDLE_MINUTES + minutes)).await);
    }
    let last = DESK_IDLE_MINUTES + 5;
    // The first is at work again.
    assert!(ctx_of(database, &places[0], at(last)).await.is_some());
    let sixth = signed_in(database, "city", at(last)).await;
    let mut left = Vec::new();
    for place in &places {
        left.push(alive(place, last).await);
    }
    assert_eq!(left, [true, false, true, true, true], "the second was used longest ago");
    assert!(alive(&sixth, last).await && alive(&wall, last).await, "a wall is no desk");
    let ctx = city::ctx(database, "city").await;
    let told = message_list(&ctx, &ListQuery::default()).await.expect("messages").rows;
    let sentence = "您的账号同时登录超过5处，最久未使用的一处已自动退出；如非本人登录，请立即修改密码";
    assert_eq!(told.iter().map(|row| row.content.as_str()).collect::<Vec<_>>(), [sentence]);
    // Somebody else's places are his own, and a city may ask for none or for one.
    let other = signed_in(database, "auditor", at(last)).await;
    setting_put(database, code::SESSION_LIMIT, "1").await.expect("set");
    let only = signed_in(database, "city", at(last)).await;
    assert!(!alive(&sixth, last).await && alive(&only, last).await && alive(&other, last).await);
    setting_put(database, code::SESSION_LIMIT, "0").await.expect("set");
    signed_in(database, "city", at(last)).await;
    assert!(alive(&only, last).await);
}

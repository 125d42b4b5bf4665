//! A server's clock that jumps by hours, forward or back: people sign in again at worst, nothing lasts longer than it
//! should, nothing is done twice. Time is passed in, never waited for.

use crate::support::{
    TestDatabase,
    city::PASSWORD,
    door::{entered, enters},
    sheet::{numbered, row},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    import::{ImportStatus, SheetKey},
    platform::{
        actor::{DESK_HOURS, DESK_IDLE_MINUTES},
        job::Plan,
    },
};
use store::{
    Ctx, Database,
    housekeeping::sweep,
    import::{
        Import,
        job::{job_get, job_note},
    },
    platform::{
        plan::{plan_ask, plan_take},
        session::{session_ctx, session_peek, sign_in},
        user::{UserRef, user_ctx},
    },
};

/// As far as a clock is ever off: a machine set to another time zone, a battery that was empty.
const JUMP: TimeDelta = TimeDelta::hours(8);

async fn alive(database: &Database, secret: &str, now: DateTime<Utc>) -> bool {
    session_ctx(database, secret, now).await.expect("the database answers").is_some()
}

#[tokio::test]
async fn a_clock_that_jumps_forward_asks_people_to_sign_in_again() {
    let test = TestDatabase::with_city().await;
    let (database, now) = (&test.database, Utc::now());
    let secret = enters(database, "city", PASSWORD, now).await.expect("welcome");
    let later = now + JUMP;
    assert!(!alive(database, &secret, later).await, "idle for eight hours, as far as anybody can tell");
    let fresh = enters(database, "city", PASSWORD, later).await.expect("welcome");
    assert!(alive(database, &fresh, later).await);
    let swept = sweep(database, later).await.expect("swept");
    assert_eq!(swept.sessions, 1, "and only that one is forgotten");
    assert!(alive(database, &fresh, later).await);
}

#[tokio::test]
async fn a_clock_that_is_put_back_makes_no_session_last_longer() {
    let test = TestDatabase::with_city().await;
    let (database, now) = (&test.database, Utc::now());
    // Signed in while the clock ran eight hours ahead; then it is put right.
    let secret = enters(database, "city", PASSWORD, now + JUMP).await.expect("welcome");
    assert!(alive(database, &secret, now).await, "nobody is thrown out");
    let idle = now + TimeDelta::minutes(DESK_IDLE_MINUTES + 1);
    assert!(!alive(database, &secret, idle).await, "an empty chair is noticed after the usual time");
    // At work all the time it ends when it would have.
    let secret = enters(database, "city", PASSWORD, now + JUMP).await.expect("welcome");
    for minutes in (0..DESK_HOURS * 60).step_by(20) {
        assert!(alive(database, &secret, now + TimeDelta::minutes(minutes)).await, "{minutes}");
    }
    assert!(!alive(database, &secret, now + TimeDelta::hours(DESK_HOURS) + TimeDelta::seconds(1)).await);
    // A stream that only looks corrects the mark as well.
    let secret = enters(database, "city", PASSWORD, now + JUMP).await.expect("welcome");
    assert!(session_peek(database, &secret, now).await.expect("an answer").is_some());
    assert!(!alive(database, &secret, idle).await);
}

#[tokio::test]
async fn a_lock_ends_with_the_jump_that_made_it_long() {
    let test = TestDatabase::with_city().await;
    let (database, now) = (&test.database, Utc::now());
    let mut told = String::new();
    while !told.contains("锁定") {
        told = enters(database, "city", "wrong", now + JUMP).await.unwrap_err();
    }
    assert!(enters(database, "city", PASSWORD, now + JUMP).await.unwrap_err().contains("账号已锁定"));
    assert!(enters(database, "city", PASSWORD, now).await.is_ok(), "not for eight hours and a quarter");
    // Forward it ends by itself, and a captcha that was drawn before is too old.
    let entered = entered(database, "city", PASSWORD, now).await;
    let told = sign_in(database, entered, now + JUMP).await.unwrap_err().to_string();
    assert_eq!(told, "验证码已过期，请刷新");
    assert!(enters(database, "city", PASSWORD, now + JUMP).await.is_ok(), "the next one is good");
}

async fn at(test: &TestDatabase, now: DateTime<Utc>) -> Ctx {
    user_ctx(&test.database, UserRef::Login("district-a"), now).await.expect("a context")
}

/// The mark of a job is a row, not a moment.
#[tokio::test]
async fn an_import_goes_on_whatever_the_clock_says() {
    let test = TestDatabase::with_city().await;
    let now = Utc::now();
    let rows =
        (1..=30).map(|number: usize| row(SheetKey::Building, &[("房号", &number.to_string()), ("户型", "两居室")]));
    let rows = numbered(rows.collect());
    let job = job_note(&at(&test, now + JUMP).await, SheetKey::Building, "flats.xlsx", "d1").await.expect("a job").id;
    let mut done = 0;
    for (moment, until) in [(now + JUMP, 10), (now, 20), (now + JUMP * 3, 30)] {
        let mut import = Import::start(&at(&test, moment).await, SheetKey::Building, true).await.expect("started");
        import.replay(&rows[..done], &[].into());
        import.chunk(rows[done..until].to_vec(), Some(&job)).await.expect("a chunk");
        // What the sweeper drops is old by the same clock, and this is neither ended nor waiting for anybody.
        sweep(&test.database, moment).await.expect("swept");
        done = until;
        if done == rows.len() {
            import.end(&job).await.expect("the end");
        }
    }
    let told = job_get(&at(&test, now).await, &job).await.expect("the job");
    assert_eq!((told.status, told.succeeded, told.failed), (ImportStatus::Finished, 30, 0));
}

/// A plan runs by marks in the database: those of a clock that ran ahead lie in the future when it is put right.
#[tokio::test]
async fn no_plan_rests_until_a_wrong_clock_is_reached() {
    let test = TestDatabase::with_city().await;
    let (database, now, plan) = (&test.database, Utc::now(), Plan::Housekeeping);
    let takes = async |at: DateTime<Utc>| plan_take(database, plan, at, false).await.expect("asked");
    let ahead = now + JUMP;
    let turn = takes(ahead).await.expect("it never ran");
    turn.end(database, &Ok(None), ahead).await.expect("ended");
    assert!(takes(ahead).await.is_none(), "by that clock it has just run");
    let turn = takes(now).await.expect("the clock was put right: it is due");
    turn.end(database, &Ok(None), now).await.expect("ended");
    assert!(takes(now + TimeDelta::minutes(1)).await.is_none(), "and from here on it keeps its hour");
    // Asked for by a clock that ran ahead: not again and again until that moment has come.
    let admin = user_ctx(database, UserRef::Login("admin"), ahead).await.expect("a context");
    plan_ask(&admin, plan).await.expect("asked for");
    assert!(takes(now + TimeDelta::minutes(2)).await.is_none());
}

//! Signing in, as a person at the door does it.

use chrono::{DateTime, Utc};
use store::{
    Ctx, Database,
    platform::session::{SignIn, captcha_create, session_ctx, sign_in},
};

/// What somebody enters below a fresh captcha.
pub async fn entered(database: &Database, login: &str, password: &str, now: DateTime<Utc>) -> SignIn {
    let captcha_id = captcha_create(database, "K7PQ", now).await.expect("a captcha");
    SignIn {
        login: login.into(),
        password: password.into(),
        captcha_id,
        captcha: "K7PQ".into(),
        address: "10.0.0.7".into(),
    }
}

/// Tries to sign in with a fresh captcha; answers the session's secret or the sentence.
pub async fn enters(database: &Database, login: &str, password: &str, now: DateTime<Utc>) -> Result<String, String> {
    let entered = entered(database, login, password, now).await;
    sign_in(database, entered, now).await.map_err(|error| error.to_string())
}

/// Whom a session's secret belongs to.
pub async fn ctx_of(database: &Database, secret: &str, now: DateTime<Utc>) -> Option<Ctx> {
    session_ctx(database, secret, now).await.expect("the database answers")
}

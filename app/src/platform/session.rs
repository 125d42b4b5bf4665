//! Server functions of signing in and out.

use crate::ApiError;
use domain::platform::{actor::Actor, setting::CitySettings};
use leptos::{prelude::*, server_fn::codec::Json};
use serde::{Deserialize, Serialize};

/// What every page needs to draw its frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    pub actor: Option<Actor>,
    pub settings: CitySettings,
    /// hash of the browser bundle
    pub build: String,
    /// the day on the server's clock, as it stands on printed pages
    pub day: String,
}

impl Frame {
    /// The frame of the request that is being answered; what a browser has instead came with the page.
    #[must_use]
    pub fn of_request() -> Self {
        #[cfg(feature = "ssr")]
        {
            let process = crate::context::process();
            let settings = process.settings.borrow().clone();
            let actor = crate::context::visit().ctx.map(|ctx| ctx.actor().clone());
            let day = domain::sheet::time_text(chrono::Utc::now()).chars().take(10).collect();
            Self { actor, settings, build: process.build, day }
        }
        #[cfg(not(feature = "ssr"))]
        Self { actor: None, settings: CitySettings::default(), build: String::new(), day: String::new() }
    }
}

/// A captcha to be shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaptchaImage {
    pub id: String,
    /// `data:` address of a PNG picture
    pub image: String,
}

/// Who is signed in, what the city has set, which build serves. An open page asks for it now and then when
/// somebody is in front of it, and by that keeps a desk's session alive (`server::session`).
#[server(endpoint = "frame_get", input = Json)]
pub async fn frame_get() -> Result<Frame, ApiError> {
    Ok(Frame::of_request())
}

/// A fresh captcha; the answer stays in the database.
#[server(endpoint = "captcha_create", input = Json)]
pub async fn captcha_create() -> Result<CaptchaImage, ApiError> {
    use base64::Engine as _;
    let process = crate::context::process();
    let (answer, picture) = (process.draw_captcha)();
    let id = store::platform::session::captcha_create(&process.database, &answer, chrono::Utc::now()).await?;
    let image = format!("data:image/png;base64,{}", base64::engine::general_purpose::STANDARD.encode(picture));
    Ok(CaptchaImage { id, image })
}

/// Signs in and goes on to the home page, or to the password that has to be changed first; answers the frame of the new session.
#[server(endpoint = "sign_in")]
pub async fn sign_in(login: String, password: String, captcha_id: String, captcha: String) -> Result<Frame, ApiError> {
    let process = crate::context::process();
    let entered = store::platform::session::SignIn {
        login,
        password,
        captcha_id,
        captcha,
        address: crate::context::visit().address,
    };
    let secret = store::platform::session::sign_in(&process.database, entered, chrono::Utc::now()).await?;
    let frame = enter(&secret).await?;
    // The page goes there by itself, without a request that the server could lead elsewhere.
    let forced = frame.actor.as_ref().is_some_and(|actor| actor.must_change_password);
    leptos_axum::redirect(if forced { "/password" } else { "/" });
    Ok(frame)
}

/// Hands a fresh desk session to the browser; answers its frame.
#[cfg(feature = "ssr")]
async fn enter(secret: &str) -> Result<Frame, ApiError> {
    crate::context::keep_session(secret, domain::platform::actor::SessionKind::Desk);
    let database = crate::context::process().database;
    let ctx = store::platform::session::session_ctx(&database, secret, chrono::Utc::now()).await?;
    Ok(Frame { actor: ctx.map(|ctx| ctx.actor().clone()), ..Frame::of_request() })
}

/// Ends the session; answers the frame of nobody.
#[server(endpoint = "sign_out")]
pub async fn sign_out() -> Result<Frame, ApiError> {
    if let Some(secret) = crate::context::visit().secret {
        store::platform::session::sign_out(&crate::context::process().database, &secret).await?;
    }
    crate::context::forget_session();
    leptos_axum::redirect("/sign-in");
    Ok(Frame { actor: None, ..Frame::of_request() })
}

/// Makes this browser a wall.
#[server(endpoint = "kiosk_start")]
pub async fn kiosk_start() -> Result<(), ApiError> {
    let visit = crate::context::visit();
    let ctx = crate::context::ctx()?;
    let secret = store::platform::session::kiosk_start(&ctx, &visit.secret.unwrap_or_default()).await?;
    crate::context::keep_session(&secret, domain::platform::actor::SessionKind::Kiosk);
    leptos_axum::redirect("/");
    Ok(())
}

/// Changes the own password; answers the frame of the session that follows, which may do more than the one
/// that had to change it.
#[server(endpoint = "password_change")]
pub async fn password_change(old: String, new: String, again: String) -> Result<Frame, ApiError> {
    let ctx = crate::context::ctx()?;
    let secret = store::platform::session::password_change(&ctx, old, new, &again).await?;
    let frame = enter(&secret).await?;
    leptos_axum::redirect("/");
    Ok(frame)
}

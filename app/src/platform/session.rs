//! Server functions of signing in and out.

use crate::{Api, ApiError, Terse};
use domain::{
    dictionary::LabelBook,
    platform::{actor::Actor, menu::MenuNode, setting::CitySettings},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// What every page needs to draw its frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    pub actor: Option<Actor>,
    /// nobody yet: the code of the second factor is awaited
    pub factor_due: bool,
    pub settings: CitySettings,
    /// what the city calls dictionary values otherwise than the program
    pub labels: LabelBook,
    /// what the actor sees of the menu
    pub menu: Vec<MenuNode>,
    /// messages that wait at the bell
    pub unread: i64,
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
            Self::of(crate::context::visit())
        }
        #[cfg(not(feature = "ssr"))]
        Self {
            actor: None,
            factor_due: false,
            settings: CitySettings::default(),
            labels: LabelBook::default(),
            menu: Vec::new(),
            unread: 0,
            build: String::new(),
            day: String::new(),
        }
    }

    /// The frame of somebody, or of nobody.
    #[cfg(feature = "ssr")]
    fn of(visit: crate::context::Visit) -> Self {
        let process = crate::context::process();
        let settings = process.settings.borrow().clone();
        let unread = visit.ctx.as_ref().map_or(0, store::Ctx::unread);
        let actor = visit.ctx.map(|ctx| ctx.actor().clone());
        let (labels, menu) = {
            let tables = process.tables.borrow();
            let menu = actor.as_ref().map(|actor| domain::platform::menu::menu_of(actor, &tables.menu));
            (tables.labels.clone(), menu.unwrap_or_default())
        };
        let day = domain::sheet::time_text(chrono::Utc::now()).chars().take(10).collect();
        Self { actor, factor_due: visit.factor_due, settings, labels, menu, unread, build: process.build, day }
    }

    /// Where somebody goes on who has just come in: pages get there by themselves, without a request that the server
    /// could lead elsewhere.
    #[cfg(feature = "ssr")]
    fn entrance(&self) -> &'static str {
        match &self.actor {
            Some(actor) => actor.forced_page().unwrap_or("/"),
            None => "/sign-in",
        }
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
#[server(endpoint = "frame_get", protocol = Api)]
pub async fn frame_get() -> Result<Frame, ApiError> {
    Ok(Frame::of_request())
}

/// A fresh captcha; the answer stays in the database.
#[server(endpoint = "captcha_create", protocol = Api)]
pub async fn captcha_create() -> Result<CaptchaImage, ApiError> {
    use base64::Engine as _;
    let process = crate::context::process();
    let (answer, picture) = (process.draw_captcha)();
    let id = store::platform::session::captcha_create(&process.database, &answer, chrono::Utc::now()).await?;
    let image = format!("data:image/png;base64,{}", base64::engine::general_purpose::STANDARD.encode(picture));
    Ok(CaptchaImage { id, image })
}

/// Signs in and goes on to the home page, or to what has to be done first; answers the frame of the new session.
#[server(endpoint = "sign_in", output = Terse)]
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
    leptos_axum::redirect(frame.entrance());
    Ok(frame)
}

/// The second step of signing in: a code of the phone or a recovery code. Answers the frame of the session that follows.
#[server(endpoint = "factor_verify", output = Terse)]
pub async fn factor_verify(code: String) -> Result<Frame, ApiError> {
    let (database, visit) = (crate::context::process().database, crate::context::visit());
    let pending = visit.secret.unwrap_or_default();
    let now = chrono::Utc::now();
    let secret = store::platform::second_factor::factor_verify(&database, &pending, &code, &visit.address, now).await?;
    let frame = enter(&secret).await?;
    leptos_axum::redirect(frame.entrance());
    Ok(frame)
}

/// Hands a fresh desk session to the browser; answers its frame.
#[cfg(feature = "ssr")]
pub(super) async fn enter(secret: &str) -> Result<Frame, ApiError> {
    crate::context::keep_session(secret, domain::platform::actor::SessionKind::Desk);
    frame_of(secret).await
}

/// The frame of a session as it is now, after this request has changed something about it.
#[cfg(feature = "ssr")]
pub(super) async fn frame_of(secret: &str) -> Result<Frame, ApiError> {
    let database = crate::context::process().database;
    let now = chrono::Utc::now();
    let ctx = store::platform::session::session_ctx(&database, secret, now).await?;
    let factor_due = ctx.is_none() && store::platform::session::session_factor_due(&database, secret, now).await?;
    Ok(Frame::of(crate::context::Visit { ctx, factor_due, ..crate::context::Visit::default() }))
}

/// Ends the session; answers the frame of nobody.
#[server(endpoint = "sign_out", output = Terse)]
pub async fn sign_out() -> Result<Frame, ApiError> {
    if let Some(secret) = crate::context::visit().secret {
        store::platform::session::sign_out(&crate::context::process().database, &secret).await?;
    }
    crate::context::forget_session();
    leptos_axum::redirect("/sign-in");
    Ok(Frame::of(crate::context::Visit::default()))
}

/// Makes this browser a wall.
#[server(endpoint = "kiosk_start", output = Terse)]
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
#[server(endpoint = "password_change", output = Terse)]
pub async fn password_change(old: String, new: String, again: String) -> Result<Frame, ApiError> {
    let ctx = crate::context::ctx()?;
    let secret = store::platform::session::password_change(&ctx, old, new, &again).await?;
    let frame = enter(&secret).await?;
    leptos_axum::redirect(frame.entrance());
    Ok(frame)
}

/// Sends a code for a forgotten password, and goes on to where it is entered; the same for everybody.
#[server(endpoint = "password_code_create", output = Terse)]
pub async fn password_code_create(
    login: String,
    phone: String,
    captcha_id: String,
    captcha: String,
) -> Result<(), ApiError> {
    let process = crate::context::process();
    let Some(send) = process.send_code else {
        return Err(domain::failure::Failure::refused(domain::platform::forgotten::NO_CARRIER).into());
    };
    let address = crate::context::visit().address;
    let request = store::platform::forgotten::CodeRequest {
        login: &login,
        phone: &phone,
        captcha_id: &captcha_id,
        captcha: &captcha,
        address: &address,
    };
    let asked =
        store::platform::forgotten::password_code_create(&process.database, request, chrono::Utc::now()).await?;
    if let Some(message) = asked.message {
        send(message);
    }
    leptos_axum::redirect(&format!("{}?ticket={}", domain::platform::forgotten::PAGE, asked.ticket));
    Ok(())
}

/// Sets another password for the code of a telephone, and goes on to the door.
#[server(endpoint = "password_forgotten_set", output = Terse)]
pub async fn password_forgotten_set(ticket: String, code: String, new: String, again: String) -> Result<(), ApiError> {
    let database = crate::context::process().database;
    let address = crate::context::visit().address;
    let entered = store::platform::forgotten::NewPassword { ticket, code, new, again, address };
    store::platform::forgotten::password_forgotten_set(&database, entered, chrono::Utc::now()).await?;
    leptos_axum::redirect("/sign-in?reset=1");
    Ok(())
}

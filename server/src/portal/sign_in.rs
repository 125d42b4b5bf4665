//! The door (domain.md R-93): a code to the telephone, and the code back.

use super::{COOKIE, Visit, field, page as answer, sentence, set_cookie};
use crate::{router::AppState, sms::code::send};
use app::portal::Door;
use axum::{
    Extension,
    extract::{Form, State},
    http::{StatusCode, header},
    response::{IntoResponse as _, Redirect, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::Utc;
use domain::{
    failure::Failure,
    portal::sign_in::{CODE_IS_OVER, CODE_IS_SPENT, SESSION_DAYS},
};
use store::{
    platform::{phone_code::PhoneCode, session::captcha_create},
    portal::{CodeRequest, tenant_code_create, tenant_sign_in, tenant_sign_out},
};

/// No number is longer, however it is written.
const PHONE_CHARS: usize = 20;

/// Asks for the number.
pub async fn page(Extension(visit): Extension<Visit>) -> Response {
    if visit.tenant.is_some() {
        return Redirect::to("/my").into_response();
    }
    answer(StatusCode::OK, app::portal::sign_in(&visit.frame, &Door::default()))
}

/// Sends a code. The answer is the page that asks for it, drawn at once: a number must not stand in an address.
pub async fn ask(
    State(state): State<AppState>,
    Extension(visit): Extension<Visit>,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let database = &state.process.database;
    let request = CodeRequest {
        phone: field(&form, "phone"),
        network: &visit.network,
        captcha_id: field(&form, "captcha_id"),
        captcha: field(&form, "captcha"),
    };
    let Some(carrier) = &state.carrier else {
        let complaint = Some("暂未开通手机登录，请到管理单位窗口办理".to_owned());
        let html = app::portal::sign_in(&visit.frame, &Door { complaint, ..Door::default() });
        return answer(StatusCode::UNPROCESSABLE_ENTITY, html);
    };
    let asked = match tenant_code_create(database, request, Utc::now()).await {
        Ok(asked) => asked,
        Err(error) => return ask_again(&state, &visit, request.phone, error).await,
    };
    if let Some(message) = asked.message {
        send(database, carrier, PhoneCode::Tenant, message);
    }
    let demo = state.demo_phone.as_ref().map(|path| path.display().to_string());
    answer(StatusCode::OK, app::portal::code(&visit.frame, asked.ticket, Some(asked.phone_mask), None, demo))
}

/// The form once more, with what was complained about, the number that was entered, and a captcha where one is wanted.
async fn ask_again(state: &AppState, visit: &Visit, phone: &str, error: store::Error) -> Response {
    let failure = Failure::from(error);
    let mut door = Door { phone: phone.chars().take(PHONE_CHARS).collect(), ..Door::default() };
    if matches!(&failure, Failure::Invalid(errors) if errors.get("captcha").is_some()) {
        let (text, picture) = (state.process.draw_captcha)();
        match captcha_create(&state.process.database, &text, Utc::now()).await {
            Ok(id) => door.captcha = Some((id, format!("data:image/png;base64,{}", STANDARD.encode(picture)))),
            Err(error) => return super::failed(&visit.frame, error),
        }
    }
    door.complaint = Some(sentence(failure.into()));
    answer(StatusCode::UNPROCESSABLE_ENTITY, app::portal::sign_in(&visit.frame, &door))
}

/// Lets in whoever brings the code.
pub async fn enter(
    State(state): State<AppState>,
    Extension(visit): Extension<Visit>,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let ticket = field(&form, "ticket");
    match tenant_sign_in(&state.process.database, ticket, field(&form, "code"), &visit.network, Utc::now()).await {
        Ok(secret) => {
            let cookie = set_cookie(&state, COOKIE, &secret, SESSION_DAYS * 24 * 3600);
            ([(header::SET_COOKIE, cookie)], Redirect::to("/my")).into_response()
        }
        Err(error) => {
            let said = sentence(error);
            // A code that is worth nothing any more is not asked for again.
            let html = if said == CODE_IS_OVER || said == CODE_IS_SPENT {
                app::portal::sign_in(&visit.frame, &Door { complaint: Some(said), ..Door::default() })
            } else {
                app::portal::code(&visit.frame, ticket.to_owned(), None, Some(said), None)
            };
            answer(StatusCode::UNPROCESSABLE_ENTITY, html)
        }
    }
}

/// Signs out.
pub async fn leave(State(state): State<AppState>, Extension(visit): Extension<Visit>) -> Response {
    if let Some(secret) = &visit.secret
        && let Err(error) = tenant_sign_out(&state.process.database, secret).await
    {
        return super::failed(&visit.frame, error);
    }
    ([(header::SET_COOKIE, set_cookie(&state, COOKIE, "", 0))], Redirect::to("/my/sign-in")).into_response()
}

//! What the server hands to pages and server functions, by Leptos' context.

#[cfg(feature = "ssr")]
mod server {
    use crate::ApiError;
    use domain::platform::actor::{KIOSK_DAYS, SessionKind};
    use leptos::prelude::use_context;
    use store::{Ctx, Database};

    /// Draws a captcha: its answer, and a PNG picture of it.
    pub type DrawCaptcha = fn() -> (String, Vec<u8>);

    /// Reads the anchors of the operation log.
    pub type ReadAnchors = std::sync::Arc<dyn Fn() -> Vec<store::platform::audit::Anchor> + Send + Sync>;

    /// Hands a code to the carrier of text messages; who asked for it does not wait.
    pub type SendCode = std::sync::Arc<dyn Fn(store::platform::sms::Outgoing) + Send + Sync>;

    /// The running process, as far as a request needs it.
    #[derive(Clone)]
    pub struct Process {
        pub database: Database,
        pub draw_captcha: DrawCaptcha,
        /// cookies are Secure exactly when TLS or a trusted proxy is in front
        pub secure_cookies: bool,
        /// settings of the city, looked at again every few seconds
        pub settings: tokio::sync::watch::Receiver<domain::platform::setting::CitySettings>,
        /// the city's labels and menu, looked at again every few seconds and after every change made here
        pub tables: tokio::sync::watch::Sender<store::platform::tables::CityTables>,
        /// what was written down outside the database of the operation log's seals
        pub audit_anchors: ReadAnchors,
        /// sends the code of a forgotten password; none: no carrier is configured
        pub send_code: Option<SendCode>,
        /// hash of the browser bundle in use; an old tab notices that it differs (`crate::presence`)
        pub build: String,
    }

    /// The request's own facts.
    #[derive(Clone, Debug, Default)]
    pub struct Visit {
        /// the session cookie's secret
        pub secret: Option<String>,
        /// network address
        pub address: String,
        /// scheme and host under which this was asked for: what a printed code leads to
        pub origin: String,
        /// who asks; none: nobody is signed in
        pub ctx: Option<Ctx>,
        /// the password was right and the code of the second factor is awaited: still nobody
        pub factor_due: bool,
        /// for the content security policy
        pub nonce: Option<String>,
    }

    /// A number that was sent to the search in a form's body.
    #[derive(Clone)]
    pub struct SearchedNumber(pub String);

    /// The number that this page was asked for with.
    #[must_use]
    pub fn searched_number() -> Option<String> {
        use_context::<SearchedNumber>().map(|SearchedNumber(number)| number)
    }

    /// The context of the signed-in actor.
    ///
    /// # Errors
    /// [`domain::failure::Failure::NotSignedIn`].
    pub fn ctx() -> Result<Ctx, ApiError> {
        visit().ctx.ok_or_else(|| domain::failure::Failure::NotSignedIn.into())
    }

    /// The request that is being answered.
    #[must_use]
    pub fn visit() -> Visit {
        use_context().unwrap_or_default()
    }

    /// The browser bundle in use; empty outside a request.
    #[must_use]
    pub fn build() -> String {
        use_context::<Process>().map(|process| process.build).unwrap_or_default()
    }

    /// Whether whoever asks a server function wants to read JSON.
    #[must_use]
    pub fn accepts_json() -> bool {
        use_context::<http::request::Parts>().is_some_and(|parts| {
            parts.headers.get(http::header::ACCEPT).is_some_and(|accepted| accepted == "application/json")
        })
    }

    /// Looks at the city's labels and menu again, so that whoever changed them sees it in the answer.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tables_look() -> Result<(), ApiError> {
        let process = process();
        process.tables.send_replace(store::platform::tables::tables_get(&process.database).await?);
        Ok(())
    }

    /// The process that answers.
    #[must_use]
    pub fn process() -> Process {
        use_context().expect("the server provides itself to every request")
    }

    /// Tells the browser to keep a session's secret. A desk's cookie ends with the browser; a wall's lives as
    /// long as its session, because its browser restarts by itself and nobody is there to sign in.
    pub fn keep_session(secret: &str, kind: SessionKind) {
        let life = match kind {
            SessionKind::Desk => String::new(),
            SessionKind::Kiosk => format!("; Max-Age={}", KIOSK_DAYS * 24 * 60 * 60),
        };
        set_session_cookie(secret, &life);
    }

    /// Tells the browser to forget its session.
    pub fn forget_session() {
        set_session_cookie("", "; Max-Age=0");
    }

    fn set_session_cookie(secret: &str, life: &str) {
        let Some(response) = use_context::<leptos_axum::ResponseOptions>() else { return };
        let secure = if process().secure_cookies { "; Secure" } else { "" };
        let cookie = format!("{SESSION_COOKIE}={secret}; Path=/; HttpOnly; SameSite=Lax{life}{secure}");
        if let Ok(value) = cookie.parse() {
            response.insert_header("set-cookie".parse().expect("a header name"), value);
        }
    }

    /// The name of the session cookie.
    pub const SESSION_COOKIE: &str = "housing_session";
}

#[cfg(feature = "ssr")]
pub use server::*;

/// A browser is told what was found and never the number.
#[cfg(not(feature = "ssr"))]
#[must_use]
pub fn searched_number() -> Option<String> {
    None
}

//! Codes on their way out: each in a task of its own, because how long a carrier takes would tell whose account and telephone are
//! known.

use super::Carrier;
use app::context::SendCode;
use std::sync::Arc;
use store::{
    Database,
    platform::{
        phone_code::{PhoneCode, phone_code_sent},
        sms::Outgoing,
    },
};

/// Sends codes of forgotten passwords by a carrier.
#[must_use]
pub fn sender(database: Database, carrier: Arc<Carrier>) -> SendCode {
    Arc::new(move |message| send(&database, &carrier, PhoneCode::Password, message))
}

/// Has a code sent; nobody waits for it.
pub fn send(database: &Database, carrier: &Arc<Carrier>, kind: PhoneCode, message: Outgoing) {
    drop(tokio::spawn(deliver(database.clone(), carrier.clone(), kind, message)));
}

async fn deliver(database: Database, carrier: Arc<Carrier>, kind: PhoneCode, message: Outgoing) {
    let said = carrier.gateway.send(&message).await;
    if let Err(error) = &said {
        tracing::warn!(id = message.id, %error, "a code was not sent");
    }
    // What a carrier answers may hold the number; only that it failed is kept.
    let noted = said.as_deref().map_err(|_| "短信接口未接受");
    if let Err(error) = phone_code_sent(&database, kind, message.id, noted).await {
        tracing::warn!(%error, "it was not noted that a code was sent");
    }
}

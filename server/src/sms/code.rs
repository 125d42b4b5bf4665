//! Codes of forgotten passwords on their way out: each in a task of its own, because how long a carrier takes would tell whose
//! account and telephone are known.

use super::Carrier;
use app::context::SendCode;
use std::sync::Arc;
use store::{
    Database,
    platform::{forgotten::password_code_sent, sms::Outgoing},
};

/// Sends codes by a carrier.
#[must_use]
pub fn sender(database: Database, carrier: Arc<Carrier>) -> SendCode {
    Arc::new(move |message| drop(tokio::spawn(send(database.clone(), carrier.clone(), message))))
}

async fn send(database: Database, carrier: Arc<Carrier>, message: Outgoing) {
    let said = carrier.gateway.send(&message).await;
    if let Err(error) = &said {
        tracing::warn!(id = message.id, %error, "a code was not sent");
    }
    // What a carrier answers may hold the number; only that it failed is kept.
    let noted = said.as_deref().map_err(|_| "短信接口未接受");
    if let Err(error) = password_code_sent(&database, message.id, noted).await {
        tracing::warn!(%error, "it was not noted that a code was sent");
    }
}

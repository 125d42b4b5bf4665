//! How soon a payment is seen on the boards (issue 4, Measured): a household that is behind pays all of it, is counted anew in
//! the same transaction, and the colour of its home reaches whoever listens to the feed, as the streams of browsers do. The
//! floor is the payment alone, from the call to its end.
//!
//! All households are counted first, two months later by the clock: how long the calendar takes over a whole city.

use super::{
    city::{Ground, text},
    report::Report,
    timing::{Times, milliseconds},
};
use chrono::Days;
use domain::{billing::payment::PaymentForm, id::AccountId, value::Money};
use std::time::{Duration, Instant};
use store::{
    bench::arrears::households_behind,
    billing::{arrears::arrears_follow, payment::payment_take},
    live::Feed,
    platform::user::{UserRef, user_ctx},
};
use tokio::{sync::broadcast::error::RecvError, time::timeout};

const PAYMENTS: usize = 500;
const LIMIT: f64 = 50.0;
/// By then whatever was posted is overdue.
const LATER: Days = Days::new(60);
/// An event that has not come by then was lost.
const LOST: Duration = Duration::from_secs(5);

/// Measures the count of the city, then payment by payment.
///
/// # Errors
/// One line that says what failed.
pub async fn measure(ground: &Ground, report: &mut Report) -> Result<(), String> {
    let now = chrono::Utc::now().checked_add_days(LATER).ok_or("no such day")?;
    eprintln!("bench: counting the arrears of the city");
    let began = Instant::now();
    let looked = arrears_follow(&ground.database, now).await.map_err(text)?;
    report.tell(
        format!("arrears of {looked} households counted by the calendar"),
        began.elapsed().as_secs_f64(),
        "s",
        None,
    );
    let wanted = i64::try_from(ground.runs(PAYMENTS)).unwrap_or(i64::MAX);
    let households = households_behind(&ground.database, wanted).await.map_err(text)?;
    if households.is_empty() {
        return Err("nobody is behind".to_owned());
    }
    eprintln!("bench: {} payments until their colour is sent", households.len());
    let cashier = user_ctx(&ground.database, UserRef::Login("cashier"), now).await.map_err(text)?;
    let feed = Feed::start(ground.database.clone()).await.map_err(text)?;
    let mut receiver = feed.subscribe();
    let (mut payments, mut events) = (Vec::new(), Vec::new());
    for (nth, (account, unit, owed)) in households.into_iter().enumerate() {
        let form = PaymentForm {
            request: format!("00000000-0000-4000-9000-{nth:012x}"),
            // With the late fee that a payment charges, if there is one.
            amount: Money::from_fen(owed * 2).to_string().replace(',', ""),
            method: "CASH".to_owned(),
            prepay: true,
            ..PaymentForm::default()
        };
        let began = Instant::now();
        payment_take(&cashier, AccountId(account), &form).await.map_err(text)?;
        payments.push(milliseconds(began.elapsed()));
        loop {
            let heard = timeout(LOST, receiver.recv()).await.map_err(|_| "a colour was not sent")?;
            match heard {
                Ok(change) if change.color.as_ref().is_some_and(|(known, _)| *known == unit) => break,
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Err("the feed has ended".to_owned()),
            }
        }
        events.push(milliseconds(began.elapsed()));
    }
    let name = "arrears recount after one payment, until the colour event is sent";
    report.times(name, &Times::new(events), Some(&Times::new(payments)), LIMIT);
    Ok(())
}

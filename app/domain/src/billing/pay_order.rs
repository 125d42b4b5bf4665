//! 支付订单: paying by telephone through a payment company (D-31 WECHAT and ALIPAY, domain.md §4.10, E-46).
//!
//! An order is of one household's account, of bills that were chosen, and of an amount that does not change any more. It is
//! paid once, by what the payment company says and nobody else.

use crate::{
    dictionary::{PayMethod, dictionary},
    value::Money,
};
use chrono::{DateTime, FixedOffset, TimeDelta, Utc};

dictionary! {
    /// 支付渠道
    PayChannel = "PayChannel" "支付渠道" {
        WeChat = "WECHAT" "微信支付",
        Alipay = "ALIPAY" "支付宝",
    }
}

dictionary! {
    /// 支付订单状态
    PayOrderStatus = "PayOrder.status" "支付订单状态" {
        New = "NEW" "提交中",
        Paying = "PAYING" "待支付",
        Paid = "PAID" "已支付",
        Closed = "CLOSED" "已关闭",
    }
}

/// What happens to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayEvent {
    /// the payment company knows it and says where it is paid
    Place,
    /// the payment company has the money
    Pay,
    /// given up, too late, or not taken by the payment company
    Close,
}

impl PayOrderStatus {
    /// The status after the event: the whole state machine. None: nothing happens, as with a notice that comes twice.
    #[must_use]
    pub const fn next(self, event: PayEvent) -> Option<Self> {
        match (event, self) {
            (PayEvent::Place, Self::New) => Some(Self::Paying),
            // Money that came in is entered, whatever we thought of the order: it may be faster than our noting that it was
            // placed, and slower than our closing it.
            (PayEvent::Pay, Self::New | Self::Paying | Self::Closed) => Some(Self::Paid),
            (PayEvent::Close, Self::New | Self::Paying) => Some(Self::Closed),
            _ => None,
        }
    }

    /// Whether it still waits for its end.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::New | Self::Paying)
    }
}

impl PayChannel {
    /// As payments are entered.
    #[must_use]
    pub const fn method(self) -> PayMethod {
        match self {
            Self::WeChat => PayMethod::WeChat,
            Self::Alipay => PayMethod::Alipay,
        }
    }

    /// How long the address leads anywhere at which an order is paid: WeChat's for five minutes, after which it is asked for
    /// another one.
    #[must_use]
    pub const fn address_minutes(self) -> i64 {
        match self {
            Self::WeChat => 5,
            Self::Alipay => ORDER_MINUTES,
        }
    }
}

/// How long an order can be paid.
pub const ORDER_MINUTES: i64 = 30;
/// After an order's end the payment company is given so long to tell that it was paid in the last second.
pub const CLOSE_AFTER_SECONDS: i64 = 60;
/// An order of which the company has given no believable answer so long after its end is closed here alone, so that the home can
/// pay otherwise. Money that comes for it after all is entered like that of any closed order.
pub const STALE_AFTER_MINUTES: i64 = 60;
/// What was closed here is asked about every so many hours and for so many days: its money may have been taken there.
const CLOSED_ASK_HOURS: i64 = 6;
const CLOSED_ASK_DAYS: i64 = 3;
/// Whoever presses a button behind which the company is asked waits so many seconds until it is asked again (§0.5 rule 11).
pub const PRESS_SECONDS: i64 = 5;
/// Seconds after which it is asked what became of an order, the first time and the later ones: it usually says so by itself.
const ASK_AFTER: [i64; 5] = [30, 60, 120, 300, 600];
/// The hour in China from which a company's bill of yesterday is to be had; WeChat asks not to be asked before ten, Alipay's is there
/// at nine.
pub const BILL_HOUR: i64 = 10;
/// So many days back bills are fetched that were not to be had on their day. Companies keep them for three months.
pub const BILL_DAYS: u64 = 30;
/// The most bills in one order.
pub const BILLS_MAX: usize = 60;

/// When the payment company is asked again that was asked so often.
#[must_use]
pub fn ask_at(asked: i16, now: DateTime<Utc>) -> DateTime<Utc> {
    let nth = usize::try_from(asked).unwrap_or(0).min(ASK_AFTER.len() - 1);
    now + TimeDelta::seconds(ASK_AFTER[nth])
}

/// When the company is asked once more about an order that was closed here without its final word; none: often enough.
#[must_use]
pub fn ask_closed_at(expires_at: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let over = expires_at + TimeDelta::seconds(CLOSE_AFTER_SECONDS);
    if now < over {
        Some(over)
    } else {
        let next = now + TimeDelta::hours(CLOSED_ASK_HOURS);
        (next <= expires_at + TimeDelta::days(CLOSED_ASK_DAYS)).then_some(next)
    }
}

/// The number of an order: `ZF`, the moment in China and ten random hexadecimal digits. It must never come again, also not in
/// another database of the same city, because the payment company keeps all of them; both take at most 32 characters.
#[must_use]
pub fn order_no(now: DateTime<Utc>, random: u64) -> String {
    let china = FixedOffset::east_opt(8 * 3600).map_or_else(|| now.fixed_offset(), |offset| now.with_timezone(&offset));
    format!("ZF{}{:010x}", china.format("%Y%m%d%H%M%S"), random & 0xff_ffff_ffff)
}

/// What a payment company says of an order's payment, after its signature was found to be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub channel: PayChannel,
    pub order_no: String,
    /// its own number of the payment
    pub trade_no: String,
    pub amount: Money,
    pub paid_at: DateTime<Utc>,
    /// id of the notice; none: it was asked
    pub notice_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone as _;

    #[test]
    fn the_whole_state_machine() {
        use PayOrderStatus::{Closed, New, Paid, Paying};
        for (from, place, pay, close) in [
            (New, Some(Paying), Some(Paid), Some(Closed)),
            (Paying, None, Some(Paid), Some(Closed)),
            (Paid, None, None, None),
            (Closed, None, Some(Paid), None),
        ] {
            assert_eq!(from.next(PayEvent::Place), place, "{from:?}");
            assert_eq!(from.next(PayEvent::Pay), pay, "{from:?}");
            assert_eq!(from.next(PayEvent::Close), close, "{from:?}");
        }
    }

    #[test]
    fn a_number_fits_both_companies() {
        let now = Utc.with_ymd_and_hms(2026, 11, 28, 16, 0, 1).single().expect("a moment");
        assert_eq!(order_no(now, 0xab), "ZF2026112900000100000000ab");
        let long = order_no(now, u64::MAX);
        assert!(long.len() <= 32 && long.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{long}");
    }

    #[test]
    fn asking_grows_rarer() {
        let now = Utc.with_ymd_and_hms(2026, 11, 28, 8, 0, 0).single().expect("a moment");
        let waits: Vec<i64> = (0..7).map(|asked| (ask_at(asked, now) - now).num_seconds()).collect();
        assert_eq!(waits, [30, 60, 120, 300, 600, 600, 600]);
    }

    #[test]
    fn what_was_closed_is_asked_about_until_it_has_ended_and_for_days_after() {
        let end = Utc.with_ymd_and_hms(2026, 11, 28, 8, 0, 0).single().expect("a moment");
        let after = |seconds| ask_closed_at(end, end + TimeDelta::seconds(seconds)).map(|at| (at - end).num_seconds());
        assert_eq!(after(-1200), Some(CLOSE_AFTER_SECONDS), "the address that the payer has can still be paid at");
        assert_eq!(after(CLOSE_AFTER_SECONDS), Some(CLOSE_AFTER_SECONDS + 6 * 3600));
        assert_eq!(after(2 * 24 * 3600), Some(2 * 24 * 3600 + 6 * 3600));
        assert_eq!(after(3 * 24 * 3600), None);
    }
}

//! Payment colours (缴费四色, domain.md §1.3, S0-6): the switch between 入住情况 and 缴费情况 that boards and map have, and what
//! their legends and squares are made of. The choice stands in the address, and links from board to board keep it.

use crate::ui::label::told;
use domain::{
    dictionary::PayColor,
    insight::pay::{PayCounts, UNBOOKED, UnitPay},
    list::group_thousands,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// What the address says of a board that is coloured by payment.
pub const MODE: &str = "mode=pay";

/// Whether the address asks for payment colours.
#[must_use]
pub fn use_pay_mode() -> Memo<bool> {
    let query = use_query_map();
    Memo::new(move |_| query.read().get("mode").as_deref() == Some("pay"))
}

/// An address of a board, coloured as the present one is.
#[must_use]
pub fn kept(path: String, pay: bool) -> String {
    if pay { format!("{path}?{MODE}") } else { path }
}

/// The switch: two links, so that it also works before the page is alive.
pub fn mode_switch(occupancy: Signal<String>, payment: Signal<String>, pay: Memo<bool>) -> impl IntoView {
    let link = |href: Signal<String>, says: &'static str, on: bool| {
        let current = move || (pay.get() == on).then_some("true");
        view! { <a href=move || href.get() aria-current=current data-noscroll="">{says}</a> }
    };
    view! {
        <nav class="mode-switch no-print" aria-label="图例颜色">
            {link(occupancy, "入住情况", false)}
            {link(payment, "缴费情况", true)}
        </nav>
    }
}

/// What one square can say: a colour, and of the grey ones which are let.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shade {
    pub color: PayColor,
    pub booked: bool,
}

impl Shade {
    /// In the order of §1.3, what is let without an account last.
    pub fn all() -> impl Iterator<Item = Self> {
        let booked = PayColor::ALL.iter().map(|color| Self { color: *color, booked: true });
        booked.chain([Self { color: PayColor::Grey, booked: false }])
    }

    /// As the CSS variables `--pay-…` and the attribute `data-pay` call it.
    #[must_use]
    pub fn tone(self) -> String {
        if self.booked { self.color.code().to_ascii_lowercase() } else { "unbooked".to_owned() }
    }

    #[must_use]
    pub fn label(self) -> String {
        if self.booked { told(self.color) } else { UNBOOKED.to_owned() }
    }

    /// How many units it is said of.
    #[must_use]
    pub const fn units(self, counts: &PayCounts) -> i64 {
        match (self.color, self.booked) {
            (PayColor::Grey, true) => counts.of(PayColor::Grey) - counts.unbooked(),
            (_, true) => counts.of(self.color),
            (_, false) => counts.unbooked(),
        }
    }

    /// The shades that occur, with their units.
    pub fn present(counts: &PayCounts) -> impl Iterator<Item = (Self, i64)> + use<> {
        let counts = *counts;
        Self::all().map(move |shade| (shade, shade.units(&counts))).filter(|(_, units)| *units > 0)
    }
}

impl From<&UnitPay> for Shade {
    fn from(unit: &UnitPay) -> Self {
        Self { color: unit.color, booked: unit.booked }
    }
}

/// The square that stands for a colour: with a letter, so that it also reads without colour.
#[must_use]
pub fn pay_tile(shade: Shade) -> impl IntoView {
    view! { <span class="status-tile" data-pay=shade.tone()></span> }
}

/// The counts in words, for whoever does not see a bar or a ring.
#[must_use]
pub fn pay_words(counts: &PayCounts) -> String {
    let words: Vec<String> =
        Shade::present(counts).map(|(shade, units)| format!("{}{}套", shade.label(), group_thousands(units))).collect();
    if words.is_empty() { "暂无房源".to_owned() } else { words.join("，") }
}

/// How one unit stands, in words: its colour, and for who may know also who lives there and what is owed.
#[must_use]
pub fn unit_words(unit: &UnitPay) -> String {
    let shade = Shade::from(unit);
    match &unit.household {
        None => shade.label(),
        Some(household) if household.periods == 0 => format!("{} · {}", shade.label(), household.lessee),
        Some(household) => {
            format!("{} · {} 欠费{}个月 {}元", shade.label(), household.lessee, household.periods, household.amount)
        }
    }
}

//! Which page stands at which address: one table, read by the router of the browser and of the server.
//!
//! The router's own `<Route path=path!(…)>` is a type of its own per address, compiled for each of them into what every
//! page loads. A pattern that is data costs one line; the matching below is compiled once.

use crate::{
    billing::{
        BillForms, BillPages, BillingLists, Counter, PayOdds, Receipts,
        adjustment::Adjustments,
        arrears::Arrears,
        book::{BookPages, Books},
        deduction::Deductions,
        dunning::{DunningForms, DunningRules, Dunnings, Sms},
        meter::{Meters, Readings},
        reduction::Reductions,
        waiver::Waivers,
    },
    housing::{
        AssetCards, AssetForms, AssetSheets, Assets, BuildingPages, EstatePages, Housing, StockForms, StockWork,
        UnitPages,
    },
    import::Imports,
    insight::{CityMap, Home, report::Reports},
    operator::Operators,
    person::{Households, PersonForms, PersonMerge, Persons},
    platform::{
        Accounts, Administration, Approvals, Dictionaries, Menus, Organizations, Own, Tables, Work,
        sign_in::SignInPage, workflow::Workflows,
    },
    search::Search,
    tenancy::{
        AssignmentPages, ContractApproval, ContractForms, ContractPages, TenancyLists,
        change::{ContractChangeForm, ContractChanges},
        exit::{ExitForms, Exits},
        hand_over::HandOvers,
        resident::Residents,
        take_over::TakeOvers,
        template::{Papers, Prints},
    },
};
use leptos::prelude::*;
use leptos_router::{
    ChooseView, GeneratedRouteData, IntoChooseViewMaybeErased, LazyRoute, MatchNestedRoutes, NestedRoute,
    PartialPathMatch, PathSegment, PossibleRouteMatch, RouteMatchId, SsrMode,
};
use std::{borrow::Cow, future::Future, pin::Pin};

/// All pages. The first pattern that fits is taken, so what is fixed stands before what is a parameter.
#[rustfmt::skip]
const PAGES: &[Page] = &[
    Page::here("/sign-in", || view! { <SignInPage /> }.into_any()),
    Page::lazy::<Own>("/password"),
    Page::lazy::<Own>("/password/forgotten"),
    Page::lazy::<Accounts>("/platform/users"),
    Page::lazy::<Accounts>("/platform/users/:id"),
    Page::lazy::<Accounts>("/platform/users/:id/:action"),
    Page::lazy::<Administration>("/platform/roles"),
    Page::lazy::<Administration>("/platform/roles/:id"),
    Page::lazy::<Administration>("/platform/roles/:id/:action"),
    Page::lazy::<Administration>("/platform/parameters"),
    Page::lazy::<Administration>("/platform/parameters/:id"),
    Page::lazy::<Workflows>("/platform/workflows"),
    Page::lazy::<Workflows>("/platform/workflows/:id"),
    Page::lazy::<Workflows>("/platform/workflows/:id/:action"),
    Page::lazy::<Own>("/platform/second-factor"),
    Page::lazy::<Organizations>("/platform/organizations"),
    Page::lazy::<Organizations>("/platform/organizations/:id"),
    Page::lazy::<Organizations>("/platform/audit"),
    Page::lazy::<Organizations>("/platform/audit/:id"),
    Page::lazy::<Dictionaries>("/platform/dictionaries"),
    Page::lazy::<Dictionaries>("/platform/dictionaries/:id"),
    Page::lazy::<Tables>("/platform/numbers"),
    Page::lazy::<Menus>("/platform/menus"),
    Page::lazy::<Approvals>("/platform/approvals"),
    Page::lazy::<Approvals>("/platform/approvals/:id"),
    Page::lazy::<Tables>("/platform/calendar"),
    Page::lazy::<Work>("/platform/jobs"),
    Page::lazy::<Work>("/platform/jobs/:id"),
    Page::lazy::<Work>("/platform/plans"),
    Page::lazy::<Work>("/platform/messages"),
    Page::lazy::<Work>("/platform/messages/:id"),
    Page::lazy::<Work>("/platform/message-templates"),
    Page::lazy::<Work>("/platform/message-templates/:id"),
    Page::lazy::<Sms>("/platform/sms-templates"),
    Page::lazy::<Sms>("/platform/sms-templates/:id"),
    Page::lazy::<Home>("/"),
    Page::lazy::<CityMap>("/map"),
    Page::lazy::<Reports>("/insight/reports"),
    Page::lazy::<Reports>("/insight/reports/:report"),
    Page::lazy::<EstatePages>("/housing/estates/:id"),
    Page::lazy::<EstatePages>("/housing/estates/:id/:action"),
    Page::lazy::<StockForms>("/housing/projects/new"),
    Page::lazy::<StockForms>("/housing/rent-standards/new"),
    Page::lazy::<StockForms>("/housing/buildings/new"),
    Page::lazy::<StockForms>("/housing/buildings/:id/edit"),
    Page::lazy::<StockWork>("/housing/buildings/:id/generate"),
    Page::lazy::<StockWork>("/housing/buildings/:id/labels"),
    Page::lazy::<StockWork>("/housing/units/batch"),
    Page::lazy::<StockWork>("/housing/units/:id/label"),
    Page::lazy::<StockForms>("/housing/units/:id/new-room"),
    Page::lazy::<BuildingPages>("/housing/buildings/:id"),
    Page::lazy::<UnitPages>("/housing/buildings/:id/:action"),
    Page::lazy::<UnitPages>("/housing/units/:id"),
    Page::lazy::<UnitPages>("/housing/units/:id/:action"),
    Page::lazy::<StockForms>("/housing/:noun/:id/:action"),
    Page::lazy::<Housing>("/housing/:noun"),
    Page::lazy::<Housing>("/housing/:noun/:id"),
    Page::lazy::<Assets>("/assets/:noun"),
    Page::lazy::<AssetForms>("/assets/:noun/new"),
    Page::lazy::<AssetCards>("/assets/:noun/:id"),
    Page::lazy::<AssetForms>("/assets/:noun/:id/edit"),
    Page::lazy::<AssetForms>("/assets/:noun/:id/new-sub"),
    Page::lazy::<AssetSheets>("/assets/:noun/:id/:action"),
    Page::lazy::<Operators>("/operators"),
    Page::lazy::<Operators>("/operators/:id"),
    Page::lazy::<Persons>("/persons"),
    Page::lazy::<PersonForms>("/persons/new"),
    Page::lazy::<Households>("/persons/households"),
    Page::lazy::<Households>("/persons/households/new"),
    Page::lazy::<Households>("/persons/households/:id"),
    Page::lazy::<Households>("/persons/households/:id/:action"),
    Page::lazy::<PersonMerge>("/persons/duplicates"),
    Page::lazy::<PersonMerge>("/persons/duplicates/:id/:other"),
    Page::lazy::<Persons>("/persons/:id"),
    Page::lazy::<PersonForms>("/persons/:id/:action"),
    Page::lazy::<HandOvers>("/tenancy/hand-overs"),
    Page::lazy::<HandOvers>("/tenancy/hand-overs/new"),
    Page::lazy::<HandOvers>("/tenancy/hand-overs/:id"),
    Page::lazy::<HandOvers>("/tenancy/hand-overs/:id/:action"),
    Page::lazy::<ContractChanges>("/tenancy/changes"),
    Page::lazy::<ContractChangeForm>("/tenancy/changes/new"),
    Page::lazy::<ContractChangeForm>("/tenancy/changes/swap"),
    Page::lazy::<ContractChanges>("/tenancy/changes/:id"),
    Page::lazy::<TakeOvers>("/tenancy/take-overs"),
    Page::lazy::<TakeOvers>("/tenancy/take-overs/items"),
    Page::lazy::<TakeOvers>("/tenancy/take-overs/:id"),
    Page::lazy::<Exits>("/tenancy/exits"),
    Page::lazy::<ExitForms>("/tenancy/exits/new"),
    Page::lazy::<Exits>("/tenancy/exits/:id"),
    Page::lazy::<ExitForms>("/tenancy/exits/:id/:action"),
    Page::lazy::<Residents>("/tenancy/residents"),
    Page::lazy::<Residents>("/tenancy/residents/new"),
    Page::lazy::<Papers>("/tenancy/templates"),
    Page::lazy::<Papers>("/tenancy/templates/new"),
    Page::lazy::<Papers>("/tenancy/templates/:id"),
    Page::lazy::<Papers>("/tenancy/templates/:id/edit"),
    Page::lazy::<Prints>("/tenancy/prints"),
    Page::lazy::<Prints>("/tenancy/prints/audit"),
    Page::lazy::<Prints>("/tenancy/prints/:id"),
    Page::lazy::<Prints>("/tenancy/print-queue"),
    Page::lazy::<Prints>("/tenancy/print-queue/selected"),
    Page::lazy::<Prints>("/tenancy/print-queue/skipped"),
    Page::lazy::<TenancyLists>("/tenancy/:noun"),
    Page::lazy::<AssignmentPages>("/tenancy/assignments/new"),
    Page::lazy::<AssignmentPages>("/tenancy/assignments/:id"),
    Page::lazy::<ContractForms>("/tenancy/contracts/new"),
    Page::lazy::<ContractApproval>("/tenancy/contracts/approve"),
    Page::lazy::<ContractPages>("/tenancy/contracts/:id"),
    Page::lazy::<ContractForms>("/tenancy/contracts/:id/edit"),
    Page::lazy::<ContractForms>("/tenancy/contracts/:id/renew"),
    Page::lazy::<ContractForms>("/tenancy/contracts/:id/file"),
    Page::lazy::<ContractForms>("/tenancy/contracts/:id/stay"),
    Page::lazy::<BillingLists>("/billing/accounts"),
    Page::lazy::<Counter>("/billing/accounts/:id"),
    Page::lazy::<BillForms>("/billing/accounts/:id/new-bill"),
    Page::lazy::<BillingLists>("/billing/bills"),
    Page::lazy::<BillPages>("/billing/bills/:id"),
    Page::lazy::<BillForms>("/billing/bills/:id/edit"),
    Page::lazy::<BillingLists>("/billing/payments"),
    Page::lazy::<BillingLists>("/billing/records"),
    Page::lazy::<BillingLists>("/billing/pay-orders"),
    Page::lazy::<PayOdds>("/billing/pay-orders/:id"),
    Page::lazy::<PayOdds>("/billing/pay-odds"),
    Page::lazy::<PayOdds>("/billing/pay-odds/:id"),
    Page::lazy::<Receipts>("/billing/payments/verify"),
    Page::lazy::<Receipts>("/billing/payments/:id"),
    Page::lazy::<Papers>("/billing/notices"),
    Page::lazy::<BillingLists>("/billing/runs"),
    Page::lazy::<Arrears>("/billing/arrears"),
    Page::lazy::<Dunnings>("/billing/dunning"),
    Page::lazy::<DunningRules>("/billing/dunning/rules"),
    Page::lazy::<DunningRules>("/billing/dunning/rules/new"),
    Page::lazy::<DunningRules>("/billing/dunning/rules/:id"),
    Page::lazy::<DunningRules>("/billing/dunning/trial"),
    Page::lazy::<DunningRules>("/billing/dunning/pauses"),
    Page::lazy::<DunningRules>("/billing/dunning/pauses/:id"),
    Page::lazy::<DunningRules>("/billing/dunning/instalments"),
    Page::lazy::<DunningRules>("/billing/dunning/instalments/:id"),
    Page::lazy::<Dunnings>("/billing/dunning/notices"),
    Page::lazy::<Dunnings>("/billing/dunning/accounts/:id"),
    Page::lazy::<DunningForms>("/billing/dunning/accounts/:id/:action"),
    Page::lazy::<Dunnings>("/billing/dunning/:id"),
    Page::lazy::<Sms>("/billing/sms"),
    Page::lazy::<Sms>("/billing/sms/months"),
    Page::lazy::<Sms>("/billing/sms/blocks"),
    Page::lazy::<Sms>("/billing/sms/:id"),
    Page::lazy::<Deductions>("/billing/deductions"),
    Page::lazy::<Deductions>("/billing/deductions/new"),
    Page::lazy::<Deductions>("/billing/deductions/records"),
    Page::lazy::<Deductions>("/billing/deductions/records/:id"),
    Page::lazy::<Deductions>("/billing/deductions/differences"),
    Page::lazy::<Deductions>("/billing/deductions/differences/:id"),
    Page::lazy::<Deductions>("/billing/deductions/reconciliations"),
    Page::lazy::<Deductions>("/billing/deductions/:id"),
    Page::lazy::<Adjustments>("/billing/adjustments"),
    Page::lazy::<Adjustments>("/billing/adjustments/new"),
    Page::lazy::<Adjustments>("/billing/adjustments/contracts"),
    Page::lazy::<Adjustments>("/billing/adjustments/:id"),
    Page::lazy::<Reductions>("/billing/reductions"),
    Page::lazy::<Reductions>("/billing/reductions/new"),
    Page::lazy::<Reductions>("/billing/reductions/:id"),
    Page::lazy::<Reductions>("/billing/reductions/:id/stop"),
    Page::lazy::<Waivers>("/billing/waivers"),
    Page::lazy::<Waivers>("/billing/waivers/:id"),
    Page::lazy::<Waivers>("/billing/accounts/:id/waive"),
    Page::lazy::<Meters>("/billing/meters"),
    Page::lazy::<Meters>("/billing/meters/new"),
    Page::lazy::<Meters>("/billing/meters/auto"),
    Page::lazy::<Readings>("/billing/meters/periods"),
    Page::lazy::<Readings>("/billing/meters/periods/new"),
    Page::lazy::<Readings>("/billing/meters/periods/:id"),
    Page::lazy::<Readings>("/billing/meters/readings"),
    Page::lazy::<Readings>("/billing/meters/readings/:id"),
    Page::lazy::<Meters>("/billing/meters/:id"),
    Page::lazy::<Meters>("/billing/meters/:id/:action"),
    Page::lazy::<Books>("/billing/ledger"),
    Page::lazy::<Books>("/billing/entries"),
    Page::lazy::<Books>("/billing/levels"),
    Page::lazy::<Books>("/billing/refunds"),
    Page::lazy::<Books>("/billing/shifts"),
    Page::lazy::<BookPages>("/billing/refunds/:id"),
    Page::lazy::<BookPages>("/billing/shifts/:id"),
    Page::lazy::<BookPages>("/billing/accounts/:id/entries"),
    Page::lazy::<BookPages>("/billing/accounts/:id/refund"),
    Page::lazy::<Search>("/search"),
    Page::lazy::<Imports>("/imports"),
    Page::lazy::<Imports>("/imports/:id"),
];

/// While developing also the page of all pieces, which a release answers with 404 and whose code its bundle does not hold.
#[cfg(debug_assertions)]
const PIECES: &[Page] =
    &[Page::lazy::<crate::ui::gallery::Gallery>("/ui"), Page::lazy::<crate::ui::gallery::Gallery>("/ui/:piece")];
#[cfg(not(debug_assertions))]
const PIECES: &[Page] = &[];

fn pages() -> impl Iterator<Item = &'static Page> {
    PAGES.iter().chain(PIECES)
}

/// A page: its address pattern (`/persons/:id`), and what draws it.
struct Page {
    pattern: &'static str,
    view: View,
}

impl Page {
    /// A page that every visitor may need and whose code therefore comes with the shell.
    const fn here(pattern: &'static str, view: fn() -> AnyView) -> Self {
        Self { pattern, view: View::Here(view) }
    }

    /// A page of a module that is loaded when somebody first goes there.
    const fn lazy<M: LazyRoute>(pattern: &'static str) -> Self {
        Self { pattern, view: View::Lazy { draw: draw::<M>, load: load::<M> } }
    }
}

type Pending<T> = Pin<Box<dyn Future<Output = T>>>;

#[derive(Clone, Copy)]
pub enum View {
    Here(fn() -> AnyView),
    Lazy { draw: fn() -> Pending<AnyView>, load: fn() -> Pending<()> },
}

fn draw<M: LazyRoute>() -> Pending<AnyView> {
    Box::pin(M::view(M::data()))
}

fn load<M: LazyRoute>() -> Pending<()> {
    Box::pin(M::preload())
}

impl ChooseView for View {
    async fn choose(self) -> AnyView {
        match self {
            Self::Here(view) => view(),
            Self::Lazy { draw, .. } => draw().await,
        }
    }

    async fn preload(&self) {
        if let Self::Lazy { load, .. } = self {
            load().await;
        }
    }
}

/// An address pattern as data: parts between slashes, a parameter begins with a colon.
#[derive(Clone, Copy)]
pub struct Pattern(&'static str);

impl Pattern {
    fn parts(self) -> impl Iterator<Item = &'static str> {
        self.0.split('/').filter(|part| !part.is_empty())
    }
}

impl PossibleRouteMatch for Pattern {
    fn optional(&self) -> bool {
        false
    }

    /// Takes as many parts from the front as the pattern has; whoever asks looks whether something remains.
    fn test<'a>(&self, path: &'a str) -> Option<PartialPathMatch<'a>> {
        let mut rest = path.trim_start_matches('/');
        let mut params = Vec::new();
        for part in self.parts() {
            let (value, after) = rest.split_once('/').unwrap_or((rest, ""));
            match part.strip_prefix(':') {
                Some(name) if !value.is_empty() => params.push((Cow::Borrowed(name), value.to_owned())),
                None if value == part => {}
                _ => return None,
            }
            rest = after;
        }
        let matched = &path[..path.len() - rest.len()];
        Some(PartialPathMatch::new(rest, params, matched))
    }

    fn generate_path(&self, path: &mut Vec<PathSegment>) {
        let segment = |part: &'static str| match part.strip_prefix(':') {
            Some(name) => PathSegment::Param(name.into()),
            None => PathSegment::Static(part.into()),
        };
        path.extend(self.parts().map(segment));
        if path.is_empty() {
            path.push(PathSegment::Static("/".into()));
        }
    }
}

type Route = NestedRoute<Pattern, (), (), <View as IntoChooseViewMaybeErased>::Output>;

/// The table as the router takes it.
#[derive(Clone)]
pub struct Routes(Vec<Route>);

/// All pages, for the application's router. Pages are drawn whole: what they ask for is there before they are sent.
pub fn routes() -> Routes {
    let route = |page: &Page| NestedRoute::new(Pattern(page.pattern), page.view).ssr_mode(SsrMode::Async);
    Routes(pages().map(route).collect())
}

impl MatchNestedRoutes for Routes {
    type Data = ();
    type Match = <Route as MatchNestedRoutes>::Match;

    fn match_nested<'a>(&'a self, path: &'a str) -> (Option<(RouteMatchId, Self::Match)>, &'a str) {
        let fitting = self.0.iter().map(|route| route.match_nested(path)).find(|(matched, _)| matched.is_some());
        fitting.unwrap_or((None, path))
    }

    fn generate_routes(&self) -> impl IntoIterator<Item = GeneratedRouteData> + '_ {
        self.0.iter().flat_map(MatchNestedRoutes::generate_routes)
    }

    fn optional(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(pattern: &'static str, path: &str) -> Option<(Vec<String>, String)> {
        let found = Pattern(pattern).test(path)?;
        let rest = found.remaining().to_owned();
        Some((found.params().into_iter().map(|(name, value)| format!("{name}={value}")).collect(), rest))
    }

    #[test]
    fn a_pattern_takes_its_parts_and_leaves_the_rest() {
        let none: Vec<String> = vec![];
        assert_eq!(params("/", "/"), Some((none.clone(), String::new())));
        assert_eq!(params("/", "/map"), Some((none.clone(), "map".into())));
        assert_eq!(params("/map", "/map"), Some((none.clone(), String::new())));
        assert_eq!(params("/map", "/map/"), Some((none, String::new())));
        assert_eq!(params("/map", "/maps"), None);
        assert_eq!(params("/persons/:id", "/persons"), None);
        assert_eq!(params("/persons/:id", "/persons/"), None);
        assert_eq!(params("/persons/:id", "/persons/7"), Some((vec!["id=7".into()], String::new())));
        assert_eq!(params("/persons/:id", "/persons/7/edit"), Some((vec!["id=7".into()], "edit".into())));
        let both = vec!["id=7".to_owned(), "action=edit".to_owned()];
        assert_eq!(params("/persons/:id/:action", "/persons/7/edit"), Some((both, String::new())));
    }

    #[test]
    fn no_page_stands_behind_one_that_takes_its_addresses() {
        for (at, page) in pages().enumerate() {
            let address = page.pattern.replace(':', "");
            let first = pages().position(|page| {
                Pattern(page.pattern).test(&address).is_some_and(|found| matches!(found.remaining(), "" | "/"))
            });
            assert_eq!(first, Some(at), "{address}");
        }
    }
}

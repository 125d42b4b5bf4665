//! The cashier's form beside what is open: the debtor chooses bills or none, and before anything is taken the page says
//! how the amount would be divided (§4.10) and what change is due. The arithmetic is the domain's own.

use super::api::payment_take;
use crate::{
    shell::may,
    ui::{
        changing::changing,
        empty_view, error_view,
        field::{Field, bind, coded},
        label::told,
        request::request_id,
        table::cell_view,
        toast,
    },
};
use domain::{
    billing::{
        allocation::{Debt, Share, allocate},
        bill::BillRow,
        payment::{Account, COUNTER_METHODS, PaymentForm},
        run::month_text,
    },
    dictionary::{PaidFirst, PayMethod},
    failure::FieldErrors,
    id::AccountId,
    platform::permission::Permission,
    sheet::Cell,
    value::Money,
};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

/// What the counter knows and what is being entered.
#[derive(Clone, Copy)]
struct Till {
    account: AccountId,
    /// open bills with what is owed for each today, oldest first
    open: StoredValue<Vec<(BillRow, Debt)>>,
    first: PaidFirst,
    form: RwSignal<PaymentForm>,
    errors: RwSignal<FieldErrors>,
    /// somebody wrote the amount himself: it no longer follows the choice
    typed: RwSignal<bool>,
    /// 收到现金
    received: RwSignal<String>,
}

/// How an amount would be divided.
#[derive(Clone, PartialEq)]
struct Division {
    shares: Vec<Share>,
    rest: Money,
}

impl Till {
    /// The debts that are meant: the chosen ones in the order of their choice, or all.
    fn debts(self) -> (Vec<Debt>, bool) {
        let chosen = self.form.with(|form| form.bills.clone());
        self.open.with_value(|open| {
            if chosen.is_empty() {
                return (open.iter().map(|(_, debt)| *debt).collect(), false);
            }
            let of = |bill: &i64| open.iter().find(|(_, debt)| debt.bill == *bill).map(|(_, debt)| *debt);
            (chosen.iter().filter_map(of).collect(), true)
        })
    }

    fn owed(self) -> Money {
        self.debts().0.into_iter().map(Debt::total).sum()
    }

    fn amount(self) -> Option<Money> {
        let amount = self.form.with(|form| Money::parse_yuan(&form.amount));
        amount.ok().filter(|amount| *amount > Money::ZERO)
    }

    fn division(self) -> Option<Division> {
        let amount = self.amount()?;
        let (debts, chosen) = self.debts();
        let (shares, rest) = allocate(amount, &debts, chosen, self.first);
        Some(Division { shares, rest })
    }

    /// Chooses a bill or lets go of it; the amount follows as long as nobody has written one.
    fn toggle(self, bill: i64, wanted: bool) {
        self.form.update(|form| {
            form.bills.retain(|other| *other != bill);
            if wanted {
                form.bills.push(bill);
            }
        });
        if !self.typed.get_untracked() {
            self.follow();
        }
    }

    /// Writes what is owed into the amount.
    fn follow(self) {
        let owed = untrack(|| self.owed());
        self.form.update(|form| form.amount = plain(owed));
        self.typed.set(false);
    }

    fn is_cash(self) -> bool {
        self.form.with(|form| form.method == PayMethod::Cash.code())
    }
}

/// An amount as it is typed: nothing for nothing.
fn plain(amount: Money) -> String {
    if amount > Money::ZERO { amount.to_string().replace(',', "") } else { String::new() }
}

pub(super) fn take_view(account: &Account) -> AnyView {
    let open: Vec<(BillRow, Debt)> = account.bills.iter().cloned().zip(account.debts.iter().copied()).collect();
    let owed: Money = account.debts.iter().map(|debt| debt.total()).sum();
    let till = Till {
        account: account.row.id,
        open: StoredValue::new(open),
        first: account.first,
        form: RwSignal::new(PaymentForm {
            amount: plain(owed),
            method: PayMethod::Cash.code().to_owned(),
            ..PaymentForm::default()
        }),
        errors: RwSignal::new(FieldErrors::default()),
        typed: RwSignal::new(false),
        received: RwSignal::new(String::new()),
    };
    // One per payment: however often the button is pressed, money is taken once.
    Effect::new(move |_| till.form.update(|form| form.request = request_id()));
    let takes = untrack(|| may(Permission::PaymentTake));
    view! {
        <div class=if takes { "counter" } else { "" }>
            {open_bills(till, takes)}
            {takes.then(|| form_view(till))}
        </div>
    }
    .into_any()
}

fn open_bills(till: Till, takes: bool) -> AnyView {
    let rows: Vec<AnyView> =
        till.open.with_value(|open| open.iter().map(|(bill, debt)| open_bill(till, bill, *debt, takes)).collect());
    if rows.is_empty() {
        return view! { <section class="panel"><h2>"未缴账单"</h2>{empty_view("没有未缴账单，可办理预存")}</section> }
            .into_any();
    }
    view! {
        <section class="panel">
            <h2>"未缴账单"</h2>
            {takes.then(|| view! { <p class="page-note">"勾选由缴费人指定的账单；不勾选则按到期先后缴纳。"</p> })}
            <div class="table-scroll" tabindex="0" role="region" aria-label="未缴账单">
                <table class="table table-sm data-table">
                    <thead><tr>
                        {takes.then(|| view! { <th scope="col" class="select-cell"><span class="sr-only">"选择"</span></th> })}
                        <th scope="col">"账单号"</th><th scope="col">"费项"</th><th scope="col" class="desk-only">"账期"</th>
                        <th scope="col" class="desk-only">"到期日"</th><th scope="col" class="figures desk-only">"本金(元)"</th>
                        <th scope="col" class="figures desk-only">"滞纳金(元)"</th><th scope="col" class="figures">"应缴(元)"</th>
                        <th scope="col">"状态"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

fn open_bill(till: Till, bill: &BillRow, debt: Debt, takes: bool) -> AnyView {
    let id = debt.bill;
    let held = move || till.form.with(|form| form.bills.contains(&id));
    let says = format!("选择{} {} {}", told(bill.fee_item), bill.from, bill.bill_no);
    let choice = takes.then(|| {
        view! {
            <td class="select-cell">
                <input type="checkbox" class="checkbox checkbox-sm" name="bills" value=id.to_string() aria-label=says autocomplete="off"
                    prop:checked=held on:change=move |event| till.toggle(id, event_target_checked(&event)) />
            </td>
        }
    });
    view! {
        <tr>
            {choice}
            <td><a class="link link-primary link-hover" href=format!("/billing/bills/{id}")>{bill.bill_no.clone()}</a></td>
            <td>{told(bill.fee_item)}</td>
            <td class="desk-only whitespace-nowrap tabular-nums">{format!("{} 至 {}", bill.from, bill.to)}</td>
            <td class="desk-only whitespace-nowrap tabular-nums">{bill.due_on.to_string()}</td>
            <td class="figures desk-only">{debt.principal.to_string()}</td>
            <td class="figures desk-only">{debt.late_fee.to_string()}</td>
            <td class="figures">{debt.total().to_string()}</td>
            <td>{cell_view(Cell::status(bill.status))}</td>
        </tr>
    }
    .into_any()
}

fn form_view(till: Till) -> impl IntoView {
    let take = Action::new(move |form: &PaymentForm| payment_take(till.account, form.clone()));
    let navigate = use_navigate();
    Effect::new(move |_| match take.value().get() {
        Some(Ok(id)) => {
            toast::tell("收款成功");
            navigate(&format!("/billing/payments/{id}"), Default::default());
        }
        Some(Err(error)) => till.errors.set(error.fields().cloned().unwrap_or_default()),
        None => {}
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if take.pending().get_untracked() {
            return;
        }
        match till.form.with_untracked(PaymentForm::check) {
            Ok(_) => {
                till.errors.set(FieldErrors::default());
                take.dispatch(till.form.get_untracked());
            }
            Err(found) => till.errors.set(found),
        }
    };
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    // Behind a payment that was taken the page is on its way to the receipt.
    let busy = move || !alive.get() || take.pending().get() || matches!(take.value().get(), Some(Ok(_)));
    let refused = move || take.value().get().and_then(Result::err).filter(|error| error.fields().is_none());
    let methods: Vec<PayMethod> = COUNTER_METHODS.to_vec();
    // Drawn anew when the method changes, and not with every letter: nobody loses the field he is in.
    let is_cash = Memo::new(move |_| till.is_cash());
    view! {
        <form class="panel counter-form no-print" aria-label="收款" method="post" on:submit=submit novalidate autocomplete="off">
            <h2>"收款"</h2>
            {amount_field(till).text("money", "最多2位小数")}
            <p class="counter-owed"><span>{changing(move || format!("应缴合计 {} 元", till.owed()))}</span>
                <button type="button" class="btn btn-ghost btn-sm" on:click=move |_| till.follow()>"填入应缴"</button></p>
            {bind(till.form, till.errors, "method", "支付方式", true, |form| &mut form.method).select(coded(methods))}
            {changing(move || if is_cash.get() { cash(till) } else {
                bind(till.form, till.errors, "bank_serial", "交易流水号", true, |form| &mut form.bank_serial).text("text", "刷卡或转账凭单上的流水号")
            })}
            <label class="check-box"><input type="checkbox" class="checkbox checkbox-sm" name="prepay"
                prop:checked=move || till.form.with(|form| form.prepay)
                on:change=move |event| { let wanted = event_target_checked(&event); till.form.update(|form| form.prepay = wanted); } />"转入账户余额（预存）"</label>
            {bind(till.form, till.errors, "remark", "备注", false, |form| &mut form.remark).text("text", "选填")}
            {changing(move || preview(till))}
            {changing(move || refused().map(|error| error_view(&error)))}
            <div class="form-buttons">
                <button type="submit" class="btn btn-primary" disabled=busy>{changing(move || match till.amount() {
                    Some(amount) => format!("收款 {amount} 元"),
                    None => "收款".to_owned(),
                })}</button>
            </div>
        </form>
    }
}

/// The amount, which from the first letter on is the cashier's own.
fn amount_field(till: Till) -> Field {
    let field = bind(till.form, till.errors, "amount", "收款金额(元)", true, |form| &mut form.amount);
    let write = field.set;
    let set = Callback::new(move |text: String| {
        till.typed.set(true);
        write.run(text);
    });
    Field { set, ..field }
}

/// 收到现金 and 找零; nothing of it is sent, for the books know what was taken and not what was handed over.
fn cash(till: Till) -> AnyView {
    let field = Field {
        name: "received",
        label: "收到现金(元)",
        required: false,
        value: till.received.into(),
        set: Callback::new(move |text| till.received.set(text)),
        errors: till.errors,
    };
    let change = move || {
        let received = till.received.with(|text| Money::parse_yuan(text)).ok()?;
        let amount = till.amount()?;
        Some(if received >= amount {
            view! { <p class="counter-change" role="status">"找零 "<b>{(received - amount).to_string()}</b>" 元"</p> }
                .into_any()
        } else {
            view! { <p class="counter-change text-error" role="status">{format!("现金不足，还差 {} 元", amount - received)}</p> }.into_any()
        })
    };
    view! { {field.text("money", "用于计算找零")}{changing(change)} }.into_any()
}

/// How the amount would be divided, bill by bill.
fn preview(till: Till) -> Option<AnyView> {
    let Division { shares, rest } = till.division()?;
    let prepay = till.form.with(|form| form.prepay);
    let line = |share: &Share| {
        till.open.with_value(|open| {
            let (bill, debt) = open.iter().find(|(_, debt)| debt.bill == share.bill)?;
            let left = debt.total() - share.total();
            let late = (share.late_fee > Money::ZERO).then(|| format!("（含滞纳金{}）", share.late_fee));
            let still = (left > Money::ZERO).then(|| format!("，仍欠{left}"));
            Some(view! {
                <li><span>{format!("{} {}", told(bill.fee_item), month_text(bill.from))}</span>
                    <b class="figures">{share.total().to_string()}</b><small>{late}{still}</small></li>
            })
        })
    };
    let lines = shares.iter().filter_map(line).collect_view();
    let kept = (rest > Money::ZERO).then(|| {
        if prepay {
            view! { <li><span>"转入账户余额"</span><b class="figures">{rest.to_string()}</b><small></small></li> }.into_any()
        } else {
            view! { <li class="text-error"><span>"多收"</span><b class="figures">{rest.to_string()}</b><small>"请勾选“转入账户余额”或修改金额"</small></li> }.into_any()
        }
    });
    Some(
        view! { <div class="counter-preview" role="status"><h3>"本次缴纳"</h3><ul>{lines}{kept}</ul></div> }.into_any(),
    )
}

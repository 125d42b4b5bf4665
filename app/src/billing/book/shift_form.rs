//! The two forms of a shift (S4-1.11): 结班 by its cashier, and 确认入账 by an accountant who has seen its cash at the bank.

use super::api::{shift_bank, shift_close};
use crate::{
    ApiError,
    ui::{changing::changing, error_view, field::bind},
};
use domain::{
    billing::shift::{Shift, ShiftBankForm, ShiftCloseForm},
    failure::FieldErrors,
    value::Money,
};
use leptos::prelude::*;

/// What both have in common: checked here for speed, sent, and its refusal shown; `again` after it succeeded.
struct Sent<F: Send + Sync + 'static> {
    form: RwSignal<F>,
    errors: RwSignal<FieldErrors>,
    act: Action<F, Result<(), ApiError>>,
}

impl<F: Clone + Send + Sync + 'static> Sent<F> {
    fn new(form: F, act: Action<F, Result<(), ApiError>>, again: Callback<()>) -> Self {
        let errors = RwSignal::new(FieldErrors::default());
        Effect::new(move |_| match act.value().get() {
            Some(Ok(())) => again.run(()),
            Some(Err(error)) => errors.set(error.fields().cloned().unwrap_or_default()),
            None => {}
        });
        Self { form: RwSignal::new(form), errors, act }
    }

    fn submit<C>(&self, check: C) -> impl Fn(leptos::ev::SubmitEvent) + use<F, C>
    where
        C: Fn(&F) -> Option<FieldErrors> + 'static,
    {
        let (form, errors, act) = (self.form, self.errors, self.act);
        move |event| {
            event.prevent_default();
            match form.with_untracked(&check) {
                None => {
                    errors.set(FieldErrors::default());
                    act.dispatch(form.get_untracked());
                }
                Some(found) => errors.set(found),
            }
        }
    }

    fn end(&self, label: &'static str) -> impl IntoView + use<F> {
        let act = self.act;
        let refused = move || act.value().get().and_then(Result::err).filter(|error| error.fields().is_none());
        view! {
            <div class="col-span-full">{changing(move || refused().map(|error| error_view(&error)))}</div>
            <div class="form-buttons">
                <button type="submit" class="btn btn-primary" disabled=act.pending()>{label}</button>
            </div>
        }
    }
}

pub(super) fn close_form(shift: &Shift, again: Callback<()>) -> impl IntoView + use<> {
    let (id, version, system) = (shift.row.id, shift.row.version, shift.row.system_cash);
    let act = Action::new(move |form: &ShiftCloseForm| shift_close(id, version, form.clone()));
    let sent = Sent::new(ShiftCloseForm::default(), act, again);
    let (form, errors) = (sent.form, sent.errors);
    let submit = sent.submit(move |form| form.check(system).err());
    view! {
        <section class="panel no-print">
            <h2>"结班"</h2>
            <form class="form-grid" on:submit=submit novalidate autocomplete="off">
                {bind(form, errors, "counted_cash", "实点现金(元)", true, |form| &mut form.counted_cash).text("money", "含备用金")}
                {bind(form, errors, "explanation", "差额说明", false, |form| &mut form.explanation).text("text", "有差额时必填")}
                {sent.end("结班")}
            </form>
        </section>
    }
}

/// Filled with what was to be handed in, which the slip should say.
pub(super) fn bank_form(shift: &Shift, again: Callback<()>) -> impl IntoView + use<> {
    let (id, version, due) = (shift.row.id, shift.row.version, shift.row.due());
    let act = Action::new(move |form: &ShiftBankForm| shift_bank(id, version, form.clone()));
    let offered = ShiftBankForm { amount: plain(due), ..ShiftBankForm::default() };
    let sent = Sent::new(offered, act, again);
    let (form, errors) = (sent.form, sent.errors);
    let submit = sent.submit(move |form| form.check(due).err());
    view! {
        <section class="panel no-print">
            <h2>"确认入账"</h2>
            <p class="page-note">{format!("请与银行回单核对金额。应交现金{due}元；确认后库存现金转入银行存款，差额记入待处理现金长短款。")}</p>
            <form class="form-grid" on:submit=submit novalidate autocomplete="off">
                {bind(form, errors, "amount", "银行入账金额(元)", true, |form| &mut form.amount).text("money", "以银行回单为准")}
                {bind(form, errors, "note", "入账说明", false, |form| &mut form.note).text("text", "金额不符时必填")}
                {sent.end("确认入账")}
            </form>
        </section>
    }
}

/// An amount as it is typed.
fn plain(amount: Money) -> String {
    amount.to_string().replace(',', "")
}

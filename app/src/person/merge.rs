//! Two records of one human, side by side: which goes on, and what it takes from the other.

use super::api::{person_get, person_likely, person_merge};
use crate::{
    ApiError,
    ui::{
        PageHead, changing::changing, empty_view, error_view, field::bind, label::label_book, loading_view,
        person_picker::person_picker, resource::resource,
    },
};
use domain::{
    failure::FieldErrors,
    id::PersonId,
    person::{
        Person, REASON_MAX,
        merge::{Likely, LikelyPerson, MergeField, MergeForm, reason_check},
        sheet::PERSON_LIST,
    },
};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

pub fn likely_view() -> AnyView {
    let likely = resource(|| (), |()| person_likely());
    view! {
        <main class="page">
            <PageHead title="重复人员" back=(PERSON_LIST.path.to_owned(), PERSON_LIST.noun.to_owned()) />
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match likely.await {
                        Ok(likely) if likely.is_empty() => empty_view("没有疑似重复的人员"),
                        Ok(likely) => pairs_view(likely),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
            {choose_view()}
        </main>
    }
    .into_any()
}

/// Two ids, as they are picked.
#[derive(Clone, Default)]
struct Chosen {
    one: String,
    other: String,
}

/// Two records that somebody knows to be one human, whatever the numbers say.
fn choose_view() -> AnyView {
    let form = RwSignal::new(Chosen::default());
    let errors = RwSignal::new(FieldErrors::default());
    let navigate = use_navigate();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Chosen { one, other } = form.get_untracked();
        let mut found = FieldErrors::default();
        for (name, id) in [("one", &one), ("other", &other)] {
            if id.is_empty() {
                found.add(name, "请选择人员");
            }
        }
        if found.is_empty() && one == other {
            found.add("other", "请选择两条不同的记录");
        }
        let clean = found.is_empty();
        errors.set(found);
        if clean {
            navigate(&format!("/persons/duplicates/{one}/{other}"), Default::default());
        }
    };
    view! {
        <form class="panel form-grid" aria-labelledby="choose-title" on:submit=submit novalidate autocomplete="off">
            <h2 id="choose-title" class="form-title">"自行选择两条记录"</h2>
            {person_picker(bind(form, errors, "one", "人员", true, |form| &mut form.one), None)}
            {person_picker(bind(form, errors, "other", "另一条记录", true, |form| &mut form.other), None)}
            <div class="form-buttons"><button type="submit" class="btn btn-outline">"对比"</button></div>
        </form>
    }
    .into_any()
}

fn pairs_view(likely: Vec<Likely>) -> AnyView {
    let lines = likely
        .into_iter()
        .map(|Likely { likeness, pair: [a, b] }| {
            let href = format!("/persons/duplicates/{}/{}", a.id, b.id);
            view! {
                <tr>
                    <td>{likeness.label()}</td>
                    <td>{person_cell(a)}</td>
                    <td>{person_cell(b)}</td>
                    <td><a class="btn btn-outline btn-sm" href=href>"对比"</a></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="card-table">
            <div class="table-scroll" tabindex="0" role="region" aria-label="疑似重复的人员">
                <table class="table table-sm data-table">
                    <thead><tr><th scope="col">"依据"</th><th scope="col">"先登记"</th><th scope="col">"后登记"</th><th scope="col">"操作"</th></tr></thead>
                    <tbody>{lines}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

fn person_cell(person: LikelyPerson) -> impl IntoView {
    view! {
        <a class="link link-primary link-hover" href=format!("/persons/{}", person.id)>{person.name}</a>
        <span class="block text-sm tabular-nums opacity-80">{format!("{} {}", person.id_type, person.id_number)}</span>
        <span class="block text-sm tabular-nums opacity-80">{format!("{} · {}", person.phone, person.organization)}</span>
    }
}

pub fn pair_view(a: i64, b: i64) -> AnyView {
    let pair = resource(
        move || (a, b),
        |(a, b)| async move { Ok::<_, ApiError>((person_get(PersonId(a)).await?, person_get(PersonId(b)).await?)) },
    );
    view! {
        <main class="page">
            <PageHead title="合并人员" back=("/persons/duplicates".to_owned(), "重复人员".to_owned()) />
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match pair.await {
                        Ok((a, b)) if a.id == b.id => {
                            drop((a, b));
                            empty_view("请选择两条不同的记录")
                        }
                        Ok((a, b)) if a.merged_into.is_some() || b.merged_into.is_some() => {
                            empty_view("其中一条记录已合并，请返回重复人员列表")
                        }
                        Ok((a, b)) => compare_view([a, b]),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

/// Field by field: which of the two is right. A field in which both say the same asks nothing.
fn compare_view(pair: [Person; 2]) -> AnyView {
    let survivor = RwSignal::new(0_usize);
    let reason = RwSignal::new(String::new());
    let complaint = RwSignal::new(None::<String>);
    // Of every field: which record it comes from. What one record does not say comes from the other.
    let book = label_book();
    let start: Vec<usize> = MergeField::ALL
        .into_iter()
        .map(|field| usize::from(field.text(&pair[0], &book).is_empty() && !field.text(&pair[1], &book).is_empty()))
        .collect();
    let chosen = RwSignal::new(start);
    let known = pair.each_ref().map(|person| (person.id.0, person.version));
    let merge = Action::new(|form: &MergeForm| {
        let form = form.clone();
        async move { person_merge(form).await }
    });
    let navigate = use_navigate();
    Effect::new(move |_| match merge.value().get() {
        Some(Ok(id)) => navigate(&format!("/persons/{id}"), Default::default()),
        Some(Err(error)) => {
            let field = error.fields().and_then(|fields| fields.get("reason").map(ToOwned::to_owned));
            complaint.set(Some(field.unwrap_or_else(|| error.to_string())));
        }
        None => {}
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (stays, goes) = (survivor.get_untracked(), 1 - survivor.get_untracked());
        if let Err(errors) = reason_check(&reason.get_untracked()) {
            complaint.set(errors.get("reason").map(ToOwned::to_owned));
            return;
        }
        complaint.set(None);
        let taken = chosen.with_untracked(|chosen| {
            MergeField::ALL.into_iter().zip(chosen).filter(|(_, from)| **from == goes).map(|(field, _)| field).collect()
        });
        merge.dispatch(MergeForm {
            survivor: known[stays].0,
            survivor_version: known[stays].1,
            merged: known[goes].0,
            merged_version: known[goes].1,
            taken,
            reason: reason.get_untracked(),
        });
    };
    let heads = [0, 1].map(|side| head_cell(&pair[side], side, survivor));
    let lines = MergeField::ALL
        .into_iter()
        .enumerate()
        .map(|(place, field)| field_line(place, field, &pair, chosen))
        .collect_view();
    view! {
        <form class="flex flex-col gap-4" on:submit=submit>
            <section class="card-table">
                <div class="table-scroll" tabindex="0" role="region" aria-label="逐项对比">
                    <table class="table table-sm data-table">
                        <thead><tr><th scope="col">"字段"</th>{heads}</tr></thead>
                        <tbody>{lines}</tbody>
                    </table>
                </div>
            </section>
            <section class="panel flex max-w-2xl flex-col gap-3">
                <p class="text-sm">"合并后保留一条记录；另一条关闭并指向它，两条记录的号码都能查到保留的人员。此操作记入操作日志，不能撤销。"</p>
                <div class="form-field" class:has-error=move || complaint.get().is_some()>
                    <label for="merge-reason">"合并原因"<span class="required" aria-hidden="true">"*"</span></label>
                    <input id="merge-reason" class="input" required maxlength=REASON_MAX autocomplete="off" placeholder="如 同一人两次登记，已核对证件原件"
                        aria-describedby="merge-reason-error" prop:value=reason on:input=move |event| reason.set(event_target_value(&event)) />
                    <p class="field-error" id="merge-reason-error" role="alert">{changing(move || complaint.get())}</p>
                </div>
                <div class="form-buttons">
                    <button type="submit" class="btn btn-primary" disabled=merge.pending()>"确认合并"</button>
                    <a class="btn btn-ghost" href="/persons/duplicates">"取消"</a>
                </div>
            </section>
        </form>
    }
    .into_any()
}

fn head_cell(person: &Person, side: usize, survivor: RwSignal<usize>) -> impl IntoView + use<> {
    let title = format!("{} {}", person.name, person.id_number);
    view! {
        <th scope="col">
            <a class="link link-hover" href=format!("/persons/{}", person.id)>{title}</a>
            <span class="block font-normal opacity-80">{person.organization.clone()}</span>
            <label class="flex items-center gap-2 font-normal">
                <input type="radio" class="radio radio-sm" name="survivor" prop:checked=move || survivor.get() == side checked=side == 0
                    on:change=move |_| survivor.set(side) />
                "保留此记录"
            </label>
        </th>
    }
}

fn field_line(
    place: usize,
    field: MergeField,
    pair: &[Person; 2],
    chosen: RwSignal<Vec<usize>>,
) -> impl IntoView + use<> {
    let texts = pair.each_ref().map(|person| field.text(person, &label_book()));
    let same = texts[0] == texts[1];
    let start = chosen.with_untracked(|chosen| chosen[place]);
    let cells = [0, 1].map(|side| {
        let text = if texts[side].is_empty() { "—".to_owned() } else { texts[side].clone() };
        let choice = (!same).then(|| {
            view! {
                <input type="radio" class="radio radio-sm" name=format!("field-{place}") aria-label=format!("{}取自第{}条", field.label(), side + 1)
                    checked=start == side prop:checked=move || chosen.with(|chosen| chosen[place] == side)
                    on:change=move |_| chosen.update(|chosen| chosen[place] = side) />
            }
        });
        view! { <td><span class="flex items-center gap-2">{choice}<span class="tabular-nums">{text}</span></span></td> }
    });
    view! { <tr class=("font-medium", !same)><th scope="row">{field.label()}</th>{cells}</tr> }
}

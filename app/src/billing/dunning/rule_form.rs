//! 编制催缴规则: where and from when it holds, and its lines, which begin as S0-19 proposes them.

use super::api::{rule_set_create, rule_set_places};
use crate::{
    shell::use_frame,
    ui::{
        PageHead, error_view,
        field::coded,
        form::{Deeds, Edit, use_edit},
        loading_view,
        resource::resource,
    },
};
use chrono::NaiveDate;
use domain::{
    billing::{
        dunning::{Anchor, DunningWay, RULES_MAX, RuleForm, RuleSetForm},
        dunning_sheet::RULE_SET_LIST,
        sms::SmsKind,
    },
    dictionary::Item,
    failure::FieldErrors,
    housing::choice::Choice,
};
use leptos::prelude::*;
use std::sync::Arc;

pub(super) fn new_view() -> AnyView {
    let places = resource(|| (), |()| rule_set_places());
    view! {
        <main class="page">
            <PageHead title="编制催缴规则" back=(RULE_SET_LIST.path.to_owned(), RULE_SET_LIST.noun.to_owned()) />
            <Suspense fallback=loading_view>
                {move || Suspend::new(async move {
                    match places.await {
                        Ok(places) => form_view(places).into_any(),
                        Err(error) => error_view(&error),
                    }
                })}
            </Suspense>
        </main>
    }
    .into_any()
}

fn form_view((city, districts): (bool, Vec<Choice>)) -> impl IntoView {
    let today = use_frame().with_untracked(|frame| frame.day.parse::<NaiveDate>().unwrap_or_default());
    let deeds = Deeds {
        check: Box::new(move |form: &RuleSetForm| form.check(today).map(drop)),
        save: Arc::new(|form, _| {
            Box::pin(async move { rule_set_create(form).await.map(|id| format!("{}/{id}", RULE_SET_LIST.path)) })
        }),
        reload: None,
    };
    let district = match districts.as_slice() {
        [only] if !city => only.id.to_string(),
        _ => String::new(),
    };
    let edit = use_edit(RuleSetForm { district, content: "OWN".into(), ..RuleSetForm::proposal() }, None, deeds);
    let mut options: Vec<(String, String)> =
        districts.into_iter().map(|choice| (choice.id.to_string(), choice.label)).collect();
    let hint = if city { "不选区县即适用全市" } else { "适用本区县" };
    options.sort();
    let fields = view! {
        <p class="form-note">{hint}"；区县有自己的规则时，以区县的为准。没有规则的一组，生效后停止催缴；不再另设规则的区县，规则内容选“沿用全市规则”。"</p>
        {edit.select("district", "区县", !city, |form| &mut form.district, options)}
        {edit.text("valid_from", "生效日期", true, |form| &mut form.valid_from, ("date", ""))}
        {edit.text("reason", "说明", true, |form| &mut form.reason, ("text", "如依据的文件，200字以内"))}
        {edit.select("content", "规则内容", false, |form| &mut form.content, coded(vec![("OWN", "自行设定"), (RuleSetForm::CITY, "沿用全市规则")]))}
        {move || edit.form.with(|form| form.content != RuleSetForm::CITY).then(|| lines_view(edit))}
    };
    view! {
        <p class="page-note">"保存为草稿后可以试算，提交后由他人复核发布。"</p>
        {edit.view(fields, RULE_SET_LIST.path.to_owned())}
    }
}

fn lines_view(edit: Edit<RuleSetForm>) -> AnyView {
    let count = Memo::new(move |_| edit.form.with(|form| form.rules.len()));
    let lines = move || (0..count.get()).map(|place| line_view(edit, place)).collect_view();
    let add = move |_| {
        edit.form.update(|form| {
            let (anchor, way) = (Anchor::Due.code().to_owned(), DunningWay::Sms.code().to_owned());
            form.rules.push(RuleForm {
                anchor,
                way,
                template: SmsKind::Overdue.code().to_owned(),
                days: String::new(),
            });
        });
    };
    let full = move || count.get() >= RULES_MAX;
    let complaint = move || edit.errors.with(|errors| errors.get("rules").map(ToOwned::to_owned));
    view! {
        <h2 class="form-section">"规则明细"</h2>
        <div class="table-scroll form-wide" tabindex="0" role="region" aria-label="规则明细">
            <table class="table table-sm">
                <thead><tr>
                    <th scope="col">"起点"</th><th scope="col">"天数"</th><th scope="col">"方式"</th><th scope="col">"短信模板"</th><th scope="col">"操作"</th>
                </tr></thead>
                <tbody>{lines}</tbody>
            </table>
        </div>
        <div class="form-note">
            <p>"天数：应缴日前为负数，当天为0；按欠费等级催缴的填0。"</p>
            <button type="button" class="btn btn-outline btn-sm" disabled=full on:click=add>"添加规则"</button>
            <p class="field-error" role="alert">{complaint}</p>
        </div>
    }
    .into_any()
}

fn options(items: Vec<Item>, chosen: impl Fn() -> String + Clone + Send + Sync + 'static) -> AnyView {
    coded(items)
        .all()
        .into_iter()
        .map(|(code, label)| {
            let (own, chosen) = (code.clone(), chosen.clone());
            view! { <option value=code selected=move || chosen() == own>{label}</option> }
        })
        .collect_view()
        .into_any()
}

fn line_view(edit: Edit<RuleSetForm>, place: usize) -> impl IntoView {
    let number = place + 1;
    let text = move |read: fn(&RuleForm) -> &String| {
        move || edit.form.with(|form| form.rules.get(place).map(|line| read(line).clone()).unwrap_or_default())
    };
    let write = move |text: fn(&mut RuleForm) -> &mut String, value: String| {
        edit.form.update(|form| {
            if let Some(line) = form.rules.get_mut(place) {
                *text(line) = value;
            }
        });
    };
    let remove = move |_| {
        edit.errors.set(FieldErrors::default());
        edit.form.update(|form| {
            if place < form.rules.len() {
                form.rules.remove(place);
            }
        });
    };
    let (anchor, days) = (text(|line| &line.anchor), text(|line| &line.days));
    let (way, template) = (text(|line| &line.way), text(|line| &line.template));
    let sends = move || way() == DunningWay::Sms.code();
    let templates = SmsKind::choices();
    view! {
        <tr>
            <td><select class="select select-sm" name=format!("rule-{number}-anchor") aria-label=format!("第{number}条起点") prop:value=anchor on:change=move |event| write(|line| &mut line.anchor, event_target_value(&event))>{options(Anchor::choices(), anchor)}</select></td>
            <td><input type="text" inputmode="numeric" class="input input-sm w-20" name=format!("rule-{number}-days") aria-label=format!("第{number}条天数") prop:value=days on:input=move |event| write(|line| &mut line.days, event_target_value(&event)) /></td>
            <td><select class="select select-sm" name=format!("rule-{number}-way") aria-label=format!("第{number}条方式") prop:value=way on:change=move |event| write(|line| &mut line.way, event_target_value(&event))>{options(DunningWay::choices(), way)}</select></td>
            <td><select class="select select-sm" name=format!("rule-{number}-template") aria-label=format!("第{number}条短信模板") disabled=move || !sends() prop:value=template on:change=move |event| write(|line| &mut line.template, event_target_value(&event))>{options(templates, template)}</select></td>
            <td><button type="button" class="btn btn-ghost btn-xs" aria-label=format!("移除第{number}条") on:click=remove>"移除"</button></td>
        </tr>
    }
}

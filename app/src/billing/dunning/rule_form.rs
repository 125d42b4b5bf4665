//! 编制催缴规则: where and from when it holds, and its lines, which begin as S0-19 proposes them.

use super::api::{rule_set_create, rule_set_places};
use crate::{
    shell::today,
    ui::{
        PageHead,
        changing::changing,
        error_view,
        field::coded,
        form::{Deeds, use_edit},
        label::told,
        lines::{LineCell, LineKind, Lines, always},
        loading_view,
        resource::resource,
    },
};
use domain::{
    billing::{
        dunning::{Anchor, DunningWay, RULES_MAX, RuleForm, RuleSetForm},
        dunning_sheet::RULE_SET_LIST,
        sms::SmsKind,
    },
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
                {changing(move || Suspend::new(async move {
                    match places.await {
                        Ok(places) => form_view(places).into_any(),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn form_view((city, districts): (bool, Vec<Choice>)) -> impl IntoView {
    let today = today();
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
        {changing(move || edit.form.with(|form| form.content != RuleSetForm::CITY).then(|| RULES.view(edit)))}
    };
    view! {
        <p class="page-note">"保存为草稿后可以试算，提交后由他人复核发布。"</p>
        {edit.view(fields, RULE_SET_LIST.path.to_owned())}
    }
}

static RULES: Lines<RuleSetForm, RuleForm> = Lines {
    field: "rules",
    title: "规则明细",
    line: "rule",
    unit: "条",
    most: RULES_MAX,
    read: |form| &form.rules,
    write: |form| &mut form.rules,
    blank: || RuleForm {
        anchor: Anchor::Due.code().to_owned(),
        way: DunningWay::Sms.code().to_owned(),
        template: SmsKind::Overdue.code().to_owned(),
        days: String::new(),
    },
    add: "添加规则",
    hint: "天数：应缴日前为负数，当天为0；按欠费等级催缴的填0。",
    told: |line| {
        let (anchor, way) = (Anchor::from_code(&line.anchor), DunningWay::from_code(&line.way));
        format!("{}{}天{}", anchor.map(told).unwrap_or_default(), line.days, way.map(told).unwrap_or_default())
    },
    cells: CELLS,
};

#[rustfmt::skip] // a table: one line per cell
const CELLS: &[LineCell<RuleForm>] = &[
    LineCell { header: "起点", name: "anchor", says: "起点", kind: LineKind::Choice(Anchor::choices), class: "min-w-32", text: |line| &mut line.anchor, off: always },
    LineCell { header: "天数", name: "days", says: "天数", kind: LineKind::Count, class: "w-20", text: |line| &mut line.days, off: always },
    LineCell { header: "方式", name: "way", says: "方式", kind: LineKind::Choice(DunningWay::by_rule), class: "min-w-24", text: |line| &mut line.way, off: always },
    LineCell { header: "短信模板", name: "template", says: "短信模板", kind: LineKind::Choice(SmsKind::of_rules), class: "min-w-32", text: |line| &mut line.template, off: |line| DunningWay::from_code(&line.way).is_none_or(|way| way.channel().is_none()) },
];

//! The fields of a household, and its members: looked for, taken over with what they are to the head, and listed below.

use crate::ui::{
    changing::changing,
    combo::Pick,
    field::{Field, coded},
    form::Edit,
    icon,
    label::told,
    person_picker::person_picker_heard,
};
use domain::{
    dictionary::{ApplicantCategory, Relation, SpecialTag},
    person::household::{HouseholdForm, MemberForm, income_per_head},
    value::Money,
};
use leptos::prelude::*;

type Form = Edit<HouseholdForm>;

/// What people call those whom the form names, by id.
pub(super) type Names = StoredValue<Vec<(String, String)>>;

fn name_of(names: Names, id: &str) -> String {
    let found =
        names.with_value(|names| names.iter().rev().find(|(known, _)| known == id).map(|(_, name)| name.clone()));
    found.unwrap_or_else(|| id.to_owned())
}

/// All fields; `head` is what people call the one who is there already.
pub(super) fn fields(edit: Form, head: Option<String>, members: (Names, RwSignal<bool>)) -> AnyView {
    let names = members.0;
    let heard = Callback::new(move |pick: Pick| names.update_value(|names| names.push((pick.code, pick.label))));
    let tags = coded(SpecialTag::choices()).all();
    // As far as it can be read while one types.
    let share = move || {
        edit.form.with(|form| {
            let annual = Money::parse_yuan(&form.annual_income).ok().filter(|annual| *annual >= Money::ZERO)?;
            Some(income_per_head(annual, i32::try_from(form.members.len() + 1).ok()?).to_string())
        })
    };
    let share = move || share().unwrap_or_else(|| "—".to_owned());
    let size = move || edit.form.with(|form| (form.members.len() + 1).to_string());
    view! {
        {person_picker_heard(edit.field("head", "户主", true, |form| &mut form.head, move |id| name_of(names, id)), head, heard)}
        {edit.select("category", "保障类别", true, |form| &mut form.category, coded(ApplicantCategory::choices()))}
        {edit.text("annual_income", "家庭年收入(元)", true, |form| &mut form.annual_income, ("money", "没有收入填0"))}
        {edit.text("assets", "家庭财产(元)", false, |form| &mut form.assets, ("money", "最多2位小数"))}
        {edit.text("area_per_head", "人均住房面积(㎡)", false, |form| &mut form.area_per_head, ("text", "无房填0"))}
        {edit.text("remark", "备注", false, |form| &mut form.remark, ("text", ""))}
        <div class="form-field">
            <label for="size">"家庭人口"</label>
            <input id="size" type="text" class="input figures" readonly prop:value=size value=size />
        </div>
        <div class="form-field">
            <label for="income_per_head">"人均月收入(元)"</label>
            <input id="income_per_head" type="text" class="input figures" readonly prop:value=share value=share aria-describedby="income_per_head-note" />
            <p class="text-xs opacity-80" id="income_per_head-note">"年收入除以12个月和家庭人口，自动计算"</p>
        </div>
        {edit.checks("special_tags", "优先情形", false, |form| &mut form.special_tags, tags)}
        {members_view(edit, names, members.1)}
    }
    .into_any()
}

fn members_view(edit: Form, names: Names, pending: RwSignal<bool>) -> AnyView {
    edit.note("家庭成员", move |form| {
        let told =
            |member: &MemberForm| format!("{}（{}）", name_of(names, &member.person), relation_text(&member.relation));
        form.members.iter().map(told).collect::<Vec<_>>().join("、")
    });
    let person = RwSignal::new(String::new());
    let relation = RwSignal::new(String::new());
    Effect::new(move |_| pending.set(person.with(|person| !person.is_empty())));
    let field = |name, label, value: RwSignal<String>| Field {
        name,
        label,
        required: false,
        value: value.into(),
        set: Callback::new(move |text| value.set(text)),
        errors: edit.errors,
    };
    let picked = Callback::new(move |pick: Pick| names.update_value(|names| names.push((pick.code, pick.label))));
    let relations: Vec<_> =
        coded(Relation::choices()).all().into_iter().filter(|(code, _)| code != Relation::Oneself.code()).collect();
    let add = move |_| {
        let member = MemberForm { person: person.get_untracked(), relation: relation.get_untracked() };
        let complaint = complaint(edit, &member);
        edit.errors.update(|errors| {
            for field in ["member", "relation", "members"] {
                errors.0.remove(field);
            }
            if let Some((field, sentence)) = complaint {
                errors.add(field, sentence);
            }
        });
        if complaint.is_none() {
            edit.form.update(|form| form.members.push(member));
            person.set(String::new());
            relation.set(String::new());
        }
    };
    let about_members = move || edit.errors.with(|errors| errors.get("members").map(ToOwned::to_owned));
    view! {
        <h2 class="form-section">"家庭成员"</h2>
        {person_picker_heard(field("member", "成员", person), None, picked)}
        {field("relation", "与户主关系", relation).select(relations)}
        <div class="form-field">
            <span aria-hidden="true">"\u{a0}"</span>
            <button type="button" class="btn btn-outline" on:click=add>{icon("add")}"添加成员"</button>
        </div>
        <p class="field-error form-title" role="alert">{changing(about_members)}</p>
        {changing(move || {
            let rows = edit.form.with(|form| form.members.clone());
            (!rows.is_empty()).then(|| members_table(edit, rows, names))
        })}
    }
    .into_any()
}

/// What is wrong with somebody who is to be added, before the form as a whole is judged.
fn complaint(edit: Form, member: &MemberForm) -> Option<(&'static str, &'static str)> {
    let spouse = member.relation == Relation::Spouse.code();
    edit.form.with_untracked(|form| {
        if member.person.is_empty() {
            Some(("member", "请选择家庭成员"))
        } else if member.relation.is_empty() {
            Some(("relation", "请选择与户主关系"))
        } else if form.head == member.person || form.members.iter().any(|known| known.person == member.person) {
            Some(("member", "家庭成员不能重复，也不能是户主本人"))
        } else if spouse && form.members.iter().any(|known| known.relation == member.relation) {
            Some(("relation", "配偶只能有一人"))
        } else {
            None
        }
    })
}

fn relation_text(code: &str) -> String {
    Relation::from_code(code).map(told).unwrap_or_default()
}

fn members_table(edit: Form, rows: Vec<MemberForm>, names: Names) -> AnyView {
    let lines = rows
        .into_iter()
        .map(|member| {
            let name = name_of(names, &member.person);
            let says = format!("移除{name}");
            // So that leaving the form notices who was added and who was taken away.
            let held = format!("{}.{}", member.person, member.relation);
            let relation = relation_text(&member.relation);
            let remove = move |_| {
                edit.form.update(|form| form.members.retain(|other| other.person != member.person));
            };
            view! {
                <tr>
                    <td>{name}<input type="hidden" name="members" value=held /></td>
                    <td>{relation}</td>
                    <td><button type="button" class="btn btn-ghost btn-xs" aria-label=says on:click=remove>"移除"</button></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-scroll form-wide" tabindex="0" role="region" aria-label="家庭成员">
            <table class="table table-sm">
                <thead><tr><th scope="col">"姓名"</th><th scope="col">"与户主关系"</th><th scope="col">"操作"</th></tr></thead>
                <tbody>{lines}</tbody>
            </table>
        </div>
    }
    .into_any()
}

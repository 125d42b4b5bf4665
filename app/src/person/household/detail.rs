//! The record of a household: its members, what they have, and what was changed.

use super::api::{household_close, household_get};
use crate::{
    shell::may,
    ui::{
        PageHead,
        changing::{awaited, changing},
        deed::{Deed, deed},
        detail::{field_group, text_cell, use_id},
        icon,
        label::told,
        print_button,
        resource::resource,
        table::time_text,
    },
};
use domain::{
    id::HouseholdId,
    person::household::{HOUSEHOLD_LIST, Household, HouseholdLine, Member},
    platform::permission::Permission,
    sheet::{Cell, cell_or_empty},
};
use leptos::prelude::*;

const CLOSE: Deed = Deed {
    label: "销户",
    class: "btn btn-outline btn-sm",
    question: "销户后全体成员退出该家庭，可登记到其他家庭；记录保留，不能恢复。",
    word: Some(("reason", "销户原因")),
};

pub(super) fn detail_view() -> AnyView {
    let id = use_id();
    let household = resource(move || id.get(), |id| household_get(HouseholdId(id)));
    let again = Callback::new(move |()| household.refetch());
    view! {
        <main class="page">
            {awaited(household, move |household| record_view(&household, again))}
        </main>
    }
    .into_any()
}

fn record_view(household: &Household, again: Callback<()>) -> AnyView {
    let (row, version) = (&household.row, household.version);
    let (id, open) = (row.id, row.closed_on.is_none());
    let tags: Vec<_> = household.special_tags.iter().map(|tag| told(*tag)).collect();
    view! {
        <PageHead title=format!("{}的家庭", row.head) back=(HOUSEHOLD_LIST.path.to_owned(), HOUSEHOLD_LIST.noun.to_owned())>
            {print_button()}
            {changing(move || (open && may(Permission::HouseholdWrite)).then(|| view! {
                <a class="btn btn-primary btn-sm" href=format!("{}/{id}/edit", HOUSEHOLD_LIST.path)>{icon("edit")}"变更"</a>
            }))}
        </PageHead>
        {household.closed_reason.clone().zip(row.closed_on).map(|(reason, day)| view! {
            <p role="status" class="alert alert-warning alert-soft">{format!("该家庭已于{day}销户：{reason}")}</p>
        })}
        {field_group("基本信息", vec![
            ("家庭编号", Cell::text(&row.household_no)),
            ("户主", Cell::link(&row.head, format!("/persons/{}", row.head_id))),
            ("家庭人口", Cell::Number(row.size.into())),
            ("保障类别", Cell::coded(row.category)),
            ("优先情形", Cell::text(&tags.join("、"))),
            ("家庭年收入(元)", Cell::Money(row.annual_income)),
            ("人均月收入(元)", Cell::Money(row.income_per_head())),
            ("家庭财产(元)", cell_or_empty(household.assets, Cell::Money)),
            ("人均住房面积(㎡)", cell_or_empty(row.area_per_head, Cell::Area)),
            ("所属机构", Cell::text(&row.organization)),
            ("备注", text_cell(household.remark.as_ref())),
            ("登记时间", Cell::Time(household.created_at)),
            ("更新时间", Cell::Time(row.updated_at)),
            ("更新人", text_cell(household.updated_by.as_ref())),
        ])}
        {members_view(&household.members)}
        {changing(move || (open && may(Permission::HouseholdWrite)).then(|| view! {
            <section class="panel"><h2>"办理"</h2><div class="deed-row">
                {deed(CLOSE, move |reason| household_close(id, version, reason), move |()| again.run(()))}
            </div></section>
        }))}
        {history_view(&household.history)}
    }
    .into_any()
}

fn members_view(members: &[Member]) -> impl IntoView + use<> {
    let lines = members
        .iter()
        .map(|member| {
            let left = member.left_on.map_or_else(|| "—".to_owned(), |day| day.to_string());
            view! {
                <tr>
                    <td><a class="link link-primary link-hover" href=format!("/persons/{}", member.person_id)>{member.name.clone()}</a></td>
                    <td>{told(member.relation)}</td>
                    <td class="tabular-nums">{member.id_number.clone()}</td>
                    <td class="whitespace-nowrap tabular-nums">{member.joined_on.to_string()}</td>
                    <td class="whitespace-nowrap tabular-nums">{left}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="panel">
            <h2>"家庭成员"</h2>
            <div class="table-scroll" tabindex="0" role="region" aria-label="家庭成员">
                <table class="table table-sm">
                    <thead><tr><th scope="col">"姓名"</th><th scope="col">"与户主关系"</th><th scope="col">"证件号"</th><th scope="col">"加入日期"</th><th scope="col">"退出日期"</th></tr></thead>
                    <tbody>{lines}</tbody>
                </table>
            </div>
        </section>
    }
}

fn history_view(history: &[HouseholdLine]) -> impl IntoView + use<> {
    let lines = history
        .iter()
        .map(|line| {
            let said = |text: &str| if text.is_empty() { "（空）".to_owned() } else { text.to_owned() };
            let changes = line
                .changes
                .iter()
                .map(|change| view! { <p>{format!("{}：{} → {}", change.field, said(&change.before), said(&change.after))}</p> })
                .collect_view();
            view! {
                <tr>
                    <td class="whitespace-nowrap tabular-nums">{time_text(line.at)}</td>
                    <td>{line.event.clone()}</td>
                    <td>{line.actor.clone()}</td>
                    <td>{line.reason.clone()}{changes}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="panel">
            <h2>"变更记录"</h2>
            <div class="table-scroll" tabindex="0" role="region" aria-label="变更记录">
                <table class="table table-sm">
                    <thead><tr><th scope="col">"时间"</th><th scope="col">"事项"</th><th scope="col">"操作人"</th><th scope="col">"内容"</th></tr></thead>
                    <tbody>{lines}</tbody>
                </table>
            </div>
        </section>
    }
}

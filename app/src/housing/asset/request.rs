//! Asking for a change or a disposal of a card.

use super::api::{asset_master_get, asset_master_request, asset_sub_get, asset_sub_request};
use crate::ui::{
    PageHead,
    changing::changing,
    detail::use_id,
    error_view,
    field::{bind, coded, fixed},
    loading_view,
    resource::resource,
};
use domain::{
    dictionary::AssetUse,
    failure::FieldErrors,
    housing::asset_change::{AssetChangeForm, ChangeKind, ChangeValues},
    id::{AssetMasterId, AssetSubId},
};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

/// The card that is meant, as it was read.
#[derive(Clone)]
struct Subject {
    master: Option<AssetMasterId>,
    sub: Option<AssetSubId>,
    version: i32,
    name: String,
    values: ChangeValues,
}

impl Subject {
    fn path(&self) -> String {
        match (self.master, self.sub) {
            (_, Some(sub)) => format!("/assets/subs/{sub}"),
            (Some(master), None) => format!("/assets/masters/{master}"),
            (None, None) => "/assets/masters".to_owned(),
        }
    }
}

pub(super) fn master_view(dispose: bool) -> AnyView {
    let id = use_id();
    let card = resource(move || id.get(), |id| asset_master_get(AssetMasterId(id)));
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match card.await {
                        Ok(card) => form_view(
                            Subject {
                                master: Some(card.id),
                                sub: None,
                                version: card.version,
                                name: format!("{} {}", card.card_no, card.asset_name),
                                values: ChangeValues {
                                    original: card.original,
                                    fiscal_part: card.fiscal_part,
                                    area: card.total_area,
                                    use_status: card.use_status,
                                },
                            },
                            dispose,
                        )
                        .into_any(),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

pub(super) fn sub_view(dispose: bool) -> AnyView {
    let id = use_id();
    let card = resource(move || id.get(), |id| asset_sub_get(AssetSubId(id)));
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match card.await {
                        Ok(card) => form_view(
                            Subject {
                                master: None,
                                sub: Some(card.id),
                                version: card.version,
                                name: format!("{} {}", card.card_no, card.asset_name),
                                values: ChangeValues {
                                    original: card.original,
                                    fiscal_part: None,
                                    area: card.building_area,
                                    use_status: card.use_status,
                                },
                            },
                            dispose,
                        )
                        .into_any(),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn form_view(subject: Subject, dispose: bool) -> impl IntoView {
    let kind = if dispose { ChangeKind::Dispose } else { ChangeKind::Change };
    let form = RwSignal::new(AssetChangeForm::default());
    let errors = RwSignal::new(FieldErrors::default());
    let (master, sub, version, values, path) =
        (subject.master, subject.sub, subject.version, subject.values, subject.path());
    let ask = Action::new(move |form: &AssetChangeForm| {
        let form = form.clone();
        async move {
            match (master, sub) {
                (_, Some(sub)) => asset_sub_request(sub, version, kind, form).await,
                (master, None) => asset_master_request(master.unwrap_or(AssetMasterId(-1)), version, kind, form).await,
            }
        }
    });
    let navigate = use_navigate();
    let after = format!("{path}?tab=changes");
    Effect::new(move |_| match ask.value().get() {
        Some(Ok(_)) => navigate(&after, Default::default()),
        Some(Err(error)) => errors.set(error.fields().cloned().unwrap_or_default()),
        None => {}
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        match form.get().check(kind, values, master.is_some()) {
            Ok(_) => {
                errors.set(FieldErrors::default());
                ask.dispatch(form.get());
            }
            Err(found) => errors.set(found),
        }
    };
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    let refused = move || ask.value().get().and_then(Result::err).filter(|error| error.fields().is_none());
    let (title, note) = if dispose {
        ("申请资产处置", "处置须有批准文件，房源须已空置或注销；审核通过后自次月起停止计提折旧。")
    } else {
        ("申请资产变更", "留空的项目不变；审核通过后生效，并自下次计提起按新的原值计算折旧。")
    };
    view! {
        <PageHead title=title back=(path.clone(), subject.name.clone()) />
        <p class="page-note">{note}</p>
        <form class="panel form-grid" method="post" on:submit=submit novalidate autocomplete="off">
            {changing(move || refused().map(|error| error_view(&error)))}
            {fixed("present-original", "现账面原值(元)", values.original.to_string())}
            {(!dispose).then(|| view! {
                {bind(form, errors, "original", "变更后原值(元)", false, |form| &mut form.original).text("money", "不变则留空")}
                {master.is_some().then(|| bind(form, errors, "fiscal_part", "变更后财政性资金(元)", false, |form| &mut form.fiscal_part).text("money", "不变则留空"))}
                {bind(form, errors, "area", "变更后建筑面积(㎡)", false, |form| &mut form.area).text("text", "不变则留空")}
                {bind(form, errors, "use_status", "变更后使用状况", false, |form| &mut form.use_status).select(coded(AssetUse::choices()))}
            })}
            {bind(form, errors, "reason", if dispose { "处置原因" } else { "变更原因" }, true, |form| &mut form.reason).text("text", "")}
            {bind(form, errors, "document_no", "批准文号", true, |form| &mut form.document_no).text("text", "")}
            <div class="form-buttons">
                <button type="submit" class="btn btn-primary" disabled=move || !alive.get() || ask.pending().get()>"提交审核"</button>
                <a class="btn btn-ghost" href=path>"取消"</a>
            </div>
        </form>
    }
}

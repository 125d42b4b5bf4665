//! Labels of units to print and put up: a QR code that leads to the unit's page, made on the server.

use crate::ui::label::told;
use crate::{
    Api, ApiError,
    housing::use_id,
    ui::{PageHead, changing::changing, empty_view, error_view, icon, loading_view, qr::QrCode, resource::resource},
};
use domain::{
    housing::label::UnitLabel,
    id::{BuildingId, UnitId},
};
use leptos::prelude::*;

/// A label with its code.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Printed {
    pub label: UnitLabel,
    pub code: QrCode,
}

/// The labels of a building's units, in natural order.
#[server(endpoint = "building_labels_get", protocol = Api)]
pub async fn building_labels_get(id: BuildingId) -> Result<Vec<Printed>, ApiError> {
    let labels = store::housing::label::building_labels_get(&crate::context::ctx()?, id).await?;
    printed(labels)
}

/// The label of one unit.
#[server(endpoint = "unit_label_get", protocol = Api)]
pub async fn unit_label_get(id: UnitId) -> Result<Vec<Printed>, ApiError> {
    let label = store::housing::label::unit_label_get(&crate::context::ctx()?, id).await?;
    printed(vec![label])
}

/// Labels with their codes. They lead to the address under which this page was asked for.
#[cfg(feature = "ssr")]
fn printed(labels: Vec<UnitLabel>) -> Result<Vec<Printed>, ApiError> {
    let origin = crate::context::visit().origin;
    let refused = || ApiError::from(domain::failure::Failure::refused("访问地址过长，无法生成二维码"));
    labels
        .into_iter()
        .map(|label| {
            let text = format!("{origin}/housing/units/{}", label.id);
            // A quarter of it may be scratched: it hangs in a stairwell.
            Ok(Printed { label, code: QrCode::draw(&text, qrcode::EcLevel::Q).ok_or_else(refused)? })
        })
        .collect()
}

pub fn building_view() -> AnyView {
    let id = use_id();
    let labels = resource(move || id.get(), |id| building_labels_get(BuildingId(id)));
    let back = move || (format!("/housing/buildings/{}", id.get_untracked()), "楼盘表".to_owned());
    labels_page("房源二维码标签", back, labels)
}

pub fn unit_view() -> AnyView {
    let id = use_id();
    let labels = resource(move || id.get(), |id| unit_label_get(UnitId(id)));
    let back = move || (format!("/housing/units/{}", id.get_untracked()), "房源资料".to_owned());
    labels_page("房源二维码标签", back, labels)
}

fn labels_page(
    title: &'static str,
    back: impl Fn() -> (String, String) + Send + 'static,
    labels: crate::ui::resource::Loaded<Vec<Printed>>,
) -> AnyView {
    let print = move |_| {
        let _ = window().print();
    };
    view! {
        <main class="page">
            <PageHead title=title back=back()>
                <button type="button" class="btn btn-primary btn-sm" on:click=print>{icon("label")}"打印"</button>
            </PageHead>
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match labels.await {
                        Ok(labels) if labels.is_empty() => empty_view("该楼栋暂无房源，无标签可打印"),
                        Ok(labels) => view! { <ul class="label-sheet" aria-label="标签">{labels.into_iter().map(label_view).collect_view()}</ul> }.into_any(),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn label_view(printed: Printed) -> impl IntoView {
    let Printed { label, code } = printed;
    view! {
        <li class="unit-label">
            {code.view(format!("{}的二维码", label.address))}
            <span class="unit-label-text">
                <b>{label.estate}</b>
                <span>{label.address}</span>
                <span>{format!("{} · 建筑{}㎡ · 使用{}㎡", told(label.layout), label.building_area, label.usable_area)}</span>
                <span class="tabular-nums">{label.code}</span>
            </span>
        </li>
    }
}

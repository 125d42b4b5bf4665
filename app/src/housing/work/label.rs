//! Labels of units to print and put up: a QR code that leads to the unit's page, made on the server.

use crate::ui::label::told;
use crate::{
    ApiError,
    housing::use_id,
    ui::{PageHead, empty_view, error_view, icon, loading_view, resource::resource},
};
use domain::{
    housing::label::UnitLabel,
    id::{BuildingId, UnitId},
};
use leptos::{prelude::*, server_fn::codec::Json};

/// A label with its code as a path of an SVG of so many modules across.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Printed {
    pub label: UnitLabel,
    pub modules: u32,
    pub path: String,
}

/// The labels of a building's units, in natural order.
#[server(endpoint = "building_labels_get", input = Json)]
pub async fn building_labels_get(id: BuildingId) -> Result<Vec<Printed>, ApiError> {
    let labels = store::housing::label::building_labels_get(&crate::context::ctx()?, id).await?;
    code::printed(labels)
}

/// The label of one unit.
#[server(endpoint = "unit_label_get", input = Json)]
pub async fn unit_label_get(id: UnitId) -> Result<Vec<Printed>, ApiError> {
    let label = store::housing::label::unit_label_get(&crate::context::ctx()?, id).await?;
    code::printed(vec![label])
}

/// Drawing the codes; only the server does.
#[cfg(feature = "ssr")]
mod code {
    use super::{Printed, UnitLabel};
    use crate::{ApiError, context::visit};
    use domain::failure::Failure;
    use qrcode::{Color, EcLevel, QrCode};
    use std::fmt::Write as _;

    /// Labels with their codes. They lead to the address under which this page was asked for.
    pub fn printed(labels: Vec<UnitLabel>) -> Result<Vec<Printed>, ApiError> {
        let origin = visit().origin;
        labels
            .into_iter()
            .map(|label| {
                let text = format!("{origin}/housing/units/{}", label.id);
                let (modules, path) =
                    drawn(&text).ok_or_else(|| ApiError::from(Failure::refused("访问地址过长，无法生成二维码")))?;
                Ok(Printed { label, modules, path })
            })
            .collect()
    }

    /// A code as one path: a stroke of one module's height for every run of dark modules in a row.
    fn drawn(text: &str) -> Option<(u32, String)> {
        // A quarter of it may be scratched: it hangs in a stairwell.
        let code = QrCode::with_error_correction_level(text, EcLevel::Q).ok()?;
        let width = code.width();
        let mut path = String::new();
        for (y, row) in code.to_colors().chunks(width).enumerate() {
            let mut x = 0;
            while x < width {
                let run = row[x..].iter().take_while(|color| **color == Color::Dark).count();
                if run > 0 {
                    let _ = write!(path, "M{x} {y}h{run}v1h-{run}z");
                }
                x += run.max(1);
            }
        }
        Some((u32::try_from(width).ok()?, path))
    }

    #[cfg(test)]
    mod tests {
        /// The three corners that every code has are where a reader looks for them.
        #[test]
        fn a_code_has_its_corners() {
            let (modules, path) = super::drawn("http://127.0.0.1/housing/units/1").expect("a code");
            assert!((21..=57).contains(&modules));
            assert!(path.starts_with("M0 0h7v1h-7z"), "{path}");
            assert!(path.contains(&format!("M{} 0h7v1h-7z", modules - 7)));
            assert!(path.contains(&format!("M0 {}h7v1h-7z", modules - 1)));
            assert_ne!(super::drawn("http://127.0.0.1/housing/units/2").expect("a code").1, path);
            assert!(super::drawn(&"x".repeat(5_000)).is_none());
        }
    }
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
                {move || Suspend::new(async move {
                    match labels.await {
                        Ok(labels) if labels.is_empty() => empty_view("该楼栋暂无房源，无标签可打印"),
                        Ok(labels) => view! { <ul class="label-sheet" aria-label="标签">{labels.into_iter().map(label_view).collect_view()}</ul> }.into_any(),
                        Err(error) => error_view(&error),
                    }
                })}
            </Suspense>
        </main>
    }
    .into_any()
}

fn label_view(printed: Printed) -> impl IntoView {
    let Printed { label, modules, path } = printed;
    // Four modules of quiet around it, as the standard wants.
    let frame = format!("-4 -4 {0} {0}", modules + 8);
    view! {
        <li class="unit-label">
            <svg class="unit-code" viewBox=frame role="img" aria-label=format!("{}的二维码", label.address) shape-rendering="crispEdges">
                <rect x="-4" y="-4" width="100%" height="100%" fill="#fff"></rect>
                <path d=path fill="#000"></path>
            </svg>
            <span class="unit-label-text">
                <b>{label.estate}</b>
                <span>{label.address}</span>
                <span>{format!("{} · 建筑{}㎡ · 使用{}㎡", told(label.layout), label.building_area, label.usable_area)}</span>
                <span class="tabular-nums">{label.code}</span>
            </span>
        </li>
    }
}

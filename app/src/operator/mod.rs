//! 运营主体 (E-84), minimal: who runs which estates.

use crate::{
    ApiError,
    ui::{PageHead, empty_view, error_view, loading_view},
};
use domain::{list::group_thousands, operator::OperatorRow};
use leptos::{prelude::*, server_fn::codec::Json};
use leptos_router::{LazyRoute, lazy_route};

/// All operators with the number of their estates.
#[server(endpoint = "operator_list", input = Json)]
pub async fn operator_list() -> Result<Vec<OperatorRow>, ApiError> {
    Ok(store::platform::organization::operator_list(&crate::context::ctx()?).await?)
}

/// The module's pages.
pub struct Operators;

#[lazy_route]
impl LazyRoute for Operators {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let operators = Resource::new(|| (), |()| operator_list());
        view! {
            <main class="page">
                <PageHead title="运营主体" />
                <Suspense fallback=loading_view>
                    {move || Suspend::new(async move {
                        match operators.await {
                            Ok(rows) if rows.is_empty() => empty_view("暂无运营主体，可在组织机构中导入类型为运营主体的机构"),
                            Ok(rows) => table(rows),
                            Err(error) => error_view(&error),
                        }
                    })}
                </Suspense>
            </main>
        }
        .into_any()
    }
}

fn table(rows: Vec<OperatorRow>) -> AnyView {
    let rows = rows
        .into_iter()
        .map(|row| {
            view! {
                <tr>
                    <td>{row.name}</td><td>{row.code}</td><td>{row.kind.label()}</td><td>{row.uscc}</td>
                    <td>{row.contact}</td><td class="figures">{group_thousands(row.estates)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="card-table">
            <div class="table-scroll" tabindex="0" role="region" aria-label="运营主体列表">
                <table class="table table-sm data-table">
                    <thead><tr>
                        <th scope="col">"名称"</th><th scope="col">"编码"</th><th scope="col">"类型"</th>
                        <th scope="col">"统一社会信用代码"</th><th scope="col">"联系人"</th><th scope="col" class="figures">"小区数"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

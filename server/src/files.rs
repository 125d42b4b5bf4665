//! Raw routes that carry files: templates, uploads, failed rows, exports, outlines. They go through
//! the same context as the pages.

use crate::workbook;
use app::context::Visit;
use axum::{
    Extension, Json,
    extract::{Multipart, Path, Query},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{
    failure::Failure,
    housing::{
        asset_change::ASSET_CHANGE_LIST,
        asset_count::ASSET_COUNT_LIST,
        asset_depreciation::DEPRECIATION_LIST,
        asset_sheet::{ASSET_MASTER_LIST, ASSET_SUB_LIST},
        building_sheet::BUILDING_LIST,
        estate_sheet::ESTATE_LIST,
        project_sheet::PROJECT_LIST,
        rent_standard::RENT_STANDARD_LIST,
        room::ROOM_LIST,
        unit_sheet::UNIT_LIST,
    },
    import::{SheetKey, UPLOAD_BYTES_MAX},
    list::{ListQuery, Page},
    operator::OPERATOR_LIST,
    person::sheet::PERSON_LIST,
    platform::organization_sheet::ORGANIZATION_LIST,
    sheet::{Cell, ListSheet},
};
use serde::Deserialize;
use std::collections::BTreeMap;
use store::{
    Ctx,
    housing::{
        asset_change::asset_change_list, asset_count::asset_count_list, asset_depreciation::depreciation_list,
        asset_master::asset_master_list, asset_sub::asset_sub_list, building::building_list, estate::estate_list,
        project::project_list, rent_standard::rent_standard_list, room::room_list, unit_list::unit_list,
    },
    operator::operator_list,
    person::person_list,
    platform::organization::organization_list,
};

/// A failure as a plain answer: its status, and its sentence as the body.
pub struct Refused(Failure);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match &self.0 {
            Failure::NotSignedIn => StatusCode::UNAUTHORIZED,
            Failure::Forbidden => StatusCode::FORBIDDEN,
            Failure::NotFound => StatusCode::NOT_FOUND,
            Failure::Conflict => StatusCode::CONFLICT,
            Failure::Invalid(_) | Failure::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Failure::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, self.0.to_string()).into_response()
    }
}

impl<E: Into<Failure>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

fn ctx(visit: Visit) -> Result<Ctx, Refused> {
    visit.ctx.ok_or(Refused(Failure::NotSignedIn))
}

fn sheet_key(code: &str) -> Result<SheetKey, Refused> {
    SheetKey::from_code(code).ok_or(Refused(Failure::NotFound))
}

/// A workbook to be saved by the browser.
fn spreadsheet(name: &str, content: Vec<u8>) -> Response {
    let disposition =
        format!("attachment; filename=\"download.xlsx\"; filename*=UTF-8''{}", domain::list::percent_encode(name));
    let mut response = content.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// `GET /files/template/{sheet}`
pub async fn template(Extension(visit): Extension<Visit>, Path(sheet): Path<String>) -> Result<Response, Refused> {
    let ctx = ctx(visit)?;
    let sheet = sheet_key(&sheet)?;
    ctx.require(sheet.permission())?;
    let content = workbook::template::template(&workbook::template::template_of(sheet))
        .map_err(|error| store::Error::Broken(error.to_string()))?;
    Ok(spreadsheet(&format!("{}导入模板.xlsx", sheet.title()), content))
}

/// The browser's own number of an upload.
#[derive(Deserialize)]
pub struct UploadQuery {
    request: String,
    /// option 更新: what is there already is changed instead of refused
    #[serde(default)]
    update: bool,
}

/// `POST /files/import/{sheet}?request=<uuid>`: takes a file, answers the id of its job.
pub async fn upload(
    Extension(visit): Extension<Visit>,
    Path(sheet): Path<String>,
    Query(query): Query<UploadQuery>,
    mut form: Multipart,
) -> Result<String, Refused> {
    let ctx = ctx(visit)?;
    let sheet = sheet_key(&sheet)?;
    ctx.require(sheet.permission())?;
    let too_large = || Refused(Failure::refused(format!("文件超过{}MB，请拆分后导入", UPLOAD_BYTES_MAX / 1024 / 1024)));
    while let Some(field) = form.next_field().await.map_err(|_| Refused(Failure::refused("上传中断，请重试")))?
    {
        if field.name() != Some("file") {
            continue;
        }
        let file_name = field.file_name().unwrap_or_default().to_owned();
        let content = field.bytes().await.map_err(|_| too_large())?;
        if content.len() > UPLOAD_BYTES_MAX {
            return Err(too_large());
        }
        let upload = store::import::job::Upload {
            sheet,
            file_name: &file_name,
            content: &content,
            request_id: &query.request,
            update_known: query.update,
        };
        return Ok(store::import::job::job_create(&ctx, upload).await?);
    }
    Err(Refused(Failure::refused("请选择文件")))
}

/// `GET /files/import/{id}/failed.xlsx`: original columns and 失败原因.
pub async fn failed_rows(Extension(visit): Extension<Visit>, Path(id): Path<String>) -> Result<Response, Refused> {
    let ctx = ctx(visit)?;
    let job = store::import::job::job_get(&ctx, &id).await?;
    let mut rows = Vec::new();
    loop {
        let after = rows.last().map_or(0, |row: &domain::import::ImportRow| row.row_no);
        let more = store::import::job::job_rows(&ctx, &id, after, 5_000).await?;
        if more.is_empty() {
            break;
        }
        rows.extend(more);
    }
    let content = workbook::write::failed_rows(&workbook::template::template_of(job.sheet), rows)
        .map_err(|error| store::Error::Broken(error.to_string()))?;
    Ok(spreadsheet(&format!("{}失败数据.xlsx", job.sheet.title()), content))
}

/// `GET /files/export/{list}?…&rows=1000`: the rows of a list, as filtered and sorted.
pub async fn export(
    Extension(visit): Extension<Visit>,
    Path(list): Path<String>,
    Query(params): Query<BTreeMap<String, String>>,
) -> Result<Response, Refused> {
    let ctx = ctx(visit)?;
    let wanted = params.get("rows").and_then(|rows| rows.parse().ok()).unwrap_or(1_000);
    let query = ListQuery::from_params(
        params.iter().filter(|(key, _)| *key != "rows").map(|(key, value)| (key.as_str(), value.as_str())),
    );
    let known = [
        "organization",
        "operator",
        "project",
        "estate",
        "building",
        "unit",
        "room",
        "rent_standard",
        "person",
        "asset_master",
        "asset_sub",
        "asset_change",
        "asset_depreciation",
        "asset_count",
    ];
    if !known.contains(&list.as_str()) {
        return Err(Refused(Failure::NotFound));
    }
    let rows = store::export::export_begin(&ctx, &list, &query, wanted).await?;
    // An owned context per call: a borrowed one would tie the future to this function.
    macro_rules! collected {
        ($sheet:expr, $load:path) => {
            collect(&$sheet, rows, &query, |query| {
                let ctx = ctx.clone();
                async move { $load(&ctx, &query).await }
            })
            .await?
        };
    }
    let (noun, columns, cells) = match list.as_str() {
        "organization" => collected!(ORGANIZATION_LIST, organization_list),
        "operator" => collected!(OPERATOR_LIST, operator_list),
        "project" => collected!(PROJECT_LIST, project_list),
        "estate" => collected!(ESTATE_LIST, estate_list),
        "building" => collected!(BUILDING_LIST, building_list),
        "unit" => collected!(UNIT_LIST, unit_list),
        "room" => collected!(ROOM_LIST, room_list),
        "person" => collected!(PERSON_LIST, person_list),
        "asset_master" => collected!(ASSET_MASTER_LIST, asset_master_list),
        "asset_sub" => collected!(ASSET_SUB_LIST, asset_sub_list),
        "asset_change" => collected!(ASSET_CHANGE_LIST, asset_change_list),
        "asset_depreciation" => collected!(DEPRECIATION_LIST, depreciation_list),
        "asset_count" => collected!(ASSET_COUNT_LIST, asset_count_list),
        _ => collected!(RENT_STANDARD_LIST, rent_standard_list),
    };
    let content = tokio::task::spawn_blocking(move || {
        let headers: Vec<&str> = columns.iter().map(|column| column.header).collect();
        let kinds: Vec<_> = columns.iter().map(|column| column.kind).collect();
        workbook::write::list(noun, &headers, &kinds, cells)
    })
    .await
    .map_err(|error| store::Error::Broken(error.to_string()))?
    .map_err(|error| store::Error::Broken(error.to_string()))?;
    Ok(spreadsheet(&format!("{noun}.xlsx"), content))
}

type Collected = (&'static str, Vec<domain::sheet::ColumnSpec>, Vec<Vec<Cell>>);

/// Walks the pages of a list until enough rows are there.
async fn collect<R, F>(
    sheet: &ListSheet<R>,
    most: u32,
    query: &ListQuery,
    load: impl Fn(ListQuery) -> F,
) -> Result<Collected, Refused>
where
    F: Future<Output = store::Result<Page<R>>>,
{
    let mut cells = Vec::new();
    let mut query = query.in_steps();
    loop {
        let page = load(query.clone()).await?;
        cells.extend(page.rows.iter().map(|row| sheet.cells(row)));
        match page.next {
            Some(next) if cells.len() < most as usize => query.at = next,
            _ => break,
        }
    }
    cells.truncate(most as usize);
    Ok((sheet.noun, sheet.spec().columns, cells))
}

/// `GET /map/outlines`: the divisions as GeoJSON.
pub async fn outlines(Extension(visit): Extension<Visit>) -> Result<Response, Refused> {
    let ctx = ctx(visit)?;
    let shapes = store::platform::division::outlines_get(&ctx).await?;
    let mut response = Json(shapes).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=300"));
    Ok(response)
}

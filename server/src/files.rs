//! Raw routes that carry files: templates, uploads, failed rows, exports, results of jobs, outlines. They go through
//! the same context as the pages.

use crate::{board, export, workbook};
use app::context::Visit;
use axum::{
    Extension, Form, Json,
    extract::{Multipart, Path, Query},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    export::DIRECT_ROWS,
    failure::Failure,
    id::ApprovalId,
    import::{SheetKey, UPLOAD_BYTES_MAX},
    list::ListQuery,
};
use serde::Deserialize;
use std::collections::BTreeMap;
use store::Ctx;

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

pub(crate) fn ctx(visit: Visit) -> Result<Ctx, Refused> {
    visit.ctx.ok_or(Refused(Failure::NotSignedIn))
}

fn sheet_key(code: &str) -> Result<SheetKey, Refused> {
    SheetKey::from_code(code).filter(|sheet| sheet.in_browser()).ok_or(Refused(Failure::NotFound))
}

/// A workbook to be saved by the browser.
fn spreadsheet(name: &str, content: Vec<u8>) -> Response {
    let kind = HeaderValue::from_static("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
    download("download.xlsx", name, kind, content)
}

/// A file to be saved by the browser; `plain` is its name for browsers that know only ASCII.
pub(crate) fn download(plain: &str, name: &str, kind: HeaderValue, content: Vec<u8>) -> Response {
    let disposition =
        format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", domain::list::percent_encode(name));
    let mut response = content.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, kind);
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
    let labels = store::platform::dictionary::labels_get(ctx.database()).await?;
    let content = workbook::template::template(&workbook::template::labelled(sheet, &labels))
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

/// How many rows were asked for, and of which list.
fn asked(params: &BTreeMap<String, String>) -> (u32, ListQuery) {
    let rows = params.get("rows").and_then(|rows| rows.parse().ok()).unwrap_or(1_000);
    let pairs = params.iter().filter(|(key, _)| *key != "rows");
    (rows, ListQuery::from_params(pairs.map(|(key, value)| (key.as_str(), value.as_str()))))
}

/// `GET /files/export/{list}?…&rows=1000`: the rows of a list, as filtered and sorted, as many as can be waited for.
pub async fn export(
    Extension(visit): Extension<Visit>,
    Path(list): Path<String>,
    Query(params): Query<BTreeMap<String, String>>,
) -> Result<Response, Refused> {
    let ctx = ctx(visit)?;
    let (rows, query) = asked(&params);
    if rows > DIRECT_ROWS {
        return Err(Refused(Failure::refused(format!("超过{DIRECT_ROWS}条的数据请在列表页点击“导出”，在后台生成"))));
    }
    let (noun, content) = export::workbook(&ctx, &list, &query, rows).await?;
    Ok(spreadsheet(&format!("{noun}.xlsx"), content))
}

/// `POST /files/passwords/{id}`: the first passwords of the accounts that an import has brought, once.
pub async fn passwords(Extension(visit): Extension<Visit>, Path(id): Path<i64>) -> Result<Response, Refused> {
    let ctx = ctx(visit)?;
    let drawn = store::platform::user::passwords_draw(&ctx, ApprovalId(id)).await?;
    let headers = ["账号", "姓名", "初始密码", "说明"].map(ToOwned::to_owned);
    let rows = drawn.into_iter().map(|first| {
        vec![
            first.login.into(),
            first.name.into(),
            first.password.into(),
            "首次登录须修改；告知本人后请删除本文件".into(),
        ]
    });
    let content =
        workbook::write::rows("初始密码", &headers, rows).map_err(|error| store::Error::Broken(error.to_string()))?;
    Ok(spreadsheet("初始密码.xlsx", content))
}

/// `GET /files/board/{building}`: the board of a building as a picture.
pub async fn board(Extension(visit): Extension<Visit>, Path(building): Path<String>) -> Result<Response, Refused> {
    let ctx = ctx(visit)?;
    let building = building.parse().map_err(|_| Refused(Failure::NotFound))?;
    let board = store::housing::building::building_board_get(&ctx, building).await?;
    let name = format!("{} {} 楼盘表.svg", board.building.estate, board.building.title());
    let labels = store::platform::dictionary::labels_get(ctx.database()).await?;
    let picture = board::svg(&board, &labels, ctx.today()).into_bytes();
    Ok(download("board.svg", &name, HeaderValue::from_static("image/svg+xml"), picture))
}

/// `POST /files/export/{list}`, the same as a form: a few rows at once, and behind many a job, whose page follows.
pub async fn export_start(
    visit: Extension<Visit>,
    Path(list): Path<String>,
    Form(params): Form<BTreeMap<String, String>>,
) -> Result<Response, Refused> {
    let (rows, query) = asked(&params);
    if rows <= DIRECT_ROWS {
        return export(visit, Path(list), Query(params)).await;
    }
    let ctx = ctx(visit.0)?;
    let job = store::export::export_create(&ctx, &list, &query, rows).await?;
    Ok(Redirect::to(&format!("/platform/jobs/{job}")).into_response())
}

/// `GET /files/job/{id}`: what a finished export has made, for whoever started it.
pub async fn job_result(Extension(visit): Extension<Visit>, Path(id): Path<String>) -> Result<Response, Refused> {
    let (name, content) = store::platform::job::job_result(&ctx(visit)?, &id).await?;
    Ok(spreadsheet(&name, content))
}

/// `GET /map/outlines`: the divisions as GeoJSON.
pub async fn outlines(Extension(visit): Extension<Visit>) -> Result<Response, Refused> {
    let ctx = ctx(visit)?;
    let shapes = store::platform::division::outlines_get(&ctx).await?;
    let mut response = Json(shapes).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=300"));
    Ok(response)
}

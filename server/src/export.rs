//! Lists as workbooks: what a browser's export and `server export` both write, with the same rights and the same line
//! in the operation log.

use crate::workbook;
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
    list::{EXPORT_MAX, ListQuery, Page},
    operator::OPERATOR_LIST,
    person::sheet::PERSON_LIST,
    platform::organization_sheet::ORGANIZATION_LIST,
    sheet::{Cell, ListSheet},
};
use std::path::Path;
use store::{
    Ctx, Database,
    export::export_begin,
    housing::{
        asset_change::asset_change_list, asset_count::asset_count_list, asset_depreciation::depreciation_list,
        asset_master::asset_master_list, asset_sub::asset_sub_list, building::building_list, estate::estate_list,
        project::project_list, rent_standard::rent_standard_list, room::room_list, unit_list::unit_list,
    },
    operator::operator_list,
    person::person_list,
    platform::{
        organization::organization_list,
        user::{UserRef, user_ctx},
    },
};

/// What can be exported.
pub const LISTS: [&str; 14] = [
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

/// The rows of a list, as filtered and sorted; answers the list's Chinese name and the workbook.
///
/// # Errors
/// Without the permission, and for a list that there is not.
pub async fn workbook(ctx: &Ctx, list: &str, query: &ListQuery, wanted: u32) -> store::Result<(&'static str, Vec<u8>)> {
    if !LISTS.contains(&list) {
        return Err(Failure::NotFound.into());
    }
    let rows = export_begin(ctx, list, query, wanted).await?;
    // An owned context per call: a borrowed one would tie the future to this function.
    macro_rules! collected {
        ($sheet:expr, $load:path) => {
            collect(&$sheet, rows, query, |query| {
                let ctx = ctx.clone();
                async move { $load(&ctx, &query).await }
            })
            .await?
        };
    }
    let (noun, columns, cells) = match list {
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
    Ok((noun, content))
}

/// `server export`: all rows that the account may see, up to what an export may hold, into a new file; answers how
/// large it is.
///
/// # Errors
/// One line that says what to do.
pub async fn to_file(database: &Database, list: &str, file: &Path, login: &str) -> Result<usize, String> {
    let text = |error: store::Error| error.to_string();
    let named = |error: std::io::Error| format!("{}: {error}", file.display());
    let ctx = user_ctx(database, UserRef::Login(login), chrono::Utc::now()).await.map_err(text)?;
    let (_, content) = workbook(&ctx, list, &ListQuery::default(), EXPORT_MAX).await.map_err(text)?;
    // Somebody's data: whoever made the file reads it, and no file that is there is lost.
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let mut opened = std::fs::File::options().write(true).create_new(true).mode(0o600).open(file).map_err(named)?;
    opened.write_all(&content).and_then(|()| opened.sync_all()).map_err(named)?;
    Ok(content.len())
}

type Collected = (&'static str, Vec<domain::sheet::ColumnSpec>, Vec<Vec<Cell>>);

/// Walks the pages of a list until enough rows are there.
async fn collect<R, F>(
    sheet: &ListSheet<R>,
    most: u32,
    query: &ListQuery,
    load: impl Fn(ListQuery) -> F,
) -> store::Result<Collected>
where
    F: Future<Output = store::Result<Page<R>>>,
{
    let mut columns = sheet.spec();
    let shown = columns.shown(&query.columns);
    columns.columns = shown.iter().map(|place| columns.columns[*place]).collect();
    let mut cells: Vec<Vec<Cell>> = Vec::new();
    let mut query = query.in_steps();
    loop {
        let page = load(query.clone()).await?;
        cells.extend(page.rows.iter().map(|row| {
            let all = sheet.cells(row);
            shown.iter().map(|place| all[*place].clone()).collect()
        }));
        match page.next {
            Some(next) if cells.len() < most as usize => query.at = next,
            _ => break,
        }
    }
    cells.truncate(most as usize);
    Ok((sheet.noun, columns.columns, cells))
}

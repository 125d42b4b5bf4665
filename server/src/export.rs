//! Lists as workbooks: what a browser's export, a job of the queue and `server export` write, with the same rights and the
//! same line in the operation log.

use crate::workbook;
use domain::{
    billing::{
        adjustment_sheet::{ADJUSTMENT_LIST, RENT_CHANGE_LIST},
        arrears_sheet::ARREARS_LIST,
        bill::BILL_LIST,
        deduction::{DEDUCTION_ITEM_LIST, DEDUCTION_LIST, DIFFERENCE_LIST},
        dunning_sheet::{DUNNING_LIST, RULE_SET_LIST, TRIAL_LIST},
        instalment::{INSTALMENT_LIST, PAUSE_LIST},
        ledger::ENTRY_LIST,
        meter_sheet::{METER_LIST, PERIOD_LIST, READING_LIST},
        pay_odd::PAY_ODD_LIST,
        pay_order_sheet::PAY_ORDER_LIST,
        pay_record::PAY_RECORD_LIST,
        payment::{ACCOUNT_LIST, PAYMENT_LIST},
        reconciliation::RECONCILIATION_LIST,
        reduction::REDUCTION_LIST,
        refund::REFUND_LIST,
        shift::SHIFT_LIST,
        sms_sheet::{SMS_LIST, SMS_MONTH_LIST},
        waiver::WAIVER_LIST,
    },
    dictionary::LabelBook,
    export::Export,
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
    insight::report::exported,
    list::{ListQuery, Page},
    operator::OPERATOR_LIST,
    person::{household::HOUSEHOLD_LIST, sheet::PERSON_LIST},
    platform::{
        approval::APPROVAL_LIST,
        audit::AUDIT_LIST,
        calendar::HOLIDAY_LIST,
        dictionary::{DICTIONARY_ITEM_LIST, DICTIONARY_LIST},
        menu_sheet::MENU_LIST,
        numbering::NUMBER_LIST,
        organization_sheet::ORGANIZATION_LIST,
        print::PRINT_LIST,
        role::ROLE_LIST,
        user_form::USER_LIST,
    },
    sheet::{Cell, Kind, ListSheet},
    tenancy::{
        assignment::ASSIGNMENT_LIST,
        binding_sheet::RESIDENT_LIST,
        change_sheet::CHANGE_LIST,
        contract::CONTRACT_LIST,
        exit_sheet::EXIT_LIST,
        hand_over_sheet::HAND_OVER_LIST,
        take_over::{TAKE_OVER_ITEM_LIST, TAKE_OVER_LIST},
    },
};
use std::{
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
};
use store::{
    Ctx, Database, Error,
    billing::{
        account::account_list,
        adjustment::{adjustment_list, rent_change_list},
        arrears::arrears_list,
        bank::statement::reconciliation_list,
        bill::bill_list,
        book::entry_list,
        deduction::{deduction_item_list, deduction_list, difference_list},
        dunning::{dunning_list, instalment_list, pause_list, rule_set_list, trial_list},
        meter::{meter_list, meter_period_list, meter_reading_list},
        pay_order::{pay_odd_list, pay_order_list},
        pay_record::pay_record_list,
        payment::payment_list,
        reduction::reduction_list,
        refund::refund_list,
        shift::shift_list,
        waiver::waiver_list,
    },
    export::{export_begin, export_end, export_load, export_note, export_progress, export_require},
    housing::{
        asset_change::asset_change_list, asset_count::asset_count_list, asset_depreciation::depreciation_list,
        asset_master::asset_master_list, asset_sub::asset_sub_list, building::building_list, estate::estate_list,
        project::project_list, rent_standard::rent_standard_list, room::room_list, unit_list::unit_list,
    },
    insight::report::report_get,
    operator::operator_list,
    person::{household::household_list, person_list},
    platform::{
        approval::approval_list,
        audit::audit_list,
        calendar::holiday_list,
        dictionary::{dictionary_item_list, dictionary_list, labels_get},
        job::job_refuse,
        menu::menu_list,
        numbering::number_list,
        organization::organization_list,
        role::role_list,
        setting::settings_get,
        sms::{sms_list, sms_month_list},
        user::{UserRef, user_ctx, user_list},
    },
    tenancy::{
        assignment::assignment_list,
        binding::resident_list,
        change::change_list,
        contract::contract_list,
        exit::exit_list,
        hand_over::hand_over_list,
        paper::print_list,
        take_over::{take_over_item_list, take_over_list},
    },
};

/// The rows of a list, as filtered and sorted; answers the list's Chinese name and the workbook.
///
/// # Errors
/// Without the permission, and for a list that there is not; a refusal of more rows than PRM-01 allows.
pub async fn workbook(ctx: &Ctx, list: &str, query: &ListQuery, wanted: u32) -> store::Result<(&'static str, Vec<u8>)> {
    let export = export_begin(ctx, list, wanted).await?;
    let (content, rows) = made(ctx, export.list, query, wanted, &Progress::none()).await?;
    export_note(ctx, export.list, query, rows).await?;
    // A report has a name of its own.
    let noun =
        exported(query).map_or(export.noun, |sheet| if export.list == "report" { sheet.title } else { export.noun });
    Ok((noun, content))
}

/// Carries out an export that was put into the queue. It may be cut off at any moment; run again, it begins anew.
///
/// # Errors
/// When the database fails; the queue then tries again. [`Failure::Conflict`] when it was stopped.
pub async fn run_job(database: &Database, job: &str) -> store::Result<()> {
    let Some(work) = export_load(database, job).await? else { return Ok(()) };
    let ctx = match user_ctx(database, UserRef::Id(work.actor), chrono::Utc::now()).await {
        Ok(ctx) => ctx,
        Err(error) => return refuse(database, job, error).await,
    };
    // The right may have gone while the job was waiting; the lists ask for their own besides.
    let allowed =
        Export::of(&work.list).ok_or(Failure::NotFound.into()).and_then(|export| export_require(&ctx, export));
    if let Err(error) = allowed {
        return refuse(database, job, error).await;
    }
    let progress = Progress { job: Some((database, job)), done: AtomicU32::new(0) };
    match made(&ctx, &work.list, &work.query, work.rows, &progress).await {
        Ok((content, rows)) => export_end(&ctx, job, rows, &content).await,
        Err(Error::Failure(Failure::Conflict)) => Err(Failure::Conflict.into()),
        Err(error) => refuse(database, job, error).await,
    }
}

/// A failure that trying again would not mend ends the job; any other is the queue's.
async fn refuse(database: &Database, job: &str, error: Error) -> store::Result<()> {
    match error {
        Error::Failure(failure) => job_refuse(database, job, &failure.to_string()).await,
        error => Err(error),
    }
}

/// Where a walk over a list stands, and the job that is told of it.
struct Progress<'a> {
    job: Option<(&'a Database, &'a str)>,
    done: AtomicU32,
}

impl Progress<'_> {
    fn none() -> Self {
        Self { job: None, done: AtomicU32::new(0) }
    }

    async fn moved(&self, rows: u32) -> store::Result<()> {
        let before = self.done.swap(rows, Ordering::Relaxed);
        match self.job {
            Some((database, job)) => export_progress(database, job, before, rows).await,
            None => Ok(()),
        }
    }
}

/// Makes the workbook; answers it and how many rows it has.
async fn made(
    ctx: &Ctx,
    list: &str,
    query: &ListQuery,
    rows: u32,
    progress: &Progress<'_>,
) -> store::Result<(Vec<u8>, u32)> {
    let labels = labels_get(ctx.database()).await?;
    if list == "report" {
        return report_made(ctx, query, labels).await;
    }
    // An owned context per call: a borrowed one would tie the future to this function.
    macro_rules! collected {
        ($sheet:expr, $load:path) => {
            collect(&$sheet, (rows, progress), (query, &labels), |query| {
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
        "household" => collected!(HOUSEHOLD_LIST, household_list),
        "asset_master" => collected!(ASSET_MASTER_LIST, asset_master_list),
        "asset_sub" => collected!(ASSET_SUB_LIST, asset_sub_list),
        "asset_change" => collected!(ASSET_CHANGE_LIST, asset_change_list),
        "asset_depreciation" => collected!(DEPRECIATION_LIST, depreciation_list),
        "asset_count" => collected!(ASSET_COUNT_LIST, asset_count_list),
        "dictionary" => collected!(DICTIONARY_LIST, dictionary_list),
        "dictionary_item" => collected!(DICTIONARY_ITEM_LIST, dictionary_item_list),
        "calendar" => collected!(HOLIDAY_LIST, holiday_list),
        "numbering" => collected!(NUMBER_LIST, number_list),
        "menu" => collected!(MENU_LIST, menu_list),
        "user" => collected!(USER_LIST, user_list),
        "role" => collected!(ROLE_LIST, role_list),
        "approval" => collected!(APPROVAL_LIST, approval_list),
        "audit" => collected!(AUDIT_LIST, audit_list),
        "assignment" => collected!(ASSIGNMENT_LIST, assignment_list),
        "contract" => collected!(CONTRACT_LIST, contract_list),
        "hand_over" => collected!(HAND_OVER_LIST, hand_over_list),
        "exit" => collected!(EXIT_LIST, exit_list),
        "contract_change" => collected!(CHANGE_LIST, change_list),
        "take_over" => collected!(TAKE_OVER_LIST, take_over_list),
        "take_over_item" => collected!(TAKE_OVER_ITEM_LIST, take_over_item_list),
        "resident" => collected!(RESIDENT_LIST, resident_list),
        "print" => collected!(PRINT_LIST, print_list),
        "account" => collected!(ACCOUNT_LIST, account_list),
        "bill" => collected!(BILL_LIST, bill_list),
        "payment" => collected!(PAYMENT_LIST, payment_list),
        "pay_record" => collected!(PAY_RECORD_LIST, pay_record_list),
        "arrears" => collected!(ARREARS_LIST, arrears_list),
        "deduction" => collected!(DEDUCTION_LIST, deduction_list),
        "deduction_item" => collected!(DEDUCTION_ITEM_LIST, deduction_item_list),
        "bank_difference" => collected!(DIFFERENCE_LIST, difference_list),
        "pay_order" => collected!(PAY_ORDER_LIST, pay_order_list),
        "pay_odd" => collected!(PAY_ODD_LIST, pay_odd_list),
        "reconciliation" => collected!(RECONCILIATION_LIST, reconciliation_list),
        "ledger_entry" => collected!(ENTRY_LIST, entry_list),
        "rent_adjustment" => collected!(ADJUSTMENT_LIST, adjustment_list),
        "rent_change" => collected!(RENT_CHANGE_LIST, rent_change_list),
        "rent_reduction" => collected!(REDUCTION_LIST, reduction_list),
        "waiver" => collected!(WAIVER_LIST, waiver_list),
        "meter" => collected!(METER_LIST, meter_list),
        "meter_period" => collected!(PERIOD_LIST, meter_period_list),
        "meter_reading" => collected!(READING_LIST, meter_reading_list),
        "refund" => collected!(REFUND_LIST, refund_list),
        "dunning" => collected!(DUNNING_LIST, dunning_list),
        "dunning_rule_set" => collected!(RULE_SET_LIST, rule_set_list),
        "dunning_trial" => collected!(TRIAL_LIST, trial_list),
        "dunning_pause" => collected!(PAUSE_LIST, pause_list),
        "instalment" => collected!(INSTALMENT_LIST, instalment_list),
        "sms" => collected!(SMS_LIST, sms_list),
        "sms_month" => collected!(SMS_MONTH_LIST, sms_month_list),
        "cashier_shift" => collected!(SHIFT_LIST, shift_list),
        _ => collected!(RENT_STANDARD_LIST, rent_standard_list),
    };
    let count = u32::try_from(cells.len()).unwrap_or(u32::MAX);
    let content = tokio::task::spawn_blocking(move || {
        let headers: Vec<&str> = columns.iter().map(|column| column.header).collect();
        let kinds: Vec<_> = columns.iter().map(|column| column.kind).collect();
        workbook::write::list(noun, &headers, &kinds, cells)
    })
    .await
    .map_err(|error| Error::Broken(error.to_string()))?
    .map_err(|error| Error::Broken(error.to_string()))?;
    Ok((content, count))
}

/// A report is no list: it has a head and totals, and its lines are as many as its groups. It comes whole or not at all, up to
/// what an export may hold (PRM-01): a button cannot know beforehand how many they are.
async fn report_made(ctx: &Ctx, query: &ListQuery, labels: LabelBook) -> store::Result<(Vec<u8>, u32)> {
    let most = settings_get(ctx.database()).await?.export_rows;
    let report = report_get(ctx, query, most).await?;
    let sheet = report.sheet().ok_or(Failure::NotFound)?;
    tokio::task::spawn_blocking(move || workbook::report::report(sheet, &report, &labels))
        .await
        .map_err(|error| Error::Broken(error.to_string()))?
        .map_err(|error| Error::Broken(error.to_string()))
}

/// `server export`: all rows that the account may see, up to what an export may hold, into a new file; answers how
/// large it is.
///
/// # Errors
/// One line that says what to do.
pub async fn to_file(database: &Database, list: &str, file: &Path, login: &str) -> Result<usize, String> {
    let text = |error: Error| error.to_string();
    let named = |error: std::io::Error| format!("{}: {error}", file.display());
    let ctx = user_ctx(database, UserRef::Login(login), chrono::Utc::now()).await.map_err(text)?;
    let most = settings_get(database).await.map_err(text)?.export_rows;
    let (_, content) = workbook(&ctx, list, &ListQuery::default(), most).await.map_err(text)?;
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
    (most, progress): (u32, &Progress<'_>),
    (query, labels): (&ListQuery, &LabelBook),
    load: impl Fn(ListQuery) -> F,
) -> store::Result<Collected>
where
    F: Future<Output = store::Result<Page<R>>>,
{
    let mut columns = sheet.spec();
    let mut shown = columns.shown(&query.columns);
    shown.retain(|place| columns.columns[*place].kind != Kind::Action);
    columns.columns = shown.iter().map(|place| columns.columns[*place]).collect();
    let mut cells: Vec<Vec<Cell>> = Vec::new();
    let mut query = query.in_steps();
    loop {
        let page = load(query.clone()).await?;
        let told = |row: &R| {
            let all = sheet.cells(row);
            shown.iter().map(|place| all[*place].clone().told(labels)).collect()
        };
        cells.extend(page.rows.iter().map(told));
        cells.truncate(most as usize);
        progress.moved(u32::try_from(cells.len()).unwrap_or(u32::MAX)).await?;
        match page.next {
            Some(next) if cells.len() < most as usize => query.at = next,
            _ => break,
        }
    }
    Ok((sheet.noun, columns.columns, cells))
}

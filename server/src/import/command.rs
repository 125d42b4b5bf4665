//! The command line of imports.

use super::file::File;
use crate::{serve::stop_signal, workbook::Limits};
use chrono::Utc;
use domain::{
    failure::Failure,
    import::{ImportReport, ImportRow, ReportedError, SheetKey},
    sheet::time_text,
};
use std::{
    io::{IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    pin::Pin,
    process::ExitCode,
    sync::Arc,
};
use store::{
    Ctx, Database, Error,
    import::{
        Import,
        job::{job_earlier, job_note, job_refuse, job_total},
    },
    platform::{
        token::{digest, hex},
        user::{UserRef, user_ctx},
    },
};

/// Errors that the command line prints when nobody asked for all of them.
const ERRORS_SHOWN: usize = 20;

/// `server import <sheet> <file.xlsx>… --as <login> [--dry-run] [--update] [--json]`.
#[derive(Clone, Debug)]
pub struct Command {
    pub sheet: SheetKey,
    pub files: Vec<PathBuf>,
    /// whose rights and scope count
    pub login: String,
    /// check only
    pub dry_run: bool,
    /// change what is there already instead of refusing it (option 更新)
    pub update: bool,
    /// print the report as JSON and nothing else
    pub json: bool,
}

/// How a command ended: all files were taken, a file was refused before anything was written, or
/// the import was cut off in the middle.
#[derive(Debug)]
pub enum CommandEnd {
    Done(ImportReport),
    Refused(ImportReport),
    /// what was done until then, and the sentence about what happened
    Broken(ImportReport, String),
}

/// Runs the command and prints what came of it. Exit status 0: every row went in; 3: some failed;
/// 2: refused, nothing was written; 1: cut off in the middle, the rows written so far stay.
pub async fn run_command(database: &Database, command: &Command) -> ExitCode {
    let end = import_files(database, command).await;
    let (report, status) = match &end {
        CommandEnd::Done(report) => (report, if report.failed == 0 { 0 } else { 3 }),
        CommandEnd::Refused(report) => (report, 2),
        CommandEnd::Broken(report, _) => (report, 1),
    };
    if let CommandEnd::Broken(_, sentence) = &end {
        eprintln!("{sentence}");
    }
    if status == 2 {
        report.errors.iter().for_each(|error| eprintln!("{}", error_line(error)));
    }
    if command.json {
        println!("{}", serde_json::to_string(report).expect("a report is plain data"));
    } else if status != 2 {
        println!("成功{}条，失败{}条", report.succeeded, report.failed);
        report.errors.iter().take(ERRORS_SHOWN).for_each(|error| println!("{}", error_line(error)));
        if report.errors.len() > ERRORS_SHOWN {
            println!("……共{}处错误，加--json查看全部", report.errors.len());
        }
    }
    ExitCode::from(status)
}

fn error_line(error: &ReportedError) -> String {
    match error.row {
        0 => format!("{}：{}", error.file, error.message),
        row => format!("{} 第{row}行：{}", error.file, error.message),
    }
}

/// A file that passed the check of the whole.
struct Accepted<'a> {
    path: &'a Path,
    total: u32,
    digest: String,
}

/// Imports the files one after the other. All of them are read through before the first row is
/// written, so that a refusal means that nothing happened.
pub async fn import_files(database: &Database, command: &Command) -> CommandEnd {
    let mut report = ImportReport::default();
    let ctx = match user_ctx(database, UserRef::Login(&command.login), Utc::now()).await {
        Ok(ctx) => ctx,
        Err(error) => return refused(&command.login, error),
    };
    if let Err(error) = ctx.require(command.sheet.permission()) {
        return refused(&command.login, error);
    }
    let mut accepted = Vec::new();
    for path in &command.files {
        match accept(path, command.sheet).await {
            Ok(file) => accepted.push(file),
            Err(message) => report.errors.push(reported(path, 0, "", message)),
        }
    }
    if !report.errors.is_empty() {
        return CommandEnd::Refused(report);
    }
    // Heard from before the first row on: Ctrl-C, the service manager's TERM, the terminal going away.
    let mut stop: Stop = Box::pin(stop_signal());
    let mut check = None;
    for file in accepted {
        let done = match command.dry_run {
            true => file_check(&ctx, command, &file, &mut check, &mut stop, &mut report).await,
            false => file_import(&ctx, command, &file, &mut stop, &mut report).await,
        };
        if let Err(error) = done {
            return CommandEnd::Broken(report, format!("{}：{}", file.path.display(), error));
        }
    }
    CommandEnd::Done(report)
}

/// Ready when the process has to stop.
type Stop = Pin<Box<dyn Future<Output = ()> + Send>>;

fn refused(login: &str, error: Error) -> CommandEnd {
    let entry = ReportedError {
        file: login.to_owned(),
        row: 0,
        column: String::new(),
        message: Failure::from(error).to_string(),
    };
    CommandEnd::Refused(ImportReport { errors: vec![entry], ..ImportReport::default() })
}

async fn accept(path: &Path, sheet: SheetKey) -> Result<Accepted<'_>, String> {
    let content = content(path).await?;
    let digest = hex(&digest(&content));
    let file = File { content, sheet, limits: Limits::COMMAND };
    let total = file.count().await.map_err(|refusal| refusal.to_string())?;
    Ok(Accepted { path, total, digest })
}

async fn content(path: &Path) -> Result<Arc<Vec<u8>>, String> {
    tokio::fs::read(path).await.map(Arc::new).map_err(|error| format!("无法读取文件（{error}）"))
}

fn internal(error: Error) -> String {
    match error {
        // The job was ended by others, who took this process for dead.
        Error::Failure(Failure::Conflict) => "导入任务已被其他进程结束，已导入的行保留".to_owned(),
        error => Failure::from(error).to_string(),
    }
}

/// Imports one file as one job of the import log.
async fn file_import(
    ctx: &Ctx,
    command: &Command,
    file: &Accepted<'_>,
    stop: &mut Stop,
    report: &mut ImportReport,
) -> Result<(), String> {
    warn_of_repeat(ctx, command, file).await?;
    let name = file.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let job = job_note(ctx, command.sheet, &name, &file.digest).await.map_err(internal)?;
    let fed = async {
        job_total(ctx.database(), &job.id, file.total).await.map_err(internal)?;
        let mut import = Import::start(ctx, command.sheet, true).await.map_err(internal)?.updating(command.update);
        feed(&mut import, command, file, Some(&job.id), stop, report).await?;
        import.end(&job.id).await.map_err(internal)
    };
    let fed = fed.await;
    if let Err(sentence) = &fed {
        job_refuse(ctx.database(), &job.id, sentence).await.map_err(internal)?;
    }
    fed
}

/// Checks one file. All files share one check, to which the rows of the earlier ones are there already, as they are
/// for an import.
async fn file_check(
    ctx: &Ctx,
    command: &Command,
    file: &Accepted<'_>,
    check: &mut Option<Import>,
    stop: &mut Stop,
    report: &mut ImportReport,
) -> Result<(), String> {
    warn_of_repeat(ctx, command, file).await?;
    let import = match check {
        Some(import) => {
            import.next_file();
            import
        }
        None => {
            check.insert(Import::start(ctx, command.sheet, false).await.map_err(internal)?.updating(command.update))
        }
    };
    feed(import, command, file, None, stop, report).await
}

/// Points out that the very same file was imported before (S1-3.1).
async fn warn_of_repeat(ctx: &Ctx, command: &Command, file: &Accepted<'_>) -> Result<(), String> {
    if let Some(at) = job_earlier(ctx, command.sheet, &file.digest).await.map_err(internal)? {
        eprintln!("{}：该文件曾于{}导入", file.path.display(), time_text(at));
    }
    Ok(())
}

/// Feeds the rows of a file to an import. When the process has to stop, it stops between two chunks, so that the
/// report and the log tell the same.
async fn feed(
    import: &mut Import,
    command: &Command,
    file: &Accepted<'_>,
    job: Option<&str>,
    stop: &mut Stop,
    report: &mut ImportReport,
) -> Result<(), String> {
    let content = content(file.path).await?;
    if hex(&digest(&content)) != file.digest {
        return Err("文件在导入过程中被修改".to_owned());
    }
    let mut chunks = File { content, sheet: command.sheet, limits: Limits::COMMAND }.chunks();
    let mut progress = Progress::start(file, command.json);
    loop {
        let rows = tokio::select! {
            biased;
            () = &mut *stop => return Err("导入被中断，已导入的行保留".to_owned()),
            rows = chunks.next() => rows,
        };
        let Some(rows) = rows else { break };
        let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let outcome = import.chunk(rows, job).await.map_err(internal)?;
        report.total += count;
        report.succeeded += outcome.succeeded;
        report.failed += u32::try_from(outcome.failed.len()).unwrap_or(u32::MAX);
        report.errors.extend(outcome.failed.into_iter().flat_map(|row| errors_of(file.path, row)));
        progress.add(count);
    }
    chunks.end().await.map_err(internal)?;
    progress.end();
    Ok(())
}

fn errors_of(path: &Path, row: ImportRow) -> impl Iterator<Item = ReportedError> + '_ {
    let row_no = row.row_no.unsigned_abs();
    row.errors.into_iter().map(move |error| reported(path, row_no, &error.column, error.message))
}

fn reported(path: &Path, row: u32, column: &str, message: String) -> ReportedError {
    ReportedError { file: path.display().to_string(), row, column: column.to_owned(), message }
}

/// How far a file is, on standard error: moving where a person looks on, one line per file elsewhere.
struct Progress {
    name: String,
    total: u32,
    done: u32,
    silent: bool,
    moving: bool,
}

impl Progress {
    fn start(file: &Accepted<'_>, silent: bool) -> Self {
        let moving = !silent && std::io::stderr().is_terminal();
        Self { name: file.path.display().to_string(), total: file.total, done: 0, silent, moving }
    }

    fn add(&mut self, rows: u32) {
        self.done += rows;
        if self.moving {
            let mut screen = std::io::stderr().lock();
            let _ = write!(screen, "\r{}：{}/{}行", self.name, self.done, self.total).and_then(|()| screen.flush());
        }
    }

    fn end(&self) {
        if self.moving {
            eprintln!();
        } else if !self.silent {
            eprintln!("{}：{}行", self.name, self.done);
        }
    }
}

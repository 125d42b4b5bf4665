//! Carrying out imports: the queue's task behind an upload, and the command line (domain.md §7.0).
//!
//! A file is read on a thread of its own and comes in chunks through a short channel, so that
//! unpacking and the database's work overlap and a file of any length needs little memory. What a
//! row is worth is decided by [`store::import`], the same for both ways.

use crate::workbook::{
    Limits, Refusal,
    read::{count, read},
    template::template_of,
};
use chrono::Utc;
use domain::{
    failure::Failure,
    import::{ImportReport, ImportRow, ImportStatus, ReportedError, SheetKey},
};
use std::{
    collections::HashSet,
    io::{IsTerminal as _, Write as _},
    ops::ControlFlow,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};
use store::{
    Ctx, Database, Error,
    import::{
        CHUNK_ROWS, Import, RawRow,
        job::{JobWork, job_check_begin, job_end, job_load, job_note, job_refuse, job_total},
    },
    platform::{
        token::{digest, hex},
        user::{UserRef, user_ctx},
    },
};
use tokio::{sync::mpsc, task::JoinHandle};

/// Bytes of text after which a chunk is full, although it could take more rows.
const CHUNK_BYTES: usize = 8 << 20;
/// Errors that the command line prints when nobody asked for all of them.
const ERRORS_SHOWN: usize = 20;

/// Works on an uploaded file: checks it, or writes the rows that its person confirmed. It may be cut
/// off at any moment; run again, it goes on where the database says it was.
///
/// # Errors
/// When the database fails; the queue then tries again.
pub async fn run_job(database: &Database, job: &str) -> store::Result<()> {
    let Some(work) = job_load(database, job).await? else { return Ok(()) };
    let done = match user_ctx(database, UserRef::Id(work.actor), Utc::now()).await {
        Ok(ctx) if work.status == ImportStatus::Executing => execute(&ctx, job, work).await,
        Ok(ctx) => check(&ctx, job, work).await,
        Err(error) => Err(error),
    };
    match done {
        // The account was switched off or lost its right meanwhile: trying again would not help.
        Err(Error::Failure(failure)) => job_refuse(database, job, &failure.to_string()).await,
        done => done,
    }
}

/// `UPLOADED → PARSING → VALIDATED`. The file is counted first: that refuses what has to be refused as a
/// whole before a single row is looked at, and the progress bar knows its end.
async fn check(ctx: &Ctx, job: &str, work: JobWork) -> store::Result<()> {
    let file = File { content: Arc::new(work.content), sheet: work.sheet, limits: Limits::BROWSER };
    let total = match file.count().await {
        Ok(total) => total,
        Err(refusal) => return job_refuse(ctx.database(), job, &refusal.to_string()).await,
    };
    let mut import = Import::start(ctx, work.sheet, false).await?;
    job_check_begin(ctx.database(), job, total).await?;
    let mut chunks = file.chunks();
    while let Some(rows) = chunks.next().await {
        import.chunk(rows, Some(job)).await?;
    }
    chunks.end().await?;
    job_end(ctx.database(), job, ImportStatus::Validated).await
}

/// `EXECUTING → FINISHED`. Rows that an earlier run decided are only remembered, so that their
/// duplicates further down are still found.
async fn execute(ctx: &Ctx, job: &str, work: JobWork) -> store::Result<()> {
    let failed: HashSet<u32> = work.failed_rows.into_iter().collect();
    let mut import = Import::start(ctx, work.sheet, true).await?;
    let file = File { content: Arc::new(work.content), sheet: work.sheet, limits: Limits::BROWSER };
    let mut chunks = file.chunks();
    while let Some(mut rows) = chunks.next().await {
        let fresh = rows.split_off(rows.partition_point(|row| row.row_no <= work.done_row));
        import.replay(&rows, &failed);
        if !fresh.is_empty() {
            import.chunk(fresh, Some(job)).await?;
        }
    }
    chunks.end().await?;
    job_end(ctx.database(), job, ImportStatus::Finished).await
}

/// A file in memory and how it is to be read.
struct File {
    content: Arc<Vec<u8>>,
    sheet: SheetKey,
    limits: Limits,
}

impl File {
    /// Reads it through once; answers the number of its rows.
    async fn count(&self) -> Result<u32, Refusal> {
        let (content, limits, headers) = (Arc::clone(&self.content), self.limits, template_of(self.sheet).headers());
        let counted = tokio::task::spawn_blocking(move || count(&content, &headers, &limits)).await;
        // A reader that panics has met a file that no program wrote.
        counted.unwrap_or(Err(Refusal::Damaged))
    }

    /// Starts reading on a thread of its own, two chunks ahead.
    fn chunks(&self) -> Chunks {
        let (content, limits, headers) = (Arc::clone(&self.content), self.limits, template_of(self.sheet).headers());
        let (sender, receiver) = mpsc::channel(2);
        let reader = tokio::task::spawn_blocking(move || {
            let (mut rows, mut bytes) = (Vec::new(), 0);
            let total = read(&content, &headers, &limits, |row| {
                bytes += row.cells.iter().map(String::len).sum::<usize>();
                rows.push(row);
                if rows.len() < CHUNK_ROWS && bytes < CHUNK_BYTES {
                    return ControlFlow::Continue(());
                }
                bytes = 0;
                // Nobody listens any more when the import failed.
                sender.blocking_send(std::mem::take(&mut rows)).map_or(ControlFlow::Break(()), ControlFlow::Continue)
            })?;
            if !rows.is_empty() {
                let _ = sender.blocking_send(rows);
            }
            Ok(total)
        });
        Chunks { receiver, reader }
    }
}

/// A file being read.
struct Chunks {
    receiver: mpsc::Receiver<Vec<RawRow>>,
    reader: JoinHandle<Result<u32, Refusal>>,
}

impl Chunks {
    async fn next(&mut self) -> Option<Vec<RawRow>> {
        self.receiver.recv().await
    }

    /// Whether the file was read to its end. It was counted before, so a refusal here cannot come
    /// from the file and must not pass for its end.
    async fn end(self) -> store::Result<()> {
        match self.reader.await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(refusal)) => Err(Error::Broken(format!("the file changed while it was read: {refusal}"))),
            Err(panic) => Err(Error::Broken(format!("the reader stopped: {panic}"))),
        }
    }
}

/// `server import <sheet> <file.xlsx>… --as <login> [--dry-run] [--json]`.
#[derive(Clone, Debug)]
pub struct Command {
    pub sheet: SheetKey,
    pub files: Vec<PathBuf>,
    /// whose rights and scope count
    pub login: String,
    /// check only
    pub dry_run: bool,
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
    for file in accepted {
        if let Err(error) = import_file(&ctx, command, &file, &mut report).await {
            return CommandEnd::Broken(report, format!("{}：{}", file.path.display(), error));
        }
    }
    CommandEnd::Done(report)
}

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

/// Imports one file as one job of the import log.
async fn import_file(
    ctx: &Ctx,
    command: &Command,
    file: &Accepted<'_>,
    report: &mut ImportReport,
) -> Result<(), String> {
    let internal = |error| Failure::from(error).to_string();
    let name = file.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let job = match command.dry_run {
        true => None,
        false => Some(job_note(ctx, command.sheet, &name, &file.digest).await.map_err(internal)?),
    };
    if let Some(job) = &job {
        job_total(ctx.database(), job, file.total).await.map_err(internal)?;
    }
    let fed = tokio::select! {
        fed = feed(ctx, command, file, job.as_deref(), report) => fed,
        // Between two chunks or inside one: the open chunk is rolled back.
        _ = tokio::signal::ctrl_c() => Err("导入被中断，已导入的行保留".to_owned()),
    };
    match (&job, &fed) {
        (Some(job), Ok(())) => job_end(ctx.database(), job, ImportStatus::Finished).await.map_err(internal)?,
        (Some(job), Err(sentence)) => job_refuse(ctx.database(), job, sentence).await.map_err(internal)?,
        (None, _) => {}
    }
    fed
}

async fn feed(
    ctx: &Ctx,
    command: &Command,
    file: &Accepted<'_>,
    job: Option<&str>,
    report: &mut ImportReport,
) -> Result<(), String> {
    let internal = |error| Failure::from(error).to_string();
    let content = content(file.path).await?;
    if hex(&digest(&content)) != file.digest {
        return Err("文件在导入过程中被修改".to_owned());
    }
    let mut import = Import::start(ctx, command.sheet, !command.dry_run).await.map_err(internal)?;
    let mut chunks = File { content, sheet: command.sheet, limits: Limits::COMMAND }.chunks();
    let mut progress = Progress::start(file, command.json);
    while let Some(rows) = chunks.next().await {
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

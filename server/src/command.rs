//! The command line.

use crate::{
    audit, backup,
    bank::simulate,
    bench,
    cluster::{self, Durability},
    config::{
        Config, ServeConfig,
        file::{self, File},
    },
    demo, export, hdb, import, keys, log,
    pay::{self, simulate::Company},
    serve, sms,
};
use clap::{
    CommandFactory as _, FromArgMatches as _, Parser, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};
use domain::{import::SheetKey, platform::attachment::DELETED_DAYS};
use std::{ffi::OsString, path::PathBuf, process::ExitCode};
use store::platform::{
    key::{Renewed, keys_rotate},
    token::random_password,
    user::{NewUser, UserRef, user_create, user_ctx, user_factor_drop, user_password_reset},
};

/// 公租房管理平台: the platform for public rental housing
#[derive(Debug, Parser)]
#[command(name = "server", version)]
struct Line {
    #[command(flatten)]
    config: Config,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the platform until Ctrl-C
    Serve(ServeConfig),
    /// Print every setting with its value and where it comes from
    Config(ServeConfig),
    /// Bring the database to this version, then end
    Migrate,
    /// Fill an empty database with the small demo city, then end
    Seed,
    /// Write database, keys and files into one archive; servers go on working meanwhile
    Backup {
        /// file that is not there yet, or a folder
        target: PathBuf,
        /// leave the keys of personal numbers out; without them a restore needs them from elsewhere
        #[arg(long)]
        without_keys: bool,
    },
    /// Put a backup back: exit status 0 when the operation log is as it was sealed, 3 when not
    Restore {
        file: PathBuf,
        /// replace the city and the keys that are there
        #[arg(long)]
        force: bool,
    },
    /// Write a list as a workbook
    Export {
        #[arg(value_parser = PossibleValuesParser::new(domain::export::EXPORTS.map(|export| export.list)))]
        list: String,
        /// file that is not there yet
        file: PathBuf,
        /// account that exports; its rights and its scope hold
        #[arg(long = "as", value_name = "LOGIN")]
        login: String,
    },
    /// Import workbooks: exit status 0 when every row went in, 3 when some failed, 2 when a file was refused
    Import {
        #[arg(value_parser = sheets())]
        sheet: SheetKey,
        // A name of its own: `files` is where attachments lie.
        #[arg(id = "workbook", value_name = "FILES", required = true)]
        files: Vec<PathBuf>,
        /// account that imports; its rights and its scope hold
        #[arg(long = "as", value_name = "LOGIN")]
        login: String,
        /// check only, write nothing
        #[arg(long)]
        dry_run: bool,
        /// persons that are there already: change telephone, addresses and employer instead of refusing the row
        #[arg(long)]
        update: bool,
        /// print the report as JSON
        #[arg(long)]
        json: bool,
    },
    /// Turn a block list of the HDB form into import workbooks
    Hdb {
        blocks: PathBuf,
        towns: PathBuf,
        /// folder for the workbooks
        out: PathBuf,
        /// code of the city's organisation to hang the districts below; without it the files bring one
        #[arg(long)]
        city: Option<String>,
    },
    /// Set division outlines from a GeoJSON file (properties `division_code` and `name`)
    Outline {
        file: PathBuf,
        #[arg(long = "as", value_name = "LOGIN")]
        login: String,
    },
    /// Set a parameter of the city, e.g. `server setting PRM-07 WGS-84`
    Setting { code: String, value: String },
    /// Accounts, until administrators make them in the browser (S1-9.3)
    #[command(subcommand)]
    User(UserCommand),
    /// The operation log
    #[command(subcommand)]
    Audit(AuditCommand),
    /// The keys that personal numbers are sealed with
    #[command(subcommand)]
    Key(KeyCommand),
    /// Play somebody whom the platform works with
    #[command(subcommand)]
    Simulate(SimulateCommand),
    /// Measure the platform, on a private database of its own
    Bench(bench::Args),
    /// Run a command with DATABASE_URL of a private database
    Cluster {
        /// fast and forgetful: for tests
        #[arg(long)]
        throwaway: bool,
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Check the log against its seals and their anchors: exit status 0 when all is as it was sealed, 3 when not
    Verify,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Print a new key, to be added last to the key file or HOUSING_KEYS of every server (README: going over to a new key)
    New,
    /// Seal with the first key what the others sealed; servers go on working meanwhile
    Rotate,
}

#[derive(Debug, Subcommand)]
enum SimulateCommand {
    /// Answer the files of a folder as a bank does (docs/bank.md)
    Bank(simulate::Args),
    /// Answer the text messages of a folder as a carrier does (docs/sms.md)
    Sms(sms::simulate::Args),
    /// Take payments as WeChat Pay does (docs/pay.md)
    Wechat(pay::simulate::Args),
    /// Take payments as Alipay does (docs/pay.md)
    Alipay(pay::simulate::Args),
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Make an account; prints its first password, once
    Add {
        login: String,
        /// 姓名
        #[arg(long)]
        name: String,
        /// code of a role, e.g. CITY or DISTRICT; more than one: --role A --role B
        #[arg(long = "role", value_name = "CODE", required = true)]
        roles: Vec<String>,
        /// code of the organisation (机构编码); decides how far the account sees
        #[arg(long = "org", value_name = "CODE")]
        organization: String,
    },
    /// Draw a new password for an account, open its lock and end its sessions; prints the password, once
    Password { login: String },
    /// Take a lost second factor away from an account and end its sessions; it sets up another one at its next sign-in
    Factor { login: String },
}

/// Every template that there is, by its code.
fn sheets() -> impl TypedValueParser<Value = SheetKey> {
    let codes = PossibleValuesParser::new(SheetKey::ALL.map(SheetKey::code));
    codes.try_map(|code| SheetKey::from_code(&code).ok_or("no template of that code"))
}

/// Parses the command line and runs it.
#[must_use]
pub fn run() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let (line, effective) = match parse(arguments) {
        Ok(parsed) => parsed,
        Err(sentence) => return failed(&sentence),
    };
    if let Some(effective) = effective {
        print!("{effective}");
        return ExitCode::SUCCESS;
    }
    log::start(line.config.log);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format!("cannot start: {error}")),
    };
    match runtime.block_on(dispatch(line)) {
        Ok(code) => code,
        Err(sentence) => failed(&sentence),
    }
}

/// Reads the command line with the file of settings behind it; answers also what `server config` is to print.
fn parse(arguments: Vec<OsString>) -> Result<(Line, Option<String>), String> {
    let file = File::named(&arguments)?;
    let command = match &file {
        Some(file) => file.apply(Line::command())?,
        None => Line::command(),
    };
    // What the command line itself refuses or prints (`--help`), it says and ends.
    let matches = command.clone().try_get_matches_from(arguments).unwrap_or_else(|error| error.exit());
    let line = Line::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let shown = matches!(line.command, Command::Config(_)).then(|| file::effective(&command, &matches, file.as_ref()));
    Ok((line, shown))
}

fn failed(sentence: &str) -> ExitCode {
    eprintln!("error: {sentence}");
    ExitCode::FAILURE
}

async fn dispatch(line: Line) -> Result<ExitCode, String> {
    let config = line.config;
    match line.command {
        Command::Serve(settings) => serve::serve(&config, &settings).await?,
        // Printed before anything was started.
        Command::Config(_) => {}
        Command::Migrate => config.open().await?.close().await,
        Command::Seed => {
            let opened = config.open().await?;
            let result = demo::ensure(&opened.database, &config.data).await;
            opened.close().await;
            match result?.as_str() {
                "" => return Err("the database has accounts of its own: a demo goes only into an empty one".to_owned()),
                accounts => print!("{accounts}"),
            }
        }
        Command::Backup { target, without_keys } => {
            let made = backup::backup(&config, &target, !without_keys).await?;
            println!("{}", backed_up(&made));
            if let Some(files) = &config.files {
                println!(
                    "uploaded files lie at {files} and are not in it: copy that place too, after this (README, backups)"
                );
            }
        }
        Command::Restore { file, force } => {
            let restored = backup::restore(&config, &file, force).await?;
            println!("{}: {} parts restored", restored.manifest.made_at, restored.manifest.parts.len());
            return Ok(audit::told(&restored.audit));
        }
        Command::Export { list, file, login } => {
            let opened = config.open().await?;
            let result = export::to_file(&opened.database, &list, &file, &login).await;
            opened.close().await;
            println!("{} bytes", result?);
        }
        Command::Import { sheet, files, login, dry_run, update, json } => {
            if update && !sheet.can_update() {
                return Err(format!("--update: {} cannot be changed by an import", sheet.code()));
            }
            let opened = config.open().await?;
            let code =
                import::run_command(&opened.database, &import::Command { sheet, files, login, dry_run, update, json })
                    .await;
            opened.close().await;
            return Ok(code);
        }
        Command::Hdb { blocks, towns, out, city } => {
            println!("{}", hdb::convert(&blocks, &towns, &out, hdb::Options { city, ..hdb::Options::default() })?)
        }
        Command::Outline { file, login } => {
            let opened = config.open().await?;
            let result = outline(&opened.database, &file, &login).await;
            opened.close().await;
            println!("{} outlines", result?);
        }
        Command::Setting { code, value } => {
            let opened = config.open().await?;
            let result = store::platform::setting::setting_put(&opened.database, &code, &value).await;
            opened.close().await;
            let relocated = result.map_err(|error| error.to_string())?;
            if relocated > 0 {
                println!("已按新坐标系重算{relocated}个位置；区划轮廓不随之换算，如已载入请用 server outline 重新载入");
            }
        }
        Command::User(command) => {
            let opened = config.open().await?;
            let result = user(&opened.database, &command).await;
            opened.close().await;
            println!("{}", result?);
        }
        Command::Audit(AuditCommand::Verify) => {
            let opened = config.open().await?;
            let code = audit::run_verify(&opened.database, &config.data).await;
            opened.close().await;
            return code;
        }
        Command::Key(KeyCommand::New) => println!("{}", keys::next(&config.data)?),
        Command::Key(KeyCommand::Rotate) => {
            let opened = config.open().await?;
            let renewed = keys_rotate(&opened.database, chrono::Utc::now()).await;
            opened.close().await;
            println!("{}", rotated(&renewed.map_err(|error| error.to_string())?));
        }
        Command::Simulate(SimulateCommand::Bank(args)) => simulate::run(&args).await?,
        Command::Simulate(SimulateCommand::Sms(args)) => sms::simulate::run(&args).await?,
        Command::Simulate(SimulateCommand::Wechat(args)) => pay::simulate::run(Company::WeChat, &args).await?,
        Command::Simulate(SimulateCommand::Alipay(args)) => pay::simulate::run(Company::Alipay, &args).await?,
        Command::Bench(args) => bench::run(&args).await?,
        Command::Cluster { throwaway, command } => {
            let durability = if throwaway { Durability::ThrowAway } else { Durability::Durable };
            let status = cluster::run_with(&config.data.join("postgres"), durability, &command)
                .await
                .map_err(|error| error.to_string())?;
            return Ok(ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1)));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What the new key sealed, and whether the old one is still needed.
fn rotated(renewed: &[Renewed]) -> String {
    let list: Vec<_> = renewed.iter().map(|noun| format!("{}{}", noun.count, noun.counted)).collect();
    let left: Vec<_> = renewed.iter().filter(|noun| noun.left > 0).collect();
    let left: Vec<_> = left.iter().map(|noun| format!("{}{}", noun.left, noun.counted)).collect();
    let next = if left.is_empty() {
        "旧密钥可从密钥文件中删去，删去后重启服务".to_owned()
    } else {
        format!(
            "另有{}的文件缺失或损坏，未重新加密（编号见日志），请保留旧密钥：找回文件后再次执行；\
             无法找回的，请删除这些附件，{DELETED_DAYS}天后再次执行",
            left.join("、")
        )
    };
    format!("已用新密钥重新加密{}；{next}", list.join("、"))
}

/// What a backup holds, and what to do with it.
fn backed_up(made: &backup::Made) -> String {
    let bytes: u64 = made.manifest.parts.iter().map(|part| part.bytes).sum();
    let keys = if made.manifest.has(backup::archive::KEYS) {
        "it holds the keys of personal numbers: keep it as secret as these"
    } else {
        "it holds no keys: without them the personal numbers in it are lost"
    };
    format!("{}: {} parts, {bytes} bytes; {keys}", made.file.display(), made.manifest.parts.len())
}

/// Makes an account or renews its password; answers the line that shows the password this one time.
async fn user(database: &store::Database, command: &UserCommand) -> Result<String, String> {
    let password = random_password();
    let login = match command {
        UserCommand::Add { login, name, roles, organization } => {
            let roles: Vec<&str> = roles.iter().map(String::as_str).collect();
            let user = NewUser {
                login,
                name,
                organization_code: organization,
                roles: &roles,
                password: password.clone(),
                must_change_password: true,
                demo: false,
            };
            if !user_create(database, user).await.map_err(|error| error.to_string())? {
                return Err("账号已存在；忘记密码请用 server user password".to_owned());
            }
            login
        }
        UserCommand::Password { login } => {
            user_password_reset(database, login, password.clone(), true, chrono::Utc::now())
                .await
                .map_err(|error| error.to_string())?;
            login
        }
        UserCommand::Factor { login } => {
            user_factor_drop(database, login, password.clone(), chrono::Utc::now())
                .await
                .map_err(|error| error.to_string())?;
            return Ok(format!(
                "账号 {login} 的二次验证已解除  新密码 {password}  （登录后须修改密码并重新启用二次验证，此密码不再显示）"
            ));
        }
    };
    Ok(format!("账号 {login}  初始密码 {password}  （首次登录须修改，此密码不再显示）"))
}

async fn outline(database: &store::Database, file: &std::path::Path, login: &str) -> Result<usize, String> {
    let ctx = user_ctx(database, UserRef::Login(login), chrono::Utc::now()).await.map_err(|error| error.to_string())?;
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    demo::outlines_put(&ctx, &text).await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The help names every template, and every one is taken.
    #[test]
    fn the_command_line_knows_every_template() {
        let mut line = Line::command();
        let import = line.find_subcommand_mut("import").expect("a command");
        let help = import.render_long_help().to_string();
        for sheet in SheetKey::ALL {
            assert!(help.contains(sheet.code()), "{} in {help}", sheet.code());
            let arguments = ["server", "import", sheet.code(), "a.xlsx", "--as", "zhang"];
            assert!(Line::command().try_get_matches_from(arguments).is_ok(), "{}", sheet.code());
        }
        let unknown = ["server", "import", "castle", "a.xlsx", "--as", "zhang"];
        assert!(Line::command().try_get_matches_from(unknown).is_err());
    }

    #[test]
    fn the_old_key_goes_only_when_nothing_needs_it() {
        let noun = |left| Renewed { counted: "个附件", count: 3, left };
        assert_eq!(rotated(&[noun(0)]), "已用新密钥重新加密3个附件；旧密钥可从密钥文件中删去，删去后重启服务");
        let kept = rotated(&[noun(2)]);
        assert!(kept.contains("另有2个附件的文件缺失或损坏") && kept.contains("请保留旧密钥"), "{kept}");
    }
}

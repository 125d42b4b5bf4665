//! The small demo city of a first start: real blocks of an open data set, loaded by the normal
//! import, with accounts whose passwords nobody chose.

mod asset;
mod calendar;

use crate::{
    hdb,
    import::{self, CommandEnd},
};
use domain::{
    dictionary::{IdType, PersonType},
    failure::Failure,
    import::SheetKey,
    person::PersonForm,
    platform::setting::code,
    value::{BankCard, IdNumber},
};
use std::{
    collections::HashSet,
    fmt::Write as _,
    path::{Path, PathBuf},
};
use store::{
    Ctx, Database,
    person::person_create,
    platform::{
        division::division_put,
        organization::city_seed,
        setting::{demo_complete, demo_is_complete, setting_put},
        token::random_password,
        user::{NewUser, UserRef, user_any, user_any_real, user_create, user_ctx, user_password_reset},
    },
};

/// One account of the demo.
struct Account {
    login: &'static str,
    name: &'static str,
    role: &'static str,
    role_name: &'static str,
    /// code of the organisation; the demo's workbooks bring them
    organization: &'static str,
}

const CITY: &str = "990000";
const DISTRICT: &str = "990104";
const OPERATOR: &str = "990000Y";
/// How many tenants the demo has, whom the operator keeps.
const PERSONS: u32 = 36;
/// How many people of one district wait there for a home.
const APPLICANTS: u32 = 36;

const ACCOUNTS: [Account; 14] = [
    Account {
        login: "admin", name: "演示系统管理员", role: "SYS_ADMIN", role_name: "系统管理员", organization: CITY
    },
    Account {
        login: "security",
        name: "演示安全管理员",
        role: "SEC_ADMIN",
        role_name: "安全管理员",
        organization: CITY,
    },
    Account {
        login: "leader", name: "演示市领导", role: "CITY_LEADER", role_name: "市领导", organization: CITY
    },
    Account {
        login: "city", name: "演示市中心经办", role: "CITY", role_name: "市住房保障中心", organization: CITY
    },
    Account {
        login: "checker", name: "演示市级复核", role: "CITY_CHECK", role_name: "市级复核岗", organization: CITY
    },
    Account {
        login: "district",
        name: "演示区县经办",
        role: "DISTRICT",
        role_name: "区县住房保障部门",
        organization: DISTRICT,
    },
    Account {
        login: "operator",
        name: "演示运营经理",
        role: "OPERATOR",
        role_name: "运营主体管理员",
        organization: OPERATOR,
    },
    Account {
        login: "entry", name: "演示录入员", role: "ENTRY", role_name: "录入管理员", organization: DISTRICT
    },
    Account {
        login: "approver",
        name: "演示物业管理员",
        role: "PROPERTY_APPROVER",
        role_name: "物业管理员",
        organization: DISTRICT,
    },
    Account { login: "cashier", name: "演示出纳", role: "CASHIER", role_name: "出纳", organization: DISTRICT },
    Account {
        login: "finance", name: "演示会计", role: "FINANCE", role_name: "财务会计", organization: DISTRICT
    },
    // A batch of direct debits takes two of them.
    Account {
        login: "accountant",
        name: "演示复核会计",
        role: "FINANCE",
        role_name: "财务会计",
        organization: DISTRICT,
    },
    Account {
        login: "finhead",
        name: "演示财务负责人",
        role: "FIN_HEAD",
        role_name: "财务负责人",
        organization: DISTRICT,
    },
    Account {
        login: "manager",
        name: "演示物业经理",
        role: "PROPERTY_MGR",
        role_name: "物业经理",
        organization: DISTRICT,
    },
];

/// Seeds an empty database, or goes on where a start was cut off; answers what to print about the accounts.
///
/// # Errors
/// One line that says what failed.
pub async fn ensure(database: &Database, data: &Path) -> Result<String, String> {
    let lock = store::database::start_lock(database).await.map_err(text)?;
    let notes = data.join("demo-accounts.txt");
    // Somebody's own accounts: this is no demo, and nothing of it goes in here.
    let wanted = !user_any_real(database).await.map_err(text)?;
    if wanted && !demo_is_complete(database).await.map_err(text)? {
        println!("  正在生成演示数据，约需半分钟…");
        Seed { database, begun: user_any(database).await.map_err(text)? }.run(data, &notes).await?;
    }
    lock.release().await.map_err(text)?;
    Ok(std::fs::read_to_string(&notes).map(|notes| table(&notes)).unwrap_or_default())
}

/// Outside the demo: the first administrator, with a password to be changed at the first sign-in. Of servers
/// that start together one makes the account, and that one alone prints a password.
///
/// # Errors
/// One line that says what failed.
pub async fn first_administrator(database: &Database) -> Result<String, String> {
    let lock = store::database::start_lock(database).await.map_err(text)?;
    let made = if user_any(database).await.map_err(text)? { None } else { administrator_make(database).await? };
    lock.release().await.map_err(text)?;
    Ok(made.map(|password| {
        format!("\n  首个账号 admin  初始密码 {password}  （首次登录须修改，此密码不再显示；遗失时执行 server user password admin）\n")
    }).unwrap_or_default())
}

/// Answers the password, if it was us who made the account.
async fn administrator_make(database: &Database) -> Result<Option<String>, String> {
    city_seed(database, "CITY", "市住房保障中心", "990000").await.map_err(text)?;
    let password = random_password();
    let user = NewUser {
        login: "admin",
        name: "系统管理员",
        organization_code: "CITY",
        roles: &["SYS_ADMIN"],
        password: password.clone(),
        must_change_password: true,
        demo: false,
    };
    Ok(user_create(database, user).await.map_err(text)?.then_some(password))
}

/// The filling of a demo city. Every step can be done twice, and the mark that it is complete is set last.
struct Seed<'a> {
    database: &'a Database,
    /// an earlier start was cut off: accounts get new passwords, and what is in already is no error
    begun: bool,
}

impl Seed<'_> {
    async fn run(&self, data: &Path, notes: &Path) -> Result<(), String> {
        let database = self.database;
        city_seed(database, CITY, "演示市住房保障中心", CITY).await.map_err(text)?;
        for (parameter, value) in [
            (code::CITY_NAME, "演示市公租房管理平台"),
            (code::MAP_SYSTEM, "WGS84"),
            // The printed accounts work at once, without a phone.
            (code::SECOND_FACTOR, "false"),
            // … and may be shown to many at once.
            (code::SESSION_LIMIT, "0"),
            // Whoever shows direct debits makes the batch himself, whatever day it is.
            (code::DEDUCTION_AUTO, "false"),
        ] {
            setting_put(database, parameter, value).await.map_err(text)?;
        }
        let mut lines = String::new();
        // The two who load the rest come first; the others need the organisations that these load.
        for account in ACCOUNTS.iter().filter(|account| account.organization == CITY) {
            self.account(account, &mut lines).await?;
        }
        let city = hdb::demo_city(Some(CITY.to_owned()))?;
        let workbooks = hdb::demo_workbooks(Some(CITY.to_owned()))?;
        let folder = data.join("demo");
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for (index, (sheet, content)) in workbooks.iter().enumerate() {
            let file = folder.join(format!("{:02}-{}.xlsx", index + 1, sheet.code()));
            std::fs::write(&file, content).map_err(|error| format!("{}: {error}", file.display()))?;
            self.load(*sheet, file).await?;
            if *sheet == SheetKey::Organization {
                // Coordinates are checked against the districts' outlines, so these come before the stock.
                let ctx = user_ctx(database, UserRef::Login("city"), chrono::Utc::now()).await.map_err(text)?;
                for outline in city.outlines() {
                    division_put(&ctx, &outline.division_code, &outline.name, &outline.geometry, outline.bounds)
                        .await
                        .map_err(text)?;
                }
            }
        }
        let _ = std::fs::remove_dir_all(&folder);
        for account in ACCOUNTS.iter().filter(|account| account.organization != CITY) {
            self.account(account, &mut lines).await?;
        }
        self.persons().await?;
        self.applicants().await?;
        calendar::calendar(database).await.map_err(text)?;
        asset::assets(database, self.begun).await.map_err(text)?;
        write_private(notes, &lines).map_err(|error| format!("{}: {error}", notes.display()))?;
        demo_complete(database).await.map_err(text)
    }

    async fn account(&self, account: &Account, lines: &mut String) -> Result<(), String> {
        let password = random_password();
        let user = NewUser {
            login: account.login,
            name: account.name,
            organization_code: account.organization,
            roles: &[account.role],
            password: password.clone(),
            must_change_password: false,
            demo: true,
        };
        if !user_create(self.database, user).await.map_err(text)? {
            // Whoever drew the first password was cut off before it was written down.
            user_password_reset(self.database, account.login, password.clone(), false, chrono::Utc::now())
                .await
                .map_err(text)?;
        }
        let _ = writeln!(lines, "{}\t{password}\t{}", account.login, account.role_name);
        Ok(())
    }

    /// Tenants who do not exist: numbered names, and documents of a division that nobody has.
    async fn persons(&self) -> Result<(), String> {
        let now = chrono::Utc::now();
        let ctx = user_ctx(self.database, UserRef::Login("operator"), now).await.map_err(text)?;
        for number in 1..=PERSONS {
            let form = PersonForm {
                name: format!("演示租户{number:02}"),
                person_type: if number % 5 == 0 { PersonType::CoResident } else { PersonType::Tenant }
                    .code()
                    .to_owned(),
                organization: ctx.actor().organization_id.to_string(),
                id_type: IdType::IdCard.code().to_owned(),
                id_number: demo_id_number(number, number, ctx.today()),
                phone: format!("199000000{number:02}"),
                live_address: format!("演示市演示区演示路{number}号0{}01室", number % 9 + 1),
                ..PersonForm::default()
            };
            match person_create(&ctx, &form).await {
                // An earlier start has brought it in.
                Err(store::Error::Failure(Failure::Invalid(_))) if self.begun => {}
                made => drop(made.map_err(text)?),
            }
        }
        Ok(())
    }

    /// People of the district to whom homes can be given; half of them have an account at a bank.
    async fn applicants(&self) -> Result<(), String> {
        let now = chrono::Utc::now();
        let ctx = user_ctx(self.database, UserRef::Login("entry"), now).await.map_err(text)?;
        for number in 1..=APPLICANTS {
            let bank = number % 2 == 1;
            let form = PersonForm {
                name: format!("演示申请人{number:02}"),
                person_type: PersonType::Tenant.code().to_owned(),
                organization: ctx.actor().organization_id.to_string(),
                id_type: IdType::IdCard.code().to_owned(),
                id_number: demo_id_number(number, PERSONS + number, ctx.today()),
                phone: format!("199000001{number:02}"),
                bank_name: if bank { "演示银行" } else { "" }.to_owned(),
                bank_no: if bank { demo_bank_number(number) } else { String::new() },
                ..PersonForm::default()
            };
            match person_create(&ctx, &form).await {
                // An earlier start has brought it in.
                Err(store::Error::Failure(Failure::Invalid(_))) if self.begun => {}
                made => drop(made.map_err(text)?),
            }
        }
        Ok(())
    }

    /// Through the same import as everybody's files; a row that fails here is a defect of ours, unless an
    /// earlier start has brought it in.
    async fn load(&self, sheet: SheetKey, file: PathBuf) -> Result<(), String> {
        let login = if sheet == SheetKey::Organization { "admin" } else { "city" };
        let command = import::Command {
            sheet,
            files: vec![file],
            login: login.to_owned(),
            dry_run: false,
            update: false,
            json: true,
        };
        let there = |message: &str| message.ends_with("已存在") || message.ends_with("已存在，不能重复导入");
        match import::import_files(self.database, &command).await {
            CommandEnd::Done(report) | CommandEnd::Refused(report) => {
                // One row may carry several reasons; that it is there already explains the others.
                let known: HashSet<u32> =
                    report.errors.iter().filter(|error| there(&error.message)).map(|error| error.row).collect();
                match report.errors.iter().find(|error| !(self.begun && known.contains(&error.row))) {
                    None => Ok(()),
                    Some(error) => Err(format!("demo data: {}: row {}: {}", sheet.code(), error.row, error.message)),
                }
            }
            CommandEnd::Broken(_, sentence) => Err(format!("demo data: {sentence}")),
        }
    }
}

/// A well-formed number of the unassigned division 990101; `age` spreads the births.
fn demo_id_number(age: u32, number: u32, today: chrono::NaiveDate) -> String {
    let digits = format!("990101{}{:02}{:02}{number:03}", 1960 + age, number % 12 + 1, number % 28 + 1);
    "0123456789X"
        .chars()
        .map(|check| format!("{digits}{check}"))
        .find(|number| IdNumber::parse(number, today).is_ok())
        .unwrap_or(digits)
}

/// A well-formed number of an account, behind a prefix that no bank has.
fn demo_bank_number(number: u32) -> String {
    let digits = format!("990101000000000{number:03}");
    (0..10).map(|check| format!("{digits}{check}")).find(|number| BankCard::parse(number).is_ok()).unwrap_or(digits)
}

/// Only the account that runs the server may read it.
fn write_private(path: &Path, content: &str) -> std::io::Result<()> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?
        .write_all(content.as_bytes())
}

fn table(notes: &str) -> String {
    let mut lines = String::from("\n  演示账号\n");
    for line in notes.lines() {
        let mut parts = line.split('\t');
        if let (Some(login), Some(password), Some(role)) = (parts.next(), parts.next(), parts.next()) {
            let _ = writeln!(lines, "    {login:<10} {password}  {role}");
        }
    }
    lines.push_str("  演示数据默认不强制二次验证；正式使用请将参数 SECOND_FACTOR 设为 true\n");
    lines
}

/// Stores every feature of a GeoJSON file as a division's outline; answers how many.
///
/// # Errors
/// One line that names the feature that cannot be read.
pub async fn outlines_put(ctx: &Ctx, geojson: &str) -> Result<usize, String> {
    let outlines = hdb::outlines_read(geojson)?;
    for outline in &outlines {
        division_put(ctx, &outline.division_code, &outline.name, &outline.geometry, outline.bounds)
            .await
            .map_err(text)?;
    }
    Ok(outlines.len())
}

fn text(error: store::Error) -> String {
    error.to_string()
}

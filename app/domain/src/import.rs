//! Import jobs (E-124): what screens and the command line show of them.

use crate::{
    dictionary::OrganizationType,
    platform::{actor::Actor, permission::Permission},
    sheet::{ImportSheet, RowError},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Where an import stands: as every job.
pub use crate::platform::job::JobStatus as ImportStatus;

/// Most bytes a browser may upload (S1-3.1).
pub const UPLOAD_BYTES_MAX: usize = 20 * 1024 * 1024;
/// Most data rows in a browser's file (S1-3.1); the command line has no limit.
pub const UPLOAD_ROWS_MAX: u32 = 20_000;

/// What may be a 住房管理单位, as forms offer it.
pub const MANAGEMENT_UNITS: &[OrganizationType] =
    &[OrganizationType::ManagementUnit, OrganizationType::District, OrganizationType::Operator, OrganizationType::City];
/// What may own a project (产权单位): whoever may look after housing, and the bodies that build it for their own.
pub const OWNER_UNITS: &[OrganizationType] = &[
    OrganizationType::ManagementUnit,
    OrganizationType::District,
    OrganizationType::Operator,
    OrganizationType::City,
    OrganizationType::Street,
    OrganizationType::Employer,
    OrganizationType::Finance,
];
/// What may be a 物业公司.
pub const PROPERTY_COMPANIES: &[OrganizationType] = &[OrganizationType::PropertyCompany];

/// The templates that can be imported, in the order in which they build on each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SheetKey {
    Organization,
    RentStandard,
    Project,
    Estate,
    Building,
    Room,
    Person,
    Binding,
    User,
    Calendar,
    RentAdjustment,
    MeterReading,
    Contract,
    TakeOver,
}

impl SheetKey {
    pub const ALL: [Self; 14] = [
        Self::Organization,
        Self::RentStandard,
        Self::Project,
        Self::Estate,
        Self::Building,
        Self::Room,
        Self::Person,
        Self::Binding,
        Self::User,
        Self::Calendar,
        Self::RentAdjustment,
        Self::MeterReading,
        Self::Contract,
        Self::TakeOver,
    ];

    /// As the command line and the address name it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::RentStandard => "rent_standard",
            Self::Project => "project",
            Self::Estate => "estate",
            Self::Building => "building",
            Self::Room => "room",
            Self::Person => "person",
            Self::Binding => "binding",
            Self::User => "user",
            Self::Calendar => "calendar",
            Self::RentAdjustment => "rent_adjustment",
            Self::MeterReading => "meter_reading",
            Self::Contract => "contract",
            Self::TakeOver => "take_over",
        }
    }

    /// What clerks call it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Organization => crate::platform::organization_sheet::ORGANIZATION_IMPORT.title,
            Self::RentStandard => crate::housing::rent_standard::RENT_STANDARD_IMPORT.title,
            Self::Project => crate::housing::project_sheet::PROJECT_IMPORT.title,
            Self::Estate => crate::housing::estate_sheet::ESTATE_IMPORT.title,
            Self::Building => crate::housing::building_sheet::BUILDING_IMPORT.title,
            Self::Room => crate::housing::room_sheet::ROOM_IMPORT.title,
            Self::Person => crate::person::import_sheet::PERSON_IMPORT.title,
            Self::Binding => crate::tenancy::binding_sheet::BINDING_IMPORT.title,
            Self::User => crate::platform::user_sheet::USER_IMPORT.title,
            Self::Calendar => crate::platform::calendar::HOLIDAY_IMPORT.title,
            Self::RentAdjustment => crate::billing::adjustment_sheet::RENT_IMPORT.title,
            Self::MeterReading => crate::billing::meter_sheet::READING_IMPORT.title,
            Self::Contract => crate::tenancy::contract_sheet::CONTRACT_IMPORT.title,
            Self::TakeOver => crate::tenancy::contract_sheet::TAKE_OVER_IMPORT.title,
        }
    }

    /// The sheet behind a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.code() == code)
    }

    /// Whether a browser may bring it in. A rent standard needs a second person (domain.md §6.4): by form, or by whoever sets
    /// the city up at the machine.
    #[must_use]
    pub fn in_browser(self) -> bool {
        self != Self::RentStandard
    }

    /// Who may import it: who may write the noun.
    #[must_use]
    pub fn permission(self) -> Permission {
        match self {
            Self::Organization => Permission::OrganizationWrite,
            Self::RentStandard => Permission::RentStandardWrite,
            Self::Project => Permission::ProjectWrite,
            Self::Estate => Permission::EstateWrite,
            Self::Building => Permission::UnitWrite,
            Self::Room => Permission::RoomWrite,
            Self::Person => Permission::PersonImport,
            Self::Binding => Permission::BindingWrite,
            Self::User => Permission::UserWrite,
            Self::Calendar => Permission::CalendarWrite,
            Self::RentAdjustment => Permission::RentAdjust,
            Self::MeterReading => Permission::MeterWrite,
            Self::Contract => Permission::ContractWrite,
            Self::TakeOver => Permission::TakeOverWrite,
        }
    }

    /// Whether its rows hold numbers that nobody else sees without a reason: what failed of such a file is shown to the
    /// person who brought it and to nobody else.
    #[must_use]
    pub fn is_personal(self) -> bool {
        matches!(
            self,
            Self::Room
                | Self::Person
                | Self::Binding
                | Self::User
                | Self::RentAdjustment
                | Self::Contract
                | Self::TakeOver
        )
    }

    /// Whether what is there already can be changed by the import (option 更新, domain.md §7.8).
    #[must_use]
    pub fn can_update(self) -> bool {
        matches!(self, Self::Person | Self::Calendar)
    }

    /// The headers of its columns. (Costs the browser every parser of every sheet: for the server.)
    #[must_use]
    pub fn headers(self) -> Vec<&'static str> {
        fn of<F>(sheet: &ImportSheet<F>) -> Vec<&'static str> {
            sheet.columns.iter().map(|column| column.header).collect()
        }
        match self {
            Self::Organization => of(&crate::platform::organization_sheet::ORGANIZATION_IMPORT),
            Self::RentStandard => of(&crate::housing::rent_standard::RENT_STANDARD_IMPORT),
            Self::Project => of(&crate::housing::project_sheet::PROJECT_IMPORT),
            Self::Estate => of(&crate::housing::estate_sheet::ESTATE_IMPORT),
            Self::Building => of(&crate::housing::building_sheet::BUILDING_IMPORT),
            Self::Room => of(&crate::housing::room_sheet::ROOM_IMPORT),
            Self::Person => of(&crate::person::import_sheet::PERSON_IMPORT),
            Self::Binding => of(&crate::tenancy::binding_sheet::BINDING_IMPORT),
            Self::User => of(&crate::platform::user_sheet::USER_IMPORT),
            Self::Calendar => of(&crate::platform::calendar::HOLIDAY_IMPORT),
            Self::RentAdjustment => of(&crate::billing::adjustment_sheet::RENT_IMPORT),
            Self::MeterReading => of(&crate::billing::meter_sheet::READING_IMPORT),
            Self::Contract => of(&crate::tenancy::contract_sheet::CONTRACT_IMPORT),
            Self::TakeOver => of(&crate::tenancy::contract_sheet::TAKE_OVER_IMPORT),
        }
    }
}

/// What failed is kept so long, to be mended and sent again; longer than it is needed nobody keeps personal
/// information (domain.md §2.7).
pub const FAILED_DAYS: i64 = 30;

/// Whether somebody may import anything at all, and so look into the import log (S1-3.2): its rows hold what stood in
/// the files, telephone numbers in clear among it. Neither a wall nor a newcomer may.
#[must_use]
pub fn may_import(actor: &Actor) -> bool {
    SheetKey::ALL.iter().any(|sheet| sheet.in_browser() && actor.may(sheet.permission()))
}

/// A job as the import log lists it (S1-3.2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImportJob {
    /// uuid
    pub id: String,
    pub sheet: SheetKey,
    pub file_name: String,
    pub status: ImportStatus,
    pub actor: String,
    /// whether it is the asking person's own, who alone may confirm or cancel it
    pub mine: bool,
    /// rows of the file, once it has been read through
    pub total: Option<i32>,
    pub succeeded: i32,
    pub failed: i32,
    /// why the file was refused or the import broken off
    pub message: Option<String>,
    /// an earlier import of the very same file, if there is one
    pub repeats: Option<DateTime<Utc>>,
    /// whether it can go on from where it ended
    pub retriable: bool,
    pub created_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
}

impl ImportJob {
    /// `成功n条，失败m条` (S1-3.1).
    #[must_use]
    pub fn result_text(&self) -> String {
        format!("成功{}条，失败{}条", self.succeeded, self.failed)
    }
}

/// A row that failed: its raw cells in template order, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImportRow {
    pub row_no: i32,
    pub raw: Vec<String>,
    pub errors: Vec<RowError>,
}

impl ImportRow {
    /// Several reasons joined by `；` (domain.md §7.0).
    #[must_use]
    pub fn reason(&self) -> String {
        self.errors.iter().map(|error| error.message.as_str()).collect::<Vec<_>>().join("；")
    }
}

/// Failed rows with the headers of their cells, as the page of a job shows them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FailedRows {
    pub headers: Vec<String>,
    pub rows: Vec<ImportRow>,
}

impl FailedRows {
    /// The filled cells of a row with their headers: a value without its column says little.
    pub fn cells<'a>(&'a self, row: &'a ImportRow) -> impl Iterator<Item = (&'a str, &'a str)> {
        let headers = self.headers.iter().map(String::as_str);
        headers.zip(row.raw.iter().map(String::as_str)).filter(|(_, cell)| !cell.trim().is_empty())
    }
}

/// What the command line prints with `--json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ImportReport {
    pub total: u32,
    pub succeeded: u32,
    pub failed: u32,
    pub errors: Vec<ReportedError>,
}

/// One line of [`ImportReport::errors`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReportedError {
    pub file: String,
    pub row: u32,
    pub column: String,
    pub message: String,
}

//! Import rows by column name, as a person fills them in.

use domain::{
    billing::{adjustment_sheet::RENT_IMPORT, meter_sheet::READING_IMPORT},
    dictionary::Item,
    housing::{
        building_sheet::BUILDING_IMPORT, estate_sheet::ESTATE_IMPORT, project_sheet::PROJECT_IMPORT,
        rent_standard::RENT_STANDARD_IMPORT, room_sheet::ROOM_IMPORT,
    },
    import::SheetKey,
    person::import_sheet::PERSON_IMPORT,
    platform::{calendar::HOLIDAY_IMPORT, organization_sheet::ORGANIZATION_IMPORT, user_sheet::USER_IMPORT},
    sheet::ImportSheet,
    tenancy::{
        binding_sheet::BINDING_IMPORT,
        contract_sheet::{CONTRACT_IMPORT, TAKE_OVER_IMPORT},
    },
};
use store::{
    Ctx,
    import::{Import, Outcome, RawRow},
};

/// A cell by the header of its column.
pub type Cells<'a> = &'a [(&'a str, &'a str)];

/// A good row of the sheet with some cells changed.
pub fn row(sheet: SheetKey, changes: Cells) -> Vec<String> {
    let good = match sheet {
        SheetKey::Organization => ORGANIZATION,
        SheetKey::RentStandard => RENT_STANDARD,
        SheetKey::Project => PROJECT,
        SheetKey::Estate => ESTATE,
        SheetKey::Building => BUILDING,
        SheetKey::Room => ROOM,
        SheetKey::Person => PERSON,
        SheetKey::Binding => BINDING,
        SheetKey::User => USER,
        SheetKey::Calendar => CALENDAR,
        SheetKey::RentAdjustment => RENT,
        SheetKey::MeterReading => return reading(changes),
        SheetKey::Contract => CONTRACT,
        SheetKey::TakeOver => TAKE_OVER,
    };
    let columns = columns(sheet);
    let mut cells = vec![String::new(); columns.len()];
    for (header, value) in good.iter().chain(changes) {
        let place = columns.iter().position(|(known, ..)| known == header);
        (*value).clone_into(&mut cells[place.unwrap_or_else(|| panic!("{sheet:?} has no column {header}"))]);
    }
    cells
}

/// A good reading is one of this month, read today.
fn reading(changes: Cells) -> Vec<String> {
    let today = store::ctx::china_day(chrono::Utc::now());
    let (month, day) = (today.format("%Y-%m").to_string(), today.to_string());
    let good = [("期间", month.as_str()), ("表具编号", "SB-1"), ("期末值", "36"), ("抄表日期", &day), ("抄表人", "")];
    let value = |header: &str| {
        let changed = changes.iter().chain(&good).find(|(known, _)| *known == header);
        changed.map(|(_, value)| (*value).to_owned()).unwrap_or_default()
    };
    columns(SheetKey::MeterReading).into_iter().map(|(header, ..)| value(header)).collect()
}

/// A column of a template: its header, whether it must be filled in, and what may stand in it.
pub type Column = (&'static str, bool, Vec<&'static str>);

fn labels(choices: Vec<Item>) -> Vec<&'static str> {
    choices.into_iter().map(|item| item.label).collect()
}

/// The columns of a template.
pub fn columns(sheet: SheetKey) -> Vec<Column> {
    fn of<F>(sheet: &ImportSheet<F>) -> Vec<Column> {
        sheet.columns.iter().map(|column| (column.header, column.required, labels((column.choices)()))).collect()
    }
    match sheet {
        SheetKey::Organization => of(&ORGANIZATION_IMPORT),
        SheetKey::RentStandard => of(&RENT_STANDARD_IMPORT),
        SheetKey::Project => of(&PROJECT_IMPORT),
        SheetKey::Estate => of(&ESTATE_IMPORT),
        SheetKey::Building => of(&BUILDING_IMPORT),
        SheetKey::Room => of(&ROOM_IMPORT),
        SheetKey::Person => of(&PERSON_IMPORT),
        SheetKey::Binding => of(&BINDING_IMPORT),
        SheetKey::User => of(&USER_IMPORT),
        SheetKey::Calendar => of(&HOLIDAY_IMPORT),
        SheetKey::RentAdjustment => of(&RENT_IMPORT),
        SheetKey::MeterReading => of(&READING_IMPORT),
        SheetKey::Contract => of(&CONTRACT_IMPORT),
        SheetKey::TakeOver => of(&TAKE_OVER_IMPORT),
    }
}

/// Rows numbered as in a worksheet whose first data row is 2.
pub fn numbered(rows: Vec<Vec<String>>) -> Vec<RawRow> {
    (2..).zip(rows).map(|(row_no, cells)| RawRow { row_no, cells }).collect()
}

/// The account of the small city that may import a sheet.
pub fn importer(sheet: SheetKey) -> &'static str {
    match sheet {
        SheetKey::Organization | SheetKey::User | SheetKey::Calendar => "admin",
        SheetKey::Binding | SheetKey::Contract | SheetKey::TakeOver => "entry",
        SheetKey::RentAdjustment => "finance",
        SheetKey::MeterReading => "operator",
        _ => "city",
    }
}

/// Takes all rows in one chunk.
pub async fn take(ctx: &Ctx, sheet: SheetKey, write: bool, rows: Vec<Vec<String>>) -> Outcome {
    let mut import = Import::start(ctx, sheet, write).await.expect("the import starts");
    import.chunk(numbered(rows), None).await.expect("the chunk is taken")
}

/// Imports rows of which none may fail.
pub async fn import(ctx: &Ctx, sheet: SheetKey, rows: Vec<Vec<String>>) {
    let count = rows.len();
    let outcome = take(ctx, sheet, true, rows).await;
    assert_eq!((outcome.succeeded as usize, told(&outcome)), (count, Vec::<(i32, String)>::new()));
}

/// The failures as a person reads them: row number and reason.
pub fn told(outcome: &Outcome) -> Vec<(i32, String)> {
    outcome.failed.iter().map(|row| (row.row_no, row.reason())).collect()
}

/// What is wrong with one row; empty when it goes in.
pub async fn complaint(ctx: &Ctx, sheet: SheetKey, changes: Cells<'_>) -> String {
    let outcome = take(ctx, sheet, false, vec![row(sheet, changes)]).await;
    outcome.failed.first().map(domain::import::ImportRow::reason).unwrap_or_default()
}

const ORGANIZATION: Cells = &[
    ("机构编码", "M9"),
    ("机构名称", "新管理中心"),
    ("类型", "住房管理单位"),
    ("上级", "810101"),
    ("行政区划代码", "810101"),
    ("状态", "启用"),
];

const RENT_STANDARD: Cells = &[
    ("标准编码", "ZJ-09"),
    ("标准名称", "九号标准"),
    ("单价(元/㎡·月)", "2.60"),
    ("计租面积", "使用面积"),
    ("批准文号", "测发〔2026〕9号"),
    ("生效日期", "2026-01-01"),
];

const PROJECT: Cells = &[
    ("项目名称", "新项目"),
    ("所属区县", "甲区"),
    ("项目地址", "新路1号"),
    ("住房类别", "公租房"),
    ("筹集方式", "新建"),
    ("投资主体", "政府投资"),
    ("产权单位", "测试市住房保障中心"),
    ("计划套数", "100"),
    ("项目状态", "运营中"),
];

const PERSON: Cells = &[
    ("姓名", "测试人甲"),
    ("人员类型", "租户"),
    ("证件类型", "护照"),
    ("证件号码", "E1234567"),
    ("手机号", "13800001234"),
    ("所属机构", "甲区"),
];

/// [`PERSON`] in the home that was occupied when the small city was made.
const BINDING: Cells = &[
    ("小区名称", "月光苑"),
    ("楼栋号", "1号楼"),
    ("单元号", "1"),
    ("房号", "103"),
    ("姓名", "测试人甲"),
    ("证件号码", "E1234567"),
    ("关系", "承租人"),
    ("入住日期", "2026-01-01"),
];

const USER: Cells = &[
    ("账号", "new.clerk"),
    ("姓名", "新员工"),
    ("所属机构", "甲区"),
    ("角色", "区县住房保障部门"),
    ("手机号", "13900001234"),
];
const CALENDAR: Cells = &[("日期", "2026-10-01"), ("类型", "休"), ("名称", "国庆节")];

/// Of the contracts that `tenancy::rent_data` makes.
const RENT: Cells = &[
    ("合同编号", "HT-RENT-1"),
    ("新租金标准", "3.00"),
    ("新月租金(元)", "129.00"),
    ("调整类型", "更正"),
    ("生效月份", "2090-01"),
    ("批准文号", "测发〔2026〕12号"),
];

/// Of the two people whom `tenancy::lease_data` registers, the first of whom a home of 月光苑 is assigned to.
const CONTRACT: Cells = &[
    ("承租人姓名", "测试租户0"),
    ("证件号码", "810101199003070017"),
    ("小区名称", "月光苑"),
    ("楼栋号", "1号楼"),
    ("单元号", "1"),
    ("房号", "101"),
    ("租赁开始日期", "2026-01-01"),
    ("租赁结束日期", "2030-12-31"),
    ("租金标准(元/㎡·月)", "2.60"),
    ("月租金(元)", "111.80"),
    ("押金(元)", "1000.00"),
    ("缴费周期", "月"),
    ("账单拆分", "按自然月"),
    ("缴费日", "10"),
    ("开户行", "测试银行"),
    ("银行卡号", "6217000010000000011"),
    ("户名", "测试租户0"),
    ("签订日期", "2026-01-01"),
];

/// Of the second of them, in the home of 月光苑 that was occupied when the small city was made.
const TAKE_OVER: Cells = &[
    ("合同编号", "JQ-1"),
    ("承租人姓名", "测试租户3"),
    ("证件号码", "810101199003070076"),
    ("小区名称", "月光苑"),
    ("楼栋号", "1号楼"),
    ("单元号", "1"),
    ("房号", "103"),
    ("租赁开始日期", "2026-01-01"),
    ("租赁结束日期", "2030-12-31"),
    ("租金标准(元/㎡·月)", "2.60"),
    ("月租金(元)", "111.80"),
    ("押金(元)", "1000.00"),
    ("缴费周期", "月"),
    ("账单拆分", "按自然月"),
    ("缴费日", "10"),
    ("开户行", "测试银行"),
    ("银行卡号", "6217000010000000011"),
    ("户名", "测试租户3"),
    ("签订日期", "2026-01-01"),
    ("接管日", "2026-01-31"),
];

const ESTATE: Cells = &[("小区名称", "新苑"), ("所属区县", "甲区"), ("小区地址", "新路1号")];

const BUILDING: Cells = &[
    ("项目名称", "甲项目"),
    ("小区名称", "新苑"),
    ("所属区县", "甲区"),
    ("小区地址", "新路1号"),
    ("楼栋号", "1"),
    ("单元号", "1"),
    ("楼层", "1"),
    ("房号", "101"),
    ("户型", "两居室"),
    ("建筑面积(㎡)", "57.00"),
    ("使用面积(㎡)", "43.00"),
    ("住房管理单位", "甲区管理中心"),
    ("租金标准编码", "ZJ-01"),
];

/// A room of a unit of the small city.
const ROOM: Cells =
    &[("小区名称", "阳光苑"), ("楼栋号", "1号楼"), ("单元号", "2"), ("房号", "101"), ("房间名称", "A"), ("类型", "间")];

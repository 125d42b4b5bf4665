//! Files that have everything in them.

use crate::support::{self, sheet::row};
use domain::import::SheetKey;

/// A file with good rows, bad rows and duplicates of every kind.
pub fn mixed(sheet: SheetKey) -> Vec<Vec<String>> {
    let named: &dyn Fn(&str, &str) -> Vec<String> = match sheet {
        SheetKey::Organization => &|code, name| row(sheet, &[("机构编码", code), ("机构名称", name)]),
        SheetKey::RentStandard => &|code, name| row(sheet, &[("标准编码", code), ("标准名称", name)]),
        SheetKey::Project => &|district, name| row(sheet, &[("所属区县", district), ("项目名称", name)]),
        SheetKey::Estate => &|district, name| row(sheet, &[("所属区县", district), ("小区名称", name)]),
        SheetKey::Building => &|room, name| row(sheet, &[("房号", room), ("小区名称", name)]),
        SheetKey::Room => &|room, name| row(sheet, &[("房号", room), ("房间名称", name)]),
        SheetKey::Person => &|number, name| row(sheet, &[("证件号码", number), ("姓名", name)]),
        SheetKey::Binding => &|number, name| row(sheet, &[("证件号码", number), ("姓名", name)]),
        SheetKey::User => &|login, phone| row(sheet, &[("账号", login), ("手机号", phone)]),
        SheetKey::Calendar => &|day, kind| row(sheet, &[("日期", day), ("类型", kind)]),
        SheetKey::RentAdjustment => &|number, rent| row(sheet, &[("合同编号", number), ("新月租金(元)", rent)]),
        SheetKey::MeterReading => &|number, closing| row(sheet, &[("表具编号", number), ("期末值", closing)]),
        SheetKey::Contract | SheetKey::TakeOver => &|room, number| row(sheet, &[("房号", room), ("合同编号", number)]),
    };
    match sheet {
        SheetKey::Organization => vec![
            named("N1", "新一"),
            named("N1", "新一"),
            named("N2", "新一"),
            named("M1", "新二"),
            named("N3", ""),
            named("N4", "甲区管理中心"),
            row(sheet, &[("机构编码", "N5"), ("机构名称", "新一"), ("上级", "甲区")]),
            row(sheet, &[("机构编码", "N6"), ("机构名称", "下级"), ("上级", "N1")]),
            row(sheet, &[("机构编码", "N7"), ("机构名称", "下级"), ("上级", "新一")]),
            row(sheet, &[("机构编码", "N8"), ("机构名称", "下级"), ("上级", "N9")]),
        ],
        SheetKey::RentStandard => vec![named("N1", "一"), named("N1", "二"), named("ZJ-01", "三"), named("N2", "")],
        SheetKey::Project => vec![
            named("甲区", "新一"),
            named("甲区", "新一"),
            named("810101", "新一"),
            named("乙区", "新一"),
            named("甲区", "甲项目"),
            named("丁区", "新二"),
            named("甲区", ""),
        ],
        SheetKey::Estate => vec![
            named("甲区", "新一"),
            named("甲区", "新一"),
            named("810101", "新一"),
            named("乙区", "新一"),
            named("甲区", "阳光苑"),
            named("丁区", "新二"),
            named("甲区", ""),
        ],
        SheetKey::RentAdjustment => vec![
            named("HT-RENT-1", "129.00"),
            named("HT-RENT-1", "129.00"),
            named("HT-RENT-2", "1.00"),
            named("HT-RENT-3", "129.00"),
            named("HT-RENT-2", ""),
        ],
        SheetKey::MeterReading => vec![
            named("SB-1", "36"),
            named("SB-1", "37"),
            named("SB-2", "-1"),
            named("SB-9", "1"),
            row(sheet, &[("表具编号", "SB-2"), ("抄表日期", "2999-01-01")]),
            row(sheet, &[("表具编号", "SB-2"), ("期间", "2001-01")]),
        ],
        SheetKey::Contract | SheetKey::TakeOver => support::tenancy::mixed_leases(sheet),
        SheetKey::Calendar => vec![
            named("2026-10-01", "休"),
            named("2026-10-01", "班"),
            named("2026-10-10", "班"),
            named("2026-02-30", "休"),
            named("2026-10-02", ""),
        ],
        SheetKey::Person => vec![
            named("E0000001", "新一"),
            named("e0000001", "新一"),
            named("E0000-002", "新二"),
            named("Ｅ0000002", "新二"),
            named("E0000003", ""),
            row(sheet, &[("证件号码", "E0000004"), ("所属机构", "丁区")]),
            row(sheet, &[("证件号码", "81010119900307001X"), ("证件类型", "身份证")]),
        ],
        // Of the people whom the sheet before it enters.
        SheetKey::Binding => vec![
            named("E0000001", "新一"),
            named("e0000-001", "新一"),
            named("E0000002", "新二"),
            named("E0000002", "新一"),
            named("E0000003", "新三"),
            row(sheet, &[("证件号码", "E0000002"), ("姓名", "新二"), ("关系", "同住人")]),
            row(sheet, &[("证件号码", "E0000004"), ("姓名", "新四"), ("入住日期", "2999-01-01")]),
        ],
        SheetKey::User => vec![
            named("new.one", "13900000011"),
            named("new.one", "13900000012"),
            named("new.two", "13900000011"),
            named("city", "13900000013"),
            named("new.three", "138"),
            row(sheet, &[("账号", "new.four"), ("所属机构", "丁区")]),
            row(sheet, &[("账号", "new.five"), ("角色", "市住房保障中心、CITY_CHECK")]),
            // The telephone of a row that did not go in is free.
            named("new.six", "13900000012"),
        ],
        SheetKey::Building => vec![
            named("101", "新苑"),
            named("101", "新苑"),
            named("１０１", "新苑"),
            named("102", "新苑"),
            named("", "新苑"),
            row(sheet, &[("所属区县", "810101")]),
            row(sheet, &[("房号", "103"), ("小区地址", "别处")]),
            row(sheet, &[("房号", "104"), ("项目名称", "甲经适项目"), ("租金标准编码", "")]),
            row(sheet, &[("小区名称", "阳光苑"), ("小区地址", "光明路1号"), ("楼栋号", "1号楼")]),
        ],
        SheetKey::Room => vec![
            named("101", "A"),
            named("101", "A"),
            named("１０１", "A"),
            named("102", "A"),
            named("101", "101"),
            named("999", "A"),
            named("101", ""),
        ],
    }
}

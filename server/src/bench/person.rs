//! Tenants who do not exist: composed names, and documents of a division that nobody has.

use crate::workbook::{template::template_of, write};
use chrono::{Days, NaiveDate};
use domain::{import::SheetKey, value::IdNumber};
use std::{borrow::Cow, ops::Range};

const SURNAMES: [&str; 20] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马",
    "欧阳",
];
const GIVEN: [&str; 32] = [
    "伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超", "兰", "霞",
    "平", "刚", "桂", "英", "华", "玉", "萍", "红", "国", "建", "文", "海", "小",
];

/// The name of a numbered person.
#[must_use]
pub fn name(number: u32) -> String {
    let of = |list: &[&'static str], place: u32| list[place as usize % list.len()];
    let (first, second) = (of(&GIVEN, number / 20), of(&GIVEN, number / 640));
    format!("{}{first}{}", of(&SURNAMES, number), if number.is_multiple_of(7) { "" } else { second })
}

/// A workbook of the persons with these numbers, kept by these organisations in turn.
///
/// # Errors
/// When it cannot be written.
pub fn workbook(numbers: Range<u32>, keepers: &[&str]) -> Result<Vec<u8>, String> {
    let template = template_of(SheetKey::Person);
    let first = NaiveDate::from_ymd_opt(1950, 1, 1).ok_or("no such day")?;
    let today = chrono::Utc::now().date_naive();
    let row = |number: u32| -> Option<Vec<Cow<'static, str>>> {
        let born = first.checked_add_days(Days::new(u64::from(number % 18_000)))?;
        let old = format!("990101{}{:03}", born.format("%y%m%d"), number / 18_000);
        let document = IdNumber::parse_legacy(&old, today).ok()?;
        let value = |header: &str| -> Cow<'static, str> {
            match header {
                "姓名" => name(number).into(),
                "人员类型" => "租户".into(),
                "证件类型" => "居民身份证".into(),
                "证件号码" => document.as_str().to_owned().into(),
                "手机号" => format!("199{number:08}").into(),
                "现住址" => format!("基准市基准区基准路{number}号0301室").into(),
                "工作单位" => "基准测试单位".into(),
                "所属机构" => keepers[number as usize % keepers.len()].to_owned().into(),
                _ => "".into(),
            }
        };
        Some(template.columns.iter().map(|column| value(column.header)).collect())
    };
    let rows: Vec<_> = numbers.clone().map_while(row).collect();
    if rows.len() != numbers.len() {
        return Err(format!("not all of {numbers:?} have a document"));
    }
    write::rows(template.title, &template.headers(), rows).map_err(|error| error.to_string())
}

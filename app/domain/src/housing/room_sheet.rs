//! Template I-04 房间(单元)资料 (domain.md §7.4): rooms of units that are there.

use crate::{
    dictionary::RoomType,
    housing::{
        building_sheet::parse_between,
        room::{CAPACITY_MAX, room_area},
    },
    sheet::{ImportColumn, ImportSheet},
    value::{Area, Phone, Rate, text_max},
};

/// One row of I-04.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoomImportForm {
    pub estate: String,
    pub building: String,
    pub entrance: String,
    pub room_no: String,
    pub name: String,
    pub kind: Option<RoomType>,
    pub area: Option<Area>,
    pub capacity: Option<i32>,
    pub property_rate: Option<Rate>,
    pub owner_name: String,
    pub owner_phone: String,
}

/// I-04 房间资料.
#[rustfmt::skip] // a table: one line per column
pub const ROOM_IMPORT: ImportSheet<RoomImportForm> = ImportSheet {
    key: "room",
    title: "房间资料",
    columns: &[
        ImportColumn { header: "小区名称", required: true, example: "示例小区", note: "须已存在", choices: Vec::new, parse: |text, form| { form.estate = text_max(text, 100)?; Ok(()) } },
        ImportColumn { header: "楼栋号", required: true, example: "01", note: "须已存在", choices: Vec::new, parse: |text, form| { form.building = text_max(text, 20)?; Ok(()) } },
        ImportColumn { header: "单元号", required: true, example: "03", note: "与房源一致", choices: Vec::new, parse: |text, form| { form.entrance = text_max(text, 10)?; Ok(()) } },
        ImportColumn { header: "房号", required: true, example: "0401", note: "房源须已存在", choices: Vec::new, parse: |text, form| { form.room_no = text_max(text, 20)?; Ok(()) } },
        ImportColumn { header: "房间名称", required: true, example: "A", note: "同一房源内不得重复", choices: Vec::new, parse: |text, form| { form.name = text_max(text, 50)?; Ok(()) } },
        ImportColumn { header: "类型", required: true, example: "间", note: "从下拉值中选择", choices: RoomType::choices, parse: |text, form| { form.kind = Some(RoomType::parse(text)?); Ok(()) } },
        ImportColumn { header: "面积(㎡)", required: false, example: "12.50", note: "大于0，最多2位小数", choices: Vec::new, parse: |text, form| { form.area = Some(room_area(text)?); Ok(()) } },
        ImportColumn { header: "可住人数", required: false, example: "2", note: "1至12", choices: Vec::new, parse: |text, form| { form.capacity = Some(parse_between(text, 1, CAPACITY_MAX)?); Ok(()) } },
        ImportColumn { header: "物业费单价(元/㎡·月)", required: false, example: "", note: "最多4位小数", choices: Vec::new, parse: |text, form| { form.property_rate = Some(Rate::parse(text)?); Ok(()) } },
        ImportColumn { header: "业主姓名", required: false, example: "", note: "仅已售房源填写", choices: Vec::new, parse: |text, form| { form.owner_name = text_max(text, 50)?; Ok(()) } },
        ImportColumn { header: "业主电话", required: false, example: "", note: "仅已售房源填写，须同时填写业主姓名", choices: Vec::new, parse: |text, form| { form.owner_phone = Phone::parse(text)?.as_str().to_owned(); Ok(()) } },
    ],
    check: |form, row| {
        let alone = form.owner_name.is_empty() && !form.owner_phone.is_empty();
        row.rule(&["业主电话", "业主姓名"], alone, "填写【业主电话】时须同时填写【业主姓名】");
    },
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::LabelBook;

    fn row(changes: &[(&str, &str)]) -> Vec<String> {
        ROOM_IMPORT
            .columns
            .iter()
            .map(|column| {
                let changed = changes.iter().find(|(header, _)| *header == column.header);
                changed.map_or(column.example, |(_, text)| text).to_owned()
            })
            .collect()
    }

    #[test]
    fn a_row_is_read_and_its_mistakes_are_named() {
        let form = ROOM_IMPORT.parse(2, &row(&[]), &LabelBook::default()).unwrap();
        assert_eq!((form.name.as_str(), form.kind, form.capacity), ("A", Some(RoomType::Room), Some(2)));
        for (header, text, sentence) in [
            ("房间名称", "", "第2行【房间名称】不能为空"),
            ("类型", "厅", "【类型】取值不在字典范围内：厅"),
            ("可住人数", "13", "【可住人数】应为1至12之间的整数"),
            ("面积(㎡)", "0", "【面积(㎡)】应为大于0的数字，最多2位小数"),
            ("业主电话", "13800000000", "填写【业主电话】时须同时填写【业主姓名】"),
        ] {
            let errors = ROOM_IMPORT.parse(2, &row(&[(header, text)]), &LabelBook::default()).unwrap_err();
            assert_eq!(errors[0].message, sentence, "{header}");
        }
    }
}

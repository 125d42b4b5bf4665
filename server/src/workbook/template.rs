//! Import templates as files (domain.md §7.0): sheet 1 is the form to fill in, sheet 2 explains it.

use super::write::{header_format, text_format, width_of};
use domain::{
    billing::{adjustment_sheet::RENT_IMPORT, meter_sheet::READING_IMPORT},
    dictionary::LabelBook,
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
use rust_xlsxwriter::{
    Color, DataValidation, Format, FormatAlign, Formula, Workbook, Worksheet, XlsxError, utility::column_number_to_name,
};

/// Drop-down lists up to this length may stand in the sheet itself (a limit of the format).
const LIST_CHARS_MAX: usize = 255;
/// Last row of a worksheet, counted from 0.
const LAST_ROW: u32 = 1_048_575;
const GUIDE: &str = "填写说明";
const RULES: [&str; 6] = [
    "第一张表填写数据：第1行表头不得修改、增删或调换顺序；带*的列必填。",
    "第2行为示例，以“示例”开头时不导入，可直接覆盖；空行不导入。",
    "所有单元格为文本格式；日期填写为YYYY-MM-DD，例如2026-03-01。",
    "有可选值的列请从下拉列表中选择，可选值见本表右侧。",
    "公式只取已保存的结果，宏不会执行；一个文件不超过20000行、20MB。",
    "部分行有误时，其余行仍可导入；下载失败行改正后可直接再次上传。",
];
/// Where on the second sheet the table of columns begins, and where the lists stand beside it.
const TABLE_ROW: u32 = RULES.len() as u32 + 2;
const LISTS_COLUMN: u16 = 6;

/// One column of a template without the type of its form.
pub struct TemplateColumn {
    pub header: &'static str,
    pub required: bool,
    pub example: &'static str,
    pub note: &'static str,
    /// drop-down values, empty when free
    pub choices: Vec<String>,
}

/// A template without the type of its form: what files are made of and headers compared with.
pub struct Template {
    pub key: SheetKey,
    pub title: &'static str,
    pub columns: Vec<TemplateColumn>,
}

impl Template {
    /// The header row; `*` marks required columns.
    #[must_use]
    pub fn headers(&self) -> Vec<String> {
        self.columns.iter().map(TemplateColumn::marked).collect()
    }
}

impl TemplateColumn {
    pub(super) fn marked(&self) -> String {
        format!("{}{}", if self.required { "*" } else { "" }, self.header)
    }
}

/// The template behind a key, with the program's labels.
#[must_use]
pub fn template_of(key: SheetKey) -> Template {
    labelled(key, &LabelBook::default())
}

/// The template behind a key, with the city's labels and without the values that it has disabled.
#[must_use]
pub fn labelled(key: SheetKey, book: &LabelBook) -> Template {
    match key {
        SheetKey::Organization => described(key, &ORGANIZATION_IMPORT, book),
        SheetKey::RentStandard => described(key, &RENT_STANDARD_IMPORT, book),
        SheetKey::Project => described(key, &PROJECT_IMPORT, book),
        SheetKey::Estate => described(key, &ESTATE_IMPORT, book),
        SheetKey::Building => described(key, &BUILDING_IMPORT, book),
        SheetKey::Room => described(key, &ROOM_IMPORT, book),
        SheetKey::Person => described(key, &PERSON_IMPORT, book),
        SheetKey::Binding => described(key, &BINDING_IMPORT, book),
        SheetKey::User => described(key, &USER_IMPORT, book),
        SheetKey::Calendar => described(key, &HOLIDAY_IMPORT, book),
        SheetKey::RentAdjustment => described(key, &RENT_IMPORT, book),
        SheetKey::MeterReading => described(key, &READING_IMPORT, book),
        SheetKey::Contract => described(key, &CONTRACT_IMPORT, book),
        SheetKey::TakeOver => described(key, &TAKE_OVER_IMPORT, book),
    }
}

fn described<F>(key: SheetKey, sheet: &'static ImportSheet<F>, book: &LabelBook) -> Template {
    let columns = sheet.columns.iter().map(|column| TemplateColumn {
        header: column.header,
        required: column.required,
        example: column.example,
        note: column.note,
        choices: book
            .offers((column.choices)())
            .into_iter()
            .filter(|offer| !offer.off)
            .map(|offer| offer.label)
            .collect(),
    });
    Template { key, title: sheet.title, columns: columns.collect() }
}

/// The file that people download, fill in and upload.
///
/// # Errors
/// When the file cannot be put together.
pub fn template(template: &Template) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    form(workbook.add_worksheet(), template)?;
    guide(workbook.add_worksheet(), template)?;
    workbook.save_to_buffer()
}

/// Sheet 1: headers, an example, drop-downs; everything is text, so that Excel keeps leading zeros.
fn form(sheet: &mut Worksheet, template: &Template) -> Result<(), XlsxError> {
    sheet.set_name(template.title)?.set_freeze_panes(1, 0)?;
    let example = text_format().set_italic().set_font_color(Color::Gray);
    for (index, column) in (0..).zip(&template.columns) {
        sheet.set_column_format(index, &text_format())?;
        let header = column.marked();
        sheet.set_column_width(index, width_of(&header).max(width_of(column.example)))?;
        sheet.write_string_with_format(0, index, header, &header_format(column.required))?;
        sheet.write_string_with_format(1, index, column.example, &example)?;
        if !column.choices.is_empty() {
            sheet.add_data_validation(1, index, LAST_ROW, index, &drop_down(template, column)?)?;
        }
    }
    Ok(())
}

fn drop_down(template: &Template, column: &TemplateColumn) -> Result<DataValidation, XlsxError> {
    let validation = DataValidation::new()
        .set_error_title("取值不在字典范围内")?
        .set_error_message(format!("【{}】请从下拉列表中选择", column.header))?;
    let chars = column.choices.iter().map(|choice| choice.chars().count() + 1).sum::<usize>();
    if chars <= LIST_CHARS_MAX {
        return validation.allow_list_strings(&column.choices);
    }
    let place = lists(template).position(|listed| listed.header == column.header).unwrap_or_default();
    let name = column_number_to_name(LISTS_COLUMN + u16::try_from(place).unwrap_or(u16::MAX));
    let (first, last) = (TABLE_ROW + 2, TABLE_ROW as usize + 1 + column.choices.len());
    Ok(validation.allow_list_formula(Formula::new(format!("='{GUIDE}'!${name}${first}:${name}${last}"))))
}

/// The columns that have a list, in the order in which the second sheet shows them.
fn lists(template: &Template) -> impl Iterator<Item = &TemplateColumn> {
    template.columns.iter().filter(|column| !column.choices.is_empty())
}

/// Sheet 2: the rules, every column, and the values of every drop-down.
fn guide(sheet: &mut Worksheet, template: &Template) -> Result<(), XlsxError> {
    sheet.set_name(GUIDE)?;
    sheet.write_string_with_format(
        0,
        0,
        format!("{}导入模板填写说明", template.title),
        &Format::new().set_bold().set_font_size(14),
    )?;
    for (row, rule) in (1..).zip(RULES) {
        sheet.write_string(row, 0, format!("{row}. {rule}"))?;
    }
    for (index, (name, width)) in
        (0..).zip([("列名", 22), ("是否必填", 10), ("填写要求", 44), ("示例", 22), ("可选值", 44)])
    {
        sheet.set_column_width(index, width)?;
        sheet.write_string_with_format(TABLE_ROW, index, name, &header_format(false))?;
    }
    let wrapped = text_format().set_text_wrap().set_align(FormatAlign::Top);
    for (row, column) in (TABLE_ROW + 1..).zip(&template.columns) {
        let required = if column.required { "必填" } else { "选填" };
        let cells = [column.header, required, column.note, column.example, &column.choices.join("、")];
        for (index, cell) in (0..).zip(cells) {
            sheet.write_string_with_format(row, index, cell, &wrapped)?;
        }
    }
    for (index, column) in (LISTS_COLUMN..).zip(lists(template)) {
        sheet.set_column_width(index, width_of(column.header).max(16.0))?;
        sheet.write_string_with_format(TABLE_ROW, index, column.header, &header_format(false))?;
        for (row, choice) in (TABLE_ROW + 1..).zip(&column.choices) {
            sheet.write_string_with_format(row, index, choice, &text_format())?;
        }
    }
    Ok(())
}

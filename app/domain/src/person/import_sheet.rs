//! Template I-08 人员 (domain.md §7.8). Its rows are the form of a person: what a clerk types and what a file brings is
//! judged by the same rules.

use super::{DOCUMENT_MAX, DOCUMENT_MIN, PersonForm};
use crate::{
    dictionary::{Education, Gender, IdType, Nation, PersonType},
    sheet::{ImportColumn, ImportSheet},
    value::{Check, Complaint, Phone, text_max},
};

/// I-08 人员.
#[rustfmt::skip] // a table: one line per column
pub const PERSON_IMPORT: ImportSheet<PersonForm> = ImportSheet {
    key: "person",
    title: "人员",
    columns: &[
        ImportColumn { header: "姓名", required: true, example: "示例人员", note: "最长50字", choices: Vec::new, parse: |text, form| { form.name = text_max(text, 50)?; Ok(()) } },
        ImportColumn { header: "人员类型", required: true, example: "租户", note: "从下拉值中选择", choices: PersonType::choices, parse: |text, form| { form.person_type = PersonType::parse(text)?.code().to_owned(); Ok(()) } },
        ImportColumn { header: "证件类型", required: true, example: "居民身份证", note: "从下拉值中选择", choices: IdType::choices, parse: |text, form| { form.id_type = IdType::parse(text)?.code().to_owned(); Ok(()) } },
        ImportColumn { header: "证件号码", required: true, example: "990101199001010002", note: "全市唯一；导入时勾选“更新已有人员”则只更新电话、地址和工作单位", choices: Vec::new, parse: |text, form| { form.id_number = document(text)?; Ok(()) } },
        ImportColumn { header: "手机号", required: true, example: "19900000000", note: "手机或固定电话", choices: Vec::new, parse: |text, form| { form.phone = Phone::parse(text)?.as_str().to_owned(); Ok(()) } },
        ImportColumn { header: "性别", required: false, example: "", note: "居民身份证可不填，填写须与证件一致", choices: Gender::choices, parse: |text, form| { form.gender = Gender::parse(text)?.code().to_owned(); Ok(()) } },
        ImportColumn { header: "民族", required: false, example: "", note: "从下拉值中选择", choices: Nation::choices, parse: |text, form| { form.nation = Nation::parse(text)?.code().to_owned(); Ok(()) } },
        ImportColumn { header: "学历", required: false, example: "", note: "从下拉值中选择", choices: Education::choices, parse: |text, form| { form.education = Education::parse(text)?.code().to_owned(); Ok(()) } },
        ImportColumn { header: "户籍地址", required: false, example: "", note: "最长200字", choices: Vec::new, parse: |text, form| { form.hukou_address = text_max(text, 200)?; Ok(()) } },
        ImportColumn { header: "现住址", required: false, example: "", note: "最长200字", choices: Vec::new, parse: |text, form| { form.live_address = text_max(text, 200)?; Ok(()) } },
        ImportColumn { header: "工作单位", required: false, example: "", note: "最长200字", choices: Vec::new, parse: |text, form| { form.employer = text_max(text, 200)?; Ok(()) } },
        ImportColumn { header: "紧急联系人", required: false, example: "", note: "最长30字", choices: Vec::new, parse: |text, form| { form.emergency_contact = text_max(text, 30)?; Ok(()) } },
        ImportColumn { header: "紧急联系电话", required: false, example: "", note: "手机或固定电话", choices: Vec::new, parse: |text, form| { form.emergency_phone = Phone::parse(text)?.as_str().to_owned(); Ok(()) } },
        ImportColumn { header: "所属机构", required: true, example: "示例区住房保障中心", note: "名称或编码，须在权限范围内", choices: Vec::new, parse: |text, form| { form.organization = text_max(text, 100)?; Ok(()) } },
    ],
    check: |_, _| {},
};

/// The column that holds a field of the form, where complaints about the whole row name fields.
#[must_use]
pub fn column_of(field: &str) -> &'static str {
    match field {
        "name" => "姓名",
        "person_type" => "人员类型",
        "id_type" => "证件类型",
        "id_number" => "证件号码",
        "phone" => "手机号",
        "gender" => "性别",
        "organization" => "所属机构",
        _ => "",
    }
}

/// A document's number as far as one column tells: what its type asks for is judged with the whole row.
fn document(text: &str) -> Check<String> {
    let number = text_max(text, DOCUMENT_MAX)?;
    if number.chars().count() < DOCUMENT_MIN {
        return Err(Complaint::about(format!("长度不能少于{DOCUMENT_MIN}")));
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::LabelBook;

    fn cells(changes: &[(&str, &str)]) -> Vec<String> {
        let good = [
            ("姓名", "测试人"),
            ("人员类型", "租户"),
            ("证件类型", "身份证"),
            ("证件号码", "11010519491231002X"),
            ("手机号", "13800000000"),
            ("所属机构", "甲区"),
        ];
        let value = |header: &str| {
            changes.iter().rev().chain(&good).find(|(name, _)| *name == header).map_or("", |(_, value)| value)
        };
        PERSON_IMPORT.columns.iter().map(|column| value(column.header).to_owned()).collect()
    }

    #[test]
    fn a_row_is_the_form_of_a_person() {
        let mut form =
            PERSON_IMPORT.parse(2, &cells(&[("民族", "汉"), ("学历", "本科")]), &LabelBook::default()).expect("a row");
        form.organization = "7".into();
        let fields = form.check_import("2026-11-24".parse().unwrap(), false).expect("all is well");
        assert_eq!((fields.birth_year, fields.nation), (Some(1949), Some(Nation::Ha)));
        let errors = PERSON_IMPORT
            .parse(3, &cells(&[("手机号", "12"), ("证件号码", "123"), ("姓名", "")]), &LabelBook::default())
            .unwrap_err();
        let told: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
        assert_eq!(told, ["第3行【姓名】不能为空", "【证件号码】长度不能少于5", "【手机号】格式不正确"]);
    }

    /// PRM-05: the samples of old files.
    #[test]
    fn old_numbers_are_tolerated_only_when_the_city_says_so() {
        let today = "2026-11-24".parse().unwrap();
        for (number, verified) in [
            ("1112223", "UNVERIFIED"),
            ("3700683197812082216", "UNVERIFIED"),
            ("403526198003075896", "UNVERIFIED"),
            ("110105491231002", "FORMAT_OK"),
        ] {
            let mut form =
                PERSON_IMPORT.parse(2, &cells(&[("证件号码", number)]), &LabelBook::default()).expect("a row");
            form.organization = "7".into();
            assert!(form.check_import(today, false).is_err(), "{number}");
            let fields = form.check_import(today, true).expect("tolerated");
            assert_eq!(fields.id_verified.code(), verified, "{number}");
            assert!(!format!("{fields:?}").contains(number), "{number} is masked");
        }
    }
}

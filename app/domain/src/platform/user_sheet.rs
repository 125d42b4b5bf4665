//! The import template of accounts (domain.md §7.0: the required fields of E-02, and the department).

use crate::{
    platform::user::{login_check, name_check},
    sheet::{ImportColumn, ImportSheet},
    value::{Check, Complaint, Phone, text_max},
};

/// Roles that one row may name.
const ROLES_MAX: usize = 10;

/// A row of the template; what it names is looked up by the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserImportForm {
    pub login: String,
    pub name: String,
    /// name or code
    pub organization: String,
    /// names or codes
    pub roles: Vec<String>,
    pub phone: Option<Phone>,
    pub department: Option<String>,
}

/// Template of accounts.
#[rustfmt::skip] // a table: one line per column
pub const USER_IMPORT: ImportSheet<UserImportForm> = ImportSheet {
    key: "user",
    title: "用户",
    columns: &[
        ImportColumn { header: "账号", required: true, example: "示例-wang.li", note: "2至30个字母、数字、点、横线或下划线，不能与已有账号重复", choices: Vec::new, parse: |text, form| { form.login = login_check(text)?; Ok(()) } },
        ImportColumn { header: "姓名", required: true, example: "示例用户", note: "最长30字", choices: Vec::new, parse: |text, form| { form.name = name_check(text)?; Ok(()) } },
        ImportColumn { header: "所属机构", required: true, example: "示例区住房保障中心", note: "机构名称或编码；同名机构填编码", choices: Vec::new, parse: |text, form| { form.organization = text_max(text, 100)?; Ok(()) } },
        ImportColumn { header: "角色", required: true, example: "区县住房保障部门", note: "角色名称或编码，多个用顿号分隔；互斥的角色不能授予同一个账号", choices: Vec::new, parse: |text, form| { form.roles = roles(text)?; Ok(()) } },
        ImportColumn { header: "手机号", required: true, example: "19900000000", note: "每个账号一个，不能与其他账号重复", choices: Vec::new, parse: |text, form| { form.phone = Some(Phone::parse(text)?); Ok(()) } },
        ImportColumn { header: "部门", required: false, example: "", note: "最长50字", choices: Vec::new, parse: |text, form| { form.department = Some(text_max(text, 50)?); Ok(()) } },
    ],
    check: |_, _| {},
};

/// The roles that a cell names, each once, in its order.
fn roles(text: &str) -> Check<Vec<String>> {
    let mut roles: Vec<String> = Vec::new();
    for role in text.split(['、', '，', ',', '；', ';']).map(str::trim).filter(|role| !role.is_empty()) {
        if !roles.iter().any(|known| known == role) {
            roles.push(role.to_owned());
        }
    }
    match roles.len() {
        0 => Err(Complaint::about("格式不正确")),
        1..=ROLES_MAX => Ok(roles),
        _ => Err(Complaint::about(format!("最多填写{ROLES_MAX}个"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::LabelBook;

    fn row(cells: [&str; 6]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn a_row_names_an_account_with_its_roles() {
        let read = USER_IMPORT.parse(
            2,
            &row(["wang.li", "王丽", "甲区", "区县住房保障部门、STREET，STREET", "13800000000", ""]),
            &LabelBook::default(),
        );
        let form = read.expect("it is right");
        assert_eq!(form.roles, ["区县住房保障部门", "STREET"]);
        assert_eq!((form.phone.as_ref().map(Phone::as_str), form.department), (Some("13800000000"), None));
    }

    #[test]
    fn what_is_wrong_is_told_by_column() {
        let told = |cells| {
            let errors = USER_IMPORT.parse(2, &row(cells), &LabelBook::default()).expect_err("it is wrong");
            errors.into_iter().map(|error| error.message).collect::<Vec<_>>().join("；")
        };
        assert_eq!(
            told(["王", "王丽", "甲区", "、", "138", ""]),
            "账号须为2至30个字母、数字、点、横线或下划线；【角色】格式不正确；【手机号】格式不正确"
        );
        assert_eq!(told(["wang", "", "甲区", "A", "13800000000", ""]), "第2行【姓名】不能为空");
        let many = (0..11).map(|number| format!("R{number}")).collect::<Vec<_>>().join("、");
        assert_eq!(told(["wang", "王丽", "甲区", &many, "13800000000", ""]), "【角色】最多填写10个");
    }
}

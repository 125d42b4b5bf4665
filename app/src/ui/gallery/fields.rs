//! Fields in every state. Each theme has its own names, because a label and its field are one by name.

use super::pages::keepers;
use crate::ui::{
    field::{Field, checks, fixed},
    person_picker::person_picker,
    unit_picker::unit_picker,
};
use domain::failure::FieldErrors;
use leptos::prelude::*;

/// One field: its state decides what it holds and what is said of it.
fn field(name: &'static str, label: &'static str, value: &str, error: &str) -> Field {
    let value = RwSignal::new(value.to_owned());
    let mut errors = FieldErrors::default();
    if !error.is_empty() {
        errors.add(name, error);
    }
    let set = Callback::new(move |text| value.set(text));
    Field { name, label, required: !error.is_empty(), value: value.into(), set, errors: RwSignal::new(errors) }
}

/// The names of one theme.
struct Names {
    text: [&'static str; 3],
    select: [&'static str; 2],
    money: [&'static str; 3],
    day: [&'static str; 3],
    keeper: [&'static str; 3],
    others: [&'static str; 5],
}

const DESK: Names = Names {
    text: ["desk-text", "desk-text-full", "desk-text-bad"],
    select: ["desk-select", "desk-select-bad"],
    money: ["desk-money", "desk-money-full", "desk-money-bad"],
    day: ["desk-day", "desk-day-full", "desk-day-bad"],
    keeper: ["desk-keeper", "desk-keeper-full", "desk-keeper-bad"],
    others: ["desk-unit", "desk-person", "desk-fixed", "desk-checks", "desk-file"],
};
const WALL: Names = Names {
    text: ["wall-text", "wall-text-full", "wall-text-bad"],
    select: ["wall-select", "wall-select-bad"],
    money: ["wall-money", "wall-money-full", "wall-money-bad"],
    day: ["wall-day", "wall-day-full", "wall-day-bad"],
    keeper: ["wall-keeper", "wall-keeper-full", "wall-keeper-bad"],
    others: ["wall-unit", "wall-person", "wall-fixed", "wall-checks", "wall-file"],
};

pub fn fields_view(wall: bool) -> AnyView {
    let names = if wall { WALL } else { DESK };
    let options = || vec![("A".to_owned(), "第一项".to_owned()), ("B".to_owned(), "第二项".to_owned())];
    let long = "很长的内容，长到一行放不下，用来看输入框怎样显示它的开头";
    let [unit, person, same, several, file] = names.others;
    let chosen = RwSignal::new(vec!["A".to_owned()]);
    let set = Callback::new(move |codes| chosen.set(codes));
    view! {
        <div class="panel form-grid">
            {field(names.text[0], "文本（空）", "", "").text("text", "提示文字")}
            {field(names.text[1], "文本（长）", long, "").text("text", "")}
            {field(names.text[2], "文本（错误）", "x", "不能少于2个字").text("text", "")}
            {field(names.select[0], "下拉", "A", "").select(options())}
            {field(names.select[1], "下拉（错误）", "", "请选择").select(options())}
            {field(names.money[0], "金额（空）", "", "").text("money", "最多2位小数")}
            {field(names.money[1], "金额", "1234567.5", "").text("money", "")}
            {field(names.money[2], "金额（错误）", "1,5", "应为数字，最多2位小数").text("money", "")}
            {field(names.day[0], "日期（空）", "", "").text("date", "")}
            {field(names.day[1], "日期", "2026-03-01", "").text("date", "")}
            {field(names.day[2], "日期（错误）", "2026-03-01", "不能早于今天").text("date", "")}
            {field(names.keeper[0], "机构（空）", "", "").pick(keepers())}
            {field(names.keeper[1], "机构", "street-3-7", "").pick(keepers())}
            {field(names.keeper[2], "机构（错误）", "", "请选择机构").pick(keepers())}
            {unit_picker(field(unit, "房源", "", ""), ToOwned::to_owned, Callback::new(|_| ()))}
            {person_picker(field(person, "人员", "1", ""), Some("张三".to_owned()))}
            {fixed(same, "只读", "不能修改的内容")}
            <div class="form-field">
                <label for=file>"上传"</label>
                <input id=file type="file" class="file-input w-full" />
            </div>
            <div class="form-field">
                <span>"停用"</span>
                <input type="text" class="input" disabled value="停用的输入框" aria-label="停用的输入框" />
            </div>
            {checks(several, "多选", false, options(), chosen.into(), set, RwSignal::new(FieldErrors::default()))}
        </div>
    }
    .into_any()
}

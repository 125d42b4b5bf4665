//! Whole pages: a list in its states, a form with everything that can happen to it, a record.

use super::sample::{self, Sample};
use crate::{
    ApiError,
    ui::{
        PageHead,
        combo::Pick,
        detail::field_group,
        field::{coded, fixed},
        form::{Deeds, Edit, Newer, use_edit},
        icon,
        list::{Choosing, ListActions, ListFrame, choosing_list_page, list_page},
        print_button,
        remove::delete_button,
        select::Selection,
        toast,
    },
};
use chrono::DateTime;
use domain::{
    dictionary::LayoutType,
    failure::{Failure, FieldErrors},
    list::{ListQuery, Page},
    sheet::{Cell, ListSheet},
    value::Money,
};
use leptos::prelude::*;
use std::sync::Arc;

static LIST: ListSheet<Sample> = sample::sheet("/ui/list");
static EMPTY_LIST: ListSheet<Sample> = sample::sheet("/ui/list-empty");
static BROKEN_LIST: ListSheet<Sample> = sample::sheet("/ui/list-error");

const CHOSEN: Selection = Selection { action: "/ui/list", name: "chosen", label: "批量处理" };

pub fn list_view() -> AnyView {
    let frame = ListFrame {
        title: Some("列表"),
        tools: Some(|| view! { <a class="btn btn-ghost btn-sm" href="/ui">"返回总览"</a> }.into_any()),
        ..ListFrame::default()
    };
    let choosing = Choosing {
        side: Some(tree_view),
        selection: Signal::stored(Some(CHOSEN)),
        key: |row: &Sample| row.no.to_string(),
    };
    let actions =
        Signal::stored(ListActions { add: Some(("/ui/form", "新增样例")), import: Some("building"), export: true });
    choosing_list_page(&LIST, frame, choosing, actions, |query| async move { Ok(sample::page(&query)) })
}

pub fn empty_list_view() -> AnyView {
    list_page(&EMPTY_LIST, Signal::stored(ListActions::default()), |query: ListQuery| async move {
        Ok(Page::numbered(&query, Vec::new(), 0))
    })
}

pub fn broken_list_view() -> AnyView {
    list_page(&BROKEN_LIST, Signal::stored(ListActions::default()), |_| async {
        Err(ApiError(Failure::Internal("YL-0001".into())))
    })
}

/// The side of a list, as the tree of the stock has it.
fn tree_view() -> AnyView {
    crate::housing::tree::tree_view()
}

/// What the form holds.
#[derive(Clone, Default)]
struct SampleForm {
    name: String,
    layout: String,
    keeper: String,
    rent: String,
    begin_on: String,
    end_on: String,
    remark: String,
}

impl SampleForm {
    fn check(&self) -> Result<(), FieldErrors> {
        let mut errors = FieldErrors::default();
        for (name, text) in [("name", &self.name), ("keeper", &self.keeper), ("rent", &self.rent)] {
            if text.trim().is_empty() {
                errors.add(name, "不能为空");
            }
        }
        if !self.rent.trim().is_empty() {
            errors.take("rent", Money::parse_yuan(&self.rent));
        }
        for (name, text) in [("begin_on", &self.begin_on), ("end_on", &self.end_on)] {
            errors.take(name, domain::form::optional(text, domain::form::date));
        }
        if !self.end_on.is_empty() && self.end_on < self.begin_on {
            errors.add("end_on", "不能早于开始日期");
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

/// A form whose save can be told to fail, in each of the ways in which it can.
pub fn form_view() -> AnyView {
    let deeds = Deeds {
        check: Box::new(SampleForm::check),
        save: Arc::new(|form: SampleForm, version| {
            Box::pin(async move {
                match (form.name.as_str(), version) {
                    ("冲突", Some(1)) => Err(ApiError(Failure::Conflict)),
                    ("拒绝", _) => Err(ApiError(Failure::refused("该样例已归档，不能修改"))),
                    ("故障", _) => Err(ApiError(Failure::Internal("YL-0002".into()))),
                    _ => Ok("/ui/record".to_owned()),
                }
            })
        }),
        reload: Some(Arc::new(|| {
            Box::pin(async {
                let form = SampleForm { remark: "他人改过的备注".into(), ..start() };
                Ok(Newer { form, version: 2, at: DateTime::UNIX_EPOCH, by: Some("张三".into()) })
            })
        })),
    };
    let edit: Edit<SampleForm> = use_edit(start(), Some(1), deeds);
    let fields = view! {
        {edit.text("name", "名称", true, |form| &mut form.name, ("text", "填“冲突”“拒绝”“故障”看保存失败"))}
        {edit.select("layout", "户型", false, |form| &mut form.layout, coded(LayoutType::choices()))}
        {edit.pick("keeper", "所属机构", true, |form| &mut form.keeper, keepers())}
        {edit.text("rent", "月租金(元)", true, |form| &mut form.rent, ("money", "最多2位小数"))}
        {edit.text("begin_on", "开始日期", true, |form| &mut form.begin_on, ("date", ""))}
        {edit.text("end_on", "结束日期", false, |form| &mut form.end_on, ("date", ""))}
        {fixed("code", "编号", "YL-0001")}
        {edit.text("remark", "备注", false, |form| &mut form.remark, ("text", ""))}
    };
    view! {
        <main class="page">
            <PageHead title="表单" back=("/ui".to_owned(), "界面总览".to_owned()) />
            {edit.view(fields, "/ui".to_owned())}
        </main>
    }
    .into_any()
}

fn start() -> SampleForm {
    SampleForm {
        name: "样例1".into(),
        layout: "TWO".into(),
        keeper: "district-3".into(),
        rent: "1234567.5".into(),
        begin_on: "2026-03-01".into(),
        ..SampleForm::default()
    }
}

/// A city, its districts, and streets below each.
pub fn keepers() -> Vec<Pick> {
    let line = |code: String, label: String, depth| Pick { code, label, depth, ..Pick::default() };
    let mut tree = vec![line("city".into(), "样例市住房保障中心".into(), 0)];
    for district in 1..=6 {
        tree.push(line(format!("district-{district}"), format!("样例{district}区住房保障所"), 1));
        let streets = 1..=12;
        tree.extend(streets.map(|street| {
            line(format!("street-{district}-{street}"), format!("样例{district}区{street}号街道办事处"), 2)
        }));
    }
    tree
}

pub fn record_view() -> AnyView {
    let refuse = || -> crate::ui::form::Call<()> {
        Box::pin(async { Err(ApiError(Failure::refused("样例下存在记录，不能删除"))) })
    };
    let long = "第3号样例，名称特别长，长到任何一列都放不下，用来看表格、手机和打印时怎样换行";
    let tab = |label, current: bool| {
        view! { <a class="tab" class:tab-active=current aria-current=current.then_some("page") href="/ui/record">{label}</a> }
    };
    let lines = ["创建", "提交审核", "退回：证明材料不全，请补充产权证复印件和租赁合同后重新提交", "通过"];
    let history = lines
        .into_iter()
        .map(|line| view! { <li><time class="block">"2026-03-01 09:30"</time>{line}<span class="opacity-80">" 张三"</span></li> })
        .collect_view();
    view! {
        <main class="page">
            <PageHead title="样例3" trail=vec![("/ui".to_owned(), "界面总览".to_owned())] back=("/ui/list".to_owned(), "列表".to_owned())>
                {print_button()}
                <button type="button" class="btn btn-outline btn-sm" on:click=|_| toast::tell("已保存")>"通知"</button>
                <button type="button" class="btn btn-outline btn-sm" on:click=|_| toast::tell_failure("未能导出，请稍后重试")>"失败通知"</button>
                <a class="btn btn-primary btn-sm" href="/ui/form">{icon("edit")}"编辑"</a>
                {delete_button("样例", long.to_owned(), "/ui/list".to_owned(), refuse)}
            </PageHead>
            <nav class="tabs tabs-border card-tabs" aria-label="样例内容">{tab("基本信息", true)}{tab("变更记录", false)}{tab("附件", false)}</nav>
            {field_group("基本信息", vec![
                ("名称", Cell::text(long)),
                ("金额(元)", Cell::Money(Money::from_fen(-12_345_678_901))),
                ("套数", Cell::Number(1_056_940)),
                ("小区", Cell::link("样例小区", "/ui/record")),
                ("状态", Cell::badge("OCCUPIED", "已入住")),
                ("备注", Cell::Empty),
            ])}
            <section class="panel"><h2>"变更记录"</h2><ol class="timeline-list detail-list">{history}</ol></section>
        </main>
    }
    .into_any()
}

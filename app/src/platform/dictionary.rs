//! Dictionaries (S1-9.4): the list, the values of one, and the forms of both.

use super::session::Frame;
use crate::{
    Api, ApiError,
    shell::{may, use_frame},
    ui::{
        PageHead,
        changing::{awaited, changing},
        dialog::Ask,
        error_view,
        field::bind,
        icon,
        label::Options,
        list::{ListActions, list_page},
        remove::delete_button,
        resource::resource,
        table::cell_view,
    },
};
use domain::{
    dictionary::COLORS,
    failure::FieldErrors,
    list::{ListQuery, Page, percent_encode},
    platform::{
        dictionary::{
            DICTIONARY_ITEM_LIST, DICTIONARY_LIST, DictionaryForm, DictionaryItem, DictionaryPage, DictionaryRow,
            ItemForm, dictionary_href,
        },
        permission::Permission,
    },
};
use leptos::prelude::*;
use leptos_router::hooks::{use_navigate, use_params_map};

/// A page of dictionaries.
#[server(endpoint = "dictionary_list", protocol = Api)]
pub async fn dictionary_list(query: ListQuery) -> Result<Page<DictionaryRow>, ApiError> {
    Ok(store::platform::dictionary::dictionary_list(&crate::context::ctx()?, &query).await?)
}

/// One dictionary with its values.
#[server(endpoint = "dictionary_get", protocol = Api)]
pub async fn dictionary_get(code: String) -> Result<DictionaryPage, ApiError> {
    Ok(store::platform::dictionary::dictionary_get(&crate::context::ctx()?, &code).await?)
}

/// Makes a dictionary of the city.
#[server(endpoint = "dictionary_create", protocol = Api)]
pub async fn dictionary_create(form: DictionaryForm) -> Result<String, ApiError> {
    Ok(store::platform::dictionary::dictionary_create(&crate::context::ctx()?, &form).await?)
}

/// Changes a dictionary of the city.
#[server(endpoint = "dictionary_update", protocol = Api)]
pub async fn dictionary_update(code: String, version: i32, form: DictionaryForm) -> Result<(), ApiError> {
    Ok(store::platform::dictionary::dictionary_update(&crate::context::ctx()?, &code, version, &form).await?)
}

/// Deletes a dictionary of the city.
#[server(endpoint = "dictionary_delete", protocol = Api)]
pub async fn dictionary_delete(code: String) -> Result<(), ApiError> {
    Ok(store::platform::dictionary::dictionary_delete(&crate::context::ctx()?, &code).await?)
}

/// Adds a value (without a code) or changes one; answers the frame with the labels that follow.
#[server(endpoint = "dictionary_item_save", protocol = Api)]
pub async fn dictionary_item_save(
    dictionary: String,
    code: Option<String>,
    version: i32,
    form: ItemForm,
) -> Result<Frame, ApiError> {
    let ctx = crate::context::ctx()?;
    store::platform::dictionary::dictionary_item_save(&ctx, &dictionary, code.as_deref(), version, &form).await?;
    crate::context::tables_look().await?;
    Ok(Frame::of_request())
}

/// Deletes a value of a dictionary of the city.
#[server(endpoint = "dictionary_item_delete", protocol = Api)]
pub async fn dictionary_item_delete(dictionary: String, code: String) -> Result<(), ApiError> {
    Ok(store::platform::dictionary::dictionary_item_delete(&crate::context::ctx()?, &dictionary, &code).await?)
}

pub fn list_view() -> AnyView {
    let actions = Signal::derive(|| ListActions {
        add: may(Permission::DictionaryWrite).then_some(("/platform/dictionaries/new", "新增字典")),
        import: None,
        export: may(Permission::DictionaryRead),
    });
    list_page(&DICTIONARY_LIST, actions, dictionary_list)
}

pub fn new_view() -> AnyView {
    let navigate = use_navigate();
    let form = DictionaryFormState::new(DictionaryForm::default());
    let save = Action::new(move |form: &DictionaryForm| dictionary_create(form.clone()));
    Effect::new(move |_| match save.value().get() {
        Some(Ok(code)) => navigate(&dictionary_href(&code), Default::default()),
        Some(Err(error)) => form.refuse(&error),
        None => {}
    });
    let submit = Callback::new(move |()| {
        save.dispatch(form.form.get_untracked());
    });
    view! {
        <main class="page">
            <PageHead title="新增字典" back=(DICTIONARY_LIST.path.to_owned(), DICTIONARY_LIST.noun.to_owned()) />
            <div class="panel">{dictionary_form(form, true, submit, save.pending().into())}</div>
        </main>
    }
    .into_any()
}

/// What is typed for a dictionary, and what is wrong with it.
#[derive(Clone, Copy)]
struct DictionaryFormState {
    form: RwSignal<DictionaryForm>,
    errors: RwSignal<FieldErrors>,
    refused: RwSignal<Option<ApiError>>,
}

impl DictionaryFormState {
    fn new(form: DictionaryForm) -> Self {
        Self { form: RwSignal::new(form), errors: RwSignal::new(FieldErrors::default()), refused: RwSignal::new(None) }
    }

    fn refuse(self, error: &ApiError) {
        self.errors.set(error.fields().cloned().unwrap_or_default());
        self.refused.set(error.fields().is_none().then(|| error.clone()));
    }
}

fn dictionary_form(state: DictionaryFormState, new: bool, submit: Callback<()>, busy: Signal<bool>) -> AnyView {
    let DictionaryFormState { form, errors, refused } = state;
    let on_submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        refused.set(None);
        let checked = form.with_untracked(DictionaryForm::check);
        errors.set(checked.as_ref().err().cloned().unwrap_or_default());
        if checked.is_ok() {
            submit.run(());
        }
    };
    let alive = super::use_alive();
    view! {
        <form class="form-grid" method="post" on:submit=on_submit novalidate autocomplete="off">
            {changing(move || refused.get().map(|error| error_view(&error)))}
            {new.then(|| bind(form, errors, "code", "类型编码", true, |form| &mut form.code).text("text", "字母、数字、点、横线、下划线"))}
            {bind(form, errors, "name", "类型名称", true, |form| &mut form.name).text("text", "")}
            {super::check_field("off", "停用", Signal::derive(move || form.with(|form| form.off)), Callback::new(move |off| form.update(|form| form.off = off)), errors)}
            <div class="form-buttons">
                <button type="submit" class="btn btn-primary" disabled=move || !alive.get() || busy.get()>"保存"</button>
            </div>
        </form>
    }
    .into_any()
}

pub fn detail_view() -> AnyView {
    let params = use_params_map();
    let code = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    let page = resource(move || code.get(), dictionary_get);
    let again = Callback::new(move |()| page.refetch());
    view! {
        <main class="page">
            {awaited(page, move |page| record(page, again).into_any())}
        </main>
    }
    .into_any()
}

/// What is being edited: a value (none: a new one).
type Edited = Option<DictionaryItem>;

fn record(page: DictionaryPage, again: Callback<()>) -> impl IntoView {
    let DictionaryPage { row, items } = page;
    let export = format!("/files/export/{}?type={}&rows=10000", DICTIONARY_ITEM_LIST.key, percent_encode(&row.code));
    let edited = RwSignal::new(None::<Edited>);
    let renaming = RwSignal::new(false);
    let (code, system) = (row.code.clone(), row.system);
    let own_tools = {
        let row = row.clone();
        move || {
            let (code, name) = (row.code.clone(), row.name.clone());
            (may(Permission::DictionaryWrite) && !system).then(|| view! {
                {delete_button("字典", name, DICTIONARY_LIST.path.to_owned(), move || Box::pin(dictionary_delete(code.clone())))}
                <button type="button" class="btn btn-outline btn-sm" on:click=move |_| renaming.set(true)>{icon("edit")}"编辑"</button>
                <button type="button" class="btn btn-primary btn-sm" on:click=move |_| edited.set(Some(None))>{icon("add")}"新增字典项"</button>
            })
        }
    };
    let note = if system {
        "系统内置字典：编码固定，标签、排序、颜色、默认值和启停可以修改，修改后全系统立即采用。"
    } else {
        "自定义字典：供本市记录口径使用，可以增减字典项。"
    };
    let dialog = item_dialog(code.clone(), system, edited, again);
    view! {
        <PageHead title=row.name.clone() back=(DICTIONARY_LIST.path.to_owned(), DICTIONARY_LIST.noun.to_owned())>
            <a class="btn btn-outline btn-sm" href=export rel="external">{icon("export")}"导出字典项"</a>
            {own_tools}
        </PageHead>
        <p class="opacity-80 pb-3">{format!("类型编码 {}。{note}", row.code)}{row.off.then_some("该字典已停用。")}</p>
        <section class="card-table" aria-label="字典项">{items_table(code, system, items, edited, again)}</section>
        {dialog}
        {(!system).then(|| rename_dialog(row, renaming, again))}
    }
}

fn items_table(
    dictionary: String,
    system: bool,
    items: Vec<DictionaryItem>,
    edited: RwSignal<Option<Edited>>,
    again: Callback<()>,
) -> AnyView {
    if items.is_empty() {
        return crate::ui::empty_view("暂无字典项，请新增字典项");
    }
    // The first two columns name the dictionary, which the page does already.
    let columns = &DICTIONARY_ITEM_LIST.columns[2..];
    let head: Vec<_> = columns.iter().map(|column| view! { <th scope="col">{column.header}</th> }).collect();
    let rows = items
        .into_iter()
        .map(|item| {
            let cells = columns.iter().map(|column| view! { <td>{cell_view((column.cell)(&item))}</td> }).collect_view();
            let dictionary = dictionary.clone();
            view! { <tr>{cells}<td class="whitespace-nowrap">{item_tools(dictionary, system, item, edited, again)}</td></tr> }
        })
        .collect_view();
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label="字典项列表">
            <table class="table table-sm data-table">
                <thead><tr>{head}<th scope="col">"操作"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn item_tools(
    dictionary: String,
    system: bool,
    item: DictionaryItem,
    edited: RwSignal<Option<Edited>>,
    again: Callback<()>,
) -> impl IntoView {
    move || {
        let (dictionary, item) = (dictionary.clone(), item.clone());
        let (code, label) = (item.code.clone(), item.label.clone());
        let named = format!("编辑{label}");
        may(Permission::DictionaryWrite).then(|| view! {
            <button type="button" class="btn btn-ghost btn-xs" aria-label=named on:click=move |_| edited.set(Some(Some(item.clone())))>"编辑"</button>
            {(!system).then(|| remove_item(dictionary, code, label, again))}
        })
    }
}

/// Deleting a value asks in place: there is nowhere to go back to.
fn remove_item(dictionary: String, code: String, label: String, again: Callback<()>) -> impl IntoView {
    let open = RwSignal::new(false);
    let act = Action::new(move |(): &()| dictionary_item_delete(dictionary.clone(), code.clone()));
    Effect::new(move |_| {
        if let Some(Ok(())) = act.value().get() {
            open.set(false);
            again.run(());
        }
    });
    let named = format!("删除{label}");
    view! {
        <button type="button" class="btn btn-ghost btn-xs" aria-label=named on:click=move |_| open.set(true)>"删除"</button>
        <Ask open=open title=format!("删除字典项“{label}”")>
            <p class="py-3">"已保存的记录仍保留其编码。"</p>
            {changing(move || act.value().get().and_then(Result::err).map(|error| error_view(&error)))}
            <div class="form-buttons">
                <button type="button" class="btn btn-error" disabled=act.pending() on:click=move |_| { act.dispatch(()); }>"确定删除"</button>
                <button type="button" class="btn btn-ghost" on:click=move |_| open.set(false)>"取消"</button>
            </div>
        </Ask>
    }
}

/// The form of a value, over the page.
fn item_dialog(dictionary: String, system: bool, edited: RwSignal<Option<Edited>>, again: Callback<()>) -> AnyView {
    let frame = use_frame();
    let form = RwSignal::new(ItemForm::default());
    let errors = RwSignal::new(FieldErrors::default());
    let open = RwSignal::new(false);
    let save = Action::new(move |form: &ItemForm| {
        let (dictionary, form) = (dictionary.clone(), form.clone());
        let item = edited.get_untracked().flatten();
        let (code, version) = item.map_or((None, 0), |item| (Some(item.code), item.version));
        dictionary_item_save(dictionary, code, version, form)
    });
    Effect::new(move |_| {
        if let Some(item) = edited.get() {
            form.set(item.as_ref().map(ItemForm::from).unwrap_or_default());
            errors.set(FieldErrors::default());
            save.clear();
            open.set(true);
        }
    });
    Effect::new(move |_| {
        if !open.get() {
            edited.set(None);
        }
    });
    Effect::new(move |_| match save.value().get() {
        Some(Ok(fresh)) => {
            open.set(false);
            frame.set(fresh);
            again.run(());
        }
        Some(Err(error)) => errors.set(error.fields().cloned().unwrap_or_default()),
        None => {}
    });
    let title = move || match edited.get().flatten() {
        Some(item) => format!("编辑字典项 {}", item.code),
        None => "新增字典项".to_owned(),
    };
    view! {
        <Ask open=open title=Signal::derive(title)>{item_form(system, edited, form, errors, save, open)}</Ask>
    }
    .into_any()
}

type SaveItem = Action<ItemForm, Result<Frame, ApiError>>;

fn item_form(
    system: bool,
    edited: RwSignal<Option<Edited>>,
    form: RwSignal<ItemForm>,
    errors: RwSignal<FieldErrors>,
    save: SaveItem,
    open: RwSignal<bool>,
) -> impl IntoView {
    let new = edited.with_untracked(|edited| edited.as_ref().is_none_or(Option::is_none));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let checked = form.with_untracked(ItemForm::check);
        errors.set(checked.as_ref().err().cloned().unwrap_or_default());
        if checked.is_ok() {
            save.dispatch(form.get_untracked());
        }
    };
    let refused = move || save.value().get().and_then(Result::err).filter(|error| error.fields().is_none());
    let own = edited.with_untracked(|edited| edited.clone().flatten().and_then(|item| item.own_label));
    let colors: Vec<(String, String)> =
        COLORS.iter().map(|(tone, label)| ((*tone).to_owned(), (*label).to_owned())).collect();
    let field = move |name, label, required, text| bind(form, errors, name, label, required, text);
    view! {
        <form class="form-grid pt-3" method="post" on:submit=submit novalidate autocomplete="off">
            {changing(move || refused().map(|error| error_view(&error)))}
            {new.then(|| field("code", "字典项编码", true, |form| &mut form.code).text("text", ""))}
            {field("label", "标签", true, |form| &mut form.label).text("text", "")}
            {own.map(|own| view! { <p class="form-note">{format!("系统标签：{own}")}</p> })}
            {field("sort", "排序", false, |form| &mut form.sort).text("number", "从小到大")}
            {field("color", "颜色", false, |form| &mut form.color).select(Options::from(colors))}
            {field("standard_code", "标准代码", false, |form| &mut form.standard_code).text("text", "CJJ/T 197等标准中的代码")}
            {super::check_field("is_default", "新增记录时默认选中", Signal::derive(move || form.with(|form| form.is_default)), Callback::new(move |on| form.update(|form| form.is_default = on)), errors)}
            {super::check_field("off", "停用（不再提供选择，已有记录照常显示）", Signal::derive(move || form.with(|form| form.off)), Callback::new(move |on| form.update(|form| form.off = on)), errors)}
            {system.then(|| view! { <p class="form-note">"编码为系统内置，不可修改。"</p> })}
            <div class="form-buttons">
                <button type="submit" class="btn btn-primary" disabled=save.pending()>"保存"</button>
                <button type="button" class="btn btn-ghost" on:click=move |_| open.set(false)>"取消"</button>
            </div>
        </form>
    }
}

fn rename_dialog(row: DictionaryRow, open: RwSignal<bool>, again: Callback<()>) -> AnyView {
    let (code, version) = (row.code.clone(), row.version);
    let state = DictionaryFormState::new(DictionaryForm { code: row.code, name: row.name, off: row.off });
    let save = Action::new(move |form: &DictionaryForm| dictionary_update(code.clone(), version, form.clone()));
    Effect::new(move |_| match save.value().get() {
        Some(Ok(())) => {
            open.set(false);
            again.run(());
        }
        Some(Err(error)) => state.refuse(&error),
        None => {}
    });
    let submit = Callback::new(move |()| {
        save.dispatch(state.form.get_untracked());
    });
    view! { <Ask open=open title="编辑字典">{dictionary_form(state, false, submit, save.pending().into())}</Ask> }
        .into_any()
}

//! Menu (S1-9.1): every entry in its place, and the form of one.

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
        resource::resource,
    },
};
use domain::{
    failure::FieldErrors,
    platform::{
        menu::{ICONS, MenuEntry, MenuForm, permission_text},
        menu_sheet::MENU_LIST,
        permission::Permission,
    },
};
use leptos::prelude::*;

/// Every entry, in its order.
#[server(endpoint = "menu_list", protocol = Api)]
pub async fn menu_list() -> Result<Vec<MenuEntry>, ApiError> {
    Ok(store::platform::menu::menu_all(&crate::context::ctx()?).await?)
}

/// Adds an entry (without a key) or changes one; answers the frame with the menu that follows.
#[server(endpoint = "menu_save", protocol = Api)]
pub async fn menu_save(key: Option<String>, version: i32, form: MenuForm) -> Result<Frame, ApiError> {
    let ctx = crate::context::ctx()?;
    store::platform::menu::menu_save(&ctx, key.as_deref(), version, &form).await?;
    crate::context::tables_look().await?;
    Ok(Frame::of_request())
}

/// Deletes an entry of the city, or takes back what was changed of one of the program.
#[server(endpoint = "menu_delete", protocol = Api)]
pub async fn menu_delete(key: String) -> Result<Frame, ApiError> {
    store::platform::menu::menu_delete(&crate::context::ctx()?, &key).await?;
    crate::context::tables_look().await?;
    Ok(Frame::of_request())
}

/// What is being edited: an entry (none: a new one).
type Edited = Option<MenuEntry>;

pub fn list_view() -> AnyView {
    let entries = resource(|| (), |()| menu_list());
    let again = Callback::new(move |()| entries.refetch());
    let edited = RwSignal::new(None::<Edited>);
    let export = format!("/files/export/{}?rows=1000", MENU_LIST.key);
    let tools = move || {
        let export = export.clone();
        let add = may(Permission::MenuWrite).then(|| view! {
            <button type="button" class="btn btn-primary btn-sm" on:click=move |_| edited.set(Some(None))>{icon("add")}"新增菜单"</button>
        });
        may(Permission::MenuRead).then(
            || view! { <a class="btn btn-outline btn-sm" href=export rel="external">{icon("export")}"导出"</a>{add} },
        )
    };
    view! {
        <main class="page">
            <PageHead title="菜单管理">{changing(tools)}</PageHead>
            <p class="opacity-80 pb-3">"菜单只决定显示什么：每个人只看到自己有权打开的页面。系统菜单可改名、换图标、排序、移动和隐藏。"</p>
            <section class="card-table" aria-label="列表">
                {awaited(entries, move |entries| view! { {table(&entries, edited, again)}{entry_dialog(entries, edited, again)} }.into_any())}
            </section>
        </main>
    }
    .into_any()
}

fn table(entries: &[MenuEntry], edited: RwSignal<Option<Edited>>, again: Callback<()>) -> impl IntoView + use<> {
    let rows = entries
        .iter()
        .map(|entry| {
            let kind = if entry.directory { "目录" } else { "菜单" };
            let source = if entry.system { "系统内置" } else { "自定义" };
            let indent = format!("padding-inline-start:{}rem", entry.depth * 2);
            view! {
                <tr>
                    <td><span class="inline-flex items-center gap-2" style=indent>{icon(&entry.icon)}{entry.name.clone()}</span></td>
                    <td>{kind}</td>
                    <td class="figures desk-only">{entry.sort}</td>
                    <td class="break-all desk-only">{entry.path.clone()}</td>
                    <td class="break-all desk-only">{permission_text(entry)}</td>
                    <td class="desk-only">{source}</td>
                    <td>{if entry.visible { "显示" } else { "隐藏" }}</td>
                    <td class="whitespace-nowrap">{entry_tools(entry.clone(), edited, again)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label="菜单列表">
            <table class="table table-sm data-table">
                <thead><tr>
                    <th scope="col">"菜单名称"</th><th scope="col">"类型"</th><th scope="col" class="figures desk-only">"排序"</th>
                    <th scope="col" class="desk-only">"路由"</th><th scope="col" class="desk-only">"权限标识"</th>
                    <th scope="col" class="desk-only">"来源"</th><th scope="col">"状态"</th><th scope="col">"操作"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

fn entry_tools(entry: MenuEntry, edited: RwSignal<Option<Edited>>, again: Callback<()>) -> impl IntoView {
    move || {
        let entry = entry.clone();
        let (key, name) = (entry.key.clone(), entry.name.clone());
        let named = format!("编辑{name}");
        let (system, changed) = (entry.system, entry.version > 0);
        may(Permission::MenuWrite).then(|| view! {
            <button type="button" class="btn btn-ghost btn-xs" aria-label=named on:click=move |_| edited.set(Some(Some(entry.clone())))>"编辑"</button>
            {changed.then(|| remove_entry(key, name, system, again))}
        })
    }
}

/// Deleting asks in place; what the program has is only put back to what it was.
fn remove_entry(key: String, name: String, system: bool, again: Callback<()>) -> impl IntoView {
    let frame = use_frame();
    let open = RwSignal::new(false);
    let act = Action::new(move |(): &()| menu_delete(key.clone()));
    Effect::new(move |_| {
        if let Some(Ok(fresh)) = act.value().get() {
            open.set(false);
            frame.set(fresh);
            again.run(());
        }
    });
    let (verb, note) = if system {
        ("还原", "名称、图标、排序、上级和显示恢复为系统内置。")
    } else {
        ("删除", "删除后不再显示，页面本身不受影响。")
    };
    let named = format!("{verb}{name}");
    view! {
        <button type="button" class="btn btn-ghost btn-xs" aria-label=named on:click=move |_| open.set(true)>{verb}</button>
        <Ask open=open title=format!("{verb}菜单“{name}”")>
            <p class="py-3">{note}</p>
            {changing(move || act.value().get().and_then(Result::err).map(|error| error_view(&error)))}
            <div class="form-buttons">
                <button type="button" class="btn btn-error" disabled=act.pending() on:click=move |_| { act.dispatch(()); }>{format!("确定{verb}")}</button>
                <button type="button" class="btn btn-ghost" on:click=move |_| open.set(false)>"取消"</button>
            </div>
        </Ask>
    }
}

/// The form of an entry, over the list.
fn entry_dialog(entries: Vec<MenuEntry>, edited: RwSignal<Option<Edited>>, again: Callback<()>) -> AnyView {
    let frame = use_frame();
    let form = RwSignal::new(MenuForm::default());
    let errors = RwSignal::new(FieldErrors::default());
    let open = RwSignal::new(false);
    let save = Action::new(move |form: &MenuForm| {
        let entry = edited.get_untracked().flatten();
        let (key, version) = entry.map_or((None, 0), |entry| (Some(entry.key), entry.version));
        menu_save(key, version, form.clone())
    });
    Effect::new(move |_| {
        if let Some(entry) = edited.get() {
            let fresh =
                || MenuForm { icon: "tree".to_owned(), sort: "100".to_owned(), visible: true, ..MenuForm::default() };
            form.set(entry.as_ref().map_or_else(fresh, MenuForm::from));
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
        Some(entry) => format!("编辑菜单 {}", entry.name),
        None => "新增菜单".to_owned(),
    };
    let entries = StoredValue::new(entries);
    view! {
        <Ask open=open title=Signal::derive(title)>{entry_form(entries, edited, form, errors, save, open)}</Ask>
    }
    .into_any()
}

fn entry_form(
    entries: StoredValue<Vec<MenuEntry>>,
    edited: RwSignal<Option<Edited>>,
    form: RwSignal<MenuForm>,
    errors: RwSignal<FieldErrors>,
    save: Action<MenuForm, Result<Frame, ApiError>>,
    open: RwSignal<bool>,
) -> impl IntoView {
    let entry = edited.get_untracked().flatten();
    let (new, system) = (entry.is_none(), entry.as_ref().is_some_and(|entry| entry.system));
    let key = StoredValue::new(entry.map(|entry| entry.key));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let checked = entries.with_value(|entries| {
            key.with_value(|key| form.with_untracked(|form| form.check(key.as_deref(), entries)))
        });
        errors.set(checked.as_ref().err().cloned().unwrap_or_default());
        if checked.is_ok() {
            save.dispatch(form.get_untracked());
        }
    };
    let refused = move || save.value().get().and_then(Result::err).filter(|error| error.fields().is_none());
    let field = move |name, label, required, text| bind(form, errors, name, label, required, text);
    let directories: Vec<(String, String)> = entries.with_value(|entries| {
        let directories = entries.iter().filter(|entry| entry.directory);
        directories.map(|entry| (entry.key.clone(), format!("{}{}", "　".repeat(entry.depth), entry.name))).collect()
    });
    let icons: Vec<(String, String)> = ICONS.map(|(icon, label)| (icon.to_owned(), label.to_owned())).to_vec();
    let rights: Vec<(String, String)> = Permission::ALL
        .iter()
        .map(|permission| (permission.code().to_owned(), permission.label().to_owned()))
        .collect();
    let page = move || {
        (!system && !form.with(|form| form.directory)).then(|| {
            view! {
                {field("path", "路由", true, |form| &mut form.path).text("text", "/housing/units?status=VACANT")}
                {field("permission", "另需权限", false, |form| &mut form.permission).select(rights.clone())}
            }
        })
    };
    view! {
        <form class="form-grid pt-3" method="post" on:submit=submit novalidate autocomplete="off">
            {changing(move || refused().map(|error| error_view(&error)))}
            {new.then(|| super::check_field("directory", "目录（只用于归类，不打开页面）", Signal::derive(move || form.with(|form| form.directory)), Callback::new(move |on| form.update(|form| form.directory = on)), errors))}
            {field("name", "菜单名称", true, |form| &mut form.name).text("text", "")}
            {field("parent", "上级目录", false, |form| &mut form.parent).select(directories)}
            {field("icon", "图标", true, |form| &mut form.icon).select(icons)}
            {field("sort", "排序", true, |form| &mut form.sort).text("number", "从小到大")}
            {changing(page)}
            {super::check_field("visible", "显示", Signal::derive(move || form.with(|form| form.visible)), Callback::new(move |on| form.update(|form| form.visible = on)), errors)}
            <div class="form-buttons">
                <button type="submit" class="btn btn-primary" disabled=save.pending()>"保存"</button>
                <button type="button" class="btn btn-ghost" on:click=move |_| open.set(false)>"取消"</button>
            </div>
        </form>
    }
}

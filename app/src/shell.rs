//! The frame around every page: document, menu, head.

use crate::{
    ApiError,
    platform::session::{FactorVerify, Frame, PasswordChange, SignIn, SignOut},
    presence::{Outdated, PartMissing, Unread, use_presence},
    route::routes,
    ui::{changing::changing, icon, post::post_form, resource::Carried, toast},
};
use chrono::NaiveDate;
use domain::platform::{actor::SessionKind, menu::MenuNode, message::UNREAD_SHOWN, permission::Permission};
use leptos::{hydration::HydrationScripts, prelude::*, server_fn::ServerFn};
use leptos_meta::{MetaTags, Title, provide_meta_context};
use leptos_router::{
    components::{A, Router, Routes},
    hooks::{use_location, use_navigate},
};

/// The HTML document around the application.
#[must_use]
pub fn document(options: LeptosOptions) -> impl IntoView {
    let package = format!("/{}", options.site_pkg_dir);
    let style = format!("{package}/housing.css");
    view! {
        <!DOCTYPE html>
        <html lang="zh-CN" data-package=package>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <link rel="stylesheet" href=style />
                <HydrationScripts options=options.clone() />
                <MetaTags />
            </head>
            <body class="bg-base-200 text-base-content min-h-screen">
                <App />
            </body>
        </html>
    }
}

/// The application: the shell around the page of the address.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    // Known on the server while it draws, and carried inside the page: nothing has to wait for it.
    let frame = RwSignal::new(SharedValue::<_, Carried>::new_with_encoding(Frame::of_request).into_inner());
    provide_context(frame);
    // Whoever signs in or out or changes the password brings the frame of what follows. These live here,
    // because the pages that call them are left before the answer is looked at.
    provide_framed(ServerAction::<SignIn>::new(), frame);
    provide_framed(ServerAction::<FactorVerify>::new(), frame);
    provide_framed(ServerAction::<SignOut>::new(), frame);
    provide_framed(ServerAction::<PasswordChange>::new(), frame);
    let newest_build = use_presence(frame);
    if cfg!(feature = "hydrate") {
        hold_back();
    }
    // Not `FlatRoutes`: a page that stays while its parameters change would keep the query of the address before.
    view! {
        <Router>
            <Shell newest_build=newest_build>
                <Routes fallback=|| view! { <NotFound /> } children=ToChildren::to_children(routes) />
            </Shell>
        </Router>
    }
}

/// The event by which the page is asked whether it lets go of what is on it.
pub(crate) const LEAVE: &str = "leave-page";

/// Asks before the browser's back or forward is followed (`ui::guard` answers). Listens before the router does: of the
/// listeners at the window the first comes first, whether it captures or not.
fn hold_back() {
    let listener = window_event_listener(leptos::ev::popstate, |event| {
        let page = leptos::prelude::document();
        let Ok(question) = page.create_event("Event") else { return };
        question.init_event_with_bubbles_and_cancelable(LEAVE, false, true);
        if page.dispatch_event(&question) == Ok(false) {
            event.stop_immediate_propagation();
        }
    });
    on_cleanup(move || listener.remove());
}

/// Offers an action to all pages and takes over the frame that it answers.
fn provide_framed<F>(action: ServerAction<F>, frame: RwSignal<Frame>)
where
    F: ServerFn<Output = Frame, Error = ApiError> + Clone + Send + Sync + 'static,
{
    provide_context(action);
    Effect::new(move |_| {
        if let Some(Ok(fresh)) = action.value().get() {
            frame.set(fresh);
        }
    });
}

/// The page for an address that leads nowhere.
#[component]
fn NotFound() -> impl IntoView {
    #[cfg(feature = "ssr")]
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status("404".parse().expect("a status"));
    }
    view! {
        <Title text="页面不存在" />
        <main class="hero min-h-[60vh]">
            <div class="text-center">
                <h1 class="text-3xl font-semibold">"页面不存在"</h1>
                <p class="py-4">"请检查地址，或从首页重新进入。"</p>
                <a class="btn btn-primary" href="/">"返回首页"</a>
            </div>
        </main>
    }
}

/// Who is signed in and what the city has set.
#[must_use]
pub fn use_frame() -> RwSignal<Frame> {
    expect_context()
}

/// The city's day, by which forms judge what is typed; the store asks its own clock.
#[must_use]
pub fn today() -> NaiveDate {
    use_frame().with_untracked(|frame| frame.day.parse()).unwrap_or_default()
}

/// Whether the signed-in actor may do something.
#[must_use]
pub fn may(permission: Permission) -> bool {
    use_frame().with(|frame| frame.actor.as_ref().is_some_and(|actor| actor.may(permission)))
}

/// Menu and head around a page; a bare page when nobody is signed in.
#[component]
fn Shell(newest_build: RwSignal<String>, children: Children) -> impl IntoView {
    let frame = use_frame();
    // The whole person: rights come and go with the first password, also while the session's kind stays.
    let actor = Memo::new(move |_| frame.with(|frame| frame.actor.clone()));
    // The menu follows what administrators change while the page is open.
    let menu = Memo::new(move |_| frame.with(|frame| (frame.actor.is_some(), frame.menu.clone())));
    let kind = Memo::new(move |_| actor.with(|actor| actor.as_ref().map(|actor| actor.session)));
    let theme = move || if kind.get() == Some(SessionKind::Kiosk) { "wall" } else { "desk" };
    // The server sets the title when the page is drawn already and no signal can be read any more.
    let city_name = frame.with_untracked(|frame| frame.settings.city_name.clone());
    let city = move |text: String| title_text(format!("{text} · {city_name}"));
    view! {
        <Title formatter=city />
        <div class="drawer lg:drawer-open" data-theme=theme class:signed-out=move || kind.get().is_none()>
            <a class="skip-link" href="#page-text" rel="external">"跳到正文"</a>
            <input id="menu" type="checkbox" class="drawer-toggle" aria-label="展开菜单" />
            <div class="drawer-content flex min-h-screen min-w-0 flex-col">
                {changing(move || actor.get().map(|_| view! { <Head frame=frame.get_untracked() /> }))}
                <Outdated newest_build=newest_build />
                <PartMissing />
                <div id="page-text" tabindex="-1" class="flex flex-col grow">{children()}</div>
            </div>
            <div class="drawer-side z-30">
                <label for="menu" class="drawer-overlay"><span class="sr-only">"收起菜单"</span></label>
                {changing(move || menu.get().0.then(|| view! { <Menu frame=frame.get_untracked() /> }))}
            </div>
            <div id=toast::PLACE class="toasts" role="status"></div>
        </div>
    }
}

/// A title as it is set: the server writes it into the document unescaped, the browser as text.
fn title_text(title: String) -> String {
    if cfg!(feature = "ssr") { title.replace('&', "&amp;").replace('<', "&lt;") } else { title }
}

/// The head: where one is, who one is.
#[component]
fn Head(frame: Frame) -> impl IntoView {
    let sign_out = expect_context::<ServerAction<SignOut>>();
    let Frame { actor, settings, .. } = frame;
    let Some(actor) = actor else { return ().into_any() };
    let kiosk = actor.session == SessionKind::Kiosk;
    let may_kiosk = !kiosk && actor.may(Permission::KioskStart);
    view! {
        <header class="app-head">
            <label for="menu" class="btn btn-ghost btn-square lg:hidden">{icon("menu")}<span class="sr-only">"展开菜单"</span></label>
            <a href="/" class="min-w-0 truncate font-semibold lg:hidden">{settings.city_name}</a>
            <span class="grow"></span>
            {(!kiosk).then(search_link)}
            {(!kiosk).then(bell)}
            <details class="dropdown dropdown-end">
                <summary class="btn btn-ghost gap-2 whitespace-nowrap">
                    <span class="hidden sm:inline opacity-80">{actor.organization}</span>
                    <span class="font-medium">{actor.name}</span>
                    {icon("down")}
                </summary>
                <ul class="menu dropdown-content bg-base-100 rounded-box border-base-300 z-20 w-52 border p-2 shadow-lg">
                    {(!kiosk).then(|| view! {
                        <li><a href="/platform/jobs">"我的任务"</a></li>
                        <li><a href="/password">"修改密码"</a></li>
                        <li><a href="/platform/second-factor" rel="external">"二次验证"</a></li>
                    })}
                    {may_kiosk.then(|| view! {
                        <li>
                            <form method="post" action="/api/kiosk_start"><button type="submit" class="w-full text-start">"开启大屏模式"</button></form>
                        </li>
                    })}
                    <li>
                        {post_form(sign_out, |_| SignOut {}, "", view! { <button type="submit" class="w-full text-start">"退出登录"</button> })}
                    </li>
                </ul>
            </details>
        </header>
    }
    .into_any()
}

/// The way to the search from every page: a link, and Ctrl+K (⌘K) for whoever has both hands on the keyboard.
fn search_link() -> impl IntoView {
    let navigate = use_navigate();
    let listener = window_event_listener(leptos::ev::keydown, move |event| {
        if event.key() == "k" && (event.ctrl_key() || event.meta_key()) {
            event.prevent_default();
            navigate("/search", Default::default());
        }
    });
    on_cleanup(move || listener.remove());
    view! {
        <A href="/search" attr:class="btn btn-ghost gap-2" attr:aria-keyshortcuts="Control+K Meta+K">
            {icon("search")}<span class="hidden sm:inline">"查找"</span><kbd class="kbd kbd-sm hidden lg:inline" aria-hidden="true">"Ctrl K"</kbd>
            <span class="sr-only sm:hidden">"查找"</span>
        </A>
    }
}

/// How many messages wait, and the way to them.
fn bell() -> impl IntoView {
    let Unread(unread) = expect_context();
    let count = move || unread.get();
    let shown = move || if count() > UNREAD_SHOWN { format!("{UNREAD_SHOWN}+") } else { count().to_string() };
    view! {
        <A href="/platform/messages" attr:class="btn btn-ghost gap-1" attr:aria-label=move || format!("消息，{}条未读", count())>
            {icon("bell")}<span class="unread" hidden=move || count() == 0>{changing(shown)}</span>
        </A>
    }
}

/// The menu, as the server put it together for the actor (`domain::platform::menu`).
#[component]
fn Menu(frame: Frame) -> impl IntoView {
    let location = use_location();
    let here = Here { path: location.pathname, search: location.search };
    view! {
        <nav class="app-menu" aria-label="主菜单">
            <a href="/" class="app-brand">{icon("brand")}<span>{frame.settings.city_name}</span></a>
            <ul class="menu w-full">{menu_nodes(frame.menu, here)}</ul>
        </nav>
    }
}

/// Where the browser is.
#[derive(Clone, Copy)]
struct Here {
    path: Memo<String>,
    search: Memo<String>,
}

fn menu_nodes(nodes: Vec<MenuNode>, here: Here) -> AnyView {
    nodes
        .into_iter()
        .map(|node| {
            if !node.href.is_empty() {
                return menu_item(node, here).into_any();
            }
            view! { <li><h2 class="menu-title">{node.label}</h2><ul>{menu_nodes(node.children, here)}</ul></li> }
                .into_any()
        })
        .collect_view()
        .into_any()
}

fn menu_item(node: MenuNode, here: Here) -> impl IntoView {
    let MenuNode { label, icon: name, href, .. } = node;
    let own = href.clone();
    let current = Memo::new(move |_| {
        let (place, asked) = own.split_once('?').unwrap_or((&own, ""));
        let within = here.path.with(|path| if place == "/" { path == "/" } else { path.starts_with(place) });
        // An address with a filter is one of its own.
        within && (asked.is_empty() || here.search.with(|search| search.trim_start_matches('?') == asked))
    });
    let close_menu = |_| {
        use leptos::wasm_bindgen::JsCast as _;
        if let Some(toggle) = leptos::prelude::document().get_element_by_id("menu") {
            toggle.unchecked_into::<web_sys::HtmlInputElement>().set_checked(false);
        }
    };
    view! {
        <li>
            <A href=href attr:aria-current=move || current.get().then_some("page") attr:class=move || if current.get() { "menu-active" } else { "" } on:click=close_menu>
                {icon(&name)}{label}
            </A>
        </li>
    }
}

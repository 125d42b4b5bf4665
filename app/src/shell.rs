//! The frame around every page: document, menu, head, routes.

use crate::{
    ApiError,
    housing::{
        AssetCards, AssetForms, AssetSheets, Assets, BuildingPages, EstatePages, Housing, StockForms, StockWork,
        UnitPages,
    },
    import::Imports,
    insight::{CityMap, Home},
    operator::Operators,
    person::{PersonForms, PersonMerge, Persons},
    platform::{
        Accounts, Administration, Platform,
        session::{Frame, PasswordChange, SignIn, SignOut},
        sign_in::SignInPage,
    },
    presence::{Outdated, use_presence},
    search::Search,
    ui::{icon, resource::PageJson, toast},
};
use domain::{
    dictionary::ApprovalKind,
    import::may_import,
    platform::{
        actor::{Actor, SessionKind},
        permission::Permission,
    },
};
use leptos::{hydration::HydrationScripts, prelude::*, server_fn::ServerFn};
use leptos_meta::{MetaTags, Title, provide_meta_context};
use leptos_router::{
    Lazy, SsrMode,
    any_nested_route::{AnyNestedRoute, IntoAnyNestedRoute as _},
    components::{A, FlatRoutes, Route, Router},
    hooks::{use_location, use_navigate},
    path,
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

/// The application: one lazy route per module.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    // Known on the server while it draws, and carried inside the page: nothing has to wait for it.
    let frame = RwSignal::new(SharedValue::<_, PageJson>::new_with_encoding(Frame::of_request).into_inner());
    provide_context(frame);
    // Whoever signs in or out or changes the password brings the frame of what follows. These live here,
    // because the pages that call them are left before the answer is looked at.
    provide_framed(ServerAction::<SignIn>::new(), frame);
    provide_framed(ServerAction::<SignOut>::new(), frame);
    provide_framed(ServerAction::<PasswordChange>::new(), frame);
    let newest_build = use_presence(frame);
    if cfg!(feature = "hydrate") {
        hold_back();
    }
    view! {
        <Router>
            <Shell newest_build=newest_build>
                <FlatRoutes fallback=|| view! { <NotFound /> }>
                    <Route path=path!("/sign-in") view=SignInPage ssr=SsrMode::Async />
                    <Route path=path!("/password") view={Lazy::<Platform>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/platform/users") view={Lazy::<Accounts>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/platform/users/:id") view={Lazy::<Accounts>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/platform/users/:id/:action") view={Lazy::<Accounts>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/platform/roles") view={Lazy::<Administration>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/platform/roles/:id") view={Lazy::<Administration>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/platform/roles/:id/:action") view={Lazy::<Administration>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/platform/approvals") view={Lazy::<Administration>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/platform/approvals/:id") view={Lazy::<Administration>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/platform/parameters") view={Lazy::<Administration>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/platform/parameters/:id") view={Lazy::<Administration>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/platform/:noun") view={Lazy::<Platform>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/platform/:noun/:id") view={Lazy::<Platform>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/") view={Lazy::<Home>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/map") view={Lazy::<CityMap>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/housing/estates/:id") view={Lazy::<EstatePages>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/housing/estates/:id/:action") view={Lazy::<EstatePages>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/housing/projects/new") view={Lazy::<StockForms>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/housing/buildings/new") view={Lazy::<StockForms>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/housing/buildings/:id/edit") view={Lazy::<StockForms>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/housing/buildings/:id/generate") view={Lazy::<StockWork>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/housing/buildings/:id/labels") view={Lazy::<StockWork>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/housing/units/batch") view={Lazy::<StockWork>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/housing/units/:id/label") view={Lazy::<StockWork>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/housing/units/:id/new-room") view={Lazy::<StockForms>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/housing/buildings/:id") view={Lazy::<BuildingPages>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/housing/buildings/:id/:action") view={Lazy::<UnitPages>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/housing/units/:id") view={Lazy::<UnitPages>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/housing/units/:id/:action") view={Lazy::<UnitPages>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/housing/:noun/:id/:action") view={Lazy::<StockForms>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/housing/:noun") view={Lazy::<Housing>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/housing/:noun/:id") view={Lazy::<Housing>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/assets/:noun") view={Lazy::<Assets>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/assets/:noun/new") view={Lazy::<AssetForms>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/assets/:noun/:id") view={Lazy::<AssetCards>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/assets/:noun/:id/edit") view={Lazy::<AssetForms>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/assets/:noun/:id/new-sub") view={Lazy::<AssetForms>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/assets/:noun/:id/:action") view={Lazy::<AssetSheets>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/operators") view={Lazy::<Operators>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/operators/:id") view={Lazy::<Operators>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/persons") view={Lazy::<Persons>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/persons/new") view={Lazy::<PersonForms>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/persons/duplicates") view={Lazy::<PersonMerge>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/persons/duplicates/:id/:other") view={Lazy::<PersonMerge>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/persons/:id") view={Lazy::<Persons>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/persons/:id/:action") view={Lazy::<PersonForms>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/search") view={Lazy::<Search>::new()} ssr=SsrMode::Async />
                    <Route path=path!("/imports") view={Lazy::<Imports>::new()} ssr=SsrMode::Async />
                    <LastRoutes />
                </FlatRoutes>
            </Shell>
        </Router>
    }
}

/// The page of an import; while developing also that of all pieces (`/ui`), which a release answers with 404 and whose
/// code its bundle does not hold. They are one component, because one without any route would match every address.
#[component(transparent)]
fn LastRoutes() -> AnyNestedRoute {
    let last =
        view! { <Route path=path!("/imports/:id") view={Lazy::<Imports>::new()} ssr=SsrMode::Async /> }.into_inner();
    #[cfg(debug_assertions)]
    let last = {
        use crate::ui::gallery::Gallery;
        let overview =
            view! { <Route path=path!("/ui") view={Lazy::<Gallery>::new()} ssr=SsrMode::Async /> }.into_inner();
        let page =
            view! { <Route path=path!("/ui/:piece") view={Lazy::<Gallery>::new()} ssr=SsrMode::Async /> }.into_inner();
        (last, overview, page)
    };
    last.into_any_nested_route()
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
    let kind = Memo::new(move |_| actor.with(|actor| actor.as_ref().map(|actor| actor.session)));
    let theme = move || if kind.get() == Some(SessionKind::Kiosk) { "wall" } else { "desk" };
    // The server sets the title when the page is drawn already and no signal can be read any more.
    let city_name = frame.with_untracked(|frame| frame.settings.city_name.clone());
    let city = move |text: String| title_text(format!("{text} · {city_name}"));
    view! {
        <Title formatter=city />
        <div class="drawer lg:drawer-open" data-theme=theme class:signed-out=move || kind.get().is_none()>
            <a class="skip-link" href="#content" rel="external">"跳到正文"</a>
            <input id="menu" type="checkbox" class="drawer-toggle" aria-label="展开菜单" />
            <div class="drawer-content flex min-h-screen min-w-0 flex-col">
                {move || actor.get().map(|_| view! { <Head frame=frame.get_untracked() /> })}
                <Outdated newest_build=newest_build />
                <div id="content" tabindex="-1" class="flex flex-col grow">{children()}</div>
            </div>
            <div class="drawer-side z-30">
                <label for="menu" class="drawer-overlay"><span class="sr-only">"收起菜单"</span></label>
                {move || actor.get().map(|_| view! { <Menu frame=frame.get_untracked() /> })}
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
            <details class="dropdown dropdown-end">
                <summary class="btn btn-ghost gap-2 whitespace-nowrap">
                    <span class="hidden sm:inline opacity-80">{actor.organization}</span>
                    <span class="font-medium">{actor.name}</span>
                    {icon("down")}
                </summary>
                <ul class="menu dropdown-content bg-base-100 rounded-box border-base-300 z-20 w-52 border p-2 shadow-lg">
                    {(!kiosk).then(|| view! { <li><a href="/password">"修改密码"</a></li> })}
                    {may_kiosk.then(|| view! {
                        <li>
                            <form method="post" action="/api/kiosk_start"><button type="submit" class="w-full text-start">"开启大屏模式"</button></form>
                        </li>
                    })}
                    <li>
                        <ActionForm action=sign_out><button type="submit" class="w-full text-start">"退出登录"</button></ActionForm>
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

/// One entry of the menu.
struct Entry {
    href: &'static str,
    label: &'static str,
    icon: &'static str,
    permission: Permission,
}

const MENU: &[(&str, &[Entry])] = &[
    (
        "首页",
        &[
            Entry { href: "/", label: "大屏", icon: "home", permission: Permission::HomeRead },
            Entry { href: "/map", label: "房源分布", icon: "map", permission: Permission::MapRead },
        ],
    ),
    (
        "公租房房源",
        &[
            Entry { href: "/housing/projects", label: "项目", icon: "project", permission: Permission::ProjectRead },
            Entry { href: "/housing/estates", label: "小区", icon: "estate", permission: Permission::EstateRead },
            Entry {
                href: "/housing/buildings", label: "楼栋", icon: "building", permission: Permission::BuildingRead
            },
            Entry { href: "/housing/units", label: "房源", icon: "unit", permission: Permission::UnitRead },
            Entry { href: "/housing/rooms", label: "房间", icon: "room", permission: Permission::RoomRead },
            Entry {
                href: "/housing/rent-standards",
                label: "租金标准",
                icon: "rent",
                permission: Permission::RentStandardRead,
            },
        ],
    ),
    (
        "资产管理",
        &[
            Entry { href: "/assets/masters", label: "主卡片", icon: "asset", permission: Permission::AssetRead },
            Entry { href: "/assets/subs", label: "子卡片", icon: "unit", permission: Permission::AssetRead },
            Entry { href: "/assets/changes", label: "资产审批", icon: "edit", permission: Permission::AssetRead },
            Entry {
                href: "/assets/depreciation", label: "折旧计提", icon: "rent", permission: Permission::AssetRead
            },
            Entry { href: "/assets/counts", label: "资产盘点", icon: "search", permission: Permission::AssetRead },
        ],
    ),
    ("人员", &[Entry { href: "/persons", label: "人员", icon: "person", permission: Permission::PersonRead }]),
    (
        "运营主体",
        &[Entry { href: "/operators", label: "运营主体", icon: "operator", permission: Permission::OperatorRead }],
    ),
    (
        "系统管理",
        &[
            Entry {
                href: "/platform/organizations",
                label: "组织机构",
                icon: "organization",
                permission: Permission::OrganizationRead,
            },
            Entry { href: "/platform/users", label: "用户", icon: "person", permission: Permission::UserRead },
            Entry { href: "/platform/roles", label: "角色", icon: "operator", permission: Permission::RoleRead },
            Entry {
                href: "/platform/parameters",
                label: "参数设置",
                icon: "rent",
                permission: Permission::ParameterRead,
            },
            Entry {
                href: "/platform/approvals", label: "复核事项", icon: "approve", permission: Permission::UserRead
            },
            Entry { href: "/platform/audit", label: "操作日志", icon: "audit", permission: Permission::AuditRead },
            Entry { href: "/imports", label: "导入日志", icon: "import", permission: Permission::EstateWrite },
        ],
    ),
];

/// The menu shows what the actor may open.
#[component]
fn Menu(frame: Frame) -> impl IntoView {
    let actor = frame.actor;
    // Two pages are open to several permissions.
    let also = |actor: &Actor, entry: &Entry| match entry.href {
        "/imports" => may_import(actor),
        "/platform/approvals" => !ApprovalKind::readable(|permission| actor.may(permission)).is_empty(),
        _ => false,
    };
    let allowed =
        move |entry: &Entry| actor.as_ref().is_some_and(|actor| actor.may(entry.permission) || also(actor, entry));
    let path = use_location().pathname;
    let groups = MENU
        .iter()
        .filter_map(|(title, entries)| {
            let items: Vec<_> =
                entries.iter().filter(|entry| allowed(entry)).map(|entry| menu_item(entry, path)).collect();
            (!items.is_empty()).then(|| view! { <li><h2 class="menu-title">{*title}</h2><ul>{items}</ul></li> })
        })
        .collect_view();
    view! {
        <nav class="app-menu" aria-label="主菜单">
            <a href="/" class="app-brand">{icon("brand")}<span>{frame.settings.city_name}</span></a>
            <ul class="menu w-full">{groups}</ul>
        </nav>
    }
}

fn menu_item(entry: &'static Entry, path: Memo<String>) -> impl IntoView {
    let current = move || {
        let path = path.get();
        if entry.href == "/" { path == "/" } else { path.starts_with(entry.href) }
    };
    let close_menu = |_| {
        use leptos::wasm_bindgen::JsCast as _;
        if let Some(toggle) = leptos::prelude::document().get_element_by_id("menu") {
            toggle.unchecked_into::<web_sys::HtmlInputElement>().set_checked(false);
        }
    };
    view! {
        <li>
            <A href=entry.href attr:aria-current=move || current().then_some("page") attr:class=move || if current() { "menu-active" } else { "" } on:click=close_menu>
                {icon(entry.icon)}{entry.label}
            </A>
        </li>
    }
}

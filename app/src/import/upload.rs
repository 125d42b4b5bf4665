//! Choosing and sending a file.

use crate::{
    shell::may,
    ui::{PageHead, changing::changing, empty_view, icon, request::request_id},
};
use domain::import::{SheetKey, UPLOAD_BYTES_MAX, UPLOAD_ROWS_MAX};
use leptos::{prelude::*, wasm_bindgen::JsCast as _};
use leptos_router::hooks::use_navigate;
use wasm_bindgen_futures::JsFuture;

pub fn upload_view(sheet: String) -> AnyView {
    let Some(sheet) = SheetKey::from_code(&sheet).filter(|sheet| sheet.in_browser()) else {
        return empty_view("没有这种导入模板");
    };
    let code = sheet.code();
    let navigate = use_navigate();
    let refusal = RwSignal::new(None::<String>);
    // One number per chosen file, kept until the file is taken: however often it is sent, it makes one job.
    let request = StoredValue::new(None::<String>);
    let send = Action::new_local(move |form: &web_sys::HtmlFormElement| {
        let form = form.clone();
        let request = request.get_value().unwrap_or_else(|| {
            let fresh = request_id();
            request.set_value(Some(fresh.clone()));
            fresh
        });
        async move { send_file(code, &request, form).await }
    });
    Effect::new(move |_| match send.value().get() {
        Some(Ok(id)) => {
            request.set_value(None);
            navigate(&format!("/imports/{id}"), Default::default());
        }
        Some(Err(sentence)) => refusal.set(Some(sentence)),
        None => {}
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        refusal.set(None);
        if let Some(form) = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlFormElement>().ok()) {
            send.dispatch_local(form);
        }
    };
    let limits = format!(
        "支持.xlsx、.xls文件，不超过{}MB、{UPLOAD_ROWS_MAX}行；更大的文件请拆分，或由管理员用命令行导入",
        UPLOAD_BYTES_MAX / 1024 / 1024
    );
    view! {
        <main class="page">
            <PageHead title=format!("导入{}", sheet.title()) back=("/imports".to_owned(), "导入日志".to_owned()) />
            <Show when=move || may(sheet.permission()) fallback=|| empty_view("您没有导入此类数据的权限")>
                <section class="panel max-w-2xl flex flex-col gap-4">
                    <ol class="steps-list">
                        <li>"下载模板，按“填写说明”填写："<a class="btn btn-sm btn-outline" href=format!("/files/template/{code}") rel="external">{icon("export")}"下载模板"</a></li>
                        <li>"选择文件并上传，系统先校验、不写入："</li>
                    </ol>
                    <form class="flex flex-wrap gap-3 items-end" on:submit=submit>
                        <label class="form-field grow"><span>"导入文件"</span>
                            <input type="file" name="file" class="file-input w-full" accept=".xlsx,.xls,.xlsm" required
                                on:change=move |_| request.set_value(None) />
                        </label>
                        {sheet.can_update().then(|| view! {
                            <label class="flex items-center gap-2 basis-full">
                                <input type="checkbox" name="update" class="checkbox checkbox-sm" on:change=move |_| request.set_value(None) />
                                {if sheet == SheetKey::Person { "更新已有人员（只更新电话、地址和工作单位）" } else { "更新已录入的记录" }}
                            </label>
                        })}
                        <button type="submit" class="btn btn-primary" disabled=send.pending()>
                            {changing(move || if send.pending().get() { "正在上传…" } else { "确认上传" })}
                        </button>
                    </form>
                    <p class="text-sm opacity-80">{limits.clone()}</p>
                    {changing(move || refusal.get().map(|sentence| view! { <div role="alert" class="alert alert-error alert-soft">{sentence}</div> }))}
                </section>
            </Show>
        </main>
    }
    .into_any()
}

/// Sends the form's file; answers the job's id, or why not.
async fn send_file(sheet: &str, request: &str, form: web_sys::HtmlFormElement) -> Result<String, String> {
    let broken = || "网络连接中断，请检查网络后重试".to_owned();
    let input = |name: &str| form.elements().named_item(name)?.dyn_into::<web_sys::HtmlInputElement>().ok();
    let update = input("update").is_some_and(|input| input.checked());
    let file = input("file")
        .and_then(|input| input.files())
        .and_then(|files| files.get(0))
        .ok_or_else(|| "请选择文件".to_owned())?;
    if file.size() > UPLOAD_BYTES_MAX as f64 {
        return Err(format!("文件超过{}MB，请拆分后导入", UPLOAD_BYTES_MAX / 1024 / 1024));
    }
    let data = web_sys::FormData::new().map_err(|_| broken())?;
    data.append_with_blob_and_filename("file", &file, &file.name()).map_err(|_| broken())?;
    let options = web_sys::RequestInit::new();
    options.set_method("POST");
    options.set_body(&data);
    let address = format!("/files/import/{sheet}?request={request}&update={update}");
    let response = JsFuture::from(window().fetch_with_str_and_init(&address, &options)).await.map_err(|_| broken())?;
    let response: web_sys::Response = response.dyn_into().map_err(|_| broken())?;
    let text = JsFuture::from(response.text().map_err(|_| broken())?).await.map_err(|_| broken())?;
    let text = text.as_string().unwrap_or_default();
    if response.ok() { Ok(text) } else { Err(if text.is_empty() { broken() } else { text }) }
}

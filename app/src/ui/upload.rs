//! Sending files: chosen or dragged, several at once, each with how far it is and what is wrong with it beside its name.
//!
//! Without JavaScript it is a plain form that sends one file. What may be sent the server decides by looking at it.

use super::changing::changing;
use super::icon;
use domain::platform::attachment::{FILE_BYTES_MAX, content::too_large};
use leptos::{
    html,
    prelude::*,
    task::spawn_local,
    wasm_bindgen::{JsCast as _, closure::Closure},
};
use wasm_bindgen_futures::JsFuture;

/// What a file can be: code and label.
pub type Kinds = Vec<(&'static str, &'static str)>;

/// A file on its way.
#[derive(Clone)]
struct Sending {
    number: u32,
    name: String,
    state: RwSignal<State>,
}

#[derive(Clone, PartialEq)]
enum State {
    Waiting,
    /// percent that have arrived
    Under(f64),
    Failed(String),
}

/// The form and the files on their way; `done` is called after each that has arrived.
pub fn upload_zone(address: String, kinds: Kinds, done: Callback<()>) -> AnyView {
    let sendings = RwSignal::new(Vec::<Sending>::new());
    let kind = RwSignal::new(kinds.first().map(|(code, _)| (*code).to_owned()).unwrap_or_default());
    let (over, alive, next) = (RwSignal::new(false), RwSignal::new(false), StoredValue::new(0_u32));
    // With JavaScript a file goes as soon as it is chosen.
    Effect::new(move |_| alive.set(true));
    let target = StoredValue::new(address.clone());
    let start = move |files: web_sys::FileList| {
        let queued: Vec<(Sending, web_sys::File)> = (0..files.length())
            .filter_map(|place| files.get(place))
            .map(|file| {
                next.update_value(|next| *next += 1);
                (Sending { number: next.get_value(), name: file.name(), state: RwSignal::new(State::Waiting) }, file)
            })
            .collect();
        sendings.update(|sendings| {
            sendings.retain(|sending| !matches!(sending.state.get_untracked(), State::Failed(_)));
            sendings.extend(queued.iter().map(|(sending, _)| sending.clone()));
        });
        // The page may be left before all are there.
        let (kind, address) = (kind.get_untracked(), target.get_value());
        // One after the other: the line is shared, and so is the server.
        spawn_local(async move {
            for (sending, file) in queued {
                match send(&address, &kind, &file, sending.state).await {
                    Ok(()) => {
                        sendings.update(|sendings| sendings.retain(|other| other.number != sending.number));
                        done.try_run(());
                    }
                    Err(sentence) => sending.state.set(State::Failed(sentence)),
                }
            }
        });
    };
    let input = NodeRef::<html::Input>::new();
    let chosen = move |_| {
        if let Some(input) = input.get_untracked() {
            if let Some(files) = input.files() {
                start(files);
            }
            // The same file can be chosen again after it was refused.
            input.set_value("");
        }
    };
    let dropped = move |event: leptos::ev::DragEvent| {
        event.prevent_default();
        over.set(false);
        if let Some(files) = event.data_transfer().and_then(|data| data.files()) {
            start(files);
        }
    };
    let options = kinds.into_iter().map(|(code, label)| view! { <option value=code>{label}</option> }).collect_view();
    view! {
        <form class="upload-zone" class:upload-over=over method="post" enctype="multipart/form-data" action=address
            on:dragover=move |event| { event.prevent_default(); over.set(true); } on:dragleave=move |_| over.set(false) on:drop=dropped>
            <label class="upload-kind"><span>"附件类型"</span>
                <select name="kind" class="select select-sm" on:change=move |event| kind.set(event_target_value(&event))>{options}</select>
            </label>
            <label class="upload-file"><span>"选择文件"</span>
                <input type="file" name="file" class="file-input file-input-sm" accept=".jpg,.jpeg,.png,.pdf" multiple node_ref=input on:change=chosen />
            </label>
            <button type="submit" class="btn btn-primary btn-sm" class:hidden=alive>{icon("import")}"上传"</button>
            <p class="upload-note">{format!("可拖放多个文件到此处；支持JPG、PNG、PDF，每个不超过{}MB", FILE_BYTES_MAX / 1024 / 1024)}</p>
        </form>
        <ul class="upload-list" aria-live="polite">
            <For each=move || sendings.get() key=|sending| sending.number children=move |sending| sending_view(sending, sendings) />
        </ul>
    }
    .into_any()
}

fn sending_view(sending: Sending, sendings: RwSignal<Vec<Sending>>) -> impl IntoView {
    let Sending { number, name, state } = sending;
    let remove = move |_| sendings.update(|sendings| sendings.retain(|other| other.number != number));
    let label = name.clone();
    let shown = move || {
        match state.get() {
        State::Waiting => view! { <span class="upload-note">"等待上传"</span> }.into_any(),
        State::Under(percent) => view! {
            <progress class="progress progress-primary" max="100" value=percent.to_string() aria-label=format!("{label}上传进度")></progress>
            <span class="upload-note">{if percent < 100.0 { format!("{percent:.0}%") } else { "正在检查…".to_owned() }}</span>
        }
        .into_any(),
        State::Failed(sentence) => view! {
            <span class="upload-wrong" role="alert">{sentence}</span>
            <button type="button" class="btn btn-ghost btn-xs" aria-label=format!("移除{label}") on:click=remove>{icon("close")}</button>
        }
        .into_any(),
    }
    };
    view! { <li class="upload-item"><span class="upload-name">{name}</span>{changing(shown)}</li> }
}

/// Sends one file; answers the sentence of a refusal.
async fn send(address: &str, kind: &str, file: &web_sys::File, state: RwSignal<State>) -> Result<(), String> {
    // What the server would say too, without the waiting.
    if file.size() > FILE_BYTES_MAX as f64 {
        return Err(format!("文件“{}”{}", file.name(), too_large().text()));
    }
    state.set(State::Under(0.0));
    let request = request(address, kind, file, state).await.map_err(|_| broken())?;
    let text = request.response_text().ok().flatten().unwrap_or_default();
    match request.status() {
        Ok(204) => Ok(()),
        Ok(400..) if !text.is_empty() => Err(text),
        _ => Err(broken()),
    }
}

fn broken() -> String {
    "上传中断，请检查网络后重试".to_owned()
}

/// Sends and waits until the answer is there, or the connection is not; meanwhile tells how far it is.
async fn request(
    address: &str,
    kind: &str,
    file: &web_sys::File,
    state: RwSignal<State>,
) -> Result<web_sys::XmlHttpRequest, leptos::wasm_bindgen::JsValue> {
    let form = web_sys::FormData::new()?;
    form.append_with_str("kind", kind)?;
    form.append_with_blob_and_filename("file", file, &file.name())?;
    let request = web_sys::XmlHttpRequest::new()?;
    request.open("POST", address)?;
    let progress = Closure::<dyn Fn(web_sys::ProgressEvent)>::new(move |event: web_sys::ProgressEvent| {
        if event.length_computable() && event.total() > 0.0 {
            state.set(State::Under(event.loaded() / event.total() * 100.0));
        }
    });
    request.upload()?.set_onprogress(Some(progress.as_ref().unchecked_ref()));
    let ended = js_sys::Promise::new(&mut |resolve, _| request.set_onloadend(Some(&resolve)));
    request.send_with_opt_form_data(Some(&form))?;
    JsFuture::from(ended).await?;
    Ok(request)
}

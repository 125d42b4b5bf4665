//! What tenants see on their telephones (domain.md S4-2.x): plain HTML, drawn by the server and complete as it is. No script and no
//! part of the clerks' application is loaded, so a page weighs a few kilobytes, works with JavaScript off and in browsers that
//! are years old.

mod bills;
mod pay;
mod records;
mod sign_in;

pub use bills::{bills, home};
pub use pay::pay;
pub use records::{contracts, notices, receipt, receipts};
pub use sign_in::{Door, code, sign_in};

use leptos::prelude::*;

/// The sheet of styles; of its own, because that of the clerks weighs more than all of these pages.
pub const STYLE: &str = include_str!("../../../style/portal.css");

/// What every page knows.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// 平台名称
    pub city: String,
    /// the telephone of who is signed in, masked
    pub phone: Option<String>,
    /// 大字版
    pub large: bool,
    /// address of [`STYLE`]
    pub style: String,
    /// address of this page, to come back to
    pub here: String,
}

const MENU: [(&str, &str); 5] = [
    ("/my", "首页"),
    ("/my/bills", "账单缴费"),
    ("/my/receipts", "缴退记录"),
    ("/my/contract", "合同"),
    ("/my/notices", "通知"),
];

/// A whole page.
fn page(frame: &Frame, title: &'static str, content: impl IntoView) -> String {
    let menu = frame.phone.is_some().then(|| {
        let entries: Vec<_> = MENU
            .into_iter()
            .map(|(href, label)| {
                let current = (href == frame.here).then_some("page");
                view! { <li><a href=href aria-current=current>{label}</a></li> }
            })
            .collect();
        view! { <nav aria-label="菜单"><ul>{entries}</ul></nav> }
    });
    let out = frame.phone.clone().map(|phone| {
        view! {
            <form method="post" action="/my/sign-out">
                <span>{phone}</span>
                <button class="plain">"退出"</button>
            </form>
        }
    });
    let (next, label) = if frame.large { ("0", "标准字号") } else { ("1", "大字版") };
    let class = if frame.large { "large" } else { "" };
    let head = format!("{title} · {}", frame.city);
    view! {
        <!DOCTYPE html>
        <html lang="zh-CN" class=class>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <meta name="format-detection" content="telephone=no" />
                <title>{head}</title>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <link rel="stylesheet" href=frame.style.clone() />
            </head>
            <body>
                <header>
                    <strong>{frame.city.clone()}</strong>
                    <form method="post" action="/my/size">
                        <input type="hidden" name="back" value=frame.here.clone() />
                        <button class="plain" name="large" value=next>{label}</button>
                    </form>
                    {out}
                </header>
                {menu}
                <main>
                    <h1>{title}</h1>
                    {content}
                </main>
            </body>
        </html>
    }
    .to_html()
}

/// A sentence that says what is wrong.
fn alert(sentence: Option<String>) -> Option<impl IntoView> {
    sentence.map(|sentence| view! { <p class="alert" role="alert">{sentence}</p> })
}

/// Rows of a name and a value.
fn facts(rows: Vec<(&'static str, String)>) -> impl IntoView {
    let rows: Vec<_> =
        rows.into_iter().map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> }).collect();
    view! { <dl>{rows}</dl> }
}

/// `¥111.80`
fn yuan(amount: domain::value::Money) -> String {
    format!("¥{amount}")
}

/// `2026-11-01至2026-11-30`
fn period(from: chrono::NaiveDate, to: chrono::NaiveDate) -> String {
    format!("{from}至{to}")
}

/// The page of a failure.
#[must_use]
pub fn failure(frame: &Frame, sentence: String) -> String {
    page(
        frame,
        "无法办理",
        view! {
            {alert(Some(sentence))}
            <p><a class="button" href="/my">"返回首页"</a></p>
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_have_written_is_text() {
        let frame = Frame { city: "<测试&市>".into(), phone: Some("138****5678".into()), ..Frame::default() };
        let html = failure(&frame, "<script>alert(1)</script>".to_owned());
        assert!(html.starts_with("<!DOCTYPE html>"), "{html}");
        assert!(html.contains("&lt;script&gt;") && !html.contains("<script"), "{html}");
        assert!(html.contains("&lt;测试&amp;市"), "{html}");
    }

    #[test]
    fn large_type_is_a_class_of_the_page_and_can_be_left() {
        let large = failure(&Frame { large: true, ..Frame::default() }, String::new());
        assert!(large.contains("class=\"large\"") && large.contains("标准字号"), "{large}");
        assert!(failure(&Frame::default(), String::new()).contains("大字版"));
    }
}

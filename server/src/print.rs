//! Papers as PDF (S0-5, E-106, E-128): two at a time, each for a limited time, away from the threads that serve.

use crate::{
    files::{Refused, ctx, download},
    router::AppState,
};
use app::context::Visit;
use axum::{
    Extension,
    extract::{Path, State},
    http::HeaderValue,
    response::Response,
};
use domain::{
    failure::Failure,
    paper::{Block, Paper},
    tenancy::template::specimen_paper,
};
use print::{Fonts, PrintError};
use std::{sync::Arc, time::Duration};
use store::tenancy::{
    paper::{print_batch_get, print_get},
    template::template_get,
};
use tokio::{sync::Semaphore, time::timeout};

/// Files that are laid out at once.
static DESKS: Semaphore = Semaphore::const_new(2);
/// Longer nobody waits for a free one.
const WAITING: Duration = Duration::from_secs(20);
/// Longer nobody waits for his file; a layout cannot be interrupted, so it keeps its place until it ends.
const WORKING: Duration = Duration::from_secs(60);

/// The font that papers are set in; that there is none is said once when the server starts, and to whoever prints.
pub fn fonts(given: Option<&std::path::Path>) -> Fonts {
    let fonts = Fonts::find(given);
    match fonts.files() {
        Ok(files) => tracing::info!(font = %files[0].display(), "papers can be printed"),
        Err(line) => tracing::warn!("papers cannot be printed: {line}"),
    }
    fonts
}

/// `GET /files/print/{id}`: the papers of a print that was noted, for whoever asked for it.
pub async fn papers(
    State(state): State<AppState>,
    Extension(visit): Extension<Visit>,
    Path(id): Path<i64>,
) -> Result<Response, Refused> {
    let printing = print_get(&ctx(visit)?, id).await?;
    file(state.fonts, &printing.name, printing.papers).await
}

/// `GET /files/print/batch/{id}`: many papers that were noted as one file. One with a character that no font has keeps none of
/// the others: a last page names it.
pub async fn batch(
    State(state): State<AppState>,
    Extension(visit): Extension<Visit>,
    Path(id): Path<i64>,
) -> Result<Response, Refused> {
    let printing = print_batch_get(&ctx(visit)?, id).await?;
    let mut papers = printing.papers;
    match print::lacking(&state.fonts, &papers) {
        Ok(lacking) if lacking.is_empty() => {}
        Ok(lacking) => {
            let named = unprinted(&papers, &lacking);
            let mut place = 0;
            papers.retain(|_| {
                place += 1;
                lacking.iter().all(|(lacks, _)| lacks + 1 != place)
            });
            papers.push(named);
        }
        // It is told when the file is made.
        Err(error) => tracing::debug!(%error, "the fonts cannot be asked"),
    }
    file(state.fonts, &printing.name, papers).await
}

/// The page behind a batch: which papers are not in it, and why. The characters themselves cannot stand there either.
fn unprinted(papers: &[Paper], lacking: &[(usize, char)]) -> Paper {
    let row = |(place, character): &(usize, char)| {
        let number = papers.get(*place).map(|paper| paper.number.clone()).unwrap_or_default();
        vec![number, format!("字体没有字符U+{:04X}，请联系系统管理员安装字体后补打", u32::from(*character))]
    };
    Paper {
        title: "未打印清单".to_owned(),
        blocks: vec![Block::Table {
            columns: vec!["文书".to_owned(), "原因".to_owned()],
            words: 2,
            rows: lacking.iter().map(row).collect(),
        }],
        ..Paper::default()
    }
}

/// `GET /files/print/template/{id}`: a specimen of a template.
pub async fn specimen(
    State(state): State<AppState>,
    Extension(visit): Extension<Visit>,
    Path(id): Path<i64>,
) -> Result<Response, Refused> {
    let template = template_get(&ctx(visit)?, id).await?;
    let paper = specimen_paper(&template)
        .map_err(|complaint| Failure::refused(format!("模板无法使用：{}", complaint.text())))?;
    let name = format!("{}样张V{}.pdf", template.row.name, template.row.version);
    file(state.fonts, &name, vec![paper]).await
}

async fn file(fonts: Arc<Fonts>, name: &str, papers: Vec<Paper>) -> Result<Response, Refused> {
    let busy = || Failure::refused("正在打印的文件较多，请稍后再试");
    let place = timeout(WAITING, DESKS.acquire()).await.map_err(|_| busy())?.map_err(|_| busy())?;
    let work = tokio::task::spawn_blocking(move || {
        let made = print::pdf(&fonts, &papers);
        drop(place);
        made
    });
    let made = timeout(WORKING, work)
        .await
        .map_err(|_| Failure::refused("文件过大，生成超时，请分批打印"))?
        .map_err(|error| store::Error::Broken(error.to_string()))?;
    match made {
        Ok(pdf) => Ok(download("print.pdf", name, HeaderValue::from_static("application/pdf"), pdf.content)),
        Err(PrintError::Font(line)) => {
            tracing::error!("papers cannot be printed: {line}");
            Err(Failure::refused("服务器没有可用的中文字体，不能打印，请联系系统管理员").into())
        }
        Err(PrintError::Missing(character)) => {
            let sentence = format!("内容含字体没有的字“{character}”，请联系系统管理员安装字体");
            Err(Failure::refused(sentence).into())
        }
        Err(PrintError::TooLarge) => Err(Failure::refused("文件过大，请分批打印").into()),
        Err(error @ PrintError::Layout(_)) => Err(store::Error::Broken(error.to_string()).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{body::to_bytes, response::IntoResponse as _};

    #[test]
    fn what_is_not_in_a_batch_is_named() {
        let paper = |number: &str| Paper { number: number.into(), ..Paper::default() };
        let named = unprinted(&[paper("编号：CJ1"), paper("编号：CJ2")], &[(1, '\u{20bb7}')]);
        assert!(named.content().contains("编号：CJ2\t字体没有字符U+20BB7"), "{}", named.content());
        assert!(!named.content().contains("CJ1"));
    }

    #[tokio::test]
    async fn without_a_font_one_line_says_so() {
        let fonts = Arc::new(fonts(Some(std::path::Path::new("/nowhere"))));
        let answer = file(fonts, "x.pdf", vec![Paper::default()]).await.into_response();
        assert_eq!(answer.status(), axum::http::StatusCode::UNPROCESSABLE_ENTITY);
        let body = to_bytes(answer.into_body(), 1_000).await.expect("a body");
        assert_eq!(body, "服务器没有可用的中文字体，不能打印，请联系系统管理员".as_bytes());
    }
}

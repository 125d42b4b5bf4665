//! Files of records over HTTP: what is taken in, what is refused with which sentence, and how it is handed out.

use crate::support::{Answer, Site, request};
use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use domain::platform::attachment::FILE_BYTES_MAX;
use image::{RgbImage, codecs::png::PngEncoder};
use serde_json::json;

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut encoded = Vec::new();
    let picture = RgbImage::from_fn(width, height, |x, y| image::Rgb([(x % 256) as u8, (y % 256) as u8, 80]));
    picture.write_with_encoder(PngEncoder::new(&mut encoded)).expect("a picture");
    encoded
}

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\nendobj\nstartxref\n9\n%%EOF\n";

/// The form of the page, as a browser sends it.
async fn send(site: &Site, path: &str, kind: &str, file: (&str, &[u8]), accept: &str, session: &str) -> Answer {
    let boundary = "----housing-test-boundary";
    let mut body = format!(
        "--{boundary}\r\ncontent-disposition: form-data; name=\"kind\"\r\n\r\n{kind}\r\n--{boundary}\r\n\
         content-disposition: form-data; name=\"file\"; filename=\"{}\"\r\ncontent-type: image/png\r\n\r\n",
        file.0
    )
    .into_bytes();
    body.extend_from_slice(file.1);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    let head = request(Method::POST, path, Some(session))
        .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={boundary}"))
        .header(header::ACCEPT, accept);
    site.ask(head.body(Body::from(body)).expect("a request")).await
}

async fn files(site: &Site, owner: &str, id: i64, session: &str) -> serde_json::Value {
    site.call("attachment_list", &json!({"owner": owner, "owner_id": id}), Some(session)).await.json()
}

/// The address of a link as a server function answers it.
fn address(link: &serde_json::Value) -> String {
    let text = |key: &str| link[key].as_str().unwrap_or_else(|| panic!("{link}")).to_owned();
    format!(
        "/files/attachment/{}?view={}&until={}&signature={}",
        link["id"],
        text("view"),
        link["until"],
        text("signature")
    )
}

#[tokio::test]
async fn a_picture_is_sent_shown_and_saved() {
    let site = Site::open().await;
    let session = site.session("district-a").await;
    let sun = site.id("select id from estate where name = '阳光苑'").await;
    let path = format!("/files/attachment/estate/{sun}");
    let picture = png(900, 600);
    let sent = send(&site, &path, "PHOTO", ("大门.png", &picture), "*/*", &session).await;
    assert_eq!(sent.status, StatusCode::NO_CONTENT, "{}", sent.text());
    let sent = send(&site, &path, "OTHER", ("说明 13812345678.PDF", PDF), "text/html,*/*", &session).await;
    assert_eq!((sent.status, sent.header("location")), (StatusCode::SEE_OTHER, &*format!("/housing/estates/{sun}")));
    let found = files(&site, "ESTATE", sun, &session).await;
    let (pdf, photo) = (&found["rows"][0], &found["rows"][1]);
    assert_eq!(
        (&pdf["file_name"], &pdf["media"], &pdf["thumbnail"]),
        (&json!("说明 ***.pdf"), &json!("PDF"), &json!(null))
    );
    assert_eq!((&photo["file_name"], &photo["bytes"]), (&json!("大门.png"), &json!(picture.len())));
    // Drawn by the server, so before any script has run.
    let page = site.get(&format!("/housing/estates/{sun}"), Some(&session)).await.text();
    assert!(page.contains("大门.png") && page.contains("view=thumbnail") && page.contains("附件类型"), "{page}");

    let small = site.get(&address(&photo["thumbnail"]), Some(&session)).await;
    assert_eq!((small.status, small.header("content-type")), (StatusCode::OK, "image/jpeg"));
    let drawn = image::load_from_memory_with_format(&small.body, image::ImageFormat::Jpeg).expect("a picture");
    assert_eq!((drawn.width(), drawn.height()), (320, 213));
    let link = json!({"id": photo["id"], "view": "picture", "reason": ""});
    let link = site.call("attachment_link", &link, Some(&session)).await.json();
    let shown = site.get(&address(&link), Some(&session)).await;
    assert_eq!((shown.header("content-type"), shown.header("content-disposition")), ("image/png", "inline"));
    assert_eq!(shown.body, picture, "as it was sent");
    let link = json!({"id": pdf["id"], "view": "download", "reason": ""});
    let link = site.call("attachment_link", &link, Some(&session)).await.json();
    let saved = site.get(&address(&link), Some(&session)).await;
    assert!(saved.header("content-disposition").starts_with("attachment; filename=\"download\"; filename*=UTF-8''%E8"));
    for answer in [&small, &shown, &saved] {
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "private, no-store");
        assert!(answer.header("content-security-policy").contains("default-src 'none'; sandbox"));
    }
    // A PDF is never shown in the page.
    let link = json!({"id": pdf["id"], "view": "picture", "reason": ""});
    let refused = site.call("attachment_link", &link, Some(&session)).await.text();
    assert!(refused.contains("该文件不能预览"), "{refused}");
    // The link outlives neither the session nor the account's own place.
    let other = site.session("city").await;
    let foreign = site.get(&address(&photo["thumbnail"]), Some(&other)).await;
    assert_eq!(
        (foreign.status, foreign.text().as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, "链接已失效，请返回页面重新打开")
    );
    site.submit("sign_out", &[], Some(&session)).await;
    assert_eq!(site.get(&address(&photo["thumbnail"]), Some(&session)).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_is_no_good_is_refused_with_its_sentence() {
    let site = Site::open().await;
    let session = site.session("district-a").await;
    let sun = site.id("select id from estate where name = '阳光苑'").await;
    let path = format!("/files/attachment/estate/{sun}");
    let picture = png(64, 64);
    let bomb = {
        let mut bomb = png(8, 8);
        bomb[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
        let crc = crc32(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&crc.to_be_bytes());
        bomb
    };
    let torn = {
        let mut torn = picture.clone();
        torn[60..64].fill(0xAA);
        torn
    };
    let large = vec![0; FILE_BYTES_MAX + 1];
    let larger = vec![0; FILE_BYTES_MAX + 100_000];
    for (kind, name, content, sentence) in [
        ("PHOTO", "空.png", &b""[..], "文件“空.png”是空文件，请重新选择"),
        ("PHOTO", "木马.png", b"MZ\x90\0\x03", "文件“木马.png”不是JPG、PNG或PDF文件，请转换格式后再上传"),
        ("PHOTO", "页面.pdf", b"<html><script>1</script>", "文件“页面.pdf”不是JPG、PNG或PDF文件，请转换格式后再上传"),
        ("PHOTO", "大.png", &large, "文件“大.png”超过10MB，请压缩后再上传"),
        // More than the request may hold: cut off before its name is read.
        ("PHOTO", "更大.png", &larger, "文件超过10MB，请压缩后再上传"),
        ("PHOTO", "炸弹.png", &bomb, "文件“炸弹.png”的像素过多，请缩小图片后再上传"),
        ("PHOTO", "坏.png", &torn, "文件“坏.png”不完整或已损坏，请重新扫描或另存后再上传"),
        (
            "PHOTO",
            "双.png",
            &[&picture[..], b"<script>1</script>"].concat(),
            "文件“双.png”还夹带了其它内容，请重新扫描或另存后再上传",
        ),
        ("", "门.png", &picture, "请选择附件类型"),
        ("IDCARD", "门.png", &picture, "请选择附件类型"),
        ("PHOTO", "", b"", "请选择文件"),
    ] {
        let refused = send(&site, &path, kind, (name, content), "*/*", &session).await;
        assert_eq!((refused.status, refused.text()), (StatusCode::UNPROCESSABLE_ENTITY, sentence.to_owned()), "{name}");
    }
    assert_eq!(files(&site, "ESTATE", sun, &session).await["rows"], json!([]), "nothing of it was kept");
    let elsewhere = site.session("district-b").await;
    let refused = send(&site, &path, "PHOTO", ("门.png", &picture), "*/*", &elsewhere).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND, "the other district's estate");
    let refused = send(&site, "/files/attachment/estates/1", "PHOTO", ("门.png", &picture), "*/*", &session).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
}

/// As PNG closes its parts.
fn crc32(content: &[u8]) -> u32 {
    !content.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}

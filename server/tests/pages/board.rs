//! The board of a building: in the city's words, with its figures, and one button to print it.

use super::{hides, shows};
use crate::support::Site;
use axum::http::StatusCode;
use serde_json::json;

#[tokio::test]
async fn a_board_speaks_the_citys_words() {
    let site = Site::open().await;
    let session = site.session("city").await;
    let building = site
        .id("select b.id from building b join estate e on e.id = b.estate_id where e.name = '阳光苑' and b.no = '1号楼'")
        .await;
    let estate = site.id("select id from estate where name = '阳光苑'").await;
    let path = format!("/housing/buildings/{building}");
    let page = site.get(&path, Some(&session)).await;
    assert!(page.text().contains("两居室 "), "{}", page.text());
    let form = json!({"code": "TWO", "label": "双室户", "sort": "", "color": "", "standard_code": "", "is_default": false, "off": false});
    let item = json!({"dictionary": "D-04", "code": "TWO", "version": 0, "form": form});
    let admin = site.session("admin").await;
    assert_eq!(site.call("dictionary_item_save", &item, Some(&admin)).await.status, StatusCode::OK);
    let page = site.get(&path, Some(&session)).await;
    shows(&page, &path, &["双室户 ", "总面积", "入住面积", "入住户数", "空关面积", "空关户数", "空关率"]);
    hides(&page, &path, &["两居室"]);
    assert_eq!(page.text().matches(">打印<").count(), 1, "one button prints");
    let picture = site.get(&format!("/files/board/{building}"), Some(&session)).await.text();
    assert!(picture.contains("双室户 ") && !picture.contains("两居室"), "{picture}");
    let path = format!("/housing/estates/{estate}");
    shows(
        &site.get(&path, Some(&session)).await,
        &path,
        &["总面积", "入住面积", "入住户数", "空关面积", "空关户数", "空关率"],
    );
}

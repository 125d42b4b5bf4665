mod support;
use support::Site;
#[tokio::test]
async fn dump() {
    let site = Site::open().await;
    let city = site.session("city").await;
    let html = site.get("/housing/rent-standards", Some(&city)).await.text();
    std::fs::write("/tmp/page.html", &html).unwrap();
    let name = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;";
    sqlx::query("update estate set name = $1, address = $1").bind(name).execute(&site.test.admin).await.ok();
    sqlx::query("update estate set name = $1, address = $1 where id = 1")
        .bind(name)
        .execute(&site.test.admin)
        .await
        .expect("a name");
    let html = site.get("/housing/estates/1", Some(&city)).await.text();
    std::fs::write("/tmp/estate.html", &html).unwrap();
}

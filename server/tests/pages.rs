//! Pages as the server draws them: key texts, the wall between districts, security headers, and what
//! becomes of addresses that lead nowhere.

mod adjustment;
mod board;
mod change;
mod dunning;
mod exit;
mod failure;
mod headers;
mod meter;
mod move_in;
mod papers;
mod places;
mod relief;

use crate::support::{Answer, Site};
use axum::http::StatusCode;
use domain::list::percent_encode;
use places::{administration, places};
use std::collections::BTreeSet;

fn shows(page: &Answer, path: &str, texts: &[&str]) {
    assert_eq!(page.status, StatusCode::OK, "{path}");
    let html = page.text();
    for text in texts {
        let main = html.split("<main").nth(1).unwrap_or(&html);
        assert!(html.contains(text), "{path} shows {text}:\n{main}");
    }
    assert!(html.starts_with("<!DOCTYPE html>") && html.contains("</html>"), "{path} is a whole document");
    // The page of all pieces shows failures on purpose.
    assert!(path.starts_with("/ui") || !html.contains("系统出现故障"), "{path} is in order");
}

fn hides(page: &Answer, path: &str, texts: &[&str]) {
    let html = page.text();
    for text in texts {
        assert!(!html.contains(text), "{path} shows {text}");
    }
}

/// Every page for an account of the city; each address pattern of the application is among them.
#[tokio::test]
async fn every_page_is_drawn_by_the_server() {
    let site = Site::open().await;
    let at = places(&site).await;
    let city = site.session("city").await;
    let message = site
        .id("insert into message (receiver_id, template, params, content, link, sent_at)
             select id, 'JOB_FINISHED', '{}', '小区已导入', '/imports', now() from app_user where login = 'city' returning id")
        .await;
    let mut pages: Vec<(&str, String, Vec<&str>)> = vec![
        ("/", "/".into(), vec!["测试市住房保障中心房源概况", "甲区", "乙区", "50.00%", "已入住", "两居室"]),
        ("/map", "/map".into(), vec!["房源分布", "甲区", "乙区", "1个小区尚未标注坐标"]),
        ("/map", "/map?mode=pay".into(), vec!["缴费情况图例", "甲区", "已出租未建账"]),
        ("/insight/reports", "/insight/reports".into(), vec!["统计报表", "RP-06", "收缴率（按费项）", "账户余额表"]),
        (
            "/insight/reports/:report",
            "/insight/reports/occupancy?by=estate".into(),
            vec!["出租率、入住率、空关率统计表", "阳光苑", "星光苑", "合计", "口径：", "导出Excel", "制表人"],
        ),
        (
            "/insight/reports/:report",
            "/insight/reports/collection?by=item".into(),
            vec!["收缴率统计表", "损坏赔偿", "120.50", "0.00%", "合计（大写）：人民币零元整", "--rate-hue:0"],
        ),
        ("/insight/reports/:report", "/insight/reports/receipt".into(), vec!["收款日报（月报）", "甲区", "60.25"]),
        ("/billing/arrears", "/billing/arrears".into(), vec!["欠费台账", "没有欠费的租户"]),
        ("/billing/arrears", "/billing/arrears?level=L1".into(), vec!["没有符合条件的记录"]),
        ("/housing/:noun", "/housing/projects".into(), vec!["甲项目", "乙项目", "共 3 条"]),
        ("/housing/:noun", "/housing/estates".into(), vec!["阳光苑", "月光苑", "星光苑", "安居公司"]),
        ("/housing/:noun", "/housing/buildings".into(), vec!["1号楼", "10号楼", "2号楼"]),
        ("/housing/:noun", "/housing/units".into(), vec!["XQ000001-001-0001", "共 24 条", "1号楼1单元101室"]),
        ("/housing/:noun", "/housing/units?status=SOLD".into(), vec!["共 1 条", "已售"]),
        (
            "/housing/:noun",
            format!("/housing/units?q={}&page=1&size=50&sort=-updated_at", percent_encode("阳光苑 10号楼")),
            vec!["共 2 条"],
        ),
        ("/housing/:noun", "/housing/rooms".into(), vec!["共 24 条"]),
        ("/housing/:noun", "/housing/rent-standards".into(), vec!["ZJ-01", "一号标准", "2.6"]),
        ("/housing/:noun/:id", format!("/housing/projects/{}", at.project), vec!["甲项目", "公租房"]),
        (
            "/housing/estates/:id",
            format!("/housing/estates/{}", at.sun),
            vec!["阳光苑", "光明路1号", "安居公司", "10号楼"],
        ),
        (
            "/housing/:noun/:id",
            format!("/housing/rooms/{}", at.room),
            vec!["1号楼1单元101室 101", "阳光苑", "XQ000001-001-0001", "床位数"],
        ),
        (
            "/housing/:noun/:id",
            format!("/housing/rent-standards/{}", at.standard),
            vec!["一号标准", "ZJ-01", "折算比例"],
        ),
        (
            "/housing/estates/:id",
            format!("/housing/estates/{}?mode=pay", at.sun),
            vec!["缴费情况", "已出租未建账", "欠费0套", "房屋未出租"],
        ),
        ("/housing/estates/:id", "/housing/estates/new".into(), vec!["新增小区", "所属区县"]),
        (
            "/housing/buildings/:id",
            format!("/housing/buildings/{}", at.building),
            vec!["阳光苑", "1号楼", "301", "闲置房", "保修期限"],
        ),
        (
            "/housing/buildings/:id",
            format!("/housing/buildings/{}?mode=pay", at.building),
            vec!["缴费情况", "data-pay=\"unbooked\"", "data-pay=\"grey\"", "已经欠费还未被禁用", "?mode=pay&amp;unit="],
        ),
        (
            "/housing/units/:id",
            format!("/housing/units/{}", at.unit),
            vec!["1号楼1单元101室", "XQ000001-001-0001", "导入", "57.00", "111.80"],
        ),
        ("/housing/estates/:id/:action", format!("/housing/estates/{}/edit", at.sun), vec!["编辑小区", "阳光苑"]),
        (
            "/housing/projects/new",
            "/housing/projects/new".into(),
            vec!["新增项目", "产权单位", "method=\"post\" novalidate"],
        ),
        ("/housing/:noun/:id/:action", format!("/housing/projects/{}/edit", at.project), vec!["编辑项目", "甲项目"]),
        (
            "/housing/rent-standards/new",
            "/housing/rent-standards/new".into(),
            vec!["新增租金标准", "市场租金", "method=\"post\" novalidate"],
        ),
        (
            "/housing/:noun/:id/:action",
            format!("/housing/rent-standards/{}/end", at.standard),
            vec!["设置失效日期", "ZJ-01", "当日仍有效"],
        ),
        ("/housing/:noun/:id/:action", format!("/housing/rooms/{}/edit", at.room), vec!["编辑房间", "可住人数"]),
        (
            "/housing/buildings/new",
            format!("/housing/buildings/new?estate={}", at.sun),
            vec!["新增楼栋", "甲项目", "阳光苑"],
        ),
        ("/housing/buildings/new", "/housing/buildings/new".into(), vec!["请从小区页面新增楼栋"]),
        ("/housing/buildings/:id/edit", format!("/housing/buildings/{}/edit", at.building), vec!["编辑楼栋", "甲项目"]),
        (
            "/housing/buildings/:id/generate",
            format!("/housing/buildings/{}/generate", at.building),
            vec!["批量生成房源", "每层户型", "预览"],
        ),
        (
            "/housing/buildings/:id/labels",
            format!("/housing/buildings/{}/labels", at.building),
            vec!["房源二维码标签", "1号楼1单元101室的二维码", "<path d=\"M0 0h7"],
        ),
        ("/housing/units/:id/label", format!("/housing/units/{}/label", at.unit), vec!["1号楼1单元101室的二维码"]),
        ("/housing/units/:id/new-room", format!("/housing/units/{}/new-room", at.unit), vec!["新增房间"]),
        ("/housing/units/batch", "/housing/units/batch".into(), vec!["请先在房源列表中勾选要处理的房源"]),
        (
            "/housing/units/batch",
            format!("/housing/units/batch?unit={}.1&unit={}.1&unit=x", at.unit, at.other_unit),
            vec!["已选2套房源", "批量修改", "批量锁定、解锁"],
        ),
        ("/housing/units/:id/:action", format!("/housing/units/{}/edit", at.unit), vec!["编辑房源"]),
        (
            "/housing/units/:id/:action",
            format!("/housing/units/{}/offshelf", at.unit),
            vec!["申请注销房源", "房源状态为“已入住”，不能注销"],
        ),
        (
            "/housing/units/:id/:action",
            format!("/housing/units/{}/offshelf", at.other_unit),
            vec!["申请注销房源", "<dt>房源编码", "文号"],
        ),
        ("/housing/buildings/:id/:action", format!("/housing/buildings/{}/new-unit", at.building), vec!["新增房源"]),
        (
            "/persons",
            format!("/persons?q={}", percent_encode("甲区租户")),
            vec!["甲区租户", "A****67", "138****0000", "共 1 条", "按号码查找"],
        ),
        (
            "/persons/:id",
            format!("/persons/{}", at.person),
            vec!["甲区租户", "敏感信息", "查看证件号码明文", "A****67"],
        ),
        (
            "/persons/new",
            "/persons/new".into(),
            vec!["新增人员", "method=\"post\" novalidate", "所属机构", "居民身份证"],
        ),
        ("/persons/duplicates", "/persons/duplicates".into(), vec!["重复人员", "没有疑似重复的人员"]),
        (
            "/persons/duplicates/:id/:other",
            format!("/persons/duplicates/{0}/{0}", at.person),
            vec!["合并人员", "请选择两条不同的记录"],
        ),
        ("/search", "/search".into(), vec!["查找", "method=\"post\" action=\"/search\"", "拼音首字母也可以"]),
        (
            "/search",
            format!("/search?q={}", percent_encode("阳光苑 1号楼 301")),
            vec!["阳光苑 1号楼1单元301室", "XQ000001-001-"],
        ),
        ("/persons/:id/:action", format!("/persons/{}/edit", at.person), vec!["编辑人员", "留空不修改"]),
        ("/operators", "/operators".into(), vec!["安居公司", "宜居公司", "91350100M000100Y43", "共 2 条"]),
        ("/operators/:id", format!("/operators/{}", at.operator), vec!["安居公司", "91990100MA0000001G", "所属机构"]),
        ("/imports", "/imports".into(), vec!["小区.xlsx", "测试district-a"]),
        ("/imports", "/imports?new=estate".into(), vec!["导入小区数据"]),
        ("/imports/:id", format!("/imports/{}", at.job), vec!["小区.xlsx"]),
        ("/platform/jobs", "/platform/jobs".into(), vec!["我的任务", "暂无任务"]),
        ("/platform/messages", "/platform/messages".into(), vec!["消息，1条未读", "小区已导入"]),
        ("/platform/messages/:id", format!("/platform/messages/{message}"), vec!["任务完成", "小区已导入", "查看详情"]),
        ("/platform/organizations", "/platform/organizations".into(), vec!["甲区管理中心", "暖心物业"]),
        (
            "/platform/organizations/:id",
            format!("/platform/organizations/{}", at.district),
            vec!["甲区", "810101", "统一社会信用代码"],
        ),
        ("/password", "/password".into(), vec!["修改密码", "原密码"]),
        ("/platform/second-factor", "/platform/second-factor".into(), vec!["启用二次验证", "开始绑定手机", "修改密码"]),
        // Of a debug build only, which this is.
        ("/ui", "/ui".into(), vec!["界面总览", "data-theme=\"wall\"", "楼栋下存在房源，不能删除"]),
        ("/ui/:piece", "/ui/list?cols=no.amount".into(), vec!["YL-0001", "金额(元)", "共 137 条"]),
    ];
    pages.extend(crate::support::asset_pages::pages(at.card, at.part, at.count));
    let (account, bill, payment) = at.household;
    pages.extend(crate::support::billing_pages::pages(account, bill, payment));
    pages.extend(crate::support::book_pages::pages(account, at.books));
    pages.extend(crate::support::deduction_pages::pages(at.deduction));
    let by_finance = crate::support::deduction_pages::pages_of_finance();
    let (let_by_city, let_by_clerk) = crate::support::tenancy_pages::pages(&at.tenancy);
    pages.extend(let_by_city);
    let clerk = site.session(crate::support::tenancy_pages::CLERK).await;
    let early = format!("/tenancy/contracts/new?assignment={}", at.tenancy.proposed);
    let early = site.get(&early, Some(&clerk)).await;
    assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(early.text().contains("房屋状态不是已分配，不能签订"), "{}", early.text());
    let mut governed = administration(&site).await;
    governed.push(("/platform/jobs/:id", format!("/platform/jobs/{}", at.job), vec!["导入小区数据"]));
    let entry = site.id("select max(id) from audit_log").await;
    let watched = vec![
        ("/platform/audit", "/platform/audit".to_owned(), vec!["操作日志", "校验日志"]),
        ("/platform/audit/:id", format!("/platform/audit/{entry}"), vec!["操作日志", "存证块"]),
    ];
    let listed = pages
        .iter()
        .chain(&by_finance)
        .chain(&let_by_clerk)
        .chain(&governed)
        .chain(&watched)
        .map(|(pattern, ..)| *pattern);
    let listed = listed
        .chain(["/sign-in", domain::platform::forgotten::PAGE])
        .chain(move_in::PATTERNS)
        .chain(exit::PATTERNS)
        .chain(papers::PATTERNS)
        .chain(adjustment::PATTERNS)
        .chain(change::PATTERNS)
        .chain(dunning::PATTERNS)
        .chain(meter::PATTERNS)
        .chain(relief::PATTERNS);
    let spelled = listed.map(|path| {
        let segment =
            |segment: &str| segment.strip_prefix(':').map_or(segment.to_owned(), |name| format!("{{{name}}}"));
        path.split('/').map(segment).collect::<Vec<_>>().join("/")
    });
    let routed: BTreeSet<String> = site.patterns.iter().cloned().collect();
    assert_eq!(routed, spelled.collect(), "left: as the application lists them, right: listed here");
    let (admin, security) = (site.session("admin").await, site.session("security").await);
    let finance = site.session("finance").await;
    let by = |session, pages| Vec::from_iter(std::iter::zip(std::iter::repeat(session), pages));
    let by_whom = [
        by(&city, &pages),
        by(&finance, &by_finance),
        by(&clerk, &let_by_clerk),
        by(&admin, &governed),
        by(&security, &watched),
    ];
    for (session, (_, path, texts)) in by_whom.concat() {
        let page = site.get(path, Some(session)).await;
        shows(&page, path, texts);
        // Without a session each of them leads to the door.
        let outside = site.get(path, None).await;
        assert_eq!((outside.status, outside.header("location")), (StatusCode::SEE_OTHER, "/sign-in"), "{path}");
        assert!(outside.body.is_empty(), "{path}");
    }
}

/// Who reads no reports sees the figures at home all the same, and no way that ends at a closed door.
#[tokio::test]
async fn home_leads_to_reports_only_whoever_reads_them() {
    let site = Site::open().await;
    let link = "href=\"/insight/reports/collection\"";
    let (city, entry) = (site.session("city").await, site.session("entry").await);
    shows(&site.get("/", Some(&city)).await, "/", &["收缴率", link]);
    let page = site.get("/", Some(&entry)).await;
    shows(&page, "/", &["收缴率"]);
    hides(&page, "/", &["href=\"/insight/reports"]);
}

/// A district's account sees nothing of the other one, on whatever page and however it asks.
#[tokio::test]
async fn the_wall_holds_on_every_page() {
    let site = Site::open().await;
    let at = places(&site).await;
    let b = site.session("district-b").await;
    for (path, shown) in [
        ("/".to_owned(), vec!["乙区", "66.67%"]),
        ("/map".to_owned(), vec!["乙区"]),
        ("/housing/projects".to_owned(), vec!["乙项目", "共 1 条"]),
        ("/housing/estates".to_owned(), vec!["星光苑", "共 1 条"]),
        ("/housing/buildings".to_owned(), vec!["星光苑", "共 1 条"]),
        ("/housing/units".to_owned(), vec!["星光苑", "共 6 条"]),
        ("/housing/rooms".to_owned(), vec!["共 6 条"]),
        ("/imports".to_owned(), vec![]),
        ("/tenancy/assignments".to_owned(), vec!["暂无直接分配"]),
        ("/tenancy/contracts".to_owned(), vec!["暂无合同"]),
        ("/billing/accounts".to_owned(), vec!["暂无租金账户"]),
        ("/billing/bills".to_owned(), vec!["暂无账单"]),
        ("/billing/payments".to_owned(), vec!["暂无缴费记录"]),
        ("/billing/records".to_owned(), vec!["暂无缴退记录"]),
        ("/billing/pay-orders".to_owned(), vec!["暂无支付订单"]),
        ("/billing/pay-odds".to_owned(), vec!["没有待核实的到账"]),
        ("/billing/deductions".to_owned(), vec!["暂无代扣批次"]),
        ("/billing/deductions/records".to_owned(), vec!["暂无扣费记录"]),
        ("/billing/deductions/differences".to_owned(), vec!["没有差异，系统与银行一致"]),
        ("/billing/deductions/reconciliations".to_owned(), vec!["暂无对账记录"]),
        ("/billing/arrears".to_owned(), vec!["没有欠费的租户"]),
        (format!("/housing/estates/{}?mode=pay", at.star), vec!["星光苑", "缴费情况合计"]),
        (format!("/tenancy/contracts?person={}", at.person), vec!["没有符合条件的记录"]),
        (format!("/housing/estates/{}", at.star), vec!["星光苑"]),
        (format!("/housing/buildings/{}", at.other_building), vec!["星光苑"]),
        (format!("/housing/units/{}", at.other_unit), vec!["星光苑"]),
        // Addresses that a curious person types.
        (format!("/housing/units?district={}", at.district), vec!["没有符合条件的记录"]),
        (format!("/housing/units?estate={}", at.sun), vec!["没有符合条件的记录"]),
        (format!("/housing/units?building={}", at.building), vec!["没有符合条件的记录"]),
        (format!("/housing/units?q={}", percent_encode("XQ000001-001")), vec!["没有符合条件的记录"]),
        (format!("/housing/rooms?estate={}", at.sun), vec!["没有符合条件的记录"]),
        (format!("/housing/buildings?estate={}", at.sun), vec!["没有符合条件的记录"]),
    ] {
        let page = site.get(&path, Some(&b)).await;
        shows(&page, &path, &shown);
        hides(&page, &path, &["阳光苑", "月光苑", "甲项目", "XQ000001-001-0001", "小区.xlsx"]);
    }
    for path in [
        format!("/housing/projects/{}", at.project),
        format!("/housing/estates/{}", at.sun),
        format!("/housing/estates/{}/edit", at.sun),
        format!("/housing/buildings/{}", at.building),
        format!("/housing/buildings/{}/new-unit", at.building),
        format!("/housing/units/{}", at.unit),
        format!("/housing/units/{}/edit", at.unit),
        format!("/housing/rooms/{}", at.room),
        format!("/housing/projects/{}/edit", at.project),
        format!("/housing/rooms/{}/edit", at.room),
        format!("/housing/buildings/new?estate={}", at.sun),
        format!("/housing/buildings/{}/edit", at.building),
        format!("/housing/buildings/{}/generate", at.building),
        format!("/housing/buildings/{}/labels", at.building),
        format!("/housing/units/{}/label", at.unit),
        format!("/housing/units/{}/new-room", at.unit),
        format!("/imports/{}", at.job),
        format!("/assets/masters/{}", at.card),
        format!("/assets/masters/{}/print", at.card),
        format!("/assets/subs/{}", at.part),
        format!("/assets/subs/{}/change", at.part),
        format!("/assets/counts/{}/sheet", at.count),
        format!("/tenancy/assignments/{}", at.tenancy.proposed),
        format!("/tenancy/contracts/{}", at.tenancy.contract),
        format!("/billing/accounts/{}", at.household.0),
        format!("/billing/accounts/{}/new-bill", at.household.0),
        format!("/billing/bills/{}", at.household.1),
        format!("/billing/bills/{}/edit", at.household.1),
        format!("/billing/payments/{}", at.household.2),
        format!("/billing/pay-orders/{}", crate::support::billing_pages::ODD),
        format!("/billing/pay-odds/{}", crate::support::billing_pages::ODD),
        format!("/billing/deductions/{}", at.deduction.batch),
        format!("/billing/deductions/records/{}", at.deduction.item),
        format!("/billing/deductions/differences/{}", at.deduction.difference),
        format!("/housing/estates/{}?mode=pay", at.sun),
        format!("/housing/buildings/{}?mode=pay", at.building),
    ] {
        let page = site.get(&path, Some(&b)).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.text().contains("记录不存在，或不在您的管辖范围内"), "{path}");
        hides(&page, &path, &["阳光苑", "甲项目", "1号楼1单元", "小区.xlsx"]);
    }
}

/// The menu shows what the actor may open, and a page that he may not open says so.
#[tokio::test]
async fn who_lacks_a_right_is_told_so() {
    let site = Site::open().await;
    let admin = site.session("admin").await;
    let page = site.get("/platform/organizations", Some(&admin)).await;
    shows(&page, "organisations", &["甲区管理中心", "导入日志"]);
    hides(&page, "organisations", &["href=\"/housing/units\"", "href=\"/map\""]);
    for path in ["/housing/units", "/housing/estates", "/map", "/operators"] {
        let page = site.get(path, Some(&admin)).await;
        assert!(page.text().contains("您没有此项操作的权限"), "{path}");
        hides(&page, path, &["阳光苑", "XQ000001"]);
    }
    let wall = site.session_of("city", "KIOSK").await;
    let page = site.get("/", Some(&wall)).await;
    shows(&page, "the wall", &["data-theme=\"wall\"", "房源概况"]);
    hides(&page, "the wall", &["href=\"/password\"", "kiosk_start"]);
    let sun = format!("/housing/estates/{}", places(&site).await.sun);
    let page = site.get(&sun, Some(&wall)).await;
    shows(&page, &sun, &["阳光苑"]);
    hides(&page, &sun, &["附件"]);
}

#[tokio::test]
async fn an_address_that_leads_nowhere_is_not_found() {
    let site = Site::open().await;
    let city = site.session("city").await;
    for path in ["/nowhere", "/housing", "/housing/units/1/edit/more", "/platform/castles/1"] {
        let page = site.get(path, Some(&city)).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.text().contains("页面不存在") && page.text().contains("返回首页"), "{path}");
    }
    for (path, sentence) in [
        ("/housing/castles", "页面不存在，请检查地址"),
        ("/housing/units/x", "记录不存在，或不在您的管辖范围内"),
        ("/imports/x", "记录不存在，或不在您的管辖范围内"),
        ("/platform/jobs/x", "记录不存在，或不在您的管辖范围内"),
        ("/platform/messages/1", "记录不存在，或不在您的管辖范围内"),
        ("/operators/x", "记录不存在，或不在您的管辖范围内"),
        ("/platform/organizations/x", "记录不存在，或不在您的管辖范围内"),
    ] {
        assert!(site.get(path, Some(&city)).await.text().contains(sentence), "{path}");
    }
    for path in [
        "/api/nothing",
        "/files/export/app_user",
        "/files/template/users",
        "/files/import/x/failed.xlsx",
        "/pkg/nothing.js",
        "/pkg/../Cargo.toml",
    ] {
        let answer = site.get(path, Some(&city)).await;
        assert!(
            matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED),
            "{path}: {}",
            answer.status
        );
    }
}

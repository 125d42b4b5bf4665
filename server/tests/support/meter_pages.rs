//! Meters of 阳光苑 with a period that is read, and the pages that show them.

use super::Site;

/// A meter, its period and the reading in it.
#[derive(Clone, Copy)]
pub struct Metered {
    pub meter: i64,
    pub period: i64,
    pub reading: i64,
}

/// What the operator has read of a home of 阳光苑.
pub async fn metered(site: &Site) -> Metered {
    let meter = site
        .id("insert into meter (district_id, estate_id, unit_id, meter_no, type, install_on, initial)
             select u.district_id, u.estate_id, u.id, '阳光苑S1', 'WATER', '2026-01-01', 120000
             from unit u join estate e on e.id = u.estate_id where e.name = '阳光苑' order by u.id limit 1 returning id")
        .await;
    let period = site
        .id(&format!(
            "insert into meter_period (district_id, estate_id, type, month, from_on, to_on, maker_id, status)
             select m.district_id, m.estate_id, m.type, '2026-03-01', '2026-03-01', '2026-03-31', u.id, 'READING'
             from meter m, app_user u where m.id = {meter} and u.login = 'operator' returning id"
        ))
        .await;
    let reading = site
        .id(&format!(
            "insert into meter_reading (district_id, estate_id, meter_id, source, period_id, from_on, opening, closing, read_on, usage,
                 status, reader_id, read_at)
             select m.district_id, m.estate_id, m.id, 'PERIOD', {period}, '2026-03-01', 120000, 123600, '2026-03-31', 3600, 'READ',
                 u.id, now()
             from meter m, app_user u where m.id = {meter} and u.login = 'operator' returning id"
        ))
        .await;
    Metered { meter, period, reading }
}

/// Address pattern, address, and texts that stand there: of the city, and of the operator.
pub fn pages(at: Metered) -> [Vec<(&'static str, String, Vec<&'static str>)>; 2] {
    let Metered { meter, period, reading } = at;
    let city = vec![
        ("/billing/meters", "/billing/meters".into(), vec!["表具", "阳光苑S1", "1236.00", "共 1 条"]),
        ("/billing/meters/:id", format!("/billing/meters/{meter}"), vec!["表具信息", "阳光苑S1", "1200.00"]),
        ("/billing/meters/periods", "/billing/meters/periods".into(), vec!["抄表", "2026-03", "抄表中", "共 1 条"]),
        (
            "/billing/meters/periods/:id",
            format!("/billing/meters/periods/{period}"),
            vec!["抄录", "阳光苑S1", "1236.00", "36.00", "已抄"],
        ),
        ("/billing/meters/readings", "/billing/meters/readings".into(), vec!["抄表记录", "阳光苑S1", "36.00"]),
        (
            "/billing/meters/readings/:id",
            format!("/billing/meters/readings/{reading}"),
            vec!["抄表信息", "按期抄表", "没有账单"],
        ),
    ];
    let operator = vec![
        ("/billing/meters/new", "/billing/meters/new".into(), vec!["新增表具", "分摊方式", "倍率"]),
        (
            "/billing/meters/auto",
            "/billing/meters/auto".into(),
            vec!["自动创建表具", "为所选小区中没有在用表具的房源各登记一块表"],
        ),
        ("/billing/meters/:id/:action", format!("/billing/meters/{meter}/edit"), vec!["编辑表具", "最大读数"]),
        (
            "/billing/meters/:id/:action",
            format!("/billing/meters/{meter}/replace"),
            vec!["换表", "原表止度", "1236.00"],
        ),
        (
            "/billing/meters/periods/new",
            "/billing/meters/periods/new".into(),
            vec!["新建抄表期间", "公共事业费", "开始日期"],
        ),
        (
            "/billing/meters/periods/:id",
            format!("/billing/meters/periods/{period}"),
            vec!["保存数据", "同步表具", "作废", "已归零"],
        ),
    ];
    [city, operator]
}

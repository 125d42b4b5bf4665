use super::*;
use crate::insight::report_sheet::{COLLECTION, DEBT, EXIT, INCOME, OCCUPANCY, RECEIPT, RENT};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn query(sheet: &ReportSheet, params: &[(&str, &str)]) -> Result<ReportQuery, FieldErrors> {
    ReportQuery::of(sheet, &ListQuery::from_params(params.iter().copied()), day("2026-11-28"))
}

fn row(id: i64, name: &str, second: Option<&str>, sums: &[i64]) -> ReportRow {
    ReportRow { id: Some(id), name: Cell::text(name), second: second.map(Cell::text), sums: sums.to_vec() }
}

fn report(sheet: &ReportSheet, by: By, rows: Vec<ReportRow>) -> Report {
    Report {
        key: sheet.key.into(),
        query: query(sheet, &[]).unwrap(),
        by,
        of: "测试市".into(),
        at: DateTime::default(),
        rows,
    }
}

fn texts(cells: &[Cell]) -> Vec<String> {
    let text = |cell: &Cell| match cell {
        Cell::Text(text) | Cell::Link { text, .. } => text.clone(),
        Cell::Money(money) => money.to_string(),
        Cell::Number(number) => number.to_string(),
        Cell::Area(area) => area.to_string(),
        _ => String::new(),
    };
    cells.iter().map(text).collect()
}

/// The example of §4.9: two estates, and their total on the page.
#[test]
fn the_total_of_a_page_is_weighed() {
    let rows = vec![
        row(1, "甲小区", None, &[12_000_000, 9_800_000, 9_900_000, 2_100_000, 100]),
        row(2, "乙小区", None, &[3_000_000, 3_000_000, 3_000_000, 0, 25]),
        row(3, "丙小区", None, &[0; 5]),
    ];
    let report = report(&COLLECTION, By::Estate, rows);
    let lines = report.lines(&COLLECTION);
    let rates: Vec<String> = lines.iter().map(|line| texts(&line.cells)[5].clone()).collect();
    assert_eq!(rates, ["81.67%", "100.00%", "--", "85.33%"]);
    assert_eq!(lines.iter().map(|line| line.hues[5]).collect::<Vec<_>>(), [Some(98), Some(120), None, Some(102)]);
    let total = lines.last().unwrap();
    assert_eq!((total.rank, texts(&total.names)), (Rank::Total, vec!["合计".to_owned()]));
    assert_eq!(texts(&total.cells), ["125", "150,000.00", "129,000.00", "128,000.00", "21,000.00", "85.33%"]);
    assert_eq!(report.capital(&COLLECTION).unwrap(), "壹拾贰万捌仟元整");
    // The records of an estate stand behind its name.
    assert_eq!(lines[0].names, [Cell::link("甲小区", "/billing/bills?estate=1")]);
}

#[test]
fn groups_of_several_rows_have_a_subtotal() {
    let rows = vec![
        row(1, "甲区", Some("一号标准"), &[2, 10_000, 26_000, 0, 26_000, 1]),
        row(1, "甲区", Some("二号标准"), &[1, 5_000, 20_000, 5_000, 15_000, 0]),
        row(2, "乙区", Some("一号标准"), &[1, 4_300, 11_180, 0, 11_180, 0]),
    ];
    let lines = report(&RENT, By::District, rows).lines(&RENT);
    let ranks: Vec<Rank> = lines.iter().map(|line| line.rank).collect();
    assert_eq!(ranks, [Rank::Row, Rank::Row, Rank::Subtotal, Rank::Row, Rank::Total]);
    // 460.00 元 over 150 ㎡, and not the mean of 2.60 and 4.00.
    assert_eq!(texts(&lines[2].cells), ["3", "150.00", "460.00", "50.00", "410.00", "3.07", "1"]);
    assert_eq!(texts(&lines[4].cells)[5], "2.96", "571.80 over 193");
    assert!(
        matches!(&lines[0].names[0], Cell::Link { href, .. } if href == "/insight/reports/rent?by=estate&district=1")
    );
}

/// Two people of one name, who follow each other in the order of names.
#[test]
fn what_has_no_parts_has_no_subtotals() {
    let sums = [1, 100, 0, 0, 0, 0, 0, 0, 0, 100];
    let rows = vec![row(1, "张伟", None, &sums), row(1, "张伟", None, &sums), row(2, "张伟", None, &sums)];
    let report = report(&RECEIPT, By::Cashier, rows);
    let lines = report.lines(&RECEIPT);
    assert_eq!(lines.iter().map(|line| line.rank).collect::<Vec<_>>(), [Rank::Row, Rank::Row, Rank::Row, Rank::Total]);
    let width = report.columns(&RECEIPT).len();
    assert!(lines.iter().all(|line| line.names.len() + line.cells.len() == width));
}

#[test]
fn the_records_behind_a_line_are_of_its_fee_item() {
    let leads = |sheet: &'static ReportSheet, item: &str| {
        let rows = vec![row(7, "甲小区", sheet.second.map(|_| "2026"), &vec![1; sheet.width()])];
        let asked = query(sheet, &[("item", item)]).unwrap();
        let lines = Report { query: asked, ..report(sheet, By::Estate, rows) }.lines(sheet);
        match &lines[0].names[0] {
            Cell::Link { href, .. } => href.clone(),
            name => panic!("{name:?} leads nowhere"),
        }
    };
    assert_eq!(leads(&COLLECTION, ""), "/billing/bills?estate=7");
    assert_eq!(leads(&COLLECTION, "WATER"), "/billing/bills?estate=7&fee_item=WATER");
    assert_eq!(leads(&COLLECTION, "LATE"), "/billing/bills?estate=7", "late fees stand in the bills of others");
    assert_eq!(leads(&DEBT, "RENT"), "/billing/bills?due=LATE&estate=7&fee_item=RENT");
    assert_eq!(leads(&RECEIPT, "RENT"), "/billing/payments?estate=7");
    // Of what a report does not count nothing can be asked.
    let item = |sheet, code| query(sheet, &[("item", code)]).unwrap().item;
    assert_eq!((item(&COLLECTION, "DEPOSIT"), item(&RECEIPT, "DEPOSIT")), (None, Some(FeeItem::Deposit)));
    assert_eq!((item(&DEBT, "DAMAGE"), item(&DEBT, "WATER")), (None, Some(FeeItem::Water)));
}

#[test]
fn of_nothing_nothing_is_said() {
    assert_eq!(report(&EXIT, By::District, vec![]).lines(&EXIT), []);
    let lines =
        report(&EXIT, By::District, vec![row(1, "甲区", Some("死亡"), &[1, 0, 0, 0, 0, 0, 0, 25, 0, 0])]).lines(&EXIT);
    assert_eq!(texts(&lines[0].cells)[7..], ["25.0", "--"], "nobody lives there again yet");
    assert_eq!(lines.len(), 2, "one row needs no subtotal, but the page its total");
}

#[test]
fn a_report_begins_with_the_time_it_is_about() {
    let period = |sheet: &'static ReportSheet, params: &[(&str, &str)]| {
        let query = query(sheet, params).unwrap();
        (query.from.to_string(), query.to.to_string(), query.period_text(sheet))
    };
    let of = |from: &str, to: &str, text: &str| (from.to_owned(), to.to_owned(), text.to_owned());
    assert_eq!(period(&COLLECTION, &[]), of("2026-01-01", "2026-12-31", "2026-01 至 2026-12"));
    assert_eq!(period(&INCOME, &[]), of("2026-01-01", "2026-11-30", "2026-01 至 2026-11"));
    assert_eq!(period(&RECEIPT, &[]), of("2026-11-28", "2026-11-28", "2026-11-28"));
    assert_eq!(period(&OCCUPANCY, &[("start", "2020-01")]), of("2026-11-28", "2026-11-28", "截至2026-11-28"));
    assert_eq!(period(&INCOME, &[("start", "2028-02"), ("end", "2028-02")]), of("2028-02-01", "2028-02-29", "2028-02"));
}

#[test]
fn what_is_wrong_is_said_by_field() {
    let wrong = |sheet, params: &[(&str, &str)], field: &str| {
        query(sheet, params).unwrap_err().get(field).map(ToString::to_string)
    };
    assert_eq!(wrong(&INCOME, &[("start", "2026-13")], "start").as_deref(), Some("月份格式应为YYYY-MM"));
    assert_eq!(wrong(&RECEIPT, &[("end", "2026-02-30")], "end").as_deref(), Some("日期格式应为YYYY-MM-DD"));
    assert_eq!(wrong(&INCOME, &[("start", "2026-05"), ("end", "2026-04")], "end").as_deref(), Some("截止不能早于起始"));
    // Nonsense is looked for and not found; a group that the report has not is none.
    let query = query(&INCOME, &[("district", "x"), ("by", "building"), ("item", "RENT")]).unwrap();
    assert_eq!((query.district, query.by, query.item), (Some(-1), None, None));
}

#[test]
fn an_address_leads_back() {
    for sheet in REPORTS {
        let start = if sheet.period == Period::Days { "2026-03-05" } else { "2026-03" };
        let params = [
            ("start", start),
            ("end", start),
            ("district", "7"),
            ("estate", "8"),
            ("item", "RENT"),
            ("by", sheet.groups[0].named().0),
        ];
        let asked = query(sheet, &params).unwrap();
        let address = asked.address(sheet);
        let (path, search) = address.split_once('?').unwrap();
        assert_eq!(path, format!("/insight/reports/{}", sheet.key));
        let params: Vec<(&str, &str)> = search.split('&').filter_map(|pair| pair.split_once('=')).collect();
        assert_eq!(query(sheet, &params).unwrap(), asked, "{address}");
    }
}

#[test]
fn every_report_is_told_from_the_others() {
    for (place, sheet) in REPORTS.iter().enumerate() {
        assert_eq!(REPORTS.iter().position(|other| other.key == sheet.key), Some(place));
        assert!(ReportSheet::of(sheet.key).is_some() && sheet.width() > 0 && !sheet.note.is_empty());
        assert!(sheet.figures.iter().any(|figure| figure.essential), "{} stays on a phone", sheet.no);
        // A file and a list know the wishes of a report by these names.
        assert!(sheet.title.chars().count() < 31);
    }
    assert!(exported(&ListQuery::default()).is_none());
}

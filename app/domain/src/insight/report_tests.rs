use super::*;
use crate::{
    failure::FieldErrors,
    insight::report_sheet::{BALANCE, COLLECTION, DEBT, EXIT, INCOME, OCCUPANCY, RECEIPT, RECEIVABLE, RENT},
};
use chrono::NaiveDate;
use proptest::prelude::*;

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
            ("project", "9"),
            ("unit", "10"),
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
        // Only months follow each other.
        let months = sheet.second == Some("月份") && matches!(sheet.period, Period::Months | Period::Month);
        assert!(sheet.carried.is_none() || months, "{}", sheet.no);
        assert!(sheet.figures.iter().any(|figure| figure.essential), "{} stays on a phone", sheet.no);
        // A file and a list know the wishes of a report by these names.
        assert!(sheet.title.chars().count() < 31);
    }
    assert!(exported(&ListQuery::default()).is_none());
}

fn asked(params: &[(&str, &str)]) -> ReportQuery {
    query(&RECEIVABLE, params).unwrap()
}

/// What is counted: what was there before stands in the first month, and of the others only what moved.
#[test]
fn a_month_opens_with_what_the_one_before_closed_with() {
    let counted = vec![
        row(1, "甲小区", Some("2026-01"), &[500, 100, 0, 0, 0, 0, 600]),
        row(1, "甲小区", Some("2026-03"), &[0, 0, 250, 200, 50, 350, -600]),
        row(2, "乙小区", Some("2026-03"), &[0, 70, 0, 0, 0, 0, 70]),
    ];
    let asked = asked(&[("start", "2026-01"), ("end", "2026-04")]);
    let rows = carried_on(&RECEIVABLE, &asked, counted);
    let told = Report { query: asked, ..report(&RECEIVABLE, By::Estate, rows) };
    let lines: Vec<Vec<String>> = told
        .lines(&RECEIVABLE)
        .iter()
        .map(|line| texts(&line.names).into_iter().chain(texts(&line.cells)).collect())
        .collect();
    assert_eq!(
        lines,
        [
            ["甲小区", "2026-01", "5.00", "1.00", "0.00", "0.00", "0.00", "0.00", "6.00"],
            // Nothing moved, and it is owed all the same.
            ["甲小区", "2026-02", "6.00", "0.00", "0.00", "0.00", "0.00", "0.00", "6.00"],
            ["甲小区", "2026-03", "6.00", "0.00", "2.50", "2.00", "0.50", "3.50", "0.00"],
            // Opening of the first month, closing of the last: not their sums.
            ["甲小区", "小计", "5.00", "1.00", "2.50", "2.00", "0.50", "3.50", "0.00"],
            ["乙小区", "2026-03", "0.00", "0.70", "0.00", "0.00", "0.00", "0.00", "0.70"],
            ["乙小区", "2026-04", "0.70", "0.00", "0.00", "0.00", "0.00", "0.00", "0.70"],
            ["乙小区", "小计", "0.00", "0.70", "0.00", "0.00", "0.00", "0.00", "0.70"],
            ["合计", "", "5.00", "1.70", "2.50", "2.00", "0.50", "3.50", "0.70"],
        ]
    );
    assert_eq!(told.capital(&RECEIVABLE).unwrap(), "柒角整");
}

#[test]
fn a_month_leads_to_the_bills_that_moved_in_it() {
    let leads = |by, name: Cell, params: &[(&str, &str)]| {
        let rows = vec![ReportRow { id: Some(7), name, second: Some(Cell::text("2026-03")), sums: vec![1; 7] }];
        match &(Report { query: asked(params), ..report(&RECEIVABLE, by, rows) }).lines(&RECEIVABLE)[0].names[1] {
            Cell::Link { href, .. } => href.clone(),
            month => panic!("{month:?} leads nowhere"),
        }
    };
    let rent = || Cell::coded(FeeItem::Rent);
    assert_eq!(leads(By::Item, rent(), &[]), "/billing/bills?fee_item=RENT&booked=2026-03");
    let of_estate = [("district", "1"), ("estate", "2")];
    let expected = "/billing/bills?district=1&estate=2&fee_item=RENT&booked=2026-03";
    assert_eq!(leads(By::Item, rent(), &of_estate), expected);
    assert_eq!(leads(By::Item, Cell::coded(FeeItem::Late), &[]), "/billing/bills?booked=2026-03");
    assert_eq!(
        leads(By::District, Cell::text("甲区"), &[("item", "WATER")]),
        "/billing/bills?district=7&fee_item=WATER&booked=2026-03"
    );
    assert_eq!(leads(By::Estate, Cell::text("甲小区"), &[]), "/billing/bills?estate=7&booked=2026-03");
}

/// 三级: project, doors, households, and the transfers of one.
#[test]
fn the_levels_of_accounts_lead_down() {
    let leads = |by, params: &[(&str, &str)]| {
        let asked = query(&BALANCE, &[params, &[("start", "2026-03"), ("end", "2026-04")]].concat()).unwrap();
        let rows = vec![row(7, "甲", None, &[1; 12])];
        match &(Report { query: asked, ..report(&BALANCE, by, rows) }).lines(&BALANCE)[0].names[0] {
            Cell::Link { href, .. } => href.clone(),
            name => panic!("{name:?} leads nowhere"),
        }
    };
    let months = "start=2026-03&end=2026-04";
    assert_eq!(leads(By::Project, &[]), format!("/insight/reports/balance?by=unit&{months}&project=7"));
    assert_eq!(
        leads(By::Unit, &[("project", "9")]),
        format!("/insight/reports/balance?by=account&{months}&project=9&unit=7")
    );
    assert_eq!(leads(By::Estate, &[]), format!("/insight/reports/balance?by=unit&{months}&estate=7"));
    assert_eq!(leads(By::Account, &[]), "/billing/accounts/7/entries");
    // A report that ends at estates takes no door from an address.
    assert_eq!(
        query(&COLLECTION, &[("project", "1"), ("unit", "2")]).map(|asked| (asked.project, asked.unit)),
        Ok((None, None))
    );
}

proptest! {
    /// Every row adds up, months follow each other, and a group is what its months come to.
    #[test]
    fn what_is_carried_on_adds_up(before in -500_i64..500, moved in prop::collection::vec((0_usize..12, 0_i64..90, 0_i64..90, 0_i64..90, 0_i64..90), 0..30)) {
        let mut months = vec![[0_i64; 7]; 12];
        (months[0][0], months[0][6]) = (before, before);
        for (month, posted, reversed, waived, paid) in moved {
            let more = [0, posted, reversed + waived, reversed, waived, paid, posted - reversed - waived - paid];
            months[month].iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        }
        let counted = (1..).zip(&months).filter(|(_, sums)| sums.iter().any(|sum| *sum != 0));
        let counted = counted.map(|(month, sums)| row(1, "甲小区", Some(&format!("2026-{month:02}")), sums)).collect();
        let asked = asked(&[("start", "2026-01"), ("end", "2026-12")]);
        let rows = carried_on(&RECEIVABLE, &asked, counted);
        for row in &rows {
            let sums = &row.sums;
            prop_assert_eq!(sums[0] + sums[1] - sums[2] - sums[5], sums[6]);
        }
        for pair in rows.windows(2) {
            prop_assert_eq!(pair[0].sums[6], pair[1].sums[0]);
        }
        let total = report(&RECEIVABLE, By::Estate, rows).total(&RECEIVABLE);
        prop_assert_eq!(total[0] + total[1] - total[2] - total[5], total[6]);
        prop_assert_eq!(total[6], months.iter().map(|sums| sums[6]).sum::<i64>());
    }
}

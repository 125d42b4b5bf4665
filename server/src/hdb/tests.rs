//! The whole way from a block list to files, on the shipped demo city.

use super::*;
use crate::workbook::{Limits, read, template::template_of};
use domain::{
    housing::building_sheet::BUILDING_IMPORT,
    housing::{estate_sheet::ESTATE_IMPORT, project_sheet::PROJECT_IMPORT, rent_standard::RENT_STANDARD_IMPORT},
    platform::organization_sheet::ORGANIZATION_IMPORT,
    sheet::ImportSheet,
};
use std::{
    collections::{BTreeSet, HashSet},
    ops::ControlFlow,
};
use store::import::RawRow;

fn rows_of(sheet: SheetKey, content: &[u8]) -> Vec<RawRow> {
    let mut rows = Vec::new();
    read::read(content, &template_of(sheet).headers(), &Limits::BROWSER, |row| {
        rows.push(row);
        ControlFlow::Continue(())
    })
    .unwrap();
    rows
}

/// Every row passes the checks that need no database.
fn assert_sound<F: Default>(sheet: &ImportSheet<F>, rows: &[RawRow]) {
    for row in rows {
        if let Err(errors) = sheet.parse(row.row_no, &row.cells, &domain::dictionary::LabelBook::default()) {
            panic!("{} row {}: {errors:?}", sheet.key, row.row_no);
        }
    }
}

#[test]
fn the_demo_city_is_sound_and_complete() {
    let mut counts = Vec::new();
    let mut rooms = HashSet::new();
    for (sheet, content) in demo_workbooks(None).unwrap() {
        let rows = rows_of(sheet, &content);
        match sheet {
            SheetKey::Organization => assert_sound(&ORGANIZATION_IMPORT, &rows),
            SheetKey::RentStandard => assert_sound(&RENT_STANDARD_IMPORT, &rows),
            SheetKey::Project => assert_sound(&PROJECT_IMPORT, &rows),
            SheetKey::Estate => assert_sound(&ESTATE_IMPORT, &rows),
            // Every unit comes with its one room.
            SheetKey::Room => panic!("the city needs no rooms of their own"),
            SheetKey::Building => {
                assert_sound(&BUILDING_IMPORT, &rows);
                rooms.extend(rows.iter().map(|row| [2, 1, 4, 10, 12].map(|column: usize| row.cells[column].clone())));
            }
            SheetKey::Person
            | SheetKey::Binding
            | SheetKey::User
            | SheetKey::Calendar
            | SheetKey::RentAdjustment
            | SheetKey::MeterReading
            | SheetKey::Contract
            | SheetKey::TakeOver => {
                panic!("a block list names nobody and no holidays")
            }
        }
        counts.push((sheet, rows.len()));
    }
    let units = counts.iter().filter(|(sheet, _)| *sheet == SheetKey::Building).map(|(_, count)| count).sum::<usize>();
    assert_eq!((units, rooms.len()), (8_972, 8_972));
    assert_eq!(counts[..2], [(SheetKey::Organization, 9), (SheetKey::RentStandard, 4)]);
    assert!(counts.iter().is_sorted_by_key(|(sheet, _)| *sheet as usize));
}

#[test]
fn below_a_city_that_is_there_already() {
    let books = demo_workbooks(Some("110000".to_owned())).unwrap();
    let rows = rows_of(books[0].0, &books[0].1);
    assert_eq!(rows.len(), 8);
    assert_eq!(rows.iter().filter(|row| row.cells[3] == "110000").count(), 5);
}

#[test]
fn the_same_list_gives_the_same_rows() {
    let rows = |seed: &str| {
        let options = Options { seed: seed.to_owned(), ..Options::default() };
        let all = std::sync::Mutex::new(BTreeSet::new());
        City::read(DEMO_BLOCKS, DEMO_TOWNS, options)
            .unwrap()
            .books(|book| {
                let rows = rows_of(book.sheet, &book.content)
                    .into_iter()
                    .map(|row| (book.name.clone(), row.row_no, row.cells));
                all.lock().unwrap().extend(rows);
                Ok(())
            })
            .unwrap();
        all.into_inner().unwrap()
    };
    assert_eq!(rows("a"), rows("a"));
    assert_ne!(rows("a"), rows("b"));
}

#[test]
fn files_stay_below_the_limit_and_buildings_whole() {
    let options = Options { rows_max: 500, ..Options::default() };
    let seen = std::sync::Mutex::new(HashSet::new());
    City::read(DEMO_BLOCKS, DEMO_TOWNS, options)
        .unwrap()
        .books(|book| {
            if book.sheet == SheetKey::Building {
                let rows = rows_of(book.sheet, &book.content);
                assert!(rows.len() <= 500, "{} has {} rows", book.name, rows.len());
                let buildings: HashSet<_> =
                    rows.iter().map(|row| (row.cells[1].clone(), row.cells[4].clone())).collect();
                let mut seen = seen.lock().unwrap();
                assert!(buildings.into_iter().all(|building| seen.insert(building)));
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(seen.into_inner().unwrap().len(), 76);
}

#[test]
fn outlines_hold_their_blocks() {
    let city = demo_city(None).unwrap();
    assert_eq!(
        city.outlines().iter().map(|outline| outline.name.as_str()).collect::<Vec<_>>(),
        ["碧山区", "实龙岗区", "大巴窑区"]
    );
    let summary = city.summary();
    assert_eq!((summary.towns, summary.estates, summary.blocks, summary.rented_out), (3, 8, 76, 1_313));
    // Without the areas of one town its blocks have no place.
    let fewer = DEMO_TOWNS.lines().filter(|line| !line.contains("Bishan")).collect::<Vec<_>>().join("\n");
    let said = City::read(DEMO_BLOCKS, &fewer, Options::default()).err().unwrap();
    assert!(said.contains("BH BRIGHT HILL DR") && said.contains("不在任何区域内"), "{said}");
    // A block that was moved to another town makes that town's area hold it, but not its own.
    let moved = DEMO_BLOCKS.replace(",BH,Bishan,", ",XX,Nowhere,");
    assert!(City::read(&moved, DEMO_TOWNS, Options::default()).err().unwrap().contains("XX"));
}

#[test]
fn a_folder_has_everything() {
    let folder = std::env::temp_dir().join(format!("hdb-{}", std::process::id()));
    let sources = [("blocks.csv", DEMO_BLOCKS), ("towns.geojson", DEMO_TOWNS)].map(|(name, text)| {
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), text).unwrap();
        folder.join(name)
    });
    let summary = convert(&sources[0], &sources[1], &folder.join("out"), Options::default()).unwrap();
    assert_eq!((summary.files, summary.units), (7, 8_972));
    let outlines = outlines_read(&fs::read_to_string(folder.join("out/outlines.geojson")).unwrap()).unwrap();
    assert_eq!(outlines[0].division_code, "990104");
    assert!(
        fs::exists(folder.join("out/05-building-TP-01.xlsx")).unwrap()
            && fs::exists(folder.join("out/README.txt")).unwrap()
    );
    assert!(convert(Path::new("/nowhere"), &sources[1], &folder, Options::default()).unwrap_err().contains("/nowhere"));
    fs::remove_dir_all(&folder).unwrap();
}

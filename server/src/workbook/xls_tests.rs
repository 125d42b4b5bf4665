//! `.xls` files made record by record: what programs write, and what nobody should send.

use super::{
    guard::{Limits, Refusal},
    read::read,
};
use std::{
    io::{Cursor, Write as _},
    ops::ControlFlow,
};

const BEGIN: u16 = 0x0809;
const END: u16 = 0x000A;

pub(super) fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    let mut bytes = kind.to_le_bytes().to_vec();
    bytes.extend(u16::try_from(data.len()).unwrap().to_le_bytes());
    bytes.extend(data);
    bytes
}

fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// A text with its length and width mark.
pub(super) fn text(text: &str) -> Vec<u8> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut bytes = words(&[u16::try_from(units.len()).unwrap()]);
    bytes.push(1);
    bytes.extend(words(&units));
    bytes
}

pub(super) fn cell(kind: u16, row: u16, column: u16, style: u16, value: &[u8]) -> Vec<u8> {
    let mut data = words(&[row, column, style]);
    data.extend(value);
    record(kind, &data)
}

pub(super) fn label(row: u16, column: u16, value: &str) -> Vec<u8> {
    cell(0x0204, row, column, 0, &text(value))
}

fn formula(row: u16, column: u16, value: [u8; 8]) -> Vec<u8> {
    cell(0x0006, row, column, 0, &[value.as_slice(), &[0; 8]].concat())
}

pub(super) fn file(name: &str, stream: &[u8]) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    file.create_stream(name).unwrap().write_all(stream).unwrap();
    file.into_inner().into_inner()
}

fn workbook(globals: &[u8], cells: &[u8]) -> Vec<u8> {
    file("/Workbook", &stream(globals, cells))
}

/// The records of a workbook of one sheet: `globals` behind its first record, `cells` in the sheet.
pub(super) fn stream(globals: &[u8], cells: &[u8]) -> Vec<u8> {
    let version = words(&[0x0600, 5]);
    let sheet = |place: usize| {
        record(0x0085, &[u32::try_from(place).unwrap().to_le_bytes().as_slice(), &[0, 0, 1, 0, b'1']].concat())
    };
    let head = |place| [record(BEGIN, &version), globals.to_vec(), sheet(place), record(END, &[])].concat();
    let place = head(0).len();
    [head(place), record(BEGIN, &version), cells.to_vec(), record(END, &[])].concat()
}

pub(super) fn with_header(cells: &[Vec<u8>]) -> Vec<u8> {
    [label(0, 0, "*名称"), label(0, 1, "面积"), label(0, 2, "日期"), cells.concat()].concat()
}

fn rows_within(content: &[u8], limits: &Limits) -> Result<Vec<String>, Refusal> {
    let mut found = Vec::new();
    let headers = ["*名称", "面积", "日期"].map(str::to_owned);
    read(content, &headers, limits, |row| {
        found.push(format!("{}: {}", row.row_no, row.cells.join("|")));
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

fn rows_of(content: &[u8]) -> Result<Vec<String>, Refusal> {
    rows_within(content, &Limits::BROWSER)
}

#[test]
fn cells_of_every_kind() {
    let style = |format: u16| record(0x00E0, &words(&[0, format]));
    let custom = record(0x041E, &[words(&[170]), text("yyyy\"年\"m\"月\"d\"日\"")].concat());
    let shared = record(
        0x00FC,
        &[3_u32.to_le_bytes().as_slice(), &2_u32.to_le_bytes(), &text("甲"), &text("<b>乙</b>")].concat(),
    );
    let globals = [custom, style(0), style(14), style(170), shared].concat();
    let cells = with_header(&[
        cell(0x00FD, 1, 0, 0, &1_u32.to_le_bytes()),
        cell(0x0203, 1, 1, 0, &43.1_f64.to_le_bytes()),
        cell(0x0203, 1, 2, 1, &46_082.5_f64.to_le_bytes()),
        // 4310 / 100 as an integer, 43 as an integer
        record(
            0x00BD,
            &[
                words(&[3, 0, 0]),
                (4310_u32 << 2 | 3).to_le_bytes().to_vec(),
                words(&[0]),
                (43_u32 << 2 | 2).to_le_bytes().to_vec(),
                words(&[1]),
            ]
            .concat(),
        ),
        cell(0x027E, 3, 2, 2, &(46_082_u32 << 2 | 2).to_le_bytes()),
        formula(4, 0, [0, 0, 0, 0, 0, 0, 0xFF, 0xFF]),
        record(0x0207, &text("文字")),
        formula(4, 1, 2.5_f64.to_le_bytes()),
        formula(4, 2, [2, 0, 42, 0, 0, 0, 0xFF, 0xFF]),
        cell(0x0205, 5, 0, 0, &[1, 0]),
        cell(0x0205, 5, 1, 0, &[42, 1]),
        formula(5, 2, [1, 0, 0, 0, 0, 0, 0xFF, 0xFF]),
        // a chart in the sheet
        [record(BEGIN, &words(&[0x0600, 0x20])), label(1, 0, "图"), record(END, &[])].concat(),
        label(6, 0, "末"),
    ]);
    assert_eq!(
        rows_of(&workbook(&globals, &cells)).unwrap(),
        ["2: <b>乙</b>|43.1|2026-03-01", "4: 43.1|43|2026-03-01", "5: 文字|2.5|", "6: 是||否", "7: 末||",]
    );
}

#[test]
fn shared_texts_are_cut_anywhere() {
    // The first record ends inside the second text, which goes on one byte wide.
    let first =
        [2_u32.to_le_bytes().as_slice(), &2_u32.to_le_bytes(), &text("甲"), &words(&[4]), &[1], &words(&[0x4E59])]
            .concat();
    let rest = [0, b'a', b'b', b'c'];
    let shared = [record(0x00FC, &first), record(0x003C, &rest)].concat();
    let cells =
        with_header(&[cell(0x00FD, 1, 0, 0, &0_u32.to_le_bytes()), cell(0x00FD, 1, 1, 0, &1_u32.to_le_bytes())]);
    assert_eq!(rows_of(&workbook(&shared, &cells)).unwrap(), ["2: 甲|乙abc|"]);
    // Formatting runs and reading aids behind a text are skipped, also across the cut.
    let rich = [
        1_u32.to_le_bytes().as_slice(),
        &1_u32.to_le_bytes(),
        &words(&[1]),
        &[1 | 8 | 4],
        &words(&[1]),
        &6_u32.to_le_bytes(),
        &words(&[0x4E59]),
        &[9; 7],
    ]
    .concat();
    let more = [[9_u8; 3].as_slice(), &text("丙")].concat();
    let shared = [record(0x00FC, &rich), record(0x003C, &more)].concat();
    assert_eq!(
        rows_of(&workbook(&shared, &with_header(&[cell(0x00FD, 1, 0, 0, &0_u32.to_le_bytes())]))).unwrap(),
        ["2: 乙||"]
    );
}

#[test]
fn old_files_use_the_code_page_of_their_machine() {
    let version = words(&[0x0500, 5]);
    let gbk = |text: &str| {
        let bytes = encoding_rs::GBK.encode(text).0.into_owned();
        [words(&[u16::try_from(bytes.len()).unwrap()]), bytes].concat()
    };
    let label = |row, column, text| cell(0x0204, row, column, 0, &gbk(text));
    let head = |place: u32| {
        let sheet = record(0x0085, &[place.to_le_bytes().as_slice(), &[0, 0, 1, b'1']].concat());
        [record(BEGIN, &version), record(0x0042, &words(&[936])), sheet, record(END, &[])].concat()
    };
    let place = u32::try_from(head(0).len()).unwrap();
    let cells = [label(0, 0, "*名称"), label(0, 1, "面积"), label(0, 2, "日期"), label(1, 0, "金水区")].concat();
    let stream = [head(place), record(BEGIN, &version), cells, record(END, &[])].concat();
    assert_eq!(rows_of(&file("/Book", &stream)).unwrap(), ["2: 金水区||"]);
}

#[test]
fn what_is_wrong_is_refused() {
    let good = workbook(&[], &with_header(&[label(1, 0, "甲")]));
    assert!(rows_of(&good).is_ok());
    assert_eq!(rows_of(&good[..good.len() / 2]), Err(Refusal::Damaged));
    assert_eq!(rows_of(&file("/WordDocument", b"x")), Err(Refusal::WrongType));
    assert_eq!(rows_of(&file("/Workbook", &record(BEGIN, &words(&[0x0200, 5])))), Err(Refusal::WrongType));
    assert_eq!(rows_of(&file("/Workbook", b"")), Err(Refusal::Damaged));
    let locked = record(0x002F, &words(&[1]));
    assert_eq!(rows_of(&workbook(&locked, &with_header(&[]))), Err(Refusal::Damaged));
    for cells in [
        vec![label(2, 0, "乙"), label(1, 0, "甲")],
        vec![cell(0x00FD, 1, 0, 0, &7_u32.to_le_bytes())],
        vec![record(0x0203, &[1, 0])],
        vec![vec![4, 2, 0xFF, 0xFF]],
    ] {
        assert_eq!(rows_of(&workbook(&[], &with_header(&cells))), Err(Refusal::Damaged));
    }
    let endless = record(
        0x00FC,
        &[1_u32.to_le_bytes().as_slice(), &1_u32.to_le_bytes(), &words(&[9]), &[1], &words(&[1])].concat(),
    );
    assert_eq!(rows_of(&workbook(&endless, &with_header(&[]))), Err(Refusal::Damaged));
}

#[test]
fn little_does_not_become_much() {
    let limits = Limits { text: 1 << 20, ..Limits::BROWSER };
    let long = [1_u32.to_le_bytes().as_slice(), &1_u32.to_le_bytes(), &words(&[8000]), &[0], &[b'x'; 8000]].concat();
    let cells: Vec<Vec<u8>> = (1..200).map(|row| cell(0x00FD, row, 0, 0, &0_u32.to_le_bytes())).collect();
    assert_eq!(rows_within(&workbook(&record(0x00FC, &long), &with_header(&cells)), &limits), Err(Refusal::TooLarge));
    let far = with_header(&[label(1, 250, "远"), label(1, 0, "近"), label(65_535, 0, "底")]);
    assert_eq!(rows_within(&workbook(&[], &far), &limits).unwrap(), ["2: 近||", "65536: 底||"]);
}

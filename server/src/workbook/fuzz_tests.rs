//! Files that no program wrote: workbooks with bytes, parts, records and tags changed at random. Whatever comes, the
//! answer is rows within the limits or a sentence, in bounded time, and never a panic.
//!
//! Every run tries the same cases; `PROPTEST_CASES` and `PROPTEST_RNG_SEED` widen the search by hand.

use super::{
    guard::{CELL_BYTES_MAX, Limits, ROWS_MAX, Refusal},
    read::read,
    template::{template, template_of},
    tests::{HEADERS, header_row, headers, package, parts},
    write::rows,
    xls_tests::{cell, file, label, record, stream, text, with_header},
};
use domain::import::SheetKey;
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
    test_runner::{Config, RngSeed},
};
use std::{
    ops::ControlFlow,
    sync::LazyLock,
    time::{Duration, Instant},
};

/// Small enough for the whole to take seconds without optimisation.
const LIMITS: Limits = Limits { rows: 300, unpacked: 4 << 20, text: 1 << 20, ..Limits::BROWSER };
/// Far above what any case takes; what is quadratic takes longer.
const PATIENCE: Duration = Duration::from_secs(10);

fn cases(cases: u32) -> Config {
    let asked = Config::default();
    let fixed = if asked.rng_seed == RngSeed::Random { RngSeed::Fixed(1) } else { asked.rng_seed };
    let widened = std::env::var_os("PROPTEST_CASES").is_some();
    Config { cases: if widened { asked.cases } else { cases }, rng_seed: fixed, failure_persistence: None, ..asked }
}

/// Reads a file as an upload is read, and holds the reader to its word.
fn must_answer(content: &[u8], headers: &[String]) -> Result<u32, Refusal> {
    let (began, mut last, mut count, mut bytes) = (Instant::now(), 1, 0, 0);
    let outcome = read(content, headers, &LIMITS, |row| {
        assert!(row.row_no > last && row.row_no <= ROWS_MAX, "row {} after {last}", row.row_no);
        assert_eq!(row.cells.len(), headers.len());
        assert!(row.cells.iter().any(|cell| !cell.is_empty()), "an empty row does not count");
        assert!(row.cells.iter().all(|cell| cell.len() <= CELL_BYTES_MAX && !cell.contains('\0')));
        last = row.row_no;
        count += 1;
        bytes += row.cells.iter().map(|cell| cell.len() as u64).sum::<u64>();
        ControlFlow::Continue(())
    });
    assert!(count <= LIMITS.rows && bytes <= LIMITS.text, "{count} rows, {bytes} bytes");
    match &outcome {
        Ok(rows) => assert_eq!((*rows, count > 0), (count, true)),
        Err(refusal) => assert!(refusal.to_string().chars().all(|c| !c.is_ascii_lowercase() || "xls".contains(c))),
    }
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    outcome
}

/// One thing that happens to bytes.
#[derive(Clone, Debug)]
struct Damage {
    place: Index,
    /// counted from the end, where a zip has its directory
    from_end: bool,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Flip(u8),
    Overwrite(Vec<u8>),
    Insert(Vec<u8>),
    Cut(usize),
    Repeat(usize, usize),
    Truncate,
}

/// Numbers at which readers break, as they stand in a file.
const NUMBERS: &[&[u8]] = &[
    &[0xFF; 2],
    &[0xFF; 4],
    &[0xFF; 8],
    &[0xFF, 0xFF, 0xFF, 0x7F],
    &[0; 4],
    &[1, 0, 0, 0],
    &[0, 0, 0, 0x80],
    &[0xFE, 0xFF, 0xFF, 0xFF],
    b"PK\x05\x06",
    b"PK\x06\x06",
    b"PK\x01\x02",
];

/// Pieces of tags and values of a worksheet, of relations and of styles, right and wrong.
const PIECES: &[&str] = &[
    "<row>",
    "<row r=\"2\">",
    "<row r=\"4294967295\">",
    "<row r=\"-1\"/>",
    "</row>",
    "<c>",
    "<c r=\"XFD1048576\" t=\"s\">",
    "<c r=\"ZZZZZZZZ9\">",
    "<c t=\"inlineStr\" s=\"99999999999\">",
    "<c t=\"d\">",
    "<c t=\"b\">",
    "<c/>",
    "</c>",
    "<v>",
    "<v>0</v>",
    "<v>4294967296</v>",
    "<v>1e308</v>",
    "<v>-1e-320</v>",
    "<v>2958466</v>",
    "</v>",
    "<is>",
    "<is><t>甲</t></is>",
    "<t>",
    "</t>",
    "<si>",
    "</si>",
    "<rPh>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?xml",
    "<!DOCTYPE x [<!ENTITY a \"b\">]>",
    "&a;",
    "&#0;",
    "&#x110000;",
    "&#xD800;",
    "&lt;",
    "&",
    "_x0000_",
    "_xD800_",
    "_x",
    "\0",
    "\u{FFFF}",
    "𠮷",
    "\"",
    "<",
    "</",
    "sheetData>",
    "</sheetData>",
    "<sheetData/>",
    "<a><a><a><a><a><a><a><a>",
    "numFmtId=\"4294967296\"",
    "../../../..",
];

fn kind() -> impl Strategy<Value = Kind> {
    let bytes = || prop_oneof![vec(any::<u8>(), 1..9), select(NUMBERS).prop_map(<[u8]>::to_vec)];
    let pieces = vec(select(PIECES), 1..6).prop_map(|pieces| pieces.concat().into_bytes());
    prop_oneof![
        3 => any::<u8>().prop_map(Kind::Flip),
        3 => bytes().prop_map(Kind::Overwrite),
        2 => bytes().prop_map(Kind::Insert),
        4 => pieces.prop_map(Kind::Insert),
        2 => (1usize..200).prop_map(Kind::Cut),
        1 => (1usize..200, 1usize..60).prop_map(|(length, times)| Kind::Repeat(length, times)),
        1 => Just(Kind::Truncate),
    ]
}

fn damages() -> impl Strategy<Value = Vec<Damage>> {
    let one = (any::<Index>(), any::<bool>(), kind());
    vec(one.prop_map(|(place, from_end, kind)| Damage { place, from_end, kind }), 1..6)
}

fn damaged(bytes: &[u8], damages: &[Damage]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for Damage { place, from_end, kind } in damages {
        let length = bytes.len();
        let place = if *from_end { length - place.index(length.min(120) + 1) } else { place.index(length + 1) };
        match kind {
            Kind::Flip(mask) => bytes[place..].iter_mut().take(1).for_each(|byte| *byte ^= mask),
            Kind::Overwrite(with) => bytes[place..].iter_mut().zip(with).for_each(|(byte, new)| *byte = *new),
            Kind::Insert(with) => drop(bytes.splice(place..place, with.iter().copied())),
            Kind::Cut(cut) => drop(bytes.drain(place..length.min(place + cut))),
            Kind::Repeat(span, times) => {
                let piece = bytes[place..length.min(place + span)].repeat(*times);
                bytes.splice(place..place, piece);
            }
            Kind::Truncate => bytes.truncate(place),
        }
    }
    bytes
}

/// Rows of every kind of cell.
const DATA: &str = r#"<row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2"><v>43.1</v></c><c r="C2" s="1"><v>46082</v></c></row>
    <row r="3"><c t="inlineStr"><is><r><t>甲</t></r></is></c><c t="str"><f>1</f><v>2</v></c><c t="d"><v>2026-03-01T08:00</v></c></row>
    <row r="9"><c r="A9" t="b"><v>1</v></c><c t="e"><v>#N/A</v></c><c r="D9" t="s"><v>1</v></c></row>"#;

/// Parts of a whole package that reads.
fn whole_parts() -> Vec<(&'static str, Vec<u8>)> {
    parts(&format!("{}{DATA}", header_row(&HEADERS)), "<si><t>宏茂桥</t></si><si><r><t>乙_x000D_</t></r></si>")
}

fn packed(parts: &[(&'static str, Vec<u8>)]) -> Vec<u8> {
    package(&parts.iter().map(|(name, content)| (*name, content.as_slice())).collect::<Vec<_>>())
}

/// Real workbooks with the headers that they are read by.
static PACKAGES: LazyLock<Vec<(Vec<u8>, Vec<String>)>> = LazyLock::new(|| {
    let building = template_of(SheetKey::Building);
    let written = (0..40).map(|row| vec![format!("甲{row}").into(), "43.10".into(), "2026-03-01".into(), "".into()]);
    vec![
        (packed(&whole_parts()), headers()),
        (rows("数据", &headers(), written).expect("a workbook"), headers()),
        (template(&building).expect("a workbook"), building.headers()),
    ]
});

/// The stream of a sheet with records of every kind.
fn records() -> Vec<u8> {
    let shared = [2_u32.to_le_bytes(), 2_u32.to_le_bytes()].concat();
    let shared = record(0x00FC, &[shared, text("甲"), text("乙")].concat());
    let custom = record(0x041E, &[vec![170, 0], text("yyyy\"年\"m\"月\"")].concat());
    let styles = [record(0x00E0, &[0, 0, 0, 0]), record(0x00E0, &[0, 0, 170, 0])].concat();
    let cells = [
        cell(0x00FD, 1, 0, 0, &1_u32.to_le_bytes()),
        cell(0x0203, 1, 1, 0, &43.1_f64.to_le_bytes()),
        cell(0x027E, 1, 2, 1, &(46_082_u32 << 2 | 2).to_le_bytes()),
        record(0x00BD, &[2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 6, 0, 0, 0, 1, 0]),
        cell(0x0006, 3, 0, 0, &[0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0]),
        record(0x0207, &text("文字")),
        cell(0x0205, 4, 0, 0, &[1, 0]),
        label(5, 0, "末"),
    ];
    stream(&[custom, styles, shared].concat(), &with_header(&cells))
}

fn xls_headers() -> Vec<String> {
    ["*名称", "面积", "日期"].map(str::to_owned).to_vec()
}

#[test]
fn what_is_damaged_below_was_whole() {
    for (content, headers) in PACKAGES.iter() {
        assert!(matches!(must_answer(content, headers), Ok(_) | Err(Refusal::Empty)));
    }
    assert_eq!(must_answer(&packed(&whole_parts()), &headers()), Ok(3));
    assert_eq!(must_answer(&file("/Workbook", &records()), &xls_headers()), Ok(5));
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn a_damaged_package(which in any::<Index>(), damages in damages()) {
        let (content, headers) = which.get(&PACKAGES);
        let _ = must_answer(&damaged(content, &damages), headers);
    }

    #[test]
    fn a_whole_package_of_damaged_parts(which in any::<Index>(), damages in damages()) {
        let mut parts = whole_parts();
        let place = which.index(parts.len());
        parts[place].1 = damaged(&parts[place].1, &damages);
        let _ = must_answer(&packed(&parts), &headers());
    }

    #[test]
    fn a_sheet_of_pieces(sheet in vec(select(PIECES), 0..60), texts in vec(select(PIECES), 0..20)) {
        let data = format!("{}{}", header_row(&HEADERS), sheet.concat());
        let parts = parts(&data, &texts.concat());
        let _ = must_answer(&packed(&parts), &headers());
    }

    #[test]
    fn a_damaged_compound_file(damages in damages()) {
        let _ = must_answer(&damaged(&file("/Workbook", &records()), &damages), &xls_headers());
    }

    #[test]
    fn a_whole_compound_file_of_damaged_records(damages in damages()) {
        let _ = must_answer(&file("/Workbook", &damaged(&records(), &damages)), &xls_headers());
    }

    #[test]
    fn records_at_random(
        globals in vec((select(KINDS), vec(any::<u8>(), 0..40)), 0..8),
        cells in vec((select(KINDS), vec(prop_oneof![0u8..4, any::<u8>()], 0..40)), 0..20),
    ) {
        let of = |records: &[(u16, Vec<u8>)]| -> Vec<u8> {
            records.iter().flat_map(|(kind, data)| record(*kind, data)).collect()
        };
        let content = file("/Workbook", &stream(&of(&globals), &with_header(&[of(&cells)])));
        let _ = must_answer(&content, &xls_headers());
    }

    #[test]
    fn bytes_at_random(head in select(HEADS), rest in vec(any::<u8>(), 0..2_000)) {
        let _ = must_answer(&[head, &rest].concat(), &headers());
    }
}

/// Every kind of record that is read, and one that is not.
const KINDS: &[u16] = &[
    0x0006, 0x000A, 0x0022, 0x003C, 0x0042, 0x0085, 0x00BD, 0x00D6, 0x00E0, 0x00FC, 0x00FD, 0x0203, 0x0204, 0x0205,
    0x0207, 0x027E, 0x041E, 0x0809, 0x1234,
];

/// How the two kinds of files begin.
const HEADS: &[&[u8]] = &[b"PK\x03\x04", b"PK\x05\x06", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", b""];

/// What costs nothing to write costs little to read.
#[test]
fn much_of_nothing_ends_soon() {
    let sheet = |data: &str| packed(&parts(&format!("{}{data}", header_row(&HEADERS)), ""));
    let ended = |data: &str| must_answer(&sheet(data), &headers());
    assert_eq!(ended(&"<row/>".repeat(200_000)), Err(Refusal::Empty));
    assert_eq!(ended(&format!("<row>{}</row>", "<c/>".repeat(400_000))), Err(Refusal::Empty));
    assert_eq!(ended(&format!("<row>{}</row>", "<c><v/></c>".repeat(100_000))), Err(Refusal::Empty));
    assert_eq!(ended(&"<row><c><v>1</v></c></row>".repeat(301)), Err(Refusal::TooManyRows(300)));
    assert_eq!(ended(&"<a>".repeat(400_000)), Err(Refusal::Damaged));
    assert_eq!(ended(&"<".repeat(400_000)), Err(Refusal::Damaged));
    assert!(ended(&"&amp;".repeat(200_000)).is_err());
    let cells: Vec<Vec<u8>> = (1..60_000).map(|row| cell(0x0203, row, 200, 0, &1_f64.to_le_bytes())).collect();
    let far = file("/Workbook", &stream(&[], &with_header(&cells)));
    assert_eq!(must_answer(&far, &xls_headers()), Err(Refusal::Empty));
    let charts = [record(0x0809, &[0, 6, 5, 0]); 1].concat().repeat(100_000);
    let deep = file("/Workbook", &stream(&[], &with_header(&[charts])));
    assert_eq!(must_answer(&deep, &xls_headers()), Err(Refusal::Damaged));
}

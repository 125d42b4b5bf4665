//! The list of blocks: comma-separated, one line per residential block.

use domain::value::Point;

/// One block as the list says it.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// number, may end in a letter: `10C`
    pub no: String,
    /// as published, upper case and abbreviated
    pub street: String,
    pub town: String,
    pub floors: u32,
    pub year: u32,
    /// rental flats with one, two, three and other rooms
    pub rental: [u32; 4],
    /// flats sold on lease
    pub sold: u32,
    pub place: Point,
}

const COLUMNS: [&str; 13] = [
    "block",
    "street",
    "town_code",
    "floors",
    "year_completed",
    "units",
    "units_1room_rental",
    "units_2room_rental",
    "units_3room_rental",
    "units_other_rental",
    "units_sold",
    "lat",
    "lon",
];

impl Block {
    /// Flats of the block.
    pub fn units(&self) -> u32 {
        self.sold + self.rental_units()
    }

    /// Flats of the block that are let.
    pub fn rental_units(&self) -> u32 {
        self.rental.iter().sum()
    }

    /// Reads the list; the columns are found by their header.
    pub fn read_all(text: &str) -> Result<Vec<Self>, String> {
        let mut lines = text.trim_start_matches('\u{FEFF}').lines();
        let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
        let mut places = [0; COLUMNS.len()];
        for (place, column) in places.iter_mut().zip(COLUMNS) {
            *place = header.iter().position(|name| *name == column).ok_or_else(|| format!("楼栋清单缺少列{column}"))?;
        }
        let mut blocks = Vec::new();
        for (line_no, line) in (2..).zip(lines).filter(|(_, line)| !line.trim().is_empty()) {
            blocks.push(Self::read(line, &places).ok_or_else(|| format!("楼栋清单第{line_no}行无法读取：{line}"))?);
        }
        if blocks.is_empty() { Err("楼栋清单中没有数据".to_owned()) } else { Ok(blocks) }
    }

    /// One line; none when a value is missing, is no number, or the sums do not agree. The list has
    /// no quoted values, and a quote would mean that a comma is not what it looks like.
    fn read(line: &str, places: &[usize; COLUMNS.len()]) -> Option<Self> {
        let values: Vec<&str> = line.split(',').map(str::trim).collect();
        let value =
            |index: usize| values.get(places[index]).copied().filter(|value| !value.is_empty() && !value.contains('"'));
        let number = |index: usize| value(index)?.parse::<u32>().ok();
        let degrees = |index: usize| value(index)?.parse::<f64>().ok().filter(|degrees| degrees.is_finite());
        let block = Self {
            no: value(0)?.to_owned(),
            street: value(1)?.to_owned(),
            town: value(2)?.to_owned(),
            floors: number(3).filter(|floors| (1..=60).contains(floors))?,
            year: number(4)?,
            rental: [number(6)?, number(7)?, number(8)?, number(9)?],
            sold: number(10)?,
            place: Point { lat: degrees(11)?, lng: degrees(12)? },
        };
        (block.units() == number(5)?).then_some(block)
    }
}

/// A street as people write it: `UPP C'WEALTH AVE 1A` is Upper Commonwealth Avenue 1A.
pub fn street_name(published: &str) -> String {
    let words = published.split_whitespace().map(|word| {
        let full = match word {
            "AVE" => "Avenue",
            "BT" => "Bukit",
            "CL" => "Close",
            "CRES" => "Crescent",
            "CTRL" => "Central",
            "C'WEALTH" => "Commonwealth",
            "DR" => "Drive",
            "GDN" => "Garden",
            "GDNS" => "Gardens",
            "HTS" => "Heights",
            "JLN" => "Jalan",
            "KG" => "Kampong",
            "LOR" => "Lorong",
            "NTH" => "North",
            "PK" => "Park",
            "PL" => "Place",
            "RD" => "Road",
            "ST" => "Street",
            "ST." => "Saint",
            "STH" => "South",
            "TER" => "Terrace",
            "TG" => "Tanjong",
            "UPP" => "Upper",
            word => return capitalised(word),
        };
        full.to_owned()
    });
    words.collect::<Vec<_>>().join(" ")
}

/// `ANG` is Ang; a number with a letter stays: `1A`.
fn capitalised(word: &str) -> String {
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        return word.to_owned();
    }
    let mut name = word.to_lowercase();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "block,street,town_code,town,floors,year_completed,units,units_1room_rental,units_2room_rental,\
                          units_3room_rental,units_other_rental,units_sold,lat,lon";

    #[test]
    fn a_line_becomes_a_block() {
        let line = "206A,ANG MO KIO AVE 1,AMK,Ang Mo Kio,11,1976,165,0,160,1,0,4,1.366631,103.843361";
        let blocks = Block::read_all(&format!("\u{FEFF}{HEADER}\n{line}\n\n")).unwrap();
        assert_eq!(blocks.len(), 1);
        assert_eq!((blocks[0].no.as_str(), blocks[0].units(), blocks[0].rental_units()), ("206A", 165, 161));
        assert!((blocks[0].place.lng - 103.843_361).abs() < 1e-9);
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(Block::read_all("block,street").unwrap_err(), "楼栋清单缺少列town_code");
        assert_eq!(Block::read_all(HEADER).unwrap_err(), "楼栋清单中没有数据");
        for wrong in [
            "1,A,AMK,x,11,1976,5,0,0,0,0,4,1.3,103.8",
            "1,A,AMK,x,0,1976,4,0,0,0,0,4,1.3,103.8",
            "1,A,AMK,x,61,1976,4,0,0,0,0,4,1.3,103.8",
            "1,A,AMK,x,11,1976,4,0,0,0,0,4,NaN,103.8",
            "\"1\",A,AMK,x,11,1976,4,0,0,0,0,4,1.3,103.8",
            ",A,AMK,x,11,1976,4,0,0,0,0,4,1.3,103.8",
            "1,A,AMK,x,11,1976,4,0,0,0,0,4,1.3",
        ] {
            let said = Block::read_all(&format!("{HEADER}\n{wrong}")).unwrap_err();
            assert_eq!(said, format!("楼栋清单第2行无法读取：{wrong}"));
        }
    }

    #[test]
    fn streets_are_written_out() {
        for (published, name) in [
            ("ANG MO KIO AVE 1", "Ang Mo Kio Avenue 1"),
            ("ST. GEORGE'S RD", "Saint George's Road"),
            ("C'WEALTH CL", "Commonwealth Close"),
            ("LOR 1A TOA PAYOH", "Lorong 1A Toa Payoh"),
            ("UPP BT TIMAH RD", "Upper Bukit Timah Road"),
            ("JLN MA'MOR", "Jalan Ma'mor"),
            ("YISHUN ST 61", "Yishun Street 61"),
        ] {
            assert_eq!(street_name(published), name);
        }
    }
}

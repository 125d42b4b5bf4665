//! From the flats of a block to single flats. The list says how many flats of each kind a block has;
//! this file says, by fixed rules, where they are and what they are like:
//!
//! - Storeys count from 1 to `floors`, each has `units / floors` flats, and the lowest
//!   `units % floors` storeys have one more. (Many real blocks keep the ground open; the list does
//!   not say which.) A block with fewer flats than storeys has one on each of the lowest.
//! - Room numbers are two digits of storey and two of order, `0401`; three of order where a storey
//!   has more than 99 flats. There is one entrance, `01`.
//! - Rental flats take the lowest places, smallest first; flats sold on lease follow.
//! - Layout and areas are those of the tables below. Which of the sold layouts a flat has depends on
//!   its place in the storey, so that flats above each other are alike.
//! - About 94 in 100 rental flats are occupied, by a hash of seed, town, street, block and room:
//!   simulated, and marked so. Flats sold on lease are SOLD.

use super::block::Block;
use domain::dictionary::LayoutType;
use store::platform::token::digest;

/// Of 100 rental flats so many are occupied.
const OCCUPIED_PERCENT: u64 = 94;

/// A kind of flat: layout, and building and usable area in square metres.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    pub layout: LayoutType,
    pub building_area: &'static str,
    pub usable_area: &'static str,
    /// rental flats have a rent standard: its code and name, and yuan per square metre and month
    pub standard: Option<(&'static str, &'static str, &'static str)>,
}

/// Rental flats in the order of the list's columns: one, two, three and other rooms. HDB counts the
/// living room, the dictionary of layouts counts bedrooms.
#[rustfmt::skip] // a table
pub const RENTAL: [Kind; 4] = [
    Kind { layout: LayoutType::Studio, building_area: "33", usable_area: "26", standard: Some(("HDB-1", "一房式组屋租金标准", "2.60")) },
    Kind { layout: LayoutType::One, building_area: "45", usable_area: "36", standard: Some(("HDB-2", "二房式组屋租金标准", "3.20")) },
    Kind { layout: LayoutType::Two, building_area: "65", usable_area: "54", standard: Some(("HDB-3", "三房式组屋租金标准", "4.00")) },
    Kind { layout: LayoutType::Three, building_area: "90", usable_area: "75", standard: Some(("HDB-4", "四房及以上组屋租金标准", "4.80")) },
];

/// Flats sold on lease, and up to which percentile of them.
#[rustfmt::skip] // a table
const SOLD: [(u64, Kind); 4] = [
    (8, Kind { layout: LayoutType::One, building_area: "47", usable_area: "38", standard: None }),
    (32, Kind { layout: LayoutType::Two, building_area: "68", usable_area: "57", standard: None }),
    (76, Kind { layout: LayoutType::Three, building_area: "93", usable_area: "78", standard: None }),
    (100, Kind { layout: LayoutType::Three, building_area: "112", usable_area: "94", standard: None }),
];

/// One flat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flat {
    pub floor: u32,
    pub room_no: String,
    pub kind: Kind,
    /// rental flats only
    pub occupied: Option<bool>,
}

/// The flats of a block, from the lowest storey up.
pub fn flats<'a>(block: &'a Block, seed: &'a str) -> impl Iterator<Item = Flat> + 'a {
    let most = block.units().div_ceil(block.floors);
    let width = if most > 99 { 3 } else { 2 };
    let stacks: Vec<Kind> = (1..=most).map(|order| sold_kind(block, seed, order)).collect();
    let rental =
        RENTAL.into_iter().zip(block.rental).flat_map(|(kind, count)| std::iter::repeat_n(kind, count as usize));
    let kinds = rental.map(Some).chain(std::iter::repeat_n(None, block.sold as usize));
    places(block.units(), block.floors).zip(kinds).map(move |((floor, order), rental)| {
        let room_no = format!("{floor:02}{order:0width$}");
        let occupied = rental.map(|_| percentile(block, seed, &room_no) < OCCUPIED_PERCENT);
        Flat { floor, room_no, kind: rental.unwrap_or(stacks[order as usize - 1]), occupied }
    })
}

/// Storey and order of every flat.
fn places(units: u32, floors: u32) -> impl Iterator<Item = (u32, u32)> {
    (1..=floors).flat_map(move |floor| {
        let on_floor = units / floors + u32::from(floor <= units % floors);
        (1..=on_floor).map(move |order| (floor, order))
    })
}

fn sold_kind(block: &Block, seed: &str, order: u32) -> Kind {
    let percentile = percentile(block, seed, &format!("stack {order}"));
    SOLD.iter().find(|(up_to, _)| percentile < *up_to).map_or(SOLD[0].1, |(_, kind)| *kind)
}

/// A number below 100 that depends on nothing but its arguments, on every machine and for ever.
fn percentile(block: &Block, seed: &str, what: &str) -> u64 {
    let key = [seed, &block.town, &block.street, &block.no, what].join("\u{1}");
    let digest = digest(key.as_bytes());
    u64::from_be_bytes(digest[..8].try_into().expect("a digest has 32 bytes")) % 100
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::value::Point;

    fn block(floors: u32, rental: [u32; 4], sold: u32) -> Block {
        let place = Point { lng: 103.8, lat: 1.3 };
        Block { no: "1".into(), street: "A RD".into(), town: "AMK".into(), floors, year: 1980, rental, sold, place }
    }

    #[test]
    fn the_remainder_lies_on_the_lowest_storeys() {
        assert_eq!(places(7, 3).collect::<Vec<_>>(), [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (3, 1), (3, 2)]);
        assert_eq!(places(2, 5).collect::<Vec<_>>(), [(1, 1), (2, 1)]);
        for (units, floors) in [(499, 11), (584, 2), (4, 4), (1, 50)] {
            assert_eq!(places(units, floors).count(), units as usize);
        }
    }

    #[test]
    fn rental_flats_lie_below_the_sold_ones() {
        let block = block(10, [3, 2, 1, 1], 93);
        let all: Vec<Flat> = flats(&block, "x").collect();
        assert_eq!(all.len(), 100);
        assert_eq!(
            all.iter().take(8).map(|flat| flat.kind.standard.map(|(code, ..)| code)).collect::<Vec<_>>(),
            [
                Some("HDB-1"),
                Some("HDB-1"),
                Some("HDB-1"),
                Some("HDB-2"),
                Some("HDB-2"),
                Some("HDB-3"),
                Some("HDB-4"),
                None
            ]
        );
        assert!(all.iter().all(|flat| flat.occupied.is_some() == flat.kind.standard.is_some()));
        assert_eq!((all[0].room_no.as_str(), all[99].room_no.as_str(), all[99].floor), ("0101", "1010", 10));
        // Flats above each other are alike.
        assert_eq!(all[10].kind, all[90].kind);
    }

    #[test]
    fn a_crowded_storey_has_longer_numbers() {
        let block = block(2, [0; 4], 300);
        let rooms: Vec<String> = flats(&block, "x").map(|flat| flat.room_no).collect();
        assert_eq!((rooms[0].as_str(), rooms[299].as_str()), ("01001", "02150"));
    }

    #[test]
    fn occupancy_is_near_94_percent_and_always_the_same() {
        let block = block(50, [0, 5000, 0, 0], 0);
        let occupied = |seed| flats(&block, seed).filter(|flat| flat.occupied == Some(true)).count();
        assert!((4600..4800).contains(&occupied("hdb")), "{}", occupied("hdb"));
        assert_eq!(occupied("hdb"), occupied("hdb"));
        assert_ne!(flats(&block, "hdb").collect::<Vec<_>>(), flats(&block, "other").collect::<Vec<_>>());
    }

    #[test]
    fn no_flat_is_larger_inside_than_outside() {
        for kind in RENTAL.iter().chain(SOLD.iter().map(|(_, kind)| kind)) {
            let areas = [kind.building_area, kind.usable_area].map(|area| domain::value::Area::parse(area).unwrap());
            assert!(areas[1] <= areas[0]);
        }
        assert_eq!(SOLD.last().unwrap().0, 100);
    }
}

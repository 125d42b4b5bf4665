//! Towns become districts, streets become estates.

use super::{
    block::{Block, street_name},
    outline::{Area, Outline, outline_of},
};
use domain::value::{BoundingBox, Point};
use std::collections::{BTreeMap, BTreeSet};

/// Division code of the city. GB/T 2260 assigns no province 99, so no real district is hit.
pub const CITY_DIVISION: &str = "990100";

/// HDB's town codes and the towns' official Chinese names; the place in this table is the last two
/// digits of the division code, so it only grows at its end.
const TOWNS: [(&str, &str); 27] = [
    ("AMK", "宏茂桥"),
    ("BB", "武吉巴督"),
    ("BD", "勿洛"),
    ("BH", "碧山"),
    ("BM", "红山"),
    ("BP", "武吉班让"),
    ("BT", "武吉知马"),
    ("CCK", "蔡厝港"),
    ("CL", "金文泰"),
    ("CT", "中央"),
    ("GL", "芽笼"),
    ("HG", "后港"),
    ("JE", "裕廊东"),
    ("JW", "裕廊西"),
    ("KWN", "加冷黄埔"),
    ("MP", "马林百列"),
    ("PG", "榜鹅"),
    ("PRC", "巴西立"),
    ("QT", "女皇镇"),
    ("SB", "三巴旺"),
    ("SGN", "实龙岗"),
    ("SK", "盛港"),
    ("TAP", "淡滨尼"),
    ("TG", "登加"),
    ("TP", "大巴窑"),
    ("WL", "兀兰"),
    ("YS", "义顺"),
];

/// A town as a district of the city.
pub struct Town {
    /// `AMK`, part of file names
    pub code: String,
    /// `宏茂桥区`
    pub district: String,
    pub division: String,
    pub outline: Outline,
    pub estates: Vec<Estate>,
}

/// All blocks of one street of a town.
pub struct Estate {
    pub name: String,
    pub address: String,
    pub blocks: Vec<Block>,
}

/// The blocks of one town that were completed in one decade.
#[derive(Default)]
pub struct Project {
    pub units: u32,
    pub last_year: u32,
    pub places: Vec<Point>,
}

impl Town {
    /// Its blocks, estate by estate.
    pub fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.estates.iter().flat_map(|estate| &estate.blocks)
    }

    /// Its projects by decade.
    pub fn projects(&self) -> BTreeMap<u32, Project> {
        let mut projects: BTreeMap<u32, Project> = BTreeMap::new();
        for block in self.blocks() {
            let project = projects.entry(decade(block)).or_default();
            project.units += block.units();
            project.last_year = project.last_year.max(block.year);
            project.places.push(block.place);
        }
        projects
    }

    /// The project of a decade: `宏茂桥区1970年代组屋`.
    pub fn project_name(&self, decade: u32) -> String {
        format!("{}{decade}年代组屋", self.district)
    }

    /// The office that looks after its housing.
    pub fn office(&self) -> String {
        format!("{}住房管理所", self.district)
    }
}

/// `1976` belongs to 1970.
pub fn decade(block: &Block) -> u32 {
    block.year / 10 * 10
}

/// The middle of some places.
pub fn middle(places: impl IntoIterator<Item = Point>) -> Point {
    let (mut count, mut sum) = (0_u32, Point { lng: 0.0, lat: 0.0 });
    for place in places {
        count += 1;
        sum = Point { lng: sum.lng + place.lng, lat: sum.lat + place.lat };
    }
    Point { lng: sum.lng / f64::from(count.max(1)), lat: sum.lat / f64::from(count.max(1)) }
}

/// Groups blocks to towns and estates, and areas to the outlines of towns: an area belongs to the
/// town that has most of its blocks there, whatever the names say. (Most towns are one area of the
/// same name; the Central Area is three.)
pub fn towns_of(blocks: Vec<Block>, areas: &[Area]) -> Result<Vec<Town>, String> {
    let mut shares: BTreeMap<usize, BTreeMap<String, usize>> = BTreeMap::new();
    let mut streets: BTreeMap<String, BTreeMap<String, Vec<Block>>> = BTreeMap::new();
    for block in blocks {
        let area = areas.iter().position(|area| area.contains(block.place));
        let area = area.ok_or_else(|| format!("楼栋{}不在任何区域内", label(&block)))?;
        *shares.entry(area).or_default().entry(block.town.clone()).or_default() += 1;
        streets.entry(block.town.clone()).or_default().entry(block.street.clone()).or_default().push(block);
    }
    let mut owned: BTreeMap<String, Vec<&Area>> = BTreeMap::new();
    for (area, towns) in shares {
        // Of equal shares the first code wins, on every machine.
        if let Some((town, _)) = towns.into_iter().rev().max_by_key(|(_, count)| *count) {
            owned.entry(town).or_default().push(&areas[area]);
        }
    }
    streets.into_iter().map(|(code, streets)| town_of(&code, streets, owned.get(&code))).collect()
}

fn town_of(code: &str, streets: BTreeMap<String, Vec<Block>>, areas: Option<&Vec<&Area>>) -> Result<Town, String> {
    let place = TOWNS.iter().position(|(known, _)| *known == code).ok_or_else(|| format!("不认识的市镇代码{code}"))?;
    let (district, division) = (format!("{}区", TOWNS[place].1), format!("9901{:02}", place + 1));
    let areas = areas.ok_or_else(|| format!("市镇{code}没有轮廓"))?;
    let outline = outline_of(division.clone(), &district, areas);
    for block in streets.values().flatten() {
        check_place(block, outline.bounds)?;
    }
    let estates: Vec<Estate> = streets
        .into_iter()
        .map(|(street, blocks)| {
            let name = street_name(&street);
            Estate { address: format!("{district}{name}"), name, blocks }
        })
        .collect();
    check_names(&estates)?;
    Ok(Town { code: code.to_owned(), district, division, outline, estates })
}

/// The import refuses a building outside the box of its district, so it had better be known now.
fn check_place(block: &Block, bounds: BoundingBox) -> Result<(), String> {
    if bounds.contains(block.place) {
        Ok(())
    } else {
        Err(format!("楼栋{}不在其市镇的轮廓范围内", label(block)))
    }
}

/// Two streets must not become one estate, nor two blocks one building.
fn check_names(estates: &[Estate]) -> Result<(), String> {
    let mut names = BTreeSet::new();
    for estate in estates {
        if !names.insert(&estate.name) {
            return Err(format!("两条街道写成了同一小区名称{}", estate.name));
        }
        let mut numbers = BTreeSet::new();
        if let Some(block) = estate.blocks.iter().find(|block| !numbers.insert(&block.no)) {
            return Err(format!("楼栋{}重复", label(block)));
        }
    }
    Ok(())
}

fn label(block: &Block) -> String {
    format!("{} {} {}", block.town, block.street, block.no)
}

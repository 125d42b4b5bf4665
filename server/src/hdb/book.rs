//! The small import files of a city: organisations, rent standards, projects, estates.

use super::{
    Book, Options,
    flat::RENTAL,
    town::{CITY_DIVISION, Town, middle},
};
use crate::workbook::{
    template::{Template, template_of},
    write,
};
use domain::{
    dictionary::{
        AreaBasis, HousingCategory, InvestmentType, OrganizationStatus, OrganizationType, ProjectStatus, SourceType,
    },
    import::SheetKey,
    value::{CoordinateSystem, Point},
};
use std::borrow::Cow;

const CITY_CODE: &str = "990000";
const CITY_NAME: &str = "新加坡住房保障中心";
const OPERATOR: &str = "新加坡公共租赁住房运营有限公司";
const PROPERTY_COMPANY: &str = "新加坡市镇物业管理有限公司";
/// Invented, with right check characters.
const OPERATOR_USCC: &str = "91990100MA0000001G";
const PROPERTY_COMPANY_USCC: &str = "91990100MA0000002K";
const BUILDER: &str = "建屋发展局";

/// A file that is being filled: cells are named, so that a template may grow columns.
pub struct Sheet {
    pub key: SheetKey,
    template: Template,
    rows: Vec<Vec<Cow<'static, str>>>,
}

impl Sheet {
    pub fn new(key: SheetKey) -> Self {
        Self { key, template: template_of(key), rows: Vec::new() }
    }

    /// Adds a row.
    ///
    /// # Panics
    /// When the template has no such column, which a test would show.
    pub fn push<const N: usize>(&mut self, cells: [(&str, Cow<'static, str>); N]) {
        let mut row = vec![Cow::Borrowed(""); self.template.columns.len()];
        for (header, cell) in cells {
            let place = self.template.columns.iter().position(|column| column.header == header);
            row[place.unwrap_or_else(|| panic!("the template has no column {header}"))] = cell;
        }
        self.rows.push(row);
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The file; the sheet is empty afterwards.
    pub fn book(&mut self, name: String) -> Result<Book, String> {
        let content = write::rows(self.template.title, &self.template.headers(), std::mem::take(&mut self.rows));
        let content = content.map_err(|error| format!("无法生成{name}：{error}"))?;
        Ok(Book { name, sheet: self.key, content })
    }
}

/// A cell of text that lives as long as the program.
pub fn fixed(text: &'static str) -> Cow<'static, str> {
    Cow::Borrowed(text)
}

/// A cell of text that was made.
pub fn made(text: impl ToString) -> Cow<'static, str> {
    Cow::Owned(text.to_string())
}

/// Degrees as the list gives them.
pub fn degrees(value: f64) -> Cow<'static, str> {
    Cow::Owned(format!("{value:.6}"))
}

/// The files that those of the towns build on, in their order.
pub fn small_books(towns: &[Town], options: &Options) -> Result<[Book; 4], String> {
    Ok([
        organizations(towns, options).book("01-organization.xlsx".to_owned())?,
        rent_standards().book("02-rent_standard.xlsx".to_owned())?,
        projects(towns).book("03-project.xlsx".to_owned())?,
        estates(towns).book("04-estate.xlsx".to_owned())?,
    ])
}

fn organizations(towns: &[Town], options: &Options) -> Sheet {
    let mut sheet = Sheet::new(SheetKey::Organization);
    let city = options.city.as_deref().unwrap_or(CITY_CODE);
    let mut push = |code: &str, name: &str, kind: OrganizationType, above: &str, division: &str, uscc: &'static str| {
        sheet.push([
            ("机构编码", made(code)),
            ("机构名称", made(name)),
            ("类型", fixed(kind.label())),
            ("上级", made(above)),
            ("行政区划代码", made(division)),
            ("统一社会信用代码", fixed(uscc)),
            ("状态", fixed(OrganizationStatus::On.label())),
        ]);
    };
    if options.city.is_none() {
        push(city, CITY_NAME, OrganizationType::City, "", CITY_DIVISION, "");
    }
    push("990000Y", OPERATOR, OrganizationType::Operator, city, CITY_DIVISION, OPERATOR_USCC);
    push("990000W", PROPERTY_COMPANY, OrganizationType::PropertyCompany, city, CITY_DIVISION, PROPERTY_COMPANY_USCC);
    for town in towns {
        push(&town.division, &town.district, OrganizationType::District, city, &town.division, "");
        push(
            &format!("{}G", town.division),
            &town.office(),
            OrganizationType::ManagementUnit,
            &town.division,
            &town.division,
            "",
        );
    }
    sheet
}

fn rent_standards() -> Sheet {
    let mut sheet = Sheet::new(SheetKey::RentStandard);
    for (code, name, rate) in RENTAL.iter().filter_map(|kind| kind.standard) {
        sheet.push([
            ("标准编码", fixed(code)),
            ("标准名称", fixed(name)),
            ("单价(元/㎡·月)", fixed(rate)),
            ("计租面积", fixed(AreaBasis::Usable.label())),
            ("批准文号", fixed("模拟〔2020〕1号")),
            ("生效日期", fixed("2020-01-01")),
        ]);
    }
    sheet
}

fn projects(towns: &[Town]) -> Sheet {
    let mut sheet = Sheet::new(SheetKey::Project);
    for town in towns {
        for (decade, project) in town.projects() {
            let Point { lng, lat } = middle(project.places);
            sheet.push([
                ("项目名称", made(town.project_name(decade))),
                ("所属区县", made(&town.district)),
                ("项目地址", made(&town.district)),
                ("住房类别", fixed(HousingCategory::Sale.label())),
                ("筹集方式", fixed(SourceType::New.label())),
                ("投资主体", fixed(InvestmentType::Government.label())),
                ("产权单位", made(town.office())),
                ("建设单位", fixed(BUILDER)),
                ("运营主体", fixed(OPERATOR)),
                ("计划套数", made(project.units)),
                ("竣工日期", made(format!("{}-12-31", project.last_year))),
                ("项目状态", fixed(ProjectStatus::Operating.label())),
                ("经度", degrees(lng)),
                ("纬度", degrees(lat)),
                ("坐标系", fixed(CoordinateSystem::Wgs84.label())),
            ]);
        }
    }
    sheet
}

/// Estates have an import of their own, although that of units would create them: it brings their
/// place on the map and, for those that have rental flats, who runs them.
fn estates(towns: &[Town]) -> Sheet {
    let mut sheet = Sheet::new(SheetKey::Estate);
    for town in towns {
        for estate in &town.estates {
            let Point { lng, lat } = middle(estate.blocks.iter().map(|block| block.place));
            let let_out = estate.blocks.iter().any(|block| block.rental_units() > 0);
            let units: u32 = estate.blocks.iter().map(super::Block::units).sum();
            sheet.push([
                ("小区名称", made(&estate.name)),
                ("所属区县", made(&town.district)),
                ("小区地址", made(&estate.address)),
                ("物业公司", fixed(PROPERTY_COMPANY)),
                ("运营主体", fixed(if let_out { OPERATOR } else { "" })),
                ("规划户数", made(units)),
                ("经度", degrees(lng)),
                ("纬度", degrees(lat)),
                ("坐标系", fixed(CoordinateSystem::Wgs84.label())),
            ]);
        }
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::value::CreditCode;

    #[test]
    fn invented_credit_codes_are_right() {
        for code in [OPERATOR_USCC, PROPERTY_COMPANY_USCC] {
            assert!(CreditCode::parse(code).is_ok(), "{code}");
        }
    }

    #[test]
    #[should_panic(expected = "no column 房型")]
    fn a_column_must_exist() {
        Sheet::new(SheetKey::Building).push([("房型", fixed("x"))]);
    }
}

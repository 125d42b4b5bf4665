//! Settings of the city (domain.md §2.9) that pages need to draw themselves.

use crate::{
    billing::{
        reduction::{ENDING_DAYS, ENDING_DAYS_MAX},
        rule::{self, BillingRule},
    },
    housing::asset_depreciation::DepreciationLife,
    list::EXPORT_MAX,
    portal::sign_in::CodeRule,
    value::{Check, Complaint, CoordinateSystem, text::normalize},
};
use serde::{Deserialize, Serialize};

/// Parameter codes; the values live in table `parameter`.
pub mod code {
    /// 城市名称, shown in the head of every page
    pub const CITY_NAME: &str = "CITY_NAME";
    /// PRM-07: coordinate system of the city's map
    pub const MAP_SYSTEM: &str = "PRM-07";
    /// address of map tiles with `{z}/{x}/{y}`, empty for the offline outlines alone
    pub const MAP_TILES: &str = "MAP_TILES";
    /// PRM-06: how a unit's address is built
    pub const ADDRESS_TEMPLATE: &str = "PRM-06";
    /// PRM-05: tolerate invalid numbers of documents in imports
    pub const TOLERATE_IDS: &str = "PRM-05";
    /// PRM-70: depreciation life by structure, and the residual
    pub const DEPRECIATION_LIFE: &str = "PRM-70";
    /// PRM-01: most rows that one export may hold
    pub const EXPORT_ROWS: &str = "PRM-01";
    /// days after which a password has to be changed, 0 for never (domain.md §2.6: 90)
    pub const PASSWORD_DAYS: &str = "PASSWORD_DAYS";
    /// whether administrators and money approvers must sign in with a second factor (domain.md §2.6)
    pub const SECOND_FACTOR: &str = "SECOND_FACTOR";

    /// at how many places an account is signed in at once, 0 for any number (domain.md §2.6)
    pub const SESSION_LIMIT: &str = "SESSION_LIMIT";

    /// PRM-21: layouts by the size of a household
    pub const LAYOUTS: &str = "PRM-21";
    /// PRM-23: working days in which a contract is signed after the choice of a home
    pub const SIGN_DAYS: &str = "PRM-23";
    /// PRM-30: longest lease in months
    pub const LEASE_MONTHS: &str = "PRM-30";
    /// PRM-31: days before its end in which a contract is renewed
    pub const RENEWAL_WINDOW: &str = "PRM-31";
    /// PRM-33: months in which a household moves whose contract has expired
    pub const RELOCATION: &str = "PRM-33";
    /// PRM-41: what a part of a month is a part of
    pub const DAY_BASE: &str = "PRM-41";
    /// PRM-42: due days on which nobody works move on
    pub const DUE_ROLLS: &str = "PRM-42";
    /// PRM-43: late fee, grace days, cap
    pub const LATE_FEE: &str = "PRM-43";
    /// PRM-44: how much is deposited
    pub const DEPOSIT: &str = "PRM-44";
    /// PRM-45: what of a debt is paid first
    pub const PAID_FIRST: &str = "PRM-45";
    /// PRM-40: day of the month on which its bills are made
    pub const BILL_DAY: &str = "PRM-40";
    /// PRM-46: days of direct debit in a month, and of its retries
    pub const DEDUCTION_DAYS: &str = "PRM-46";
    /// whether the batches of these days are made without being asked
    pub const DEDUCTION_AUTO: &str = "DEDUCTION_AUTO";
    /// PRM-47: what was paid ahead is used before the bank is asked
    pub const BALANCE_FIRST: &str = "PRM-47";
    /// PRM-48: overdue months from which the levels of arrears begin
    pub const ARREARS_LEVELS: &str = "PRM-48";
    /// PRM-49: days that a written notice gives
    pub const NOTICE_DAYS: &str = "PRM-49";
    /// PRM-51: arrears that are not counted
    pub const ARREARS_MINOR: &str = "PRM-51";
    /// prices of what meters measure (§4.12)
    pub const WATER_PRICE: &str = "WATER_PRICE";
    pub const POWER_PRICE: &str = "POWER_PRICE";
    pub const GAS_PRICE: &str = "GAS_PRICE";
    pub const HEAT_PRICE: &str = "HEAT_PRICE";
    /// PRM-76: multiple of the average from which a usage has to be confirmed
    pub const METER_FACTOR: &str = "PRM-76";
    /// up to which bad debt is written off without the city's leader (§6.4)
    pub const WRITE_OFF_LIMIT: &str = "WRITE_OFF_LIMIT";

    /// days before its end in which a rent reduction is to be reviewed (E-56)
    pub const REDUCTION_DAYS: &str = "REDUCTION_DAYS";

    /// PRM-03: codes by text message
    pub const SMS_CODE: &str = "PRM-03";

    /// Every code that can be set so far.
    pub const ALL: [&str; 35] = [
        CITY_NAME,
        MAP_SYSTEM,
        MAP_TILES,
        ADDRESS_TEMPLATE,
        TOLERATE_IDS,
        DEPRECIATION_LIFE,
        PASSWORD_DAYS,
        SECOND_FACTOR,
        SESSION_LIMIT,
        EXPORT_ROWS,
        LAYOUTS,
        SIGN_DAYS,
        LEASE_MONTHS,
        RENEWAL_WINDOW,
        RELOCATION,
        DAY_BASE,
        DUE_ROLLS,
        LATE_FEE,
        DEPOSIT,
        PAID_FIRST,
        BILL_DAY,
        DEDUCTION_DAYS,
        DEDUCTION_AUTO,
        BALANCE_FIRST,
        ARREARS_LEVELS,
        NOTICE_DAYS,
        ARREARS_MINOR,
        SMS_CODE,
        WATER_PRICE,
        POWER_PRICE,
        GAS_PRICE,
        HEAT_PRICE,
        METER_FACTOR,
        WRITE_OFF_LIMIT,
        REDUCTION_DAYS,
    ];
}

/// What a tile address must name, and nothing else in braces.
const TILE_PARTS: [&str; 3] = ["{z}", "{x}", "{y}"];
/// What a unit's address is made of (PRM-06).
const ADDRESS_PARTS: [&str; 3] = ["{building}", "{entrance}", "{room}"];

/// Checks a parameter before it is kept; answers the value in the form in which it is stored.
///
/// # Errors
/// The sentence that says what can be set, or what the value must look like.
pub fn setting_check(code: &str, value: &str) -> Check<String> {
    let (named, value) = (value.trim().to_owned(), normalize(value));
    match code {
        // Shown as it was written, with its full-width brackets.
        code::CITY_NAME if (1..=50).contains(&named.chars().count()) && !named.contains(char::is_control) => Ok(named),
        code::CITY_NAME => Err(Complaint::says("城市名称须为1至50个字")),
        // domain.md spells them with a hyphen, files often without: one code is stored.
        code::MAP_SYSTEM => CoordinateSystem::parse(&value)
            .map(|system| system.code().to_owned())
            .map_err(|_| Complaint::says(format!("坐标系【{value}】不存在，可填GCJ-02、BD-09或WGS-84"))),
        code::MAP_TILES if value.is_empty() || tile_address_origin(&value).is_some() => Ok(value),
        code::MAP_TILES => Err(Complaint::says(
            "瓦片地址须以http://或https://开头，并含{z}、{x}、{y}，如https://tiles.example/{z}/{x}/{y}.png；不用瓦片请设为空",
        )),
        code::ADDRESS_TEMPLATE if ADDRESS_PARTS.iter().all(|part| value.contains(part)) => Ok(value),
        code::ADDRESS_TEMPLATE => Err(Complaint::says("地址模板须含{building}、{entrance}、{room}")),
        code::PASSWORD_DAYS => match value.parse::<u16>() {
            Ok(days @ (0 | 30..=365)) => Ok(days.to_string()),
            _ => Err(Complaint::says("密码有效期须为30至365天，0表示不限期")),
        },
        code::EXPORT_ROWS => match value.parse::<u32>() {
            Ok(rows @ 1_000..=100_000) => Ok(rows.to_string()),
            _ => Err(Complaint::says("导出条数上限须为1000至100000")),
        },
        code::DEPRECIATION_LIFE => DepreciationLife::parse(&value).map(DepreciationLife::code),
        code::TOLERATE_IDS if matches!(value.as_str(), "true" | "false") => Ok(value),
        code::TOLERATE_IDS => Err(Complaint::says("是否容许证件号码有误，可填true或false")),
        code::SECOND_FACTOR if matches!(value.as_str(), "true" | "false") => Ok(value),
        code::SECOND_FACTOR => Err(Complaint::says("是否必须使用二次验证，可填true或false")),
        code::SESSION_LIMIT => match value.parse::<u8>() {
            Ok(places @ 0..=20) => Ok(places.to_string()),
            _ => Err(Complaint::says("同时登录数须为1至20，0表示不限")),
        },
        code::REDUCTION_DAYS => match value.parse::<u16>() {
            Ok(days @ 1..=ENDING_DAYS_MAX) => Ok(days.to_string()),
            _ => Err(Complaint::says(format!("租金核减到期提醒须为1至{ENDING_DAYS_MAX}天"))),
        },
        code::SMS_CODE => CodeRule::parse(&value).map(CodeRule::code),
        code if rule::CODES.contains(&code) => {
            BillingRule::default().set(code, &value)?;
            Ok(value)
        }
        _ => Err(Complaint::says(format!("没有参数【{code}】，可设置的参数：{}", code::ALL.join("、")))),
    }
}

/// The origin of a tile address, as a content security policy names it: `{s}` stands for any host there.
/// None when it is no such address, and for anything that could end the policy's rule.
fn tile_address_origin(tiles: &str) -> Option<String> {
    let (scheme, rest) = tiles.split_once("://")?;
    let (host, path) = rest.split_once('/')?;
    let host = host.replace("{s}", "*");
    let plain = |text: &str, more: &str| {
        !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric() || more.contains(letter))
    };
    let complete = TILE_PARTS.iter().all(|part| path.contains(part));
    (matches!(scheme, "http" | "https") && plain(&host, ".-:*") && plain(path, "{}/._-~?&=%@+:") && complete)
        .then(|| format!("{scheme}://{host}"))
}

/// What the city has set, with the defaults of the catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CitySettings {
    pub city_name: String,
    pub map_system: CoordinateSystem,
    pub map_tiles: String,
    pub address_template: String,
    /// 0: for ever
    pub password_days: u16,
    /// PRM-05: an import takes a number that breaks the rules and marks it as not verified
    #[serde(default)]
    pub tolerate_ids: bool,
    /// PRM-01
    pub export_rows: u32,
    /// 0: any number
    pub session_limit: u8,
}

impl Default for CitySettings {
    fn default() -> Self {
        Self {
            city_name: "公租房管理平台".to_owned(),
            map_system: CoordinateSystem::Gcj02,
            map_tiles: String::new(),
            address_template: "{building}号楼{entrance}单元{room}室".to_owned(),
            password_days: 90,
            tolerate_ids: false,
            export_rows: EXPORT_MAX,
            session_limit: 5,
        }
    }
}

impl CitySettings {
    /// The value of a parameter as it is stored, of one that only the store reads its default; empty for a code that is
    /// none.
    #[must_use]
    pub fn value(&self, code: &str) -> String {
        match code {
            code::CITY_NAME => self.city_name.clone(),
            code::MAP_SYSTEM => self.map_system.code().to_owned(),
            code::MAP_TILES => self.map_tiles.clone(),
            code::ADDRESS_TEMPLATE => self.address_template.clone(),
            code::TOLERATE_IDS => self.tolerate_ids.to_string(),
            code::EXPORT_ROWS => self.export_rows.to_string(),
            code::DEPRECIATION_LIFE => DepreciationLife::default().code(),
            code::PASSWORD_DAYS => self.password_days.to_string(),
            code::SECOND_FACTOR => "true".to_owned(),
            code::SESSION_LIMIT => self.session_limit.to_string(),
            code::SMS_CODE => CodeRule::default().code(),
            code::REDUCTION_DAYS => ENDING_DAYS.to_string(),
            _ => BillingRule::default().value(code).unwrap_or_default(),
        }
    }

    /// Where map tiles come from, for the content security policy; none without tiles.
    #[must_use]
    pub fn tile_origin(&self) -> Option<String> {
        tile_address_origin(&self.map_tiles)
    }

    /// PRM-06 filled in: `01号楼03单元0401室`.
    #[must_use]
    pub fn unit_address(&self, building: &str, entrance: &str, room: &str) -> String {
        // A number that already says 号楼/幢/栋 or 单元 does not get it twice.
        let building_suffixed = ["号楼", "楼", "幢", "栋", "座"].iter().any(|suffix| building.ends_with(suffix));
        let template = if building_suffixed {
            self.address_template.replace("{building}号楼", "{building}")
        } else {
            self.address_template.clone()
        };
        let template =
            if entrance.ends_with("单元") { template.replace("{entrance}单元", "{entrance}") } else { template };
        let template = if room.ends_with('室') { template.replace("{room}室", "{room}") } else { template };
        template.replace("{building}", building).replace("{entrance}", entrance).replace("{room}", room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_follow_the_template_once() {
        let settings = CitySettings::default();
        assert_eq!(settings.unit_address("01", "03", "0401"), "01号楼03单元0401室");
        assert_eq!(settings.unit_address("9号楼", "2单元", "201室"), "9号楼2单元201室");
    }

    #[test]
    fn a_parameter_is_known_and_its_value_makes_sense() {
        for (code, value, stored) in [
            ("PRM-07", "WGS-84", "WGS84"),
            ("PRM-07", " gcj-02 ", "GCJ02"),
            ("PRM-07", "BD09", "BD09"),
            ("CITY_NAME", "  测试市（公租房） ", "测试市（公租房）"),
            ("MAP_TILES", "", ""),
            ("MAP_TILES", "https://{s}.tiles.example/{z}/{x}/{y}.png", "https://{s}.tiles.example/{z}/{x}/{y}.png"),
            ("PRM-06", "{building}-{entrance}-{room}", "{building}-{entrance}-{room}"),
            ("PASSWORD_DAYS", " 090 ", "90"),
            ("PASSWORD_DAYS", "0", "0"),
            ("SESSION_LIMIT", " 03 ", "3"),
            ("SESSION_LIMIT", "0", "0"),
            ("REDUCTION_DAYS", "045", "45"),
        ] {
            assert_eq!(setting_check(code, value).as_deref(), Ok(stored), "{code} {value}");
        }
        for (code, value, complaint) in [
            (
                "PRM-7",
                "foo",
                "没有参数【PRM-7】，可设置的参数：CITY_NAME、PRM-07、MAP_TILES、PRM-06、PRM-05、PRM-70、PASSWORD_DAYS、SECOND_FACTOR、SESSION_LIMIT、PRM-01、PRM-21、PRM-23、PRM-30、PRM-31、PRM-33、PRM-41、PRM-42、PRM-43、PRM-44、PRM-45、PRM-40、PRM-46、DEDUCTION_AUTO、PRM-47、PRM-48、PRM-49、PRM-51、PRM-03、WATER_PRICE、POWER_PRICE、GAS_PRICE、HEAT_PRICE、PRM-76、WRITE_OFF_LIMIT、REDUCTION_DAYS",
            ),
            ("PRM-07", "UTM", "坐标系【UTM】不存在，可填GCJ-02、BD-09或WGS-84"),
            ("PRM-07", "", "坐标系【】不存在，可填GCJ-02、BD-09或WGS-84"),
            ("CITY_NAME", " ", "城市名称须为1至50个字"),
            ("PRM-01", "999", "导出条数上限须为1000至100000"),
            ("PASSWORD_DAYS", "7", "密码有效期须为30至365天，0表示不限期"),
            ("SESSION_LIMIT", "21", "同时登录数须为1至20，0表示不限"),
            ("REDUCTION_DAYS", "0", "租金核减到期提醒须为1至180天"),
            ("SECOND_FACTOR", "是", "是否必须使用二次验证，可填true或false"),
            ("PRM-06", "{building}", "地址模板须含{building}、{entrance}、{room}"),
        ] {
            assert_eq!(setting_check(code, value).unwrap_err().text(), complaint, "{code} {value}");
        }
    }

    #[test]
    fn only_a_tile_address_has_an_origin() {
        let origin = |tiles: &str| CitySettings { map_tiles: tiles.into(), ..CitySettings::default() }.tile_origin();
        assert_eq!(origin("https://tiles.example:8443/{z}/{x}/{y}.png").as_deref(), Some("https://tiles.example:8443"));
        assert_eq!(origin("http://{s}.example/a?z={z}&x={x}&y={y}").as_deref(), Some("http://*.example"));
        for none in [
            "",
            "tiles.example/{z}/{x}/{y}",
            "ftp://tiles.example/{z}/{x}/{y}",
            "https:///{z}/{x}/{y}",
            "https://tiles.example/{z}/{x}.png",
            "https://tiles.example; script-src */{z}/{x}/{y}",
            "https://tiles.example 'unsafe-eval'/{z}/{x}/{y}",
        ] {
            assert_eq!(origin(none), None, "{none}");
            assert!(none.is_empty() || setting_check(code::MAP_TILES, none).is_err(), "{none}");
        }
    }
}

//! 参数 (E-130, S1-9.6, domain.md §2.9): what the city sets for itself, from a day on, under maker and checker.
//!
//! The catalogue names what the program reads; a parameter that nothing reads is not offered.

use crate::{
    failure::FieldErrors,
    form::date,
    housing::choice::Choice,
    id::OrganizationId,
    platform::{
        approval::reason_check,
        setting::{code, setting_check},
    },
    value::Complaint,
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// One parameter of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    pub code: &'static str,
    pub label: &'static str,
    /// what it does and what can be set
    pub hint: &'static str,
    /// whether a district may have a value of its own, which then holds there instead of the city's
    pub by_district: bool,
}

const fn citywide(code: &'static str, label: &'static str, hint: &'static str) -> Parameter {
    Parameter { code, label, hint, by_district: false }
}

const fn by_district(code: &'static str, label: &'static str, hint: &'static str) -> Parameter {
    Parameter { code, label, hint, by_district: true }
}

/// What can be set, in the order in which administrators look for it.
pub const CATALOGUE: &[Parameter] = &[
    citywide(code::CITY_NAME, "平台名称", "显示在菜单顶部和页面标题，1至50个字"),
    citywide(code::MAP_SYSTEM, "地图坐标系", "GCJ-02、BD-09或WGS-84；改变后全部地图位置重新换算"),
    citywide(code::MAP_TILES, "地图瓦片地址", "须含{z}、{x}、{y}；留空只显示离线轮廓"),
    citywide(code::ADDRESS_TEMPLATE, "住房地址模板", "须含{building}、{entrance}、{room}；对此后录入的房源生效"),
    citywide(code::TOLERATE_IDS, "导入容许证件号码有误", "true或false；容许时按未核验登记"),
    by_district(
        code::DEPRECIATION_LIFE,
        "资产折旧年限",
        "钢混/砖混/简易三个年数，不少于50/30/8，可再加残值率，如50/30/8/3",
    ),
    citywide(code::PASSWORD_DAYS, "密码有效期（天）", "到期须修改密码，30至365天；0表示不限期"),
    citywide(
        code::SECOND_FACTOR,
        "管理员和资金审批人必须使用二次验证",
        "true或false；true时，能维护或复核机构、用户、角色、参数、流程，或审批退费、退租账单、代扣、租金、减免、接管、结账的账号，登录后须先启用二次验证",
    ),
    citywide(code::SESSION_LIMIT, "同一账号同时登录数", "1至20，超过时最久未使用的一处自动退出；0表示不限"),
    citywide(code::EXPORT_ROWS, "最大导出条数", "1000至100000"),
    by_district(
        code::LAYOUTS,
        "家庭人口与户型",
        "直接分配时按家庭人口可分配的户型，如1=STUDIO/ONE,2-3=ONE/TWO,4+=TWO/THREE；宿舍型不限",
    ),
    by_district(code::SIGN_DAYS, "签约期限（工作日）", "选房或直接分配后须签约的期限，1至60；逾期房源释放"),
    by_district(code::LEASE_MONTHS, "最长租期（月）", "1至60，办法规定一般不超过5年"),
    by_district(
        code::RENEWAL_WINDOW,
        "续签办理期限（天）",
        "合同到期前开始办理和截止申请的天数，如180/90；截止后仍可办理，页面提示",
    ),
    by_district(code::RELOCATION, "搬迁期（月）", "合同到期未续签的住户腾退的期限，1至12；期内按合同租金计费"),
    by_district(code::DAY_BASE, "日租金基数", "ACTUAL（当期实际天数）、30或365"),
    by_district(code::DUE_ROLLS, "缴费日遇休息日顺延", "true或false"),
    by_district(
        code::LATE_FEE,
        "滞纳金",
        "off/宽限天数，或日费率/宽限天数/上限百分比，如0.0005/5/100；日费率不超过0.001",
    ),
    by_district(
        code::DEPOSIT,
        "押金",
        "新合同的通常押金：FIXED/金额，或MONTHS/月数（月租金的倍数），如FIXED/1000、MONTHS/3；合同可另行约定",
    ),
    by_district(code::PAID_FIRST, "抵扣顺序", "PRINCIPAL（先本金后滞纳金）或LATE_FEE（先滞纳金后本金）"),
    by_district(code::BILL_DAY, "每月自动出账日", "1至28日，当日起自动生成当月账单；off为只由财务手工生成"),
    by_district(code::DEDUCTION_DAYS, "代扣日和重扣日", "每月的日期，由小到大，1至28日，最多六个，如15/20/25"),
    by_district(
        code::DEDUCTION_AUTO,
        "代扣日自动制作批次",
        "true或false；true时在代扣日和重扣日自动制作代扣批次，仍须一人复核、另一人发送；false为只由财务手工制作",
    ),
    by_district(code::BALANCE_FIRST, "代扣前先用账户余额", "true或false"),
    by_district(code::ARREARS_LEVELS, "欠费等级月数", "四个由小到大的月数，如1/2/3/6"),
    by_district(code::NOTICE_DAYS, "催缴通知书限缴天数", "收到通知之日起，1至90天"),
    by_district(code::ARREARS_MINOR, "忽略不计的欠费（元）", "不足此数不算欠费，0至100元"),
    citywide(code::SMS_CODE, "短信验证码", "位数/有效秒数/重发间隔秒数/每日次数/可错次数，如6/300/60/10/5"),
    by_district(code::WATER_PRICE, "水费单价（元）", "单价或阶梯价，如3.15或180:2.1,260:3.2,5；留空为未设置"),
    by_district(code::POWER_PRICE, "电费单价（元）", "单价或阶梯价，如0.56或260:0.52,400:0.57,0.82；留空为未设置"),
    by_district(code::GAS_PRICE, "燃气费单价（元）", "单价或阶梯价，如2.6；留空为未设置"),
    by_district(code::HEAT_PRICE, "采暖单价（元）", "单价或阶梯价，按热表用量；留空为未设置"),
    by_district(code::METER_FACTOR, "异常用量倍数", "用量超过近期平均的倍数须确认，1.1至100"),
    by_district(code::WRITE_OFF_LIMIT, "坏账核销限额（元）", "超过此数的坏账核销须由市领导审批"),
    citywide(code::REDUCTION_DAYS, "租金核减到期提醒（天）", "到期前多少天提醒经办人复核，1至180；复核后须重新办理"),
];

/// The catalogue's entry for a code.
#[must_use]
pub fn parameter(code: &str) -> Option<&'static Parameter> {
    CATALOGUE.iter().find(|parameter| parameter.code == code)
}

/// A parameter with what is in force and what comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterRow {
    pub code: String,
    /// in force today, where no district has its own
    pub value: String,
    /// since when; none: the default of the program
    pub since: Option<NaiveDate>,
    /// every value that was set, the newest day first
    pub values: Vec<ParameterValue>,
    /// the districts that may have a value of their own; empty when none may
    pub districts: Vec<Choice>,
    /// grows with every value that is set; 0 when none was
    pub version: i32,
    /// when the last one was set, and by whom
    pub updated_at: Option<DateTime<Utc>>,
    pub updated_by: Option<String>,
    /// whether a change waits for its checker
    pub pending: bool,
}

/// A value from a day on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterValue {
    pub value: String,
    /// the district it holds for; none: the whole city
    pub district: Option<String>,
    pub valid_from: NaiveDate,
    /// who set it and who agreed; none: the command line or the first start
    pub maker: Option<String>,
    pub checker: Option<String>,
}

/// What is entered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterForm {
    pub code: String,
    /// id of the district it is for, empty for the whole city
    pub district: String,
    pub value: String,
    pub valid_from: String,
    pub reason: String,
}

/// A checked value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterFields {
    pub code: String,
    /// none: the whole city
    #[serde(default)]
    pub district: Option<OrganizationId>,
    pub value: String,
    pub valid_from: NaiveDate,
}

impl ParameterForm {
    /// Checks a new value; what has been in force already is not changed afterwards.
    ///
    /// # Errors
    /// Complaints by field.
    pub fn check(&self, today: NaiveDate) -> Result<(ParameterFields, String), FieldErrors> {
        let mut errors = FieldErrors::default();
        let value = errors.take("value", setting_check(&self.code, &self.value));
        let district = match self.district.trim() {
            "" => Ok(None),
            _ if parameter(&self.code).is_some_and(|known| !known.by_district) => {
                Err(Complaint::says("该参数全市统一，不能按区设置"))
            }
            id => id.parse().map(|id| Some(OrganizationId(id))).map_err(|_| Complaint::says("请选择适用范围")),
        };
        let district = errors.take("district", district);
        let valid_from = date(self.valid_from.trim())
            .and_then(|day| if day < today { Err(Complaint::says("生效日期不能早于今天")) } else { Ok(day) });
        // Every place on the map moves with it, at once.
        let at_once = self.code == code::MAP_SYSTEM;
        let valid_from = valid_from.and_then(|day| {
            if at_once && day > today { Err(Complaint::says("该参数只能自今天起生效")) } else { Ok(day) }
        });
        let valid_from = errors.take("valid_from", valid_from);
        let reason = errors.take("reason", reason_check(&self.reason));
        match (value, district, valid_from, reason) {
            (Some(value), Some(district), Some(valid_from), Some(reason)) if errors.is_empty() => {
                Ok((ParameterFields { code: self.code.clone(), district, value, valid_from }, reason))
            }
            _ => Err(errors),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_what_can_be_set() {
        let codes: Vec<_> = CATALOGUE.iter().map(|parameter| parameter.code).collect();
        assert_eq!(codes, code::ALL);
        assert!(parameter("PRM-99").is_none());
    }

    #[test]
    fn the_past_is_not_set() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let form = ParameterForm {
            code: "PRM-07".into(),
            value: "wgs-84".into(),
            valid_from: "2026-12-01".into(),
            reason: "与测绘成果一致".into(),
            ..ParameterForm::default()
        };
        let (fields, _) = form.check(day("2026-12-01")).expect("it is right");
        assert_eq!((fields.value.as_str(), fields.valid_from), ("WGS84", day("2026-12-01")));
        let errors = form.check(day("2026-11-30")).unwrap_err();
        assert_eq!(errors.get("valid_from"), Some("该参数只能自今天起生效"));
        let errors = form.check(day("2026-12-02")).unwrap_err();
        assert_eq!(errors.get("valid_from"), Some("生效日期不能早于今天"));
        let of_a_district = ParameterForm { district: "7".into(), ..form.clone() };
        let errors = of_a_district.check(day("2026-12-01")).unwrap_err();
        assert_eq!(errors.get("district"), Some("该参数全市统一，不能按区设置"));
        let life = ParameterForm { code: "PRM-70".into(), value: "50/30/8".into(), ..of_a_district };
        let (fields, _) = life.check(day("2026-12-01")).expect("a district may");
        assert_eq!(fields.district, Some(OrganizationId(7)));
        let unknown = ParameterForm { code: "PRM-99".into(), ..form };
        assert!(unknown.check(day("2026-12-01")).unwrap_err().get("value").is_some());
    }
}

//! Dictionaries of organisations and operators (domain.md §1.2 D-49, D-50).

use super::dictionary;

dictionary! {
    /// 机构类型 (D-50). domain.md prints a label only for MGMT_UNIT; the others follow its glossary.
    OrganizationType = "D-50" "机构类型" {
        City = "CITY" "市",
        District = "DISTRICT" "区县",
        Street = "STREET" "街道",
        Community = "COMMUNITY" "社区",
        ManagementUnit = "MGMT_UNIT" "住房管理单位",
        Operator = "OPERATOR" "运营主体",
        PropertyCompany = "PROPERTY_CO" "物业公司",
        Employer = "EMPLOYER" "用工单位",
        Finance = "FINANCE" "财政部门",
        CivilAffairs = "CIVIL" "民政部门",
        Bank = "BANK" "银行",
    }
}

impl OrganizationType {
    /// Whether it sees by district, so that an account of it may have others listed (domain.md §6.2); streets, operators
    /// and property companies see by estate, and the rest nothing.
    #[must_use]
    pub fn is_administrative(self) -> bool {
        matches!(self, Self::City | Self::District | Self::ManagementUnit | Self::Finance | Self::CivilAffairs)
    }
}

dictionary! {
    /// 机构状态 (E-01)
    OrganizationStatus = "E-01.status" "机构状态" {
        On = "ON" "启用",
        Off = "OFF" "停用",
    }
}

dictionary! {
    /// 运营主体类型 (D-49)
    OperatorType = "D-49" "运营主体类型" {
        State = "STATE" "国有平台",
        Property = "PROPERTY" "物业企业",
        Enterprise = "ENTERPRISE" "用工单位",
        Agency = "AGENCY" "事业单位",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::assert_reads;

    #[test]
    fn lists_of_section_1_2() {
        assert_reads(
            OrganizationType::ENTRIES,
            "CITY=市, DISTRICT=区县, STREET=街道, COMMUNITY=社区, MGMT_UNIT=住房管理单位, OPERATOR=运营主体, PROPERTY_CO=物业公司, EMPLOYER=用工单位, FINANCE=财政部门, CIVIL=民政部门, BANK=银行",
        );
        assert_reads(OrganizationStatus::ENTRIES, "ON=启用, OFF=停用");
        assert_reads(OperatorType::ENTRIES, "STATE=国有平台, PROPERTY=物业企业, ENTERPRISE=用工单位, AGENCY=事业单位");
        assert_eq!((OperatorType::DICTIONARY, OperatorType::NAME), ("D-49", "运营主体类型"));
        assert_eq!((OrganizationType::DICTIONARY, OrganizationType::NAME), ("D-50", "机构类型"));
        assert_eq!(OrganizationStatus::DICTIONARY, "E-01.status");
    }
}

//! Permissions: a closed list in the program. A role is a row, a named set of them (domain.md §6.2);
//! what is not granted is forbidden.

use serde::{Deserialize, Serialize};

macro_rules! permissions {
    ($($variant:ident $code:literal $label:literal),+ $(,)?) => {
        /// One right, named `module:object:action`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Permission {
            $(#[doc = $label] #[serde(rename = $code)] $variant),+
        }

        impl Permission {
            /// Every permission, in menu order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable code that roles are stored with.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// What administrators read.
            #[must_use]
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),+ }
            }

            /// The permission of a stored code; `None` for one that this version does not know.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

permissions! {
    OrganizationRead "platform:organization:read" "查看组织机构",
    OrganizationWrite "platform:organization:write" "维护组织机构",
    DivisionWrite "platform:division:write" "维护区划轮廓",
    AuditRead "platform:audit:read" "查看和校验操作日志",
    KioskStart "platform:session:kiosk" "开启大屏会话",
    ProjectRead "housing:project:read" "查看项目",
    ProjectWrite "housing:project:write" "维护项目",
    EstateRead "housing:estate:read" "查看小区",
    EstateWrite "housing:estate:write" "维护小区",
    EstateAssign "housing:estate:assign" "指定小区的运营主体和物业公司",
    BuildingRead "housing:building:read" "查看楼栋",
    UnitRead "housing:unit:read" "查看房源",
    UnitWrite "housing:unit:write" "维护房源",
    UnitTransition "housing:unit:transition" "变更房源状态",
    RoomRead "housing:room:read" "查看房间",
    RentStandardRead "housing:rent_standard:read" "查看租金标准",
    RentStandardWrite "housing:rent_standard:write" "维护租金标准",
    StockExport "housing:stock:export" "导出房源数据",
    OperatorRead "operator:operator:read" "查看运营主体",
    PersonRead "person:person:read" "查看人员",
    PersonWrite "person:person:write" "维护人员",
    PersonAssign "person:person:assign" "变更人员所属机构",
    PersonExport "person:person:export" "导出人员",
    PersonImport "person:person:import" "导入人员",
    PersonMerge "person:person:merge" "合并重复人员",
    PersonDelete "person:person:delete" "删除人员",
    IdNumberClear "person:id_number:clear" "查看证件号码明文",
    ContactClear "person:contact:clear" "查看电话和住址明文",
    BankClear "person:bank:clear" "查看银行账号明文",
    HomeRead "insight:home:read" "查看首页统计",
    MapRead "insight:map:read" "查看房源地图",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_leads_back_to_its_permission() {
        for permission in Permission::ALL {
            assert_eq!(Permission::from_code(permission.code()), Some(*permission));
        }
        assert_eq!(Permission::from_code("housing:unit:burn"), None);
    }
}

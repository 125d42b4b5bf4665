//! Dictionaries of attachments: whose they are, and what they are (D-18, and what E-04, E-10…E-15 name as files).

use super::dictionary;

dictionary! {
    /// The records that files belong to.
    AttachmentOwner = "attachment.owner" "附件所属" {
        Person = "PERSON" "人员",
        Project = "PROJECT" "项目",
        Estate = "ESTATE" "小区",
        Building = "BUILDING" "楼栋",
        Unit = "UNIT" "房源",
        AssetMaster = "ASSET_MASTER" "资产主卡片",
        Contract = "CONTRACT" "合同",
        HandOver = "HAND_OVER" "交房记录",
        Dunning = "DUNNING" "催缴记录",
        Exit = "EXIT" "退租",
        MeterReading = "METER_READING" "抄表记录",
    }
}

dictionary! {
    /// 附件类型: what D-18 calls papers of persons, and what the stock and the asset ledger keep.
    AttachmentKind = "D-18" "附件类型" {
        Photo = "PHOTO" "照片",
        Plan = "PLAN" "平面图",
        Layout = "LAYOUT" "户型图",
        Approval = "APPROVAL" "立项批复",
        Land = "LAND" "土地证/用地批准书",
        Planning = "PLANNING" "规划许可证",
        Construction = "CONSTRUCTION" "施工许可证",
        Acceptance = "ACCEPTANCE" "竣工验收资料",
        Title = "TITLE" "权属证书",
        Voucher = "VOUCHER" "会计凭证",
        Acquisition = "ACQUISITION" "取得合同",
        Appraisal = "APPRAISAL" "评估报告",
        ContractScan = "CONTRACT" "合同扫描件",
        Explained = "EXPLAINED" "条款说明确认书",
        HandOverSheet = "HAND_OVER" "交房确认单",
        InspectionSheet = "INSPECTION" "验房单",
        SettlementSheet = "SETTLEMENT" "退租结算单",
        Service = "SERVICE" "送达回证",
        IdCard = "IDCARD" "身份证",
        Hukou = "HUKOU" "家庭成员户口",
        Marriage = "MARRIAGE" "婚姻证明",
        Divorce = "DIVORCE" "离婚证/判决书",
        Death = "DEATH" "死亡证明",
        Adopt = "ADOPT" "收养证明",
        Income = "INCOME" "收入资料",
        Asset = "ASSET" "财产声明",
        NoHouse = "NOHOUSE" "无房证明",
        Property = "PROPERTY" "房产证明",
        Lease = "LEASE" "租房合同",
        Dibao = "DIBAO" "低保/特困证",
        Disabled = "DISABLED" "残疾证",
        SocialSecurity = "SOCIALSEC" "社保证明",
        Labor = "LABOR" "劳动合同",
        Education = "EDU" "学历证明",
        Report = "REPORT" "申请报告",
        Consent = "CONSENT" "核查授权书",
        Promise = "PROMISE" "诚信承诺书",
        Proxy = "PROXY" "委托书",
        Other = "OTHER" "其它",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::find;

    #[test]
    fn no_text_means_two_kinds() {
        for (place, entry) in AttachmentKind::ENTRIES.iter().enumerate() {
            assert_eq!(find(AttachmentKind::ENTRIES, entry.label), Ok(place));
            assert_eq!(find(AttachmentKind::ENTRIES, entry.code), Ok(place));
        }
    }
}

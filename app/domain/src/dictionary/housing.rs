//! Dictionaries of the stock: projects, buildings, units, rooms (domain.md §1.2 D-01 … D-08).

use super::dictionary;

dictionary! {
    /// 住房类别 (D-01)
    HousingCategory = "D-01" "住房类别" {
        PublicRental = "PRH" "公租房",
        LowRent = "LOWRENT" "廉租房",
        Affordable = "AFFORD" "经适房",
        Sale = "SALE" "配售型保障房",
        SubsidisedRental = "SUBRENT" "保租房",
        Resettlement = "RESETTLE" "安置房",
        Talent = "TALENT" "人才房",
        Commercial = "COMMERCIAL" "配套商业",
    }
}

dictionary! {
    /// 筹集方式 (D-02)
    SourceType = "D-02" "筹集方式" {
        New = "NEW" "新建",
        Convert = "CONVERT" "改建",
        Purchase = "PURCHASE" "收购",
        LongLease = "LONGLEASE" "长期租赁",
        Allocated = "ALLOCATED" "配建",
        Transfer = "TRANSFER" "划转",
        Donation = "DONATION" "捐赠",
    }
}

dictionary! {
    /// 投资主体 (D-03)
    InvestmentType = "D-03" "投资主体" {
        Government = "GOV" "政府投资",
        StateOwned = "SOE" "国企投资",
        Enterprise = "ENTERPRISE" "企业投资",
        Social = "SOCIAL" "社会力量投资",
    }
}

dictionary! {
    /// 户型 (D-04)
    LayoutType = "D-04" "户型" {
        Studio = "STUDIO" "单间",
        One = "ONE" "一居室",
        Two = "TWO" "两居室",
        Three = "THREE" "三居室",
        Dormitory = "DORM" "宿舍型",
    }
}

dictionary! {
    /// 房源状态 (D-05); how it changes is `housing::unit_status`.
    UnitStatus = "D-05" "房源状态" {
        Prep = "PREP" "筹建中",
        Vacant = "VACANT" "闲置房(空置)",
        Reserved = "RESERVED" "已锁定",
        Assigned = "ASSIGNED" "已分配",
        Signed = "SIGNED" "已签约待入住",
        Occupied = "OCCUPIED" "已入住",
        Repair = "REPAIR" "维修整备中",
        Frozen = "FROZEN" "冻结",
        Sold = "SOLD" "已售",
        OffShelf = "OFFSHELF" "已注销",
    }
}

dictionary! {
    /// 朝向 (D-06)
    Orientation = "D-06" "朝向" {
        East = "E" "东",
        South = "S" "南",
        West = "W" "西",
        North = "N" "北",
        SouthEast = "SE" "东南",
        SouthWest = "SW" "西南",
        NorthEast = "NE" "东北",
        NorthWest = "NW" "西北",
        SouthNorth = "SN" "南北",
    }
}

dictionary! {
    /// 建筑结构 (D-07)
    Structure = "D-07" "建筑结构" {
        ReinforcedConcrete = "RC" "钢筋混凝土",
        Steel = "STEEL" "钢结构",
        BrickConcrete = "BRICK_CONC" "砖混",
        BrickWood = "BRICK_WOOD" "砖木",
        Other = "OTHER" "其他",
    }
}

dictionary! {
    /// 装修 (D-08)
    Decoration = "D-08" "装修" {
        Rough = "ROUGH" "毛坯",
        Simple = "SIMPLE" "简装",
        Fine = "FINE" "精装",
    }
}

dictionary! {
    /// 项目状态 (E-10)
    ProjectStatus = "E-10.status" "项目状态" {
        Planned = "PLANNED" "规划中",
        Building = "BUILDING" "在建",
        Completed = "COMPLETED" "已竣工",
        Operating = "OPERATING" "运营中",
        Closed = "CLOSED" "已关闭",
    }
}

dictionary! {
    /// Why a unit goes OFFSHELF (domain.md §3.27 U9)
    OffshelfGround = "U9.ground" "注销原因" {
        Demolished = "DEMOLISHED" "拆除",
        Transferred = "TRANSFERRED" "划转或转让",
        Other = "OTHER" "其他",
    }
}

dictionary! {
    /// 计租面积口径: which of a unit's areas the rent is charged on (PRM-34).
    AreaBasis = "PRM-34" "计租面积口径" {
        Usable = "USABLE" "使用面积",
        Building = "BUILDING" "建筑面积",
        Inner = "INNER" "套内面积",
    }
}

dictionary! {
    /// Whether a building (E-12), a room (E-14) or a rent standard (E-17) is in use; domain.md names
    /// their `status` without values, so it has those of E-01.
    UseStatus = "E-12.status" "使用状态" {
        On = "ON" "启用",
        Off = "OFF" "停用",
    }
}

dictionary! {
    /// 房间类型 (E-14)
    RoomType = "E-14.type" "房间类型" {
        Suite = "SUITE" "套",
        Room = "ROOM" "间",
        Bed = "BED" "床位",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::assert_reads;

    /// Word for word from domain.md §1.2; D-06 prints only the label of SN.
    #[test]
    fn lists_of_section_1_2() {
        assert_reads(
            HousingCategory::ENTRIES,
            "PRH=公租房, LOWRENT=廉租房, AFFORD=经适房, SALE=配售型保障房, SUBRENT=保租房, RESETTLE=安置房, TALENT=人才房, COMMERCIAL=配套商业",
        );
        assert_reads(
            SourceType::ENTRIES,
            "NEW=新建, CONVERT=改建, PURCHASE=收购, LONGLEASE=长期租赁, ALLOCATED=配建, TRANSFER=划转, DONATION=捐赠",
        );
        assert_reads(InvestmentType::ENTRIES, "GOV=政府投资, SOE=国企投资, ENTERPRISE=企业投资, SOCIAL=社会力量投资");
        assert_reads(LayoutType::ENTRIES, "STUDIO=单间, ONE=一居室, TWO=两居室, THREE=三居室, DORM=宿舍型");
        assert_reads(
            UnitStatus::ENTRIES,
            "PREP=筹建中, VACANT=闲置房(空置), RESERVED=已锁定, ASSIGNED=已分配, SIGNED=已签约待入住, OCCUPIED=已入住, REPAIR=维修整备中, FROZEN=冻结, SOLD=已售, OFFSHELF=已注销",
        );
        assert_reads(Orientation::ENTRIES, "E=东, S=南, W=西, N=北, SE=东南, SW=西南, NE=东北, NW=西北, SN=南北");
        assert_reads(Structure::ENTRIES, "RC=钢筋混凝土, STEEL=钢结构, BRICK_CONC=砖混, BRICK_WOOD=砖木, OTHER=其他");
        assert_reads(Decoration::ENTRIES, "ROUGH=毛坯, SIMPLE=简装, FINE=精装");
    }

    #[test]
    fn lists_of_fields_and_parameters() {
        assert_reads(
            ProjectStatus::ENTRIES,
            "PLANNED=规划中, BUILDING=在建, COMPLETED=已竣工, OPERATING=运营中, CLOSED=已关闭",
        );
        assert_reads(AreaBasis::ENTRIES, "USABLE=使用面积, BUILDING=建筑面积, INNER=套内面积");
        assert_reads(UseStatus::ENTRIES, "ON=启用, OFF=停用");
        assert_reads(RoomType::ENTRIES, "SUITE=套, ROOM=间, BED=床位");
    }

    #[test]
    fn ids_and_names() {
        let ids = [
            (HousingCategory::DICTIONARY, HousingCategory::NAME, "D-01", "住房类别"),
            (SourceType::DICTIONARY, SourceType::NAME, "D-02", "筹集方式"),
            (InvestmentType::DICTIONARY, InvestmentType::NAME, "D-03", "投资主体"),
            (LayoutType::DICTIONARY, LayoutType::NAME, "D-04", "户型"),
            (UnitStatus::DICTIONARY, UnitStatus::NAME, "D-05", "房源状态"),
            (Orientation::DICTIONARY, Orientation::NAME, "D-06", "朝向"),
            (Structure::DICTIONARY, Structure::NAME, "D-07", "建筑结构"),
            (Decoration::DICTIONARY, Decoration::NAME, "D-08", "装修"),
            (ProjectStatus::DICTIONARY, ProjectStatus::NAME, "E-10.status", "项目状态"),
            (AreaBasis::DICTIONARY, AreaBasis::NAME, "PRM-34", "计租面积口径"),
            (UseStatus::DICTIONARY, UseStatus::NAME, "E-12.status", "使用状态"),
            (RoomType::DICTIONARY, RoomType::NAME, "E-14.type", "房间类型"),
        ];
        for (id, name, expected_id, expected_name) in ids {
            assert_eq!((id, name), (expected_id, expected_name));
        }
    }
}

//! Dictionaries of persons and households (domain.md §1.2 D-10 to D-14, D-52, and the standards E-04 names).

use super::dictionary;

dictionary! {
    /// 保障类别 (D-10)
    ApplicantCategory = "D-10" "保障类别" {
        Destitute = "DESTITUTE" "特困",
        Dibao = "DIBAO" "低保",
        LowIncome = "LOWINC" "低收入(低保边缘)",
        LowerMiddle = "LOWMID" "中等偏下收入",
        NewEmployee = "NEWEMP" "新就业无房职工",
        Migrant = "MIGRANT" "外来务工人员",
        Talent = "TALENT" "引进人才",
        Special = "SPECIAL" "其他特殊群体",
    }
}

dictionary! {
    /// 优先情形 (D-11)
    SpecialTag = "D-11" "优先情形" {
        Entitled = "YOUFU" "优抚对象",
        LonelyOld = "LONELY_OLD" "孤老",
        Disabled = "DISABLED" "重度残疾",
        Illness = "ILLNESS" "大病",
        Martyr = "MARTYR" "烈属",
        Model = "MODEL" "省部级以上劳模",
        Hero = "HERO" "见义勇为",
        LostChild = "LOST_CHILD" "失独家庭",
        Veteran = "VETERAN" "退役军人",
        Fire = "FIRE" "消防救援人员",
        ManyChildren = "MULTI_CHILD" "多孩家庭",
        SingleParent = "SINGLE_PARENT" "单亲",
    }
}

dictionary! {
    /// 性别 (D-13, GB/T 2261.1)
    Gender = "D-13" "性别" {
        Unknown = "0" "未知",
        Male = "1" "男",
        Female = "2" "女",
        Unstated = "9" "未说明",
    }
}

dictionary! {
    /// 证件类型 (D-12)
    IdType = "D-12" "证件类型" {
        IdCard = "IDCARD" "居民身份证" | "身份证",
        ResidencePermit = "HKMT" "港澳台居民居住证",
        ForeignPermanent = "FPR" "外国人永久居留身份证",
        Officer = "OFFICER" "军官/士兵证",
        Passport = "PASSPORT" "护照",
        Other = "OTHER" "其他",
    }
}

dictionary! {
    /// 婚姻状况 (D-14, GB/T 2261.2)
    Marital = "D-14" "婚姻状况" {
        Single = "10" "未婚",
        Married = "20" "已婚",
        Widowed = "30" "丧偶",
        Divorced = "40" "离婚",
        Unstated = "90" "未说明",
    }
}

dictionary! {
    /// 人员类型 (D-52)
    PersonType = "D-52" "人员类型" {
        Tenant = "TENANT" "租户",
        CoResident = "CO_RESIDENT" "同住人",
        Repairman = "REPAIRMAN" "维修人员",
        Guard = "GUARD" "保安",
        Cleaner = "CLEANER" "保洁",
        Gardener = "GARDENER" "绿化",
        Staff = "STAFF" "管理人员",
        Landlord = "LANDLORD" "房东",
        Visitor = "VISITOR" "访客",
        Renter = "RENTER" "出租房租客",
    }
}

dictionary! {
    /// 户籍类型 (E-04 `hukou_type`)
    HukouType = "E-04.hukou_type" "户籍类型" {
        Urban = "URBAN" "城镇",
        Rural = "RURAL" "农村",
    }
}

dictionary! {
    /// 证件核验 (E-04 `id_verified`, domain.md R-90): how far a number is known to be right.
    IdVerified = "R-90" "证件核验" {
        Unverified = "UNVERIFIED" "未核验",
        FormatOk = "FORMAT_OK" "格式正确",
        RegistryOk = "REGISTRY_OK" "已核验",
    }
}

dictionary! {
    /// 学历 (GB/T 4658, first level)
    Education = "GB-4658" "学历" {
        Postgraduate = "10" "研究生",
        Bachelor = "20" "大学本科" | "本科",
        College = "30" "大学专科" | "大专",
        Vocational = "40" "中等职业教育" | "中专",
        HighSchool = "60" "普通高中" | "高中",
        MiddleSchool = "70" "初中",
        Primary = "80" "小学",
        Other = "90" "其他",
    }
}

dictionary! {
    /// 民族 (GB/T 3304; the variants are its two-letter codes)
    Nation = "GB-3304" "民族" {
        Ha = "01" "汉族" | "汉",
        Mg = "02" "蒙古族" | "蒙古",
        Hu = "03" "回族" | "回",
        Za = "04" "藏族" | "藏",
        Ug = "05" "维吾尔族" | "维吾尔",
        Mh = "06" "苗族" | "苗",
        Yi = "07" "彝族" | "彝",
        Zh = "08" "壮族" | "壮",
        By = "09" "布依族" | "布依",
        Cs = "10" "朝鲜族" | "朝鲜",
        Ma = "11" "满族" | "满",
        Do = "12" "侗族" | "侗",
        Ya = "13" "瑶族" | "瑶",
        Ba = "14" "白族" | "白",
        Tj = "15" "土家族" | "土家",
        Hn = "16" "哈尼族" | "哈尼",
        Kz = "17" "哈萨克族" | "哈萨克",
        Da = "18" "傣族" | "傣",
        Li = "19" "黎族" | "黎",
        Ls = "20" "傈僳族" | "傈僳",
        Va = "21" "佤族" | "佤",
        Sh = "22" "畲族" | "畲",
        Gs = "23" "高山族" | "高山",
        Lh = "24" "拉祜族" | "拉祜",
        Su = "25" "水族" | "水",
        Dx = "26" "东乡族" | "东乡",
        Nx = "27" "纳西族" | "纳西",
        Jp = "28" "景颇族" | "景颇",
        Kg = "29" "柯尔克孜族" | "柯尔克孜",
        Tu = "30" "土族" | "土",
        Du = "31" "达斡尔族" | "达斡尔",
        Ml = "32" "仫佬族" | "仫佬",
        Qi = "33" "羌族" | "羌",
        Bl = "34" "布朗族" | "布朗",
        Sl = "35" "撒拉族" | "撒拉",
        Mn = "36" "毛南族" | "毛南",
        Gl = "37" "仡佬族" | "仡佬",
        Xb = "38" "锡伯族" | "锡伯",
        Ac = "39" "阿昌族" | "阿昌",
        Pm = "40" "普米族" | "普米",
        Ta = "41" "塔吉克族" | "塔吉克",
        Nu = "42" "怒族" | "怒",
        Uz = "43" "乌孜别克族" | "乌孜别克",
        Rs = "44" "俄罗斯族" | "俄罗斯",
        Ew = "45" "鄂温克族" | "鄂温克",
        De = "46" "德昂族" | "德昂",
        Bn = "47" "保安族" | "保安",
        Yg = "48" "裕固族" | "裕固",
        Gi = "49" "京族" | "京",
        Tt = "50" "塔塔尔族" | "塔塔尔",
        Dr = "51" "独龙族" | "独龙",
        Or = "52" "鄂伦春族" | "鄂伦春",
        Hz = "53" "赫哲族" | "赫哲",
        Mb = "54" "门巴族" | "门巴",
        Lb = "55" "珞巴族" | "珞巴",
        Jn = "56" "基诺族" | "基诺",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::assert_reads;

    #[test]
    fn lists_of_section_1_2() {
        assert_reads(
            ApplicantCategory::ENTRIES,
            "DESTITUTE=特困, DIBAO=低保, LOWINC=低收入(低保边缘), LOWMID=中等偏下收入, NEWEMP=新就业无房职工, MIGRANT=外来务工人员, TALENT=引进人才, SPECIAL=其他特殊群体",
        );
        assert_reads(
            SpecialTag::ENTRIES,
            "YOUFU=优抚对象, LONELY_OLD=孤老, DISABLED=重度残疾, ILLNESS=大病, MARTYR=烈属, MODEL=省部级以上劳模, HERO=见义勇为, LOST_CHILD=失独家庭, VETERAN=退役军人, FIRE=消防救援人员, MULTI_CHILD=多孩家庭, SINGLE_PARENT=单亲",
        );
        assert_reads(Gender::ENTRIES, "0=未知, 1=男, 2=女, 9=未说明");
        assert_eq!((ApplicantCategory::DICTIONARY, Gender::DICTIONARY), ("D-10", "D-13"));
        assert_reads(
            IdType::ENTRIES,
            "IDCARD=居民身份证, HKMT=港澳台居民居住证, FPR=外国人永久居留身份证, OFFICER=军官/士兵证, PASSPORT=护照, OTHER=其他",
        );
        assert_reads(Marital::ENTRIES, "10=未婚, 20=已婚, 30=丧偶, 40=离婚, 90=未说明");
        assert_reads(
            PersonType::ENTRIES,
            "TENANT=租户, CO_RESIDENT=同住人, REPAIRMAN=维修人员, GUARD=保安, CLEANER=保洁, GARDENER=绿化, STAFF=管理人员, LANDLORD=房东, VISITOR=访客, RENTER=出租房租客",
        );
    }

    #[test]
    fn a_nation_is_known_with_and_without_its_last_character() {
        assert_eq!(Nation::ALL.len(), 56);
        assert_eq!((Nation::parse("汉"), Nation::parse("基诺族")), (Ok(Nation::Ha), Ok(Nation::Jn)));
        assert_eq!((Nation::Tj.code(), Nation::Tj.label()), ("15", "土家族"));
        assert_eq!(Nation::parse("土"), Ok(Nation::Tu), "not 土家族");
    }
}

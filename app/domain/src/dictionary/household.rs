//! Dictionaries of persons and households (domain.md §1.2 D-10, D-13).

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
    /// 性别 (D-13, GB/T 2261.1)
    Gender = "D-13" "性别" {
        Unknown = "0" "未知",
        Male = "1" "男",
        Female = "2" "女",
        Unstated = "9" "未说明",
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
        assert_reads(Gender::ENTRIES, "0=未知, 1=男, 2=女, 9=未说明");
        assert_eq!((ApplicantCategory::DICTIONARY, Gender::DICTIONARY), ("D-10", "D-13"));
    }
}

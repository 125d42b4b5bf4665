//! Code tables of domain.md §1.2 that no field of the program holds yet: what the city's bank, registries and reports know by
//! these codes is there to be looked up, and labelled as the city calls it. A module that begins to store one of them takes it
//! over as an enum (`dictionary!`), under the same id and codes.

use super::{Dictionary, Entry};

/// Dictionaries as data: `NAME = "id" "Chinese name" { "CODE" "label", … }`.
macro_rules! preloaded {
    ($($name:ident = $id:literal $chinese:literal { $($code:literal $label:literal),+ $(,)? })+) => {
        $(
            #[doc = concat!($id, " ", $chinese)]
            pub(super) const $name: &Dictionary = &Dictionary {
                id: $id,
                name: $chinese,
                entries: &[$(Entry { code: $code, label: $label, aliases: &[] }),+],
            };
        )+
    };
}

preloaded! {
    GUARANTEE_MODE = "D-09" "保障方式" {
        "INKIND" "实物配租", "SUBSIDY" "租赁补贴", "REDUCTION" "租金核减",
    }
    CURRENT_HOUSING = "D-16" "现住房性质" {
        "DIRECT_PUB" "直管公房", "UNIT_PUB" "单位公房", "PRIV_RENT" "租赁私房", "OWN" "自有私房", "BORROW" "借住", "NONE" "无房",
    }
    HOUSING_CHANGE = "D-17" "5年内住房变更方式" {
        "DEMOLISH" "拆迁", "TRANSFER" "转让", "GIFT" "赠与", "SPLIT" "离婚分割",
    }
    MATERIAL_FORM = "D-19" "材料形式" {
        "ORIGINAL" "原件", "COPY" "复印件", "BOTH" "原件及复印件", "ECERT" "电子证照",
    }
    // §3.1
    APPLICATION_STATUS = "D-20" "申请状态" {
        "DRAFT" "暂存", "SUBMITTED" "待受理", "CORRECTION" "待补正", "REJECTED_ACCEPT" "不予受理", "ACCEPTED" "已受理",
        "STREET_REVIEW" "街道初审中", "STREET_NOTICE" "初审公示中", "CIVIL_REVIEW" "民政核对中", "DISTRICT_REVIEW" "区复审中",
        "CITY_REVIEW" "市终审中", "RETURNED" "退回", "CITY_NOTICE" "终审公示中", "OBJECTION_HANDLING" "异议核查中",
        "APPROVED" "审核通过", "REGISTERED" "已登记", "FAILED" "审核不通过", "RECHECKING" "复核中", "WITHDRAWN" "申请人撤回",
        "VOID" "作废",
    }
    VERIFY_TYPE = "D-21" "核查类型" {
        "HUKOU" "公安户籍", "RESIDENCE" "居住证", "SOCIALSEC" "社保", "PROPERTY" "不动产", "VEHICLE" "车辆", "FUND" "公积金",
        "TAX" "个税", "CIVIL" "民政", "MARKET" "市场主体", "HOUSING" "本系统保障记录",
    }
    VERIFY_STATUS = "D-22" "核查状态" {
        "TO_SEND" "待发送", "SENT" "已发送未核查", "PART_PASS" "部分通过", "PART_FAIL" "部分不通过", "PASS" "通过", "FAIL" "不通过",
        "ERROR" "接口异常",
    }
    // §3.2
    WAITLIST_STATUS = "D-23" "轮候状态" {
        "PENDING" "待入册", "ACTIVE" "正常轮候", "FROZEN" "冻结", "IN_BATCH" "参加配租中", "SELECTED" "已选房待签约",
        "HOUSED" "已出册(已租)", "EXITED" "已出册(其他)",
    }
    WAITLIST_EXIT = "D-24" "出册原因" {
        "RENTED" "已租房出册", "BOUGHT" "已购保障房出册", "CANCELLED" "申请人取消", "VIOLATION" "核查违规",
        "CHANGED" "信息变更不符合", "EXPIRED" "资格到期", "RENOUNCED" "弃选次数超限", "DECEASED" "死亡", "OTHER" "其他",
    }
    RENOUNCE_TYPE = "D-25" "放弃类型" {
        "NO_SELECT" "弃选", "NO_SIGN" "弃签", "BREACH" "毁约",
    }
    FAMILY_CHANGE = "D-26" "家庭信息变更类型" {
        "ADD_CO" "增加共同申请人", "MARRY" "结婚增加配偶", "HUKOU" "户籍变更", "ITEM" "信息项变更", "WIDOW_REMOVE" "丧偶减除",
        "WIDOW_SUCCEED" "丧偶递补为申请人", "DIVORCE_REMOVE" "离异减除", "DIVORCE_SUCCEED" "离异递补为申请人",
        "REMOVE_CO" "减少共同申请人", "BIRTH" "新生儿", "INCOME" "收入变化", "HOUSING" "住房变化", "CATEGORY" "保障类别变化",
    }
    DISTRIBUTE_MODE = "D-27" "分配方式" {
        "QUEUE" "按轮候顺序", "SCORE" "综合评分", "LOTTERY" "随机摇号", "SCORE_LOTTERY" "分档评分后摇号",
        "DIRECTED_PERSON" "定向个人", "DIRECTED_UNIT" "定向单位", "TURNOVER" "周转房",
    }
    CARD_STATUS = "D-35" "卡状态" {
        "NEW" "待制卡", "ACTIVE" "正常", "LOST" "挂失", "DISABLED" "欠费停用", "REPLACED" "已补卡", "CANCELLED" "已销卡",
        "DAMAGED" "损坏",
    }
    DEVICE_TYPE = "D-36" "设备类型" {
        "GATE" "小区门禁", "ENTRANCE" "单元门禁", "LOCK" "户门锁", "FACE" "人脸门禁", "ELEVATOR" "梯控", "SMOKE" "烟感",
        "CAMERA" "摄像头", "MAC" "MAC采集", "METER_W" "水表", "METER_E" "电表", "READER" "读卡器", "GATEWAY" "网关",
        "CHARGER" "电动车充电", "SPEAKER" "语音",
    }
    DEVICE_STATUS = "D-37" "设备状态" {
        "ONLINE" "在线", "OFFLINE" "离线", "FAULT" "故障", "UNKNOWN" "未知", "RETIRED" "停用",
    }
    COMMAND_STATUS = "D-38" "指令状态" {
        "QUEUED" "排队中", "SENT" "已发送", "ACKED" "已确认", "FAILED" "失败", "TIMEOUT" "超时", "CANCELLED" "已取消",
    }
    OPEN_METHOD = "D-39" "开门方式" {
        "CARD" "刷卡", "IDCARD" "身份证", "FACE" "人脸", "PASSWORD" "密码", "APP" "手机应用", "REMOTE" "远程", "KEY" "钥匙",
        "BUTTON" "出门按钮", "EMERGENCY" "消防联动",
    }
    // §3.13
    REPAIR_STATUS = "D-41" "维修状态" {
        "REPORTED" "待受理", "ACCEPTED" "已受理", "DISPATCHED" "已派单", "TAKEN" "已接单", "ON_SITE" "处理中", "WAIT_PART" "待料",
        "OUTSOURCED" "转外委", "DONE" "已完成", "CHECKED" "已验收", "RATED" "已评价", "CLOSED" "已关闭", "REJECTED" "不予受理",
        "CANCELLED" "已取消", "RETURNED" "退单", "TRANSFERRED" "转单", "REOPENED" "返修",
    }
    REPAIR_SOURCE = "D-42" "报修来源" {
        "COUNTER" "窗口", "PHONE" "电话", "APP" "手机应用", "WECHAT" "微信", "INSPECTION" "巡检", "IOT" "物联网",
    }
    URGENCY = "D-43" "紧急程度" {
        "EMERGENCY" "紧急", "URGENT" "较急", "NORMAL" "一般",
    }
    LIABILITY = "D-44" "责任" {
        "LANDLORD" "产权/运营方", "TENANT" "承租人", "WARRANTY" "保修单位", "PUBLIC" "公共部位",
    }
    REVIEW_RESULT = "D-46" "复核结论" {
        "PASS" "通过", "PASS_ADJUST" "通过并调整", "FAIL" "不通过", "OVERDUE" "逾期未申报",
    }
    // §1.3
    INSPECT_COLOR = "D-47" "消防分级" {
        "GRAY" "未评定/停租", "GREEN" "合格", "YELLOW" "限期整改", "RED" "不合格禁止出租",
    }
    // The bands of points are PRM-60.
    CREDIT_LEVEL = "D-48" "信用等级" {
        "A" "A级", "B" "B级", "C" "C级", "D" "D级",
    }
    NOTICE_TYPE = "D-51" "公示类型" {
        "STREET_FIRST" "初审公示", "CITY_FINAL" "终审公示", "BATCH_QUAL" "资格核查结果公示", "DRAW_RESULT" "摇号结果",
        "SELECT_RESULT" "选房结果", "SUBSIDY" "补贴发放", "EXIT" "退出", "REVIEW" "年审",
    }
    INVOICE_TYPE = "D-54" "票据类型" {
        "FISCAL" "财政非税票据", "EINV" "数电普通发票", "RECEIPT" "收据",
    }
    ARCHIVE_PERIOD = "D-55" "保管期限" {
        "PERM" "永久", "LONG30" "30年", "SHORT10" "10年", "CUSTOM" "自定义",
    }
    ALARM_LEVEL = "D-56.level" "报警级别" {
        "1" "一级", "2" "二级", "3" "三级",
    }
    ALARM_STATUS = "D-56.status" "报警状态" {
        "NEW" "新报警", "ACK" "已确认", "DISPATCHED" "已派单", "CLOSED" "已关闭", "FALSE" "误报",
    }
}

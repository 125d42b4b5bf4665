//! The reports of tenancy and money (domain.md §8), one constant each. The sums that the columns name are counted by
//! `store::insight::report::source`, in the same order.

use super::{
    report::{By, Figure, Of, ReportSheet},
    report_query::Period,
};
use crate::dictionary::FeeItem;

/// Every report, in the order of their numbers.
pub const REPORTS: [&ReportSheet; 11] =
    [&INCOME, &RENT, &EXIT, &RECEIVABLE, &RECEIPT, &AGEING, &DEBT, &BALANCE, &DEDUCTION, &COLLECTION, &OCCUPANCY];

const fn main(header: &'static str, of: Of) -> Figure {
    Figure { header, of, essential: true }
}

const fn more(header: &'static str, of: Of) -> Figure {
    Figure { header, of, essential: false }
}

const fn none(_: FeeItem) -> bool {
    false
}

const fn any(_: FeeItem) -> bool {
    true
}

/// A deposit is owed back and was never a receivable.
const fn receivable(item: FeeItem) -> bool {
    !matches!(item, FeeItem::Deposit)
}

/// RP-06
#[rustfmt::skip] // a table: one line per column
pub const INCOME: ReportSheet = ReportSheet {
    key: "income",
    no: "RP-06",
    title: "公租房分区收入情况表",
    groups: &[By::District, By::Estate],
    second: Some("月份"),
    carried: None,
    period: Period::Months,
    items: none,
    figures: &[
        more("应收租金(元)", Of::Money(0)),
        more("核减(元)", Of::Money(1)),
        main("应缴租金(元)", Of::Money(2)),
        main("实收当期租金(元)", Of::Money(3)),
        more("追缴旧欠租金(元)", Of::Money(4)),
        main("租金收缴率", Of::Hued(5, 2)),
        more("物业费(元)", Of::Money(6)),
        more("押金净额(元)", Of::Money(7)),
        more("滞纳金(元)", Of::Money(8)),
        more("预存(元)", Of::Money(9)),
        more("其他(元)", Of::Money(10)),
        more("退费(元)", Of::Money(11)),
        main("净收入(元)", Of::Money(12)),
    ],
    capital: Some(12),
    note: "应收、核减、应缴为租金账单（不含滞纳金，扣除已减免的），按到期月份；收缴率为其中已核销部分÷应缴。实收、退费按记账日期计现金、\
           银行和第三方支付的实际收付，余额抵扣和押金抵扣在预存、收押金时已计入。净收入=当期租金+旧欠租金+物业费+押金净额+滞纳金+预存+\
           其他−退费。上缴财政不在本系统记账，不列。",
    records: Some("/billing/bills?fee_item=RENT&"),
};

/// RP-07
#[rustfmt::skip]
pub const RENT: ReportSheet = ReportSheet {
    key: "rent",
    no: "RP-07",
    title: "租金核算汇总表",
    groups: &[By::District, By::Estate],
    second: Some("租金标准"),
    carried: None,
    period: Period::Now,
    items: none,
    figures: &[
        main("户数", Of::Count(0)),
        more("计租面积(㎡)", Of::Area(1)),
        main("应收月租金(元)", Of::Money(2)),
        more("核减额(元)", Of::Money(3)),
        main("实际月租金(元)", Of::Money(4)),
        more("平均单价(元/㎡·月)", Of::Price(2, 1)),
        more("本年调整次数", Of::Count(5)),
    ],
    capital: Some(4),
    note: "履行中且已起租的合同，标准、单价和租金按当日有效的租金调整，核减含当日有效的租金核减。平均单价=应收月租金合计÷计租面积合计。\
           本年调整次数为本年内已起算的已批准租金调整。",
    records: Some("/tenancy/contracts?"),
};

/// RP-08
#[rustfmt::skip]
pub const EXIT: ReportSheet = ReportSheet {
    key: "exit",
    no: "RP-08",
    title: "退租汇总表",
    groups: &[By::District, By::Estate],
    second: Some("退租类型"),
    carried: None,
    period: Period::Months,
    items: none,
    figures: &[
        main("户数", Of::Count(0)),
        more("建筑面积(㎡)", Of::Area(1)),
        main("结清欠租(元)", Of::Money(2)),
        main("押金退还(元)", Of::Money(3)),
        more("押金抵扣(元)", Of::Money(4)),
        more("市场租金补缴(元)", Of::Money(5)),
        more("强制执行", Of::Count(6)),
        more("平均办结天数", Of::Mean(7, 0)),
        more("平均空置至再租天数", Of::Mean(8, 9)),
    ],
    capital: Some(3),
    note: "按办结日期统计已办结的退租。结清欠租为退租账单中的租金（含已计收滞纳金）：未缴清且不冲销的账单，\
           加冲销重计至退租日的租金中未缴的部分。押金退还为已付款的退押金，办结天数自申请至办结，\
           空置至再租天数自退租日至该房源下一份合同起租日，未再出租的不计。",
    records: Some("/tenancy/exits?"),
};

/// RP-13: by fee item and month; what a month opens with is what the one before has closed with.
#[rustfmt::skip]
pub const RECEIVABLE: ReportSheet = ReportSheet {
    key: "receivable",
    no: "RP-13",
    title: "应收明细汇总表",
    groups: &[By::Item, By::District, By::Estate],
    second: Some("月份"),
    carried: Some((0, 6)),
    period: Period::Months,
    items: receivable,
    figures: &[
        main("期初应收(元)", Of::Money(0)),
        main("本期转应收(元)", Of::Money(1)),
        main("本期冲减(元)", Of::Money(2)),
        more("其中冲销(元)", Of::Money(3)),
        more("其中减免核销(元)", Of::Money(4)),
        main("本期收款(元)", Of::Money(5)),
        main("期末应收(元)", Of::Money(6)),
    ],
    capital: Some(6),
    note: "按记账日期，取自总账应收款科目。转应收含期初结转，期末=期初+转应收−冲减−收款，上月期末即下月期初；小计、合计的期初取首月、期末取末月。\
           冲减为冲销与减免核销之和；收款含余额抵扣、押金抵扣，扣除作废。押金不计入应收款。点击月份查看当月有发生额的账单。",
    records: Some("/billing/bills?"),
};

/// RP-14
#[rustfmt::skip]
pub const RECEIPT: ReportSheet = ReportSheet {
    key: "receipt",
    no: "RP-14",
    title: "收款日报（月报）",
    groups: &[By::District, By::Estate, By::Cashier, By::Method, By::Item, By::Day, By::Month],
    second: None,
    carried: None,
    period: Period::Days,
    items: any,
    figures: &[
        main("笔数", Of::Count(0)),
        main("现金(元)", Of::Money(1)),
        more("刷卡(元)", Of::Money(2)),
        more("转账(元)", Of::Money(3)),
        more("银行代扣(元)", Of::Money(4)),
        more("微信(元)", Of::Money(5)),
        more("支付宝(元)", Of::Money(6)),
        more("云闪付(元)", Of::Money(7)),
        more("补贴抵扣(元)", Of::Money(8)),
        main("合计(元)", Of::Money(9)),
    ],
    capital: Some(9),
    note: "按记账日期，作废的收款已扣除，与班次日结一致。余额抵扣、押金抵扣没有收进款项，不计入。一笔收款缴多个费项的，笔数计在其中第一项。",
    records: Some("/billing/payments?"),
};

/// RP-15
#[rustfmt::skip]
pub const AGEING: ReportSheet = ReportSheet {
    key: "ageing",
    no: "RP-15",
    title: "欠费账龄表",
    groups: &[By::District, By::Estate],
    second: None,
    carried: None,
    period: Period::Now,
    items: none,
    figures: &[
        more("1个月以内(元)", Of::Money(0)),
        more("1至3个月(元)", Of::Money(1)),
        more("3至6个月(元)", Of::Money(2)),
        more("6至12个月(元)", Of::Money(3)),
        more("12个月以上(元)", Of::Money(4)),
        main("欠费合计(元)", Of::Money(5)),
        main("L1户数", Of::Count(6)),
        main("L2户数", Of::Count(7)),
        main("L3户数", Of::Count(8)),
        more("L4户数", Of::Count(9)),
    ],
    capital: Some(5),
    note: "到期日已过而未缴清的账单（含已计收滞纳金，不含押金），账龄自到期日起算。户数按租金欠费等级（L1欠费一个月、L2欠费两个月、L3已禁用、L4解除程序中）。\
           点击小区查看欠费明细。",
    records: Some("/billing/arrears?"),
};

/// 项目欠费 (§4.9, S4-1.1.5)
#[rustfmt::skip]
pub const DEBT: ReportSheet = ReportSheet {
    key: "debt",
    no: "S4-1.1.5",
    title: "项目欠费统计表",
    groups: &[By::District, By::Estate],
    second: Some("年度"),
    carried: None,
    period: Period::Now,
    items: FeeItem::is_periodic,
    figures: &[main("欠费户数", Of::Count(0)), main("欠费金额(元)", Of::Money(1))],
    capital: Some(1),
    note: "截至本月到期、未缴清的周期性费用（租金、物业费、水电燃气、采暖、车位、超面积租金，含已计收滞纳金），按到期年度。一户在多个年度欠费的，各年度分别计户，合计为户次。",
    records: Some("/billing/bills?due=LATE&"),
};

/// RP-16
#[rustfmt::skip]
pub const BALANCE: ReportSheet = ReportSheet {
    key: "balance",
    no: "RP-16",
    title: "预收、押金及账户余额表",
    groups: &[By::Project, By::Unit, By::Account, By::District, By::Estate],
    second: None,
    carried: None,
    period: Period::Month,
    items: none,
    figures: &[
        main("预收期初(元)", Of::Money(0)),
        more("预收收入(元)", Of::Money(1)),
        more("预收支出(元)", Of::Money(2)),
        main("预收期末(元)", Of::Money(3)),
        more("押金期初(元)", Of::Money(4)),
        more("押金收入(元)", Of::Money(5)),
        more("押金支出(元)", Of::Money(6)),
        main("押金期末(元)", Of::Money(7)),
        more("期初合计(元)", Of::Money(8)),
        more("收入合计(元)", Of::Money(9)),
        more("支出合计(元)", Of::Money(10)),
        main("期末合计(元)", Of::Money(11)),
    ],
    capital: Some(11),
    note: "按记账日期，期末=期初+收入−支出，收入含期初结转。三级：项目、门牌、分户，下级合计即上级，点击逐级查看，分户至账户流水。\
           项目、门牌、分户的期初期末由账户现有余额倒推，期间越早统计越慢。",
    records: None,
};

/// RP-18
#[rustfmt::skip]
pub const DEDUCTION: ReportSheet = ReportSheet {
    key: "deduction",
    no: "RP-18",
    title: "代扣结果汇总表",
    groups: &[By::District],
    second: Some("批次"),
    carried: None,
    period: Period::Months,
    items: none,
    figures: &[
        main("发送笔数", Of::Count(0)),
        main("应扣金额(元)", Of::Money(1)),
        more("成功", Of::Count(2)),
        more("部分成功", Of::Count(3)),
        main("失败", Of::Count(4)),
        main("实扣金额(元)", Of::Money(5)),
        main("成功率", Of::Rate(2, 0)),
        more("金额成功率", Of::Rate(5, 1)),
        more("余额不足", Of::Count(6)),
        more("已销户", Of::Count(7)),
        more("账户冻结", Of::Count(8)),
        more("户名不符", Of::Count(9)),
        more("未签协议", Of::Count(10)),
        more("超限额", Of::Count(11)),
        more("其他原因", Of::Count(12)),
    ],
    capital: Some(5),
    note: "按批次月份统计已发送银行的批次，限定小区时为批次中该小区的明细。成功率=全额成功笔数÷发送笔数，金额成功率=实扣÷应扣。",
    records: None,
};

/// RP-21 by estate, RP-22 by fee item, RP-23 by month or year
#[rustfmt::skip]
pub const COLLECTION: ReportSheet = ReportSheet {
    key: "collection",
    no: "RP-21/22/23",
    title: "收缴率统计表",
    groups: &[By::District, By::Estate, By::Item, By::Month, By::Year],
    second: None,
    carried: None,
    period: Period::Year,
    items: receivable,
    figures: &[
        more("账单数", Of::Count(4)),
        main("应收(元)", Of::Money(0)),
        more("已收(元)", Of::Money(2)),
        main("实收(已核销)(元)", Of::Money(1)),
        more("未收(元)", Of::Money(3)),
        main("收缴率", Of::Hued(1, 0)),
    ],
    capital: Some(1),
    note: "收缴率=实收÷应收，合计按金额加权。应收为到期日在期间内的已转应收账单（已计收滞纳金单列），扣除已减免、作废和已冲销的，不含押金；\
           实收只计经会计核销的收款，已收含尚未核销的。",
    records: Some("/billing/bills?"),
};

/// RP-24
#[rustfmt::skip]
pub const OCCUPANCY: ReportSheet = ReportSheet {
    key: "occupancy",
    no: "RP-24",
    title: "出租率、入住率、空关率统计表",
    groups: &[By::District, By::Estate, By::Building],
    second: None,
    carried: None,
    period: Period::Now,
    items: none,
    figures: &[
        main("全部套数", Of::Count(0)),
        more("总面积(㎡)", Of::Area(1)),
        more("已租套数", Of::Count(2)),
        main("已租率", Of::Rate(2, 0)),
        more("已售套数", Of::Count(3)),
        more("已售率", Of::Rate(3, 0)),
        more("入住户数", Of::Count(4)),
        more("入住面积(㎡)", Of::Area(5)),
        main("入住率", Of::Rate(4, 0)),
        more("空关户数", Of::Count(6)),
        more("空关面积(㎡)", Of::Area(7)),
        main("空关率", Of::Rate(6, 0)),
    ],
    capital: None,
    note: "已租为已签约待入住和已入住，入住为已租与已售，空关为闲置、已锁定、已分配、维修整备和冻结；筹建中、已注销不计空关。\
           各率的分母均为全部套数，合计按套数加权。",
    records: None,
};

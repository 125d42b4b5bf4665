//! What waits for somebody's decision.

use super::{ASSIGNED, Source};
use crate::{
    billing::{adjustment, deduction, dunning, reduction, refund, waiver},
    housing::{
        asset_change::{self, push_change_scope},
        asset_count,
    },
    list::{push_district_scope, push_scope},
    platform::task::{self, kinds_checked},
    tenancy::{assignment, change, contract, exit, take_over},
};
use domain::{insight::reminder::ReminderGroup, platform::permission::Permission};

/// SQL: whose account it is about, and where the home is.
const ACCOUNTED: &str =
    "(select p.name || ' ' || u.address from account a join person p on p.id = a.person_id join unit u on u.id = a.unit_id
      where a.id = account_id)";

pub(super) const FLOW: &[Source] = &[
    Source {
        group: ReminderGroup::Flow,
        label: "待我复核",
        link: "/platform/approvals?turn=MINE",
        text: "subject",
        href: "'/platform/approvals/' || id",
        order: "made_at",
        concerns: |actor| !kinds_checked(actor).is_empty(),
        rows: |sql, ctx| {
            sql.push("from approval a where true");
            task::push_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Flow,
        label: "待我审核的资产事项",
        link: "/assets/changes?turn=MINE",
        text: "case kind when 'REGISTER' then '登记' when 'CHANGE' then '变更' else '处置' end
               || (select card_no from asset_master m where m.id = master_id)",
        href: "case when sub_id is null then '/assets/masters/' || master_id else '/assets/subs/' || sub_id end || '?tab=changes'",
        order: "made_at",
        concerns: |actor| actor.may(Permission::AssetRead) && actor.may(Permission::AssetCheck),
        rows: |sql, ctx| {
            sql.push("from asset_change c where true");
            push_change_scope(sql, ctx);
            asset_change::push_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Flow,
        label: "待我确认的盘点单",
        link: "/assets/counts?turn=MINE",
        text: "title",
        href: "'/assets/counts/' || id || '/sheet'",
        order: "planned_on",
        concerns: |actor| actor.may(Permission::AssetRead) && actor.may(Permission::AssetCheck),
        rows: |sql, ctx| {
            sql.push("from asset_count c where true");
            push_scope(sql, ctx, "c.district_id", "c.estate_id");
            asset_count::push_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Flow,
        label: "待我审批的合同",
        link: "/tenancy/contracts?turn=MINE",
        text: "lessee_name || ' ' || address",
        href: "'/tenancy/contracts/' || id",
        order: "submitted_at",
        concerns: |actor| actor.may(Permission::ContractRead) && actor.may(Permission::ContractCheck),
        rows: |sql, ctx| {
            sql.push("from contract c where c.deleted_at is null");
            push_scope(sql, ctx, "c.district_id", "c.estate_id");
            contract::push_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Flow,
        label: "待我审批的合同变更",
        link: "/tenancy/changes?turn=MINE",
        text: "change_no || ' ' || (select lessee_name || ' ' || address from contract c where c.id = contract_id)",
        href: "'/tenancy/changes/' || id",
        order: "made_at",
        concerns: |actor| actor.may(Permission::ContractRead) && actor.may(Permission::ContractCheck),
        rows: |sql, ctx| {
            sql.push("from contract_change r where true");
            push_scope(sql, ctx, "r.district_id", "r.estate_id");
            change::push_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Flow,
        label: "待我审批的到期处置",
        link: "/tenancy/contracts?stay=MINE",
        text: "contract_no || ' ' || lessee_name",
        href: "'/tenancy/contracts/' || id",
        order: "end_on",
        concerns: |actor| actor.may(Permission::ContractRead) && actor.may(Permission::ContractCheck),
        rows: |sql, ctx| {
            sql.push("from contract c where c.deleted_at is null");
            push_scope(sql, ctx, "c.district_id", "c.estate_id");
            contract::push_stay_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Flow,
        label: "待我审批的存量合同接管",
        link: "/tenancy/take-overs?turn=MINE",
        text: "batch_no || ' ' || cutoff_on",
        href: "'/tenancy/take-overs/' || id",
        order: "made_at",
        concerns: |actor| actor.may(Permission::ContractRead) && actor.may(Permission::TakeOverCheck),
        rows: |sql, ctx| {
            sql.push("from take_over r where true");
            push_scope(sql, ctx, "r.district_id", "r.estate_id");
            take_over::push_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Flow,
        label: "待我办理的退租",
        link: "/tenancy/exits?turn=MINE",
        text: "exit_no || ' ' || (select lessee_name || ' ' || address from contract c where c.id = contract_id)",
        href: "'/tenancy/exits/' || id",
        order: "made_at",
        concerns: |actor| {
            let parts = [
                Permission::ContractCheck,
                Permission::ExitInspect,
                Permission::ExitBillWrite,
                Permission::ExitBillCheck,
                Permission::RefundWrite,
                Permission::RefundCheck,
                Permission::ContractWrite,
            ];
            actor.may(Permission::ContractRead) && parts.iter().any(|permission| actor.may(*permission))
        },
        rows: |sql, ctx| {
            sql.push("from exit_case x where true");
            push_scope(sql, ctx, "x.district_id", "x.estate_id");
            exit::push_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Flow,
        label: "待我审批的租金调整",
        link: "/billing/adjustments?turn=MINE",
        text: "adjustment_no || ' ' || target",
        href: "'/billing/adjustments/' || id",
        order: "made_at",
        concerns: |actor| actor.may(Permission::BillRead) && actor.may(Permission::RentCheck),
        rows: |sql, ctx| {
            sql.push("from rent_adjustment r where true");
            push_scope(sql, ctx, "r.district_id", "r.estate_id");
            adjustment::push_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Flow,
        label: "待我办理的退费",
        link: "/billing/refunds?turn=MINE",
        text: ACCOUNTED,
        href: "'/billing/refunds/' || id",
        order: "made_at",
        concerns: |actor| {
            actor.may(Permission::BillRead)
                && (actor.may(Permission::RefundCheck) || actor.may(Permission::RefundWrite))
        },
        rows: |sql, ctx| {
            sql.push("from refund r where true");
            push_scope(sql, ctx, "r.district_id", "r.estate_id");
            refund::push_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Flow,
        label: "待我复核或发送的代扣批次",
        link: "/billing/deductions?turn=MINE",
        text: "batch_no || '，' || items || '笔'",
        href: "'/billing/deductions/' || id",
        order: "made_at",
        concerns: |actor| actor.may(Permission::BillRead) && actor.may(Permission::DeductionCheck),
        rows: |sql, ctx| {
            sql.push("from deduction_batch b where true");
            push_district_scope(sql, ctx, "b.district_id");
            deduction::push_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Flow,
        label: "待我审批的租金核减",
        link: "/billing/reductions?turn=MINE",
        text: "reduction_no || ' ' || doc_no",
        href: "'/billing/reductions/' || id",
        order: "made_at",
        concerns: |actor| actor.may(Permission::BillRead) && actor.may(Permission::RentCheck),
        rows: |sql, ctx| {
            sql.push("from rent_reduction r where true");
            push_scope(sql, ctx, "r.district_id", "r.estate_id");
            reduction::push_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Flow,
        label: "待我复核的暂停催缴",
        link: "/billing/dunning/pauses?turn=MINE",
        text: ACCOUNTED,
        href: "'/billing/dunning/pauses/' || id",
        order: "made_at",
        concerns: |actor| actor.may(Permission::BillRead) && actor.may(Permission::DunningCheck),
        rows: |sql, ctx| {
            sql.push("from dunning_pause p where true");
            push_scope(sql, ctx, "p.district_id", "p.estate_id");
            dunning::push_pause_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Flow,
        label: "待我审批的减免核销",
        link: "/billing/waivers?turn=MINE",
        text: "waiver_no || ' ' || doc_no",
        href: "'/billing/waivers/' || id",
        order: "made_at",
        concerns: |actor| actor.may(Permission::WaiverCheck),
        rows: |sql, ctx| {
            sql.push("from waiver r where true");
            push_scope(sql, ctx, "r.district_id", "r.estate_id");
            waiver::push_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Flow,
        label: "待我复核的分期还款",
        link: "/billing/dunning/instalments?turn=MINE",
        text: ACCOUNTED,
        href: "'/billing/dunning/instalments/' || id",
        order: "made_at",
        concerns: |actor| actor.may(Permission::BillRead) && actor.may(Permission::DunningCheck),
        rows: |sql, ctx| {
            sql.push("from instalment i where true");
            push_scope(sql, ctx, "i.district_id", "i.estate_id");
            dunning::push_instalment_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Flow,
        label: "待我复核的催缴规则",
        link: "/billing/dunning/rules?turn=MINE",
        text: "coalesce((select o.name from organization o where o.id = s.district_id), '全市') || ' ' || valid_from || '生效'",
        href: "'/billing/dunning/rules/' || id",
        order: "made_at",
        concerns: |actor| actor.may(Permission::BillRead) && actor.may(Permission::DunningCheck),
        rows: |sql, ctx| {
            sql.push("from dunning_rule_set s where true");
            dunning::push_rule_turn(sql, ctx);
        },
    },
    Source {
        group: ReminderGroup::Flow,
        label: "待我复核的直接分配",
        link: "/tenancy/assignments?turn=MINE",
        text: ASSIGNED,
        href: "'/tenancy/assignments/' || id",
        order: "made_at",
        concerns: |actor| actor.may(Permission::AssignmentRead) && actor.may(Permission::AssignmentCheck),
        rows: |sql, ctx| {
            sql.push("from assignment a where true");
            push_scope(sql, ctx, "a.district_id", "a.estate_id");
            assignment::push_turn(sql, ctx);
        },
    },
];

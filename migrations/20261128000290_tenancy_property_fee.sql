-- 物业费 of a contract (domain.md S4-1.2.1 物业费单价 and 金额, E-40, D-30 PROPERTY): a price per m² of the building area and month, in
-- 1/10000 yuan, or an amount in fen a month where no price was agreed to; both absent: the contract has none. It is fixed with the
-- rest of the contract when that is approved (`contract_hold`). Its bills are planned and run beside those of the rent.

alter table contract
    add column property_rate integer,
    add column property_fee_fen bigint,
    add constraint contract_property_rate_check check (property_rate between 1 and 1000000),
    add constraint contract_property_fee_check check (property_fee_fen between 1 and 10000000),
    -- price × building area, rounded once half up (§4.1)
    add constraint contract_property_check check (property_rate is null
        or property_fee_fen is not null and property_fee_fen = (building_area::bigint * property_rate + 5000) / 10000);

-- What is charged of it when somebody leaves is a line of its own (E-53).
alter table exit_bill_line
    drop constraint exit_bill_line_kind_check,
    add constraint exit_bill_line_kind_check check (kind in ('OWED', 'REVERSE', 'RENT', 'PROPERTY', 'DAMAGE', 'OTHER'));

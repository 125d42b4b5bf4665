//! Documents on paper: their wording, what they say, and the log of prints.

mod state;

use crate::support::{
    TestDatabase, city,
    tenancy::{active, approved, assigned, form, tenant, vacant},
};
use chrono::{Days, TimeDelta, Utc};
use domain::{
    billing::payment::PaymentForm,
    dictionary::ContractStatus,
    failure::{Failure, FieldErrors},
    id::ContractId,
    list::ListQuery,
    paper::{Block, Paper},
    platform::print::{PaperKind, PrintForm, PrintKind},
    tenancy::template::{LATE, TemplateForm, TemplateKind, TemplateStatus, body_check},
};
use store::{
    Ctx,
    billing::payment::payment_take,
    tenancy::{
        contract::{contract_create, contract_get},
        paper::{print_create, print_estates, print_get, print_list},
        template::{
            template_create, template_decide, template_delete, template_get, template_list, template_submit,
            template_update,
        },
    },
};

fn failure<T: std::fmt::Debug>(result: store::Result<T>) -> Failure {
    result.expect_err("a refusal").into()
}

fn refusal<T: std::fmt::Debug>(result: store::Result<T>) -> String {
    failure(result).to_string()
}

fn complaint(field: &str, sentence: &str) -> Failure {
    FieldErrors::from((field, sentence)).into()
}

fn wanted(paper: PaperKind, id: i64) -> PrintForm {
    let month = store::ctx::china_day(Utc::now()).format("%Y-%m").to_string();
    PrintForm { paper: paper.code().into(), id, month, reason: String::new() }
}

/// All that a paper says, in one line.
fn said(paper: &Paper) -> String {
    format!("{}\n{}\n{}\n{}", paper.content(), paper.mark, paper.watermark, paper.foot)
}

async fn papers(ctx: &Ctx, form: &PrintForm) -> Vec<Paper> {
    let id = print_create(ctx, form).await.expect("a print");
    print_get(ctx, id).await.expect("its papers").papers
}

async fn wording(ctx: &Ctx, name: &str) -> TemplateForm {
    let template = template_get(ctx, 1).await.expect("the program's own");
    TemplateForm {
        kind: template.row.kind.code().into(),
        name: name.into(),
        effective_on: (ctx.today() + Days::new(1)).to_string(),
        body: template.body,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_writes_and_another_publishes() {
    let test = TestDatabase::with_city().await;
    let (city, checker) = (city::ctx(&test.database, "city").await, city::ctx(&test.database, "city-check").await);
    let list = template_list(&city, &ListQuery::default()).await.expect("a page");
    assert_eq!(
        list.rows.iter().map(|row| (row.current, row.status)).collect::<Vec<_>>(),
        [(true, TemplateStatus::Published); 3]
    );
    for row in &list.rows {
        let body = template_get(&city, row.id).await.expect("it is there").body;
        assert_eq!(body_check(row.kind, &body).map(|_| ()), Ok(()), "{:?}", row.kind);
    }
    let form = wording(&city, "新版合同").await;
    let today = TemplateForm { effective_on: city.today().to_string(), ..form.clone() };
    assert_eq!(failure(template_create(&city, &today).await), complaint("effective_on", LATE));
    let without = TemplateForm { body: form.body.replace("争议解决", "其他"), ..form.clone() };
    assert_eq!(failure(template_create(&city, &without).await), complaint("body", "缺少必备条款：争议解决"));
    assert_eq!(failure(template_create(&checker, &form).await), Failure::Forbidden);
    let id = template_create(&city, &form).await.expect("a draft");
    assert_eq!(failure(template_create(&city, &form).await), complaint("kind", "该类别已有未发布的版本，请在其上修改"));
    assert_eq!(failure(template_update(&city, id, 7, &form).await), Failure::Conflict);
    template_update(&city, id, 1, &form).await.expect("it is changed");
    assert_eq!(refusal(template_decide(&checker, id, 2, true, "").await), "模板状态为“草稿”，请刷新后再办理");
    template_submit(&city, id, 2).await.expect("it waits");
    assert!(template_update(&city, id, 3, &form).await.is_err());
    assert_eq!(failure(template_decide(&city, id, 3, true, "").await), Failure::Forbidden);
    assert!(!template_get(&city, id).await.expect("it is there").decidable);
    assert!(template_get(&checker, id).await.expect("it is there").decidable);
    assert_eq!(template_decide(&checker, id, 3, false, "请修改").await.expect("back"), TemplateStatus::Draft);
    template_submit(&city, id, 4).await.expect("it waits");
    assert_eq!(template_decide(&checker, id, 5, true, "").await.expect("it is published"), TemplateStatus::Published);
    assert!(template_delete(&city, id, 6).await.is_err());
    // The next begins behind it, and is published by nobody who had a hand in it, whoever sent it last.
    let next = template_create(&city, &form).await.expect("a draft");
    template_submit(&city, next, 1).await.expect("it waits");
    let late = format!("生效日期须晚于已发布版本的生效日期{}，请退回修改", form.effective_on);
    assert_eq!(refusal(template_decide(&checker, next, 2, true, "").await), late);
    let wrote = "update document_template set author_ids = author_ids || $2::bigint where id = $1";
    sqlx::query(wrote).bind(next).bind(checker.actor().id.0).execute(&test.admin).await.expect("an author");
    assert!(!template_get(&checker, next).await.expect("it is there").decidable);
    assert_eq!(refusal(template_decide(&checker, next, 2, false, "x").await), "不能发布本人编制的模板");
    // Also when a query says otherwise: what was published stays, and nobody publishes his own.
    for statement in [
        "update document_template set body = 'x' where status = 'PUBLISHED'",
        "delete from document_template where status = 'PUBLISHED'",
        "insert into document_template (kind, version, name, body, effective_on, maker_id, checker_id, checked_at, status)
         select 'NOTICE', 9, 'x', 'x', '2099-01-01', id, id, now(), 'PUBLISHED' from app_user limit 1",
        "insert into document_template (kind, version, name, body, effective_on, maker_id, author_ids, checker_id, checked_at, status)
         select 'NOTICE', 9, 'x', 'x', '2099-01-01', min(id), array_agg(id), max(id), now(), 'PUBLISHED' from app_user",
    ] {
        assert!(sqlx::query(statement).execute(&test.admin).await.is_err(), "{statement}");
    }
}

/// A contract that waits for its approval.
async fn pending(test: &TestDatabase) -> ContractId {
    let form = form(assigned(test, tenant(test, 0).await, vacant(test, 0).await).await);
    contract_create(&city::ctx(&test.database, "entry").await, &form, true).await.expect("a contract")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_is_a_draft_until_it_is_approved() {
    let test = TestDatabase::with_city().await;
    let entry = city::ctx(&test.database, "entry").await;
    let draft = pending(&test).await;
    let [paper] = papers(&entry, &wanted(PaperKind::Contract, draft.0)).await.try_into().expect("one");
    assert_eq!(paper.watermark, "草稿");
    assert!(!said(&paper).contains("810101199003070017"), "a draft hides numbers");
    // The first home is taken.
    let other = form(assigned(&test, tenant(&test, 1).await, vacant(&test, 0).await).await);
    let contract = approved(&test, &other).await;
    let form = wanted(PaperKind::Contract, contract.0);
    let first = papers(&entry, &form).await;
    assert_eq!((first.len(), first[0].watermark.as_str()), (2, ""));
    assert_eq!(first.iter().map(|paper| paper.mark.as_str()).collect::<Vec<_>>(), ["共2份 第1份", "共2份 第2份"]);
    let digest = contract_get(&entry, contract).await.expect("it is there").digest.expect("a digest");
    for said_there in [
        "测试租户1",
        "81010119900307005X",
        "13800001201",
        "111.80元（人民币壹佰壹拾壹元捌角整）",
        "1,000.00元（人民币壹仟元整）",
        &digest,
        "公共租赁住房租赁合同 V1",
    ] {
        assert!(said(&first[0]).contains(said_there), "{said_there}: {}", said(&first[0]));
    }
    // Again only with a reason, and then it says so; what it says is the same.
    assert_eq!(failure(print_create(&entry, &form).await), complaint("reason", "该合同已打印过，请填写补打原因"));
    // Whatever is published or agreed to since, it says what was signed.
    sqlx::raw_sql(
        "insert into document_template (kind, version, name, body, effective_on, status)
         select kind, 7, '新版', body, effective_on + 1, status from document_template where kind = 'CONTRACT';
         insert into rent_adjustment (district_id, kind, target, month, doc_no, maker_id)
         select district_id, 'CORRECT', '测试', '2026-01-01', '测发1号', 1 from contract limit 1;
         insert into rent_change (district_id, estate_id, adjustment_id, contract_id, old_rate, new_rate, old_base_fen, old_rent_fen,
             new_base_fen, new_rent_fen, from_on, status)
         select c.district_id, c.estate_id, a.id, c.id, 26000, 30000, 11180, 11180, 12900, 12900, c.start_on, 'APPROVED'
         from contract c cross join rent_adjustment a",
    )
    .execute(&test.admin)
    .await
    .expect("another wording and rent");
    assert_eq!(contract_get(&entry, contract).await.expect("it is there").row.monthly_rent.fen(), 12_900);
    let again = papers(&entry, &PrintForm { reason: "原件遗失".into(), ..form.clone() }).await;
    assert_eq!(again[0].mark, "补打第1次 共2份 第1份");
    assert_eq!((again[0].content(), &again[0].foot), (first[0].content(), &first[0].foot));
    let log = print_list(&entry, &ListQuery::default()).await.expect("a page").rows;
    let kinds: Vec<_> = log.iter().map(|row| (row.kind, row.nth, row.copies)).collect();
    assert_eq!(kinds, [(PrintKind::Reprint, Some(2), 2), (PrintKind::First, Some(1), 2), (PrintKind::Draft, None, 1)]);
    assert_eq!((&log[0].digest, log[0].digest.len()), (&log[1].digest, 16));
    let looked: i64 = sqlx::query_scalar(
        "select count(*) from audit_log where action = 'REVEAL' and object_type = 'contract' and object_id = $1
             and after->>'field' = 'id_number,phone' and after->>'reason' in ('打印合同', '原件遗失')",
    )
    .bind(contract.0)
    .fetch_one(&test.admin)
    .await
    .expect("a count");
    assert_eq!(looked, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_print_belongs_to_whoever_asked_for_it() {
    let test = TestDatabase::with_city().await;
    let entry = city::ctx(&test.database, "entry").await;
    let contract = pending(&test).await;
    let form = wanted(PaperKind::Contract, contract.0);
    let print = print_create(&entry, &form).await.expect("a print");
    let city = city::ctx(&test.database, "city").await;
    assert_eq!(failure(print_get(&city, print).await), Failure::NotFound);
    // Who may not print, or does not see the home, gets none.
    assert_eq!(failure(print_create(&city, &form).await), Failure::Forbidden);
    let b = city::ctx(&test.database, "district-b").await;
    assert_eq!(print_list(&b, &ListQuery::default()).await.expect("a page").total, 0);
    // A file that did not come is fetched again, by whoever asked for it.
    let open = |ctx: &Ctx| {
        let ctx = ctx.clone();
        async move {
            print_list(&ctx, &ListQuery::default()).await.expect("a page").rows.iter().map(|row| row.open).collect()
        }
    };
    let (own, others): (Vec<bool>, Vec<bool>) = (open(&entry).await, open(&city).await);
    assert_eq!((own, others), (vec![true], vec![false]));
    // A log is not rewritten; and after a while it is a reprint.
    let mut tx = test.admin.begin().await.expect("a transaction");
    for statement in ["update print_log set reason = 'x'", "delete from print_log"] {
        sqlx::query("savepoint s").execute(&mut *tx).await.expect("a savepoint");
        sqlx::query("set local role housing_app").execute(&mut *tx).await.expect("the application's role");
        assert!(sqlx::query(statement).execute(&mut *tx).await.is_err(), "{statement}");
        sqlx::query("rollback to s").execute(&mut *tx).await.expect("back");
    }
    drop(tx);
    sqlx::query("update print_log set at = $1")
        .bind(Utc::now() - TimeDelta::minutes(31))
        .execute(&test.admin)
        .await
        .expect("later");
    assert_eq!(refusal(print_get(&entry, print).await), "打印文件仅保留30分钟，请重新打印");
    let late: Vec<bool> = open(&entry).await;
    assert_eq!(late, [false]);
}

#[tokio::test(flavor = "multi_thread")]
async fn notices_and_receipts() {
    let test = TestDatabase::with_city().await;
    let (contract, account) =
        active(&test, &form(assigned(&test, tenant(&test, 0).await, vacant(&test, 0).await).await)).await;
    let cashier = city::ctx(&test.database, "cashier").await;
    let [notice] = papers(&cashier, &wanted(PaperKind::Notice, account.0)).await.try_into().expect("one");
    // A month's rent, and the deposit.
    for said_there in ["测试租户0", "111.80", "1,000.00", "合计1,111.80元（人民币壹仟壹佰壹拾壹元捌角整）", "TD"]
    {
        assert!(said(&notice).contains(said_there), "{said_there}: {}", said(&notice));
    }
    let table = notice
        .blocks
        .iter()
        .find_map(|block| if let Block::Table { rows, .. } = block { Some(rows.len()) } else { None });
    assert_eq!(table, Some(2));
    let estates = print_estates(&cashier).await.expect("estates");
    let moon = estates.iter().find(|estate| estate.label == "月光苑").expect("it is there").id;
    let sun = estates.iter().find(|estate| estate.label == "阳光苑").expect("it is there").id;
    let [of_estate] = papers(&cashier, &wanted(PaperKind::Notices, moon)).await.try_into().expect("one household");
    assert_eq!(of_estate.content(), notice.content());
    assert_eq!(refusal(print_create(&cashier, &wanted(PaperKind::Notices, sun)).await), "无欠费，无需生成");
    let no_month = PrintForm { month: String::new(), ..wanted(PaperKind::Notice, account.0) };
    assert_eq!(failure(print_create(&cashier, &no_month).await), complaint("month", "请选择账期"));
    let payment = PaymentForm {
        request: "00000000-0000-4000-8000-000000000001".into(),
        amount: "1111.80".into(),
        method: "CASH".into(),
        ..PaymentForm::default()
    };
    let payment = payment_take(&cashier, account, &payment).await.expect("a payment");
    assert_eq!(refusal(print_create(&cashier, &wanted(PaperKind::Notice, account.0)).await), "无欠费，无需生成");
    let form = wanted(PaperKind::Receipt, payment.0);
    let first = papers(&cashier, &form).await.remove(0);
    assert_eq!(failure(print_create(&cashier, &form).await), complaint("reason", "该收据已打印过，请填写补打原因"));
    let form = PrintForm { reason: "原件遗失".into(), ..form };
    let second = papers(&cashier, &form).await.remove(0);
    assert_eq!((first.mark.as_str(), second.mark.as_str(), first.small), ("", "补打第1次", true));
    for said_there in ["测试租户0", "人民币壹仟壹佰壹拾壹元捌角整", "现金", "测试cashier"] {
        assert!(said(&first).contains(said_there), "{said_there}: {}", said(&first));
    }
    // What changed since it was noted is not what was noted.
    let print = print_create(&cashier, &form).await.expect("a print");
    sqlx::query("update payment set remark = '改' where id = $1")
        .bind(payment.0)
        .execute(&test.admin)
        .await
        .expect("changed");
    assert_eq!(refusal(print_get(&cashier, print).await), "内容已变化，请重新打印");
    assert_eq!(contract_get(&cashier, contract).await.expect("it is there").row.status, ContractStatus::Active);
    assert_eq!(TemplateKind::Notice.label(), "缴费通知单");
}

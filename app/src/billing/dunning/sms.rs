//! 短信: the sending list with its receipts, a message, what months came to, and the black list.

use super::{
    api::{sms_block_list, sms_get, sms_list, sms_month_list, sms_resend, sms_resend_failed},
    tabs,
};
use crate::{
    shell::may,
    ui::{
        PageHead,
        changing::{awaited, changing},
        deed::{Deed, deed},
        detail::{field_group, use_id},
        list::{ListActions, ListAgain, ListFrame, framed_list_page, use_list_query},
        resource::resource,
    },
};
use domain::{
    billing::{
        sms::Resent,
        sms_sheet::{SMS_BLOCK_LIST, SMS_LIST, SMS_MONTH_LIST, SmsRow},
    },
    platform::permission::Permission,
};
use leptos::prelude::*;

fn exported() -> Signal<ListActions> {
    Signal::derive(|| ListActions { export: may(Permission::BillExport), ..ListActions::default() })
}

pub(super) fn list_view() -> AnyView {
    let frame = ListFrame {
        title: Some("短信发送"),
        empty: Some("暂无短信，按催缴规则每日生成"),
        tabs: Some(|| tabs(SMS_LIST.path)),
        tools: Some(resend_tool),
    };
    framed_list_page(&SMS_LIST, frame, exported(), sms_list)
}

/// Sends once more what failed of the list, as it is filtered.
fn resend_tool() -> AnyView {
    let query = use_list_query();
    let again = expect_context::<ListAgain>();
    let resent = RwSignal::new(None::<Resent>);
    let resend = move || {
        deed(
            Deed {
                label: "重发失败短信",
                class: "btn btn-outline btn-sm",
                question: "按当前筛选，将发送失败的短信（筛选“无回执”时为无回执的）重发，一次最多200条；已缴清、暂停催缴和黑名单的除外。确定重发吗？",
                word: None,
            },
            move |_| sms_resend_failed(query.get_untracked()),
            move |done| {
                resent.set(Some(done));
                again.run();
            },
        )
    };
    let told = move || resent.get().map(|done| format!("已重发{}条，未重发{}条。", done.sent, done.left_out));
    view! {
        {changing(move || may(Permission::DunningWrite).then(resend))}
        <output>{changing(told)}</output>
    }
    .into_any()
}

pub(super) fn months_view() -> AnyView {
    let frame = ListFrame {
        title: Some("短信费用"),
        empty: Some("尚未发送短信"),
        tabs: Some(|| tabs(SMS_MONTH_LIST.path)),
        ..ListFrame::default()
    };
    framed_list_page(&SMS_MONTH_LIST, frame, exported(), sms_month_list)
}

pub(super) fn blocks_view() -> AnyView {
    let frame = ListFrame {
        title: Some("短信黑名单"),
        empty: Some("黑名单为空，可在租户的催缴页面列入"),
        tabs: Some(|| tabs(SMS_BLOCK_LIST.path)),
        ..ListFrame::default()
    };
    framed_list_page(&SMS_BLOCK_LIST, frame, Signal::stored(ListActions::default()), sms_block_list)
}

pub(super) fn detail_view() -> AnyView {
    let id = use_id();
    let message = resource(move || id.get(), sms_get);
    let again = Callback::new(move |()| message.refetch());
    view! {
        <main class="page">
            {awaited(message, move |message| page(&message, again).into_any())}
        </main>
    }
    .into_any()
}

fn page(message: &SmsRow, again: Callback<()>) -> impl IntoView + use<> {
    let id = message.id;
    let can = message.status.can_resend() && !message.resent;
    let resend = move || {
        deed(
            Deed {
                label: "重发",
                class: "btn btn-primary btn-sm",
                question: "按今天的欠费向承租人现在的手机号再发一次。确定重发吗？",
                word: None,
            },
            move |_| sms_resend(id),
            move |_| again.run(()),
        )
    };
    let account = format!("/billing/dunning/accounts/{}", message.account_id);
    let record = message.dunning_id.map(|record| {
        view! { <a class="btn btn-outline btn-sm" href=format!("/billing/dunning/{record}")>"催缴记录"</a> }
    });
    let resent = message.resent.then_some(view! { <p class="page-note">"该短信已重发。"</p> });
    view! {
        <PageHead title=format!("短信 {}", message.lessee) back=(SMS_LIST.path.to_owned(), SMS_LIST.noun.to_owned())>
            {record}
            <a class="btn btn-outline btn-sm" href=account>"催缴情况"</a>
        </PageHead>
        <div class="deed-row">{changing(move || (can && may(Permission::DunningWrite)).then(resend))}</div>
        {resent}
        {field_group("短信", SMS_LIST.fields(message))}
    }
}

//! 短信: the sending list with its receipts, a message, what months came to, and the black list.

use super::{
    api::{sms_block_list, sms_get, sms_list, sms_month_list, sms_resend},
    tabs,
};
use crate::{
    shell::may,
    ui::{
        PageHead,
        deed::{Deed, deed},
        detail::{field_group, use_id},
        error_view,
        list::{ListActions, ListFrame, framed_list_page},
        loading_view,
        resource::resource,
    },
};
use domain::{
    billing::sms::{SMS_BLOCK_LIST, SMS_LIST, SMS_MONTH_LIST, SmsRow},
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
        ..ListFrame::default()
    };
    framed_list_page(&SMS_LIST, frame, exported(), sms_list)
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
            <Transition fallback=loading_view>
                {move || Suspend::new(async move {
                    match message.await {
                        Ok(message) => page(&message, again).into_any(),
                        Err(error) => error_view(&error),
                    }
                })}
            </Transition>
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
                question: "按原内容向承租人现在的手机号再发一次。确定重发吗？",
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
        <div class="deed-row">{move || (can && may(Permission::DunningWrite)).then(resend)}</div>
        {resent}
        {field_group("短信", SMS_LIST.fields(message))}
    }
}

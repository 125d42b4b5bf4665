//! 银行对账 (E-49): the days on which the bank's statement, or a payment company's bill, was held against responses, orders
//! and books.

use super::{api::reconciliation_list, tabs};
use crate::{
    shell::may,
    ui::list::{ListActions, ListFrame, framed_list_page},
};
use domain::{billing::reconciliation::RECONCILIATION_LIST, platform::permission::Permission};
use leptos::prelude::*;

pub(super) fn list_view() -> AnyView {
    let frame = ListFrame {
        title: Some("银行对账"),
        empty: Some("暂无对账记录，收到银行流水或支付渠道账单后自动对账"),
        tabs: Some(|| tabs(RECONCILIATION_LIST.path)),
        ..ListFrame::default()
    };
    let actions = Signal::derive(|| ListActions { export: may(Permission::BillExport), ..ListActions::default() });
    framed_list_page(&RECONCILIATION_LIST, frame, actions, reconciliation_list)
}

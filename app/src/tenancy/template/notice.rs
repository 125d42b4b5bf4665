//! 缴费通知单 (E-106): of one household, or of all that owe something in an estate, as one file.

use super::{
    api::{print_create, print_estates},
    print::saved,
};
use crate::{
    billing::api::account_get,
    shell::use_frame,
    ui::{
        PageHead,
        changing::changing,
        combo::flat,
        error_view,
        field::{chosen, fixed},
        form::{Deeds, use_edit},
        loading_view,
        resource::resource,
    },
};
use domain::{
    billing::{notice::NOTICES_MAX, payment::ACCOUNT_LIST},
    failure::FieldErrors,
    housing::choice::Choice,
    id::AccountId,
    platform::print::{PRINT_LIST, PaperKind, PrintForm},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use std::sync::Arc;

/// For whom: a household with its name, or an estate to be chosen.
#[derive(Clone)]
enum Whose {
    Account(AccountId, String),
    Estate(Vec<Choice>),
}

/// The form: what is chosen, and the month.
#[derive(Clone, Default)]
struct Wanted {
    estate: String,
    month: String,
}

impl Wanted {
    fn print(&self, account: Option<AccountId>) -> Result<PrintForm, FieldErrors> {
        let (paper, id) = match account {
            Some(account) => (PaperKind::Notice, Some(account.0)),
            None => (PaperKind::Notices, self.estate.parse().ok()),
        };
        let id = id.ok_or_else(|| FieldErrors::from(("estate", "请选择小区")))?;
        let form = PrintForm { paper: paper.code().to_owned(), id, month: self.month.clone(), ..PrintForm::default() };
        form.check().map(|_| form)
    }
}

pub(super) fn notice_view() -> AnyView {
    let query = use_query_map();
    let account = Memo::new(move |_| query.read().get("account").and_then(|id| id.parse::<i64>().ok()));
    let whose = resource(
        move || account.get(),
        |account| async move {
            match account {
                Some(id) => account_get(AccountId(id))
                    .await
                    .map(|account| (Some(format!("{} {}", account.row.person, account.row.address)), Vec::new())),
                None => print_estates().await.map(|estates| (None, estates)),
            }
        },
    );
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match whose.await {
                        Ok((Some(name), _)) => form_view(Whose::Account(AccountId(account.get_untracked().unwrap_or_default()), name)),
                        Ok((None, estates)) => form_view(Whose::Estate(estates)),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn form_view(whose: Whose) -> AnyView {
    let month = use_frame().with_untracked(|frame| frame.day.get(..7).unwrap_or_default().to_owned());
    let (account, back, name) = match &whose {
        Whose::Account(id, name) => (Some(*id), format!("{}/{id}", ACCOUNT_LIST.path), name.clone()),
        Whose::Estate(_) => (None, ACCOUNT_LIST.path.to_owned(), ACCOUNT_LIST.noun.to_owned()),
    };
    let deeds = Deeds {
        check: Box::new(move |form: &Wanted| form.print(account).map(drop)),
        save: Arc::new(move |form: Wanted, _| {
            Box::pin(async move {
                let form = form.print(account).map_err(|errors| crate::ApiError(errors.into()))?;
                let print = print_create(form).await?;
                saved(print);
                // The page stays.
                Ok(String::new())
            })
        }),
        reload: None,
    };
    let edit = use_edit(Wanted { month, ..Wanted::default() }, None, deeds);
    let of = match whose {
        Whose::Account(_, name) => fixed("account", "缴款人", name).into_any(),
        Whose::Estate(estates) => edit.pick("estate", "小区", true, |form| &mut form.estate, flat(chosen(estates))),
    };
    let note = if account.is_some() {
        "列出该账户截至所选账期的未缴账单，滞纳金计算至今天。".to_owned()
    } else {
        format!("为该小区截至所选账期有未缴账单的每户各打印一页，合并为一个文件，最多{NOTICES_MAX}户。")
    };
    let fields = view! {
        {of}
        {edit.text("month", "账期", true, |form| &mut form.month, ("month", "如 2026-03"))}
    };
    view! {
        <PageHead title="缴费通知单" back=(back.clone(), name)>
            <a class="btn btn-outline btn-sm" href=format!("{}?paper=NOTICE", PRINT_LIST.path)>"打印记录"</a>
        </PageHead>
        <p class="page-note">{note}</p>
        {edit.view_of(fields, "生成PDF", back)}
    }
    .into_any()
}

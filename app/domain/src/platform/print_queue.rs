//! 待打印 and 编号核查 (domain.md §3.12, S1-12.6, S1-12.7): what waits to be printed, what printing many came to, and numbers of
//! which the log says something odd.

use super::print::PaperKind;
use crate::{
    dictionary::dictionary,
    failure::FieldErrors,
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet},
    value::{Complaint, required, text_max},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Papers that are printed at once.
pub const QUEUE_MAX: usize = 50;
/// Days that a contract or a receipt waits: what is older was printed elsewhere, or nobody asked for it.
pub const QUEUE_DAYS: i64 = 60;

/// A paper that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueRow {
    pub paper: PaperKind,
    /// a contract, a payment or a record of dunning
    pub object_id: i64,
    pub number: String,
    pub lessee: String,
    pub address: String,
    /// since when it waits
    pub at: DateTime<Utc>,
    /// why it was taken out of the queue
    pub skipped: Option<String>,
}

impl QueueRow {
    /// What a choice of rows calls it.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}-{}", self.paper.code(), self.object_id)
    }
}

/// The papers that a queue knows: one of a household, which follows from something that happened.
fn papers() -> Vec<(&'static str, &'static str)> {
    [PaperKind::Contract, PaperKind::Receipt, PaperKind::Dunning].map(|paper| (paper.code(), paper.label())).to_vec()
}

fn states() -> Vec<(&'static str, &'static str)> {
    vec![("SKIPPED", "已跳过")]
}

/// 待打印 list (S1-12.6).
#[rustfmt::skip] // a table: one line per column
pub const QUEUE_LIST: ListSheet<QueueRow> = ListSheet {
    key: "print_queue",
    noun: "待打印文书",
    path: "/tenancy/print-queue",
    search_hint: "编号、承租人、住房地址",
    columns: &[
        ListColumn { key: "number", header: "编号", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.number, row.paper.href(row.object_id)) },
        ListColumn { key: "paper", header: "文书", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::coded(row.paper) },
        ListColumn { key: "lessee", header: "承租人", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::text(&row.lessee) },
        ListColumn { key: "address", header: "住房地址", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(&row.address) },
        ListColumn { key: "at", header: "生成时间", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.at) },
        ListColumn { key: "skipped", header: "跳过原因", kind: Kind::Text, sortable: false, essential: false, cell: |row| Cell::text(row.skipped.as_deref().unwrap_or_default()) },
    ],
    filters: &[
        Filter { key: "paper", label: "文书", choices: Choices::Fixed(papers) },
        Filter { key: "state", label: "状态", choices: Choices::Fixed(states) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
    ],
    default_sort: ("at", false),
    jumps: false,
};

/// What is done with papers of the queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueForm {
    /// [`QueueRow::key`]
    pub items: Vec<String>,
}

impl QueueForm {
    /// The papers, each once.
    ///
    /// # Errors
    /// For none, too many, and what is no paper of the queue.
    pub fn check(&self) -> Result<Vec<(PaperKind, i64)>, FieldErrors> {
        let mut papers: Vec<(PaperKind, i64)> = Vec::new();
        for item in &self.items {
            let paper = item.split_once('-').and_then(|(paper, id)| {
                let paper = PaperKind::from_code(paper)?;
                let known = matches!(paper, PaperKind::Contract | PaperKind::Receipt | PaperKind::Dunning);
                Some((paper, id.parse().ok().filter(|_| known)?))
            });
            let paper = paper.ok_or_else(|| FieldErrors::from(("items", "请重新选择文书")))?;
            if !papers.contains(&paper) {
                papers.push(paper);
            }
        }
        match papers.len() {
            0 => Err(FieldErrors::from(("items", "请先勾选文书"))),
            many if many > QUEUE_MAX => {
                Err(FieldErrors::from(("items", format!("一次最多办理{QUEUE_MAX}份文书").as_str())))
            }
            _ => Ok(papers),
        }
    }

    /// The reason for which papers are skipped.
    ///
    /// # Errors
    /// For none, and one too long.
    pub fn reason(text: &str) -> Result<String, FieldErrors> {
        let reason = required(text).and_then(|text| text_max(&text, 200));
        reason.map_err(|complaint: Complaint| FieldErrors::from(("reason", complaint.text())))
    }
}

/// What printing papers of the queue came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuePrinted {
    /// under which number their file is fetched; none: nothing was printed
    pub batch: Option<i64>,
    pub printed: usize,
    /// key and why it was not printed
    pub left_out: Vec<(String, String)>,
}

dictionary! {
    /// What is odd about a number (S1-12.7).
    NumberFinding = "S1-12.7.finding" "核查结果" {
        Missing = "MISSING" "打印次数不连续",
        Differs = "DIFFERS" "各次内容不一致",
        Numbers = "NUMBERS" "同一文书有多个编号",
        Shared = "SHARED" "编号重复使用",
        AllVoid = "ALL_VOID" "已全部作废，未补打",
    }
}

/// A number about which the log says something odd.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingRow {
    pub paper: PaperKind,
    pub object_id: i64,
    pub number: String,
    pub prints: i64,
    pub void: i64,
    pub last_at: DateTime<Utc>,
    pub finding: NumberFinding,
}

/// 编号核查 list (S1-12.7).
#[rustfmt::skip] // a table: one line per column
pub const FINDING_LIST: ListSheet<FindingRow> = ListSheet {
    key: "print_finding",
    noun: "编号核查",
    path: "/tenancy/prints/audit",
    search_hint: "编号",
    columns: &[
        ListColumn { key: "number", header: "编号", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::link(&row.number, format!("/tenancy/prints?paper={}&object={}", row.paper.code(), row.object_id)) },
        ListColumn { key: "paper", header: "文书", kind: Kind::Text, sortable: false, essential: true, cell: |row| Cell::coded(row.paper) },
        ListColumn { key: "prints", header: "打印次数", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Number(row.prints) },
        ListColumn { key: "void", header: "作废次数", kind: Kind::Number, sortable: false, essential: false, cell: |row| Cell::Number(row.void) },
        ListColumn { key: "last_at", header: "最近打印", kind: Kind::Time, sortable: true, essential: false, cell: |row| Cell::Time(row.last_at) },
        ListColumn { key: "finding", header: "核查结果", kind: Kind::Badge, sortable: false, essential: true, cell: |row| Cell::coded(row.finding) },
    ],
    filters: &[
        Filter { key: "paper", label: "文书", choices: Choices::Fixed(papers) },
        Filter { key: "finding", label: "核查结果", choices: Choices::Of(NumberFinding::choices) },
        Filter { key: "district", label: "所属区县", choices: Choices::Districts },
    ],
    default_sort: ("last_at", true),
    jumps: false,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn papers_are_named_by_kind_and_object() {
        let check = |items: &[&str]| QueueForm { items: items.iter().map(|item| (*item).to_owned()).collect() }.check();
        assert_eq!(
            check(&["DUNNING-7", "CONTRACT-9", "DUNNING-7"]).unwrap(),
            [(PaperKind::Dunning, 7), (PaperKind::Contract, 9)]
        );
        for wrong in ["DUNNING", "NOTICES-7", "DUNNING-x", "x-7"] {
            assert_eq!(check(&[wrong]).unwrap_err().get("items"), Some("请重新选择文书"), "{wrong}");
        }
        assert_eq!(check(&[]).unwrap_err().get("items"), Some("请先勾选文书"));
        let many: Vec<String> = (0..=QUEUE_MAX).map(|id| format!("RECEIPT-{id}")).collect();
        assert_eq!(QueueForm { items: many }.check().unwrap_err().get("items"), Some("一次最多办理50份文书"));
        assert_eq!(QueueForm::reason(" ").unwrap_err().get("reason"), Some("不能为空"));
    }
}

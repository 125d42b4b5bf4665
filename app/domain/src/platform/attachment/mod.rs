//! Files that belong to a record (附件; E-23, photo of E-04, files of E-10 to E-15): what may be kept, who sees it, and
//! the links by which it is fetched. What a content is, [`content`] says.

pub mod content;

use crate::{
    dictionary::{AttachmentKind, AttachmentOwner},
    id::AttachmentId,
    platform::permission::Permission,
};
use chrono::{DateTime, Utc};
use content::Media;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Largest file (E-23).
pub const FILE_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Files of one record.
pub const FILES_MAX: i64 = 50;
/// Why a file is deleted, or looked at in clear: letters of the reason.
pub const REASON_MAX: usize = 200;
/// How long a link leads to a small picture: as long as a page may take to show all of its own.
pub const THUMBNAIL_SECONDS: i64 = 600;
/// How long a link leads to the file itself: it is fetched at once.
pub const ORIGINAL_SECONDS: i64 = 60;
/// Days that the content of a deleted file is still kept.
pub const DELETED_DAYS: i64 = 30;

impl AttachmentOwner {
    /// The owner that an address names.
    #[must_use]
    pub fn from_path(path: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|owner| owner.path() == path)
    }

    /// As an address names it.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Project => "project",
            Self::Estate => "estate",
            Self::Building => "building",
            Self::Unit => "unit",
            Self::AssetMaster => "asset-master",
            Self::Contract => "contract",
            Self::HandOver => "hand-over",
            Self::Dunning => "dunning",
            Self::Exit => "exit",
            Self::MeterReading => "meter-reading",
        }
    }

    /// The page of one such record.
    #[must_use]
    pub fn href(self, id: i64) -> String {
        let list = match self {
            Self::Person => "/persons",
            Self::Project => "/housing/projects",
            Self::Estate => "/housing/estates",
            Self::Building => "/housing/buildings",
            Self::Unit => "/housing/units",
            Self::AssetMaster => "/assets/masters",
            Self::Contract => "/tenancy/contracts",
            Self::HandOver => "/tenancy/hand-overs",
            Self::Dunning => "/billing/dunning",
            Self::Exit => "/tenancy/exits",
            Self::MeterReading => "/billing/meters/readings",
        };
        format!("{list}/{id}")
    }

    /// Who sees which files there are: whoever reads the record.
    #[must_use]
    pub fn read(self) -> Permission {
        match self {
            Self::Person => Permission::PersonRead,
            Self::Project => Permission::ProjectRead,
            Self::Estate => Permission::EstateRead,
            Self::Building => Permission::BuildingRead,
            Self::Unit => Permission::UnitRead,
            Self::AssetMaster => Permission::AssetRead,
            Self::Contract | Self::HandOver | Self::Exit => Permission::ContractRead,
            Self::Dunning => Permission::BillRead,
            Self::MeterReading => Permission::MeterRead,
        }
    }

    /// Whether somebody with these rights adds and deletes files of a kind: whoever changes the record, and of an exit's
    /// signed settlement sheet finance, which makes and settles the bill.
    pub fn writes(self, kind: AttachmentKind, may: impl Fn(Permission) -> bool) -> bool {
        let settles = (self, kind) == (Self::Exit, AttachmentKind::SettlementSheet);
        may(self.write()) || settles && (may(Permission::ExitBillWrite) || may(Permission::RefundWrite))
    }

    /// The kinds of files that somebody with these rights may add and delete.
    pub fn kinds_of(self, may: impl Fn(Permission) -> bool) -> Vec<AttachmentKind> {
        self.kinds().iter().copied().filter(|kind| self.writes(*kind, &may)).collect()
    }

    /// Who changes the record, and with it its files.
    #[must_use]
    fn write(self) -> Permission {
        match self {
            Self::Person => Permission::PersonWrite,
            Self::Project => Permission::ProjectWrite,
            Self::Estate => Permission::EstateWrite,
            Self::Building => Permission::BuildingWrite,
            Self::Unit => Permission::UnitWrite,
            Self::AssetMaster => Permission::AssetWrite,
            Self::Contract => Permission::ContractWrite,
            Self::HandOver => Permission::HandOverWrite,
            Self::Dunning => Permission::DunningWrite,
            Self::Exit => Permission::ExitInspect,
            Self::MeterReading => Permission::MeterWrite,
        }
    }

    /// Whether its files show a human: then to look at one is to look at personal data in clear, and asks for a right and
    /// a reason (domain.md §0.5 rule 9, §2.7).
    #[must_use]
    pub fn is_personal(self) -> bool {
        // A contract holds the lessee's numbers; a sheet that is signed at the door holds names.
        matches!(self, Self::Person | Self::Contract)
    }

    /// What kinds of files such a record has, as they are offered.
    #[must_use]
    pub fn kinds(self) -> &'static [AttachmentKind] {
        use AttachmentKind as Kind;
        match self {
            Self::Person => &[
                Kind::Photo,
                Kind::IdCard,
                Kind::Hukou,
                Kind::Marriage,
                Kind::Divorce,
                Kind::Death,
                Kind::Adopt,
                Kind::Income,
                Kind::Asset,
                Kind::NoHouse,
                Kind::Property,
                Kind::Lease,
                Kind::Dibao,
                Kind::Disabled,
                Kind::SocialSecurity,
                Kind::Labor,
                Kind::Education,
                Kind::Report,
                Kind::Consent,
                Kind::Promise,
                Kind::Proxy,
                Kind::Other,
            ],
            Self::Project => &[
                Kind::Approval,
                Kind::Land,
                Kind::Planning,
                Kind::Construction,
                Kind::Acceptance,
                Kind::Plan,
                Kind::Photo,
                Kind::Other,
            ],
            Self::Estate => &[Kind::Photo, Kind::Plan, Kind::Other],
            Self::Building => &[Kind::Photo, Kind::Plan, Kind::Acceptance, Kind::Other],
            Self::Unit => &[Kind::Photo, Kind::Layout, Kind::Title, Kind::Other],
            Self::AssetMaster => {
                &[Kind::Title, Kind::Voucher, Kind::Acquisition, Kind::Appraisal, Kind::Photo, Kind::Other]
            }
            Self::Contract => &[Kind::ContractScan, Kind::Explained, Kind::Proxy, Kind::Other],
            Self::HandOver => &[Kind::Photo, Kind::HandOverSheet, Kind::Proxy, Kind::Other],
            Self::Dunning => &[Kind::Photo, Kind::Service, Kind::Other],
            Self::Exit => &[Kind::Photo, Kind::InspectionSheet, Kind::SettlementSheet, Kind::Proxy, Kind::Other],
            Self::MeterReading => &[Kind::Photo],
        }
    }

    /// Whether a file of this kind is a paper about a human, whose small picture too is only for who may see it in clear.
    #[must_use]
    pub fn is_paper(self, kind: AttachmentKind) -> bool {
        self.is_personal() && kind != AttachmentKind::Photo
    }
}

/// A file as the list of a record shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    pub id: AttachmentId,
    pub kind: AttachmentKind,
    pub file_name: String,
    pub media: Media,
    pub bytes: i64,
    pub uploaded_by: Option<String>,
    pub uploaded_at: DateTime<Utc>,
    /// to the small picture; none: there is none, or not for this person
    pub thumbnail: Option<Link>,
}

/// The files of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachments {
    pub rows: Vec<Attachment>,
    /// whether this person may open them
    pub opens: bool,
}

/// What of a file a link leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum View {
    /// the small picture
    Thumbnail,
    /// the picture itself, to be shown in the page
    Picture,
    /// the file, to be saved
    Download,
}

impl View {
    /// As an address names it.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Thumbnail => "thumbnail",
            Self::Picture => "picture",
            Self::Download => "download",
        }
    }
}

/// A signed link: leads one account to one file for a short time, and only while that account is signed in. It tells
/// nothing of the file or of the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub id: AttachmentId,
    pub view: View,
    /// seconds since 1970
    pub until: i64,
    pub signature: String,
}

impl Link {
    /// What is signed; the account is in it and not in the link.
    #[must_use]
    pub fn message(account: i64, id: AttachmentId, view: View, until: i64) -> String {
        format!("{account}/{id}/{}/{until}", view.path())
    }
}

/// The address.
impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, view, until, signature } = self;
        write!(f, "/files/attachment/{id}?view={}&until={until}&signature={signature}", view.path())
    }
}

/// A size as people read it.
#[must_use]
pub fn size_text(bytes: i64) -> String {
    const KB: i64 = 1024;
    match bytes {
        0..KB => format!("{bytes} B"),
        KB..1_048_576 => format!("{} KB", bytes.div_euclid(KB)),
        _ => format!("{}.{} MB", bytes / (KB * KB), bytes % (KB * KB) * 10 / (KB * KB)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_back_to_its_owner() {
        for owner in AttachmentOwner::ALL {
            assert_eq!(AttachmentOwner::from_path(owner.path()), Some(*owner));
            assert!(!owner.kinds().is_empty());
        }
        assert_eq!(AttachmentOwner::from_path("PERSON"), None);
    }

    #[test]
    fn papers_of_persons_hide_their_pictures_and_photos_do_not() {
        use AttachmentOwner::{Estate, Person};
        assert!(Person.is_paper(AttachmentKind::IdCard) && Person.is_paper(AttachmentKind::Other));
        assert!(!Person.is_paper(AttachmentKind::Photo) && !Estate.is_paper(AttachmentKind::Other));
    }

    #[test]
    fn the_settlement_sheet_is_finances_too() {
        let finance = |right| right == Permission::ExitBillWrite;
        assert_eq!(AttachmentOwner::Exit.kinds_of(finance), [AttachmentKind::SettlementSheet]);
        assert!(AttachmentOwner::Unit.kinds_of(finance).is_empty());
        let operator = |right| right == Permission::ExitInspect;
        assert_eq!(AttachmentOwner::Exit.kinds_of(operator), AttachmentOwner::Exit.kinds());
    }

    #[test]
    fn a_link_names_no_account() {
        let link = Link { id: AttachmentId(7), view: View::Picture, until: 1_800_000_000, signature: "1.ab".into() };
        assert_eq!(link.to_string(), "/files/attachment/7?view=picture&until=1800000000&signature=1.ab");
        assert_eq!(Link::message(3, link.id, link.view, link.until), "3/7/picture/1800000000");
    }

    #[test]
    fn sizes_read_well() {
        for (bytes, text) in
            [(0, "0 B"), (1023, "1023 B"), (1024, "1 KB"), (10_485_760, "10.0 MB"), (1_600_000, "1.5 MB")]
        {
            assert_eq!(size_text(bytes), text);
        }
    }
}

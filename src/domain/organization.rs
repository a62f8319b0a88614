//! The directory: organisations, the desks that receive for them, and the people at the desks.
//!
//! Kind, level and region code together make a phrase such as 各市州、县市区委 computable: level
//! prefecture or county, kind party committee, region below the issuer's own.

use super::address::{Address, AddressStatus};
use super::ids::{AddressId, ContactId, DeskId, OrganizationId};
use super::phone::PhoneNumber;
use super::words::word_enum;
use super::working_time::WorkingHours;

word_enum! {
    /// What an organisation is. The order is the one of printed lists: party, congress,
    /// government, then the others; within a branch, committees of lower regions come first.
    pub enum OrganizationKind {
        /// A party committee of a region.
        PartyCommittee = "party_committee", "党委";
        /// The general office of a party committee where it is an addressee of its own.
        PartyOffice = "party_office", "党委办公厅（室）";
        /// A discipline inspection commission.
        Discipline = "discipline", "纪委监委";
        /// A department of a party committee.
        PartyDepartment = "party_department", "党委部门";
        /// A people's congress.
        PeopleCongress = "people_congress", "人大";
        /// A people's government of a region.
        Government = "government", "政府";
        /// The general office of a government where it is an addressee of its own.
        GovernmentOffice = "government_office", "政府办公厅（室）";
        /// A department of a government.
        GovernmentDepartment = "government_department", "政府部门";
        /// A political consultative conference.
        Cppcc = "cppcc", "政协";
        /// A court.
        Court = "court", "法院";
        /// A procuratorate.
        Procuratorate = "procuratorate", "检察院";
        /// A trade union federation, youth league, women's federation and the like.
        MassOrganization = "mass_organization", "人民团体";
        /// A public institution.
        PublicInstitution = "public_institution", "事业单位";
        /// A university or college.
        University = "university", "高等院校";
        /// A state-owned enterprise.
        Enterprise = "enterprise", "国有企业";
        /// A leading group, headquarters or other body set up for a task.
        TemporaryBody = "temporary_body", "议事协调机构";
        /// A development zone or management district; never counted among 县市区.
        DevelopmentZone = "development_zone", "开发区";
    }
}

word_enum! {
    /// The level of the region an organisation belongs to. A department has its region's level;
    /// a development zone has the county's, and is told apart by its kind.
    pub enum Level {
        /// 省.
        Province = "province", "省级";
        /// 市州.
        Prefecture = "prefecture", "市州";
        /// 县市区.
        County = "county", "县市区";
        /// 乡镇街道.
        Township = "township", "乡镇街道";
    }
}

word_enum! {
    /// What a desk is for.
    pub enum DeskKind {
        /// Receives papers in working time (机要室, 收文室).
        MailRoom = "mail_room", "机要室";
        /// Answers at any hour it is manned (值班室).
        DutyDesk = "duty_desk", "值班室";
    }
}

word_enum! {
    /// What a contact does, and so which rung may reach him.
    pub enum ContactRole {
        /// First clerk of the mail room.
        Primary = "primary", "A角";
        /// Stands in for the first clerk.
        Deputy = "deputy", "B角";
        /// Whoever sits at the duty desk.
        DutyDesk = "duty_desk", "值班室";
        /// The leader on duty.
        DutyLeader = "duty_leader", "带班领导";
        /// The head of the office.
        OfficeHead = "office_head", "办公室主任";
    }
}

/// Who stands above an organisation and may be asked to help to reach it. `Key` is a code in a
/// sheet and an id in the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Superior<Key> {
    /// This one, declared as a vertical superior.
    Declared(Key),
    /// It was stated that there is none.
    None,
    /// Nobody has said; the form for 特提 asks for it before issue.
    Unstated,
}

impl<Key> Superior<Key> {
    /// The word in tables, beside the column that holds the key.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Declared(_) => "declared",
            Self::None => "none",
            Self::Unstated => "unstated",
        }
    }

    /// The word on pages.
    #[must_use]
    pub const fn word_zh(&self) -> &'static str {
        match self {
            Self::Declared(_) => "已明确上级",
            Self::None => "无上级单位",
            Self::Unstated => "未填写",
        }
    }

    /// The superior's key, where one is declared.
    #[must_use]
    pub const fn key(&self) -> Option<&Key> {
        match self {
            Self::Declared(key) => Some(key),
            Self::None | Self::Unstated => None,
        }
    }
}

/// A directory entry (单位).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Identity; survives renaming.
    pub id: OrganizationId,
    /// The key by which sheets name it.
    pub code: String,
    /// Full legal name.
    pub name: String,
    /// Usual short name; the full name where there is none.
    pub short_name: String,
    /// Other names it is searched by.
    pub aliases: Vec<String>,
    /// What it is.
    pub kind: OrganizationKind,
    /// Level of its region.
    pub level: Level,
    /// Six digits of GB/T 2260.
    pub region_code: String,
    /// Its place in the tree: the entry above it.
    pub parent: Option<OrganizationId>,
    /// Who may be asked to help to reach it.
    pub superior: Superior<OrganizationId>,
    /// When its offices are manned on a working day; the installation's hours where `None`.
    pub working_hours: Option<WorkingHours>,
    /// Steps below the root of its tree.
    pub depth: u16,
    /// Sorts as text into the order of the tree.
    pub tree_path: String,
}

/// A mail room or duty desk that receives for one or several organisations (收文点).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desk {
    /// Identity.
    pub id: DeskId,
    /// The key by which sheets name it.
    pub code: String,
    /// Name on the door.
    pub name: String,
    /// What it is for.
    pub kind: DeskKind,
    /// Manned at every hour of every day.
    pub round_the_clock: bool,
    /// Its own hours; those of the organisation where `None`.
    pub hours: Option<WorkingHours>,
    /// Number in working time.
    pub phone: Option<PhoneNumber>,
    /// Number at night, where it differs.
    pub night_phone: Option<PhoneNumber>,
    /// Whom it receives for.
    pub organizations: Vec<OrganizationId>,
}

/// A person or desk with addresses (联系人).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Identity.
    pub id: ContactId,
    /// For whom this contact receives.
    pub organization: OrganizationId,
    /// The desk it sits at, if it sits at one.
    pub desk: Option<DeskId>,
    /// What it does.
    pub role: ContactRole,
    /// Name of the person or of the seat.
    pub name: String,
    /// Post, as the office calls it.
    pub post: Option<String>,
    /// Its addresses, the preferred one first.
    pub addresses: Vec<ContactAddress>,
}

/// One address of a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactAddress {
    /// Identity; links are bound to it.
    pub id: AddressId,
    /// Where messages go.
    pub address: Address,
    /// What is known about it.
    pub status: AddressStatus,
}

/// All that is known of how an organisation can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// Which organisation.
    pub organization: OrganizationId,
    /// When its offices are manned on a working day; the installation's hours where `None`.
    pub working_hours: Option<WorkingHours>,
    /// The desks that receive for it, mail rooms first.
    pub desks: Vec<Desk>,
    /// Its contacts in the order of their roles, each with its addresses.
    pub contacts: Vec<Contact>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back_and_none_is_used_twice() {
        fn check<T: Copy + PartialEq + std::fmt::Debug + std::str::FromStr>(
            all: &[T],
            word: fn(T) -> &'static str,
        ) where
            T::Err: std::fmt::Debug + PartialEq,
        {
            for one in all {
                assert_eq!(word(*one).parse::<T>(), Ok(*one));
            }
        }
        check(OrganizationKind::ALL, OrganizationKind::as_str);
        check(Level::ALL, Level::as_str);
        check(DeskKind::ALL, DeskKind::as_str);
        check(ContactRole::ALL, ContactRole::as_str);
    }

    #[test]
    fn lower_committees_come_before_the_departments_of_the_committee() {
        assert!(OrganizationKind::PartyCommittee < OrganizationKind::PartyDepartment);
        assert!(OrganizationKind::PartyDepartment < OrganizationKind::Government);
        assert!(OrganizationKind::Government < OrganizationKind::GovernmentDepartment);
    }
}

//! Links that lead to something else than a notice to sign: closed notices and refused links.
//! An unknown link tells nothing about what exists; the page is the same for all of them.

use askama::Template;

use super::link_parts::Phone;
use super::moment::Moment;
use super::slip::{BodyText, Slip};

/// A notice that is not to be signed any more; its page stays.
#[derive(Clone, Debug, Template)]
#[template(path = "closed.html")]
pub struct ClosedPage {
    /// The notice; the caller has removed the actions that no longer exist.
    pub slip: Slip,
    /// What closed it.
    pub closure: Closure,
}

/// What closed a notice.
#[derive(Clone, Debug)]
pub struct Closure {
    /// Which of the four acts.
    pub kind: ClosureKind,
    /// The issuer's reason.
    pub reason: String,
    /// When.
    pub at: Moment,
    /// The organ that decided.
    pub by: String,
    /// This organisation had signed before.
    pub signed: Option<SignedBefore>,
    /// The way to the version in force.
    pub current: Option<CurrentVersion>,
    /// The version in its place was taken back too.
    pub newer: Option<NewerEnded>,
}

/// The signature that a notice had before it was closed; its receipt stays.
#[derive(Clone, Debug)]
pub struct SignedBefore {
    /// `2026年11月23日 14:35 王某`, and in which way if not by the organisation itself.
    pub words: String,
    /// The receipt as a signed file.
    pub download_href: String,
    /// The print sheet.
    pub print_href: String,
}

/// How the version in the place of this one ended.
#[derive(Clone, Debug)]
pub struct NewerEnded {
    /// Which version.
    pub version: i32,
    /// The verb: 撤回, 撤销, 废止.
    pub act: &'static str,
    /// The issuer's reason.
    pub reason: String,
    /// When.
    pub at: Moment,
}

impl Closure {
    /// What it means for this organisation.
    fn meaning(&self) -> &'static str {
        if self.newer.is_some() {
            return "这一版已由新版代替，新版也已收回，都不再作为依据。不必签收，也不会再催签。";
        }
        match (self.kind, &self.current) {
            (ClosureKind::Superseded, None) => {
                "这一版已由新版代替。新版不发给贵单位，贵单位不必签收，也不会再催签。"
            }
            (kind, _) => kind.meaning(),
        }
    }
}

/// The version in force.
#[derive(Clone, Debug)]
pub struct CurrentVersion {
    /// `湘办发电〔2026〕35号 第2版`.
    pub label: String,
    /// Its page for the same organisation.
    pub href: String,
}

/// Four different acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosureKind {
    /// 更正.
    Superseded,
    /// 撤回.
    Recalled,
    /// 撤销.
    Revoked,
    /// 废止.
    Abolished,
}

impl ClosureKind {
    const fn heading(self) -> &'static str {
        match self {
            Self::Superseded => "本件已更正",
            Self::Recalled => "本件已撤回",
            Self::Revoked => "本件已撤销",
            Self::Abolished => "本件已废止",
        }
    }

    const fn meaning(self) -> &'static str {
        match self {
            Self::Superseded => "这一版不再使用，请看并签收现行版本。",
            Self::Recalled => "发文单位收回了本件，不必签收，也不会再催签。",
            Self::Revoked => "本件自始无效，不必签收，也不会再催签。",
            Self::Abolished => "本件自废止之日起失效，不必再签收。",
        }
    }

    const fn wants_destruction(self) -> bool {
        matches!(self, Self::Recalled | Self::Revoked)
    }
}

/// Why a link or a signature was refused before anything was shown.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// 404, and the same words whatever the cause.
    Unknown,
    /// 410: ours, but its address was retired.
    Disabled {
        /// The issuer's duty phone.
        duty_phone: Phone,
    },
    /// 409: the notice changed between the drawing of the page and the signature.
    NewVersion {
        /// `湘办发电〔2026〕35号 第1版`.
        shown: String,
        /// `第2版（更正）`.
        current: String,
        /// The issuer's words on the correction.
        what_changed: String,
        /// The page of the current version.
        href: String,
    },
}

impl Refusal {
    const fn heading(&self) -> &'static str {
        match self {
            Self::Unknown => "这个链接打不开",
            Self::Disabled { .. } => "这个链接已停用",
            Self::NewVersion { .. } => "版本已更新，请看新版",
        }
    }
}

/// The page of a refusal.
#[derive(Clone, Debug, Template)]
#[template(path = "link_refused.html")]
pub struct LinkRefusedPage {
    /// Why.
    pub refusal: Refusal,
}

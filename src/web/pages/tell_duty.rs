//! 告知今晚值班: three fields, through the link, before or after the signature.

use askama::Template;

use super::give_back::BriefNotice;
use super::link_parts::{Field, Mistake, mistakes};

/// The form. Field names: `officer`, `leader`, `phone`, hidden `form_token`.
#[derive(Clone, Debug, Template)]
#[template(path = "tell_duty.html")]
pub struct TellDutyPage {
    /// What it is about.
    pub brief: BriefNotice,
    /// Where it posts to.
    pub action: String,
    /// The form token.
    pub form_token: String,
    /// It was just kept.
    pub told: bool,
    /// 值班员.
    pub officer: Field,
    /// 带班领导.
    pub leader: Field,
    /// 电话.
    pub phone: Field,
}

impl TellDutyPage {
    fn mistakes(&self) -> Vec<Mistake> {
        mistakes(&[
            ("officer", &self.officer.error),
            ("leader", &self.leader.error),
            ("phone", &self.phone.error),
        ])
    }
}

//! 签收页: what a recipient sees behind the link, and the one short form to sign with.
//! Drawing it changes nothing; opening and signing are POSTs of plain forms, without script.

use askama::Template;

use super::link_parts::{Field, Mistake, Person, mistakes};
use super::moment::Moment;
use super::parts::Link;
use super::slip::{BodyText, Deadline, Slip};

/// The page before the signature.
#[derive(Clone, Debug, Template)]
#[template(path = "receive.html")]
pub struct ReceivePage {
    /// The notice, for this organisation.
    pub slip: Slip,
    /// Who of this delivery looked already, and that nobody signed: one quiet sentence.
    pub seen_note: Option<String>,
    /// Something of this delivery that waits for the issuer.
    pub pending: Option<Pending>,
    /// The signing form, as typed.
    pub form: SignForm,
    /// The page of 请求重发.
    pub ask_again_href: String,
    /// Where the issuing office goes back to, when it looks at the page itself: then there is
    /// nothing to sign.
    pub sample: Option<Link>,
    /// How the notice ended, where the recipients' own page tells that instead.
    pub over: Option<&'static str>,
}

/// What the recipient did that is not a signature, and that the issuer has not settled yet.
/// Signing stays possible all the while.
#[derive(Clone, Debug)]
pub enum Pending {
    /// 误投退回, not yet accepted.
    Returned {
        /// When.
        at: Moment,
    },
    /// 请求重发, not yet answered.
    Asked {
        /// When.
        at: Moment,
    },
    /// A signature that looked like a machine's, waiting for a call.
    Held {
        /// When.
        at: Moment,
    },
}

/// The signing form. Field names: `name`, `post`, `phone`, `mode` (`self` or `on_behalf`),
/// `authority`, `code`, and hidden `form_token`, `code_token`, `shown`.
#[derive(Clone, Debug, Default)]
pub struct SignForm {
    /// Where it posts to.
    pub action: String,
    /// What binds the shown 校验码 to delivery, version, nonce and expiry; opaque to the browser.
    pub code_token: String,
    /// What the form keeps of what the page shows; opaque to the browser.
    pub shown: String,
    /// The digits to copy, fresh on every drawing: `4719`.
    pub code_shown: String,
    /// Who signs.
    pub person: Person,
    /// 代收 was chosen.
    pub on_behalf: bool,
    /// By whose authority, for 代收.
    pub authority: Field,
    /// The digits as typed; always empty when fresh digits are shown.
    pub code: Field,
}

impl SignForm {
    /// What stands in the summary on top.
    #[must_use]
    pub fn mistakes(&self) -> Vec<Mistake> {
        mistakes(&[
            ("name", &self.person.name.error),
            ("post", &self.person.post.error),
            ("phone", &self.person.phone.error),
            ("authority", &self.authority.error),
            ("code", &self.code.error),
        ])
    }
}

//! What the issuer did to a notice that is out: taken back, closed, stopped, answered. Each with
//! its reason in the quiet line.

use super::{Tone, actor, fact, reason};
use crate::domain::evidence::EventKind as Kind;
use crate::service::story::Story;
use crate::store::events::StoredEvent;

/// The sentence of such an act; none for every other kind.
pub(super) fn tell(
    story: &Story,
    event: &StoredEvent,
    kind: Kind,
) -> Option<(Tone, String, String)> {
    let who = actor(story, event);
    let (tone, text) = match kind {
        Kind::NoticeRecalled => (Tone::Gap, format!("{who}撤回本件，不再催签。")),
        Kind::NoticeRevoked => (Tone::Gap, format!("{who}撤销本件，自始无效，不再催签。")),
        Kind::NoticeAbolished => (Tone::Gap, format!("{who}废止本件，不再催签。")),
        Kind::NoticeSuperseded => (Tone::Gap, format!("{who}发出更正件，代替本件。")),
        Kind::NoticeClosed => (Tone::Plain, format!("{who}办结本件，不再催签。")),
        Kind::GapExplained => (Tone::Gap, format!("{who}写明本单位未签收的情况。")),
        Kind::ChaseStopped => (Tone::Gap, format!("{who}终止催签，本单位仍计未签收。")),
        Kind::ReturnAccepted => (Tone::Answer, format!("{who}同意退文，不再催签。")),
        Kind::ReturnRefused => (Tone::Answer, format!("{who}不同意退文，催签照常进行。")),
        Kind::RecipientAdded => (Tone::Plain, format!("{who}补发给本单位。")),
        Kind::IssuedWithGap => {
            let gaps = fact(event, "gaps");
            (Tone::Gap, format!("{who}对该单位先行发出，当时{gaps}。"))
        }
        Kind::ReleasedAfterwards if fact(event, "outcome") == "refused" => {
            (Tone::Gap, format!("{who}拒绝补核发；已发出的不因此收回。"))
        }
        Kind::ReleasedAfterwards => (Tone::Plain, format!("{who}补核发。")),
        _ => return None,
    };
    Some((tone, text, reason(event)))
}

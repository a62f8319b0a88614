//! Which acts a page offers under 处理. What is offered may still be refused: the use-case decides.

use crate::domain::account::Role;
use crate::domain::delivery::DeliveryState;
use crate::domain::notice::{NoticeAct, NoticeState};
use crate::service::story::Story;
use crate::store::board::ReturnLine;
use crate::web::pages::acts::BoardActs;
use crate::web::pages::parts::Link;
use crate::web::session::Staff;
use crate::web::{CHASERS, DUTY_ROOM, OFFICE};

pub(super) fn link(text: &str, href: String) -> Link {
    Link { text: text.to_owned(), href, current: false }
}

/// The acts on a notice that stands like this, with so many that have not signed.
pub(in crate::web::handlers) fn notice_acts(
    staff: &Staff,
    state: NoticeState,
    path: &str,
    unsigned: i64,
) -> BoardActs {
    if !staff.account.holds_any(OFFICE) || staff.is(Role::Auditor) {
        return BoardActs::default();
    }
    let mut acts = BoardActs::default();
    if state == NoticeState::Issued {
        let chases = staff.account.holds_any(CHASERS) && unsigned > 0;
        acts.remind =
            chases.then(|| link(&format!("催签 {unsigned} 个单位"), format!("{path}/remind")));
        if staff.account.holds_any(DUTY_ROOM) && unsigned > 0 {
            acts.everyday.push(link("待拨电话", "/duty".to_owned()));
        }
        acts.everyday.push(link("补发", format!("{path}/add-recipients")));
        acts.everyday.push(link("重发", format!("{path}/resend")));
        acts.ends.push(link("办结", format!("{path}/close")));
    }
    if state.after(NoticeAct::Supersede).is_ok() && staff.is(Role::Clerk) {
        acts.ends.push(link("更正", format!("{path}/supersede")));
    }
    let ends = [NoticeAct::Recall, NoticeAct::Revoke, NoticeAct::Abolish];
    let fits = ends.iter().filter(|act| state.after(**act).is_ok());
    acts.ends.extend(fits.map(|act| link(act.word_zh(), format!("{path}/{}", act.as_str()))));
    acts
}

/// The acts on one delivery.
pub(in crate::web::handlers) fn delivery_acts(staff: &Staff, story: &Story) -> Vec<Link> {
    let chased = story.notice.state == NoticeState::Issued;
    if !staff.account.holds_any(OFFICE) || staff.is(Role::Auditor) || !chased {
        return Vec::new();
    }
    let delivery = &story.delivery;
    let unsigned = DeliveryState::derive(&delivery.facts).is_unsigned();
    let path = format!("/deliveries/{}", delivery.id);
    let mut acts = Vec::new();
    if story.returns.iter().any(ReturnLine::waits_for_decision) {
        acts.push(link("答复退文", format!("{path}/return")));
    }
    if unsigned || story.returns.iter().any(ReturnLine::waits_for_copy) {
        let resend = format!("/notices/{}/resend?to={}", story.notice.id, delivery.id);
        acts.push(link("重发", resend));
    }
    if unsigned {
        acts.push(link("终止催签", format!("{path}/stop-chasing")));
    }
    acts
}

//! 处理: the acts on a notice that is out. Each is a page that asks why, and one use-case.

pub(in crate::web) mod add;
mod branches;
pub(in crate::web) mod delete;
mod ended;
pub(in crate::web) mod ends;
pub(in crate::web) mod many;
mod offered;
pub(in crate::web) mod release_after;
pub(in crate::web) mod single;
mod stands;
pub(in crate::web) mod supersede;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use askama::Template;

pub(super) use branches::{by_branch, only_ticks, press as press_on};
pub(super) use ended::{draft_banner, end_banner, owed_release};
pub(super) use offered::{delivery_acts, notice_acts};
pub(super) use stands::{draft_words, or_how_it_stands};

use super::marks;
use crate::domain::ids::NoticeId;
use crate::domain::notice::{NoticeAct, NoticeState};
use crate::service::acts::{ActForm, ActRefused};
use crate::service::{Service, board};
use crate::store::notices::Notice;
use crate::web::address;
use crate::web::drawn::Drawn;
use crate::web::error::WebError;
use crate::web::forms::Fields;
use crate::web::pages::acts::{ActBranch, ActPage, EndBanner, Press, ReasonField};
use crate::web::pages::parts::{Errors, Link, Place, UrgencyMark};
use crate::web::said::Said;
use crate::web::session::Staff;
use crate::web::shell::shell;

/// The notice that an address names, and its board.
fn named(request: &HttpRequest) -> Result<(NoticeId, String), WebError> {
    let id: NoticeId = address::id(request, "notice")?;
    Ok((id, format!("/notices/{id}")))
}

/// The form of an act as it was posted.
fn form(fields: &Fields) -> Result<ActForm, WebError> {
    let key = fields.filled("key").ok_or_else(|| WebError::Bad("no form key".into()))?;
    Ok(ActForm { key: key.to_owned(), reason: fields.text("reason").to_owned() })
}

/// What the mistakes of a form are, or why there is no form to show again.
fn mistakes(refused: ActRefused) -> Result<(StatusCode, Errors), WebError> {
    let status = match &refused {
        ActRefused::Service(_) => {
            let ActRefused::Service(error) = refused else { return Err(WebError::NotFound) };
            return Err(error.into());
        }
        ActRefused::Fields(_) | ActRefused::Classified(_) => StatusCode::UNPROCESSABLE_ENTITY,
        ActRefused::State(_) | ActRefused::Changed(_) => StatusCode::CONFLICT,
    };
    let mut errors = Errors::none();
    for (field, message) in refused.messages_zh() {
        errors.add(&field, &message);
    }
    Ok((status, errors))
}

/// An act that was done: where it leads, and what is said there.
struct Done(String, Said, usize);

/// Where an act that was done leads, or its page again with what was wrong.
fn answered<P: Template>(
    done: Result<Done, ActRefused>,
    again: impl FnOnce(Errors) -> Result<P, WebError>,
) -> Result<Drawn, WebError> {
    match done {
        Ok(Done(next, said, count)) => Ok(Drawn::next(&next).saying(said, count)),
        Err(refused) => {
            let (status, errors) = mistakes(refused)?;
            Drawn::page_with(status, &again(errors)?)
        }
    }
}

/// What one act page says.
struct Sheet<'a> {
    heading: &'a str,
    meaning: Vec<String>,
    look: Option<Link>,
    action: String,
    back: Link,
    rows_label: &'a str,
    branches: Vec<ActBranch>,
    same: Option<String>,
    reason: Option<ReasonField>,
    presses: Vec<Press>,
    /// Why there is nothing to do any more; empty while there is.
    over: EndBanner,
}

fn page(staff: &Staff, notice: &Notice, key: String, sheet: Sheet<'_>, errors: Errors) -> ActPage {
    ActPage {
        over: sheet.over,
        shell: shell(staff, Place::Notices),
        back: sheet.back,
        urgency: UrgencyMark::of(&notice.draft.urgency),
        number: marks::numbered(&notice.draft.document_number, notice.version),
        title: notice.draft.title.clone(),
        heading: sheet.heading.to_owned(),
        meaning: sheet.meaning,
        look: sheet.look,
        action: sheet.action,
        key,
        rows_label: sheet.rows_label.to_owned(),
        branches: sheet.branches,
        same: sheet.same,
        reason: sheet.reason,
        presses: sheet.presses,
        confirm: None,
        errors,
    }
}

/// What an act page says instead of its form, where `act` does not fit any more: that the notice
/// ended, how, when and why.
fn over_for(
    service: &Service,
    staff: &Staff,
    notice: &Notice,
    act: NoticeAct,
) -> Result<EndBanner, WebError> {
    match notice.state.after(act) {
        Ok(_) => Ok(EndBanner::default()),
        Err(_) => over(service, staff, notice),
    }
}

/// The same for what may only be done while the notice is out.
fn over_unless_out(
    service: &Service,
    staff: &Staff,
    notice: &Notice,
) -> Result<EndBanner, WebError> {
    if notice.state == NoticeState::Issued {
        return Ok(EndBanner::default());
    }
    over(service, staff, notice)
}

fn over(service: &Service, staff: &Staff, notice: &Notice) -> Result<EndBanner, WebError> {
    let bounds = board::bounds(service, &staff.account, notice.id)?;
    Ok(end_banner(notice.state, &bounds))
}

fn nothing_to_do(words: &str) -> EndBanner {
    EndBanner { words: words.to_owned(), ..EndBanner::default() }
}

fn board_link(path: &str) -> Link {
    Link { text: "回到看板".to_owned(), href: path.to_owned(), current: false }
}

fn press(word: &str, value: &str) -> Press {
    Press { word: word.to_owned(), value: value.to_owned(), danger: false }
}

/// The same for what cannot be undone.
fn danger(word: &str, value: &str) -> Press {
    Press { danger: true, ..press(word, value) }
}

fn reason(label: &str, hint: &str, text: &str) -> Option<ReasonField> {
    Some(ReasonField { label: label.to_owned(), hint: hint.to_owned(), text: text.to_owned() })
}

fn lines(sentences: &[&str]) -> Vec<String> {
    sentences.iter().map(|sentence| (*sentence).to_owned()).collect()
}

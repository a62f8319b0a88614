//! What became of a notice that somebody still takes for a draft: the page that answers in place of
//! the form, after the back button or from a second window. It says what is the case now, who did
//! it and when, and leads there.

use actix_web::http::StatusCode;

use super::offered::link;
use super::{Sheet, end_banner, page};
use crate::domain::account::Role;
use crate::domain::human_time::full_zh;
use crate::domain::ids::NoticeId;
use crate::domain::notice::NoticeState;
use crate::service::Service;
use crate::service::compose::OpenDraft;
use crate::service::standing::{Standing, deleted, standing};
use crate::store::drafts::{Decision, DecisionKind};
use crate::web::drawn::Drawn;
use crate::web::error::WebError;
use crate::web::pages::acts::{ActPage, EndBanner};
use crate::web::pages::parts::Errors;
use crate::web::session::Staff;

/// The answer; where the notice is no draft any more, or the draft is gone, what became of it.
pub(in crate::web::handlers) fn or_how_it_stands(
    service: &Service,
    staff: &Staff,
    id: NoticeId,
    was_posted: bool,
    made: Result<Drawn, WebError>,
) -> Result<Drawn, WebError> {
    match made {
        Err(WebError::State(_)) => {
            let page = how_it_stands(service, staff, id, was_posted)?;
            let status = if was_posted { StatusCode::CONFLICT } else { StatusCode::OK };
            Drawn::page_with(status, &page)
        }
        Err(WebError::NotFound) => Err(gone(service, staff, id)?),
        other => other,
    }
}

/// A draft that somebody of one's own office deleted is not simply absent.
fn gone(service: &Service, staff: &Staff, id: NoticeId) -> Result<WebError, WebError> {
    Ok(match deleted(service, &staff.account, id)? {
        Some((who, at)) => WebError::Gone(format!("这份草稿已由{who}于{}删除", full_zh(at))),
        None => WebError::NotFound,
    })
}

fn how_it_stands(
    service: &Service,
    staff: &Staff,
    id: NoticeId,
    was_posted: bool,
) -> Result<ActPage, WebError> {
    let Standing { open, issued_by, bounds } = standing(service, &staff.account, id)?;
    let (notice, path) = (&open.notice, format!("/notices/{id}"));
    let is_out = notice.issued_at.is_some();
    let over = if is_out {
        let end = end_banner(notice.state, &bounds);
        let ended = notice.state.is_taken_back();
        EndBanner {
            words: format!(
                "{}{}",
                issued_words(&open, &issued_by.unwrap_or_default()),
                if ended { end.words.as_str() } else { "" }
            ),
            reason: if ended { end.reason } else { String::new() },
            by: if ended { end.by } else { String::new() },
            ways: end.ways,
            calm: !ended,
        }
    } else {
        EndBanner {
            words: draft_words(&open),
            reason: sent_back(&open).and_then(|one| one.reason.clone()).unwrap_or_default(),
            calm: true,
            ..EndBanner::default()
        }
    };
    let back = match (is_out, staff.is(Role::Clerk)) {
        (true, _) => link("看签收情况", path),
        (false, true) => link("看草稿", format!("{path}/edit")),
        (false, false) => link("看草稿", format!("{path}/preview")),
    };
    let sheet = Sheet {
        heading: &format!("本件{}", notice.state.word_zh()),
        meaning: Vec::new(),
        look: None,
        action: String::new(),
        back,
        rows_label: "",
        branches: Vec::new(),
        same: None,
        reason: None,
        presses: Vec::new(),
        over,
    };
    let mut errors = Errors::none();
    if was_posted {
        errors.add("do", "没有重复办理");
    }
    Ok(page(staff, notice, String::new(), sheet, errors))
}

/// `本件已于2026年11月23日 14:31 由李某核发并发出。`
fn issued_words(open: &OpenDraft, issued_by: &str) -> String {
    let at = open.notice.issued_at.map(full_zh).unwrap_or_default();
    let said = open.decisions.iter().rfind(|one| {
        one.kind == DecisionKind::Released.as_str()
            || one.kind == DecisionKind::OralApproval.as_str()
    });
    match said {
        Some(oral) if oral.kind == DecisionKind::OralApproval.as_str() => {
            let approver = oral.approver_name.as_deref().unwrap_or_default();
            format!("本件已于{at}由{}凭{approver}的口头批准发出。", oral.account_name)
        }
        Some(released) => format!("本件已于{at}由{}核发并发出。", released.account_name),
        None => format!("本件已于{at}由{issued_by}发出。"),
    }
}

/// What was decided last about a draft, in the eyes of who can do nothing with it now.
pub(in crate::web::handlers) fn draft_words(open: &OpenDraft) -> String {
    let last = open.decisions.last();
    let said = |one: &Decision| format!("{}由{}", full_zh(one.decided_at), one.account_name);
    match (open.notice.state, last) {
        (NoticeState::AwaitingRelease, Some(last)) => {
            format!("本件已于{}送核发，正等待核发。", said(last))
        }
        (_, Some(last)) if sent_back(open).is_some() => match last.reason {
            Some(_) => format!("本件已于{}退回修改，改好后重新送核发。", said(last)),
            None => format!("本件送核发后，已于{}改动，改好后重新送核发。", said(last)),
        },
        _ => "本稿还没有送核发。".to_owned(),
    }
}

fn sent_back(open: &OpenDraft) -> Option<&Decision> {
    let back = |one: &&Decision| one.kind == DecisionKind::SentBack.as_str();
    open.decisions.last().filter(back).filter(|_| open.notice.state == NoticeState::Draft)
}

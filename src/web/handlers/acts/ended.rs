//! What every staff page says of a notice that ended or replaces another: which act, why, who, and
//! the ways to the versions around it.

use crate::domain::account::Role;
use crate::domain::human_time::full_zh;
use crate::domain::ids::NoticeId;
use crate::domain::notice::{NoticeState, ReleaseOutcome};
use crate::domain::time::Timestamp;
use crate::service::board::Bounds;
use crate::service::supersede;
use crate::store::corrections::Corrects;
use crate::store::notices::Notice;
use crate::store::release_debts::DebtLine;
use crate::web::pages::acts::{EndBanner, OwedRelease};
use crate::web::pages::parts::Link;
use crate::web::session::Staff;

fn way(text: String, id: NoticeId) -> Link {
    Link { text, href: format!("/notices/{id}"), current: false }
}

/// The banner; empty for a notice that is simply out.
pub(in crate::web::handlers) fn end_banner(state: NoticeState, bounds: &Bounds) -> EndBanner {
    let older = bounds.corrects.as_ref();
    let back = older.map(|older| way(format!("看第{}版", older.version), older.notice));
    if state == NoticeState::Issued {
        let Some(older) = older else { return EndBanner::default() };
        return EndBanner {
            words: format!("本件更正第{}版。", older.version),
            reason: older.reason.clone(),
            by: String::new(),
            ways: back.into_iter().collect(),
            calm: true,
        };
    }
    let end = bounds.end.as_ref();
    let next = bounds.successor.as_ref();
    let on = next.map(|next| {
        let (number, version) = (&next.document_number, next.version);
        let what = if next.ended.is_some() { "看" } else { "看现行版本：" };
        way(format!("{what}{number} 第{version}版"), next.notice)
    });
    let then = next.and_then(|next| Some((next.version, next.ended.as_ref()?)));
    let then = then.map_or_else(String::new, |(version, end)| {
        format!("代替它的第{version}版也已{}，理由：{}。", end.act.word_zh(), end.reason)
    });
    EndBanner {
        words: format!("本件{}。{then}", state.word_zh()),
        reason: end.map(|end| end.reason.clone()).unwrap_or_default(),
        by: end
            .map(|end| format!("{} {}", end.account_name, full_zh(end.ended_at)))
            .unwrap_or_default(),
        ways: on.into_iter().chain(back).collect(),
        calm: false,
    }
}

/// The formal 核发 that is owed or was given; empty where a second person released it at once.
pub(in crate::web::handlers) fn owed_release(
    staff: &Staff,
    notice: &Notice,
    debt: Option<&DebtLine>,
    now: Timestamp,
) -> OwedRelease {
    let Some(debt) = debt else { return OwedRelease::default() };
    let who = debt.settled_by.as_deref().unwrap_or_default();
    let approved = format!("口头批准发出：{}（{}），", debt.approver_name, debt.approver_phone);
    let words = match &debt.answer {
        Some((ReleaseOutcome::Released, _, at)) => {
            format!("{approved}{who}已于{}补核发。", full_zh(*at))
        }
        Some((ReleaseOutcome::Refused, why, at)) => {
            let why = why.as_deref().unwrap_or_default();
            format!("{approved}{who}于{}拒绝补核发，理由：{why}。", full_zh(*at))
        }
        None if debt.due_at < now => {
            format!("{approved}应于{}前补核发，已逾期。", full_zh(debt.due_at))
        }
        None => format!("{approved}须于{}前补核发。", full_zh(debt.due_at)),
    };
    let given = matches!(debt.answer, Some((ReleaseOutcome::Released, ..)));
    let may = staff.is(Role::Releaser) && staff.account.id != notice.author_id && !given;
    OwedRelease {
        words,
        open: !given,
        href: match may {
            true => format!("/notices/{}/release-after", notice.id),
            false => String::new(),
        },
    }
}

/// The same over a draft that is to replace a notice; empty for every other draft.
pub(in crate::web::handlers) fn draft_banner(corrects: Option<&Corrects>) -> EndBanner {
    let Some(older) = corrects else { return EndBanner::default() };
    let (number, version) = (&older.document_number, older.version);
    let check = supersede::check(corrects);
    let calm = check.is_ok();
    let words = match check {
        Ok(()) => format!("本稿更正{number}第{version}版，发出后代替它。"),
        Err(wrong) => {
            format!("本稿要更正的{number}第{version}版{}，不能再更正。", wrong.state.word_zh())
        }
    };
    EndBanner {
        words,
        reason: older.reason.clone(),
        by: String::new(),
        ways: vec![way(format!("看第{version}版"), older.notice)],
        calm,
    }
}

//! What a corrected holiday table changes about a delivery that is out: its deadline, and the
//! steps that have not fired. Reckoned from the same instant, by the same rules and hours as at
//! issue; only the table is another.
//!
//! Nothing is moved into the past: what the new table puts before the correction is due at the
//! correction, because nobody could have kept it. A deadline that was missed on record stays.

use std::collections::BTreeMap;

use super::plan::{
    Deadline, DeadlineOrigin, IssueTimes, PlanFor, RecipientTime, deadline, plan_rungs,
};
use super::{AfterAct, LadderSnapshot, RungAct, Ways};
use crate::domain::delivery::Addressee;
use crate::domain::ids::RungId;
use crate::domain::time::{Span, Timestamp};
use crate::domain::working_time::BeyondCounting;

/// A step that has neither fired nor been closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Its id.
    pub id: RungId,
    /// What it does.
    pub act: RungAct,
    /// For reminders: by how many ways.
    pub ways: Option<Ways>,
    /// When, as it stands.
    pub at: Timestamp,
}

/// A delivery as it stands.
#[derive(Debug, Clone, Copy)]
pub struct Before<'a> {
    /// 主送 or 抄送.
    pub addressee: Addressee,
    /// Until when to sign, as it stands.
    pub deadline: Option<Timestamp>,
    /// What is left of its ladder, in order of the steps.
    pub open: &'a [Standing],
}

/// What comes of the correction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct After {
    /// The deadline, if it moved or its explanation is now another.
    pub deadline: Option<Deadline>,
    /// The open steps that moved. The rows keep their places, so where two steps changed places
    /// with each other both are here with what they do now.
    pub moved: Vec<Standing>,
    /// When the first notification is to go out, if it has not.
    pub first_at: Timestamp,
}

/// Reckons anew what is still to come; `corrected_at` is when the table came into force.
///
/// # Errors
/// Something cannot be counted in the recipient's hours.
pub fn replan(
    snapshot: &LadderSnapshot,
    times: &IssueTimes,
    recipient: &RecipientTime<'_>,
    before: &Before<'_>,
    corrected_at: Timestamp,
) -> Result<After, BeyondCounting> {
    let not_back = |new: Timestamp, old: Timestamp| new.max(old.min(corrected_at));
    let mark_is_open = before.open.iter().any(|rung| rung.act == RungAct::MarkDeadline);
    let found = deadline(snapshot, before.addressee, times, recipient)?;
    let new_deadline = match (found, before.deadline) {
        (Some(found), Some(old)) if mark_is_open && found.origin == DeadlineOrigin::Policy => {
            Some(Deadline { at: not_back(found.at, old), ..found })
        }
        _ => None,
    };
    // Which steps exist for this recipient was decided at issue; every one that may exist is
    // reckoned here, and the rows say which do.
    let anybody =
        PlanFor { addressee: before.addressee, issuer_is_above: true, superior_declared: true };
    let planned = plan_rungs(snapshot, &anybody, times, recipient)?;
    let mut instants: BTreeMap<RungAct, Vec<Timestamp>> = BTreeMap::new();
    for rung in &planned {
        instants.entry(rung.act).or_default().push(rung.due_at);
    }
    // What has fired is the beginning of a ladder, so what is open is its end.
    let mut after: Vec<Standing> = before.open.to_vec();
    for rung in after.iter_mut().rev() {
        let new = match rung.act {
            RungAct::MarkDeadline => {
                new_deadline.as_ref().map(|deadline| deadline.at.plus(Span::micros(1)))
            }
            _ if is_repetition(snapshot, before, rung) => None,
            act => instants.get_mut(&as_above(act)).and_then(Vec::pop),
        };
        rung.at = new.map_or(rung.at, |new| not_back(new, rung.at));
    }
    after.sort_by_key(|rung| rung.at);
    let places = before.open.iter().zip(after);
    let moved = places
        .map(|(place, now)| (place, Standing { id: place.id, ..now }))
        .filter(|(place, now)| *place != now)
        .map(|(_, now)| now)
        .collect();
    let first = planned.iter().find(|rung| rung.act == RungAct::Remind);
    let first_at = first.map_or(times.issued_at, |rung| rung.due_at).max(times.issued_at);
    Ok(After { deadline: new_deadline, moved, first_at })
}

/// What an act is called where the issuer stands above the recipient.
const fn as_above(act: RungAct) -> RungAct {
    match act {
        RungAct::OfferLeader => RungAct::PromptLeader,
        other => other,
    }
}

/// The rounds after the deadline follow the deadline that was missed.
fn is_repetition(snapshot: &LadderSnapshot, before: &Before<'_>, rung: &Standing) -> bool {
    let after = &snapshot.policy.after_deadline;
    let act = match after.act {
        AfterAct::Call => RungAct::Call,
        AfterAct::List => RungAct::List,
    };
    let every = after.every.span(Span::ZERO).as_micros().max(1);
    let round = |deadline: Timestamp| {
        let past = rung.at.since(deadline).as_micros();
        past > 0 && past.rem_euclid(every) == 0
    };
    rung.act == act && before.open.len() == 1 && before.deadline.is_some_and(round)
}

#[cfg(test)]
#[path = "replan_tests.rs"]
mod tests;

//! What the ladder of one delivery does at an instant. Pure: says what follows, does nothing.
//!
//! Rungs fire in their order, each once, never before they are due. A rung that reaches nobody
//! leaves a gap and hands on to the next at once, as long as a later one could do better. After
//! the last rung the level's repetition goes on, reckoned from the deadline and never from the
//! last firing. Never here: clocks, SQL, mail.

mod whom;

pub use whom::{OpenWays, Way, can_be_written_to, duty_desk, first_line, leader, ways_zh};

use super::call_task::TaskKind;
use super::delivery::Addressee;
use super::ids::RungId;
use super::ladder::{AfterAct, AfterDeadline, ClockKind, QuietHours, RungAct, Ways};
use super::message::MessagePurpose;
use super::organization::Reach;
use super::reach::{Hours, is_manned_around_the_clock};
use super::time::{Span, Timestamp};
use super::working_time::ClockTime;

/// A rung that has neither fired nor been closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenRung {
    /// Its id.
    pub id: RungId,
    /// Its place in the ladder.
    pub step: i32,
    /// What it does.
    pub act: RungAct,
    /// For reminders: by how many ways.
    pub ways: Option<Ways>,
    /// When, by the plan.
    pub planned_at: Timestamp,
}

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// 主送 or 抄送.
    pub addressee: Addressee,
    /// Nothing has ended the chase: no answer, no recall, no stop, and the notice is out.
    pub chased: bool,
    /// A first notification was written.
    pub notified: bool,
    /// A message was handed over, or somebody was on the page.
    pub arrived: bool,
    /// It was sent back, and the issuer has not decided.
    pub returned: bool,
    /// A missed deadline is on record already.
    pub marked: bool,
    /// Until when to sign.
    pub deadline: Option<Timestamp>,
    /// The notice is marked 连夜办理.
    pub overnight: bool,
}

/// What goes on after the last rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repetition {
    /// By the level's rule.
    pub after: AfterDeadline,
    /// Which hours count.
    pub clock: ClockKind,
    /// Hours in which desks that are not manned are left alone.
    pub quiet: QuietHours,
}

/// The people around a delivery, as the directory has them now.
#[derive(Debug, Clone, Copy)]
pub struct People<'a> {
    /// The organisation that is to sign.
    pub recipient: &'a Reach,
    /// Its declared superior.
    pub superior: Option<&'a Reach>,
    /// The issuing office.
    pub issuer: Option<&'a Reach>,
    /// What decides whether a desk is manned.
    pub hours: Hours<'a>,
    /// Which ways out there are.
    pub outlets: OpenWays,
}

/// Everything the ladder of one delivery depends on.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// How it stands.
    pub standing: Standing,
    /// What is left of its ladder, in order.
    pub rungs: &'a [OpenRung],
    /// What follows the ladder.
    pub repetition: Option<Repetition>,
    /// Whom it can reach.
    pub people: People<'a>,
}

/// A message that is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Letter {
    /// What for, and so with which words.
    pub purpose: MessagePurpose,
    /// Where to.
    pub way: Way,
    /// The step it belongs to.
    pub step: i32,
    /// It tells of the notice as a whole: many deliveries that fire together make one.
    pub of_notice: bool,
}

/// What a missed deadline amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// 逾期未签收: it was there, and unsigned.
    Overdue,
    /// 未通知到: it never arrived.
    NotReached,
}

/// What firing a rung came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Messages are to be written; there is at least one.
    Letters(Vec<Letter>),
    /// A person is to do something.
    Task(TaskKind),
    /// A missed deadline is put on record.
    Marked(Mark),
    /// Nobody could be reached by it.
    Gap,
    /// There was nothing left for it to do.
    Moot,
}

impl Outcome {
    /// The word in the row.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Letters(_) | Self::Task(_) | Self::Marked(_) => "acted",
            Self::Gap => "gap",
            Self::Moot => "moot",
        }
    }
}

/// One rung that fires now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firing {
    /// Which.
    pub rung: OpenRung,
    /// Since when it was due.
    pub due_at: Timestamp,
    /// An earlier rung reached nobody, so that this one came before its time.
    pub handed_on: bool,
    /// What it came to.
    pub outcome: Outcome,
}

/// What is due after this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// This rung at its planned time.
    AsPlanned(OpenRung),
    /// This rung, planned anew: the deadline was moved.
    Moved(OpenRung, Timestamp),
    /// One more round of the repetition.
    Again {
        /// Its place in the ladder.
        step: i32,
        /// What it does.
        act: RungAct,
        /// When.
        at: Timestamp,
    },
    /// Nothing.
    Nothing,
    /// The chase has ended: the ladder is to be closed.
    Ended,
}

/// A round of the repetition that came and went while no server was at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missed {
    /// Its place in the ladder.
    pub step: i32,
    /// What it would have done.
    pub act: RungAct,
    /// When.
    pub at: Timestamp,
    /// As many still earlier rounds have no place of their own.
    pub further: i64,
}

/// What happens now, and what is due after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Rungs that fire, in order.
    pub firings: Vec<Firing>,
    /// Rounds that are superseded by what fires now, in order.
    pub missed: Vec<Missed>,
    /// What is due after them.
    pub next: Next,
}

impl Plan {
    /// A plan in which no round was missed.
    #[must_use]
    pub const fn of(firings: Vec<Firing>, next: Next) -> Self {
        Self { firings, missed: Vec::new(), next }
    }
}

/// What the ladder of a delivery does at `now`.
#[must_use]
pub fn plan(view: &View<'_>, now: Timestamp) -> Plan {
    let mut firings: Vec<Firing> = Vec::new();
    if !view.standing.chased {
        return Plan::of(firings, Next::Ended);
    }
    let mut handed_on = false;
    for (place, rung) in view.rungs.iter().enumerate() {
        let due_at = if handed_on { now } else { rung.planned_at };
        if due_at > now {
            return Plan::of(firings, Next::AsPlanned(*rung));
        }
        if let (RungAct::MarkDeadline, Some(deadline)) = (rung.act, view.standing.deadline)
            && deadline >= now
        {
            let at = deadline.plus(Span::micros(1));
            return Plan::of(firings, Next::Moved(*rung, at));
        }
        let outcome = fire(view, rung, now);
        let gap = outcome == Outcome::Gap;
        firings.push(Firing { rung: *rung, due_at, handed_on, outcome });
        let rest = view.rungs.get(place + 1..).unwrap_or_default();
        handed_on = gap && may_hand_on(rung.act, rest);
    }
    let (missed, next) = repetition(view, now);
    Plan { firings, missed, next }
}

/// Handing on helps only if somebody else is reached further on; the same people asked again at
/// once would use up the ladder for nothing. The record of the deadline never comes early.
fn may_hand_on(gap: RungAct, rest: &[OpenRung]) -> bool {
    let before_mark = rest.iter().take_while(|rung| rung.act != RungAct::MarkDeadline);
    before_mark.into_iter().any(|rung| rung.act != gap)
}

fn fire(view: &View<'_>, rung: &OpenRung, now: Timestamp) -> Outcome {
    let People { recipient, superior, issuer, hours, outlets } = view.people;
    let letters = |purpose, ways: Vec<Way>| {
        let of_notice = purpose == MessagePurpose::IssuerAlert;
        let step = if rung.act == RungAct::List { day_of(rung.planned_at) } else { rung.step };
        let letter = |way| Letter { purpose, way, step, of_notice };
        let letters: Vec<Letter> = ways.into_iter().map(letter).collect();
        if letters.is_empty() { Outcome::Gap } else { Outcome::Letters(letters) }
    };
    match rung.act {
        RungAct::Remind => {
            let ways = rung.ways.unwrap_or(Ways::First);
            // Who could not be written to at issue is told now, and not reminded of nothing.
            let purpose = match view.standing.notified {
                true => MessagePurpose::Reminder,
                false => MessagePurpose::Invitation,
            };
            letters(purpose, first_line(recipient, &hours, ways, now, outlets))
        }
        RungAct::CallUnreachable | RungAct::Call => Outcome::Task(TaskKind::Call),
        RungAct::PromptLeader => letters(MessagePurpose::LeaderPrompt, leader(recipient, outlets)),
        RungAct::OfferLeader => Outcome::Task(TaskKind::OfferLeader),
        RungAct::AlertIssuer => {
            let ways = issuer.map(|issuer| leader(issuer, outlets)).unwrap_or_default();
            letters(MessagePurpose::IssuerAlert, ways)
        }
        RungAct::List => {
            let of = |issuer| first_line(issuer, &hours, Ways::First, now, outlets);
            letters(MessagePurpose::IssuerAlert, issuer.map(of).unwrap_or_default())
        }
        RungAct::OfferSuperior => Outcome::Task(TaskKind::OfferSuperior),
        RungAct::AskSuperior => {
            let ways = superior.map(|superior| duty_desk(superior, outlets)).unwrap_or_default();
            letters(MessagePurpose::SuperiorRequest, ways)
        }
        RungAct::MarkDeadline if view.standing.marked || view.standing.returned => Outcome::Moot,
        RungAct::MarkDeadline if view.standing.arrived => Outcome::Marked(Mark::Overdue),
        RungAct::MarkDeadline => Outcome::Marked(Mark::NotReached),
    }
}

/// Days since 1970 in Changsha: the lists of one day are one list.
fn day_of(at: Timestamp) -> i32 {
    const DAY: i64 = 86_400_000_000;
    let local = at.plus(Span::hours(8)).as_micros();
    i32::try_from(local.div_euclid(DAY)).unwrap_or(i32::MAX)
}

/// The first round after `now`, counted from the deadline, and the rounds until now that nothing
/// came of. They are not made up for (one call at once is as good as six), but each is told.
fn repetition(view: &View<'_>, now: Timestamp) -> (Vec<Missed>, Next) {
    let (Some(rule), Some(deadline), Some(last)) =
        (view.repetition, view.standing.deadline, view.rungs.last())
    else {
        return (Vec::new(), Next::Nothing);
    };
    let every = rule.after.every.span(Span::ZERO).as_micros();
    if view.standing.addressee == Addressee::Copy || every <= 0 {
        return (Vec::new(), Next::Nothing);
    }
    let past = |at: Timestamp| at.since(deadline).as_micros().max(0).div_euclid(every);
    let first = past(last.planned_at).saturating_add(1);
    let mut rounds = past(now.max(last.planned_at)).saturating_add(1);
    let nth = |n: i64| deadline.plus(Span::micros(every.saturating_mul(n)));
    let sleeps = sleeps(view, &rule);
    let comes = |n: &i64| !sleeps || !is_quiet(nth(*n), rule.quiet);
    let act = match rule.after.act {
        AfterAct::Call => RungAct::Call,
        AfterAct::List => RungAct::List,
    };
    let mut skipped: Vec<i64> = (first..rounds).rev().filter(comes).take(MISSED_MAX).collect();
    skipped.reverse();
    let further = skipped.first().map_or(0, |oldest| oldest.saturating_sub(first));
    let steps = last.step.saturating_add(1)..;
    let missed: Vec<Missed> = steps
        .zip(&skipped)
        .enumerate()
        .map(|(place, (step, n))| {
            let further = if place == 0 { further } else { 0 };
            Missed { step, act, at: nth(*n), further }
        })
        .collect();
    if sleeps {
        // Within a day every hour comes round; `every` may not divide it, so a bounded search.
        let awake = (0..ROUNDS_MAX).map(|more| rounds.saturating_add(more));
        rounds = awake.into_iter().find(comes).unwrap_or(rounds);
    }
    let before = missed.last().map_or(last.step, |missed| missed.step);
    (missed, Next::Again { step: before.saturating_add(1), act, at: nth(rounds) })
}

/// Missed rounds that get a place of their own, at most: a day of half hours. The oldest of them
/// tells how many came before it.
const MISSED_MAX: usize = 48;

/// Rounds looked at to find one outside the quiet hours: a day of minutes.
const ROUNDS_MAX: i64 = 1_440;

/// Whether the quiet hours protect this desk.
fn sleeps(view: &View<'_>, rule: &Repetition) -> bool {
    rule.clock == ClockKind::NightRest
        && !view.standing.overnight
        && !is_manned_around_the_clock(view.people.recipient)
}

fn is_quiet(at: Timestamp, quiet: QuietHours) -> bool {
    let shown = ClockTime::of(at);
    shown >= quiet.from || shown < quiet.to
}

#[cfg(test)]
#[path = "../escalation_tests.rs"]
mod tests;

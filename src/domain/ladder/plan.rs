//! From a level's rules to instants: the deadline of one delivery, and when each rung is due.
//!
//! Due times come from the instant of issue and the clock of the level, never from an earlier
//! rung, so nothing drifts. An earlier deadline in the notice draws the rungs together in
//! proportion; a later one moves the deadline alone.

use super::{ClockKind, LadderSnapshot, Rung, RungAct, Ways};
use crate::domain::calendar::Calendar;
use crate::domain::delivery::Addressee;
use crate::domain::human_time::moment_zh;
use crate::domain::time::{Span, Timestamp};
use crate::domain::words::stored_words;
use crate::domain::working_time::{BeyondCounting, ClockTime, OpenMoment, OpenTime, WorkingHours};

/// When a recipient's desk is there.
#[derive(Debug, Clone, Copy)]
pub struct RecipientTime<'a> {
    /// Working days.
    pub calendar: &'a Calendar,
    /// Hours of a working day.
    pub hours: &'a WorkingHours,
    /// A desk of it is manned day and night.
    pub manned_around_the_clock: bool,
}

/// What the notice says about time.
#[derive(Debug, Clone, Copy)]
pub struct IssueTimes {
    /// When the issue was committed; the clock starts here.
    pub issued_at: Timestamp,
    /// Deadline written in the notice (在×日×时前签收).
    pub explicit: Option<Timestamp>,
    /// Marked 连夜办理: quiet hours count.
    pub overnight: bool,
}

/// Who the delivery is for, as far as the ladder cares.
#[derive(Debug, Clone, Copy)]
pub struct PlanFor {
    /// 主送 or 抄送.
    pub addressee: Addressee,
    /// The issuer stands above the recipient; else nobody above is asked, and leaders are offered.
    pub issuer_is_above: bool,
    /// A vertical superior of the recipient is declared in the directory.
    pub superior_declared: bool,
}

/// Where a deadline came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadlineOrigin {
    /// The level's rule.
    Policy,
    /// Written in the notice.
    Notice,
}

stored_words!(DeadlineOrigin, {
    Policy => "policy", Notice => "notice",
});

/// Until when a delivery must be signed for; that instant itself is on time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadline {
    /// The instant.
    pub at: Timestamp,
    /// Where it came from.
    pub origin: DeadlineOrigin,
    /// The same for people.
    pub explanation_zh: String,
    /// Years counted without a holiday table: the deadline is provisional.
    pub years_without_table: Vec<i16>,
}

/// One rung of one delivery with its instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedRung {
    /// Place in the ladder, from 1, in order of due time.
    pub step: u16,
    /// What is done.
    pub act: RungAct,
    /// For reminders: by how many ways.
    pub ways: Option<Ways>,
    /// When.
    pub due_at: Timestamp,
}

/// The deadline of one delivery; none for copy addressees.
///
/// # Errors
/// The level's time to sign cannot be counted in the recipient's hours.
pub fn deadline(
    snapshot: &LadderSnapshot,
    addressee: Addressee,
    times: &IssueTimes,
    recipient: &RecipientTime<'_>,
) -> Result<Option<Deadline>, BeyondCounting> {
    if addressee == Addressee::Copy {
        return Ok(None);
    }
    if let Some(at) = times.explicit {
        return Ok(Some(Deadline {
            at,
            origin: DeadlineOrigin::Notice,
            explanation_zh: format!("通知要求：{}前签收", moment_zh(at, times.issued_at)),
            years_without_table: Vec::new(),
        }));
    }
    let clock = LevelClock::of(snapshot, times, recipient);
    let found = clock.add(times.issued_at, clock.sign_span)?;
    Ok(Some(Deadline {
        at: found.at,
        origin: DeadlineOrigin::Policy,
        explanation_zh: explain(snapshot, &clock, &found),
        years_without_table: found.years_without_table,
    }))
}

fn explain(snapshot: &LadderSnapshot, clock: &LevelClock<'_>, found: &OpenMoment) -> String {
    let counting = match &clock.open {
        None => "不分昼夜计时".to_owned(),
        Some((_, Some(_))) => "按收文单位工作时间计时".to_owned(),
        Some((_, None)) => {
            let quiet = snapshot.quiet_hours;
            format!("夜间{}至{}无人值守，不计时", quiet.from, quiet.to)
        }
    };
    let level = snapshot.level.word_zh();
    let within = snapshot.policy.sign_within.words_zh();
    let mut text = format!("{level}：发出后{within}内签收（{counting}）");
    for year in &found.years_without_table {
        text.push_str(&format!("；{year}年放假安排尚未录入，暂按周末推算"));
    }
    text
}

/// All rungs of one delivery up to the last; what repeats after the deadline is not among them.
///
/// # Errors
/// A rung cannot be counted in the recipient's hours.
pub fn plan_rungs(
    snapshot: &LadderSnapshot,
    who: &PlanFor,
    times: &IssueTimes,
    recipient: &RecipientTime<'_>,
) -> Result<Vec<PlannedRung>, BeyondCounting> {
    let clock = LevelClock::of(snapshot, times, recipient);
    let mut due: Vec<(Timestamp, RungAct, Option<Ways>)> = Vec::new();
    if who.addressee == Addressee::Copy {
        let ways = snapshot.policy.rungs.first().and_then(|rung| rung.ways);
        due.push((clock.add(times.issued_at, Span::ZERO)?.at, RungAct::Remind, ways));
        let desk = OpenTime { hours: recipient.hours, calendar: Some(recipient.calendar) };
        let wait = snapshot.copy_reminder_after.span(recipient.hours.daily());
        let again = desk.add_working_time(times.issued_at, wait)?.at;
        due.push((again, RungAct::Remind, Some(Ways::First)));
    } else {
        let pace = Pace::of(&clock, times)?;
        for rung in &snapshot.policy.rungs {
            if let Some(act) = act_for(rung.act, who) {
                let at = pace.due(&clock, snapshot, times, rung, recipient)?;
                due.push((at, act, rung.ways));
            }
        }
    }
    due.sort_by_key(|(at, _, _)| *at);
    let planned = (1u16..).zip(due);
    Ok(planned.map(|(step, (due_at, act, ways))| PlannedRung { step, act, ways, due_at }).collect())
}

/// Whether the times of a delivery hang on working days: so that a corrected holiday table moves
/// them. A copy addressee is reminded in its working time at every level.
#[must_use]
pub fn counts_working_days(snapshot: &LadderSnapshot, addressee: Addressee, manned: bool) -> bool {
    match (addressee, snapshot.policy.clock) {
        (Addressee::Copy, _) | (_, ClockKind::Working) => true,
        (_, ClockKind::WorkingOrManned) => !manned,
        (_, ClockKind::Continuous | ClockKind::NightRest) => false,
    }
}

/// The same ladder with the step that puts a missed deadline on record: just after the deadline,
/// because that instant itself is on time.
#[must_use]
pub fn with_deadline_mark(rungs: Vec<PlannedRung>, deadline: Timestamp) -> Vec<PlannedRung> {
    let due_at = deadline.plus(Span::micros(1));
    let mark = PlannedRung { step: 0, act: RungAct::MarkDeadline, ways: None, due_at };
    let mut all = rungs;
    let place = all.iter().take_while(|rung| rung.due_at < due_at).count();
    all.insert(place, mark);
    for (step, rung) in (1u16..).zip(&mut all) {
        rung.step = step;
    }
    all
}

/// What an act becomes towards this recipient, if it exists at all.
fn act_for(act: RungAct, who: &PlanFor) -> Option<RungAct> {
    match act {
        RungAct::PromptLeader if !who.issuer_is_above => Some(RungAct::OfferLeader),
        RungAct::OfferSuperior if !who.issuer_is_above => None,
        RungAct::AskSuperior if !(who.issuer_is_above && who.superior_declared) => None,
        act => Some(act),
    }
}

/// The hours of one level for one recipient; `open` is `None` when every hour counts.
struct LevelClock<'a> {
    open: Option<(WorkingHours, Option<&'a Calendar>)>,
    sign_span: Span,
}

impl<'a> LevelClock<'a> {
    fn of(snapshot: &LadderSnapshot, times: &IssueTimes, recipient: &RecipientTime<'a>) -> Self {
        let manned = recipient.manned_around_the_clock;
        let desk = || Some((recipient.hours.clone(), Some(recipient.calendar)));
        let quiet = snapshot.quiet_hours;
        let open = match snapshot.policy.clock {
            ClockKind::Continuous => None,
            ClockKind::NightRest if manned || times.overnight => None,
            ClockKind::NightRest => Some((WorkingHours::outside_night(quiet.from, quiet.to), None)),
            ClockKind::WorkingOrManned if manned => None,
            ClockKind::WorkingOrManned | ClockKind::Working => desk(),
        };
        let sign_span = snapshot.policy.sign_within.span(recipient.hours.daily());
        Self { open, sign_span }
    }

    fn add(&self, start: Timestamp, span: Span) -> Result<OpenMoment, BeyondCounting> {
        match &self.open {
            None => Ok(OpenMoment { at: start.plus(span), years_without_table: Vec::new() }),
            Some((hours, calendar)) => {
                OpenTime { hours, calendar: *calendar }.add_working_time(start, span)
            }
        }
    }

    fn between(&self, start: Timestamp, end: Timestamp) -> Span {
        match &self.open {
            None => Span::micros(end.since(start).as_micros().max(0)),
            Some((hours, calendar)) => {
                OpenTime { hours, calendar: *calendar }.open_between(start, end)
            }
        }
    }
}

/// How fast the rungs follow each other.
enum Pace {
    /// As the level says.
    Level,
    /// Drawn together so that the level's deadline becomes this much of its clock.
    Within(Span),
    /// The notice's deadline leaves no time on the level's clock: this much of the wall clock.
    WallClock(Span),
}

impl Pace {
    fn of(clock: &LevelClock<'_>, times: &IssueTimes) -> Result<Self, BeyondCounting> {
        let Some(explicit) = times.explicit else { return Ok(Self::Level) };
        if explicit >= clock.add(times.issued_at, clock.sign_span)?.at {
            return Ok(Self::Level);
        }
        let left = clock.between(times.issued_at, explicit);
        if left > Span::ZERO {
            return Ok(Self::Within(left));
        }
        Ok(Self::WallClock(Span::micros(explicit.since(times.issued_at).as_micros().max(0))))
    }

    fn due(
        &self,
        clock: &LevelClock<'_>,
        snapshot: &LadderSnapshot,
        times: &IssueTimes,
        rung: &Rung,
        recipient: &RecipientTime<'_>,
    ) -> Result<Timestamp, BeyondCounting> {
        let span = rung.at.span(recipient.hours.daily());
        let wait = match self {
            Self::Level => span,
            Self::Within(left) | Self::WallClock(left) => share(span, *left, clock.sign_span),
        };
        let on_wall_clock = times.issued_at.plus(wait);
        let quiet = snapshot.quiet_hours;
        let shown = ClockTime::of(on_wall_clock);
        let at_night = shown >= quiet.from || shown < quiet.to;
        match (rung.at_night, self) {
            (Some(morning), _) if at_night && !times.overnight => {
                Ok(morning.next_from(on_wall_clock))
            }
            (_, Self::WallClock(_)) => Ok(on_wall_clock),
            _ => Ok(clock.add(times.issued_at, wait)?.at),
        }
    }
}

/// `span` × `part` ÷ `whole`.
fn share(span: Span, part: Span, whole: Span) -> Span {
    let product = i128::from(span.as_micros()) * i128::from(part.as_micros());
    let quotient = product / i128::from(whole.as_micros().max(1));
    Span::micros(i64::try_from(quotient).unwrap_or(i64::MAX))
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;

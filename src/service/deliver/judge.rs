//! What an attempt's report means for its row: from the report and the schedule to the place the
//! message goes to and the words that are kept.

use super::record::Ended;
use super::{Batch, NO_TRY};
use crate::adapters::mail::SendReport;
use crate::domain::message::{
    AttemptOutcome, Fault, NextStep, Phase, RetrySchedule, after_attempt,
};
use crate::domain::time::Timestamp;
use crate::service::{Sending, ServiceError};
use crate::store::outbox::Taken;
use crate::store::outcomes::{EndedAttempt, NextPlace};

/// Characters of a relay's answer that are kept.
const REPLY_CHARS_MAX: usize = 200;

/// The waits for messages of a lane.
pub(super) fn schedule(sending: &Sending, lane: i32) -> &RetrySchedule {
    if lane == super::FLASH_LANE { &sending.retry_flash } else { &sending.retry_ordinary }
}

/// Attempts that use up a try, the one under way included.
pub(super) fn tries(taken: &Taken) -> u32 {
    u32::try_from(taken.number.saturating_sub(taken.spared)).unwrap_or(0)
}

/// Why a message is not even tried, if its time or its tries are over.
pub(super) fn is_over(sending: &Sending, taken: &Taken, now: Timestamp) -> Option<&'static str> {
    let tries_max = schedule(sending, taken.lane).tries_max();
    if now > taken.created_at.plus(sending.lifetime) {
        Some("expired")
    } else if usize::try_from(tries(taken)).unwrap_or(usize::MAX) > tries_max {
        // Only attempts that ended without a report lead here: their senders died over it.
        Some("given_up")
    } else {
        None
    }
}

/// What a report amounts to.
pub(super) fn of_report(
    batch: &Batch<'_>,
    taken: Taken,
    report: &SendReport,
    now: Timestamp,
) -> Result<Ended, ServiceError> {
    let sending = &batch.service.settings.sending;
    let expires_at = taken.created_at.plus(sending.lifetime);
    let outcome = &report.outcome;
    let step =
        after_attempt(outcome, tries(&taken), now, schedule(sending, taken.lane), expires_at);
    let uncertain = matches!(outcome, AttemptOutcome::Unknown { .. });
    let mut given_up = None;
    let next = match step {
        NextStep::Done => NextPlace::HandedOver,
        NextStep::RetryAt(at) => NextPlace::Waiting {
            due_at: whole_second(at),
            spared: matches!(outcome, AttemptOutcome::NotSent { fault: Fault::Channel, .. }),
            uncertain,
        },
        NextStep::Dead { why } => {
            let tried_out = usize::try_from(tries(&taken)).unwrap_or(usize::MAX)
                >= schedule(sending, taken.lane).tries_max();
            let word = match outcome {
                AttemptOutcome::Rejected { .. } => "rejected",
                _ if tried_out => "given_up",
                _ => "expired",
            };
            given_up = Some(one_line(&why));
            NextPlace::Dead { why: word, uncertain }
        }
    };
    // Refused before RCPT or after it, a mail says nothing about the address: a filter that
    // dislikes one notice must not mark every address of the directory.
    let address_refused =
        matches!(outcome, AttemptOutcome::Rejected { .. }) && report.phase == Phase::Recipient;
    let attempt = EndedAttempt {
        attempt_id: taken.attempt_id,
        message_id: taken.id,
        token: batch.token.clone(),
        ended_at: now,
        outcome: outcome.kind(),
        phase: Some(report.phase.as_str()),
        relay: Some(one_line(&report.relay)),
        reply: one_line(outcome.why()),
        may_have_arrived: outcome.may_have_arrived(),
        next,
    };
    Ok(Ended { taken, attempt, address_refused, given_up, event_ids: batch.event_ids(now)? })
}

/// A message that was not tried, and where it goes.
pub(super) fn not_tried(
    batch: &Batch<'_>,
    taken: Taken,
    next: NextPlace,
    why: &str,
    now: Timestamp,
) -> Result<Ended, ServiceError> {
    let given_up = matches!(next, NextPlace::Dead { .. }).then(|| one_line(why));
    let attempt = EndedAttempt {
        attempt_id: taken.attempt_id,
        message_id: taken.id,
        token: batch.token.clone(),
        ended_at: now,
        outcome: NO_TRY,
        phase: None,
        relay: None,
        reply: one_line(why),
        may_have_arrived: false,
        next,
    };
    let event_ids = batch.event_ids(now)?;
    Ok(Ended { taken, attempt, address_refused: false, given_up, event_ids })
}

/// The next full second: rows that are due together lie together, and move in one statement.
fn whole_second(at: Timestamp) -> Timestamp {
    const SECOND: i64 = 1_000_000;
    let over = at.as_micros().rem_euclid(SECOND);
    let missing = if over == 0 { 0 } else { SECOND - over };
    Timestamp::from_micros(at.as_micros().saturating_add(missing))
}

/// One bounded line without addresses: it is kept for ever and names nobody.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|letter: char| letter.is_whitespace() || letter.is_control())
        .filter(|word| !word.is_empty())
        .map(|word| if word.contains('@') { "<address>" } else { word })
        .collect();
    words.join(" ").chars().take(REPLY_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_kept_as_one_bounded_line_that_names_nobody() {
        let said = "550 5.1.1\r\n <zhang@wangcheng.example>: no\tsuch mailbox";
        assert_eq!(one_line(said), "550 5.1.1 <address> no such mailbox");
        assert_eq!(one_line(&"长".repeat(900)).chars().count(), REPLY_CHARS_MAX);
    }

    #[test]
    fn a_retry_is_never_before_its_wait_is_over() {
        for micros in [0, 1, 999_999, 1_000_000] {
            let at = Timestamp::from_micros(micros);
            let due = whole_second(at);
            assert!(due >= at && due.as_micros() % 1_000_000 == 0, "{micros}");
            assert!(due.since(at).as_micros() < 1_000_000, "{micros}");
        }
    }
}

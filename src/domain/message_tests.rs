//! The outcome table row by row, and the arithmetic of trying again.

use proptest::prelude::*;

use super::*;

fn reply(code: u16) -> Happening {
    Happening::Reply { code, text: format!("{code} words") }
}

const ALL: [Phase; 11] = [
    Phase::Prepare,
    Phase::Connect,
    Phase::Greeting,
    Phase::Hello,
    Phase::Tls,
    Phase::Auth,
    Phase::MailFrom,
    Phase::Recipient,
    Phase::Data,
    Phase::Body,
    Phase::FinalDotWritten,
];

fn kind(phase: Phase, what: &Happening) -> &'static str {
    classify(phase, what).kind()
}

#[test]
fn before_the_transaction_nothing_is_lost() {
    for phase in [Phase::Connect, Phase::Greeting, Phase::Hello, Phase::Tls, Phase::Auth] {
        for what in [Happening::Unreachable(String::new()), Happening::Timeout, Happening::Cut] {
            assert_eq!(kind(phase, &what), "not_sent", "{phase:?} {what:?}");
        }
        assert_eq!(kind(phase, &reply(421)), "not_sent");
        assert_eq!(kind(phase, &reply(454)), "not_sent");
        assert_eq!(kind(phase, &Happening::Garbled(String::new())), "not_sent");
    }
    assert_eq!(kind(Phase::Auth, &reply(535)), "channel_fault");
    assert_eq!(kind(Phase::Tls, &Happening::BadCertificate(String::new())), "channel_fault");
    assert_eq!(kind(Phase::Tls, &Happening::NotOffered(String::new())), "channel_fault");
}

#[test]
fn in_the_transaction_the_class_of_the_reply_decides() {
    for phase in [Phase::MailFrom, Phase::Recipient, Phase::Data, Phase::FinalDotWritten] {
        assert_eq!(kind(phase, &reply(451)), "not_sent", "{phase:?}");
        assert_eq!(kind(phase, &Happening::Garbled(String::new())), "unknown", "{phase:?}");
    }
    for phase in [Phase::MailFrom, Phase::Recipient, Phase::Data, Phase::Body] {
        assert_eq!(kind(phase, &Happening::Cut), "not_sent", "{phase:?}");
        assert_eq!(kind(phase, &Happening::Timeout), "not_sent", "{phase:?}");
    }
    assert_eq!(kind(Phase::MailFrom, &reply(550)), "channel_fault");
    assert_eq!(kind(Phase::Recipient, &reply(550)), "rejected");
    assert_eq!(kind(Phase::Data, &reply(554)), "rejected");
}

#[test]
fn after_the_dot_silence_means_nobody_knows() {
    let dot = Phase::FinalDotWritten;
    assert_eq!(kind(dot, &Happening::Cut), "unknown");
    assert_eq!(kind(dot, &Happening::Timeout), "unknown");
    assert_eq!(kind(dot, &reply(250)), "accepted");
    assert_eq!(kind(dot, &reply(554)), "rejected");
    for code in [200, 251, 252, 334, 354] {
        assert_eq!(kind(dot, &reply(code)), "unknown", "{code}");
    }
}

#[test]
fn only_250_to_the_dot_is_accepted() {
    for phase in ALL {
        for code in 200..600 {
            let accepted = kind(phase, &reply(code)) == "accepted";
            assert_eq!(accepted, phase == Phase::FinalDotWritten && code == 250);
        }
    }
}

#[test]
fn what_is_unsure_or_temporary_is_tried_again_and_what_is_refused_is_not() {
    let now = Timestamp::from_micros(1_795_000_000_000_000);
    let end = now.plus(Span::hours(1));
    let waits = RetrySchedule::new(vec![60, 300]).expect("valid");
    let unknown = classify(Phase::FinalDotWritten, &Happening::Cut);
    assert!(unknown.may_have_arrived());
    let step = |outcome, made| after_attempt(outcome, made, now, &waits, end);
    assert_eq!(step(&unknown, 1), NextStep::RetryAt(now.plus(Span::seconds(60))));
    assert_eq!(step(&unknown, 2), NextStep::RetryAt(now.plus(Span::seconds(300))));
    assert!(matches!(step(&unknown, 3), NextStep::Dead { .. }));
    let rejected = classify(Phase::Recipient, &reply(550));
    assert_eq!(step(&rejected, 1), NextStep::Dead { why: "550 words".to_owned() });
    let accepted = classify(Phase::FinalDotWritten, &reply(250));
    assert_eq!(step(&accepted, 9), NextStep::Done);
}

#[test]
fn a_broken_channel_uses_up_no_tries_but_an_expired_message_ends() {
    let now = Timestamp::from_micros(1_795_000_000_000_000);
    let waits = RetrySchedule::new(vec![60, 300]).expect("valid");
    let broken = classify(Phase::Auth, &reply(535));
    let far = now.plus(Span::hours(1));
    let step = after_attempt(&broken, 40, now, &waits, far);
    assert_eq!(step, NextStep::RetryAt(now.plus(Span::seconds(300))));
    let near = now.plus(Span::seconds(299));
    assert!(matches!(after_attempt(&broken, 40, now, &waits, near), NextStep::Dead { .. }));
}

#[test]
fn a_schedule_says_what_it_adds_up_to_and_refuses_nonsense() {
    let waits = RetrySchedule::new(vec![60, 300, 1_800, 7_200]).expect("valid");
    assert_eq!(waits.in_words(), "5 tries; the last one 2 h 36 min after the first");
    assert_eq!(RetrySchedule::new(vec![]), Err(BadSchedule::Count(0)));
    assert_eq!(RetrySchedule::new(vec![60, 0]), Err(BadSchedule::Wait(0)));
    assert_eq!(RetrySchedule::new(vec![86_401]), Err(BadSchedule::Wait(86_401)));
    for known in [RetrySchedule::flash(), RetrySchedule::ordinary()] {
        assert_eq!(RetrySchedule::new(known.0.clone()), Ok(known));
    }
}

#[test]
fn stored_words_come_back_as_what_they_were() {
    for state in ["waiting", "leased", "handed_over", "cancelled", "dead"] {
        assert_eq!(state.parse::<MessageState>().map(MessageState::as_str), Ok(state));
    }
    for phase in ALL {
        assert_eq!(phase.as_str().parse(), Ok(phase));
    }
    assert!("sent".parse::<MessageState>().is_err());
}

proptest! {
    #[test]
    fn a_message_id_is_stable_and_tells_nothing(micros in 0i64..4_000_000_000_000_000,
                                                entropy: [u8; 10]) {
        let id = MessageId::new(Timestamp::from_micros(micros), entropy);
        let header = message_id_header(id, "mail.example");
        prop_assert_eq!(&header, &message_id_header(id, "mail.example"));
        prop_assert!(header.starts_with('<') && header.ends_with("@mail.example>"));
        prop_assert!(!header.contains(id.to_string().trim_start_matches("msg_")));
        prop_assert_eq!(header.len(), 32 + "<@mail.example>".len());
    }
}

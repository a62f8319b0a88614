//! Each rule of the steady time at its edges.

use super::*;

const NOON: Timestamp = Timestamp::from_micros(1_795_483_200_000_000);
const EVERY: Span = Span::seconds(5);

fn rules() -> SteadyRules {
    SteadyRules { looks: 3, ..SteadyRules::default() }
}

fn look(wall: Span, witness: Option<Span>) -> Look {
    let witness = witness.map_or(Witness::Nobody, |by| Witness::Says(NOON.plus(by)));
    Look { steady: NOON, wall: NOON.plus(wall), witness, passed: EVERY }
}

#[test]
fn a_far_time_is_believed_only_after_it_stood() {
    let day = Span::hours(24);
    let mut doubts = Doubts::default();
    for _ in 0..2 {
        assert_eq!(doubts.judge(&rules(), &look(day, None)), Ruling::Keep);
    }
    assert_eq!(doubts.judge(&rules(), &look(day, None)), Ruling::Leap(day));
}

#[test]
fn looks_in_quick_succession_are_one() {
    let mut doubts = Doubts::default();
    for _ in 0..50 {
        let quick = Look { passed: Span::millis(1), ..look(Span::hours(1), None) };
        assert_eq!(doubts.judge(&rules(), &quick), Ruling::Keep);
    }
}

#[test]
fn a_time_that_moves_about_or_goes_away_is_not_believed() {
    let mut doubts = Doubts::default();
    for hour in 1..40 {
        let restless = look(Span::hours(hour), None);
        assert_eq!(doubts.judge(&rules(), &restless), Ruling::Keep);
    }
    let far = look(Span::hours(2), None);
    for _ in 0..10 {
        assert_eq!(doubts.judge(&rules(), &far), Ruling::Keep);
        assert_eq!(doubts.judge(&rules(), &far), Ruling::Keep);
        assert_eq!(doubts.judge(&rules(), &look(Span::ZERO, None)), Ruling::Drift(Span::ZERO));
    }
}

#[test]
fn a_clock_that_runs_twice_as_fast_is_never_believed() {
    let mut doubts = Doubts::default();
    for round in 13..500 {
        let fast = look(Span::seconds(5 * round), None);
        assert_eq!(doubts.judge(&rules(), &fast), Ruling::Keep);
    }
}

#[test]
fn nothing_far_behind_is_ever_believed() {
    let mut doubts = Doubts::default();
    let behind = Span::hours(-24);
    for _ in 0..100 {
        assert_eq!(doubts.judge(&rules(), &look(behind, None)), Ruling::Keep);
        assert_eq!(doubts.judge(&rules(), &look(behind, Some(behind))), Ruling::Keep);
    }
    let all = differences(&rules(), &look(behind, Some(behind)));
    assert_eq!(all, [Difference::Wall(behind), Difference::Witness(behind)]);
}

#[test]
fn two_clocks_that_agree_settle_it_at_once_and_one_alone_does_not() {
    let hours = Span::hours(8);
    let mut doubts = Doubts::default();
    let agree = look(hours, Some(Span::seconds(8 * 3600 + 60)));
    let witness = Span::seconds(8 * 3600 + 60);
    assert_eq!(doubts.judge(&rules(), &agree), Ruling::Leap(witness));
    let mut doubts = Doubts::default();
    let wall_alone = look(hours, Some(Span::ZERO));
    for _ in 0..100 {
        assert_eq!(doubts.judge(&rules(), &wall_alone), Ruling::Drift(Span::ZERO));
    }
    let mut doubts = Doubts::default();
    let witness_alone = look(Span::ZERO, Some(hours));
    assert_eq!(doubts.judge(&rules(), &witness_alone), Ruling::Keep);
    assert_eq!(doubts.judge(&rules(), &witness_alone), Ruling::Keep);
    assert_eq!(doubts.judge(&rules(), &witness_alone), Ruling::Leap(hours));
}

#[test]
fn a_silent_witness_decides_nothing() {
    let mut doubts = Doubts::default();
    let silent = Look { witness: Witness::Silent, ..look(Span::hours(3), None) };
    for _ in 0..100 {
        assert_eq!(doubts.judge(&rules(), &silent), Ruling::Keep);
    }
}

#[test]
fn near_clocks_are_followed_slowly() {
    let mut doubts = Doubts::default();
    let ahead = doubts.judge(&rules(), &look(Span::seconds(60), None));
    assert_eq!(ahead, Ruling::Drift(Span::millis(250)));
    let behind = doubts.judge(&rules(), &look(Span::seconds(-60), None));
    assert_eq!(behind, Ruling::Drift(Span::micros(-500)));
    let beyond = doubts.judge(&rules(), &look(Span::micros(60_000_001), None));
    assert_eq!(beyond, Ruling::Keep);
}

#[test]
fn a_start_goes_on_where_it_was_unless_a_later_time_is_plain() {
    let begin = |reached: Option<Span>, wall: Span, witness: Option<Span>| {
        let at = look(wall, witness);
        let reached = reached.map(|by| NOON.plus(by));
        begins_at(&rules(), reached, at.wall, at.witness).since(NOON)
    };
    let (minute, night) = (Span::minutes(1), Span::hours(10));
    assert_eq!(begin(None, night, None), night, "a first start has nothing but the wall");
    assert_eq!(begin(Some(Span::ZERO), minute, None), minute, "a restart");
    assert_eq!(begin(Some(Span::ZERO), night, None), Span::ZERO, "a night, or a wrong clock");
    assert_eq!(begin(Some(Span::ZERO), night, Some(night)), night, "the database bears it out");
    assert_eq!(begin(Some(Span::ZERO), night, Some(minute)), minute, "the wall alone is wrong");
    assert_eq!(begin(Some(night), minute, None), night, "never back");
    assert_eq!(begin(Some(night), minute, Some(minute)), night, "never back, whoever says so");
}

//! Whether an organisation's signature counts: decided from what the transaction has read and
//! holds. Pure: it does not ask who signs, and it writes nothing.

use super::delivery::{DeliveryFacts, ReceiptMode};
use super::notice::NoticeState;

/// What stands in the way of a signature, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It counts: the first valid signature of this delivery.
    Sign,
    /// It stands beside a weaker receipt that answered before, and changes nothing about it.
    StandBeside,
    /// Somebody signed before; theirs is the receipt.
    AlreadySigned,
    /// The page showed another version than the one in force.
    Superseded {
        /// The version in force.
        current: i32,
    },
    /// The notice was taken back; there is nothing to sign any more.
    Withdrawn(NoticeState),
}

/// What the transaction knows when a signature comes in.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The delivery's facts.
    pub facts: &'a DeliveryFacts,
    /// Where the notice stands.
    pub notice: NoticeState,
    /// The version in force.
    pub current: i32,
    /// The version the page showed.
    pub shown: i32,
    /// Whether the form has signed before: it belongs to one delivery and signs once.
    pub form_is_spent: bool,
    /// In which way it is signed.
    pub mode: ReceiptMode,
    /// Whether another signature stands beside the receipt already.
    pub beside_is_taken: bool,
}

/// Decides one signature. A deadline gone by is no reason to refuse; nor is a 退文 that the
/// issuer has not accepted; nor is a notice that was closed or archived meanwhile.
#[must_use]
pub fn decide_acknowledge(situation: Situation<'_>) -> Verdict {
    let Situation { facts, notice, current, shown, form_is_spent, mode, beside_is_taken } =
        situation;
    if facts.acknowledged_at.is_some() {
        let weaker = facts.receipt_mode.is_some_and(|answered| mode.may_stand_beside(answered));
        let stands = weaker && !beside_is_taken && facts.recalled_at.is_none();
        let valid = may_be_answered(notice) && shown == current && !form_is_spent;
        return if stands && valid { Verdict::StandBeside } else { Verdict::AlreadySigned };
    }
    if !may_be_answered(notice) {
        return Verdict::Withdrawn(notice);
    }
    if facts.recalled_at.is_some() {
        return Verdict::Withdrawn(NoticeState::Recalled);
    }
    if shown != current {
        return Verdict::Superseded { current };
    }
    Verdict::Sign
}

/// What stands in the way of a 退文, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnVerdict {
    /// It goes to the issuer.
    Return,
    /// One is with the issuer already.
    AlreadyReturned,
    /// The organisation has signed; there is nothing to return.
    AlreadySigned,
    /// The notice was taken back.
    Withdrawn(NoticeState),
}

/// Decides one 退文; `waits`: an earlier one has no answer yet.
#[must_use]
pub fn decide_return(facts: &DeliveryFacts, notice: NoticeState, waits: bool) -> ReturnVerdict {
    if facts.acknowledged_at.is_some() {
        ReturnVerdict::AlreadySigned
    } else if !may_be_answered(notice) {
        ReturnVerdict::Withdrawn(notice)
    } else if facts.recalled_at.is_some() {
        ReturnVerdict::Withdrawn(NoticeState::Recalled)
    } else if waits || facts.returned_at.is_some() {
        ReturnVerdict::AlreadyReturned
    } else {
        ReturnVerdict::Return
    }
}

/// Closing and archiving end the chase, not the recipient's right to answer.
const fn may_be_answered(notice: NoticeState) -> bool {
    matches!(notice, NoticeState::Issued | NoticeState::Closed | NoticeState::Archived)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;
    use proptest::prelude::*;

    fn decide(facts: DeliveryFacts, notice: NoticeState, shown: i32, spent: bool) -> Verdict {
        decide_acknowledge(Situation {
            facts: &facts,
            notice,
            current: 2,
            shown,
            form_is_spent: spent,
            mode: ReceiptMode::OwnOrganization,
            beside_is_taken: false,
        })
    }

    const AT: Option<Timestamp> = Some(Timestamp::from_micros(1));

    #[test]
    fn the_first_signature_on_the_version_in_force_counts() {
        let open = DeliveryFacts::default();
        assert_eq!(decide(open, NoticeState::Issued, 2, false), Verdict::Sign);
        assert_eq!(decide(open, NoticeState::Issued, 1, false), Verdict::Superseded { current: 2 });
        let late = DeliveryFacts { deadline: AT, returned_at: AT, ..open };
        assert_eq!(decide(late, NoticeState::Closed, 2, false), Verdict::Sign);
    }

    #[test]
    fn a_stronger_signature_stands_beside_a_weaker_receipt_once() {
        use ReceiptMode::{OnBehalf, OwnOrganization, Phone};
        for (mode, answered, beside_is_taken, wanted) in [
            (OwnOrganization, Phone, false, Verdict::StandBeside),
            (OwnOrganization, OnBehalf, false, Verdict::StandBeside),
            (OnBehalf, Phone, false, Verdict::StandBeside),
            (OwnOrganization, Phone, true, Verdict::AlreadySigned),
            (OnBehalf, OnBehalf, false, Verdict::AlreadySigned),
            (OnBehalf, OwnOrganization, false, Verdict::AlreadySigned),
            (OwnOrganization, OwnOrganization, false, Verdict::AlreadySigned),
        ] {
            let facts = DeliveryFacts {
                acknowledged_at: AT,
                receipt_mode: Some(answered),
                ..DeliveryFacts::default()
            };
            let notice = NoticeState::Issued;
            let situation = Situation {
                facts: &facts,
                notice,
                current: 1,
                shown: 1,
                form_is_spent: false,
                mode,
                beside_is_taken,
            };
            assert_eq!(decide_acknowledge(situation), wanted, "{mode} after {answered}");
            let stale = Situation { form_is_spent: true, ..situation };
            assert_eq!(decide_acknowledge(stale), Verdict::AlreadySigned);
        }
    }

    #[test]
    fn a_notice_taken_back_is_not_signed() {
        use NoticeState as State;
        let open = DeliveryFacts::default();
        for state in [
            State::Draft,
            State::AwaitingRelease,
            State::Recalled,
            State::Revoked,
            State::Abolished,
            State::Superseded,
        ] {
            assert_eq!(decide(open, state, 2, false), Verdict::Withdrawn(state));
        }
        let recalled = DeliveryFacts { recalled_at: AT, ..open };
        let verdict = decide(recalled, State::Issued, 2, false);
        assert_eq!(verdict, Verdict::Withdrawn(State::Recalled));
    }

    #[test]
    fn a_notice_is_returned_once_and_never_after_the_signature() {
        let open = DeliveryFacts::default();
        let decide = |facts: DeliveryFacts, state| decide_return(&facts, state, false);
        let issued = NoticeState::Issued;
        assert_eq!(decide(open, issued), ReturnVerdict::Return);
        assert_eq!(decide_return(&open, issued, true), ReturnVerdict::AlreadyReturned);
        let returned = DeliveryFacts { returned_at: AT, ..open };
        assert_eq!(decide(returned, issued), ReturnVerdict::AlreadyReturned);
        let signed = DeliveryFacts { acknowledged_at: AT, ..returned };
        assert_eq!(decide(signed, NoticeState::Revoked), ReturnVerdict::AlreadySigned);
        let revoked = NoticeState::Revoked;
        assert_eq!(decide(returned, revoked), ReturnVerdict::Withdrawn(revoked));
    }

    proptest! {
        #[test]
        fn who_has_signed_is_told_so_whatever_else_happened(
            state in proptest::sample::select(NoticeState::ALL),
            shown in 1..4, spent: bool, recalled: bool,
        ) {
            let recalled_at = AT.filter(|_| recalled);
            let signed = DeliveryFacts { acknowledged_at: AT, recalled_at, ..Default::default() };
            prop_assert_eq!(decide(signed, state, shown, spent), Verdict::AlreadySigned);
        }
    }
}

//! Tasks that a person of the issuing office owes for one delivery: a call, a decision, a look.
//!
//! One open task per delivery and kind: what makes it owed again raises the open one.

use super::words::word_enum;

word_enum! {
    /// What the person is to do.
    pub enum TaskKind {
        /// Telephone the organisation.
        Call = "call", "打电话";
        /// Confirm by telephone a signature of a weaker grade than the level asks for.
        ConfirmGrade = "confirm_grade", "电话核实签收";
        /// Telephone an organisation, told of the notice by telephone alone, how it ended.
        TellEnd = "tell_end", "电话告知已撤回";
        /// Decide on a 退文.
        Returned = "returned", "处理退文";
        /// Answer a 请求重发.
        AskedAgain = "asked_again", "处理请求重发";
        /// Look at a submission that may come from a machine.
        HeldSubmission = "held_submission", "核对签收提交";
        /// Decide whether the recipient's duty leader is prompted.
        OfferLeader = "offer_leader", "是否提级催签至带班领导";
        /// Decide whether the superior's duty desk is asked for help.
        OfferSuperior = "offer_superior", "是否请上级值班室协助联系";
    }
}

impl TaskKind {
    /// Whether an answer leaves nothing to do: a confirmation is owed *because* of the answer,
    /// and who has answered is to hear of the end all the same.
    #[must_use]
    pub const fn ends_with_answer(self) -> bool {
        !matches!(self, Self::ConfirmGrade | Self::TellEnd)
    }

    /// The kinds that an answer closes.
    pub const ENDED_BY_ANSWER: &'static [Self] = &[
        Self::Call,
        Self::OfferLeader,
        Self::OfferSuperior,
        Self::HeldSubmission,
        Self::Returned,
        Self::AskedAgain,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_closes_every_kind_but_the_confirmation() {
        for kind in TaskKind::ALL {
            assert_eq!(kind.ends_with_answer(), TaskKind::ENDED_BY_ANSWER.contains(kind), "{kind}");
        }
    }
}

//! Whether a message is still wanted at the instant it would leave.
//!
//! Pure: looks at what stands there now and answers with one word. Each purpose has its own end:
//! what chases a signature ends with the answer, what tells of an end goes out because of it.

use super::message::MessagePurpose;
use super::notice::NoticeState;

/// What stands there when the look is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circumstances {
    /// What the message is for.
    pub purpose: MessagePurpose,
    /// The delivery is signed for.
    pub acknowledged: bool,
    /// The delivery was recalled.
    pub recalled: bool,
    /// 终止催签: a named person ended the chase.
    pub chase_stopped: bool,
    /// Where its notice stands, if it is about one.
    pub notice: Option<NoticeState>,
    /// Address or contact is out of use.
    pub address_retired: bool,
    /// It carries a link, and the link is revoked.
    pub link_revoked: bool,
}

/// Why a message must not go out any more; `None`: it must.
///
/// A delivery that was sent back is still chased: only the issuer's consent ends that, and the
/// act of consent cancels the messages itself.
#[must_use]
pub fn unwanted_because(at: &Circumstances) -> Option<&'static str> {
    use MessagePurpose as P;
    let of_the_delivery = match at.purpose {
        P::Invitation | P::Resend => ended(at),
        P::Reminder | P::LeaderPrompt | P::SuperiorRequest => {
            ended(at).or(at.chase_stopped.then_some("chase_stopped"))
        }
        P::IssuerAlert | P::DelegatedCalls => notice_ended(at),
        P::Withdrawal | P::ReturnDecision | P::Verification => None,
    };
    of_the_delivery
        .or(at.address_retired.then_some("address_retired"))
        .or(at.link_revoked.then_some("link_revoked"))
}

fn ended(at: &Circumstances) -> Option<&'static str> {
    if at.acknowledged {
        Some("acknowledged")
    } else if at.recalled {
        Some("recalled")
    } else {
        notice_ended(at)
    }
}

fn notice_ended(at: &Circumstances) -> Option<&'static str> {
    (at.notice != Some(NoticeState::Issued)).then_some("notice_ended")
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn open(purpose: MessagePurpose) -> Circumstances {
        Circumstances {
            purpose,
            acknowledged: false,
            recalled: false,
            chase_stopped: false,
            notice: Some(NoticeState::Issued),
            address_retired: false,
            link_revoked: false,
        }
    }

    #[test]
    fn each_purpose_ends_with_what_ends_it_and_with_nothing_else() {
        use MessagePurpose as P;
        for purpose in MessagePurpose::ALL {
            let at = open(*purpose);
            let why = |at: Circumstances| unwanted_because(&at);
            assert_eq!(why(at), None, "{purpose}");
            let chases = matches!(purpose, P::Reminder | P::LeaderPrompt | P::SuperiorRequest);
            let asks = chases || matches!(purpose, P::Invitation | P::Resend);
            let of_notice = asks || matches!(purpose, P::IssuerAlert | P::DelegatedCalls);
            let wanted = |yes: bool, word| if yes { Some(word) } else { None };
            let signed = Circumstances { acknowledged: true, ..at };
            assert_eq!(why(signed), wanted(asks, "acknowledged"), "{purpose}");
            let recalled = Circumstances { recalled: true, ..at };
            assert_eq!(why(recalled), wanted(asks, "recalled"), "{purpose}");
            let stopped = Circumstances { chase_stopped: true, ..at };
            assert_eq!(why(stopped), wanted(chases, "chase_stopped"), "{purpose}");
            for state in [NoticeState::Revoked, NoticeState::Superseded, NoticeState::Closed] {
                let over = Circumstances { notice: Some(state), ..at };
                assert_eq!(why(over), wanted(of_notice, "notice_ended"), "{purpose} {state}");
            }
            let retired = Circumstances { address_retired: true, ..at };
            assert_eq!(why(retired), Some("address_retired"), "{purpose}");
        }
    }
}

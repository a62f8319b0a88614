//! The life of a notice: which act leads from where to where.

use crate::domain::words::stored_words;

/// Where a notice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoticeState {
    /// 草稿
    Draft,
    /// 待核发
    AwaitingRelease,
    /// 已发出
    Issued,
    /// 已办结
    Closed,
    /// 已归档
    Archived,
    /// 已撤回: taken back in transport.
    Recalled,
    /// 已撤销: void from the beginning.
    Revoked,
    /// 已废止: void from a date.
    Abolished,
    /// 已更正: another notice stands in its place.
    Superseded,
}

stored_words!(NoticeState, {
    Draft => "draft", AwaitingRelease => "awaiting_release", Issued => "issued",
    Closed => "closed", Archived => "archived", Recalled => "recalled",
    Revoked => "revoked", Abolished => "abolished", Superseded => "superseded",
});

/// What is done to a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoticeAct {
    /// 送核发
    AskForRelease,
    /// 退回修改, and every edit of a notice that waits for its release.
    SendBack,
    /// 发出
    Issue,
    /// 办结
    Close,
    /// 归档
    Archive,
    /// 撤回
    Recall,
    /// 撤销
    Revoke,
    /// 废止
    Abolish,
    /// 更正
    Supersede,
}

stored_words!(NoticeAct, {
    AskForRelease => "ask_for_release", SendBack => "send_back", Issue => "issue",
    Close => "close", Archive => "archive", Recall => "recall", Revoke => "revoke",
    Abolish => "abolish", Supersede => "supersede",
});

/// The act does not fit where the notice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot {act} a notice that is {state}")]
pub struct WrongState {
    /// Where it stands.
    pub state: NoticeState,
    /// What was tried.
    pub act: NoticeAct,
}

impl WrongState {
    /// What to do, in the words of a page.
    #[must_use]
    pub fn message_zh(&self) -> String {
        let (state, act) = (self.state.word_zh(), self.act.word_zh());
        format!("本件{state}，不能{act}。请刷新页面，按当前状态办理")
    }
}

impl NoticeState {
    /// The word on pages.
    #[must_use]
    pub const fn word_zh(self) -> &'static str {
        match self {
            Self::Draft => "为草稿",
            Self::AwaitingRelease => "待核发",
            Self::Issued => "已发出",
            Self::Closed => "已办结",
            Self::Archived => "已归档",
            Self::Recalled => "已撤回",
            Self::Revoked => "已撤销",
            Self::Abolished => "已废止",
            Self::Superseded => "已更正",
        }
    }

    /// Where `act` leads.
    ///
    /// # Errors
    /// It leads nowhere from here.
    pub const fn after(self, act: NoticeAct) -> Result<Self, WrongState> {
        use NoticeAct as Act;
        let next = match (self, act) {
            (Self::Draft, Act::AskForRelease) => Self::AwaitingRelease,
            (Self::AwaitingRelease, Act::SendBack) => Self::Draft,
            (Self::Draft | Self::AwaitingRelease, Act::Issue) => Self::Issued,
            (Self::Issued, Act::Close) => Self::Closed,
            (Self::Closed, Act::Archive) => Self::Archived,
            (Self::Issued, Act::Recall) => Self::Recalled,
            (Self::Issued | Self::Closed | Self::Archived, Act::Revoke) => Self::Revoked,
            (Self::Issued | Self::Closed | Self::Archived, Act::Abolish) => Self::Abolished,
            (Self::Issued | Self::Closed | Self::Archived, Act::Supersede) => Self::Superseded,
            (state, act) => return Err(WrongState { state, act }),
        };
        Ok(next)
    }

    /// Header, text, files and recipients may still be changed.
    #[must_use]
    pub const fn is_editable(self) -> bool {
        matches!(self, Self::Draft)
    }

    /// It ended for its recipients: nobody is to sign it any more.
    #[must_use]
    pub const fn is_taken_back(self) -> bool {
        matches!(self, Self::Recalled | Self::Revoked | Self::Abolished | Self::Superseded)
    }

    /// How a delivery stands that was not signed when the notice ended.
    #[must_use]
    pub const fn word_of_unsigned_zh(self) -> &'static str {
        match self {
            Self::Superseded => "已由新版代替",
            Self::Revoked => "已撤销",
            Self::Abolished => "已废止",
            _ => "已撤回",
        }
    }

    /// `撤回`: the act by which it was taken back, to count what was so before it and at it.
    #[must_use]
    pub const fn end_zh(self) -> &'static str {
        match self {
            Self::Superseded => "更正",
            Self::Revoked => "撤销",
            Self::Abolished => "废止",
            _ => "撤回",
        }
    }

    /// Deliveries are chased.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Issued)
    }
}

impl NoticeAct {
    /// The verb on pages.
    #[must_use]
    pub const fn word_zh(self) -> &'static str {
        match self {
            Self::AskForRelease => "送核发",
            Self::SendBack => "退回修改",
            Self::Issue => "发出",
            Self::Close => "办结",
            Self::Archive => "归档",
            Self::Recall => "撤回",
            Self::Revoke => "撤销",
            Self::Abolish => "废止",
            Self::Supersede => "更正",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_usual_life() {
        use NoticeAct as Act;
        let acts = [Act::AskForRelease, Act::SendBack, Act::AskForRelease, Act::Issue, Act::Close];
        let end = acts.iter().try_fold(NoticeState::Draft, |state, act| state.after(*act));
        assert_eq!(end, Ok(NoticeState::Closed));
        let allowed = NoticeState::ALL
            .iter()
            .flat_map(|state| NoticeAct::ALL.iter().map(|act| state.after(*act)))
            .filter(Result::is_ok)
            .count();
        assert_eq!(allowed, 16, "a transition was added or lost");
        assert!(NoticeState::Closed.after(Act::Recall).unwrap_err().message_zh().contains("撤回"));
    }

    proptest! {
        #[test]
        fn what_was_issued_never_becomes_a_draft_again(
            acts in proptest::collection::vec(proptest::sample::select(NoticeAct::ALL), 0..40),
        ) {
            let mut state = NoticeState::Draft;
            let mut issued = false;
            for act in acts {
                state = state.after(act).unwrap_or(state);
                issued |= state.is_open();
                prop_assert!(!(issued && matches!(
                    state, NoticeState::Draft | NoticeState::AwaitingRelease)));
                prop_assert_eq!(state.as_str().parse(), Ok(state));
            }
        }
    }
}

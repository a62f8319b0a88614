//! Which groups of writes may run beside which, where an engine lets several connections write.
//!
//! A transaction has two parts. While it **runs statements** it takes rows and may wait for them;
//! while it **commits** it only waits for the disk. So:
//!
//! - A group begins beside others that only commit: they wait for nobody any more, so no circle of
//!   waiting can close.
//! - Statements of two groups run beside each other only where both take their rows in the one
//!   order ([`Company::ItsLike`]).
//! - Every so often a group begins only when all before it have ended: what the groups of a burst
//!   hold together without a gap (the notice they all sign for) is then free for a moment, and a
//!   recall on another server gets it.
//!
//! Never here: what a group does.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Groups that begin beside others, in a row, at most.
const BESIDE_MAX: u32 = 8;

/// Beside whose statements a group may run its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Company {
    /// Nobody's.
    Nobody,
    /// Those of others that take their rows in the same order.
    ItsLike,
}

/// What is open just now.
#[derive(Default)]
struct Open {
    /// Transactions that may still run a statement.
    running: u32,
    /// Those, and the ones that commit.
    begun: u32,
    /// Began beside others, in a row.
    beside: u32,
}

/// The places of one queue.
#[derive(Default)]
pub(super) struct Turn {
    /// Held by whoever takes a group, and while a group runs that suffers no company.
    entry: Mutex<()>,
    open: Mutex<Open>,
    changed: Condvar,
}

impl Turn {
    /// Waits until a group may be taken.
    pub(super) fn enter(&self) -> Entry<'_> {
        let held = self.entry.lock().unwrap_or_else(PoisonError::into_inner);
        Entry { turn: self, _held: held }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever has it takes the next group.
pub(super) struct Entry<'t> {
    turn: &'t Turn,
    _held: MutexGuard<'t, ()>,
}

impl<'t> Entry<'t> {
    /// Waits until a group in such company may begin.
    pub(super) fn admit(self, company: Company) -> Place<'t> {
        let turn = self.turn;
        let mut open = turn.lock();
        let alone = open.beside >= BESIDE_MAX;
        while (alone && open.begun > 0) || (company == Company::Nobody && open.running > 0) {
            open = turn.changed.wait(open).unwrap_or_else(PoisonError::into_inner);
        }
        open.beside = if open.begun > 0 { open.beside + 1 } else { 0 };
        open.running += 1;
        open.begun += 1;
        drop(open);
        let entry = match company {
            Company::Nobody => Some(self),
            Company::ItsLike => None,
        };
        Place { turn, entry, running: true }
    }
}

/// A group's transaction, from before it begins until it has ended; both ends when dropped.
pub(super) struct Place<'t> {
    turn: &'t Turn,
    entry: Option<Entry<'t>>,
    running: bool,
}

impl Place<'_> {
    /// The last statement is done: others need not wait for these any more.
    pub(super) fn only_commits_now(&mut self) {
        if std::mem::replace(&mut self.running, false) {
            self.turn.lock().running -= 1;
            self.turn.changed.notify_all();
        }
        self.entry = None;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.only_commits_now();
        self.turn.lock().begun -= 1;
        self.turn.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, channel};
    use std::time::Duration;

    use super::*;

    const MOMENT: Duration = Duration::from_millis(50);

    /// A group of that company that ends at once; tells when it was admitted.
    fn comes(turn: &Arc<Turn>, company: Company) -> Receiver<()> {
        let (tell, told) = channel();
        let turn = Arc::clone(turn);
        std::thread::spawn(move || {
            drop(turn.enter().admit(company));
            tell.send(()).unwrap();
        });
        told
    }

    fn waits(told: &Receiver<()>) -> bool {
        told.recv_timeout(MOMENT).is_err()
    }

    fn is_let_in(told: &Receiver<()>) -> bool {
        told.recv_timeout(Duration::from_secs(20)).is_ok()
    }

    #[test]
    fn a_group_without_company_waits_until_the_statements_before_it_are_done() {
        let turn = Arc::new(Turn::default());
        for before in [Company::Nobody, Company::ItsLike] {
            let mut place = turn.enter().admit(before);
            let next = comes(&turn, Company::Nobody);
            assert!(waits(&next), "beside {before:?}");
            place.only_commits_now();
            assert!(is_let_in(&next), "beside {before:?}, which only commits");
        }
    }

    #[test]
    fn those_that_keep_one_order_run_beside_each_other_and_beside_nobody_else() {
        let turn = Arc::new(Turn::default());
        let slice = turn.enter().admit(Company::ItsLike);
        assert!(is_let_in(&comes(&turn, Company::ItsLike)));
        drop(slice);
        let other = turn.enter().admit(Company::Nobody);
        let next = comes(&turn, Company::ItsLike);
        assert!(waits(&next));
        drop(other);
        assert!(is_let_in(&next));
    }

    /// Else two that take turns would leave no moment in which nothing is held.
    #[test]
    fn after_so_many_in_a_row_one_begins_when_all_have_ended() {
        let turn = Arc::new(Turn::default());
        for _ in 0..2 {
            let mut last = turn.enter().admit(Company::Nobody);
            for _ in 0..BESIDE_MAX {
                last.only_commits_now();
                last = turn.enter().admit(Company::Nobody);
            }
            last.only_commits_now();
            let next = comes(&turn, Company::ItsLike);
            assert!(waits(&next));
            drop(last);
            assert!(is_let_in(&next));
        }
    }
}

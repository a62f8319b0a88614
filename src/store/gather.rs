//! Reads that come in bursts: what is asked while one read runs gathers, and the next read
//! answers it all. The reading side of [`super::Lane`].
//!
//! Never here: threads. Whoever asks first while nobody reads is told so, and must run
//! [`Gather::read_all`] somewhere.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::fate::Fate;
use super::{Answer, StoreError};

/// Questions answered by one read, at most.
const TOGETHER_MAX: usize = 256;

type Asked<Q, A> = (Q, oneshot::Sender<Result<A, StoreError>>);

struct Waiting<Q, A> {
    asked: Vec<Asked<Q, A>>,
    /// Somebody reads, or has been told to.
    is_read: bool,
}

/// Questions that wait for one reader.
pub struct Gather<Q, A> {
    waiting: Mutex<Waiting<Q, A>>,
}

impl<Q, A> Default for Gather<Q, A> {
    fn default() -> Self {
        Self { waiting: Mutex::new(Waiting { asked: Vec::new(), is_read: false }) }
    }
}

impl<Q, A> Gather<Q, A> {
    fn lock(&self) -> MutexGuard<'_, Waiting<Q, A>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a question in line. With `true` nobody reads yet: the caller sees to it that
    /// [`Self::read_all`] runs.
    pub fn ask(&self, question: Q) -> (Answer<A>, bool) {
        let (tell, told) = oneshot::channel();
        let mut waiting = self.lock();
        waiting.asked.push((question, tell));
        let is_first = !std::mem::replace(&mut waiting.is_read, true);
        (Answer::new(told, Fate::Commits), is_first)
    }

    /// Answers until nobody waits. `read` answers each question, in order.
    pub fn read_all(&self, read: impl Fn(&[Q]) -> Result<Vec<A>, StoreError>) {
        let leave = Leave(self);
        loop {
            let mut asked = {
                let mut waiting = self.lock();
                if waiting.asked.is_empty() {
                    waiting.is_read = false;
                    std::mem::forget(leave);
                    return;
                }
                std::mem::take(&mut waiting.asked)
            };
            while !asked.is_empty() {
                let count = asked.len().min(TOGETHER_MAX);
                let (questions, tells): (Vec<Q>, Vec<_>) = asked.drain(..count).unzip();
                match read(&questions) {
                    Ok(answers) => {
                        // Whoever asked may have gone.
                        for (tell, answer) in tells.into_iter().zip(answers) {
                            drop(tell.send(Ok(answer)));
                        }
                    }
                    Err(error) => {
                        for tell in tells {
                            drop(tell.send(Err(error.clone())));
                        }
                    }
                }
            }
        }
    }
}

/// A reader that panics answers nobody, and leaves the place to the next.
struct Leave<'g, Q, A>(&'g Gather<Q, A>);

impl<Q, A> Drop for Leave<'_, Q, A> {
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        waiting.is_read = false;
        waiting.asked.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gathers_is_answered_together_each_its_own() {
        let gather = Gather::<u32, u32>::default();
        let (one, first) = gather.ask(1);
        let (two, second) = gather.ask(2);
        assert!(first && !second, "one reader is enough");
        gather.read_all(|asked| Ok(asked.iter().map(|n| n * 10).collect()));
        assert_eq!((one.wait(), two.wait()), (Ok(10), Ok(20)));
        let (three, first) = gather.ask(3);
        assert!(first, "the reader has left");
        gather.read_all(|_| Err(StoreError::Overloaded));
        assert_eq!(three.wait(), Err(StoreError::Overloaded));
    }

    #[test]
    fn a_reader_that_panics_leaves_the_place_free() {
        let gather = Gather::<u32, u32>::default();
        let (one, _) = gather.ask(1);
        let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            gather.read_all(|_| std::panic::resume_unwind(Box::new("as a test")));
        }));
        assert!(ran.is_err());
        assert_eq!(one.wait(), Err(StoreError::Stopping));
        let (two, first) = gather.ask(2);
        assert!(first);
        gather.read_all(|asked| Ok(asked.to_vec()));
        assert_eq!(two.wait(), Ok(2));
    }
}

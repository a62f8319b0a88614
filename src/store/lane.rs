//! Acts that come in bursts: many of one kind are read, decided and written together.
//!
//! Items that arrive while the writer is busy gather in their lane; the writer then takes them
//! all as one job with one savepoint. If that fails, each item runs again alone, so that a bad
//! one harms nobody else.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::Tx;
use super::error::StoreError;
use super::fate::{Fate, Fates};
use super::writer::{Failure, Job, Queue};

/// Items decided together, at most.
const SLICE_MAX: usize = 512;

/// Decides a slice of items inside one write and answers each, in the same order.
pub trait SliceAct: Send + Sync + 'static {
    /// What is asked. Kept for a second run.
    type Item: Send + 'static;
    /// What is answered.
    type Answer: Send + 'static;
    /// Name of the transaction in logs.
    const NAME: &'static str;
    /// Whether every write of a slice first holds its notices, then its deliveries in the order
    /// of their ids, then addresses in theirs, and counts last. Where several connections write,
    /// slices that do so run beside each other; one that says so and does not may wait in a
    /// circle.
    const KEEPS_ORDER: bool = false;

    /// Reads the rows of all items at once, decides each, writes all results at once.
    ///
    /// # Errors
    /// The store failed; the items then run one by one.
    fn run(&self, tx: &mut Tx, items: &[Self::Item]) -> Result<Vec<Self::Answer>, StoreError>;
}

type Asked<A> =
    (<A as SliceAct>::Item, oneshot::Sender<Result<<A as SliceAct>::Answer, StoreError>>);

struct Gathering<A: SliceAct> {
    asked: Mutex<Vec<Asked<A>>>,
    act: A,
}

/// The way into the writer for one kind of act.
pub struct Lane<A: SliceAct> {
    gathering: Arc<Gathering<A>>,
    queue: Arc<Queue>,
    fates: Option<Arc<dyn Fates>>,
}

impl<A: SliceAct> Clone for Lane<A> {
    fn clone(&self) -> Self {
        Self {
            gathering: Arc::clone(&self.gathering),
            queue: Arc::clone(&self.queue),
            fates: self.fates.clone(),
        }
    }
}

impl<A: SliceAct> Lane<A> {
    pub(super) fn new(act: A, queue: Arc<Queue>, fates: Option<Arc<dyn Fates>>) -> Self {
        let gathering = Gathering { asked: Mutex::new(Vec::new()), act };
        Self { gathering: Arc::new(gathering), queue, fates }
    }

    /// Puts one item in line; the answer comes after the durable commit.
    pub fn submit(&self, item: A::Item) -> Answer<A::Answer> {
        let fate = self.fates.as_ref().map_or(Fate::Commits, |fates| fates.of(A::NAME));
        let (tell, told) = oneshot::channel();
        if fate == Fate::Lost {
            return Answer::new(told, fate);
        }
        let first = {
            let mut asked = self.gathering.asked.lock().unwrap_or_else(PoisonError::into_inner);
            asked.push((item, tell));
            // One job is enough for whatever gathers until it runs, within the slice's limit.
            asked.len() % SLICE_MAX == 1
        };
        if first {
            let job = SliceJob {
                gathering: Arc::clone(&self.gathering),
                slice: Vec::new(),
                answers: None,
                refusal: None,
            };
            self.queue.push(Box::new(job));
        }
        Answer::new(told, fate)
    }
}

/// A write's answer that is still to come.
pub struct Answer<T> {
    told: oneshot::Receiver<Result<T, StoreError>>,
    fate: Fate,
}

impl<T> Answer<T> {
    pub(super) fn new(told: oneshot::Receiver<Result<T, StoreError>>, fate: Fate) -> Self {
        Self { told, fate }
    }

    /// Waits on this thread.
    ///
    /// # Errors
    /// The write failed; nothing of it remains.
    pub fn wait(self) -> Result<T, StoreError> {
        let told = self.told.blocking_recv();
        heard(told, self.fate)
    }

    /// Waits without holding a thread.
    ///
    /// # Errors
    /// The write failed; nothing of it remains.
    pub async fn ready(self) -> Result<T, StoreError> {
        let told = self.told.await;
        heard(told, self.fate)
    }
}

/// What the caller hears of what the writer told.
fn heard<T>(
    told: Result<Result<T, StoreError>, oneshot::error::RecvError>,
    fate: Fate,
) -> Result<T, StoreError> {
    match (fate, told) {
        (Fate::Lost, _) => Err(StoreError::Lost("the write never arrived".into())),
        (Fate::InDoubt, Ok(Ok(_))) => Err(StoreError::CommitUnknown),
        (_, told) => told.unwrap_or(Err(StoreError::Stopping)),
    }
}

struct SliceJob<A: SliceAct> {
    gathering: Arc<Gathering<A>>,
    slice: Vec<Asked<A>>,
    answers: Option<Vec<A::Answer>>,
    refusal: Option<StoreError>,
}

impl<A: SliceAct> SliceJob<A> {
    fn fill(&mut self) {
        if self.slice.is_empty() {
            let mut asked = self.gathering.asked.lock().unwrap_or_else(PoisonError::into_inner);
            let count = asked.len().min(SLICE_MAX);
            self.slice.extend(asked.drain(..count));
        }
    }
}

impl<A: SliceAct> Job for SliceJob<A> {
    fn name(&self) -> &'static str {
        A::NAME
    }

    fn keeps_order(&self) -> bool {
        A::KEEPS_ORDER
    }

    fn run(&mut self, tx: &mut Tx) -> Result<(), Failure> {
        self.fill();
        if self.slice.is_empty() {
            self.answers = Some(Vec::new());
            return Ok(());
        }
        let (items, tells): (Vec<_>, Vec<_>) = self.slice.drain(..).unzip();
        let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            self.gathering.act.run(tx, &items)
        }));
        let count = items.len();
        self.slice.extend(items.into_iter().zip(tells));
        tracing::debug!(write = A::NAME, items = count, "a slice ran");
        match ran {
            Ok(Ok(answers)) if answers.len() == count => {
                self.answers = Some(answers);
                Ok(())
            }
            Ok(Ok(_)) => Err(Failure::Refused),
            Ok(Err(error)) if error.is_passing() => Err(Failure::Passing(error)),
            Ok(Err(error)) => {
                tracing::warn!(write = A::NAME, items = count, %error, "a slice failed");
                self.refusal = Some(error);
                Err(Failure::Refused)
            }
            Err(_) => Err(Failure::Panicked),
        }
    }

    fn split(&mut self) -> Option<Vec<Box<dyn Job>>> {
        if self.slice.len() < 2 {
            return None;
        }
        let parts = self.slice.drain(..).map(|asked| {
            let part: Box<dyn Job> = Box::new(Self {
                gathering: Arc::clone(&self.gathering),
                slice: vec![asked],
                answers: None,
                refusal: None,
            });
            part
        });
        Some(parts.collect())
    }

    fn settle(mut self: Box<Self>, group: Result<(), StoreError>) {
        self.fill_if_refused(&group);
        let refusal = match (group, self.answers.take()) {
            (Ok(()), Some(answers)) => {
                for ((_, tell), answer) in self.slice.into_iter().zip(answers) {
                    // The one who asked may have gone; the write stands all the same.
                    drop(tell.send(Ok(answer)));
                }
                return;
            }
            (Ok(()), None) => self.refusal.take().unwrap_or(StoreError::Panicked(A::NAME)),
            (Err(error), _) => error,
        };
        for (_, tell) in self.slice {
            drop(tell.send(Err(refusal.clone())));
        }
    }
}

impl<A: SliceAct> SliceJob<A> {
    /// A job the queue turned away still owes an answer to those who gathered for it.
    fn fill_if_refused(&mut self, group: &Result<(), StoreError>) {
        if group.is_err() {
            self.fill();
        }
    }
}

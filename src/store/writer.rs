//! The one entrance for writes: waiting writes share one durable commit.
//!
//! A desk takes whatever waits, runs each write in a savepoint of its own inside one
//! transaction, commits, and only then answers. No timer is needed: the queue fills while the
//! last commit runs. A write that fails or panics loses its savepoint and harms nobody else; a
//! lost connection runs the group again, after asking whether the last commit took.
//!
//! PostgreSQL has several desks, so that the next group runs while a commit waits for the disk;
//! who may begin beside whom is told in [`super::turn`]. SQLite has one desk.
//!
//! Never here: tables, rules.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use diesel::Connection;

use super::Tx;
use super::engine::{DbConn, EngineSettings, Purpose};
use super::error::StoreError;
use super::turn::{Company, Entry, Place, Turn};

/// Writes that share a commit, at most.
const GROUP_MAX: usize = 512;
/// Writes that wait, at most; more are refused as overload.
const WAITING_MAX: usize = 20_000;
/// Times a group is run again after a passing failure.
const RERUNS_MAX: u32 = 8;
const RERUN_PAUSE: Duration = Duration::from_millis(40);

/// One write in the queue, its result kept inside until the commit.
pub(super) trait Job: Send {
    fn name(&self) -> &'static str;
    /// Runs inside a savepoint; may run again after a passing failure.
    fn run(&mut self, tx: &mut Tx) -> Result<(), Failure>;
    /// Whether it takes the rows it holds in the one order of all that say so.
    fn keeps_order(&self) -> bool {
        false
    }
    /// The parts to run one by one when running together failed.
    fn split(&mut self) -> Option<Vec<Box<dyn Job>>> {
        None
    }
    /// Answers the caller: with what `run` kept, or with why the group failed.
    fn settle(self: Box<Self>, group: Result<(), StoreError>);
}

/// Why a job's savepoint is rolled back.
pub(super) enum Failure {
    /// The write's own answer is no; it keeps the reason itself.
    Refused,
    /// The connection or the transaction is at fault: run the group again.
    Passing(StoreError),
    /// The write panicked.
    Panicked,
}

impl From<diesel::result::Error> for Failure {
    fn from(error: diesel::result::Error) -> Self {
        Self::Passing(error.into())
    }
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Box<dyn Job>>,
    stopping: bool,
}

/// The waiting writes, shared between callers and the writer's thread.
#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    filled: Condvar,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, job: Box<dyn Job>) {
        let refusal = {
            let mut waiting = self.lock();
            if waiting.stopping {
                StoreError::Stopping
            } else if waiting.jobs.len() >= WAITING_MAX {
                StoreError::Overloaded
            } else {
                waiting.jobs.push_back(job);
                self.filled.notify_one();
                return;
            }
        };
        job.settle(Err(refusal));
    }

    fn stop(&self) {
        self.lock().stopping = true;
        self.filled.notify_all();
    }

    /// Waits for work; false when stopping and nothing is left.
    fn has_work(&self) -> bool {
        let mut waiting = self.lock();
        while waiting.jobs.is_empty() && !waiting.stopping {
            waiting = self.filled.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        !waiting.jobs.is_empty()
    }

    /// What waits just now; nothing if another desk was quicker.
    fn take_group(&self) -> Vec<Box<dyn Job>> {
        let mut waiting = self.lock();
        let count = waiting.jobs.len().min(GROUP_MAX);
        waiting.jobs.drain(..count).collect()
    }
}

/// The desks' threads; they stop when dropped, after the writes that already wait.
pub(super) struct Writer {
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(settings: &EngineSettings) -> Result<Self, StoreError> {
        let mut writer = Self { queue: Arc::default(), threads: Vec::new() };
        let turn = Arc::new(Turn::default());
        for _ in 0..settings.writing_connections() {
            let conn = settings.connect(Purpose::Write)?;
            let mut desk = Desk { settings: settings.clone(), conn: Some(conn) };
            let (jobs, turn) = (Arc::clone(&writer.queue), Arc::clone(&turn));
            let thread = std::thread::Builder::new()
                .name("writer".into())
                .spawn(move || {
                    // Nobody waits for work with the entry in hand: another may need it to run
                    // its group again.
                    while jobs.has_work() {
                        let entry = turn.enter();
                        let group = jobs.take_group();
                        if !group.is_empty() {
                            desk.run_group(group, &turn, entry);
                        }
                    }
                })
                .map_err(|error| StoreError::Refused(format!("no writer thread: {error}")))?;
            writer.threads.push(thread);
        }
        Ok(writer)
    }

    pub(super) fn queue(&self) -> &Arc<Queue> {
        &self.queue
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.stop();
        // A write may hold the last handle of the store: its desk then ends by itself.
        let elsewhere =
            |thread: &JoinHandle<()>| thread.thread().id() != std::thread::current().id();
        for thread in self.threads.drain(..).filter(elsewhere) {
            drop(thread.join());
        }
    }
}

/// A slice that is alone and keeps to the order of rows may run beside others like it.
fn company_of(group: &[Box<dyn Job>]) -> Company {
    match group {
        [alone] if alone.keeps_order() => Company::ItsLike,
        _ => Company::Nobody,
    }
}

/// One connection for writing and what is done with a group.
struct Desk {
    settings: EngineSettings,
    conn: Option<DbConn>,
}

enum Verdict {
    Done,
    Refused,
    Panicked,
}

impl Desk {
    fn run_group(&mut self, mut group: Vec<Box<dyn Job>>, turn: &Turn, entry: Entry<'_>) {
        let began = Instant::now();
        let mut rerun = 0;
        let mut entry = Some(entry);
        let outcome = loop {
            let entry = entry.take().unwrap_or_else(|| turn.enter());
            let place = entry.admit(company_of(&group));
            match self.try_group(&mut group, place) {
                Ok(Some(verdicts)) => break Ok(verdicts),
                Ok(None) => {}
                Err(error) if error.is_passing() && rerun < RERUNS_MAX => {
                    rerun += 1;
                    let writes = group.len();
                    tracing::warn!(rerun, %error, writes, "group of writes runs again");
                    std::thread::sleep(RERUN_PAUSE * rerun);
                }
                Err(error) => break Err(error),
            }
        };
        tracing::debug!(
            writes = group.len(),
            first = group.first().map_or("", |job| job.name()),
            micros = began.elapsed().as_micros(),
            "group of writes committed"
        );
        match outcome {
            Ok(verdicts) => settle_each(group, verdicts),
            Err(error) => {
                tracing::error!(%error, writes = group.len(), "group of writes failed");
                for job in group {
                    job.settle(Err(error.clone()));
                }
            }
        }
    }

    /// One transaction over the whole group. `Ok` means durable; without verdicts: nothing was
    /// written, the group has fallen into its parts and is to be run as such. Nobody is answered,
    /// and nothing a write owns is dropped, while a place is held: that may end the whole store.
    fn try_group(
        &mut self,
        group: &mut Vec<Box<dyn Job>>,
        mut place: Place<'_>,
    ) -> Result<Option<Vec<Verdict>>, StoreError> {
        let mut conn = match self.conn.take() {
            Some(conn) => conn,
            None => self.settings.connect(Purpose::Write)?,
        };
        let ran = run_all(&mut conn, group);
        match ran {
            Ok(Ran::Whole { verdicts, name }) => {
                place.only_commits_now();
                let committed = conn.commit_write();
                drop(place);
                match committed {
                    Ok(()) if conn.depth() == 0 => {
                        self.conn = Some(conn);
                        Ok(Some(verdicts))
                    }
                    Ok(()) => Err(StoreError::Database("a transaction stayed open".into())),
                    Err(error) => {
                        drop(conn);
                        self.after_failed_commit(error, name.as_deref(), verdicts).map(Some)
                    }
                }
            }
            Ok(Ran::IntoParts) => {
                self.conn = Some(conn);
                Ok(None)
            }
            Err(error) => {
                // Keep the connection only if it can be brought back to no transaction at all.
                if conn.rollback_write().is_ok() && conn.depth() == 0 {
                    self.conn = Some(conn);
                }
                Err(error)
            }
        }
    }

    /// The commit did not answer: ask a fresh connection whether it took.
    fn after_failed_commit(
        &mut self,
        error: StoreError,
        name: Option<&str>,
        verdicts: Vec<Verdict>,
    ) -> Result<Vec<Verdict>, StoreError> {
        let Some(name) = name else { return Err(error) };
        let mut last = error.clone();
        for pause in 0..RERUNS_MAX {
            std::thread::sleep(RERUN_PAUSE * pause);
            match self.settings.connect(Purpose::Write) {
                Ok(mut fresh) => {
                    let committed = fresh.was_committed(name);
                    self.conn = Some(fresh);
                    return match committed {
                        Ok(true) => Ok(verdicts),
                        Ok(false) => Err(StoreError::Lost(error.to_string())),
                        Err(_) => Err(StoreError::CommitUnknown),
                    };
                }
                Err(refused) => last = refused,
            }
        }
        tracing::error!(%last, "the outcome of a commit could not be learnt");
        Err(StoreError::CommitUnknown)
    }
}

/// What came of running a group.
enum Ran {
    /// Each has its verdict, and the open transaction its name.
    Whole { verdicts: Vec<Verdict>, name: Option<String> },
    /// A slice that was alone failed, and is rolled back. Its parts keep no order, which others
    /// beside it may rely on, so they run in another transaction, with nobody beside them.
    IntoParts,
}

fn run_all(conn: &mut DbConn, group: &mut Vec<Box<dyn Job>>) -> Result<Ran, StoreError> {
    conn.begin_write()?;
    let mut name = conn.transaction_name()?;
    // A savepoint protects the others of a group; one that is alone has the transaction itself.
    // In a burst a group is one slice, and the savepoint would copy every page it touches.
    let mut alone = group.len() == 1;
    let mut verdicts = Vec::with_capacity(group.len());
    let mut ran: Vec<Box<dyn Job>> = Vec::with_capacity(group.len());
    let mut queue: VecDeque<Box<dyn Job>> = group.drain(..).collect();
    let mut failed = None;
    while let Some(mut job) = queue.pop_front() {
        let outcome =
            if alone { run_caught(conn, job.as_mut()) } else { run_one(conn, job.as_mut()) };
        match outcome {
            Ok(()) => verdicts.push(Verdict::Done),
            Err(Failure::Passing(error)) => {
                failed = Some(error);
                ran.push(job);
                break;
            }
            Err(failure) => {
                if alone && let Some(parts) = job.split() {
                    group.extend(parts);
                    return conn.rollback_write().map(|()| Ran::IntoParts);
                }
                if alone {
                    alone = false;
                    match begin_again(conn) {
                        Ok(fresh) => name = fresh,
                        Err(error) => {
                            failed = Some(error);
                            ran.push(job);
                            break;
                        }
                    }
                }
                if let Some(parts) = job.split() {
                    // What remains of a batch once its parts run alone has nobody to answer.
                    for part in parts.into_iter().rev() {
                        queue.push_front(part);
                    }
                    continue;
                }
                verdicts.push(match failure {
                    Failure::Panicked => Verdict::Panicked,
                    _ => Verdict::Refused,
                });
            }
        }
        ran.push(job);
    }
    group.extend(ran);
    group.extend(queue);
    match failed {
        Some(error) => Err(error),
        None => Ok(Ran::Whole { verdicts, name }),
    }
}

/// Leaves nothing of the open transaction and opens another.
fn begin_again(conn: &mut DbConn) -> Result<Option<String>, StoreError> {
    conn.rollback_write()?;
    conn.begin_write()?;
    conn.transaction_name()
}

/// Runs one job in its savepoint. The panic is caught *inside* the savepoint's closure: caught
/// outside, the depth would stay one too high and the "commit" would commit nothing.
fn run_one(conn: &mut DbConn, job: &mut dyn Job) -> Result<(), Failure> {
    conn.transaction(|db| run_caught(db, job))
}

fn run_caught(db: &mut DbConn, job: &mut dyn Job) -> Result<(), Failure> {
    let name = job.name();
    let mut tx = Tx::over(db);
    catch_unwind(AssertUnwindSafe(|| job.run(&mut tx))).unwrap_or_else(|_| {
        tracing::error!(write = name, "a write panicked");
        Err(Failure::Panicked)
    })
}

fn settle_each(group: Vec<Box<dyn Job>>, verdicts: Vec<Verdict>) {
    for (job, verdict) in group.into_iter().zip(verdicts) {
        let name = job.name();
        match verdict {
            Verdict::Done | Verdict::Refused => job.settle(Ok(())),
            Verdict::Panicked => job.settle(Err(StoreError::Panicked(name))),
        }
    }
}

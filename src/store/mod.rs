//! SQL. The only floor that knows diesel: rows in, domain values out.
//!
//! Reads take `&mut Conn` and never wait for writes; writes take `&mut Tx`, which only
//! [`Store::write`] and a [`Lane`] can make. Functions are named noun first, so that one prefix
//! search finds all that happens to a noun. Never here: rules, mail, the time.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::thread::JoinHandle;

use diesel::r2d2::{ManageConnection, Pool};
use tokio::sync::oneshot;

pub mod accounts;
pub mod alarms;
pub mod answers;
pub mod board;
pub mod bounces;
pub mod call_list;
pub mod call_tasks;
pub mod calls;
pub mod chase;
pub mod chase_by_hand;
mod checkpoint;
pub mod columns;
pub mod contacts;
pub mod corrections;
pub mod deadline_moves;
pub mod delegation_links;
pub mod delegations;
pub mod deliveries;
pub mod desks;
pub mod drafts;
pub mod duty;
pub mod duty_tonight;
pub mod ends;
mod engine;
mod error;
pub mod events;
pub mod fate;
pub mod gap_issues;
mod gather;
pub mod health;
pub mod ladders;
mod lane;
pub mod letters;
pub mod links;
pub mod marks;
pub mod messages;
pub mod migrate;
pub mod notices;
pub mod organizations;
pub mod outbox;
pub mod outcomes;
pub mod receipts;
pub mod release_debts;
pub mod returns;
pub mod rounds;
pub mod rule_versions;
pub mod rungs;
mod schema;
pub mod sessions;
pub mod shelves;
pub mod short_codes;
pub mod steady;
pub mod story;
pub mod tallies;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_commit;
#[cfg(test)]
mod tests_plans;
pub mod tidings;
mod turn;
pub mod verifications;
pub mod viewings;
pub mod vouchers;
pub mod watch;
mod writer;

use engine::{DbConn, Purpose};
pub use engine::{Durability, EngineSettings};
pub use error::{StoreError, WriteError};
use fate::{Fate, Fates};
pub use gather::Gather;
pub use lane::{Answer, Lane, SliceAct};
use writer::{Failure, Job, Writer};

/// Rows of one insert statement, at most: SQLite binds 32,766 values in one statement, and our
/// widest row has fewer than 32 columns.
pub(crate) const ROWS_PER_INSERT_MAX: usize = 1_000;

/// A connection one can read with.
pub struct Conn<'c> {
    db: &'c mut DbConn,
}

impl Conn<'_> {
    pub(in crate::store) fn db(&mut self) -> &mut DbConn {
        self.db
    }
}

/// Proof that a write transaction is open.
pub struct Tx<'c> {
    conn: Conn<'c>,
}

impl<'c> Tx<'c> {
    fn over(db: &'c mut DbConn) -> Self {
        Self { conn: Conn { db } }
    }
}

impl<'c> Deref for Tx<'c> {
    type Target = Conn<'c>;

    fn deref(&self) -> &Self::Target {
        &self.conn
    }
}

impl DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.conn
    }
}

/// The database: readers from a pool, and the one entrance for writes that groups commits.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
    fates: Option<Arc<dyn Fates>>,
}

struct Inner {
    readers: Pool<Readers>,
    settings: EngineSettings,
    writer: Writer,
    // Held for its end: it stops with the store.
    _checkpoints: Option<Checkpoints>,
}

struct Checkpoints {
    stop: Arc<checkpoint::Stop>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.stop.tell();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Store {
    /// Opens the database, which must have been brought up to date ([`migrate`]).
    ///
    /// # Errors
    /// It cannot be reached, or its settings could lose a commit.
    pub fn open(settings: EngineSettings, readers: u32) -> Result<Self, StoreError> {
        settings.prepare_database()?;
        let writer = Writer::start(&settings)?;
        let checkpoints = if settings.wants_checkpoints() {
            let stop = Arc::new(checkpoint::Stop::default());
            let told = Arc::clone(&stop);
            let own = settings.clone();
            let thread = std::thread::Builder::new()
                .name("checkpoint".into())
                .spawn(move || checkpoint::checkpoint_until(&own, &told))
                .map_err(|error| StoreError::Refused(format!("no thread: {error}")))?;
            Some(Checkpoints { stop, thread: Some(thread) })
        } else {
            None
        };
        let readers = Pool::builder()
            .max_size(readers)
            .min_idle(Some(1))
            .connection_timeout(std::time::Duration::from_secs(5))
            // A question before every read would cost as much as a small read; instead a read
            // that finds its connection dead runs again on a new one ([`Store::read`]).
            .test_on_check_out(false)
            .build(Readers { settings: settings.clone() })
            .map_err(|error| StoreError::Lost(error.to_string()))?;
        let inner = Arc::new(Inner { readers, settings, writer, _checkpoints: checkpoints });
        Ok(Self { inner, fates: None })
    }

    /// The same database, where `fates` decide what becomes of each write: for simulations.
    #[must_use]
    pub fn under(&self, fates: Arc<dyn Fates>) -> Self {
        Self { inner: Arc::clone(&self.inner), fates: Some(fates) }
    }

    fn fate_of(&self, write: &'static str) -> Fate {
        self.fates.as_ref().map_or(Fate::Commits, |fates| fates.of(write))
    }

    /// `sqlite` or `postgres`.
    #[must_use]
    pub fn engine_name(&self) -> &'static str {
        self.inner.settings.engine_name()
    }

    /// Reads on a connection of the pool. If that turns out to be dead (the database was
    /// restarted since), a new one takes its place and `read` runs once more.
    ///
    /// # Errors
    /// No connection is to be had, or what `read` answers.
    pub fn read<T, E: WriteError>(
        &self,
        mut read: impl FnMut(&mut Conn) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut db =
            self.inner.readers.get().map_err(|error| StoreError::Lost(error.to_string()))?;
        match read(&mut Conn { db: &mut db }) {
            Err(error) if matches!(error.store_error(), Some(StoreError::Lost(_))) => {
                *db = self.inner.settings.connect(Purpose::Read)?;
                read(&mut Conn { db: &mut db })
            }
            answer => answer,
        }
    }

    /// Runs `write` in the writer's next group and waits until it is durable.
    ///
    /// `write` may run again after a passing failure: it touches the store and what it owns,
    /// nothing else. What it answers with `Err` leaves nothing behind.
    ///
    /// # Errors
    /// What `write` answers, or a [`StoreError`] if the group could not be committed.
    pub fn write<T, E, F>(&self, name: &'static str, write: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: WriteError,
        F: FnMut(&mut Tx) -> Result<T, E> + Send + 'static,
    {
        self.submit(name, write).wait()?
    }

    /// Like [`Store::write`], without waiting.
    pub fn submit<T, E, F>(&self, name: &'static str, write: F) -> Answer<Result<T, E>>
    where
        T: Send + 'static,
        E: WriteError,
        F: FnMut(&mut Tx) -> Result<T, E> + Send + 'static,
    {
        let fate = self.fate_of(name);
        let (tell, told) = oneshot::channel();
        let job = WriteJob { name, write, result: None, tell };
        if fate != Fate::Lost {
            self.inner.writer.queue().push(Box::new(job));
        }
        Answer::new(told, fate)
    }

    /// Opens a lane for acts that come in bursts.
    pub fn lane<A: SliceAct>(&self, act: A) -> Lane<A> {
        Lane::new(act, Arc::clone(self.inner.writer.queue()), self.fates.clone())
    }
}

struct WriteJob<T, E, F> {
    name: &'static str,
    write: F,
    result: Option<Result<T, E>>,
    tell: oneshot::Sender<Result<Result<T, E>, StoreError>>,
}

impl<T, E, F> Job for WriteJob<T, E, F>
where
    T: Send + 'static,
    E: WriteError,
    F: FnMut(&mut Tx) -> Result<T, E> + Send + 'static,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn run(&mut self, tx: &mut Tx) -> Result<(), Failure> {
        let result = (self.write)(tx);
        let verdict = match &result {
            Ok(_) => Ok(()),
            Err(error) => match error.store_error() {
                Some(passing) if passing.is_passing() => Err(Failure::Passing(passing.clone())),
                _ => Err(Failure::Refused),
            },
        };
        self.result = Some(result);
        verdict
    }

    fn settle(self: Box<Self>, group: Result<(), StoreError>) {
        let answer = match (group, self.result) {
            (Ok(()), Some(result)) => Ok(result),
            (Ok(()), None) => Err(StoreError::Panicked(self.name)),
            (Err(error), _) => Err(error),
        };
        // The caller may have gone; the write stands all the same.
        drop(self.tell.send(answer));
    }
}

/// Makes the pool's connections.
struct Readers {
    settings: EngineSettings,
}

impl ManageConnection for Readers {
    type Connection = DbConn;
    type Error = StoreError;

    fn connect(&self) -> Result<DbConn, StoreError> {
        self.settings.connect(Purpose::Read)
    }

    fn is_valid(&self, conn: &mut DbConn) -> Result<(), StoreError> {
        conn.run_script("SELECT 1", "SELECT 1")
    }

    fn has_broken(&self, conn: &mut DbConn) -> bool {
        std::thread::panicking() || conn.depth() > 0
    }
}

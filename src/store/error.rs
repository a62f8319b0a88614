//! The one enum of errors of this floor.

/// Why a read or write did not happen. Nothing of a failed write remains.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another transaction was in the way for too long; trying again may work.
    #[error("the database is busy: {0}")]
    Busy(String),
    /// The connection is gone.
    #[error("the database cannot be reached: {0}")]
    Lost(String),
    /// The connection was lost while committing and the outcome could not be learnt.
    #[error("the outcome of a commit could not be learnt")]
    CommitUnknown,
    /// A row with this key exists already.
    #[error("exists already: {0}")]
    Unique(String),
    /// A rule of the tables forbids it.
    #[error("refused by a rule of the database: {0}")]
    Constraint(String),
    /// No such row.
    #[error("no such row")]
    NotFound,
    /// A row says something that cannot be.
    #[error("{table} {id} is inconsistent: {what}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The row.
        id: String,
        /// What cannot be.
        what: String,
    },
    /// Too many writes wait already.
    #[error("too many writes are waiting")]
    Overloaded,
    /// The write panicked; nothing of it remains.
    #[error("the write {0} panicked")]
    Panicked(&'static str),
    /// The server stops and takes no more writes.
    #[error("the server is stopping")]
    Stopping,
    /// A setting that could lose evidence, or a version too old.
    #[error("{0}")]
    Refused(String),
    /// Anything else the engine says.
    #[error("database error: {0}")]
    Database(String),
}

impl StoreError {
    /// Whether the same write may succeed when run again on a whole connection.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::Lost(_))
    }
}

/// What a write's own error must be able to do: carry a store error, and show it, so that the
/// entrance can tell "run me again" from "refused".
pub trait WriteError: From<StoreError> + Send + 'static {
    /// The store error inside, if that is what this is.
    fn store_error(&self) -> Option<&StoreError>;
}

impl WriteError for StoreError {
    fn store_error(&self) -> Option<&StoreError> {
        Some(self)
    }
}

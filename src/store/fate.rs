//! What may become of a write, decided from outside: so that a simulation can let one be lost, or
//! commit and leave its caller in doubt, at a chosen place. A server has none of this.

/// What becomes of one write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It commits, and the caller is told.
    Commits,
    /// It never reaches the database.
    Lost,
    /// It commits, and the caller is not told.
    InDoubt,
}

/// Decides the fate of writes. Asked on the caller's thread, before the write is put in line.
pub trait Fates: Send + Sync {
    /// What becomes of the write of that name.
    fn of(&self, write: &'static str) -> Fate;
}

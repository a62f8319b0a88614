//! What an error of an engine means to whoever wrote or read: to be tried again, refused, or lost.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use crate::store::StoreError;

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::NotFound => Self::NotFound,
            DieselError::BrokenTransactionManager => Self::Lost("transaction broken".into()),
            DieselError::DatabaseError(kind, info) => {
                let text = info.message().to_owned();
                let constraint = info.constraint_name().unwrap_or_default();
                match kind {
                    DatabaseErrorKind::UniqueViolation => {
                        Self::Unique(format!("{text} {constraint}"))
                    }
                    DatabaseErrorKind::ForeignKeyViolation
                    | DatabaseErrorKind::NotNullViolation
                    | DatabaseErrorKind::CheckViolation => Self::Constraint(text),
                    DatabaseErrorKind::SerializationFailure => Self::Busy(text),
                    DatabaseErrorKind::ClosedConnection => Self::Lost(text),
                    _ => classify_by_text(text),
                }
            }
            other => Self::Database(other.to_string()),
        }
    }
}

/// Whether a server whose `lc_messages` is this tells its errors in the words known below.
pub(super) fn are_understood_in(language: &str) -> bool {
    let name = language.split(['.', '@']).next().unwrap_or_default();
    matches!(name, "" | "C" | "POSIX" | "English") || name == "en" || name.starts_with("en_")
}

/// SQLite's busy and PostgreSQL's deadlock arrive without a kind of their own.
fn classify_by_text(text: String) -> StoreError {
    const BUSY: [&str; 4] =
        ["database is locked", "database table is locked", "deadlock detected", "lock timeout"];
    const LOST: [&str; 8] = [
        // A newer server changed the tables: statements prepared before are of no use any more.
        "cached plan must not change result type",
        "server closed the connection",
        "terminating connection",
        "connection to server",
        "no connection to the server",
        "could not receive data",
        "could not send data",
        "SSL connection has been closed",
    ];
    if BUSY.iter().any(|known| text.contains(known)) {
        StoreError::Busy(text)
    } else if LOST.iter().any(|known| text.contains(known)) {
        StoreError::Lost(text)
    } else {
        StoreError::Database(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_speaks_another_language_is_not_understood() {
        for english in ["C", "C.UTF-8", "POSIX", "en_US.UTF-8", "en_GB", "en", ""] {
            assert!(are_understood_in(english), "{english}");
        }
        for other in ["zh_CN.UTF-8", "zh_CN", "de_DE@euro", "eng"] {
            assert!(!are_understood_in(other), "{other}");
        }
    }
}

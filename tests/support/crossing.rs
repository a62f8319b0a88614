//! Two writes that cross: one has changed rows and has not committed yet when the other comes.

use std::thread;
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection};

use super::house::count;

/// Runs `act` while a write of somebody else, which has done `done`, is still open; it is
/// committed as soon as `act` waits for it. `None`: SQLite has one writer, so nothing crosses.
///
/// # Panics
/// `act` did not wait.
pub(crate) fn crossing<T: Send>(
    url: &str,
    done: &str,
    act: impl FnOnce() -> T + Send,
) -> Option<T> {
    if url.starts_with("sqlite://") {
        return None;
    }
    let mut other = PgConnection::establish(url).unwrap();
    other.batch_execute("BEGIN").unwrap();
    other.batch_execute(done).unwrap();
    let waiting =
        "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    Some(thread::scope(|scope| {
        let acting = scope.spawn(act);
        while count(url, waiting) == 0 {
            assert!(!acting.is_finished(), "nobody waited for: {done}");
            thread::sleep(Duration::from_millis(5));
        }
        other.batch_execute("COMMIT").unwrap();
        acting.join().unwrap()
    }))
}

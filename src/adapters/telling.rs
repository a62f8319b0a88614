//! Telling operators what happens: structured log lines on standard error.
//! Lines name things by their ids. Never in a line: tokens, passwords, whole addresses, content.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// The forms of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For collectors: one JSON object a line.
    Json,
}

/// Logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum CannotTell {
    /// The filter is not one.
    #[error("log.filter {filter:?} is not understood ({why}): write a level such as info")]
    Filter {
        /// What was written.
        filter: String,
        /// Why it is wrong.
        why: String,
    },
    /// A second set-up in one process.
    #[error("logging is set up already: call init_logging once, at start")]
    Twice,
}

/// Starts logging for the whole process. `filter` is a level (`info`) or levels by part
/// (`warn,qianshou::workers=debug`).
///
/// # Errors
/// The filter is not understood, or logging runs already.
pub fn init_logging(format: LogFormat, filter: &str) -> Result<(), CannotTell> {
    let told = subscriber(format, filter, std::io::stderr)?;
    tracing::subscriber::set_global_default(told).map_err(|_| CannotTell::Twice)
}

fn subscriber<W>(
    format: LogFormat,
    filter: &str,
    writer: W,
) -> Result<Box<dyn tracing::Subscriber + Send + Sync>, CannotTell>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let parsed = EnvFilter::builder().parse(filter).map_err(|error| CannotTell::Filter {
        filter: filter.to_owned(),
        why: error.to_string(),
    })?;
    let lines = tracing_subscriber::fmt().with_env_filter(parsed).with_writer(writer);
    Ok(match format {
        LogFormat::Text => Box::new(lines.with_ansi(false).finish()),
        LogFormat::Json => Box::new(lines.json().flatten_event(true).finish()),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    fn lines_of(format: LogFormat, filter: &str) -> String {
        let sink = Arc::new(Mutex::new(Vec::new()));
        let writer = Arc::clone(&sink);
        let told = subscriber(format, filter, move || Sink(Arc::clone(&writer))).unwrap();
        tracing::subscriber::with_default(told, || {
            tracing::info!(delivery = "dlv_1", "opened");
            tracing::debug!("detail");
        });
        let bytes = sink.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn json_lines_are_objects_with_their_fields() {
        let lines = lines_of(LogFormat::Json, "info");
        let line: serde_json::Value = serde_json::from_str(lines.trim()).unwrap();
        assert_eq!(line["delivery"], "dlv_1");
        assert_eq!(line["level"], "INFO");
    }

    #[test]
    fn the_filter_decides_what_is_told() {
        assert!(!lines_of(LogFormat::Text, "info").contains("detail"));
        assert!(lines_of(LogFormat::Text, "debug").contains("detail"));
        let wrong = subscriber(LogFormat::Text, "qianshou=loudly", std::io::sink);
        assert!(matches!(wrong, Err(CannotTell::Filter { .. })));
    }
}

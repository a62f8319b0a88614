//! The mail dialogue against a server that misbehaves in every way there is.

#[cfg(test)]
#[expect(dead_code, reason = "the integration suite uses the rest")]
#[path = "../support/smtp_sink.rs"]
mod smtp_sink;
#[cfg(test)]
mod table;

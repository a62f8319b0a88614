//! Door 2: time. A few named threads that look for what is due, again and again.
//!
//! A ring of the bell wakes them at once; without one they look every half second. Each duty is
//! one use-case, called here and nowhere decided. Never here: SQL, mail, rules.

mod deliver;
mod escalate;
mod follow_rules;
mod keep_time;
mod read_bounces;
mod runner;
mod watch;

pub use runner::Workers;

//! The integration suite, one binary. `QIANSHOU_TEST_ENGINE` names the engine it runs on:
//! `sqlite` (also when unset) or `postgres`. `tests/run it-sqlite it-postgres` runs it on both.

#[cfg(test)]
mod acts;
#[cfg(test)]
mod after_an_act;
#[cfg(test)]
mod attacks;
#[cfg(test)]
mod back_and_forth;
#[cfg(test)]
mod bounces;
#[cfg(test)]
mod calendar;
#[cfg(test)]
mod clerks_pages;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod compose;
#[cfg(test)]
mod deadline_moves;
#[cfg(test)]
mod delegation;
#[cfg(test)]
mod deliver;
#[cfg(test)]
mod demo_data;
#[cfg(test)]
mod directory;
#[cfg(test)]
mod doors;
#[cfg(test)]
mod duty;
#[cfg(test)]
mod enforcement;
#[cfg(test)]
mod escalate;
#[cfg(test)]
mod every_way;
#[cfg(test)]
mod false_alarms;
#[cfg(test)]
mod form_pages;
#[cfg(test)]
mod guard;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod inputs;
#[cfg(test)]
mod issued_text;
#[cfg(test)]
mod later_recipients;
#[cfg(test)]
mod link_pages;
#[cfg(test)]
mod link_signing;
#[cfg(test)]
mod oral_approval;
#[cfg(test)]
mod purposes;
#[cfg(test)]
mod reaching;
#[cfg(test)]
mod receiving_attacks;
#[cfg(test)]
mod route_matrix;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod second_person;
#[cfg(test)]
mod self_check;
#[cfg(test)]
mod shown;
#[cfg(test)]
mod signing_in;
#[cfg(test)]
mod sms;
#[cfg(test)]
mod smtp;
#[cfg(test)]
mod staff_pages;
#[cfg(test)]
mod steady_time;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
#[cfg(test)]
mod the_line;
#[cfg(test)]
mod time_zones;
#[cfg(test)]
mod versions;
#[cfg(test)]
mod webhook;
#[cfg(test)]
mod withdrawal;

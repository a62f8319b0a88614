//! What tests stand on: engines to throw away. Never here: assertions about the product.

pub(crate) mod crossing;
pub(crate) mod door;
pub(crate) mod engine;
pub(crate) mod fixture;
pub(crate) mod fixture_link;
pub(crate) mod fixture_staff;
pub(crate) mod form;
pub(crate) mod house;
pub(crate) mod http;
pub(crate) mod mail;
pub(crate) mod office;
pub(crate) mod pg;
pub(crate) mod recipient;
pub(crate) mod smtp_sink;
pub(crate) mod stand;
#[expect(dead_code, reason = "the simulation compares more than this suite does")]
pub(crate) mod trustcheck;

/// The ladders that go on, as what to count.
pub(crate) const HEADS: &str = "(SELECT id AS delivery_id, next_step, next_due_at FROM deliveries \
    WHERE next_step IS NOT NULL) heads WHERE next_due_at > 0";

//! Coming by a short message: its code and the last digits of the phone lead to the page, as a
//! link does.
//!
//! Every wrong pair gets the same answer. A code bears few wrong digits, and the server few
//! wrong codes a minute. One network may use up a quarter of them and is then asked to wait, so
//! that a stranger who tries codes in a row keeps nobody else out.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use super::visit::{self, Arrival};
use super::{Service, ServiceError};
use crate::domain::address_block::network_of;
use crate::domain::ids::LinkId;
use crate::domain::time::{Span, Timestamp};
use crate::store::StoreError;
use crate::store::short_codes::{
    ShortCode, short_code_count_try, short_code_find, short_code_forgive, short_code_keep,
};

/// How long a code works after it was sent last.
const LASTS: Span = Span::hours(72);
/// Wrong digits a code bears.
const TRIES_MAX: i32 = 8;
/// Pairs that lead nowhere which the server bears in a minute.
const MISSES_MAX: u32 = 120;

/// Keeps the code of a link, which is about to be sent.
pub(super) fn keep(
    service: &Service,
    link: LinkId,
    generation: u32,
    now: Timestamp,
) -> Result<(), ServiceError> {
    let hash = service.keys.short_code_hash(&service.keys.short_code(link, generation));
    service.store.write("keep_short_code", move |tx| {
        short_code_keep(tx, link, &hash, now.plus(LASTS)).map_err(ServiceError::from)
    })
}

/// What of it concerns the store.
pub(super) fn store_error(error: ServiceError) -> StoreError {
    match error {
        ServiceError::Store(error) => error,
        other => StoreError::Database(other.to_string()),
    }
}

/// Of these, as many as may come from one network: a whole district stands behind one, and types.
const MISSES_OF_NETWORK_MAX: u32 = 30;

/// Pairs that led nowhere in the current minute.
#[derive(Debug, Default)]
pub struct Misses(Mutex<Minute>);

#[derive(Debug, Default)]
struct Minute {
    number: i64,
    all: u32,
    /// No longer than [`MISSES_MAX`]: only what is counted has a place.
    of_network: HashMap<IpAddr, u32>,
}

impl Misses {
    fn is_full(&self, from: Option<IpAddr>, now: Timestamp) -> bool {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_network = from.and_then(|from| kept.of_network.get(&from)).copied().unwrap_or(0);
        let full = kept.all >= MISSES_MAX || of_network >= MISSES_OF_NETWORK_MAX;
        kept.number == minute(now) && full
    }

    fn note(&self, from: Option<IpAddr>, now: Timestamp) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.number != minute(now) {
            *kept = Minute { number: minute(now), ..Minute::default() };
        }
        kept.all = kept.all.saturating_add(1);
        if let Some(from) = from {
            let of_network = kept.of_network.entry(from).or_default();
            *of_network = of_network.saturating_add(1);
        }
    }
}

fn minute(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(60_000_000)
}

/// Proves a code and the last four digits of the phone it was sent to; `from` is where whoever
/// typed them sits.
///
/// # Errors
/// [`ServiceError::NotFound`] for every pair that opens nothing, whatever the cause;
/// [`ServiceError::Busy`] while too many of them come in.
pub fn arrive(
    service: &Service,
    from: Option<IpAddr>,
    code: &str,
    digits: &str,
) -> Result<Arrival, ServiceError> {
    let now = service.now();
    let from = from.map(network_of);
    if service.misses.is_full(from, now) {
        return Err(ServiceError::Busy);
    }
    let found = prove(service, &plain_digits(code), &plain_digits(digits), now);
    if matches!(found, Err(ServiceError::NotFound)) {
        service.misses.note(from, now);
    }
    found
}

fn prove(
    service: &Service,
    code: &str,
    digits: &str,
    now: Timestamp,
) -> Result<Arrival, ServiceError> {
    // The same work for a code that is none, as far as there is any.
    let hash = service.keys.short_code_hash(code);
    let found = service.store.read(|conn| short_code_find(conn, &hash, now))?;
    if found.is_empty() || digits.len() != 4 {
        return Err(ServiceError::NotFound);
    }
    let ids: Vec<LinkId> = found.iter().map(|one| one.link_id).collect();
    let left = service.store.write("try_short_code", move |tx| {
        short_code_count_try(tx, &ids, TRIES_MAX).map_err(ServiceError::from)
    })?;
    let fits = |one: &&ShortCode| left.contains(&one.link_id) && one.mobile.ends_with(digits);
    let one = found.iter().find(fits).ok_or(ServiceError::NotFound)?;
    let link = one.link_id;
    let generation = u32::try_from(one.generation).map_err(|_| ServiceError::NotFound)?;
    if service.keys.short_code(link, generation) != code {
        // Of an older generation: the link was replaced meanwhile.
        return Err(ServiceError::NotFound);
    }
    let arrival = visit::begin(service, &service.keys.link_token(link, generation))?;
    service.store.write("forgive_short_code", move |tx| {
        short_code_forgive(tx, link).map_err(ServiceError::from)
    })?;
    Ok(arrival)
}

/// Full-width digits and spaces are what keyboards of the readers produce.
fn plain_digits(typed: &str) -> String {
    let half = |c: char| match c {
        '０'..='９' => u32::from(c).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(c),
        other => other,
    };
    typed.chars().filter(|c| !c.is_whitespace()).map(half).take(16).collect()
}

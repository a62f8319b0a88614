//! 核验联系方式: asking whether addresses work, one by one or in rounds, and taking the answers.
//!
//! An answer is a code that was sent back by a person, or a call noted by whoever made it. Who
//! sends a code learns only whether it counted, never whether an address is known here.

use std::collections::BTreeMap;

use super::{Service, ServiceError};
use crate::domain::address::{AddressKind, AddressStatus, EmailAddress};
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::ids::{
    AccountId, AddressId, EventId, MessageId, OrganizationId, RoundId, VerificationId,
};
use crate::domain::message::{Channel, MessagePurpose};
use crate::domain::organization::Level;
use crate::domain::time::Timestamp;
use crate::domain::urgency::Urgency;
use crate::domain::verification::{CODE_LIFETIME, RoundScope, VerifiedHow, is_due};
use crate::store::events::event_append;
use crate::store::messages::{NewMessage, message_insert_all};
use crate::store::organizations::{organization_list, organization_list_of};
use crate::store::verifications::{
    Asked, NewVerification, Round, address_is_of, address_set_verified, address_standings,
    round_asked, round_insert, round_list, verification_confirm, verification_count_try,
    verification_find, verification_insert_all, verification_newest_to,
};
use crate::store::{Tx, WriteError};

/// Which check a code answers.
#[derive(Debug, Clone)]
pub enum Claim {
    /// The one that the link in the mail names.
    Check(VerificationId),
    /// The newest ones sent to this address, as it was typed.
    Address(String),
}

const ACTOR: Actor = Actor::System("verify");

/// Takes a code that was sent back. False says nothing of why: wrong, unknown, over and tried too
/// often are one.
///
/// # Errors
/// The store's own.
pub fn confirm_code(service: &Service, claim: &Claim, code: &str) -> Result<bool, ServiceError> {
    let now = service.now();
    let checks = match claim {
        Claim::Check(id) => vec![*id],
        Claim::Address(typed) => match EmailAddress::parse(typed) {
            Ok(mail) => service.store.read(|conn| verification_newest_to(conn, mail.as_str()))?,
            Err(_) => Vec::new(),
        },
    };
    for id in checks {
        let fits = service.keys.verification_code_matches(&id.to_string(), code);
        let event_id = EventId::new(now, service.entropy()?);
        let counted = service
            .store
            .write("verify_address", move |tx| take_code(tx, id, fits, event_id, now))?;
        if counted {
            return Ok(true);
        }
    }
    Ok(false)
}

fn take_code(
    tx: &mut Tx,
    id: VerificationId,
    fits: bool,
    event_id: EventId,
    now: Timestamp,
) -> Result<bool, ServiceError> {
    let Some(check) = verification_find(tx, id)? else { return Ok(false) };
    if check.confirmed_at.is_some() {
        // Sent twice by an impatient finger: it counted, and counts once.
        return Ok(fits);
    }
    // Counted before it is judged, so that tries at the same moment all count.
    if !verification_count_try(tx, id, now)? {
        // No try was left, or the same code has just counted.
        let counted = verification_find(tx, id)?.is_some_and(|check| check.confirmed_at.is_some());
        return Ok(fits && counted);
    }
    if !fits {
        return Ok(false);
    }
    if !verification_confirm(tx, id, now)? || !address_set_verified(tx, check.address, now)? {
        return Ok(false);
    }
    let event = Event::new(event_id, EventKind::AddressVerified, now, ACTOR)
        .address(check.address)
        .fact("how", VerifiedHow::Code.as_str());
    event_append(tx, &[event])?;
    Ok(true)
}

/// Why nothing was noted or started.
#[derive(Debug, Clone, thiserror::Error)]
pub enum VerifyRefused {
    /// Who answered the telephone is missing.
    #[error("who answered?")]
    NoName,
    /// The organisation has no such address, or it is out of use.
    #[error("no such address")]
    NoAddress,
    /// Nobody is to be asked.
    #[error("nobody to ask")]
    Nobody,
    /// The branch names no organisation.
    #[error("no such branch")]
    NoBranch,
    /// The use-case's own.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<crate::store::StoreError> for VerifyRefused {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Service(error.into())
    }
}

impl WriteError for VerifyRefused {
    fn store_error(&self) -> Option<&crate::store::StoreError> {
        match self {
            Self::Service(error) => error.store_error(),
            _ => None,
        }
    }
}

impl VerifyRefused {
    /// What the page says, and beside which field.
    #[must_use]
    pub fn message_zh(&self) -> (&'static str, String) {
        match self {
            Self::NoName => ("callee", "请写明接电话人的姓名".into()),
            Self::NoAddress => ("address", "这个联系方式已停用，请刷新后再看".into()),
            Self::Nobody => {
                ("scope", "这个范围内没有要核验的邮箱：都在一年内核验过，或没有登记邮箱".into())
            }
            Self::NoBranch => ("branch", "通讯录里没有这个单位，请从列表里选全称".into()),
            Self::Service(_) => ("scope", "没有保存，请稍后再试".into()),
        }
    }
}

/// Notes that somebody called and the address works.
///
/// # Errors
/// [`VerifyRefused`] says what to mend.
pub fn confirm_call(
    service: &Service,
    by: AccountId,
    (organization, address): (OrganizationId, AddressId),
    callee: &str,
) -> Result<(), VerifyRefused> {
    let now = service.now();
    let callee = callee.trim();
    if callee.is_empty() {
        return Err(VerifyRefused::NoName);
    }
    let check = NewVerification {
        id: VerificationId::new(now, service.entropy()?),
        address,
        round: None,
        sent_at: now,
        ends_at: now,
        called_by: Some(by),
    };
    let event_id = EventId::new(now, service.entropy()?);
    let event = Event::new(event_id, EventKind::AddressVerified, now, Actor::Account(by))
        .address(address)
        .organization(organization)
        .fact("how", VerifiedHow::Call.as_str())
        .personal("name", callee, service.salt()?);
    service.store.write("verify_by_call", move |tx| {
        let known = address_is_of(tx, address, organization)?;
        if !known || !address_set_verified(tx, address, now)? {
            return Err(VerifyRefused::NoAddress);
        }
        verification_insert_all(tx, std::slice::from_ref(&check))?;
        event_append(tx, std::slice::from_ref(&event))?;
        Ok(())
    })
}

/// Starts a round: every mail address in its scope gets a code.
///
/// # Errors
/// [`VerifyRefused`] says what to mend.
pub fn start_round(
    service: &Service,
    by: AccountId,
    scope: RoundScope,
    branch: Option<OrganizationId>,
) -> Result<(RoundId, usize), VerifyRefused> {
    let now = service.now();
    let branch = branch.filter(|_| scope == RoundScope::Branch);
    let standings = service.store.read(|conn| {
        let below = match branch {
            Some(id) => {
                let found = organization_list_of(conn, &[id])?.pop();
                Some(found.ok_or(VerifyRefused::NoBranch)?.tree_path)
            }
            None if scope == RoundScope::Branch => return Err(VerifyRefused::NoBranch),
            None => None,
        };
        Ok(address_standings(conn, below.as_deref())?)
    })?;
    let wanted = standings.into_iter().filter(|one| {
        one.kind == AddressKind::Email
            && (scope != RoundScope::Due || is_due(one.status, one.status_at, now))
    });
    let addresses: Vec<AddressId> = wanted.map(|one| one.id).collect();
    if addresses.is_empty() {
        return Err(VerifyRefused::Nobody);
    }
    let round = RoundId::new(now, service.entropy()?);
    let ends_at = now.plus(CODE_LIFETIME);
    let (mut checks, mut messages) = (Vec::new(), Vec::new());
    for address in addresses {
        let id = VerificationId::new(now, service.entropy()?);
        checks.push(NewVerification {
            id,
            address,
            round: Some(round),
            sent_at: now,
            ends_at,
            called_by: None,
        });
        messages.push(NewMessage {
            id: MessageId::new(now, service.entropy()?),
            notice_id: None,
            version: 0,
            delivery_id: None,
            address_id: address,
            about: Some(id.to_string()),
            link_id: None,
            channel: Channel::Email,
            step: 0,
            purpose: MessagePurpose::Verification,
            lane: last_lane(),
            due_at: now,
        });
    }
    let count = checks.len();
    let asked = i64::try_from(count).unwrap_or(i64::MAX);
    let event_id = EventId::new(now, service.entropy()?);
    let mut event = Event::new(event_id, EventKind::RoundStarted, now, Actor::Account(by))
        .fact("scope", scope.as_str())
        .fact("asked", asked);
    if let Some(branch) = branch {
        event = event.organization(branch);
    }
    service.store.write("start_round", move |tx| {
        round_insert(tx, round, (scope, branch), by, (now, ends_at))?;
        verification_insert_all(tx, &checks)?;
        message_insert_all(tx, &messages, now)?;
        event_append(tx, std::slice::from_ref(&event))?;
        Ok::<_, VerifyRefused>(())
    })?;
    tracing::info!(%round, asked, "a round of checks was started");
    service.bell.ring();
    Ok((round, count))
}

/// Checks never stand in the way of a notice.
fn last_lane() -> i32 {
    i32::try_from(Urgency::ALL.len()).unwrap_or(i32::MAX)
}

/// How a round stands.
#[derive(Debug, Clone)]
pub struct RoundView {
    /// The newest rounds.
    pub rounds: Vec<Round>,
    /// The one that is looked at.
    pub shown: Option<Round>,
    /// Whom it asked.
    pub asked: Vec<Asked>,
    /// For each 市州 (or 省直) in the order of the tree: its name, asked, answered.
    pub regions: Vec<RegionCount>,
    /// How many mail addresses a round of the due would ask now.
    pub due: usize,
}

/// How a 市州 has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionCount {
    /// Four digits of its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Addresses asked.
    pub asked: usize,
    /// Of these, shown to work since.
    pub answered: usize,
}

/// Whether an address that was asked has been shown to work since, by whichever way.
#[must_use]
pub fn has_answered(asked: &Asked, round: &Round) -> bool {
    asked.confirmed_at.is_some()
        || (asked.status == AddressStatus::Verified && asked.status_at >= round.started_at)
}

/// Rounds kept in view.
const ROUNDS_SHOWN: i64 = 20;

/// How the rounds stand; `wanted` is looked at, else the newest.
///
/// # Errors
/// The store's own.
pub fn look(service: &Service, wanted: Option<RoundId>) -> Result<RoundView, ServiceError> {
    let now = service.now();
    service.store.read(|conn| {
        let rounds = round_list(conn, ROUNDS_SHOWN)?;
        let shown = match wanted {
            Some(id) => Some(rounds.iter().find(|one| one.id == id).ok_or(ServiceError::NotFound)?),
            None => rounds.first(),
        }
        .cloned();
        let asked = match &shown {
            Some(round) => round_asked(conn, round.id)?,
            None => Vec::new(),
        };
        let names: BTreeMap<String, String> = organization_list(conn)?
            .into_iter()
            .filter(|one| one.level != Level::County)
            .rev()
            .map(|one| (region(&one.region_code), one.short_name))
            .collect();
        let regions = shown.as_ref().map_or_else(Vec::new, |round| count(&asked, round, &names));
        let due = address_standings(conn, None)?
            .iter()
            .filter(|one| one.kind == AddressKind::Email)
            .filter(|one| is_due(one.status, one.status_at, now))
            .count();
        Ok(RoundView { rounds, shown, asked, regions, due })
    })
}

/// The first four digits name the 市州; those of the province itself end in 00.
fn region(code: &str) -> String {
    code.chars().take(4).collect()
}

fn count(asked: &[Asked], round: &Round, names: &BTreeMap<String, String>) -> Vec<RegionCount> {
    let mut regions: BTreeMap<String, RegionCount> = BTreeMap::new();
    for one in asked {
        let code = region(&one.region_code);
        let name = match code.ends_with("00") {
            true => "省直".to_owned(),
            false => names.get(&code).cloned().unwrap_or_else(|| code.clone()),
        };
        let counted = regions.entry(code.clone()).or_insert(RegionCount {
            code,
            name,
            asked: 0,
            answered: 0,
        });
        counted.asked += 1;
        counted.answered += usize::from(has_answered(one, round));
    }
    regions.into_values().collect()
}

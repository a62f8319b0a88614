//! The engine: fires the rungs that are due. Any server may tick; the rows decide.
//!
//! One write per chunk holds the deliveries, reads them as they stand (so nothing is written
//! after an answer was committed), asks the pure core what follows, and writes rungs, messages,
//! tasks, records and events together. Never here: when rungs are due, and sending.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Service, ServiceError};
use crate::adapters::random;
use crate::domain::calendar::Calendar;
use crate::domain::escalation::{self, OpenRung, OpenWays, People, Repetition, Standing, View};
use crate::domain::id_source::IdSource;
use crate::domain::ids::{DeliveryId, NoticeId, OrganizationId};
use crate::domain::organization::{Reach, Superior};
use crate::domain::reach::Hours;
use crate::domain::time::{Span, Timestamp};
use crate::domain::working_time::WorkingHours;
use crate::store::chase::{
    Chased, ChasedNotice, LinksAt, chase_hold, chase_links, chase_notices, chase_notified,
};
use crate::store::contacts::reach_list;
use crate::store::ladders::{ladder_list_due, ladder_next_due};
use crate::store::organizations::organization_superiors;
use crate::store::rungs::rung_list_open;
use crate::store::{StoreError, Tx};

mod next_way;
mod rows;

pub(super) use next_way::way_closed;

/// Deliveries of one write, at most: a chunk is short, so that signatures come in between.
const CHUNK: usize = 500;

/// What a tick did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fired {
    /// Rungs that fired.
    pub rungs: usize,
    /// Rounds that came and went while no server was at work, and are on record now.
    pub missed: usize,
    /// Of the rungs, the ones that reached nobody.
    pub gaps: usize,
    /// Messages written.
    pub messages: usize,
    /// Tasks opened or raised.
    pub tasks: usize,
    /// Ladders closed because the chase had ended.
    pub ended: usize,
    /// How late the latest was.
    pub late_max: Span,
    /// Ladders that are due and cannot go on, because their rows contradict each other.
    pub stuck: usize,
    /// More may be due.
    pub more: bool,
}

impl Fired {
    /// Adds what another write did; whether more may be due stays as it is.
    pub fn add(&mut self, other: &Self) {
        self.rungs += other.rungs;
        self.missed += other.missed;
        self.gaps += other.gaps;
        self.messages += other.messages;
        self.tasks += other.tasks;
        self.ended += other.ended;
        self.stuck += other.stuck;
        self.late_max = self.late_max.max(other.late_max);
    }
}

/// Fires one chunk of what is due.
///
/// # Errors
/// The store's own.
pub fn tick(service: &Service) -> Result<Fired, ServiceError> {
    let now = service.now();
    let due = service.store.read(|conn| ladder_list_due(conn, now, CHUNK))?;
    if due.is_empty() {
        return Ok(Fired::default());
    }
    let full = due.len() >= CHUNK;
    let mut fired = match fire(service, &due, now) {
        // One that cannot go on must not hold up the others.
        Err(ServiceError::Store(StoreError::Inconsistent { .. })) => singly(service, &due, now)?,
        done => done?,
    };
    fired.more = full && fired.rungs + fired.ended > 0;
    if fired.messages > 0 {
        service.bell.ring();
    }
    if fired.rungs > 0 {
        tracing::info!(
            rungs = fired.rungs,
            missed = fired.missed,
            gaps = fired.gaps,
            messages = fired.messages,
            tasks = fired.tasks,
            late_max_ms = fired.late_max.as_micros() / 1_000,
            "rungs fired"
        );
    }
    Ok(fired)
}

/// Fires what is due of these in one write.
fn fire(service: &Service, due: &[DeliveryId], now: Timestamp) -> Result<Fired, ServiceError> {
    let seed: [u8; 16] = random::bytes(service.random.as_ref())?;
    let (engine, due) = (Engine::of(service), due.to_vec());
    service.store.write("escalate", move |tx| {
        engine.fire(tx, &due, IdSource::new(seed), now).map_err(ServiceError::from)
    })
}

/// Fires each alone. What cannot go on stays due, so that the self-check raises an alarm.
fn singly(service: &Service, due: &[DeliveryId], now: Timestamp) -> Result<Fired, ServiceError> {
    let mut all = Fired::default();
    for id in due {
        match fire(service, std::slice::from_ref(id), now) {
            Ok(fired) => all.add(&fired),
            Err(ServiceError::Store(error @ StoreError::Inconsistent { .. })) => {
                all.stuck += 1;
                tracing::error!(delivery = %id, %error, "a ladder that is due cannot go on");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

/// When the next rung is due, by the clock that [`tick`] goes by: how long a worker may sleep.
///
/// # Errors
/// The store's own.
pub fn until_next(service: &Service) -> Result<Option<Span>, ServiceError> {
    let now = service.now();
    let next = service.store.read(ladder_next_due)?;
    Ok(next.map(|at| Span::micros(at.since(now).as_micros().max(0))))
}

/// What the engine needs of the installation inside a write.
pub(super) struct Engine {
    calendar: Arc<Calendar>,
    usual: WorkingHours,
    outlets: OpenWays,
}

impl Engine {
    pub(super) fn of(service: &Service) -> Self {
        Self {
            calendar: service.rules.calendar(),
            usual: WorkingHours::usual(),
            outlets: service.outlets.open(),
        }
    }

    fn hours(&self) -> Hours<'_> {
        Hours { calendar: &self.calendar, default: &self.usual }
    }

    fn fire(
        &self,
        tx: &mut Tx,
        due: &[DeliveryId],
        ids: IdSource,
        now: Timestamp,
    ) -> Result<Fired, StoreError> {
        let scene = Scene::read(tx, due, now)?;
        let mut rows = rows::Rows::new(ids, now);
        for chased in scene.chased.values() {
            let Some(notice) = scene.notices.get(&chased.notice_id) else { continue };
            let Some(recipient) = scene.reach.get(&chased.organization_id) else {
                return Err(StoreError::Inconsistent {
                    table: "deliveries",
                    id: chased.id.to_string(),
                    what: "its organisation is not there".into(),
                });
            };
            let superior = scene.superiors.get(&chased.organization_id);
            let superior = superior.and_then(Superior::key);
            // Whoever is not chased any more loses the head, whatever it points at.
            let standing = scene.standing(chased, notice);
            let rungs = scene.ladders.get(&chased.id).map_or(&[][..], Vec::as_slice);
            if standing.chased && rungs.is_empty() {
                return Err(StoreError::Inconsistent {
                    table: "rungs",
                    id: chased.id.to_string(),
                    what: "its next step is not there".into(),
                });
            }
            let view = View {
                standing,
                rungs,
                repetition: repetition(notice),
                people: People {
                    recipient,
                    superior: superior.and_then(|id| scene.reach.get(id)),
                    issuer: scene.reach.get(&notice.issuer_id),
                    hours: self.hours(),
                    outlets: self.outlets,
                },
            };
            rows.add(chased, notice, &scene.links, escalation::plan(&view, now));
        }
        rows.write(tx)
    }
}

fn repetition(notice: &ChasedNotice) -> Option<Repetition> {
    notice.ladder.as_ref().map(|ladder| Repetition {
        after: ladder.policy.after_deadline,
        clock: ladder.policy.clock,
        quiet: ladder.quiet_hours,
    })
}

/// Everything one chunk is decided on, as it stands while it is decided.
struct Scene {
    chased: BTreeMap<DeliveryId, Chased>,
    notices: BTreeMap<NoticeId, ChasedNotice>,
    ladders: BTreeMap<DeliveryId, Vec<OpenRung>>,
    notified: BTreeSet<DeliveryId>,
    links: LinksAt,
    reach: BTreeMap<OrganizationId, Reach>,
    superiors: BTreeMap<OrganizationId, Superior<OrganizationId>>,
}

impl Scene {
    fn read(tx: &mut Tx, due: &[DeliveryId], now: Timestamp) -> Result<Self, StoreError> {
        // Read after they are held: what another server fired meanwhile is not due any more.
        let mut held = chase_hold(tx, due)?;
        held.retain(|one| one.head.is_some_and(|head| head.due_at <= now));
        let ids: Vec<DeliveryId> = held.iter().map(|one| one.id).collect();
        let ladders = rung_list_open(tx, &ids)?;
        let of: Vec<NoticeId> = held.iter().map(|one| one.notice_id).collect();
        let notices = chase_notices(tx, &of)?;
        let mut organizations: Vec<OrganizationId> =
            held.iter().map(|one| one.organization_id).collect();
        organizations.sort_unstable();
        organizations.dedup();
        let superiors = organization_superiors(tx, &organizations)?;
        let around = superiors.values().filter_map(|superior| superior.key().copied());
        let mut everybody: BTreeSet<OrganizationId> = organizations.iter().copied().collect();
        everybody.extend(around);
        everybody.extend(notices.values().map(|notice| notice.issuer_id));
        let everybody: Vec<OrganizationId> = everybody.into_iter().collect();
        let reach = reach_list(tx, &everybody)?;
        Ok(Self {
            notified: chase_notified(tx, &ids)?,
            links: chase_links(tx, &ids)?,
            reach: reach.into_iter().map(|reach| (reach.organization, reach)).collect(),
            chased: held.into_iter().map(|one| (one.id, one)).collect(),
            notices,
            ladders,
            superiors,
        })
    }

    fn standing(&self, chased: &Chased, notice: &ChasedNotice) -> Standing {
        Standing {
            addressee: chased.addressee,
            chased: notice.out && !chased.ended,
            notified: self.notified.contains(&chased.id),
            arrived: chased.arrived,
            returned: chased.returned,
            marked: chased.marked,
            deadline: chased.deadline_at,
            overnight: notice.overnight,
        }
    }
}

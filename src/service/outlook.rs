//! What issuing a notice would do, at a given instant: for each recipient until when, at which
//! addresses, and which steps follow. The preview shows it and the issue writes it, so what was
//! shown is what happens.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{Service, ServiceError};
use crate::domain::delivery::Addressee;
use crate::domain::escalation::{OpenWays, Way, first_line};
use crate::domain::ids::OrganizationId;
use crate::domain::ladder::{
    Deadline, IssueTimes, LadderSnapshot, PlanFor, PlannedRung, RecipientTime, RungAct, Ways,
    deadline, plan_rungs, with_deadline_mark,
};
use crate::domain::message::Channel;
use crate::domain::organization::{Reach, Superior};
use crate::domain::reach::{Gap, Hours, gaps, is_manned_around_the_clock};
use crate::domain::time::Timestamp;
use crate::domain::urgency::Urgency;
use crate::domain::working_time::{ClockTime, WorkingHours};
use crate::store::contacts::reach_list;
use crate::store::drafts::Pick;
use crate::store::organizations::{
    OrganizationBrief, organization_list_of, organization_superiors,
};

/// What issuing would do.
#[derive(Debug, Clone)]
pub struct Outlook {
    /// The level's rules; none while the level is not chosen.
    pub ladder: Option<LadderSnapshot>,
    /// Each recipient, in the order of the tree.
    pub recipients: Vec<Recipient>,
    /// The issuing office.
    pub issuer: OrganizationBrief,
    /// Whether the instant falls into the hours in which people rest.
    pub at_night: bool,
}

/// What issuing would do for one recipient.
#[derive(Debug, Clone)]
pub struct Recipient {
    /// Who.
    pub organization: OrganizationBrief,
    /// 主送 or 抄送.
    pub addressee: Addressee,
    /// Why it is on the list.
    pub reason: String,
    /// Until when, and where that comes from.
    pub deadline: Option<Deadline>,
    /// The steps; shared by all who are reckoned alike.
    pub rungs: Arc<[PlannedRung]>,
    /// When it is written to first.
    pub first_at: Timestamp,
    /// Where it is written to first, and how; empty if it cannot be reached.
    pub ways: Vec<Way>,
    /// What is missing, as a 特提 asks.
    pub gaps: Vec<Gap>,
    /// The hours of its working day that were counted.
    pub hours: WorkingHours,
    /// A desk of it is manned day and night.
    pub manned: bool,
}

impl Recipient {
    /// Whether a planned step will be taken for it: who is sent to without any gap is not called
    /// before he had time to answer.
    #[must_use]
    pub fn keeps(&self, act: RungAct) -> bool {
        act != RungAct::CallUnreachable || !self.gaps.is_empty()
    }

    /// Whether it is telephoned at once, because something is missing.
    #[must_use]
    pub fn is_called_at_once(&self) -> bool {
        self.keeps(RungAct::CallUnreachable)
            && self.rungs.iter().any(|rung| rung.act == RungAct::CallUnreachable)
    }

    /// About how many people are woken by writing to it: somebody with a mailbox and a mobile is
    /// one.
    #[must_use]
    pub fn people(&self) -> usize {
        let of = |channel| self.ways.iter().filter(|way| way.channel == channel).count();
        Channel::ALL.iter().map(|channel| of(*channel)).max().unwrap_or(0)
    }
}

impl Outlook {
    /// Recipients that nothing can be written to.
    pub fn unreachable(&self) -> impl Iterator<Item = &Recipient> {
        self.recipients.iter().filter(|recipient| recipient.ways.is_empty())
    }

    /// Every way by which somebody is written to first.
    pub fn ways(&self) -> impl Iterator<Item = &Way> + Clone {
        self.recipients.iter().flat_map(|recipient| &recipient.ways)
    }

    /// How many addresses are written to.
    #[must_use]
    pub fn address_count(&self) -> usize {
        self.ways().count()
    }

    /// The earliest deadline.
    #[must_use]
    pub fn earliest_deadline(&self) -> Option<Timestamp> {
        let deadlines = self.recipients.iter().filter_map(|one| one.deadline.as_ref());
        deadlines.map(|deadline| deadline.at).min()
    }

    /// Whether the level asks that gaps be explained before issue.
    #[must_use]
    pub fn must_explain_gaps(&self) -> bool {
        self.ladder.as_ref().is_some_and(|ladder| ladder.policy.needs_second_person)
            && self.recipients.iter().any(|recipient| !recipient.gaps.is_empty())
    }
}

/// Works it out.
///
/// # Errors
/// [`ServiceError::Conflict`] if a deadline lies beyond counting, else the store's own.
pub fn outlook(
    service: &Service,
    issuer: OrganizationId,
    picks: &[Pick],
    level: Option<Urgency>,
    times: &IssueTimes,
) -> Result<Outlook, ServiceError> {
    let ladder = level.and_then(|level| service.rules.policy().snapshot(level));
    outlook_by(service, issuer, picks, ladder, times)
}

/// The same by rules that are frozen already.
pub(super) fn outlook_by(
    service: &Service,
    issuer: OrganizationId,
    picks: &[Pick],
    ladder: Option<LadderSnapshot>,
    times: &IssueTimes,
) -> Result<Outlook, ServiceError> {
    let ids: Vec<OrganizationId> = picks.iter().map(|pick| pick.organization_id).collect();
    let known = service.store.read(|conn| {
        Ok::<_, ServiceError>(Known {
            organizations: organization_list_of(conn, &ids)?,
            reach: reach_list(conn, &ids)?.into_iter().map(|it| (it.organization, it)).collect(),
            superiors: organization_superiors(conn, &ids)?,
            issuer: organization_list_of(conn, &[issuer])?.pop().ok_or(ServiceError::NotFound)?,
        })
    })?;
    let calendar = service.rules.calendar();
    let usual = WorkingHours::usual();
    let mut reckoner = Reckoner {
        hours: Hours { calendar: &calendar, default: &usual },
        ladder: ladder.as_ref(),
        open: service.outlets.open(),
        times,
        alike: HashMap::new(),
    };
    let picked: HashMap<OrganizationId, &Pick> =
        picks.iter().map(|pick| (pick.organization_id, pick)).collect();
    let mut recipients = Vec::with_capacity(picks.len());
    for organization in known.organizations {
        let (Some(pick), Some(reach)) =
            (picked.get(&organization.id), known.reach.get(&organization.id))
        else {
            continue;
        };
        let superior = known.superiors.get(&organization.id).unwrap_or(&Superior::Unstated);
        let above = is_above(&known.issuer, &organization);
        recipients.push(reckoner.recipient(organization, pick, reach, superior, above)?);
    }
    let at_night = ladder.as_ref().is_some_and(|ladder| is_night(ladder, times.issued_at));
    Ok(Outlook { ladder, recipients, issuer: known.issuer, at_night })
}

/// Every way that leads to these organisations now.
///
/// # Errors
/// The store's own.
pub(super) fn reach_now(
    service: &Service,
    ids: &[OrganizationId],
    now: Timestamp,
) -> Result<BTreeMap<OrganizationId, Vec<Way>>, ServiceError> {
    let usual = WorkingHours::usual();
    let calendar = service.rules.calendar();
    let hours = Hours { calendar: &calendar, default: &usual };
    let reach = service.store.read(|conn| reach_list(conn, ids))?;
    let open = service.outlets.open();
    let all = |one: Reach| (one.organization, first_line(&one, &hours, Ways::Every, now, open));
    Ok(reach.into_iter().map(all).collect())
}

struct Known {
    organizations: Vec<OrganizationBrief>,
    reach: HashMap<OrganizationId, Reach>,
    superiors: BTreeMap<OrganizationId, Superior<OrganizationId>>,
    issuer: OrganizationBrief,
}

/// An office stands above what is below it in the tree, and above every lower level.
fn is_above(issuer: &OrganizationBrief, recipient: &OrganizationBrief) -> bool {
    let below = recipient.tree_path.starts_with(&issuer.tree_path);
    (below && recipient.id != issuer.id) || issuer.level < recipient.level
}

fn is_night(ladder: &LadderSnapshot, at: Timestamp) -> bool {
    let (shown, quiet) = (ClockTime::of(at), ladder.quiet_hours);
    shown >= quiet.from || shown < quiet.to
}

/// Recipients with the same hours, place and superior are reckoned once.
#[derive(PartialEq, Eq, Hash)]
struct Alike {
    hours: String,
    manned: bool,
    addressee: Addressee,
    issuer_is_above: bool,
    superior_declared: bool,
}

type Reckoned = (Option<Deadline>, Arc<[PlannedRung]>);

struct Reckoner<'a> {
    hours: Hours<'a>,
    ladder: Option<&'a LadderSnapshot>,
    open: OpenWays,
    times: &'a IssueTimes,
    alike: HashMap<Alike, Reckoned>,
}

impl Reckoner<'_> {
    fn recipient(
        &mut self,
        organization: OrganizationBrief,
        pick: &Pick,
        reach: &Reach,
        superior: &Superior<OrganizationId>,
        issuer_is_above: bool,
    ) -> Result<Recipient, ServiceError> {
        let (deadline, rungs) = self.reckon(pick.addressee, reach, superior, issuer_is_above)?;
        let first = rungs.iter().find(|rung| rung.act == RungAct::Remind);
        let first_at = first.map_or(self.times.issued_at, |rung| rung.due_at);
        let ways = first.and_then(|rung| rung.ways).unwrap_or(Ways::First);
        Ok(Recipient {
            organization,
            addressee: pick.addressee,
            reason: pick.reason.clone(),
            deadline,
            rungs,
            first_at,
            ways: first_line(reach, &self.hours, ways, first_at, self.open),
            gaps: gaps(reach, superior, self.open),
            hours: self.hours.of(reach).clone(),
            manned: is_manned_around_the_clock(reach),
        })
    }

    fn reckon(
        &mut self,
        addressee: Addressee,
        reach: &Reach,
        superior: &Superior<OrganizationId>,
        issuer_is_above: bool,
    ) -> Result<Reckoned, ServiceError> {
        let Some(ladder) = self.ladder else { return Ok((None, Arc::new([]))) };
        let manned = is_manned_around_the_clock(reach);
        let superior_declared = superior.key().is_some();
        let hours = self.hours.of(reach);
        let alike = Alike {
            hours: hours.to_string(),
            manned,
            addressee,
            issuer_is_above,
            superior_declared,
        };
        if let Some(known) = self.alike.get(&alike) {
            return Ok(known.clone());
        }
        let recipient =
            RecipientTime { calendar: self.hours.calendar, hours, manned_around_the_clock: manned };
        let who = PlanFor { addressee, issuer_is_above, superior_declared };
        let too_far = |_| ServiceError::Conflict("签收时限太远，无法推算，请改签收时限。".into());
        let deadline = deadline(ladder, addressee, self.times, &recipient).map_err(too_far)?;
        let mut rungs = plan_rungs(ladder, &who, self.times, &recipient).map_err(too_far)?;
        if let Some(deadline) = &deadline {
            rungs = with_deadline_mark(rungs, deadline.at);
        }
        let reckoned: Reckoned = (deadline, rungs.into());
        self.alike.insert(alike, reckoned.clone());
        Ok(reckoned)
    }
}

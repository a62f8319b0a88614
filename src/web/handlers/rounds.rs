//! Rounds in which addresses are checked, and calls that showed one to work.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::domain::account::Role;
use crate::domain::human_time::clock_zh;
use crate::domain::ids::{OrganizationId, RoundId};
use crate::domain::time::Timestamp;
use crate::domain::verification::RoundScope;
use crate::service::accounts::organization_named;
use crate::service::verify_address::{
    self, RoundView, VerifyRefused, confirm_call, has_answered, start_round,
};
use crate::service::{Service, ServiceError, directory};
use crate::store::verifications::{Asked, Round};
use crate::web::address::{id, query, with_query};
use crate::web::drawn::{Drawn, drawn};
use crate::web::error::WebError;
use crate::web::forms::{Fields, Posted};
use crate::web::pages::moment::Moment;
use crate::web::pages::parts::{Choice, Errors, Link, Place};
use crate::web::pages::rounds::{RegionRow, RoundShown, RoundsPage, SilentRow};
use crate::web::respond::see_other_saying;
use crate::web::said::Said;
use crate::web::session::Staff;
use crate::web::shell::shell;

const SILENT_SHOWN: usize = 300;

/// The rounds, the newest opened.
pub(in crate::web) async fn list(
    service: web::Data<Service>,
    request: HttpRequest,
    staff: Staff,
) -> Result<HttpResponse, WebError> {
    let asked = query(&request);
    let round = match asked.filled("round") {
        Some(text) => Some(text.parse().map_err(|_| WebError::NotFound)?),
        None => None,
    };
    let region = asked.text("region").to_owned();
    drawn(move || {
        let page = filled(&service, &staff, (round, &region), &Fields::default(), Errors::none())?;
        Drawn::page(&page)
    })
    .await
}

fn filled(
    service: &Service,
    staff: &Staff,
    (round, region): (Option<RoundId>, &str),
    typed: &Fields,
    errors: Errors,
) -> Result<RoundsPage, ServiceError> {
    let now = service.now();
    let view = verify_address::look(service, round)?;
    let may_start = staff.is(Role::Administrator);
    let organisations = match may_start {
        true => directory::list(service)?.into_iter().map(|one| one.name).collect(),
        false => Vec::new(),
    };
    let scopes: Vec<(&str, &str)> =
        RoundScope::ALL.iter().map(|scope| (scope.as_str(), scope.word_zh())).collect();
    let silent = silent(&view, region);
    let silent_more = silent.len().saturating_sub(SILENT_SHOWN);
    Ok(RoundsPage {
        shell: shell(staff, Place::Directory),
        may_start,
        due: view.due,
        scopes: Choice::list(&scopes),
        scope: typed.filled("scope").unwrap_or(RoundScope::Due.as_str()).to_owned(),
        branch: typed.text("branch").to_owned(),
        errors,
        organisations,
        rounds: view.rounds.iter().map(|one| round_link(one, &view, now)).collect(),
        shown: view.shown.as_ref().map(|one| shown(one, &view, now)),
        regions: regions(&view, region),
        silent: silent.into_iter().take(SILENT_SHOWN).collect(),
        silent_more,
    })
}

fn scope_zh(round: &Round) -> String {
    match &round.branch_name {
        Some(name) => format!("{name}及其下级"),
        None => round.scope.word_zh().to_owned(),
    }
}

fn round_link(round: &Round, view: &RoundView, now: Timestamp) -> Link {
    Link {
        text: format!("{} {}", clock_zh(round.started_at, now), scope_zh(round)),
        href: with_query("/rounds", &[("round", &round.id.to_string())]),
        current: view.shown.as_ref().is_some_and(|shown| shown.id == round.id),
    }
}

fn shown(round: &Round, view: &RoundView, now: Timestamp) -> RoundShown {
    RoundShown {
        scope: scope_zh(round),
        started: Moment::at(round.started_at, now),
        by: round.started_by.clone(),
        ends: Moment::at(round.ends_at, now),
        asked: view.asked.len(),
        answered: view.asked.iter().filter(|one| has_answered(one, round)).count(),
    }
}

fn regions(view: &RoundView, chosen: &str) -> Vec<RegionRow> {
    let Some(round) = &view.shown else { return Vec::new() };
    let round = round.id.to_string();
    let row = |one: &verify_address::RegionCount| RegionRow {
        link: Link {
            text: one.name.clone(),
            href: with_query("/rounds", &[("round", &round), ("region", &one.code)]),
            current: one.code == chosen,
        },
        asked: one.asked,
        answered: one.answered,
    };
    view.regions.iter().map(row).collect()
}

fn silent(view: &RoundView, region: &str) -> Vec<SilentRow> {
    let Some(round) = &view.shown else { return Vec::new() };
    let row = |one: &Asked| SilentRow {
        href: format!("/directory/{}", one.organization),
        organisation: one.organization_name.clone(),
        contact: format!("{} {}", one.role.word_zh(), one.contact_name),
        status: one.status.word_zh(),
    };
    let of_region = view.asked.iter().filter(|one| one.region_code.starts_with(region));
    of_region.filter(|one| !has_answered(one, round)).map(row).collect()
}

/// Starts a round.
pub(in crate::web) async fn start(
    service: web::Data<Service>,
    staff: Staff,
    posted: Posted,
) -> Result<HttpResponse, WebError> {
    let typed = posted.0;
    drawn(move || {
        let by = staff.account.id;
        let scope = typed.text("scope").parse().unwrap_or(RoundScope::Due);
        let branch = organization_named(&service, typed.text("branch")).ok();
        let refused = match start_round(&service, by, scope, branch) {
            Ok(_) => return Ok(Drawn::next("/rounds").saying(Said::RoundStarted, 0)),
            Err(VerifyRefused::Service(error)) => return Err(error.into()),
            Err(refused) => refused,
        };
        let mut errors = Errors::none();
        let (field, message) = refused.message_zh();
        errors.add(field, &message);
        let page = filled(&service, &staff, (None, ""), &typed, errors)?;
        Drawn::page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
    })
    .await
}

/// Notes that a call showed an address to work.
pub(in crate::web) async fn called(
    service: web::Data<Service>,
    request: HttpRequest,
    staff: Staff,
    posted: Posted,
) -> Result<HttpResponse, WebError> {
    let organization: OrganizationId = id(&request, "organization")?;
    let typed = posted.0;
    let by = staff.account.id;
    let done = web::block(move || {
        directory::look(&service, organization)?;
        let address = typed.text("address").parse().map_err(|_| VerifyRefused::NoAddress)?;
        confirm_call(&service, by, (organization, address), typed.text("callee"))
    })
    .await?;
    match done {
        Ok(()) => {
            let page = format!("/directory/{organization}#contacts");
            Ok(see_other_saying(&page, Said::ContactConfirmed, 0))
        }
        Err(VerifyRefused::Service(error)) => Err(error.into()),
        Err(refused) => Err(WebError::Conflict(refused.message_zh().1)),
    }
}

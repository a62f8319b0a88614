//! The directory, as all staff may read it.

use actix_web::{HttpRequest, HttpResponse, web};

use crate::domain::address::AddressStatus;
use crate::domain::human_time::full_zh;
use crate::domain::ids::OrganizationId;
use crate::domain::organization::{Contact, ContactAddress, Desk, Level, Reach};
use crate::domain::working_time::WorkingHours;
use crate::service::Service;
use crate::service::directory::{self, FoundPage, OrganizationView};
use crate::store::organizations::{OrganizationBrief, OrganizationHit};
use crate::web::address::{id, query, with_query};
use crate::web::error::WebError;
use crate::web::pages::directory::{
    AddressRow, ContactRow, DeskRow, DirectoryPage, OrganizationPage, OrganizationRow, Standing,
};
use crate::web::pages::parts::{Fact, Link, Place};
use crate::web::respond::page;
use crate::web::session::Staff;
use crate::web::shell::shell;

const ROWS_PER_PAGE: usize = 100;

/// The list and the search.
pub(in crate::web) async fn list(
    service: web::Data<Service>,
    request: HttpRequest,
    staff: Staff,
) -> Result<HttpResponse, WebError> {
    let asked = query(&request);
    let text = asked.text("q").to_owned();
    let level: Option<Level> = asked.filled("level").and_then(|word| word.parse().ok());
    let number: usize = asked.text("page").parse().unwrap_or(0);
    let wanted = text.clone();
    let found =
        web::block(move || directory::search(&service, &wanted, level, number, ROWS_PER_PAGE))
            .await??;
    let word = level.map_or("", Level::as_str);
    let turned = |page: usize| {
        with_query("/directory", &[("q", &text), ("level", word), ("page", &page.to_string())])
    };
    let shown = number.saturating_mul(ROWS_PER_PAGE).saturating_add(found.hits.len());
    page(&DirectoryPage {
        shell: shell(&staff, Place::Directory),
        may_cover: staff.account.holds_any(crate::web::COVERERS),
        search: text.clone(),
        level: word.to_owned(),
        filters: filters(&found, level, &text),
        rows: found.hits.iter().zip(&found.reach).map(|(hit, reach)| row(hit, reach)).collect(),
        found: found.found,
        back_href: number.checked_sub(1).map(turned).unwrap_or_default(),
        more_href: if shown < found.found { turned(number + 1) } else { String::new() },
    })
}

fn filters(found: &FoundPage, level: Option<Level>, text: &str) -> Vec<Link> {
    let link = |of: Option<Level>, name: &str, count: usize| Link {
        text: format!("{name} {count}"),
        href: with_query("/directory", &[("q", text), ("level", of.map_or("", Level::as_str))]),
        current: of == level,
    };
    let all = link(None, "全部", found.by_level.values().sum());
    let each = found.by_level.iter().map(|(of, count)| link(Some(*of), of.word_zh(), *count));
    std::iter::once(all).chain(each).collect()
}

fn row(hit: &OrganizationHit, reach: &Reach) -> OrganizationRow {
    let organization = &hit.organization;
    let used = addresses(reach).filter(|address| address.status.may_be_used());
    let verified = addresses(reach).filter(|address| address.status == AddressStatus::Verified);
    OrganizationRow {
        href: href(organization.id),
        name: organization.name.clone(),
        code: organization.region_code.clone(),
        matched_alias: hit.matched_alias.clone().unwrap_or_default(),
        kind: organization.kind.word_zh().to_owned(),
        level: organization.level.word_zh().to_owned(),
        hours: hours(reach).to_owned(),
        verified: verified.count(),
        addresses: used.count(),
    }
}

fn addresses(reach: &Reach) -> impl Iterator<Item = &ContactAddress> {
    reach.contacts.iter().flat_map(|contact| &contact.addresses)
}

fn hours(reach: &Reach) -> &'static str {
    match reach.desks.iter().any(|desk| desk.round_the_clock) {
        true => "24 小时",
        false if reach.desks.is_empty() => "未登记",
        false => "工作时间",
    }
}

fn href(id: OrganizationId) -> String {
    format!("/directory/{id}")
}

/// One organisation.
pub(in crate::web) async fn organization(
    service: web::Data<Service>,
    request: HttpRequest,
    staff: Staff,
) -> Result<HttpResponse, WebError> {
    let organization: OrganizationId = id(&request, "organization")?;
    let view = web::block(move || directory::look(&service, organization)).await??;
    let link = |one: &OrganizationBrief| Link {
        text: one.name.clone(),
        href: href(one.id),
        current: false,
    };
    let may_confirm = staff.account.holds_any(crate::web::REACHERS);
    page(&OrganizationPage {
        shell: shell(&staff, Place::Directory),
        confirm_action: format!("/directory/{organization}/confirm"),
        name: view.organization.name.clone(),
        facts: facts(&view),
        superior: view.superior.as_ref().map(link),
        superior_word: view.organization.superior.word_zh(),
        gaps: gaps(&view.reach),
        desks: view.reach.desks.iter().map(|desk| desk_row(desk, &view)).collect(),
        contacts: view.reach.contacts.iter().map(|one| contact_row(one, may_confirm)).collect(),
        subordinates: view.below.iter().map(link).collect(),
    })
}

fn facts(view: &OrganizationView) -> Vec<Fact> {
    let one = &view.organization;
    let fact = |label: &str, value: String| Fact { label: label.to_owned(), value };
    let mut facts = vec![fact("简称", one.short_name.clone())];
    if !one.aliases.is_empty() {
        facts.push(fact("别名", one.aliases.join("、")));
    }
    facts.extend([
        fact("类别", one.kind.word_zh().to_owned()),
        fact("层级", one.level.word_zh().to_owned()),
        fact("行政区划代码", one.region_code.clone()),
        fact("单位代码", one.code.clone()),
    ]);
    facts.extend(one.working_hours.as_ref().map(|hours| fact("工作时间", hours_zh(hours))));
    facts.extend(view.tonight.as_ref().map(|told| {
        let leader = told.leader_name.as_ref();
        let leader = leader.map_or_else(String::new, |name| format!("，带班领导{name}"));
        let until = full_zh(told.until_at);
        let text = format!(
            "{}{leader}，电话 {}（对方经链接报来，到{until}为止）",
            told.officer_name, told.phone
        );
        fact("今晚值班", text)
    }));
    // The superior has a line of its own.
    let elsewhere = view.parent.as_ref().filter(|parent| one.superior.key() != Some(&parent.id));
    facts.extend(elsewhere.map(|parent| fact("所属", parent.name.clone())));
    facts
}

/// `08:30–12:00，14:30–17:30`.
fn hours_zh(hours: &WorkingHours) -> String {
    hours.to_string().replace('-', "–").replace(',', "，")
}

/// What stands between this organisation and a 特提 at night.
fn gaps(reach: &Reach) -> Vec<String> {
    let mut gaps = Vec::new();
    let verified = addresses(reach).filter(|one| one.status == AddressStatus::Verified).count();
    if addresses(reach).all(|one| !one.status.may_be_used()) {
        gaps.push("没有登记可用的联系方式，公文送不到，请管理员补登。".to_owned());
    } else if verified == 0 {
        gaps.push("联系方式都没有验证过，送到与否没有把握，请管理员验证。".to_owned());
    }
    if !reach.desks.iter().any(|desk| desk.round_the_clock) {
        gaps.push("没有登记 24 小时值守的收文点，夜间要打电话送达。".to_owned());
    }
    gaps
}

fn desk_row(desk: &Desk, view: &OrganizationView) -> DeskRow {
    let others = desk.organizations.iter().filter(|id| **id != view.organization.id);
    let own_hours = desk.hours.as_ref().or(view.organization.working_hours.as_ref());
    let hours = match (desk.round_the_clock, own_hours) {
        (true, _) => "24 小时".to_owned(),
        (false, Some(hours)) => hours_zh(hours),
        (false, None) => "工作时间".to_owned(),
    };
    let phones = desk.phone.iter().chain(&desk.night_phone).map(ToString::to_string);
    DeskRow {
        name: desk.name.clone(),
        hours,
        phones: phones.collect(),
        also_for: others.filter_map(|id| view.names.get(id).cloned()).collect(),
    }
}

fn contact_row(contact: &Contact, may_confirm: bool) -> ContactRow {
    let open = |status| matches!(status, AddressStatus::Unverified | AddressStatus::Failing);
    let address_row = |one: &ContactAddress| AddressRow {
        id: match may_confirm && open(one.status) {
            true => one.id.to_string(),
            false => String::new(),
        },
        way: one.address.kind().word_zh().to_owned(),
        address: one.address.to_text(),
        standing: match one.status {
            AddressStatus::Unverified => Standing::Unverified,
            AddressStatus::Verified => Standing::Verified,
            AddressStatus::Failing => Standing::Failing,
            AddressStatus::Retired => Standing::Retired,
        },
        detail: String::new(),
    };
    ContactRow {
        name: contact.name.clone(),
        role: contact.role.word_zh().to_owned(),
        addresses: contact.addresses.iter().map(address_row).collect(),
    }
}

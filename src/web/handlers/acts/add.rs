//! 补发: the picker of who does not get the notice yet, and the reason. Whatever button is pressed,
//! what was ticked and typed is kept.

use actix_web::{HttpRequest, HttpResponse, web};

use super::{Done, answered, board_link, form, named, over_unless_out};
use crate::domain::account::Role;
use crate::domain::delivery::Addressee;
use crate::domain::ids::{NoticeId, OrganizationId};
use crate::service::acts::issued_notice;
use crate::service::add_recipients::{Further, ToExtend, add_recipients, to_extend};
use crate::service::pick::{self, PickTree, Ticks};
use crate::service::{Service, ServiceError};
use crate::web::drawn::{Drawn, drawn};
use crate::web::error::WebError;
use crate::web::forms::{Fields, Posted};
use crate::web::handlers::compose_form::ticks_of;
use crate::web::handlers::draft_view::{gaps, picker};
use crate::web::handlers::marks;
use crate::web::pages::acts::AddPage;
use crate::web::pages::parts::{Errors, Place, UrgencyMark};
use crate::web::said::Said;
use crate::web::session::Staff;
use crate::web::shell::shell;

type Answer = Result<HttpResponse, WebError>;

/// What the form says.
#[derive(Default)]
struct Typed {
    ticks: Ticks,
    search: String,
    reason: String,
    gap_reason: String,
}

/// The page.
pub(in crate::web) async fn ask(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
) -> Answer {
    let (id, path) = named(&request)?;
    drawn(move || {
        Drawn::page(&draw(&service, &staff, id, &path, &Typed::default(), Errors::none())?)
    })
    .await
}

/// A press on the form.
pub(in crate::web) async fn press(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
    posted: Posted,
) -> Answer {
    let (id, path) = named(&request)?;
    drawn(move || {
        issued_notice(&service, &staff.account, id)?;
        let fields = &posted.0;
        let act = form(fields)?;
        let mut typed = Typed {
            ticks: ticks_of(fields),
            search: fields.text("search").to_owned(),
            reason: act.reason.clone(),
            gap_reason: fields.text("gap_reason").to_owned(),
        };
        if fields.text("do") != "add" {
            tick(&service, &staff, id, fields, &mut typed)?;
            let page = draw(&service, &staff, id, &path, &typed, Errors::none())?;
            return Drawn::page(&page);
        }
        let further = Further { ticks: typed.ticks.clone(), gap_reason: typed.gap_reason.clone() };
        let done = add_recipients(&service, &staff.account, id, &act, &further);
        let count = pick::tree(&service)?.resolve(&typed.ticks).len();
        let done = done.map(|()| Done(path.clone(), Said::Added, count));
        answered(done, |errors| draw(&service, &staff, id, &path, &typed, errors))
    })
    .await
}

/// The tree of those that do not get it yet.
fn others(service: &Service, extended: &ToExtend) -> Result<PickTree, ServiceError> {
    let mut tree = pick::tree(service)?;
    for group in &mut tree.groups {
        for branch in &mut group.branches {
            branch.rows.retain(|row| !extended.has(row.id));
        }
        group.branches.retain(|branch| !branch.rows.is_empty());
    }
    tree.groups.retain(|group| !group.branches.is_empty());
    Ok(tree)
}

/// Does what the buttons of the picker say to the ticks.
fn tick(
    service: &Service,
    staff: &Staff,
    id: NoticeId,
    fields: &Fields,
    typed: &mut Typed,
) -> Result<(), WebError> {
    let (verb, key) = fields.text("do").split_once(':').unwrap_or_default();
    let addressee = match verb {
        "all" => Some(Addressee::Primary),
        "copy" => Some(Addressee::Copy),
        "none" => None,
        "drop" => {
            if let Ok(organization) = key.parse::<OrganizationId>() {
                typed.ticks.drop_one(organization);
            }
            return Ok(());
        }
        _ => return Ok(()),
    };
    let tree = others(service, &to_extend(service, &staff.account, id)?)?;
    let found = match addressee {
        Some(_) => pick::notes(service, &tree, &typed.search)?.found,
        None => None,
    };
    let meant = tree.of_key(key);
    let meant = meant.filter(|id| found.as_ref().is_none_or(|found| found.contains(id)));
    typed.ticks.tick_all(meant, addressee);
    Ok(())
}

fn draw(
    service: &Service,
    staff: &Staff,
    id: NoticeId,
    path: &str,
    typed: &Typed,
    errors: Errors,
) -> Result<AddPage, WebError> {
    let extended = to_extend(service, &staff.account, id)?;
    let tree = others(service, &extended)?;
    let notes = pick::notes(service, &tree, &typed.search)?;
    let plan = extended.outlook(service, &tree.resolve(&typed.ticks), service.now())?;
    let lacking = gaps(&plan);
    let may_decide = staff.is(Role::Releaser) || staff.is(Role::Duty);
    let draft = &extended.notice.draft;
    Ok(AddPage {
        shell: shell(staff, Place::Notices),
        back: board_link(path),
        urgency: UrgencyMark::of(&draft.urgency),
        number: marks::numbered(&draft.document_number, extended.notice.version),
        title: draft.title.clone(),
        action: format!("{path}/add-recipients"),
        key: service.form_key()?,
        picker: picker(&tree, &notes, &typed.ticks, &typed.search),
        reason: typed.reason.clone(),
        gap_reason: typed.gap_reason.clone(),
        needs_gap_reason: (may_decide && !lacking.is_empty())
            || !errors.of("gap_reason").is_empty(),
        gaps: lacking,
        over: over_unless_out(service, staff, &extended.notice)?,
        errors,
    })
}

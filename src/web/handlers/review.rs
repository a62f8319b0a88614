//! 预览 and 核发: one page to judge one notice, and the acts at its end.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::acts::{draft_banner, draft_words, or_how_it_stands};
use super::compose::refused;
use super::compose_form::{errors_of, field_name};
use super::draft_view::{file_rows, truth};
use super::marks;
use super::receive::{date_words, sample_page};
use crate::domain::account::Role;
use crate::domain::digest::Sha256Digest;
use crate::domain::escalation::ways_zh;
use crate::domain::human_time::{clock_zh, parse_moment};
use crate::domain::ids::{NoticeId, OrganizationId};
use crate::domain::notice::{Field, NoticeDraft, NoticeState};
use crate::service::Service;
use crate::service::issue::{IssueRefused, IssueRequest, Issued, issue};
use crate::service::outlook::Recipient;
use crate::service::preview::{Preview, issued_page, preview};
use crate::service::release_and_issue::{OralApproval, issue_on_oral_approval, release_and_issue};
use crate::service::send_back::{SendBackRefused, send_back};
use crate::service::submit::submit as submit_draft;
use crate::service::supersede;
use crate::store::drafts::DecisionKind;
use crate::web::address;
use crate::web::drawn::{Drawn, drawn};
use crate::web::error::WebError;
use crate::web::forms::{Fields, Posted};
use crate::web::pages::compose::Truth;
use crate::web::pages::moment::Moment;
use crate::web::pages::parts::{Errors, Fact, Link, Place, UrgencyMark};
use crate::web::pages::review::{
    LeftOutRow, MailPreview, ReviewActs, ReviewForm, ReviewPage, ReviewRecipient,
};
use crate::web::said::Said;
use crate::web::session::Staff;
use crate::web::shell::shell;

/// The page.
pub(in crate::web) async fn show(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
) -> Result<HttpResponse, WebError> {
    let id: NoticeId = address::id(&request, "notice")?;
    let sample = address::query(&request).text("to").parse().ok();
    drawn(move || {
        let typed = ReviewForm::default();
        let made = draw(&service, &staff, id, sample, typed, Errors::none());
        let made = made.and_then(|page| Drawn::page(&page));
        or_how_it_stands(&service, &staff, id, false, made)
    })
    .await
}

/// The page exactly as a recipient will find it.
pub(in crate::web) async fn recipient_page(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
) -> Result<HttpResponse, WebError> {
    let id: NoticeId = address::id(&request, "notice")?;
    let wanted = address::query(&request).text("to").parse().ok();
    drawn(move || {
        if let Some(issued) = issued_page(&service, &staff.account, id)? {
            let back = link("回到看板", format!("/notices/{id}"));
            return Drawn::page(&sample_page(&issued, back));
        }
        let seen = preview(&service, &staff.account, id).map_err(refused)?;
        let to = seen
            .recipient(wanted)
            .ok_or_else(|| WebError::Conflict("还没有选择单位，请先选择再看对方的页面。".into()))?;
        let back = link("回到预览", format!("/notices/{id}/preview"));
        Drawn::page(&sample_page(&seen.receiving(&service, to)?, back))
    })
    .await
}

fn link(text: &str, href: String) -> Link {
    Link { text: text.to_owned(), href, current: false }
}

/// 送核发.
pub(in crate::web) async fn submit(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
    posted: Posted,
) -> Result<HttpResponse, WebError> {
    act(service, staff, request, posted, |service, staff, asked, _| {
        submit_draft(service, &staff.account, asked.notice, asked.seen)?;
        Ok((format!("/notices/{}/preview", asked.notice), Said::Submitted, 0))
    })
    .await
}

/// 发出, by the author's own word.
pub(in crate::web) async fn issue_own(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
    posted: Posted,
) -> Result<HttpResponse, WebError> {
    act(service, staff, request, posted, |service, staff, asked, _| {
        Ok(board(asked, issue(service, &staff.account, asked)?))
    })
    .await
}

/// 核发并发出.
pub(in crate::web) async fn release(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
    posted: Posted,
) -> Result<HttpResponse, WebError> {
    act(service, staff, request, posted, |service, staff, asked, _| {
        Ok(board(asked, release_and_issue(service, &staff.account, asked)?))
    })
    .await
}

/// 先发后补.
pub(in crate::web) async fn oral(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
    posted: Posted,
) -> Result<HttpResponse, WebError> {
    act(service, staff, request, posted, |service, staff, asked, fields| {
        let approval = OralApproval {
            by: fields.text("oral_by").to_owned(),
            at: parse_moment(fields.text("oral_at")),
            how: fields.text("oral_how").to_owned(),
        };
        Ok(board(asked, issue_on_oral_approval(service, &staff.account, asked, approval)?))
    })
    .await
}

/// 退回修改.
pub(in crate::web) async fn give_back(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
    posted: Posted,
) -> Result<HttpResponse, WebError> {
    let id: NoticeId = address::id(&request, "notice")?;
    drawn(move || {
        let made = match send_back(&service, &staff.account, id, posted.0.text("return_reason")) {
            Ok(()) => Ok(Drawn::next("/notices").saying(Said::SentBack, 0)),
            Err(SendBackRefused::Compose(error)) => Err(refused(error)),
            Err(SendBackRefused::NoReason) => {
                let errors =
                    errors_of([("return_reason", "请写明退回理由，经办人据此修改".into())]);
                let page = draw(&service, &staff, id, None, form_of(&posted.0), errors);
                page.and_then(|page| Drawn::page_with(StatusCode::UNPROCESSABLE_ENTITY, &page))
            }
        };
        or_how_it_stands(&service, &staff, id, true, made)
    })
    .await
}

type Done = (String, Said, usize);

fn board(asked: &IssueRequest, issued: Issued) -> Done {
    let path = format!("/notices/{}", asked.notice);
    match issued {
        Issued::Now { deliveries, .. } => (path, Said::Issued, deliveries),
        Issued::Before => (path, Said::IssuedBefore, 0),
    }
}

/// Does an act on what was shown; where it is refused, shows the page again with why.
async fn act(
    service: web::Data<Service>,
    staff: Staff,
    request: HttpRequest,
    posted: Posted,
    what: impl FnOnce(&Service, &Staff, &IssueRequest, &Fields) -> Result<Done, IssueRefused>
    + Send
    + 'static,
) -> Result<HttpResponse, WebError> {
    let id: NoticeId = address::id(&request, "notice")?;
    drawn(move || {
        let fields = posted.0;
        let seen: Sha256Digest =
            fields.text("digest").parse().map_err(|_| WebError::Bad("no digest".into()))?;
        let form_key = fields.filled("key").ok_or_else(|| WebError::Bad("no key".into()))?;
        let asked = IssueRequest {
            notice: id,
            seen,
            form_key: form_key.to_owned(),
            gap_reason: fields.filled("gap_reason").map(str::to_owned),
            left_out: fields.text("left_out").parse().ok(),
            unchanged: fields.has("unchanged"),
        };
        let made = match what(&service, &staff, &asked, &fields) {
            Ok((next, said, count)) => Ok(Drawn::next(&next).saying(said, count)),
            Err(IssueRefused::Draft(error)) => Err(refused(error)),
            Err(why) => {
                let status = match why {
                    IssueRefused::Changed
                    | IssueRefused::NumberTaken(_)
                    | IssueRefused::LeftOut(_)
                    | IssueRefused::Unchanged(_)
                    | IssueRefused::OlderEnded(_) => StatusCode::CONFLICT,
                    _ => StatusCode::UNPROCESSABLE_ENTITY,
                };
                let errors = errors_of(why.messages_zh());
                let page = draw(&service, &staff, id, None, form_of(&fields), errors);
                page.and_then(|page| Drawn::page_with(status, &page))
            }
        };
        or_how_it_stands(&service, &staff, id, true, made)
    })
    .await
}

fn form_of(fields: &Fields) -> ReviewForm {
    let text = |name: &str| fields.text(name).to_owned();
    ReviewForm {
        gap_reason: text("gap_reason"),
        return_reason: text("return_reason"),
        oral_by: text("oral_by"),
        oral_at: text("oral_at"),
        oral_how: text("oral_how"),
        unchanged: if fields.has("unchanged") { text("digest") } else { String::new() },
        left_out: text("left_out"),
    }
}

fn draw(
    service: &Service,
    staff: &Staff,
    id: NoticeId,
    sample: Option<OrganizationId>,
    form: ReviewForm,
    errors: Errors,
) -> Result<ReviewPage, WebError> {
    let seen = preview(service, &staff.account, id).map_err(refused)?;
    let draft = &seen.open.notice.draft;
    let path = format!("/notices/{id}");
    let (acts, blocked) = acts(&seen, staff);
    let earliest = seen.outlook.earliest_deadline();
    let word = draft.urgency.as_str();
    let mut recipients: Vec<ReviewRecipient> =
        seen.outlook.recipients.iter().map(|one| recipient(one, &path, &seen)).collect();
    recipients.sort_by_key(|row| !row.unreachable);
    let edit_href = if staff.is(Role::Clerk) { format!("{path}/edit") } else { String::new() };
    let mut column = truth(&seen);
    for link in &mut column.missing {
        link.href = place_of(&link.href, &edit_href);
    }
    let mut errors = errors;
    errors.0.iter_mut().filter(|error| is_of_the_form(&error.field)).for_each(|error| {
        error.href = place_of(&error.href, &edit_href);
    });
    Ok(ReviewPage {
        shell: shell(staff, Place::Notices),
        action: path.clone(),
        key: service.form_key()?,
        digest: seen.digest.to_string(),
        urgency: UrgencyMark::of(word),
        number: marks::numbered(&draft.document_number, seen.open.notice.version),
        title: draft.title.clone(),
        ended: draft_banner(seen.open.corrects.as_ref()),
        sent_by: sent_by(&seen),
        urgency_reason: draft.urgency_reason.clone(),
        facts: facts(draft),
        body: draft.body.clone(),
        files: file_rows(&seen.open, seen.now),
        // The instant stands above; here it is where it comes from.
        truth: Truth { deadline: "时限依据".to_owned(), ..column },
        deadline_if_now: earliest.map_or_else(Moment::none, |at| Moment::at(at, seen.now)),
        recipients,
        mail: mail(service, &seen, sample)?,
        page_href: format!("{path}/preview/page"),
        edit_href,
        acts,
        left_out: seen.left_out.as_ref().map(|without| LeftOutRow {
            version: without.version,
            names: without.names.clone(),
            digest: without.digest.to_string(),
        }),
        unchanged: seen.open.corrects.as_ref().filter(|_| seen.unchanged).map(|one| one.version),
        needs_gap_reason: seen.outlook.must_explain_gaps(),
        form,
        errors,
        blocked,
    })
}

/// Whether a field stands on the form of the draft, and not on this page.
fn is_of_the_form(field: &str) -> bool {
    let header = Field::ALL.iter().any(|known| field_name(known.as_str()) == field);
    header || field == "to" || field == "files"
}

/// Where a field of the form is mended; for who may not edit, where it is read.
fn place_of(anchor: &str, edit_href: &str) -> String {
    if edit_href.is_empty() { "#sheet".to_owned() } else { format!("{edit_href}{anchor}") }
}

/// What this person may do here, and what to say where that is nothing.
fn acts(seen: &Preview, staff: &Staff) -> (ReviewActs, String) {
    let notice = &seen.open.notice;
    let replaces = supersede::check(seen.open.corrects.as_ref()).is_ok();
    let looked_through = seen.open.unlooked().is_empty();
    let ready = seen.faults.is_empty() && !seen.open.picks.is_empty() && replaces && looked_through;
    let needs_second =
        seen.outlook.ladder.as_ref().is_some_and(|ladder| ladder.policy.needs_second_person);
    let waits = notice.state == NoticeState::AwaitingRelease;
    let own = notice.author_id == staff.account.id;
    let clerk = staff.is(Role::Clerk);
    let acts = ReviewActs {
        submit: clerk && ready && !waits,
        issue: clerk && ready && !waits && !needs_second,
        release: staff.is(Role::Releaser) && ready && waits && !own,
        oral: staff.is(Role::Duty) && ready && needs_second,
    };
    let blocked = if !replaces {
        "不能发出：要更正的那份公文已不能更正。请把内容作为新的公文另行发出。".to_owned()
    } else if !ready {
        "还不能送核发：请先补齐上面所列各项。".to_owned()
    } else if waits && own && !acts.oral {
        "本件由您起草，须由本单位另一人核发。".to_owned()
    } else if waits && !acts.release && !acts.oral {
        "本件待核发。核发须有核发角色。".to_owned()
    } else if !waits && !clerk && !acts.oral {
        draft_words(&seen.open)
    } else {
        String::new()
    };
    (acts, blocked)
}

fn recipient(one: &Recipient, path: &str, seen: &Preview) -> ReviewRecipient {
    let id = one.organization.id.to_string();
    ReviewRecipient {
        name: one.organization.name.clone(),
        code: one.organization.region_code.clone(),
        copy: one.addressee == crate::domain::delivery::Addressee::Copy,
        reason: one.reason.clone(),
        ways: ways_zh(one.ways.iter()),
        unreachable: one.ways.is_empty(),
        mail_href: format!(
            "{}#mail",
            address::with_query(&format!("{path}/preview"), &[("to", &id)])
        ),
        deadline: one
            .deadline
            .as_ref()
            .map_or_else(|| "—".to_owned(), |it| clock_zh(it.at, seen.now)),
        deadline_origin: one
            .deadline
            .as_ref()
            .map(|it| it.explanation_zh.clone())
            .unwrap_or_default(),
    }
}

fn sent_by(seen: &Preview) -> String {
    if seen.open.notice.state != NoticeState::AwaitingRelease {
        return String::new();
    }
    let submitted = DecisionKind::Submitted.as_str();
    let last = seen.open.decisions.iter().rev().find(|decision| decision.kind == submitted);
    last.map_or_else(String::new, |decision| {
        format!("{} {} 送核发", decision.account_name, clock_zh(decision.decided_at, seen.now))
    })
}

/// Every header line that is filled in.
fn facts(draft: &NoticeDraft) -> Vec<Fact> {
    let names: Vec<String> = draft
        .signatories
        .iter()
        .map(|one| {
            let lead = one.lead && draft.signatories.len() > 1;
            format!("{}{}", one.name, if lead { "（主办）" } else { "" })
        })
        .collect();
    let joined = |parts: [&str; 2]| parts.join(" ").trim().to_owned();
    let lines = [
        ("发电单位", draft.dispatching_organ.clone()),
        ("落款", names.join("\n")),
        ("机要编号", draft.cipher_office_serial.clone()),
        ("签发", joined([&draft.approver_name, &date_words(&draft.approved_on)])),
        ("主送", draft.addressee_line.clone()),
        ("抄送", draft.copy_line.clone()),
        ("成文日期", date_words(&draft.issue_date)),
        ("印发传达范围", draft.circulation_scope.clone()),
        ("联系人", joined([&draft.contact_person, &draft.duty_phone])),
        ("回告", joined([&draft.report_back_to, &draft.report_back_by.replace('T', " ")])),
        ("回告要求", draft.report_back_note.clone()),
        ("签收时限", draft.sign_by.replace('T', " ")),
        ("连夜办理", if draft.overnight { "是".to_owned() } else { String::new() }),
    ];
    let filled = lines.into_iter().filter(|(_, value)| !value.trim().is_empty());
    filled.map(|(label, value)| Fact { label: label.to_owned(), value }).collect()
}

fn mail(
    service: &Service,
    seen: &Preview,
    sample: Option<OrganizationId>,
) -> Result<MailPreview, WebError> {
    let Some(to) = seen.recipient(sample) else {
        let nobody = || "（还没有选择单位）".to_owned();
        return Ok(MailPreview { to: nobody(), subject: String::new(), body: String::new() });
    };
    let words = seen.mail(service, to)?;
    Ok(MailPreview { to: to.organization.name.clone(), subject: words.subject, body: words.text })
}

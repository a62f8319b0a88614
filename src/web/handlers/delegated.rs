//! 代拨: what the desk of a 市州 sees and reports, by its link.

use std::future::{Ready, ready};

use actix_web::cookie::{Cookie, SameSite, time::Duration as CookieSpan};
use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, web};

use super::marks;
use crate::domain::delegation::{DelegatedOutcome, DelegationEnd};
use crate::domain::human_time::{clock_zh, full_zh};
use crate::domain::ids::DelegationId;
use crate::service::delegate::{
    self, Holder, ReportFaults, ReportRequest, Reported, Sheet, SheetCall,
};
use crate::service::visit::VISIT_LASTS;
use crate::service::{Service, ServiceError};
use crate::web::bad_links::BadLinks;
use crate::web::client;
use crate::web::error::WebError;
use crate::web::forms::{Fields, Posted};
use crate::web::pages::delegated::{DelegatedLine, DelegatedPage, DelegatedRow};
use crate::web::pages::link_parts::{Field, Mistake, Person, Phone};
use crate::web::pages::moment::Moment;
use crate::web::pages::parts::UrgencyMark;
use crate::web::respond::{page_with, see_other};

const REPORTED: &str = "reported";

/// Who came by the link of a delegation, put into the request by the guard of the route.
pub(in crate::web) type DelegationHolder = Holder;

impl FromRequest for Holder {
    type Error = WebError;
    type Future = Ready<Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Self>().cloned().ok_or(WebError::LinkRefused))
    }
}

/// The holder of a request to the list of a delegation.
///
/// # Errors
/// [`WebError::LinkRefused`], whether there is none or the cookie is another's.
pub(in crate::web) async fn holder_of(request: &HttpRequest) -> Result<Holder, WebError> {
    let named = request.match_info().get("delegation").unwrap_or_default();
    let id: DelegationId = named.parse().map_err(|_| WebError::LinkRefused)?;
    let value = request.cookie(&cookie_name(id)).ok_or(WebError::LinkRefused)?;
    let value = value.value().to_owned();
    let service = crate::web::service_of(request)?;
    match web::block(move || delegate::holder(&service, id, &value)).await? {
        Err(ServiceError::NotFound) => Err(WebError::LinkRefused),
        found => Ok(found?),
    }
}

fn cookie_name(id: DelegationId) -> String {
    format!("__Host-{id}")
}

fn path(id: DelegationId) -> String {
    format!("/delegated/{id}")
}

/// Swaps the link's token for a cookie. Whatever is wrong with a token, the answer is the same.
pub(in crate::web) async fn arrive(
    service: web::Data<Service>,
    bad_links: web::Data<BadLinks>,
    token: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, WebError> {
    let now = service.now();
    let arrival = match web::block(move || delegate::arrive(&service, &token)).await? {
        Err(ServiceError::NotFound) => {
            bad_links.met(client::address_of(&request), now).await;
            return Err(WebError::LinkRefused);
        }
        found => found?,
    };
    let mut answer = see_other(&path(arrival.delegation));
    let cookie = Cookie::build(cookie_name(arrival.delegation), arrival.cookie)
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(CookieSpan::seconds(VISIT_LASTS.as_seconds()))
        .finish();
    answer.add_cookie(&cookie).map_err(|error| WebError::Internal(error.to_string()))?;
    answer
        .headers_mut()
        .insert(header::REFERRER_POLICY, header::HeaderValue::from_static("no-referrer"));
    Ok(answer)
}

/// The list.
pub(in crate::web) async fn show(
    service: web::Data<Service>,
    holder: Holder,
    request: HttpRequest,
) -> Result<HttpResponse, WebError> {
    let said = request.query_string() == REPORTED;
    draw(&service, &holder, &Fields::default(), ReportFaults::default(), said, StatusCode::OK).await
}

/// Keeps what the desk reports.
pub(in crate::web) async fn report(
    service: web::Data<Service>,
    holder: Holder,
    posted: Posted,
) -> Result<HttpResponse, WebError> {
    let fields = posted.0;
    let request = ReportRequest {
        calls: fields
            .pairs()
            .filter_map(|(name, outcome)| {
                let task = name.strip_prefix("outcome-")?;
                let callee = fields.text(&format!("callee-{task}")).to_owned();
                Some((task.to_owned(), outcome.to_owned(), callee))
            })
            .collect(),
        name: fields.text("name").to_owned(),
        post: fields.text("post").to_owned(),
        phone: fields.text("phone").to_owned(),
    };
    let (reporting, by) = (service.clone(), holder.clone());
    match web::block(move || delegate::report(&reporting, &by, &request)).await?? {
        Reported::Yes(_) => Ok(see_other(&format!("{}?{REPORTED}", path(holder.delegation)))),
        Reported::Mistaken(faults) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            draw(&service, &holder, &fields, faults, false, status).await
        }
    }
}

async fn draw(
    service: &web::Data<Service>,
    holder: &Holder,
    typed: &Fields,
    faults: ReportFaults,
    said: bool,
    status: StatusCode,
) -> Result<HttpResponse, WebError> {
    let (reading, id) = (service.clone(), holder.delegation);
    let sheet = web::block(move || delegate::sheet(&reading, id)).await??;
    let now = sheet.read_at;
    let field = |name, error| Field { value: typed.text(name).to_owned(), error };
    let calls = faults.calls.into_iter().map(|text| Mistake { id: "calls", text });
    let ended = sheet.delegation.ended_why.map_or(String::new(), |why| ended(&sheet, why));
    let phone = sheet.duty_phone.trim();
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let page = DelegatedPage {
        name: sheet.name.clone(),
        issuer: sheet.issuer_name.clone(),
        issuer_phone: (!phone.is_empty())
            .then(|| Phone { shown: phone.to_owned(), dial: digits(phone) }),
        urgency: UrgencyMark::of(sheet.urgency.map_or("", |level| level.as_str())),
        number: marks::numbered(&sheet.document_number, sheet.version),
        title: sheet.title.clone(),
        deadline: sheet.deadline_at.map_or_else(Moment::none, |at| Moment::in_table(at, now)),
        report_by: Moment::in_table(sheet.delegation.due_at, now),
        ended,
        takes_reports: sheet.takes_reports(),
        offers_lost: sheet.is_to_be_signed(),
        said,
        rows: sheet.calls.iter().map(|one| row(&sheet, one, typed)).collect(),
        call_mistakes: calls.collect(),
        person: Person {
            name: field("name", faults.person.name),
            post: field("post", faults.person.post),
            phone: field("phone", faults.person.phone),
        },
        action: path(id),
        form_token: holder.form_token.clone(),
    };
    page_with(status, &page)
}

/// Why nothing is to be called any more, and how the notice itself ended.
fn ended(sheet: &Sheet, why: DelegationEnd) -> String {
    let notice = sheet.ended.as_ref().map_or(String::new(), |end| {
        let (at, act) = (full_zh(end.ended_at), end.act.word_zh());
        let reason = end.reason.trim_end_matches(['。', '.']);
        format!("本件已于{at}{act}，理由：{reason}。")
    });
    let at = sheet.delegation.ended_at.map_or(String::new(), |at| clock_zh(at, sheet.read_at));
    let back = format!("电话已于{at}转回发文单位自行拨打，不用再拨。");
    let calls = match why {
        DelegationEnd::Reported => "已全部报来，谢谢。".to_owned(),
        DelegationEnd::Answered => "各单位都已答复，不用再拨。".to_owned(),
        DelegationEnd::Revoked => "这些电话已由发文单位收回，不用再拨。".to_owned(),
        DelegationEnd::Overdue => format!("没有按时报齐，未报的{back}"),
        DelegationEnd::Undelivered => format!("请贵室代拨的邮件没有送到，{back}"),
        DelegationEnd::NoticeEnded => "这些电话不用再拨。".to_owned(),
    };
    let rest = match (why, sheet.state.is_taken_back()) {
        (why, true) if why.takes_late_reports() && sheet.takes_reports() => {
            "已经电话通知过的单位，请在下面报来，由发文单位告知其不再作为依据。"
        }
        (why, false) if why.takes_late_reports() && sheet.takes_reports() => {
            "已经打过的单位，仍请在下面报来，发文单位会看到。"
        }
        (DelegationEnd::Reported, false) if sheet.ended.is_none() => "其余由发文单位继续联系。",
        _ => "",
    };
    let until = sheet
        .closes_at
        .map_or(String::new(), |at| format!("本页留到{}。", clock_zh(at, sheet.read_at)));
    format!("{notice}{calls}{rest}{until}")
}

fn row(sheet: &Sheet, one: &SheetCall, typed: &Fields) -> DelegatedRow {
    let call = &one.call;
    let (open, to_ring) = (sheet.is_open(call), sheet.delegation.ended_at.is_none());
    let standing = match call.outcome {
        Some(outcome) => outcome.word_zh(),
        None if call.is_answered => "已答复，不用再拨",
        None if call.is_closed => "未报，不用再拨",
        None => "",
    };
    let told = one.tonight.iter().map(|(name, phone)| (format!("今晚值班 {name}"), phone.clone()));
    let known = one.lines.iter().map(|line| (line.whose.clone(), line.number.to_string()));
    let line = |(whose, shown): (String, String)| DelegatedLine {
        whose,
        dial: shown.chars().filter(char::is_ascii_digit).collect(),
        shown,
    };
    let task = call.task_id.to_string();
    let ticked = typed.text(&format!("outcome-{task}"));
    DelegatedRow {
        name: call.organization_name.clone(),
        standing: standing.to_owned(),
        lines: if open && to_ring { told.chain(known).map(line).collect() } else { Vec::new() },
        told: ticked == DelegatedOutcome::Told.as_str(),
        not_reached: ticked == DelegatedOutcome::NotReached.as_str(),
        callee: typed.text(&format!("callee-{task}")).to_owned(),
        task,
        open,
    }
}

//! One call: what is known before ringing, and what is recorded after.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::duty::also;
use super::marks;
use crate::domain::delivery::DeliveryState;
use crate::domain::human_time::moment_zh;
use crate::domain::ids::DeliveryId;
use crate::domain::notice::NoticeState;
use crate::domain::time::Timestamp;
use crate::service::call::{CallFaults, CallRequest, CallSheet, Recorded, record_call, sheet};
use crate::service::call_code::kept_code;
use crate::service::escalate_by_hand::{HandAct, escalate_by_hand};
use crate::service::{Service, ServiceError};
use crate::store::calls::CallLine;
use crate::store::corrections::Corrects;
use crate::web::address::{id, query};
use crate::web::error::WebError;
use crate::web::forms::{Fields, Posted};
use crate::web::pages::call::{CallBeside, CallMade, CallOffer, CallPage, CallTyped};
use crate::web::pages::duty::DutyLine;
use crate::web::pages::moment::{Moment, countdown};
use crate::web::pages::parts::{Errors, Place, UrgencyMark};
use crate::web::respond::{page_with, see_other_saying};
use crate::web::said::Said;
use crate::web::session::Staff;
use crate::web::shell::shell;

/// The place on the page of what is no mistake of a field.
const CHANGED: &str = "do";

/// The form.
pub(in crate::web) async fn form(
    service: web::Data<Service>,
    request: HttpRequest,
    staff: Staff,
) -> Result<HttpResponse, WebError> {
    let delivery: DeliveryId = id(&request, "delivery")?;
    let chosen = also(&query(&request));
    let asked = CallRequest { also: chosen, ..CallRequest::default() };
    draw(&service, staff, delivery, asked.into(), CallFaults::new()).await
}

/// Records how a call ended.
pub(in crate::web) async fn record(
    service: web::Data<Service>,
    request: HttpRequest,
    staff: Staff,
    posted: Posted,
) -> Result<HttpResponse, WebError> {
    let delivery: DeliveryId = id(&request, "delivery")?;
    let typed = read(&posted.0);
    let (recording, account, asked) = (service.clone(), staff.account.clone(), typed.clone());
    let recorded = web::block(move || record_call(&recording, &account, delivery, &asked)).await?;
    let recorded = match recorded {
        // What was read out does not hold any more; the page drawn anew says what does.
        Err(ServiceError::Conflict(why)) => {
            return draw(&service, staff, delivery, typed.into(), changed(why)).await;
        }
        recorded => recorded?,
    };
    match recorded {
        Recorded::Mistaken(faults) => draw(&service, staff, delivery, typed.into(), faults).await,
        Recorded::Yes { confirmed: 1.. } => Ok(see_other_saying("/duty", Said::CallConfirmed, 0)),
        Recorded::Yes { .. } | Recorded::Before => {
            Ok(see_other_saying("/duty", Said::CallRecorded, 0))
        }
    }
}

/// What is said where the case stands otherwise than the page did.
fn changed(why: String) -> CallFaults {
    vec![(CHANGED, why)]
}

fn read(fields: &Fields) -> CallRequest {
    let text = |name: &str| fields.text(name).to_owned();
    CallRequest {
        outcome: text("outcome"),
        name: text("name"),
        post: text("post"),
        number: text("number"),
        promised: text("promised"),
        authority: text("authority"),
        on_behalf: fields.has("on_behalf"),
        code: text("code"),
        code_token: text("code_token"),
        note: text("note"),
        also: also(fields),
        shown: text("shown"),
        form_key: text("key"),
    }
}

/// What was typed on the page before a mistake: about the call, and why the leader or the superior
/// is asked or not.
#[derive(Default)]
struct Typed {
    call: CallRequest,
    decision: Option<(HandAct, String)>,
}

impl From<CallRequest> for Typed {
    fn from(call: CallRequest) -> Self {
        Self { call, decision: None }
    }
}

async fn draw(
    service: &web::Data<Service>,
    staff: Staff,
    delivery: DeliveryId,
    typed: Typed,
    faults: CallFaults,
) -> Result<HttpResponse, WebError> {
    let (reading, account) = (service.clone(), staff.account.clone());
    let shown_before = typed.call.code_token.clone();
    let (sheet, key) = web::block(move || {
        let mut sheet = sheet(&reading, &account, delivery)?;
        if let Some(kept) = kept_code(&reading, &sheet, &shown_before) {
            sheet.code = kept;
        }
        Ok::<_, ServiceError>((sheet, reading.form_key()?))
    })
    .await??;
    let status = match faults.first() {
        None => StatusCode::OK,
        Some((CHANGED, _)) => StatusCode::CONFLICT,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    page_with(status, &filled(&sheet, &staff, typed, faults, key))
}

fn filled(
    sheet: &CallSheet,
    staff: &Staff,
    typed: Typed,
    faults: CallFaults,
    key: String,
) -> CallPage {
    let Typed { call: typed, decision } = typed;
    let (notice, delivery, now) = (&sheet.notice, &sheet.delivery, sheet.read_at);
    let mut errors = Errors::none();
    for (field, message) in &faults {
        errors.add(field, message);
    }
    let lines: Vec<DutyLine> = sheet.point.lines.iter().map(line).collect();
    let tonight = sheet.tonight.as_ref().map(|it| DutyLine {
        whose: match &it.leader_name {
            Some(leader) => format!("{}，带班领导{leader}", it.officer_name),
            None => it.officer_name.clone(),
        },
        shown: it.phone.clone(),
        dial: it.phone.chars().filter(char::is_ascii_digit).collect(),
        doubtful: false,
    });
    let first = tonight.as_ref().or(lines.first());
    let fresh = faults.is_empty() && typed.number.is_empty();
    let number = match first {
        Some(line) if fresh => line.shown.clone(),
        _ => typed.number,
    };
    let due = delivery.facts.deadline;
    let signed = delivery.facts.acknowledged_at;
    let mark = marks::of_delivery(&delivery.facts, notice.state, now).word;
    let base = format!("/deliveries/{}", delivery.id);
    CallPage {
        shell: shell(staff, Place::Duty),
        organization: delivery.organization_name.clone(),
        desk: sheet.point.desk.as_ref().map(|(_, name)| name.clone()).unwrap_or_default(),
        urgency: UrgencyMark::of(&notice.draft.urgency),
        number: notice.draft.document_number.clone(),
        title: notice.draft.title.clone(),
        organ: notice.draft.dispatching_organ.clone(),
        issued: notice.issued_at.map_or_else(|| "未记录".to_owned(), |at| moment_zh(at, now)),
        replaces: sheet
            .corrects
            .as_ref()
            .map(|older| replaces(notice.version, older))
            .unwrap_or_default(),
        due: due.map(|at| moment_zh(at, now)).unwrap_or_default(),
        countdown: due
            .filter(|_| signed.is_none())
            .map(|at| countdown(at, now))
            .unwrap_or_default(),
        answered: signed
            .map_or_else(String::new, |at| format!("{mark}，{}", Moment::at(at, now).short)),
        ended: match notice.state {
            NoticeState::Issued | NoticeState::Closed | NoticeState::Archived => String::new(),
            over => format!(
                "本件{}{}。请告知对方：不要再办理、转发，已有的不再作为依据。",
                over.word_zh(),
                then(sheet)
            ),
        },
        shown: sheet.standing(),
        held_by: match (&sheet.holder, sheet.is_mine) {
            (Some(name), false) => format!("{name}已接手这个电话"),
            _ => String::new(),
        },
        beside: sheet
            .beside
            .iter()
            .map(|task| CallBeside {
                id: task.delivery_id.to_string(),
                name: task.organization_name.clone(),
                chosen: typed.also.contains(&task.delivery_id),
            })
            .collect(),
        before: sheet.before.iter().map(|call| made(call, now)).collect(),
        offers: offers(sheet, decision.as_ref()),
        digits: sheet.code.digits.clone(),
        code_token: sheet.code.token.clone(),
        typed: CallTyped {
            name: typed.name,
            post: typed.post,
            number,
            promised: typed.promised,
            code: if faults.is_empty() { String::new() } else { typed.code },
            on_behalf: typed.on_behalf,
            authority: typed.authority,
            note: typed.note,
        },
        errors,
        key,
        action: format!("{base}/call"),
        record_href: format!("{base}/calls"),
        story_href: base,
        lines,
        tonight,
    }
}

/// How the version in the place of this one ended, if it did.
fn then(sheet: &CallSheet) -> String {
    let next = sheet.successor.as_ref().and_then(|next| Some((next.version, next.ended.as_ref()?)));
    next.map_or_else(String::new, |(version, end)| {
        format!("，代替它的第{version}版也已{}", end.act.word_zh())
    })
}

/// What is read out of a corrected version besides.
fn replaces(version: i32, older: &Corrects) -> String {
    let reason = older.reason.trim_end_matches('。');
    let before = older.version;
    format!("本件是第{version}版，代替第{before}版，第{before}版不再使用。更正理由：{reason}。")
}

/// What may be done besides, while the organisation has not answered.
fn offers(sheet: &CallSheet, decision: Option<&(HandAct, String)>) -> Vec<CallOffer> {
    if !DeliveryState::derive(&sheet.delivery.facts).is_unsigned() {
        return Vec::new();
    }
    let offer = |act: &HandAct| CallOffer {
        label: act.word_zh().to_owned(),
        action: format!("/deliveries/{}/escalate", sheet.delivery.id),
        act: act.as_str().to_owned(),
        may_decline: sheet.offers.contains(&act.offer()),
        reason: decision
            .filter(|(decided, _)| decided == act)
            .map(|(_, reason)| reason.clone())
            .unwrap_or_default(),
    };
    HandAct::ALL.iter().map(offer).collect()
}

/// Asks the leader or the superior for help, or declines the offer to.
pub(in crate::web) async fn escalate(
    service: web::Data<Service>,
    request: HttpRequest,
    staff: Staff,
    posted: Posted,
) -> Result<HttpResponse, WebError> {
    let delivery: DeliveryId = id(&request, "delivery")?;
    let fields = posted.0;
    let act = fields.text("act").parse().unwrap_or(HandAct::Leader);
    let accept = fields.text("decision") != "decline";
    let reason = fields.text("reason").to_owned();
    if reason.trim().is_empty() {
        let field = match act {
            HandAct::Leader => "reason-leader_prompt",
            HandAct::Superior => "reason-superior_request",
        };
        let missing = vec![(field, "没有写理由，请写明理由再办".to_owned())];
        return draw(&service, staff, delivery, Typed::default(), missing).await;
    }
    let typed = Typed { decision: Some((act, reason.clone())), ..Typed::default() };
    let account = staff.account.clone();
    let deciding = service.clone();
    let decided =
        web::block(move || escalate_by_hand(&deciding, &account, delivery, act, accept, &reason));
    match decided.await? {
        Ok(()) => Ok(see_other_saying("/duty", Said::Decided, 0)),
        Err(ServiceError::Conflict(why)) => {
            draw(&service, staff, delivery, typed, changed(why)).await
        }
        Err(error) => Err(error.into()),
    }
}

fn line(line: &crate::domain::call_point::Line) -> DutyLine {
    DutyLine {
        whose: line.whose.clone(),
        shown: line.number.to_string(),
        dial: line.number.digits().to_owned(),
        doubtful: line.doubtful,
    }
}

/// `无人接听（李某拨打）`.
fn made(call: &CallLine, now: Timestamp) -> CallMade {
    let callee = match (&call.callee_name, &call.callee_post) {
        (Some(name), Some(post)) => format!("，接电话的是{name}（{post}）"),
        (Some(name), None) => format!("，接电话的是{name}"),
        _ => String::new(),
    };
    let until =
        call.promised_until.map(|at| format!("，答应 {} 前", Moment::in_table(at, now).short));
    let differs = if call.number_differs { "与通讯录不同" } else { "" };
    CallMade {
        at: Moment::in_table(call.called_at, now),
        text: format!(
            "{}（{}拨打{callee}{}）",
            call.outcome.word_zh(),
            call.caller_name,
            until.unwrap_or_default()
        ),
        quiet: marks::joined(&[
            call.number.as_deref().unwrap_or_default(),
            differs,
            call.note.as_deref().unwrap_or_default(),
        ]),
    }
}

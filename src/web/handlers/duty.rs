//! 值班: the duty desk's page, the same for the wall, and taking a call.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::domain::account::Role;
use crate::domain::human_time::clock_zh;
use crate::domain::ids::{AccountId, DeliveryId};
use crate::domain::ladder::RungAct;
use crate::domain::time::Timestamp;
use crate::domain::urgency::Urgency;
use crate::service::claim_calls::{Claimed, claim_calls};
use crate::service::duty::{self, CallToMake, DutyBoard, UrgentRow};
use crate::service::{Service, ServiceError};
use crate::store::alarms::Alarm;
use crate::store::call_list::OpenTask;
use crate::store::duty::ComingStep;
use crate::store::release_debts::OpenDebt;
use crate::web::address::{id, query, with_query};
use crate::web::error::WebError;
use crate::web::forms::{Fields, Posted};
use crate::web::pages::duty::{
    DutyAlarm, DutyCall, DutyLine, DutyLive, DutyLook, DutyNotice, DutyPage, DutyStep, DutyWall,
};
use crate::web::pages::moment::{Moment, countdown};
use crate::web::pages::parts::{Place, UrgencyMark};
use crate::web::respond::{page, page_with, see_other};
use crate::web::session::Staff;
use crate::web::shell::shell;

/// The page; `wall=1` for the wall, `part=live` for its bands alone.
pub(in crate::web) async fn show(
    service: web::Data<Service>,
    request: HttpRequest,
    staff: Staff,
) -> Result<HttpResponse, WebError> {
    let asked = query(&request);
    draw(&service, &staff, &asked, said(asked.text("said")), StatusCode::OK).await
}

/// Takes a call, for every organisation of its desk, and leads to where it is recorded.
pub(in crate::web) async fn claim(
    service: web::Data<Service>,
    request: HttpRequest,
    staff: Staff,
    posted: Posted,
) -> Result<HttpResponse, WebError> {
    let delivery: DeliveryId = id(&request, "delivery")?;
    let also = also(&posted.0);
    let (account, taken) = (staff.account.clone(), also.clone());
    let taking = service.clone();
    let claimed = web::block(move || claim_calls(&taking, &account, delivery, &taken)).await?;
    let refused = match claimed {
        Ok(Claimed::Yes) => return Ok(see_other(&call_href(delivery, &also))),
        Ok(Claimed::NothingOwed) => "这个电话已经不用打了：对方已答复，或别人已办完。",
        Ok(Claimed::ByAnother) | Err(ServiceError::Conflict(_)) => {
            "这个电话已由另一位值班员接手，请拨下一个。"
        }
        Err(error) => return Err(error.into()),
    };
    let fields = Fields::default();
    draw(&service, &staff, &fields, refused.to_owned(), StatusCode::CONFLICT).await
}

/// The other deliveries a form names.
pub(super) fn also(fields: &Fields) -> Vec<DeliveryId> {
    fields.all("also").filter_map(|text| text.parse().ok()).collect()
}

/// Where a call is recorded, with whom else it speaks for.
pub(super) fn call_href(delivery: DeliveryId, also: &[DeliveryId]) -> String {
    let texts: Vec<String> = also.iter().map(ToString::to_string).collect();
    let fields: Vec<(&str, &str)> = texts.iter().map(|text| ("also", text.as_str())).collect();
    with_query(&format!("/deliveries/{delivery}/call"), &fields)
}

fn said(code: &str) -> String {
    match code {
        "confirmed" => "已记录：电话确认，回执已出，催签已停。",
        "recorded" => "通话已记录。",
        "delegated" => "已请市州代拨。",
        "reported" => "代拨情况已记录。",
        "decided" => "已记录您的决定。",
        _ => "",
    }
    .to_owned()
}

async fn draw(
    service: &web::Data<Service>,
    staff: &Staff,
    asked: &Fields,
    said: String,
    status: StatusCode,
) -> Result<HttpResponse, WebError> {
    let (reading, account) = (service.clone(), staff.account.clone());
    let board = web::block(move || duty::read(&reading, &account)).await??;
    let wall = asked.has("wall");
    let live = live(&board, staff, wall);
    if asked.text("part") == "live" {
        return page(&live);
    }
    if wall {
        let office = staff.account.organization_name.clone();
        return page(&DutyWall { office, live, dark: !asked.has("light") });
    }
    page_with(status, &DutyPage { shell: shell(staff, Place::Duty), live, said })
}

fn live(board: &DutyBoard, staff: &Staff, wall: bool) -> DutyLive {
    let now = board.read_at;
    let shown: i64 = board.calls.iter().map(|call| count(call.tasks.len())).sum();
    let calls: Vec<DutyCall> =
        board.calls.iter().map(|one| call(one, staff.account.id, now)).collect();
    let due = calls.iter().filter(|call| call.is_due);
    let looks = board.offers.iter().chain(&board.looks);
    let alarms = board.alarms.iter().map(|alarm| format!("alarm-{}", alarm.id));
    let gaps: Vec<String> = due.map(|call| call.id.clone()).chain(alarms).collect();
    let alarm = |alarm: &Alarm| DutyAlarm {
        text: alarm.kind.word_zh().to_owned(),
        since: Moment::in_table(alarm.raised_at, now),
    };
    DutyLive {
        alarms: board.alarms.iter().map(alarm).collect(),
        gaps: gaps.join(" "),
        calls_beyond: board.call_count.saturating_sub(shown),
        call_count: board.call_count,
        looks: looks
            .map(|task| look(task, now))
            .chain(board.releases.iter().map(|debt| release(debt, now)))
            .collect(),
        steps: board.coming.iter().map(|step| coming(step, now)).collect(),
        notices: board.urgent.iter().map(|row| urgent(row, now)).collect(),
        read_at: now.in_shanghai().strftime("%H:%M:%S").to_string(),
        form_token: staff.form_token.clone(),
        may_call: staff.is(Role::Duty),
        wall,
        calls,
    }
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn call(call: &CallToMake, reader: AccountId, now: Timestamp) -> DutyCall {
    let Some(first) = call.tasks.first() else { return DutyCall::nothing() };
    let others: Vec<DeliveryId> = call.tasks.iter().skip(1).map(|task| task.delivery_id).collect();
    let many = !others.is_empty();
    let desk = call.point.desk.as_ref().map(|(_, name)| name.clone()).filter(|_| many);
    let names: Vec<String> = call.tasks.iter().map(|task| task.organization_name.clone()).collect();
    let line = call.point.lines.first().map(|line| DutyLine {
        whose: line.whose.clone(),
        shown: line.number.to_string(),
        dial: line.number.digits().to_owned(),
        doubtful: line.doubtful,
    });
    let holder = match (&call.holder, &call.delegated) {
        (Some((id, _)), _) if *id == reader => "您已接手".to_owned(),
        (Some((_, name)), _) => format!("{name}已接手"),
        (None, Some(name)) => format!("已请{name}代拨"),
        (None, None) => String::new(),
    };
    let tonight = call.tonight.as_ref();
    DutyCall {
        id: format!("call-{}", first.id),
        urgency: UrgencyMark::of(first.urgency.as_str()),
        name: desk.unwrap_or_else(|| first.organization_name.clone()),
        organizations: if many { names } else { Vec::new() },
        line,
        tonight: tonight.map_or_else(String::new, |it| format!("{} {}", it.officer_name, it.phone)),
        number: first.document_number.clone(),
        reason: reason(first),
        calls: if call.calls > 0 { format!("已拨 {} 次", call.calls) } else { String::new() },
        due: Moment::in_table(first.due_at, now),
        is_due: first.due_at <= now,
        is_mine: call.holder.as_ref().is_some_and(|(id, _)| *id == reader),
        holder,
        href: call_href(first.delivery_id, &others),
        claim_action: format!("/deliveries/{}/claim", first.delivery_id),
        also: others.iter().map(ToString::to_string).collect(),
    }
}

/// Why a call is owed, from the code of what raised it.
fn reason(task: &OpenTask) -> String {
    use crate::domain::call_task::TaskKind;
    if task.kind == TaskKind::ConfirmGrade {
        return "已签收，要打电话核实".to_owned();
    }
    let text = match task.reason.as_str() {
        "call_unreachable" => "没有已验证的联系方式",
        "after_deadline" | "overdue" => "过时限未签收",
        "gap" | "unreachable" => "联系方式都不通",
        _ => "尚未签收",
    };
    text.to_owned()
}

fn look(task: &OpenTask, now: Timestamp) -> DutyLook {
    let decides = duty::DECIDED.contains(&task.kind);
    DutyLook {
        id: format!("look-{}", task.id),
        urgency: UrgencyMark::of(task.urgency.as_str()),
        name: task.organization_name.clone(),
        what: task.kind.word_zh().to_owned(),
        number: task.document_number.clone(),
        since: Moment::in_table(task.opened_at, now),
        href: match decides {
            true => format!("/deliveries/{}/call", task.delivery_id),
            false => format!("/deliveries/{}", task.delivery_id),
        },
    }
}

/// 先发后补: what went out on an oral approval and has no formal 核发 yet.
fn release(debt: &OpenDebt, now: Timestamp) -> DutyLook {
    let due = clock_zh(debt.due_at, now);
    let late = if debt.due_at < now { "，已逾期" } else { "" };
    DutyLook {
        id: format!("release-{}", debt.notice_id),
        urgency: UrgencyMark::of(&debt.urgency),
        name: debt.title.clone(),
        what: format!("口头批准发出，须于{due}前补核发{late}"),
        number: debt.document_number.clone(),
        since: Moment::in_table(debt.opened_at, now),
        href: format!("/notices/{}", debt.notice_id),
    }
}

fn coming(step: &ComingStep, now: Timestamp) -> DutyStep {
    let act = step.action.parse::<RungAct>().map_or("下一步催签", RungAct::word_zh);
    let board = format!("/notices/{}?order=next", step.notice_id);
    let alone = step.example.as_deref().zip(step.delivery_id.as_deref());
    DutyStep {
        at: Moment::in_table(step.due_at, now),
        urgency: UrgencyMark::of(step.urgency.as_str()),
        what: act.to_owned(),
        whom: alone.map_or_else(|| format!("{} 个单位", step.count), |(name, _)| name.to_owned()),
        number: step.document_number.clone(),
        href: alone.map_or(board, |(_, id)| format!("/deliveries/{id}")),
    }
}

fn urgent(row: &UrgentRow, now: Timestamp) -> DutyNotice {
    let (notice, tally) = (&row.notice, &row.tally);
    let late = notice.deadline_at.is_some_and(|due| now > due);
    let level: Urgency = notice.urgency;
    DutyNotice {
        id: format!("urgent-{}", notice.id),
        urgency: UrgencyMark::of(level.as_str()),
        number: notice.document_number.clone(),
        title: notice.title.clone(),
        href: format!("/notices/{}", notice.id),
        countdown: notice.deadline_at.map_or_else(String::new, |due| countdown(due, now)),
        due: notice.deadline_at.map_or_else(Moment::none, |due| Moment::in_table(due, now)),
        late,
        gone: gone(notice.issued_at, notice.deadline_at, now),
        unsigned: tally.unsigned(),
        unreachable: tally.unreachable,
        total: tally.total,
        missing: row
            .missing
            .iter()
            .map(|(id, name, lost)| (name.clone(), format!("/deliveries/{id}"), *lost))
            .collect(),
        more: tally.unsigned().saturating_sub(count(row.missing.len())),
    }
}

/// How much of the time is gone, in hundredths.
fn gone(from: Option<Timestamp>, due: Option<Timestamp>, now: Timestamp) -> u8 {
    let (Some(from), Some(due)) = (from, due) else { return 0 };
    let whole = due.since(from).as_micros().max(1);
    let part = now.since(from).as_micros().clamp(0, whole);
    u8::try_from(part / (whole / 100).max(1)).unwrap_or(100).min(100)
}

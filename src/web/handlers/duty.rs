//! 值班: the duty desk's page, the same for the wall, and taking a call.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::marks;
use crate::domain::account::Role;
use crate::domain::human_time::clock_zh;
use crate::domain::ids::{AccountId, DelegationId, DeliveryId, NoticeId, OrganizationId};
use crate::domain::ladder::RungAct;
use crate::domain::notice::NoticeAct;
use crate::domain::time::Timestamp;
use crate::domain::urgency::Urgency;
use crate::service::channel_health::{Health, WayHealth};
use crate::service::claim_calls::{Claimed, claim_calls};
use crate::service::delegate::{self, Delegated, MayDelegate, delegate_calls};
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
    DutyAlarm, DutyCall, DutyHandOn, DutyHanded, DutyLine, DutyLive, DutyLook, DutyNotice,
    DutyPage, DutyStep, DutyWall,
};
use crate::web::pages::moment::{Moment, countdown};
use crate::web::pages::parts::{Place, UrgencyMark};
use crate::web::respond::{page, page_with, see_other, see_other_saying};
use crate::web::said::Said;
use crate::web::session::{Staff, concerns};
use crate::web::shell::shell;

/// The page; `wall=1` for the wall, `part=live` for its bands alone.
pub(in crate::web) async fn show(
    service: web::Data<Service>,
    request: HttpRequest,
    staff: Staff,
) -> Result<HttpResponse, WebError> {
    let asked = query(&request);
    draw(&service, &staff, &asked, String::new(), StatusCode::OK).await
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

/// Hands calls on to the desk of a 市州.
pub(in crate::web) async fn hand_on(
    service: web::Data<Service>,
    request: HttpRequest,
    staff: Staff,
    posted: Posted,
) -> Result<HttpResponse, WebError> {
    let notice: NoticeId = id(&request, "notice")?;
    let to: Option<OrganizationId> = posted.0.text("organization").parse().ok();
    let key = posted.0.text("key").to_owned();
    let (account, handing) = (staff.account.clone(), service.clone());
    let done = web::block(move || delegate_calls(&handing, &account, notice, to, &key));
    or_say(&service, &staff, done.await?.map(drop), Said::Delegated).await
}

/// Takes calls back from the desk of a 市州.
pub(in crate::web) async fn take_back(
    service: web::Data<Service>,
    request: HttpRequest,
    staff: Staff,
    posted: Posted,
) -> Result<HttpResponse, WebError> {
    let notice: NoticeId = id(&request, "notice")?;
    let delegation = delegation(&posted.0)?;
    let (account, taking) = (staff.account.clone(), service.clone());
    let done = web::block(move || delegate::take_back(&taking, &account, notice, delegation));
    or_say(&service, &staff, done.await?.map(drop), Said::TakenBack).await
}

/// Gives the desk a new link to its list; the old one opens nothing more.
pub(in crate::web) async fn renew_calls(
    service: web::Data<Service>,
    request: HttpRequest,
    staff: Staff,
    posted: Posted,
) -> Result<HttpResponse, WebError> {
    let notice: NoticeId = id(&request, "notice")?;
    let delegation = delegation(&posted.0)?;
    let key = posted.0.text("key").to_owned();
    let (account, renewing) = (staff.account.clone(), service.clone());
    let done =
        web::block(move || delegate::renew_links(&renewing, &account, notice, delegation, &key));
    or_say(&service, &staff, done.await?, Said::LinkRenewed).await
}

/// Which delegation a form is about.
fn delegation(fields: &Fields) -> Result<DelegationId, WebError> {
    fields.text("delegation").parse().map_err(|_| WebError::NotFound)
}

/// Back to the page with what was done, or with why it was not.
async fn or_say(
    service: &web::Data<Service>,
    staff: &Staff,
    done: Result<(), ServiceError>,
    said: Said,
) -> Result<HttpResponse, WebError> {
    match done {
        Ok(()) => Ok(see_other_saying("/duty", said, 0)),
        Err(ServiceError::Conflict(why)) => {
            draw(service, staff, &Fields::default(), why, StatusCode::CONFLICT).await
        }
        Err(error) => Err(error.into()),
    }
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

async fn draw(
    service: &web::Data<Service>,
    staff: &Staff,
    asked: &Fields,
    refused: String,
    status: StatusCode,
) -> Result<HttpResponse, WebError> {
    let (reading, account) = (service.clone(), staff.account.clone());
    let (board, key) = web::block(move || {
        Ok::<_, ServiceError>((duty::read(&reading, &account)?, reading.form_key()?))
    })
    .await??;
    let wall = asked.has("wall");
    let live = live(&board, staff, wall, key);
    if asked.text("part") == "live" {
        return page(&live);
    }
    if wall {
        let office = staff.account.organization_name.clone();
        return page(&DutyWall { office, live, dark: !asked.has("light") });
    }
    page_with(status, &DutyPage { shell: shell(staff, Place::Duty), live, refused })
}

fn live(board: &DutyBoard, staff: &Staff, wall: bool, key: String) -> DutyLive {
    let now = board.read_at;
    let shown: i64 = board.calls.iter().map(|call| count(call.tasks.len())).sum();
    let calls: Vec<DutyCall> =
        board.calls.iter().map(|one| call(one, staff.account.id, now)).collect();
    let due = calls.iter().filter(|call| call.is_due);
    let looks = board.offers.iter().chain(&board.looks);
    let open: Vec<&Alarm> =
        board.alarms.iter().filter(|alarm| concerns(alarm.kind, &staff.account)).collect();
    let alarms = open.iter().map(|alarm| format!("alarm-{}", alarm.id));
    let gaps: Vec<String> = due.map(|call| call.id.clone()).chain(alarms).collect();
    let alarm = |alarm: &&Alarm| DutyAlarm {
        text: alarm.kind.said_zh(&alarm.subject),
        remedy: alarm.kind.remedy_zh(),
        since: Moment::in_table(alarm.raised_at, now),
    };
    DutyLive {
        ways: board.ways.iter().filter_map(way).collect(),
        alarms: open.iter().map(alarm).collect(),
        gaps: gaps.join(" "),
        calls_beyond: board.call_count.saturating_sub(shown),
        call_count: board.call_count,
        hand_on: board.may_delegate.iter().map(hand_on_row).collect(),
        handed: board.delegated.iter().map(|one| handed(one, now)).collect(),
        key,
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
        number: marks::numbered(&first.document_number, first.version),
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
    if task.kind == TaskKind::TellEnd {
        let ended = task.reason.parse::<NoticeAct>().map_or("撤回", NoticeAct::word_zh);
        return format!("公文已{ended}，此前在电话里通知过，要打电话告知");
    }
    let text = match task.reason.as_str() {
        "call_unreachable" => "联系方式不全，发出即打电话",
        "after_deadline" | "overdue" => "过时限未签收",
        "gap" | "unreachable" => "联系方式都不通",
        _ => "尚未签收",
    };
    text.to_owned()
}

/// A way that does not go as it should; none for one that does.
fn way(one: &WayHealth) -> Option<String> {
    let name = one.channel.word_zh();
    let waiting = match one.waiting {
        0 => String::new(),
        waiting => format!("，待发 {waiting} 条"),
    };
    match one.health {
        Health::Absent | Health::Idle | Health::Good => None,
        Health::Failing => {
            Some(format!("{name}送不出去：15 分钟内失败 {} 次{waiting}。急件请打电话", one.failed))
        }
        Health::Slow => Some(format!("{name}有积压{waiting}")),
        Health::WaitingForLimit => {
            Some(format!("{name}已到每分钟限额，普通件等待{waiting}；特提照发"))
        }
    }
}

fn hand_on_row(one: &MayDelegate) -> DutyHandOn {
    DutyHandOn {
        urgency: UrgencyMark::of(one.urgency.as_str()),
        number: marks::numbered(&one.document_number, one.version),
        name: one.name.clone(),
        organization: one.organization_id.to_string(),
        count: one.count,
        action: format!("/notices/{}/delegate", one.notice_id),
    }
}

fn handed(one: &Delegated, now: Timestamp) -> DutyHanded {
    let (of, counts) = (&one.delegation, &one.counts);
    let also = [("已自行答复", counts.answered), ("不用再拨", counts.dropped)];
    let also = also.into_iter().filter(|(_, count)| *count > 0);
    let also: String = also.map(|(word, count)| format!("，{word} {count}")).collect();
    let by = of.reporter_name.as_ref().map_or_else(String::new, |name| format!("（{name}报）"));
    DutyHanded {
        id: of.id.to_string(),
        name: one.name.clone(),
        number: marks::numbered(&one.document_number, one.version),
        counts: format!(
            "代拨 {} 个：已通知 {}，未联系上 {}，未报 {}{also}{by}",
            counts.asked, counts.told, counts.not_reached, counts.open
        ),
        standing: of.ended_why.map_or_else(
            || format!("{} 前报来", Moment::in_table(of.due_at, now).short),
            |why| {
                let until = one.closes_at.filter(|at| one.closes(*at, now));
                let until = until.map(|at| format!("，页面留到{}", clock_zh(at, now)));
                format!("{}{}", why.word_zh(), until.unwrap_or_default())
            },
        ),
        open: of.ended_at.is_none(),
        closes: one.closes_at.is_some_and(|at| one.closes(at, now)),
        renew: format!("/notices/{}/renew-calls", of.notice_id),
        action: format!("/notices/{}/take-back", of.notice_id),
    }
}

fn look(task: &OpenTask, now: Timestamp) -> DutyLook {
    let decides = duty::DECIDED.contains(&task.kind);
    DutyLook {
        id: format!("look-{}", task.id),
        urgency: UrgencyMark::of(task.urgency.as_str()),
        name: task.organization_name.clone(),
        what: task.kind.word_zh().to_owned(),
        number: marks::numbered(&task.document_number, task.version),
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
        number: marks::numbered(&debt.document_number, debt.version),
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
        number: marks::numbered(&step.document_number, step.version),
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
        number: marks::numbered(&notice.document_number, notice.version),
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

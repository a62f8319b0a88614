//! 电话: what a duty officer sees before ringing an organisation, and what is recorded after.
//! One press and a name.
//!
//! A confirmed call becomes a receipt of the weakest grade (`phone_confirm.rs`). One call may
//! speak for several organisations of one desk: each gets its own record, and its own receipt.

mod write;

use std::collections::BTreeSet;

use self::write::{Row, Write};
use super::acknowledge::SigningCode;
use super::call_code::{code_of_call, read_back};
use super::duty::{CALLED, Ringing};
use super::{Service, ServiceError};
use crate::domain::account::Account;
use crate::domain::address::AddressStatus;
use crate::domain::call::CallOutcome;
use crate::domain::call_point::CallPoint;
use crate::domain::call_task::TaskKind;
use crate::domain::evidence::{Actor, Event, EventKind};
use crate::domain::human_time::parse_moment;
use crate::domain::ids::{AddressId, CallId, DeliveryId, EventId, TaskId};
use crate::domain::notice::NoticeState;
use crate::domain::phone::PhoneNumber;
use crate::domain::stated_person::{STATED_NAME_CHARS_MAX, STATED_POST_CHARS_MAX};
use crate::domain::text::{clean_block, clean_line};
use crate::domain::time::Timestamp;
use crate::domain::urgency::Urgency;
use crate::store::call_list::{OpenTask, account_names, task_list_open_of_notice};
use crate::store::calls::{CallLine, NewCall, call_list_of_delivery};
use crate::store::corrections::{Corrects, Latest, corrects_find, successor_notice_find};
use crate::store::deliveries::Delivery;
use crate::store::duty_tonight::DutyTonight;
use crate::store::notices::Notice;

use super::acts::lane_of;
use super::phone_confirm::confirm;
use super::scope::Scope;

const NOTE_CHARS_MAX: usize = 300;
const AUTHORITY_CHARS_MAX: usize = 120;

/// What is known before ringing.
#[derive(Debug, Clone)]
pub struct CallSheet {
    /// The notice.
    pub notice: Notice,
    /// What the notice replaces, which the call has to say.
    pub corrects: Option<Corrects>,
    /// The delivery.
    pub delivery: Delivery,
    /// Where to ring.
    pub point: CallPoint,
    /// Who answers tonight, as the organisation told.
    pub tonight: Option<DutyTonight>,
    /// The last version in the place of the notice.
    pub successor: Option<Latest>,
    /// The open tasks that are called about, of the delivery itself.
    pub tasks: Vec<OpenTask>,
    /// Decisions that the ladder offers for the delivery.
    pub offers: Vec<TaskKind>,
    /// Others of the same desk and notice that a call is owed to.
    pub beside: Vec<OpenTask>,
    /// Who has taken it, if somebody has.
    pub holder: Option<String>,
    /// Whether that is the reader.
    pub is_mine: bool,
    /// Calls made before, oldest first.
    pub before: Vec<CallLine>,
    /// The code that may be read out and back.
    pub code: SigningCode,
    /// When it was read.
    pub read_at: Timestamp,
}

impl CallSheet {
    /// Where the matter stood when it was read out, to be told apart from where it stands when
    /// the call is recorded.
    #[must_use]
    pub fn standing(&self) -> String {
        standing(self.notice.state, self.successor.as_ref())
    }
}

/// Where a notice stands, and with it whatever took its place.
fn standing(state: NoticeState, successor: Option<&Latest>) -> String {
    let next = successor.map_or_else(String::new, |next| {
        let ended = next.ended.as_ref().map_or("", |end| end.act.as_str());
        format!(" {} {ended}", next.notice)
    });
    format!("{state}{next}")
}

/// Reads it.
///
/// # Errors
/// [`ServiceError::NotFound`], whether the delivery is absent or out of reach.
pub fn sheet(
    service: &Service,
    account: &Account,
    id: DeliveryId,
) -> Result<CallSheet, ServiceError> {
    let now = service.now();
    let scope = Scope::Office(account.organization_id);
    service.store.read(|conn| {
        let delivery = scope.delivery(conn, id)?;
        let notice = scope.notice(conn, delivery.notice_id)?;
        let open = task_list_open_of_notice(conn, account.organization_id, notice.id)?;
        let offers = open.iter().filter(|task| task.delivery_id == id);
        let offers: Vec<TaskKind> = offers.map(|task| task.kind).collect();
        let open: Vec<_> = open.into_iter().filter(|task| CALLED.contains(&task.kind)).collect();
        let organizations: BTreeSet<_> = open
            .iter()
            .map(|task| task.organization_id)
            .chain([delivery.organization_id])
            .collect();
        let organizations: Vec<_> = organizations.into_iter().collect();
        let ringing = Ringing::read(conn, &organizations, now)?;
        let point = ringing.point(service, delivery.organization_id, now);
        let (tasks, others): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|task| task.delivery_id == id);
        let desk = point.desk.as_ref().map(|(id, _)| *id);
        let at_desk = |task: &OpenTask| {
            let other = ringing.point(service, task.organization_id, now);
            desk.is_some() && other.desk.map(|(id, _)| id) == desk
        };
        let holder = tasks.iter().find_map(|task| task.holder(now));
        let names = account_names(conn, &holder.into_iter().collect::<Vec<_>>())?;
        let before = call_list_of_delivery(conn, id)?;
        let since = before.last().map(|call| call.called_at).or(notice.issued_at);
        Ok(CallSheet {
            code: code_of_call(
                service,
                account.id,
                (id, notice.version),
                since.unwrap_or_default(),
                now,
            ),
            beside: others.into_iter().filter(at_desk).collect(),
            holder: holder.and_then(|id| names.get(&id).cloned()),
            is_mine: holder == Some(account.id),
            before,
            successor: successor_notice_find(conn, notice.id)?,
            tonight: ringing.tonight(delivery.organization_id).cloned(),
            corrects: corrects_find(conn, notice.id)?,
            notice,
            delivery,
            point,
            tasks,
            offers,
            read_at: now,
        })
    })
}

/// The form as typed.
#[derive(Debug, Clone, Default)]
pub struct CallRequest {
    /// The button that was pressed.
    pub outcome: String,
    /// Who answered.
    pub name: String,
    /// That person's post.
    pub post: String,
    /// The number that was rung.
    pub number: String,
    /// Until when a signature was promised.
    pub promised: String,
    /// 代收: by whose authority.
    pub authority: String,
    /// 代收 was ticked.
    pub on_behalf: bool,
    /// What was read back of the code.
    pub code: String,
    /// What the form carried for the code.
    pub code_token: String,
    /// In the caller's words.
    pub note: String,
    /// Others of the same desk the call spoke for.
    pub also: Vec<DeliveryId>,
    /// Where the notice stood on the page from which was read out.
    pub shown: String,
    /// Key of the form.
    pub form_key: String,
}

/// What is wrong with the form, by field, in the words of a page.
pub type CallFaults = Vec<(&'static str, String)>;

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// It is on record, with so many new receipts.
    Yes {
        /// Organisations that count as signed from now on.
        confirmed: usize,
    },
    /// The same form was recorded before.
    Before,
    /// To be corrected.
    Mistaken(CallFaults),
}

/// A call as it was checked.
pub(super) struct Checked {
    pub(super) outcome: CallOutcome,
    pub(super) name: Option<String>,
    pub(super) post: Option<String>,
    pub(super) number: Option<PhoneNumber>,
    pub(super) promised: Option<Timestamp>,
    pub(super) authority: Option<String>,
    pub(super) read_back: bool,
    pub(super) note: Option<String>,
}

/// Records a call.
///
/// # Errors
/// [`ServiceError::NotFound`] for another office's delivery; [`ServiceError::Conflict`] where the
/// notice was taken back.
pub fn record_call(
    service: &Service,
    account: &Account,
    id: DeliveryId,
    request: &CallRequest,
) -> Result<Recorded, ServiceError> {
    let now = service.now();
    let sheet = sheet(service, account, id)?;
    let checked = match check(service, &sheet, request, now) {
        Ok(checked) => checked,
        Err(faults) => return Ok(Recorded::Mistaken(faults)),
    };
    let chosen = sheet.beside.iter().filter(|task| request.also.contains(&task.delivery_id));
    let mut ids: Vec<DeliveryId> = chosen.map(|task| task.delivery_id).chain([id]).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut rows = Vec::with_capacity(ids.len());
    for one in &ids {
        rows.push(row(service, account, &sheet, *one, &checked, now)?);
    }
    let level = sheet.notice.draft.urgency.parse().unwrap_or(Urgency::Ordinary);
    let write = Write {
        notice: sheet.notice.id,
        issuer: sheet.notice.issuer_id,
        version: sheet.notice.version,
        lane: lane_of(&sheet.notice),
        told_of: request.shown.clone(),
        ids,
        rows,
        by: account.id,
        key: request.form_key.clone(),
        subject: id.to_string(),
        outcome: checked.outcome,
        promised: checked.promised,
        cool_down: service.settings.duty.cool_down.of(level),
        teaches: teaches(&sheet, &checked),
        now,
    };
    service.store.write("record_call", move |tx| write.run(tx))
}

fn row(
    service: &Service,
    account: &Account,
    sheet: &CallSheet,
    id: DeliveryId,
    checked: &Checked,
    now: Timestamp,
) -> Result<Row, ServiceError> {
    let scope = Scope::Office(account.organization_id);
    let delivery = service.store.read(|conn| scope.delivery(conn, id))?;
    let directory = if id == sheet.delivery.id { Some(&sheet.point) } else { None };
    let number = checked.number.as_ref().map(ToString::to_string);
    let number_differs = directory.is_some_and(|point| differs(point, sheet, checked));
    let version = u32::try_from(sheet.notice.version).unwrap_or(0);
    let event_id = EventId::new(now, service.entropy()?);
    let mut event = Event::new(event_id, EventKind::CallMade, now, Actor::Account(account.id))
        .notice(sheet.notice.id, version)
        .delivery(id)
        .organization(delivery.organization_id)
        .fact("outcome", checked.outcome.as_str())
        .fact("number_differs", number_differs)
        .fact("read_back", checked.read_back);
    if let Some(until) = checked.promised {
        event = event.fact("promised_until", until.as_micros());
    }
    let personal = [
        ("name", checked.name.as_deref()),
        ("post", checked.post.as_deref()),
        ("phone", number.as_deref()),
        ("note", checked.note.as_deref()),
    ];
    let personal: Vec<(&'static str, &str)> =
        personal.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let event = service.with_personal(event, &personal)?;
    let tasks = sheet.tasks.iter().chain(&sheet.beside);
    let task = tasks.filter(|task| task.delivery_id == id).map(|task| task.id).next();
    let call = NewCall {
        id: CallId::new(now, service.entropy()?),
        task_id: task,
        notice_id: sheet.notice.id,
        delivery_id: id,
        caller_id: account.id,
        called_at: now,
        outcome: checked.outcome,
        callee_name: checked.name.clone(),
        callee_post: checked.post.clone(),
        number,
        number_differs,
        promised_until: checked.promised,
        read_back: checked.read_back,
        note: checked.note.clone(),
        event_id,
    };
    let confirmation = (checked.outcome == CallOutcome::Confirmed)
        .then(|| confirm(service, account, &delivery, checked, number_differs, now))
        .transpose()?;
    let tell_end = TaskId::new(now, service.entropy()?);
    Ok(Row { confirmation, event, call, task, tell_end })
}

/// Whether the number is none that the directory, or the organisation itself, has told.
fn differs(point: &CallPoint, sheet: &CallSheet, checked: &Checked) -> bool {
    checked.number.as_ref().is_some_and(|number| {
        let told = sheet.tonight.as_ref().is_some_and(|it| it.phone == number.to_string());
        !told && !point.lines.iter().any(|line| line.number == *number)
    })
}

/// The addresses of the directory that the call says something about.
fn teaches(sheet: &CallSheet, checked: &Checked) -> Option<(Vec<AddressId>, AddressStatus)> {
    let status = match checked.outcome {
        CallOutcome::WrongNumber => AddressStatus::Failing,
        outcome if outcome.proves_number() => AddressStatus::Verified,
        _ => return None,
    };
    let number = checked.number.as_ref()?;
    let lines = sheet.point.lines.iter().filter(|line| line.number == *number);
    let addresses: Vec<AddressId> = lines.filter_map(|line| line.address).collect();
    (!addresses.is_empty()).then_some((addresses, status))
}

fn check(
    service: &Service,
    sheet: &CallSheet,
    request: &CallRequest,
    now: Timestamp,
) -> Result<Checked, CallFaults> {
    let mut faults = CallFaults::new();
    let Ok(outcome) = request.outcome.parse::<CallOutcome>() else {
        return Err(vec![("outcome", "请按一个结果按钮".to_owned())]);
    };
    let confirmed = outcome == CallOutcome::Confirmed;
    let mut line = |field, typed: &str, max, missing: Option<&str>| match clean_line(typed, max) {
        Ok(text) if !text.is_empty() => Some(text),
        Ok(_) => {
            faults.extend(missing.map(|text| (field, text.to_owned())));
            None
        }
        Err(fault) => {
            faults.push((field, fault.message_zh()));
            None
        }
    };
    let wanted = |text, wanted: bool| wanted.then_some(text);
    let who = wanted("请写明接电话的人的姓名", outcome.spoke());
    let name = line("name", &request.name, STATED_NAME_CHARS_MAX, who);
    let what = wanted("电话确认要写明对方职务，如：值班员", confirmed);
    let post = line("post", &request.post, STATED_POST_CHARS_MAX, what);
    let whose = wanted("代收请写明受谁委托", confirmed && request.on_behalf);
    let authority = line("authority", &request.authority, AUTHORITY_CHARS_MAX, whose);
    let number = match PhoneNumber::parse(&request.number) {
        Ok(number) => Some(number),
        Err(_) if request.number.trim().is_empty() => {
            if confirmed || outcome == CallOutcome::WrongNumber {
                faults.push(("number", "请写明拨打的号码".to_owned()));
            }
            None
        }
        Err(fault) => {
            let typed = request.number.trim();
            faults.push(("number", format!("号码“{typed}”：{}", fault.message_zh())));
            None
        }
    };
    let promised = promise(outcome, &request.promised, now).unwrap_or_else(|fault| {
        faults.push(("promised", fault));
        None
    });
    let read_back = read_back(service, sheet, request).unwrap_or_else(|fault| {
        faults.push(("code", fault));
        false
    });
    let note = clean_block(&request.note, NOTE_CHARS_MAX).unwrap_or_else(|fault| {
        faults.push(("note", fault.message_zh()));
        String::new()
    });
    if !faults.is_empty() {
        return Err(faults);
    }
    let authority = authority.filter(|_| confirmed && request.on_behalf);
    let note = Some(note).filter(|text| !text.is_empty());
    Ok(Checked { outcome, name, post, number, promised, authority, read_back, note })
}

/// `02:40` is the next such time; a date may stand before it.
fn promise(outcome: CallOutcome, typed: &str, now: Timestamp) -> Result<Option<Timestamp>, String> {
    if outcome != CallOutcome::Promised {
        return Ok(None);
    }
    let typed = typed.trim();
    let clock = typed.replace('：', ":");
    let next = clock.parse::<crate::domain::working_time::ClockTime>().ok();
    let at = next.map(|time| time.next_from(now)).or_else(|| parse_moment(typed));
    match at.filter(|at| *at > now) {
        Some(at) => Ok(Some(at)),
        None if typed.is_empty() => Err("请写明答应几点前签收，如 02:40".to_owned()),
        None => Err(format!("“{typed}”不是今后的时间，请写如 02:40")),
    }
}

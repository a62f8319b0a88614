//! 告知今晚值班: through its link an organisation tells who answers tonight. It counts until the
//! morning, stands first where the organisation is rung, and changes nothing in the directory.

use super::note::event_of_visit;
use super::visit::Visiting;
use super::{Service, ServiceError};
use crate::domain::evidence::EventKind;
use crate::domain::phone::PhoneNumber;
use crate::domain::stated_person::STATED_NAME_CHARS_MAX;
use crate::domain::text::clean_line;
use crate::domain::time::Timestamp;
use crate::domain::working_time::ClockTime;
use crate::store::Tx;
use crate::store::deliveries::delivery_lock_facts;
use crate::store::duty_tonight::{
    DutyTonight, duty_tonight_count, duty_tonight_insert, duty_tonight_list_of,
};
use crate::store::events::event_append;

/// What is wrong with the form, each in the words of a page; `None` is right.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TellFaults {
    /// 值班员.
    pub officer: Option<String>,
    /// 带班领导.
    pub leader: Option<String>,
    /// 电话.
    pub phone: Option<String>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// It counts.
    Yes,
    /// To be corrected.
    Mistaken(TellFaults),
}

/// Keeps who answers tonight. Telling the same again changes nothing.
///
/// # Errors
/// The store's own.
pub fn tell_duty(
    service: &Service,
    visiting: &Visiting,
    officer: &str,
    leader: &str,
    phone: &str,
) -> Result<Told, ServiceError> {
    let now = service.now();
    let (officer, leader, phone) = match check(officer, leader, phone) {
        Ok(checked) => checked,
        Err(faults) => return Ok(Told::Mistaken(faults)),
    };
    let organization = visiting.found.organization_id;
    let event = event_of_visit(service, visiting, EventKind::DutyTonightTold, now)?
        .organization(organization);
    let mut personal = vec![("name", officer.as_str()), ("phone", phone.as_str())];
    personal.extend(leader.as_deref().map(|leader| ("leader", leader)));
    let event = service.with_personal(event, &personal)?;
    let new = DutyTonight {
        event_id: event.id,
        organization_id: organization,
        delivery_id: visiting.delivery,
        officer_name: officer.clone(),
        leader_name: leader.clone(),
        phone: phone.clone(),
        told_at: now,
        until_at: morning_after(now),
    };
    service.store.write("tell_duty", move |tx: &mut Tx| {
        // Held, so that the same is not told twice at the same moment.
        delivery_lock_facts(tx, &[new.delivery_id])?;
        let known = duty_tonight_list_of(tx, &[organization], now)?;
        let same = known.get(&organization).is_some_and(|known| {
            known.officer_name == new.officer_name
                && known.leader_name == new.leader_name
                && known.phone == new.phone
        });
        if !same && duty_tonight_count(tx, new.delivery_id)? >= TOLD_MAX {
            return Err(ServiceError::Conflict(FULL_ZH.to_owned()));
        }
        if !same {
            event_append(tx, std::slice::from_ref(&event))?;
            duty_tonight_insert(tx, &new)?;
        }
        Ok(Told::Yes)
    })
}

/// How often one delivery may tell it. A link that leaked must not fill the table.
const TOLD_MAX: i64 = 50;
const FULL_ZH: &str = "值班信息已改过 50 次，请拨发文单位值班电话";

/// 08:00 of the next day; of the same day for who tells it after midnight.
fn morning_after(now: Timestamp) -> Timestamp {
    "08:00".parse::<ClockTime>().map_or(now, |eight| eight.next_from(now))
}

fn check(
    officer: &str,
    leader: &str,
    phone: &str,
) -> Result<(String, Option<String>, String), TellFaults> {
    let mut faults = TellFaults::default();
    let officer = match clean_line(officer, STATED_NAME_CHARS_MAX) {
        Ok(text) => text,
        Err(fault) => {
            faults.officer = Some(fault.message_zh());
            String::new()
        }
    };
    if officer.is_empty() && faults.officer.is_none() {
        faults.officer = Some("没有填值班员，请写明姓名".to_owned());
    }
    let leader = clean_line(leader, STATED_NAME_CHARS_MAX).unwrap_or_else(|fault| {
        faults.leader = Some(fault.message_zh());
        String::new()
    });
    let number = PhoneNumber::parse(phone).map_err(|fault| match phone.trim() {
        "" => "没有填电话，请写今晚有人接的号码，带区号".to_owned(),
        typed => format!("电话“{typed}”：{}", fault.message_zh()),
    });
    match number {
        Ok(number) if faults == TellFaults::default() => {
            Ok((officer, Some(leader).filter(|text| !text.is_empty()), number.to_string()))
        }
        number => {
            faults.phone = number.err();
            Err(faults)
        }
    }
}

//! Whether the holiday table reaches far enough: an alarm from 1 November on while the table of
//! the next year is missing, cleared by the table. The decree comes out in late autumn.

use super::alarm::{silence, sound};
use super::{Service, ServiceError};
use crate::domain::alarm::AlarmKind;
use crate::domain::ids::EventId;
use crate::domain::time::Timestamp;
use crate::store::StoreError;

const DUTY: &str = "calendar";
/// The month from which on the next year is asked for.
const ASKED_FROM_MONTH: i8 = 11;

/// Years whose table must be there at `now`.
#[must_use]
pub fn wanted(now: Timestamp) -> Vec<i16> {
    let today = now.in_shanghai().date();
    let next = (today.month() >= ASKED_FROM_MONTH).then(|| today.year() + 1);
    std::iter::once(today.year()).chain(next).collect()
}

/// Raises or clears the alarm; says which years are missing.
///
/// # Errors
/// The store's own.
pub fn watch_calendar(service: &Service) -> Result<Vec<i16>, ServiceError> {
    let now = service.now();
    let calendar = service.rules.calendar();
    let mut missing = Vec::new();
    for year in wanted(now) {
        let subject = year.to_string();
        if calendar.knows_year(year) {
            let event_id = EventId::new(now, service.entropy()?);
            service.store.write("watch_calendar", move |tx| {
                silence(tx, (AlarmKind::HolidaysMissing, &subject), event_id, DUTY, now)?;
                Ok::<_, StoreError>(())
            })?;
        } else {
            missing.push(year);
            let detail =
                format!("no holiday table for {year}: put it in force (qianshou calendar import)");
            let sounding = service.sounding(AlarmKind::HolidaysMissing, subject, detail, now)?;
            service.store.write("watch_calendar", move |tx| {
                sound(tx, &sounding, DUTY, now)?;
                Ok::<_, StoreError>(())
            })?;
        }
    }
    Ok(missing)
}

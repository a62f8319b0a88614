//! Tells alarms by the ways the operator named, and gives the sign of life.

use std::time::Duration;

use super::{ACTOR, Finding};
use crate::adapters::mail::{Mailbox, OutgoingMail, SendLimits};
use crate::adapters::outcry::{replace_file, run_program};
use crate::domain::alarm::AlarmKind;
use crate::domain::ids::{AlarmId, EventId};
use crate::domain::message::AttemptOutcome;
use crate::domain::time::Timestamp;
use crate::service::alarm::{silence, sound};
use crate::service::{Service, ServiceError};

/// What the sign of life is called among alarms.
const HEARTBEAT: &str = "heartbeat";
const HEARTBEAT_URL: &str = "heartbeat_url";
const LAST_RESORT: &str = "last resort";

/// Tells findings by every last-resort way; a way that fails is an alarm of its own.
pub(super) fn cry(service: &Service, findings: &[&Finding], now: Timestamp) {
    let text = words(findings, now);
    match cry_out(service, &text, now) {
        Ok(()) => end(service, AlarmKind::LastResortFailed, LAST_RESORT, now),
        Err(why) => raise(service, AlarmKind::LastResortFailed, LAST_RESORT, &why, now),
    }
}

/// Tells that the self-check itself cannot look, or that this server's duties stand still. Needs
/// no database.
pub fn cry_without_database(service: &Service, what: &str) {
    let now = service.now();
    tracing::error!(what, "the self-check raises the alarm without the database");
    let text = format!("签收服务器自检报警（{now}）\n\n{what}\n请运行维护人员立即查看服务器。\n");
    if let Err(why) = cry_out(service, &text, now) {
        tracing::error!(why, "the last-resort way failed too");
    }
}

/// Gives the sign of life after a clean pass.
pub(super) fn beat(service: &Service, now: Timestamp) {
    beat_outwards(service, now);
    let Some(path) = &service.watch.settings.heartbeat_file else { return };
    match replace_file(path, &format!("{now} ok\n")) {
        Ok(()) => end(service, AlarmKind::HeartbeatFailed, HEARTBEAT, now),
        Err(error) => {
            raise(service, AlarmKind::HeartbeatFailed, HEARTBEAT, &error.to_string(), now);
        }
    }
}

/// Calls the operator's address, and does not wait: what became of it, the next pass tells.
fn beat_outwards(service: &Service, now: Timestamp) {
    let Some(outward) = &service.watch.settings.heartbeat_url else { return };
    let standing = outward.standing();
    if standing.failed_in_a_row > 0 {
        let (row, all) = (standing.failed_in_a_row, standing.failed);
        let detail = format!("{row} in a row, {all} since the start: {}", standing.why);
        raise(service, AlarmKind::HeartbeatFailed, HEARTBEAT_URL, &detail, now);
    } else {
        end(service, AlarmKind::HeartbeatFailed, HEARTBEAT_URL, now);
    }
    outward.tell_aside("");
}

fn words(findings: &[&Finding], now: Timestamp) -> String {
    let mut text = format!("签收服务器自检报警（{now}）\n");
    for one in findings {
        let (what, remedy) = (one.kind.word_zh(), one.kind.remedy_zh());
        text.push_str(&format!("\n{what}。{remedy}\n{} {}\n", one.subject, one.detail));
    }
    text
}

fn cry_out(service: &Service, text: &str, now: Timestamp) -> Result<(), String> {
    let settings = &service.watch.settings;
    let mut failures = Vec::new();
    if !settings.command.is_empty()
        && let Err(error) = run_program(&settings.command, text)
    {
        failures.push(format!("the program: {error}"));
    }
    if let Some(outward) = &settings.alarm_url
        && let Err(why) = outward.tell(&serde_json::json!({ "text": text }).to_string())
    {
        failures.push(format!("the address: {why}"));
    }
    if let Some(address) = &settings.mail_to
        && let Err(why) = mail(service, address, text, now)
    {
        failures.push(format!("the mail: {why}"));
    }
    if failures.is_empty() { Ok(()) } else { Err(failures.join("; ")) }
}

fn mail(service: &Service, address: &str, text: &str, now: Timestamp) -> Result<(), String> {
    let id = AlarmId::new(now, service.entropy().map_err(|error| error.to_string())?);
    let safe = text.replace('&', "&amp;").replace('<', "&lt;");
    let mail = OutgoingMail {
        return_path: None,
        from: service.settings.mail_from.clone(),
        to: Mailbox { name: String::new(), address: address.to_owned() },
        subject: "【签收自检报警】请立即查看服务器".to_owned(),
        text: text.to_owned(),
        html: format!("<pre>{safe}</pre>"),
        message_id: format!("<{id}@{}>", service.settings.message_id_domain),
        date: now,
    };
    let limits =
        SendLimits { overall: Duration::from_secs(60), final_reply: Duration::from_secs(30) };
    let mut session = service.mailer.session();
    let report = session.send(&mail, limits);
    match report.outcome {
        AttemptOutcome::Accepted { .. } => Ok(()),
        other => Err(other.why().to_owned()),
    }
}

fn raise(service: &Service, kind: AlarmKind, subject: &str, detail: &str, now: Timestamp) {
    if let Err(error) = raise_for_outside(service, kind, subject, detail, now) {
        tracing::error!(%error, %kind, subject, detail, "an alarm could not be kept");
    }
}

/// Raises one alarm that concerns the way outwards.
///
/// # Errors
/// The store's own.
fn raise_for_outside(
    service: &Service,
    kind: AlarmKind,
    subject: &str,
    detail: &str,
    now: Timestamp,
) -> Result<bool, ServiceError> {
    let sounding = service.sounding(kind, subject, detail, now)?;
    service.store.write("raise_alarm", move |tx| Ok(sound(tx, &sounding, ACTOR, now)?))
}

/// Ends the alarm of a way outwards that works again.
fn end(service: &Service, kind: AlarmKind, subject: &'static str, now: Timestamp) {
    let open = service.watch.alarms();
    if !open.iter().any(|alarm| alarm.kind == kind && alarm.subject == subject) {
        return;
    }
    let ended = service.entropy().and_then(|bits| {
        let event_id = EventId::new(now, bits);
        service.store.write("clear_alarm", move |tx| {
            Ok::<_, ServiceError>(silence(tx, (kind, subject), event_id, ACTOR, now)?)
        })
    });
    if let Err(error) = ended {
        tracing::warn!(%error, %kind, subject, "an alarm could not be ended");
    }
}

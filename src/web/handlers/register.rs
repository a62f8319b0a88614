//! 签收登记表: the register of one notice, for paper.

use actix_web::{HttpRequest, HttpResponse, web};

use super::acts::owed_release;
use super::board::gap_words;
use crate::domain::account::Role;
use crate::domain::delivery::{Addressee, DeliveryFacts, DeliveryState, ReceiptMode};
use crate::domain::human_time::{clock_zh, full_zh};
use crate::domain::ids::NoticeId;
use crate::domain::notice::NoticeState;
use crate::domain::time::Timestamp;
use crate::domain::urgency::Urgency;
use crate::service::audit_look::{Looked, audit_look};
use crate::service::board::{self, Board, BoardLine};
use crate::service::scope::Scope;
use crate::service::shift;
use crate::service::{Service, ServiceError};
use crate::store::calls::CallLine;
use crate::web::address::id;
use crate::web::error::WebError;
use crate::web::pages::register_print::{RegisterRow, RegisterSheet};
use crate::web::respond::page;
use crate::web::session::Staff;

/// The sheet.
pub(in crate::web) async fn print(
    service: web::Data<Service>,
    request: HttpRequest,
    staff: Staff,
) -> Result<HttpResponse, WebError> {
    let notice: NoticeId = id(&request, "notice")?;
    let scope = Scope::of(&staff.account);
    let account = staff.account.clone();
    let (board, calls) = web::block(move || {
        let board = board::read(&service, scope, notice)?;
        audit_look(&service, &account, Looked::Register, &board.notice, None)?;
        Ok::<_, ServiceError>((board, shift::calls_of_notice(&service, scope, notice)?))
    })
    .await??;
    // A draft has no register: there is nothing to sign for yet.
    let issued_at = board.notice.issued_at.ok_or(WebError::NotFound)?;
    let mut sheet = sheet(&board, issued_at, &staff);
    sheet.release = owed_release(&staff, &board.notice, board.debt.as_ref(), board.read_at).words;
    for (row, line) in sheet.rows.iter_mut().zip(&board.lines) {
        row.remarks.extend(line.gap.as_ref().map(|gap| format!("{}。", gap_words(gap))));
        row.remarks.extend(called(line, &calls, board.read_at));
    }
    page(&sheet)
}

fn sheet(board: &Board, issued_at: Timestamp, staff: &Staff) -> RegisterSheet {
    let (notice, tally) = (&board.notice, &board.tally);
    let size = |count: i64| usize::try_from(count).unwrap_or(0);
    let level = notice.draft.urgency.parse::<Urgency>().map_or("", Urgency::word_zh);
    let state = notice.state;
    let (when, unsigned) = match state.is_taken_back() {
        true => (
            format!("{}前", state.end_zh()),
            format!("{}时未签收 {}", state.end_zh(), tally.recalled),
        ),
        false => (String::new(), format!("未签收 {}", tally.unsigned())),
    };
    let mut rest = unsigned;
    if tally.unreachable > 0 {
        rest.push_str(&format!("（其中暂无法联系 {}）", tally.unreachable));
    }
    if tally.returned > 0 {
        rest.push_str(&format!("，退文 {}", tally.returned));
    }
    let top = board.lines.iter().map(|line| line.delivery.tree_depth).min().unwrap_or(0);
    let rows = board.lines.iter().zip(1..);
    RegisterSheet {
        title: notice.draft.title.clone(),
        document_number: notice.draft.document_number.clone(),
        level_line: level.to_owned(),
        issued_at: full_zh(issued_at),
        due: notice
            .deadline_at
            .map(|due| format!("请于 {} 前签收", full_zh(due)))
            .unwrap_or_default(),
        expected: size(tally.total),
        signed: format!("{when}已签收 {}", tally.acknowledged),
        rest: Some(rest).filter(|_| tally.acknowledged != tally.total),
        versions: versions(board),
        release: String::new(),
        rows: rows.map(|(line, serial)| row(line, serial, top, board)).collect(),
        checkpoint: format!("数据截至 {}", full_zh(board.read_at)),
        printed: match staff.is(Role::Auditor) {
            true => format!("{} 打印，审计查阅已记录", staff.account.display_name),
            false => format!("{} 打印", staff.account.display_name),
        },
        back_href: format!("/notices/{}", notice.id),
    }
}

/// The versions around this one, in one line.
fn versions(board: &Board) -> String {
    let mut parts = Vec::new();
    if let Some(older) = &board.bounds.corrects {
        parts.push(format!("更正第{}版（{}）", older.version, older.reason));
    }
    if let (Some(next), Some(end)) = (&board.bounds.successor, &board.bounds.end) {
        let (at, number, version) = (full_zh(end.ended_at), &next.document_number, next.version);
        parts.push(format!("{at}由{number}第{version}版代替（{}）", end.reason));
        if let Some(end) = &next.ended {
            let (at, act) = (full_zh(end.ended_at), end.act.word_zh());
            parts.push(format!("第{version}版{at}{act}（{}）", end.reason));
        }
    }
    if parts.is_empty() {
        return String::new();
    }
    format!("第{}版，{}。", board.notice.version, parts.join("；"))
}

fn row(line: &BoardLine, serial: usize, top: i32, board: &Board) -> RegisterRow {
    let facts = &line.delivery.facts;
    let time = |at: Option<Timestamp>| {
        at.map_or_else(|| "—".to_owned(), |at| at.in_shanghai().strftime("%m-%d %H:%M").to_string())
    };
    let signed = line.signature.as_ref();
    RegisterRow {
        serial,
        organization: line.delivery.organization_name.clone(),
        below: line.delivery.tree_depth > top,
        sent: time(facts.handed_over_at),
        opened: time(facts.opened_at),
        signed: time(facts.acknowledged_at),
        signer_name: signed.map(|one| one.signer_name.clone()).unwrap_or_default(),
        signer_post: signed.map(|one| one.signer_post.clone()).unwrap_or_default(),
        signer_phone: signed.map(|one| one.signer_phone.clone()).unwrap_or_default(),
        way: signed.map(|one| way(one.mode).to_owned()).unwrap_or_default(),
        remarks: remarks(line, facts, board),
    }
}

/// The way of signing in the room a column of the form has.
const fn way(mode: ReceiptMode) -> &'static str {
    match mode {
        ReceiptMode::OwnOrganization => "链接",
        ReceiptMode::OnBehalf => "代收",
        ReceiptMode::Phone => "电话",
    }
}

/// How often the organisation was rung, and how the last call ended.
fn called(line: &BoardLine, calls: &[CallLine], now: Timestamp) -> Option<String> {
    let of = |call: &&CallLine| call.delivery_id == line.delivery.id;
    let last = calls.iter().rfind(of)?;
    let count = calls.iter().filter(of).count();
    let at = clock_zh(last.called_at, now);
    let who = last.callee_name.as_ref().map(|name| format!("，{name}接")).unwrap_or_default();
    Some(format!("电话 {count} 次，末次 {at} {}{who}。", last.outcome.word_zh()))
}

fn remarks(line: &BoardLine, facts: &DeliveryFacts, board: &Board) -> Vec<String> {
    let now = board.read_at;
    let mut remarks = Vec::new();
    if line.delivery.addressee == Addressee::Copy {
        remarks.push("抄送。".to_owned());
    }
    if facts.is_overdue(now) {
        remarks.push("到时限未签收。".to_owned());
    }
    if facts.is_unreachable() {
        remarks.push("没有可用的联系方式，未通知到。".to_owned());
    }
    if facts.is_late() {
        remarks.push("晚于时限签收。".to_owned());
    }
    if DeliveryState::derive(facts) == DeliveryState::Recalled {
        let word = match board.notice.state {
            NoticeState::Superseded => "已由新版代替，未签收本版。".to_owned(),
            state => format!("{}，未签收。", state.word_of_unsigned_zh()),
        };
        remarks.push(word);
    }
    let authority = line.signature.as_ref().and_then(|signed| signed.authority.clone());
    remarks.extend(authority.map(|authority| format!("代收依据：{authority}。")));
    for one in &line.returns {
        let at = one.at.in_shanghai().strftime("%m-%d %H:%M");
        let says = if one.explanation.is_empty() { "" } else { "：" };
        let who = &one.name;
        let text = format!("{at} {who}：{}{says}{}。", one.reason_zh(), one.explanation);
        remarks.push(text);
    }
    remarks
}

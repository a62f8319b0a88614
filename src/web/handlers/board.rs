//! The board of a notice, and its rows alone for the page that keeps itself fresh.

use actix_web::{HttpRequest, HttpResponse, web};

use super::acts::{end_banner, notice_acts, owed_release};
use super::marks;
use crate::domain::account::Role;
use crate::domain::delivery::{Addressee, DeliveryState, Tally};
use crate::domain::human_time::full_zh;
use crate::domain::ids::NoticeId;
use crate::domain::notice::NoticeState;
use crate::domain::time::Timestamp;
use crate::service::audit_look::{Looked, audit_look};
use crate::service::board::{self, Board, BoardLine, BoardRow as Row, Order, Show, since};
use crate::service::scope::Scope;
use crate::service::{Service, ServiceError};
use crate::store::gap_issues::GapIssueLine;
use crate::web::address::{id, query, with_query};
use crate::web::error::WebError;
use crate::web::pages::board::{BoardBar, BoardLive, BoardNumber, BoardPage, BoardRow};
use crate::web::pages::moment::{Moment, countdown};
use crate::web::pages::parts::{Choice, Link, Place, UrgencyMark};
use crate::web::respond::{page, see_other};
use crate::web::session::Staff;
use crate::web::shell::shell;

/// What the address asks to see.
struct View {
    path: String,
    /// What is shown where the address does not say.
    first: Show,
    show: Show,
    search: String,
    order: Order,
}

impl View {
    fn href(&self, show: Show) -> String {
        let show = if show == self.first { "" } else { show.as_str() };
        let order = if self.order == Order::default() { "" } else { self.order.as_str() };
        with_query(&self.path, &[("show", show), ("q", &self.search), ("order", order)])
    }
}

/// The board; a notice that is not issued leads to where it is written or released.
pub(in crate::web) async fn show(
    service: web::Data<Service>,
    request: HttpRequest,
    staff: Staff,
) -> Result<HttpResponse, WebError> {
    let notice: NoticeId = id(&request, "notice")?;
    let asked = query(&request);
    let scope = Scope::of(&staff.account);
    let account = staff.account.clone();
    let read = move || {
        let board = board::read(&service, scope, notice)?;
        audit_look(&service, &account, Looked::Board, &board.notice, None)?;
        Ok::<_, ServiceError>(board)
    };
    let board = web::block(read).await??;
    match board.notice.state {
        NoticeState::Draft if staff.is(Role::Clerk) => {
            return Ok(see_other(&format!("/notices/{notice}/edit")));
        }
        NoticeState::Draft | NoticeState::AwaitingRelease => {
            return Ok(see_other(&format!("/notices/{notice}/preview")));
        }
        _ => {}
    }
    let view = View {
        path: format!("/notices/{notice}"),
        first: board.shown_first(),
        show: asked.text("show").parse().unwrap_or_else(|_| board.shown_first()),
        search: asked.text("q").to_owned(),
        order: asked.text("order").parse().unwrap_or_default(),
    };
    let live = live(&board, &view);
    match asked.text("part") {
        "rows" => page(&live),
        _ => page(&whole(&board, &view, live, &staff)),
    }
}

const FILTERS: [(Show, &str); 6] = [
    (Show::Unsigned, "未签收"),
    (Show::All, "全部"),
    (Show::Overdue, "逾期"),
    (Show::Unopened, "未查看"),
    (Show::Returned, "退文"),
    (Show::Unreachable, "暂无法联系"),
];

/// What may be filtered for: after the end of a notice nobody is late or missing any more.
fn filters(state: NoticeState) -> Vec<(Show, String)> {
    if !state.is_taken_back() {
        return FILTERS.iter().map(|(show, text)| (*show, (*text).to_owned())).collect();
    }
    let end = state.end_zh();
    vec![
        (Show::All, "全部".to_owned()),
        (Show::Signed, format!("{end}前已签收")),
        (Show::Recalled, format!("{end}时未签收")),
        (Show::Returned, "退文".to_owned()),
    ]
}

fn whole(board: &Board, view: &View, live: BoardLive, staff: &Staff) -> BoardPage {
    let (notice, now) = (&board.notice, board.read_at);
    let origin = board.lines.iter().find_map(|line| line.delivery.deadline_origin.clone());
    let before = board.deadlines_before.values().min().filter(|_| notice.deadline_at.is_some());
    let moved = before.map(|before| format!("；原为{}，放假安排已更正", full_zh(*before)));
    let filter = |(show, text): (Show, String)| Link {
        text: format!("{text} {}", board.count(show)),
        href: view.href(show),
        current: show == view.show,
    };
    BoardPage {
        shell: shell(staff, Place::Notices),
        urgency: UrgencyMark::of(&notice.draft.urgency),
        number: marks::numbered(&notice.draft.document_number, notice.version),
        title: notice.draft.title.clone(),
        issued: notice.issued_at.map_or_else(Moment::unknown, |at| Moment::at(at, now)),
        deadline: notice.deadline_at.map_or_else(Moment::none, |at| Moment::at(at, now)),
        deadline_origin: [origin, moved].into_iter().flatten().collect(),
        acts: notice_acts(staff, notice.state, &view.path, board.tally.unsigned()),
        ended: end_banner(notice.state, &board.bounds),
        owed: owed_release(staff, notice, board.debt.as_ref(), now),
        here: view.href(view.show),
        live,
        filters: filters(notice.state).into_iter().map(filter).collect(),
        show: view.show.as_str().to_owned(),
        search: view.search.clone(),
        orders: Choice::list(&[("tree", "层级"), ("waiting", "等待时间"), ("next", "下一步")]),
        order: view.order.as_str().to_owned(),
        // 审计 reads what happened, not the text.
        notice_href: match staff.is(Role::Auditor) {
            true => String::new(),
            false => format!("{}/preview/page", view.path),
        },
        register_href: format!("{}/register", view.path),
    }
}

fn live(board: &Board, view: &View) -> BoardLive {
    let (tally, now) = (&board.tally, board.read_at);
    let rows = board.rows(view.show, &view.search, view.order);
    let shown = rows.iter().filter(|row| matches!(row, Row::Delivery { .. })).count();
    let number = |show: Show, label: &str, aside: String| BoardNumber {
        label: label.to_owned(),
        count: usize::try_from(board.count(show)).unwrap_or(0),
        aside,
        href: view.href(show),
        current: show == view.show,
        late: show == Show::Unsigned && tally.overdue > 0,
    };
    let state = board.notice.state;
    let (signed, unsigned) = match state.is_taken_back() {
        true => (format!("{}前已签收", state.end_zh()), format!("{}时未签收", state.end_zh())),
        false => ("已签收".to_owned(), "未签收".to_owned()),
    };
    let missing = if state.is_taken_back() { Show::Recalled } else { Show::Unsigned };
    let aside = match tally.unreachable {
        0 => String::new(),
        n => format!("（其中暂无法联系 {n}）"),
    };
    let runs = tally.unsigned() > 0 && board.notice.state == NoticeState::Issued;
    let due = board.notice.deadline_at.filter(|_| runs);
    let countdown = match due {
        Some(due) => countdown(due, now),
        None if tally.total > 0 && tally.acknowledged == tally.total => "已全部签收".to_owned(),
        None => String::new(),
    };
    BoardLive {
        countdown,
        late: due.is_some_and(|due| now > due),
        numbers: vec![
            number(missing, &unsigned, aside),
            number(Show::Signed, &signed, String::new()),
            number(Show::Returned, "退文", String::new()),
            number(Show::All, "共", String::new()),
        ],
        bar: bar(board, [&signed, &unsigned]),
        rows: rows.iter().map(|one| row(one, board)).collect(),
        shown,
        nothing: nothing(view, tally),
        read_at: now.in_shanghai().strftime("%H:%M:%S").to_string(),
    }
}

fn bar(board: &Board, [signed, unsigned]: [&str; 2]) -> BoardBar {
    let over = board.notice.state.is_taken_back();
    let mut bar = BoardBar::default();
    for line in &board.lines {
        let facts = &line.delivery.facts;
        let late = facts.is_unreachable() || facts.is_overdue(board.read_at);
        let part = match DeliveryState::derive(facts) {
            DeliveryState::Acknowledged => &mut bar.acknowledged,
            DeliveryState::Returned => &mut bar.late,
            _ if late => &mut bar.late,
            DeliveryState::Opened => &mut bar.opened,
            _ => &mut bar.waiting,
        };
        *part = part.saturating_add(1);
    }
    let BoardBar { acknowledged, opened, waiting, late, .. } = bar;
    bar.words = match over {
        true => format!("{signed} {acknowledged}，{unsigned} {waiting}，退文 {late}"),
        false => {
            format!("{signed} {acknowledged}，已查看 {opened}，已送出 {waiting}，有问题 {late}")
        }
    };
    bar
}

fn row(row: &Row<'_>, board: &Board) -> BoardRow {
    let depth = |depth: usize| u8::try_from(depth.min(3)).unwrap_or(3);
    match row {
        Row::Above { id, name, depth: steps, below } => BoardRow {
            id: id.to_string(),
            depth: depth(*steps),
            name: (*name).to_owned(),
            code: String::new(),
            copy: false,
            subtotal: subtotal(below, board.notice.state),
            state: None,
            at: Moment::none(),
            next: String::new(),
            gap: String::new(),
            signer: String::new(),
            story_href: String::new(),
        },
        Row::Delivery { line, depth: steps, below } => BoardRow {
            depth: depth(*steps),
            subtotal: subtotal(below, board.notice.state),
            ..delivery_row(line, board)
        },
    }
}

fn delivery_row(line: &BoardLine, board: &Board) -> BoardRow {
    let (delivery, now) = (&line.delivery, board.read_at);
    let signer = line.signature.as_ref().map(|signed| {
        marks::joined(&[&signed.signer_name, &signed.signer_post, &signed.signer_phone])
    });
    BoardRow {
        id: delivery.id.to_string(),
        depth: 0,
        name: delivery.organization_name.clone(),
        code: line.region_code.clone(),
        copy: delivery.addressee == Addressee::Copy,
        subtotal: String::new(),
        state: Some(marks::of_delivery(&delivery.facts, board.notice.state, now)),
        at: since(&delivery.facts).map_or_else(Moment::none, |at| Moment::in_table(at, now)),
        next: [next(line, now), moved(line, board)].concat(),
        gap: line.gap.as_ref().map(gap_words).unwrap_or_default(),
        signer: signer.unwrap_or_default(),
        story_href: format!("/deliveries/{}", delivery.id),
    }
}

/// By whose decision it went out although something was missing.
pub(super) fn gap_words(gap: &GapIssueLine) -> String {
    let GapIssueLine { gaps, reason, account_name, .. } = gap;
    format!("对该单位先行发出（{account_name}）：{reason}；当时{gaps}")
}

/// What comes next; what the organisation said last stands before it.
fn next(line: &BoardLine, now: Timestamp) -> String {
    let state = DeliveryState::derive(&line.delivery.facts);
    let said = line.returns.iter().rfind(|last| last.decision.is_none()).map(|last| {
        let what = if last.waits_for_decision() { "退文待答复" } else { "请求重发" };
        format!("{what}：{}", last.reason_zh())
    });
    let owed = line.next.as_ref().map(|owed| marks::of_owed(owed, now));
    match (state, said, owed) {
        (DeliveryState::Acknowledged | DeliveryState::Recalled, ..) => String::new(),
        (_, Some(said), Some(owed)) => format!("{said}；{owed}"),
        (_, Some(said), None) => said,
        (_, None, Some(owed)) => owed,
        (state, None, None) if state.is_unsigned() => "无".to_owned(),
        _ => String::new(),
    }
}

/// Both deadlines, where a corrected holiday table moved one that still counts.
fn moved(line: &BoardLine, board: &Board) -> String {
    let facts = &line.delivery.facts;
    let counts = DeliveryState::derive(facts).is_unsigned();
    match (board.deadlines_before.get(&line.delivery.id), facts.deadline) {
        (Some(before), Some(due)) if counts => {
            format!("；时限{}，原为{}", full_zh(due), full_zh(*before))
        }
        _ => String::new(),
    }
}

fn subtotal(below: &Tally, state: NoticeState) -> String {
    match (below.total, state.is_taken_back()) {
        (0, _) => String::new(),
        (total, true) => format!("所辖 {total}，未签收 {}", below.recalled),
        (total, false) => format!("所辖 {total}，未签收 {}", below.unsigned()),
    }
}

fn nothing(view: &View, tally: &Tally) -> String {
    if !view.search.is_empty() {
        return format!("没有名称含“{}”的单位。可换一个写法，或选“全部”再找。", view.search);
    }
    match view.show {
        Show::Unsigned if tally.acknowledged == tally.total => {
            format!("没有未签收的单位，{} 个单位都已签收。", tally.total)
        }
        Show::Unsigned => "没有未签收的单位。".to_owned(),
        Show::All => "本件没有发往任何单位。".to_owned(),
        Show::Signed => "还没有单位签收。".to_owned(),
        Show::Overdue => "没有逾期未签收的单位。".to_owned(),
        Show::Unopened => "没有未查看的单位。".to_owned(),
        Show::Returned => "没有退文。".to_owned(),
        Show::Unreachable => "没有暂无法联系的单位。".to_owned(),
        Show::Recalled => "结束时没有未签收的单位。".to_owned(),
    }
}

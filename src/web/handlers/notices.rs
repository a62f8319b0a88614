//! The list of notices.

use actix_web::{HttpRequest, HttpResponse, web};

use super::marks;
use crate::domain::notice::NoticeState;
use crate::domain::time::Timestamp;
use crate::service::notices::{self, ShelfPage};
use crate::service::scope::Scope;
use crate::service::{Service, ServiceError};
use crate::store::shelves::{Edge, Shelf, ShelfLine};
use crate::web::address::{query, with_query};
use crate::web::error::WebError;
use crate::web::pages::moment::{Moment, countdown};
use crate::web::pages::notices::{NoticeRow, NoticeSection, NoticesPage};
use crate::web::pages::parts::{Place, StateMark, UrgencyMark};
use crate::web::respond::page;
use crate::web::session::Staff;
use crate::web::shell::shell;

/// The list: every shelf from its beginning, or one shelf further down.
pub(in crate::web) async fn list(
    service: web::Data<Service>,
    request: HttpRequest,
    staff: Staff,
) -> Result<HttpResponse, WebError> {
    let asked = query(&request);
    let scope = Scope::of(&staff.account);
    let shelf = asked.filled("shelf").map(str::parse::<Shelf>).transpose();
    let shelf = shelf.map_err(|_| WebError::NotFound)?;
    let after = read_edge(asked.text("after"));
    let (pages, now) = web::block(move || {
        let pages = match shelf {
            None => notices::first_pages(&service, scope)?,
            Some(shelf) => vec![notices::page(&service, scope, shelf, after)?],
        };
        Ok::<_, ServiceError>((pages, service.now()))
    })
    .await??;
    page(&NoticesPage {
        shell: shell(&staff, Place::Notices),
        of_all: scope == Scope::Issued,
        sections: pages.iter().map(|one| section(one, scope, now)).collect(),
        back_href: shelf.map(|_| "/notices".to_owned()).unwrap_or_default(),
    })
}

fn section(shelf: &ShelfPage, scope: Scope, now: Timestamp) -> NoticeSection {
    let (heading, when, of_issued) = match shelf.shelf {
        Shelf::Waiting => ("待核发", "送核发时间", false),
        Shelf::Open => ("未签收齐", "发出时间", true),
        Shelf::Drafts => ("草稿", "保存时间", false),
        Shelf::Settled => ("已签收齐和已结束", "发出时间", true),
    };
    let name = shelf.shelf.as_str();
    let next = shelf.next.map(|edge| {
        with_query("/notices", &[("shelf", name), ("after", &format!("{}.{}", edge.key, edge.id))])
    });
    let row = |line| row(line, shelf, scope, now);
    NoticeSection {
        id: name,
        heading: heading.to_owned(),
        count: shelf.count,
        when,
        of_issued,
        rows: shelf.lines.iter().map(row).collect(),
        next_href: next.unwrap_or_default(),
    }
}

fn row(line: &ShelfLine, shelf: &ShelfPage, scope: Scope, now: Timestamp) -> NoticeRow {
    let tally = line.tally.unwrap_or_default();
    // Who had not signed when it ended is not counted as signed for it.
    let over = line.state.is_taken_back();
    let unsigned = tally.unsigned() + if over { tally.recalled } else { 0 };
    let runs = line.state == NoticeState::Issued && unsigned > 0;
    let due = line.deadline_at.filter(|_| runs);
    let picked = shelf.picked.get(&line.id).copied().unwrap_or(0);
    let total = line.tally.map_or(picked, |tally| usize::try_from(tally.total).unwrap_or(0));
    let title = if line.title.is_empty() { "未填标题" } else { &line.title };
    NoticeRow {
        href: format!("/notices/{}", line.id),
        number: marks::numbered(&line.document_number, line.version),
        title: title.to_owned(),
        urgency: UrgencyMark::of(&line.urgency),
        at: Moment::at(line.issued_at.unwrap_or(line.saved_at), now),
        unsigned: usize::try_from(unsigned).unwrap_or(0),
        total,
        state: state(line),
        countdown: due.map(|due| countdown(due, now)).unwrap_or_default(),
        late: due.is_some_and(|due| now > due),
        by: match (scope, line.issued_at) {
            (Scope::Issued, _) => line.issuer_name.clone(),
            (_, None) => line.author_name.clone(),
            _ => String::new(),
        },
    }
}

fn state(line: &ShelfLine) -> StateMark {
    let word = match line.state {
        NoticeState::Draft => "草稿",
        other => other.word_zh(),
    };
    match line.tally {
        Some(tally) if line.state == NoticeState::Issued => {
            if tally.unreachable > 0 {
                StateMark::late(&format!("暂无法联系 {}", tally.unreachable))
            } else if tally.unsigned() == 0 && tally.returned > 0 {
                StateMark { word: format!("退文 {}", tally.returned), ..StateMark::returned() }
            } else if tally.unsigned() == 0 {
                StateMark::acknowledged("已签收齐")
            } else {
                StateMark { word: word.to_owned(), ..StateMark::handed_over() }
            }
        }
        _ => StateMark::pending(word),
    }
}

fn read_edge(text: &str) -> Option<Edge> {
    let (key, id) = text.split_once('.')?;
    Some(Edge { key: key.parse().ok()?, id: id.parse().ok()? })
}

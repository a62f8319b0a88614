//! The list of notices, as its readers see it.

use std::collections::BTreeMap;

use super::scope::Scope;
use super::{Service, ServiceError};
use crate::domain::ids::NoticeId;
use crate::store::notices::Notice;
use crate::store::shelves::{Edge, Shelf, ShelfLine, pick_count, shelf_count, shelf_list};

/// Notices on one page of a shelf.
pub const LINES_MAX: i64 = 50;

/// A page of one shelf.
#[derive(Debug, Clone)]
pub struct ShelfPage {
    /// Which shelf.
    pub shelf: Shelf,
    /// How many notices stand on it in all.
    pub count: usize,
    /// Those of this page.
    pub lines: Vec<ShelfLine>,
    /// How many organisations each draft of this page is to go to.
    pub picked: BTreeMap<NoticeId, usize>,
    /// Where the next page begins, if there is one.
    pub next: Option<Edge>,
}

/// The first page of every shelf that has something on it.
///
/// # Errors
/// The store's own.
pub fn first_pages(service: &Service, scope: Scope) -> Result<Vec<ShelfPage>, ServiceError> {
    let mut pages = Vec::new();
    for shelf in open_to(scope) {
        let page = page(service, scope, *shelf, None)?;
        if page.count > 0 {
            pages.push(page);
        }
    }
    Ok(pages)
}

/// The shelves a reader may look at: what was not issued is the office's own affair.
const fn open_to(scope: Scope) -> &'static [Shelf] {
    match scope {
        Scope::Office(_) => Shelf::ALL,
        Scope::Issued => &[Shelf::Open, Shelf::Settled],
    }
}

/// One page of one shelf, behind `after`.
///
/// # Errors
/// [`ServiceError::NotFound`] for a shelf this reader may not look at.
pub fn page(
    service: &Service,
    scope: Scope,
    shelf: Shelf,
    after: Option<Edge>,
) -> Result<ShelfPage, ServiceError> {
    if !open_to(scope).contains(&shelf) {
        return Err(ServiceError::NotFound);
    }
    service.store.read(|conn| {
        let count = shelf_count(conn, shelf, scope.issuer())?;
        // One more than shown tells whether there is a next page.
        let mut lines = shelf_list(conn, shelf, scope.issuer(), after, LINES_MAX + 1)?;
        let shown = usize::try_from(LINES_MAX).unwrap_or(lines.len());
        let more = lines.len() > shown;
        lines.truncate(shown);
        let next = lines.last().filter(|_| more).map(|line| line.edge);
        let unissued: Vec<NoticeId> =
            lines.iter().filter(|line| line.tally.is_none()).map(|line| line.id).collect();
        let picked = pick_count(conn, &unissued)?.into_iter().collect();
        Ok(ShelfPage { shelf, count, lines, picked, next })
    })
}

/// One notice.
///
/// # Errors
/// [`ServiceError::NotFound`], whether it is absent or out of reach.
pub fn find(service: &Service, scope: Scope, id: NoticeId) -> Result<Notice, ServiceError> {
    service.store.read(|conn| scope.notice(conn, id))
}

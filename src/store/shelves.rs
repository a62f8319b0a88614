//! The list of notices, shelf by shelf: what waits for 核发, what is out and unsigned, drafts, and
//! the rest. Each shelf has its own order and is read a page at a time, from an edge on.

use diesel::prelude::*;

use super::schema::{accounts, notice_picks, notice_tallies, notices, organizations};
use super::tallies::{Counts, tally_of};
use super::{Conn, StoreError};
use crate::domain::delivery::Tally;
use crate::domain::ids::{NoticeId, OrganizationId};
use crate::domain::notice::NoticeState;
use crate::domain::time::Timestamp;
use crate::domain::words::stored_words;

diesel::define_sql_function! {
    /// The first that is not null.
    fn coalesce(
        value: diesel::sql_types::Nullable<diesel::sql_types::BigInt>,
        or: diesel::sql_types::BigInt
    ) -> diesel::sql_types::BigInt
}

/// A part of the list of notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shelf {
    /// Waiting for 核发, the longest waiting first.
    Waiting,
    /// Issued and not signed by all, the nearest deadline first.
    Open,
    /// Drafts, the last saved first.
    Drafts,
    /// Signed by all, closed or taken back, the last issued first.
    Settled,
}

stored_words!(Shelf, {
    Waiting => "waiting", Open => "open", Drafts => "drafts", Settled => "settled",
});

/// Where a page of a shelf begins: behind this notice, by what the shelf is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// What the shelf is sorted by.
    pub key: i64,
    /// Of those with the same key.
    pub id: NoticeId,
}

/// One notice on a shelf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShelfLine {
    /// Where the next page begins if this line is the last of its own.
    pub edge: Edge,
    /// Its id.
    pub id: NoticeId,
    /// The issuing office.
    pub issuer_name: String,
    /// Where it stands.
    pub state: NoticeState,
    /// Title as typed.
    pub title: String,
    /// Level as typed; a draft may not have one yet.
    pub urgency: String,
    /// Number as typed.
    pub document_number: String,
    /// Which version of the matter it is.
    pub version: i32,
    /// Who wrote it.
    pub author_name: String,
    /// When the draft was last saved.
    pub saved_at: Timestamp,
    /// When it was issued.
    pub issued_at: Option<Timestamp>,
    /// The earliest deadline.
    pub deadline_at: Option<Timestamp>,
    /// Its counts, once it is issued.
    pub tally: Option<Tally>,
}

type Row = (
    (i64, NoticeId, String, NoticeState, String, String, String, String),
    (i32, Timestamp, Option<Timestamp>, Option<Timestamp>),
    Option<Counts>,
);

/// A later deadline than any: those without one come last.
const NO_DEADLINE: i64 = i64::MAX;

macro_rules! on_shelf {
    ($shelf:expr, $issuer:expr) => {{
        let unsigned = notice_tallies::pending
            + notice_tallies::handed_over
            + notice_tallies::opened
            + notice_tallies::returned;
        let mut lines = notices::table
            .inner_join(accounts::table.on(accounts::id.eq(notices::author_id)))
            .inner_join(organizations::table.on(organizations::id.eq(notices::issuer_id)))
            .left_join(notice_tallies::table.on(notice_tallies::notice_id.eq(notices::id)))
            .into_boxed();
        if let Some(issuer) = $issuer {
            let issuer: OrganizationId = issuer;
            lines = lines.filter(notices::issuer_id.eq(issuer.to_string()));
        }
        let issued = NoticeState::Issued.as_str();
        match $shelf {
            Shelf::Waiting => {
                lines.filter(notices::state.eq(NoticeState::AwaitingRelease.as_str()))
            }
            Shelf::Open => {
                lines.filter(notices::state.eq(issued)).filter(unsigned.nullable().gt(0))
            }
            Shelf::Drafts => lines.filter(notices::state.eq(NoticeState::Draft.as_str())),
            Shelf::Settled => lines
                .filter(notices::issued_at.is_not_null())
                .filter(notices::state.ne(issued).or(unsigned.nullable().le(0))),
        }
    }};
}

/// How many notices stand on a shelf; of one office, or of all.
///
/// # Errors
/// The store's own.
pub fn shelf_count(
    conn: &mut Conn,
    shelf: Shelf,
    issuer: Option<OrganizationId>,
) -> Result<usize, StoreError> {
    let count: i64 = on_shelf!(shelf, issuer).count().get_result(conn.db())?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// A page of a shelf, at most `rows_max` lines behind `after`; of one office, or of all.
///
/// # Errors
/// The store's own.
pub fn shelf_list(
    conn: &mut Conn,
    shelf: Shelf,
    issuer: Option<OrganizationId>,
    after: Option<Edge>,
    rows_max: i64,
) -> Result<Vec<ShelfLine>, StoreError> {
    macro_rules! page {
        ($key:expr, $beyond:ident, $direction:ident) => {{
            let mut lines = on_shelf!(shelf, issuer);
            if let Some(edge) = after {
                let id = edge.id.to_string();
                lines = lines.filter(
                    $key.$beyond(edge.key).or($key.eq(edge.key).and(notices::id.$beyond(id))),
                );
            }
            lines
                .order(($key.$direction(), notices::id.$direction()))
                .limit(rows_max)
                .select(line_columns!($key))
                .load::<Row>(conn.db())?
        }};
    }
    macro_rules! line_columns {
        ($key:expr) => {
            (
                (
                    $key,
                    notices::id,
                    organizations::name,
                    notices::state,
                    notices::title,
                    notices::urgency,
                    notices::document_number,
                    accounts::display_name,
                ),
                (notices::version, notices::saved_at, notices::issued_at, notices::deadline_at),
                (
                    notice_tallies::pending,
                    notice_tallies::handed_over,
                    notice_tallies::opened,
                    notice_tallies::acknowledged,
                    notice_tallies::returned,
                    notice_tallies::recalled,
                    notice_tallies::unreachable,
                )
                    .nullable(),
            )
        };
    }
    let rows = match shelf {
        Shelf::Waiting => page!(notices::saved_at, gt, asc),
        Shelf::Drafts => page!(notices::saved_at, lt, desc),
        Shelf::Open => page!(coalesce(notices::deadline_at, NO_DEADLINE), gt, asc),
        Shelf::Settled => page!(coalesce(notices::issued_at, 0), lt, desc),
    };
    Ok(rows.into_iter().map(line).collect())
}

fn line(row: Row) -> ShelfLine {
    let (words, times, tally) = row;
    let (key, id, issuer_name, state, title, urgency, document_number, author_name) = words;
    let (version, saved_at, issued_at, deadline_at) = times;
    ShelfLine {
        edge: Edge { key, id },
        id,
        issuer_name,
        state,
        title,
        urgency,
        document_number,
        version,
        author_name,
        saved_at,
        issued_at,
        deadline_at,
        tally: tally.map(tally_of),
    }
}

/// How many organisations are picked for each of these drafts.
///
/// # Errors
/// The store's own.
pub fn pick_count(
    conn: &mut Conn,
    drafts: &[NoticeId],
) -> Result<Vec<(NoticeId, usize)>, StoreError> {
    let texts: Vec<String> = drafts.iter().map(ToString::to_string).collect();
    let counts: Vec<(NoticeId, i64)> = notice_picks::table
        .filter(notice_picks::notice_id.eq_any(&texts))
        .group_by(notice_picks::notice_id)
        .select((notice_picks::notice_id, diesel::dsl::count_star()))
        .load(conn.db())?;
    let sized = counts.into_iter().map(|(id, count)| (id, usize::try_from(count).unwrap_or(0)));
    Ok(sized.collect())
}

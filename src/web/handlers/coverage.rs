//! The directory, looked over for who could not be reached.

use actix_web::{HttpRequest, HttpResponse, web};

use crate::domain::account::Role;
use crate::domain::coverage::Lack;
use crate::service::Service;
use crate::service::coverage::{Coverage, look_over};
use crate::web::address::{query, with_query};
use crate::web::drawn::{Drawn, drawn};
use crate::web::error::WebError;
use crate::web::pages::coverage::{CoveragePage, CoverageRow};
use crate::web::pages::moment::Moment;
use crate::web::pages::parts::{Link, Place};
use crate::web::session::Staff;
use crate::web::shell::shell;

const ROWS_PER_PAGE: usize = 200;

/// The page.
pub(in crate::web) async fn show(
    service: web::Data<Service>,
    request: HttpRequest,
    staff: Staff,
) -> Result<HttpResponse, WebError> {
    let asked = query(&request);
    let only: Option<Lack> = asked.filled("lack").and_then(|word| word.parse().ok());
    let number: usize = asked.text("page").parse().unwrap_or(0);
    drawn(move || {
        let found = look_over(&service, only)?;
        Drawn::page(&filled(&staff, &found, only, number))
    })
    .await
}

fn filled(staff: &Staff, found: &Coverage, only: Option<Lack>, number: usize) -> CoveragePage {
    let word = only.map_or("", Lack::as_str);
    let turned =
        |page: usize| with_query("/coverage", &[("lack", word), ("page", &page.to_string())]);
    let from = number.saturating_mul(ROWS_PER_PAGE);
    let rows: Vec<CoverageRow> =
        found.rows.iter().skip(from).take(ROWS_PER_PAGE).map(row).collect();
    let more = from.saturating_add(rows.len()) < found.rows.len();
    CoveragePage {
        shell: shell(staff, Place::Directory),
        total: found.total,
        at: Moment::at(found.at, found.at),
        filters: filters(found, only),
        rows,
        found: found.rows.len(),
        back_href: number.checked_sub(1).map(turned).unwrap_or_default(),
        more_href: if more { turned(number + 1) } else { String::new() },
        may_ask: staff.account.holds_any(&[Role::Administrator, Role::Duty]),
    }
}

fn filters(found: &Coverage, only: Option<Lack>) -> Vec<Link> {
    let all =
        Link {
            text: "有缺的".to_owned(), href: "/coverage".to_owned(), current: only.is_none()
        };
    let each = found.counts.iter().map(|(lack, count)| Link {
        text: format!("{} {count}", lack.word_zh()),
        href: with_query("/coverage", &[("lack", lack.as_str())]),
        current: only == Some(*lack),
    });
    std::iter::once(all).chain(each).collect()
}

fn row(
    (organization, lacks): &(crate::store::organizations::OrganizationBrief, Vec<Lack>),
) -> CoverageRow {
    CoverageRow {
        href: format!("/directory/{}", organization.id),
        name: organization.name.clone(),
        level: organization.level.word_zh().to_owned(),
        lacks: lacks.iter().map(|lack| lack.word_zh()).collect(),
        lost: lacks.contains(&Lack::Now),
    }
}

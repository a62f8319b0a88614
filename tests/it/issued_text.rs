//! Who sent a notice can still read it: the page its recipients have.

use crate::support::door::{Door, Visitor};
use crate::support::fixture_staff::{PASSWORD, Town};
use crate::support::stand::PUBLIC_URL;

#[test]
fn the_office_reads_what_it_has_sent_and_no_other_office_does() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let board = format!("/notices/{}", town.ours.notice);
    let mut clerk = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let page = format!("{board}/preview/page");
    assert!(clerk.get(&board).body.contains(&format!("href=\"{page}\"")), "the board leads there");
    let seen = clerk.get(&page);
    assert_eq!(seen.status, 200, "{}", seen.words());
    assert!(seen.body.contains("湘办发电〔2026〕35号"), "{}", seen.words());
    let mut theirs = Visitor::new(&door).sign_in("zf-jingban", PASSWORD);
    assert_eq!(theirs.get(&page).status, 404);
}

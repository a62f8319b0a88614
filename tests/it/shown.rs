//! A signature is prepared on what its page showed, and nothing is read again before the write.
//! Here the world changes between the page and the press: whatever changed, what is written is
//! what holds when it is written.

use std::sync::Arc;

use qianshou::domain::receipt::{Grade, ReceiptBody};
use qianshou::domain::time::Span;
use qianshou::service::acknowledge::{Acknowledged, SignRequest, acknowledge};
use qianshou::service::receive::receive;
use qianshou::service::verify_receipt::verify_receipt;
use qianshou::service::visit::{Visiting, as_shown, bearer, begin, read_waiting, resume};

use crate::link_signing::{filled, in_one_slice, ready};
use crate::support::crossing::crossing;
use crate::support::door::{Door, Heard, Visitor};
use crate::support::fixture_link::{Ground, Issued, PUBLIC_URL, SIGN_WITHIN, Seat};

/// Somebody who has the page before him.
struct Signer {
    visitor: Visitor,
    page: Heard,
    delivery: String,
}

impl Signer {
    fn comes(door: &Door, seat: &Seat) -> Self {
        let mut visitor = Visitor::new(door);
        assert_eq!(visitor.get(&format!("/l/{}", seat.token)).status, 303);
        let page = visitor.get(&format!("/receive/{}", seat.delivery));
        assert_eq!(page.status, 200, "{}", page.body);
        Self { visitor, page, delivery: seat.delivery.to_string() }
    }

    fn shown(&self) -> &str {
        self.page.field("shown").unwrap()
    }

    fn presses(&mut self) -> Heard {
        let shown = self.shown().to_owned();
        self.presses_with(&shown)
    }

    fn presses_with(&mut self, shown: &str) -> Heard {
        let digits = self.page.body.split("id=\"code-digits\">").nth(1).unwrap();
        let fields = [
            ("form_token", self.page.field("form_token").unwrap()),
            ("code_token", self.page.field("code_token").unwrap()),
            ("shown", shown),
            ("code", digits.split('<').next().unwrap()),
            ("name", "王某"),
            ("post", "值班员"),
            ("phone", "0731-88062345"),
            ("mode", "self"),
        ];
        self.visitor.post(&format!("/receive/{}/acknowledge", self.delivery), &fields)
    }
}

fn town(status: &str) -> Option<(Ground, Issued, Door)> {
    let ground = Ground::new()?;
    let issued = ground.issue(2, status);
    let door = Door::open(&ground.service, PUBLIC_URL);
    Some((ground, issued, door))
}

/// The one receipt, verified.
fn receipt(ground: &Ground) -> ReceiptBody {
    let files = ground.lines("SELECT jws AS line FROM receipts");
    assert_eq!(files.len(), 1);
    verify_receipt(&files[0], ground.service.keys.receipt_public_pem()).unwrap()
}

#[test]
fn what_the_page_keeps_is_what_the_database_says() {
    let Some(ground) = Ground::new() else { return };
    let issued = ground.issue(1, "verified");
    let (service, seat) = (&ground.service, &issued.seats[0]);
    let read = ground.visit(seat);
    let page = receive(service, &read).unwrap();
    let arrival = begin(service, &seat.token).unwrap();
    let bearer = bearer(service, seat.delivery, &arrival.cookie).unwrap();
    let shown = as_shown(service, &bearer, &page.shown).unwrap();
    let of = |visit: &Visiting| {
        let mut told = visit.clone();
        let mut found = (*told.found).clone();
        // what happened meanwhile is for the write to see
        found.facts = qianshou::domain::delivery::DeliveryFacts {
            deadline: found.facts.deadline,
            ..Default::default()
        };
        told.found = Arc::new(found);
        format!("{told:?}")
    };
    assert_eq!(of(&shown), of(&read));

    let signature = ready(&ground, &shown, &filled(&ground, &shown));
    let signed = acknowledge(service, signature).wait().unwrap();
    assert!(matches!(signed, Acknowledged::Signed(_)), "{signed:?}");
    // Once somebody signed there is no first signature to prepare.
    assert_eq!(receive(service, &ground.visit(seat)).unwrap().shown, "");
}

#[test]
fn a_press_waits_for_nobody_who_reads_links() {
    let Some((ground, issued, door)) = town("verified") else { return };
    let (service, seat) = (&ground.service, &issued.seats[0]);
    let mut signer = Signer::comes(&door, seat);
    // Whoever begins to read links reads for all others too. This reader has begun and does not go
    // on, so a press that had to read its link would wait for ever.
    let arrival = begin(service, &seat.token).unwrap();
    let stuck = resume(service, bearer(service, seat.delivery, &arrival.cookie).unwrap());
    assert!(stuck.must_read);
    let (tell, told) = std::sync::mpsc::channel();
    let press = std::thread::spawn(move || tell.send(signer.presses().status));
    let status = told.recv_timeout(std::time::Duration::from_secs(60));
    read_waiting(service);
    press.join().unwrap().ok();
    assert_eq!(status, Ok(303));
    assert_eq!(ground.count("receipts"), 1);
}

#[test]
fn a_second_press_is_the_same_signature() {
    let Some((ground, issued, door)) = town("unverified") else { return };
    let mut signer = Signer::comes(&door, &issued.seats[0]);
    let cookies = signer.visitor.cookies.clone();
    let first = signer.presses();
    let before = ground.dump();
    // With the cookie of the first answer, and without, as when that answer was lost.
    let again = signer.presses();
    signer.visitor.cookies = cookies;
    let lost = signer.presses();
    let of = |heard: &Heard| (heard.status, heard.header("location").to_owned());
    assert_eq!([of(&again), of(&lost)], [of(&first), of(&first)]);
    assert!(lost.header("set-cookie").contains("-seat=signed"), "{:?}", lost.headers);
    assert_eq!(ground.dump(), before);
}

#[test]
fn what_was_taken_back_meanwhile_is_not_signed() {
    for taken in [
        "UPDATE notices SET state = 'recalled' WHERE id = '{notice}'",
        "UPDATE deliveries SET recalled_at = 1 WHERE id = '{delivery}'",
    ] {
        let Some((ground, issued, door)) = town("verified") else { return };
        let seat = &issued.seats[0];
        let mut signer = Signer::comes(&door, seat);
        let taken = taken.replace("{notice}", &issued.notice.to_string());
        ground.sql(&taken.replace("{delivery}", &seat.delivery.to_string()));
        let heard = signer.presses();
        assert_eq!(heard.status, 409, "{taken}: {}", heard.body);
        assert_eq!(ground.count("receipts"), 0, "{taken}");
    }
}

#[test]
fn an_address_is_shown_to_work_by_one_signature_of_a_slice() {
    let Some(ground) = Ground::new() else { return };
    let issued = ground.issue(2, "unverified");
    let (service, address) = (&ground.service, issued.seats[0].address);
    let other = issued.seats[1].link;
    ground.sql(&format!("UPDATE links SET address_id = '{address}' WHERE id = '{other}'"));
    let ready = |seat: &Seat| {
        let visit = ground.visit(seat);
        ready(&ground, &visit, &filled(&ground, &visit))
    };
    let pair = issued.seats.iter().map(ready).collect::<Vec<_>>();
    let told = in_one_slice(service, pair);
    assert!(matches!(told[..], [Acknowledged::Signed(_), Acknowledged::Outdated]), "{told:?}");
    assert_eq!(ground.count("receipts"), 1);
}

#[test]
fn a_link_that_opens_nothing_any_more_signs_nothing() {
    for ended in [
        "UPDATE links SET revoked_at = 1 WHERE id = '{link}'",
        "UPDATE links SET generation = 2 WHERE id = '{link}'",
        "UPDATE contact_addresses SET status = 'retired' WHERE id = '{address}'",
    ] {
        let Some((ground, issued, door)) = town("verified") else { return };
        let seat = &issued.seats[0];
        let mut signer = Signer::comes(&door, seat);
        let ended = ended.replace("{link}", &seat.link.to_string());
        ground.sql(&ended.replace("{address}", &seat.address.to_string()));
        let before = ground.dump();
        let refused = signer.presses();
        let page = signer.visitor.get(&format!("/receive/{}", seat.delivery));
        assert_eq!((refused.status, refused.words()), (page.status, page.words()), "{ended}");
        assert_eq!(refused.status, 404, "{ended}");
        assert_eq!(ground.dump(), before, "{ended}");
    }
}

#[test]
fn the_grade_is_that_of_the_address_as_it_is_known_now() {
    for (shown, now, grade) in
        [("unverified", "verified", Grade::G1), ("verified", "unverified", Grade::G0)]
    {
        let Some((ground, issued, door)) = town(shown) else { return };
        let mut signer = Signer::comes(&door, &issued.seats[0]);
        let address = issued.seats[0].address;
        ground
            .sql(&format!("UPDATE contact_addresses SET status = '{now}' WHERE id = '{address}'"));
        assert_eq!(signer.presses().status, 303);
        assert_eq!(receipt(&ground).grade, grade);
        assert_eq!(ground.assert_tallies_hold(issued.notice).acknowledged, 1);
    }
}

/// Two servers sign through one address of a desk that nobody had shown to work.
#[test]
fn an_address_that_is_just_being_shown_to_work_is_waited_for() {
    let Some((ground, issued, door)) = town("unverified") else { return };
    let mut signer = Signer::comes(&door, &issued.seats[0]);
    let shown = format!(
        "UPDATE contact_addresses SET status = 'verified' WHERE id = '{}'",
        issued.seats[0].address
    );
    let Some(pressed) = crossing(&ground.url, &shown, || signer.presses()) else { return };
    assert_eq!(pressed.status, 303);
    assert_eq!(receipt(&ground).grade, Grade::G1);
}

#[test]
fn whether_it_is_late_is_told_by_the_deadline_that_counts_now() {
    let Some((ground, issued, door)) = town("verified") else { return };
    let seat = &issued.seats[0];
    let mut signer = Signer::comes(&door, seat);
    ground.clock.advance(SIGN_WITHIN);
    let moved = ground.service.now().plus(Span::minutes(20));
    ground.sql(&format!(
        "UPDATE deliveries SET deadline_at = {} WHERE id = '{}'",
        moved.as_micros(),
        seat.delivery
    ));
    assert_eq!(signer.presses().status, 303);
    let receipt = receipt(&ground);
    assert_eq!((receipt.late, receipt.deadline), (false, Some(moved)));
}

#[test]
fn who_was_overtaken_by_a_weaker_answer_stands_beside_it() {
    let Some((ground, issued, door)) = town("verified") else { return };
    let seat = &issued.seats[0];
    let mut signer = Signer::comes(&door, seat);
    let (service, visit) = (&ground.service, ground.visit(seat));
    let by_another = SignRequest {
        name: "张某".to_owned(),
        on_behalf: true,
        authority: "李某".to_owned(),
        ..filled(&ground, &visit)
    };
    acknowledge(service, ready(&ground, &visit, &by_another)).wait().unwrap();
    assert_eq!(signer.presses().status, 303);
    let rows = "SELECT signer_name || CASE WHEN beside THEN ' beside' ELSE '' END AS line \
                FROM receipts ORDER BY acknowledged_at, beside";
    assert_eq!(ground.lines(rows), ["张某", "王某 beside"]);
    assert_eq!(ground.count("events WHERE kind = 'acknowledged'"), 1);
    assert_eq!(ground.assert_tallies_hold(issued.notice).acknowledged, 1);
}

#[test]
fn what_was_not_made_for_this_page_is_as_good_as_none() {
    let Some((ground, issued, door)) = town("verified") else { return };
    let other = Signer::comes(&door, &issued.seats[1]);
    let mut signer = Signer::comes(&door, &issued.seats[0]);
    let foreign = other.shown().to_owned();
    assert_eq!(signer.presses_with(&foreign).status, 303);
    assert_eq!(receipt(&ground).organization.id, issued.seats[0].organization);
    for none in ["", "AAAA"] {
        let Some((ground, issued, door)) = town("verified") else { return };
        assert_eq!(Signer::comes(&door, &issued.seats[0]).presses_with(none).status, 303);
        assert_eq!(ground.count("receipts"), 1);
    }
}

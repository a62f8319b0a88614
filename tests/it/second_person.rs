//! Whoever comes to a page that somebody signed sees plainly who signed, when and how; a second
//! signature is not taken as another one, and that is said. The receipt stays within reach after a
//! newer version took the place of what was signed.

use qianshou::domain::time::Span;
use qianshou::service::call::{CallRequest, Recorded, record_call, sheet};

use crate::support::door::{Door, Heard, Visitor};
use crate::support::fixture_link::{PUBLIC_URL, SIGN_WITHIN, Seat};
use crate::support::form::{Form, press};
use crate::support::office::{Office, office};

fn page_of(seat: &Seat) -> String {
    format!("/receive/{}", seat.delivery)
}

fn comes(door: &Door, seat: &Seat) -> Visitor {
    let mut visitor = Visitor::new(door);
    assert_eq!(visitor.get(&format!("/l/{}", seat.token)).status, 303);
    visitor
}

/// The signing form of a page, filled in by that person.
fn filled(page: &Heard, name: &str) -> Form {
    let mut form = Form::holding(&page.body, "code").unwrap_or_else(|| panic!("{}", page.words()));
    let digits = page.body.split("id=\"code-digits\">").nth(1).unwrap();
    let digits = digits.split('<').next().unwrap().to_owned();
    let typed = [("name", name), ("post", "值班员"), ("phone", "0731-88062345"), ("code", &digits)];
    for (field, text) in typed {
        form.type_in(field, text);
    }
    form
}

fn signs(visitor: &mut Visitor, form: &Form) -> Heard {
    let heard = press(visitor, form, ("sign", "1"));
    assert_eq!(heard.status, 303, "{}", heard.words());
    let next = heard.header("location").to_owned();
    visitor.get(&next)
}

const NOT_ANOTHER: &str = "后来填写的签收没有另记：本件此前已经签收";

#[test]
fn the_second_person_is_told_who_signed_and_that_his_own_was_not_taken() {
    let Some(at) = office(1) else { return };
    let door = Door::open(&at.ground.service, PUBLIC_URL);
    let seat = &at.issued.seats[0];
    for same_browser in [true, false] {
        let Some(at) = office(1) else { return };
        let door = Door::open(&at.ground.service, PUBLIC_URL);
        let seat = &at.issued.seats[0];
        let mut one = comes(&door, seat);
        let first = filled(&one.get(&page_of(seat)), "王某");
        let mut other = comes(&door, seat);
        let other = if same_browser { &mut one } else { &mut other };
        let second = filled(&other.get(&page_of(seat)), "周某");
        let cookies = other.cookies.clone();
        if same_browser {
            let page = signs(other, &first);
            assert!(!page.body.contains(NOT_ANOTHER), "{}", page.words());
        } else {
            signs(&mut comes(&door, seat), &first);
            other.cookies = cookies;
        }
        at.ground.clock.advance(Span::minutes(3));
        let page = signs(other, &second);
        assert!(page.body.contains(NOT_ANOTHER), "same browser {same_browser}: {}", page.words());
        for words in ["本件已由王某（值班员）于", "代表贵单位签收，不必再签", "登记查看"]
        {
            assert!(page.body.contains(words), "{words}: {}", page.words());
        }
        assert!(!page.body.contains("周某"), "{}", page.words());
        assert_eq!(at.ground.count("receipts"), 1);
        let again = signs(other, &first);
        assert!(!again.body.contains(NOT_ANOTHER), "who signed presses twice: {}", again.words());
    }
    // Who only looks has tried nothing.
    let mut signer = comes(&door, seat);
    let form = filled(&signer.get(&page_of(seat)), "王某");
    signs(&mut signer, &form);
    let looked = comes(&door, seat).get(&page_of(seat));
    assert!(looked.body.contains("不必再签") && !looked.body.contains(NOT_ANOTHER));
}

/// The duty officer rings, and the organisation confirms.
fn confirms_by_phone(at: &Office, seat: &Seat) {
    let service = &at.ground.service;
    let before = sheet(service, &at.duty, seat.delivery).unwrap();
    let request = CallRequest {
        outcome: "confirmed".into(),
        name: "李某".into(),
        post: "值班长".into(),
        number: "0731-55509876".into(),
        shown: before.standing(),
        form_key: service.form_key().unwrap(),
        ..CallRequest::default()
    };
    let recorded = record_call(service, &at.duty, seat.delivery, &request).unwrap();
    assert_eq!(recorded, Recorded::Yes { confirmed: 1 });
}

#[test]
fn what_was_confirmed_by_telephone_says_so_and_a_signature_beside_it_is_shown() {
    let Some(at) = office(2) else { return };
    let door = Door::open(&at.ground.service, PUBLIC_URL);
    let [seat, quiet] = &at.issued.seats[..] else { panic!() };
    let mut visitor = comes(&door, seat);
    let late = filled(&visitor.get(&page_of(seat)), "周某");
    confirms_by_phone(&at, seat);
    confirms_by_phone(&at, quiet);
    let looked = comes(&door, quiet).get(&page_of(quiet));
    for words in ["已签收（电话确认）", "在电话中向李某（值班长）确认贵单位收到，不必再签"]
    {
        assert!(looked.body.contains(words), "{words}: {}", looked.words());
    }
    assert!(!looked.body.contains("随后的签收"), "{}", looked.words());
    at.ground.clock.advance(SIGN_WITHIN);
    let page = signs(&mut visitor, &late);
    for words in ["已签收（电话确认）", "随后的签收", "周某（值班员），另存一份回执"]
    {
        assert!(page.body.contains(words), "{words}: {}", page.words());
    }
    assert!(!page.body.contains(NOT_ANOTHER), "it was taken: {}", page.words());
    // After a correction the old page says in which way it was signed.
    at.replace(at.issued.notice, &[seat, quiet], "k1");
    let closed = comes(&door, quiet).get(&page_of(quiet));
    assert!(closed.body.contains("李某（电话确认），记录保留"), "{}", closed.words());
}

#[test]
fn a_receipt_stays_within_reach_after_a_correction_and_the_new_version_knows_its_own() {
    let Some(at) = office(2) else { return };
    let door = Door::open(&at.ground.service, PUBLIC_URL);
    let [seat, unsigned] = &at.issued.seats[..] else { panic!() };
    let mut visitor = comes(&door, seat);
    let first = filled(&visitor.get(&page_of(seat)), "王某");
    signs(&mut visitor, &first);
    at.replace(at.issued.notice, &[seat, unsigned], "k1");
    let old = visitor.get(&page_of(seat));
    assert!(
        old.body.contains("本件已更正") && old.body.contains("王某，记录保留"),
        "{}",
        old.words()
    );
    for (name, kind) in [("receipt.jws", "application/jose"), ("receipt", "text/html")] {
        let href = format!("{}/{name}", page_of(seat));
        assert!(old.body.contains(&format!("href=\"{href}\"")), "{}", old.words());
        let heard = visitor.get(&href);
        assert_eq!(heard.status, 200, "{}", heard.words());
        assert!(heard.header("content-type").starts_with(kind), "{name}");
    }
    let other = comes(&door, unsigned).get(&page_of(unsigned));
    assert!(!other.body.contains("receipt.jws"), "{}", other.words());

    let led = visitor.get(&format!("{}/current", page_of(seat)));
    let next = led.header("location").to_owned();
    let page = visitor.get(&next);
    assert!(page.body.contains("本版仍须签收"), "{}", page.words());
    let again = filled(&page, "王某");
    let signed = signs(&mut visitor, &again);
    assert!(signed.body.contains("贵单位已签收本版"), "{}", signed.words());
    assert!(!signed.body.contains("仍须签收"), "{}", signed.words());
}

//! Signatures under the door: first one wins, all others get its bytes, and everything that
//! follows from one is written with it.

use std::sync::{Arc, Barrier};
use std::thread;

use qianshou::domain::evidence::leaf_hash;
use qianshou::domain::notice::NoticeState;
use qianshou::domain::receipt::Grade;
use qianshou::domain::time::Span;
use qianshou::service::Service;
use qianshou::service::acknowledge::{
    Acknowledged, Preparation, SignFaults, SignRequest, Signature, acknowledge, fresh_code, prepare,
};
use qianshou::service::verify_receipt::verify_receipt;
use qianshou::service::visit::Visiting;
use qianshou::store::StoreError;
use qianshou::store::receipts::Receipt;

use crate::support::HEADS;
use crate::support::fixture_link::{Ground, SIGN_WITHIN, Seat};

/// A filled form of a page drawn now.
pub(crate) fn filled(ground: &Ground, visit: &Visiting) -> SignRequest {
    use qianshou::adapters::clock::Clock as _;
    let now = ground.clock.now();
    let code = fresh_code(&ground.service, visit.delivery, visit.version, now).unwrap();
    SignRequest {
        name: "王某".to_owned(),
        post: "机要室主任".to_owned(),
        phone: "0731-88062345".to_owned(),
        on_behalf: false,
        authority: String::new(),
        code: code.digits,
        code_token: code.token,
    }
}

pub(crate) fn ready(ground: &Ground, visit: &Visiting, request: &SignRequest) -> Signature {
    match prepare(&ground.service, visit, request).unwrap() {
        Preparation::Ready(signature) => *signature,
        Preparation::Settled(outcome) => panic!("settled: {outcome:?}"),
        Preparation::Mistaken(faults) => panic!("mistaken: {faults:?}"),
    }
}

fn sign(ground: &Ground, seat: &Seat) -> Acknowledged {
    let visit = ground.visit(seat);
    let signature = ready(ground, &visit, &filled(ground, &visit));
    acknowledge(&ground.service, signature).wait().unwrap()
}

fn faults(ground: &Ground, visit: &Visiting, request: &SignRequest) -> SignFaults {
    match prepare(&ground.service, visit, request).unwrap() {
        Preparation::Mistaken(faults) => faults,
        _ => panic!("accepted"),
    }
}

fn receipt(outcome: &Acknowledged) -> &Arc<Receipt> {
    match outcome {
        Acknowledged::Signed(receipt) | Acknowledged::AlreadySigned(receipt) => receipt,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_signature_is_proved_by_its_receipt_and_closes_what_was_owed() {
    let Some(ground) = Ground::new() else { return };
    let issued = ground.issue(2, "unverified");
    let outcome = sign(&ground, &issued.seats[0]);
    assert!(matches!(outcome, Acknowledged::Signed(_)));
    let pem = ground.service.keys.receipt_public_pem();
    let body = verify_receipt(&receipt(&outcome).jws, pem).unwrap();
    assert_eq!(body.delivery, issued.seats[0].delivery);
    assert_eq!((body.version, body.files.len(), body.late), (1, 2, false));
    assert_eq!(body.statement, "签收仅表示收到正文及附件1件，不代表已办理。");
    assert_eq!(body.grade, Grade::G0, "nobody had shown that this address works");
    assert!(body.text_sha256.is_some());

    let delivery = issued.seats[0].delivery;
    let of = |rows: &str| ground.count(&format!("{rows} AND delivery_id = '{delivery}'"));
    assert_eq!(of("events WHERE kind = 'acknowledged'"), 1);
    assert_eq!(of("events WHERE id <> ''"), 1, "one change, one event");
    assert_eq!(of("messages WHERE state = 'cancelled' AND finished_why = 'acknowledged'"), 1);
    assert_eq!(of(HEADS), 0, "nobody is chased any more");
    assert_eq!(ground.count("messages WHERE state = 'waiting'"), 1, "the other organisation's");
    assert_eq!(ground.count(HEADS), 1);
    assert_eq!(ground.count("contact_addresses WHERE status = 'verified'"), 1);
    assert_eq!(ground.count("receipts WHERE form_nonce IS NOT NULL"), 1);
    let tally = ground.assert_tallies_hold(issued.notice);
    assert_eq!((tally.acknowledged, tally.pending), (1, 1));

    // What the receipt binds is the leaf of the event that stands in the log.
    let hex = if ground.service.store.engine_name() == "sqlite" {
        "lower(hex(bytes))"
    } else {
        "encode(bytes, 'hex')"
    };
    let bytes = ground.lines(&format!("SELECT {hex} AS line FROM events"));
    let bytes: Vec<u8> = bytes[0]
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    assert_eq!(body.leaf, leaf_hash(&bytes));
    let text = String::from_utf8(bytes).unwrap();
    assert!(!text.contains("王某") && !text.contains("88062345"), "{text}");
}

#[test]
fn an_answer_ends_calls_that_are_owed_but_not_the_question_how_good_it_is() {
    let Some(ground) = Ground::new() else { return };
    let issued = ground.issue(2, "unverified");
    for (place, (seat, kind)) in
        [(0, "call"), (0, "offer_superior"), (0, "confirm_grade"), (1, "call")].iter().enumerate()
    {
        ground.sql(&format!(
            "INSERT INTO call_tasks (id, issuer_id, notice_id, delivery_id, kind, reason, lane, \
             opened_at, due_at, raised) SELECT 'tsk_{place}', issuer_id, id, '{}', '{kind}', \
             'call', 0, 1, 1, 1 FROM notices WHERE id = '{}'",
            issued.seats[*seat].delivery, issued.notice
        ));
    }
    sign(&ground, &issued.seats[0]);
    let ended = "call_tasks WHERE closed_why = 'acknowledged' AND closed_at IS NOT NULL";
    assert_eq!(ground.count(ended), 2);
    assert_eq!(ground.count("call_tasks WHERE closed_at IS NULL AND kind = 'confirm_grade'"), 1);
    assert_eq!(ground.count("call_tasks WHERE closed_at IS NULL AND kind = 'call'"), 1);
}

#[test]
fn a_grade_below_what_the_level_asks_for_counts_and_owes_a_confirming_call() {
    for (status, owed) in [("unverified", 1), ("verified", 0)] {
        let Some(ground) = Ground::new() else { return };
        let issued = ground.issue(2, status);
        assert!(matches!(sign(&ground, &issued.seats[0]), Acknowledged::Signed(_)));
        let calls = format!(
            "call_tasks WHERE kind = 'confirm_grade' AND reason = 'below_wanted_grade' \
             AND lane = 0 AND raised = 1 AND closed_at IS NULL AND delivery_id = '{}'",
            issued.seats[0].delivery
        );
        assert_eq!(ground.count(&calls), owed, "{status}");
        assert_eq!(ground.count("call_tasks"), owed, "nobody else is called");
        let tally = ground.assert_tallies_hold(issued.notice);
        assert_eq!(tally.acknowledged, 1, "it stops the clock all the same");
    }
}

#[test]
fn a_stronger_signature_stands_beside_the_weaker_one_that_answered() {
    let Some(ground) = Ground::new() else { return };
    let issued = ground.issue(1, "unverified");
    let (seat, delivery) = (&issued.seats[0], issued.seats[0].delivery);
    let visit = ground.visit(seat);
    let on_behalf =
        SignRequest { on_behalf: true, authority: "张某".into(), ..filled(&ground, &visit) };
    let first = acknowledge(&ground.service, ready(&ground, &visit, &on_behalf)).wait().unwrap();
    let answered = receipt(&first);
    let facts = format!("SELECT acknowledged_at AS line FROM deliveries WHERE id = '{delivery}'");
    let facts = facts.replace("acknowledged_at AS", "CAST(acknowledged_at AS TEXT) AS");
    let before = ground.lines(&facts);

    // A form that was made ready before anybody signed says that it is the first: nothing of it is
    // written, it is made ready anew.
    let early = SignRequest { name: "赵某".into(), ..filled(&ground, &visit) };
    let early = acknowledge(&ground.service, ready(&ground, &visit, &early)).wait().unwrap();
    assert_eq!(early, Acknowledged::Outdated);
    assert_eq!(ground.count("receipts"), 1);

    ground.clock.advance(Span::minutes(7));
    let visit = ground.visit(seat);
    let own = SignRequest { name: "李某".into(), ..filled(&ground, &visit) };
    let outcome = acknowledge(&ground.service, ready(&ground, &visit, &own)).wait().unwrap();
    assert!(matches!(outcome, Acknowledged::Signed(_)));
    let beside = receipt(&outcome);
    assert!(beside.beside && !answered.beside);
    let body = verify_receipt(&beside.jws, ground.service.keys.receipt_public_pem()).unwrap();
    assert_eq!((body.signer.name.as_str(), body.event), ("李某", beside.event_id));

    assert_eq!(ground.lines(&facts), before, "the answer stays when it was");
    let of = |rows: &str| ground.count(&format!("{rows} AND delivery_id = '{delivery}'"));
    assert_eq!(of("events WHERE kind = 'acknowledged'"), 1);
    assert_eq!(of("events WHERE kind = 'signed_beside'"), 1);
    assert_eq!(of("events WHERE id <> ''"), 2);
    assert_eq!((of("receipts WHERE beside"), of("receipts WHERE NOT beside")), (1, 1));
    assert_eq!(ground.assert_tallies_hold(issued.notice).acknowledged, 1);

    // Posted again it is the same; whoever comes third is shown what answered.
    let visit = ground.visit(seat);
    for (name, wanted) in [("李某", &beside.jws), ("周某", &answered.jws)] {
        let again = SignRequest { name: name.into(), ..filled(&ground, &visit) };
        match prepare(&ground.service, &visit, &again).unwrap() {
            Preparation::Settled(Acknowledged::AlreadySigned(known)) => {
                assert_eq!(&known.jws, wanted, "{name}");
            }
            _ => panic!("{name} signed"),
        }
    }
}

#[test]
fn an_address_that_was_verified_gives_the_stronger_grade() {
    let Some(ground) = Ground::new() else { return };
    let issued = ground.issue(1, "verified");
    assert_eq!(receipt(&sign(&ground, &issued.seats[0])).grade, Grade::G1);
}

#[test]
fn a_thousand_presses_at_once_make_one_receipt() {
    let Some(ground) = Ground::new() else { return };
    let issued = ground.issue(1, "unverified");
    let visit = ground.visit(&issued.seats[0]);
    // Half of them are the same form posted again, half are pages drawn anew.
    let same = filled(&ground, &visit);
    let signatures: Vec<Signature> = (0..1_000)
        .map(|n| {
            let request = if n % 2 == 0 { same.clone() } else { filled(&ground, &visit) };
            ready(&ground, &visit, &request)
        })
        .collect();
    let service = &ground.service;
    let mut hands: Vec<Vec<Signature>> = (0..8).map(|_| Vec::new()).collect();
    for (n, signature) in signatures.into_iter().enumerate() {
        hands[n % 8].push(signature);
    }
    let outcomes: Vec<Acknowledged> = thread::scope(|scope| {
        let pressing: Vec<_> = hands
            .into_iter()
            .map(|hand| {
                scope.spawn(move || {
                    let asked: Vec<_> =
                        hand.into_iter().map(|one| acknowledge(service, one)).collect();
                    asked.into_iter().map(|one| one.wait().unwrap()).collect::<Vec<_>>()
                })
            })
            .collect();
        pressing.into_iter().flat_map(|hand| hand.join().unwrap()).collect()
    });
    assert_eq!(outcomes.len(), 1_000);
    let first = outcomes.iter().filter(|one| matches!(one, Acknowledged::Signed(_))).count();
    assert_eq!(first, 1);
    let bytes = &receipt(&outcomes[0]).jws;
    assert!(outcomes.iter().all(|one| receipt(one).jws == *bytes));
    assert_eq!(ground.count("receipts"), 1);
    assert_eq!(ground.count("events WHERE kind = 'acknowledged'"), 1);
    assert_eq!(ground.assert_tallies_hold(issued.notice).acknowledged, 1);
}

#[test]
fn a_burst_of_many_organisations_loses_none_and_counts_all() {
    let Some(ground) = Ground::new() else { return };
    let issued = ground.issue(600, "unverified");
    let signatures: Vec<Signature> = issued
        .seats
        .iter()
        .map(|seat| {
            let visit = ground.visit(seat);
            ready(&ground, &visit, &filled(&ground, &visit))
        })
        .collect();
    let service = &ground.service;
    let asked: Vec<_> = signatures.into_iter().map(|one| acknowledge(service, one)).collect();
    for one in asked {
        assert!(matches!(one.wait().unwrap(), Acknowledged::Signed(_)));
    }
    assert_eq!(ground.count("receipts"), 600);
    assert_eq!(
        ground.count(
            "deliveries d JOIN receipts r ON r.delivery_id = d.id \
        AND r.acknowledged_at = d.acknowledged_at"
        ),
        600
    );
    assert_eq!(ground.count("messages WHERE state = 'waiting'"), 0);
    assert_eq!(ground.assert_tallies_hold(issued.notice).acknowledged, 600);
}

#[test]
fn the_deadline_itself_is_on_time_and_later_is_marked_late() {
    let Some(ground) = Ground::new() else { return };
    let issued = ground.issue(2, "unverified");
    ground.clock.advance(Span::micros(SIGN_WITHIN.as_micros() - Span::minutes(5).as_micros()));
    assert!(!receipt(&sign(&ground, &issued.seats[0])).late);
    ground.clock.advance(Span::micros(1));
    let late = sign(&ground, &issued.seats[1]);
    let body =
        verify_receipt(&receipt(&late).jws, ground.service.keys.receipt_public_pem()).unwrap();
    assert!(body.late);
}

#[test]
fn a_form_with_mistakes_writes_nothing() {
    let Some(ground) = Ground::new() else { return };
    let issued = ground.issue(2, "unverified");
    let visit = ground.visit(&issued.seats[0]);
    let other = ground.visit(&issued.seats[1]);
    let before = ground.dump();
    let good = filled(&ground, &visit);

    let empty = SignRequest { code_token: good.code_token.clone(), ..SignRequest::default() };
    let told = faults(&ground, &visit, &empty);
    let person = told.person;
    assert!(person.name.is_some() && person.post.is_some() && person.phone.is_some());
    assert!(told.code.is_some());
    let wrong = if good.code == "0000" { "0001" } else { "0000" };
    let wrong_code = SignRequest { code: wrong.to_owned(), ..good.clone() };
    assert!(faults(&ground, &visit, &wrong_code).code.unwrap().contains(wrong));
    let unsaid = SignRequest { on_behalf: true, ..good.clone() };
    assert!(faults(&ground, &visit, &unsaid).authority.is_some());
    // A code of another delivery's page is no code here.
    assert!(faults(&ground, &other, &good).code.is_some());
    let forged = SignRequest { code_token: "AAAA".to_owned(), ..good.clone() };
    assert!(faults(&ground, &visit, &forged).code.is_some());
    ground.clock.advance(Span::hours(12));
    assert!(faults(&ground, &visit, &good).code.is_some(), "expired");
    assert_eq!(ground.dump(), before);
}

#[test]
fn signing_on_behalf_names_its_authority() {
    let Some(ground) = Ground::new() else { return };
    let issued = ground.issue(1, "unverified");
    let visit = ground.visit(&issued.seats[0]);
    let authority = "区委办值班室李某电话委托".to_owned();
    let request = SignRequest { on_behalf: true, authority, ..filled(&ground, &visit) };
    let signature = ready(&ground, &visit, &request);
    let outcome = acknowledge(&ground.service, signature).wait().unwrap();
    let pem = ground.service.keys.receipt_public_pem();
    let body = verify_receipt(&receipt(&outcome).jws, pem).unwrap();
    assert_eq!(body.mode.as_str(), "on_behalf");
    assert_eq!(body.authority.as_deref(), Some("区委办值班室李某电话委托"));
}

/// The recall or the new version comes after the form was checked and before the commit.
#[test]
fn what_happens_before_the_commit_decides() {
    let Some(ground) = Ground::new() else { return };
    let issued = ground.issue(2, "unverified");
    let notice = issued.notice;
    let visit = ground.visit(&issued.seats[0]);
    let signature = ready(&ground, &visit, &filled(&ground, &visit));
    ground.sql(&format!(
        "INSERT INTO notice_versions (notice_id, version, header, issued_at) \
         SELECT notice_id, 2, header, issued_at FROM notice_versions;\
         UPDATE notices SET version = 2 WHERE id = '{notice}';"
    ));
    let before = ground.dump();
    let outcome = acknowledge(&ground.service, signature).wait().unwrap();
    assert_eq!(outcome, Acknowledged::Superseded { shown: 1, current: 2 });
    assert_eq!(ground.dump(), before);

    let visit = ground.visit(&issued.seats[0]);
    let signature = ready(&ground, &visit, &filled(&ground, &visit));
    ground.sql(&format!("UPDATE notices SET state = 'recalled' WHERE id = '{notice}'"));
    let before = ground.dump();
    let outcome = acknowledge(&ground.service, signature).wait().unwrap();
    assert_eq!(outcome, Acknowledged::Withdrawn(NoticeState::Recalled));
    assert_eq!(ground.dump(), before);
}

/// What becomes of these in one slice: they gather while another write is under way.
pub(crate) fn in_one_slice(service: &Service, signatures: Vec<Signature>) -> Vec<Acknowledged> {
    let gate = Arc::new(Barrier::new(2));
    let held = Arc::clone(&gate);
    let other = service.store.submit("hold", move |_| {
        held.wait();
        Ok::<_, StoreError>(())
    });
    let asked: Vec<_> = signatures.into_iter().map(|one| acknowledge(service, one)).collect();
    gate.wait();
    other.wait().unwrap().unwrap();
    asked.into_iter().map(|one| one.wait().unwrap()).collect()
}

/// A slice in which one signature is refused keeps the others.
#[test]
fn one_slice_decides_each_for_itself() {
    let Some(ground) = Ground::new() else { return };
    let (recalled, open) = (ground.issue(1, "unverified"), ground.issue(2, "unverified"));
    let seats = [&recalled.seats[0], &open.seats[0], &open.seats[0], &open.seats[1]];
    let signatures: Vec<Signature> = seats
        .iter()
        .map(|seat| {
            let visit = ground.visit(seat);
            ready(&ground, &visit, &filled(&ground, &visit))
        })
        .collect();
    ground.sql(&format!("UPDATE notices SET state = 'revoked' WHERE id = '{}'", recalled.notice));
    let service = &ground.service;
    let outcomes = in_one_slice(service, signatures);
    assert_eq!(outcomes[0], Acknowledged::Withdrawn(NoticeState::Revoked));
    assert!(matches!(outcomes[1], Acknowledged::Signed(_)));
    assert!(matches!(outcomes[2], Acknowledged::AlreadySigned(_)));
    assert!(matches!(outcomes[3], Acknowledged::Signed(_)));
    assert_eq!(receipt(&outcomes[1]).jws, receipt(&outcomes[2]).jws);
    ground.assert_tallies_hold(recalled.notice);
    ground.assert_tallies_hold(open.notice);
}

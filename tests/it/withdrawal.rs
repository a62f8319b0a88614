//! An end is told to whoever was told of the notice, by the way by which it was told, each once.

use qianshou::domain::account::Account;
use qianshou::domain::call_task::TaskKind;
use qianshou::domain::ids::{AddressId, DeliveryId};
use qianshou::domain::time::Span;
use qianshou::service::acts::ActForm;
use qianshou::service::call::{CallRequest, Recorded, record_call};
use qianshou::service::deliver::{Dispatch, Sender, Share, tick};
use qianshou::service::end_notice::recall;
use qianshou::service::remind_by_hand::{candidates, remind_by_hand};
use qianshou::service::{accounts, duty};

use crate::support::door::{Door, Visitor};
use crate::support::fixture_staff::{PASSWORD, Town};
use crate::support::house::{count, execute, texts};
use crate::support::office::{form as office_form, office};
use crate::support::stand::PUBLIC_URL;

fn account(town: &Town, login: &str) -> Account {
    let all = accounts::list(&town.service).unwrap();
    all.into_iter().find(|one| one.login == login).unwrap()
}

fn call(town: &Town, id: DeliveryId, outcome: &str) -> Recorded {
    call_from(town, id, outcome, "issued")
}

/// A call by somebody whose page said that the notice stands so.
fn call_from(town: &Town, id: DeliveryId, outcome: &str, shown: &str) -> Recorded {
    let request = CallRequest {
        promised: if outcome == "promised" { "08:00".into() } else { String::new() },
        shown: shown.into(),
        outcome: outcome.into(),
        name: "李某".into(),
        post: "值班员".into(),
        number: "0731-55509876".into(),
        form_key: town.service.form_key().unwrap(),
        ..CallRequest::default()
    };
    record_call(&town.service, &account(town, "zhiban"), id, &request).unwrap()
}

fn recall_it(town: &Town) {
    let form = ActForm { key: "end".into(), reason: "文件有误".into() };
    recall(&town.service, &account(town, "jingban"), town.ours.notice, &form).unwrap();
}

fn send(town: &Town) {
    let dispatch = Dispatch::open(&town.service);
    let mut sender = Sender::open(&town.service, &dispatch, "test", Share::All);
    for _ in 0..200 {
        if tick(&town.service, &mut sender).unwrap().taken == 0 {
            return;
        }
    }
    panic!("there is no end to the sending");
}

#[test]
fn who_was_told_by_telephone_alone_is_telephoned_and_everybody_else_gets_a_mail_once() {
    let Some(town) = Town::new() else { return };
    let officer = account(&town, "zhiban");
    let [phoned, both, confirmed, nobody] = [0, 1, 2, 3].map(|place| town.ours.sent[place].0);
    // One was reminded by mail and telephoned, two were telephoned alone, one heard nothing.
    town.clock.advance(Span::minutes(1));
    let notice = town.ours.notice;
    assert_eq!(remind_by_hand(&town.service, &officer, notice, &[both], "k").unwrap(), 1);
    send(&town);
    for (id, outcome) in [(phoned, "told"), (both, "told"), (confirmed, "confirmed")] {
        assert!(matches!(call(&town, id, outcome), Recorded::Yes { .. }), "{outcome}");
    }
    call(&town, nobody, "no_answer");
    for _ in 0..2 {
        recall_it(&town);
    }
    let owed = || {
        texts(
            &town.url,
            "SELECT delivery_id AS value FROM call_tasks WHERE kind = 'tell_end' AND closed_at \
             IS NULL ORDER BY delivery_id",
        )
    };
    let mut wanted = vec![phoned.to_string(), confirmed.to_string()];
    wanted.sort();
    assert_eq!(owed(), wanted);
    let told = "messages WHERE purpose = 'withdrawal'";
    let distinct = "(SELECT DISTINCT delivery_id, address_id FROM messages WHERE purpose = \
                    'withdrawal') AS told";
    assert!(count(&town.url, told) > 0);
    assert_eq!(count(&town.url, told), count(&town.url, distinct), "each once");
    let of = format!("{told} AND delivery_id <> '{both}'");
    assert_eq!(count(&town.url, &of), 0, "only who was written to is written to");

    let door = Door::open(&town.service, PUBLIC_URL);
    let mut visitor = Visitor::new(&door).sign_in("zhiban", PASSWORD);
    let page = visitor.get("/duty").words();
    assert!(page.contains("公文已撤回，此前在电话里通知过"), "{page}");
    let sheet = visitor.get(&format!("/deliveries/{phoned}/call"));
    assert!(sheet.words().contains("本件已撤回。请告知对方"), "{}", sheet.words());
    assert!(!sheet.body.contains("value=\"confirmed\""), "nothing is to be signed any more");
    assert!(sheet.body.contains("name=\"shown\" value=\"recalled\""));
    call_from(&town, phoned, "no_answer", "recalled");
    assert_eq!(owed().len(), 2, "not told yet");
    call_from(&town, phoned, "told", "recalled");
    assert_eq!(owed(), [confirmed.to_string()]);
    let board = duty::read(&town.service, &officer).unwrap();
    let kinds: Vec<TaskKind> =
        board.calls.iter().flat_map(|call| &call.tasks).map(|task| task.kind).collect();
    assert_eq!((kinds.as_slice(), board.call_count), ([TaskKind::TellEnd].as_slice(), 1));
    // Everything that is owed can be written.
    send(&town);
    assert_eq!(count(&town.url, "messages WHERE state = 'dead'"), 0);
}

/// The page was drawn before the end and the call recorded after it: what was read out does not
/// hold any more, and a mail of the end came before the call.
#[test]
fn who_is_telephoned_after_the_end_what_no_longer_holds_is_telephoned_again() {
    let Some(town) = Town::new() else { return };
    let officer = account(&town, "zhiban");
    let ids = [0, 1, 2, 3, 4].map(|place| town.ours.sent[place].0);
    let [told, promised, confirmed, nobody, written] = ids;
    let notice = town.ours.notice;
    town.clock.advance(Span::minutes(1));
    assert_eq!(remind_by_hand(&town.service, &officer, notice, &[written], "k").unwrap(), 1);
    send(&town);
    recall_it(&town);
    let owed = |id: DeliveryId| {
        let open = "call_tasks WHERE kind = 'tell_end' AND reason = 'recall' AND closed_at IS NULL";
        count(&town.url, &format!("{open} AND delivery_id = '{id}'"))
    };
    assert_eq!(ids.map(owed), [0; 5]);
    call(&town, nobody, "no_answer");
    for (id, outcome) in
        [(told, "told"), (promised, "promised"), (confirmed, "confirmed"), (written, "told")]
    {
        assert_eq!(call(&town, id, outcome), Recorded::Yes { confirmed: 0 }, "{outcome}");
    }
    assert_eq!([told, promised, confirmed, nobody, written].map(owed), [1, 1, 1, 0, 1]);
    assert_eq!(count(&town.url, "receipts"), 0);
    // Told again what does not hold, it is still owed, once; told of the end, it is not.
    call_from(&town, told, "told", "issued");
    assert_eq!(owed(told), 1);
    call_from(&town, told, "told", "recalled");
    assert_eq!(owed(told), 0);
}

/// A revoked link stays without effect; at an address that is in use again it gets a successor.
#[test]
fn a_reminder_never_carries_a_revoked_link() {
    let Some(town) = Town::new() else { return };
    let clerk = account(&town, "jingban");
    let (id, link) = town.ours.sent[0];
    let link = link.unwrap();
    let old = town.service.keys.link_token(link, 1);
    execute(&town.url, &format!("UPDATE links SET revoked_at = 5 WHERE id = '{link}'"));
    let door = Door::open(&town.service, PUBLIC_URL);
    assert_eq!(Visitor::new(&door).get(&format!("/l/{old}")).status, 404);
    let at = format!("SELECT address_id AS value FROM links WHERE id = '{link}'");
    let at: AddressId = texts(&town.url, &at)[0].parse().unwrap();
    let found = candidates(&town.service, &clerk, town.ours.notice).unwrap();
    let one = found.all.iter().find(|one| one.delivery.id == id).unwrap();
    assert!(one.ways.iter().any(|way| way.address == at), "the address is in use");
    assert_eq!(remind_by_hand(&town.service, &clerk, town.ours.notice, &[id], "k").unwrap(), 1);
    send(&town);
    let mail = format!(
        "messages WHERE purpose = 'reminder' AND address_id = '{at}' AND link_id = '{link}' \
         AND state = 'handed_over'"
    );
    assert_eq!(count(&town.url, &mail), 1);
    let new = town.service.keys.link_token(link, 2);
    assert_eq!(Visitor::new(&door).get(&format!("/l/{old}")).status, 404, "as revoked as before");
    assert_eq!(Visitor::new(&door).get(&format!("/l/{new}")).status, 303);
}

/// Told in writing is who holds a letter with a link at an address that works: a word to the
/// leader, or a letter to an address that has failed since, does not spare the call.
#[test]
fn only_a_letter_with_a_link_at_a_working_address_spares_the_call() {
    let Some(at) = office(4) else { return };
    let [works, failed, leader, unsent] = &at.issued.seats[..] else { panic!() };
    for (place, seat) in at.issued.seats.iter().enumerate() {
        at.ground.sql(&format!(
            "INSERT INTO calls (id, notice_id, delivery_id, caller_id, called_at, outcome, \
             number_differs, read_back, event_id) VALUES ('cal_{place}', '{}', '{}', '{}', 1, \
             'told', FALSE, FALSE, 'evt_{place}');",
            at.issued.notice, seat.delivery, at.clerk.id
        ));
    }
    at.hand_over(&[works, failed, leader]);
    at.ground.sql(&format!(
        "UPDATE contact_addresses SET status = 'failing' WHERE id = '{}';\
         UPDATE messages SET purpose = 'leader_prompt' WHERE delivery_id = '{}';",
        failed.address, leader.delivery
    ));
    let end = office_form("end", "文件有误");
    recall(&at.ground.service, &at.clerk, at.issued.notice, &end).unwrap();
    let owed = at.ground.lines(
        "SELECT delivery_id AS line FROM call_tasks WHERE kind = 'tell_end' ORDER BY delivery_id",
    );
    let mut wanted = [failed, leader, unsent].map(|seat| seat.delivery.to_string());
    wanted.sort();
    assert_eq!(owed, wanted);
}

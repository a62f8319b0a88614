//! The issuer's acts on a notice that is out: what they end, what they leave, and who is told.

use std::collections::BTreeMap;

use qianshou::domain::account::Account;
use qianshou::domain::delivery::DeliveryState;
use qianshou::domain::ids::DeliveryId;
use qianshou::domain::notice::NoticeState;
use qianshou::domain::time::Span;
use qianshou::service::accounts;
use qianshou::service::acknowledge::{
    Acknowledged, Preparation, SignRequest, Signature, acknowledge, fresh_code, prepare,
};
use qianshou::service::acts::{ActForm, ActRefused};
use qianshou::service::ask_again::{Asked, ask_again};
use qianshou::service::close::close;
use qianshou::service::decide_return::decide_return;
use qianshou::service::end_notice::{recall, revoke};
use qianshou::service::resend::resend;
use qianshou::service::return_notice::{GiveBackRequest, Returned, return_notice};
use qianshou::service::scope::Scope;
use qianshou::service::stop_chasing::stop_chasing;
use qianshou::service::story::{self, story_sentences};
use qianshou::service::visit::Visiting;
use qianshou::store::deliveries::delivery_find;

use crate::support::HEADS;
use crate::support::fixture_link::{Ground, Issued, Seat};

fn clerk(ground: &Ground) -> Account {
    accounts::list(&ground.service).unwrap().remove(0)
}

fn form(key: &str, reason: &str) -> ActForm {
    ActForm { key: key.to_owned(), reason: reason.to_owned() }
}

fn filled(ground: &Ground, visit: &Visiting) -> SignRequest {
    let now = ground.service.now();
    let code = fresh_code(&ground.service, visit.delivery, visit.version, now).unwrap();
    SignRequest {
        name: "王某".into(),
        post: "机要室主任".into(),
        phone: "0731-88062345".into(),
        on_behalf: false,
        authority: String::new(),
        code: code.digits,
        code_token: code.token,
    }
}

fn ready(ground: &Ground, seat: &Seat) -> Signature {
    let visit = ground.visit(seat);
    match prepare(&ground.service, &visit, &filled(ground, &visit)).unwrap() {
        Preparation::Ready(signature) => *signature,
        Preparation::Settled(outcome) => panic!("settled: {outcome:?}"),
        Preparation::Mistaken(faults) => panic!("mistaken: {faults:?}"),
    }
}

fn sign(ground: &Ground, seat: &Seat) -> Acknowledged {
    acknowledge(&ground.service, ready(ground, seat)).wait().unwrap()
}

fn state(ground: &Ground, id: DeliveryId) -> DeliveryState {
    let found = ground.service.store.read(|conn| delivery_find(conn, id)).unwrap().unwrap();
    DeliveryState::derive(&found.facts)
}

/// The first mails of these seats were taken over by the next server.
fn hand_over(ground: &Ground, seats: &[&Seat]) {
    for seat in seats {
        ground.sql(&format!(
            "UPDATE messages SET state = 'handed_over', due_at = NULL, finished_at = 1 \
             WHERE delivery_id = '{}';",
            seat.delivery
        ));
    }
}

fn told(ground: &Ground, purpose: &str) -> Vec<String> {
    let mut all = ground.lines(&format!(
        "SELECT address_id AS line FROM messages WHERE purpose = '{purpose}' AND state = 'waiting'"
    ));
    all.sort();
    all
}

fn addresses(seats: &[&Seat]) -> Vec<String> {
    let mut all: Vec<String> = seats.iter().map(|seat| seat.address.to_string()).collect();
    all.sort();
    all
}

fn open_rungs(ground: &Ground) -> usize {
    ground.count(HEADS)
}

fn sentences(ground: &Ground, by: &Account, id: DeliveryId) -> String {
    let story = story::read(&ground.service, Scope::of(by), id).unwrap();
    let told: Vec<String> = story_sentences(&story)
        .into_iter()
        .map(|sentence| format!("{} {}", sentence.text, sentence.quiet))
        .collect();
    told.join("\n")
}

fn person() -> GiveBackRequest {
    GiveBackRequest {
        reason: "misdirected".into(),
        detail: "不归本单位".into(),
        name: "赵某".into(),
        post: "值班员".into(),
        phone: "0731-88060001".into(),
    }
}

fn out(recipients: usize) -> Option<(Ground, Issued, Account)> {
    let ground = Ground::new()?;
    let issued = ground.issue(recipients, "verified");
    let by = clerk(&ground);
    Some((ground, issued, by))
}

#[test]
fn a_recall_ends_everything_and_tells_exactly_those_who_were_told() {
    let Some((ground, issued, by)) = out(4) else { return };
    let [signed, notified, unsent, uncertain] = &issued.seats[..] else { panic!() };
    hand_over(&ground, &[signed, notified]);
    ground.sql(&format!(
        "INSERT INTO attempts (id, message_id, number, started_at) SELECT \
         'att_0000000000000000000000000a', id, 1, 1 FROM messages WHERE delivery_id = '{}';",
        uncertain.delivery
    ));
    assert!(matches!(sign(&ground, signed), Acknowledged::Signed(_)));
    let refused = recall(&ground.service, &by, issued.notice, &form("k0", "  ")).unwrap_err();
    assert!(matches!(&refused, ActRefused::Fields(all) if all[0].0 == "reason"), "{refused:?}");
    for _ in 0..2 {
        recall(&ground.service, &by, issued.notice, &form("k1", "文件有误")).unwrap();
    }
    assert_eq!(state(&ground, signed.delivery), DeliveryState::Acknowledged);
    for seat in [notified, unsent, uncertain] {
        assert_eq!(state(&ground, seat.delivery), DeliveryState::Recalled);
    }
    assert_eq!(open_rungs(&ground), 0);
    assert_eq!(ground.count("messages WHERE due_at IS NOT NULL AND purpose <> 'withdrawal'"), 0);
    assert_eq!(told(&ground, "withdrawal"), addresses(&[signed, notified, uncertain]));
    assert_eq!(ground.count("receipts"), 1, "the receipt stays");
    assert_eq!(ground.count("notice_ends WHERE act = 'recall'"), 1);
    assert_eq!(ground.count("events WHERE kind = 'notice_recalled'"), 1);
    let tally = ground.assert_tallies_hold(issued.notice);
    assert_eq!((tally.recalled, tally.acknowledged), (3, 1));
    let again = revoke(&ground.service, &by, issued.notice, &form("k2", "再来")).unwrap_err();
    assert!(matches!(again, ActRefused::State(_)), "{again:?}");
    let story = sentences(&ground, &by, notified.delivery);
    assert!(story.contains("撤回本件，不再催签。 文件有误"), "{story}");
}

/// I7: of a signature and a recall one is first, and the other is decided on it.
#[test]
fn a_recall_and_a_signature_end_in_one_of_the_two_orders() {
    let Some((ground, issued, by)) = out(2) else { return };
    let [before, after] = &issued.seats[..] else { panic!() };
    // Both were prepared on a page that could be signed.
    let (first, second) = (ready(&ground, before), ready(&ground, after));
    assert!(matches!(acknowledge(&ground.service, first).wait().unwrap(), Acknowledged::Signed(_)));
    recall(&ground.service, &by, issued.notice, &form("k1", "文件有误")).unwrap();
    let late = acknowledge(&ground.service, second).wait().unwrap();
    assert_eq!(late, Acknowledged::Withdrawn(NoticeState::Recalled));
    assert_eq!(state(&ground, before.delivery), DeliveryState::Acknowledged);
    assert_eq!(state(&ground, after.delivery), DeliveryState::Recalled);
    assert_eq!(ground.count("receipts"), 1);
}

#[test]
fn races_of_recall_and_signatures_leave_no_delivery_in_between() {
    let Some((ground, issued, by)) = out(24) else { return };
    let ready: Vec<Signature> = issued.seats.iter().map(|seat| ready(&ground, seat)).collect();
    let answers = std::thread::scope(|scope| {
        let recalls = scope.spawn(|| {
            recall(&ground.service, &by, issued.notice, &form("k1", "文件有误")).unwrap();
        });
        let answers: Vec<Acknowledged> = ready
            .into_iter()
            .map(|one| acknowledge(&ground.service, one).wait().unwrap())
            .collect();
        recalls.join().unwrap();
        answers
    });
    for (seat, answer) in issued.seats.iter().zip(&answers) {
        let stands = state(&ground, seat.delivery);
        match answer {
            Acknowledged::Signed(_) => assert_eq!(stands, DeliveryState::Acknowledged),
            Acknowledged::Withdrawn(_) => assert_eq!(stands, DeliveryState::Recalled),
            other => panic!("{other:?}"),
        }
    }
    ground.assert_tallies_hold(issued.notice);
}

#[test]
fn a_flash_notice_is_not_closed_while_an_organisation_is_unexplained() {
    let Some((ground, issued, by)) = out(3) else { return };
    let [signed, one, other] = &issued.seats[..] else { panic!() };
    sign(&ground, signed);
    let words = |of: &[(&Seat, &str)]| -> BTreeMap<DeliveryId, String> {
        of.iter().map(|(seat, text)| (seat.delivery, (*text).to_owned())).collect()
    };
    let half = words(&[(one, "已电话告知，线路故障")]);
    let id = issued.notice;
    let refused = close(&ground.service, &by, id, &form("k1", ""), &half).unwrap_err();
    let ActRefused::Fields(faults) = refused else { panic!("{refused:?}") };
    let names: Vec<&str> = faults.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, [format!("gap-{}", other.delivery)]);
    assert_eq!(open_rungs(&ground), 2, "nothing was ended");
    let whole = words(&[(one, "已电话告知，线路故障"), (other, "已派人送达")]);
    for _ in 0..2 {
        close(&ground.service, &by, id, &form("k2", ""), &whole).unwrap();
    }
    assert_eq!(ground.count("gap_explanations"), 2);
    assert_eq!(ground.count("events WHERE kind = 'gap_explained'"), 2);
    assert_eq!((open_rungs(&ground), ground.count("notices WHERE state = 'closed'")), (0, 1));
    assert_eq!(ground.count("messages WHERE purpose = 'withdrawal'"), 0, "nobody is told");
    assert!(state(&ground, one.delivery).is_unsigned(), "unsigned stays unsigned");
    assert!(sentences(&ground, &by, other.delivery).contains("已派人送达"));
    assert!(matches!(sign(&ground, other), Acknowledged::Signed(_)), "and may still be signed");
}

#[test]
fn a_named_person_ends_the_chase_of_one_delivery() {
    let Some((ground, issued, by)) = out(2) else { return };
    let [one, other] = &issued.seats[..] else { panic!() };
    let id = one.delivery;
    assert!(stop_chasing(&ground.service, &by, id, &form("k0", "")).is_err());
    for _ in 0..2 {
        stop_chasing(&ground.service, &by, id, &form("k1", "已当面送达")).unwrap();
    }
    let twice = stop_chasing(&ground.service, &by, id, &form("k2", "又一次")).unwrap_err();
    assert!(matches!(twice, ActRefused::Changed(_)), "{twice:?}");
    let due = format!("{HEADS} AND delivery_id = '{}'", other.delivery);
    assert_eq!((open_rungs(&ground), ground.count(&due)), (1, 1));
    assert_eq!(ground.count("chase_stops"), 1);
    assert!(state(&ground, id).is_unsigned());
    assert!(sentences(&ground, &by, id).contains("终止催签，本单位仍计未签收。 已当面送达"));
    assert!(matches!(sign(&ground, one), Acknowledged::Signed(_)));
    ground.assert_tallies_hold(issued.notice);
}

#[test]
fn a_return_counts_as_unsigned_until_the_issuer_takes_it_back() {
    let Some((ground, issued, by)) = out(1) else { return };
    let seat = &issued.seats[0];
    let (id, visit) = (seat.delivery, ground.visit(seat));
    for _ in 0..2 {
        assert_eq!(return_notice(&ground.service, &visit, &person()).unwrap(), Returned::Yes);
    }
    assert_eq!(ground.count("returns"), 1);
    assert!(state(&ground, id).is_unsigned() && open_rungs(&ground) == 1);
    let task = "call_tasks WHERE kind = 'returned' AND closed_at IS NULL";
    assert_eq!(ground.count(task), 1, "it is on the issuer's desk at once");
    let refuse = form("k1", "应由贵单位办理");
    for _ in 0..2 {
        decide_return(&ground.service, &by, id, false, &refuse).unwrap();
    }
    assert_eq!(told(&ground, "return_decision"), addresses(&[seat]));
    assert_eq!((open_rungs(&ground), ground.count(task)), (1, 0), "the chase goes on");
    assert_eq!(return_notice(&ground.service, &visit, &person()).unwrap(), Returned::Yes);
    assert_eq!(ground.count(task), 1);
    decide_return(&ground.service, &by, id, true, &form("k2", "确属误投")).unwrap();
    assert_eq!((state(&ground, id), open_rungs(&ground)), (DeliveryState::Returned, 0));
    assert_eq!(ground.count("messages WHERE purpose = 'return_decision'"), 2);
    let again = decide_return(&ground.service, &by, id, true, &form("k3", "再")).unwrap_err();
    assert!(matches!(again, ActRefused::Changed(_)), "{again:?}");
    let story = sentences(&ground, &by, id);
    assert!(story.contains("不同意退文") && story.contains("同意退文，不再催签"), "{story}");
    ground.assert_tallies_hold(issued.notice);
}

#[test]
fn a_good_copy_answers_the_request_and_is_not_sent_twice_in_a_breath() {
    let Some((ground, issued, by)) = out(2) else { return };
    let [asking, other] = &issued.seats[..] else { panic!() };
    let request = GiveBackRequest { reason: "unreadable".into(), ..person() };
    let visit = ground.visit(asking);
    assert_eq!(ask_again(&ground.service, &visit, &request).unwrap(), Asked::Yes);
    let task = "call_tasks WHERE kind = 'asked_again' AND closed_at IS NULL";
    assert_eq!(ground.count(task), 1);
    let id = issued.notice;
    let chosen = [asking.delivery];
    assert!(resend(&ground.service, &by, id, &[], &form("k0", "换了文件")).is_err());
    for _ in 0..2 {
        resend(&ground.service, &by, id, &chosen, &form("k1", "重新扫描")).unwrap();
    }
    assert_eq!(told(&ground, "resend"), addresses(&[asking]));
    assert_eq!(ground.count("returns WHERE decision = 'answered'"), 1);
    assert_eq!((ground.count(task), open_rungs(&ground)), (0, 2), "the chase goes on");
    let soon = resend(&ground.service, &by, id, &chosen, &form("k2", "再发")).unwrap_err();
    assert!(matches!(soon, ActRefused::Changed(_)), "{soon:?}");
    ground.clock.advance(Span::minutes(5));
    let both = [asking.delivery, other.delivery];
    resend(&ground.service, &by, id, &both, &form("k3", "再发")).unwrap();
    let steps = "SELECT CAST(step AS TEXT) AS line FROM messages WHERE purpose = 'resend' \
                 ORDER BY delivery_id, step";
    let mut steps = ground.lines(steps);
    steps.sort();
    assert_eq!(steps, ["0", "0", "1"]);
}

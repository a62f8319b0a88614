//! 更正: one transaction in which a new version takes the place of an old one, on every page and
//! towards everybody who was told.

use qianshou::domain::delivery::DeliveryState;
use qianshou::domain::ids::NoticeId;
use qianshou::domain::notice::NoticeState;
use qianshou::domain::time::Span;
use qianshou::service::acknowledge::{Acknowledged, Signature, acknowledge};
use qianshou::service::acts::ActRefused;
use qianshou::service::add_recipients::{Further, add_recipients};
use qianshou::service::call::{CallRequest, record_call, sheet};
use qianshou::service::compose;
use qianshou::service::deliver::{Dispatch, Sender, Share, tick};
use qianshou::service::end_notice::recall;
use qianshou::service::issue::{IssueRefused, Issued as Outcome};
use qianshou::service::pick::Ticks;
use qianshou::service::preview::preview;
use qianshou::service::supersede::begin;
use qianshou::store::deliveries::delivery_list_of_notice;
use qianshou::store::notices::notice_find;

use crate::support::HEADS;
use crate::support::crossing::crossing;
use crate::support::door::{Door, Visitor};
use crate::support::fixture_link::{PUBLIC_URL, Seat};
use crate::support::form::Form;
use crate::support::office::{Office, PASSWORD, addresses, form, office};
use crate::support::trustcheck::{Books, breaches};

#[test]
fn a_new_version_takes_the_place_of_the_old_in_one_write() {
    let Some(at) = office(4) else { return };
    let (ground, old) = (&at.ground, at.issued.notice);
    let [signed, notified, unsent, dropped] = &at.issued.seats[..] else { panic!() };
    at.hand_over(&[signed, notified, dropped]);
    assert!(matches!(at.sign(&ground.visit(signed)), Acknowledged::Signed(_)));
    let service = &ground.service;
    let refused = begin(service, &at.clerk, old, &form("k0", " ")).unwrap_err();
    assert!(matches!(&refused, ActRefused::Fields(all) if all[0].0 == "reason"), "{refused:?}");
    let draft = at.draft(old, &[signed, notified, unsent], "k1");
    let again = begin(service, &at.clerk, old, &form("k1", "附件日期有误")).unwrap();
    assert_eq!(again, draft, "pressed twice, it is one draft");
    let second = begin(service, &at.clerk, old, &form("k2", "另一份")).unwrap_err();
    assert!(matches!(second, ActRefused::Changed(_)), "{second:?}");
    let open = compose::load(service, &at.clerk, draft).unwrap();
    assert_eq!((open.files.len(), open.notice.version), (2, 2), "the files came along");
    at.submit(draft).unwrap();
    assert_eq!(at.of_notice(HEADS, old), 3, "nothing ended so far");
    ground.clock.advance(Span::minutes(7));
    assert!(matches!(at.release(draft, "k3").unwrap(), Outcome::Now { deliveries: 3, .. }));
    assert_eq!(at.release(draft, "k3").unwrap(), Outcome::Before);

    let known = |id| service.store.read(|conn| notice_find(conn, id)).unwrap().unwrap();
    let (older, newer) = (known(old), known(draft));
    assert_eq!(older.state, NoticeState::Superseded);
    assert_eq!((newer.state, newer.version), (NoticeState::Issued, 2));
    assert_eq!(newer.draft.document_number, older.draft.document_number);
    assert_eq!(at.of_notice(HEADS, old), 0);
    assert_eq!(at.of_notice(HEADS, draft), 3);
    let deadline = newer.deadline_at.unwrap();
    assert_eq!(deadline.since(newer.issued_at.unwrap()), Span::minutes(30), "its own clock");
    let owed = format!("messages WHERE due_at IS NOT NULL AND notice_id = '{old}'");
    assert_eq!(ground.count(&format!("{owed} AND purpose <> 'withdrawal'")), 0);
    assert_eq!(at.told("invitation", draft), addresses(&[signed, notified, unsent]));
    // Who gets the new one is told by it; who does not is told by a word of its own.
    assert_eq!(at.told("withdrawal", old), addresses(&[dropped]));
    assert_eq!(at.state(signed.delivery), DeliveryState::Acknowledged, "the old receipt stays");
    assert_eq!(at.state(notified.delivery), DeliveryState::Recalled);
    assert_eq!(ground.count("events WHERE kind = 'notice_superseded'"), 1);
    assert_eq!(ground.count("notice_ends WHERE act = 'supersede'"), 1);
    for id in [old, draft] {
        ground.assert_tallies_hold(id);
    }
    for seat in [signed, notified, unsent] {
        let visit = at.led_on(seat).unwrap();
        assert_eq!(visit.notice, draft);
        assert!(matches!(at.sign(&visit), Acknowledged::Signed(_)), "the new one is signed anew");
    }
    assert!(at.led_on(dropped).is_none());
    assert_eq!(breaches(&mut Books::open(&ground.url)), Vec::<String>::new());
}

#[test]
fn whoever_was_told_is_told_in_the_words_of_a_correction() {
    let Some(at) = office(2) else { return };
    let [stays, dropped] = &at.issued.seats[..] else { panic!() };
    at.hand_over(&[stays, dropped]);
    // The issuer's own leader had the list of who is missing: of the notice, of no delivery.
    at.ground.sql(&format!(
        "INSERT INTO contacts (id, organization_id, role, name) VALUES \
         ('ctc_0000000000000000000000000a', '{}', 'duty_leader', '周某');\
         INSERT INTO contact_addresses (id, contact_id, kind, address, place, status, status_at) \
         VALUES ('adr_0000000000000000000000000a', 'ctc_0000000000000000000000000a', 'email', \
         'leader@example.invalid', 1, 'verified', 0);\
         INSERT INTO messages (id, notice_id, version, address_id, channel, step, purpose, lane, \
         state, attempts, spared, uncertain, created_at, finished_at) VALUES \
         ('msg_0000000000000000000000000a', '{}', 1, 'adr_0000000000000000000000000a', 'email', 1, \
         'issuer_alert', 0, 'handed_over', 1, 0, 0, 1, 1);",
        at.clerk.organization_id, at.issued.notice
    ));
    at.replace(at.issued.notice, &[stays], "k1");
    let service = &at.ground.service;
    let dispatch = Dispatch::open(service);
    tick(service, &mut Sender::open(service, &dispatch, "test", Share::All)).unwrap();
    let one = |to: &str| {
        let mails = at.ground.mails.mail_to(to);
        let [mail] = &mails[..] else { panic!("{to}: {} mails", mails.len()) };
        (mail.subject.clone(), mail.text.clone())
    };
    let (subject, text) = one(&format!("{}@example.invalid", stays.address));
    assert!(subject.starts_with("【特提】更正：湘办发电〔2026〕35号"), "{subject}");
    assert!(subject.contains("，请以新版为准 — 请于"), "{subject}");
    assert!(text.contains("代替此前发出的第1版") && text.contains("更正理由：附件日期有误"));
    let (subject, text) = one(&format!("{}@example.invalid", dropped.address));
    assert!(subject.starts_with("【特提】更正：") && text.contains("不再发给贵单位"), "{text}");
    let (_, text) = one("leader@example.invalid");
    assert!(text.contains("附件日期有误"), "{text}");
}

#[test]
fn who_heard_of_the_old_by_telephone_alone_and_gets_no_new_one_is_telephoned() {
    let Some(at) = office(3) else { return };
    let [stays, phoned, _unaware] = &at.issued.seats[..] else { panic!() };
    for (place, seat) in [stays, phoned].iter().enumerate() {
        at.ground.sql(&format!(
            "INSERT INTO calls (id, notice_id, delivery_id, caller_id, called_at, outcome, \
             number_differs, read_back, event_id) VALUES ('cal_{place}', '{}', '{}', '{}', 1, \
             'told', FALSE, FALSE, 'evt_{place}');",
            at.issued.notice, seat.delivery, at.clerk.id
        ));
    }
    at.replace(at.issued.notice, &[stays], "k1");
    let owed = "call_tasks WHERE kind = 'tell_end' AND reason = 'supersede' AND closed_at IS NULL";
    assert_eq!(at.ground.count(owed), 1, "who gets the new one hears of it there");
    let of = format!("{owed} AND delivery_id = '{}'", phoned.delivery);
    assert_eq!(at.ground.count(&of), 1);
}

/// A caller whose page said "replaced by the second version" has not said that this one was taken
/// back meanwhile.
#[test]
fn a_call_that_told_of_the_correction_alone_leaves_the_word_of_its_end_owed() {
    let Some(at) = office(2) else { return };
    let [stays, rung] = &at.issued.seats[..] else { panic!() };
    phoned(&at, 1, rung, at.issued.notice);
    let newer = at.replace(at.issued.notice, &[stays], "k1");
    let service = &at.ground.service;
    let page = || sheet(service, &at.clerk, rung.delivery).unwrap().standing();
    let tell = |shown: String| {
        let request = CallRequest {
            shown,
            outcome: "told".into(),
            name: "李某".into(),
            post: "值班员".into(),
            number: "0731-55509876".into(),
            form_key: service.form_key().unwrap(),
            ..CallRequest::default()
        };
        record_call(service, &at.clerk, rung.delivery, &request).unwrap();
    };
    let owed = "call_tasks WHERE kind = 'tell_end' AND closed_at IS NULL";
    let before = page();
    recall(service, &at.clerk, newer, &form("k2", "整件有误")).unwrap();
    tell(before);
    assert_eq!(at.ground.count(owed), 1);
    tell(page());
    assert_eq!(at.ground.count(owed), 0);
}

/// An address that the new version does not write to at this hour still leads to it, through
/// however many versions.
#[test]
fn every_old_link_leads_to_the_version_in_force() {
    let Some(at) = office(2) else { return };
    let [one, other] = &at.issued.seats[..] else { panic!() };
    let second = at.replace(at.issued.notice, &[one], "k1");
    // The address does not work any more: no mail goes there, and its link still opens.
    at.ground.sql(&format!(
        "UPDATE contact_addresses SET status = 'failing' WHERE id IN ('{}', '{}');",
        one.address, other.address
    ));
    let third = at.replace(second, &[one, other], "k2");
    assert_eq!(at.told("invitation", third), Vec::<String>::new());
    for seat in [one, other] {
        assert_eq!(at.led_on(seat).unwrap().notice, third);
    }
}

#[test]
fn a_signature_for_a_version_that_was_replaced_meanwhile_gets_the_new_one() {
    let Some(at) = office(2) else { return };
    let [seat, dropped] = &at.issued.seats[..] else { panic!() };
    let visits = [at.ground.visit(seat), at.ground.visit(dropped)];
    let ready = visits.each_ref().map(|visit| at.ready(visit));
    let door = Door::open(&at.ground.service, PUBLIC_URL);
    let mut person = Visitor::new(&door);
    let path = format!("/receive/{}", seat.delivery);
    let arrival = person.get(&format!("/l/{}", seat.token));
    assert_eq!(arrival.header("location"), path);
    let page = person.get(&path);
    let digits = page.body.split("id=\"code-digits\">").nth(1).unwrap();
    let code: String =
        digits.chars().take_while(|c| *c != '<').filter(char::is_ascii_digit).collect();
    let newer = at.replace(at.issued.notice, &[seat], "k1");
    let fields = [
        ("form_token", page.field("form_token").unwrap()),
        ("code_token", page.field("code_token").unwrap()),
        ("code", code.as_str()),
        ("name", "王某"),
        ("post", "机要员"),
        ("phone", "0731-55500001"),
        ("mode", "self"),
    ];
    let heard = person.post(&format!("{path}/acknowledge"), &fields);
    assert_eq!(heard.status, 409, "{}", heard.body);
    assert!(heard.body.contains("版本已更新") && heard.body.contains("附件日期有误"));
    assert!(heard.body.contains(&format!("href=\"{path}/current\"")), "{}", heard.body);
    for ready in ready {
        let late = acknowledge(&at.ground.service, ready).wait().unwrap();
        assert_eq!(late, Acknowledged::Withdrawn(NoticeState::Superseded));
    }
    assert_eq!(at.ground.count("receipts"), 0);
    let led = person.get(&format!("{path}/current"));
    assert_eq!(led.status, 303);
    let page = person.get(led.header("location"));
    let next = at.ground.service.store.read(|conn| delivery_list_of_notice(conn, newer)).unwrap();
    assert!(led.header("location").ends_with(&next[0].id.to_string()));
    let banner = page.body.find("更正件：第2版代替第1版").unwrap();
    assert!(banner < page.body.find("class=\"due\"").unwrap(), "above everything but for whom");
    assert!(page.body.contains("更正理由：附件日期有误"), "{}", page.body);
    let closed = person.get(&path);
    assert!(closed.body.contains("本件已更正") && closed.body.contains("看现行版本"));
    let mut other = Visitor::new(&door);
    let led = other.get(&format!("/l/{}", dropped.token));
    let closed = other.get(led.header("location"));
    assert!(closed.body.contains("新版不发给贵单位"), "{}", closed.body);
    assert!(!closed.body.contains("看现行版本"));
}

#[test]
fn who_telephones_says_that_it_is_a_correction_and_lists_say_which_version() {
    let Some(at) = office(2) else { return };
    let seats: Vec<&Seat> = at.issued.seats.iter().collect();
    let newer = at.replace(at.issued.notice, &seats, "k1");
    let next = at.ground.service.store.read(|conn| delivery_list_of_notice(conn, newer)).unwrap();
    at.ground.sql(&format!(
        "INSERT INTO call_tasks (id, issuer_id, notice_id, delivery_id, kind, reason, lane, \
         opened_at, due_at, raised) VALUES ('tsk_0000000000000000000000000a', '{}', '{newer}', \
         '{}', 'call', 'call', 0, 1, 1, 1);",
        at.clerk.organization_id, next[0].id
    ));
    let door = Door::open(&at.ground.service, PUBLIC_URL);
    let mut officer = Visitor::new(&door).sign_in("zhiban", PASSWORD);
    let call = officer.get(&format!("/deliveries/{}/call", next[0].id)).body;
    let script = call.split("call-script").nth(1).unwrap().split("</div>").next().unwrap();
    assert!(script.contains("代替第1版") && script.contains("附件日期有误"), "{script}");
    let second = "湘办发电〔2026〕35号 第2版";
    let duty = officer.get("/duty").body;
    let calls = duty.split("<ol class=\"calls\">").nth(1).unwrap().split("</ol>").next().unwrap();
    assert!(calls.contains(second), "{calls}");
    assert!(duty.split("<article").nth(1).unwrap().contains(second), "{duty}");
    let list = officer.get("/notices").body;
    assert_eq!(list.matches(second).count(), 1, "the newer one alone: {list}");
}

#[test]
fn races_of_a_correction_and_signatures_leave_no_receipt_for_the_old_after_the_new() {
    let Some(at) = office(24) else { return };
    let seats: Vec<&Seat> = at.issued.seats.iter().collect();
    let draft = at.draft(at.issued.notice, &seats, "k1");
    at.submit(draft).unwrap();
    let ready: Vec<Signature> = seats.iter().map(|seat| at.ready(&at.ground.visit(seat))).collect();
    let answers = std::thread::scope(|scope| {
        let issue = scope.spawn(|| at.release(draft, "k2").unwrap());
        let answers: Vec<Acknowledged> = ready
            .into_iter()
            .map(|one| acknowledge(&at.ground.service, one).wait().unwrap())
            .collect();
        issue.join().unwrap();
        answers
    });
    let signed = answers.iter().filter(|one| matches!(one, Acknowledged::Signed(_))).count();
    for (seat, answer) in seats.iter().zip(&answers) {
        let stands = at.state(seat.delivery);
        match answer {
            Acknowledged::Signed(_) => assert_eq!(stands, DeliveryState::Acknowledged),
            Acknowledged::Withdrawn(NoticeState::Superseded) => {
                assert_eq!(stands, DeliveryState::Recalled);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(at.ground.count("receipts"), signed);
    at.ground.assert_tallies_hold(at.issued.notice);
    at.ground.assert_tallies_hold(draft);
    assert_eq!(breaches(&mut Books::open(&at.ground.url)), Vec::<String>::new());
}

#[test]
fn what_ended_meanwhile_is_not_replaced() {
    let Some(at) = office(1) else { return };
    let old = at.issued.notice;
    let seats: Vec<&Seat> = at.issued.seats.iter().collect();
    let draft = at.draft(old, &seats, "k1");
    at.submit(draft).unwrap();
    recall(&at.ground.service, &at.clerk, old, &form("k2", "整件有误")).unwrap();
    let refused = at.release(draft, "k3").unwrap_err();
    let IssueRefused::OlderEnded(wrong) = &refused else { panic!("{refused:?}") };
    assert_eq!(wrong.state, NoticeState::Recalled);
    assert!(refused.messages_zh()[0].1.contains("已撤回，不能再更正"));
    assert_eq!(at.ground.count("deliveries"), 1, "nothing of it remains");
    let twice = begin(&at.ground.service, &at.clerk, old, &form("k4", "再来")).unwrap_err();
    assert!(matches!(twice, ActRefused::State(_)), "{twice:?}");
    let door = Door::open(&at.ground.service, PUBLIC_URL);
    let mut releaser = Visitor::new(&door).sign_in("hefa", PASSWORD);
    let page = releaser.get(&format!("/notices/{draft}/preview"));
    assert!(page.body.contains("已撤回，不能再更正"), "{}", page.body);
    assert!(Form::holding(&page.body, "gap_reason").is_none(), "there is nothing to press");
}

#[test]
fn staff_see_both_versions_from_each() {
    let Some(at) = office(1) else { return };
    let seat = &at.issued.seats[0];
    let old = at.issued.notice;
    let door = Door::open(&at.ground.service, PUBLIC_URL);
    let mut clerk = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let board = clerk.get(&format!("/notices/{old}"));
    let path = format!("/notices/{old}/supersede");
    assert!(board.body.contains(&format!("href=\"{path}\"")), "{}", board.body);
    let page = clerk.get(&path);
    let mut asked = Form::holding(&page.body, "reason").unwrap();
    asked.type_in("reason", "长".repeat(501).as_str());
    let posted = |form: &Form| -> Vec<(String, String)> { form.fields.clone() };
    let send = |clerk: &mut Visitor, form: &Form| {
        let fields = posted(form);
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        clerk.post(&form.action, &fields)
    };
    let refused = send(&mut clerk, &asked);
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains(&"长".repeat(501)), "what was typed is kept");
    asked.type_in("reason", "附件日期有误");
    let led = send(&mut clerk, &asked);
    assert_eq!(led.status, 303, "{}", led.body);
    let edit = clerk.get(led.header("location"));
    assert!(edit.body.contains("发出后代替它") && edit.body.contains("附件日期有误"));
    assert_eq!(clerk.get(&path).header("location"), led.header("location"), "begun already");
    at.ground.sql("DELETE FROM notice_picks; UPDATE notices SET corrects_id = NULL;");
    let newer = at.replace(old, &[seat], "k1");
    let next = at.ground.service.store.read(|conn| delivery_list_of_notice(conn, newer)).unwrap();
    let back = format!("href=\"/notices/{old}\"");
    let on = format!("href=\"/notices/{newer}\"");
    for page in [format!("/notices/{old}"), format!("/deliveries/{}", seat.delivery)] {
        let page = clerk.get(&page).body;
        assert!(page.contains(&on) && page.contains("看现行版本"), "{page}");
    }
    for page in [format!("/notices/{newer}"), format!("/deliveries/{}", next[0].id)] {
        let page = clerk.get(&page).body;
        assert!(page.contains(&back) && page.contains("本件更正第1版。"), "{page}");
    }
    let register = clerk.get(&format!("/notices/{old}/register")).body;
    assert!(register.contains("由湘办发电〔2026〕35号第2版代替"), "{register}");
    assert!(register.contains("已由新版代替，未签收本版。"));
    let register = clerk.get(&format!("/notices/{newer}/register")).body;
    assert!(register.contains("第2版，更正第1版（附件日期有误）。"), "{register}");
}

fn phoned(at: &Office, place: usize, seat: &Seat, notice: NoticeId) {
    at.ground.sql(&format!(
        "INSERT INTO calls (id, notice_id, delivery_id, caller_id, called_at, outcome, \
         number_differs, read_back, event_id) VALUES ('cal_{place}', '{notice}', '{}', '{}', 1, \
         'told', FALSE, FALSE, 'evt_{place}');",
        seat.delivery, at.clerk.id
    ));
}

fn send(at: &Office) {
    let service = &at.ground.service;
    let dispatch = Dispatch::open(service);
    let mut sender = Sender::open(service, &dispatch, "test", Share::All);
    while tick(service, &mut sender).unwrap().taken > 0 {}
}

/// Taken back before its letters left, a correction was told to nobody; those who have the first
/// version must not be left with it.
#[test]
fn a_correction_that_is_taken_back_unsent_is_told_to_who_has_the_version_before() {
    let Some(at) = office(5) else { return };
    let [written, twice, rung, unaware, dropped] = &at.issued.seats[..] else { panic!() };
    let old = at.issued.notice;
    at.hand_over(&[written, twice, dropped]);
    phoned(&at, 1, rung, old);
    let newer = at.replace(old, &[written, twice, rung, unaware], "k1");
    // One letter of the correction left; the word to the one left out did not.
    at.ground.sql(&format!(
        "UPDATE messages SET state = 'handed_over', due_at = NULL, finished_at = 2 \
         WHERE notice_id = '{newer}' AND address_id = '{}';",
        twice.address
    ));
    assert_eq!(at.told("withdrawal", old), addresses(&[dropped]));
    let tell_end = "call_tasks WHERE kind = 'tell_end' AND closed_at IS NULL";
    assert_eq!(at.ground.count(tell_end), 0, "who was rung is written the correction");
    recall(&at.ground.service, &at.clerk, newer, &form("k2", "整件有误")).unwrap();

    assert_eq!(at.told("withdrawal", newer), addresses(&[twice]));
    assert_eq!(at.told("withdrawal", old), addresses(&[written, dropped]));
    let of = format!("{tell_end} AND reason = 'recall' AND delivery_id = '{}'", rung.delivery);
    assert_eq!((at.ground.count(&of), at.ground.count(tell_end)), (1, 1));
    send(&at);
    let one = |seat: &Seat| {
        let mails = at.ground.mails.mail_to(&format!("{}@example.invalid", seat.address));
        let [mail] = &mails[..] else { panic!("{} mails", mails.len()) };
        mail.text.clone()
    };
    for seat in [written, dropped] {
        let text = one(seat);
        assert!(text.contains("（第1版）已经更正，更正后的第2版现也已撤回"), "{text}");
        assert!(text.contains("整件有误") && !text.contains("以更正后的为准"), "{text}");
    }
    assert!(one(twice).contains("已撤回发给贵单位的一份"), "{}", one(twice));
    assert!(at.ground.mails.mail_to(&format!("{}@example.invalid", unaware.address)).is_empty());

    let door = Door::open(&at.ground.service, PUBLIC_URL);
    let mut person = Visitor::new(&door);
    let path = format!("/receive/{}", written.delivery);
    assert_eq!(person.get(&format!("/l/{}", written.token)).header("location"), path);
    let page = person.get(&path).words();
    assert!(page.contains("第2版已于") && page.contains("整件有误"), "{page}");
    assert!(page.contains("新版也已收回") && !page.contains("现行版本"), "{page}");
    assert!(!page.contains("请看并签收"), "{page}");
    let mut officer = Visitor::new(&door).sign_in("zhiban", PASSWORD);
    let call = officer.get(&format!("/deliveries/{}/call", rung.delivery)).words();
    assert!(call.contains("本件已更正，代替它的第2版也已撤回。请告知对方"), "{call}");
    let board = officer.get(&format!("/notices/{old}")).words();
    assert!(board.contains("代替它的第2版也已撤回，理由：整件有误"), "{board}");
    assert!(!board.contains("看现行版本"), "{board}");
    let register = officer.get(&format!("/notices/{old}/register")).words();
    assert!(register.contains("撤回（整件有误）"), "{register}");
    assert_eq!(breaches(&mut Books::open(&at.ground.url)), Vec::<String>::new());
}

/// The second version was never told, the third replaces it: who has the first hears from the
/// third or in a word of its own, each once.
/// A call about version 1 is being recorded, on what version 2 says, while that is recalled.
#[test]
fn a_recall_waits_for_what_is_just_being_written_to_the_version_before() {
    let Some(at) = office(2) else { return };
    let [one, other] = &at.issued.seats[..] else { panic!() };
    let old = at.issued.notice;
    let newer = at.replace(old, &[one, other], "k1");
    let held = format!("SELECT id FROM notices WHERE id = '{old}' FOR SHARE");
    let recalled = crossing(&at.ground.url, &held, || {
        recall(&at.ground.service, &at.clerk, newer, &form("k2", "整件有误"))
    });
    assert!(recalled.is_none_or(|done| done.is_ok()));
}

#[test]
fn who_has_the_first_version_hears_of_the_third_once() {
    let Some(at) = office(3) else { return };
    let [stays, dropped, rung] = &at.issued.seats[..] else { panic!() };
    let old = at.issued.notice;
    at.hand_over(&[stays, dropped]);
    phoned(&at, 1, rung, old);
    let second = at.replace(old, &[stays, dropped, rung], "k1");
    assert_eq!(at.told("withdrawal", old), Vec::<String>::new());
    let third = at.replace(second, &[stays], "k2");
    assert_eq!(at.told("invitation", third), addresses(&[stays]));
    assert_eq!(at.told("withdrawal", old), addresses(&[dropped]));
    assert_eq!(at.told("withdrawal", second), Vec::<String>::new());
    let tell_end = "call_tasks WHERE kind = 'tell_end' AND closed_at IS NULL";
    let of = format!("{tell_end} AND delivery_id = '{}'", rung.delivery);
    assert_eq!((at.ground.count(&of), at.ground.count(tell_end)), (1, 1));
    send(&at);
    // Taken back after its letters left, it is told to who has it, and to nobody twice.
    recall(&at.ground.service, &at.clerk, third, &form("k3", "整件有误")).unwrap();
    assert_eq!(at.told("withdrawal", third), addresses(&[stays]));
    assert_eq!(at.told("withdrawal", old), addresses(&[dropped]));
    send(&at);
    let dead = at.ground.count("messages WHERE state = 'dead'");
    assert_eq!(dead, 0);
    assert_eq!(breaches(&mut Books::open(&at.ground.url)), Vec::<String>::new());
}

/// 补发 of the old version while its correction waits for 核发: nobody is left out unseen.
#[test]
fn who_is_added_to_the_old_version_meanwhile_is_listed_and_not_lost() {
    let Some(at) = office(4) else { return };
    let [stays, dropped, later, last] = &at.issued.seats[..] else { panic!() };
    let service = &at.ground.service;
    let second = at.replace(at.issued.notice, &[stays, dropped], "k1");
    let draft = at.draft(second, &[stays], "k2");
    at.submit(draft).unwrap();
    let further = |seat: &Seat| Further {
        ticks: Ticks { primary: [seat.organization].into(), ..Ticks::default() },
        gap_reason: "情况紧急".into(),
    };
    let add = |key: &str, seat: &Seat| {
        add_recipients(service, &at.releaser, second, &form(key, "漏送"), &further(seat)).unwrap();
    };
    add("a1", later);
    let door = Door::open(service, PUBLIC_URL);
    let mut releaser = Visitor::new(&door).sign_in("hefa", PASSWORD);
    let path = format!("/notices/{draft}/preview");
    let page = releaser.get(&path);
    let names: Vec<String> = service
        .store
        .read(|conn| delivery_list_of_notice(conn, second))
        .unwrap()
        .into_iter()
        .filter(|one| one.organization_id != stays.organization)
        .map(|one| one.organization_name)
        .collect();
    assert_eq!(names.len(), 2);
    assert!(page.body.contains("有第2版、本次不发的单位 2 个</h2>"), "{}", page.body);
    let words = format!("<li>{}</li></ul>", names.join("</li><li>"));
    assert!(page.body.contains(&words), "{}", page.body);
    let mut asked = Form::holding(&page.body, "gap_reason").unwrap();
    assert!(asked.fields.iter().all(|(name, _)| name != "left_out"), "nothing is ticked");
    asked.type_in("gap_reason", "情况紧急");
    let send = |releaser: &mut Visitor, form: &Form, tick: Option<&str>| {
        let mut fields: Vec<(&str, &str)> =
            form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        fields.extend(tick.map(|digest| ("left_out", digest)));
        releaser.post(&form.action, &fields)
    };
    let refused = send(&mut releaser, &asked, None);
    assert_eq!(refused.status, 409, "{}", refused.words());
    assert!(refused.words().contains("不在本次名单上。请把要发的加上"), "{}", refused.words());
    let tick = |page: &str| {
        let at = page.split("name=\"left_out\" value=\"").nth(1).unwrap();
        at.split('"').next().unwrap().to_owned()
    };
    // One more comes between the look and the press: what was confirmed is not what would be done.
    let seen = tick(&refused.body);
    add("a2", last);
    let stale = send(&mut releaser, &asked, Some(&seen));
    assert_eq!(stale.status, 409, "{}", stale.words());
    assert!(stale.words().contains("本次不发的单位 3 个"), "{}", stale.words());
    let state = service.store.read(|conn| notice_find(conn, second)).unwrap().unwrap().state;
    assert_eq!(state, NoticeState::Issued, "nothing of it was done");
    let done = send(&mut releaser, &asked, Some(&tick(&stale.body)));
    assert_eq!(done.status, 303, "{}", done.words());
    assert_eq!(breaches(&mut Books::open(&at.ground.url)), Vec::<String>::new());
}

#[test]
fn a_correction_begins_with_everybody_who_has_the_old_version() {
    let Some(at) = office(3) else { return };
    let seats: Vec<&Seat> = at.issued.seats.iter().collect();
    let second = at.replace(at.issued.notice, &seats[..2], "k1");
    let service = &at.ground.service;
    let ticks = Ticks { primary: [seats[2].organization].into(), ..Ticks::default() };
    let further = Further { ticks, gap_reason: "情况紧急".into() };
    add_recipients(service, &at.releaser, second, &form("a1", "漏送"), &further).unwrap();
    let draft = begin(service, &at.clerk, second, &form("k2", "附件有误")).unwrap();
    let open = compose::load(service, &at.clerk, draft).unwrap();
    assert_eq!(open.picks.len(), 3);
    assert!(preview(service, &at.clerk, draft).unwrap().left_out.is_none());
}

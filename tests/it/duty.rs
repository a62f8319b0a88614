//! 值班: calls are taken once, recorded with what follows from them, and a confirmed one is a
//! receipt that verifies without the server.

use std::thread;

use qianshou::adapters::clock::Clock as _;
use qianshou::adapters::random::{Random as _, SystemRandom};
use qianshou::adapters::secrets::receipts::verify_receipt;
use qianshou::domain::account::{Account, Role};
use qianshou::domain::call_task::TaskKind;
use qianshou::domain::ids::{DeliveryId, TaskId};
use qianshou::domain::receipt::{Grade, Mode};
use qianshou::domain::time::Span;
use qianshou::service::accounts::{self, AccountRequest};
use qianshou::service::acknowledge::SigningCode;
use qianshou::service::call::{CallRequest, Recorded, record_call, sheet};
use qianshou::service::claim_calls::{Claimed, claim_calls};
use qianshou::service::duty;
use qianshou::service::escalate_by_hand::{HandAct, escalate_by_hand};
use qianshou::service::remind_by_hand::{candidates, remind_by_hand};
use qianshou::service::tell_duty::{Told, tell_duty};
use qianshou::store::StoreError;
use qianshou::store::call_tasks::{NewTask, task_raise_all};
use qianshou::store::deliveries::delivery_find;
use qianshou::store::receipts::receipt_find;
use qianshou::store::tallies::tally_find;

use crate::support::door::{Door, Visitor};
use crate::support::fixture_staff::{PASSWORD, Town};
use crate::support::house::{count, execute};
use crate::support::stand::PUBLIC_URL;
use crate::support::trustcheck::Books;

fn bits() -> [u8; 10] {
    let mut bits = [0; 10];
    SystemRandom.fill(&mut bits).unwrap();
    bits
}

fn account(town: &Town, login: &str) -> Account {
    let all = accounts::list(&town.service).unwrap();
    all.into_iter().find(|one| one.login == login).unwrap()
}

/// A second duty officer of the first office.
fn second_officer(town: &Town) -> Account {
    let request = AccountRequest {
        organization_id: account(town, "zhiban").organization_id,
        login: "zhiban2".into(),
        display_name: "孙某".into(),
        phone: None,
        password: PASSWORD.into(),
        roles: [Role::Duty].into(),
    };
    accounts::create(&town.service, qianshou::domain::evidence::Actor::Operator, &request).unwrap();
    account(town, "zhiban2")
}

/// The calls that a ladder would raise for these deliveries.
fn owe(town: &Town, deliveries: &[DeliveryId], kind: TaskKind) {
    let now = town.clock.now();
    let notice = town.ours.notice;
    let tasks: Vec<NewTask> = deliveries
        .iter()
        .map(|id| NewTask {
            id: TaskId::new(now, bits()),
            issuer_id: account(town, "zhiban").organization_id,
            notice_id: notice,
            delivery_id: *id,
            kind,
            reason: "call".into(),
            lane: 0,
            due_at: now,
        })
        .collect();
    let raised = town.service.store.write("fixture", move |tx| task_raise_all(tx, &tasks, now));
    assert_eq!(raised.unwrap(), deliveries.len());
}

fn ids(town: &Town, n: usize) -> Vec<DeliveryId> {
    town.ours.sent.iter().take(n).map(|(id, _)| *id).collect()
}

/// The digits that the page of a call has the officer read out.
fn code_on(body: &str) -> &str {
    let mark = "class=\"call-code\">";
    let from = body.find(mark).unwrap() + mark.len();
    body[from..].split('<').next().unwrap()
}

fn pressed(town: &Town, outcome: &str) -> CallRequest {
    CallRequest {
        outcome: outcome.into(),
        name: "李某".into(),
        post: "值班员".into(),
        number: "0731-55509876".into(),
        form_key: town.service.form_key().unwrap(),
        ..CallRequest::default()
    }
}

#[test]
fn two_officers_press_at_once_and_one_gets_the_call() {
    let Some(town) = Town::new() else { return };
    let (one, two) = (account(&town, "zhiban"), second_officer(&town));
    let owed = ids(&town, 12);
    owe(&town, &owed, TaskKind::Call);
    for id in &owed {
        let claims: Vec<_> = thread::scope(|scope| {
            let hands: Vec<_> = [&one, &two]
                .into_iter()
                .map(|who| scope.spawn(|| claim_calls(&town.service, who, *id, &[])))
                .collect();
            hands.into_iter().map(|hand| hand.join().unwrap()).collect()
        });
        let won = claims.iter().filter(|claim| matches!(claim, Ok(Claimed::Yes))).count();
        assert_eq!(won, 1, "{claims:?}");
    }
    // A claim ends by itself, so that nothing waits for who went home.
    let holder = sheet(&town.service, &one, owed[0]).unwrap().is_mine;
    let other = if holder { &two } else { &one };
    assert_eq!(claim_calls(&town.service, other, owed[0], &[]).unwrap(), Claimed::ByAnother);
    town.clock.advance(Span::minutes(10));
    assert_eq!(claim_calls(&town.service, other, owed[0], &[]).unwrap(), Claimed::Yes);
}

#[test]
fn a_confirmed_call_is_a_receipt_that_verifies_alone_and_stops_the_chase() {
    let Some(town) = Town::new() else { return };
    let officer = account(&town, "zhiban");
    let owed = ids(&town, 2);
    owe(&town, &owed, TaskKind::Call);
    let request = pressed(&town, "confirmed");
    let done = record_call(&town.service, &officer, owed[0], &request).unwrap();
    assert_eq!(done, Recorded::Yes { confirmed: 1 });
    // The same form again is the same act.
    let again = record_call(&town.service, &officer, owed[0], &request).unwrap();
    assert_eq!(again, Recorded::Before);

    let (receipt, delivery, tally) = town
        .service
        .store
        .read(|conn| {
            Ok::<_, StoreError>((
                receipt_find(conn, owed[0])?.unwrap(),
                delivery_find(conn, owed[0])?.unwrap(),
                tally_find(conn, town.ours.notice)?,
            ))
        })
        .unwrap();
    let body = verify_receipt(&receipt.jws, town.service.keys.receipt_public_pem()).unwrap();
    assert_eq!((body.mode, body.grade), (Mode::Phone, Grade::Phone));
    assert_eq!(body.channel, "phone");
    assert_eq!(body.signer.phone, "0731-55509876");
    assert_eq!(delivery.facts.acknowledged_at, Some(receipt.acknowledged_at));
    assert_eq!(tally.acknowledged, 1);
    let board = duty::read(&town.service, &officer).unwrap();
    assert_eq!(board.call_count, 1, "the other organisation's call is still owed");
    // The number was none of the directory's, and the record says so.
    let sheet = sheet(&town.service, &officer, owed[0]).unwrap();
    assert!(sheet.before[0].number_differs);
    assert!(sheet.tasks.is_empty());
    let closed = "SELECT COALESCE(closed_by, 'nobody') AS line FROM call_tasks \
                  WHERE closed_at IS NOT NULL";
    assert_eq!(Books::open(&town.url).lines(closed), [officer.id.to_string()], "by the caller");
}

#[test]
fn what_was_confirmed_before_is_never_upgraded_nor_signed_twice() {
    let Some(town) = Town::new() else { return };
    let officer = account(&town, "zhiban");
    let sent = town.ours.sent[0];
    execute(&town.url, "UPDATE contact_addresses SET status = 'unverified'");
    town.sign(sent, "陈立");
    let owed = duty::read(&town.service, &officer).unwrap().calls;
    assert_eq!(owed[0].tasks[0].kind, TaskKind::ConfirmGrade, "nobody had shown the address");
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut visitor = Visitor::new(&door).sign_in("zhiban", PASSWORD);
    assert!(visitor.get("/duty").words().contains("已签收，要打电话核实"));
    assert_eq!(visitor.get(&format!("/deliveries/{}/call", sent.0)).status, 200);
    let read = || town.service.store.read(|conn| receipt_find(conn, sent.0)).unwrap().unwrap();
    let before = read();
    let done = record_call(&town.service, &officer, sent.0, &pressed(&town, "confirmed")).unwrap();
    assert_eq!(done, Recorded::Yes { confirmed: 0 });
    assert_eq!(read(), before);
    let made = format!("calls WHERE outcome = 'confirmed' AND delivery_id = '{}'", sent.0);
    assert_eq!(count(&town.url, &made), 1, "the confirmation stands beside the receipt");
    assert_eq!(duty::read(&town.service, &officer).unwrap().call_count, 0, "the look is done");
}

#[test]
fn each_outcome_leaves_the_task_where_it_belongs() {
    let Some(town) = Town::new() else { return };
    let officer = account(&town, "zhiban");
    let owed = ids(&town, 1);
    owe(&town, &owed, TaskKind::Call);
    let now = town.clock.now();
    let due = || duty::read(&town.service, &officer).unwrap().calls[0].tasks[0].due_at;
    let record =
        |request: &CallRequest| record_call(&town.service, &officer, owed[0], request).unwrap();
    assert_eq!(claim_calls(&town.service, &officer, owed[0], &[]).unwrap(), Claimed::Yes);
    record(&pressed(&town, "no_answer"));
    let board = duty::read(&town.service, &officer).unwrap();
    assert_eq!((due(), board.calls[0].calls), (now, 1), "owed as before, and counted");
    assert!(board.calls[0].holder.is_none(), "free for the next");
    record(&pressed(&town, "told"));
    assert_eq!(due(), now.plus(Span::minutes(10)));
    let unsaid = record(&pressed(&town, "promised"));
    assert!(matches!(unsaid, Recorded::Mistaken(faults) if faults[0].0 == "promised"));
    // It is 02:02 at night.
    let promise = CallRequest { promised: "02：40".into(), ..pressed(&town, "promised") };
    record(&promise);
    assert_eq!(due(), now.plus(Span::minutes(38)));
    let nobody = CallRequest { name: String::new(), ..pressed(&town, "confirmed") };
    assert!(matches!(record(&nobody), Recorded::Mistaken(_)), "a confirmation needs a name");
    let wrong_code = CallRequest { code: "12".into(), ..pressed(&town, "confirmed") };
    assert!(matches!(record(&wrong_code), Recorded::Mistaken(_)));
}

#[test]
fn a_wrong_number_is_not_offered_first_again() {
    let Some(town) = Town::new() else { return };
    let officer = account(&town, "zhiban");
    let owed = ids(&town, 1);
    owe(&town, &owed, TaskKind::Call);
    let lines = || sheet(&town.service, &officer, owed[0]).unwrap().point.lines;
    let before = lines();
    assert!(before.len() > 1, "{before:?}");
    let number = before[0].number.to_string();
    let request = CallRequest { number, ..pressed(&town, "wrong_number") };
    record_call(&town.service, &officer, owed[0], &request).unwrap();
    let after = lines();
    assert_ne!(after[0].number, before[0].number);
    assert!(after.iter().any(|line| line.number == before[0].number && line.doubtful));
}

#[test]
fn one_desk_is_one_row_with_its_organisations() {
    let Some(town) = Town::new() else { return };
    let officer = account(&town, "zhiban");
    let all: Vec<DeliveryId> = town.ours.sent.iter().map(|(id, _)| *id).collect();
    owe(&town, &all, TaskKind::Call);
    let board = duty::read(&town.service, &officer).unwrap();
    assert_eq!(board.call_count, i64::try_from(all.len()).unwrap());
    let in_rows: usize = board.calls.iter().map(|call| call.tasks.len()).sum();
    assert_eq!(in_rows, all.len());
    for call in &board.calls {
        let desks = board
            .calls
            .iter()
            .filter(|other| call.point.desk.is_some() && other.point.desk == call.point.desk);
        assert_eq!(desks.count(), usize::from(call.point.desk.is_some()), "{:?}", call.point);
    }
    // One call that speaks for a whole desk gives each organisation its own receipt.
    let Some(many) = board.calls.iter().find(|call| call.tasks.len() > 1) else {
        panic!("no desk of the demonstration receives for two")
    };
    let also: Vec<DeliveryId> = many.tasks.iter().skip(1).map(|task| task.delivery_id).collect();
    let count = many.tasks.len();
    let request = CallRequest { also, ..pressed(&town, "confirmed") };
    let first = many.tasks[0].delivery_id;
    let done = record_call(&town.service, &officer, first, &request).unwrap();
    assert_eq!(done, Recorded::Yes { confirmed: count });
    let tally = town.service.store.read(|conn| tally_find(conn, town.ours.notice)).unwrap();
    assert_eq!(tally.acknowledged, i64::try_from(count).unwrap());
}

/// The other side writes them down while the officer may load the page anew.
#[test]
fn the_digits_of_a_call_are_the_same_until_it_is_recorded() {
    let Some(town) = Town::new() else { return };
    let (first, second) = (account(&town, "zhiban"), second_officer(&town));
    let owed = ids(&town, 2);
    owe(&town, &owed, TaskKind::Call);
    let code = |of: &Account, id| sheet(&town.service, of, id).unwrap().code;
    let begun = code(&first, owed[0]);
    assert!(claim_calls(&town.service, &first, owed[0], &[]).is_ok());
    town.clock.advance(Span::hours(11));
    let drawn = code(&first, owed[0]);
    assert_eq!((&drawn.token, &drawn.digits), (&begun.token, &begun.digits), "drawn again");
    assert_ne!(code(&second, owed[0]).token, begun.token, "another call");
    assert_ne!(code(&first, owed[1]).token, begun.token, "another organisation");

    // They run out: after a while there are others, and those of before are good a while longer.
    town.clock.advance(Span::hours(2));
    let later = code(&first, owed[0]);
    assert_ne!(later.token, begun.token);
    let read_back = |code: &SigningCode, key: &str| {
        let said = CallRequest {
            code: code.digits.clone(),
            code_token: code.token.clone(),
            form_key: key.into(),
            ..pressed(&town, "told")
        };
        record_call(&town.service, &first, owed[0], &said).unwrap()
    };
    assert_eq!(read_back(&begun, "k1"), Recorded::Yes { confirmed: 0 });
    let next = code(&first, owed[0]);
    assert!(next.token != later.token && next.token != begun.token, "the next call has its own");
    town.clock.advance(Span::hours(12));
    assert!(matches!(read_back(&begun, "k2"), Recorded::Mistaken(_)), "run out");
    assert_eq!(read_back(&next, "k3"), Recorded::Yes { confirmed: 0 });
}

#[test]
fn the_page_takes_and_records_a_call_without_script() {
    let Some(town) = Town::new() else { return };
    let door = Door::open(&town.service, PUBLIC_URL);
    let owed = ids(&town, 1);
    owe(&town, &owed, TaskKind::Call);
    let mut visitor = Visitor::new(&door).sign_in("zhiban", PASSWORD);
    let page = visitor.get("/duty");
    assert_eq!(page.status, 200);
    assert!(page.body.contains("我来拨"), "{}", page.words());
    let token = visitor.form_token();
    let claim = format!("/deliveries/{}/claim", owed[0]);
    let heard = visitor.post(&claim, &[("form_token", &token)]);
    let call = format!("/deliveries/{}/call", owed[0]);
    assert_eq!((heard.status, heard.header("location")), (303, call.as_str()));
    let form = visitor.get(&call);
    assert!(form.body.contains("电话确认"));
    let fields = [("form_token", token.as_str()), ("key", "once"), ("outcome", "confirmed")];
    let refused = visitor.post(&call, &fields);
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("接电话的人的姓名"));
    assert_eq!(code_on(&form.body), code_on(&visitor.get(&call).body), "drawn again");
    let (first, token_of_code) = (code_on(&form.body), form.field("code_token").unwrap());
    let slip = [fields.as_slice(), &[("code_token", token_of_code)]].concat();
    let again = visitor.post(&call, &slip);
    let said = "the digits that were read out stay after a slip";
    assert_eq!((again.status, code_on(&again.body)), (422, first), "{said}");
    assert_eq!(again.field("code_token"), Some(token_of_code));
    let slip = [slip.as_slice(), &[("name", "李某"), ("post", "值班员"), ("code", "x")]].concat();
    let wrong = visitor.post(&call, &slip);
    assert_eq!((wrong.status, code_on(&wrong.body)), (422, first), "{}", wrong.words());
    let forged = [fields.as_slice(), &[("code_token", "AAAA")]].concat();
    let forged = visitor.post(&call, &forged);
    assert_ne!(forged.field("code_token"), Some("AAAA"), "no code of somebody else's making");
    let fields = [
        ("form_token", token.as_str()),
        ("key", "once"),
        ("outcome", "confirmed"),
        ("name", "李某"),
        ("post", "值班员"),
        ("number", "0731-55509876"),
    ];
    let done = visitor.post(&call, &fields);
    assert_eq!(done.header("location"), "/duty");
    assert!(visitor.get("/duty").body.contains("已记录：电话确认，回执已出，催签已停。"));
    let story = visitor.get(&format!("/deliveries/{}", owed[0]));
    assert!(story.body.contains("打电话读出标题、文号"), "{}", story.words());
    assert!(visitor.get("/duty").body.contains("现在没有要打的电话"));
    // Who writes may look, and neither take nor record.
    let mut clerk = Visitor::new(&door).sign_in("jingban", PASSWORD);
    owe(&town, &ids(&town, 2)[1..], TaskKind::Call);
    let looked = clerk.get("/duty");
    assert!(looked.status == 200 && !looked.body.contains("我来拨"));
    let wall = clerk.get("/duty?wall=1");
    assert!(wall.body.contains("class=\"dark\"") && !wall.body.contains("我来拨"));
}

#[test]
fn a_person_reminds_once_and_then_leaves_them_alone_for_a_while() {
    let Some(town) = Town::new() else { return };
    let officer = account(&town, "zhiban");
    let notice = town.ours.notice;
    town.sign(town.ours.sent[0], "陈立");
    let found = candidates(&town.service, &officer, notice).unwrap();
    assert_eq!(found.all.len(), town.ours.sent.len() - 1, "who signed is not on the list");
    let all: Vec<DeliveryId> = town.ours.sent.iter().map(|(id, _)| *id).collect();
    let key = town.service.form_key().unwrap();
    let count = found.count();
    assert!(count > 0);
    let press = |key: &str| remind_by_hand(&town.service, &officer, notice, &all, key).unwrap();
    assert_eq!(press(&key), count);
    assert_eq!(press(&key), 0, "the same form again");
    let key = town.service.form_key().unwrap();
    assert_eq!(press(&key), 0, "in cool-down");
    assert_eq!(candidates(&town.service, &officer, notice).unwrap().count(), 0);
    town.clock.advance(Span::minutes(10));
    let key = town.service.form_key().unwrap();
    assert_eq!(press(&key), count);
}

#[test]
fn who_answers_tonight_stands_first_until_eight() {
    let Some(town) = Town::new() else { return };
    let officer = account(&town, "zhiban");
    let sent = town.ours.sent[0];
    owe(&town, &[sent.0], TaskKind::Call);
    let (visiting, cookie) = town.visit(sent);
    let wrong = tell_duty(&town.service, &visiting, "", "", "110").unwrap();
    assert!(matches!(wrong, Told::Mistaken(faults) if faults.officer.is_some()));
    let told = tell_duty(&town.service, &visiting, "周某", "吴某", "0731-55501234").unwrap();
    assert_eq!(told, Told::Yes);
    let tonight = || sheet(&town.service, &officer, sent.0).unwrap().tonight;
    assert_eq!(tonight().unwrap().phone, "0731-55501234");
    // Ringing that number is no difference from what is known.
    let request = CallRequest { number: "0731-55501234".into(), ..pressed(&town, "told") };
    record_call(&town.service, &officer, sent.0, &request).unwrap();
    let before = sheet(&town.service, &officer, sent.0).unwrap().before;
    assert!(!before[0].number_differs);
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut holder = Visitor::new(&door);
    holder.cookies.push((format!("__Host-{}", sent.0), cookie));
    let page = holder.get(&format!("/receive/{}/duty", sent.0));
    assert!(page.status == 200 && page.body.contains("告知今晚值班"));
    let organization = sheet(&town.service, &officer, sent.0).unwrap().delivery.organization_id;
    let mut staff = Visitor::new(&door).sign_in("zhiban", PASSWORD);
    let entry = staff.get(&format!("/directory/{organization}")).words();
    assert!(entry.contains("周某，带班领导吴某，电话 0731-55501234"), "{entry}");
    // It is 02:02; at eight it is over.
    town.clock.advance(Span::minutes(5 * 60 + 58));
    assert!(tonight().is_none());
    let entry = staff.sign_in("zhiban", PASSWORD).get(&format!("/directory/{organization}"));
    assert!(entry.status == 200 && !entry.words().contains("周某"));
}

#[test]
fn how_long_somebody_is_left_alone_is_the_installations_to_say() {
    let Some(town) = Town::new() else { return };
    let officer = account(&town, "zhiban");
    let mut service = town.service.clone();
    let mut settings = (*service.settings).clone();
    settings.duty.cool_down.flash = Span::minutes(3);
    service.settings = std::sync::Arc::new(settings);
    let (notice, id) = (town.ours.notice, town.ours.sent[0].0);
    assert_eq!(remind_by_hand(&service, &officer, notice, &[id], "k1").unwrap(), 1);
    for (minutes, reminded) in [(2, 0), (1, 1)] {
        town.clock.advance(Span::minutes(minutes));
        let key = format!("after {minutes}");
        let done = remind_by_hand(&service, &officer, notice, &[id], &key).unwrap();
        assert_eq!(done, reminded, "{minutes}");
    }
}

#[test]
fn a_person_escalates_with_a_reason_or_declines_the_offer() {
    let Some(town) = Town::new() else { return };
    let officer = account(&town, "zhiban");
    let id = town.ours.sent[0].0;
    owe(&town, &[id], TaskKind::OfferSuperior);
    let act =
        |act, accept, reason| escalate_by_hand(&town.service, &officer, id, act, accept, reason);
    assert!(act(HandAct::Superior, false, " ").is_err(), "a reason is needed");
    assert_eq!(duty::read(&town.service, &officer).unwrap().offers.len(), 1);
    act(HandAct::Superior, false, "已电话联系上").unwrap();
    assert!(duty::read(&town.service, &officer).unwrap().offers.is_empty());
    town.sign(town.ours.sent[0], "陈立");
    assert!(act(HandAct::Superior, true, "仍未签收").is_err(), "it has answered");
}

#[test]
fn the_sheets_print_what_happened() {
    let Some(town) = Town::new() else { return };
    let officer = account(&town, "zhiban");
    let door = Door::open(&town.service, PUBLIC_URL);
    let owed = ids(&town, 3);
    owe(&town, &owed, TaskKind::Call);
    let promise = CallRequest { promised: "02:40".into(), ..pressed(&town, "promised") };
    record_call(&town.service, &officer, owed[0], &promise).unwrap();
    record_call(&town.service, &officer, owed[1], &pressed(&town, "confirmed")).unwrap();
    let mut visitor = Visitor::new(&door).sign_in("zhiban", PASSWORD);
    let handover = visitor.get("/duty/handover");
    assert!(handover.body.contains("通话 2 次，未兑现的答应 1 个"), "{}", handover.words());
    let night = visitor.get("/duty/night");
    assert!(night.body.contains("共 1 件次") && night.body.contains("电话确认"));
    let record = visitor.get(&format!("/deliveries/{}/calls", owed[1]));
    assert!(record.body.contains("号码与通讯录不同"), "{}", record.words());
    let register = visitor.get(&format!("/notices/{}/register", town.ours.notice));
    assert!(register.body.contains("电话 1 次，末次"), "{}", register.words());
    let board = visitor.get(&format!("/notices/{}", town.ours.notice));
    assert!(board.body.contains(&format!("催签 {} 个单位", town.ours.sent.len() - 1)));
}

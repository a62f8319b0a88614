//! 代拨: calls are handed on to the desk of a 市州, reported by its link, and come back.

use qianshou::adapters::clock::Clock as _;
use qianshou::adapters::random::{Random as _, SystemRandom};
use qianshou::domain::account::Account;
use qianshou::domain::call_task::TaskKind;
use qianshou::domain::delegation::{DelegationCounts, DelegationEnd};
use qianshou::domain::ids::{DelegationId, DeliveryId, NoticeId, OrganizationId, TaskId};
use qianshou::domain::time::{Span, Timestamp};
use qianshou::service::acts::ActForm;
use qianshou::service::claim_calls::claim_calls;
use qianshou::service::close::{close, to_close};
use qianshou::service::delegate::{delegate_calls, renew_links, return_overdue, take_back};
use qianshou::service::deliver::{Dispatch, Sender, Share, tick};
use qianshou::service::end_notice::{recall, revoke};
use qianshou::service::{ServiceError, accounts, duty};
use qianshou::store::call_tasks::{NewTask, task_raise_all};

use crate::support::crossing::crossing;
use crate::support::door::{Door, Heard, Visitor};
use crate::support::fixture_staff::{PASSWORD, Town};
use crate::support::house::{count, execute, texts};
use crate::support::stand::PUBLIC_URL;

/// A town whose office owes a call to every county of one city.
struct Calls {
    town: Town,
    city: OrganizationId,
    owed: Vec<DeliveryId>,
}

fn bits() -> [u8; 10] {
    let mut bits = [0; 10];
    SystemRandom.fill(&mut bits).unwrap();
    bits
}

impl Calls {
    fn new() -> Option<Self> {
        let town = Town::new()?;
        let notice = town.ours.notice;
        let counties = format!(
            "SELECT d.id AS value FROM deliveries d JOIN organizations o ON \
             o.id = d.organization_id WHERE d.notice_id = '{notice}' AND o.code LIKE \
             '4301%-party' AND o.level = 'county' ORDER BY o.tree_path"
        );
        let owed: Vec<DeliveryId> =
            texts(&town.url, &counties).iter().map(|text| text.parse().unwrap()).collect();
        assert!(owed.len() > 3, "{owed:?}");
        let city = "SELECT id AS value FROM organizations WHERE code = '430100-party'";
        let city = texts(&town.url, city)[0].parse().unwrap();
        let calls = Self { town, city, owed };
        calls.owe();
        Some(calls)
    }

    fn owe(&self) {
        let (now, notice_id) = (self.town.clock.now(), self.town.ours.notice);
        let issuer_id = self.officer("zhiban").organization_id;
        let task = |id: &DeliveryId| NewTask {
            id: TaskId::new(now, bits()),
            issuer_id,
            notice_id,
            delivery_id: *id,
            kind: TaskKind::Call,
            reason: "call".into(),
            lane: 0,
            due_at: now,
        };
        let tasks: Vec<NewTask> = self.owed.iter().map(task).collect();
        let store = &self.town.service.store;
        store.write("test", move |tx| task_raise_all(tx, &tasks, now)).unwrap();
    }

    fn officer(&self, login: &str) -> Account {
        let all = accounts::list(&self.town.service).unwrap();
        all.into_iter().find(|one| one.login == login).unwrap()
    }

    fn hand_on(&self, key: &str) -> Result<usize, ServiceError> {
        let (notice, officer) = (self.town.ours.notice, self.officer("zhiban"));
        delegate_calls(&self.town.service, &officer, notice, Some(self.city), key)
    }

    fn id(&self) -> DelegationId {
        let last = "SELECT id AS value FROM delegations ORDER BY asked_at DESC, id DESC LIMIT 1";
        texts(&self.town.url, last)[0].parse().unwrap()
    }

    fn count(&self, from: &str) -> i64 {
        count(&self.town.url, from)
    }

    fn counts(&self) -> DelegationCounts {
        let board = duty::read(&self.town.service, &self.officer("zhiban")).unwrap();
        board.delegated.last().unwrap().counts
    }

    fn ended(&self) -> Option<DelegationEnd> {
        let board = duty::read(&self.town.service, &self.officer("zhiban")).unwrap();
        board.delegated.last().unwrap().delegation.ended_why
    }

    fn task(&self, delivery: DeliveryId) -> TaskId {
        let of = format!("SELECT id AS value FROM call_tasks WHERE delivery_id = '{delivery}'");
        texts(&self.town.url, &of)[0].parse().unwrap()
    }

    /// When the call to a delivery is owed, and to whom it is handed on.
    fn due(&self, delivery: DeliveryId) -> (Timestamp, bool) {
        let board = duty::read(&self.town.service, &self.officer("zhiban")).unwrap();
        let mut tasks = board.calls.iter().flat_map(|call| &call.tasks);
        let task = tasks.find(|task| task.delivery_id == delivery).unwrap();
        (task.due_at, task.delegated_to.is_some())
    }
}

/// The desk, at its list.
struct Desk<'d> {
    visitor: Visitor,
    page: String,
    _door: &'d Door,
}

impl<'d> Desk<'d> {
    fn arrive(calls: &Calls, door: &'d Door) -> Self {
        let token = calls.town.service.keys.delegation_token(&calls.town.list_link(calls.id()));
        let mut visitor = Visitor::new(door);
        let arrived = visitor.get(&format!("/d/{token}"));
        let page = arrived.header("location").to_owned();
        assert_eq!((arrived.status, page.as_str()), (303, &*format!("/delegated/{}", calls.id())));
        Self { visitor, page, _door: door }
    }

    fn report(&mut self, made: &[(TaskId, &str, &str)]) -> Heard {
        let shown = self.visitor.get(&self.page);
        let token = shown.field("form_token").unwrap_or_default().to_owned();
        let mut fields = vec![
            ("form_token".to_owned(), token),
            ("name".to_owned(), "贺某".to_owned()),
            ("post".to_owned(), "值班员".to_owned()),
            ("phone".to_owned(), "0731-55500009".to_owned()),
        ];
        for (task, outcome, callee) in made {
            fields.push((format!("outcome-{task}"), (*outcome).to_owned()));
            fields.push((format!("callee-{task}"), (*callee).to_owned()));
        }
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.visitor.post(&self.page.clone(), &fields)
    }
}

#[test]
fn a_desk_gets_its_counties_calls_and_reports_them_without_an_account() {
    let Some(calls) = Calls::new() else { return };
    let (town, all) = (&calls.town, i64::try_from(calls.owed.len()).unwrap());
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut officer = Visitor::new(&door).sign_in("zhiban", PASSWORD);
    let page = officer.get("/duty");
    assert!(page.words().contains("请其代拨"), "{}", page.words());
    let token = officer.form_token();
    let (city, path) = (calls.city.to_string(), format!("/notices/{}/delegate", town.ours.notice));
    let fields = [("form_token", token.as_str()), ("key", "k1"), ("organization", &city)];
    let done = officer.post(&path, &fields);
    assert_eq!(done.header("location"), "/duty");
    let again = officer.post(&path, &fields);
    assert!(again.status == 303 || again.status == 409, "the same form does nothing more");
    assert_eq!(calls.count("delegations"), 1);
    assert_eq!(calls.count("events WHERE kind = 'calls_delegated'"), all);
    let shown = officer.get("/duty").words();
    assert!(shown.contains(&format!("代拨 {all} 个：已通知 0，未联系上 0，未报 {all}")), "{shown}");

    // The words can be written, and go out.
    let dispatch = Dispatch::open(&town.service);
    let mut sender = Sender::open(&town.service, &dispatch, "test", Share::All);
    tick(&town.service, &mut sender).unwrap();
    let sent = "messages WHERE purpose = 'delegated_calls' AND state = 'handed_over'";
    assert!(calls.count(sent) > 0);
    assert_eq!(calls.count("messages WHERE purpose = 'delegated_calls'"), calls.count(sent));

    let events = calls.count("events");
    let mut desk = Desk::arrive(&calls, &door);
    let list = desk.visitor.get(&desk.page.clone());
    assert!(list.words().contains("湘办发电〔2026〕35号"), "{}", list.words());
    assert!(list.body.contains("强降雨"), "a call has to name it: {}", list.body);
    assert_eq!(calls.count("events"), events, "looking leaves no trace");

    let (first, second) = (calls.owed[0], calls.owed[1]);
    let nameless = desk.report(&[(calls.task(first), "told", "")]);
    assert!(nameless.status == 422 && nameless.words().contains("接电话的人"));
    assert_eq!(calls.counts().open, all);
    let now = town.clock.now();
    let kept = desk
        .report(&[(calls.task(first), "told", "陈某"), (calls.task(second), "not_reached", "")]);
    assert_eq!(kept.status, 303, "{}", kept.words());
    let reported = DelegationCounts { asked: all, told: 1, not_reached: 1, ..Default::default() };
    let wanted = DelegationCounts { open: all - 2, ..reported };
    assert_eq!(calls.counts(), wanted);
    assert_eq!(calls.due(first), (now.plus(Span::minutes(10)), false), "left alone for a while");
    assert_eq!(calls.due(second), (now, false), "the issuer's at once");
    assert!(calls.due(calls.owed[2]).1);
    let twice = desk
        .report(&[(calls.task(first), "told", "陈某"), (calls.task(second), "not_reached", "")]);
    assert_eq!((twice.status, twice.header("location")), (303, kept.header("location")));
    assert_eq!(calls.counts(), wanted);
    // What was reported stays as it was.
    desk.report(&[(calls.task(first), "not_reached", "")]);
    assert_eq!(calls.counts(), wanted);
    let story = officer.get(&format!("/deliveries/{first}")).words();
    assert!(story.contains("值班室报来：已电话告知陈某"), "{story}");

    // One signs by itself; the rest is reported, and the list is done.
    let signs = town.ours.sent.iter().find(|(id, _)| *id == calls.owed[2]).unwrap();
    town.sign(*signs, "陈立");
    assert!(desk.visitor.get(&desk.page.clone()).words().contains("已答复，不用再拨"));
    assert_eq!((calls.counts().answered, calls.counts().open), (1, all - 3));
    let rest: Vec<(TaskId, &str, &str)> =
        calls.owed[3..].iter().map(|id| (calls.task(*id), "told", "周某")).collect();
    assert_eq!(desk.report(&rest).status, 303);
    assert_eq!(calls.ended(), Some(DelegationEnd::Reported));
    assert_eq!(desk.report(&rest).status, 303, "the last report, posted twice");
    assert_eq!(return_overdue(&town.service).unwrap(), 0);
}

#[test]
fn what_is_not_reported_in_time_comes_back() {
    let Some(calls) = Calls::new() else { return };
    let town = &calls.town;
    assert_eq!(calls.hand_on("k1").unwrap(), calls.owed.len());
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut desk = Desk::arrive(&calls, &door);
    desk.report(&[(calls.task(calls.owed[0]), "told", "陈某")]);
    assert_eq!(return_overdue(&town.service).unwrap(), 0, "it has time");
    town.clock.advance(Span::minutes(15));
    assert_eq!(return_overdue(&town.service).unwrap(), 1);
    assert_eq!(return_overdue(&town.service).unwrap(), 0, "once");
    assert_eq!(calls.ended(), Some(DelegationEnd::Overdue));
    let now = town.clock.now();
    for id in &calls.owed[1..] {
        assert_eq!(calls.due(*id), (now, false));
    }
    let back = i64::try_from(calls.owed.len()).unwrap() - 1;
    assert_eq!(calls.count("events WHERE kind = 'delegation_ended'"), back);
    let late = desk.report(&[(calls.task(calls.owed[1]), "told", "陈某")]);
    assert_eq!(late.status, 303, "{}", late.words());
    assert!(desk.visitor.get(&desk.page.clone()).words().contains("未报的电话已于"));
    // Handed on again it is another delegation, which the old visit does not open.
    let old = calls.id();
    town.clock.advance(Span::minutes(1));
    assert_eq!(calls.hand_on("k2").unwrap(), calls.owed.len());
    let until = town.clock.now().plus(Span::hours(1));
    let value = town.service.keys.delegation_visit(&town.list_link(old), until);
    desk.visitor.cookies.push((format!("__Host-{}", calls.id()), value));
    assert_eq!(desk.visitor.get(&format!("/delegated/{}", calls.id())).status, 404);
}

#[test]
fn an_officer_takes_calls_back_and_the_link_opens_nothing_more() {
    let Some(calls) = Calls::new() else { return };
    let (town, notice) = (&calls.town, calls.town.ours.notice);
    calls.hand_on("k1").unwrap();
    let free = calls.hand_on("k2");
    assert!(matches!(free, Err(ServiceError::Conflict(_))), "nothing is free any more");
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut desk = Desk::arrive(&calls, &door);
    let token = town.service.keys.delegation_token(&town.list_link(calls.id()));
    let back = |login: &str, notice: NoticeId| {
        take_back(&town.service, &calls.officer(login), notice, calls.id())
    };
    assert!(matches!(back("zf-zhiban", town.theirs.notice), Err(ServiceError::NotFound)));
    assert!(matches!(back("zhiban", town.theirs.notice), Err(ServiceError::NotFound)));
    assert_eq!(back("zhiban", notice).unwrap(), calls.owed.len());
    assert!(matches!(back("zhiban", notice), Err(ServiceError::Conflict(_))));
    assert!(!calls.due(calls.owed[0]).1);
    assert_eq!(desk.visitor.get(&desk.page.clone()).status, 404);
    assert_eq!(Visitor::new(&door).get(&format!("/d/{token}")).status, 404);
    // An unsent mail about it is not sent any more.
    let dispatch = Dispatch::open(&town.service);
    let mut sender = Sender::open(&town.service, &dispatch, "test", Share::All);
    tick(&town.service, &mut sender).unwrap();
    let unsent = "messages WHERE purpose = 'delegated_calls' AND state = 'cancelled'";
    assert_eq!(calls.count(unsent), calls.count("messages WHERE purpose = 'delegated_calls'"));
}

fn send(calls: &Calls) {
    let dispatch = Dispatch::open(&calls.town.service);
    let mut sender = Sender::open(&calls.town.service, &dispatch, "test", Share::All);
    for _ in 0..50 {
        if tick(&calls.town.service, &mut sender).unwrap().taken == 0 {
            return;
        }
    }
    panic!("there is no end to the sending");
}

const WORD: &str = "messages WHERE purpose = 'withdrawal' AND about LIKE 'dlg%'";
const TELL_END: &str = "call_tasks WHERE kind = 'tell_end' AND closed_at IS NULL";

#[test]
fn an_end_takes_the_calls_from_the_desk_and_whoever_it_told_is_told_of_the_end() {
    let Some(calls) = Calls::new() else { return };
    let (town, notice) = (&calls.town, calls.town.ours.notice);
    let all = i64::try_from(calls.owed.len()).unwrap();
    calls.hand_on("k1").unwrap();
    send(&calls);
    let asked = calls.count("messages WHERE purpose = 'delegated_calls' AND state = 'handed_over'");
    assert!(asked > 0);
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut desk = Desk::arrive(&calls, &door);
    let (first, second, third) = (calls.owed[0], calls.owed[1], calls.owed[2]);
    desk.report(&[(calls.task(first), "told", "陈某")]);
    let signs = town.ours.sent.iter().find(|(id, _)| *id == third).unwrap();
    town.sign(*signs, "陈立");
    // One more is being told while the office takes the notice back.
    let open = desk.visitor.get(&desk.page.clone());
    assert!(open.words().contains("未联系上"));
    town.clock.advance(Span::minutes(1));
    let form = ActForm { key: "end".into(), reason: "附件有误".into() };
    recall(&town.service, &calls.officer("jingban"), notice, &form).unwrap();

    assert_eq!(calls.ended(), Some(DelegationEnd::NoticeEnded));
    let wanted = DelegationCounts {
        asked: all,
        told: 1,
        answered: 1,
        dropped: all - 2,
        ..Default::default()
    };
    assert_eq!(calls.counts(), wanted);
    assert_eq!(calls.count("events WHERE kind = 'delegation_ended'"), all - 2);
    assert_eq!(calls.count("call_tasks WHERE kind = 'call' AND closed_at IS NULL"), 0);
    assert_eq!(return_overdue(&town.service).unwrap(), 0);
    let mut officer = Visitor::new(&door).sign_in("zhiban", PASSWORD);
    let row = officer.get("/duty").words();
    let words = format!("未报 0，已自行答复 1，不用再拨 {}", all - 2);
    assert!(row.contains(&words) && row.contains("公文已不在办理"), "{row}");

    // The desk is told by every way by which it was asked, in words of its own.
    assert_eq!(calls.count(WORD), asked);
    send(&calls);
    assert_eq!(calls.count(&format!("{WORD} AND state = 'handed_over'")), asked);
    let mails = town.mails.received();
    let word = mails.iter().rfind(|mail| mail.subject.contains("不用再拨")).unwrap();
    assert!(word.subject.contains("公文已撤回"), "{}", word.subject);
    assert!(word.text.contains("附件有误") && word.text.contains("/d/dlg_"), "{}", word.text);
    assert!(word.text.contains("请打开下面的页面报来"), "{}", word.text);

    let page = desk.visitor.get(&desk.page.clone());
    let words = page.words();
    assert!(words.contains("撤回，理由：附件有误。这些电话不用再拨。"), "{words}");
    assert!(!page.body.contains("tel:0731-5"), "nobody is to be rung any more");
    assert!(!words.contains("未联系上") && !words.contains("还有"), "{words}");
    assert!(words.contains("已答复，不用再拨"), "of the one that signed: {words}");
    assert_eq!(calls.count(&format!("{TELL_END} AND delivery_id = '{first}'")), 1);
    assert_eq!(calls.count(TELL_END), 1);
    let late = [(calls.task(second), "told", "周某")];
    for _ in 0..2 {
        assert_eq!(desk.report(&late).status, 303, "what was told is still to be known");
    }
    assert_eq!(calls.count(&format!("{TELL_END} AND delivery_id = '{second}'")), 1);
    assert_eq!(calls.count("events WHERE kind = 'delegation_reported'"), 2);
    assert_eq!(calls.counts(), DelegationCounts { told: 2, dropped: all - 3, ..wanted });
}

#[test]
fn a_closed_notice_is_not_called_about_and_nothing_of_it_is_taken_back() {
    let Some(calls) = Calls::new() else { return };
    let (town, notice) = (&calls.town, calls.town.ours.notice);
    calls.hand_on("k1").unwrap();
    send(&calls);
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut desk = Desk::arrive(&calls, &door);
    let clerk = calls.officer("jingban");
    let open = to_close(&town.service, &clerk, notice).unwrap().unsigned;
    let gaps = open.iter().map(|one| (one.id, "已由值班室当面送达".to_owned())).collect();
    let form = |key: &str| ActForm { key: key.into(), reason: "办结".into() };
    close(&town.service, &clerk, notice, &form("end"), &gaps).unwrap();
    assert_eq!(calls.ended(), Some(DelegationEnd::NoticeEnded));
    let told = calls.count(WORD);
    assert!(told > 0);
    send(&calls);
    let page = desk.visitor.get(&desk.page.clone()).words();
    assert!(page.contains("办结，理由：") && !page.contains("报来结果"), "{page}");
    let late = desk.report(&[(calls.task(calls.owed[0]), "told", "陈某")]);
    assert_eq!((late.status, calls.count(TELL_END)), (409, 0));
    // What is closed may still be revoked, and then the desk hears of that as well.
    revoke(&town.service, &clerk, notice, &form("end2")).unwrap();
    assert_eq!(calls.count(WORD), 2 * told);
    send(&calls);
    assert_eq!(calls.count(&format!("{WORD} AND state = 'handed_over'")), 2 * told);
}

/// A link is of one address and one generation, stops with the address, and is renewed on demand;
/// its page closes a while after the calls ended, or when the office says so.
#[test]
fn the_link_to_the_list_is_bound_renewed_and_closed() {
    let Some(calls) = Calls::new() else { return };
    let (town, notice) = (&calls.town, calls.town.ours.notice);
    calls.hand_on("k1").unwrap();
    let id = calls.id();
    let links = format!("delegation_links WHERE delegation_id = '{id}' AND revoked_at IS NULL");
    let mails = "messages WHERE purpose = 'delegated_calls'";
    assert_eq!(calls.count(&links), calls.count(mails), "one for each address");
    send(&calls);
    let door = Door::open(&town.service, PUBLIC_URL);
    let link = town.list_link(id);
    let token = town.service.keys.delegation_token(&link);
    let opens = |token: &str| Visitor::new(&door).get(&format!("/d/{token}")).status;
    assert_eq!(opens(&token), 303);
    let carried: Vec<String> = town.mails.received().into_iter().map(|mail| mail.text).collect();
    assert!(carried.iter().any(|text| text.contains(&token)), "{carried:?}");
    // Out of use, the address opens nothing; in use again, it does.
    let set = |status: &str| {
        let of = format!("WHERE id = '{}'", link.address);
        execute(&town.url, &format!("UPDATE contact_addresses SET status = '{status}' {of}"));
    };
    let mut desk = Desk::arrive(&calls, &door);
    set("retired");
    assert_eq!((opens(&token), desk.visitor.get(&desk.page.clone()).status), (404, 404));
    set("verified");
    assert_eq!((opens(&token), desk.visitor.get(&desk.page.clone()).status), (303, 200));

    // Renewed: neither the old token nor the visit it began opens anything; posted twice, once.
    let mut officer = Visitor::new(&door).sign_in("zhiban", PASSWORD);
    let path = format!("/notices/{notice}/renew-calls");
    assert!(officer.get("/duty").body.contains(&format!("action=\"{path}\"")));
    let (form_token, named) = (officer.form_token(), id.to_string());
    let fields = [("form_token", &*form_token), ("key", "r1"), ("delegation", &named)];
    for _ in 0..2 {
        assert_eq!(officer.post(&path, &fields).header("location"), "/duty");
    }
    assert_eq!((opens(&token), desk.visitor.get(&desk.page.clone()).status), (404, 404));
    let renewed = town.list_link(id);
    assert_eq!((renewed.address, renewed.generation), (link.address, 2));
    let token = town.service.keys.delegation_token(&renewed);
    assert_eq!(calls.count("events WHERE kind = 'delegation_links'"), 1);
    send(&calls);
    let carried: Vec<String> = town.mails.received().into_iter().map(|mail| mail.text).collect();
    assert_eq!(carried.iter().filter(|text| text.contains(&token)).count(), 1);
    let foreign = renew_links(&town.service, &calls.officer("zf-zhiban"), notice, id, "x");
    assert!(matches!(foreign, Err(ServiceError::NotFound)));

    // Its page says how long it stays, and then opens nothing.
    let mut desk = Desk::arrive(&calls, &door);
    town.clock.advance(Span::minutes(15));
    return_overdue(&town.service).unwrap();
    assert!(desk.visitor.get(&desk.page.clone()).words().contains("本页留到"));
    let late = renew_links(&town.service, &calls.officer("zhiban"), notice, id, "y");
    assert!(matches!(late, Err(ServiceError::Conflict(_))));
    let stays = town.service.settings.duty.delegated_page_stays;
    town.clock.advance(Span::micros(stays.as_micros() - 1));
    assert_eq!(opens(&token), 303);
    town.clock.advance(Span::micros(1));
    assert_eq!(opens(&token), 404);
}

/// One officer takes the calls back while another renews the links to them.
#[test]
fn the_links_of_calls_that_are_just_being_taken_back_are_not_renewed() {
    let Some(calls) = Calls::new() else { return };
    calls.hand_on("k1").unwrap();
    let (id, notice, officer) = (calls.id(), calls.town.ours.notice, calls.officer("zhiban"));
    let back = "UPDATE delegations SET ended_at = 1, ended_why = 'revoked'";
    let renewed = crossing(&calls.town.url, back, || {
        renew_links(&calls.town.service, &officer, notice, id, "r1")
    });
    let Some(renewed) = renewed else { return };
    assert!(matches!(renewed, Err(ServiceError::Conflict(_))), "{renewed:?}");
    assert_eq!(calls.count("events WHERE kind = 'delegation_links'"), 0);
}

/// All had answered before the letter left: nothing failed.
#[test]
fn a_letter_that_was_not_needed_any_more_is_no_failure() {
    let Some(calls) = Calls::new() else { return };
    calls.hand_on("k1").unwrap();
    let done = "UPDATE call_tasks SET closed_at = 1, closed_why = 'acknowledged'";
    execute(&calls.town.url, done);
    send(&calls);
    assert_eq!(return_overdue(&calls.town.service).unwrap(), 1);
    assert_eq!(calls.ended(), Some(DelegationEnd::Answered));
}

#[test]
fn the_page_of_calls_that_ended_is_closed_by_the_office() {
    let Some(calls) = Calls::new() else { return };
    let (town, notice) = (&calls.town, calls.town.ours.notice);
    calls.hand_on("k1").unwrap();
    // Renewed before its letters left: only the new ones leave.
    let letters = "messages WHERE purpose = 'delegated_calls'";
    let asked = calls.count(letters);
    renew_links(&town.service, &calls.officer("zhiban"), notice, calls.id(), "r1").unwrap();
    send(&calls);
    assert_eq!(calls.count(letters), 2 * asked);
    assert_eq!(calls.count(&format!("{letters} AND state = 'handed_over'")), asked);
    town.clock.advance(Span::minutes(15));
    return_overdue(&town.service).unwrap();
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut desk = Desk::arrive(&calls, &door);
    let mut officer = Visitor::new(&door).sign_in("zhiban", PASSWORD);
    let page = officer.get("/duty");
    assert!(page.words().contains("页面留到") && page.words().contains("停用页面"));
    let path = format!("/notices/{notice}/take-back");
    let (form_token, named) = (officer.form_token(), calls.id().to_string());
    let fields = [("form_token", &*form_token), ("delegation", &named)];
    assert_eq!(officer.post(&path, &fields).status, 303);
    assert_eq!(desk.visitor.get(&desk.page.clone()).status, 404);
    assert_eq!(calls.ended(), Some(DelegationEnd::Overdue), "what ended it stays on record");
    assert_eq!(calls.count("events WHERE kind = 'delegation_links'"), 2);
    assert!(!officer.get("/duty").words().contains("停用页面"));
    assert_eq!(officer.post(&path, &fields).status, 409);
}

/// A desk that no mail reaches cannot call: its calls come back at once, not when they are late.
#[test]
fn calls_that_the_desk_was_not_told_of_come_back_at_once() {
    for (bounced, reported) in [(false, false), (true, false), (true, true)] {
        let Some(calls) = Calls::new() else { return };
        let (town, all) = (&calls.town, calls.owed.len());
        calls.hand_on("k1").unwrap();
        assert_eq!(return_overdue(&town.service).unwrap(), 0, "it is on its way");
        let mails = "purpose = 'delegated_calls'";
        if bounced {
            send(&calls);
            assert_eq!(return_overdue(&town.service).unwrap(), 0, "it arrived");
            if reported {
                let door = Door::open(&town.service, PUBLIC_URL);
                let call = (calls.task(calls.owed[0]), "told", "陈某");
                assert_eq!(Desk::arrive(&calls, &door).report(&[call]).status, 303);
            }
            execute(
                &town.url,
                &format!(
                    "UPDATE contact_addresses SET status = 'failing' WHERE id IN \
                     (SELECT address_id FROM messages WHERE {mails})"
                ),
            );
        } else {
            let dead = "state = 'dead', due_at = NULL, finished_at = 1, finished_why = 'rejected'";
            execute(&town.url, &format!("UPDATE messages SET {dead} WHERE {mails}"));
        }
        let ended = return_overdue(&town.service).unwrap();
        if reported {
            assert_eq!((ended, calls.ended()), (0, None), "it has the list all the same");
            continue;
        }
        assert_eq!((ended, calls.ended()), (1, Some(DelegationEnd::Undelivered)));
        assert_eq!(return_overdue(&town.service).unwrap(), 0, "once");
        let now = town.clock.now();
        assert!(calls.owed.iter().all(|id| calls.due(*id) == (now, false)));
        let told = calls.count("events WHERE kind = 'delegation_ended'");
        assert_eq!(told, i64::try_from(all).unwrap());
        let door = Door::open(&town.service, PUBLIC_URL);
        let mut officer = Visitor::new(&door).sign_in("zhiban", PASSWORD);
        assert!(officer.get("/duty").words().contains("邮件没有送到，已收回"));
    }
}

/// Calls came back over the head of a desk that had made some of them: what it did is reported
/// late, the office sees it, and nobody rings there again at once.
#[test]
fn what_a_desk_did_before_its_calls_came_back_is_reported_late() {
    for why in [DelegationEnd::Undelivered, DelegationEnd::Overdue] {
        let Some(calls) = Calls::new() else { return };
        let (town, notice) = (&calls.town, calls.town.ours.notice);
        calls.hand_on("k1").unwrap();
        send(&calls);
        if why == DelegationEnd::Undelivered {
            let mails = "SELECT address_id FROM messages WHERE purpose = 'delegated_calls'";
            let bounce =
                format!("UPDATE contact_addresses SET status = 'failing' WHERE id IN ({mails})");
            execute(&town.url, &bounce);
        } else {
            town.clock.advance(Span::minutes(15));
        }
        return_overdue(&town.service).unwrap();
        assert_eq!(calls.ended(), Some(why));
        let back = town.clock.now();
        town.clock.advance(Span::minutes(3));

        let door = Door::open(&town.service, PUBLIC_URL);
        let mut desk = Desk::arrive(&calls, &door);
        let page = desk.visitor.get(&desk.page.clone());
        let words = page.words();
        let said = match why {
            DelegationEnd::Overdue => "没有按时报齐，未报的电话已于",
            _ => "邮件没有送到，电话已于",
        };
        assert!(words.contains(said) && words.contains("转回发文单位"), "{words}");
        assert!(words.contains("<h1>长沙市委值班室：代拨电话已转回发文单位</h1>"), "{words}");
        assert!(words.contains("没有打过的不用填") && words.contains("前签收"), "{words}");
        assert!(words.contains("未联系上") && !page.body.contains("tel:0731-5"), "{words}");

        // A colleague has taken one of them meanwhile, and keeps it.
        let (first, second) = (calls.owed[0], calls.owed[1]);
        let (third, fourth) = (calls.owed[2], calls.owed[3]);
        claim_calls(&town.service, &calls.officer("zhiban"), third, &[]).unwrap();
        let done = [
            (calls.task(first), "told", "陈某"),
            (calls.task(second), "not_reached", ""),
            (calls.task(third), "told", "周某"),
        ];
        for _ in 0..2 {
            assert_eq!(desk.report(&done).status, 303, "{why:?}");
        }
        assert_eq!(calls.count("events WHERE kind = 'delegation_reported'"), 3);
        assert_eq!((calls.counts().told, calls.counts().not_reached), (2, 1));
        assert_eq!(calls.ended(), Some(why), "they stay the office's");
        let later = town.clock.now().plus(Span::minutes(10));
        assert_eq!(calls.due(first), (later, false), "left alone for a while");
        assert_eq!((calls.due(second).0, calls.due(third).0), (back, back));
        let mut officer = Visitor::new(&door).sign_in("zhiban", PASSWORD);
        let row = officer.get("/duty").words();
        assert!(row.contains("已通知 2，未联系上 1") && row.contains("（贺某报）"), "{row}");
        let story = officer.get(&format!("/deliveries/{first}")).words();
        assert!(story.contains("值班室报来：已电话告知陈某"), "{story}");

        // The notice is taken back after that: whoever was told hears of it, told late or not.
        let form = ActForm { key: "end".into(), reason: "附件有误".into() };
        recall(&town.service, &calls.officer("jingban"), notice, &form).unwrap();
        let words = desk.visitor.get(&desk.page.clone()).words();
        assert!(words.contains("不再作为依据") && !words.contains("　未联系上"), "{words}");
        assert!(words.contains("代拨电话不用再拨</h1>") && !words.contains("前签收"), "{words}");
        assert_eq!(desk.report(&[(calls.task(fourth), "told", "李某")]).status, 303);
        for told in [first, third, fourth] {
            assert_eq!(calls.count(&format!("{TELL_END} AND delivery_id = '{told}'")), 1);
        }
        assert_eq!(calls.count(TELL_END), 3);
    }
}

#[test]
fn the_rows_of_calls_that_are_handed_on_say_which_version() {
    let Some(calls) = Calls::new() else { return };
    let town = &calls.town;
    let set = |version: i32| {
        let of = format!("WHERE id = '{}'", town.ours.notice);
        execute(&town.url, &format!("UPDATE notices SET version = {version} {of}"));
    };
    let door = Door::open(&town.service, PUBLIC_URL);
    let mut officer = Visitor::new(&door).sign_in("zhiban", PASSWORD);
    let number = |page: &str, before: &str| {
        let rest = page.split(before).nth(1).and_then(|rest| rest.split("</span>").nth(1));
        rest.unwrap_or_default().to_owned()
    };
    set(2);
    let offered = number(&officer.get("/duty").body, "个单位待拨");
    assert!(offered.ends_with("湘办发电〔2026〕35号 第2版"), "{offered}");
    set(1);
    calls.hand_on("k1").unwrap();
    set(2);
    let asked = number(&officer.get("/duty").body, "未联系上 0，未报");
    assert!(asked.ends_with("湘办发电〔2026〕35号 第2版"), "{asked}");
}

//! What "enforced" means for a 特提 once it is out: nothing that people do short of an answer, no
//! quiet hour, no holiday and no traffic holds its ladder back, it never closes by itself, and
//! what has answered is left alone.

use std::collections::BTreeMap;

use qianshou::adapters::mail::MemoryMailer;
use qianshou::domain::account::Account;
use qianshou::domain::ids::{DeliveryId, LinkId, NoticeId};
use qianshou::domain::time::{Span, Timestamp};
use qianshou::service::acknowledge::{Preparation, SignRequest, acknowledge, fresh_code, prepare};
use qianshou::service::acts::{ActForm, ActRefused};
use qianshou::service::ask_again::{Asked, ask_again};
use qianshou::service::call::{CallRequest, Recorded, record_call};
use qianshou::service::claim_calls::{Claimed, claim_calls};
use qianshou::service::close::close;
use qianshou::service::delegate::delegate_calls;
use qianshou::service::issue::{IssueRequest, Issued};
use qianshou::service::release_and_issue::release_and_issue;
use qianshou::service::remind_by_hand::remind_by_hand;
use qianshou::service::return_notice::{GiveBackRequest, Returned, return_notice};
use qianshou::service::tell_duty::{Told, tell_duty};
use qianshou::service::visit::{self, Visiting};
use qianshou::service::{Sending, accounts, compose, demo, escalate, submit};
use qianshou::store::links::FIRST_GENERATION;

use crate::support::HEADS;
use crate::support::house::{count, execute, texts};
use crate::support::stand::{Stand, resume_now};

/// 2026-10-02T02:00 in Changsha: deep in the night of a holiday.
const HOLIDAY_NIGHT: Timestamp = Timestamp::from_micros(1_790_877_600_000_000);

struct Flash {
    stand: Stand,
    notice: NoticeId,
}

impl Flash {
    fn new() -> Option<Self> {
        let stand = Stand::new(HOLIDAY_NIGHT, MemoryMailer::default(), Sending::default())?;
        let notice = demo::fill(&stand.service).unwrap().notice;
        let flash = Self { stand, notice };
        let (service, clerk) = (&flash.stand.service, flash.account("jingban"));
        let seen = compose::load(service, &clerk, notice).unwrap().digest();
        submit::submit(service, &clerk, notice, seen).unwrap();
        let gap_reason = Some("先行发出，电话通知".to_owned());
        let request = IssueRequest {
            notice,
            seen,
            form_key: "once".into(),
            gap_reason,
            left_out: None,
            unchanged: false,
        };
        let issued = release_and_issue(service, &flash.account("hefa"), &request).unwrap();
        assert!(matches!(issued, Issued::Now { .. }));
        flash.at(0);
        Some(flash)
    }

    fn account(&self, login: &str) -> Account {
        let all = accounts::list(&self.stand.service).unwrap();
        all.into_iter().find(|one| one.login == login).unwrap()
    }

    /// Ticks every minute up to this one.
    fn at(&self, minute: i64) {
        let until = HOLIDAY_NIGHT.plus(Span::minutes(minute));
        while self.stand.service.now() < until {
            self.stand.clock.advance(Span::minutes(1));
            self.settle();
        }
        self.settle();
    }

    fn settle(&self) {
        while escalate::tick(&self.stand.service).unwrap().more {}
    }

    fn count(&self, from: &str) -> i64 {
        count(&self.stand.url, from)
    }

    /// Deliveries with a link, in the order of the tree.
    fn reachable(&self) -> Vec<DeliveryId> {
        let all = "SELECT id AS value FROM deliveries WHERE addressee = 'primary' AND id IN \
                   (SELECT delivery_id FROM links) ORDER BY tree_path";
        texts(&self.stand.url, all).iter().map(|text| text.parse().unwrap()).collect()
    }

    fn visit(&self, id: DeliveryId) -> Visiting {
        let service = &self.stand.service;
        let link = format!("SELECT id AS value FROM links WHERE delivery_id = '{id}' ORDER BY id");
        let link: LinkId = texts(&self.stand.url, &link)[0].parse().unwrap();
        let generation = u32::try_from(FIRST_GENERATION).unwrap();
        let arrival = visit::begin(service, &service.keys.link_token(link, generation)).unwrap();
        resume_now(service, id, &arrival.cookie).unwrap()
    }

    fn sign(&self, id: DeliveryId) {
        let (service, visiting) = (&self.stand.service, self.visit(id));
        let code = fresh_code(service, id, visiting.version, service.now()).unwrap();
        let request = SignRequest {
            name: "王某".into(),
            post: "机要员".into(),
            phone: "0731-88062345".into(),
            on_behalf: false,
            authority: String::new(),
            code: code.digits,
            code_token: code.token,
        };
        match prepare(service, &visiting, &request).unwrap() {
            Preparation::Ready(signature) => {
                drop(acknowledge(service, *signature).wait().unwrap());
            }
            _ => panic!("not signed"),
        }
    }

    fn call(&self, id: DeliveryId, outcome: &str) {
        let service = &self.stand.service;
        let request = CallRequest {
            outcome: outcome.into(),
            name: "李某".into(),
            number: "0731-55509876".into(),
            promised: "05:00".into(),
            form_key: service.form_key().unwrap(),
            ..CallRequest::default()
        };
        let recorded = record_call(service, &self.account("zhiban"), id, &request).unwrap();
        assert!(matches!(recorded, Recorded::Yes { .. }));
    }

    /// Steps that should have been taken by now, and were not, or late.
    fn held_back(&self) -> Vec<String> {
        let now = self.stand.service.now().as_micros();
        texts(
            &self.stand.url,
            &format!(
                "SELECT r.action || ' of ' || d.organization_name AS value FROM rungs r JOIN \
                 deliveries d ON d.id = r.delivery_id WHERE d.acknowledged_at IS NULL AND \
                 coalesce(r.closed_why, '') <> 'done_by_issue' AND r.action <> 'mark_deadline' AND \
                 r.planned_at <= {now} AND (r.fired_at IS NULL OR r.fired_at > r.planned_at)"
            ),
        )
    }
}

fn person(reason: &str) -> GiveBackRequest {
    GiveBackRequest {
        reason: reason.into(),
        detail: "请看附件2".into(),
        name: "赵某".into(),
        post: "值班员".into(),
        phone: "0731-88060001".into(),
    }
}

#[test]
fn nothing_short_of_an_answer_holds_a_flash_ladder_back() {
    let Some(flash) = Flash::new() else { return };
    let (service, all) = (&flash.stand.service, flash.reachable());
    let [told, promised, reminded, asks, returned, tells, signs] = all[..7] else { panic!() };
    flash.at(2);
    flash.call(told, "told");
    flash.call(promised, "promised");
    let officer = flash.account("zhiban");
    let done = remind_by_hand(service, &officer, flash.notice, &[reminded], "k").unwrap();
    assert_eq!(done, 1);
    assert_eq!(ask_again(service, &flash.visit(asks), &person("unreadable")).unwrap(), Asked::Yes);
    let back = return_notice(service, &flash.visit(returned), &person("misdirected")).unwrap();
    assert_eq!(back, Returned::Yes);
    let tonight = tell_duty(service, &flash.visit(tells), "周某", "", "0731-55501234").unwrap();
    assert_eq!(tonight, Told::Yes);
    flash.at(6);
    flash.sign(signs);
    let signed_at = service.now().as_micros();
    flash.at(11);
    assert_eq!(flash.held_back(), Vec::<String>::new());
    // Calls that somebody has taken, or that a 市州 makes, hold nothing back either.
    let claimed = claim_calls(service, &officer, told, &[promised]).unwrap();
    assert_eq!(claimed, Claimed::Yes);
    let city = "SELECT id AS value FROM organizations WHERE code = '430100-party'";
    let city = Some(texts(&flash.stand.url, city)[0].parse().unwrap());
    assert!(delegate_calls(service, &officer, flash.notice, city, "k2").unwrap() > 0);
    // Nor does what else there is to do: a flood of ordinary work.
    execute(
        &flash.stand.url,
        "UPDATE messages SET lane = 4 WHERE purpose = 'invitation' AND state = 'waiting'",
    );
    flash.at(41);
    assert_eq!(flash.held_back(), Vec::<String>::new());
    let steps = "rungs WHERE action = 'ask_superior' AND outcome IS NOT NULL";
    assert!(flash.count(steps) > 100, "the whole ladder was climbed, at night and on a holiday");
    let after = format!("rungs WHERE delivery_id = '{signs}' AND fired_at > {signed_at}");
    assert_eq!(flash.count(&after), 0, "who has answered is left alone");
    assert_eq!(flash.count(&format!("{HEADS} AND delivery_id = '{signs}'")), 0);
}

#[test]
fn a_flash_notice_never_closes_by_itself_nor_with_a_gap_that_nobody_explains() {
    let Some(flash) = Flash::new() else { return };
    flash.at(41);
    flash.stand.clock.set(HOLIDAY_NIGHT.plus(Span::hours(9 * 24)));
    flash.settle();
    let open = flash.count("deliveries WHERE addressee = 'primary'");
    assert_eq!(flash.count("notices WHERE state = 'issued'"), 1, "nine days later");
    let next = "deliveries WHERE next_due_at IS NOT NULL AND addressee = 'primary'";
    assert_eq!(flash.count(next), open, "and each has a next step");
    let calls = "call_tasks WHERE kind = 'call' AND closed_at IS NULL";
    assert_eq!(flash.count(calls), open, "and a call is owed to each");
    let form = ActForm { key: "close".into(), reason: "汛情已过".into() };
    let (service, clerk) = (&flash.stand.service, flash.account("jingban"));
    let refused = close(service, &clerk, flash.notice, &form, &BTreeMap::new()).unwrap_err();
    assert!(matches!(refused, ActRefused::Fields(_)), "{refused:?}");
    assert_eq!(flash.count("notices WHERE state = 'issued'"), 1);
}

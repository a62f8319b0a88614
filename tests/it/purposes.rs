//! Every purpose of a message has its words, ends with what ends it, and touches only the facts
//! that are its own.

use qianshou::adapters::mail::MemoryMailer;
use qianshou::domain::ids::{AddressId, ContactId, DeskId, EventId, MessageId};
use qianshou::domain::message::{Channel, MessagePurpose};
use qianshou::domain::urgency::Urgency;
use qianshou::service::deliver::{Delivered, Dispatch, Sender, Share, tick};
use qianshou::store::events::event_list_of_delivery;
use qianshou::store::messages::{NewMessage, message_insert_all};

use crate::support::fixture::{Fixture, IssuedNotice, Sent};

struct Post {
    at: Fixture,
    memory: MemoryMailer,
    dispatch: Dispatch,
}

/// A notice to three organisations that was handed over, and nothing else owed.
fn post() -> Option<(Post, IssuedNotice)> {
    let memory = MemoryMailer::new();
    let at = Fixture::new(memory.clone())?;
    let dispatch = Dispatch::open(&at.service);
    let post = Post { at, memory, dispatch };
    let issued = post.at.issue(Urgency::Flash, 3, 1);
    post.tick();
    post.memory.clear();
    Some((post, issued))
}

impl Post {
    fn tick(&self) -> Delivered {
        let service = &self.at.service;
        tick(service, &mut Sender::open(service, &self.dispatch, "test", Share::All)).unwrap()
    }

    fn bits(&self) -> [u8; 10] {
        self.at.service.entropy().unwrap()
    }

    /// A contact of the first organisation with that role, or of the issuer.
    fn contact(&self, organization: &str, role: &str, name: &str, mail: &str) -> AddressId {
        let now = self.at.now();
        let (contact, address) =
            (ContactId::new(now, self.bits()), AddressId::new(now, self.bits()));
        self.at.sql(&format!(
            "INSERT INTO contacts (id, organization_id, role, name) SELECT '{contact}', id, \
             '{role}', '{name}' FROM organizations WHERE code = '{organization}'"
        ));
        self.at.sql(&format!(
            "INSERT INTO contact_addresses (id, contact_id, kind, address, place, status, \
             status_at) VALUES ('{address}', '{contact}', 'email', '{mail}', 0, 'verified', 1)"
        ));
        address
    }

    fn owe(
        &self,
        purpose: MessagePurpose,
        address_id: AddressId,
        issued: Option<&IssuedNotice>,
        sent: Option<&Sent>,
        about: Option<&str>,
    ) {
        let now = self.at.now();
        let message = NewMessage {
            id: MessageId::new(now, self.bits()),
            notice_id: issued.map(|issued| issued.id),
            version: i32::from(issued.is_some()),
            delivery_id: sent.map(|sent| sent.id),
            address_id,
            about: about.map(str::to_owned),
            link_id: None,
            channel: Channel::Email,
            step: 4,
            purpose,
            lane: 0,
            due_at: now,
        };
        self.at
            .service
            .store
            .write("test", move |tx| message_insert_all(tx, std::slice::from_ref(&message), now))
            .unwrap();
    }

    /// Sends the one mail that is owed: subject and text.
    fn sent(&self) -> (String, String) {
        assert_eq!(self.tick().handed_over, 1);
        let mail = self.memory.received().remove(0);
        self.memory.clear();
        assert!(!mail.html.is_empty() && !mail.html.contains("<img"));
        (mail.subject, mail.text)
    }

    fn cancelled_because(&self) -> String {
        let select = "SELECT finished_why AS value FROM messages WHERE state = 'cancelled'";
        let why = self.at.texts(select);
        assert_eq!(why.len(), 1, "{why:?}");
        why.concat()
    }
}

const TITLE: &str = "强降温";

#[test]
fn a_leader_is_asked_to_look_and_gets_neither_link_nor_title_nor_number() {
    let Some((post, issued)) = post() else { return };
    let first = &issued.deliveries[0];
    let leader = post.contact("n0o0", "duty_leader", "带班领导", "leader@post.example");
    post.owe(MessagePurpose::LeaderPrompt, leader, Some(&issued), Some(first), None);
    let (subject, text) = post.sent();
    assert_eq!(subject, "【特提】请提醒值班室查收公文 — 第0单位");
    assert!(text.starts_with("第0单位 带班领导：\n"), "{text}");
    for missing in ["http", TITLE, "湘办发电", "号 "] {
        assert!(!text.contains(missing), "{missing} in {text}");
    }
    for told in ["中共湖南省委办公厅", "2026年11月23日（星期一）9时30分", "0731-00000000"]
    {
        assert!(text.contains(told), "{told} not in {text}");
    }
}

#[test]
fn the_issuers_leader_gets_one_list_as_it_stands_when_it_is_sent() {
    let Some((post, issued)) = post() else { return };
    let leader = post.contact("issuer", "duty_leader", "带班领导周某", "zhou@office.example");
    post.owe(MessagePurpose::IssuerAlert, leader, Some(&issued), None, Some("rung 20 min"));
    post.at.acknowledge(issued.deliveries[1].id);
    let desk = DeskId::new(post.at.now(), post.bits());
    post.at.sql(&format!(
        "INSERT INTO desks (id, code, name, kind, round_the_clock, phone) \
         VALUES ('{desk}', 'd', '值班室', 'duty_desk', true, '0731-55500001')"
    ));
    post.at.sql(&format!(
        "INSERT INTO desk_organizations (desk_id, organization_id) \
         SELECT '{desk}', id FROM organizations WHERE code = 'n0o0'"
    ));
    let (subject, text) = post.sent();
    assert!(subject.starts_with("【特提】仍有2家未签收 — 湘办发电〔2026〕0号"), "{subject}");
    assert!(text.contains("1. 第0单位：已送出，未查看；电话 0731-55500001"), "{text}");
    assert!(text.contains("2. 第2单位：已送出，未查看；没有登记电话"), "{text}");
    assert!(!text.contains("第1单位") && !text.contains("http"), "{text}");

    // Told of again when all have signed, it is moot.
    for place in [0, 2] {
        post.at.acknowledge(issued.deliveries[place].id);
    }
    post.owe(MessagePurpose::IssuerAlert, leader, Some(&issued), None, Some("rung 40 min"));
    assert_eq!(post.tick().cancelled, 1);
    assert_eq!(post.cancelled_because(), "nobody_is_outstanding");
}

#[test]
fn the_superiors_desk_learns_whom_to_contact_and_where() {
    let Some((post, issued)) = post() else { return };
    let first = &issued.deliveries[0];
    let desk = post.contact("issuer", "duty_desk", "值班室", "duty@city.example");
    post.owe(MessagePurpose::SuperiorRequest, desk, Some(&issued), Some(first), None);
    let (subject, text) = post.sent();
    assert_eq!(subject, "【特提】请协助联系第0单位");
    assert!(
        text.starts_with("中共湖南省委办公厅 值班室：") && text.contains("请联系：第0单位"),
        "{text}"
    );
    assert!(!text.contains("http") && text.contains(TITLE), "{text}");
}

#[test]
fn an_end_is_told_although_the_notice_is_no_longer_issued() {
    for (act, state, told) in [
        ("recall", "recalled", "【特提】撤回："),
        ("revoke", "revoked", "【特提】撤销："),
        ("abolish", "abolished", "【特提】废止："),
        ("supersede", "superseded", "【特提】更正："),
    ] {
        let Some((post, issued)) = post() else { return };
        let first = &issued.deliveries[0];
        let event = EventId::new(post.at.now(), post.bits());
        post.at.sql(&format!(
            "INSERT INTO notice_ends (event_id, notice_id, act, reason, account_id, ended_at) \
             SELECT '{event}', '{}', '{act}', '数字有误', id, 1795395600000000 FROM accounts",
            issued.id
        ));
        post.at.sql(&format!("UPDATE notices SET state = '{state}' WHERE id = '{}'", issued.id));
        post.at.sql("UPDATE deliveries SET recalled_at = 1795395600000000");
        let event = event.to_string();
        let to = first.addresses[0];
        post.owe(MessagePurpose::Withdrawal, to, Some(&issued), Some(first), Some(&event));
        let (subject, text) = post.sent();
        assert!(subject.starts_with(told), "{subject}");
        assert!(text.contains("原因：数字有误") && text.contains("9时0分"), "{text}");
        // What chases is not told any more.
        post.owe(MessagePurpose::LeaderPrompt, to, Some(&issued), Some(first), None);
        assert_eq!((post.tick().cancelled, post.cancelled_because()), (1, "recalled".into()));
    }
}

#[test]
fn a_decision_on_what_came_back_is_told_with_its_reason() {
    let Some((post, issued)) = post() else { return };
    let first = &issued.deliveries[0];
    post.at.sql(&format!(
        "INSERT INTO returns (id, delivery_id, kind, reason, explanation, name, post, phone, \
         returned_at, event_id, decision, decided_at, decided_why) VALUES \
         ('ret_00000000000000000000000001', '{}', 'return', 'misdirected', '', '陈某', '', '', 1, \
         'evt_1', 'refused', 2, '属贵单位职责')",
        first.id
    ));
    let to = first.addresses[0];
    post.owe(MessagePurpose::ReturnDecision, to, Some(&issued), Some(first), None);
    let (subject, text) = post.sent();
    assert!(subject.starts_with("【特提】未同意退文，请签收："), "{subject}");
    assert!(text.contains("说明：属贵单位职责") && text.contains("签收时限仍为2026年"), "{text}");
}

#[test]
fn a_code_goes_to_an_address_without_notice_or_delivery() {
    let Some((post, issued)) = post() else { return };
    let to = issued.deliveries[0].addresses[0];
    let about = "ver_00000000000000000000000001";
    post.owe(MessagePurpose::Verification, to, None, None, Some(about));
    let (subject, text) = post.sent();
    assert_eq!(subject, "请核验联系方式 — 第0单位");
    assert!(text.contains(&post.at.service.keys.verification_code(about)), "{text}");
    assert!(text.contains(&format!("https://qianshou.example/verify?check={about}")), "{text}");
    let stored = "SELECT count(*) AS value FROM events WHERE notice_id IS NULL";
    assert_eq!(post.at.number(stored), 1, "the hand-over is on record");
}

/// 提级催签 that arrived says nothing of whether the notice did.
#[test]
fn only_what_carries_the_link_counts_as_handed_over() {
    let memory = MemoryMailer::new();
    let Some(at) = Fixture::new(memory.clone()) else { return };
    let dispatch = Dispatch::open(&at.service);
    let post = Post { at, memory, dispatch };
    let issued = post.at.issue(Urgency::Flash, 1, 0);
    let first = &issued.deliveries[0];
    let leader = post.contact("n0o0", "duty_leader", "张某", "leader@post.example");
    post.owe(MessagePurpose::LeaderPrompt, leader, Some(&issued), Some(first), None);
    post.sent();
    assert_eq!(post.at.assert_counts(issued.id).handed_over, 0);
    let events =
        post.at.service.store.read(|conn| event_list_of_delivery(conn, issued.id, first.id));
    let facts = &events.unwrap()[0].facts;
    assert_eq!((&facts["purpose"], &facts["channel"]), (&"leader_prompt".into(), &"email".into()));
}

#[test]
fn a_stopped_chase_is_not_chased() {
    let Some((post, issued)) = post() else { return };
    let first = &issued.deliveries[0];
    post.at.sql("UPDATE deliveries SET chase_stopped_at = 1795395600000000");
    post.owe(MessagePurpose::SuperiorRequest, first.addresses[0], Some(&issued), Some(first), None);
    assert_eq!((post.tick().cancelled, post.cancelled_because()), (1, "chase_stopped".into()));
}

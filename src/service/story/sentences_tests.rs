//! A night with everything that can happen, told; and no event that is left out.

use std::collections::BTreeMap;

use serde_json::{Map, json};

use super::*;
use crate::domain::delivery::{Addressee, DeliveryFacts, ReceiptMode};
use crate::domain::ids::{DeliveryId, EventId, NoticeId, OrganizationId};
use crate::domain::notice::{NoticeDraft, NoticeState};
use crate::domain::organization::ContactRole;
use crate::service::board::Bounds;
use crate::store::board::ReceiptLine;
use crate::store::deliveries::Delivery;
use crate::store::notices::Notice;
use crate::store::story::{AddressOwner, Names};

fn at(minute: i64, second: i64) -> Timestamp {
    Timestamp::from_micros((minute * 60 + second) * 1_000_000)
}

fn id<T>(new: impl Fn(Timestamp, [u8; 10]) -> T, n: u8) -> T {
    new(at(0, 0), [n; 10])
}

fn event(n: u8, kind: EventKind, when: Timestamp, actor: &str) -> StoredEvent {
    StoredEvent {
        id: id(EventId::new, n),
        kind: kind.as_str().into(),
        at: when,
        actor: actor.into(),
        facts: Map::new(),
        subjects: Map::new(),
        personal: BTreeMap::new(),
    }
}

fn with(mut event: StoredEvent, facts: serde_json::Value) -> StoredEvent {
    let (attempt, address) = (id(AttemptId::new, 1), id(AddressId::new, 1));
    event.facts = facts.as_object().unwrap().clone();
    event.subjects.insert("attempt".into(), attempt.to_string().into());
    event.subjects.insert("address".into(), address.to_string().into());
    event
}

fn story(events: Vec<StoredEvent>) -> Story {
    let owner = AddressOwner {
        name: "陈立".into(),
        role: ContactRole::Primary,
        address: "jy@wc.example".into(),
        kind: AddressKind::Email,
        organization: None,
    };
    let address = id(AddressId::new, 1);
    Story {
        notice: Notice {
            id: id(NoticeId::new, 1),
            issuer_id: id(OrganizationId::new, 1),
            issuer_name: "省委办公厅".into(),
            author_id: id(AccountId::new, 1),
            author_name: "李敏".into(),
            state: NoticeState::Issued,
            version: 1,
            revision: 1,
            created_at: at(0, 0),
            saved_at: at(0, 0),
            issued_at: Some(at(2, 0)),
            deadline_at: None,
            draft: NoticeDraft::default(),
            digest: None,
            ladder: None,
            corrects_id: None,
            superseded_by_id: None,
            correction_reason: None,
        },
        delivery: Delivery {
            id: id(DeliveryId::new, 1),
            notice_id: id(NoticeId::new, 1),
            version: 1,
            organization_id: id(OrganizationId::new, 2),
            organization_name: "中共长沙市望城区委员会".into(),
            addressee: Addressee::Primary,
            reason: "县市区委".into(),
            tree_path: "0001".into(),
            tree_depth: 0,
            deadline_origin: None,
            facts: DeliveryFacts { deadline: Some(at(32, 0)), ..DeliveryFacts::default() },
        },
        events,
        attempts: Vec::new(),
        names: Names {
            accounts: [(id(AccountId::new, 1), "李敏".into())].into(),
            addresses: [(address, owner)].into(),
            links: [(id(LinkId::new, 1), address)].into(),
        },
        signature: None,
        returns: Vec::new(),
        next: None,
        deadline_before: None,
        bounds: Bounds::default(),
        read_at: at(60, 0),
    }
}

fn told(story: &Story) -> Vec<String> {
    let line = |one: Sentence| match (one.tone, one.quiet.as_str()) {
        (Tone::Gap, "") => format!("▲ {}", one.text),
        (Tone::Gap, quiet) => format!("▲ {} | {quiet}", one.text),
        (_, "") => one.text,
        (_, quiet) => format!("{} | {quiet}", one.text),
    };
    story_sentences(story).into_iter().map(line).collect()
}

#[test]
fn a_night_reads_like_a_report() {
    let staff = format!("account:{}", id(AccountId::new, 1));
    let link = format!("link:{}", id(LinkId::new, 1));
    let mail =
        |n, kind, minute, facts| with(event(n, kind, at(minute, 0), "system:deliver"), facts);
    let mut story = story(vec![
        event(1, EventKind::NoticeSubmitted, at(1, 0), &staff),
        event(2, EventKind::NoticeIssued, at(2, 0), &staff),
        event(3, EventKind::NoticeReleased, at(2, 0), &staff),
        mail(3, EventKind::MessageNotSent, 3, json!({"attempt": 1, "reply": "no answer in time"})),
        mail(
            4,
            EventKind::MessageHandedOver,
            4,
            json!({"attempt": 2, "relay": "mx.wangcheng.example", "reply": "250 2.0.0 Ok"}),
        ),
        event(5, EventKind::LinkFetched, at(5, 0), &link),
        event(6, EventKind::AskedAgain, at(6, 0), &link),
        event(7, EventKind::Overdue, at(32, 0), "system:escalate"),
        event(8, EventKind::Opened, at(40, 0), &link),
        event(9, EventKind::Acknowledged, at(41, 12), &link),
        mail(10, EventKind::MessageHandedOver, 42, json!({"crossed": true})),
    ]);
    story.signature = Some(ReceiptLine {
        delivery_id: id(DeliveryId::new, 1),
        number: "QS-0017".into(),
        mode: ReceiptMode::OwnOrganization,
        grade: "link".into(),
        authority: None,
        signer_name: "陈立".into(),
        signer_post: "机要室主任".into(),
        signer_phone: "0731-88060001".into(),
        acknowledged_at: at(41, 12),
        late: true,
    });
    story.returns = vec![ReturnLine {
        delivery_id: id(DeliveryId::new, 1),
        reason: "attachment_missing".into(),
        explanation: "附件2打不开".into(),
        name: "刘芳".into(),
        post: "值班员".into(),
        phone: "0731-88060002".into(),
        at: at(6, 0),
        kind: "ask_again".into(),
        decision: None,
    }];
    let expected = [
        "李敏送核发。",
        "李敏核发。",
        "李敏发出，本单位为主送。 | 选自“县市区委”",
        "▲ 发给A角陈立的邮件这一次没有送出，会再试。 | jy@wc.example；no answer in time",
        "发给A角陈立的邮件已交给对方邮件服务器（第 2 次）。 | \
         jy@wc.example；mx.wangcheng.example 回复 250 2.0.0 Ok",
        "链接被访问过，分不清是程序还是人，不计查看。",
        "刘芳（值班员）请求重发：缺少附件。催签照常进行。 | 附件2打不开",
        "▲ 到时限仍未签收，记为逾期未签收。",
        "在页面上打开正文（经发给A角陈立的链接）。",
        "陈立（机要室主任）签收，晚 9 分 12 秒。 | 本单位签收，回执 QS-0017，电话 0731-88060001",
        "发给A角陈立的邮件已交给对方邮件服务器；这封在路上时，对方已经答复。 | jy@wc.example",
    ];
    assert_eq!(told(&story), expected);
}

#[test]
fn attempts_without_an_event_are_told_too() {
    let attempt = |n: u8, outcome: Option<&str>, started_at| AttemptLine {
        id: id(AttemptId::new, n),
        address_id: id(AddressId::new, 1),
        number: n.into(),
        started_at,
        ended_at: outcome.map(|_| started_at),
        outcome: outcome.map(str::to_owned),
        reply: None,
    };
    let mail = event(1, EventKind::MessageHandedOver, at(3, 0), "system:deliver");
    let mut story = story(vec![with(mail, json!({"attempt": 1}))]);
    story.attempts = vec![
        attempt(1, Some("accepted"), at(3, 0)),
        attempt(2, None, at(4, 0)),
        attempt(3, None, at(59, 0)),
    ];
    let expected = [
        "发给A角陈立的邮件已交给对方邮件服务器。 | jy@wc.example",
        "▲ 给A角陈立的第 2 次发送没有下文：程序当时中断，是否送到不知道。",
        "正在发送给A角陈立的邮件（第 3 次）。",
    ];
    assert_eq!(told(&story), expected);
}

#[test]
fn every_kind_of_event_has_a_sentence() {
    let kinds: Vec<StoredEvent> =
        EventKind::ALL.iter().map(|kind| event(1, *kind, at(1, 0), "system:test")).collect();
    let sentences = story_sentences(&story(kinds));
    assert_eq!(sentences.len(), EventKind::ALL.len());
    for sentence in sentences {
        assert!(sentence.text.ends_with('。'), "{}", sentence.text);
        assert!(!sentence.text.contains('_'), "{}", sentence.text);
    }
}

//! Short messages: what the gateway is handed, what its answers amount to, and how a code leads to
//! the page.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use qianshou::adapters::mail::MemoryMailer;
use qianshou::channel::Outlets;
use qianshou::channel::sms::{Escape, Gateway, GatewaySetup};
use qianshou::domain::address::WebhookUrl;
use qianshou::domain::ids::{AddressId, LinkId, MessageId};
use qianshou::domain::message::{Channel, MessagePurpose};
use qianshou::domain::time::Span;
use qianshou::domain::urgency::Urgency;
use qianshou::service::channel_health::{self, Health};
use qianshou::service::deliver::{Delivered, Dispatch, Sender, Share, tick};
use qianshou::service::short_code::arrive;
use qianshou::service::{Service, ServiceError, accounts, duty};
use qianshou::store::links::{NewLink, link_insert_all};
use qianshou::store::messages::{NewMessage, message_insert_all};

use crate::support::door::{Door, Visitor};
use crate::support::fixture::{Fixture, IssuedNotice};
use crate::support::stand::PUBLIC_URL;

const MOBILE: &str = "15400001234";
const TAKEN: &str = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"code\":0}";

/// A gateway on this machine that gives these answers in turn, the last one for ever.
struct FakeGateway {
    url: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl FakeGateway {
    fn start(answers: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://127.0.0.1:{}/send", listener.local_addr().unwrap().port());
        let heard: Arc<Mutex<Vec<String>>> = Arc::default();
        let told = Arc::clone(&heard);
        std::thread::spawn(move || {
            for (turn, socket) in listener.incoming().enumerate() {
                let Ok(mut socket) = socket else { return };
                let (mut text, mut chunk) = (String::new(), [0; 4096]);
                while !text.contains("\"end\"") {
                    let count = socket.read(&mut chunk).unwrap_or(0);
                    if count == 0 {
                        break;
                    }
                    text += &String::from_utf8_lossy(&chunk[..count]);
                }
                told.lock().unwrap().push(text);
                let answer = answers[turn.min(answers.len() - 1)];
                drop(socket.write_all(answer.as_bytes()));
            }
        });
        Self { url, heard }
    }

    /// What was sent, in the order of sending.
    fn texts(&self) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        let body = |all: &String| all.split_once("\r\n\r\n").unwrap().1.to_owned();
        let read = |all| serde_json::from_str::<serde_json::Value>(&body(all)).unwrap();
        heard.iter().map(|all| read(all)["content"].as_str().unwrap().to_owned()).collect()
    }
}

struct Post {
    at: Fixture,
    service: Service,
    dispatch: Dispatch,
    gateway: FakeGateway,
    issued: IssuedNotice,
    link: LinkId,
    address: AddressId,
}

/// A notice to one organisation whose only way is a verified mobile, with a message owed to it.
fn post(answers: &'static [&'static str]) -> Option<Post> {
    let at = Fixture::new(MemoryMailer::new())?;
    let gateway = FakeGateway::start(answers);
    let setup = GatewaySetup {
        url: WebhookUrl::parse(&gateway.url).unwrap(),
        method: "POST".into(),
        headers: vec![("Content-Type".into(), "application/json".into())],
        body: "{\"mobile\":\"{mobile}\",\"content\":\"{text}\",\"x\":\"end\"}".into(),
        escape: Escape::Json,
        success: "\"code\":0".into(),
        refusal: "no such number".into(),
    };
    let mut service = at.service.clone();
    let mut outlets = Outlets::default();
    outlets.sms = Some(Gateway::open(setup, None).unwrap());
    service.outlets = outlets;
    let issued = at.issue(Urgency::Flash, 1, 0);
    let now = at.now();
    let bits = || service.entropy().unwrap();
    let (address, link, message) =
        (AddressId::new(now, bits()), LinkId::new(now, bits()), MessageId::new(now, bits()));
    at.sql(&format!(
        "INSERT INTO contact_addresses (id, contact_id, kind, address, place, status, status_at) \
         SELECT '{address}', id, 'mobile', '{MOBILE}', 0, 'verified', 1 FROM contacts"
    ));
    let delivery_id = issued.deliveries[0].id;
    let (notice_id, about) = (Some(issued.id), None);
    service
        .store
        .write("test", move |tx| {
            let new = NewLink { id: link, delivery_id, address_id: address, created_at: now };
            link_insert_all(tx, &[new])?;
            let message = NewMessage {
                id: message,
                notice_id,
                version: 1,
                delivery_id: Some(delivery_id),
                address_id: address,
                about: about.clone(),
                link_id: Some(link),
                channel: Channel::Sms,
                step: 0,
                purpose: MessagePurpose::Invitation,
                lane: 0,
                due_at: now,
            };
            message_insert_all(tx, &[message], now)
        })
        .unwrap();
    let dispatch = Dispatch::open(&service);
    Some(Post { at, service, dispatch, gateway, issued, link, address })
}

impl Post {
    fn tick(&self) -> Delivered {
        let mut sender = Sender::open(&self.service, &self.dispatch, "test", Share::All);
        tick(&self.service, &mut sender).unwrap()
    }

    fn code(&self) -> String {
        self.service.keys.short_code(self.link, 1)
    }

    fn refused(&self, code: &str, digits: &str) -> bool {
        matches!(arrive(&self.service, None, code, digits), Err(ServiceError::NotFound))
    }
}

#[test]
fn a_short_message_carries_a_code_that_leads_to_the_page() {
    let Some(post) = post(&[TAKEN]) else { return };
    assert_eq!(post.tick().handed_over, 1);
    let text = post.gateway.texts().remove(0);
    let code = post.code();
    assert!(text.contains(&code) && text.chars().count() <= 65, "{text}");
    for banned in ["http", "【", "强降温", "号 "] {
        assert!(!text.contains(banned), "{text}");
    }
    assert_eq!(post.at.assert_counts(post.issued.id).handed_over, 1);
    let mobile =
        post.gateway.heard.lock().unwrap()[0].contains(&format!("\"mobile\":\"{MOBILE}\""));
    assert!(mobile);

    let door = Door::open(&post.service, PUBLIC_URL);
    let mut visitor = Visitor::new(&door);
    assert_eq!(visitor.get("/s").status, 200);
    let wrong = visitor.post("/s", &[("code", "00000000"), ("digits", "1234")]);
    let near = visitor.post("/s", &[("code", &code), ("digits", "4321")]);
    assert_eq!((wrong.status, near.status), (422, 422));
    let told = |heard: &crate::support::door::Heard| heard.words().replace(&code, "00000000");
    assert_eq!(told(&wrong), told(&near), "what is wrong is not told");
    let spaced = format!("{} {}", &code[..4], &code[4..]);
    let right = visitor.post("/s", &[("code", &spaced), ("digits", "１２３４")]);
    assert_eq!(right.status, 303, "{right:?}");
    let page = right.header("location").to_owned();
    assert_eq!(page, format!("/receive/{}", post.issued.deliveries[0].id));
    let visit = format!("__Host-{}", post.issued.deliveries[0].id);
    assert!(visitor.cookies.iter().any(|(name, _)| *name == visit), "the visit has begun");
}

#[test]
fn a_code_bears_few_wrong_digits_and_ends() {
    let Some(post) = post(&[TAKEN]) else { return };
    post.tick();
    let code = post.code();
    for digits in 0..8 {
        assert!(post.refused(&code, &format!("000{digits}")));
    }
    assert!(post.refused(&code, "1234"), "tried too often");
    post.at.sql("UPDATE short_codes SET tries = 0");
    assert!(!post.refused(&code, "1234"));
    let kept = "SELECT count(*) AS value FROM short_codes WHERE tries = 0";
    assert_eq!(post.at.number(kept), 1, "who came by it starts anew");
    post.at.advance(Span::hours(73));
    assert!(post.refused(&code, "1234"), "it has ended");
}

#[test]
fn a_revoked_link_and_a_retired_number_open_nothing() {
    let Some(post) = post(&[TAKEN]) else { return };
    post.tick();
    let code = post.code();
    assert!(!post.refused(&code, "1234"));
    post.at.sql("UPDATE links SET revoked_at = 1");
    assert!(post.refused(&code, "1234"));
    post.at.sql("UPDATE links SET revoked_at = NULL");
    post.at.sql(&format!(
        "UPDATE contact_addresses SET status = 'retired' WHERE id = '{}'",
        post.address
    ));
    assert!(post.refused(&code, "1234"));
}

#[test]
fn what_is_no_success_is_tried_again_in_other_words_and_a_wrong_number_is_not() {
    const BUSY: &str = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"code\":9}";
    const NONE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\nno such number";
    let Some(post) = post(&[BUSY, NONE]) else { return };
    assert_eq!(post.tick().retried, 1);
    let health = |post: &Post| channel_health::read(&post.service).unwrap()[1].clone();
    let way = health(&post);
    assert_eq!((way.channel, way.health, way.failed), (Channel::Sms, Health::Failing, 1));
    let officer = accounts::list(&post.service).unwrap().remove(0);
    let board = duty::read(&post.service, &officer).unwrap();
    assert!(board.ways.iter().any(|way| way.health == Health::Failing), "on the duty page too");
    assert!(way.last_fault.unwrap().contains("\"code\":9"));
    post.at.advance(Span::seconds(10));
    assert_eq!(post.tick().dead, 1);
    let texts = post.gateway.texts();
    assert_ne!(texts[0], texts[1]);
    let failing = "SELECT count(*) AS value FROM contact_addresses WHERE status = 'failing'";
    assert_eq!(post.at.number(failing), 1, "the number is known to be none");
    assert_eq!(post.at.assert_counts(post.issued.id).unreachable, 1);
}

/// A refused log-in says nothing about the message: it is kept, and mail goes out meanwhile.
#[test]
fn a_broken_way_keeps_its_messages_and_stops_no_other() {
    const NO: &str = "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n";
    let Some(post) = post(&[NO]) else { return };
    let mails = post.at.issue(Urgency::Ordinary, 3, 1);
    let mut sender = Sender::open(&post.service, &post.dispatch, "test", Share::All);
    let first = tick(&post.service, &mut sender).unwrap();
    assert_eq!((first.retried, first.dead), (1, 0), "{first:?}");
    let second = tick(&post.service, &mut sender).unwrap();
    assert_eq!(first.handed_over + second.handed_over, 3, "{first:?} {second:?}");
    assert_eq!(post.at.assert_counts(mails.id).handed_over, 3);
    let kept = "SELECT count(*) AS value FROM messages WHERE state = 'waiting' AND spared = 1";
    assert_eq!(post.at.number(kept), 1);
}

#[test]
fn a_limit_holds_ordinary_mail_back_and_never_flash() {
    let Some(mut post) = post(&[TAKEN]) else { return };
    post.service.outlets = post.service.outlets.clone().limited(Channel::Email, 20);
    post.dispatch = Dispatch::open(&post.service);
    let bulk = post.at.issue(Urgency::Ordinary, 40, 1);
    for _ in 0..5 {
        post.tick();
    }
    let sent = post.at.assert_counts(bulk.id).handed_over;
    assert!((16..=32).contains(&sent), "{sent}: the limit, and no more than a batch beyond it");
    let way = channel_health::read(&post.service).unwrap()[0].clone();
    assert_eq!((way.channel, way.health), (Channel::Email, Health::WaitingForLimit));
    post.at.advance(Span::seconds(61));
    // A minute later the ordinary share is used up again; 特提 still goes.
    for _ in 0..2 {
        post.tick();
    }
    let flash = post.at.issue(Urgency::Flash, 2, 1);
    post.tick();
    assert_eq!(post.at.assert_counts(flash.id).handed_over, 2);
}

//! The first notification of a 特提 goes by every way at once, and a way that closes is followed
//! by the next one.

use std::sync::Arc;

use qianshou::adapters::mail::MemoryMailer;
use qianshou::adapters::outcall::{CallRules, Caller};
use qianshou::adapters::random::{Random as _, SystemRandom};
use qianshou::channel::sms::{Escape, Gateway, GatewaySetup};
use qianshou::domain::account::Account;
use qianshou::domain::address::WebhookUrl;
use qianshou::domain::escalation::ways_zh;
use qianshou::domain::ids::{AddressId, DeliveryId, MessageId, NoticeId, OrganizationId};
use qianshou::domain::time::Span;
use qianshou::service::demo::fill;
use qianshou::service::issue::{IssueRequest, Issued};
use qianshou::service::outlook::Recipient;
use qianshou::service::preview::{Preview, preview};
use qianshou::service::read_bounce::read_bounce;
use qianshou::service::release_and_issue::release_and_issue;
use qianshou::service::remind_by_hand::{candidates, remind_by_hand};
use qianshou::service::submit::submit;
use qianshou::service::{Sending, Service, Settings};
use qianshou::store::accounts::account_list;
use qianshou::store::deliveries::delivery_list_of_notice;

use crate::support::door::{Door, Visitor};
use crate::support::fixture_staff::{NIGHT, PASSWORD};
use crate::support::house::{count, execute, texts};
use crate::support::stand::{PUBLIC_URL, Stand};

/// The draft of the demonstration where every way is open. The first organisation on its list
/// has a mobile and a system beside its mailboxes, the second nothing but a mobile.
struct World {
    stand: Stand,
    service: Service,
    notice: NoticeId,
    three_ways: OrganizationId,
    mobile_only: OrganizationId,
}

impl World {
    fn open() -> Option<Self> {
        let stand = Stand::new(NIGHT, MemoryMailer::default(), Sending::default())?;
        let notice = fill(&stand.service).unwrap().notice;
        let mut service = stand.service.clone();
        let setup = GatewaySetup {
            url: WebhookUrl::parse("https://sms.example/send").unwrap(),
            method: "POST".into(),
            headers: Vec::new(),
            body: "{mobile}{text}".into(),
            escape: Escape::Form,
            success: String::new(),
            refusal: String::new(),
        };
        service.outlets.sms = Some(Gateway::open(setup, None).unwrap());
        service.outlets.webhook = Some(Caller::new(CallRules::default(), None).unwrap());
        service.settings = Arc::new(Settings {
            return_path: "bounces@qianshou.example".into(),
            ..(*service.settings).clone()
        });
        let picked = "SELECT organization_id AS value FROM notice_picks JOIN organizations \
             ON organizations.id = organization_id \
             WHERE addressee = 'primary' ORDER BY tree_path LIMIT 2";
        let picked = texts(&stand.url, picked);
        let (three_ways, mobile_only) = (picked[0].parse().unwrap(), picked[1].parse().unwrap());
        let world = Self { stand, service, notice, three_ways, mobile_only };
        world.run(&format!(
            "UPDATE contact_addresses SET status = 'retired' WHERE contact_id IN \
             (SELECT id FROM contacts WHERE organization_id IN ('{three_ways}', '{mobile_only}') \
             AND (organization_id = '{mobile_only}' OR role = 'duty_desk'))"
        ));
        world.add(three_ways, "mobile", "15400001234");
        world.add(three_ways, "webhook", "https://oa.county.example/in");
        world.add(mobile_only, "mobile", "15400005678");
        Some(world)
    }

    fn run(&self, sql: &str) -> usize {
        execute(&self.stand.url, sql)
    }

    /// Gives a clerk of an organisation one more address that was shown to work.
    fn add(&self, organization: OrganizationId, kind: &str, address: &str) -> AddressId {
        let mut bits = [0; 10];
        SystemRandom.fill(&mut bits).unwrap();
        let id = AddressId::new(NIGHT, bits);
        self.run(&format!(
            "INSERT INTO contact_addresses (id, contact_id, kind, address, place, status, \
             status_at) SELECT '{id}', min(id), '{kind}', '{address}', 9, 'verified', 1 \
             FROM contacts WHERE organization_id = '{organization}' AND role = 'primary'"
        ));
        id
    }

    fn account(&self, login: &str) -> Account {
        let all = self.service.store.read(account_list).unwrap();
        all.into_iter().find(|account| account.login == login).unwrap()
    }

    fn preview(&self) -> Preview {
        preview(&self.service, &self.account("hefa"), self.notice).unwrap()
    }

    fn issue(&self) -> Issued {
        let seen = self.preview().digest;
        submit(&self.service, &self.account("jingban"), self.notice, seen).unwrap();
        let gap_reason = Some("汛情紧急，先行发出".to_owned());
        let request = IssueRequest {
            notice: self.notice,
            seen,
            form_key: "a key".into(),
            gap_reason,
            left_out: None,
            unchanged: false,
        };
        release_and_issue(&self.service, &self.account("hefa"), &request).unwrap()
    }

    fn delivery(&self, organization: OrganizationId) -> DeliveryId {
        let all =
            self.service.store.read(|conn| delivery_list_of_notice(conn, self.notice)).unwrap();
        all.iter().find(|one| one.organization_id == organization).unwrap().id
    }

    /// `email 2, sms 1`: the messages of a delivery that a condition picks, by channel.
    fn messages(&self, organization: OrganizationId, that: &str) -> Vec<String> {
        let id = self.delivery(organization);
        texts(
            &self.stand.url,
            &format!(
                "SELECT channel || ' ' || count(*) AS value FROM messages \
                 WHERE delivery_id = '{id}' AND {that} GROUP BY channel ORDER BY channel"
            ),
        )
    }

    fn count(&self, from: &str) -> i64 {
        count(&self.stand.url, from)
    }
}

fn recipient(preview: &Preview, id: OrganizationId) -> &Recipient {
    preview.outlook.recipients.iter().find(|one| one.organization.id == id).unwrap()
}

#[test]
fn the_first_notification_goes_by_every_way_and_the_preview_says_so() {
    let Some(world) = World::open() else { return };
    let seen = world.preview();
    let words = ways_zh(recipient(&seen, world.three_ways).ways.iter());
    assert!(words.starts_with("邮件 ") && words.ends_with(" · 短信 1 · 系统接口 1"), "{words}");
    assert_eq!(ways_zh(recipient(&seen, world.mobile_only).ways.iter()), "短信 1");
    let door = Door::open(&world.service, PUBLIC_URL);
    let mut clerk = Visitor::new(&door).sign_in("jingban", PASSWORD);
    let page = clerk.get(&format!("/notices/{}/preview", world.notice));
    assert!(page.body.contains(&words), "each row says by which ways");
    assert!(page.words().contains(&ways_zh(seen.outlook.ways())), "and the column, in all");

    let Issued::Now { messages, .. } = world.issue() else { panic!("not issued") };
    assert_eq!(messages, seen.outlook.address_count());
    let first = "step = 0 AND purpose = 'invitation' AND link_id IS NOT NULL AND lane = 0";
    let mails = words.split(' ').nth(1).unwrap();
    let wanted = [format!("email {mails}"), "sms 1".to_owned(), "webhook 1".to_owned()];
    assert_eq!(world.messages(world.three_ways, first), wanted);
    assert_eq!(world.messages(world.mobile_only, first), ["sms 1"]);
    let lost = format!("deliveries WHERE unreachable AND id = '{}'", {
        world.delivery(world.mobile_only)
    });
    assert_eq!(world.count(&lost), 0, "who has a mobile can be reached");
    // Written with the issue itself: no worker has run.
    assert_eq!(
        world.count("messages WHERE purpose = 'invitation'"),
        i64::try_from(messages).unwrap()
    );
}

#[test]
fn who_reminds_by_hand_reminds_as_the_level_notifies() {
    let Some(world) = World::open() else { return };
    world.issue();
    world.stand.clock.advance(Span::minutes(3));
    let clerk = world.account("jingban");
    let all = candidates(&world.service, &clerk, world.notice).unwrap();
    let ids: Vec<DeliveryId> = all.all.iter().map(|one| one.delivery.id).collect();
    assert!(remind_by_hand(&world.service, &clerk, world.notice, &ids, "a key 2").unwrap() > 100);
    let reminded = "purpose = 'reminder' AND link_id IS NOT NULL";
    let channels = world.messages(world.three_ways, reminded);
    assert_eq!(channels[1..], ["sms 1", "webhook 1"]);
    assert_eq!(world.messages(world.mobile_only, reminded), ["sms 1"]);
}

/// A report of failure about a message, as a mail server sends it.
fn bounce(world: &World, message: MessageId) -> Vec<u8> {
    let to = format!("bounces+{}@qianshou.example", world.service.keys.return_token(message));
    format!(
        "To: {to}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; \
         report-type=delivery-status; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: \
         message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: \
         rfc822; a@x.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    )
    .into_bytes()
}

#[test]
fn a_bounce_takes_the_next_way_and_only_the_last_one_makes_a_call() {
    let Some(world) = World::open() else { return };
    world.issue();
    world.run("UPDATE messages SET state = 'handed_over', due_at = NULL, finished_at = 1");
    let id = world.delivery(world.three_ways);
    // Since the issue the organisation has told of one more system.
    let fresh = world.add(world.three_ways, "webhook", "https://new.county.example/in");
    let of = format!("delivery_id = '{id}'");
    let mails: Vec<MessageId> = texts(
        &world.stand.url,
        &format!("SELECT id AS value FROM messages WHERE {of} AND channel = 'email' ORDER BY id"),
    )
    .iter()
    .map(|text| text.parse().unwrap())
    .collect();
    let calls = format!("call_tasks WHERE kind = 'call' AND {of}");
    for (nth, mail) in mails.iter().enumerate() {
        read_bounce(&world.service, &bounce(&world, *mail)).unwrap();
        let taken = format!("messages WHERE {of} AND address_id = '{fresh}' AND lane = 0");
        assert_eq!(world.count(&taken), 1, "after bounce {nth} the next way is taken, once");
        assert_eq!(world.count(&format!("events WHERE kind = 'next_way_taken' AND {of}")), 1);
        assert_eq!(world.count(&calls), 0, "another way is still sound");
    }
    assert_eq!(world.count(&format!("deliveries WHERE unreachable AND id = '{id}'")), 0);

    // Where nothing else is left, somebody calls.
    world.run(&format!(
        "UPDATE contact_addresses SET status = 'failing' WHERE kind <> 'email' AND contact_id IN \
         (SELECT id FROM contacts WHERE organization_id = '{}')",
        world.three_ways
    ));
    world.run(&format!(
        "UPDATE contact_addresses SET status = 'verified' WHERE id IN \
         (SELECT address_id FROM messages WHERE id = '{}')",
        mails[0]
    ));
    world.run("DELETE FROM bounces");
    read_bounce(&world.service, &bounce(&world, mails[0])).unwrap();
    assert_eq!(world.count(&calls), 1);
    assert_eq!(world.count(&format!("deliveries WHERE unreachable AND id = '{id}'")), 1);
    assert_eq!(world.count(&format!("events WHERE kind = 'unreachable' AND {of}")), 1);
}

//! An issued notice without the acts that lead to it: rows of directory, notice, deliveries,
//! links and messages, and a service over them with a clock and a mailer that tests hold.

use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::sql_types::{BigInt, Text};
use diesel::{
    Connection as _, PgConnection, QueryableByName, RunQueryDsl as _, SqliteConnection, sql_query,
};
use qianshou::adapters::mail::Mailer;
use qianshou::adapters::random::{Random as _, SystemRandom};
use qianshou::domain::delivery::{Addressee, Tally};
use qianshou::domain::ids::{
    AccountId, AddressId, ContactId, DeliveryId, IdEntropy, LinkId, MessageId, NoticeId,
    OrganizationId,
};
use qianshou::domain::message::{Channel, MessagePurpose};
use qianshou::domain::notice::NoticeDraft;
use qianshou::domain::time::{Span, Timestamp};
use qianshou::domain::urgency::Urgency;
use qianshou::service::Sending;
use qianshou::store::StoreError;
use qianshou::store::deliveries::{
    NewDelivery, delivery_find, delivery_insert_all, delivery_list_of_notice,
};
use qianshou::store::links::{NewLink, link_insert_all};
use qianshou::store::messages::{NewMessage, message_cancel_open, message_insert_all};
use qianshou::store::tallies::{TallyChanges, tally_find, tally_insert};

use super::stand::Stand;

/// 2026-11-23T01:00:00Z, a Monday morning in Changsha.
const START: Timestamp = Timestamp::from_micros(1_795_395_600_000_000);

/// A service over a database of its own.
pub(crate) struct Fixture {
    stand: Stand,
    serial: AtomicU32,
}

impl Deref for Fixture {
    type Target = Stand;

    fn deref(&self) -> &Stand {
        &self.stand
    }
}

/// One delivery of a fixture's notice: each address has a link and a message.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) id: DeliveryId,
    pub(crate) addresses: Vec<AddressId>,
    pub(crate) messages: Vec<MessageId>,
}

/// A notice that counts as issued.
#[derive(Debug, Clone)]
pub(crate) struct IssuedNotice {
    pub(crate) id: NoticeId,
    pub(crate) deliveries: Vec<Sent>,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

#[derive(QueryableByName)]
struct Words {
    #[diesel(sql_type = Text)]
    value: String,
}

impl Fixture {
    /// On the engine of this run; `None` if there is none on this machine.
    pub(crate) fn new(mailer: impl Mailer + 'static) -> Option<Self> {
        Self::with_sending(mailer, Sending::default())
    }

    /// The same with leases and retries of one's own.
    pub(crate) fn with_sending(mailer: impl Mailer + 'static, sending: Sending) -> Option<Self> {
        let stand = Stand::new(START, mailer, sending)?;
        let fixture = Self { stand, serial: AtomicU32::new(0) };
        fixture.sql(&format!(
            "INSERT INTO organizations (id, code, name, short_name, kind, level, region_code, \
             superior_rule, tree_path, tree_depth, changed_at) \
             VALUES ('{}', 'issuer', '中共湖南省委办公厅', '省委办公厅', 'party_office', \
             'province', '430000', 'unstated', '0', 0, 1)",
            fixture.issuer()
        ));
        fixture.sql(&format!(
            "INSERT INTO accounts (id, organization_id, login, display_name, password_hash, \
             epoch, created_at) VALUES ('{}', '{}', 'author', '王某', 'x', 1, 1)",
            AccountId::new(START, [0; 10]),
            fixture.issuer()
        ));
        Some(fixture)
    }

    fn issuer(&self) -> OrganizationId {
        OrganizationId::new(START, [0; 10])
    }

    fn bits(&self) -> IdEntropy {
        let mut bits = [0; 10];
        SystemRandom.fill(&mut bits).unwrap();
        bits
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.service.now()
    }

    pub(crate) fn advance(&self, by: Span) {
        self.clock.advance(by);
    }

    /// A notice of that level to so many organisations with so many addresses each. Addresses
    /// are `a0.o0.n0@post.example`: address, organisation, notice.
    pub(crate) fn issue(
        &self,
        urgency: Urgency,
        organizations: usize,
        addresses: usize,
    ) -> IssuedNotice {
        let now = self.now();
        let serial = self.serial.fetch_add(1, Ordering::SeqCst);
        let notice = NoticeId::new(now, self.bits());
        let (issuer, author) = (self.issuer(), AccountId::new(START, [0; 10]));
        let title = "关于切实做好强降温天气应对工作的通知";
        let draft = NoticeDraft {
            title: title.into(),
            dispatching_organ: "中共湖南省委办公厅".into(),
            duty_phone: "0731-00000000".into(),
            ..NoticeDraft::default()
        };
        let header = serde_json::to_string(&draft).unwrap();
        let micros = now.as_micros();
        self.sql(&format!(
            "INSERT INTO notices (id, issuer_id, author_id, state, version, revision, title, \
             urgency, document_number, created_at, saved_at, issued_at) VALUES ('{notice}', \
             '{issuer}', '{author}', 'issued', 1, 1, '{title}', '{urgency}', \
             '湘办发电〔2026〕{serial}号', {micros}, {micros}, {micros})"
        ));
        self.sql(&format!(
            "INSERT INTO notice_versions (notice_id, version, header) \
             VALUES ('{notice}', 1, '{header}')"
        ));
        let lane = Urgency::ALL.iter().position(|level| *level == urgency).unwrap();
        let mut rows = Rows::default();
        let mut deliveries = Vec::new();
        for number in 0..organizations {
            let (organization, contact, delivery) = (
                OrganizationId::new(now, self.bits()),
                ContactId::new(now, self.bits()),
                DeliveryId::new(now, self.bits()),
            );
            let name = format!("第{number}单位");
            rows.organizations.push(format!(
                "('{organization}', 'n{serial}o{number}', '{name}', '{name}', 'government', \
                 'county', '430100', 'unstated', '{number:05}', 1, 1)"
            ));
            rows.contacts.push(format!("('{contact}', '{organization}', 'duty_desk', '值班室')"));
            rows.deliveries.push(NewDelivery {
                id: delivery,
                notice_id: notice,
                version: 1,
                organization_id: organization,
                organization_name: name,
                addressee: Addressee::Primary,
                reason: "picked".into(),
                tree_path: format!("{number:05}"),
                tree_depth: 1,
                deadline_at: Some(now.plus(Span::minutes(30))),
                deadline_origin: Some("发出后30分钟内".into()),
                unreachable: false,
                head: None,
            });
            let mut sent = Sent { id: delivery, addresses: vec![], messages: vec![] };
            for place in 0..addresses {
                let (address, link, message) = (
                    AddressId::new(now, self.bits()),
                    LinkId::new(now, self.bits()),
                    MessageId::new(now, self.bits()),
                );
                rows.addresses.push(format!(
                    "('{address}', '{contact}', 'email', \
                     'a{place}.o{number}.n{serial}@post.example', {place}, 'verified', 1)"
                ));
                rows.links.push(NewLink {
                    id: link,
                    delivery_id: delivery,
                    address_id: address,
                    created_at: now,
                });
                rows.messages.push(NewMessage {
                    id: message,
                    notice_id: Some(notice),
                    version: 1,
                    delivery_id: Some(delivery),
                    address_id: address,
                    about: None,
                    link_id: Some(link),
                    channel: Channel::Email,
                    step: 0,
                    purpose: MessagePurpose::Invitation,
                    lane: i32::try_from(lane).unwrap(),
                    due_at: now,
                });
                sent.addresses.push(address);
                sent.messages.push(message);
            }
            deliveries.push(sent);
        }
        self.insert_directory(&rows);
        let count = i64::try_from(deliveries.len()).unwrap();
        let tally = Tally { total: count, pending: count, ..Tally::default() };
        self.service
            .store
            .write("fixture", move |tx| {
                delivery_insert_all(tx, &rows.deliveries)?;
                link_insert_all(tx, &rows.links)?;
                message_insert_all(tx, &rows.messages, now)?;
                tally_insert(tx, notice, &tally)
            })
            .unwrap();
        IssuedNotice { id: notice, deliveries }
    }

    fn insert_directory(&self, rows: &Rows) {
        let tables = [
            (
                "organizations (id, code, name, short_name, kind, level, region_code, \
                 superior_rule, tree_path, tree_depth, changed_at)",
                &rows.organizations,
            ),
            ("contacts (id, organization_id, role, name)", &rows.contacts),
            (
                "contact_addresses (id, contact_id, kind, address, place, status, status_at)",
                &rows.addresses,
            ),
        ];
        for (table, values) in tables {
            for chunk in values.chunks(500) {
                self.sql(&format!("INSERT INTO {table} VALUES {}", chunk.join(", ")));
            }
        }
    }

    /// The organisation signs: what the act writes that concerns messages.
    pub(crate) fn acknowledge(&self, id: DeliveryId) {
        let now = self.now();
        let before = self.service.store.read(|conn| delivery_find(conn, id)).unwrap().unwrap();
        let at = now.as_micros();
        self.sql(&format!(
            "UPDATE deliveries SET acknowledged_at = {at}, receipt_id = 'x' WHERE id = '{id}'"
        ));
        self.service
            .store
            .write("fixture", move |tx| {
                message_cancel_open(tx, &[id], "acknowledged", now)?;
                let after = delivery_find(tx, id)?.unwrap();
                let mut changes = TallyChanges::default();
                changes.note(before.notice_id, &before.facts, &after.facts, now);
                changes.write(tx)
            })
            .unwrap();
    }

    /// The kept counts of a notice are what its deliveries amount to.
    pub(crate) fn assert_counts(&self, notice: NoticeId) -> Tally {
        let now = self.now();
        let (kept, deliveries) = self
            .service
            .store
            .read(|conn| {
                let kept = tally_find(conn, notice)?;
                Ok::<_, StoreError>((kept, delivery_list_of_notice(conn, notice)?))
            })
            .unwrap();
        let counted = Tally::of(deliveries.iter().map(|one| &one.facts), now);
        assert_eq!(Tally { overdue: 0, ..counted }, kept, "counts differ from the deliveries");
        kept
    }
}

impl Stand {
    /// Runs a statement beside the service, on a connection of its own.
    pub(crate) fn sql(&self, text: &str) -> usize {
        match self.path() {
            Some(path) => sql_query(text).execute(&mut sqlite(path)).unwrap(),
            None => sql_query(text).execute(&mut self.postgres()).unwrap(),
        }
    }

    /// A number, from a select that calls it `value`.
    pub(crate) fn number(&self, select: &str) -> i64 {
        let found: Number = match self.path() {
            Some(path) => sql_query(select).get_result(&mut sqlite(path)).unwrap(),
            None => sql_query(select).get_result(&mut self.postgres()).unwrap(),
        };
        found.value
    }

    /// Texts, from a select that calls them `value`.
    pub(crate) fn texts(&self, select: &str) -> Vec<String> {
        let found: Vec<Words> = match self.path() {
            Some(path) => sql_query(select).load(&mut sqlite(path)).unwrap(),
            None => sql_query(select).load(&mut self.postgres()).unwrap(),
        };
        found.into_iter().map(|words| words.value).collect()
    }

    fn path(&self) -> Option<&str> {
        self.url.strip_prefix("sqlite://")
    }

    fn postgres(&self) -> PgConnection {
        PgConnection::establish(&self.url).unwrap()
    }
}

fn sqlite(path: &str) -> SqliteConnection {
    let mut conn = SqliteConnection::establish(path).unwrap();
    sql_query("PRAGMA busy_timeout = 10000").execute(&mut conn).unwrap();
    conn
}

#[derive(Default)]
struct Rows {
    organizations: Vec<String>,
    contacts: Vec<String>,
    addresses: Vec<String>,
    deliveries: Vec<NewDelivery>,
    links: Vec<NewLink>,
    messages: Vec<NewMessage>,
}

//! Fills the product's database: one 特提 notice to as many organisations as there are rows. Each
//! was reached by one mail, has opened its page, and has its ladder still before it — what a
//! signature usually finds.

use qianshou::adapters::random::{self, SystemRandom};
use qianshou::domain::delivery::{Addressee, Tally};
use qianshou::domain::ids::{
    AccountId, AddressId, ContactId, DeliveryId, LinkId, MessageId, NoticeId, OrganizationId,
};
use qianshou::domain::message::{Channel, MessagePurpose};
use qianshou::domain::notice::NoticeDraft;
use qianshou::domain::time::{Span, Timestamp};
use qianshou::domain::urgency::Urgency;
use qianshou::service::Service;
use qianshou::store::deliveries::{NewDelivery, OnceFact, delivery_insert_all, delivery_set_once};
use qianshou::store::ladders::Head;
use qianshou::store::links::{NewLink, link_insert_all};
use qianshou::store::messages::{NewMessage, message_insert_all};
use qianshou::store::tallies::tally_insert;

use crate::database::Database;

/// Deliveries written in one transaction.
const CHUNK: usize = 5_000;
/// A 特提 ladder as an issue writes it: step, act, minutes after issue. The first is done by the
/// issue itself, the second is the next and only due one.
const RUNGS: [(u8, &str, i64); 8] = [
    (1, "remind", 0),
    (2, "remind", 5),
    (3, "remind", 10),
    (4, "call", 10),
    (5, "prompt_leader", 15),
    (6, "alert_issuer", 20),
    (7, "offer_superior", 30),
    (8, "ask_superior", 40),
];
/// The step that comes next.
const NEXT: u8 = 2;

/// A delivery and the link its recipient has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    pub(crate) number: usize,
    pub(crate) notice: NoticeId,
    pub(crate) delivery: DeliveryId,
    pub(crate) link: LinkId,
    pub(crate) organization: OrganizationId,
    pub(crate) address: AddressId,
    pub(crate) deadline: Timestamp,
}

/// What an organisation is called.
pub(crate) fn name_of(number: usize) -> String {
    format!("第{number}单位值班室")
}

struct Maker {
    now: Timestamp,
    issuer: OrganizationId,
    author: AccountId,
    notice: NoticeId,
}

macro_rules! fresh {
    ($kind:ident, $now:expr) => {
        $kind::new($now, random::bytes(&SystemRandom)?)
    };
}

/// Writes everything and says which deliveries there are.
pub(crate) fn fill(service: &Service, url: &str, rows: usize) -> anyhow::Result<Vec<Sent>> {
    let now = service.now();
    let maker = Maker {
        now,
        issuer: fresh!(OrganizationId, now),
        author: fresh!(AccountId, now),
        notice: fresh!(NoticeId, now),
    };
    let mut database = Database::open(url)?;
    maker.notice(&mut database)?;
    let mut sent = Vec::with_capacity(rows);
    for start in (0..rows).step_by(CHUNK) {
        sent.extend(maker.chunk(service, &mut database, start..rows.min(start + CHUNK))?);
    }
    maker.ladder(&mut database)?;
    let rows = i64::try_from(rows)?;
    let tally = Tally { total: rows, opened: rows, ..Tally::default() };
    let notice = maker.notice;
    service.store.write("fill", move |tx| tally_insert(tx, notice, &tally))?;
    database.settle()?;
    Ok(sent)
}

impl Maker {
    fn notice(&self, database: &mut Database) -> anyhow::Result<()> {
        let Self { now, issuer, author, notice } = self;
        let now = now.as_micros();
        let (title, urgency) = ("关于切实做好强降温天气应对工作的通知", Urgency::Flash);
        let draft = NoticeDraft {
            title: title.into(),
            body: "请各单位认真贯彻落实。".into(),
            dispatching_organ: "某省人民政府办公厅".into(),
            document_number: "某政办发电〔2026〕1号".into(),
            urgency: urgency.to_string(),
            ..NoticeDraft::default()
        };
        let header = serde_json::to_string(&draft)?;
        database.run(&format!(
            "INSERT INTO organizations (id, code, name, short_name, kind, level, region_code, \
             superior_rule, tree_path, tree_depth, changed_at) VALUES ('{issuer}', 'issuer', \
             '某省人民政府办公厅', '某省府办', 'government', 'province', '430000', 'unstated', '0', 0, 1); \
             INSERT INTO accounts (id, organization_id, login, display_name, password_hash, \
             epoch, created_at) VALUES ('{author}', '{issuer}', 'author', '王某', 'x', 1, 1); \
             INSERT INTO notices (id, issuer_id, author_id, state, version, revision, title, \
             urgency, document_number, created_at, saved_at, issued_at) VALUES ('{notice}', \
             '{issuer}', '{author}', 'issued', 1, 1, '{title}', '{urgency}', \
             '某政办发电〔2026〕1号', {now}, {now}, {now}); \
             INSERT INTO notice_versions (notice_id, version, header) \
             VALUES ('{notice}', 1, '{header}')"
        ))
    }

    fn chunk(
        &self,
        service: &Service,
        database: &mut Database,
        numbers: std::ops::Range<usize>,
    ) -> anyhow::Result<Vec<Sent>> {
        let Self { now, notice, .. } = *self;
        let mut directory = [Vec::new(), Vec::new(), Vec::new()];
        let (mut deliveries, mut links, mut messages) = (Vec::new(), Vec::new(), Vec::new());
        let mut sent = Vec::new();
        for number in numbers {
            let organization = fresh!(OrganizationId, now);
            let contact = fresh!(ContactId, now);
            let address = fresh!(AddressId, now);
            let delivery = fresh!(DeliveryId, now);
            let link = fresh!(LinkId, now);
            let (name, deadline) = (name_of(number), now.plus(Span::minutes(30)));
            sent.push(Sent { number, notice, delivery, link, organization, address, deadline });
            let [organizations, contacts, addresses] = &mut directory;
            organizations.push(format!(
                "('{organization}', 'o{number}', '{name}', '{name}', 'government', 'county', \
                 '430100', 'unstated', '0.{number:07}', 1, 1)"
            ));
            contacts.push(format!("('{contact}', '{organization}', 'duty_desk', '值班室')"));
            addresses.push(format!(
                "('{address}', '{contact}', 'email', 'o{number}@post.example', 1, 'verified', 1)"
            ));
            deliveries.push(NewDelivery {
                id: delivery,
                notice_id: notice,
                version: 1,
                organization_id: organization,
                organization_name: name,
                addressee: Addressee::Primary,
                reason: "picked".into(),
                tree_path: format!("0.{number:07}"),
                tree_depth: 1,
                deadline_at: Some(deadline),
                deadline_origin: Some("发出后30分钟内".into()),
                unreachable: false,
                head: head(now),
            });
            links.push(NewLink {
                id: link,
                delivery_id: delivery,
                address_id: address,
                created_at: now,
            });
            messages.push(NewMessage {
                id: fresh!(MessageId, now),
                notice_id: Some(notice),
                version: 1,
                delivery_id: Some(delivery),
                address_id: address,
                about: None,
                link_id: Some(link),
                channel: Channel::Email,
                step: 0,
                purpose: MessagePurpose::Invitation,
                lane: 0,
                // never taken by a sender: set to handed over below
                due_at: now.plus(Span::hours(24)),
            });
        }
        for (table, values) in DIRECTORY.into_iter().zip(&directory) {
            for some in values.chunks(1_000) {
                database.run(&format!("INSERT INTO {table} VALUES {}", some.join(",")))?;
            }
        }
        let ids: Vec<DeliveryId> = deliveries.iter().map(|delivery| delivery.id).collect();
        service.store.write("fill", move |tx| {
            delivery_insert_all(tx, &deliveries)?;
            link_insert_all(tx, &links)?;
            message_insert_all(tx, &messages, now)
        })?;
        // in writes of their own, as hand-over and opening come to a delivery
        for fact in [OnceFact::HandedOver, OnceFact::Opened] {
            let ids = ids.clone();
            service.store.write("fill", move |tx| delivery_set_once(tx, &ids, fact, now))?;
        }
        Ok(sent)
    }

    /// The rungs still to come, those of one delivery together as an issue writes them, and the
    /// first mails as handed over.
    fn ladder(&self, database: &mut Database) -> anyhow::Result<()> {
        let steps = RUNGS.map(|(step, act, minutes)| {
            let planned = self.now.plus(Span::minutes(minutes)).as_micros();
            let closed = if step < NEXT { planned.to_string() } else { "NULL".into() };
            format!(
                "SELECT {step} AS step, '{act}' AS act, {planned} AS planned, \
                 CAST({closed} AS BIGINT) AS closed"
            )
        });
        database.run(&format!(
            "INSERT INTO rungs (id, delivery_id, step, action, planned_at, closed_at, closed_why) \
             SELECT 'rng_' || step || substr(id, 6), id, step, act, planned, closed, \
             CASE WHEN closed IS NOT NULL THEN 'done_by_issue' END \
             FROM deliveries, ({}) AS steps ORDER BY tree_path, step",
            steps.join(" UNION ALL ")
        ))?;
        let now = self.now.as_micros();
        database.run(&format!(
            "UPDATE messages SET state = 'handed_over', due_at = NULL, finished_at = {now}"
        ))
    }
}

fn head(now: Timestamp) -> Option<Head> {
    let (step, _, minutes) = RUNGS.into_iter().find(|(step, ..)| *step == NEXT)?;
    Some(Head { step: i32::from(step), due_at: now.plus(Span::minutes(minutes)) })
}

const DIRECTORY: [&str; 3] = [
    "organizations (id, code, name, short_name, kind, level, region_code, superior_rule, \
     tree_path, tree_depth, changed_at)",
    "contacts (id, organization_id, role, name)",
    "contact_addresses (id, contact_id, kind, address, place, status, status_at)",
];

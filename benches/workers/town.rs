//! The product's side of each bench: a server's inside over a filled database, without its doors.
//! One notice of each level to as many organisations as there are rows, each with one address.

use std::path::Path;

use anyhow::Context as _;
use qianshou::adapters::random::{self, SystemRandom};
use qianshou::app::{App, create_keys};
use qianshou::config::Config;
use qianshou::domain::delivery::{Addressee, Tally};
use qianshou::domain::ids::{
    AccountId, AddressId, ContactId, DeliveryId, LinkId, MessageId, NoticeId, OrganizationId,
    RungId,
};
use qianshou::domain::ladder::{RungAct, Ways};
use qianshou::domain::message::{Channel, MessagePurpose};
use qianshou::domain::notice::NoticeDraft;
use qianshou::domain::time::{Span, Timestamp};
use qianshou::domain::urgency::Urgency;
use qianshou::store::StoreError;
use qianshou::store::deliveries::{NewDelivery, OnceFact, delivery_insert_all, delivery_set_once};
use qianshou::store::ladders::Head;
use qianshou::store::links::{NewLink, link_insert_all};
use qianshou::store::messages::{NewMessage, message_insert_all};
use qianshou::store::rungs::{NewRung, rung_insert_all};
use qianshou::store::tallies::tally_insert;

use crate::database::Database;

/// Rows written in one transaction, by deliveries.
const CHUNK: usize = 5_000;

/// A delivery, the address of its organisation, and the link that goes there.
#[derive(Debug, Clone, Copy)]
struct Sent {
    delivery: DeliveryId,
    address: AddressId,
    link: LinkId,
}

/// A notice that is out.
#[derive(Debug, Clone)]
pub(crate) struct Issued {
    notice: NoticeId,
    lane: i32,
    sent: Vec<Sent>,
}

/// A server's inside and its database.
pub(crate) struct Town {
    pub(crate) app: App,
    pub(crate) database: Database,
    issuer: OrganizationId,
    author: AccountId,
    serial: usize,
}

macro_rules! fresh {
    ($kind:ident, $now:expr) => {
        $kind::new($now, random::bytes(&SystemRandom)?)
    };
}

impl Town {
    /// Opens a server over an empty database, which sends to that relay.
    pub(crate) fn open(url: &str, folder: &Path, relay: u16) -> anyhow::Result<Self> {
        let below = |name: &str| folder.join(name).display().to_string();
        create_keys(Path::new(&below("keys")))?;
        let set = [
            ("database.url", url.to_owned()),
            ("data_dir", below("data")),
            ("keys_dir", below("keys")),
            ("listen", "127.0.0.1:0".to_owned()),
            ("public_url", "http://127.0.0.1:8080".to_owned()),
            ("network", "internal".to_owned()),
            ("mail.from_address", "qianshou@office.example".to_owned()),
            ("smtp.host", "127.0.0.1".to_owned()),
            ("smtp.port", relay.to_string()),
            ("smtp.tls", "plain_loopback".to_owned()),
            ("smtp.hello_name", "qianshou.example".to_owned()),
        ];
        let set: Vec<(&str, &str)> = set.iter().map(|(key, text)| (*key, text.as_str())).collect();
        let app = App::open(&Config::assemble(None, &[], &set)?)?;
        let now = app.service.now();
        let (issuer, author) = (fresh!(OrganizationId, now), fresh!(AccountId, now));
        let (leader, address) = (fresh!(ContactId, now), fresh!(AddressId, now));
        let mut database = Database::open(url)?;
        database.run(&format!(
            "INSERT INTO organizations (id, code, name, short_name, kind, level, region_code, \
             superior_rule, tree_path, tree_depth, changed_at) VALUES ('{issuer}', 'issuer', \
             '某省人民政府办公厅', '某省府办', 'government', 'province', '430000', 'unstated', \
             '0', 0, 1); \
             INSERT INTO accounts (id, organization_id, login, display_name, password_hash, \
             epoch, created_at) VALUES ('{author}', '{issuer}', 'author', '王某', 'x', 1, 1); \
             INSERT INTO contacts (id, organization_id, role, name) \
             VALUES ('{leader}', '{issuer}', 'duty_leader', '带班领导'); \
             INSERT INTO contact_addresses (id, contact_id, kind, address, place, status, \
             status_at) VALUES ('{address}', '{leader}', 'email', 'leader@office.example', 1, \
             'verified', 1)"
        ))?;
        Ok(Self { app, database, issuer, author, serial: 0 })
    }

    /// Issues a notice of that level to new organisations. Each has its address, its link, and
    /// these steps still before it, the first of them due in two hours.
    pub(crate) fn issue(
        &mut self,
        level: Urgency,
        rows: usize,
        steps: &[RungAct],
    ) -> anyhow::Result<Issued> {
        let now = self.app.service.now();
        let notice = fresh!(NoticeId, now);
        self.serial += 1;
        self.notice(notice, level, now)?;
        let lane = Urgency::ALL.iter().position(|known| *known == level).context("no level")?;
        let mut issued =
            Issued { notice, lane: i32::try_from(lane)?, sent: Vec::with_capacity(rows) };
        for start in (0..rows).step_by(CHUNK) {
            let sent = self.chunk(notice, start..rows.min(start + CHUNK), steps, now)?;
            issued.sent.extend(sent);
        }
        let rows = i64::try_from(rows)?;
        let tally = Tally { total: rows, opened: rows, ..Tally::default() };
        self.app.service.store.write("fill", move |tx| tally_insert(tx, notice, &tally))?;
        self.database.settle()?;
        Ok(issued)
    }

    fn notice(&mut self, notice: NoticeId, level: Urgency, now: Timestamp) -> anyhow::Result<()> {
        let Self { issuer, author, serial, .. } = self;
        let (micros, number) = (now.as_micros(), format!("某政办发电〔2026〕{serial}号"));
        let title = "关于切实做好强降温天气应对工作的通知";
        let draft = NoticeDraft {
            title: title.into(),
            body: "请各单位认真贯彻落实。".into(),
            dispatching_organ: "某省人民政府办公厅".into(),
            document_number: number.clone(),
            urgency: level.to_string(),
            ..NoticeDraft::default()
        };
        let header = serde_json::to_string(&draft)?;
        let ladder = self.app.service.rules.policy().snapshot(level).context("no policy")?;
        let ladder = ladder.to_json()?;
        self.database.run(&format!(
            "INSERT INTO notices (id, issuer_id, author_id, state, version, revision, title, \
             urgency, document_number, created_at, saved_at, issued_at) VALUES ('{notice}', \
             '{issuer}', '{author}', 'issued', 1, 1, '{title}', '{level}', '{number}', {micros}, \
             {micros}, {micros}); \
             INSERT INTO notice_versions (notice_id, version, header, ladder) \
             VALUES ('{notice}', 1, '{header}', '{ladder}')"
        ))
    }

    fn chunk(
        &mut self,
        notice: NoticeId,
        numbers: std::ops::Range<usize>,
        steps: &[RungAct],
        now: Timestamp,
    ) -> anyhow::Result<Vec<Sent>> {
        let mut directory = [Vec::new(), Vec::new(), Vec::new()];
        let (mut deliveries, mut links, mut rungs) = (Vec::new(), Vec::new(), Vec::new());
        let (mut sent, serial) = (Vec::new(), self.serial);
        let planned_at = now.plus(Span::hours(2));
        for number in numbers {
            let organization = fresh!(OrganizationId, now);
            let contact = fresh!(ContactId, now);
            let address = fresh!(AddressId, now);
            let delivery = fresh!(DeliveryId, now);
            let link = fresh!(LinkId, now);
            let name = format!("第{serial}组第{number}单位值班室");
            let [organizations, contacts, addresses] = &mut directory;
            organizations.push(format!(
                "('{organization}', 'o{serial}.{number}', '{name}', '{name}', 'government', \
                 'county', '430100', 'unstated', '0.{serial}.{number:07}', 1, 1)"
            ));
            contacts.push(format!("('{contact}', '{organization}', 'primary', '值班室')"));
            addresses.push(format!(
                "('{address}', '{contact}', 'email', 'o{number}.n{serial}@post.example', 1, \
                 'verified', 1)"
            ));
            deliveries.push(NewDelivery {
                id: delivery,
                notice_id: notice,
                version: 1,
                organization_id: organization,
                organization_name: name,
                addressee: Addressee::Primary,
                reason: "picked".into(),
                tree_path: format!("0.{serial}.{number:07}"),
                tree_depth: 1,
                deadline_at: Some(now.plus(Span::hours(24))),
                deadline_origin: Some("某时前签收".into()),
                unreachable: false,
                head: (!steps.is_empty()).then_some(Head { step: 1, due_at: planned_at }),
            });
            links.push(NewLink {
                id: link,
                delivery_id: delivery,
                address_id: address,
                created_at: now,
            });
            for (step, act) in (1u16..).zip(steps) {
                rungs.push(NewRung {
                    id: fresh!(RungId, now),
                    delivery_id: delivery,
                    step,
                    act: *act,
                    ways: (*act == RungAct::Remind).then_some(Ways::First),
                    planned_at,
                    done: false,
                });
            }
            sent.push(Sent { delivery, address, link });
        }
        for (table, values) in DIRECTORY.into_iter().zip(&directory) {
            for some in values.chunks(1_000) {
                self.database.run(&format!("INSERT INTO {table} VALUES {}", some.join(",")))?;
            }
        }
        self.app.service.store.write("fill", move |tx| {
            delivery_insert_all(tx, &deliveries)?;
            let ids: Vec<DeliveryId> = deliveries.iter().map(|delivery| delivery.id).collect();
            delivery_set_once(tx, &ids, OnceFact::HandedOver, now)?;
            delivery_set_once(tx, &ids, OnceFact::Opened, now)?;
            link_insert_all(tx, &links)?;
            rung_insert_all(tx, &rungs, now)?;
            Ok::<_, StoreError>(())
        })?;
        Ok(sent)
    }

    /// Writes one mail to every organisation of a notice, due now; `step` tells them apart.
    pub(crate) fn write_mails(&self, to: &Issued, step: i32) -> anyhow::Result<()> {
        let now = self.app.service.now();
        for sent in to.sent.chunks(CHUNK) {
            let mut messages = Vec::with_capacity(sent.len());
            for one in sent {
                messages.push(NewMessage {
                    id: fresh!(MessageId, now),
                    notice_id: Some(to.notice),
                    version: 1,
                    delivery_id: Some(one.delivery),
                    address_id: one.address,
                    about: None,
                    link_id: Some(one.link),
                    channel: Channel::Email,
                    step,
                    purpose: MessagePurpose::Reminder,
                    lane: to.lane,
                    due_at: now,
                });
            }
            self.app
                .service
                .store
                .write("fill", move |tx| message_insert_all(tx, &messages, now))?;
        }
        Ok(())
    }
}

const DIRECTORY: [&str; 3] = [
    "organizations (id, code, name, short_name, kind, level, region_code, superior_rule, \
     tree_path, tree_depth, changed_at)",
    "contacts (id, organization_id, role, name)",
    "contact_addresses (id, contact_id, kind, address, place, status, status_at)",
];

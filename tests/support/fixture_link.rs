//! A notice that was issued to some organisations, each with an address and a link, on a
//! database of its own. Directory rows are written as SQL, the rest through the store.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::thread;

use diesel::connection::SimpleConnection as _;
use diesel::sql_types::Text;
use diesel::{
    Connection as _, PgConnection, QueryableByName, RunQueryDsl as _, SqliteConnection, sql_query,
};
use qianshou::adapters::clock::Clock as _;
use qianshou::adapters::mail::MemoryMailer;
use qianshou::adapters::random::{Random as _, SystemRandom};
use qianshou::domain::account::Role;
use qianshou::domain::delivery::{Addressee, DeliveryFacts, Tally};
use qianshou::domain::document_number::DocumentNumber;
use qianshou::domain::ids::{
    AccountId, AddressId, ContactId, DeliveryId, FileId, LinkId, MessageId, NoticeId,
    OrganizationId, RungId,
};
use qianshou::domain::message::{Channel, MessagePurpose};
use qianshou::domain::notice::{FileRole, NoticeDraft, NoticeState};
use qianshou::domain::time::{Span, Timestamp};
use qianshou::domain::urgency::Urgency;
use qianshou::service::Sending;
use qianshou::service::visit::{self, Visiting};
use qianshou::store::accounts::{NewAccount, account_insert};
use qianshou::store::deliveries::{NewDelivery, delivery_insert_all, delivery_list_of_notice};
use qianshou::store::drafts::{NoticeFile, file_insert};
use qianshou::store::ladders::Head;
use qianshou::store::links::{FIRST_GENERATION, NewLink, link_insert_all};
use qianshou::store::messages::{NewMessage, message_insert_all};
use qianshou::store::notices::{IssueStamp, NewNotice, notice_insert, notice_set_issued};
use qianshou::store::tallies::{tally_find, tally_insert};
use qianshou::store::{StoreError, Tx};

pub(crate) use super::stand::PUBLIC_URL;
use super::stand::{Stand, resume_now};

/// When the notice of [`Ground::issue`] was issued.
const ISSUED_AT: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);
/// How long the recipients of [`Ground::issue`] have.
pub(crate) const SIGN_WITHIN: Span = Span::minutes(30);
pub(crate) const MAIN_FILE: &[u8] = include_bytes!("../../config/demo/notice/正文.pdf");

/// A server without a door, on a database of its own.
pub(crate) struct Ground {
    stand: Stand,
    pub(crate) mails: MemoryMailer,
}

impl Deref for Ground {
    type Target = Stand;

    fn deref(&self) -> &Stand {
        &self.stand
    }
}

/// An issued notice.
pub(crate) struct Issued {
    pub(crate) notice: NoticeId,
    pub(crate) files: Vec<FileId>,
    pub(crate) seats: Vec<Seat>,
}

/// One organisation's end of it.
#[derive(Debug, Clone)]
pub(crate) struct Seat {
    pub(crate) organization: OrganizationId,
    pub(crate) address: AddressId,
    pub(crate) delivery: DeliveryId,
    pub(crate) link: LinkId,
    pub(crate) token: String,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

impl Ground {
    /// `None`: no PostgreSQL on this machine, skip.
    pub(crate) fn new() -> Option<Self> {
        let now = ISSUED_AT.plus(Span::minutes(5));
        let mails = MemoryMailer::default();
        Some(Self { stand: Stand::new(now, mails.clone(), Sending::default())?, mails })
    }

    /// Issues a 特提 with a text, a main file and an attachment to `recipients` organisations
    /// whose addresses have this status.
    pub(crate) fn issue(&self, recipients: usize, status: &str) -> Issued {
        let issuer = OrganizationId::new(ISSUED_AT, entropy());
        let contacts: Vec<ContactId> =
            (0..recipients).map(|_| ContactId::new(ISSUED_AT, entropy())).collect();
        let seats: Vec<Seat> = (0..recipients).map(|_| self.new_seat()).collect();
        self.sql(&directory(issuer, &seats, &contacts, status));
        let notice = NoticeId::new(ISSUED_AT, entropy());
        let files: Vec<NoticeFile> = [
            (FileRole::Main, "通知.pdf", "application/pdf", MAIN_FILE),
            (FileRole::Attachment, "值班安排表.txt", "text/plain", b"name,phone"),
        ]
        .into_iter()
        .map(|(role, name, media_type, bytes)| self.keep(role, name, media_type, bytes))
        .collect();
        let issued = Issued { notice, files: files.iter().map(|file| file.id).collect(), seats };
        let ladder = self.service.rules.policy().snapshot(Urgency::Flash).unwrap();
        let (author, seats) = (AccountId::new(ISSUED_AT, entropy()), issued.seats.clone());
        let digest = qianshou::domain::digest::Sha256Digest::of(b"released");
        let store = self.service.store.clone();
        let issue = move |tx: &mut Tx| {
            account_insert(tx, &account(author, issuer))?;
            let draft = header();
            let number = DocumentNumber::parse(&draft.document_number).unwrap();
            let created_at = ISSUED_AT;
            let new =
                NewNotice { id: notice, issuer_id: issuer, author_id: author, draft, created_at };
            notice_insert(tx, &new)?;
            for file in &files {
                file_insert(tx, notice, 1, file)?;
            }
            let stamp = IssueStamp {
                id: notice,
                version: 1,
                from: NoticeState::Draft,
                revision: 1,
                number,
                digest,
                ladder: ladder.clone(),
                issued_at: ISSUED_AT,
                issued_by: author,
                deadline_at: Some(ISSUED_AT.plus(SIGN_WITHIN)),
            };
            assert!(notice_set_issued(tx, &stamp)?);
            send_out(tx, notice, &seats)
        };
        // On a thread of its own, because a write waits, which an async test must not.
        thread::spawn(move || store.write("issue", issue)).join().unwrap().unwrap();
        let rungs: Vec<String> = issued.seats.iter().map(|seat| rung(seat.delivery)).collect();
        self.sql(&rungs.join("\n"));
        issued
    }

    fn new_seat(&self) -> Seat {
        let link = LinkId::new(ISSUED_AT, entropy());
        let generation = u32::try_from(FIRST_GENERATION).unwrap();
        Seat {
            organization: OrganizationId::new(ISSUED_AT, entropy()),
            address: AddressId::new(ISSUED_AT, entropy()),
            delivery: DeliveryId::new(ISSUED_AT, entropy()),
            link,
            token: self.service.keys.link_token(link, generation),
        }
    }

    fn keep(&self, role: FileRole, name: &str, media_type: &str, bytes: &[u8]) -> NoticeFile {
        let mut upload = self.service.files.begin(1 << 20).unwrap();
        upload.write(bytes).unwrap();
        let stored = upload.finish().unwrap();
        NoticeFile {
            id: FileId::new(ISSUED_AT, entropy()),
            role,
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            size_bytes: i64::try_from(stored.size).unwrap(),
            sha256: stored.digest,
        }
    }

    /// The visit that a seat's link opens.
    pub(crate) fn visit(&self, seat: &Seat) -> Visiting {
        let arrival = visit::begin(&self.service, &seat.token).unwrap();
        resume_now(&self.service, seat.delivery, &arrival.cookie).unwrap()
    }

    /// Runs statements past the store.
    pub(crate) fn sql(&self, script: &str) {
        match self.url.strip_prefix("sqlite://") {
            Some(path) => {
                let mut conn = SqliteConnection::establish(path).unwrap();
                conn.batch_execute("PRAGMA busy_timeout=10000").unwrap();
                conn.batch_execute(script).unwrap();
            }
            None => PgConnection::establish(&self.url).unwrap().batch_execute(script).unwrap(),
        }
    }

    /// The first column, as text, of what a query finds; it must be named `line`.
    pub(crate) fn lines(&self, query: &str) -> Vec<String> {
        let lines: Vec<Line> = match self.url.strip_prefix("sqlite://") {
            Some(path) => {
                let mut conn = SqliteConnection::establish(path).unwrap();
                conn.batch_execute("PRAGMA busy_timeout=10000").unwrap();
                sql_query(query).load(&mut conn).unwrap()
            }
            None => {
                sql_query(query).load(&mut PgConnection::establish(&self.url).unwrap()).unwrap()
            }
        };
        lines.into_iter().map(|line| line.line).collect()
    }

    /// How many rows a condition holds for: `count("events WHERE kind = 'opened'")`.
    pub(crate) fn count(&self, rows: &str) -> usize {
        let found = self.lines(&format!("SELECT CAST(count(*) AS TEXT) AS line FROM {rows}"));
        found[0].parse().unwrap()
    }

    /// Every row of every table, as text.
    pub(crate) fn dump(&self) -> BTreeSet<String> {
        let is_sqlite = self.url.starts_with("sqlite://");
        let tables = self.lines(if is_sqlite {
            "SELECT name AS line FROM sqlite_master WHERE type = 'table'"
        } else {
            "SELECT tablename::text AS line FROM pg_tables WHERE schemaname = 'public'"
        });
        assert!(tables.len() > 20, "{tables:?}");
        let mut rows = BTreeSet::new();
        for table in tables {
            let row = if is_sqlite {
                let columns = format!(
                    "SELECT 'coalesce(quote(\"' || name || '\"),'''')' AS line \
                     FROM pragma_table_info('{table}')"
                );
                self.lines(&columns).join(" || ',' || ")
            } else {
                "t::text".to_owned()
            };
            let found = self.lines(&format!("SELECT {row} AS line FROM \"{table}\" t"));
            rows.extend(found.into_iter().map(|row| format!("{table}: {row}")));
        }
        rows
    }

    /// The kept counts are those of a recount over all deliveries.
    pub(crate) fn assert_tallies_hold(&self, notice: NoticeId) -> Tally {
        let store = &self.service.store;
        let kept = store.read(|conn| tally_find(conn, notice)).unwrap();
        let all = store.read(|conn| delivery_list_of_notice(conn, notice)).unwrap();
        let now = self.clock.now();
        let mut recounted = Tally::of(all.iter().map(|one| &one.facts), now);
        recounted.overdue = 0;
        assert_eq!(kept, recounted);
        kept
    }
}

pub(crate) fn entropy() -> [u8; 10] {
    let mut bytes = [0; 10];
    SystemRandom.fill(&mut bytes).unwrap();
    bytes
}

fn directory(
    issuer: OrganizationId,
    seats: &[Seat],
    contacts: &[ContactId],
    status: &str,
) -> String {
    let organization = |id: OrganizationId, name: &str| {
        format!(
            "INSERT INTO organizations (id, code, name, short_name, kind, level, region_code, \
             superior_rule, tree_path, tree_depth, changed_at) \
             VALUES ('{id}', '{id}', '{name}', '{name}', 'party_committee', 'county', '430100', \
             'none', '{id}', 0, 0);\n"
        )
    };
    let mut script = organization(issuer, "中共××省委办公厅");
    for (seat, contact) in seats.iter().zip(contacts) {
        let Seat { organization: id, address, .. } = seat;
        script += &organization(*id, &name_of(*id));
        script += &format!(
            "INSERT INTO contacts (id, organization_id, role, name) \
             VALUES ('{contact}', '{id}', 'primary', '机要室');\n\
             INSERT INTO contact_addresses (id, contact_id, kind, address, place, status, \
             status_at) VALUES ('{address}', '{contact}', 'email', '{address}@example.invalid', \
             1, '{status}', 0);\n"
        );
    }
    script
}

fn name_of(id: OrganizationId) -> String {
    let text = id.to_string();
    format!("中共测试{}县委", &text[text.len() - 4..])
}

fn rung(delivery: DeliveryId) -> String {
    let (id, due) = (RungId::new(ISSUED_AT, entropy()), ISSUED_AT.plus(Span::minutes(10)));
    let due = due.as_micros();
    format!(
        "INSERT INTO rungs (id, delivery_id, step, action, planned_at) \
         VALUES ('{id}', '{delivery}', 2, 'remind', {due});"
    )
}

fn account(id: AccountId, organization_id: OrganizationId) -> NewAccount {
    NewAccount {
        id,
        organization_id,
        login: id.to_string(),
        display_name: "经办".to_owned(),
        phone: None,
        password_hash: "none".to_owned(),
        roles: BTreeSet::from([Role::Clerk]),
        created_at: ISSUED_AT,
    }
}

fn header() -> NoticeDraft {
    let text = str::to_owned;
    NoticeDraft {
        dispatching_organ: text("中共××省委办公厅"),
        form: text("telegram"),
        urgency: text("flash"),
        channel_class: text("plain_telegram"),
        document_number: text("湘办发电〔2026〕35号"),
        approver_name: text("刘某"),
        approved_on: text("2026-11-18"),
        title: text("关于认真做好强降雨过程防汛值守工作的紧急通知"),
        addressee_line: text("各市州、县市区委"),
        body: text("一、各级各有关单位要立即核对今晚值班人员。\n二、出现险情，第一时间报告。"),
        issue_date: text("2026-11-18"),
        contact_person: text("陈某"),
        duty_phone: text("0731-82210000"),
        ..NoticeDraft::default()
    }
}

fn send_out(tx: &mut Tx, notice: NoticeId, seats: &[Seat]) -> Result<(), StoreError> {
    let deadline = ISSUED_AT.plus(SIGN_WITHIN);
    let deliveries: Vec<NewDelivery> = seats
        .iter()
        .map(|seat| NewDelivery {
            id: seat.delivery,
            notice_id: notice,
            version: 1,
            organization_id: seat.organization,
            organization_name: name_of(seat.organization),
            addressee: Addressee::Primary,
            reason: "各市州、县市区委".to_owned(),
            tree_path: seat.organization.to_string(),
            tree_depth: 0,
            deadline_at: Some(deadline),
            deadline_origin: None,
            unreachable: false,
            head: Some(Head { step: 2, due_at: ISSUED_AT.plus(Span::minutes(10)) }),
        })
        .collect();
    delivery_insert_all(tx, &deliveries)?;
    let links: Vec<NewLink> = seats
        .iter()
        .map(|seat| NewLink {
            id: seat.link,
            delivery_id: seat.delivery,
            address_id: seat.address,
            created_at: ISSUED_AT,
        })
        .collect();
    link_insert_all(tx, &links)?;
    let messages: Vec<NewMessage> = seats
        .iter()
        .map(|seat| NewMessage {
            id: MessageId::new(ISSUED_AT, entropy()),
            notice_id: Some(notice),
            version: 1,
            delivery_id: Some(seat.delivery),
            address_id: seat.address,
            about: None,
            link_id: Some(seat.link),
            channel: Channel::Email,
            step: 0,
            purpose: MessagePurpose::Invitation,
            lane: 0,
            due_at: ISSUED_AT,
        })
        .collect();
    message_insert_all(tx, &messages, ISSUED_AT)?;
    let fresh = DeliveryFacts { deadline: Some(deadline), ..DeliveryFacts::default() };
    let facts = vec![fresh; seats.len()];
    tally_insert(tx, notice, &Tally::of(&facts, ISSUED_AT))
}

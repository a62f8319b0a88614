//! Two offices in the directory of the demonstration, each with its people and an issued notice;
//! the first also has a draft, one that waits for 核发, and signatures by link.

use std::ops::Deref;

use qianshou::adapters::clock::Clock as _;
use qianshou::adapters::mail::MemoryMailer;
use qianshou::adapters::random::{Random as _, SystemRandom};
use qianshou::adapters::secrets::delegations::DelegationVisit;
use qianshou::domain::account::Role;
use qianshou::domain::delivery::{Addressee, DeliveryFacts, Tally};
use qianshou::domain::digest::Sha256Digest;
use qianshou::domain::document_number::DocumentNumber;
use qianshou::domain::evidence::{Actor, Event, EventKind};
use qianshou::domain::ids::{
    AccountId, AddressId, DelegationId, DeliveryId, EventId, LinkId, NoticeId, OrganizationId,
};
use qianshou::domain::notice::{NoticeDraft, NoticeState};
use qianshou::domain::time::{Span, Timestamp};
use qianshou::domain::urgency::Urgency;
use qianshou::service::accounts::{self, AccountRequest};
use qianshou::service::acknowledge::{Preparation, SignRequest, acknowledge, fresh_code, prepare};
use qianshou::service::demo::{DEMO_PASSWORD, fill};
use qianshou::service::visit::{self, Visiting};
use qianshou::service::{Sending, directory};
use qianshou::store::StoreError;
use qianshou::store::contacts::reach_list;
use qianshou::store::delegation_links::delegation_link_renew;
use qianshou::store::delegations::{Delegation, delegation_insert};
use qianshou::store::deliveries::{
    NewDelivery, OnceFact, delivery_find, delivery_insert_all, delivery_set_once,
    delivery_set_unreachable,
};
use qianshou::store::drafts::{Pick, pick_list};
use qianshou::store::events::event_append;
use qianshou::store::links::{FIRST_GENERATION, NewLink, link_insert_all};
use qianshou::store::notices::{
    IssueStamp, NewNotice, notice_find, notice_insert, notice_move, notice_set_issued,
};
use qianshou::store::organizations::OrganizationBrief;
use qianshou::store::shelves::{Shelf, shelf_list};
use qianshou::store::tallies::{TallyChanges, tally_insert};

use super::house::{count, texts};
use super::stand::{Stand, resume_now};

pub(crate) const PASSWORD: &str = DEMO_PASSWORD;
/// 2026-11-24T02:02 in Changsha.
pub(crate) const NIGHT: Timestamp = Timestamp::from_micros(1_795_456_920_000_000);

/// Two offices and their notices.
pub(crate) struct Town {
    stand: Stand,
    /// What arrived.
    pub(crate) mails: MemoryMailer,
    /// Of the party office.
    pub(crate) ours: IssuedTo,
    /// Of the government office.
    pub(crate) theirs: IssuedTo,
    pub(crate) draft: NoticeId,
    pub(crate) waiting: NoticeId,
}

/// An issued notice and its deliveries in tree order.
pub(crate) struct IssuedTo {
    pub(crate) notice: NoticeId,
    pub(crate) sent: Vec<(DeliveryId, Option<LinkId>)>,
}

impl Deref for Town {
    type Target = Stand;

    fn deref(&self) -> &Stand {
        &self.stand
    }
}

fn bits() -> [u8; 10] {
    let mut bits = [0; 10];
    SystemRandom.fill(&mut bits).unwrap();
    bits
}

impl Town {
    /// `None`: no PostgreSQL on this machine, skip.
    pub(crate) fn new() -> Option<Self> {
        let mails = MemoryMailer::default();
        let stand = Stand::new(NIGHT, mails.clone(), Sending::default())?;
        fill(&stand.service).unwrap();
        let account = |login: &str| {
            let all = accounts::list(&stand.service).unwrap();
            all.into_iter().find(|one| one.login == login).unwrap()
        };
        let (clerk, their_clerk) = (account("jingban"), account("zf-jingban"));
        let request = AccountRequest {
            organization_id: their_clerk.organization_id,
            login: "zf-zhiban".into(),
            display_name: "钱某".into(),
            phone: None,
            password: PASSWORD.into(),
            roles: [Role::Duty].into(),
        };
        accounts::create(&stand.service, Actor::Operator, &request).unwrap();
        let store = &stand.service.store;
        let sample = store
            .read(|conn| {
                let drafts =
                    shelf_list(conn, Shelf::Drafts, Some(clerk.organization_id), None, 10)?;
                let sample = notice_find(conn, drafts[0].id)?.unwrap();
                Ok::<_, StoreError>((pick_list(conn, sample.id)?, sample.id, sample.draft))
            })
            .unwrap();
        let (picks, draft, header) = sample;
        // Some organisations of the demonstration have no address, and so would get no link.
        let linked = |pick: &&Pick| first_address(&stand, pick.organization_id).is_some();
        let few: Vec<Pick> = picks.iter().filter(linked).take(3).cloned().collect();
        let numbered =
            |number: &str| NoticeDraft { document_number: number.into(), ..header.clone() };
        let waiting =
            draft_of(&stand, clerk.organization_id, clerk.id, numbered("湘办发电〔2026〕36号"));
        store
            .write("fixture", move |tx| {
                notice_move(tx, waiting, NoticeState::Draft, NoticeState::AwaitingRelease)
            })
            .unwrap();
        let ours =
            draft_of(&stand, clerk.organization_id, clerk.id, numbered("湘办发电〔2026〕35号"));
        let ours = issue(&stand, ours, clerk.id, &picks);
        let owner = (their_clerk.organization_id, their_clerk.id);
        let theirs = draft_of(&stand, owner.0, owner.1, numbered("湘政办发电〔2026〕7号"));
        let theirs = issue(&stand, theirs, owner.1, &few);
        Some(Self { stand, mails, ours, theirs, draft, waiting })
    }

    /// The visit that a delivery's link opens, and the value of its cookie.
    pub(crate) fn visit(&self, sent: (DeliveryId, Option<LinkId>)) -> (Visiting, String) {
        let generation = u32::try_from(FIRST_GENERATION).unwrap();
        let token = self.service.keys.link_token(sent.1.unwrap(), generation);
        let arrival = visit::begin(&self.service, &token).unwrap();
        let visiting = resume_now(&self.service, sent.0, &arrival.cookie).unwrap();
        (visiting, arrival.cookie)
    }

    /// Calls of a notice that the duty officer of that account has handed to a desk.
    pub(crate) fn delegate(&self, notice_id: NoticeId, login: &str) -> DelegationId {
        let all = accounts::list(&self.service).unwrap();
        let by = all.iter().find(|one| one.login == login).unwrap();
        let id = DelegationId::new(NIGHT, self.service.entropy().unwrap());
        let new = Delegation {
            id,
            notice_id,
            issuer_id: by.organization_id,
            organization_id: directory::list(&self.service).unwrap()[0].id,
            account_id: by.id,
            asked_at: NIGHT,
            due_at: NIGHT.plus(Span::minutes(15)),
            reporter_name: None,
            reported_at: None,
            ended_at: None,
            ended_why: None,
        };
        let desk = self.desk_address(new.organization_id);
        let write = move |tx: &mut qianshou::store::Tx| {
            delegation_insert(tx, &new, &[])?;
            delegation_link_renew(tx, id, &[desk], NIGHT)
        };
        self.service.store.write("test", write).unwrap();
        id
    }

    /// Some address of an organisation, else of any.
    fn desk_address(&self, organization: OrganizationId) -> AddressId {
        let any = directory::list(&self.service).unwrap();
        let all = [organization].into_iter().chain(any.into_iter().map(|one| one.id));
        all.filter_map(|id| first_address(&self.stand, id)).next().unwrap()
    }

    /// The link by which a desk comes to the list of a delegation.
    pub(crate) fn list_link(&self, id: DelegationId) -> DelegationVisit {
        let of = format!(
            "SELECT address_id AS value FROM delegation_links WHERE delegation_id = '{id}' AND \
             revoked_at IS NULL ORDER BY address_id"
        );
        let address = texts(&self.url, &of)[0].parse().unwrap();
        let of = format!(
            "delegation_links WHERE delegation_id = '{id}' AND address_id = '{address}' AND \
             generation >"
        );
        let newer = |than: u32| count(&self.url, &format!("{of} {than}")) > 0;
        let generation = (1..9).find(|one| !newer(*one)).unwrap();
        DelegationVisit { delegation: id, address, generation }
    }

    /// The cookie of that desk, and the token of its forms.
    pub(crate) fn desk_of(&self, id: DelegationId) -> ((String, String), String) {
        let keys = &self.service.keys;
        let value = keys.delegation_visit(&self.list_link(id), NIGHT.plus(Span::hours(1)));
        ((format!("__Host-{id}"), value), keys.form_token(&id.to_bytes()))
    }

    /// The organisation signs through its link.
    pub(crate) fn sign(&self, sent: (DeliveryId, Option<LinkId>), name: &str) {
        let (visiting, _) = self.visit(sent);
        let now = self.clock.now();
        let code = fresh_code(&self.service, visiting.delivery, visiting.version, now).unwrap();
        let request = SignRequest {
            name: name.into(),
            post: "机要室主任".into(),
            phone: "0731-88062345".into(),
            on_behalf: false,
            authority: String::new(),
            code: code.digits,
            code_token: code.token,
        };
        match prepare(&self.service, &visiting, &request).unwrap() {
            Preparation::Ready(signature) => {
                drop(acknowledge(&self.service, *signature).wait().unwrap());
            }
            _ => panic!("not signed"),
        }
    }

    /// A fact of a delivery with its event, as the acts write them.
    pub(crate) fn happen(&self, id: DeliveryId, fact: OnceFact, kind: EventKind, actor: Actor) {
        let now = self.clock.now();
        let event = EventId::new(now, bits());
        self.change(id, move |tx, notice| {
            delivery_set_once(tx, &[id], fact, now)?;
            event_append(tx, &[Event::new(event, kind, now, actor).notice(notice, 1).delivery(id)])
        });
    }

    /// No way is left to a delivery's organisation.
    pub(crate) fn lose(&self, id: DeliveryId) {
        self.change(id, move |tx, _| delivery_set_unreachable(tx, &[id], true).map(drop));
    }

    fn change(
        &self,
        id: DeliveryId,
        act: impl Fn(&mut qianshou::store::Tx, NoticeId) -> Result<(), StoreError> + Send + 'static,
    ) {
        let now = self.clock.now();
        self.service
            .store
            .write("fixture", move |tx| {
                let before = delivery_find(tx, id)?.unwrap();
                act(tx, before.notice_id)?;
                let after = delivery_find(tx, id)?.unwrap();
                let mut changes = TallyChanges::default();
                changes.note(before.notice_id, &before.facts, &after.facts, now);
                changes.write(tx)
            })
            .unwrap();
    }
}

fn draft_of(
    stand: &Stand,
    issuer_id: qianshou::domain::ids::OrganizationId,
    author_id: AccountId,
    draft: NoticeDraft,
) -> NoticeId {
    let created_at = stand.clock.now();
    let id = NoticeId::new(created_at, bits());
    stand
        .service
        .store
        .write("fixture", move |tx| {
            let draft = draft.clone();
            notice_insert(tx, &NewNotice { id, issuer_id, author_id, draft, created_at })
        })
        .unwrap();
    id
}

fn issue(stand: &Stand, notice: NoticeId, by: AccountId, picks: &[Pick]) -> IssuedTo {
    let now = stand.clock.now();
    let deadline = now.plus(Span::minutes(30));
    let all = directory::list(&stand.service).unwrap();
    let mut chosen: Vec<(&OrganizationBrief, &Pick)> = all
        .iter()
        .filter_map(|one| Some((one, picks.iter().find(|pick| pick.organization_id == one.id)?)))
        .collect();
    chosen.sort_by(|a, b| a.0.tree_path.cmp(&b.0.tree_path));
    let mut deliveries = Vec::new();
    let mut links = Vec::new();
    let mut sent = Vec::new();
    for (one, pick) in chosen {
        let id = DeliveryId::new(now, bits());
        let primary = pick.addressee == Addressee::Primary;
        deliveries.push(NewDelivery {
            id,
            notice_id: notice,
            version: 1,
            organization_id: one.id,
            organization_name: one.name.clone(),
            addressee: pick.addressee,
            reason: pick.reason.clone(),
            tree_path: one.tree_path.clone(),
            tree_depth: one.depth,
            deadline_at: Some(deadline).filter(|_| primary),
            deadline_origin: Some("特提：发出后 30 分钟".to_owned()).filter(|_| primary),
            unreachable: false,
            head: None,
        });
        let link = first_address(stand, one.id).map(|address_id| {
            let id_of_link = LinkId::new(now, bits());
            links.push(NewLink { id: id_of_link, delivery_id: id, address_id, created_at: now });
            id_of_link
        });
        sent.push((id, link));
    }
    let ladder = stand.service.rules.policy().snapshot(Urgency::Flash).unwrap();
    let event = EventId::new(now, bits());
    stand
        .service
        .store
        .write("fixture", move |tx| {
            let known = notice_find(tx, notice)?.unwrap();
            let stamp = IssueStamp {
                id: notice,
                version: 1,
                from: NoticeState::Draft,
                revision: 1,
                number: DocumentNumber::parse(&known.draft.document_number).unwrap(),
                digest: Sha256Digest::of(b"released"),
                ladder: ladder.clone(),
                issued_at: now,
                issued_by: by,
                deadline_at: Some(deadline),
            };
            assert!(notice_set_issued(tx, &stamp)?);
            delivery_insert_all(tx, &deliveries)?;
            link_insert_all(tx, &links)?;
            let facts: Vec<DeliveryFacts> = deliveries
                .iter()
                .map(|one| DeliveryFacts { deadline: one.deadline_at, ..DeliveryFacts::default() })
                .collect();
            tally_insert(tx, notice, &Tally::of(&facts, now))?;
            let actor = Actor::Account(by);
            event_append(
                tx,
                &[Event::new(event, EventKind::NoticeIssued, now, actor).notice(notice, 1)],
            )
        })
        .unwrap();
    IssuedTo { notice, sent }
}

fn first_address(stand: &Stand, one: OrganizationId) -> Option<AddressId> {
    let reach = stand.service.store.read(|conn| reach_list(conn, &[one])).unwrap();
    let mut addresses = reach[0].contacts.iter().flat_map(|contact| &contact.addresses);
    addresses.next().map(|address| address.id)
}

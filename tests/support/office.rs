//! The office of the notice of [`Ground::issue`] with its people: a clerk, a releaser, a duty
//! officer, and what each of them does to that notice.

use qianshou::domain::account::{Account, Role};
use qianshou::domain::delivery::DeliveryState;
use qianshou::domain::digest::Sha256Digest;
use qianshou::domain::evidence::Actor;
use qianshou::domain::ids::{DeliveryId, NoticeId};
use qianshou::domain::notice::DraftSignatory;
use qianshou::service::accounts::{self, AccountRequest};
use qianshou::service::acknowledge::{
    Acknowledged, Preparation, SignRequest, Signature, acknowledge, fresh_code, prepare,
};
use qianshou::service::acts::ActForm;
use qianshou::service::compose::{self, Content};
use qianshou::service::issue::{IssueRefused, IssueRequest, Issued as Outcome};
use qianshou::service::pick::Ticks;
use qianshou::service::preview::preview;
use qianshou::service::release_and_issue::release_and_issue;
use qianshou::service::submit::submit;
use qianshou::service::supersede::begin;
use qianshou::service::visit::{self, Visiting};
use qianshou::store::deliveries::delivery_find;

use super::fixture_link::{Ground, Issued, Seat};
use super::stand::resume_now;

pub(crate) const PASSWORD: &str = "yuelu-fengye-2026";

/// The office of the notice, with a second person.
pub(crate) struct Office {
    pub(crate) ground: Ground,
    pub(crate) issued: Issued,
    pub(crate) clerk: Account,
    pub(crate) releaser: Account,
    pub(crate) duty: Account,
}

/// `None`: no PostgreSQL on this machine, skip.
pub(crate) fn office(recipients: usize) -> Option<Office> {
    let ground = Ground::new()?;
    let issued = ground.issue(recipients, "verified");
    let first = accounts::list(&ground.service).unwrap().remove(0);
    let person = |login: &str, role: Role| {
        let request = AccountRequest {
            organization_id: first.organization_id,
            login: login.into(),
            display_name: login.into(),
            phone: None,
            password: PASSWORD.into(),
            roles: [role].into(),
        };
        let id = accounts::create(&ground.service, Actor::Operator, &request).unwrap();
        accounts::list(&ground.service).unwrap().into_iter().find(|one| one.id == id).unwrap()
    };
    let (clerk, releaser) = (person("jingban", Role::Clerk), person("hefa", Role::Releaser));
    let duty = person("zhiban", Role::Duty);
    Some(Office { ground, issued, clerk, releaser, duty })
}

pub(crate) fn form(key: &str, reason: &str) -> ActForm {
    ActForm { key: key.to_owned(), reason: reason.to_owned() }
}

impl Office {
    /// A correction that could be issued, to these recipients.
    pub(crate) fn draft(&self, older: NoticeId, to: &[&Seat], key: &str) -> NoticeId {
        let service = &self.ground.service;
        let draft = begin(service, &self.clerk, older, &form(key, "附件日期有误")).unwrap();
        let open = compose::load(service, &self.clerk, draft).unwrap();
        let mut header = open.notice.draft;
        let organ = header.dispatching_organ.clone();
        header.signatories = vec![DraftSignatory { name: organ, lead: true }];
        header.urgency_reason = format!("今晚有强降雨（{key}）");
        let ticks = Ticks {
            primary: to.iter().map(|seat| seat.organization).collect(),
            ..Ticks::default()
        };
        let content = Content { draft: header, ticks };
        compose::save(service, &self.clerk, draft, open.notice.revision, content).unwrap();
        draft
    }

    pub(crate) fn submit(&self, draft: NoticeId) -> Result<(), IssueRefused> {
        let service = &self.ground.service;
        let seen = compose::load(service, &self.clerk, draft).unwrap().digest();
        submit(service, &self.clerk, draft, seen)
    }

    pub(crate) fn release(&self, draft: NoticeId, key: &str) -> Result<Outcome, IssueRefused> {
        let service = &self.ground.service;
        let seen = compose::load(service, &self.releaser, draft).map(|open| open.digest());
        let without = preview(service, &self.releaser, draft).ok().and_then(|it| it.left_out);
        let left_out = without.map(|it| it.digest);
        let request = IssueRequest {
            notice: draft,
            seen: seen.unwrap_or_else(|_| Sha256Digest::of(b"")),
            form_key: key.to_owned(),
            gap_reason: Some("情况紧急".into()),
            left_out,
            unchanged: false,
        };
        release_and_issue(service, &self.releaser, &request)
    }

    pub(crate) fn replace(&self, older: NoticeId, to: &[&Seat], key: &str) -> NoticeId {
        let draft = self.draft(older, to, key);
        self.submit(draft).unwrap();
        self.release(draft, &format!("{key}-release")).unwrap();
        draft
    }

    pub(crate) fn state(&self, id: DeliveryId) -> DeliveryState {
        let found = self.ground.service.store.read(|conn| delivery_find(conn, id));
        DeliveryState::derive(&found.unwrap().unwrap().facts)
    }

    /// Where the link of an older version leads now.
    pub(crate) fn led_on(&self, seat: &Seat) -> Option<Visiting> {
        let service = &self.ground.service;
        let arrival = visit::follow(service, &self.ground.visit(seat)).unwrap()?;
        resume_now(service, arrival.delivery, &arrival.cookie)
    }

    pub(crate) fn ready(&self, visit: &Visiting) -> Signature {
        let service = &self.ground.service;
        let code = fresh_code(service, visit.delivery, visit.version, service.now()).unwrap();
        let typed = SignRequest {
            name: "王某".into(),
            post: "机要室主任".into(),
            phone: "0731-88062345".into(),
            on_behalf: false,
            authority: String::new(),
            code: code.digits,
            code_token: code.token,
        };
        match prepare(service, visit, &typed).unwrap() {
            Preparation::Ready(signature) => *signature,
            Preparation::Settled(outcome) => panic!("settled: {outcome:?}"),
            Preparation::Mistaken(faults) => panic!("mistaken: {faults:?}"),
        }
    }

    pub(crate) fn sign(&self, visit: &Visiting) -> Acknowledged {
        acknowledge(&self.ground.service, self.ready(visit)).wait().unwrap()
    }

    pub(crate) fn told(&self, purpose: &str, notice: NoticeId) -> Vec<String> {
        let mut all = self.ground.lines(&format!(
            "SELECT address_id AS line FROM messages WHERE purpose = '{purpose}' AND \
             state = 'waiting' AND notice_id = '{notice}'"
        ));
        all.sort();
        all
    }

    pub(crate) fn hand_over(&self, seats: &[&Seat]) {
        for seat in seats {
            self.ground.sql(&format!(
                "UPDATE messages SET state = 'handed_over', due_at = NULL, finished_at = 1 \
                 WHERE delivery_id = '{}';",
                seat.delivery
            ));
        }
    }

    pub(crate) fn of_notice(&self, rows: &str, id: NoticeId) -> usize {
        self.ground.count(&format!(
            "{rows} AND delivery_id IN (SELECT id FROM deliveries WHERE notice_id = '{id}')"
        ))
    }
}

pub(crate) fn addresses(seats: &[&Seat]) -> Vec<String> {
    let mut all: Vec<String> = seats.iter().map(|seat| seat.address.to_string()).collect();
    all.sort();
    all
}

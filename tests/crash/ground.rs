//! What the kills happen to: a directory, a notice issued to everybody in it, a mail sink, and
//! the books that are compared at the end.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use qianshou::app::{App, create_keys};
use qianshou::config::Config;
use qianshou::domain::account::{Account, Role};
use qianshou::domain::delivery::Tally;
use qianshou::domain::evidence::Actor;
use qianshou::domain::ids::{NoticeId, OrganizationId};
use qianshou::domain::notice::{DraftSignatory, NoticeDraft};
use qianshou::domain::time::Span;
use qianshou::service::accounts::{self, AccountRequest};
use qianshou::service::compose::{self, Content};
use qianshou::service::import_directory::{DirectoryFiles, check, take_over};
use qianshou::service::issue::{IssueRequest, Issued};
use qianshou::service::pick::Ticks;
use qianshou::service::release_and_issue::release_and_issue;
use qianshou::service::{Service, submit};
use qianshou::store::deliveries::delivery_list_of_notice;
use qianshou::store::organizations::organization_list;
use qianshou::store::receipts::receipt_find;
use qianshou::store::tallies::tally_find;

use crate::support::engine::Engine;
use crate::support::house::count;
use crate::support::pg::{Cluster, Durability};
use crate::support::smtp_sink::{Received, SinkSetup, SmtpSink};

pub(crate) struct Ground {
    folder: tempfile::TempDir,
    cluster: Option<Cluster>,
    url: String,
    server: SocketAddr,
    sink: Arc<SmtpSink>,
    addresses: BTreeSet<String>,
    notice: NoticeId,
    waiting: Arc<Mutex<Waiting>>,
}

/// What a signer needs.
#[derive(Clone)]
pub(crate) struct Post {
    pub(crate) server: SocketAddr,
    pub(crate) host: String,
    sink: Arc<SmtpSink>,
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Default)]
struct Waiting {
    read: usize,
    known: BTreeSet<String>,
    mails: VecDeque<Received>,
}

impl Post {
    /// A mail that nobody has signed for yet; the first one each recipient got.
    pub(crate) fn next(&self) -> Option<Received> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        for mail in self.sink.received_since(waiting.read) {
            waiting.read += 1;
            if waiting.known.insert(mail.recipient.clone()) {
                waiting.mails.push_back(mail);
            }
        }
        waiting.mails.pop_front()
    }

    /// Signing did not come through: somebody tries again.
    pub(crate) fn give_back(&self, mail: Received) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).mails.push_back(mail);
    }
}

impl Ground {
    /// Issues one notice to `messages` organisations with one address each; nothing is sent yet.
    pub(crate) fn prepare(messages: usize) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let (cluster, url) = match Engine::of_this_run() {
            Engine::Sqlite => (None, sqlite_url(folder.path())),
            Engine::Postgres => {
                let cluster = Cluster::start(Durability::Durable)?;
                let url = cluster.fresh_database();
                (Some(cluster), url)
            }
        };
        Some(Self::open(folder, cluster, url, &Scale { messages, ..Scale::default() }))
    }

    /// The same for the drill: leaders to turn to, and a ladder that is over within seconds. The
    /// server of PostgreSQL is shared with other drills.
    pub(crate) fn prepare_drill(messages: usize, ladder_s: i64) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let url = match Engine::of_this_run() {
            Engine::Sqlite => sqlite_url(folder.path()),
            Engine::Postgres => shared()?.fresh_database(),
        };
        let scale = Scale { messages, leaders: true, ladder_s: Some(ladder_s) };
        Some(Self::open(folder, None, url, &scale))
    }

    fn open(
        folder: tempfile::TempDir,
        cluster: Option<Cluster>,
        url: String,
        scale: &Scale,
    ) -> Self {
        let sink = Arc::new(SmtpSink::start(SinkSetup::default()).unwrap());
        let server = free_address();
        create_keys(&folder.path().join("keys")).unwrap();
        write_config(folder.path(), MAIN, &url, server, sink.port());
        let app = open(folder.path());
        let addresses = fill(&app.service, scale);
        let notice = issue(&app.service, scale);
        drop(app);
        let waiting = Arc::default();
        Self { folder, cluster, url, server, sink, addresses, notice, waiting }
    }

    /// Settings of a second server over the same database and keys, with an address and a relay
    /// of its own, and perhaps another way to the database.
    pub(crate) fn second_config(&self, name: &str, url: Option<&str>, relay: u16) -> PathBuf {
        let url = url.unwrap_or(&self.url);
        write_config(self.folder.path(), name, url, free_address(), relay);
        config_file(self.folder.path(), name)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.sink.received()
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn config_file(&self) -> PathBuf {
        config_file(self.folder.path(), MAIN)
    }

    pub(crate) fn server(&self) -> SocketAddr {
        self.server
    }

    pub(crate) fn post(&self) -> Post {
        Post {
            server: self.server,
            host: self.server.to_string(),
            sink: Arc::clone(&self.sink),
            waiting: Arc::clone(&self.waiting),
        }
    }

    pub(crate) fn addresses(&self) -> impl Iterator<Item = &String> {
        self.addresses.iter()
    }

    pub(crate) fn all_mails_arrived(&self) -> bool {
        self.mails_by_address().len() >= self.addresses.len()
    }

    /// Message-IDs in the order they arrived, by recipient: what the sink took over.
    pub(crate) fn mails_by_address(&self) -> BTreeMap<String, Vec<String>> {
        let mut mails: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for mail in self.sink.received_since(0) {
            mails.entry(mail.recipient).or_default().push(mail.message_id);
        }
        mails
    }

    /// Delivery → receipt number, from the books.
    pub(crate) fn receipts(&self) -> BTreeMap<String, String> {
        let app = open(self.folder.path());
        let store = &app.service.store;
        let deliveries = store.read(|conn| delivery_list_of_notice(conn, self.notice)).unwrap();
        deliveries
            .iter()
            .filter_map(|delivery| {
                let receipt = store.read(|conn| receipt_find(conn, delivery.id)).unwrap()?;
                Some((delivery.id.to_string(), receipt.number.to_string()))
            })
            .collect()
    }

    /// How many messages were tried more than once, and how many never came to an end.
    pub(crate) fn retried_and_open(&self) -> (i64, i64) {
        (
            count(&self.url, "messages where attempts > 1"),
            count(&self.url, "messages where due_at is not null"),
        )
    }

    /// One event per change, counts equal to a recount, one receipt per signature.
    pub(crate) fn check_books(&self) {
        let app = open(self.folder.path());
        let (store, now) = (&app.service.store, app.service.now());
        let deliveries = store.read(|conn| delivery_list_of_notice(conn, self.notice)).unwrap();
        let recount = Tally::of(deliveries.iter().map(|delivery| &delivery.facts), now);
        let kept = store.read(|conn| tally_find(conn, self.notice)).unwrap();
        assert_eq!(Tally { overdue: 0, ..recount }, kept, "the counts drifted from the rows");
        let all = |from: &str| count(&self.url, from);
        assert_eq!(all("receipts"), all("events where kind = 'acknowledged'"));
        assert_eq!(all("receipts"), all("deliveries where acknowledged_at is not null"));
        // A signature may cancel a message whose sender was killed before it could report.
        let unsent = "deliveries where handed_over_at is null and acknowledged_at is null";
        assert_eq!(all(unsent), 0);
        drop(app);
        if let Some(cluster) = &self.cluster {
            cluster.drop_database(&self.url);
        }
    }
}

fn free_address() -> SocketAddr {
    let probe = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    probe.local_addr().unwrap()
}

/// The settings of the server that every test has.
const MAIN: &str = "config";

fn config_file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.toml"))
}

fn write_config(folder: &Path, name: &str, url: &str, server: SocketAddr, smtp_port: u16) {
    let at = |name: &str| folder.join(name).display().to_string();
    let text = format!(
        "data_dir = \"{}\"\nkeys_dir = \"{}\"\nlisten = \"{server}\"\n\
         public_url = \"http://{server}\"\n[database]\nurl = \"{url}\"\n\
         [mail]\nfrom_address = \"qianshou@issuer.example\"\n\
         [smtp]\nhost = \"127.0.0.1\"\nport = {smtp_port}\ntls = \"plain_loopback\"\n\
         hello_name = \"qianshou.example\"\n[workers]\nlease_s = {LEASE_S}\n\
         poll_ms = {POLL_MS}\n[log]\nfilter = \"warn\"\n",
        at("data"),
        at("keys")
    );
    std::fs::write(config_file(folder, name), text).unwrap();
}

/// The shortest lease that may be set.
pub(crate) const LEASE_S: u64 = 5;
pub(crate) const POLL_MS: u64 = 500;

/// How much there is, and how fast it goes.
#[derive(Debug, Clone, Copy, Default)]
struct Scale {
    messages: usize,
    /// Leaders of the recipients and of the issuer are known.
    leaders: bool,
    /// The notice states a deadline so many seconds ahead, which draws the ladder together.
    ladder_s: Option<i64>,
}

fn shared() -> Option<&'static Cluster> {
    static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
    SHARED.get_or_init(|| Cluster::start(Durability::Durable)).as_ref()
}

fn sqlite_url(folder: &Path) -> String {
    format!("sqlite://{}", folder.join("q.db").display())
}

fn open(folder: &Path) -> App {
    App::open(&Config::load(Some(&config_file(folder, MAIN)), &[]).unwrap()).unwrap()
}

/// A directory of one issuer and some organisations; their addresses.
fn fill(service: &Service, scale: &Scale) -> BTreeSet<String> {
    let mut organizations = String::from(
        "code,name,short_name,aliases,kind,level,region_code,parent_code,superior,working_hours\n\
         issuer,中共湖南省委办公厅,省委办公厅,,party_office,province,430000,,none,\n",
    );
    let mut contacts = String::from(
        "organization_code,desk_code,role,name,post,phone,email,second_email,mobile,status\n",
    );
    let mut addresses = BTreeSet::new();
    let leader = |code: &str| {
        let address = format!("leader.{code}@recipients.example");
        format!("{code},,duty_leader,带班领导,领导,0731-55500003,{address},,,verified\n")
    };
    if scale.leaders {
        contacts.push_str(&leader("issuer"));
    }
    for n in 0..scale.messages {
        if scale.leaders {
            contacts.push_str(&leader(&format!("unit-{n}")));
        }
        let _ = writeln!(
            organizations,
            "unit-{n},第{n}号单位,,,public_institution,province,430000,issuer,none,"
        );
        let address = format!("unit{n}@recipients.example");
        let _ =
            writeln!(contacts, "unit-{n},,primary,机要员,A角,0731-55500001,{address},,,verified");
        addresses.insert(address);
    }
    let desks =
        "code,name,kind,round_the_clock,hours,phone,night_phone,organization_codes\n".to_owned();
    let files = DirectoryFiles {
        organizations: organizations.as_bytes(),
        desks: desks.as_bytes(),
        contacts: contacts.as_bytes(),
    };
    take_over(service, Actor::Operator, check(files).unwrap()).unwrap();
    addresses
}

fn account(service: &Service, office: OrganizationId, login: &str, role: Role) -> Account {
    let request = AccountRequest {
        organization_id: office,
        login: login.to_owned(),
        display_name: login.to_owned(),
        phone: None,
        password: "correct horse battery staple".to_owned(),
        roles: BTreeSet::from([role]),
    };
    let id = accounts::create(service, Actor::Operator, &request).unwrap();
    accounts::find(service, id).unwrap()
}

fn issue(service: &Service, scale: &Scale) -> NoticeId {
    let count = scale.messages;
    let all = service.store.read(organization_list).unwrap();
    let office = all.iter().find(|one| one.code == "issuer").unwrap().id;
    let clerk = account(service, office, "clerk", Role::Clerk);
    let releaser = account(service, office, "releaser", Role::Releaser);
    let primary = all.iter().filter(|one| one.id != office).map(|one| one.id).collect();
    let ticks = Ticks { primary, ..Ticks::default() };
    let mut draft = header();
    if let Some(seconds) = scale.ladder_s {
        let by = service.now().plus(Span::seconds(seconds)).in_shanghai();
        draft.sign_by = by.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    }
    let content = Content { draft, ticks };
    let saved = compose::start(service, &clerk, "first form", content).unwrap();
    let seen = compose::load(service, &clerk, saved.id).unwrap().digest();
    submit::submit(service, &clerk, saved.id, seen).unwrap();
    let request = IssueRequest {
        notice: saved.id,
        seen,
        form_key: "release form".to_owned(),
        gap_reason: Some("演练".to_owned()),
        left_out: None,
        unchanged: false,
    };
    let issued = release_and_issue(service, &releaser, &request).unwrap();
    assert_eq!(issued, Issued::Now { deliveries: count, messages: count });
    saved.id
}

fn header() -> NoticeDraft {
    NoticeDraft {
        dispatching_organ: "中共湖南省委办公厅".into(),
        signatories: vec![DraftSignatory {
            name: "中共湖南省委办公厅".into(), lead: true
        }],
        form: "telegram".into(),
        urgency: "flash".into(),
        channel_class: "plain_telegram".into(),
        document_number: "湘办发电〔2026〕35号".into(),
        approver_name: "张某".into(),
        approved_on: "2026-11-23".into(),
        title: "关于做好强降雨防范应对工作的紧急通知".into(),
        addressee_line: "各单位：".into(),
        body: "请立即启动应急响应，落实各项防范措施。".into(),
        issue_date: "2026-11-23".into(),
        duty_phone: "0731-55500002".into(),
        urgency_reason: "强降雨即将来临".into(),
        ..NoticeDraft::default()
    }
}

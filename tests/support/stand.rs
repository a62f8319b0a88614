//! The use-cases on a database of their own, with a clock that stands still and files in memory:
//! what every fixture builds on.

use std::sync::Arc;
use std::time::Duration;

use qianshou::adapters::clock::ManualClock;
use qianshou::adapters::files::memory::MemoryFiles;
use qianshou::adapters::files::text::reader::TextReader;
use qianshou::adapters::mail::{Mailbox, Mailer};
use qianshou::adapters::random::SystemRandom;
use qianshou::adapters::secrets::keys::Keys;
use qianshou::adapters::secrets::passwords::Passwords;
use qianshou::domain::ids::DeliveryId;
use qianshou::domain::network::Network;
use qianshou::domain::time::{Span, Timestamp};
use qianshou::service::lanes::Lanes;
use qianshou::service::offer::Offers;
use qianshou::service::rules::Rules;
use qianshou::service::visit::{self, Visiting, Visits};
use qianshou::service::watch::{Watch, WatchSettings};
use qianshou::service::{Sending, Service, Settings};
use qianshou::store::{Durability, EngineSettings, Store, migrate};

use super::engine::Engine;

/// Where the installation says it is.
pub(crate) const PUBLIC_URL: &str = "https://qianshou.example";

/// The use-cases and what keeps them alive.
pub(crate) struct Stand {
    pub(crate) service: Service,
    pub(crate) clock: ManualClock,
    pub(crate) url: String,
    _folder: tempfile::TempDir,
}

impl Stand {
    /// On the engine of this run; `None` if there is none on this machine: skip.
    pub(crate) fn new(
        now: Timestamp,
        mailer: impl Mailer + 'static,
        sending: Sending,
    ) -> Option<Self> {
        Self::on(Engine::of_this_run(), now, mailer, sending)
    }

    /// The same on an engine of one's own choice.
    pub(crate) fn on(
        engine: Engine,
        now: Timestamp,
        mailer: impl Mailer + 'static,
        sending: Sending,
    ) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let settings = |url: &str| EngineSettings::parse(url, Durability::NotForEvidence).unwrap();
        let fill = |url: &str| drop(migrate::bring_up_to_date(&settings(url)).unwrap());
        let url = engine.fresh_url(folder.path(), fill)?;
        fill(&url);
        let store = Store::open(settings(&url), 4).unwrap();
        let clock = ManualClock::at(now);
        let service = Service {
            lanes: Lanes::open(&store),
            outlets: qianshou::channel::Outlets::default(),
            misses: Arc::default(),
            offers: Offers::default(),
            visits: Visits::default(),
            store,
            clock: Arc::new(clock.clone()),
            random: Arc::new(SystemRandom),
            files: Arc::new(MemoryFiles::default()),
            // A busy machine must not look like a file that cannot be read.
            texts: Arc::new(
                TextReader::new(env!("CARGO_BIN_EXE_qianshou").into())
                    .within(Duration::from_secs(120)),
            ),
            keys: Arc::new(Keys::create(&folder.path().join("keys"), &SystemRandom).unwrap()),
            passwords: Arc::new(Passwords::new().unwrap()),
            rules: Arc::new(Rules::shipped().unwrap()),
            mailer: Arc::new(mailer),
            bell: Arc::default(),
            watch: Arc::new(Watch::new(impatient())),
            settings: Arc::new(facts(sending)),
        };
        Some(Self { service, clock, url, _folder: folder })
    }

    /// One more server over the same database, with the same clock.
    pub(crate) fn second(&self) -> Service {
        let settings = EngineSettings::parse(&self.url, Durability::NotForEvidence).unwrap();
        let store = Store::open(settings, 4).unwrap();
        Service { lanes: Lanes::open(&store), store, bell: Arc::default(), ..self.service.clone() }
    }
}

/// No worker runs here, so nobody waits for one.
fn impatient() -> WatchSettings {
    WatchSettings { round_within: Duration::from_millis(1), ..WatchSettings::default() }
}

fn facts(sending: Sending) -> Settings {
    Settings {
        public_url: PUBLIC_URL.to_owned(),
        network: Network::GovernmentExtranet,
        message_id_domain: "qianshou.example".to_owned(),
        mail_from: Mailbox { name: "签收".into(), address: "qs@office.example".into() },
        return_path: String::new(),
        bounce_folder: None,
        sending,
        duty: qianshou::service::DutyRules::default(),
        upload_bytes_max: 1 << 20,
        session_idle: Span::minutes(30),
        session_longest: Span::minutes(480),
        admin_session_idle: Span::minutes(10),
        admin_session_longest: Span::minutes(240),
    }
}

/// The visit that a cookie keeps, read here and now.
pub(crate) fn resume_now(
    service: &Service,
    delivery: DeliveryId,
    cookie: &str,
) -> Option<Visiting> {
    use futures_util::FutureExt as _;
    let resuming = visit::resume(service, visit::bearer(service, delivery, cookie)?);
    visit::read_waiting(service);
    visit::resumed(resuming).now_or_never().unwrap().unwrap()
}

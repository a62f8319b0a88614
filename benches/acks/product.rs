//! The product's side: the whole server as an operator starts it, and requests as a browser posts
//! the signing form. Tokens are made beforehand with the server's own keys, so that only the
//! signature itself is measured, not the page before it.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use qianshou::adapters::random::{self, SystemRandom};
use qianshou::adapters::secrets::keys::Keys;
use qianshou::adapters::secrets::links::{CheckForm, Visit};
use qianshou::adapters::secrets::shown::Shown;
use qianshou::app::{App, Listener, create_keys};
use qianshou::config::Config;
use qianshou::domain::time::{Span, Timestamp};
use tracing::field::{Field, Visit as VisitFields};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::database::Database;
use crate::fill::{Sent, fill, name_of};
use crate::support::load::RequestFile;
use crate::support::side::{Batches, Place, answer_owner, shuffled};

/// Fills the database and serves until the owner's pipe closes.
pub(crate) fn serve(place: &Place) -> anyhow::Result<()> {
    let batches = Arc::new(Batches::default());
    tracing::subscriber::set_global_default(Listening(Arc::clone(&batches)))?;
    let app = App::open(&config(place)?)?;
    let sent = fill(&app.service, &place.url, place.rows)?;
    let mut requests = RequestFile::create(&Place::requests(&place.folder))?;
    for at in shuffled(place.rows) {
        let now = app.service.now();
        let nonce = CheckForm::nonce(now, random::bytes(&SystemRandom)?);
        requests.push(request(&app.service.keys, &sent[at], nonce, now).as_bytes())?;
    }
    requests.finish()?;
    drop(sent);
    let listener = Listener::bind("127.0.0.1:0".parse()?)?;
    let at = listener.address();
    app.serve(listener, move || {
        std::thread::spawn(move || {
            if let Err(error) = answer_owner(at, &batches) {
                eprintln!("the product's owner is gone: {error}");
            }
            // an orderly end, the way an operator asks for it
            let own = std::process::id().to_string();
            Command::new("kill").args(["-TERM", &own]).status().ok();
        });
    })?;
    Ok(())
}

fn config(place: &Place) -> anyhow::Result<Config> {
    let below = |name: &str| place.folder.join(name).display().to_string();
    create_keys(Path::new(&below("keys")))?;
    let set = [
        ("database.url", place.url.clone()),
        ("data_dir", below("data")),
        ("keys_dir", below("keys")),
        ("listen", "127.0.0.1:0".to_owned()),
        ("public_url", "http://127.0.0.1:8080".to_owned()),
        ("network", "internal".to_owned()),
        ("mail.transport", "folder".to_owned()),
        ("mail.folder", below("mail")),
        ("mail.from_address", "qianshou@office.example".to_owned()),
    ];
    let set: Vec<(&str, &str)> = set.iter().map(|(key, text)| (*key, text.as_str())).collect();
    Ok(Config::assemble(None, &[], &set)?)
}

/// The posted signing form of one recipient.
fn request(keys: &Keys, sent: &Sent, nonce: [u8; 16], now: Timestamp) -> String {
    let Sent { number, notice, delivery, link, organization, address, deadline } = *sent;
    let expires = now.plus(Span::hours(12));
    let visit = keys.visit_token(&Visit { delivery, link, generation: 1, expires });
    let form = CheckForm { delivery, version: 1, nonce, expires };
    let shown = Shown {
        link,
        delivery,
        notice,
        version: 1,
        organization,
        organization_name: name_of(number),
        address,
        address_is_verified: true,
        channel: "email".to_owned(),
        deadline: Some(deadline),
    };
    let body = format!(
        "name=%E6%9D%8E%E6%9F%90&post=%E5%80%BC%E7%8F%AD%E5%91%98&phone=0731-82000000&code={}\
         &code_token={}&shown={}&form_token={}",
        keys.check_code(&form),
        keys.check_token(&form),
        keys.shown_token(&shown),
        keys.form_token(&link.to_bytes()),
    );
    format!(
        "POST /receive/{delivery}/acknowledge HTTP/1.1\r\nhost: 127.0.0.1:8080\r\n\
         sec-fetch-site: same-origin\r\ncookie: __Host-{delivery}={visit}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Compares what the database holds with what was answered: none lost, none twice, and the kept
/// counts are what a recount finds.
pub(crate) fn recount(place: &Place, answered: usize) -> anyhow::Result<()> {
    let mut database = Database::open(&place.url)?;
    let signed = [
        "receipts",
        "(SELECT DISTINCT delivery_id FROM receipts) AS signed",
        "deliveries WHERE acknowledged_at IS NOT NULL",
        "events WHERE kind = 'acknowledged'",
        "receipts WHERE form_nonce IS NOT NULL",
    ];
    database.expect(&signed, answered)?;
    let open = place.rows - answered;
    database.expect(&["deliveries WHERE next_due_at IS NOT NULL"], open)?;
    let kept = format!(
        "notice_tallies WHERE acknowledged = {answered} AND opened = {open} AND pending = 0 \
         AND handed_over = 0 AND returned = 0 AND recalled = 0"
    );
    database.expect(&[&kept], 1)
}

/// Counts the slices that the lanes report, and shows warnings.
struct Listening(Arc<Batches>);

impl Subscriber for Listening {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
            || *metadata.level() == Level::DEBUG && metadata.target() == "qianshou::store::lane"
    }

    fn event(&self, event: &Event<'_>) {
        let mut seen = Seen::default();
        event.record(&mut seen);
        if *event.metadata().level() <= Level::WARN {
            eprintln!("{}: {}", event.metadata().level(), seen.text);
        } else if let Some(items) = seen.items {
            self.0.note(items);
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Seen {
    items: Option<u64>,
    text: String,
}

impl VisitFields for Seen {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "items" {
            self.items = Some(value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.text.push_str(&format!("{}={value:?} ", field.name()));
    }
}

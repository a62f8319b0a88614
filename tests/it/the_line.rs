//! The line from end to end: the sample notice goes to the units of 各市州、县市区 and ten
//! provincial bodies, every mail through a real SMTP dialogue, every link is signed through the
//! real door, and the board says what the rows say.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use qianshou::app::{App, Halves, Listener, create_keys};
use qianshou::config::Config;
use qianshou::domain::account::{Account, Role};
use qianshou::domain::delivery::{Addressee, DeliveryState, Tally};
use qianshou::service::issue::{IssueRequest, Issued};
use qianshou::service::release_and_issue::release_and_issue;
use qianshou::service::{accounts, compose, demo, submit};
use qianshou::store::Durability;
use qianshou::store::deliveries::delivery_list_of_notice;
use qianshou::store::tallies::tally_find;

use crate::support::engine::Engine;
use crate::support::house::settings;
use crate::support::recipient::sign;
use crate::support::smtp_sink::{SinkSetup, SmtpSink};

const PATIENCE: Duration = Duration::from_secs(120);

fn open(folder: &std::path::Path, smtp_port: u16) -> Option<(App, Listener)> {
    let url = Engine::of_this_run().fresh_url(folder, |_| {})?;
    create_keys(&folder.join("keys")).unwrap();
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let mut set = settings(folder, &url);
    set.retain(|(key, _)| !matches!(*key, "mail.transport" | "mail.folder" | "public_url"));
    set.extend([
        ("public_url", format!("http://{}", listener.address())),
        ("smtp.host", "127.0.0.1".to_owned()),
        ("smtp.port", smtp_port.to_string()),
        ("smtp.tls", "plain_loopback".to_owned()),
        ("smtp.hello_name", "qianshou.example".to_owned()),
    ]);
    let set: Vec<(&str, &str)> = set.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let config = Config::assemble(None, &[], &set).unwrap();
    let halves = Halves { durability: Durability::NotForEvidence, ..Halves::default() };
    Some((App::open_with(&config, halves).unwrap(), listener))
}

#[test]
fn the_sample_notice_reaches_everybody_once_and_everybody_signs() {
    let folder = tempfile::tempdir().unwrap();
    let sink = SmtpSink::start(SinkSetup::default()).unwrap();
    let Some((app, listener)) = open(folder.path(), sink.port()) else { return };
    let (server, service) = (listener.address(), app.service.clone());
    let notice = demo::fill(&service).unwrap().notice;
    let all = accounts::list(&service).unwrap();
    let who = |login: &str| -> Account {
        all.iter().find(|account| account.login == login).unwrap().clone()
    };
    let (clerk, releaser) = (who("jingban"), who("hefa"));
    assert!(clerk.roles.contains(&Role::Clerk) && releaser.roles.contains(&Role::Releaser));
    let open = compose::load(&service, &clerk, notice).unwrap();
    let primary = open.picks.iter().filter(|pick| pick.addressee == Addressee::Primary).count();
    assert_eq!(primary, 146, "14 + 122 committees and ten provincial bodies");
    let seen = open.digest();
    submit::submit(&service, &clerk, notice, seen).unwrap();
    thread::spawn(move || app.serve(listener, || {}).unwrap());
    let request = IssueRequest {
        notice,
        seen,
        form_key: "released once".to_owned(),
        gap_reason: Some("暂无联系方式，先行发出并电话通知".to_owned()),
    };
    let issued = release_and_issue(&service, &releaser, &request).unwrap();
    let Issued::Now { deliveries, messages } = issued else { panic!("{issued:?}") };
    assert_eq!(deliveries, open.picks.len());

    let until = Instant::now() + PATIENCE;
    while sink.received().len() < messages && Instant::now() < until {
        thread::sleep(Duration::from_millis(100));
    }
    let received = sink.received();
    let mut by_recipient: BTreeMap<&str, usize> = BTreeMap::new();
    for mail in &received {
        *by_recipient.entry(mail.message_id.as_str()).or_default() += 1;
    }
    assert_eq!((received.len(), by_recipient.len()), (messages, messages), "each exactly once");

    let mut told: BTreeMap<String, String> = BTreeMap::new();
    for mail in &received {
        let (delivery, number) = sign(server, &server.to_string(), &mail.raw).unwrap();
        let first = told.entry(delivery).or_insert_with(|| number.clone());
        assert_eq!(*first, number, "one receipt for each organisation, whoever asks");
    }
    let rows = service.store.read(|conn| delivery_list_of_notice(conn, notice)).unwrap();
    let signed = |state| state == DeliveryState::Acknowledged;
    let count = rows.iter().filter(|row| signed(DeliveryState::derive(&row.facts))).count();
    let unreachable = rows.iter().filter(|row| row.facts.unreachable).count();
    println!("the line: {deliveries} deliveries, {messages} mails, {count} signed");
    assert_eq!(count, told.len());
    assert_eq!(count + unreachable, deliveries, "who has an address has signed");
    let recount = Tally::of(rows.iter().map(|row| &row.facts), service.now());
    let kept = service.store.read(|conn| tally_find(conn, notice)).unwrap();
    assert_eq!(Tally { overdue: 0, ..recount }, kept);
}

//! Systems of recipients: what is sent to them, what their answers amount to, and whom we never
//! call, whatever an address says.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use qianshou::adapters::outcall::{CallFault, CallRules, Caller, Request, Resolver};
use qianshou::adapters::secrets::webhooks::webhook_signature;
use qianshou::channel::webhook::{WebhookMessage, send};
use qianshou::domain::address::WebhookUrl;
use qianshou::domain::time::Timestamp;
use rustls::{ServerConnection, StreamOwned};

use crate::support::smtp_sink::certificate;

/// Answers what it is told to, and remembers what it heard.
struct Listener {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
    calls: Arc<AtomicUsize>,
    authority: tempfile::NamedTempFile,
}

impl Listener {
    /// Under TLS in the name of `name`; with an empty answer it hangs up after it has read.
    fn start(name: &str, answer: &'static str, pause: Duration) -> Self {
        let (config, pem) = certificate(&[name]).unwrap();
        let mut authority = tempfile::NamedTempFile::new().unwrap();
        authority.write_all(pem.as_bytes()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (heard, calls) = (Arc::default(), Arc::default());
        let (told, counted): (Arc<Mutex<Vec<String>>>, Arc<AtomicUsize>) =
            (Arc::clone(&heard), Arc::clone(&calls));
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let Ok(socket) = socket else { return };
                counted.fetch_add(1, Ordering::SeqCst);
                let (config, told) = (Arc::clone(&config), Arc::clone(&told));
                std::thread::spawn(move || serve(socket, config, answer, pause, &told));
            }
        });
        Self { port, heard, calls, authority }
    }

    fn caller(&self, rules: CallRules, leads_to: &[&str]) -> Caller {
        let found: Vec<String> = leads_to.iter().map(|one| (*one).to_owned()).collect();
        Caller::new(rules, Some(self.authority.path())).unwrap().resolving_by(Arc::new(Told(found)))
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

fn serve(
    socket: TcpStream,
    config: Arc<rustls::ServerConfig>,
    answer: &str,
    pause: Duration,
    heard: &Mutex<Vec<String>>,
) {
    let Ok(session) = ServerConnection::new(config) else { return };
    let mut stream = StreamOwned::new(session, socket);
    let mut text = String::new();
    let mut chunk = [0; 4096];
    while !is_whole(&text) {
        match stream.read(&mut chunk) {
            Ok(count) if count > 0 => text += &String::from_utf8_lossy(&chunk[..count]),
            _ => return,
        }
    }
    heard.lock().unwrap().push(text);
    std::thread::sleep(pause);
    drop(stream.write_all(answer.as_bytes()).and_then(|()| stream.flush()));
}

fn is_whole(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    length.and_then(|text| text.parse().ok()).is_some_and(|length: usize| body.len() >= length)
}

/// A resolver that says what it was told, for every name.
struct Told(Vec<String>);

impl Resolver for Told {
    fn resolve(&self, _host: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
        Ok(self.0.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), port)).collect())
    }
}

/// A test can only listen on this machine, so the rules of these tests allow it.
fn rules() -> CallRules {
    CallRules { plain_loopback: true, ..CallRules::default() }
}

fn message(url: &str) -> WebhookMessage {
    WebhookMessage {
        url: WebhookUrl::parse(url).unwrap(),
        id: "0123".into(),
        secret: "secret".into(),
        at: Timestamp::from_micros(1_795_395_600_000_000),
        body: "{\"a\":\"签\"}".into(),
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn a_call_is_signed_and_names_its_id() {
    let other = Listener::start("oa.example", OK, Duration::ZERO);
    let caller = other.caller(rules(), &["127.0.0.1"]);
    let url = format!("https://oa.example:{}/in?a=1", other.port);
    let report = send(&caller, &message(&url));
    assert_eq!(report.outcome.kind(), "accepted", "{report:?}");
    let heard = other.heard.lock().unwrap().remove(0);
    let signature = webhook_signature("secret", "0123", 1_795_395_600, "{\"a\":\"签\"}");
    for line in [
        "POST /in?a=1 HTTP/1.1\r\n",
        &format!("Host: oa.example:{}\r\n", other.port),
        "Qianshou-Id: 0123\r\n",
        "Qianshou-Time: 1795395600\r\n",
        &format!("Qianshou-Signature: v1={signature}\r\n"),
        "\r\n\r\n{\"a\":\"签\"}",
    ] {
        assert!(heard.contains(line), "{line} not in {heard}");
    }
}

#[test]
fn an_answer_decides_whether_it_is_tried_again() {
    let long: &'static str = Box::leak(
        format!("HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n{}", "x".repeat(90_000))
            .into_boxed_str(),
    );
    for (answer, kind) in [
        ("HTTP/1.1 204 No Content\r\n\r\n", "accepted"),
        ("HTTP/1.1 301 M\r\nLocation: https://127.0.0.1/\r\nContent-Length: 0\r\n\r\n", "rejected"),
        ("HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", "rejected"),
        ("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "not_sent"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", "unknown"),
        ("no answer at all\r\n\r\n", "unknown"),
        ("", "unknown"),
        (long, "unknown"),
    ] {
        let other = Listener::start("oa.example", answer, Duration::ZERO);
        let caller = other.caller(rules(), &["127.0.0.1"]);
        let report = send(&caller, &message(&format!("https://oa.example:{}/", other.port)));
        assert_eq!(report.outcome.kind(), kind, "{answer:.60} {report:?}");
        assert_eq!(other.calls(), 1, "a redirect is not followed, a try is one try");
    }
}

#[test]
fn a_silent_system_costs_five_seconds_and_counts_as_perhaps_reached() {
    let other = Listener::start("oa.example", OK, Duration::from_secs(8));
    let caller = other.caller(rules(), &["127.0.0.1"]);
    let report = send(&caller, &message(&format!("https://oa.example:{}/", other.port)));
    assert_eq!(report.outcome.kind(), "unknown", "{report:?}");
    assert!(report.outcome.why().contains("in time"), "{report:?}");
}

#[test]
fn a_certificate_in_another_name_gets_nothing() {
    let other = Listener::start("other.example", OK, Duration::ZERO);
    let caller = other.caller(rules(), &["127.0.0.1"]);
    let report = send(&caller, &message(&format!("https://oa.example:{}/", other.port)));
    assert_eq!(report.outcome.kind(), "not_sent", "{report:?}");
    assert!(other.heard.lock().unwrap().is_empty());
}

/// Hosts as attackers write them: each leads to this machine, to a network of the house, to the
/// metadata of a cloud, or can be read in two ways.
fn forms() -> Vec<(String, Vec<&'static str>)> {
    let mut forms: Vec<(String, Vec<&'static str>)> = Vec::new();
    let literals = "127.0.0.1 127.0.0.2 127.255.255.255 127.1 127.0.1 0 0.0.0.0 2130706433 \
        017700000001 0177.0.0.1 0177.0.0.01 0x7f.0.0.1 0x7f000001 0x7F.1 \
        127.0.0.1. 127.000.000.001 \
        127.0.0.0x1 00000127.0.0.1 4294967295 3232235777 2852039166 0xa9fea9fe 0251.0376.0251.0376 \
        169.254.169.254 169.254.170.2 169.254.0.1 100.100.100.200 100.64.0.1 192.0.0.192 10.0.0.1 \
        10.255.255.255 172.16.0.1 172.31.255.254 192.168.0.1 192.168.255.255 198.18.0.1 224.0.0.1 \
        239.255.255.250 240.0.0.1 255.255.255.255 192.0.2.1 198.51.100.1 203.0.113.1 192.88.99.1 \
        [::1] [::] [0:0:0:0:0:0:0:1] [::ffff:127.0.0.1] [::ffff:7f00:1] [::ffff:10.0.0.1] \
        [::ffff:169.254.169.254] [::ffff:a9fe:a9fe] [::127.0.0.1] [::7f00:1] [64:ff9b::127.0.0.1] \
        [64:ff9b::7f00:1] [64:ff9b::a9fe:a9fe] [64:ff9b:1::a00:1] [2002:7f00:1::] [2002:a00:1::1] \
        [2001::1] [2001:0:7f00:1::1] [fe80::1] [fe80::1%25lo] [fec0::1] [fc00::1] [fd00::1] \
        [fd00:ec2::254] [fdff:ffff::1] [ff02::1] [ff05::2] [100::1] [2001:db8::1] \
        [3fff::1] [5f00::1] \
        u@127.0.0.1 u:p@127.0.0.1 a.example@127.0.0.1 a.example:443@127.0.0.1 127.0.0.1%00.example \
        127.0.0.1%2f 127.0.0.1%09 %31%32%37.0.0.1 127.0.0.1\\@a.example a.example\\@127.0.0.1 \
        127.0.0.1#@a.example a.example#@127.0.0.1 127.0.0.1?@a.example";
    forms.extend(
        literals.split_whitespace().map(|host| (format!("https://{host}/"), vec!["1.1.1.1"])),
    );
    let odd = [
        "http://a.example/",
        "HTTPS://127.0.0.1/",
        "ftp://a.example/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "https:127.0.0.1",
        "https:/127.0.0.1",
        "https:///127.0.0.1",
        "https://a.example:22/",
        "https://a.example:25/",
        "https://a.example:6379/",
        "https://a.example:8080/",
        "https://a.example:0443/",
        "https://a.example:99999/",
        "https://①②⑦.0.0.1/",
        "https://127。0。0。1/",
        "https://ａ.example/",
        "https://a.example\t/",
        "https://a.example\r\n/",
        "https://.a.example/",
        "https://a..b/",
        "https://-a.example/",
        "https://a_b.example/",
        "https://[::1]evil/",
        "https://[127.0.0.1]/",
    ];
    forms.extend(odd.into_iter().map(|url| (url.to_owned(), vec!["1.1.1.1"])));
    // Names that lead there, alone or beside an innocent address.
    for inner in [
        "127.0.0.1",
        "10.0.0.7",
        "192.168.1.1",
        "172.20.0.1",
        "169.254.169.254",
        "100.64.1.1",
        "::1",
        "0.0.0.0",
        "fd12::1",
        "fe80::2",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ] {
        forms.push(("https://a.example/".to_owned(), vec![inner]));
        forms.push(("https://a.example/".to_owned(), vec!["1.1.1.1", inner]));
    }
    forms
}

#[test]
fn no_form_of_an_address_leads_where_we_may_not_call() {
    let target = Listener::start("a.example", OK, Duration::ZERO);
    let forms = forms();
    assert!(forms.len() >= 120, "{}", forms.len());
    let request = Request { method: "POST", path: "/", headers: &[], body: b"" };
    for (url, leads_to) in &forms {
        let Ok(url) = WebhookUrl::parse(url) else { continue };
        // The port of the listener is allowed as well, so that only the address is in the way.
        let rules = CallRules { ports: vec![443, target.port], ..CallRules::default() };
        let caller = target.caller(rules, leads_to);
        match caller.call(&url, &request) {
            Err(CallFault::Forbidden(_)) => {}
            other => panic!("{url} to {leads_to:?}: {other:?}"),
        }
    }
    assert_eq!(target.calls(), 0);
}

/// The name answers innocently the first time only: what was judged is what is called.
#[test]
fn a_name_is_asked_once_and_what_was_judged_is_called() {
    struct Flipping(AtomicUsize);
    impl Resolver for Flipping {
        fn resolve(&self, _: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
            let first = self.0.fetch_add(1, Ordering::SeqCst) == 0;
            // 192.0.2.1 answers nobody; with rules for this machine it would be let through.
            let ip = if first { "127.0.0.1" } else { "169.254.169.254" };
            Ok(vec![SocketAddr::new(ip.parse().unwrap(), port)])
        }
    }
    let other = Listener::start("oa.example", OK, Duration::ZERO);
    let flipping = Arc::new(Flipping(AtomicUsize::new(0)));
    let asked = Arc::clone(&flipping);
    let caller = other.caller(rules(), &[]).resolving_by(flipping);
    let url = format!("https://oa.example:{}/", other.port);
    assert_eq!(send(&caller, &message(&url)).outcome.kind(), "accepted");
    assert_eq!(asked.0.load(Ordering::SeqCst), 1, "asked once");
    assert_eq!(send(&caller, &message(&url)).outcome.kind(), "rejected", "then it is forbidden");
    assert_eq!(other.calls(), 1);
}

#[test]
fn rules_narrow_hosts_and_open_a_network_of_the_house_by_name() {
    let request = Request { method: "POST", path: "/", headers: &[], body: b"" };
    let other = Listener::start("oa.example", OK, Duration::ZERO);
    let url = WebhookUrl::parse("https://oa.example/").unwrap();
    let listed = CallRules { hosts: vec!["else.example".into()], ..CallRules::default() };
    let fault = other.caller(listed, &["1.1.1.1"]).call(&url, &request).unwrap_err();
    assert!(matches!(fault, CallFault::Forbidden(_)), "{fault}");
    let fault = other.caller(CallRules::default(), &["10.255.255.1"]).call(&url, &request);
    assert!(matches!(fault, Err(CallFault::Forbidden(_))), "{fault:?}");
    // Named, it passes the guard; a metadata address never does.
    let named = CallRules { internal_hosts: vec!["oa.example".into()], ..CallRules::default() };
    let fault = other.caller(named.clone(), &["169.254.169.254"]).call(&url, &request);
    assert!(matches!(fault, Err(CallFault::Forbidden(_))), "{fault:?}");
    let plain = WebhookUrl::parse("http://oa.example/").unwrap();
    let fault = other.caller(named, &["10.255.255.1"]).call(&plain, &request);
    assert!(matches!(fault, Err(CallFault::Forbidden(_))), "without TLS: {fault:?}");
}

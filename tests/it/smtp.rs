//! The SMTP dialogue against a server that misbehaves in every way we know, compared with what
//! the outcome table says; and TLS in its right and wrong forms.

use std::time::{Duration, Instant};

use crate::support::smtp_sink::{
    LOG_IN, Mode, Modes, SinkSetup, SinkTls, SmtpSink, certificate, huge_text,
};
use qianshou::adapters::mail::{
    Mailbox, Mailer, OutgoingMail, Password, SendLimits, SendReport, SmtpConfig, SmtpMailer,
    SmtpSecurity,
};
use qianshou::domain::message::Phase;
use qianshou::domain::time::Timestamp;

/// How long a reply is waited for: long enough that a busy machine is not taken for a stalled one.
const SHORT: Duration = Duration::from_secs(1);
const LIMITS: SendLimits = SendLimits { overall: Duration::from_secs(5), final_reply: SHORT };

fn mail(number: u32) -> OutgoingMail {
    OutgoingMail {
        return_path: None,
        from: Mailbox { name: "签收".to_owned(), address: "notice@issuer.example".to_owned() },
        to: Mailbox {
            name: "值班室".to_owned(),
            address: format!("desk{number}@recipient.example"),
        },
        subject: "【特提】关于做好防汛工作的通知".to_owned(),
        text: "请签收。\n.\n..一行以点开头\n".to_owned(),
        html: "<p>请签收。</p>".to_owned(),
        message_id: format!("<{number:032x}@issuer.example>"),
        date: Timestamp::from_micros(1_795_000_000_000_000),
    }
}

/// More than the sockets' buffers hold, so that the final dot cannot be written unread.
fn huge_mail(number: u32) -> OutgoingMail {
    OutgoingMail { text: huge_text(), ..mail(number) }
}

fn settings(sink: &SmtpSink, security: SmtpSecurity) -> SmtpConfig {
    SmtpConfig {
        command_timeout: SHORT,
        connect_timeout: Duration::from_secs(2),
        body_timeout: Duration::from_secs(2),
        ..SmtpConfig::new("localhost", sink.port(), security, "issuer.example")
    }
}

fn sink(modes: &[Mode], pipelining: bool) -> SmtpSink {
    let modes = Modes::Script(modes.to_vec());
    SmtpSink::start(SinkSetup { modes, pipelining, ..SinkSetup::default() }).expect("listens")
}

fn plain(sink: &SmtpSink) -> SmtpMailer {
    SmtpMailer::new(settings(sink, SmtpSecurity::PlainLoopback)).expect("valid settings")
}

fn ids(sink: &SmtpSink) -> Vec<String> {
    sink.received().into_iter().map(|mail| mail.message_id).collect()
}

/// Sends, and holds the send to its deadline.
fn send(
    session: &mut dyn qianshou::adapters::mail::MailSession,
    mail: &OutgoingMail,
) -> SendReport {
    let started = Instant::now();
    let report = session.send(mail, LIMITS);
    assert!(started.elapsed() < LIMITS.overall + Duration::from_secs(1), "{report:?}");
    report
}

struct Row {
    mode: Mode,
    huge: bool,
    phase: Phase,
    kind: &'static str,
    taken: usize,
}

const fn row(mode: Mode, phase: Phase, kind: &'static str, taken: usize) -> Row {
    Row { mode, huge: false, phase, kind, taken }
}

fn table() -> Vec<Row> {
    use Mode as M;
    use Phase as P;
    let late = Duration::from_secs(2);
    let mut rows = vec![
        row(M::Normal, P::FinalDotWritten, "accepted", 1),
        row(M::Refuse, P::Greeting, "not_sent", 0),
        row(M::Silent, P::Greeting, "not_sent", 0),
        row(M::Banner421, P::Greeting, "not_sent", 0),
        row(M::SlowBanner(late), P::Greeting, "not_sent", 0),
        row(M::SlowBanner(Duration::from_millis(30)), P::FinalDotWritten, "accepted", 1),
        row(M::Ehlo502, P::Hello, "channel_fault", 0),
        row(M::Mail451, P::MailFrom, "not_sent", 0),
        row(M::Rcpt450, P::Recipient, "not_sent", 0),
        row(M::Rcpt550, P::Recipient, "rejected", 0),
        row(M::Rcpt550DataOpen, P::Recipient, "rejected", 0),
        row(M::Data452, P::Data, "not_sent", 0),
        row(M::StallInBody, P::FinalDotWritten, "unknown", 0),
        row(M::CutAfterDot, P::FinalDotWritten, "unknown", 1),
        row(M::Late250(late), P::FinalDotWritten, "unknown", 1),
        row(M::Late250(Duration::from_millis(30)), P::FinalDotWritten, "accepted", 1),
        row(M::Dot451, P::FinalDotWritten, "not_sent", 0),
        row(M::Dot554, P::FinalDotWritten, "rejected", 0),
        row(M::ByteByByte, P::FinalDotWritten, "accepted", 1),
        row(M::Garbage, P::FinalDotWritten, "unknown", 1),
        row(M::TwoReplies, P::FinalDotWritten, "unknown", 1),
        row(M::CutAfter250, P::FinalDotWritten, "accepted", 1),
    ];
    for mode in [M::StallInBody, M::CutInBody] {
        rows.push(Row { mode, huge: true, phase: P::Body, kind: "not_sent", taken: 0 });
    }
    rows
}

/// Every mode, with and without PIPELINING (and never with 8BITMIME); afterwards
/// the same session sends the next mail.
#[test]
fn every_misbehaviour_has_the_outcome_of_the_table() {
    for pipelining in [true, false] {
        for Row { mode, huge, phase, kind, taken } in table() {
            let what = format!("{mode:?} huge={huge} pipelining={pipelining}");
            let sink = sink(&[mode], pipelining);
            let mailer = plain(&sink);
            let mut session = mailer.session();
            let first = if huge { huge_mail(1) } else { mail(1) };
            let report = send(session.as_mut(), &first);
            assert_eq!((report.phase, report.outcome.kind()), (phase, kind), "{what} {report:?}");
            assert_eq!(sink.received().len(), taken, "{what}");
            assert_eq!(report.began_after.is_some(), phase >= Phase::MailFrom, "{what}");
            let next = send(session.as_mut(), &mail(2));
            assert_eq!(next.outcome.kind(), "accepted", "{what}, the next mail: {next:?}");
            assert_eq!(ids(&sink).last(), Some(&mail(2).message_id), "{what}");
        }
    }
}

#[test]
fn nobody_listening_is_not_sent() {
    let config = {
        let gone = sink(&[], true);
        settings(&gone, SmtpSecurity::PlainLoopback)
    };
    std::thread::sleep(Duration::from_millis(50));
    let report = send(SmtpMailer::new(config).expect("valid").session().as_mut(), &mail(1));
    assert_eq!((report.phase, report.outcome.kind()), (Phase::Connect, "not_sent"), "{report:?}");
}

#[test]
fn a_mail_arrives_as_it_was_written_with_one_recipient() {
    let sink = sink(&[], true);
    let mailer = plain(&sink);
    let mut session = mailer.session();
    for number in 1..=50 {
        assert_eq!(send(session.as_mut(), &mail(number)).outcome.kind(), "accepted");
    }
    assert_eq!(sink.connections(), 1, "the connection is kept between mails");
    let received = sink.received();
    assert_eq!(received.len(), 50);
    for (number, got) in (1..).zip(received) {
        let sent = mail(number);
        assert_eq!((&got.recipient, &got.message_id), (&sent.to.address, &sent.message_id));
        let built = qianshou::adapters::mail::compose(&sent).expect("builds");
        assert_eq!(got.raw.as_bytes(), built.bytes());
    }
}

/// The late reply to one mail must never be read as the answer to the next, whether it comes
/// before that one begins or while it is under way.
#[test]
fn a_late_250_is_not_the_answer_to_the_refused_mail_after_it() {
    let late = Duration::from_millis(1_500);
    for pause in [Duration::ZERO, late] {
        let sink = sink(&[Mode::Late250(late), Mode::Rcpt550, Mode::Normal], true);
        let mailer = plain(&sink);
        let mut session = mailer.session();
        assert_eq!(send(session.as_mut(), &mail(1)).outcome.kind(), "unknown");
        std::thread::sleep(pause);
        let second = send(session.as_mut(), &mail(2));
        assert_eq!(second.outcome.kind(), "rejected", "{second:?}");
        assert_eq!(second.reply.as_deref(), Some("550 5.1.1 no such mailbox"));
        assert_eq!(sink.connections(), 2);
    }
}

#[test]
fn a_refusal_keeps_the_connection_and_a_closed_one_is_replaced_without_a_loss() {
    let modes = [Mode::Rcpt550, Mode::Rcpt550DataOpen, Mode::Dot451, Mode::CutAfter250];
    let sink = sink(&modes, true);
    let mailer = plain(&sink);
    let mut session = mailer.session();
    let kinds: Vec<&str> =
        (1..=5).map(|number| send(session.as_mut(), &mail(number)).outcome.kind()).collect();
    assert_eq!(kinds, ["rejected", "rejected", "not_sent", "accepted", "accepted"]);
    assert_eq!(sink.connections(), 2);
    assert_eq!(ids(&sink), [mail(4).message_id, mail(5).message_id]);
}

#[test]
fn seeded_torture_never_loses_an_accepted_mail_and_never_invents_one() {
    let weighted = vec![
        (6, Mode::Normal),
        (1, Mode::Refuse),
        (1, Mode::Mail451),
        (1, Mode::Rcpt550),
        (1, Mode::CutAfterDot),
        (1, Mode::Dot451),
        (1, Mode::TwoReplies),
        (1, Mode::CutAfter250),
    ];
    let folder = tempfile::tempdir().expect("folder");
    let log = folder.path().join("sink.log");
    let modes = Modes::Seeded { seed: 7, weighted };
    let setup = SinkSetup { modes, log: Some(log.clone()), ..SinkSetup::default() };
    let sink = SmtpSink::start(setup).expect("listens");
    let mailer = plain(&sink);
    let mut session = mailer.session();
    let mut accepted = 0;
    for number in 1..=300 {
        let before = sink.received().len();
        let report = send(session.as_mut(), &mail(number));
        let arrived = sink.received().len() - before;
        match report.outcome.kind() {
            "accepted" => assert_eq!(arrived, 1, "{report:?}"),
            "unknown" => assert!(arrived <= 1, "{report:?}"),
            _ => assert_eq!(arrived, 0, "{report:?}"),
        }
        accepted += usize::from(report.outcome.kind() == "accepted");
    }
    assert!((100..300).contains(&accepted), "{accepted}");
    let logged = std::fs::read_to_string(log).expect("log");
    assert_eq!(logged.lines().count(), sink.received().len());
}

/// A sink under TLS, and settings that trust `trusted` and log in.
fn secure(
    tls: SinkTls,
    trusted: &str,
    auth: Option<&'static str>,
    modes: &[Mode],
) -> (SmtpSink, SmtpMailer, tempfile::TempDir) {
    let security = match tls {
        SinkTls::Implicit(_) => SmtpSecurity::Implicit,
        _ => SmtpSecurity::StartTls,
    };
    let modes = Modes::Script(modes.to_vec());
    let sink = SmtpSink::start(SinkSetup { modes, tls, auth, ..SinkSetup::default() });
    let sink = sink.expect("listens");
    let folder = tempfile::tempdir().expect("folder");
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, trusted).expect("writes");
    let (username, password) = auth.map(|_| LOG_IN).unzip();
    let config = SmtpConfig {
        extra_ca: Some(ca),
        username: username.map(str::to_owned),
        password: password.map(|text| Password::new(text.to_owned())),
        ..settings(&sink, security)
    };
    (sink, SmtpMailer::new(config).expect("valid settings"), folder)
}

#[test]
fn both_kinds_of_tls_and_both_kinds_of_log_in_work_and_keep_their_connection() {
    for auth in [None, Some("PLAIN LOGIN"), Some("LOGIN"), Some("plain")] {
        for implicit in [true, false] {
            let (server, pem) = certificate(&["localhost"]).expect("a certificate");
            let tls = if implicit { SinkTls::Implicit(server) } else { SinkTls::StartTls(server) };
            let (sink, mailer, _folder) = secure(tls, &pem, auth, &[]);
            let mut session = mailer.session();
            session.prepare(LIMITS).expect("a way");
            for number in 1..=3 {
                let report = send(session.as_mut(), &mail(number));
                assert_eq!(report.outcome.kind(), "accepted", "{auth:?} {implicit} {report:?}");
            }
            assert_eq!(sink.connections(), 1, "{auth:?} implicit={implicit}");
            assert_eq!(sink.received().len(), 3);
        }
    }
}

#[test]
fn a_wrong_certificate_stops_the_channel_and_no_mail_passes() {
    let (right, right_pem) = certificate(&["localhost"]).expect("a certificate");
    let (other_name, other_pem) = certificate(&["elsewhere.example"]).expect("a certificate");
    let cases = [(right, other_pem.clone()), (other_name, other_pem)];
    for (server, trusted) in cases {
        for tls in [SinkTls::Implicit(server.clone()), SinkTls::StartTls(server)] {
            let (sink, mailer, _folder) = secure(tls, &trusted, None, &[]);
            let report = send(mailer.session().as_mut(), &mail(1));
            let got = (report.phase, report.outcome.kind());
            assert_eq!(got, (Phase::Tls, "channel_fault"), "{report:?}");
            assert!(sink.received().is_empty());
        }
    }
    assert!(right_pem.contains("BEGIN CERTIFICATE"));
}

#[test]
fn log_in_refused_or_not_offered_stops_the_channel_and_454_does_not() {
    let (server, pem) = certificate(&["localhost"]).expect("a certificate");
    let tls = SinkTls::Implicit(server);
    let (_sink, mailer, _folder) = secure(tls.clone(), &pem, Some("PLAIN"), &[Mode::Auth454]);
    let mut session = mailer.session();
    let later = send(session.as_mut(), &mail(1));
    assert_eq!((later.phase, later.outcome.kind()), (Phase::Auth, "not_sent"));
    assert_eq!(send(session.as_mut(), &mail(1)).outcome.kind(), "accepted");
    let (_sink, mailer, _folder) = secure(tls.clone(), &pem, Some("XOAUTH2"), &[]);
    let none = send(mailer.session().as_mut(), &mail(1));
    assert_eq!((none.phase, none.outcome.kind()), (Phase::Auth, "channel_fault"));
    let (sink, _, folder) = secure(tls, &pem, Some("PLAIN"), &[]);
    let config = SmtpConfig {
        extra_ca: Some(folder.path().join("ca.pem")),
        username: Some(LOG_IN.0.to_owned()),
        password: Some(Password::new("wrong".to_owned())),
        ..settings(&sink, SmtpSecurity::Implicit)
    };
    let refused = send(SmtpMailer::new(config).expect("valid").session().as_mut(), &mail(1));
    assert_eq!((refused.phase, refused.outcome.kind()), (Phase::Auth, "channel_fault"));
    assert!(!format!("{refused:?}").contains("wrong\""));
}

#[test]
fn starttls_is_never_skipped_and_nothing_said_before_it_counts() {
    let (server, pem) = certificate(&["localhost"]).expect("a certificate");
    let tls = SinkTls::StartTls(server);
    let (sink, mailer, _folder) = secure(tls.clone(), &pem, None, &[Mode::InjectAtStartTls]);
    let report = send(mailer.session().as_mut(), &mail(1));
    assert_eq!((report.phase, report.outcome.kind()), (Phase::Tls, "not_sent"), "{report:?}");
    assert!(report.outcome.why().contains("before the TLS handshake"), "{report:?}");
    assert!(sink.received().is_empty());
    let (_sink, mailer, _folder) = secure(tls, &pem, None, &[Mode::TlsCut]);
    let report = send(mailer.session().as_mut(), &mail(1));
    assert_eq!((report.phase, report.outcome.kind()), (Phase::Tls, "not_sent"), "{report:?}");
    let (sink, mailer, _folder) = secure(SinkTls::Off, &pem, None, &[]);
    let report = send(mailer.session().as_mut(), &mail(1));
    assert_eq!((report.phase, report.outcome.kind()), (Phase::Tls, "channel_fault"), "{report:?}");
    assert!(sink.received().is_empty());
}

#[test]
fn a_mail_that_cannot_be_built_speaks_to_nobody() {
    let sink = sink(&[], true);
    let mut broken = mail(1);
    broken.to.address = "值班室@recipient.example".to_owned();
    let report = send(plain(&sink).session().as_mut(), &broken);
    assert_eq!((report.phase, report.outcome.kind()), (Phase::Prepare, "rejected"));
    assert_eq!(sink.connections(), 0);
}

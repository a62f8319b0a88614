//! The outcome table of the SMTP dialogue against a server that misbehaves in 24 ways, in plain
//! text, under STARTTLS and under TLS from the first byte, each message with a way of its own
//! chosen by seed. What the server took over is the ground truth.
//!
//! - Each outcome is the table's, and so is whether the message arrived.
//! - Accepted means that it arrived exactly once; refused or not sent, that it did not.
//! - A try ends within its deadline; the same session sends the next message.
//! - Tried again until taken, every message that can be taken arrives; what arrives twice was
//!   uncertain, and carries one Message-ID.
//!
//! `QIANSHOU_TEST_SMTP_MESSAGES` (600) and `QIANSHOU_TEST_SMTP_SEED` ask for more or others.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::smtp_sink::{LOG_IN, Mode, Modes, SinkSetup, SinkTls, SmtpSink, certificate, huge_text};
use qianshou::adapters::mail::{
    MailSession, Mailbox, Mailer, OutgoingMail, Password, SendLimits, SmtpConfig, SmtpMailer,
    SmtpSecurity,
};
use qianshou::domain::time::Timestamp;

const MESSAGES: u32 = 600;
const HANDS: u32 = 12;
/// How long a stalled server is waited for, and how late its word then comes.
const SHORT: Duration = Duration::from_secs(1);
const LATE: Duration = Duration::from_millis(2_500);
/// How long every other server is waited for: a busy machine must not look like a stalled one.
const PATIENT: Duration = Duration::from_secs(20);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Plain,
    StartTls,
    Implicit,
}

/// One way to misbehave, beyond what the sink does by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Sink(Mode),
    /// The same with more than may lie on the way.
    Huge(Mode),
    NoStartTls,
    WrongCertificate,
    WrongPassword,
    OneConnection,
}

impl Way {
    /// How long one reply is waited for.
    fn patience(self) -> Duration {
        match self {
            Self::Sink(Mode::Silent | Mode::SlowBanner(_) | Mode::Late250(_))
            | Self::Huge(Mode::StallInBody) => SHORT,
            _ => PATIENT,
        }
    }

    fn limits(self) -> SendLimits {
        SendLimits { overall: self.patience() * 5, final_reply: self.patience() }
    }
}

/// Way, the table's word, how often the message arrives, whether the next one then can.
type Row = (Way, &'static str, usize, bool);

fn table(line: Line) -> Vec<Row> {
    use Mode as M;
    use Way::{Huge, Sink};
    let mut rows: Vec<Row> = vec![
        (Sink(M::Normal), "accepted", 1, true),
        (Sink(M::Refuse), "not_sent", 0, true),
        (Sink(M::Silent), "not_sent", 0, true),
        (Sink(M::Banner421), "not_sent", 0, true),
        (Sink(M::SlowBanner(LATE)), "not_sent", 0, true),
        (Sink(M::Ehlo502), "channel_fault", 0, true),
        (Sink(M::Mail451), "not_sent", 0, true),
        (Sink(M::Rcpt450), "not_sent", 0, true),
        (Sink(M::Rcpt550), "rejected", 0, true),
        (Sink(M::Data452), "not_sent", 0, true),
        (Huge(M::StallInBody), "not_sent", 0, true),
        (Huge(M::CutInBody), "not_sent", 0, true),
        (Sink(M::CutAfterDot), "unknown", 1, true),
        (Sink(M::Late250(LATE)), "unknown", 1, true),
        (Sink(M::Dot451), "not_sent", 0, true),
        (Sink(M::Dot554), "rejected", 0, true),
        (Sink(M::ByteByByte), "accepted", 1, true),
        (Sink(M::Garbage), "unknown", 1, true),
        (Sink(M::CutAfter250), "accepted", 1, true),
        (Way::OneConnection, "not_sent", 0, true),
    ];
    if line != Line::Plain {
        rows.push((Sink(M::TlsCut), "not_sent", 0, true));
        rows.push((Way::WrongCertificate, "channel_fault", 0, false));
        rows.push((Sink(M::Auth454), "not_sent", 0, true));
        rows.push((Way::WrongPassword, "channel_fault", 0, false));
    }
    if line == Line::StartTls {
        rows.push((Way::NoStartTls, "channel_fault", 0, false));
    }
    rows
}

fn rows_of_all_lines() -> Vec<(Line, Row)> {
    let lines = [Line::Plain, Line::StartTls, Line::Implicit];
    lines.into_iter().flat_map(|line| table(line).into_iter().map(move |row| (line, row))).collect()
}

fn mail(number: u32) -> OutgoingMail {
    OutgoingMail {
        from: Mailbox { name: "签收".to_owned(), address: "notice@issuer.example".to_owned() },
        to: Mailbox {
            // As a spreadsheet gives it; none of it may become a header or end the task.
            name: ["值班室", "值班\r\nBcc: x@y.example", "a\nb", "nul\0", "\r"]
                [usize::try_from(number % 5).unwrap()]
            .to_owned(),
            address: format!("desk{number}@recipient.example"),
        },
        subject: "【特提】关于做好防汛工作的通知".to_owned(),
        text: "请签收。\n.\n..一行以点开头\n".to_owned(),
        html: "<p>请签收。</p>".to_owned(),
        message_id: format!("<{number:032x}@issuer.example>"),
        date: Timestamp::from_micros(1_795_000_000_000_000),
        return_path: None,
    }
}

/// Repeatable choices.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888);
        usize::try_from((self.0 >> 33) % u64::try_from(end).unwrap()).unwrap()
    }
}

fn figure(name: &str, default: u32) -> u32 {
    std::env::var_os(name).and_then(|text| text.to_str()?.parse().ok()).unwrap_or(default)
}

/// A server that misbehaves once, a session with it, and what must stay alive meanwhile.
struct Stage {
    sink: SmtpSink,
    session: Box<dyn MailSession>,
    _other: Option<Box<dyn MailSession>>,
    _folder: tempfile::TempDir,
}

fn stage(line: Line, way: Way, pipelining: bool) -> Stage {
    let name = if way == Way::WrongCertificate { "elsewhere.example" } else { "localhost" };
    let (server, pem) = certificate(&[name]).unwrap();
    let tls = match line {
        Line::Plain => SinkTls::Off,
        Line::StartTls if way == Way::NoStartTls => SinkTls::Off,
        Line::StartTls => SinkTls::StartTls(server),
        Line::Implicit => SinkTls::Implicit(server),
    };
    let security = match line {
        Line::Plain => SmtpSecurity::PlainLoopback,
        Line::StartTls => SmtpSecurity::StartTls,
        Line::Implicit => SmtpSecurity::Implicit,
    };
    let modes = match way {
        Way::Sink(mode) | Way::Huge(mode) => vec![mode],
        _ => Vec::new(),
    };
    let auth = (line != Line::Plain).then_some("PLAIN LOGIN");
    let one_at_a_time = way == Way::OneConnection;
    let modes = Modes::Script(modes);
    let setup = SinkSetup { modes, tls, pipelining, auth, one_at_a_time, ..SinkSetup::default() };
    let sink = SmtpSink::start(setup).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, pem).unwrap();
    let right = way != Way::WrongPassword;
    let password = if right { LOG_IN.1 } else { "wrong" };
    let config = SmtpConfig {
        extra_ca: Some(ca),
        username: auth.map(|_| LOG_IN.0.to_owned()),
        password: auth.map(|_| Password::new(password.to_owned())),
        command_timeout: way.patience(),
        connect_timeout: PATIENT,
        body_timeout: way.patience() * 2,
        ..SmtpConfig::new("localhost", sink.port(), security, "issuer.example")
    };
    let mailer = SmtpMailer::new(config).unwrap();
    let other = one_at_a_time.then(|| {
        let mut first = mailer.session();
        first.prepare(way.limits()).unwrap();
        first
    });
    Stage { session: mailer.session(), sink, _other: other, _folder: folder }
}

/// Sends one message its way, and the next; what was wrong.
fn play(number: u32, line: Line, row: Row, pipelining: bool) -> Result<&'static str, String> {
    let (way, kind, arrives, goes_on) = row;
    let what = format!("message {number} {line:?} {way:?} pipelining={pipelining}");
    let mut stage = stage(line, way, pipelining);
    let mut first = mail(number);
    if matches!(way, Way::Huge(_)) {
        first.text = huge_text();
    }
    let began = Instant::now();
    let report = stage.session.send(&first, way.limits());
    if began.elapsed() > way.limits().overall + SHORT {
        return Err(format!("{what}: took {:?}", began.elapsed()));
    }
    let arrived = || {
        let received = stage.sink.received();
        received.iter().filter(|mail| mail.message_id == first.message_id).count()
    };
    if (report.outcome.kind(), arrived()) != (kind, arrives) {
        return Err(format!("{what}: arrived {} times, {report:?}", arrived()));
    }
    for mail in stage.sink.received() {
        let head = mail.raw.split("\r\n\r\n").next().unwrap_or_default();
        let names = head.lines().filter(|line| !line.starts_with([' ', '\t']));
        let names: Vec<&str> = names.filter_map(|line| line.split(':').next()).collect();
        if names.iter().any(|name| name.eq_ignore_ascii_case("bcc")) {
            return Err(format!("{what}: a name became a header: {names:?}"));
        }
    }
    drop(stage._other.take());
    if goes_on {
        let mut next = stage.session.send(&mail(number + 1_000_000), way.limits());
        if way == Way::OneConnection && next.outcome.kind() == "not_sent" {
            // The first one's connection may just be closing.
            std::thread::sleep(SHORT);
            next = stage.session.send(&mail(number + 1_000_000), way.limits());
        }
        if next.outcome.kind() != "accepted" {
            return Err(format!("{what}: the next message: {next:?}"));
        }
    }
    Ok(report.outcome.kind())
}

#[test]
fn every_outcome_is_the_tables_whatever_the_server_does() {
    let messages = figure("QIANSHOU_TEST_SMTP_MESSAGES", MESSAGES);
    let seed = figure("QIANSHOU_TEST_SMTP_SEED", 20_261_124);
    let kinds: Mutex<BTreeMap<&'static str, u32>> = Mutex::default();
    let ways: Mutex<BTreeMap<String, u32>> = Mutex::default();
    let wrong: Mutex<Vec<String>> = Mutex::default();
    std::thread::scope(|scope| {
        for hand in 0..HANDS {
            let (kinds, ways, wrong) = (&kinds, &ways, &wrong);
            scope.spawn(move || {
                for number in (hand..messages).step_by(usize::try_from(HANDS).unwrap()) {
                    let mut dice = Dice(u64::from(seed) << 32 | u64::from(number));
                    dice.below(2);
                    // Each row comes up once; what is left is chosen by seed.
                    let every = rows_of_all_lines();
                    let place = usize::try_from(number).unwrap();
                    let place = if place < every.len() { place } else { dice.below(every.len()) };
                    let (line, row) = every[place];
                    let way = format!("{line:?} {:?}", row.0);
                    *ways.lock().unwrap().entry(way).or_default() += 1;
                    match play(number, line, row, dice.below(2) == 0) {
                        Ok(kind) => *kinds.lock().unwrap().entry(kind).or_default() += 1,
                        Err(fault) => wrong.lock().unwrap().push(fault),
                    }
                }
            });
        }
    });
    let (kinds, ways, wrong) =
        (kinds.into_inner().unwrap(), ways.into_inner().unwrap(), wrong.into_inner().unwrap());
    println!(
        "smtp: seed {seed}, messages {messages}, lines times ways {}, outcomes {kinds:?}, wrong {}",
        ways.len(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let all = rows_of_all_lines().len();
    assert!(messages < MESSAGES || ways.len() == all, "{} of {all} came up", ways.len());
}

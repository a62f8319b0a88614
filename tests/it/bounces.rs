//! Mails that come back, in the shapes in which mail servers send them: what each proves, once.

use std::sync::Arc;

use encoding_rs::GB18030;
use qianshou::adapters::mail::MemoryMailer;
use qianshou::domain::bounce::BounceKind;
use qianshou::domain::ids::MessageId;
use qianshou::domain::urgency::Urgency;
use qianshou::service::read_bounce::{BounceRead, read_bounce, read_folder};
use qianshou::service::{Service, Settings};

use crate::support::fixture::{Fixture, IssuedNotice};

struct Returned {
    fixture: Fixture,
    service: Service,
    sent: IssuedNotice,
}

impl Returned {
    /// A notice to two organisations with two addresses each.
    fn new() -> Option<Self> {
        let fixture = Fixture::new(MemoryMailer::default())?;
        let settings = Settings {
            return_path: "bounces@qianshou.example".into(),
            ..(*fixture.service.settings).clone()
        };
        let service = Service { settings: Arc::new(settings), ..fixture.service.clone() };
        let sent = fixture.issue(Urgency::Flash, 2, 2);
        fixture.sql("UPDATE messages SET state = 'handed_over', due_at = NULL, lease_token = NULL");
        Some(Self { fixture, service, sent })
    }

    fn path(&self, message: MessageId) -> String {
        format!("bounces+{}@qianshou.example", self.service.keys.return_token(message))
    }

    fn status(&self, delivery: usize, address: usize) -> String {
        let id = self.sent.deliveries[delivery].addresses[address];
        let select = format!("SELECT status AS value FROM contact_addresses WHERE id = '{id}'");
        self.fixture.texts(&select).remove(0)
    }

    fn count(&self, from: &str) -> i64 {
        self.fixture.number(&format!("SELECT count(*) AS value FROM {from}"))
    }

    fn read(&self, mail: &[u8]) -> BounceRead {
        read_bounce(&self.service, mail).unwrap()
    }
}

/// A report as most servers send it: words, fields, and the head of what came back.
fn report(to: &str, words: &[u8], fields: &str) -> Vec<u8> {
    let head = format!(
        "Return-Path: <>\r\nDelivered-To: {to}\r\nFrom: MAILER-DAEMON@mx.example\r\nTo: {to}\r\n\
         Subject: Undelivered Mail\r\nMIME-Version: 1.0\r\nAuto-Submitted: auto-replied\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b1\"\r\n\r\n\
         --b1\r\nContent-Type: text/plain; charset=gb18030\r\nContent-Transfer-Encoding: 8bit\
         \r\n\r\n"
    );
    let tail = format!(
        "\r\n--b1\r\nContent-Type: message/delivery-status\r\n\r\n{fields}\r\n--b1\r\n\
         Content-Type: text/rfc822-headers\r\n\r\nSubject: x\r\n\r\n--b1--\r\n"
    );
    [head.as_bytes(), words, tail.as_bytes()].concat()
}

const NO_SUCH_USER: &str = "Reporting-MTA: dns; mx.example\r\nX-Queue-ID: 4F1\r\n\r\n\
    Final-Recipient: rfc822; a@x.example\r\nOriginal-Recipient: rfc822;a@x.example\r\n\
    Action: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mail.x.example\r\n\
    Diagnostic-Code: smtp; 550 5.1.1 <a@x.example>: Recipient address\r\n    rejected\r\n";

#[test]
fn a_failure_lowers_the_address_and_where_no_way_is_left_a_call_is_owed() {
    let Some(it) = Returned::new() else { return };
    let message = it.sent.deliveries[0].messages[0];
    let (words, _, _) = GB18030.encode("您的邮件未能送达：收件人不存在。㮾梨街道");
    let mail = report(&it.path(message), &words, NO_SUCH_USER);
    assert_eq!(it.read(&mail), BounceRead::Now(BounceKind::Failed));
    assert_eq!((it.status(0, 0), it.status(0, 1)), ("failing".into(), "verified".into()));
    let of = format!("delivery_id = '{}'", it.sent.deliveries[0].id);
    assert_eq!(it.count(&format!("events WHERE kind = 'bounced' AND {of}")), 1);
    assert_eq!(it.count("call_tasks"), 0, "another way is sound");
    assert_eq!(it.count("deliveries WHERE unreachable"), 0, "the second address may work");
    let detail = it.fixture.texts("SELECT detail AS value FROM bounces").remove(0);
    assert_eq!(detail, "550 5.1.1 <address> Recipient address rejected", "names nobody");

    assert_eq!(it.read(&mail), BounceRead::Before, "the same mail twice is one");
    assert_eq!(it.count("events WHERE kind = 'bounced'"), 1);

    // The last way comes back too: now nobody can be reached by mail.
    let second = report(&it.path(it.sent.deliveries[0].messages[1]), b"", NO_SUCH_USER);
    assert_eq!(it.read(&second), BounceRead::Now(BounceKind::Failed));
    assert_eq!(it.count(&format!("events WHERE kind = 'unreachable' AND {of}")), 1);
    assert_eq!(it.count("deliveries WHERE unreachable"), 1);
    assert_eq!(it.fixture.assert_counts(it.sent.id).unreachable, 1);
    assert_eq!(it.count(&format!("call_tasks WHERE reason = 'no_way_left' AND {of}")), 1);
    assert_eq!(it.read(&second), BounceRead::Before);
    assert_eq!(it.count("call_tasks"), 1, "once");
}

#[test]
fn what_is_no_failure_changes_nothing() {
    let Some(it) = Returned::new() else { return };
    let to = it.path(it.sent.deliveries[1].messages[0]);
    let delayed = "Reporting-MTA: dns;mx.example\r\n\r\nFinal-Recipient: rfc822;a@x.example\r\n\
                   Action: delayed\r\nStatus: 4.4.1\r\nWill-Retry-Until: later\r\n";
    let arrived = "Reporting-MTA: dns;mx.example\r\n\r\nFinal-Recipient: rfc822;a@x.example\r\n\
                   Action: relayed\r\nStatus: 2.0.0\r\n";
    let (away, _, _) = GB18030.encode("自动回复：本人外出，急事请电话联系。邮件无法送达 550 5.1.1");
    let reply = |header: &str| {
        let head = format!(
            "From: a@x.example\r\nTo: {to}\r\nSubject: =?gb18030?B?19S2r7vYuLQ=?=\r\n{header}\
             Content-Type: text/plain; charset=gb18030\r\n\r\n"
        );
        [head.as_bytes(), &away].concat()
    };
    for (mail, kind) in [
        (report(&to, b"delayed", delayed), BounceKind::Delayed),
        (report(&to, b"ok", arrived), BounceKind::Delivered),
        (reply("Auto-Submitted: auto-replied (vacation)\r\n"), BounceKind::Automatic),
        (reply("Precedence: auto_reply\r\n"), BounceKind::Automatic),
        (reply("X-Autoreply: yes\r\n"), BounceKind::Automatic),
        (reply("Auto-Submitted: no\r\n"), BounceKind::Unknown),
        (b"".to_vec(), BounceKind::Unknown),
        (b"\xff\xfe\x00 no mail at all".to_vec(), BounceKind::Unknown),
    ] {
        assert_eq!(it.read(&mail), BounceRead::Now(kind), "{}", String::from_utf8_lossy(&mail));
    }
    assert_eq!(it.status(1, 0), "verified");
    assert_eq!(it.count("events WHERE kind = 'bounced'"), 0);
    assert_eq!(it.count("call_tasks"), 0);
    assert_eq!(it.count("bounces"), 8, "each is on record as read");
}

#[test]
fn a_made_up_return_path_proves_nothing() {
    let Some(it) = Returned::new() else { return };
    let real = it.path(it.sent.deliveries[1].messages[0]);
    let (name, _) = real.split_once('.').unwrap();
    let forged = format!("{name}.0123456789ab@qianshou.example");
    for to in [forged.as_str(), "bounces@qianshou.example", "someone@else.example"] {
        let mail = report(to, b"", NO_SUCH_USER);
        assert_eq!(it.read(&mail), BounceRead::Now(BounceKind::Forged), "{to}");
    }
    assert_eq!(it.status(1, 0), "verified");
    assert_eq!(it.count("events WHERE kind = 'bounced'"), 0);
}

/// The same fact in the dress of several mail servers.
#[test]
fn every_server_says_it_a_little_differently() {
    let dresses: [fn(&str) -> String; 5] = [
        // Exim: fields first, the address with an envelope header
        |to| {
            format!(
                "Envelope-to: {to}\nX-Failed-Recipients: a@x.example\n\
                Auto-Submitted: auto-replied\n\
                 From: Mail Delivery System <Mailer-Daemon@mx.example>\n\
                 To: {to}\nMIME-Version: 1.0\n\
                 Content-Type: multipart/report; report-type=delivery-status; boundary=1-exim\n\n\
                 --1-exim\nContent-type: text/plain; charset=us-ascii\n\nThis message was created \
                 automatically.\n\n--1-exim\nContent-type: message/delivery-status\n\n\
                 Reporting-MTA: dns; mx.example\n\nAction: failed\n\
                 Final-Recipient: rfc822;a@x.example\n\
                 Status: 5.0.0\nRemote-MTA: dns; mail.x.example\n\
                 Diagnostic-Code: smtp; 550 unknown user\n\n--1-exim--\n"
            )
        },
        // Exchange: nested in related, fields in its own order, long folded diagnostics
        |to| {
            format!(
                "From: postmaster@x.example\r\nTo: {to}\r\nMIME-Version: 1.0\r\nContent-Type: \
                 multipart/report; report-type=delivery-status;\r\n\tboundary=\"_ex_\"\r\n\
                 X-MS-Exchange-Message-Is-Ndr:\r\n\r\n--_ex_\r\nContent-Type: text/html; \
                 charset=\"utf-8\"\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+5peg5rOV6YCB6L6+\
                 PC9iPg==\r\n\r\n--_ex_\r\nContent-Type: message/delivery-status\r\n\r\n\
                 Reporting-MTA: dns;ex.x.example\r\nReceived-From-MTA: dns;gw\r\n\r\n\
                 Final-Recipient: rfc822;a@x.example\r\nAction: failed\r\nStatus: 5.1.10\r\n\
                 Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound;\r\n\
                  Recipient not \
                 found\r\n\r\n--_ex_--\r\n"
            )
        },
        // Sendmail: upper case, the status with a comment
        |to| {
            format!(
                "From: Mail Delivery Subsystem <MAILER-DAEMON>\nTo: <{to}>\nMIME-Version: 1.0\n\
                 Content-Type: multipart/report; report-type=delivery-status;\n\
                 \tboundary=\"A/1\"\n\n\
                 --A/1\n\nThe following addresses had permanent fatal errors\n\n--A/1\n\
                 Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n\
                 FINAL-RECIPIENT: RFC822; a@x.example\nACTION: failed\nSTATUS: 5.1.1 (no mailbox)\n\
                 Diagnostic-Code: SMTP; 550 5.1.1\n\n--A/1--\n"
            )
        },
        // A Chinese provider: GB18030 subject and words, the mailbox is full
        |to| {
            format!(
                "From: =?GB18030?B?08q8/s+1zbM=?= <postmaster@mail.x.example>\r\nTo: {to}\r\n\
                 Subject: =?GB18030?B?z7XNs83L0MU=?=\r\nMIME-Version: 1.0\r\nContent-Type: \
                 multipart/report; boundary=\"cm\";\r\n \
                 report-type=\"delivery-status\"\r\n\r\n--cm\r\n\
                 Content-Type: text/html; charset=gb18030\r\n\
                 Content-Transfer-Encoding: base64\r\n\r\n\
                 08q8/rG7zcu72A==\r\n--cm\r\nContent-Type: message/delivery-status\r\n\r\n\
                 Reporting-MTA: dns; mail.x.example\r\n\r\nFinal-recipient: RFC822; a@x.example\r\n\
                 Action: failed\r\nStatus: 5.2.2\r\n\
                 Diagnostic-Code: SMTP; 552 mailbox full\r\n--cm--\r\n"
            )
        },
        // The return path stands only in what came back, not in the report's own head
        |to| {
            format!(
                "From: MAILER-DAEMON@mx.example\r\nTo: undisclosed\r\nMIME-Version: 1.0\r\n\
                 Content-Type: multipart/report; report-type=delivery-status; boundary=p\r\n\r\n\
                 --p\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n\
                 Final-Recipient: rfc822; a@x.example\r\nAction: FAILED\r\n\
                 Status: 4.4.7\r\n\r\n--p\r\n\
                 Content-Type: message/rfc822\r\n\r\nReturn-Path: <{to}>\r\nSubject: x\r\n\
                 \r\nbody\r\n\
                 --p--\r\n"
            )
        },
    ];
    let Some(it) = Returned::new() else { return };
    let to = it.path(it.sent.deliveries[1].messages[0]);
    for (place, dress) in dresses.iter().enumerate() {
        it.fixture.sql("UPDATE contact_addresses SET status = 'verified'");
        // Some servers change the case of what stands before the @.
        let to = if place == 2 { to.to_uppercase() } else { to.clone() };
        let read = it.read(dress(&to).as_bytes());
        assert_eq!(read, BounceRead::Now(BounceKind::Failed), "dress {place}");
        assert_eq!(it.status(1, 0), "failing", "dress {place}");
    }
    assert_eq!(it.count("events WHERE kind = 'bounced'"), 5);
    let statuses = it.fixture.texts("SELECT DISTINCT status AS value FROM bounces ORDER BY 1");
    assert_eq!(statuses, ["4.4.7", "5.0.0", "5.1.1", "5.1.10", "5.2.2"]);
}

#[test]
fn a_folder_is_read_once_and_keeps_every_mail() {
    let Some(it) = Returned::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("new")).unwrap();
    let to = it.path(it.sent.deliveries[1].messages[0]);
    let mail = report(&to, b"", NO_SUCH_USER);
    for name in ["1.a", "2.b"] {
        std::fs::write(folder.path().join("new").join(name), &mail).unwrap();
    }
    let settings = Settings {
        bounce_folder: Some(folder.path().to_owned()),
        ..(*it.service.settings).clone()
    };
    let service = Service { settings: Arc::new(settings), ..it.service.clone() };
    assert_eq!(read_folder(&service).unwrap(), 2);
    assert_eq!(read_folder(&service).unwrap(), 0);
    assert_eq!(std::fs::read_dir(folder.path().join("cur")).unwrap().count(), 2);
    assert_eq!((it.count("bounces"), it.count("events WHERE kind = 'bounced'")), (1, 1));
}

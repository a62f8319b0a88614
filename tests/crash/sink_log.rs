//! What left the house compared with what the books say of it: the sink's log is the truth about
//! hand-overs, the books about what was meant.

use std::collections::{BTreeMap, BTreeSet};

use qianshou::domain::ids::MessageId;
use qianshou::domain::message::message_id_header;

use crate::ground::Ground;
use crate::support::mail::{link_path, text_part};
use crate::support::smtp_sink::Received;
use crate::support::trustcheck::{Books, breaches};

/// Breaches that a sink's log shows; `domain` is that of the Message-IDs.
pub(crate) fn sink_breaches(books: &mut Books, mails: &[Received], domain: &str) -> Vec<String> {
    let mut found = Vec::new();
    let rows = books.lines(
        "SELECT m.id || ' ' || m.state || ' ' || a.address || ' ' || CAST((SELECT COUNT(*) FROM \
         attempts t JOIN attempt_outcomes o ON o.attempt_id = t.id WHERE t.message_id = m.id AND \
         o.outcome = 'accepted') AS TEXT) || ' ' || CAST(m.attempts AS TEXT) AS line \
         FROM messages m JOIN contact_addresses a ON a.id = m.address_id",
    );
    let mut named: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for row in &rows {
        let words: Vec<&str> = row.split(' ').collect();
        let id: MessageId = words[0].parse().unwrap();
        if named.insert(message_id_header(id, domain), words).is_some() {
            found.push(format!("I22 two messages share a name: {id}"));
        }
    }
    let mut by_name: BTreeMap<&str, Vec<&Received>> = BTreeMap::new();
    for mail in mails {
        by_name.entry(&mail.message_id).or_default().push(mail);
    }
    for (name, copies) in &by_name {
        let Some(row) = named.get(*name) else {
            found.push(format!("I22 a mail with a name that no message has: {name}"));
            continue;
        };
        if copies.iter().any(|mail| mail.recipient != row[2]) {
            found.push(format!("I26 {} went to another address", row[0]));
        }
        let attempts: usize = row[4].parse().unwrap();
        if copies.len() > attempts {
            found.push(format!("I24 {} left {} times in {attempts} tries", row[0], copies.len()));
        }
    }
    for (name, row) in &named {
        let taken = by_name.get(name.as_str()).map_or(0, Vec::len);
        let accepted: usize = row[3].parse().unwrap();
        if accepted > taken || (row[1] == "handed_over" && taken == 0) {
            found.push(format!("I23 {} counts as accepted, and the sink has {taken}", row[0]));
        }
    }
    found.extend(strangers(mails));
    found
}

/// Mails that show an address or a link of somebody else.
fn strangers(mails: &[Received]) -> Vec<String> {
    let mut found = Vec::new();
    let mut owner: BTreeMap<String, &str> = BTreeMap::new();
    for mail in mails {
        let mut shown = addresses(&mail.raw);
        shown.extend(addresses(&text_part(&mail.raw)));
        let others: BTreeSet<String> =
            shown.into_iter().filter(|one| *one != mail.recipient).collect();
        if !others.is_empty() {
            found.push(format!("I26 the mail to {} shows {others:?}", mail.recipient));
        }
        if let Some(link) = link_path(&mail.raw) {
            let first = *owner.entry(link).or_insert(&mail.recipient);
            if first != mail.recipient {
                found.push(format!("I26 {first} and {} have one link", mail.recipient));
            }
        }
    }
    found
}

/// Addresses of recipients in a text.
fn addresses(text: &str) -> Vec<String> {
    let ends = text.match_indices("@recipients.example").map(|(at, _)| at);
    let one = |at: usize| {
        let word: Vec<char> = text[..at]
            .chars()
            .rev()
            .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+'))
            .collect();
        let word: String = word.into_iter().rev().collect();
        format!("{word}@recipients.example")
    };
    ends.map(one).collect()
}

/// Domain of the Message-IDs: that of the sender.
pub(crate) const DOMAIN: &str = "issuer.example";

/// A checker that never cries is not trusted: plants one breach after the other in the books and
/// in the log, and says how many were seen.
pub(crate) fn plant(books: &mut Books, ground: &Ground) -> usize {
    let first = "WHERE id = (SELECT MIN(id) FROM messages)";
    let rows = [
        (
            "I10",
            "UPDATE notice_tallies SET acknowledged = acknowledged + 1".to_owned(),
            "UPDATE notice_tallies SET acknowledged = acknowledged - 1".to_owned(),
        ),
        (
            "I21",
            format!("UPDATE messages SET finished_at = NULL {first}"),
            format!("UPDATE messages SET finished_at = created_at {first}"),
        ),
        (
            "I28",
            format!("UPDATE messages SET attempts = attempts + 1 {first}"),
            format!("UPDATE messages SET attempts = attempts - 1 {first}"),
        ),
    ];
    for (promise, wrong, right) in &rows {
        books.run(wrong);
        let found = breaches(books);
        let seen = found.iter().any(|one| one.starts_with(promise));
        assert!(seen, "{promise} planted and not seen: {found:#?}");
        books.run(right);
    }
    assert!(breaches(books).is_empty(), "what was planted is out again");
    let mails = ground.received();
    let mut log = [mails.clone(), mails.clone(), mails.clone()];
    log[0].retain(|mail| mail.message_id != mails[0].message_id);
    log[1][0].recipient = log[1][1].recipient.clone();
    let raw = mails[1].raw.clone();
    log[2][0].raw = raw;
    for (promise, log) in ["I23", "I26", "I26"].iter().zip(&log) {
        let found = sink_breaches(books, log, DOMAIN);
        let seen = found.iter().any(|one| one.starts_with(promise));
        assert!(seen, "{promise} planted and not seen: {found:#?}");
    }
    rows.len() + log.len()
}

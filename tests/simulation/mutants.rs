//! Bugs that are planted on purpose, in the database or around the engine, never in it: the
//! product holds none of them. Each must be caught, or the simulation is blind.

/// A bug planted around the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Knob {
    /// The answer may come between the last look and the mail.
    LooksTooEarly,
    /// Every attempt has a Message-ID of its own.
    MessageIdPerAttempt,
}

pub(crate) struct Mutant {
    pub(crate) name: &'static str,
    pub(crate) triggers: &'static [&'static str],
    pub(crate) knob: Option<Knob>,
}

const fn planted(name: &'static str, triggers: &'static [&'static str]) -> Mutant {
    Mutant { name, triggers, knob: None }
}

const fn turned(name: &'static str, knob: Knob) -> Mutant {
    Mutant { name, triggers: &[], knob: Some(knob) }
}

pub(crate) const MUTANTS: &[Mutant] = &[
    turned("the answer is not looked for again", Knob::LooksTooEarly),
    turned("a new Message-ID at every attempt", Knob::MessageIdPerAttempt),
    planted(
        "the head of the ladder is not handed on",
        &["CREATE TRIGGER mutant AFTER UPDATE OF due_at ON rungs WHEN OLD.due_at IS NULL AND \
           NEW.due_at IS NOT NULL BEGIN UPDATE rungs SET due_at = NULL WHERE id = NEW.id; END"],
    ),
    planted(
        "the repetition after the deadline is lost",
        &["CREATE TRIGGER mutant AFTER INSERT ON rungs BEGIN \
            DELETE FROM rungs WHERE id = NEW.id; \
           END"],
    ),
    planted(
        "times drift from the last firing",
        &["CREATE TRIGGER mutant AFTER INSERT ON rungs BEGIN UPDATE rungs SET planned_at = \
           NEW.planned_at + 1234567, due_at = NEW.due_at + 1234567 WHERE id = NEW.id; END"],
    ),
    planted(
        "a fired step fires again",
        &["CREATE TRIGGER mutant AFTER UPDATE OF fired_at ON rungs WHEN NEW.fired_at IS NOT NULL \
           AND NEW.step % 3 = 0 AND (SELECT COUNT(*) FROM events e WHERE e.delivery_id = \
           NEW.delivery_id AND e.kind = 'opened') = 0 BEGIN UPDATE rungs SET fired_at = NULL, \
           outcome = NULL WHERE id = NEW.id; END"],
    ),
    planted(
        "a step is skipped",
        &["CREATE TRIGGER mutant AFTER UPDATE OF due_at ON rungs WHEN NEW.due_at IS NOT NULL AND \
           OLD.due_at IS NULL BEGIN UPDATE rungs SET due_at = (SELECT n.planned_at FROM rungs n \
           WHERE n.delivery_id = NEW.delivery_id AND n.step > NEW.step ORDER BY n.step LIMIT 1) \
           WHERE id = NEW.id; UPDATE rungs SET fired_at = NEW.due_at + 1 WHERE delivery_id = \
           NEW.delivery_id AND step = NEW.step + 1 AND due_at IS NULL AND fired_at IS NULL; END"],
    ),
    planted(
        "the answer does not close the ladder",
        &["CREATE TRIGGER mutant BEFORE UPDATE ON rungs WHEN NEW.closed_why = 'acknowledged' \
           BEGIN SELECT RAISE(IGNORE); END"],
    ),
    planted(
        "counts are not kept",
        &["CREATE TRIGGER mutant BEFORE UPDATE ON notice_tallies BEGIN SELECT RAISE(IGNORE); END"],
    ),
    planted(
        "attempts are not counted",
        &["CREATE TRIGGER mutant AFTER UPDATE OF attempts ON messages BEGIN UPDATE messages SET \
           attempts = OLD.attempts WHERE id = NEW.id; END"],
    ),
    planted(
        "a refusal for good is tried again",
        &["CREATE TRIGGER mutant AFTER UPDATE OF state ON messages WHEN NEW.finished_why = \
           'rejected' BEGIN UPDATE messages SET state = 'waiting', due_at = NEW.finished_at, \
           finished_at = NULL, finished_why = NULL WHERE id = NEW.id; END"],
    ),
    planted(
        "a mail goes to a retired address",
        &["CREATE TRIGGER mutant BEFORE UPDATE OF status ON contact_addresses WHEN NEW.status = \
           'retired' BEGIN SELECT RAISE(IGNORE); END"],
    ),
    planted(
        "a reminder leaves no event",
        &["CREATE TRIGGER mutant BEFORE INSERT ON events WHEN NEW.kind = 'reminded' BEGIN SELECT \
           RAISE(IGNORE); END"],
    ),
    planted(
        "a gap leaves no event",
        &["CREATE TRIGGER mutant BEFORE INSERT ON events WHEN NEW.kind = 'rung_gap' BEGIN SELECT \
           RAISE(IGNORE); END"],
    ),
    planted(
        "the issuer is told once for each delivery",
        &["CREATE TRIGGER mutant AFTER INSERT ON messages WHEN NEW.purpose = 'issuer_alert' AND \
           NEW.step < 1000 BEGIN INSERT INTO messages SELECT 'msg_' || \
           lower(hex(randomblob(13))), notice_id, version, delivery_id, address_id, about, \
           link_id, channel, step + 1000, purpose, lane, state, due_at, lease_token, attempts, \
           spared, uncertain, created_at, finished_at, finished_why FROM messages WHERE \
           id = NEW.id; END"],
    ),
    planted(
        "a second receipt for one answer",
        &["CREATE TRIGGER mutant AFTER INSERT ON events WHEN NEW.kind = 'acknowledged' BEGIN \
           INSERT INTO events SELECT 'evt_' || lower(hex(randomblob(13))), kind, happened_at, \
           actor, notice_id, delivery_id, bytes, leaf_hash FROM events WHERE id = NEW.id; END"],
    ),
];

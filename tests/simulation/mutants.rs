//! Bugs that are planted on purpose, in the database or around the engine, never in it: the
//! product holds none of them. Each must be caught, or the simulation is blind.

/// A bug planted around the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Knob {
    /// The answer may come between the last look and the mail.
    LooksTooEarly,
    /// Every attempt has a Message-ID of its own.
    MessageIdPerAttempt,
    /// The server goes by the clock of its machine.
    GoesByTheWall,
    /// A clock that is set back takes the time with it.
    GoesBack,
    /// A time far ahead is believed when it is first seen.
    BelievesAtOnce,
    /// A server that starts takes the clock of its machine for the time.
    ForgetsAtRestart,
}

pub(crate) struct Mutant {
    pub(crate) name: &'static str,
    /// How the check begins that must find it.
    pub(crate) by: &'static str,
    pub(crate) triggers: &'static [&'static str],
    pub(crate) knob: Option<Knob>,
}

const fn planted(
    name: &'static str,
    by: &'static str,
    triggers: &'static [&'static str],
) -> Mutant {
    Mutant { name, by, triggers, knob: None }
}

const fn turned(name: &'static str, by: &'static str, knob: Knob) -> Mutant {
    Mutant { name, by, triggers: &[], knob: Some(knob) }
}

pub(crate) const MUTANTS: &[Mutant] = &[
    turned("the answer is not looked for again", "I25", Knob::LooksTooEarly),
    turned("a new Message-ID at every attempt", "I22", Knob::MessageIdPerAttempt),
    turned("the wall clock is the time", "I19", Knob::GoesByTheWall),
    turned("the time goes back with the clock", "I19", Knob::GoesBack),
    turned(
        "a clock set forward is believed at once",
        "I19 a server is ahead",
        Knob::BelievesAtOnce,
    ),
    turned("a restart forgets how far the time had come", "I19", Knob::ForgetsAtRestart),
    planted(
        "a missed round is passed over in silence",
        "I13 a round before this one",
        &[
            "CREATE TRIGGER mutant AFTER INSERT ON rungs WHEN NEW.closed_why = \
           'superseded_by_a_later_round' BEGIN DELETE FROM rungs WHERE id = NEW.id; END",
            "CREATE TRIGGER mutant_too AFTER INSERT ON rungs WHEN NEW.closed_at IS NULL BEGIN \
           UPDATE rungs SET step = 1 + (SELECT MAX(r.step) FROM rungs r WHERE r.delivery_id = \
           NEW.delivery_id AND r.id <> NEW.id) WHERE id = NEW.id; END",
            "CREATE TRIGGER mutant_three BEFORE INSERT ON events WHEN NEW.kind = 'rung_superseded' \
           BEGIN SELECT RAISE(IGNORE); END",
        ],
    ),
    planted(
        "a superseded round leaves no event",
        "I37 a superseded step",
        &["CREATE TRIGGER mutant BEFORE INSERT ON events WHEN NEW.kind = 'rung_superseded' \
           BEGIN SELECT RAISE(IGNORE); END"],
    ),
    planted(
        "the answer does not cancel what is owed",
        "I14 a message is still owed",
        &["CREATE TRIGGER mutant BEFORE UPDATE ON messages WHEN NEW.state = 'cancelled' AND \
           NEW.finished_why = 'acknowledged' BEGIN SELECT RAISE(IGNORE); END"],
    ),
    planted(
        "a missed deadline is recorded twice",
        "I37 a missed deadline",
        &["CREATE TRIGGER mutant AFTER INSERT ON events WHEN NEW.kind IN ('overdue', \
           'not_reached') BEGIN INSERT INTO events SELECT 'evt_' || lower(hex(randomblob(13))), \
           kind, happened_at, actor, notice_id, delivery_id, bytes, leaf_hash FROM events WHERE \
           id = NEW.id; END"],
    ),
    planted(
        "a lease never ends",
        "I27 a lease without an end",
        &["CREATE TRIGGER mutant AFTER UPDATE ON messages WHEN NEW.state = 'leased' BEGIN UPDATE \
           messages SET due_at = 9000000000000000 WHERE id = NEW.id; END"],
    ),
    planted(
        "an ended message is owed again",
        "I21",
        &["CREATE TRIGGER mutant AFTER INSERT ON events WHEN NEW.kind IN ('reminded', \
           'escalated') BEGIN UPDATE messages SET state = 'waiting', due_at = NEW.happened_at, \
           finished_at = NULL, finished_why = NULL WHERE delivery_id = NEW.delivery_id AND state \
           = 'handed_over'; END"],
    ),
    planted(
        "a recall leaves the ladder",
        "I14 a ladder goes on",
        &["CREATE TRIGGER mutant BEFORE UPDATE OF next_step ON deliveries WHEN NEW.next_step IS \
           NULL AND (SELECT n.state FROM notices n WHERE n.id = NEW.notice_id) = 'recalled' \
           BEGIN SELECT RAISE(IGNORE); END"],
    ),
    planted(
        "a recall leaves what is owed",
        "I14 a message is still owed, or was written, although",
        &["CREATE TRIGGER mutant BEFORE UPDATE ON messages WHEN NEW.state = 'cancelled' AND \
           NEW.finished_why = 'recall' BEGIN SELECT RAISE(IGNORE); END"],
    ),
    planted(
        "a stopped chase goes on",
        "I14 a stopped chase",
        &["CREATE TRIGGER mutant BEFORE UPDATE OF next_step ON deliveries WHEN NEW.next_step IS \
           NULL AND EXISTS (SELECT 1 FROM chase_stops s WHERE s.delivery_id = NEW.id) \
           BEGIN SELECT RAISE(IGNORE); END"],
    ),
    planted(
        "a policy edit moves steps that were issued",
        "I18 a planned time moved",
        &["CREATE TRIGGER mutant AFTER INSERT ON rule_versions BEGIN UPDATE rungs SET \
           planned_at = planned_at + 60000000 WHERE fired_at IS NULL AND closed_at IS NULL; \
           UPDATE deliveries SET next_due_at = next_due_at + 60000000; END"],
    ),
    planted(
        "a policy edit changes the ladder that was issued",
        "I17 an issued ladder",
        &["CREATE TRIGGER mutant AFTER INSERT ON rule_versions BEGIN UPDATE notice_versions \
           SET ladder = ladder || ' ' WHERE ladder IS NOT NULL; END"],
    ),
    planted(
        "the head of the ladder is not handed on",
        "I13 an open ladder",
        &["CREATE TRIGGER mutant AFTER UPDATE OF next_step ON deliveries WHEN NEW.next_step > 0 \
           BEGIN UPDATE deliveries SET next_step = NULL, next_due_at = NULL WHERE \
           id = NEW.id; END"],
    ),
    planted(
        "the repetition after the deadline is lost",
        "I13 an open ladder",
        &[
            "CREATE TRIGGER mutant AFTER INSERT ON rungs BEGIN DELETE FROM rungs WHERE \
           id = NEW.id; END",
            "CREATE TRIGGER mutant_too AFTER UPDATE OF next_step ON deliveries WHEN NEW.next_step \
           > (SELECT MAX(r.step) FROM rungs r WHERE r.delivery_id = NEW.id) BEGIN UPDATE \
           deliveries SET next_step = NULL, next_due_at = NULL WHERE id = NEW.id; END",
        ],
    ),
    planted(
        "times drift from the last firing",
        "I18",
        &["CREATE TRIGGER mutant AFTER INSERT ON rungs BEGIN UPDATE rungs SET planned_at = \
           NEW.planned_at + 1234567 WHERE id = NEW.id; END"],
    ),
    planted(
        "a fired step fires again",
        "I13",
        &["CREATE TRIGGER mutant AFTER UPDATE OF fired_at ON rungs WHEN NEW.fired_at IS NOT NULL \
           AND NEW.step % 3 = 0 AND (SELECT COUNT(*) FROM events e WHERE e.delivery_id = \
           NEW.delivery_id AND e.kind = 'opened') = 0 BEGIN UPDATE rungs SET fired_at = NULL, \
           outcome = NULL WHERE id = NEW.id; END"],
    ),
    planted(
        "a step is skipped",
        "I13",
        &["CREATE TRIGGER mutant AFTER UPDATE OF next_step ON deliveries WHEN NEW.next_step > 0 \
           BEGIN UPDATE deliveries SET next_due_at = COALESCE((SELECT n.planned_at FROM rungs \
           n WHERE n.delivery_id = NEW.id AND n.step > NEW.next_step ORDER BY n.step LIMIT 1), \
           next_due_at) WHERE id = NEW.id; UPDATE rungs SET fired_at = NEW.next_due_at + 1 WHERE \
           delivery_id = NEW.id AND step = NEW.next_step + 1 AND fired_at IS NULL AND \
           closed_at IS NULL; END"],
    ),
    planted(
        "the answer does not close the ladder",
        "I14 a step is still due",
        &["CREATE TRIGGER mutant AFTER UPDATE OF acknowledged_at ON deliveries BEGIN UPDATE \
           deliveries SET next_step = OLD.next_step, next_due_at = OLD.next_due_at WHERE \
           id = NEW.id; END"],
    ),
    planted(
        "counts are not kept",
        "I10",
        &["CREATE TRIGGER mutant BEFORE UPDATE ON notice_tallies BEGIN SELECT RAISE(IGNORE); END"],
    ),
    planted(
        "attempts are not counted",
        "I28",
        &["CREATE TRIGGER mutant AFTER UPDATE OF attempts ON messages BEGIN UPDATE messages SET \
           attempts = OLD.attempts WHERE id = NEW.id; END"],
    ),
    planted(
        "a refusal for good is tried again",
        "I24",
        &["CREATE TRIGGER mutant AFTER UPDATE OF state ON messages WHEN NEW.finished_why = \
           'rejected' BEGIN UPDATE messages SET state = 'waiting', due_at = NEW.finished_at, \
           finished_at = NULL, finished_why = NULL WHERE id = NEW.id; END"],
    ),
    planted(
        "a mail goes to a retired address",
        "a mail to a retired",
        &["CREATE TRIGGER mutant BEFORE UPDATE OF status ON contact_addresses WHEN NEW.status = \
           'retired' BEGIN SELECT RAISE(IGNORE); END"],
    ),
    planted(
        "a reminder leaves no event",
        "I37",
        &["CREATE TRIGGER mutant BEFORE INSERT ON events WHEN NEW.kind = 'reminded' BEGIN SELECT \
           RAISE(IGNORE); END"],
    ),
    planted(
        "a gap leaves no event",
        "I37",
        &["CREATE TRIGGER mutant BEFORE INSERT ON events WHEN NEW.kind = 'rung_gap' BEGIN SELECT \
           RAISE(IGNORE); END"],
    ),
    planted(
        "the issuer is told once for each delivery",
        "a list to the issuer",
        &["CREATE TRIGGER mutant AFTER INSERT ON messages WHEN NEW.purpose = 'issuer_alert' AND \
           NEW.step < 1000 BEGIN INSERT INTO messages SELECT 'msg_' || \
           lower(hex(randomblob(13))), notice_id, version, delivery_id, address_id, about, \
           link_id, channel, step + 1000, purpose, lane, state, due_at, lease_token, attempts, \
           spared, uncertain, created_at, finished_at, finished_why FROM messages WHERE \
           id = NEW.id; END"],
    ),
    planted(
        "a second receipt for one answer",
        "I4",
        &["CREATE TRIGGER mutant AFTER INSERT ON events WHEN NEW.kind = 'acknowledged' BEGIN \
           INSERT INTO events SELECT 'evt_' || lower(hex(randomblob(13))), kind, happened_at, \
           actor, notice_id, delivery_id, bytes, leaf_hash FROM events WHERE id = NEW.id; END"],
    ),
];

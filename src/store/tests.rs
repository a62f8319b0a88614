//! What the write entrance promises, tried on a real database file.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

use super::{Conn, Durability, EngineSettings, SliceAct, Store, StoreError, Tx, migrate};

#[expect(dead_code, reason = "the crash program and the benches use the rest")]
#[path = "../../tests/support/pg.rs"]
pub(super) mod pg;

/// An open store and what keeps it alive.
pub(super) struct World {
    pub(super) store: Store,
    settings: EngineSettings,
    engine: &'static str,
    folder: tempfile::TempDir,
}

fn world(settings: EngineSettings, folder: tempfile::TempDir) -> World {
    migrate::bring_up_to_date(&settings).unwrap();
    let store = Store::open(settings.clone(), 4).unwrap();
    World { engine: settings.engine_name(), store, settings, folder }
}

fn sqlite() -> World {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("test.db").display());
    world(EngineSettings::parse(&url, Durability::Required).unwrap(), folder)
}

/// One world per engine; PostgreSQL only where it is installed (always in CI).
pub(super) fn worlds() -> Vec<World> {
    let mut worlds = vec![sqlite()];
    if let Some(cluster) = pg::cluster() {
        let url = cluster.fresh_database();
        let settings = EngineSettings::parse(&url, Durability::NotForEvidence).unwrap();
        worlds.push(world(settings, tempfile::tempdir().unwrap()));
    }
    worlds
}

pub(super) fn note(tx: &mut Tx, key: &str) -> Result<(), StoreError> {
    sql_query("INSERT INTO engine_marks (name, marked_at) VALUES ($1, 1)")
        .bind::<diesel::sql_types::Text, _>(key)
        .execute(tx.db())?;
    Ok(())
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

pub(super) fn notes(conn: &mut Conn) -> Result<i64, StoreError> {
    Ok(sql_query("SELECT count(*) AS n FROM engine_marks").get_result::<Count>(conn.db())?.n)
}

/// A locale may pass over the dots of a tree's paths, and then a board is out of order.
#[test]
fn postgres_compares_text_byte_by_byte_whatever_its_locale() {
    let Some(world) = worlds().into_iter().nth(1) else { return };
    let others = "SELECT count(*) AS n FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid \
                  WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace \
                  AND a.attnum > 0 AND a.atttypid = 'text'::regtype AND NOT a.attisdropped \
                  AND a.attcollation = 'pg_catalog.\"C\"'::regcollation IS FALSE";
    let count =
        |conn: &mut Conn| Ok::<_, StoreError>(sql_query(others).get_result::<Count>(conn.db())?.n);
    assert_eq!(world.store.read(count).unwrap(), 0);
}

#[test]
fn a_refused_and_a_panicking_write_harm_nobody_in_their_group() {
    for world in worlds() {
        a_refused_and_a_panicking_write_harm_nobody_in_their_group_on(&world);
    }
}

fn a_refused_and_a_panicking_write_harm_nobody_in_their_group_on(world: &World) {
    let store = &world.store;
    // Hold the writer, so that all the others end up in one group.
    let gate = Arc::new(Barrier::new(2));
    let held = Arc::clone(&gate);
    let first = store.submit("hold", move |_tx| {
        held.wait();
        Ok::<_, StoreError>(())
    });
    let good: Vec<_> =
        (0..10).map(|n| store.submit("good", move |tx| note(tx, &format!("good {n}")))).collect();
    let refused = store.submit("refused", |tx| {
        note(tx, "half done")?;
        Err::<(), _>(StoreError::NotFound)
    });
    let panicked = store.submit("panicking", |tx| {
        note(tx, "half done too")?;
        if notes(tx)? > 0 {
            panic!("planted");
        }
        Ok::<_, StoreError>(())
    });
    let doubled = store.submit("doubled", |tx| note(tx, "good 1"));
    let last = store.submit("last", |tx| note(tx, "last"));
    gate.wait();
    first.wait().unwrap().unwrap();
    for answer in good {
        answer.wait().unwrap().unwrap();
    }
    assert_eq!(refused.wait().unwrap(), Err(StoreError::NotFound));
    assert_eq!(panicked.wait().unwrap_err(), StoreError::Panicked("panicking"));
    assert!(matches!(doubled.wait().unwrap(), Err(StoreError::Unique(_))));
    last.wait().unwrap().unwrap();
    assert_eq!(store.read(notes).unwrap(), 11);
}

#[test]
fn a_write_that_fails_alone_leaves_nothing_and_the_next_one_stands() {
    for world in worlds() {
        let store = &world.store;
        let refused = store.write("refused", |tx| {
            note(tx, "half done")?;
            Err::<(), _>(StoreError::NotFound)
        });
        assert_eq!(refused, Err(StoreError::NotFound));
        let panicked = store.write("panicking", |tx| {
            note(tx, "half done too")?;
            if notes(tx)? > 0 {
                panic!("planted");
            }
            Ok::<_, StoreError>(())
        });
        assert_eq!(panicked, Err(StoreError::Panicked("panicking")));
        store.write("good", |tx| note(tx, "good")).unwrap();
        assert!(matches!(
            store.write("doubled", |tx| note(tx, "good")),
            Err(StoreError::Unique(_))
        ));
        assert_eq!(store.read(notes).unwrap(), 1, "on {}", world.engine);
    }
}

#[test]
fn an_answered_write_is_there_after_reopening() {
    for World { store, settings, folder, .. } in worlds() {
        store.write("note", |tx| note(tx, "kept")).unwrap();
        drop(store);
        let again = Store::open(settings, 1).unwrap();
        assert_eq!(again.read(notes).unwrap(), 1);
        drop(folder);
    }
}

#[test]
fn readers_cannot_write_and_do_not_wait_for_the_writer() {
    for world in worlds() {
        readers_cannot_write_and_do_not_wait_for_the_writer_on(&world);
    }
}

fn readers_cannot_write_and_do_not_wait_for_the_writer_on(world: &World) {
    let store = &world.store;
    let gate = Arc::new(Barrier::new(2));
    let held = Arc::clone(&gate);
    let writing = store.submit("hold", move |tx| {
        note(tx, "unseen")?;
        held.wait();
        Ok::<_, StoreError>(())
    });
    assert_eq!(store.read(notes).unwrap(), 0);
    let refused = store.read(|conn| {
        sql_query("DELETE FROM engine_marks").execute(conn.db())?;
        Ok::<_, StoreError>(())
    });
    assert!(refused.is_err());
    gate.wait();
    writing.wait().unwrap().unwrap();
    assert_eq!(store.read(notes).unwrap(), 1);
}

struct Noting<const ORDERED: bool> {
    runs: Arc<AtomicU32>,
}

impl<const ORDERED: bool> SliceAct for Noting<ORDERED> {
    type Item = String;
    type Answer = usize;
    const NAME: &'static str = "noting";
    const KEEPS_ORDER: bool = ORDERED;

    fn run(&self, tx: &mut Tx, items: &[String]) -> Result<Vec<usize>, StoreError> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        for item in items {
            note(tx, item)?;
        }
        Ok(items.iter().map(|_| items.len()).collect())
    }
}

#[test]
fn a_slice_runs_together_and_a_bad_item_fails_alone() {
    for world in worlds() {
        a_slice_runs_together_and_a_bad_item_fails_alone_on::<false>(&world);
    }
    for world in worlds() {
        a_slice_runs_together_and_a_bad_item_fails_alone_on::<true>(&world);
    }
}

fn a_slice_runs_together_and_a_bad_item_fails_alone_on<const ORDERED: bool>(world: &World) {
    let store = &world.store;
    let runs = Arc::new(AtomicU32::new(0));
    let lane = store.lane(Noting::<ORDERED> { runs: Arc::clone(&runs) });
    let gate = Arc::new(Barrier::new(2));
    let held = Arc::clone(&gate);
    let first = store.submit("hold", move |_tx| {
        held.wait();
        Ok::<_, StoreError>(())
    });
    let together: Vec<_> = (0..1_200).map(|n| lane.submit(format!("item {n}"))).collect();
    gate.wait();
    first.wait().unwrap().unwrap();
    let sizes: Vec<usize> = together.into_iter().map(|answer| answer.wait().unwrap()).collect();
    assert_eq!(runs.load(Ordering::SeqCst), 3);
    assert_eq!(sizes.first(), Some(&512));

    let gate = Arc::new(Barrier::new(2));
    let held = Arc::clone(&gate);
    let first = store.submit("hold", move |_tx| {
        held.wait();
        Ok::<_, StoreError>(())
    });
    let good = lane.submit("fresh".into());
    let bad = lane.submit("item 7".into());
    gate.wait();
    first.wait().unwrap().unwrap();
    assert_eq!(good.wait().unwrap(), 1);
    assert!(matches!(bad.wait(), Err(StoreError::Unique(_))));
    assert_eq!(store.read(notes).unwrap(), 1_201);
}

#[test]
fn the_database_itself_refuses_to_change_evidence() {
    for world in worlds() {
        the_database_itself_refuses_to_change_evidence_on(&world);
    }
}

fn the_database_itself_refuses_to_change_evidence_on(world: &World) {
    let store = &world.store;
    store
        .write("event", |tx| {
            sql_query(
                "INSERT INTO events (id, kind, happened_at, actor, bytes, leaf_hash) \
                 VALUES ('evt_x', 'opened', 1, 'system:test', CAST('x' AS BYTEA), \
                 CAST('y' AS BYTEA))",
            )
            .execute(tx.db())?;
            Ok::<_, StoreError>(())
        })
        .unwrap();
    for statement in ["UPDATE events SET actor = 'nobody'", "DELETE FROM events"] {
        let refused = store.write("tamper", move |tx| {
            sql_query(statement).execute(tx.db())?;
            Ok::<_, StoreError>(())
        });
        assert!(refused.unwrap_err().to_string().contains("never"), "{statement}");
    }
}

#[test]
fn unsafe_settings_are_refused() {
    assert!(EngineSettings::parse("mysql://x", Durability::Required).is_err());
    assert!(EngineSettings::parse("/tmp/x.db", Durability::Required).is_err());
    #[derive(QueryableByName)]
    struct Mode {
        #[diesel(sql_type = Text)]
        mode: String,
    }
    let World { store, folder: _folder, .. } = sqlite();
    let mode = store.read(|conn| {
        let found = sql_query("SELECT journal_mode AS mode FROM pragma_journal_mode")
            .get_result::<Mode>(conn.db())?;
        Ok::<_, StoreError>(found.mode)
    });
    assert_eq!(mode.unwrap(), "wal");
}

/// Cuts every connection to this database, those of its own pool too, from one outside.
fn cut_every_connection(world: &World) -> i64 {
    let mut outside = world.settings.connect(super::Purpose::Write).unwrap();
    sql_query(
        "SELECT count(pg_terminate_backend(pid)) AS n FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .get_result::<Count>(&mut outside)
    .unwrap()
    .n
}

#[test]
fn reads_go_on_after_every_connection_was_cut() {
    let Some(world) = worlds().into_iter().find(|world| world.engine == "postgres") else { return };
    for _ in 0..3 {
        // Several at once, so that the pool holds several dead connections afterwards.
        let met = Barrier::new(3);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    // A read that runs again must not wait for the others again.
                    let mut waits = true;
                    world.store.read(|conn| {
                        if std::mem::take(&mut waits) {
                            met.wait();
                        }
                        notes(conn)
                    })
                });
            }
        });
        // The writer's is among them only the first time: nothing is written here.
        assert!(cut_every_connection(&world) >= 3);
        for _ in 0..6 {
            assert_eq!(world.store.read(notes).unwrap(), 0);
        }
    }
}

#[test]
fn writes_go_on_after_every_connection_was_cut() {
    let Some(world) = worlds().into_iter().find(|world| world.engine == "postgres") else { return };
    for round in 0..5 {
        let cut = world.store.read(|conn| {
            sql_query(
                "SELECT count(pg_terminate_backend(pid)) AS n FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            .get_result::<Count>(conn.db())
            .map(|count| count.n)
            .map_err(StoreError::from)
        });
        assert!(cut.unwrap() > 0);
        world.store.write("after", move |tx| note(tx, &format!("round {round}"))).unwrap();
    }
    let fresh = Store::open(world.settings, 1).unwrap();
    assert_eq!(fresh.read(notes).unwrap(), 5);
}

#[test]
fn one_alarm_is_open_per_kind_and_subject() {
    use super::alarms::{alarm_clear, alarm_list_open, alarm_raise};
    use crate::domain::alarm::{AlarmKind, NewAlarm};
    use crate::domain::ids::AlarmId;
    use crate::domain::time::Timestamp;
    let at = Timestamp::from_micros;
    let kind = AlarmKind::DutySilent;
    for world in worlds() {
        let raise = |salt: u8, subject: &str, now: i64| {
            let new = NewAlarm {
                id: AlarmId::new(at(now), [salt; 10]),
                kind,
                subject: subject.to_owned(),
                detail: format!("seen at {now}"),
            };
            let write = move |tx: &mut Tx| alarm_raise(tx, &new, at(now));
            world.store.write("raise", write).unwrap()
        };
        let clear = |subject: &'static str, now: i64| {
            let write = move |tx: &mut Tx| alarm_clear(tx, kind, subject, at(now));
            world.store.write("clear", write).unwrap()
        };
        assert!(raise(1, "escalate", 10));
        assert!(!raise(2, "escalate", 20), "it is open already");
        assert!(raise(3, "deliver", 30));
        let open = world.store.read(alarm_list_open).unwrap();
        assert_eq!(open.len(), 2);
        let first = open.first().unwrap();
        assert_eq!((first.raised_at, first.seen_at), (at(10), at(20)));
        assert_eq!(first.detail, "seen at 20");
        assert!(clear("escalate", 40));
        assert!(!clear("escalate", 50), "it is cleared already");
        assert!(raise(4, "escalate", 60), "cleared, it may come again");
        assert_eq!(world.store.read(alarm_list_open).unwrap().len(), 2);
    }
}

//! That a statement finds its rows by an index, on either engine.

use super::chase_by_hand::{hand_next_step, hand_reminded_at};
use super::deliveries::delivery_list_of_notice;
use super::ends::{
    end_find, message_cancel_of_notice, message_cancel_words, phoned_list_of_notice,
    told_list_of_notice, written_list_of_notice,
};
use super::engine::{builds_a_table, scans, statements};
use super::tests::worlds;
use super::{StoreError, Tx};
use crate::domain::ids::NoticeId;
use crate::domain::time::Timestamp;

/// There are millions of messages, and signatures wait for the write that ends a notice.
#[test]
fn who_was_told_of_a_notice_is_found_without_reading_all_messages() {
    let now = Timestamp::from_micros(1_795_456_920_000_000);
    let id = NoticeId::new(now, [7; 10]);
    for world in worlds() {
        let look = move |tx: &mut Tx| {
            let made = statements(tx, |tx| {
                message_cancel_of_notice(tx, id, "recall", now)?;
                message_cancel_words(tx, id, "recall", now)?;
                told_list_of_notice(tx, id)?;
                written_list_of_notice(tx, id)?;
                phoned_list_of_notice(tx, id)?;
                delivery_list_of_notice(tx, id)?;
                end_find(tx, id)?;
                hand_reminded_at(tx, id)?;
                hand_next_step(tx, id)?;
                Ok(())
            })?;
            assert!(made.len() >= 10, "{made:?}");
            for statement in &made {
                let scans = scans(tx, statement)?;
                assert!(scans.is_empty(), "{statement}\n{scans:#?}");
            }
            // It would tell of one that does.
            let all = "SELECT id FROM messages WHERE finished_why = 'x'";
            assert!(!scans(tx, all)?.is_empty());
            Ok::<_, StoreError>(())
        };
        world.store.write("test", look).unwrap();
    }
}

/// A check of three words or more in a list makes SQLite build and drop a table for each row.
#[test]
fn what_is_written_for_each_signature_builds_no_table_of_its_own() {
    for world in worlds() {
        let is_sqlite = world.store.engine_name() == "sqlite";
        let look = move |tx: &mut Tx| {
            for table in ["receipts (id)", "messages (id)", "events (id)", "event_personal (known)"]
            {
                let statement = format!("INSERT INTO {table} VALUES ('x')");
                assert!(!builds_a_table(tx, &statement)?, "{statement}");
            }
            // It would tell of one that does.
            let listed = "INSERT INTO contact_addresses (id) VALUES ('x')";
            assert_eq!(builds_a_table(tx, listed)?, is_sqlite);
            Ok::<_, StoreError>(())
        };
        world.store.write("test", look).unwrap();
    }
}

//! The ground the suite stands on: databases are separate, and no server is left behind.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, thread};

use diesel::{Connection as _, PgConnection, RunQueryDsl as _, sql_query};

use crate::support::engine::Engine;
use crate::support::pg::{self, Cluster, Durability};

#[test]
fn every_test_gets_a_database_of_its_own() {
    let engine = Engine::of_this_run();
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let Some(first) = engine.fresh_url(one.path(), |_| ()) else { return };
    let second = engine.fresh_url(two.path(), |_| ()).unwrap();
    assert_ne!(first, second);
    let scheme = if engine == Engine::Sqlite { "sqlite://" } else { "postgres://" };
    assert!(first.starts_with(scheme), "{first}");
}

#[test]
fn databases_are_copies_of_the_template_and_do_not_meet() {
    if Engine::of_this_run() != Engine::Postgres {
        return;
    }
    let Some(cluster) = Cluster::start(Durability::Volatile) else { return };
    cluster.template(|url| {
        run(url, "create table seen (who text)");
    });
    let (one, two) = (cluster.fresh_database(), cluster.fresh_database());
    run(&one, "insert into seen values ('one')");
    run(&two, "create table seen_too (who text)");
    assert_eq!(run(&one, "delete from seen"), 1);
    assert_eq!(run(&two, "delete from seen"), 0);
    cluster.drop_database(&one);
    assert!(PgConnection::establish(&one).is_err(), "{one} is still there");
}

#[test]
fn a_test_process_that_is_killed_leaves_no_server_behind() {
    if Engine::of_this_run() != Engine::Postgres || pg::cluster().is_none() {
        return;
    }
    let mut holder = Command::new(env::current_exe().unwrap())
        .args(["harness::holds_a_cluster_until_killed", "--exact", "--nocapture"])
        .env(HOLD, "yes")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(holder.stdout.take().unwrap()).lines().map_while(Result::ok);
    let folder: PathBuf = said
        .filter_map(|line| line.split_once(FOLDER).map(|(_, folder)| folder.into()))
        .next()
        .unwrap();
    let server = server_id(&folder);
    assert!(is_alive(&server), "the server should run while its owner does");
    holder.kill().unwrap();
    holder.wait().unwrap();
    let begun = Instant::now();
    while (folder.exists() || is_alive(&server)) && begun.elapsed() < Duration::from_secs(15) {
        thread::sleep(Duration::from_millis(20));
    }
    assert!(!folder.exists(), "{} is left behind", folder.display());
    assert!(!is_alive(&server), "the server is left behind");
}

const HOLD: &str = "QIANSHOU_TEST_HOLD_CLUSTER";
const FOLDER: &str = "cluster in ";

/// Not a test by itself: the process that the test above kills.
#[test]
fn holds_a_cluster_until_killed() {
    if env::var_os(HOLD).is_some() {
        let cluster = Cluster::start(Durability::Durable).unwrap();
        println!("{FOLDER}{}", cluster.folder().display());
        thread::sleep(Duration::from_secs(60));
    }
}

fn server_id(folder: &Path) -> String {
    let file = std::fs::read_to_string(folder.join("data/postmaster.pid")).unwrap();
    file.lines().next().unwrap().to_owned()
}

fn is_alive(server: &str) -> bool {
    Path::new("/proc").join(server).exists()
}

fn run(url: &str, sql: &str) -> usize {
    sql_query(sql).execute(&mut PgConnection::establish(url).unwrap()).unwrap()
}

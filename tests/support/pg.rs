//! A PostgreSQL to throw away: one cluster for a test process, one database for a test.
//!
//! The cluster belongs to a small shell that waits at a pipe from this process. When the process
//! ends, in whatever way, the pipe closes; the shell then stops the server and removes its
//! folder. PostgreSQL refuses to run as root, so as root the children run as nobody.
//!
//! Without PostgreSQL on the machine tests skip and say so; with `CI=true` that is a failure.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, Once, OnceLock};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use diesel::{Connection as _, PgConnection, RunQueryDsl as _, sql_query};

/// What becomes of a commit when the machine loses power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Nothing is synced: quick, for tests.
    Volatile,
    /// As in production: for crash programs and benches, which measure exactly this.
    Durable,
}

/// A running server. Dropping it stops the server and removes its folder.
pub(crate) struct Cluster {
    folder: PathBuf,
    port: u16,
    admin: Mutex<PgConnection>,
    template: Once,
    count: AtomicU32,
    keeper: Child,
}

/// Nobody, in every Debian.
const UNPRIVILEGED: u32 = 65534;
/// How long a server may take to answer first.
const READY_WITHIN: Duration = Duration::from_secs(30);
const TEMPLATE: &str = "migrated";
/// Owns the server: starts it, says its process id, waits for the pipe to close, stops it.
const KEEPER: &str = r#"
folder=$1; shift
"$@" >"$folder/log" 2>&1 & server=$!
echo "$server"
read -r _
kill -QUIT "$server"; wait "$server"
rm -rf "$folder"
"#;

/// The cluster of this process, started at the first call.
///
/// # Panics
/// The server does not start, or there is none and `CI=true`.
pub(crate) fn cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start(Durability::Volatile)).as_ref()
}

impl Cluster {
    /// Starts a server of its own; `None` when PostgreSQL is not installed.
    ///
    /// # Panics
    /// The server does not start, or there is none and `CI=true`.
    pub(crate) fn start(durability: Durability) -> Option<Self> {
        let Some(binaries) = find_binaries() else {
            let wanted = "PostgreSQL not found (initdb, postgres): install it (Debian: postgresql)\
                          , or set TEST_PG_BIN to the folder of its programs";
            assert!(env::var_os("CI").is_none_or(|ci| ci != "true"), "{wanted}");
            eprintln!("SKIPPED: {wanted}");
            return None;
        };
        // the port is free now and may be taken a moment later: then once more, from the start
        (0..5)
            .find_map(|_| Self::try_start(&binaries, durability))
            .map_or_else(|| panic!("PostgreSQL in {} does not start", binaries.display()), Some)
    }

    fn try_start(binaries: &Path, durability: Durability) -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("qianshou-pg-").tempdir().unwrap().keep();
        if is_root() {
            chown(&folder, Some(UNPRIVILEGED), Some(UNPRIVILEGED)).unwrap();
        }
        initialise(binaries, &folder);
        let port = free_port();
        let keeper = keep(binaries, &folder, port, durability);
        let Some(admin) = connect(port, &folder) else {
            eprintln!("{}", fs::read_to_string(folder.join("log")).unwrap_or_default());
            stop(keeper);
            return None;
        };
        let (admin, template, count) = (Mutex::new(admin), Once::new(), AtomicU32::new(0));
        Some(Self { folder, port, admin, template, count, keeper })
    }

    /// Fills the template that later databases are copied from, once. `migrate` gets its URL and
    /// must have closed its connections when it returns.
    pub(crate) fn template(&self, migrate: impl FnOnce(&str)) {
        self.template.call_once(|| {
            self.run(&format!("create database {TEMPLATE}"));
            migrate(&self.url(TEMPLATE));
        });
    }

    /// URL of a new database: a copy of the template if there is one, else empty.
    pub(crate) fn fresh_database(&self) -> String {
        let name = format!("t{}", self.count.fetch_add(1, Ordering::Relaxed));
        let from = if self.template.is_completed() { TEMPLATE } else { "template1" };
        self.run(&format!("create database {name} template {from}"));
        self.url(&name)
    }

    /// Removes a database that `fresh_database` gave, whoever is still connected.
    pub(crate) fn drop_database(&self, url: &str) {
        let name = url.rsplit('/').next().unwrap();
        self.run(&format!("drop database if exists {name} with (force)"));
    }

    /// Where the server keeps its files.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn url(&self, database: &str) -> String {
        url(self.port, database)
    }

    fn run(&self, sql: &str) {
        let mut admin = self.admin.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        sql_query(sql).execute(&mut *admin).unwrap();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        self.keeper.wait().ok();
    }
}

fn url(port: u16, database: &str) -> String {
    format!("postgres://postgres@127.0.0.1:{port}/{database}")
}

/// The folder that holds `initdb` and `postgres`: `TEST_PG_BIN`, the search path, Debian's.
fn find_binaries() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> =
        env::var_os("TEST_PG_BIN").map(PathBuf::from).into_iter().collect();
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|it| Some((it.file_name().to_str()?.parse().ok()?, it.path().join("bin"))))
        .collect();
    versions.sort();
    folders.extend(versions.into_iter().rev().map(|(_, folder)| folder));
    folders.into_iter().find(|it| it.join("initdb").is_file() && it.join("postgres").is_file())
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

fn command(program: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null());
    if is_root() {
        command.uid(UNPRIVILEGED).gid(UNPRIVILEGED);
    }
    command
}

fn initialise(binaries: &Path, folder: &Path) {
    let output = command(binaries.join("initdb"), folder)
        .args(["-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-U", "postgres", "--no-sync"])
        .arg("-D")
        .arg(folder.join("data"))
        .output()
        .unwrap();
    assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn keep(binaries: &Path, folder: &Path, port: u16, durability: Durability) -> Child {
    let mut keeper = command("sh", folder);
    keeper.args(["-c", KEEPER, "keeper"]).arg(folder);
    keeper.arg(binaries.join("postgres")).arg("-D").arg(folder.join("data"));
    keeper.args(["-h", "127.0.0.1", "-k", "", "-p", &port.to_string()]);
    keeper.args(["-c", "max_connections=200", "-c", "timezone=UTC"]);
    if durability == Durability::Volatile {
        for setting in ["fsync", "synchronous_commit", "full_page_writes", "autovacuum"] {
            keeper.arg("-c").arg(format!("{setting}=off"));
        }
    }
    // a group of its own: Ctrl-C at the terminal must not end the keeper before its work
    let mut keeper = keeper
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut server = String::new();
    BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut server).unwrap();
    keeper
}

fn stop(mut keeper: Child) {
    drop(keeper.stdin.take());
    keeper.wait().unwrap();
}

fn connect(port: u16, folder: &Path) -> Option<PgConnection> {
    let begun = Instant::now();
    while begun.elapsed() < READY_WITHIN {
        if let Ok(connection) = PgConnection::establish(&url(port, "postgres")) {
            return Some(connection);
        }
        if !folder.join("data/postmaster.pid").exists() && begun.elapsed() > Duration::from_secs(2)
        {
            return None;
        }
        thread::sleep(Duration::from_millis(20));
    }
    None
}

//! The real server as a child process that can be killed at any instruction.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::ground::Ground;

pub(crate) struct ServerProcess {
    child: Child,
}

impl ServerProcess {
    /// Starts `qianshou serve`; does not wait for it, so that a kill can hit its start as well.
    pub(crate) fn start(ground: &Ground) -> Self {
        Self::start_with(ground, &ground.config_file())
    }

    /// The same with another file of settings: a second server over the same database.
    pub(crate) fn start_with(ground: &Ground, config: &Path) -> Self {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(ground.folder().join("server.log"))
            .unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_qianshou"))
            .arg("serve")
            .arg("--config")
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child }
    }

    /// Waits until somebody can ask it something.
    pub(crate) fn until_it_listens(&self, ground: &Ground) {
        let patience = Instant::now() + Duration::from_secs(30);
        while !listens(ground.server()) {
            assert!(Instant::now() < patience, "nobody listens after 30 s");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// SIGSTOP, or SIGCONT: the process stands still in whatever it does, and goes on.
    pub(crate) fn signal(&self, signal: &str) {
        let told = Command::new("kill").arg(signal).arg(self.child.id().to_string()).status();
        assert!(told.unwrap().success());
    }

    /// SIGKILL: nothing runs after this, no handler, no flush.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and an orderly end within the time the product promises.
    pub(crate) fn stop(mut self) {
        let told = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status();
        assert!(told.unwrap().success());
        let patience = Instant::now() + Duration::from_secs(25);
        while Instant::now() < patience {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(status.success(), "the server ended with {status}");
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        self.child.kill().unwrap();
        panic!("the server did not stop within 25 s");
    }
}

/// Whether somebody listens there.
pub(crate) fn listens(server: SocketAddr) -> bool {
    TcpStream::connect_timeout(&server, Duration::from_millis(200)).is_ok()
}

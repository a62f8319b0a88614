//! A wire between a server and its database that can go dead: nothing passes any more, in either
//! direction, and nobody is told. At once, or just before a commit of a certain kind.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

#[derive(Default)]
struct Wire {
    dead: AtomicBool,
    /// The wire goes dead when a transaction that had these words is about to be committed.
    trap: Mutex<Option<&'static str>>,
    cut_at: Mutex<Option<Instant>>,
}

impl Wire {
    fn cut(&self) {
        self.dead.store(true, Ordering::SeqCst);
        let mut at = self.cut_at.lock().unwrap_or_else(PoisonError::into_inner);
        at.get_or_insert_with(Instant::now);
    }

    fn wait_while_dead(&self) {
        while self.dead.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Listens beside a database and passes everything on until it is cut.
pub(crate) struct Proxy {
    wire: Arc<Wire>,
    address: SocketAddr,
}

impl Proxy {
    /// In front of what listens at this port of this machine.
    pub(crate) fn before(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let wire = Arc::new(Wire::default());
        let shared = Arc::clone(&wire);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { continue };
                let ends = [client.try_clone(), server.try_clone()].map(Result::unwrap);
                let [client_again, server_again] = ends;
                let (to, back) = (Arc::clone(&shared), Arc::clone(&shared));
                thread::spawn(move || pass(client, server, &to, true));
                thread::spawn(move || pass(server_again, client_again, &back, false));
            }
        });
        Self { wire, address }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn cut(&self) {
        self.wire.cut();
    }

    /// Cuts just before the next commit of a transaction in which these words were said.
    pub(crate) fn cut_at_commit_of(&self, words: &'static str) {
        *self.wire.trap.lock().unwrap_or_else(PoisonError::into_inner) = Some(words);
    }

    /// When it was cut.
    pub(crate) fn cut_since(&self) -> Option<Instant> {
        *self.wire.cut_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, wire: &Wire, asks: bool) {
    let mut chunk = [0u8; 16 * 1024];
    let mut said = false;
    while let Ok(count) = from.read(&mut chunk) {
        if count == 0 {
            break;
        }
        let trap = *wire.trap.lock().unwrap_or_else(PoisonError::into_inner);
        if let (true, Some(words)) = (asks, trap) {
            let text = String::from_utf8_lossy(&chunk[..count]);
            if said && text.contains("COMMIT") {
                wire.cut();
            }
            said = (said || text.contains(words)) && !text.contains("COMMIT");
        }
        wire.wait_while_dead();
        if to.write_all(&chunk[..count]).is_err() {
            break;
        }
    }
    // An end is news too, and does not pass a dead wire.
    wire.wait_while_dead();
    drop(to.shutdown(std::net::Shutdown::Both));
}

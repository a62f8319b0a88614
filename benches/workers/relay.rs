//! A relay that takes everything, at once or with the delay of a real one, and notes when.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Who got a mail, and when the relay had answered for it.
type Log = Arc<Mutex<Vec<(String, Instant)>>>;

/// A running relay. It ends with the program.
pub(crate) struct Relay {
    port: u16,
    log: Log,
}

impl Relay {
    /// On a free port of this machine; each answer comes after one `delay`.
    pub(crate) fn start(delay: Duration) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let log = Log::default();
        let shared = Arc::clone(&log);
        thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let log = Arc::clone(&shared);
                // a sender that hangs up is no failure
                thread::spawn(move || serve(socket, delay, &log).ok());
            }
        });
        Ok(Self { port, log })
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// How many mails it has taken.
    pub(crate) fn count(&self) -> usize {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Forgets what it took, and hands it out.
    pub(crate) fn drain(&self) -> Vec<(String, Instant)> {
        std::mem::take(&mut *self.log.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn serve(mut socket: TcpStream, delay: Duration, log: &Log) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    socket.write_all(b"220 relay ESMTP\r\n")?;
    let (mut inbox, mut chunk) = (Vec::new(), [0u8; 64 * 1024]);
    let (mut in_body, mut recipient) = (false, String::new());
    loop {
        let count = socket.read(&mut chunk)?;
        if count == 0 {
            return Ok(());
        }
        inbox.extend_from_slice(&chunk[..count]);
        let (mut answer, mut taken, mut from) = (Vec::new(), Vec::new(), 0);
        loop {
            if in_body {
                let Some(end) = find(&inbox[from..], b"\r\n.\r\n") else { break };
                from += end + 5;
                in_body = false;
                answer.extend_from_slice(b"250 2.0.0 taken\r\n");
                taken.push(std::mem::take(&mut recipient));
                continue;
            }
            let Some(end) = find(&inbox[from..], b"\r\n") else { break };
            let line = &inbox[from..from + end];
            from += end + 2;
            match line.get(..4).unwrap_or(line) {
                b"EHLO" => answer.extend_from_slice(b"250-relay\r\n250 PIPELINING\r\n"),
                b"RCPT" => {
                    let text = String::from_utf8_lossy(line);
                    let inside = text.split(['<', '>']).nth(1).unwrap_or_default();
                    recipient = inside.to_owned();
                    answer.extend_from_slice(b"250 2.1.5 ok\r\n");
                }
                b"DATA" => {
                    in_body = true;
                    answer.extend_from_slice(b"354 go on\r\n");
                }
                b"QUIT" => return socket.write_all(b"221 2.0.0 bye\r\n"),
                _ => answer.extend_from_slice(b"250 2.0.0 ok\r\n"),
            }
        }
        // A body that has not ended is looked at again from just before its newest bytes.
        inbox.drain(..from);
        if answer.is_empty() {
            continue;
        }
        if !delay.is_zero() {
            thread::sleep(delay);
        }
        socket.write_all(&answer)?;
        let now = Instant::now();
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        log.extend(taken.into_iter().map(|to| (to, now)));
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|some| some == what)
}

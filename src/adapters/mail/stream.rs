//! The wire: a socket, plain or under TLS, on which every read and write ends by a deadline, and
//! the framing of replies.
//!
//! Deadlines are absolute instants, so a server that drips one byte a second gains nothing.
//! Refused: replies that are too long, bare LF, or that lettre's grammar does not know.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use lettre::transport::smtp::response::Response;
use rustix::net::sockopt::set_socket_send_buffer_size;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::compose::one_line;
use crate::domain::message::Happening;

/// Longest reply, all its lines together.
const REPLY_OCTETS_MAX: usize = 16 * 1024;
/// Longest reply text kept for people.
const REPLY_CHARS_KEPT: usize = 300;

/// What the system may hold of a mail that the server has not taken. Left to itself it holds
/// megabytes, and a mail that a stalled server never saw would look written to its last dot:
/// uncertain, where it was surely not sent.
const SEND_BUFFER_OCTETS: usize = 128 * 1024;

/// A well-formed reply.
pub(super) struct Reply {
    pub(super) code: u16,
    pub(super) text: String,
    pub(super) response: Response,
}

impl From<Reply> for Happening {
    fn from(reply: Reply) -> Self {
        Self::Reply { code: reply.code, text: reply.text }
    }
}

/// A socket whose every call ends by `deadline`.
struct TimedSocket {
    socket: TcpStream,
    deadline: Instant,
}

impl TimedSocket {
    fn remaining(&self) -> io::Result<Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        // A timeout of zero means "for ever" to the socket.
        if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

impl Read for TimedSocket {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket.set_read_timeout(Some(self.remaining()?))?;
        self.socket.read(buf)
    }
}

impl Write for TimedSocket {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.socket.set_write_timeout(Some(self.remaining()?))?;
        self.socket.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

enum Link {
    Plain(TimedSocket),
    Tls(Box<StreamOwned<ClientConnection, TimedSocket>>),
}

/// A connection and what was read from it but not yet understood.
pub(super) struct Wire {
    link: Link,
    inbox: Vec<u8>,
}

impl Wire {
    /// Opens a plain connection to the first address that answers.
    pub(super) fn connect(
        host: &str,
        port: u16,
        loopback_only: bool,
        deadline: Instant,
    ) -> Result<Self, Happening> {
        let mut last = Happening::Unreachable(format!("{host} has no address"));
        for address in resolve(host, port, deadline)? {
            if loopback_only && !address.ip().is_loopback() {
                last = Happening::NotOffered(format!("{host} is not this machine: use TLS"));
                continue;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Happening::Timeout);
            }
            match TcpStream::connect_timeout(&address, left) {
                Ok(socket) => {
                    socket.set_nodelay(true).map_err(|error| happening_of(&error))?;
                    set_socket_send_buffer_size(&socket, SEND_BUFFER_OCTETS)
                        .map_err(|error| happening_of(&error.into()))?;
                    let link = Link::Plain(TimedSocket { socket, deadline });
                    return Ok(Self { link, inbox: Vec::new() });
                }
                Err(error) if is_timeout(&error) => last = Happening::Timeout,
                Err(error) => last = Happening::Unreachable(format!("{address}: {error}")),
            }
        }
        Err(last)
    }

    /// Puts TLS over the connection, with the server's name verified.
    ///
    /// Bytes that were sent before the handshake would be read as replies after it, so anything
    /// already here ends the connection.
    pub(super) fn into_tls(
        self,
        config: &Arc<ClientConfig>,
        host: &str,
        deadline: Instant,
    ) -> Result<Self, Happening> {
        if self.has_leftovers() {
            return Err(Happening::Garbled("the server spoke before the TLS handshake".into()));
        }
        let Link::Plain(mut socket) = self.link else {
            return Err(Happening::Garbled("TLS is already on".into()));
        };
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| Happening::BadCertificate(format!("{host} cannot be in a certificate")))?;
        let mut session = ClientConnection::new(Arc::clone(config), name)
            .map_err(|error| Happening::Garbled(error.to_string()))?;
        socket.deadline = deadline;
        while session.is_handshaking() {
            session.complete_io(&mut socket).map_err(|error| happening_of(&error))?;
        }
        let link = Link::Tls(Box::new(StreamOwned::new(session, socket)));
        Ok(Self { link, inbox: Vec::new() })
    }

    /// Writes everything, down to the socket.
    pub(super) fn write(&mut self, bytes: &[u8], deadline: Instant) -> Result<(), Happening> {
        self.set_deadline(deadline);
        let stream: &mut dyn Write = match &mut self.link {
            Link::Plain(socket) => socket,
            Link::Tls(stream) => stream,
        };
        stream.write_all(bytes).and_then(|()| stream.flush()).map_err(|error| happening_of(&error))
    }

    /// Reads one whole reply; what comes after it stays for the next call.
    pub(super) fn reply(&mut self, deadline: Instant) -> Result<Reply, Happening> {
        self.set_deadline(deadline);
        loop {
            if let Some(end) = end_of_reply(&self.inbox)? {
                let frame: Vec<u8> = self.inbox.drain(..end).collect();
                return parse(&frame);
            }
            if self.inbox.len() > REPLY_OCTETS_MAX {
                return Err(Happening::Garbled("the reply does not end".into()));
            }
            let mut chunk = [0u8; 4096];
            let stream: &mut dyn Read = match &mut self.link {
                Link::Plain(socket) => socket,
                Link::Tls(stream) => stream,
            };
            match stream.read(&mut chunk) {
                Ok(0) => return Err(Happening::Cut),
                Ok(count) => self.inbox.extend(chunk.iter().take(count)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(happening_of(&error)),
            }
        }
    }

    /// Whether something was read that no command asked for.
    pub(super) fn has_leftovers(&self) -> bool {
        !self.inbox.is_empty()
    }

    /// Whether the connection lies still and open, as it must between two mails.
    pub(super) fn is_quiet(&mut self) -> bool {
        if self.has_leftovers() {
            return false;
        }
        match &mut self.link {
            Link::Plain(socket) => {
                let looked = unblocked(&socket.socket, |socket| socket.peek(&mut [0u8; 1]));
                matches!(looked, Err(error) if error.kind() == ErrorKind::WouldBlock)
            }
            Link::Tls(stream) => {
                let StreamOwned { conn, sock } = stream.as_mut();
                let looked = unblocked(&sock.socket, |mut socket| conn.read_tls(&mut socket));
                match looked {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(_) | Ok(0) => return false,
                    Ok(_) => {}
                }
                // Session tickets may have come; replies and farewells may not.
                conn.process_new_packets().is_ok_and(|state| {
                    state.plaintext_bytes_to_read() == 0 && !state.peer_has_closed()
                })
            }
        }
    }

    /// Says good-bye without waiting for an answer.
    pub(super) fn farewell(&mut self, command: &str, deadline: Instant) {
        let _ = self.write(command.as_bytes(), deadline);
        if let Link::Tls(stream) = &mut self.link {
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    }

    fn set_deadline(&mut self, deadline: Instant) {
        match &mut self.link {
            Link::Plain(socket) => socket.deadline = deadline,
            Link::Tls(stream) => stream.sock.deadline = deadline,
        }
    }
}

fn unblocked<T>(
    socket: &TcpStream,
    look: impl FnOnce(&TcpStream) -> io::Result<T>,
) -> io::Result<T> {
    socket.set_nonblocking(true)?;
    let looked = look(socket);
    socket.set_nonblocking(false)?;
    looked
}

/// The system's resolver knows no deadline, so it runs on a thread that may be left behind.
fn resolve(host: &str, port: u16, deadline: Instant) -> Result<Vec<SocketAddr>, Happening> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let (answer, wait) = mpsc::channel();
    let name = host.to_owned();
    thread::Builder::new()
        .name("mail-resolve".to_owned())
        .spawn(move || {
            let found = (name.as_str(), port).to_socket_addrs().map(Iterator::collect);
            // Nobody listens any more after the deadline.
            let _ = answer.send(found);
        })
        .map_err(|error| Happening::Unreachable(format!("no thread to resolve {host}: {error}")))?;
    match wait.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        Ok(Ok(addresses)) => Ok(addresses),
        Ok(Err(error)) => Err(Happening::Unreachable(format!("{host} does not resolve: {error}"))),
        Err(_) => Err(Happening::Timeout),
    }
}

fn is_timeout(error: &io::Error) -> bool {
    // A blocking socket reports its timeout as WouldBlock on Unix, TimedOut elsewhere.
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn happening_of(error: &io::Error) -> Happening {
    if is_timeout(error) {
        return Happening::Timeout;
    }
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(bad @ rustls::Error::InvalidCertificate(_)) => {
            Happening::BadCertificate(bad.to_string())
        }
        Some(other) => Happening::Garbled(other.to_string()),
        None => Happening::Cut,
    }
}

/// Where the first reply in `inbox` ends, if it is all there.
fn end_of_reply(inbox: &[u8]) -> Result<Option<usize>, Happening> {
    let mut end = 0;
    for line in inbox.split_inclusive(|byte| *byte == b'\n') {
        if line.last() != Some(&b'\n') {
            return Ok(None);
        }
        let Some(content) = line.strip_suffix(b"\r\n") else {
            return Err(Happening::Garbled("a reply line does not end with CRLF".into()));
        };
        end += line.len();
        if !content.get(..3).is_some_and(|code| code.iter().all(u8::is_ascii_digit)) {
            return Err(Happening::Garbled("a reply line has no code".into()));
        }
        match content.get(3) {
            Some(b'-') => {}
            Some(b' ') | None => return Ok(Some(end)),
            Some(_) => return Err(Happening::Garbled("a reply line has no code".into())),
        }
    }
    Ok(None)
}

fn parse(frame: &[u8]) -> Result<Reply, Happening> {
    // Replies in GBK are common and their words are for people only.
    let mut text = String::from_utf8_lossy(frame).into_owned();
    // RFC 5321 §4.2 asks clients to take a code without text; lettre's grammar wants the space.
    if let Some(start) = text.strip_suffix("\r\n")
        && start.rsplit("\r\n").next().is_some_and(|line| line.len() == 3)
    {
        text = format!("{start} \r\n");
    }
    let response: Response =
        text.parse().map_err(|_| Happening::Garbled("the reply has no known form".into()))?;
    let code = u16::from(response.code());
    let words: Vec<&str> = response.message().collect();
    let text = one_line(&format!("{code} {}", words.join(" ")), REPLY_CHARS_KEPT);
    Ok(Reply { code, text, response })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply_of(bytes: &[u8]) -> Result<Option<(u16, String)>, Happening> {
        let Some(end) = end_of_reply(bytes)? else { return Ok(None) };
        parse(&bytes[..end]).map(|reply| Some((reply.code, reply.text)))
    }

    #[test]
    fn replies_are_framed_by_their_last_line() {
        assert_eq!(reply_of(b"250-a\r\n250-b\r\n"), Ok(None));
        assert_eq!(reply_of(b"250 o"), Ok(None));
        let two = reply_of(b"250-a\r\n250 b\r\n354 next\r\n");
        assert_eq!(two, Ok(Some((250, "250 a b".to_owned()))));
        assert_eq!(reply_of(b"250\r\n"), Ok(Some((250, "250".to_owned()))));
        let gbk = reply_of(b"550 \xd3\xc3\xbb\xa7\r\n").expect("framed").expect("whole");
        assert_eq!(gbk.0, 550);
    }

    #[test]
    fn what_is_no_reply_is_garbled() {
        for bad in
            ["hello\r\n", "250 ok\n", "25\r\n", "250x\r\n", "250-a\r\n251 b\r\n", "999 x\r\n"]
        {
            assert!(matches!(reply_of(bad.as_bytes()), Err(Happening::Garbled(_))), "{bad:?}");
        }
    }
}

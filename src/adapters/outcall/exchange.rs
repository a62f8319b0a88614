//! The wire of one call: TLS where there must be, the request written, the answer read, all of it
//! by one deadline.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::reply::{HttpReply, parse_reply};
use super::{CallFault, REPLY_OCTETS_MAX, Request};
use crate::domain::address::WebhookUrl;

/// A socket whose every call ends by the deadline.
struct Timed {
    socket: TcpStream,
    deadline: Instant,
}

impl Timed {
    fn left(&self) -> io::Result<std::time::Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        // A timeout of zero means "for ever" to the socket.
        if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

impl Read for Timed {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket.set_read_timeout(Some(self.left()?))?;
        self.socket.read(buf)
    }
}

impl Write for Timed {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.socket.set_write_timeout(Some(self.left()?))?;
        self.socket.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

trait Wire: Read + Write {}
impl<T: Read + Write> Wire for T {}

/// Runs one request over a fresh connection.
pub(super) fn exchange(
    socket: TcpStream,
    url: &WebhookUrl,
    tls: &Arc<ClientConfig>,
    request: &Request<'_>,
    deadline: Instant,
) -> Result<HttpReply, CallFault> {
    let mut socket = Timed { socket, deadline };
    let mut wire: Box<dyn Wire> = if url.is_secure() {
        Box::new(under_tls(&mut socket, url, tls).map(|session| StreamOwned::new(session, socket))?)
    } else {
        Box::new(socket)
    };
    let sent = wire.write_all(&written(url, request)).and_then(|()| wire.flush());
    sent.map_err(|error| CallFault::Unknown(format!("broken off while sending: {error}")))?;
    read_reply(wire.as_mut())
}

fn under_tls(
    socket: &mut Timed,
    url: &WebhookUrl,
    tls: &Arc<ClientConfig>,
) -> Result<ClientConnection, CallFault> {
    let name = ServerName::try_from(url.host().to_owned())
        .map_err(|_| CallFault::BadCertificate("the host cannot be in a certificate".into()))?;
    let mut session = ClientConnection::new(Arc::clone(tls), name)
        .map_err(|error| CallFault::NotSent(error.to_string()))?;
    while session.is_handshaking() {
        session.complete_io(socket).map_err(|error| {
            match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                Some(bad @ rustls::Error::InvalidCertificate(_)) => {
                    CallFault::BadCertificate(bad.to_string())
                }
                _ => CallFault::NotSent(format!("no TLS: {error}")),
            }
        })?;
    }
    Ok(session)
}

fn written(url: &WebhookUrl, request: &Request<'_>) -> Vec<u8> {
    let mut head = format!(
        "{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nUser-Agent: qianshou\r\n\
         Content-Length: {}\r\n",
        request.method,
        request.path,
        url.authority(),
        request.body.len()
    );
    for (name, value) in request.headers {
        // A header that is not one line would be two.
        if !value.contains(['\r', '\n']) && !name.contains([':', '\r', '\n', ' ']) {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    head.push_str("\r\n");
    [head.as_bytes(), request.body].concat()
}

/// Reads until the answer is whole, the other side ends, or it is too long.
fn read_reply(wire: &mut dyn Wire) -> Result<HttpReply, CallFault> {
    let unknown = |why: &str| CallFault::Unknown(why.to_owned());
    let mut got = Vec::new();
    let mut buf = [0u8; 4096];
    loop {
        match wire.read(&mut buf) {
            Ok(0) => return parse_reply(&got, true).ok_or_else(|| unknown("the answer is cut")),
            Ok(count) => got.extend_from_slice(buf.get(..count).unwrap_or_default()),
            // The other side hung up without a word of TLS; what came may be whole all the same.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                return parse_reply(&got, true).ok_or_else(|| unknown("the answer is cut"));
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Err(unknown("no answer in time"));
            }
            Err(error) => return Err(CallFault::Unknown(format!("the answer broke off: {error}"))),
        }
        if let Some(reply) = parse_reply(&got, false) {
            return Ok(reply);
        }
        if got.len() > REPLY_OCTETS_MAX {
            return Err(unknown("the answer is too long"));
        }
    }
}

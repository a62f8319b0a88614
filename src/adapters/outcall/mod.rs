//! One HTTP request to a system that is not ours: to exactly the address that was judged, under
//! TLS with the name verified, once, within a few seconds, with a bounded answer.
//!
//! Refused: redirects, another connection for a second try, anything the guard forbids.

mod exchange;
mod guard;
mod reply;

use std::fmt;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rustls::ClientConfig;

use crate::adapters::mail::MailError;
use crate::adapters::mail::trusted;
use crate::domain::address::WebhookUrl;
pub use guard::{Place, place_of};
pub use reply::HttpReply;

/// From the call to the answer.
pub const CALL_WITHIN: Duration = Duration::from_secs(5);
/// Largest answer that is read.
pub const REPLY_OCTETS_MAX: usize = 64 * 1024;

/// Finds the addresses of a name.
pub trait Resolver: Send + Sync {
    /// All of them, or what the system said.
    ///
    /// # Errors
    /// What the system said.
    fn resolve(&self, host: &str, port: u16) -> std::io::Result<Vec<SocketAddr>>;
}

/// The system's own.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve(&self, host: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
        (host, port).to_socket_addrs().map(Iterator::collect)
    }
}

/// What may be called.
#[derive(Debug, Clone)]
pub struct CallRules {
    /// The only ports.
    pub ports: Vec<u16>,
    /// The only hosts; empty: all.
    pub hosts: Vec<String>,
    /// Hosts that may lie in an internal network.
    pub internal_hosts: Vec<String>,
    /// Whether this machine itself may be called, and then without TLS.
    pub plain_loopback: bool,
}

impl Default for CallRules {
    fn default() -> Self {
        Self { ports: vec![443], hosts: vec![], internal_hosts: vec![], plain_loopback: false }
    }
}

/// One request.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// `POST`, `GET`.
    pub method: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// Further headers, each clean.
    pub headers: &'a [(String, String)],
    /// Body.
    pub body: &'a [u8],
}

/// Why there is no answer. How far it got decides what that means.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallFault {
    /// The rules forbid it; nothing was sent, nobody was called.
    #[error("not allowed: {0}")]
    Forbidden(String),
    /// Nobody was reached, or nothing was sent.
    #[error("{0}")]
    NotSent(String),
    /// The certificate does not verify for the name.
    #[error("{0}")]
    BadCertificate(String),
    /// It was sent, at least in part, and there is no good answer.
    #[error("{0}")]
    Unknown(String),
}

/// Calls systems that are not ours.
#[derive(Clone)]
pub struct Caller {
    tls: Arc<ClientConfig>,
    resolver: Arc<dyn Resolver>,
    rules: CallRules,
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl Caller {
    /// A caller that trusts the system's authorities and those of a file.
    ///
    /// # Errors
    /// No authority is known, or the file cannot be used.
    pub fn new(rules: CallRules, extra_ca: Option<&std::path::Path>) -> Result<Self, MailError> {
        Ok(Self { tls: trusted(extra_ca)?, resolver: Arc::new(SystemResolver), rules })
    }

    /// The same with another way to find addresses.
    #[must_use]
    pub fn resolving_by(self, resolver: Arc<dyn Resolver>) -> Self {
        Self { resolver, ..self }
    }

    /// Sends one request and reads its answer.
    ///
    /// # Errors
    /// How far it got, and why no further.
    pub fn call(&self, url: &WebhookUrl, request: &Request<'_>) -> Result<HttpReply, CallFault> {
        let deadline = Instant::now() + CALL_WITHIN;
        let address = self.judged_address(url, deadline)?;
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(CallFault::NotSent("no time was left to connect".to_owned()));
        }
        let socket = TcpStream::connect_timeout(&address, left)
            .map_err(|error| CallFault::NotSent(format!("no connection: {error}")))?;
        exchange::exchange(socket, url, &self.tls, request, deadline)
    }

    /// The one address to connect to; all that the name has must be allowed.
    fn judged_address(&self, url: &WebhookUrl, deadline: Instant) -> Result<SocketAddr, CallFault> {
        let forbidden = |why: String| Err(CallFault::Forbidden(why));
        let (host, port) = (url.host(), url.port());
        if !self.rules.hosts.is_empty() && !self.rules.hosts.iter().any(|known| known == host) {
            return forbidden(format!("{host} is not among the hosts that may be called"));
        }
        let literal: Option<IpAddr> = host.parse().ok();
        let found = match literal {
            Some(address) => vec![SocketAddr::new(address, port)],
            None => self.resolve_within(host, port, deadline)?,
        };
        for address in &found {
            match place_of(address.ip()) {
                Place::Loopback if self.rules.plain_loopback => continue,
                Place::Public => {}
                Place::Internal if self.rules.internal_hosts.iter().any(|one| one == host) => {}
                place => return forbidden(format!("{host} leads to a {place:?} address")),
            }
            if !url.is_secure() {
                return forbidden("without TLS only this machine may be called".to_owned());
            }
            if !self.rules.ports.contains(&port) {
                return forbidden(format!("port {port} may not be called"));
            }
        }
        let none = || CallFault::NotSent(format!("{host} has no address"));
        found.first().copied().ok_or_else(none)
    }

    /// The system may take long to answer, and cannot be told how long it has.
    fn resolve_within(
        &self,
        host: &str,
        port: u16,
        deadline: Instant,
    ) -> Result<Vec<SocketAddr>, CallFault> {
        let (tell, told) = mpsc::channel();
        let (resolver, name) = (Arc::clone(&self.resolver), host.to_owned());
        let asked = thread::Builder::new()
            .name("resolve".to_owned())
            .spawn(move || drop(tell.send(resolver.resolve(&name, port))));
        if let Err(error) = asked {
            return Err(CallFault::NotSent(format!("no thread to resolve {host}: {error}")));
        }
        match told.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) => Err(CallFault::NotSent(format!("{host} does not resolve: {error}"))),
            Err(_) => Err(CallFault::NotSent(format!("{host} did not resolve in time"))),
        }
    }
}

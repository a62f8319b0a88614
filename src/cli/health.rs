//! `qianshou health`: asks the server of this installation how it is, for health checks of
//! containers that have no tools.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, bail};

use super::{HealthQuestion, Report};
use crate::config::Config;

/// Longer than the server itself waits for a round of its duties.
const WITHIN: Duration = Duration::from_secs(15);

/// Asks the server that listens where the settings say.
pub(super) fn health(config: &Config, question: HealthQuestion) -> anyhow::Result<Report> {
    let address = reachable(config.listen);
    let host = config.public_url.origin();
    let host = host.split_once("://").map_or(host, |(_, host)| host);
    let mut line = TcpStream::connect_timeout(&address, WITHIN)
        .with_context(|| format!("nobody answers at {address}"))?;
    line.set_read_timeout(Some(WITHIN))?;
    line.set_write_timeout(Some(WITHIN))?;
    let path = question.path();
    write!(line, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    let mut heard = Vec::new();
    line.take(16_384).read_to_end(&mut heard)?;
    let heard = String::from_utf8_lossy(&heard);
    let (head, body) = heard.split_once("\r\n\r\n").unwrap_or((&heard, ""));
    let status = head.split_whitespace().nth(1).unwrap_or("no status");
    if status != "200" {
        bail!("{path} answers {status}: {}", body.trim());
    }
    Ok(Report::done("ok\n".to_owned()))
}

/// An address that means "all of mine" is asked at this machine's own.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let own = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(own, listen.port())
}

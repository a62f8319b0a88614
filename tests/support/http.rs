//! The smallest browser that can follow a link and post a form: one request a connection, so
//! that a server killed in between leaves nothing half open.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) body: String,
}

/// A browser with its cookies.
pub(crate) struct Browser {
    server: SocketAddr,
    host: String,
    cookies: BTreeMap<String, String>,
    patience: Duration,
}

impl Browser {
    /// A browser without cookies that will ask `server`, whose public name is `host`.
    pub(crate) fn new(server: SocketAddr, host: &str) -> Self {
        let patience = Duration::from_secs(10);
        Self { server, host: host.to_owned(), cookies: BTreeMap::new(), patience }
    }

    pub(crate) fn get(&mut self, path: &str) -> io::Result<Answer> {
        self.ask("GET", path, "")
    }

    pub(crate) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> io::Result<Answer> {
        let body: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        self.ask("POST", path, &body.join("&"))
    }

    fn ask(&mut self, method: &str, path: &str, body: &str) -> io::Result<Answer> {
        let mut stream = TcpStream::connect_timeout(&self.server, self.patience)?;
        stream.set_read_timeout(Some(self.patience))?;
        stream.set_write_timeout(Some(self.patience))?;
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\
             Sec-Fetch-Site: same-origin\r\n",
            self.host
        );
        if !cookies.is_empty() {
            let _ = write!(request, "Cookie: {}\r\n", cookies.join("; "));
        }
        if method == "POST" {
            let _ = write!(
                request,
                "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
                body.len()
            );
        }
        request.push_str("\r\n");
        request.push_str(body);
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        self.read(&String::from_utf8_lossy(&answer))
    }

    fn read(&mut self, text: &str) -> io::Result<Answer> {
        let cut = || io::Error::new(io::ErrorKind::UnexpectedEof, "the answer was cut");
        let (head, body) = text.split_once("\r\n\r\n").ok_or_else(cut)?;
        let mut lines = head.lines();
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1))
            .and_then(|code| code.parse().ok())
            .ok_or_else(cut)?;
        let mut answer = Answer { status, location: None, body: String::new() };
        let mut chunked = false;
        let mut wanted = None;
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            match name.to_ascii_lowercase().as_str() {
                "location" => answer.location = Some(value.to_owned()),
                "set-cookie" => {
                    let pair = value.split(';').next().unwrap_or_default();
                    if let Some((name, value)) = pair.split_once('=') {
                        self.cookies.insert(name.to_owned(), value.to_owned());
                    }
                }
                "transfer-encoding" => chunked = value.eq_ignore_ascii_case("chunked"),
                "content-length" => wanted = value.parse::<usize>().ok(),
                _ => {}
            }
        }
        if !chunked && wanted.is_some_and(|wanted| body.len() < wanted) {
            return Err(cut());
        }
        // Chunk sizes may stay between the lines: only fields are looked for in a body.
        body.clone_into(&mut answer.body);
        Ok(answer)
    }
}

/// The value of a hidden field on a page.
pub(crate) fn field<'p>(page: &'p str, name: &str) -> Option<&'p str> {
    let mark = format!("name=\"{name}\" value=\"");
    let from = page.find(&mark)? + mark.len();
    let rest = &page[from..];
    rest.split('"').next()
}

fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

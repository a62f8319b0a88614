//! The real server on a port of its own, and a client that shows every byte of what it says.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::rt::System;
use qianshou::domain::address_block::AddressBlock;
use qianshou::service::Service;
use qianshou::web::site::Site;

/// A server that stops when it is dropped.
pub(crate) struct Door {
    pub(crate) address: SocketAddr,
    pub(crate) host: String,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Door {
    /// Opens the door of `service` under its public URL.
    pub(crate) fn open(service: &Service, public_url: &str) -> Self {
        Self::listen(TcpListener::bind("127.0.0.1:0").unwrap(), service, public_url)
    }

    /// The same behind proxies that are trusted.
    pub(crate) fn open_behind(
        service: &Service,
        public_url: &str,
        proxies: Vec<AddressBlock>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self::serve(listener, service, Site::new(public_url, false).behind(proxies))
    }

    /// The same behind a socket one has already.
    pub(crate) fn listen(listener: TcpListener, service: &Service, public_url: &str) -> Self {
        Self::serve(listener, service, Site::new(public_url, false))
    }

    fn serve(listener: TcpListener, service: &Service, site: Site) -> Self {
        let address = listener.local_addr().unwrap();
        let host = site.host().to_owned();
        let (tell, told) = mpsc::channel();
        let service = service.clone();
        let thread = std::thread::spawn(move || {
            System::new().block_on(async move {
                let server = qianshou::web::server(service, site, None, listener).unwrap();
                tell.send(server.handle()).unwrap();
                server.await.unwrap();
            });
        });
        Self { address, host, handle: told.recv().unwrap(), thread: Some(thread) }
    }

    /// Sends exactly these lines as the head of a request.
    pub(crate) fn raw(&self, head: &str, body: &str) -> Heard {
        speak(self.address, head, body.as_bytes())
    }
}

/// Says these lines and these bytes to a server, and hears its answer.
pub(crate) fn speak(server: SocketAddr, head: &str, body: &[u8]) -> Heard {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(format!("{head}\r\n\r\n").as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    // Not to the end of the connection: a server that refused a form before reading it keeps
    // the line open for a while, so that the refusal is not lost on the way.
    let mut bytes = Vec::new();
    let mut chunk = [0; 65_536];
    while !is_whole(&bytes) {
        match stream.read(&mut chunk).unwrap() {
            0 => break,
            n => bytes.extend_from_slice(&chunk[..n]),
        }
    }
    Heard::read(&String::from_utf8_lossy(&bytes))
}

impl Drop for Door {
    fn drop(&mut self) {
        System::new().block_on(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn is_whole(bytes: &[u8]) -> bool {
    let Some(head) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    length.is_some_and(|length: usize| bytes.len() >= head + 4 + length)
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Heard {
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").expect("no answer");
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let header = |line: &str| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_ascii_lowercase(), value.to_owned())
        };
        Self { status, headers: lines.map(header).collect(), body: body.to_owned() }
    }

    /// The header of that name; empty if there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The value of a hidden field.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mark = format!("name=\"{name}\" value=\"");
        let from = self.body.find(&mark)? + mark.len();
        self.body[from..].split('"').next()
    }

    /// The page without the number of the request, which differs every time.
    pub(crate) fn words(&self) -> String {
        self.body.replace(self.header("x-request-id"), "")
    }
}

/// A browser: its cookies, and the headers a browser of today sends.
pub(crate) struct Visitor {
    server: SocketAddr,
    host: String,
    pub(crate) cookies: Vec<(String, String)>,
    /// What `Sec-Fetch-Site` says; `None` leaves it out, as old browsers do.
    pub(crate) from_site: Option<&'static str>,
    /// Further header lines.
    pub(crate) extra: String,
}

impl Visitor {
    pub(crate) fn new(door: &Door) -> Self {
        Self::of(door.address, &door.host)
    }

    /// A browser that will ask the server there, whose public name is `host`.
    pub(crate) fn of(server: SocketAddr, host: &str) -> Self {
        let from_site = Some("same-origin");
        Self { server, host: host.to_owned(), cookies: Vec::new(), from_site, extra: String::new() }
    }

    pub(crate) fn get(&mut self, path: &str) -> Heard {
        self.ask("GET", path, "")
    }

    pub(crate) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Heard {
        let pairs: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        self.ask("POST", path, &pairs.join("&"))
    }

    pub(crate) fn ask(&mut self, method: &str, path: &str, body: &str) -> Heard {
        let kind = if method == "POST" { "application/x-www-form-urlencoded" } else { "" };
        self.send(method, path, (kind, body.as_bytes()))
    }

    /// Posts a body of that media type.
    pub(crate) fn send(&mut self, method: &str, path: &str, (kind, body): (&str, &[u8])) -> Heard {
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.host);
        if let Some(site) = self.from_site {
            let _ = write!(head, "Sec-Fetch-Site: {site}\r\n");
        }
        head.push_str(&self.extra);
        if !self.cookies.is_empty() {
            let all: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let _ = write!(head, "Cookie: {}\r\n", all.join("; "));
        }
        if !kind.is_empty() {
            let _ = write!(head, "Content-Type: {kind}\r\n");
        }
        let _ = write!(head, "Content-Length: {}", body.len());
        let heard = speak(self.server, &head, body);
        for (_, value) in heard.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, value) = value.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        heard
    }

    /// Signs in and is led home.
    pub(crate) fn sign_in(mut self, login: &str, password: &str) -> Self {
        let heard = self.post("/sign-in", &[("account", login), ("password", password)]);
        assert_eq!((heard.status, heard.header("location")), (303, "/"), "{login}: {}", heard.body);
        self
    }

    /// The token that forms of this session bring along.
    pub(crate) fn form_token(&mut self) -> String {
        self.get("/own-password").field("form_token").unwrap().to_owned()
    }
}

fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "%{byte:02X}");
        out
    })
}

//! A mail server for tests that behaves well or badly on demand, and remembers what it took.
//!
//! Plain threads and blocking sockets, so that it runs inside a test as well as beside a process
//! that is being killed. What it has taken over it records *before* it answers, as a real server
//! stores before it answers: the record is the ground truth about duplicates and losses.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::net::sockopt::set_socket_recv_buffer_size;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// How the sink treats one connection or one message. The first six concern the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Takes everything.
    Normal,
    /// Closes at once.
    Refuse,
    /// Accepts the connection and never says a word.
    Silent,
    /// Greets with 421.
    Banner421,
    /// Greets after a while.
    SlowBanner(Duration),
    /// Answers EHLO with 502.
    Ehlo502,
    /// Cuts where the TLS handshake should begin.
    TlsCut,
    /// Appends replies in plain text to the answer to STARTTLS.
    InjectAtStartTls,
    /// Answers a good AUTH with 454.
    Auth454,
    /// Answers MAIL with 451.
    Mail451,
    /// Answers RCPT with 450.
    Rcpt450,
    /// Answers RCPT with 550, and DATA with 503.
    Rcpt550,
    /// Answers RCPT with 550, but DATA with 354.
    Rcpt550DataOpen,
    /// Answers DATA with 452.
    Data452,
    /// Stops reading in the message.
    StallInBody,
    /// Cuts in the message.
    CutInBody,
    /// Takes the message, and cuts instead of answering.
    CutAfterDot,
    /// Takes the message, and answers 250 after a while.
    Late250(Duration),
    /// Refuses the message with 451.
    Dot451,
    /// Refuses the message with 554.
    Dot554,
    /// Takes the message, and answers with a multi-line 250, byte by byte.
    ByteByByte,
    /// Takes the message, and answers nonsense.
    Garbage,
    /// Takes the message, and answers twice.
    TwoReplies,
    /// Takes the message, answers 250, and cuts.
    CutAfter250,
}

/// Which mode comes next.
#[derive(Debug, Clone)]
pub(crate) enum Modes {
    /// These in order, then normal.
    Script(Vec<Mode>),
    /// One of these, weighted, by a seed and the number of the pick.
    Seeded { seed: u64, weighted: Vec<(u32, Mode)> },
}

/// When TLS begins.
#[derive(Clone)]
pub(crate) enum SinkTls {
    Off,
    StartTls(Arc<ServerConfig>),
    Implicit(Arc<ServerConfig>),
}

/// What the sink offers and how it behaves.
#[derive(Clone)]
pub(crate) struct SinkSetup {
    pub(crate) modes: Modes,
    pub(crate) tls: SinkTls,
    pub(crate) pipelining: bool,
    /// The AUTH line of EHLO (say `PLAIN LOGIN`), or none.
    pub(crate) auth: Option<&'static str>,
    /// One line per message taken is appended here, before it is answered.
    pub(crate) log: Option<PathBuf>,
    /// A second connection beside an open one is answered with 421.
    pub(crate) one_at_a_time: bool,
}

impl Default for SinkSetup {
    fn default() -> Self {
        Self {
            modes: Modes::Script(Vec::new()),
            tls: SinkTls::Off,
            pipelining: true,
            auth: None,
            log: None,
            one_at_a_time: false,
        }
    }
}

/// What the machine takes for a sink that reads no further.
const UNREAD_OCTETS_MAX: usize = 64 * 1024;

/// A text of 1 MB: several times what the sender and a sink that reads no further leave lying on
/// the way, and far less than a system's own buffers would take.
pub(crate) fn huge_text() -> String {
    "0123456789 abcdefghij\n".repeat(46_000)
}

/// The only log-in the sink knows.
pub(crate) const LOG_IN: (&str, &str) = ("relay-user", "relay-pass");

/// A message the sink took over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) message_id: String,
    pub(crate) recipient: String,
    pub(crate) raw: String,
}

struct State {
    setup: SinkSetup,
    script: Mutex<VecDeque<Mode>>,
    picks: AtomicU64,
    connections: AtomicU64,
    open: AtomicU64,
    stopping: AtomicBool,
    received: Mutex<Vec<Received>>,
    log: Option<Mutex<File>>,
}

/// A running sink; stops when dropped.
pub(crate) struct SmtpSink {
    state: Arc<State>,
    address: SocketAddr,
}

impl SmtpSink {
    /// Listens on a free port of this machine.
    pub(crate) fn start(setup: SinkSetup) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let script = match &setup.modes {
            Modes::Script(modes) => modes.iter().copied().collect(),
            Modes::Seeded { .. } => VecDeque::new(),
        };
        let log = match &setup.log {
            Some(path) => {
                Some(Mutex::new(OpenOptions::new().create(true).append(true).open(path)?))
            }
            None => None,
        };
        let state = Arc::new(State {
            setup,
            script: Mutex::new(script),
            picks: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            open: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            received: Mutex::default(),
            log,
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for socket in listener.incoming() {
                if shared.stopping.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(socket) = socket else { continue };
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let shared = Arc::clone(&shared);
                // A client that goes away is no failure of the sink.
                thread::spawn(move || serve_counted(&shared, socket).ok());
            }
        });
        Ok(Self { state, address })
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Everything taken over so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received_since(0)
    }

    /// What was taken over since the first `count`, in order.
    pub(crate) fn received_since(&self, count: usize) -> Vec<Received> {
        lock(&self.state.received).get(count..).unwrap_or_default().to_vec()
    }

    /// How many connections were opened.
    pub(crate) fn connections(&self) -> u64 {
        self.state.connections.load(Ordering::SeqCst)
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        self.state.stopping.store(true, Ordering::SeqCst);
        // Wakes the listener; there is nobody to tell if it is gone already.
        let _ = TcpStream::connect(self.address);
    }
}

/// A fresh certificate for `names`: what a server needs, and the PEM a client has to trust.
pub(crate) fn certificate(names: &[&str]) -> io::Result<(Arc<ServerConfig>, String)> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).map_err(io::Error::other)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .map_err(io::Error::other)?;
    Ok((Arc::new(config), made.cert.pem()))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn next_mode(&self) -> Mode {
        let pick = self.picks.fetch_add(1, Ordering::SeqCst);
        match &self.setup.modes {
            Modes::Script(_) => lock(&self.script).pop_front().unwrap_or(Mode::Normal),
            Modes::Seeded { seed, weighted } => {
                let total: u64 = weighted.iter().map(|(weight, _)| u64::from(*weight)).sum();
                let mut place = scramble(seed.wrapping_add(pick)) % total.max(1);
                for (weight, mode) in weighted {
                    match place.checked_sub(u64::from(*weight)) {
                        Some(rest) => place = rest,
                        None => return *mode,
                    }
                }
                Mode::Normal
            }
        }
    }

    fn take_over(&self, recipient: &str, raw: String) -> io::Result<()> {
        let header = raw.lines().find_map(|line| line.strip_prefix("Message-ID: "));
        let message_id = header.unwrap_or_default().to_owned();
        if let Some(log) = &self.log {
            lock(log).write_all(format!("{message_id}\t{recipient}\n").as_bytes())?;
        }
        let recipient = recipient.to_owned();
        lock(&self.received).push(Received { message_id, recipient, raw });
        Ok(())
    }
}

/// SplitMix64's last step: spreads neighbouring numbers.
fn scramble(number: u64) -> u64 {
    let mut z = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

struct Peer {
    stream: Stream,
    inbox: Vec<u8>,
}

impl Peer {
    /// The next line without its end; `None` when the client is gone.
    fn line(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = self.inbox.windows(2).position(|pair| pair == b"\r\n") {
                let line: Vec<u8> = self.inbox.drain(..end + 2).collect();
                let text = String::from_utf8_lossy(&line).into_owned();
                return Ok(Some(text.trim_end_matches("\r\n").to_owned()));
            }
            let mut chunk = [0u8; 16 * 1024];
            let count = match &mut self.stream {
                Stream::Plain(socket) => socket.read(&mut chunk)?,
                Stream::Tls(stream) => stream.read(&mut chunk)?,
            };
            if count == 0 {
                return Ok(None);
            }
            self.inbox.extend(chunk.iter().take(count));
        }
    }

    fn say(&mut self, text: &str) -> io::Result<()> {
        match &mut self.stream {
            Stream::Plain(socket) => socket.write_all(text.as_bytes()),
            Stream::Tls(stream) => {
                stream.write_all(text.as_bytes())?;
                stream.flush()
            }
        }
    }

    fn encrypt(self, config: &Arc<ServerConfig>) -> io::Result<Self> {
        let Stream::Plain(mut socket) = self.stream else {
            return Err(io::Error::other("TLS twice"));
        };
        let mut session = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
        while session.is_handshaking() {
            session.complete_io(&mut socket)?;
        }
        let stream = Stream::Tls(Box::new(StreamOwned::new(session, socket)));
        Ok(Self { stream, inbox: Vec::new() })
    }

    fn is_encrypted(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }
}

/// Holds the connection open, silent, until the sink stops or an hour is over.
fn stall(state: &State) {
    for _ in 0..360_000 {
        if state.stopping.load(Ordering::SeqCst) {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

fn serve_counted(state: &State, mut socket: TcpStream) -> io::Result<()> {
    let others = state.open.fetch_add(1, Ordering::SeqCst);
    let served = if state.setup.one_at_a_time && others > 0 {
        socket.write_all(b"421 4.7.0 too many connections\r\n")
    } else {
        serve(state, socket)
    };
    state.open.fetch_sub(1, Ordering::SeqCst);
    served
}

fn serve(state: &State, socket: TcpStream) -> io::Result<()> {
    let mut mode = state.next_mode();
    socket.set_nodelay(true)?;
    match mode {
        Mode::Refuse => return socket.shutdown(Shutdown::Both),
        Mode::Silent => {
            stall(state);
            return Ok(());
        }
        // What the machine would take for it must not look as if the sink had read it.
        Mode::StallInBody | Mode::CutInBody => {
            set_socket_recv_buffer_size(&socket, UNREAD_OCTETS_MAX)?;
        }
        _ => {}
    }
    let mut peer = Peer { stream: Stream::Plain(socket), inbox: Vec::new() };
    if let SinkTls::Implicit(config) = &state.setup.tls {
        if mode == Mode::TlsCut {
            return Ok(());
        }
        peer = peer.encrypt(config)?;
    }
    if let Mode::SlowBanner(pause) = mode {
        thread::sleep(pause);
    }
    if mode == Mode::Banner421 {
        return peer.say("421 4.3.2 try later\r\n");
    }
    peer.say("220 sink ESMTP\r\n")?;
    let mut recipient = None;
    let mut sender = false;
    let mut served = false;
    while let Some(line) = peer.line()? {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" if mode == Mode::Ehlo502 => peer.say("502 5.5.1 not here\r\n")?,
            "EHLO" => {
                let greeting = offers(state, peer.is_encrypted());
                peer.say(&greeting)?;
            }
            "STARTTLS" => {
                let SinkTls::StartTls(config) = &state.setup.tls else {
                    peer.say("502 5.5.1 no TLS\r\n")?;
                    continue;
                };
                match mode {
                    Mode::TlsCut => return peer.say("220 go ahead\r\n"),
                    Mode::InjectAtStartTls => {
                        peer.say("220 go ahead\r\n250 sink\r\n250 ok\r\n250 ok\r\n")?;
                    }
                    _ => peer.say("220 go ahead\r\n")?,
                }
                peer = peer.encrypt(config)?;
            }
            "AUTH" => authenticate(&mut peer, &line, mode)?,
            "MAIL" => {
                if served {
                    mode = state.next_mode();
                }
                served = true;
                recipient = None;
                sender = mode != Mode::Mail451;
                peer.say(if sender { "250 2.1.0 ok\r\n" } else { "451 4.3.0 not now\r\n" })?;
            }
            "RCPT" => {
                let reply = match mode {
                    _ if !sender => "503 5.5.1 MAIL first\r\n",
                    Mode::Rcpt450 => "450 4.2.1 mailbox busy\r\n",
                    Mode::Rcpt550 | Mode::Rcpt550DataOpen => "550 5.1.1 no such mailbox\r\n",
                    _ if recipient.is_some() => "452 4.5.3 one recipient only\r\n",
                    _ => {
                        recipient = between(&line, '<', '>');
                        "250 2.1.5 ok\r\n"
                    }
                };
                peer.say(reply)?;
            }
            "DATA" => {
                let open = recipient.is_some() || mode == Mode::Rcpt550DataOpen;
                if !open {
                    peer.say("503 5.5.1 RCPT first\r\n")?;
                } else if mode == Mode::Data452 {
                    peer.say("452 4.3.1 no room\r\n")?;
                } else {
                    peer.say("354 go on\r\n")?;
                    sender = false;
                    if !take_message(state, &mut peer, mode, recipient.take())? {
                        return Ok(());
                    }
                }
            }
            "RSET" => {
                (sender, recipient) = (false, None);
                peer.say("250 2.0.0 reset\r\n")?;
            }
            "QUIT" => return peer.say("221 2.0.0 bye\r\n"),
            _ => peer.say("500 5.5.2 what\r\n")?,
        }
    }
    Ok(())
}

fn offers(state: &State, encrypted: bool) -> String {
    let mut lines = vec!["sink".to_owned()];
    if state.setup.pipelining {
        lines.push("PIPELINING".to_owned());
    }
    if matches!(state.setup.tls, SinkTls::StartTls(_)) && !encrypted {
        lines.push("STARTTLS".to_owned());
    }
    if let Some(ways) = state.setup.auth {
        lines.push(format!("AUTH {ways}"));
    }
    lines.push("SIZE 104857600".to_owned());
    let last = lines.len() - 1;
    let mark = |place| if place == last { ' ' } else { '-' };
    lines.iter().enumerate().map(|(n, line)| format!("250{}{line}\r\n", mark(n))).collect()
}

fn authenticate(peer: &mut Peer, line: &str, mode: Mode) -> io::Result<()> {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let given = match line.strip_prefix("AUTH PLAIN ") {
        Some(response) => response.to_owned(),
        None => {
            let mut both = String::new();
            for challenge in ["VXNlcm5hbWU6", "UGFzc3dvcmQ6"] {
                peer.say(&format!("334 {challenge}\r\n"))?;
                let answer = peer.line()?.unwrap_or_default();
                let answer = STANDARD.decode(answer).unwrap_or_default();
                both = format!("{both}\0{}", String::from_utf8_lossy(&answer));
            }
            STANDARD.encode(both)
        }
    };
    let wanted = STANDARD.encode(format!("\0{}\0{}", LOG_IN.0, LOG_IN.1));
    match (mode, given == wanted) {
        (Mode::Auth454, _) => peer.say("454 4.7.0 later\r\n"),
        (_, true) => peer.say("235 2.7.0 welcome\r\n"),
        (_, false) => peer.say("535 5.7.8 wrong name or password\r\n"),
    }
}

fn between(line: &str, open: char, close: char) -> Option<String> {
    let (_, rest) = line.split_once(open)?;
    rest.split_once(close).map(|(inside, _)| inside.to_owned())
}

/// Reads the message and answers the final dot. False ends the connection.
fn take_message(
    state: &State,
    peer: &mut Peer,
    mode: Mode,
    recipient: Option<String>,
) -> io::Result<bool> {
    match mode {
        Mode::StallInBody => {
            stall(state);
            return Ok(false);
        }
        Mode::CutInBody => return Ok(false),
        _ => {}
    }
    let mut raw = String::new();
    loop {
        let Some(line) = peer.line()? else { return Ok(false) };
        if line == "." {
            break;
        }
        raw.push_str(line.strip_prefix('.').unwrap_or(&line));
        raw.push_str("\r\n");
    }
    let Some(recipient) = recipient else {
        return peer.say("554 5.5.1 no valid recipients\r\n").map(|()| true);
    };
    match mode {
        Mode::Dot451 => return peer.say("451 4.3.0 not now\r\n").map(|()| true),
        Mode::Dot554 => return peer.say("554 5.7.1 unwanted\r\n").map(|()| true),
        _ => state.take_over(&recipient, raw)?,
    }
    match mode {
        Mode::CutAfterDot => return Ok(false),
        Mode::Late250(pause) => {
            thread::sleep(pause);
            peer.say("250 2.0.0 taken at last\r\n")?;
        }
        Mode::ByteByByte => {
            for byte in "250-2.0.0 taken\r\n250 2.0.0 letter by letter\r\n".chars() {
                peer.say(&byte.to_string())?;
                thread::sleep(Duration::from_millis(1));
            }
        }
        Mode::Garbage => peer.say("\u{7}\u{1b}[2J taken? perhaps\r\n")?,
        Mode::TwoReplies => peer.say("250 2.0.0 taken\r\n550 5.0.0 or not\r\n")?,
        Mode::CutAfter250 => return peer.say("250 2.0.0 taken\r\n").map(|()| false),
        _ => peer.say("250 2.0.0 taken\r\n")?,
    }
    Ok(true)
}

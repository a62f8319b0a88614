//! The load generator: replays a file of HTTP requests over keep-alive connections, each request
//! once. It runs in a process of its own and knows nothing of what the requests mean, so that
//! both sides of a ratio are loaded in the same way.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Write as _};
use std::net::SocketAddr;
use std::ops::Range;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Writes requests one after another, each with its length before it.
pub(crate) struct RequestFile(BufWriter<File>);

impl RequestFile {
    pub(crate) fn create(path: &Path) -> anyhow::Result<Self> {
        Ok(Self(BufWriter::new(File::create(path)?)))
    }

    pub(crate) fn push(&mut self, request: &[u8]) -> anyhow::Result<()> {
        self.0.write_all(&u32::try_from(request.len())?.to_le_bytes())?;
        Ok(self.0.write_all(request)?)
    }

    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        Ok(self.0.flush()?)
    }
}

fn read_requests(path: &Path, range: &Range<usize>) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut file = BufReader::new(File::open(path)?);
    let mut requests = Vec::with_capacity(range.len());
    for at in 0..range.end {
        let mut length = [0u8; 4];
        file.read_exact(&mut length).context("too few requests in the file")?;
        let length = u32::from_le_bytes(length);
        if range.contains(&at) {
            let mut request = vec![0u8; usize::try_from(length)?];
            file.read_exact(&mut request)?;
            requests.push(request);
        } else {
            file.seek_relative(i64::from(length))?;
        }
    }
    Ok(requests)
}

/// What one run of the load generator saw.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) answered: usize,
    pub(crate) elapsed: Duration,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

impl Seen {
    /// One line of figures, for the process that asked.
    pub(crate) fn to_line(self) -> String {
        let micros = [self.elapsed, self.p50, self.p99].map(|span| span.as_micros());
        let [elapsed, p50, p99] = micros;
        format!("{} {elapsed} {p50} {p99}", self.answered)
    }

    pub(crate) fn from_line(line: &str) -> anyhow::Result<Self> {
        let numbers: Vec<u64> =
            line.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        let [answered, elapsed, p50, p99] = numbers[..] else { bail!("not a result: {line}") };
        let [elapsed, p50, p99] = [elapsed, p50, p99].map(Duration::from_micros);
        Ok(Self { answered: usize::try_from(answered)?, elapsed, p50, p99 })
    }

    pub(crate) fn per_second(&self) -> f64 {
        f64::from(u32::try_from(self.answered).unwrap_or(u32::MAX)) / self.elapsed.as_secs_f64()
    }
}

/// Sends the requests of `range` over `connections` keep-alive connections.
///
/// # Errors
/// Any answer but 2xx and 303, or a connection that ends: the run then counts for nothing.
pub(crate) fn replay(
    to: SocketAddr,
    path: &Path,
    range: Range<usize>,
    connections: usize,
) -> anyhow::Result<Seen> {
    ensure!(to.ip().is_loopback(), "only this machine is ever loaded, not {to}");
    let requests = Rc::new(read_requests(path, &range)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let tasks = tokio::task::LocalSet::new();
    tasks.block_on(&runtime, async move {
        let next = Rc::new(Cell::new(0));
        let took = Rc::new(RefCell::new(Vec::with_capacity(requests.len())));
        let mut open = Vec::new();
        for _ in 0..connections {
            let socket = TcpStream::connect(to).await?;
            socket.set_nodelay(true)?;
            open.push(socket);
        }
        let began = Instant::now();
        let clients: Vec<_> = open
            .into_iter()
            .map(|socket| {
                let shared = (Rc::clone(&requests), Rc::clone(&next), Rc::clone(&took));
                tokio::task::spawn_local(client(socket, shared.0, shared.1, shared.2))
            })
            .collect();
        for client in clients {
            client.await??;
        }
        let elapsed = began.elapsed();
        let mut took = took.take();
        took.sort_unstable();
        let share = |percent: usize| took.get((took.len() * percent) / 100).copied();
        let (p50, p99) = (share(50).unwrap_or_default(), share(99).unwrap_or_default());
        Ok(Seen { answered: took.len(), elapsed, p50, p99 })
    })
}

async fn client(
    mut socket: TcpStream,
    requests: Rc<Vec<Vec<u8>>>,
    next: Rc<Cell<usize>>,
    took: Rc<RefCell<Vec<Duration>>>,
) -> anyhow::Result<()> {
    let mut inbox = Vec::with_capacity(16 * 1024);
    loop {
        let at = next.get();
        let Some(request) = requests.get(at) else { return Ok(()) };
        next.set(at + 1);
        let began = Instant::now();
        socket.write_all(request).await?;
        inbox.clear();
        read_answer(&mut socket, &mut inbox).await.with_context(|| {
            let line = String::from_utf8_lossy(request);
            format!("answer to {}", line.lines().next().unwrap_or_default())
        })?;
        took.borrow_mut().push(began.elapsed());
    }
}

/// Reads one whole answer and refuses all but 2xx and 303.
async fn read_answer(socket: &mut TcpStream, inbox: &mut Vec<u8>) -> anyhow::Result<()> {
    let mut wanted = None;
    loop {
        ensure!(socket.read_buf(inbox).await? > 0, "the server closed the connection");
        if wanted.is_none()
            && let Some(end) = inbox.windows(4).position(|part| part == b"\r\n\r\n")
        {
            let head = String::from_utf8_lossy(&inbox[..end]).to_ascii_lowercase();
            let status = head.split(' ').nth(1).unwrap_or_default();
            ensure!(status.starts_with('2') || status == "303", "refused: {head}");
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .context("an answer without Content-Length")?;
            wanted = Some(end + 4 + length.trim().parse::<usize>()?);
        }
        if wanted.is_some_and(|wanted| inbox.len() >= wanted) {
            return Ok(());
        }
    }
}

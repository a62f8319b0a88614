//! The server's half: hands a file to a child, waits no longer than it must, takes no more than
//! it wants. A child that fails means that a person has to look, never that all is well.

use std::io::{self, Read as _, SeekFrom};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::super::ReadSeek;
use super::super::sniff::FileKind;
use super::{WORDS_BYTES_MAX, Words, take_apart};
use crate::domain::legibility::Legibility;

/// Children at once.
const CHILDREN_MAX: usize = 2;
/// How long a file waits for its turn.
const TURN_WITHIN: Duration = Duration::from_secs(30);
/// How long a child may take.
const CHILD_WITHIN: Duration = Duration::from_secs(15);
/// The hidden command of our own program.
pub const COMMAND: &str = "read-text";

/// Reads the words of files, each in a process of its own.
#[derive(Debug)]
pub struct TextReader {
    program: PathBuf,
    within: Duration,
    running: Mutex<usize>,
    ended: Condvar,
}

impl TextReader {
    /// With that program, which knows the hidden command.
    #[must_use]
    pub fn new(program: PathBuf) -> Self {
        Self { program, within: CHILD_WITHIN, running: Mutex::new(0), ended: Condvar::new() }
    }

    /// The same with another limit of time.
    #[must_use]
    pub fn within(mut self, within: Duration) -> Self {
        self.within = within;
        self
    }

    /// The words of a file that [`super::super::sniff::sniff`] has taken for `kind`.
    pub fn words_of(&self, kind: FileKind, file: &mut dyn ReadSeek) -> Words {
        match kind {
            FileKind::Png | FileKind::Jpeg => return Words::unread(),
            // Nothing in it has to be taken apart.
            FileKind::Txt => return take_apart(kind, file),
            _ => {}
        }
        let Some(_turn) = Turn::take(self) else {
            tracing::warn!("no turn to read the words of a file; a person has to look");
            return Words::unread();
        };
        self.ask(kind, file).unwrap_or_else(|error| {
            tracing::warn!(kind = kind.ending(), %error, "the words of a file were not read");
            Words::unread()
        })
    }

    fn ask(&self, kind: FileKind, file: &mut dyn ReadSeek) -> io::Result<Words> {
        file.seek(SeekFrom::Start(0))?;
        let child = Command::new(&self.program)
            .args([COMMAND, kind.ending()])
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut child = Ended(child);
        let (stdin, stdout) = (child.0.stdin.take(), child.0.stdout.take());
        let (tell, told) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(move || {
                let Some(mut stdin) = stdin else { return };
                // A child that has died closed its end; its answer tells.
                drop(io::copy(file, &mut stdin));
            });
            scope.spawn(move || {
                let mut answer = Vec::new();
                let most = u64::try_from(WORDS_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(16);
                let read = stdout.map_or(Ok(0), |out| out.take(most).read_to_end(&mut answer));
                // Nobody listens any more where the child was too slow.
                drop(tell.send(read.map(|_| answer)));
            });
            let answer = told.recv_timeout(self.within);
            // Whatever it still does, it does it no longer: this ends both helpers too.
            drop(child.0.kill());
            let answer = answer.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
            understood(&answer).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
        })
    }
}

fn understood(answer: &[u8]) -> Option<Words> {
    let text = String::from_utf8_lossy(answer);
    let (first, words) = text.split_once('\n')?;
    let legibility: Legibility = first.parse().ok()?;
    Some(Words { text: words.to_owned(), legibility })
}

/// A child that does not outlive the wait for it.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The right to run one child.
struct Turn<'r>(&'r TextReader);

impl<'r> Turn<'r> {
    fn take(reader: &'r TextReader) -> Option<Self> {
        let running = reader.running.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut running, _) = reader
            .ended
            .wait_timeout_while(running, TURN_WITHIN, |running| *running >= CHILDREN_MAX)
            .unwrap_or_else(PoisonError::into_inner);
        if *running >= CHILDREN_MAX {
            return None;
        }
        *running = running.saturating_add(1);
        Some(Self(reader))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut running = self.0.running.lock().unwrap_or_else(PoisonError::into_inner);
        *running = running.saturating_sub(1);
        self.0.ended.notify_one();
    }
}

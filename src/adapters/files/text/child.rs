//! The child's half: binds itself with hard limits, takes one file apart, answers, ends.
//!
//! First line of the answer: `whole`, `part` or `none`; then the words. A file that makes it
//! crash, hang or swell ends this process and nothing else.

use std::io::{self, Cursor, Read as _, Write as _};

use rustix::process::{Resource, Rlimit, setrlimit};

use super::super::sniff::FileKind;
use super::take_apart;

/// Seconds of computing.
const CPU_S: u64 = 10;
/// Bytes of memory, the program itself included.
const MEMORY: u64 = 768 << 20;
/// Open files: the three it was born with and what a system library may want.
const FILES: u64 = 16;

/// Reads a file of that ending from standard input, and writes its words.
///
/// # Errors
/// The limits cannot be set, the kind is unknown, or a pipe broke.
pub fn run(ending: &str) -> io::Result<()> {
    bind()?;
    let kind = FileKind::of_ending(ending)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no such kind of file"))?;
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    let words = take_apart(kind, &mut Cursor::new(bytes));
    let mut out = io::stdout().lock();
    writeln!(out, "{}", words.legibility)?;
    out.write_all(words.text.as_bytes())?;
    out.flush()
}

fn bind() -> io::Result<()> {
    let limits = [
        (Resource::Cpu, CPU_S),
        (Resource::As, MEMORY),
        (Resource::Fsize, 0),
        (Resource::Core, 0),
        (Resource::Nofile, FILES),
        (Resource::Nproc, 0),
    ];
    for (what, most) in limits {
        setrlimit(what, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    Ok(())
}

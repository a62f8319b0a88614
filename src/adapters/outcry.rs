//! Ways out of the house that need neither the database nor the relay: a program of the
//! operator's that is told an alarm, and a file whose age shows that all is well.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use super::clock::Stopwatch;

/// How long a program may take.
const PROGRAM_WITHIN: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Runs a program with `text` as its input; one that takes too long is ended.
///
/// # Errors
/// It cannot be run, or it did not end well.
pub fn run_program(command: &[String], text: &str) -> Result<(), io::Error> {
    let (program, arguments) =
        command.split_first().ok_or_else(|| io::Error::other("no program is named"))?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    // A few lines fit into the pipe, so a program that reads nothing does not hold us up.
    if let Some(mut input) = child.stdin.take() {
        drop(input.write_all(text.as_bytes()));
    }
    let began = Stopwatch::start();
    loop {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(io::Error::other(format!("it ended with {status}"))),
            None if began.elapsed() > PROGRAM_WITHIN => {
                child.kill()?;
                child.wait()?;
                return Err(io::Error::other("it took too long and was ended"));
            }
            None => thread::sleep(LOOK_EVERY),
        }
    }
}

/// Puts `text` in the place of a file at once: who reads it sees the old one or the new one.
///
/// # Errors
/// The folder cannot be written.
pub fn replace_file(path: &Path, text: &str) -> Result<(), io::Error> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    fs::write(&beside, text)?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_gets_the_text_and_its_end_is_heard() {
        let folder = tempfile::tempdir().unwrap();
        let heard = folder.path().join("heard");
        let shell = |line: &str| ["sh", "-c", line].map(str::to_owned);
        run_program(&shell(&format!("cat > '{}'", heard.display())), "催签\n").unwrap();
        assert_eq!(fs::read_to_string(&heard).unwrap(), "催签\n");
        assert!(run_program(&shell("exit 3"), "").is_err(), "a failure is told");
        assert!(run_program(&["/no/such/program".to_owned()], "").is_err());
        replace_file(&heard, "well").unwrap();
        assert_eq!(fs::read_to_string(&heard).unwrap(), "well");
    }
}

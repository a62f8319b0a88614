//! `qianshou receipt verify FILE --key PUB`: valid (0), or exactly what is wrong (1), or why it
//! cannot be told (2).
//!
//! Reads two files and nothing else, so that a receipt can be checked where no server is.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::{Exit, Report};
use crate::domain::receipt::{Grade, Mode, ReceiptBody};
use crate::domain::time::Timestamp;
use crate::service::verify_receipt::{ReceiptFault, verify_receipt};

/// Bytes of either file that are read; a receipt has a few thousand.
const FILE_BYTES_MAX: u64 = 2 << 20;

/// A receipt that was not found valid.
#[derive(Debug, thiserror::Error)]
enum VerifyFault {
    #[error("{path} cannot be read: {error}")]
    Unreadable { path: String, error: io::Error },
    #[error(transparent)]
    Receipt(#[from] ReceiptFault),
}

/// Checks the receipt in `file` with the public key in `key`.
#[must_use]
pub fn verify(file: &Path, key: &Path) -> Report {
    let verdict = || -> Result<ReceiptBody, VerifyFault> {
        let receipt = read(file)?;
        // Editors and terminals end the line; nothing else is forgiven.
        let receipt = receipt.strip_suffix('\n').unwrap_or(&receipt);
        let receipt = receipt.strip_suffix('\r').unwrap_or(receipt);
        Ok(verify_receipt(receipt, &read(key)?)?)
    };
    match verdict() {
        Ok(body) => Report::done(describe(&body)),
        // Nothing is said of the receipt by a file or a key that is none.
        Err(fault @ (VerifyFault::Unreadable { .. } | VerifyFault::Receipt(ReceiptFault::Key))) => {
            Report { text: format!("CANNOT CHECK: {fault}\n"), exit: Exit::Unable }
        }
        Err(fault) => Report::refused(format!("NOT VALID: {fault}\n")),
    }
}

fn read(path: &Path) -> Result<String, VerifyFault> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text))
        .map(|_| text)
        .map_err(|error| VerifyFault::Unreadable { path: path.display().to_string(), error })
}

fn describe(body: &ReceiptBody) -> String {
    let mut text = String::from("VALID: signed by this key, unchanged\n\n");
    let mut line = |name: &str, value: &str| {
        // Writing to a String cannot fail. Values come from forms: no control reaches a terminal.
        let value: String = value.chars().filter(|c| !c.is_control()).collect();
        let _ = writeln!(text, "{name:<16}{value}");
    };
    line("receipt", body.number.as_str());
    line("issued by", &body.iss);
    line("notice", &format!("{} (version {})", body.document_number, body.version));
    if let Some(title) = &body.title {
        line("title", title);
    }
    line("organisation", &body.organization.name);
    let signer = &body.signer;
    line("signed by", &format!("{} {} {} (as stated)", signer.name, signer.post, signer.phone));
    line("mode", &mode(body));
    line("grade", grade(body.grade));
    line("channel", &body.channel);
    line("acknowledged", &local(body.acknowledged_at));
    match body.deadline {
        Some(deadline) if body.late => line("deadline", &format!("{}, LATE", local(deadline))),
        Some(deadline) => line("deadline", &format!("{}, on time", local(deadline))),
        None => line("deadline", "none"),
    }
    line("statement", &body.statement);
    if let Some(digest) = body.text_sha256 {
        line("text", &format!("sha256 {digest}"));
    }
    for file in &body.files {
        line("file", &format!("{} ({} bytes)", file.name, file.size));
        line("", &format!("sha256 {}", file.sha256));
    }
    line("event", &body.event.to_string());
    line("leaf", &body.leaf.to_string());
    text
}

fn mode(body: &ReceiptBody) -> String {
    match (body.mode, &body.authority) {
        (Mode::OnBehalf, Some(who)) => format!("on behalf of the organisation, authority: {who}"),
        (Mode::OnBehalf, None) => "on behalf of the organisation".to_owned(),
        (Mode::OwnOrganization, _) => "by the organisation itself".to_owned(),
        (Mode::Phone, _) => "confirmed by telephone".to_owned(),
    }
}

const fn grade(grade: Grade) -> &'static str {
    match grade {
        Grade::Phone => "phone: said so on the telephone, recorded by the issuer's duty desk",
        Grade::G0 => "g0: held the link",
        Grade::G1 => {
            "g1: held the link that was sent to a verified address, and copied the page's code"
        }
        Grade::G2 => "g2: signed in with two factors",
        Grade::G3 => "g3: signed with the organisation's key",
    }
}

fn local(at: Timestamp) -> String {
    format!("{} Asia/Shanghai", at.in_shanghai().strftime("%Y-%m-%d %H:%M:%S"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::service::verify_receipt::signed_sample;

    fn report(written: &str, signer: u8, holder: u8) -> Report {
        let dir = tempfile::tempdir().unwrap();
        let (file, key) = (dir.path().join("receipt.jws"), dir.path().join("receipt.pub.pem"));
        fs::write(&file, written.replace("JWS", &signed_sample(signer).0)).unwrap();
        fs::write(&key, signed_sample(holder).1).unwrap();
        verify(&file, &key)
    }

    #[test]
    fn a_good_receipt_is_told_in_full() {
        for written in ["JWS", "JWS\n", "JWS\r\n"] {
            let report = report(written, 1, 1);
            assert!(report.is_done(), "{}", report.text);
            for said in ["VALID", "湘办发电〔2026〕35号", "中共长沙市委", "张三", "on time"]
            {
                assert!(report.text.contains(said), "{said} in {}", report.text);
            }
            assert!(report.text.contains("2026-11-18 19:06:40 Asia/Shanghai"));
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (written, holder, said) in [
            ("JWS", 2, "signed with key"),
            ("JWSx", 1, "base64url"),
            ("JWS\n\n", 1, "base64url"),
            ("hello", 1, "not a receipt file"),
            ("", 1, "not a receipt file"),
        ] {
            let report = report(written, 1, holder);
            assert_eq!(report.exit, Exit::Refused);
            assert!(report.text.starts_with("NOT VALID: "));
            assert!(report.text.contains(said), "{written:?}: {}", report.text);
        }
        let absent = verify(Path::new("/nowhere/receipt"), Path::new("/nowhere/key"));
        assert_eq!(absent.exit, Exit::Unable);
        assert_eq!(absent.text.lines().next().unwrap().split(": ").next(), Some("CANNOT CHECK"));
        assert!(absent.text.contains("/nowhere/receipt cannot be read"));
        let dir = tempfile::tempdir().unwrap();
        let (file, key) = (dir.path().join("receipt.jws"), dir.path().join("receipt.key.pem"));
        fs::write(&file, signed_sample(1).0).unwrap();
        fs::write(&key, "-----BEGIN PRIVATE KEY-----\n").unwrap();
        let other = verify(&file, &key);
        assert_eq!(other.exit, Exit::Unable, "{}", other.text);
        assert!(other.text.contains("receipt.pub.pem"));
    }
}

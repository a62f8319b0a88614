//! Passwords: argon2id behind a narrow gate, and what a password must be.
//!
//! Hashing costs 19 MiB and some 25 ms on purpose, so only a few run at once, a bounded number
//! wait, and the rest are told to come back: a flood of sign-ins must not stop signatures.
//! Never here: who may try how often; that is counted per account elsewhere.

use std::sync::{Condvar, Mutex, PoisonError};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// Shortest password, in characters.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// Longest password, in characters; longer ones are refused, never cut.
pub const PASSWORD_CHARS_MAX: usize = 256;
/// Hashes computed at once.
pub const HASHING_PERMITS: usize = 2;
/// Callers that may wait for a permit; the next one is refused.
pub const HASHING_QUEUE_MAX: usize = 64;

/// Memory in KiB, passes and lanes: the floor of the OWASP password storage cheat sheet.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Hashes and checks passwords, a few at a time.
#[derive(Debug)]
pub struct Passwords {
    gate: Gate,
    dummy: String,
}

/// A password that was neither hashed nor checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    /// The queue is full.
    #[error("too many passwords are being checked; try again in a few seconds")]
    Busy,
    /// The stored hash is not one of ours.
    #[error("the stored password hash is unreadable; set a new password for this account")]
    Stored,
    /// The library refused.
    #[error("the password could not be hashed: {0}")]
    Hashing(String),
}

/// A password that nobody should use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// Fewer than [`PASSWORD_CHARS_MIN`] characters.
    #[error("shorter than {PASSWORD_CHARS_MIN} characters")]
    Short,
    /// More than [`PASSWORD_CHARS_MAX`] characters.
    #[error("longer than {PASSWORD_CHARS_MAX} characters")]
    Long,
    /// Among the first that anybody tries.
    #[error("a common password, or a common one with digits around it")]
    Common,
    /// Little more than a name that everybody knows.
    #[error("little more than the name of the account, the organisation or this system")]
    Context,
}

impl Weak {
    /// What the page says.
    #[must_use]
    pub fn message_zh(self) -> String {
        match self {
            Self::Short => {
                format!("密码太短，至少 {PASSWORD_CHARS_MIN} 个字符。可用一句好记的话。")
            }
            Self::Long => format!("密码太长，最多 {PASSWORD_CHARS_MAX} 个字符。"),
            Self::Common => "这个密码太常见，容易被猜到。请换一个。".to_owned(),
            Self::Context => "密码与姓名、登录名、单位或系统名称太接近。请换一个。".to_owned(),
        }
    }
}

impl Passwords {
    /// The gate with [`HASHING_PERMITS`], and a hash for accounts that do not exist.
    ///
    /// # Errors
    /// The library refuses its parameters.
    pub fn new() -> Result<Self, PasswordFault> {
        Ok(Self { gate: Gate::new(), dummy: hash("nobody has this password", &[0; 16])? })
    }

    /// The PHC text of a password under a fresh random salt.
    ///
    /// # Errors
    /// Too many callers, or the library refuses.
    pub fn hash(&self, password: &str, salt: [u8; 16]) -> Result<String, PasswordFault> {
        let _permit = self.gate.enter()?;
        hash(password, &salt)
    }

    /// Whether `password` is the one `stored` was made from.
    ///
    /// # Errors
    /// Too many callers, or `stored` is not a PHC text.
    pub fn verify(&self, password: &str, stored: &str) -> Result<bool, PasswordFault> {
        let parsed = PasswordHash::new(stored).map_err(|_| PasswordFault::Stored)?;
        let _permit = self.gate.enter()?;
        // Longer ones cannot have been set, and must not buy more work.
        if password.chars().count() > PASSWORD_CHARS_MAX {
            return Ok(false);
        }
        let password = normal(password);
        Ok(argon2()?.verify_password(password.as_bytes(), &parsed).is_ok())
    }

    /// Takes as long as [`Self::verify`] for an account that does not exist; always false.
    ///
    /// # Errors
    /// Too many callers, exactly as there.
    pub fn verify_dummy(&self, password: &str) -> Result<bool, PasswordFault> {
        self.verify(password, &self.dummy).map(|_| false)
    }
}

/// Unicode has several spellings of one password; NFC is the one that is hashed.
fn normal(password: &str) -> Zeroizing<String> {
    Zeroizing::new(password.nfc().collect())
}

fn argon2() -> Result<Argon2<'static>, PasswordFault> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)
        .map_err(|error| PasswordFault::Hashing(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str, salt: &[u8; 16]) -> Result<String, PasswordFault> {
    argon2()?
        .hash_password_with_salt(normal(password).as_bytes(), salt)
        .map(|hash| hash.to_string())
        .map_err(|error| PasswordFault::Hashing(error.to_string()))
}

/// What people choose first, without the digits and signs they put around it.
const COMMON: &[&str] = &[
    "abc",
    "abcd",
    "abcdef",
    "admin",
    "adminadmin",
    "administrator",
    "aini",
    "asdf",
    "asdfgh",
    "asdfghjkl",
    "changeme",
    "dragon",
    "football",
    "hello",
    "iloveyou",
    "letmein",
    "login",
    "master",
    "mima",
    "monkey",
    "passw0rd",
    "password",
    "passwordpassword",
    "princess",
    "qazwsx",
    "qazwsxedc",
    "qwe",
    "qweasd",
    "qweasdzxc",
    "qwer",
    "qwert",
    "qwerty",
    "qwertyui",
    "qwertyuiop",
    "root",
    "secret",
    "sunshine",
    "superman",
    "test",
    "user",
    "welcome",
    "woaini",
    "woaiwojia",
    "zhongguo",
    "zxcvbn",
    "zxcvbnm",
    "我爱你",
    "密码",
    "管理员",
];

/// Runs along the keyboard or the digits, forwards and backwards.
const RUNS: &[&str] = &[
    "01234567890123456789",
    "98765432109876543210",
    "qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "1q2w3e4r5t6y7u8i9o0p",
    "abcdefghijklmnopqrstuvwxyz",
];

const SYSTEM_NAMES: &[&str] = &["qianshou", "签收"];

/// Different characters that a password needs at least.
const DISTINCT_MIN: usize = 5;

/// Whether a password may be set. `context` are names that others know: of the account, its
/// organisation, its mailbox.
///
/// # Errors
/// Why not.
pub fn check_policy(password: &str, context: &[&str]) -> Result<(), Weak> {
    let text = normal(&password.to_lowercase());
    let length = text.chars().count();
    if length < PASSWORD_CHARS_MIN {
        return Err(Weak::Short);
    }
    if length > PASSWORD_CHARS_MAX {
        return Err(Weak::Long);
    }
    let distinct: std::collections::BTreeSet<char> = text.chars().collect();
    let core = text.trim_matches(|c: char| !c.is_alphabetic());
    let run = RUNS.iter().any(|run| run.contains(text.as_str()));
    if distinct.len() < DISTINCT_MIN || run || COMMON.contains(&core) {
        return Err(Weak::Common);
    }
    for name in context.iter().chain(SYSTEM_NAMES) {
        let name = normal(&name.trim().to_lowercase());
        let known = name.chars().count() >= 2 && text.contains(name.as_str());
        if known && text.replace(name.as_str(), "").chars().count() < PASSWORD_CHARS_MIN / 2 {
            return Err(Weak::Context);
        }
    }
    Ok(())
}

/// A counting gate: so many inside, so many waiting, nobody else.
#[derive(Debug)]
struct Gate {
    counts: Mutex<Counts>,
    left: Condvar,
}

#[derive(Debug, Default)]
struct Counts {
    inside: usize,
    waiting: usize,
}

struct Permit<'a>(&'a Gate);

impl Gate {
    fn new() -> Self {
        Self { counts: Mutex::default(), left: Condvar::new() }
    }

    fn enter(&self) -> Result<Permit<'_>, PasswordFault> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.inside >= HASHING_PERMITS {
            if counts.waiting >= HASHING_QUEUE_MAX {
                return Err(PasswordFault::Busy);
            }
            counts.waiting += 1;
            counts = self
                .left
                .wait_while(counts, |counts| counts.inside >= HASHING_PERMITS)
                .unwrap_or_else(PoisonError::into_inner);
            counts.waiting = counts.waiting.saturating_sub(1);
        }
        counts.inside += 1;
        Ok(Permit(self))
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut counts = self.0.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.inside = counts.inside.saturating_sub(1);
        self.0.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_own_hash_in_every_spelling() {
        let passwords = Passwords::new().unwrap();
        let stored = passwords.hash("caf\u{e9} 长沙 夜班", [3; 16]).unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_eq!(passwords.verify("cafe\u{301} 长沙 夜班", &stored), Ok(true));
        assert_eq!(passwords.verify("cafe 长沙 夜班", &stored), Ok(false));
        let apart = passwords.hash("cafe\u{301} 长沙 夜班", [3; 16]).unwrap();
        assert_eq!(passwords.verify("caf\u{e9} 长沙 夜班", &apart), Ok(true));
        assert_eq!(passwords.verify(&"x".repeat(257), &stored), Ok(false));
        assert_eq!(passwords.verify("x", "not a hash"), Err(PasswordFault::Stored));
        assert_eq!(passwords.verify_dummy("nobody has this password"), Ok(false));
    }

    #[test]
    fn the_unknown_account_costs_the_same_work() {
        let passwords = Passwords::new().unwrap();
        let work = |text: &str| {
            let hash = PasswordHash::new(text).unwrap();
            (hash.algorithm.to_string(), hash.params.to_string(), hash.hash.unwrap().len())
        };
        assert_eq!(work(&passwords.dummy), work(&passwords.hash("x", [1; 16]).unwrap()));
    }

    #[test]
    fn a_full_queue_refuses_and_recovers() {
        let gate = Gate::new();
        let first: Vec<_> = (0..HASHING_PERMITS).map(|_| gate.enter().unwrap()).collect();
        std::thread::scope(|scope| {
            let waiters: Vec<_> = (0..HASHING_QUEUE_MAX)
                .map(|_| scope.spawn(|| gate.enter().map(drop).is_ok()))
                .collect();
            while gate.counts.lock().unwrap().waiting < HASHING_QUEUE_MAX {
                std::thread::yield_now();
            }
            assert_eq!(gate.enter().err(), Some(PasswordFault::Busy));
            drop(first);
            assert!(waiters.into_iter().all(|waiter| waiter.join().unwrap()));
        });
        assert!(gate.enter().is_ok());
    }

    #[test]
    fn weak_passwords_are_named() {
        for (password, verdict) in [
            ("short pass", Err(Weak::Short)),
            ("Password1234!", Err(Weak::Common)),
            ("QWERTYUIOP12", Err(Weak::Common)),
            ("1qaz2wsx3edc", Err(Weak::Common)),
            ("123456789012", Err(Weak::Common)),
            ("abababababab", Err(Weak::Common)),
            ("woaini1314520", Err(Weak::Common)),
            ("qianshou2026", Err(Weak::Context)),
            ("liming-202611", Ok(())),
            ("签收系统签收系统签收系统", Err(Weak::Common)),
            ("橘子洲头晚上七点半看烟花", Ok(())),
            ("correct horse battery", Ok(())),
        ] {
            assert_eq!(check_policy(password, &[]), verdict, "{password}");
        }
        assert_eq!(check_policy("changsha_duty1", &["changsha_duty"]), Err(Weak::Context));
        assert_eq!(check_policy(&"ab3d5".repeat(52), &[]), Err(Weak::Long));
        assert!(check_policy(&"很好用的密码短语".repeat(32), &[]).is_ok());
    }
}

//! The name of a message in the return path of its mail, so that what comes back finds it, and a
//! stranger who made a name up does not.

use super::keys::Keys;
use super::links::{mac, same};
use crate::domain::digest::hex;
use crate::domain::ids::MessageId;

const RETURN_PATH: &str = "qianshou/return-path/1";
/// Bytes of the MAC that are kept: a local part has 64 characters.
const KEPT: usize = 6;

impl Keys {
    /// What stands behind the `+` of the return path.
    #[must_use]
    pub fn return_token(&self, message: MessageId) -> String {
        let mac = mac(&self.link, RETURN_PATH, &[&message.to_bytes()]);
        format!("{message}.{}", hex(mac.get(..KEPT).unwrap_or(&mac)))
    }

    /// The message of a return path, if its name was made here.
    #[must_use]
    pub fn read_return_token(&self, token: &str) -> Option<MessageId> {
        let (id, _) = token.split_once('.')?;
        let message: MessageId = id.parse().ok()?;
        same(self.return_token(message).as_bytes(), token.as_bytes()).then_some(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::random::SystemRandom;
    use crate::domain::time::Timestamp;

    #[test]
    fn a_name_reads_back_and_a_made_up_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::create(&folder.path().join("k"), &SystemRandom).unwrap();
        let id = MessageId::new(Timestamp::from_micros(1_795_000_000_000_000), [7; 10]);
        let token = keys.return_token(id);
        assert_eq!(keys.read_return_token(&token), Some(id));
        assert!(format!("bounces+{token}").len() <= 64, "{token}");
        let other = MessageId::new(Timestamp::from_micros(1_795_000_000_000_000), [8; 10]);
        let stolen = token.replace(&id.to_string(), &other.to_string());
        assert_eq!(keys.read_return_token(&stolen), None);
        assert_eq!(keys.read_return_token(&id.to_string()), None);
        assert_eq!(keys.read_return_token(&token[..token.len() - 1]), None);
    }
}

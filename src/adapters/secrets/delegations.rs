//! The link and the visit of a desk that makes calls for another office: texts that only this
//! server can have made, each under a label of its own.

use super::keys::Keys;
use super::links::{mac, same};
use crate::domain::digest::hex;
use crate::domain::ids::DelegationId;
use crate::domain::time::Timestamp;

const LINK: &str = "qianshou/delegation/1";
const VISIT: &str = "qianshou/delegation-visit/1";

impl Keys {
    /// The token of a delegation's link: the same each time, so that a repeated mail carries the
    /// same address.
    #[must_use]
    pub fn delegation_token(&self, id: DelegationId) -> String {
        format!("{id}.{}", hex(&mac(&self.link, LINK, &[&id.to_bytes()])))
    }

    /// The delegation of a link's token, if it was made here.
    #[must_use]
    pub fn read_delegation_token(&self, token: &str) -> Option<DelegationId> {
        let (id, _) = token.split_once('.')?;
        let id: DelegationId = id.parse().ok()?;
        same(self.delegation_token(id).as_bytes(), token.as_bytes()).then_some(id)
    }

    /// The value of the cookie that the link is swapped for.
    #[must_use]
    pub fn delegation_visit(&self, id: DelegationId, until: Timestamp) -> String {
        let ends = until.as_micros();
        let mac = mac(&self.link, VISIT, &[&id.to_bytes(), &ends.to_be_bytes()]);
        format!("{id}.{ends}.{}", hex(&mac))
    }

    /// The delegation of a genuine, unexpired cookie.
    #[must_use]
    pub fn read_delegation_visit(&self, value: &str, now: Timestamp) -> Option<DelegationId> {
        let mut parts = value.split('.');
        let id: DelegationId = parts.next()?.parse().ok()?;
        let until = Timestamp::from_micros(parts.next()?.parse().ok()?);
        let genuine = same(self.delegation_visit(id, until).as_bytes(), value.as_bytes());
        (genuine && now < until).then_some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::random::SystemRandom;

    #[test]
    fn neither_passes_for_the_other_and_a_visit_ends() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::create(&folder.path().join("k"), &SystemRandom).unwrap();
        let at = |micros| Timestamp::from_micros(micros);
        let (id, other) = (DelegationId::new(at(1), [7; 10]), DelegationId::new(at(1), [8; 10]));
        let (token, visit) = (keys.delegation_token(id), keys.delegation_visit(id, at(100)));
        assert_eq!(keys.read_delegation_token(&token), Some(id));
        assert_eq!(keys.read_delegation_visit(&visit, at(99)), Some(id));
        assert_eq!(keys.read_delegation_visit(&visit, at(100)), None, "it has ended");
        let later = visit.replace(".100.", ".200.");
        assert_eq!(keys.read_delegation_visit(&later, at(99)), None, "nobody prolongs it");
        for text in [&token, &visit] {
            let stolen = text.replace(&id.to_string(), &other.to_string());
            assert_eq!(keys.read_delegation_token(&stolen), None);
            assert_eq!(keys.read_delegation_visit(&stolen, at(1)), None);
        }
        assert_eq!(keys.read_delegation_token(&visit), None);
        assert_eq!(keys.read_delegation_visit(&token, at(1)), None);
    }
}

//! The link and the visit of a desk that makes calls for another office: texts that only this
//! server can have made, each under a label of its own.

use super::keys::Keys;
use super::links::{mac, same};
use crate::domain::digest::hex;
use crate::domain::ids::{AddressId, DelegationId};
use crate::domain::time::Timestamp;

const LINK: &str = "qianshou/delegation/2";
const VISIT: &str = "qianshou/delegation-visit/2";

/// Which list a visit is of, and by which link it was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DelegationVisit {
    /// The delegation.
    pub delegation: DelegationId,
    /// The address that its link was sent to.
    pub address: AddressId,
    /// The generation of that link.
    pub generation: u32,
}

impl DelegationVisit {
    fn bytes(&self) -> [u8; 36] {
        let mut all = [0; 36];
        let parts = self.delegation.to_bytes().into_iter().chain(self.address.to_bytes());
        for (place, byte) in all.iter_mut().zip(parts.chain(self.generation.to_be_bytes())) {
            *place = byte;
        }
        all
    }
}

impl Keys {
    /// The token of a link: the same each time, so that a repeated mail carries the same address.
    #[must_use]
    pub fn delegation_token(&self, link: &DelegationVisit) -> String {
        let mac = mac(&self.link, LINK, &[&link.bytes()]);
        format!("{}.{}.{}", link.delegation, link.address, hex(&mac))
    }

    /// Which delegation and address a token names. Proves nothing.
    #[must_use]
    pub fn parse_delegation_token(token: &str) -> Option<(DelegationId, AddressId)> {
        let mut parts = token.split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }

    /// Whether a token is the one of this link and its present generation.
    #[must_use]
    pub fn verify_delegation_token(&self, token: &str, link: &DelegationVisit) -> bool {
        same(self.delegation_token(link).as_bytes(), token.as_bytes())
    }

    /// The value of the cookie that the link is swapped for.
    #[must_use]
    pub fn delegation_visit(&self, visit: &DelegationVisit, until: Timestamp) -> String {
        let ends = until.as_micros();
        let mac = mac(&self.link, VISIT, &[&visit.bytes(), &ends.to_be_bytes()]);
        let DelegationVisit { delegation, address, generation } = visit;
        format!("{delegation}.{address}.{generation}.{ends}.{}", hex(&mac))
    }

    /// The visit that a genuine, unexpired cookie keeps.
    #[must_use]
    pub fn read_delegation_visit(&self, value: &str, now: Timestamp) -> Option<DelegationVisit> {
        let mut parts = value.split('.');
        let visit = DelegationVisit {
            delegation: parts.next()?.parse().ok()?,
            address: parts.next()?.parse().ok()?,
            generation: parts.next()?.parse().ok()?,
        };
        let until = Timestamp::from_micros(parts.next()?.parse().ok()?);
        let genuine = same(self.delegation_visit(&visit, until).as_bytes(), value.as_bytes());
        (genuine && now < until).then_some(visit)
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
        let link = DelegationVisit {
            delegation: DelegationId::new(at(1), [7; 10]),
            address: AddressId::new(at(1), [7; 10]),
            generation: 1,
        };
        let others = [
            DelegationVisit { delegation: DelegationId::new(at(1), [8; 10]), ..link },
            DelegationVisit { address: AddressId::new(at(1), [8; 10]), ..link },
            DelegationVisit { generation: 2, ..link },
        ];
        let (token, visit) = (keys.delegation_token(&link), keys.delegation_visit(&link, at(100)));
        let named = Some((link.delegation, link.address));
        assert_eq!(Keys::parse_delegation_token(&token), named);
        assert!(keys.verify_delegation_token(&token, &link));
        assert_eq!(keys.read_delegation_visit(&visit, at(99)), Some(link));
        assert_eq!(keys.read_delegation_visit(&visit, at(100)), None, "it has ended");
        let later = visit.replace(".100.", ".200.");
        assert_eq!(keys.read_delegation_visit(&later, at(99)), None, "nobody prolongs it");
        let newer = visit.replacen(".1.", ".2.", 1);
        assert_eq!(keys.read_delegation_visit(&newer, at(1)), None, "nor renews it");
        for other in &others {
            assert!(!keys.verify_delegation_token(&token, other), "{other:?}");
        }
        for text in [&token, &visit] {
            let stolen =
                text.replace(&link.delegation.to_string(), &others[0].delegation.to_string());
            assert!(!keys.verify_delegation_token(&stolen, &others[0]));
            assert_eq!(keys.read_delegation_visit(&stolen, at(1)), None);
        }
        assert!(!keys.verify_delegation_token(&visit, &link));
        assert_eq!(keys.read_delegation_visit(&token, at(1)), None);
    }
}

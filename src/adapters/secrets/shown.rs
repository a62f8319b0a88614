//! What a page to sign on showed, kept in its form under a MAC: no secret from the signer, but no
//! text of his. Whoever signs brings it back, so that it need not be read again before the write.
//! What of it can change is looked at in the write itself; the rest was frozen at issue.

use super::keys::Keys;
use super::links::{seal, take, unseal};
use crate::domain::ids::{AddressId, DeliveryId, LinkId, NoticeId, OrganizationId};
use crate::domain::time::Timestamp;

const SHOWN: &str = "qianshou/shown/1";

/// What a page to sign on was drawn from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// By which link it was come by.
    pub link: LinkId,
    /// The delivery.
    pub delivery: DeliveryId,
    /// Of which notice.
    pub notice: NoticeId,
    /// Which version was in force.
    pub version: i32,
    /// To which organisation.
    pub organization: OrganizationId,
    /// That organisation's name when the notice was issued.
    pub organization_name: String,
    /// The address the link was sent to.
    pub address: AddressId,
    /// Whether that address had been shown to work.
    pub address_is_verified: bool,
    /// The way the link travelled.
    pub channel: String,
    /// The deadline that counted.
    pub deadline: Option<Timestamp>,
}

impl Keys {
    /// The hidden field of the form.
    #[must_use]
    pub fn shown_token(&self, shown: &Shown) -> String {
        let mut body = [
            shown.link.to_bytes(),
            shown.delivery.to_bytes(),
            shown.notice.to_bytes(),
            shown.organization.to_bytes(),
            shown.address.to_bytes(),
        ]
        .concat();
        body.extend(shown.version.to_be_bytes());
        body.extend([u8::from(shown.address_is_verified), u8::from(shown.deadline.is_some())]);
        body.extend(shown.deadline.unwrap_or_default().as_micros().to_be_bytes());
        body.extend(u32::try_from(shown.channel.len()).unwrap_or(u32::MAX).to_be_bytes());
        body.extend(shown.channel.bytes());
        body.extend(shown.organization_name.bytes());
        seal(&self.form, SHOWN, &body)
    }

    /// What a form of that link and delivery brings back; nothing if it was not made here for them.
    #[must_use]
    pub fn read_shown(&self, token: &str, link: LinkId, delivery: DeliveryId) -> Option<Shown> {
        let body = unseal(&self.form, SHOWN, token)?;
        let mut rest = body.as_slice();
        let of = (LinkId::from_bytes(take(&mut rest)?), DeliveryId::from_bytes(take(&mut rest)?));
        if of != (link, delivery) {
            return None;
        }
        let notice = NoticeId::from_bytes(take(&mut rest)?);
        let organization = OrganizationId::from_bytes(take(&mut rest)?);
        let address = AddressId::from_bytes(take(&mut rest)?);
        let version = i32::from_be_bytes(take(&mut rest)?);
        let [verified, has_deadline] = take(&mut rest)?;
        let deadline = Timestamp::from_micros(i64::from_be_bytes(take(&mut rest)?));
        let channel_len = usize::try_from(u32::from_be_bytes(take(&mut rest)?)).ok()?;
        let (channel, name) = rest.split_at_checked(channel_len)?;
        Some(Shown {
            link,
            delivery,
            notice,
            version,
            organization,
            organization_name: std::str::from_utf8(name).ok()?.to_owned(),
            address,
            address_is_verified: verified != 0,
            channel: std::str::from_utf8(channel).ok()?.to_owned(),
            deadline: (has_deadline != 0).then_some(deadline),
        })
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn shown() -> Shown {
        Shown {
            link: LinkId::from_bytes([1; 16]),
            delivery: DeliveryId::from_bytes([2; 16]),
            notice: NoticeId::from_bytes([3; 16]),
            version: 4,
            organization: OrganizationId::from_bytes([5; 16]),
            organization_name: "岳麓区人民政府".to_owned(),
            address: AddressId::from_bytes([6; 16]),
            address_is_verified: true,
            channel: "email".to_owned(),
            deadline: Some(Timestamp::from_micros(1_795_000_000_000_000)),
        }
    }

    #[test]
    fn it_comes_back_as_it_went_and_only_to_its_link_and_delivery() {
        let keys = Keys::for_tests(1);
        let plain = Shown { deadline: None, address_is_verified: false, ..shown() };
        for shown in [shown(), plain] {
            let token = keys.shown_token(&shown);
            assert_eq!(keys.read_shown(&token, shown.link, shown.delivery), Some(shown.clone()));
            assert_eq!(keys.read_shown(&token, LinkId::from_bytes([9; 16]), shown.delivery), None);
            assert_eq!(keys.read_shown(&token, shown.link, DeliveryId::from_bytes([9; 16])), None);
            assert_eq!(Keys::for_tests(2).read_shown(&token, shown.link, shown.delivery), None);
        }
        assert_eq!(keys.read_shown("", shown().link, shown().delivery), None);
    }

    #[test]
    fn it_bears_no_change() {
        let (keys, shown) = (Keys::for_tests(1), shown());
        let bytes = URL_SAFE_NO_PAD.decode(keys.shown_token(&shown)).unwrap();
        for place in 0..bytes.len() {
            let mut wrong = bytes.clone();
            wrong[place] ^= 1;
            let wrong = URL_SAFE_NO_PAD.encode(wrong);
            assert_eq!(keys.read_shown(&wrong, shown.link, shown.delivery), None, "{place}");
        }
    }
}

//! Which network addresses may be called at all. Pure.
//!
//! Judged by the address, never by the name; whoever asks then connects to exactly the address
//! that was judged, so a name that answers differently the second time gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What kind of place an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The open network.
    Public,
    /// A network of the house or of the government: 10/8, 172.16/12, 192.168/16, fc00::/7.
    Internal,
    /// This machine.
    Loopback,
    /// Never to be called: link-local, metadata, multicast, reserved, or another address in
    /// disguise that is none of the above.
    Forbidden,
}

/// The place of an address; one that carries another inside is judged by what it carries.
#[must_use]
pub fn place_of(address: IpAddr) -> Place {
    match address {
        IpAddr::V4(address) => place_v4(address),
        IpAddr::V6(address) => place_v6(address),
    }
}

fn place_v4(address: Ipv4Addr) -> Place {
    match address.octets() {
        [127, ..] => Place::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Place::Internal,
        // This network, CGNAT (with the metadata service of some clouds), link-local, IETF
        // protocol assignments, documentation, 6to4 relays, benchmarks, multicast, reserved.
        [0 | 224..=255, ..]
        | [100, 64..=127, ..]
        | [169, 254, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => Place::Forbidden,
        _ => Place::Public,
    }
}

fn place_v6(address: Ipv6Addr) -> Place {
    if address == Ipv6Addr::LOCALHOST {
        return Place::Loopback;
    }
    if let Some(inner) = address.to_ipv4_mapped() {
        return place_v4(inner);
    }
    let [a, b, ..] = address.segments();
    match (a, b) {
        // The service addresses of some clouds lie in fd00:ec2::/32.
        (0xfd00, 0x0ec2) => Place::Forbidden,
        (0xfc00..=0xfdff, _) => Place::Internal,
        // Of the rest only global unicast: no unspecified, IPv4-compatible, NAT64 (64:ff9b::/96
        // and 64:ff9b:1::/48), discard, link-local, site-local, multicast; within it no Teredo,
        // ORCHID, documentation, or 6to4, which all carry or stand for other addresses.
        (0x2001, 0x0000..=0x01ff | 0x0db8) | (0x2002, _) | (0x3fff, 0x0000..=0x0fff) => {
            Place::Forbidden
        }
        (0x2000..=0x3fff, _) => Place::Public,
        _ => Place::Forbidden,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_address_has_its_place() {
        for (place, addresses) in [
            (
                Place::Public,
                "1.1.1.1 8.8.8.8 172.15.0.1 172.32.0.1 100.63.0.1 100.128.0.1 \
                             192.167.0.1 223.255.255.255 2400:3200::1 2606:4700::1 ::ffff:8.8.8.8",
            ),
            (
                Place::Internal,
                "10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 fc00::1 fd12::1 \
                               ::ffff:10.0.0.1",
            ),
            (Place::Loopback, "127.0.0.1 127.255.255.254 ::1 ::ffff:127.0.0.1"),
            (
                Place::Forbidden,
                "0.0.0.0 0.1.2.3 100.64.0.1 100.100.100.200 169.254.169.254 \
                                192.0.0.1 192.0.2.1 192.88.99.1 198.18.0.1 198.51.100.1 \
                                203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255 :: ::7f00:1 \
                                64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::1 100::1 fe80::1 \
                                fec0::1 ff02::1 fd00:ec2::254 2001::1 2001:db8::1 2002:7f00:1:: \
                                3fff::1 ::ffff:169.254.169.254 4000::1",
            ),
        ] {
            for text in addresses.split_whitespace() {
                assert_eq!(place_of(text.parse().unwrap()), place, "{text}");
            }
        }
    }
}

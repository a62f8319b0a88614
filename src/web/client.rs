//! From which address a request comes, where a proxy stands before the server.
//!
//! What a request says of itself counts only if the connection comes from a proxy that the
//! operator trusts, and then only as far back as trusted proxies wrote it: the rightmost address
//! that is not one of them. Whatever stands left of it, anybody may have made up. Never here:
//! what the address is good for; it opens nothing.

use std::net::IpAddr;

use actix_web::{HttpRequest, web};

use super::site::Site;
use crate::domain::address_block::AddressBlock;

/// The header in which each proxy adds the address it was called from.
const FORWARDED: &str = "x-forwarded-for";
/// Steps that are followed back.
const STEPS_MAX: usize = 16;

/// The address a request comes from.
pub(super) fn address_of(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    let site = request.app_data::<web::Data<Site>>();
    let trusted = site.map_or(&[][..], |site| site.trusted_proxies());
    let said = request.headers().get_all(FORWARDED).map(|value| value.to_str().unwrap_or(""));
    let said: Vec<&str> = said.flat_map(|value| value.split(',')).collect();
    Some(behind(peer, &said, trusted))
}

/// Follows the steps back from `peer`, as long as a trusted proxy wrote them.
fn behind(peer: IpAddr, said: &[&str], trusted: &[AddressBlock]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|block| block.contains(address));
    let mut here = peer;
    for step in said.iter().rev().take(STEPS_MAX) {
        if !is_trusted(here) {
            break;
        }
        // A step that is no address ends what can be known.
        let Some(before) = read(step) else { break };
        here = before;
    }
    here
}

/// One step: an address, perhaps with a port.
fn read(step: &str) -> Option<IpAddr> {
    let step = step.trim().trim_matches('"');
    let bare = step.strip_prefix('[').and_then(|rest| rest.split(']').next());
    let found = bare.unwrap_or(step);
    found.parse().ok().or_else(|| found.split_once(':')?.0.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_trusted_proxies_wrote_counts() {
        let trusted: Vec<AddressBlock> =
            ["10.0.0.0/8", "2001:db8:1::/48"].map(|block| block.parse().unwrap()).to_vec();
        let ask = |peer: &str, said: &str| {
            let said: Vec<&str> = said.split(',').filter(|step| !step.is_empty()).collect();
            behind(peer.parse().unwrap(), &said, &trusted).to_string()
        };
        assert_eq!(ask("203.0.113.5", "198.51.100.1"), "203.0.113.5", "nobody we know");
        assert_eq!(ask("10.1.1.1", "198.51.100.1"), "198.51.100.1");
        assert_eq!(ask("10.1.1.1", "1.1.1.1, 198.51.100.1"), "198.51.100.1", "made up before it");
        assert_eq!(
            ask("10.1.1.1", "1.1.1.1,198.51.100.1 , 10.2.2.2"),
            "198.51.100.1",
            "two proxies"
        );
        assert_eq!(ask("::ffff:10.1.1.1", "198.51.100.1:4711"), "198.51.100.1", "with a port");
        assert_eq!(ask("2001:db8:1::7", "[2001:db8:9::1]:443"), "2001:db8:9::1");
        assert_eq!(
            ask("10.1.1.1", "198.51.100.1, unknown"),
            "10.1.1.1",
            "a step that says nothing"
        );
        assert_eq!(ask("10.1.1.1", ""), "10.1.1.1");
        assert_eq!(ask("10.1.1.1", "10.9.9.9"), "10.9.9.9", "an inner caller");
        let long = "10.0.0.1,".repeat(100_000);
        assert_eq!(ask("10.1.1.1", &long), "10.0.0.1", "an endless list has an end");
    }
}

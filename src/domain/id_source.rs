//! Ids for a write that may run again: drawn from one seed, so that the second run makes the same
//! rows as the first. The seed is random, and so are the ids.

use sha2::{Digest, Sha256};

use super::ids::IdEntropy;

/// Gives one id after the other.
#[derive(Debug, Clone)]
pub struct IdSource {
    seed: [u8; 16],
    given: u64,
}

impl IdSource {
    /// Over sixteen random bytes.
    #[must_use]
    pub const fn new(seed: [u8; 16]) -> Self {
        Self { seed, given: 0 }
    }

    /// The bits of the next id.
    #[must_use]
    pub fn entropy(&mut self) -> IdEntropy {
        let digest =
            Sha256::new().chain_update(self.seed).chain_update(self.given.to_be_bytes()).finalize();
        self.given = self.given.wrapping_add(1);
        let mut bits = IdEntropy::default();
        for (bit, byte) in bits.iter_mut().zip(digest) {
            *bit = byte;
        }
        bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_ids_and_no_two_are_alike() {
        let of = |seed| {
            let mut source = IdSource::new(seed);
            (0..1_000).map(|_| source.entropy()).collect::<Vec<_>>()
        };
        assert_eq!(of([1; 16]), of([1; 16]));
        let all: std::collections::BTreeSet<_> =
            of([1; 16]).into_iter().chain(of([2; 16])).collect();
        assert_eq!(all.len(), 2_000);
    }
}

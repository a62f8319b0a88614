//! The one place that asks for randomness.

use std::sync::Mutex;

use sha2::{Digest, Sha256};

/// Source of random bytes.
pub trait Random: Send + Sync {
    /// Fills `out` with unpredictable bytes.
    ///
    /// # Errors
    /// The operating system has none to give.
    fn fill(&self, out: &mut [u8]) -> Result<(), NoRandomness>;
}

/// The operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes: {0}")]
pub struct NoRandomness(String);

/// `N` random bytes.
///
/// # Errors
/// The operating system has none to give.
pub fn bytes<const N: usize>(random: &dyn Random) -> Result<[u8; N], NoRandomness> {
    let mut out = [0u8; N];
    random.fill(&mut out)?;
    Ok(out)
}

/// `count` times `N` random bytes, drawn at once: each draw is a question to the operating system.
///
/// # Errors
/// The operating system has none to give.
pub fn several<const N: usize>(
    random: &dyn Random,
    count: usize,
) -> Result<Vec<[u8; N]>, NoRandomness> {
    let mut out = vec![[0u8; N]; count];
    random.fill(out.as_flattened_mut())?;
    Ok(out)
}

/// The operating system's generator.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that may ask")]
    fn fill(&self, out: &mut [u8]) -> Result<(), NoRandomness> {
        getrandom::fill(out).map_err(|error| NoRandomness(error.to_string()))
    }
}

/// Repeatable bytes from a seed, for tests and simulation: SHA-256 of seed and counter.
#[derive(Debug)]
pub struct SeededRandom {
    seed: u64,
    counter: Mutex<u64>,
}

impl SeededRandom {
    /// A generator that repeats itself for the same seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, counter: Mutex::new(0) }
    }
}

impl Random for SeededRandom {
    fn fill(&self, out: &mut [u8]) -> Result<(), NoRandomness> {
        let mut counter = self.counter.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for chunk in out.chunks_mut(32) {
            *counter += 1;
            let block = Sha256::new()
                .chain_update(self.seed.to_be_bytes())
                .chain_update(counter.to_be_bytes())
                .finalize();
            for (to, from) in chunk.iter_mut().zip(block.iter()) {
                *to = *from;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn what_is_drawn_at_once_is_each_its_own() {
        let sources: [&dyn Random; 2] = [&SystemRandom, &SeededRandom::new(1)];
        for random in sources {
            let drawn: BTreeSet<[u8; 16]> = several(random, 5).unwrap().into_iter().collect();
            assert!(drawn.len() == 5 && !drawn.contains(&[0; 16]), "{drawn:?}");
        }
    }
}

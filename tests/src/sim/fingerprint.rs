//! A fast 128-bit hash, so that a visited state is remembered in sixteen bytes.

use std::hash::{BuildHasherDefault, Hasher};

/// Two lanes of folded multiplication. Not against an adversary; against chance.
#[derive(Clone, Copy)]
pub(crate) struct Mixer {
    low: u64,
    high: u64,
}

fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

impl Mixer {
    pub(crate) fn new(seed: u64) -> Self {
        Self { low: seed ^ 0x243f_6a88_85a3_08d3, high: seed.rotate_left(32) ^ 0x1319_8a2e_0370_7344 }
    }

    pub(crate) fn word(&mut self, word: u64) {
        self.low = fold(self.low ^ word, 0x9e37_79b9_7f4a_7c15).rotate_left(29) ^ word;
        self.high = fold(self.high ^ word.rotate_left(17), 0xd6e8_feb8_6659_fd93).wrapping_add(word);
    }

    pub(crate) fn wide(&mut self, wide: u128) {
        self.word(wide as u64);
        self.word((wide >> 64) as u64);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            let mut word = [0; 8];
            word.copy_from_slice(chunk);
            self.word(u64::from_le_bytes(word));
        }
        let mut last = [0; 8];
        last[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
        self.word(u64::from_le_bytes(last));
        self.word(bytes.len() as u64);
    }

    pub(crate) fn end(self) -> u128 {
        let a = fold(self.low ^ 0xa409_3822_299f_31d0, 0xe703_7ed1_a0b4_28db ^ self.high.rotate_left(7));
        let b = fold(self.high ^ 0x082e_fa98_ec4e_6c89, 0x8ebc_6af0_9c88_c6e3);
        let c = fold(self.low ^ 0x4528_21e6_38d0_1377, 0x5899_65cc_7537_4cc3);
        (u128::from(a ^ c.rotate_left(31)) << 64) | u128::from(b ^ c)
    }
}

/// The hasher of maps whose keys are fingerprints already, or small numbers.
#[derive(Default)]
pub(crate) struct Taken(u64);

impl Hasher for Taken {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }
    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }
    fn write_u64(&mut self, word: u64) {
        self.0 = fold(self.0 ^ word ^ 0x2545_f491_4f6c_dd1d, 0x9e37_79b9_7f4a_7c15);
    }
    fn write_u128(&mut self, wide: u128) {
        self.write_u64(wide as u64);
    }
}

pub(crate) type Map<K, V> = std::collections::HashMap<K, V, BuildHasherDefault<Taken>>;
pub(crate) type Set<K> = std::collections::HashSet<K, BuildHasherDefault<Taken>>;

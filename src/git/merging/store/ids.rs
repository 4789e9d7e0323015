//! Object ids as keys.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use git2::Oid;

/// A map from object ids. The ids are hashes already.
pub(in crate::git::merging) type ById<T> = HashMap<Oid, T, BuildHasherDefault<FirstBytes>>;

/// A hasher that uses the first bytes of an id as its hash.
#[derive(Debug, Default)]
pub(in crate::git::merging) struct FirstBytes(u64);

impl Hasher for FirstBytes {
    /// Keeps the last value written. The id comes last, after its length.
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*first);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

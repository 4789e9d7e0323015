//! Ids of objects as keys.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use git2::Oid;

/// Something for each of many objects. Their ids are hashes already.
pub(in crate::git::merging) type ById<T> = HashMap<Oid, T, BuildHasherDefault<FirstBytes>>;

/// Takes the first bytes of an id for its hash.
#[derive(Debug, Default)]
pub(in crate::git::merging) struct FirstBytes(u64);

impl Hasher for FirstBytes {
    /// The id comes last, after its length.
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*first);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

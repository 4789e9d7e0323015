//! A value derived from another value, computed once.

use std::sync::OnceLock;

/// A value derived from the struct that contains this memo, computed on first use. The memo is no part of that struct's
/// identity: a clone starts empty, because the clone may be changed, and all memos compare equal.
#[derive(Debug)]
pub struct Memo<T>(OnceLock<T>);

impl<T> Memo<T> {
    /// Returns the stored value, or computes and stores it with `compute`.
    pub fn get(&self, compute: impl FnOnce() -> T) -> &T {
        self.0.get_or_init(compute)
    }
}

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<T> Clone for Memo<T> {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<T> PartialEq for Memo<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Memo<T> {}

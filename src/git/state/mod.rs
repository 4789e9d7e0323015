//! Inspecting checkouts: uncommitted, ignored and hidden files, and files in the way. Changes nothing.
//!
//! May import `repo` and below.

pub(super) mod checkout;
pub(super) mod head_print;
pub(super) mod hidden;
pub(super) mod ignored;
pub(super) mod in_the_way;
pub(super) mod include;
pub(super) mod inspect;
pub(super) mod plain_index;
pub(super) mod spotless;

pub use checkout::{checkout_paths, checkouts_of};
pub use head_print::fingerprint;
pub use include::{has_include_file, included};
pub use inspect::inspect_in;

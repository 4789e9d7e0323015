//! From finished plans to the target: the merge queue, pinned commits, conflicts and resolvers.
//!
//! May import `attempts` and below.

pub(super) mod foresight;
pub(super) mod landing;
pub(super) mod merging;
pub(super) mod pinning;
pub(super) mod prefix;
pub(super) mod resolver;
pub(super) mod resolver_watch;
pub(super) mod unions;

//! Read-only views of the journal and the repository.
//!
//! May import `conflict` and below.

pub(super) mod attention;
pub(super) mod conflicts;
pub(super) mod digest;
pub(super) mod dirt;
pub(super) mod machine_load;
pub(super) mod plan;
pub(super) mod review;
pub(super) mod situation;
pub(super) mod spent_view;
pub(super) mod status;

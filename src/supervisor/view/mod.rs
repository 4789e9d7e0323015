//! Read-only views of the journal and the repository.
//!
//! May import `conflict` and below.

pub(super) mod attention;
pub(super) mod away_view;
pub(super) mod conflicts;
pub(super) mod conversation_view;
pub(super) mod digest;
pub(super) mod dirt;
pub(super) mod exit_view;
pub(super) mod landed_view;
pub(super) mod machine_load;
pub(super) mod message_view;
pub(super) mod question_view;
pub(super) mod review;
pub(super) mod situation;
pub(super) mod spent_view;
pub(super) mod status;

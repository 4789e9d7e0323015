//! Requests of people and agents, through the control socket or without a supervisor.
//!
//! May import `view` and below.

pub(super) mod attaching;
pub(super) mod goal;
pub(super) mod mail;
pub(super) mod merge_request;
pub(super) mod request;
pub(super) mod revert;
pub(super) mod socket;
pub(super) mod steering;
pub(super) mod train_view;

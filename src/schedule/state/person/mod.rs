//! What is known of agents and people: messages, and who is attached.

pub(in crate::schedule) mod attached;
pub(in crate::schedule) mod mail;
pub(in crate::schedule) mod review;
pub(in crate::schedule) mod stand_in;

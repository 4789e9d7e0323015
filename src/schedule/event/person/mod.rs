//! Communication between agents and people: messages, and a person who takes over an agent's conversation.

pub(in crate::schedule) mod person_fact;
pub(in crate::schedule) mod review;
pub(in crate::schedule) mod set_back;

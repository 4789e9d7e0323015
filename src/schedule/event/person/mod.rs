//! What passes between agents and people: messages on their way, and a person who takes an agent's conversation over.

pub(in crate::schedule) mod person_fact;
pub(in crate::schedule) mod review;
pub(in crate::schedule) mod set_back;

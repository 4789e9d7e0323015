//! The state of the exchange between agents and people: messages, reviews, stand-ins and attached persons.

pub(in crate::schedule) mod attached;
pub(in crate::schedule) mod mail;
pub(in crate::schedule) mod review;
pub(in crate::schedule) mod stand_in;

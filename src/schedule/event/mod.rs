//! The facts of a project: data only. Every event with its name on disk, what it is about, and what agents and git report with it.
//!
//! Imports nothing of the room.

pub(super) mod about;
pub(super) mod at;
pub(super) mod exit;
pub(super) mod fact;
pub(super) mod facts;
pub(super) mod form;
pub(super) mod merge_facts;
pub(super) mod names;
pub(super) mod notice;
pub(super) mod resolving;
pub(super) mod trouble;

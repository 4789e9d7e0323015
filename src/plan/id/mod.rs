//! Names and ids of plans, phases, tasks, attempts and commits, and the document that contains them.
//!
//! May import `text`.

pub(super) mod attempt;
pub(super) mod commit;
pub(super) mod dependency;
pub(super) mod document;
pub(super) mod document_diagnostic;
pub(super) mod landed_by;
pub(super) mod lane;
pub(super) mod name;
pub(super) mod numbers;
pub(super) mod priority;
pub(super) mod state;
pub(super) mod statement;
pub(super) mod unit;

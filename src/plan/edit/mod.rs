//! Edits of the manifest's text that keep its comments and its order.
//!
//! Text in, text out. `manifest` decides whether the result is a valid manifest.

mod comments;
pub(super) mod plan_table;
pub(super) mod refusal;
pub(super) mod value;

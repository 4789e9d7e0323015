//! `plans.toml`: text in; raw tables, diagnostics, or the resolved [`PlanSet`](super::PlanSet) out.
//!
//! Reading has two steps, because documents must be read in between, and this floor reads no files. [`parse_manifest`] never
//! fails and keeps everything that it could read. [`Parsed::documents`] names the files. [`resolve`] takes their bytes and
//! returns the plan set, or all diagnostics of the manifest and its documents together.

mod agents;
mod branches;
mod budgets;
mod carried;
mod conflicts;
mod cycles;
mod documents;
mod executors;
mod ledger;
mod one_agent;
mod references;
mod resolve;
mod settings;
mod syncs;
mod waits;
mod written;

#[cfg(test)]
mod tests;

pub use documents::{Content, DocumentSource, Unreadable};
pub use executors::LOCAL;
pub use resolve::resolve;
pub use written::at::{Located, NamedTable};
pub use written::parsed::{DocumentRequest, Parsed, parse_manifest};
pub use written::raw::{RawHooks, RawManifest, RawMerge, RawPhase, RawPlan, RawRun};
pub use written::raw_agent::{RawAgent, RawExecutor};
pub use written::schema::manifest_schema;
pub use written::values::{AutoOrCount, Count, DurationText, Glob, Money, PositiveDuration, Share, Text};
pub use written::words::{
    Commit, Dispatch, Gate, Landing, Merge, OnConflict, Overlap, Preset, Stdin, Strategy,
};

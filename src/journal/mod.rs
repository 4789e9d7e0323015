//! Floor 3: the data under `.git/orch/`: the journal of events, verdicts on trees, and the lock of the repository.
//!
//! The journal is an append-only table of facts in SQLite (WAL). Committed entries survive the death of this program,
//! and also a power cut if the writer waited for the disk; SQLite rolls back a torn tail. State is always the fold of
//! the journal, so there is nothing else to keep in step. Each entry carries a seal, so that damage leads to a refusal
//! and never to another state.

mod attach_lock;
mod entry;
mod epoch;
mod error;
mod event_schema;
mod evidence;
mod health;
mod journal_mark;
mod lock;
mod on_disk;
mod paths;
mod reader;
mod record;
mod seal;
mod store;
mod verdicts;

pub use attach_lock::AttachLock;
pub use epoch::Epoch;
pub use error::JournalError;
pub use event_schema::event_schema;
pub use evidence::{
    ApprovalEvidence, AttemptEvidence, EvidenceNote, ItemEvidence, LandingEvidence, Program, VerifyEvidence,
};
pub use health::{Health, health, salvage, set_aside};
pub use journal_mark::JournalMark;
pub use lock::{Holder, RepositoryLock};
pub use on_disk::Mark;
pub use paths::OrchDir;
pub use reader::JournalReader;
pub use record::{Columns, Record, SCHEMA};
pub use store::{Journal, Sync};
pub use verdicts::{KnownVerdict, VerdictKey, Verdicts};

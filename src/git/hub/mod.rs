//! Refs between this machine and the nodes of a cluster. The refs are the only channel that must exist, and the only
//! authority about an attempt that was handed over.
//!
//! In the hub, a bare repository that both sides reach, below `refs/orch/REPOSITORY/ATTEMPT.TOKEN/`:
//!
//! | ref | written by | how | meaning |
//! |---|---|---|---|
//! | `from` | this machine | overwritten | the commit to begin from |
//! | `claim` | a node | new | this job, and no other, runs the attempt |
//! | `news` | the node with the claim | overwritten | tip, reports, end of the log |
//! | `mail` | this machine | overwritten | messages, and the request to stop |
//! | `fate` | the node or this machine | new | the end. The first writer decides |
//! | `late` | a node | overwritten | work of a node that came second |
//!
//! Beside them is `marker`. A hub without it has lost its refs, or is new: this machine puts back what it has fetched, then the marker,
//! and nodes write only where the marker is.
//!
//! "New" is a compare-and-swap: of two writers exactly one succeeds. The first parent of `news` and `fate` is the work,
//! and their tree is the record. So work and report cannot arrive separately.
//!
//! May import `state` and below.

mod channel;
mod late;
mod marker;
mod old_ends;
mod record;
mod workplace;

pub use channel::{Channel, HubRefs, Swap};
pub use late::late_work;
pub use marker::own_marker;
pub use record::{HubRecord, read_record, work_of, write_record};
pub use workplace::{Identity, Workplace, identity, known_repository_id, random_word, repository_id};

//! Refs between this machine and the nodes of a cluster. They are the only channel that must exist, and the only truth about an
//! attempt that was handed over.
//!
//! Below `refs/orch/REPOSITORY/ATTEMPT.TOKEN/` in the hub, a bare repository that both sides reach:
//!
//! | ref | written by | how | means |
//! |---|---|---|---|
//! | `from` | this machine | over | the commit to begin from |
//! | `claim` | a node | new | this job, and no other, runs the attempt |
//! | `news` | the node with the claim | over | tip, reports, end of the log |
//! | `mail` | this machine | over | messages, and the wish to stop |
//! | `fate` | the node or this machine | new | the end. Who is first decides |
//! | `late` | a node | over | work of a node that came second |
//!
//! "New" is a compare-and-swap: of two writers exactly one succeeds. The first parent of `news` and `fate` is the work, their tree is the
//! record: work and report cannot arrive apart.
//!
//! May import `state` and below.

mod channel;
mod record;
mod workplace;

pub use channel::{Channel, HubRefs, Swap};
pub use record::{read_record, work_of, write_record};
pub use workplace::{Identity, Workplace, identity, random_word, repository_id};

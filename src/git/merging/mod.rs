//! Merges of two commits, made from the object database: the same trees and the same conflicts as `git merge`.
//!
//! | noun | file |
//! |---|---|
//! | one who merges: by ids where that is certain, else by git | `merger` |
//! | merging trees by the ids of their entries, and what attributes say about that | `three_way`, `attributes` |
//! | lines of a file that both changed | `lines` |
//! | objects on disk and new ones, common ancestors | `store` |
//! | merges by `git merge-tree`, which attributes it goes by, and what it answers | `by_git`, `attribute_source`, `answer` |
//! | commits replayed one by one | `replay` |
//! | which of many heads conflict: what each changes, and pairs of them | `forecast`, `changes`, `pair` |
//! | who commits, and settings that matter | `settings` |

mod answer;
pub(super) mod attribute_source;
mod attributes;
mod by_git;
mod changes;
mod forecast;
mod lines;
mod merger;
mod pair;
mod replay;
mod settings;
mod store;
mod three_way;

use std::path::{Path, PathBuf};

pub use forecast::{Clash, Decided, Forecast};
pub use merger::MergeTally;
pub(super) use merger::{Merged, Merger};
pub(super) use replay::{Replayed, UndoneChange};

/// A file that does not merge.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct ConflictFile {
    /// The path from the repository's top. Written with replacement characters where it is not UTF-8.
    #[serde(serialize_with = "as_text")]
    pub path: PathBuf,
    /// How the two sides disagree, in git's words: `content`, `add/add`, `modify/delete`, `rename/delete`,
    /// `file/directory`, `binary`, `submodule` and so on.
    pub kind: String,
}

fn as_text<S: serde::Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

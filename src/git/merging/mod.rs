//! Merges of two commits, made from the object database, with the same trees and the same conflicts as `git merge`.
//!
//! | contents | file |
//! |---|---|
//! | the merger: merges by ids when the result is certain, otherwise by git | `merger` |
//! | merging trees by the ids of their entries, and the attributes that affect merges | `three_way`, `attributes` |
//! | lines of a file that both sides changed | `lines` |
//! | objects on disk and new objects, common ancestors | `store` |
//! | merges by `git merge-tree`, the attributes it uses, and its answers | `by_git`, `attribute_source`, `answer` |
//! | commits replayed one by one | `replay` |
//! | conflicts between many heads: the changes of each head, and pairs of heads | `forecast`, `changes`, `pair` |
//! | identities, and settings that affect merges | `settings` |

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

/// A file in conflict.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct ConflictFile {
    /// The path from the repository's top. Written with replacement characters when it is not UTF-8.
    #[serde(serialize_with = "as_text")]
    pub path: PathBuf,
    /// How the two sides disagree, in git's words: `content`, `add/add`, `modify/delete`, `rename/delete`,
    /// `file/directory`, `binary`, `submodule` and so on.
    pub kind: String,
}

fn as_text<S: serde::Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

//! Merge candidates, built from the object database, off every checkout.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::command::{Answer, Git};
use super::identity::committing;
use super::version::ATTRIBUTE_SOURCE;
use super::{GitError, GitVersion, Repository};
use crate::plan::CommitId;

/// A commit that the target could move to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The merge commit: first parent the target, second the branch.
    pub commit: CommitId,
    /// The id of its tree. Verdicts are kept by it.
    pub tree: String,
}

/// What became of building a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Build {
    /// The commit exists, on no branch yet.
    Candidate(Candidate),
    /// The target has all of the branch already.
    AlreadyContained,
    /// The two do not merge.
    Conflict {
        /// The files, sorted by path, each once.
        files: Vec<ConflictFile>,
    },
}

/// A file that does not merge.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct ConflictFile {
    /// The path from the repository's top.
    pub path: PathBuf,
    /// How the two sides disagree, in git's words: `content`, `add/add`, `modify/delete`, `rename/delete`,
    /// `file/directory`, `binary`, `submodule` and so on.
    pub kind: String,
}

/// Builds candidates of one repository. Holds what does not change between them.
#[derive(Debug, Clone)]
pub struct CandidateBuilder {
    repo: Repository,
    git: GitVersion,
}

impl CandidateBuilder {
    /// `git` is the version that [`super::require_git`] gave.
    pub fn new(repo: &Repository, git: GitVersion) -> Self {
        Self {
            repo: repo.clone(),
            git,
        }
    }

    /// Merges `head` into `onto` as `git merge --no-ff` would (same tree, same conflicts, attributes and drivers as
    /// on a checkout of `onto`) and commits the result. No ref and no checkout changes.
    pub fn build(&self, onto: &CommitId, head: &CommitId, message: &str) -> Result<Build, GitError> {
        if self.repo.is_ancestor(head, onto)? {
            return Ok(Build::AlreadyContained);
        }
        let answer = self.merge_tree(onto, head)?;
        match answer.status.code() {
            Some(0) => {}
            Some(1) => {
                let files = conflict_files(&answer, &[onto, head])?;
                return Ok(Build::Conflict { files });
            }
            _ => return Err(answer.failure()),
        }
        let tree = super::command::records(&answer.stdout)
            .next()
            .and_then(super::command::parse_id)
            .ok_or_else(|| answer.unreadable("no tree"))?;
        let commit = self.commit(tree.as_str(), &[onto, head], message)?;
        Ok(Build::Candidate(Candidate {
            commit,
            tree: tree.into(),
        }))
    }

    /// The files in which two commits conflict; none when they merge. Writes nothing that a ref shows.
    pub fn conflicts(&self, one: &CommitId, other: &CommitId) -> Result<Vec<ConflictFile>, GitError> {
        let answer = self.merge_tree(one, other)?;
        match answer.status.code() {
            Some(0) => Ok(Vec::new()),
            Some(1) => conflict_files(&answer, &[one, other]),
            _ => Err(answer.failure()),
        }
    }

    /// The tree that merging `head` into `onto` gives; none when they conflict. Nothing is written that a ref shows.
    pub(super) fn merged_tree(&self, onto: &CommitId, head: &CommitId) -> Result<Option<String>, GitError> {
        let answer = self.merge_tree(onto, head)?;
        match answer.status.code() {
            Some(0) => {}
            Some(1) => return Ok(None),
            _ => return Err(answer.failure()),
        }
        let tree = super::command::records(&answer.stdout)
            .next()
            .and_then(super::command::parse_id)
            .ok_or_else(|| answer.unreadable("no tree"))?;
        Ok(Some(tree.into()))
    }

    fn merge_tree(&self, onto: &CommitId, head: &CommitId) -> Result<Answer, GitError> {
        let git = Git::on(self.repo.common_dir());
        // Before 2.41 git cannot be told where to read attributes from, and those below the top folder are not seen
        // here.
        let git = if self.git >= ATTRIBUTE_SOURCE {
            git.option(format!("--attr-source={onto}"))
        } else {
            git
        };
        git.args(["merge-tree", "--write-tree", "-z", "--messages"])
            .args([onto.as_str(), head.as_str()])
            .answer()
    }

    fn commit(&self, tree: &str, parents: &[&CommitId], message: &str) -> Result<CommitId, GitError> {
        let on = || Git::on(self.repo.common_dir());
        let settings = committing(on)?;
        let mut git = settings.apply(on()).args(["commit-tree", tree]);
        for parent in parents {
            git = git.args(["-p", parent.as_str()]);
        }
        if settings.sign {
            git = git.arg("-S");
        }
        let mut message = message.to_owned();
        if !message.ends_with('\n') {
            message.push('\n');
        }
        git.args(["-F", "-"]).input(message).run_for_id()
    }
}

/// Reads the answer of `merge-tree -z` about a conflict: the tree; `MODE OID STAGE<TAB>PATH` for each side of each
/// file; an empty record; then messages, each as: a count, that many paths, a type, a text.
fn conflict_files(answer: &Answer, sides: &[&CommitId; 2]) -> Result<Vec<ConflictFile>, GitError> {
    let unreadable = || answer.unreadable("not the form of `merge-tree -z`");
    let mut fields = answer.stdout.split(|b| *b == 0);
    fields.next().ok_or_else(unreadable)?;
    let mut stages: BTreeMap<PathBuf, u8> = BTreeMap::new();
    for field in fields.by_ref().take_while(|field| !field.is_empty()) {
        let tab = field.iter().position(|b| *b == b'\t').ok_or_else(unreadable)?;
        let stage = match field.get(tab.wrapping_sub(1)) {
            Some(stage @ b'1'..=b'3') => stage - b'0',
            _ => return Err(unreadable()),
        };
        *stages.entry(path(&field[tab + 1..], sides)).or_default() |= 1 << stage;
    }
    let mut kinds: BTreeMap<PathBuf, String> = BTreeMap::new();
    while let Some(count) = fields.next().filter(|count| !count.is_empty()) {
        let count: usize = std::str::from_utf8(count)
            .ok()
            .and_then(|n| n.parse().ok())
            .ok_or_else(unreadable)?;
        let paths: Vec<PathBuf> = fields
            .by_ref()
            .take(count)
            .map(|field| path(field, sides))
            .collect();
        let kind = String::from_utf8_lossy(fields.next().ok_or_else(unreadable)?).into_owned();
        fields.next().ok_or_else(unreadable)?;
        if let (Some(kind), Some(first)) = (conflict_kind(&kind), paths.into_iter().next()) {
            kinds.entry(first).or_insert(kind);
        }
    }
    // A conflict may be told of under a path that itself is not in conflict (one that was renamed): it counts.
    for path in kinds.keys() {
        stages.entry(path.clone()).or_default();
    }
    Ok(stages
        .into_iter()
        .map(|(path, stages)| {
            let told = kinds.remove(&path);
            let kind = match (told.as_deref(), stages) {
                (Some("contents") | None, 0b1100) => "add/add".to_owned(),
                (Some("contents") | None, 0b1110) => "content".to_owned(),
                (None, 0b0110 | 0b1010) => "modify/delete".to_owned(),
                (Some("contents") | None, _) => "content".to_owned(),
                (Some(kind), _) => kind.to_owned(),
            };
            ConflictFile { path, kind }
        })
        .collect())
}

/// `CONFLICT (rename/delete)` is of kind `rename/delete`; none for messages that tell of no conflict.
fn conflict_kind(message_type: &str) -> Option<String> {
    let kind = message_type.strip_prefix("CONFLICT (")?.strip_suffix(')')?;
    Some(kind.to_owned())
}

/// A path in the answer. A file that a folder of the same name pushes aside is called `NAME~SIDE` there, or
/// `NAME~SIDE_0` when that is taken: people know it as `NAME`.
fn path(bytes: &[u8], sides: &[&CommitId; 2]) -> PathBuf {
    let own = sides.iter().find_map(|side| {
        let aside = [b"~", side.as_str().as_bytes()].concat();
        let at = bytes.windows(aside.len()).rposition(|window| window == aside)?;
        let rest = &bytes[at + aside.len()..];
        let numbered = rest
            .strip_prefix(b"_")
            .is_some_and(|number| number.iter().all(u8::is_ascii_digit));
        (rest.is_empty() || numbered).then(|| &bytes[..at])
    });
    PathBuf::from(OsStr::from_bytes(own.unwrap_or(bytes)))
}

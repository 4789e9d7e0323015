//! A merge that is begun in a worktree and left open there, as `git merge --no-commit` does. Resolutions that git has
//! recorded earlier are used (`git rerere`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::git::admin::worktree_admin::KeyLock;
use crate::git::files::error::GitError;
use crate::git::files::regular;
use crate::git::program::command::{Git, records};
use crate::git::repo::identity::{committing_within, is_true};
use crate::git::state::inspect::{changed_path, git_dir, in_progress};
use crate::git::step::submodule::follow_submodules;
use crate::plan::CommitId;

/// The state of a merge after its beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BegunMerge {
    /// Files in conflict, sorted.
    pub unmerged: Vec<PathBuf>,
    /// Files that git resolved by a recorded resolution, sorted.
    pub reused: Vec<PathBuf>,
}

/// Begins to merge a commit into the checked-out commit. The worktree must be clean; nothing is committed. With
/// `reuse`, git resolves files by its recorded resolutions and prepares to record the resolutions of the other files.
pub(in crate::git) fn begin_merge(
    alone: Option<&KeyLock>,
    path: &Path,
    commit: &CommitId,
    message: &str,
    reuse: bool,
) -> Result<BegunMerge, GitError> {
    let git = committing_within(path)?;
    let git = match reuse {
        true => remembering(path, git)?,
        false => git.config("rerere.enabled=false"),
    };
    // These options override settings of the person that would change the merge.
    let answer = git
        .args([
            "merge",
            "--no-ff",
            "--no-commit",
            "--no-squash",
            "--no-verify",
            "--no-autostash",
        ])
        .arg("-m")
        .arg(message)
        .arg(commit.as_str())
        .holding_any(alone.map(KeyLock::file))?
        .answer()?;
    if in_progress(&git_dir(path)?).is_none() {
        return Err(answer.failure());
    }
    // Otherwise `git add` of everything would undo the submodule changes of both sides.
    follow_submodules(path)?;
    let said = String::from_utf8_lossy(&answer.stdout).into_owned();
    let reused: BTreeSet<PathBuf> = [said.as_str(), answer.stderr.as_str()]
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| {
            let rest = line.strip_prefix("Staged '")?;
            rest.strip_suffix("' using previous resolution.")
                .map(PathBuf::from)
        })
        .collect();
    Ok(BegunMerge {
        unmerged: standing(path)?.unmerged,
        reused: reused.into_iter().collect(),
    })
}

/// Has git record how the files in conflict are resolved.
pub(in crate::git) fn remember(path: &Path) -> Result<(), GitError> {
    match is_forbidden(path)? {
        true => Ok(()),
        false => remembering(path, Git::within(path))?
            .arg("rerere")
            .run()
            .map(drop),
    }
}

/// Makes this one command use and record resolutions, whatever the repository's default, unless a person has turned
/// recorded resolutions off.
fn remembering(path: &Path, git: Git) -> Result<Git, GitError> {
    Ok(match is_forbidden(path)? {
        true => git,
        false => git.config("rerere.enabled=true").config("rerere.autoupdate=true"),
    })
}

/// True when a person has turned recorded resolutions off.
pub(in crate::git) fn is_forbidden(path: &Path) -> Result<bool, GitError> {
    let answer = Git::within(path)
        .args(["config", "--get", "rerere.enabled"])
        .answer()?;
    let value = String::from_utf8_lossy(&answer.stdout);
    Ok(answer.status.success() && !value.trim().is_empty() && !is_true(value.trim()))
}

/// The progress of a merge in a worktree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::git) struct MergeProgress {
    /// Files in conflict.
    pub unmerged: Vec<PathBuf>,
    /// Tracked files with changes that are not in the index.
    pub unstaged: Vec<PathBuf>,
}

/// Inspects the index and the files of a worktree.
pub(in crate::git) fn standing(path: &Path) -> Result<MergeProgress, GitError> {
    let out = Git::within(path)
        .option("--no-optional-locks")
        .args([
            "status",
            "--porcelain=v2",
            "-z",
            "--untracked-files=no",
            "--no-renames",
        ])
        .run()?;
    let mut found = MergeProgress::default();
    for record in records(&out) {
        let Some(file) = changed_path(record) else {
            continue;
        };
        match record.first() {
            Some(b'u') => found.unmerged.push(file),
            // `1 XY …`: Y compares the file with the index.
            Some(b'1') if record.get(3) != Some(&b'.') => found.unstaged.push(file),
            _ => {}
        }
    }
    found.unmerged.sort();
    found.unstaged.sort();
    Ok(found)
}

/// Lines of the index, or of a commit, with a conflict marker that neither of two commits has, as `FILE:LINE`.
pub(in crate::git) fn markers(
    path: &Path,
    sides: [&CommitId; 2],
    commit: Option<&CommitId>,
) -> Result<Vec<String>, GitError> {
    // Underlines of headings look like conflict markers. A marker that one side already had is no leftover.
    let mut common: Option<BTreeSet<String>> = None;
    for side in sides {
        let git = Git::within(path).args(["diff", "--check", "--no-ext-diff", "--no-renames"]);
        let git = match commit {
            None => git.args(["--cached", side.as_str()]),
            Some(commit) => git.args([side.as_str(), commit.as_str()]),
        };
        let answer = git.arg("--").answer()?;
        let text = String::from_utf8_lossy(&answer.stdout);
        let found: BTreeSet<String> = text
            .lines()
            .filter_map(|line| line.strip_suffix(": leftover conflict marker"))
            .map(str::to_owned)
            .collect();
        common = Some(match common {
            None => found,
            Some(before) => before.intersection(&found).cloned().collect(),
        });
    }
    let mut places: Vec<String> = common.unwrap_or_default().into_iter().collect();
    places.sort_by_key(|place| split_place(place));
    Ok(places)
}

fn split_place(place: &str) -> (String, u64) {
    match place.rsplit_once(':') {
        Some((file, line)) => (file.to_owned(), line.parse().unwrap_or(0)),
        None => (place.to_owned(), 0),
    }
}

/// The lines with conflict markers in files in conflict, as `FILE:LINE`. For files that are not in the index yet.
pub(in crate::git) fn marked_lines(path: &Path, files: &[PathBuf]) -> Vec<String> {
    let mut places = Vec::new();
    for file in files {
        let Ok(text) = regular::read(&path.join(file)) else {
            continue;
        };
        for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
            if line.starts_with(b"<<<<<<< ") || line.starts_with(b">>>>>>> ") {
                places.push(format!("{}:{}", file.display(), at + 1));
            }
        }
    }
    places
}

/// The commit that is being merged into the checked-out commit; `None` when there is no merge.
pub(in crate::git) fn merge_head(path: &Path) -> Result<Option<CommitId>, GitError> {
    let file = git_dir(path)?.join("MERGE_HEAD");
    let text = regular::read(&file).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    Ok(text.lines().next().and_then(|line| line.trim().parse().ok()))
}

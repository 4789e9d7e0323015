//! A branch that somebody else has deleted or moved while a worktree was on it. The branch is put back to where its
//! agents left it.
//!
//! The worktree's own log of HEAD records everything that was done in the worktree. A move from elsewhere leaves no
//! trace in this log, while index and files still show the old commit. So the next commit would revert the
//! difference.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::git::files::error::GitError;
use crate::git::files::reflog::{LogEntry as Entry, head_log};
use crate::git::files::registration::read_head;
use crate::git::keep::backup::stamp;
use crate::git::keep::gate::{keep_loose, spare_commit};
use crate::git::lock::stale_lock;
use crate::git::program::command::Git;
use crate::git::repo::ids::{branch_ref, commit_id};
use crate::git::repo::raw_commit;
use crate::git::repo::repository::Repository;
use crate::git::state::inspect::git_dir;
use crate::plan::CommitId;

/// The reflog message that marks a branch as put back.
const PUT_BACK: &str = "orch: put the branch back";

/// A git command in the worktree writes the log and then the branch. So a difference counts only when it lasts this
/// long.
const SETTLES: Duration = Duration::from_millis(150);

/// A branch that was put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Displaced {
    /// The branch, without `refs/heads/`.
    pub branch: String,
    /// The commit at which its agents had left the branch.
    pub from: CommitId,
    /// The commit to which somebody else moved the branch; `None` for a deleted branch.
    pub to: Option<CommitId>,
    /// The commit to which the branch was put back. `None` when the branch was left alone, because something other than
    /// commits was made after the foreign move.
    pub now: Option<CommitId>,
    /// Backups of commits that no other ref held.
    pub backups: Vec<String>,
}

impl fmt::Display for Displaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            branch,
            from,
            to,
            now,
            backups,
        } = self;
        let from_ = from.short();
        match to {
            None => write!(f, "somebody deleted refs/heads/{branch}, which stood at {from_}")?,
            Some(to) => write!(
                f,
                "somebody moved refs/heads/{branch} from {from_} to {}",
                to.short()
            )?,
        }
        write!(f, " while an agent was at work on it")?;
        match now {
            Some(now) => write!(f, "; it was put back to {}", now.short())?,
            None => write!(f, ", and the agent continued from there")?,
        }
        if now.as_ref().is_some_and(|now| now != from) {
            write!(f, ", with what was committed since")?;
        }
        if !backups.is_empty() {
            write!(f, "; what would have been lost is kept as {}", backups.join(", "))?;
        }
        Ok(())
    }
}

/// A branch that has to be put back.
#[derive(Debug, Clone, PartialEq, Eq)]
struct DisplacedBranch {
    from: CommitId,
    to: Option<CommitId>,
    /// The branch's present tip.
    tip: Option<CommitId>,
    /// The log entries after the foreign move.
    since: Vec<Entry>,
}

/// Puts a branch back that somebody has deleted, or moved from elsewhere, while its worktree was on it. Commits made
/// since are made again on top. Returns `None` when nobody moved the branch, or when orch cannot tell, because the
/// worktree is on no branch or has no log of HEAD. When something other than commits was made after the foreign move,
/// the branch is left alone, and its earlier commits are backed up. `began` is the branch's tip when work began.
///
/// # Errors
///
/// When git cannot do it, for example when the branch moves at this moment.
pub fn restore_displaced(
    repo: &Repository,
    owner: &str,
    worktree: &Path,
    branch: &str,
    began: &CommitId,
) -> Result<Option<Displaced>, GitError> {
    let Some(found) = displaced(repo, worktree, branch, began)? else {
        return Ok(None);
    };
    thread::sleep(SETTLES);
    if displaced(repo, worktree, branch, began)?.as_ref() != Some(&found) {
        return Ok(None);
    }
    let displaced = |now, backups| Displaced {
        branch: branch.to_owned(),
        from: found.from.clone(),
        to: found.to.clone(),
        now,
        backups,
    };
    let Some(now) = redone(repo, &found)? else {
        let kept = keep_loose(repo, owner, &found.from)?;
        let backups = kept.into_iter().map(|backup| backup.name).collect();
        return Ok(Some(displaced(None, backups)));
    };
    let name = branch_ref(branch);
    // Backups come before the move: when no backup can be made, for example on a full disk, the branch stays.
    let mut backups = Vec::new();
    for commit in found.to.iter().chain(&found.tip) {
        if !repo.is_ancestor(commit, &now)? {
            let spared = spare_commit(repo, owner, commit, &[&name], &stamp())?;
            backups.extend(spared.into_backup().map(|backup| backup.name));
        }
    }
    let _ = stale_lock::clear_beside(&repo.common_dir().join(&name));
    let nothing = "0".repeat(now.as_str().len());
    Git::within(worktree)
        .args(["update-ref", "-m", PUT_BACK])
        .arg(&name)
        .arg(now.as_str())
        .arg(found.tip.as_ref().map_or(nothing.as_str(), CommitId::as_str))
        .run()?;
    Ok(Some(displaced(Some(now), backups)))
}

fn displaced(
    repo: &Repository,
    worktree: &Path,
    branch: &str,
    began: &CommitId,
) -> Result<Option<DisplacedBranch>, GitError> {
    let admin_dir = git_dir(worktree)?;
    if read_head(&admin_dir.join("HEAD")) != Some(Some(branch.to_owned())) {
        return Ok(None);
    }
    Ok(find(&head_log(&admin_dir), began, repo.branch_tip(branch)?))
}

/// Makes the commits after the foreign move again, on top of the branch's earlier tip. Returns `None` when something
/// other than commits was made.
fn redone(repo: &Repository, found: &DisplacedBranch) -> Result<Option<CommitId>, GitError> {
    let handle = repo.handle();
    let mut now = found.from.clone();
    for entry in &found.since {
        let (Some(new), Some(what)) = (&entry.new, entry.what.strip_prefix("commit")) else {
            return Ok(None);
        };
        let mut commit = raw_commit::read(&handle, new)?;
        if what.starts_with(" (amend)") {
            commit.parents = raw_commit::read(&handle, &now)?.parents;
        } else if what.starts_with(':') || what.starts_with(" (initial)") || what.starts_with(" (merge)") {
            commit
                .parents
                .splice(..commit.parents.len().min(1), [now.clone()]);
        } else {
            return Ok(None);
        }
        let cannot = || GitError::library(format!("make the commit `{new}` again"));
        let odb = handle.odb().map_err(cannot())?;
        let made = odb.write(git2::ObjectType::Commit, &commit.content());
        now = commit_id(made.map_err(cannot())?);
    }
    Ok(Some(now))
}

/// Brings a worktree's log of HEAD up to the tip of its branch, when work begins there. Commits that orch has landed on
/// the branch are only in the branch's own log.
///
/// # Errors
///
/// When git cannot write HEAD.
pub fn begin_log(worktree: &Path, branch: &str, at: &CommitId) -> Result<(), GitError> {
    let admin_dir = git_dir(worktree)?;
    let told = head_log(&admin_dir).last().and_then(|entry| entry.new.clone());
    if told.as_ref() == Some(at) || read_head(&admin_dir.join("HEAD")) != Some(Some(branch.to_owned())) {
        return Ok(());
    }
    let head = ["symbolic-ref", "-m", "orch: begin", "HEAD"];
    Git::within(worktree).args(head).arg(branch_ref(branch)).run()?;
    Ok(())
}

/// The commits that a worktree was on only until its branch was put back: commits that the branch was moved to from
/// elsewhere, and commits on top of these, which were made again since.
pub fn put_back_from(worktree: &Path) -> BTreeSet<CommitId> {
    let log = git_dir(worktree)
        .map(|admin_dir| head_log(&admin_dir))
        .unwrap_or_default();
    let mut from = BTreeSet::new();
    let mut astray: Vec<CommitId> = Vec::new();
    let mut at = None;
    for entry in log {
        if entry.what == PUT_BACK {
            from.extend(astray.drain(..).chain(entry.old));
        } else if entry.old != at || !astray.is_empty() {
            astray.extend(entry.old.into_iter().chain(entry.new.clone()));
        }
        at = entry.new;
    }
    from
}

/// Compares the log of HEAD with the branch's tip.
fn find(log: &[Entry], began: &CommitId, tip: Option<CommitId>) -> Option<DisplacedBranch> {
    let start = log.iter().rposition(|entry| entry.what == PUT_BACK);
    let start = start.or_else(|| log.iter().rposition(|entry| entry.new.as_ref() == Some(began)))?;
    let mut at = log[start].new.clone()?;
    let mut entries = log[start + 1..].iter();
    while let Some(entry) = entries.next() {
        if entry.old.as_ref() != Some(&at) {
            let mut since = vec![entry.clone()];
            since.extend(entries.cloned());
            return Some(DisplacedBranch {
                from: at,
                to: entry.old.clone(),
                tip,
                since,
            });
        }
        at = entry.new.clone()?;
    }
    (tip.as_ref() != Some(&at)).then(|| DisplacedBranch {
        from: at,
        to: tip.clone(),
        tip,
        since: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::files::reflog::entries;

    fn id(digit: char) -> CommitId {
        digit.to_string().repeat(40).parse().unwrap()
    }

    fn log(lines: &[(char, char, &str)]) -> Vec<Entry> {
        let text: String = lines
            .iter()
            .map(|(old, new, what)| {
                let [old, new] = [old, new].map(|digit| digit.to_string().repeat(40));
                format!("{old} {new} A <a@b> 1 +0000\t{what}\n")
            })
            .collect();
        entries(text.as_bytes())
    }

    #[test]
    fn what_is_done_in_the_worktree_itself_displaces_nothing() {
        let own = log(&[
            ('0', '1', ""),
            ('1', '2', "commit: x"),
            ('2', '3', "rebase (finish): x"),
        ]);
        assert_eq!(find(&own, &id('1'), Some(id('3'))), None);
        assert_eq!(find(&[], &id('1'), Some(id('3'))), None, "nothing to go by");
    }

    #[test]
    fn a_branch_that_stands_elsewhere_than_the_log_says_was_moved_by_somebody_else() {
        let own = log(&[('0', '1', ""), ('1', '2', "commit: x")]);
        let moved = find(&own, &id('1'), Some(id('7'))).unwrap();
        assert_eq!(
            (moved.from, moved.to, moved.since.len()),
            (id('2'), Some(id('7')), 0)
        );
        let gone = find(&own, &id('1'), None).unwrap();
        assert_eq!((gone.from, gone.to), (id('2'), None));
    }

    #[test]
    fn a_commit_on_top_of_what_the_branch_was_moved_to_is_told_apart() {
        let own = log(&[('0', '1', ""), ('7', '8', "commit: x"), ('8', '9', "commit: y")]);
        let moved = find(&own, &id('1'), Some(id('9'))).unwrap();
        assert_eq!(
            (moved.from, moved.to, moved.since.len()),
            (id('1'), Some(id('7')), 2)
        );
        let repaired = log(&[('0', '1', ""), ('7', '8', "commit: x"), ('8', '5', PUT_BACK)]);
        assert_eq!(find(&repaired, &id('1'), Some(id('5'))), None);
    }
}

//! Removing worktrees and branches that are no longer needed, and nothing else.

use std::path::{Path, PathBuf};

use super::admin::{AdminLock, WorktreeAdmin};
use super::command::Git;
use super::marker::Marker;
use super::registration::{registration_at, registrations};
use super::revision::branch_ref;
use super::submodule::submodules_hold_work;
use super::worktree::on_branch;
use super::{GitError, InProgress, inspect};
use crate::plan::CommitId;

/// The proof that a worktree and its branch hold nothing that would be lost. Only [`WorktreeAdmin::removable`] makes
/// one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removable {
    key: String,
    path: PathBuf,
    branch: Option<String>,
    tip: Option<CommitId>,
    /// The branch of a unit that is checked out instead, and where it stands.
    unit: Option<(String, CommitId)>,
    /// Git refuses to remove any worktree with submodules; these were looked into.
    submodules: bool,
}

impl Removable {
    /// The worktree's folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The worktree's own branch, which will be deleted; none for a worktree without one.
    pub fn branch(&self) -> Option<&str> {
        self.branch.as_deref()
    }
}

/// Why a worktree is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeepReason {
    /// Orch did not make it.
    #[error("orch has no note of having made `{key}`")]
    NotOurs {
        /// The key.
        key: String,
    },
    /// There are uncommitted changes.
    #[error("`{}` has {} uncommitted or untracked files", path.display(), files.len())]
    Dirty {
        /// The worktree.
        path: PathBuf,
        /// The files, relative to it.
        files: Vec<PathBuf>,
    },
    /// Something was begun and not ended.
    #[error("`{}` is in the middle of a {operation}", path.display())]
    InProgress {
        /// The worktree.
        path: PathBuf,
        /// What was begun.
        operation: InProgress,
    },
    /// The branch has commits that are not on the target.
    #[error("`{branch}` has commits that have not landed")]
    NotLanded {
        /// The branch, or the commit of a worktree without one.
        branch: String,
        /// Where it stands.
        tip: CommitId,
    },
    /// The worktree is not on its branch.
    #[error("`{}` is on {} instead of `{expected}`", path.display(), on_branch(found.as_deref()))]
    OtherHead {
        /// The worktree.
        path: PathBuf,
        /// The branch it should be on.
        expected: String,
        /// The branch it is on.
        found: Option<String>,
    },
    /// The branch is checked out in another place too.
    #[error("`{branch}` is checked out at `{}`", path.display())]
    CheckedOutElsewhere {
        /// The branch.
        branch: String,
        /// The checkout.
        path: PathBuf,
    },
    /// Somebody has locked the worktree with `git worktree lock`.
    #[error("`{}` is locked{}; `git worktree unlock` frees it", path.display(), with_reason(reason))]
    Locked {
        /// The worktree.
        path: PathBuf,
        /// The reason that was given, or nothing.
        reason: String,
    },
    /// A submodule has work that exists nowhere else.
    #[error("a submodule in `{}` has changes or commits that were not pushed", path.display())]
    Submodule {
        /// The worktree.
        path: PathBuf,
    },
}

fn with_reason(reason: &str) -> String {
    if reason.is_empty() {
        String::new()
    } else {
        format!(" ({reason})")
    }
}

/// Why a worktree is not removed.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// It holds, or may hold, something that would be lost.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Keep(Vec<KeepReason>),
    /// A step failed.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl WorktreeAdmin {
    /// Looks whether the worktree and branch under a key can go: made by orch, nothing uncommitted or untracked,
    /// every commit contained in `target`. All reasons against are given at once.
    pub fn removable(&self, key: &str, target: &CommitId) -> Result<Removable, RemoveError> {
        let Some(marker) = self.read_marker(key)? else {
            let key = key.to_owned();
            return Err(RemoveError::Keep(vec![KeepReason::NotOurs { key }]));
        };
        let mut reasons = Vec::new();
        let tip = match &marker.branch {
            Some(branch) => self.repo.branch_tip(branch)?,
            None => None,
        };
        if let (Some(branch), Some(tip)) = (&marker.branch, &tip) {
            self.judge_branch(&marker, branch, tip, target, &mut reasons)?;
        }
        let unit = self.judge_unit(&marker, target, &mut reasons)?;
        let submodules = self.judge_worktree(&marker, unit.as_ref(), target, &mut reasons)?;
        if !reasons.is_empty() {
            return Err(RemoveError::Keep(reasons));
        }
        Ok(Removable {
            key: key.to_owned(),
            path: marker.path,
            branch: marker.branch,
            tip,
            unit,
            submodules,
        })
    }

    /// The unit whose branch a lane was left on, which has to be contained in the target like the worktree's own.
    fn judge_unit(
        &self,
        marker: &Marker,
        target: &CommitId,
        reasons: &mut Vec<KeepReason>,
    ) -> Result<Option<(String, CommitId)>, GitError> {
        let on =
            registration_at(self.repo.common_dir(), &marker.path)?.and_then(|known| known.head().flatten());
        let Some(branch) = on.filter(|on| marker.branch.as_ref() != Some(on)) else {
            return Ok(None);
        };
        if !self.repo.is_unit(&branch)? {
            return Ok(None);
        }
        let Some(tip) = self.repo.branch_tip(&branch)? else {
            return Ok(None);
        };
        self.judge_branch(marker, &branch, &tip, target, reasons)?;
        Ok(Some((branch, tip)))
    }

    fn judge_branch(
        &self,
        marker: &Marker,
        branch: &str,
        tip: &CommitId,
        target: &CommitId,
        reasons: &mut Vec<KeepReason>,
    ) -> Result<(), GitError> {
        let branch = branch.to_owned();
        let elsewhere = self
            .repo
            .checkout_paths(&branch)?
            .into_iter()
            .find(|path| *path != marker.path);
        if let Some(path) = elsewhere {
            let branch = branch.clone();
            reasons.push(KeepReason::CheckedOutElsewhere { branch, path });
        }
        if !self.repo.is_ancestor(tip, target)? {
            let tip = tip.clone();
            reasons.push(KeepReason::NotLanded { branch, tip });
        }
        Ok(())
    }

    /// Judges the files. True when there are submodules among them.
    fn judge_worktree(
        &self,
        marker: &Marker,
        unit: Option<&(String, CommitId)>,
        target: &CommitId,
        reasons: &mut Vec<KeepReason>,
    ) -> Result<bool, GitError> {
        let path = marker.path.clone();
        let known = registrations(self.repo.common_dir())?
            .into_iter()
            .find(|known| known.path == path);
        if let Some(reason) = known.and_then(|known| std::fs::read_to_string(known.admin.join("locked")).ok())
        {
            let reason = reason.trim().to_owned();
            reasons.push(KeepReason::Locked {
                path: path.clone(),
                reason,
            });
        }
        if !path.exists() {
            return Ok(false);
        }
        let state = inspect(&path)?;
        if !state.dirty.is_empty() {
            let files = state.dirty;
            reasons.push(KeepReason::Dirty {
                path: path.clone(),
                files,
            });
        }
        if let Some(operation) = state.in_progress {
            reasons.push(KeepReason::InProgress {
                path: path.clone(),
                operation,
            });
        }
        let on_unit = unit.is_some_and(|(branch, _)| state.branch.as_ref() == Some(branch));
        match &marker.branch {
            _ if on_unit => {}
            Some(expected) if state.branch.as_ref() != Some(expected) => {
                reasons.push(KeepReason::OtherHead {
                    path: path.clone(),
                    expected: expected.clone(),
                    found: state.branch,
                })
            }
            // A candidate that was verified and rejected is no work of anybody's; commits made in its worktree are.
            None if state.branch.is_some() => reasons.push(KeepReason::NotLanded {
                branch: state.branch.unwrap_or_default(),
                tip: target.clone(),
            }),
            // In a lane they are: it is left on a commit of the plan's.
            None if marker.lane && !self.repo.is_ancestor(&state.head, target)? => {
                reasons.push(KeepReason::NotLanded {
                    branch: state.head.to_string(),
                    tip: state.head,
                });
            }
            _ => {}
        }
        if !path.join(".gitmodules").exists() {
            return Ok(false);
        }
        if submodules_hold_work(&path)? {
            reasons.push(KeepReason::Submodule { path });
        }
        Ok(true)
    }

    /// Removes the worktree, then its branches by compare-and-swap, then the note. Never by force: what has changed
    /// since the proof was given makes the step fail. One that was cut short is ended by the next.
    pub fn remove(&self, lock: &AdminLock<'_>, removable: &Removable) -> Result<(), RemoveError> {
        let common = self.repo.common_dir();
        let known = registrations(common)?
            .into_iter()
            .any(|known| known.path == removable.path);
        if known {
            let git = Git::on(common).args(["worktree", "remove"]);
            let git = if removable.submodules {
                // Git's refusal is for all worktrees with submodules; whether there is work in them was judged, and
                // is judged again at the last moment.
                if !inspect(&removable.path)?.is_clean() || submodules_hold_work(&removable.path)? {
                    let path = removable.path.clone();
                    return Err(RemoveError::Keep(vec![KeepReason::Submodule { path }]));
                }
                git.arg("--force")
            } else {
                git
            };
            git.arg(&removable.path).holding(lock.file())?.run()?;
        }
        if let Some((branch, tip)) = &removable.unit {
            self.repo.delete_judged_unit(branch, tip)?;
        }
        if let (Some(branch), Some(tip)) = (&removable.branch, &removable.tip) {
            if let Some(path) = self.repo.checkout_paths(branch)?.into_iter().next() {
                let branch = branch.clone();
                return Err(RemoveError::Keep(vec![KeepReason::CheckedOutElsewhere {
                    branch,
                    path,
                }]));
            }
            Git::on(common)
                .args(["update-ref", "-d"])
                .arg(branch_ref(branch))
                .arg(tip.as_str())
                .run()?;
        }
        self.remove_marker(&removable.key)?;
        Ok(())
    }
}

//! Inspecting the worktree and the branch of an ended attempt.

use std::path::Path;

use crate::git::{
    self, InProgress, LeftoverError, WorktreeAdmin, WorktreeState, changed_filters, clear_dead_locks_of,
    commit_leftovers, follow_stale_submodules, head_of, put_back_from, remove_pipes, stamp, uncover,
    undo_cut_step,
};
use crate::plan::{CommitId, CommitPolicy, ItemId, Plan, PlanName};
use crate::schedule::{Evidence, GoneWork};

use super::ended_attempt::EndedAttempt;
use crate::supervisor::perform::build::others_work::OthersWork;
use crate::supervisor::perform::tree::own_folder;
use crate::supervisor::project::error::in_words;
use crate::supervisor::project::repository_plans::Project;

/// The most changed files to record for one attempt.
const MADE_IN: usize = 500;

/// Commits leftovers where the plan allows it, and gathers the work since the attempt began. `said` holds warnings.
///
/// # Errors
///
/// When the worktree cannot be inspected.
pub(super) fn look(
    project: &Project,
    admin: &WorktreeAdmin,
    worktree: &Path,
    left: &EndedAttempt<'_>,
    said: &mut Vec<String>,
) -> Result<Evidence, String> {
    let plan = project
        .plan(left.plan)
        .ok_or("the plan is no longer in the manifest")?;
    let branch = match left.place.branch_of {
        Some(unit) => {
            super::unit::note_again(project, plan, unit)?;
            project.unit_branch(plan, unit)
        }
        None => plan.branch.clone(),
    };
    let mut remains = Remains {
        project,
        admin,
        worktree,
        left,
        plan,
        branch,
        evidence: Evidence::default(),
        said,
    };
    remains.look()?;
    Ok(remains.evidence)
}

/// The inspection of an ended attempt's worktree.
struct Remains<'a> {
    project: &'a Project,
    admin: &'a WorktreeAdmin,
    worktree: &'a Path,
    left: &'a EndedAttempt<'a>,
    plan: &'a Plan,
    branch: String,
    evidence: Evidence,
    said: &'a mut Vec<String>,
}

impl Remains<'_> {
    fn look(&mut self) -> Result<(), String> {
        let worktree = self.worktree;
        let common_dir = self.project.repo.common_dir();
        let pipes = remove_pipes(worktree, common_dir, &self.branch).map_err(in_words)?;
        self.said.extend(pipes.iter().map(|file| pipe_warning(file)));
        // The lock of a git command that was killed with its agent. A lock that a live process holds stays; a later step then
        // fails and names that lock.
        let _ = clear_dead_locks_of(worktree, common_dir);
        if !git::is_checkout(worktree) {
            self.evidence.trouble = Some(format!(
                "its worktree {} is gone: somebody has removed it while it worked there",
                worktree.display()
            ));
            self.evidence.lost = true;
            self.evidence.head = self.tip()?;
            return Ok(());
        }
        self.restore()?;
        let (state, took_out) = self.settle()?;
        self.commit_rest(&state);
        self.note_head(&state)?;
        self.note_made(took_out)?;
        if self.left.place.branch_of.is_some()
            && self.evidence.trouble.is_none()
            && self.evidence.leftovers.is_empty()
        {
            // The next attempt that needs the lane will meet the same obstacle.
            let _ = super::unit::leave(self.admin, self.plan, self.left.place.lane);
        }
        Ok(())
    }

    fn tip(&self) -> Result<Option<CommitId>, String> {
        self.project.repo.branch_tip(&self.branch).map_err(in_words)
    }

    fn inspect(&self) -> Result<WorktreeState, String> {
        git::state::inspect_in(&self.project.repo, self.worktree).map_err(in_words)
    }

    /// Undoes what orch itself, and what others, did to the worktree and its branch, because that is not the agent's work.
    fn restore(&mut self) -> Result<(), String> {
        let (worktree, name) = (self.worktree, self.left.plan.as_str());
        undo_cut_step(worktree).map_err(in_words)?;
        let put_back = self.left.since.and_then(|since| {
            let put_back =
                git::step::restore_displaced(&self.project.repo, name, worktree, &self.branch, since);
            put_back.transpose()
        });
        if let Some(found) = put_back.transpose().map_err(in_words)? {
            match found.now {
                Some(_) => self.said.push(found.to_string()),
                None => self.evidence.trouble = Some(found.to_string()),
            }
        }
        if let Some(trouble) = follow_stale_submodules(worktree).map_err(in_words)? {
            self.said.push(trouble);
        }
        let hidden = uncover(worktree).map_err(in_words)?;
        if !hidden.is_empty() {
            let flags = "`git update-index --assume-unchanged` or `--skip-worktree`";
            let files = own_folder::shown(&hidden);
            self.said.push(format!(
                "git was told to overlook changes in {files} ({flags}): it looks at them again"
            ));
        }
        Ok(())
    }

    /// Ends an operation that the agent left open, and takes orch's own folder out of its commits. Returns the state of the
    /// worktree afterwards, and whether the commits contained such a folder.
    fn settle(&mut self) -> Result<(WorktreeState, bool), String> {
        let mut state = self.inspect()?;
        if let Some(operation) = state.in_progress {
            self.evidence.trouble =
                give_up(self.admin, self.worktree, self.left.plan, &self.branch, operation);
            state = self.inspect()?;
        }
        if let Some(file) = changed_filters().filter(|_| self.evidence.trouble.is_none()) {
            self.evidence.trouble = Some(format!(
                "`{}` has changed since this run began, and can hide changes from git. If you did not change it, an agent \
                 did. Put it back",
                file.display()
            ));
        }
        if state.branch.as_deref() != Some(self.branch.as_str()) || state.in_progress.is_some() {
            return Ok((state, false));
        }
        let trailers = [("Orch-Attempt", self.left.attempt.as_str())];
        match own_folder(self.project, self.plan, self.worktree, &self.branch, &trailers) {
            Ok(None) => Ok((state, false)),
            Ok(Some(told)) => {
                self.said.push(told);
                Ok((self.inspect()?, true))
            }
            Err(trouble) => {
                self.evidence.trouble = Some(trouble);
                Ok((state, false))
            }
        }
    }

    /// Commits uncommitted files, or describes them.
    fn commit_rest(&mut self, state: &WorktreeState) {
        let EndedAttempt {
            plan: name, attempt, ..
        } = *self.left;
        match self.plan.commit {
            _ if self.evidence.trouble.is_some() => {}
            CommitPolicy::Auto if !state.dirty.is_empty() || state.in_progress.is_some() => {
                let message = format!("{name}: commit what attempt {attempt} left");
                let trailers = [("Orch-Plan", name.as_str()), ("Orch-Attempt", attempt.as_str())];
                match commit_leftovers(self.worktree, &self.branch, &message, &trailers) {
                    Ok(Some(_)) => {
                        let count = u32::try_from(state.dirty.len());
                        self.evidence.leftovers_committed = count.unwrap_or(u32::MAX);
                    }
                    Ok(None) => {}
                    Err(
                        error @ (LeftoverError::InProgress { .. } | LeftoverError::NestedRepositories { .. }),
                    ) => {
                        self.evidence.trouble =
                            Some(format!("the agent's work cannot be committed: {error}"));
                    }
                    Err(error) => self.evidence.trouble = Some(error.to_string()),
                }
            }
            CommitPolicy::Auto => {}
            CommitPolicy::Require => {
                let left = state.dirty.iter().map(|path| path.to_string_lossy().into_owned());
                self.evidence.leftovers = left.collect();
            }
        }
    }

    /// Records whether the worktree is on its branch. Otherwise keeps the commits that it is on.
    fn note_head(&mut self, state: &WorktreeState) -> Result<(), String> {
        // An interrupted check may have left the unit's branch already.
        let was_left = self.left.place.branch_of.is_some()
            && state.dirty.is_empty()
            && state.branch.as_ref().is_none_or(|on| *on == self.plan.branch);
        if was_left {
            return Ok(());
        }
        if state.branch.as_deref() != Some(self.branch.as_str()) && self.evidence.trouble.is_none() {
            let on = state
                .branch
                .as_ref()
                .map_or("no branch".to_owned(), |branch| format!("the branch `{branch}`"));
            self.evidence.trouble = Some(format!(
                "the agent left its worktree on {on} instead of `{}`",
                self.branch
            ));
        }
        if state.branch.is_none() {
            // The next attempt may switch back to the branch, and then no ref would hold these commits.
            let now = head_of(self.worktree).map_err(in_words)?;
            let kept = git::keep::keep_loose(&self.project.repo, self.left.plan.as_str(), &now);
            if let (Some(backup), Some(trouble)) = (kept.map_err(in_words)?, &mut self.evidence.trouble) {
                trouble.push_str(&format!("; its commits are kept as {}", backup.name));
            }
        }
        Ok(())
    }

    /// Records the commits made on the branch, and the reported work that is no longer on the branch.
    fn note_made(&mut self, took_out: bool) -> Result<(), String> {
        let EndedAttempt { since, .. } = *self.left;
        let (project, name, by_unit) = (self.project, self.left.plan, self.left.place.branch_of.is_some());
        let Some(tip) = self.tip()? else {
            return Ok(());
        };
        let others = OthersWork::at(project, self.plan, &tip, self.left.handed_on).map_err(in_words)?;
        self.evidence.foreign = others.foreign().map_err(in_words)?;
        let made = since.map_or(Ok(0), |since| others.made_since(since));
        self.evidence.commits = u32::try_from(made.map_err(in_words)?).unwrap_or(u32::MAX);
        if let Some(since) = since {
            if self.evidence.trouble.is_none() {
                // Includes work of earlier attempts, because it lands together with this one's.
                let base = target_base(project, &tip);
                self.evidence.trouble = bare_links(project, base.as_ref().unwrap_or(since), &tip);
            }
            let same = || Some(project.repo.tree_of(&tip).ok()? == project.repo.tree_of(since).ok()?);
            if took_out && same() == Some(true) {
                // The only changes were those that were taken out again.
                self.evidence.commits = 0;
            }
        }
        self.evidence.gone = gone(project, name, &tip, self.worktree, self.left.reported)?;
        if !by_unit {
            git::refs::keep_made(&project.repo, name, &tip).map_err(in_words)?;
        }
        if let Some(since) = since.filter(|_| by_unit) {
            let made = git::repo::files_between(&project.repo, since, &tip).unwrap_or_default();
            let names = made.iter().map(|file| file.to_string_lossy().into_owned());
            self.evidence.files = names.take(MADE_IN).collect();
        }
        self.evidence.head = Some(tip);
        Ok(())
    }
}

/// The warning for a pipe, socket or device where git has a file.
pub fn pipe_warning(file: &Path) -> String {
    format!(
        "there was a pipe, a socket or a device at {}, where git has a file: it was removed",
        file.display()
    )
}

/// Takes orch's own folder out of the attempt's commits. Where `orch` must not commit, says what the agent has to do.
fn own_folder(
    project: &Project,
    plan: &Plan,
    worktree: &Path,
    branch: &str,
    trailers: &[(&str, &str)],
) -> Result<Option<String>, String> {
    let files = match plan.commit {
        CommitPolicy::Auto => {
            own_folder::take_out(project, worktree, branch, &plan.name, trailers).map_err(in_words)?
        }
        CommitPolicy::Require => {
            let tip = project.repo.branch_tip(branch).map_err(in_words)?;
            let held = tip
                .map(|tip| git::candidate::orch_files_in(&project.repo, &tip))
                .transpose();
            let held = held.map_err(in_words)?.unwrap_or_default();
            if !held.is_empty() {
                return Err(format!(
                    "the agent's commits hold {}, and `.orch/` is orch's own: {}",
                    own_folder::shown(&held),
                    own_folder::REMEDY
                ));
            }
            held
        }
    };
    Ok((!files.is_empty()).then(|| own_folder::told(branch, &files)))
}

/// Aborts an operation that the agent left open, so that the next attempt can work there. Returns a warning; `None` without a
/// backup.
fn give_up(
    admin: &WorktreeAdmin,
    worktree: &Path,
    name: &PlanName,
    branch: &str,
    operation: InProgress,
) -> Option<String> {
    match git::unit::give_up(admin, worktree, name.as_str(), branch, &stamp()) {
        Ok(given_up) => {
            let backups = given_up.map_or_else(Vec::new, |given_up| given_up.backups);
            let names: Vec<&str> = backups.iter().map(|backup| backup.name.as_str()).collect();
            (!names.is_empty()).then(|| {
                format!(
                    "the agent left a {operation} open in its worktree: it was given up, so `{branch}` is as it was before, and \
                     its changes are kept as {} (`orch backup list {name}`)",
                    names.join(", ")
                )
            })
        }
        Err(error) => Some(format!(
            "the agent left a {operation} open in its worktree: {error}"
        )),
    }
}

/// Commits on which work was reported done and that a branch no longer contains. Those that no other ref contains are backed up.
fn gone(
    project: &Project,
    name: &PlanName,
    tip: &CommitId,
    worktree: &Path,
    reported: &[(CommitId, Vec<ItemId>)],
) -> Result<Vec<GoneWork>, String> {
    let astray = put_back_from(worktree);
    let mut gone = Vec::new();
    for (commit, items) in reported {
        // An unreadable commit counts as gone too.
        let behind = project.repo.ahead_behind(tip, commit);
        if behind.is_ok_and(|distance| distance.behind == 0) {
            continue;
        }
        // The report was made while somebody had moved the branch; the branch has that work now.
        if astray.contains(commit) {
            continue;
        }
        let kept = git::keep::keep_loose(&project.repo, name.as_str(), commit);
        let kept = kept.map_err(in_words)?;
        gone.push(GoneWork {
            commit: commit.clone(),
            items: items.clone(),
            backup: kept.map(|backup| backup.name),
        });
    }
    Ok(gone)
}

/// The merge base of a branch and the target; `None` where there is no target yet.
fn target_base(project: &Project, tip: &CommitId) -> Option<CommitId> {
    let target = project.repo.branch_tip(&project.target).ok()??;
    project.repo.merge_base(tip, &target).ok()?
}

/// The problem with commits that contain links to repositories which nobody else has; `None` where there are none.
fn bare_links(project: &Project, since: &CommitId, tip: &CommitId) -> Option<String> {
    let links = git::repo::bare_links(&project.repo, since, tip).ok()?;
    let first = links.first()?.display();
    Some(format!(
        "the agent's commits hold {} only as a link to a repository of its own, without its files: `git rm --cached {first}`, \
         then move it away, delete its `.git` and add its files, or make it a submodule",
        own_folder::shown(&links)
    ))
}

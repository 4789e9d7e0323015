//! Looking at what an attempt left.

use std::path::Path;

use crate::git::{
    self, InProgress, LeftoverError, WorktreeAdmin, again_if_killed, changed_filters, clear_dead_locks_of,
    commit_leftovers, follow_stale_submodules, head_of, put_back_from, remove_pipes, stamp, uncover,
    undo_cut_step,
};
use crate::plan::{AttemptId, CommitId, CommitPolicy, ItemId, Plan, PlanName};
use crate::schedule::{Event, Evidence, GoneWork, WorkPlace};

use crate::status;

use crate::supervisor::perform::build::others_work::OthersWork;
use crate::supervisor::perform::tree::own_folder;
use crate::supervisor::project::repository_plans::Project;

/// An attempt that has ended, whose remains are looked at.
#[derive(Debug, Clone, Copy)]
pub struct EndedAttempt<'a> {
    /// The plan.
    pub plan: &'a PlanName,
    /// The attempt.
    pub attempt: &'a AttemptId,
    /// Where it worked.
    pub place: &'a WorkPlace,
    /// The branch's tip when it started.
    pub since: Option<&'a CommitId>,
    /// Commits on which work was reported done, with what was.
    pub reported: &'a [(CommitId, Vec<ItemId>)],
    /// Commits of other plans that the branch may hold.
    pub handed_on: &'a [CommitId],
}

/// Of so many files it is noted that an attempt has made something in them.
const MADE_IN: usize = 500;

/// Commits leftovers where the plan allows it, and counts what was made since the attempt began. A lane is taken off its
/// unit's branch when nothing uncommitted is in it. With what a person should know of it.
pub fn check(
    project: &Project,
    admin: &WorktreeAdmin,
    worktree: &Path,
    left: &EndedAttempt<'_>,
) -> (Event, Vec<String>) {
    let mut said = Vec::new();
    let looked = again_if_killed(
        |looked: &Result<Evidence, String>| looked.as_ref().is_ok_and(|evidence| evidence.trouble.is_none()),
        || look(project, admin, worktree, left, &mut said),
    );
    let mut evidence = looked.unwrap_or_else(|trouble| Evidence {
        trouble: Some(trouble),
        ..Evidence::default()
    });
    evidence.read = worktree.is_dir().then(|| status::inbox(worktree).read);
    let event = Event::AttemptChecked {
        plan: left.plan.clone(),
        attempt: left.attempt.clone(),
        evidence,
    };
    (event, said)
}

fn look(
    project: &Project,
    admin: &WorktreeAdmin,
    worktree: &Path,
    left: &EndedAttempt<'_>,
    said: &mut Vec<String>,
) -> Result<Evidence, String> {
    let EndedAttempt {
        plan: name,
        attempt,
        place,
        since,
        reported,
        handed_on,
    } = *left;
    let plan = project
        .plan(name)
        .ok_or("the plan is not in the manifest any more")?;
    let branch = match place.branch_of {
        Some(unit) => {
            super::unit::note_again(project, plan, unit)?;
            project.unit_branch(plan, unit)
        }
        None => plan.branch.clone(),
    };
    let pipes =
        remove_pipes(worktree, project.repo.common_dir(), &branch).map_err(|error| error.to_string())?;
    said.extend(pipes.iter().map(|file| told_of_pipe(file)));
    // Of a git that the agent ran and that was killed with it. One that somebody holds is named by what it keeps from working.
    let _ = clear_dead_locks_of(worktree, project.repo.common_dir());
    let mut evidence = Evidence::default();
    if !worktree.join(".git").exists() {
        evidence.trouble = Some(format!(
            "its worktree {} is gone: somebody has removed it while it worked there",
            worktree.display()
        ));
        evidence.lost = true;
        evidence.head = project
            .repo
            .branch_tip(&branch)
            .map_err(|error| error.to_string())?;
        return Ok(evidence);
    }
    // What orch itself has left there is nobody's work.
    undo_cut_step(worktree).map_err(|error| error.to_string())?;
    let put_back = since.and_then(|since| {
        let put_back = git::step::restore_displaced(&project.repo, name.as_str(), worktree, &branch, since);
        put_back.transpose()
    });
    if let Some(found) = put_back.transpose().map_err(|error| error.to_string())? {
        match found.now {
            Some(_) => said.push(found.to_string()),
            None => evidence.trouble = Some(found.to_string()),
        }
    }
    if let Some(trouble) = follow_stale_submodules(worktree).map_err(|error| error.to_string())? {
        said.push(trouble);
    }
    let hidden = uncover(worktree).map_err(|error| error.to_string())?;
    if !hidden.is_empty() {
        let flags = "`git update-index --assume-unchanged` or `--skip-worktree`";
        let files = own_folder::shown(&hidden);
        said.push(format!(
            "git was told to overlook changes in {files} ({flags}): it looks at them again"
        ));
    }
    let inspect = || git::state::inspect_in(&project.repo, worktree).map_err(|error| error.to_string());
    let mut before = inspect()?;
    if let Some(operation) = before.in_progress {
        evidence.trouble = give_up(admin, worktree, name, &branch, operation);
        before = inspect()?;
    }
    if let Some(file) = changed_filters().filter(|_| evidence.trouble.is_none()) {
        evidence.trouble = Some(format!(
            "`{}` is not what it was when this run began, and git can overlook changes by it: if you did not change it, an agent \
             did. Put it back",
            file.display()
        ));
    }
    let trailers = [("Orch-Plan", name.as_str()), ("Orch-Attempt", attempt.as_str())];
    let mut took_out = false;
    if before.branch.as_deref() == Some(branch.as_str()) && before.in_progress.is_none() {
        match own_folder(project, plan, worktree, &branch, &trailers[1..]) {
            Ok(None) => {}
            Ok(Some(told)) => {
                took_out = true;
                said.push(told);
                before = inspect()?;
            }
            Err(trouble) => evidence.trouble = Some(trouble),
        }
    }
    match plan.commit {
        _ if evidence.trouble.is_some() => {}
        CommitPolicy::Auto if !before.dirty.is_empty() || before.in_progress.is_some() => {
            let message = format!("{name}: commit what attempt {attempt} left");
            match commit_leftovers(worktree, &branch, &message, &trailers) {
                Ok(Some(_)) => {
                    evidence.leftovers_committed = u32::try_from(before.dirty.len()).unwrap_or(u32::MAX)
                }
                Ok(None) => {}
                Err(
                    error @ (LeftoverError::InProgress { .. } | LeftoverError::NestedRepositories { .. }),
                ) => {
                    evidence.trouble = Some(format!("the agent's work cannot be committed: {error}"));
                }
                Err(error) => evidence.trouble = Some(error.to_string()),
            }
        }
        CommitPolicy::Auto => {}
        CommitPolicy::Require => {
            evidence.leftovers = before
                .dirty
                .iter()
                .map(|path| path.to_string_lossy().into_owned())
                .collect();
        }
    }
    // A check that was cut short may have left the unit's branch already.
    let was_left = place.branch_of.is_some()
        && before.dirty.is_empty()
        && before.branch.as_ref().is_none_or(|on| *on == plan.branch);
    if before.branch.as_deref() != Some(branch.as_str()) && !was_left && evidence.trouble.is_none() {
        let on = before
            .branch
            .as_ref()
            .map_or("no branch".to_owned(), |branch| format!("the branch `{branch}`"));
        evidence.trouble = Some(format!(
            "the agent left its worktree on {on} instead of `{}`",
            branch
        ));
    }
    if before.branch.is_none() && !was_left {
        // The next one may leave it for the branch, and what it stands on is then on nothing.
        let now = head_of(worktree).map_err(|error| error.to_string())?;
        let kept = git::keep::keep_loose(&project.repo, name.as_str(), &now);
        let kept = kept.map_err(|error| error.to_string())?;
        if let (Some(backup), Some(trouble)) = (kept, &mut evidence.trouble) {
            trouble.push_str(&format!("; its commits are kept as {}", backup.name));
        }
    }
    let tip = project
        .repo
        .branch_tip(&branch)
        .map_err(|error| error.to_string())?;
    if let Some(tip) = &tip {
        let beyond = OthersWork::at(project, plan, tip, handed_on).map_err(|error| error.to_string())?;
        evidence.foreign = beyond.foreign().map_err(|error| error.to_string())?;
        let made = since.map_or(Ok(0), |since| beyond.made_since(since));
        let made = made.map_err(|error| error.to_string())?;
        evidence.commits = u32::try_from(made).unwrap_or(u32::MAX);
    }
    if let (Some(tip), Some(since)) = (&tip, since) {
        let same = || Some(project.repo.tree_of(tip).ok()? == project.repo.tree_of(since).ok()?);
        if evidence.trouble.is_none() {
            // Also what an earlier attempt made: it lands with this one's.
            let base = target_base(project, tip);
            evidence.trouble = bare_links(project, base.as_ref().unwrap_or(since), tip);
        }
        if took_out && same() == Some(true) {
            // Nothing was made but what was taken out again.
            evidence.commits = 0;
        }
    }
    if let Some(tip) = &tip {
        evidence.gone = gone(project, name, tip, worktree, reported)?;
    }
    if let (Some(tip), None) = (&tip, place.branch_of) {
        let kept = git::refs::keep_made(&project.repo, name, tip);
        kept.map_err(|error| error.to_string())?;
    }
    if let (Some(tip), Some(since)) = (&tip, since.filter(|_| place.branch_of.is_some())) {
        let made = git::repo::files_between(&project.repo, since, tip).unwrap_or_default();
        let names = made.iter().map(|file| file.to_string_lossy().into_owned());
        evidence.files = names.take(MADE_IN).collect();
    }
    evidence.head = tip;
    if place.branch_of.is_some() && evidence.trouble.is_none() && evidence.leftovers.is_empty() {
        // What hinders is met again by whoever needs the lane next.
        let _ = super::unit::leave(admin, plan, place.lane);
    }
    Ok(evidence)
}

/// A pipe, socket or device where git has a file.
pub fn told_of_pipe(file: &Path) -> String {
    format!(
        "there was a pipe, a socket or a device at {}, where git has a file: it was removed",
        file.display()
    )
}

/// Takes orch's own folder out of the attempt's commits, or says what the agent has to do where `orch` commits nothing.
fn own_folder(
    project: &Project,
    plan: &Plan,
    worktree: &Path,
    branch: &str,
    trailers: &[(&str, &str)],
) -> Result<Option<String>, String> {
    let text = |error: crate::git::GitError| error.to_string();
    let files = match plan.commit {
        CommitPolicy::Auto => {
            own_folder::take_out(project, worktree, branch, &plan.name, trailers).map_err(text)?
        }
        CommitPolicy::Require => {
            let tip = project.repo.branch_tip(branch).map_err(text)?;
            let held = tip
                .map(|tip| git::candidate::orch_files_in(&project.repo, &tip))
                .transpose();
            let held = held.map_err(text)?.unwrap_or_default();
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

/// Ends what the agent has left open, so that the next one can work there; what a person should know of it, and none when
/// nothing had to be put away.
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
                     what was there is kept as {} (`orch backup list {name}`)",
                    names.join(", ")
                )
            })
        }
        Err(error) => Some(format!(
            "the agent left a {operation} open in its worktree: {error}"
        )),
    }
}

/// Commits on which work was reported done and that a branch does not hold any more; what no other ref holds is backed up.
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
        // One that cannot be read any more is gone as well.
        let behind = project.repo.ahead_behind(tip, commit);
        if behind.is_ok_and(|distance| distance.behind == 0) {
            continue;
        }
        // Reported while somebody had moved the branch: it has that work now.
        if astray.contains(commit) {
            continue;
        }
        let kept = git::keep::keep_loose(&project.repo, name.as_str(), commit);
        let kept = kept.map_err(|error| error.to_string())?;
        gone.push(GoneWork {
            commit: commit.clone(),
            items: items.clone(),
            backup: kept.map(|backup| backup.name),
        });
    }
    Ok(gone)
}

/// Where a branch and the target parted; none where there is no target yet.
fn target_base(project: &Project, tip: &CommitId) -> Option<CommitId> {
    let target = project.repo.branch_tip(&project.target).ok()??;
    project.repo.merge_base(tip, &target).ok()?
}

/// What is wrong with commits that hold links to repositories which nobody else has; none where there are none.
fn bare_links(project: &Project, since: &CommitId, tip: &CommitId) -> Option<String> {
    let links = git::repo::bare_links(&project.repo, since, tip).ok()?;
    let first = links.first()?.display();
    Some(format!(
        "the agent's commits hold {} only as a link to a repository of its own, without its files: `git rm --cached {first}`, \
         then move it away, delete its `.git` and add its files, or make it a submodule",
        own_folder::shown(&links)
    ))
}

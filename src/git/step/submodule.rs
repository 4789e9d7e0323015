//! Submodules of a worktree: the work inside them, whose repositories are removed with their worktree, and the commits
//! that they should be on.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::clones;
use crate::git::files::error::GitError;
use crate::git::files::reflog::head_log;
use crate::git::files::registration::registrations;
use crate::git::program::command::{Git, records};
use crate::git::state::inspect::{git_dir, head_of};
use crate::plan::CommitId;

/// The paths of the submodules that somebody has cloned in the main checkout or in another worktree. With `all`, the
/// paths of all submodules, as for a bare repository, which has no main checkout to go by.
pub(in crate::git) fn used_submodules(
    common_dir: &Path,
    all: bool,
    path: &Path,
) -> Result<Vec<OsString>, GitError> {
    let listed = clones::listed(path)?;
    if listed.is_empty() {
        return Ok(Vec::new());
    }
    let mut clones = vec![common_dir.join("modules")];
    let worktrees = registrations(common_dir)?.into_iter();
    clones.extend(worktrees.map(|known| known.admin.join("modules")));
    let is_used = |name: &OsString| all || clones.iter().any(|clones| clones.join(name).is_dir());
    let used = listed.into_iter().filter(|one| is_used(&one.name));
    Ok(used.map(|one| one.path).collect())
}

/// Updates the submodules of a worktree to its index, after a step of orch has changed the index: git's own merges do
/// not update submodules. Commits made in a submodule are kept, and a submodule with uncommitted changes is left alone.
/// Returns the failure, if any.
///
/// # Errors
///
/// When git cannot be run.
pub fn follow_submodules(path: &Path) -> Result<Option<String>, GitError> {
    let admin_dir = git_dir(path)?;
    let common = match std::fs::read_to_string(admin_dir.join("commondir")) {
        Ok(common) => admin_dir.join(common.trim_end()),
        Err(_) => admin_dir,
    };
    let used = used_submodules(&common, false, path)?;
    if used.is_empty() {
        return Ok(None);
    }
    keep_submodule_commits(path)?;
    update(path, &used)
}

fn update(path: &Path, which: &[OsString]) -> Result<Option<String>, GitError> {
    let answer = Git::within(path)
        .args(["submodule", "--quiet", "update", "--recursive"])
        .arg("--")
        .args(which)
        .answer()?;
    let failed = !answer.status.success();
    Ok(failed.then(|| format!("the submodules could not be checked out: {}", answer.failure())))
}

/// Updates to the index those submodules that merely did not follow: a merge, cherry-pick or rebase in the worktree has
/// changed their commit, and nobody has touched them since. Call this while nobody works there.
///
/// # Errors
///
/// When git cannot be run.
pub fn follow_stale_submodules(path: &Path) -> Result<Option<String>, GitError> {
    let stale = stale_submodules(path)?;
    if stale.is_empty() {
        return Ok(None);
    }
    let stale: Vec<OsString> = stale.into_iter().map(PathBuf::into_os_string).collect();
    update(path, &stale)
}

/// The submodules that are still on the commit that an earlier commit of the worktree records, and that nobody has
/// touched since the record changed. They do not count as changes.
pub(in crate::git) fn stale_submodules(path: &Path) -> Result<Vec<PathBuf>, GitError> {
    if !path.join(".gitmodules").exists() {
        return Ok(Vec::new());
    }
    // `:OLDMODE NEWMODE OLDID NEWID STATUS<NUL>PATH<NUL>`: compares the index with the files.
    let out = Git::within(path)
        .args([
            "diff-files",
            "--raw",
            "-z",
            "--no-abbrev",
            "--ignore-submodules=dirty",
        ])
        .run()?;
    let mut found = Vec::new();
    let mut fields = records(&out);
    let mut log = None;
    while let (Some(what), Some(file)) = (fields.next(), fields.next()) {
        let text = String::from_utf8_lossy(what);
        let Some(wanted) = text
            .strip_prefix(":160000 160000 ")
            .and_then(|rest| rest.split(' ').next())
        else {
            continue;
        };
        let file = PathBuf::from(OsStr::from_bytes(file));
        let (Ok(wanted), Ok(stands)) = (wanted.parse::<CommitId>(), head_of(&path.join(&file))) else {
            continue;
        };
        let log = match &log {
            Some(log) => log,
            None => log.insert(head_log(&git_dir(path)?)),
        };
        let repo = git2::Repository::open(path).map_err(GitError::library("open the worktree"))?;
        let link = |commit: &Option<CommitId>| link_in(&repo, commit.as_ref()?, &file);
        // A staged submodule commit that is in no commit of the worktree is somebody's work.
        let changed = log
            .iter()
            .rposition(|entry| link(&entry.new) != link(&entry.old))
            .filter(|_| {
                log.last()
                    .is_some_and(|last| link(&last.new).as_ref() == Some(&wanted))
            });
        let Some(changed) = changed else {
            continue;
        };
        let before = log[..=changed]
            .iter()
            .any(|entry| link(&entry.old).as_ref() == Some(&stands));
        let touched = head_log(&git_dir(&path.join(&file))?)
            .last()
            .is_some_and(|last| last.time > log[changed].time);
        if before && !touched {
            found.push(file);
        }
    }
    Ok(found)
}

/// The commit that a commit records for a submodule.
fn link_in(repo: &git2::Repository, commit: &CommitId, file: &Path) -> Option<CommitId> {
    let tree = repo
        .find_commit(crate::git::repo::ids::oid(commit).ok()?)
        .ok()?
        .tree()
        .ok()?;
    let entry = tree.get_path(file).ok()?;
    (entry.filemode() == 0o160_000).then(|| crate::git::repo::ids::commit_id(entry.id()))
}

/// Restores the submodules of a worktree of orch's own exactly to the index, whatever their content. With `ignored`,
/// ignored files are removed too. Commits made in the submodules are kept.
pub(in crate::git) fn scour_submodules(path: &Path, ignored: bool) -> Result<(), GitError> {
    if !path.join(".gitmodules").exists() {
        return Ok(());
    }
    keep_submodule_commits(path)?;
    let clean = if ignored { "-ffdxq" } else { "-ffdq" };
    let each = || {
        Git::within(path)
            .args(["submodule", "--quiet", "foreach", "--recursive"])
            .arg(format!("git reset --hard --quiet && git clean {clean}"))
            .answer()
    };
    each()?;
    // Only submodules that are cloned here; this worktree does not use the others.
    let admin_dir = git_dir(path)?;
    let cloned = used_submodules(&admin_dir, false, path)?;
    if !cloned.is_empty() {
        update(path, &cloned)?;
        each()?;
    }
    Ok(())
}

/// True when a submodule has changes, or commits that no branch of its remotes has. Removing the worktree also removes
/// the submodule's repository.
pub(in crate::git) fn submodules_hold_work(path: &Path) -> Result<bool, GitError> {
    let out = Git::within(path)
        .args(["submodule", "--quiet", "foreach", "--recursive"])
        .arg(
            "git status --porcelain --ignore-submodules=none && \
             git rev-list -n 1 HEAD --branches --glob=refs/orch/kept --not --remotes",
        )
        .run()?;
    Ok(!out.trim_ascii().is_empty())
}

/// Makes a ref `refs/orch/kept/ID` for each submodule's commit that is on no branch there, so that checking out another
/// commit loses nothing. Returns false when a submodule has uncommitted changes.
pub(in crate::git) fn keep_submodule_commits(path: &Path) -> Result<bool, GitError> {
    let out = Git::within(path)
        .args(["submodule", "--quiet", "foreach", "--recursive"])
        .arg(
            "git status --porcelain --ignore-submodules=none && \
             for id in $(git rev-list -n 1 HEAD --not --branches --remotes --glob=refs/orch/kept); do \
             git update-ref refs/orch/kept/$id HEAD; done",
        )
        .run()?;
    Ok(out.trim_ascii().is_empty())
}

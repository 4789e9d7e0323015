//! Making worktrees, and completing interrupted ones.

use std::path::Path;

use super::add::add;
use super::populate::{Fill, fill};
use super::repair::{adopt, entry_of, repair, unlock_half_made};
use super::sparse::leave_nothing_out;
use super::wanted::WantedTree;
use crate::git::admin::exclude::{exclude, lines_for};
use crate::git::admin::main_record;
use crate::git::admin::spec::{EnsureError, WorktreeReady, WorktreeRefusal, WorktreeSpec, is_key};
use crate::git::admin::worktree_admin::{AdminLock, KeyLock, WorktreeAdmin};
use crate::git::admin::worktree_record::{TreeProgress, WorktreeRecord};
use crate::git::files::error::GitError;
use crate::git::files::place::is_free;
use crate::git::files::registration::{Registration, registration_at, settle};
use crate::git::keep::gate::SparedTree;
use crate::git::lock::stale_lock;
use crate::git::program::again::again_if_killed;
use crate::git::repo::ids::branch_ref;
use crate::git::repo::revision::is_branch_name;
use crate::plan::CommitId;

/// The state of git's worktree administration after the locked part.
struct Registered {
    registration: Registration,
    record: WorktreeRecord,
    fill: Fill,
    created_branch: bool,
}

/// Makes the branch and the worktree, or finds them made, or completes what a crash left half-made. Only the part in
/// git's worktree administration runs under the lock. Files are written outside the lock, so several worktrees are
/// filled in parallel.
pub fn ensure(admin: &WorktreeAdmin, spec: &WorktreeSpec) -> Result<WorktreeReady, EnsureError> {
    if !is_branch_name(&spec.branch) {
        let branch = spec.branch.clone();
        return Err(WorktreeRefusal::BadBranch { branch }.into());
    }
    let alone = alone(admin, &spec.key)?;
    make(
        admin,
        &alone,
        &WantedTree {
            key: &spec.key,
            path: settle(&spec.path),
            branch: Some(&spec.branch),
            base: &spec.base,
            lane: false,
        },
    )
}

/// Makes a worktree with a detached HEAD at a commit, for verifications, or makes an existing one ready again. Resets
/// tracked files and removes untracked ones; files that no check has left there are backed up first. Ignored files,
/// such as build caches, stay. When somebody kills one of its git commands, the whole call is repeated.
///
/// # Errors
///
/// When something that orch did not make is in the way, or git fails.
pub fn ensure_detached(
    admin: &WorktreeAdmin,
    key: &str,
    path: &Path,
    commit: &CommitId,
) -> Result<WorktreeReady, EnsureError> {
    again_if_killed(Result::is_ok, || detached(admin, key, path, commit))
}

fn detached(
    admin: &WorktreeAdmin,
    key: &str,
    path: &Path,
    commit: &CommitId,
) -> Result<WorktreeReady, EnsureError> {
    let alone = alone(admin, key)?;
    let mut ready = make(
        admin,
        &alone,
        &WantedTree {
            key,
            path: settle(path),
            branch: None,
            base: commit,
            lane: false,
        },
    )?;
    if ready.created_worktree {
        // The repository's post-checkout hook may have written something.
        admin.record_left(key)?;
    }
    // A worktree whose making was interrupted is completed at the commit that it was begun for.
    if !ready.created_worktree || ready.head != *commit {
        super::populate::reset_detached(admin, &alone, key, &mut ready, commit)?;
    }
    Ok(ready)
}

pub(in crate::git) fn alone(admin: &WorktreeAdmin, key: &str) -> Result<KeyLock, EnsureError> {
    if !is_key(key) {
        return Err(WorktreeRefusal::BadKey { key: key.to_owned() }.into());
    }
    Ok(admin.lock_key(key)?)
}

pub(in crate::git) fn make(
    admin: &WorktreeAdmin,
    alone: &KeyLock,
    wanted: &WantedTree<'_>,
) -> Result<WorktreeReady, EnsureError> {
    let registered = {
        let lock = admin.lock()?;
        register(admin, &lock, wanted)?
    };
    let Registered {
        registration,
        mut record,
        fill: kind,
        created_branch,
    } = registered;
    let created_worktree = record.state == TreeProgress::Making;
    // The checkout locks the index, HEAD and the branch of HEAD.
    stale_lock::clear_admin_dir(&registration.admin)?;
    if let Some(branch) = wanted.branch {
        stale_lock::clear_beside(&admin.repo.common_dir().join(branch_ref(branch)))?;
    }
    let is_for_verifying = wanted.branch.is_none() && !wanted.lane;
    if is_for_verifying {
        leave_nothing_out(&registration.admin)?;
    }
    let warnings = fill(admin, alone, &registration, kind)?;
    let head = crate::git::state::inspect::head_of(&registration.path)?;
    if created_worktree {
        record.state = TreeProgress::Made;
        admin.write_record(wanted.key, &record)?;
    }
    Ok(WorktreeReady {
        path: registration.path,
        head,
        created_branch,
        created_worktree,
        spotless: false,
        warnings,
    })
}

/// Hides files from git in every checkout, by patterns in `.gitignore` syntax.
///
/// # Errors
///
/// When the lock cannot be taken or the file cannot be written.
pub fn hide(admin: &WorktreeAdmin, patterns: &[&str]) -> Result<(), GitError> {
    if patterns.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
    exclude(&admin.lock()?, admin.repo.common_dir(), &lines)
}

/// The part under the lock. Afterwards the branch exists and git's worktree administration has an entry for the
/// worktree.
fn register(
    admin: &WorktreeAdmin,
    lock: &AdminLock<'_>,
    wanted: &WantedTree<'_>,
) -> Result<Registered, EnsureError> {
    let common = admin.repo.common_dir();
    let found = registration_at(common, &wanted.path)?;
    let tip = match wanted.branch {
        Some(branch) => admin.repo.branch_tip(branch)?,
        None => None,
    };
    let recorded = admin.read_record(wanted.key)?;
    match &recorded {
        None => refuse_foreign(admin, wanted, found.as_ref(), tip.as_ref())?,
        Some(record) => refuse_other(wanted, record, found.as_ref(), tip.as_ref())?,
    }
    exclude(lock, common, &lines_for(admin.repo.top(), &wanted.path))?;
    main_record::write(lock, common, admin.repo.top())?;

    // A person has deleted everything by hand. Nothing of the old worktree is left, so this is a new worktree.
    let nothing_apart = (wanted.branch.is_some() && tip.is_none()) || wanted.is_further_lane();
    let gone = nothing_apart && found.is_none() && is_free(&wanted.path);
    let record = match recorded {
        Some(record) if !gone => record,
        _ => {
            let record = WorktreeRecord {
                schema: 1,
                path: wanted.path.clone(),
                branch: wanted.branch.map(str::to_owned),
                lane: wanted.is_further_lane(),
                base: wanted.base.clone(),
                state: TreeProgress::Making,
            };
            admin.write_record(wanted.key, &record)?;
            record
        }
    };
    if let (Some(branch), None, TreeProgress::Making) = (wanted.branch, &tip, record.state) {
        stale_lock::clear_branch(lock, common, branch)?;
    }
    let (registration, fill) = match found {
        Some(known) => match repair(admin, lock, wanted, &record, known)? {
            Some(repaired) => repaired,
            None => add_blank(admin, lock, wanted, &record, tip.is_none())?,
        },
        None if is_free(&wanted.path) => add_blank(admin, lock, wanted, &record, tip.is_none())?,
        None => match half_forgotten(admin, wanted, &record) {
            Some(spared) => {
                spared.forget(lock, None)?;
                add_blank(admin, lock, wanted, &record, tip.is_none())?
            }
            None => (adopt(admin, lock, wanted, &record)?, Fill::IndexOnly),
        },
    };
    unlock_half_made(&registration.admin);
    Ok(Registered {
        registration,
        record,
        fill,
        created_branch: wanted.branch.is_some() && tip.is_none(),
    })
}

/// The leftovers of an interrupted making, when their removal was interrupted too.
fn half_forgotten(
    admin: &WorktreeAdmin,
    wanted: &WantedTree<'_>,
    record: &WorktreeRecord,
) -> Option<SparedTree> {
    let entry = entry_of(admin, &wanted.path)?;
    let unused = SparedTree::unused(record).filter(|_| !entry.join("gitdir").exists());
    unused.and_then(|_| SparedTree::empty(&wanted.path))
}

/// Refuses when the branch, the folder or the entry exists: orch has made none of them.
fn refuse_foreign(
    admin: &WorktreeAdmin,
    wanted: &WantedTree<'_>,
    found: Option<&Registration>,
    tip: Option<&CommitId>,
) -> Result<(), EnsureError> {
    if let Some(branch) = wanted.branch {
        if tip.is_some() {
            let branch = branch.to_owned();
            return Err(WorktreeRefusal::ForeignBranch { branch }.into());
        }
        let clash = |existing: &String| {
            let under =
                |long: &str, short: &str| long.strip_prefix(short).is_some_and(|rest| rest.starts_with('/'));
            under(branch, existing) || under(existing, branch)
        };
        if let Some(existing) = admin.repo.branches()?.into_iter().find(clash) {
            let branch = branch.to_owned();
            return Err(WorktreeRefusal::BranchClash { branch, existing }.into());
        }
    }
    let path = wanted.path.clone();
    if !is_free(&path) {
        return Err(WorktreeRefusal::ForeignFolder { path }.into());
    }
    if found.is_some() {
        return Err(WorktreeRefusal::ForeignRegistration { path }.into());
    }
    Ok(())
}

/// Adds an empty worktree, to be filled later.
fn add_blank(
    admin: &WorktreeAdmin,
    lock: &AdminLock<'_>,
    wanted: &WantedTree<'_>,
    record: &WorktreeRecord,
    new_branch: bool,
) -> Result<(Registration, Fill), EnsureError> {
    let made = add(admin, lock, wanted, record, new_branch)?;
    match SparedTree::empty(&made.path) {
        Some(spared) => Ok((made, Fill::FromCommit(spared))),
        None => Ok((made, Fill::IndexOnly)),
    }
}

/// Refuses when the existing record is about another worktree, or the branch is not as recorded.
fn refuse_other(
    wanted: &WantedTree<'_>,
    record: &WorktreeRecord,
    found: Option<&Registration>,
    tip: Option<&CommitId>,
) -> Result<(), WorktreeRefusal> {
    if record.path != wanted.path
        || record.branch.as_deref() != wanted.branch
        || record.lane != wanted.is_further_lane()
    {
        return Err(WorktreeRefusal::MadeOtherwise {
            key: wanted.key.to_owned(),
            path: record.path.clone(),
            branch: record.branch.clone(),
        });
    }
    let Some(branch) = wanted.branch else {
        return Ok(());
    };
    let branch = branch.to_owned();
    match (record.state, tip) {
        // Nobody has been let into the worktree yet. So a branch that is not at its base is not the branch that orch
        // made.
        (TreeProgress::Making, Some(tip)) if *tip != record.base => {
            Err(WorktreeRefusal::ForeignBranch { branch })
        }
        (TreeProgress::Made, None) if found.is_some() || !is_free(&wanted.path) => {
            Err(WorktreeRefusal::BranchGone {
                path: wanted.path.clone(),
                branch,
            })
        }
        _ => Ok(()),
    }
}

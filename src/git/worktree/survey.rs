//! A survey of worktrees in git, in orch's records and on the disk, which shows their differences.

use std::fs;
use std::path::{Path, PathBuf};

use super::broken_index::index_trouble;
use super::ensure::{alone, make};
use super::wanted::WantedTree;
use crate::git::admin::spec::EnsureError;
use crate::git::admin::worktree_admin::WorktreeAdmin;
use crate::git::admin::worktree_record::{TreeProgress, WorktreeRecord};
use crate::git::files::error::GitError;
use crate::git::files::names::ORCH_DIR;
use crate::git::files::place::is_free;
use crate::git::files::registration::{Registration, is_plainly_in, pointed_to, registration_at, settle};
use crate::git::keep::gate::drop_spoiled;
use crate::plan::CommitId;

/// A worktree that the manifest asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedTree {
    /// The name of orch's record about the worktree.
    pub key: String,
    /// The worktree's folder, whether or not it exists.
    pub path: PathBuf,
    /// The worktree's branch; `None` for an additional lane and for the merge queue's worktrees.
    pub branch: Option<String>,
    /// True for an additional lane.
    pub lane: bool,
}

/// The contents of the place where a worktree should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TreePlace {
    /// Nothing, or an empty folder.
    Nothing,
    /// A checkout with an entry in this repository's worktree administration.
    Worktree,
    /// A folder whose `.git` file points to a missing place.
    Dangling,
    /// A folder of another repository, with the admin dir of that repository.
    Elsewhere(PathBuf),
    /// A folder that is no checkout.
    Folder,
}

/// One worktree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeSeen {
    /// The name of orch's record about the worktree.
    pub key: String,
    /// Where the worktree should be: as recorded, otherwise as the manifest says.
    pub path: PathBuf,
    /// Its branch.
    pub branch: Option<String>,
    /// The branch's tip; `None` when the branch does not exist.
    pub tip: Option<CommitId>,
    /// True when the manifest asks for the worktree.
    pub expected: bool,
    /// True when orch has a record of making the worktree.
    pub recorded: bool,
    /// True when the making was interrupted.
    pub half_made: bool,
    /// True when git's worktree administration has an entry for the place.
    pub registered: bool,
    /// The contents of the place.
    pub place: TreePlace,
    /// The place where the manifest expects the worktree, when the worktree was moved there.
    pub moved_to: Option<PathBuf>,
    /// True when orch's own folder is in the worktree.
    pub has_orch_folder: bool,
    /// Git's error about the worktree's index, if git cannot read the index.
    pub index_trouble: Option<String>,
}

/// A worktree that is not where it was made, or belongs to another repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strayed {
    /// The name of orch's record about the worktree.
    pub key: String,
    /// Where the worktree was made.
    pub path: PathBuf,
    /// The contents of that place.
    pub place: TreePlace,
    /// The worktree's new place, when it was moved.
    pub moved_to: Option<PathBuf>,
}

/// The worktrees that orch made and that are no longer where they were. They were moved, alone or with the repository,
/// or they were made by another repository, of which this one is a copy. `expected` returns where a worktree would be
/// made now. Changes nothing.
///
/// # Errors
///
/// When a record cannot be read.
pub fn strayed(
    admin: &WorktreeAdmin,
    expected: &dyn Fn(&str) -> Option<PathBuf>,
) -> Result<Vec<Strayed>, GitError> {
    let mut all = Vec::new();
    let admin_dirs = settle(&admin.repo.common_dir().join("worktrees"));
    for key in admin.keys()? {
        let Some(record) = admin
            .read_record(&key)?
            .filter(|record| record.state == TreeProgress::Made)
        else {
            continue;
        };
        // Nearly every worktree is where it was made. For these worktrees no path has to be resolved part by part.
        if pointed_to(&record.path).is_some_and(|entry| is_plainly_in(&admin_dirs, &entry)) {
            continue;
        }
        let place = place(admin, &record.path)?;
        let moved_to = match place {
            TreePlace::Nothing => moved_to(admin, &record.path, expected(&key).as_deref()),
            _ => None,
        };
        let strayed = match &place {
            TreePlace::Nothing => moved_to.is_some(),
            TreePlace::Dangling | TreePlace::Elsewhere(_) => true,
            TreePlace::Folder => registration_at(admin.repo.common_dir(), &record.path)?.is_some(),
            TreePlace::Worktree => false,
        };
        if strayed {
            let path = record.path;
            all.push(Strayed {
                key,
                path,
                place,
                moved_to,
            });
        }
    }
    Ok(all)
}

/// The place where the worktree is expected, when the worktree has moved there from `path`.
fn moved_to(admin: &WorktreeAdmin, path: &Path, wanted: Option<&Path>) -> Option<PathBuf> {
    let to = wanted.map(settle)?;
    let is_there = moved_entry(admin, &to).is_some() || is_cut_off(&to);
    (to != path && is_there).then_some(to)
}

/// Inspects every worktree that a record or the manifest names. Changes nothing.
///
/// # Errors
///
/// When git's worktree administration or a record cannot be read.
pub fn survey(admin: &WorktreeAdmin, expected: &[ExpectedTree]) -> Result<Vec<TreeSeen>, GitError> {
    let mut seen = Vec::new();
    let keys = admin.keys()?;
    for key in &keys {
        let Some(record) = admin.read_record(key)? else {
            continue;
        };
        let wanted = expected.iter().find(|wanted| wanted.key == *key);
        seen.push(look(
            admin,
            key,
            &record.path,
            record.branch.clone(),
            Some(&record),
            wanted,
        )?);
    }
    for wanted in expected.iter().filter(|wanted| !keys.contains(&wanted.key)) {
        let tree = look(
            admin,
            &wanted.key,
            &settle(&wanted.path),
            wanted.branch.clone(),
            None,
            Some(wanted),
        )?;
        if tree.place != TreePlace::Nothing || tree.registered || tree.tip.is_some() {
            seen.push(tree);
        }
    }
    Ok(seen)
}

fn look(
    admin: &WorktreeAdmin,
    key: &str,
    path: &Path,
    branch: Option<String>,
    record: Option<&WorktreeRecord>,
    wanted: Option<&ExpectedTree>,
) -> Result<TreeSeen, GitError> {
    let place = place(admin, path)?;
    let moved_to = wanted
        .filter(|_| place == TreePlace::Nothing)
        .and_then(|wanted| moved_to(admin, path, Some(&wanted.path)));
    let tip = branch
        .as_deref()
        .map(|branch| admin.repo.branch_tip(branch))
        .transpose()?;
    Ok(TreeSeen {
        key: key.to_owned(),
        path: path.to_owned(),
        tip: tip.flatten(),
        branch,
        expected: wanted.is_some(),
        recorded: record.is_some(),
        half_made: record.is_some_and(|record| record.state == TreeProgress::Making),
        registered: registration_at(admin.repo.common_dir(), path)?.is_some(),
        has_orch_folder: path.join(ORCH_DIR).is_dir(),
        index_trouble: match place {
            TreePlace::Worktree => index_trouble(path),
            _ => None,
        },
        place,
        moved_to,
    })
}

fn place(admin: &WorktreeAdmin, path: &Path) -> Result<TreePlace, GitError> {
    if is_free(path) {
        return Ok(TreePlace::Nothing);
    }
    let Some(entry) = pointed_to(path) else {
        return Ok(match path.join(".git").exists() {
            true => TreePlace::Elsewhere(path.join(".git")),
            false => TreePlace::Folder,
        });
    };
    let admin_dirs = settle(&admin.repo.common_dir().join("worktrees"));
    Ok(match entry.canonicalize() {
        Err(_) => TreePlace::Dangling,
        Ok(entry) if entry.parent() == Some(&admin_dirs) => TreePlace::Worktree,
        Ok(entry) => TreePlace::Elsewhere(entry),
    })
}

/// The entry in this repository's worktree administration that the folder's dead link names, when the entry exists.
fn moved_entry(admin: &WorktreeAdmin, folder: &Path) -> Option<PathBuf> {
    let link = pointed_to(folder)?;
    let id = link.file_name()?;
    let entry = admin.repo.common_dir().join("worktrees").join(id);
    let dead = !link.exists() || link.canonicalize().ok() == entry.canonicalize().ok();
    (dead && entry.join("gitdir").exists()).then_some(entry)
}

/// Records again that orch made an existing worktree, or the branch for a worktree, after the records were lost.
///
/// # Errors
///
/// When the record cannot be written.
pub fn record_again(admin: &WorktreeAdmin, wanted: &ExpectedTree, base: &CommitId) -> Result<(), GitError> {
    fs::create_dir_all(admin.record_dir()).map_err(GitError::io("create the folder", &admin.record_dir()))?;
    let record = WorktreeRecord {
        schema: 1,
        path: settle(&wanted.path),
        branch: wanted.branch.clone(),
        lane: wanted.lane,
        base: base.clone(),
        state: TreeProgress::Made,
    };
    admin.write_record(&wanted.key, &record)
}

/// Completes an interrupted making, restores a deleted folder as it was last staged, and connects folder and admin dir
/// again when one has lost the other. Touches no existing file.
///
/// # Errors
///
/// When something that belongs to somebody else is in the way.
pub fn repair(admin: &WorktreeAdmin, key: &str) -> Result<(), EnsureError> {
    let alone = alone(admin, key)?;
    let Some(record) = admin.read_record(key)? else {
        return Ok(());
    };
    if place(admin, &record.path)? == TreePlace::Dangling {
        match registration_at(admin.repo.common_dir(), &record.path)? {
            Some(known) if known.is_connected() => {}
            // The repository has moved and the worktree has not.
            Some(known) => known.connect()?,
            // The worktree's entry is gone too, for example after `git worktree prune`. The worktree gets a new entry
            // once its link points into this repository.
            None => link_here(admin, &record.path)?,
        }
    }
    let lane = WantedTree {
        key,
        path: record.path.clone(),
        branch: record.branch.as_deref(),
        base: &record.base,
        lane: record.lane || record.branch.is_some(),
    };
    make(admin, &alone, &lane).map(drop)
}

/// Completes worktrees whose making was interrupted and that nobody has asked for since. Called at the end of a run,
/// when no agent is at work. The next attempt that needs the worktree will meet any obstacle again.
///
/// # Errors
///
/// When the worktree records cannot be read.
pub fn finish_half_made(admin: &WorktreeAdmin) -> Result<(), GitError> {
    for key in admin.keys()? {
        let record = admin.read_record(&key)?;
        if record.is_some_and(|record| record.state == TreeProgress::Making) {
            let _ = repair(admin, &key);
        }
    }
    Ok(())
}

fn link_here(admin: &WorktreeAdmin, folder: &Path) -> Result<(), GitError> {
    let Some(id) = pointed_to(folder).and_then(|link| Some(link.file_name()?.to_owned())) else {
        return Ok(());
    };
    let moved = Registration {
        admin: admin.repo.common_dir().join("worktrees").join(id),
        path: folder.to_owned(),
    };
    moved.connect()
}

/// Records that a worktree has moved along with its repository.
///
/// # Errors
///
/// When a file cannot be written, or something that belongs to somebody else is in the way.
pub fn follow(admin: &WorktreeAdmin, key: &str, to: &Path) -> Result<(), EnsureError> {
    let Some(record) = admin.read_record(key)? else {
        return Ok(());
    };
    let path = to.to_owned();
    let Some(entry) = moved_entry(admin, to) else {
        admin.write_record(key, &WorktreeRecord { path, ..record })?;
        return repair(admin, key);
    };
    let _lock = admin.lock()?;
    let moved = Registration {
        admin: entry,
        path: to.to_owned(),
    };
    let gitdir = moved.admin.join("gitdir");
    let mut link = to.join(".git").into_os_string().into_encoded_bytes();
    link.push(b'\n');
    crate::git::files::place::replace_file(&gitdir, &link)?;
    moved.connect()?;
    Ok(admin.write_record(key, &WorktreeRecord { path, ..record })?)
}

/// Forgets a worktree of which nothing is left: no folder, no entry in git's worktree administration, no branch.
///
/// # Errors
///
/// When the record cannot be removed.
pub fn forget(admin: &WorktreeAdmin, key: &str) -> Result<(), GitError> {
    admin.remove_left(key);
    drop_spoiled(admin, key);
    admin.remove_record(key)
}

/// The base in the record under a key; `None` when there is no record.
///
/// # Errors
///
/// When the record cannot be read.
pub fn recorded_base(admin: &WorktreeAdmin, key: &str) -> Result<Option<CommitId>, GitError> {
    Ok(admin.read_record(key)?.map(|record| record.base))
}

/// True for a folder whose link points into a missing repository, or to a missing entry of a worktree administration.
fn is_cut_off(folder: &Path) -> bool {
    pointed_to(folder).is_some_and(|link| {
        let of_a_worktree = link
            .parent()
            .is_some_and(|admin_dirs| admin_dirs.ends_with("worktrees"));
        of_a_worktree && !link.exists()
    })
}

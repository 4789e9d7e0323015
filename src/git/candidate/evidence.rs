//! Evidence that a target contains a branch, even after a squash or a rebase that left none of the branch's commits.
//!
//! The kinds of evidence, cheapest first: ancestry; the same tree; the same patches (`git patch-id` of each commit, and
//! of the branch as a whole); and last a trial merge that changes nothing. Patches count only while each path that the
//! branch changed is also changed on the target: a change that was landed and then reverted is not there.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use super::builder::CandidateBuilder;
use crate::git::files::error::GitError;
use crate::git::program::command::{Git, parse_id};
use crate::git::program::require::require_git;
use crate::git::repo::ids::{commit_id, oid};
use crate::git::repo::patches::{CommitsSince, OwnPatches};
use crate::git::repo::repository::Repository;
use crate::git::repo::tree_diff::TreeDiff;
use crate::plan::{CommitId, LandedBy};

/// How many commits back patches are searched on the target. The search has to end soon, however long the target's
/// history.
const LOOK_BACK: usize = 1_000;

/// Complete patches, whatever a person has configured for reading patches.
const AS_IT_IS: [&str; 4] = ["--no-ext-diff", "--no-textconv", "--full-index", "--binary"];

/// The evidence that `target` contains `tip`; `None` when nothing shows it.
///
/// # Errors
///
/// When the repository cannot be read.
pub fn landed_by(repo: &Repository, tip: &CommitId, target: &CommitId) -> Result<Option<LandedBy>, GitError> {
    landed_as_tried_by(repo, &mut None, tip, target)
}

/// Like [`landed_by`], with a builder that is kept from branch to branch for trial merges.
///
/// # Errors
///
/// When the repository cannot be read.
pub fn landed_as_tried_by(
    repo: &Repository,
    builder: &mut Option<CandidateBuilder>,
    tip: &CommitId,
    target: &CommitId,
) -> Result<Option<LandedBy>, GitError> {
    if repo.is_ancestor(tip, target)? {
        return Ok(Some(LandedBy::Ancestry));
    }
    let Some(base) = repo.merge_base(tip, target)? else {
        return Ok(None);
    };
    if repo.tree_of(tip)? != repo.tree_of(&base)? {
        let since = since(repo, &base, target)?;
        if let Some(commit) = since.trees.get(&repo.tree_of(tip)?) {
            let commit = commit.clone();
            return Ok(Some(LandedBy::EqualTree { commit }));
        }
        // Cheap, and enough for nearly every branch that has not landed. The rest costs several processes.
        let there = changed_paths(repo, &base, target)?;
        if !changed_paths(repo, &base, tip)?.is_subset(&there) {
            return Ok(None);
        }
        let there = patches_since(repo, &since, target)?;
        let own = own_patches(repo, tip, &base, target)?;
        if let Some(commits) = same_patches(&own, &there) {
            return Ok(Some(LandedBy::SamePatches { commits }));
        }
        // A commit on the target that makes the same change as the whole branch.
        if let Some(commit) = own.whole.and_then(|whole| there.get(&whole).cloned()) {
            return Ok(Some(LandedBy::Squash { commit }));
        }
    }
    let builder = match builder {
        Some(builder) => builder,
        none => none.insert(CandidateBuilder::new(repo, require_git()?)),
    };
    let merged = builder.rehearse(target, tip)?;
    let nothing = merged.is_some_and(|tree| repo.tree_of(target).is_ok_and(|own| own == tree));
    Ok(nothing.then_some(LandedBy::NothingLeft))
}

/// The paths that differ between two commits.
fn changed_paths(repo: &Repository, one: &CommitId, other: &CommitId) -> Result<BTreeSet<PathBuf>, GitError> {
    Ok(TreeDiff::between(&repo.handle(), one, other)?.paths())
}

/// The number of commits that the branch has and the target lacks, when each of them has a twin among the target's
/// latest commits. A merge among them, or a commit that changes nothing, has no patch of its own, so the result is
/// `None` then.
fn same_patches(own: &OwnPatches, there: &BTreeMap<String, CommitId>) -> Option<usize> {
    if own.commits == 0 || own.commits > LOOK_BACK {
        return None;
    }
    let all = own.patches.len() == own.commits && own.patches.iter().all(|patch| there.contains_key(patch));
    all.then_some(own.commits)
}

/// Reads the patches of several branches at once, so that [`landed_by`] starts no process for them. Branches of which
/// the target cannot contain anything are skipped.
///
/// # Errors
///
/// When the repository cannot be read.
pub fn read_patches_of(repo: &Repository, tips: &[CommitId], target: &CommitId) -> Result<(), GitError> {
    let (mut wanted, mut commits, mut wholes) = (Vec::new(), String::new(), String::new());
    for tip in tips {
        let known = |base: &CommitId| {
            let known = repo.own_patches.lock().unwrap_or_else(PoisonError::into_inner);
            known.contains_key(&(base.clone(), tip.clone()))
        };
        if repo.is_ancestor(tip, target)? {
            continue;
        }
        let Some(base) = repo.merge_base(tip, target)? else {
            continue;
        };
        let there = || changed_paths(repo, &base, target);
        if known(&base) || !changed_paths(repo, &base, tip)?.is_subset(&there()?) {
            continue;
        }
        let (own, count) = commits_since(repo, Some(&base), tip)?;
        if count <= LOOK_BACK {
            own.iter().for_each(|commit| commits += &format!("{commit}\n"));
        }
        let tree = repo.tree_of(tip)?;
        // The pair is reversed, and so is the diff: the first name, which is the branch's tree, then names the patch.
        wholes += &format!("{tree} {}\n", repo.tree_of(&base)?);
        wanted.push((base, tip.clone(), tree, own, count));
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let of = |pairs: Vec<(String, CommitId)>| -> BTreeMap<String, String> {
        let pairs = pairs.into_iter();
        pairs.map(|(patch, what)| (what.to_string(), patch)).collect()
    };
    let of_commits = of(diffs(repo, commits, false)?);
    let of_wholes = of(diffs(repo, wholes, true)?);
    let mut known = repo.own_patches.lock().unwrap_or_else(PoisonError::into_inner);
    for (base, tip, tree, own, count) in wanted {
        let patches = own.iter().filter_map(|commit| of_commits.get(commit.as_str()));
        let own = OwnPatches {
            commits: count,
            patches: patches.cloned().collect(),
            whole: of_wholes.get(&tree).cloned(),
        };
        known.insert((base, tip), own);
    }
    Ok(())
}

fn own_patches(
    repo: &Repository,
    tip: &CommitId,
    base: &CommitId,
    target: &CommitId,
) -> Result<OwnPatches, GitError> {
    read_patches_of(repo, std::slice::from_ref(tip), target)?;
    let known = repo.own_patches.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(known
        .get(&(base.clone(), tip.clone()))
        .cloned()
        .unwrap_or_default())
}

/// The latest commits of a history without its merges, newest first, at most [`LOOK_BACK`]. Also the number of all
/// commits, counted no further than that.
fn commits_since(
    repo: &Repository,
    base: Option<&CommitId>,
    tip: &CommitId,
) -> Result<(Vec<CommitId>, usize), GitError> {
    let handle = repo.handle();
    let cannot = || GitError::library("read a history");
    let mut walk = handle.revwalk().map_err(cannot())?;
    walk.push(oid(tip)?).map_err(cannot())?;
    if let Some(base) = base {
        walk.hide(oid(base)?).map_err(cannot())?;
    }
    let (mut commits, mut count) = (Vec::new(), 0);
    for found in walk {
        let commit = handle.find_commit(found.map_err(cannot())?).map_err(cannot())?;
        count += 1;
        if commit.parent_count() < 2 {
            commits.push(commit_id(commit.id()));
        }
        if commits.len() == LOOK_BACK || (base.is_some() && count > LOOK_BACK) {
            break;
        }
    }
    Ok((commits, count))
}

/// The patches of the target's latest commits that come after a commit. They are read once for each tip of the target,
/// however many branches are checked.
fn patches_since(
    repo: &Repository,
    since: &CommitsSince,
    target: &CommitId,
) -> Result<BTreeMap<String, CommitId>, GitError> {
    let mut known = repo.latest_patches.lock().unwrap_or_else(PoisonError::into_inner);
    let read = match known.take().filter(|(of, _)| of == target) {
        Some((_, patches)) => patches,
        None => {
            let (latest, _) = commits_since(repo, None, target)?;
            let lines = latest.iter().map(|commit| format!("{commit}\n"));
            diffs(repo, lines.collect(), false)?
        }
    };
    let (_, patches) = known.insert((target.clone(), read));
    let since = patches
        .iter()
        .filter(|(_, commit)| since.commits.contains(commit));
    Ok(since.cloned().collect())
}

/// The commits of the target that are not in the history of `base`. Many branches begin at one commit, so the result is
/// cached for branches that are checked one after the other.
fn since(repo: &Repository, base: &CommitId, target: &CommitId) -> Result<Arc<CommitsSince>, GitError> {
    let mut known = repo.latest_since.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(since) = known
        .as_ref()
        .filter(|since| since.base == *base && since.target == *target)
    {
        return Ok(Arc::clone(since));
    }
    let handle = repo.handle();
    let cannot = || GitError::library("read the history of the target");
    let mut walk = handle.revwalk().map_err(cannot())?;
    walk.push(oid(target)?).map_err(cannot())?;
    walk.hide(oid(base)?).map_err(cannot())?;
    let (mut commits, mut trees) = (BTreeSet::new(), HashMap::new());
    for id in walk {
        let id = id.map_err(cannot())?;
        if commits.len() < LOOK_BACK {
            let tree = handle.find_commit(id).map_err(cannot())?.tree_id();
            trees.entry(tree.to_string()).or_insert_with(|| commit_id(id));
        }
        commits.insert(commit_id(id));
    }
    let since = CommitsSince {
        base: base.clone(),
        target: target.clone(),
        commits,
        trees,
    };
    Ok(Arc::clone(known.insert(Arc::new(since))))
}

/// The stable patch ids of commits, or of pairs of trees, one a line, each with the first id on its line.
fn diffs(repo: &Repository, lines: String, backwards: bool) -> Result<Vec<(String, CommitId)>, GitError> {
    let mut git = Git::on(repo.common_dir())
        .args([
            "diff-tree",
            "--stdin",
            "--root",
            "-r",
            "--patch",
            "-M",
            "--no-prefix",
        ])
        .args(AS_IT_IS);
    if backwards {
        git = git.arg("-R");
    }
    patch_ids(repo, git.input(lines).run()?)
}

/// The stable ids of patches, with the commits that they come from.
fn patch_ids(repo: &Repository, patches: Vec<u8>) -> Result<Vec<(String, CommitId)>, GitError> {
    let out = Git::on(repo.common_dir())
        .args(["patch-id", "--stable"])
        .input(patches)
        .run()?;
    let text = String::from_utf8_lossy(&out);
    let pairs = text.lines().filter_map(|line| {
        let (patch, commit) = line.split_once(' ')?;
        Some((patch.to_owned(), parse_id(commit.as_bytes())?))
    });
    Ok(pairs.collect())
}

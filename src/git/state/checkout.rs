//! The checkouts of branches.

use std::path::PathBuf;

use super::inspect::{changed_path, git_dir};
use super::spotless::spotless_as_tracked;
use crate::git::files::error::GitError;
use crate::git::files::registration::{
    Registration, known_head_in, parse_head, read_head, registrations_with,
};
use crate::git::program::command::{Git, records};
use crate::git::repo::repository::Repository;

/// A checkout of a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// Its folder.
    pub path: PathBuf,
    /// Tracked files with uncommitted changes, relative to the checkout, sorted. Submodules are ignored.
    pub dirty: Vec<PathBuf>,
    /// True when every tracked file is proved to be as in the commit, submodules too ([`spotless_as_tracked`]).
    pub(in crate::git) spotless: bool,
}

/// The folders in which a branch is checked out, under its own name or an alias, sorted. Missing folders are left out.
pub fn checkout_paths(repo: &Repository, branch: &str) -> Result<Vec<PathBuf>, GitError> {
    let branch = Some(meant(repo, branch.to_owned()));
    let shows = |head: Option<Option<String>>| {
        let head = head.flatten();
        head == branch || head.map(|head| meant(repo, head)) == branch
    };
    let mut paths: Vec<PathBuf> = registrations_with(repo.common_dir(), |admin| {
        shows(known_head_in(&repo.heads, admin))
    })?
    .into_iter()
    .filter(Registration::is_connected)
    .map(|known| known.path)
    .collect();
    if !repo.is_bare() && shows(read_head(&repo.common_dir().join("HEAD"))) {
        paths.push(repo.top().to_owned());
    }
    paths.sort();
    Ok(paths)
}

/// The branch that an alias stands for. An alias is a symbolic ref, for example `master` for `main`.
fn meant(repo: &Repository, branch: String) -> String {
    let alias = repo
        .heads
        .read(&repo.common_dir().join("refs/heads").join(&branch));
    let alias = alias.and_then(|text| parse_head(&text));
    alias.flatten().unwrap_or(branch)
}

/// The checkouts of a branch, with their uncommitted files.
pub fn checkouts_of(repo: &Repository, branch: &str) -> Result<Vec<Checkout>, GitError> {
    let look = |path| look(repo, path);
    checkout_paths(repo, branch)?.into_iter().map(look).collect()
}

fn look(repo: &Repository, path: PathBuf) -> Result<Checkout, GitError> {
    let git_dir = git_dir(&path)?;
    if spotless_as_tracked(&repo.handle(), &path, &git_dir).is_some() {
        return Ok(Checkout {
            path,
            dirty: Vec::new(),
            spotless: true,
        });
    }
    let out = Git::within(&path)
        .option("--no-optional-locks")
        .args([
            "status",
            "--porcelain=v2",
            "-z",
            "--untracked-files=no",
            "--no-renames",
        ])
        .arg("--ignore-submodules=all")
        .run()?;
    let mut dirty: Vec<PathBuf> = records(&out).filter_map(changed_path).collect();
    dirty.sort();
    Ok(Checkout {
        path,
        dirty,
        spotless: false,
    })
}

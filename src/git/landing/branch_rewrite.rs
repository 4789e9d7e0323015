//! Branches to which a rebase or bisection will return. Meanwhile the checkout of the operation is not on the branch.

use std::path::Path;

use crate::git::files::registration::registrations_with;
use crate::git::lock::land_refusal::LandRefusal;
use crate::git::repo::ids::branch_ref;
use crate::git::repo::repository::Repository;

/// Where git records the branch to return to, and the operation under way. A rebase records the full name of the ref, a
/// bisection only the name of the branch.
const NOTES: [(&str, &str); 3] = [
    ("rebase-merge/head-name", "rebase"),
    ("rebase-apply/head-name", "rebase"),
    ("BISECT_START", "bisect"),
];

/// Refuses a branch to which a rebase or bisection in any checkout will return. If the branch moved meanwhile, the
/// operation would end with another branch than it began with. Git itself refuses to move such a branch.
///
/// # Errors
///
/// The operation and its checkout, or the reason why the check failed.
pub(in crate::git) fn refuse_while_rewritten(repo: &Repository, branch: &str) -> Result<(), LandRefusal> {
    let names = [branch_ref(branch), branch.to_owned()];
    let under_way = |git_dir: &Path| under_way(repo, git_dir, &names);
    let is_meant = |admin: &Path| under_way(admin).is_some();
    let known = registrations_with(repo.common_dir(), is_meant)?.into_iter();
    let linked = known.map(|known| (known.admin, known.path));
    let main = (!repo.is_bare()).then(|| (repo.common_dir().to_owned(), repo.top().to_owned()));
    for (git_dir, path) in linked.chain(main) {
        let Some(what) = under_way(&git_dir) else {
            continue;
        };
        let why = format!("a {what} of `{branch}` is under way there: end it, or give it up");
        return Err(LandRefusal::Blocked { path, why });
    }
    Ok(())
}

fn under_way(repo: &Repository, git_dir: &Path, names: &[String]) -> Option<&'static str> {
    let is_it = |(file, _): &&(&str, &str)| {
        let noted = repo.heads.read(&git_dir.join(file));
        noted.is_some_and(|noted| names.iter().any(|name| noted.trim() == name))
    };
    NOTES.iter().find(is_it).map(|(_, what)| *what)
}

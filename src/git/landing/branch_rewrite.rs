//! Branches that somebody is about to move in a checkout that does not stand on them.

use std::path::Path;

use crate::git::files::registration::registrations_with;
use crate::git::files::regular;
use crate::git::lock::land_refusal::LandRefusal;
use crate::git::repo::ids::branch_ref;
use crate::git::repo::repository::Repository;

/// Where git notes which branch goes back to where, and what is under way. Of a rebase the whole name of the ref is noted, of a
/// bisection the name of the branch.
const NOTES: [(&str, &str); 3] = [
    ("rebase-merge/head-name", "rebase"),
    ("rebase-apply/head-name", "rebase"),
    ("BISECT_START", "bisect"),
];

/// Refuses a branch that a rebase or a bisection will go back to, in any checkout: moved meanwhile, what they end with is
/// not what they began with. Git itself refuses to move such a branch.
///
/// # Errors
///
/// What is under way where, or why that cannot be found out.
pub(in crate::git) fn refuse_while_rewritten(repo: &Repository, branch: &str) -> Result<(), LandRefusal> {
    let names = [branch_ref(branch), branch.to_owned()];
    let is_meant = |admin: &Path| under_way(admin, &names).is_some();
    let known = registrations_with(repo.common_dir(), is_meant)?.into_iter();
    let linked = known.map(|known| (known.admin, known.path));
    let main = (!repo.is_bare()).then(|| (repo.common_dir().to_owned(), repo.top().to_owned()));
    for (git_dir, path) in linked.chain(main) {
        let Some(what) = under_way(&git_dir, &names) else {
            continue;
        };
        let why = format!("a {what} of `{branch}` is under way there: end it, or give it up");
        return Err(LandRefusal::Blocked { path, why });
    }
    Ok(())
}

fn under_way(git_dir: &Path, names: &[String]) -> Option<&'static str> {
    let noted = |file: &str| regular::read_to_string(&git_dir.join(file)).unwrap_or_default();
    let is_it = |(file, _): &&(&str, &str)| names.iter().any(|name| noted(file).trim() == name);
    NOTES.iter().find(is_it).map(|(_, what)| *what)
}

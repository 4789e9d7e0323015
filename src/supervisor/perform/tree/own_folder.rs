//! A committed `.orch/` folder: taken out of commits that are merged into a worktree, and of an attempt's commits.

use std::path::{Path, PathBuf};

use crate::git::{self, CandidateBuilder, GitError, step_out_of_orch_dir};
use crate::plan::{CommitId, PlanName};

use crate::supervisor::project::repository_plans::Project;

/// What an agent must do about the folder where `orch` commits nothing itself.
pub const REMEDY: &str =
    "run `git rm -r --cached .orch` and commit that, and never `git add -f` what is there";

/// The commit in the form in which it may enter a worktree: without orch's own folder.
pub fn fit(project: &Project, commit: &CommitId) -> Result<Option<CommitId>, GitError> {
    let builder = CandidateBuilder::new(&project.repo, project.git()?);
    builder.without_orch_dir(commit, &message(&[]))
}

/// Takes the folder out of the branch of a worktree, if the branch's tip contains it, and returns the files. They stay in
/// the worktree.
pub fn take_out(
    project: &Project,
    worktree: &Path,
    branch: &str,
    plan: &PlanName,
    trailers: &[(&str, &str)],
) -> Result<Vec<PathBuf>, GitError> {
    let Some(tip) = project.repo.branch_tip(branch)? else {
        return Ok(Vec::new());
    };
    let files = git::candidate::orch_files_in(&project.repo, &tip)?;
    if files.is_empty() {
        return Ok(files);
    }
    let trailers = [&[("Orch-Plan", plan.as_str())], trailers].concat();
    let builder = CandidateBuilder::new(&project.repo, project.git()?);
    if let Some(without) = builder.without_orch_dir(&tip, &message(&trailers))? {
        step_out_of_orch_dir(worktree, branch, &tip, &without)?;
    }
    Ok(files)
}

/// The warning for a person.
pub fn told(branch: &str, files: &[PathBuf]) -> String {
    format!(
        "commits on `{branch}` held {}, which is orch's own and says nothing in another worktree: a commit on top takes it out",
        shown(files)
    )
}

/// Up to three files by name.
pub fn shown(files: &[PathBuf]) -> String {
    let names: Vec<String> = files
        .iter()
        .take(3)
        .map(|file| format!("`{}`", file.display()))
        .collect();
    match files.len().saturating_sub(names.len()) {
        0 => names.join(", "),
        1 => format!("{} and one more file", names.join(", ")),
        more => format!("{} and {more} more files", names.join(", ")),
    }
}

fn message(trailers: &[(&str, &str)]) -> String {
    let mut text = "Take .orch/ out of the branch\n\nIt is orch's own folder in one worktree.\n".to_owned();
    for (place, (name, value)) in trailers.iter().enumerate() {
        let gap = if place == 0 { "\n" } else { "" };
        text.push_str(&format!("{gap}{name}: {value}\n"));
    }
    text
}

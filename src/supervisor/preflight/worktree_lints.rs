//! Lints of worktrees: missing programs, scripts that are missing from worktrees, unlisted documents.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use globset::{Glob, GlobSetBuilder};

use crate::git;
use crate::plan::markdown::read_document;
use crate::plan::{Lint, LintId, Plan, PlanName};

use super::checks::{agents_of, missing_agents};
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::repository_plans::Project;
use crate::supervisor::project::source_files::plain_path;

/// How many unlisted documents are named, and how many files of one folder are searched for them.
const MOST: (usize, usize) = (5, 200);

/// Agents that cannot be started here.
pub fn agents(project: &Project, only: &[PlanName]) -> impl Iterator<Item = Lint> {
    let manifest = name_of(&project.manifest);
    missing_agents(project, only).into_iter().map(move |why| {
        Lint::of_file(LintId::MissingAgent, &manifest, why)
            .hint("`orch up` refuses to begin until that is fixed")
    })
}

/// What agents will miss in their worktrees: scripts, and a name for commits.
///
/// # Errors
///
/// When the repository cannot be read.
pub fn missing_in_worktrees(project: &Project, only: &[PlanName]) -> Result<Vec<Lint>, SupervisorError> {
    let mut found = uncommitted_scripts(project, only)?;
    if !git::repo::knows_who_commits(&project.repo)? {
        let lint = Lint::of_file(
            LintId::NoIdentity,
            Path::new(".git/config"),
            "git does not know who commits here: agents that commit will fail",
        );
        found.push(lint.hint("git config user.name NAME && git config user.email ADDRESS"));
    }
    Ok(found)
}

/// Scripts that agents, verifications and setups call by a path inside the repository, and that new worktrees will lack,
/// because they are in no commit.
///
/// # Errors
///
/// When the repository cannot be read.
fn uncommitted_scripts(project: &Project, only: &[PlanName]) -> Result<Vec<Lint>, SupervisorError> {
    let plans = project.set.plans.iter();
    let driven: Vec<&Plan> = plans
        .filter(|plan| only.is_empty() || only.contains(&plan.name))
        .collect();
    let mut named: Vec<(PathBuf, String)> = Vec::new();
    let mut name = |word: &str, is_program: bool, whose: String| {
        if let Some(path) = inside(project, word, is_program)
            && !named.iter().any(|(other, _)| *other == path)
        {
            named.push((path, whose));
        }
    };
    for agent in agents_of(driven.iter().copied())
        .into_iter()
        .filter_map(|agent| project.set.agents.get(agent))
    {
        for (place, word) in agent.command.iter().enumerate() {
            name(word, place == 0, format!("which agent `{}` calls", agent.name));
        }
    }
    for plan in &driven {
        let success = plan.success.iter().map(|line| ("success", line));
        let verify = plan.verify.iter().map(|line| ("verify", line));
        let setup = plan.setup.line.iter().map(|line| ("setup", line));
        for (key, line) in verify.chain(success).chain(setup) {
            for word in line.split_whitespace() {
                name(word, false, format!("which `{key}` of plan {} calls", plan.name));
            }
        }
    }
    for word in project
        .set
        .merge
        .verify
        .iter()
        .flat_map(|line| line.split_whitespace())
    {
        name(word, false, "which `verify` in [merge] calls".to_owned());
    }
    let copied = copied(&driven);
    let mut found = Vec::new();
    for (path, whose) in named {
        if copied.is_match(&path) || project.repo.has_file(&project.base, &path)? {
            continue;
        }
        let shown = path.display();
        let (state, hint) = if project.repo.top().join(&path).exists() {
            let hint = format!(
                "git add {shown} && git commit, or name it by its whole path, such as {}",
                project.repo.top().join(&path).display()
            );
            ("is not committed", hint)
        } else {
            (
                "is not there",
                "write and commit it, or correct the path".to_owned(),
            )
        };
        let message = format!(
            "`{shown}`, {whose}, {state}: a worktree begins with what {} holds, so it will be missing there",
            project.base_name
        );
        let manifest = name_of(&project.manifest);
        found.push(Lint::of_file(LintId::MissingScript, &manifest, message).hint(hint));
    }
    Ok(found)
}

/// The path from the top of the repository, when the word names a file in it. A program whose name contains a slash is
/// always searched for in the worktree. Any other word counts only when such a file exists here.
fn inside(project: &Project, word: &str, is_program: bool) -> Option<PathBuf> {
    let word = word.trim_matches(['"', '\'', ';', '(', ')']);
    let path = Path::new(word);
    if word.contains(['{', '$', '*']) || word.starts_with('-') || path.is_absolute() {
        return None;
    }
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::Normal(name) => clean.push(name),
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    let here = project.repo.top().join(&clean).is_file();
    let meant = here || (is_program && word.contains('/'));
    (meant && !clean.as_os_str().is_empty() && !project.repo.is_bare()).then_some(clean)
}

/// The files that worktrees get in addition to committed ones.
fn copied(plans: &[&Plan]) -> globset::GlobSet {
    let mut set = GlobSetBuilder::new();
    for pattern in plans.iter().flat_map(|plan| &plan.setup.copy) {
        let pattern = pattern.trim_matches('/');
        for pattern in [
            pattern.to_owned(),
            format!("{pattern}/**"),
            format!("**/{pattern}"),
        ] {
            if let Ok(glob) = Glob::new(&pattern) {
                set.add(glob);
            }
        }
    }
    set.build().unwrap_or_default()
}

/// Documents with tasks that lie beside the plans' documents and belong to no plan.
pub fn unlisted_documents(project: &Project) -> Vec<Lint> {
    let home = &plain_path(project.manifest.parent().unwrap_or(Path::new("/")));
    let listed: BTreeSet<PathBuf> = project.files().iter().map(|file| plain_path(file)).collect();
    let is_document = |file: &Path| file.extension().is_some_and(|extension| extension == "md");
    let folders: BTreeSet<&Path> = listed
        .iter()
        .filter(|file| is_document(file))
        .filter_map(|file| file.parent())
        .filter(|folder| *folder != home)
        .collect();
    // A listed document may appear under another name too.
    let listed_otherwise = OnceCell::new();
    let is_listed = |file: &Path| {
        let all = || {
            listed
                .iter()
                .filter_map(|file| file.canonicalize().ok())
                .collect()
        };
        let all: &BTreeSet<PathBuf> = listed_otherwise.get_or_init(all);
        file.canonicalize().is_ok_and(|file| all.contains(&file))
    };
    let mut found = Vec::new();
    for folder in folders {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = entries
            .map(|entry| entry.path())
            .filter(|path| is_document(path) && !listed.contains(path))
            .filter(|path| !is_listed(path))
            .take(MOST.1)
            .collect();
        files.sort();
        found.extend(files.into_iter().filter(|file| has_tasks(file)));
    }
    let more = found.len().saturating_sub(MOST.0);
    let mut lints: Vec<Lint> = found
        .iter()
        .take(MOST.0)
        .map(|file| unlisted(home, file))
        .collect();
    if more > 0 {
        let message = format!("and {more} more documents with tasks that no plan has");
        let manifest = name_of(&project.manifest);
        lints.push(Lint::of_file(LintId::UnlistedDocument, &manifest, message));
    }
    lints
}

fn unlisted(home: &Path, file: &Path) -> Lint {
    let shown = file.strip_prefix(home).unwrap_or(file);
    let name = file
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    let name = name
        .parse::<PlanName>()
        .map_or_else(|_| "NAME".to_owned(), |name| name.to_string());
    Lint::of_file(
        LintId::UnlistedDocument,
        shown,
        "has tasks, and no plan of the manifest has it: nobody will work on it",
    )
    .hint(format!(
        "to have it worked on, add `[plans.{name}]` with `file = \"{}\"`",
        shown.display()
    ))
}

fn has_tasks(file: &Path) -> bool {
    let text = crate::status::read_plain(file).unwrap_or_default();
    read_document(&String::from_utf8(text).unwrap_or_default())
        .0
        .tasks()
        .next()
        .is_some()
}

fn name_of(path: &Path) -> PathBuf {
    path.file_name().map_or_else(|| path.to_owned(), PathBuf::from)
}

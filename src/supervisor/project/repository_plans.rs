//! A checked plan set in its repository: the starting point of every command that reads or acts.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crate::agent::Launcher;
use crate::failpoint;
use crate::git::{self, GitError, GitVersion, Repository, WorktreeAdmin, require_git};
use crate::journal::OrchDir;
use crate::plan::{
    CommitId, Diagnostic, Diagnostics, LaneId, Plan, PlanName, PlanSet, Template, UnitId,
    WORKTREE_PLACEHOLDERS,
};

use super::error::SupervisorError;
use super::load;

/// The plans of one repository.
#[derive(Debug, Clone)]
pub struct Project {
    /// The repository.
    pub repo: Repository,
    git: OnceLock<GitVersion>,
    /// The folder in which orch stores its data.
    pub dir: OrchDir,
    /// The plans.
    pub set: PlanSet,
    /// This program, for agents' `PATH`.
    pub program: PathBuf,
    /// Starts runners.
    pub launcher: Arc<Launcher>,
    /// The manifest.
    pub manifest: PathBuf,
    /// The branch that plans land on, without `refs/heads/`.
    pub target: String,
    /// The branch, tag or commit that new branches start from, as written.
    pub base_name: String,
    /// The commit to which the base resolves now.
    pub base: CommitId,
}

impl Project {
    /// The files that define the work: the manifest and the plans' documents.
    pub fn files(&self) -> BTreeSet<PathBuf> {
        let home = self.manifest.parent().unwrap_or(Path::new("/"));
        let documents = self.set.plans.iter().filter_map(|plan| plan.file.as_ref());
        documents
            .map(|file| home.join(file))
            .chain([self.manifest.clone()])
            .collect()
    }

    /// True for a file that people edit while plans run: the manifest, a template, a document, or a file beside one that may
    /// become a document.
    pub fn is_steered_by(&self, file: &Path) -> bool {
        let files = self.files();
        let beside = |known: &PathBuf| known.parent() == file.parent();
        let is_text = file.extension().is_some_and(|extension| extension == "md");
        files.contains(file)
            || (is_text && files.iter().filter(|known| **known != self.manifest).any(beside))
            || file.starts_with(self.repo.top().join("templates/orch"))
    }

    /// The same repository with plans that were edited meanwhile. Base and target stay.
    ///
    /// # Errors
    ///
    /// When the plans do not fit the repository.
    pub fn with(&self, set: PlanSet) -> Result<Self, SupervisorError> {
        check_branches(&set, &self.target)?;
        Ok(Self { set, ..self.clone() })
    }

    /// Finds repository and manifest from a folder, checks both and fits them together. Changes nothing.
    ///
    /// # Errors
    ///
    /// When there is no repository, no commit or no manifest, when the manifest is wrong, or when base or target do not exist and
    /// cannot be created.
    pub fn open(from: &Path, manifest: Option<&Path>) -> Result<Self, SupervisorError> {
        Self::open_in(None, from, manifest)
    }

    /// Does the same as [`Project::open`], with a repository that was already found from the folder.
    ///
    /// # Errors
    ///
    /// The same as [`Project::open`].
    pub fn open_in(
        found: Option<Repository>,
        from: &Path,
        manifest: Option<&Path>,
    ) -> Result<Self, SupervisorError> {
        let named = manifest.map(std::path::absolute).transpose();
        let named = named.map_err(SupervisorError::system("resolve the manifest's path"))?;
        // Diagnostics of a named manifest are reported even without a repository.
        let loaded = named.as_deref().map(load::load).transpose()?;
        let repo = found.map_or_else(|| Repository::discover(from), Ok)?;
        let dir = OrchDir::new(repo.common_dir());
        let (manifest, set) = match (named, loaded) {
            (Some(file), Some(set)) => (file, set),
            (named, _) => {
                let file = named.map_or_else(|| Self::find(&repo, &dir, from), Ok)?;
                let set = load::load(&file)?;
                (file, set)
            }
        };
        Self::fit(repo, dir, manifest, set)
    }

    /// Fits checked plans into their repository.
    ///
    /// # Errors
    ///
    /// When base or target do not exist and cannot be created, or when a plan works on the target.
    pub fn fit(
        repo: Repository,
        dir: OrchDir,
        manifest: PathBuf,
        set: PlanSet,
    ) -> Result<Self, SupervisorError> {
        repo.require_commit()?;
        // The default branch is the one checked out where the manifest lies: a plan's own worktree must show the same plans as
        // the main checkout.
        let home = manifest.parent().filter(|folder| !repo.is_found_from(folder));
        let home = home.and_then(|folder| Repository::discover(folder).ok());
        let home = home
            .filter(|home| home.common_dir() == repo.common_dir())
            .unwrap_or_else(|| repo.clone());
        let base_name = match (&set.run.base, home.head_branch()?) {
            (Some(base), _) => base.clone(),
            (None, Some(branch)) => branch,
            (None, None) => {
                return Err(SupervisorError::Unfit(
                    "no branch is checked out (detached HEAD): name one as `base` in [run] of the manifest"
                        .to_owned(),
                ));
            }
        };
        let base = repo
            .resolve(&base_name)
            .map_err(|error| match (error, &set.run.base) {
                (
                    error @ (GitError::UnknownRevision { .. } | GitError::AmbiguousRevision { .. }),
                    Some(_),
                ) => SupervisorError::from(base_diagnostic(&manifest, &set, &error)),
                (error, _) => error.into(),
            })?;
        let target = set.run.target.clone().unwrap_or_else(|| base_name.clone());
        git::landing::check_target(&repo, &target)?;
        check_branches(&set, &target)?;
        let program = std::env::current_exe().map_err(SupervisorError::system("find this program"))?;
        Ok(Self {
            dir,
            repo,
            git: OnceLock::new(),
            set,
            launcher: Arc::new(Launcher::new(&program)),
            program,
            manifest,
            target,
            base_name,
            base,
        })
    }

    /// Finds the manifest for the folder `from`. A plan's worktree contains an old copy that its agent may change; there, the
    /// manifest of the run is used.
    pub fn find(repo: &Repository, dir: &OrchDir, from: &Path) -> Result<PathBuf, SupervisorError> {
        let linked = repo.here() != repo.top();
        if linked && WorktreeAdmin::new(repo).key_at(repo.here())?.is_some() {
            let note = std::fs::read(dir.manifest_note()).ok();
            let driving = note
                .map(|path| PathBuf::from(OsString::from_vec(path)))
                .filter(|file| file.is_file());
            return match driving {
                Some(file) => Ok(file),
                None => load::find_manifest(repo.top(), repo.top()),
            };
        }
        load::find_manifest(from, repo.here())
    }

    /// The git program. Asking for its version costs a process, so readers do not.
    ///
    /// # Errors
    ///
    /// When it is missing or too old.
    pub fn git(&self) -> Result<GitVersion, GitError> {
        match self.git.get() {
            Some(git) => Ok(*git),
            None => {
                let git = require_git()?;
                Ok(*self.git.get_or_init(|| git))
            }
        }
    }

    /// Records the manifest of the run, for commands in a plan's worktree.
    ///
    /// # Errors
    ///
    /// When the record cannot be written.
    pub fn note_manifest(&self) -> Result<(), SupervisorError> {
        let note = self.dir.manifest_note();
        let new = note.with_extension("new");
        std::fs::write(&new, self.manifest.as_os_str().as_bytes())
            .and_then(|()| failpoint::around("manifest.note", || std::fs::rename(&new, &note)))
            .map_err(SupervisorError::system(format!("write {}", note.display())))
    }

    /// The plan of this name.
    pub fn plan(&self, name: &PlanName) -> Option<&Plan> {
        self.set.plan(name)
    }

    /// The path of a plan's lane: the plan's own worktree, or an additional one.
    pub fn lane_path(&self, lane: &LaneId) -> PathBuf {
        match lane.lane {
            0 => self.worktree_path(lane.plan.as_str()),
            number => self.worktree_path(&format!("{}.lane{number}", lane.plan)),
        }
    }

    /// The path at which a plan's conflict with the target is checked out to be resolved.
    pub fn conflict_path(&self, plan: &PlanName) -> PathBuf {
        self.worktree_path(&format!("{plan}.resolve"))
    }

    /// The branch of a plan's unit, next to the plan's own.
    pub fn unit_branch(&self, plan: &Plan, unit: UnitId) -> String {
        format!("{}.{unit}", plan.branch)
    }

    /// The path of a plan's worktree, or of a worktree of the merge queue, whose names no plan has.
    pub fn worktree_path(&self, name: &str) -> PathBuf {
        let repo = self.repo.name();
        let expanded = match Template::parse(&self.set.run.worktrees, WORKTREE_PLACEHOLDERS) {
            Ok(template) => template.expand(|placeholder| match placeholder {
                "repo" => Some(repo),
                "plan" => Some(name),
                _ => None,
            }),
            // The template was already parsed when the manifest was checked.
            Err(_) => format!("../{repo}.worktrees/{name}"),
        };
        self.repo.top().join(expanded)
    }
}

/// The diagnostic for a base that is no commit, at its position in the manifest.
fn base_diagnostic(manifest: &Path, set: &PlanSet, error: &GitError) -> Diagnostics {
    let file = manifest.file_name().map_or(manifest, Path::new);
    let message = format!("`base` in [run]: {error}");
    let hint = "name a branch, tag or commit of this repository".to_owned();
    Diagnostics(vec![match set.base_place {
        Some(place) => Diagnostic::at(file, place, message).hint(hint),
        None => Diagnostic::of_file(file, message).hint(hint),
    }])
}

fn check_branches(set: &PlanSet, target: &str) -> Result<(), SupervisorError> {
    match set.plans.iter().find(|plan| plan.branch == target) {
        None => Ok(()),
        Some(plan) => Err(SupervisorError::Unfit(format!(
            "plan `{}` works on the branch `{target}`, which is the target: give one of them another branch",
            plan.name
        ))),
    }
}

/// The plan's document in its worktree, when it is a committed file there.
pub fn committed_document(project: &Project, file: Option<&Path>, worktree: &Path) -> Option<PathBuf> {
    let written = project.manifest.parent()?.join(file?);
    let inside = written.strip_prefix(project.repo.here()).ok()?;
    Some(worktree.join(inside))
}

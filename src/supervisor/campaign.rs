//! A checked plan set in its repository: what every command that looks or acts starts from.

use std::path::{Path, PathBuf};

use crate::git::{GitVersion, Repository, require_git};
use crate::journal::OrchDir;
use crate::plan::{CommitId, Plan, PlanName, PlanSet, Template, WORKTREE_PLACEHOLDERS};

use super::{SupervisorError, load};

/// The plans of one repository.
#[derive(Debug, Clone)]
pub struct Campaign {
    /// The repository.
    pub repo: Repository,
    /// The git program.
    pub git: GitVersion,
    /// What orch keeps in it.
    pub dir: OrchDir,
    /// The plans.
    pub set: PlanSet,
    /// This program, for runners and for agents' `PATH`.
    pub program: PathBuf,
    /// The manifest.
    pub manifest: PathBuf,
    /// The branch that plans land on, without `refs/heads/`.
    pub target: String,
    /// The branch, tag or commit that new branches start from, as written.
    pub base_name: String,
    /// The commit that it is now.
    pub base: CommitId,
}

impl Campaign {
    /// Finds repository and manifest from a folder, checks both and fits them together. Touches nothing.
    ///
    /// # Errors
    ///
    /// When there is no repository, no commit or no manifest, when the manifest is wrong, or when base or target do
    /// not exist and cannot.
    pub fn open(from: &Path, manifest: Option<&Path>) -> Result<Self, SupervisorError> {
        let git = require_git()?;
        let manifest = match manifest {
            Some(file) => {
                std::path::absolute(file).map_err(SupervisorError::system("resolve the manifest's path"))?
            }
            None => PathBuf::new(),
        };
        // Faults of a manifest that was named are told even where there is no repository.
        let named = (!manifest.as_os_str().is_empty()).then(|| load::load(&manifest));
        let repo = match (Repository::discover(from), &named) {
            (Ok(repo), _) => repo,
            (Err(_), Some(Err(_))) => {
                return Err(named.and_then(Result::err).unwrap_or_else(|| unreachable!()));
            }
            (Err(error), _) => return Err(error.into()),
        };
        let (manifest, set) = match named {
            Some(set) => (manifest, set?),
            None => {
                let file = load::find_manifest(from, repo.here())?;
                let set = load::load(&file)?;
                (file, set)
            }
        };
        repo.require_commit()?;
        let base_name = match (&set.run.base, repo.head_branch()?) {
            (Some(base), _) => base.clone(),
            (None, Some(branch)) => branch,
            (None, None) => {
                return Err(SupervisorError::Unfit(
                    "no branch is checked out (detached HEAD): name one as `base` in [run] of the manifest"
                        .to_owned(),
                ));
            }
        };
        let base = repo.resolve(&base_name)?;
        let target = set.run.target.clone().unwrap_or_else(|| base_name.clone());
        repo.check_target(&target)?;
        if let Some(plan) = set.plans.iter().find(|plan| plan.branch == target) {
            return Err(SupervisorError::Unfit(format!(
                "plan `{}` works on the branch `{target}`, which is the target: give one of them another branch",
                plan.name
            )));
        }
        let program = std::env::current_exe().map_err(SupervisorError::system("find this program"))?;
        Ok(Self {
            dir: OrchDir::new(repo.common_dir()),
            repo,
            git,
            set,
            program,
            manifest,
            target,
            base_name,
            base,
        })
    }

    /// The plan of this name.
    pub fn plan(&self, name: &PlanName) -> Option<&Plan> {
        self.set.plan(name)
    }

    /// Where the worktree of a plan, or of the merge queue under a name that no plan has, lies.
    pub fn worktree_path(&self, name: &str) -> PathBuf {
        let repo = self.repo.name();
        let expanded = match Template::parse(&self.set.run.worktrees, WORKTREE_PLACEHOLDERS) {
            Ok(template) => template.expand(|placeholder| match placeholder {
                "repo" => Some(repo),
                "plan" => Some(name),
                _ => None,
            }),
            // Checking the manifest has parsed the same text.
            Err(_) => format!("../{repo}.worktrees/{name}"),
        };
        self.repo.top().join(expanded)
    }
}

//! Every path under `.git/orch/`, in one place.

use std::path::{Path, PathBuf};

use crate::plan::{AttemptId, PlanName};

/// The folder `orch` of the repository's common git directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrchDir(PathBuf);

impl OrchDir {
    /// The folder inside this common git directory. Creates nothing.
    pub fn new(common_dir: &Path) -> Self {
        Self(common_dir.join("orch"))
    }

    /// The folder at this path.
    pub fn at(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The SQLite database with the journal.
    pub fn database(&self) -> PathBuf {
        self.0.join("orch.db")
    }

    /// The file whose lock shows that a process drives this repository.
    pub fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    /// The socket on which a supervisor listens.
    pub fn socket(&self) -> PathBuf {
        self.0.join("control.sock")
    }

    /// The folder of one attempt: `prompt.md`, `log`, `exit.json`.
    pub fn attempt(&self, attempt: &AttemptId) -> PathBuf {
        self.0.join("attempts").join(attempt.as_str())
    }

    /// The folder with one file for each user that has seen a digest: the number of the last journal entry that the
    /// user saw.
    pub fn looks(&self) -> PathBuf {
        self.0.join("looks")
    }

    /// The folder with the folders of all attempts.
    pub fn attempts(&self) -> PathBuf {
        self.0.join("attempts")
    }

    /// The folder of the last verification of the plan in its own worktree.
    pub fn verification(&self, plan: &PlanName) -> PathBuf {
        self.verifications().join(plan.as_str())
    }

    /// The folder of a person who is attached to the plan: the lock, and the mark of the processes that the person has
    /// started.
    pub fn attached(&self, plan: &PlanName) -> PathBuf {
        self.0.join("attached").join(plan.as_str())
    }

    /// The folder of the present or last verification in one of the merge train's worktrees.
    pub fn train_verification(&self, slot: usize) -> PathBuf {
        self.verifications().join(format!("train@{slot}"))
    }

    /// The folder of the present or last command that generates the generated files of a merge again.
    pub fn regeneration(&self) -> PathBuf {
        self.verifications().join("mend@0")
    }

    /// The folder of the last verification of an agent's resolution of the plan's conflict.
    pub fn conflict_verification(&self, plan: &PlanName) -> PathBuf {
        self.verifications().join(format!("{plan}.resolved"))
    }

    /// The folder with the log of the last verification of the plan merged onto the target.
    pub fn merge_verification(&self, plan: &PlanName) -> PathBuf {
        self.verifications().join(format!("{plan}.merged"))
    }

    /// The folder that contains the folders of all verifications.
    pub fn verifications(&self) -> PathBuf {
        self.0.join("verify")
    }

    /// The folder of the last setup of a worktree, or of the hook after the setup, by the name of the worktree.
    pub fn setup(&self, name: &str) -> PathBuf {
        self.setups().join(name)
    }

    /// The folder that contains the folders of all setups.
    pub fn setups(&self) -> PathBuf {
        self.0.join("setup")
    }

    /// The folder of one run of a hook.
    pub fn hook(&self, name: &str) -> PathBuf {
        self.hooks().join(name)
    }

    /// The folder that contains the folders of hooks that run or have failed.
    pub fn hooks(&self) -> PathBuf {
        self.0.join("hooks")
    }

    /// The record of the move of the target that is under way.
    pub fn landing(&self) -> PathBuf {
        self.0.join("landing.json")
    }

    /// The lock of a process that moves the target. The git commands of that process hold the lock too.
    pub fn landing_lock(&self) -> PathBuf {
        self.0.join("landing.lock")
    }

    /// The lock of a process that removes worktrees and branches of landed plans.
    pub fn clean_lock(&self) -> PathBuf {
        self.0.join("clean.lock")
    }

    /// The record of the manifest that drove the last run.
    pub fn manifest_note(&self) -> PathBuf {
        self.0.join("manifest")
    }

    /// The plans in force, as the present or the last supervisor counts them.
    pub fn plans_taken(&self) -> PathBuf {
        self.0.join("plans.json")
    }

    /// The notices that were sent recently.
    pub fn told(&self) -> PathBuf {
        self.0.join("told.json")
    }

    /// The key to the pages of `orch serve`.
    pub fn serve_token(&self) -> PathBuf {
        self.0.join("serve.token")
    }

    /// The register of port blocks.
    pub fn ports(&self) -> PathBuf {
        self.0.join("ports.json")
    }
}

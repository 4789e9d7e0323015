//! The clones on a node: one mirror for each repository, and for each attempt a clone of the mirror that shares its
//! objects.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::channel::{Channel, git_dir_in};
use crate::git::files::error::GitError;
use crate::git::program::command::Git;
use crate::git::state::inspect::head_of;
use crate::plan::CommitId;

/// The setting that holds the name of a repository on hubs.
const SETTING: &str = "orch.repository";

/// The name and address of an attempt's commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
}

/// The folders of one attempt on a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workplace {
    /// The bare repository on the node that all attempts of a repository share.
    pub mirror: PathBuf,
    /// The clone.
    pub tree: PathBuf,
}

impl Workplace {
    /// The clone's git folder.
    pub fn git_dir(&self) -> PathBuf {
        git_dir_in(&self.tree)
    }

    /// The connection to the hub, through the mirror.
    pub fn channel(&self, hub: &str, repository: &str) -> Channel {
        Channel {
            git_dir: self.mirror.clone(),
            hub: hub.to_owned(),
            repository: repository.to_owned(),
            marker: None,
        }
    }

    /// Makes a missing mirror, and fetches the commit that the attempt begins from.
    ///
    /// # Errors
    ///
    /// When a folder cannot be made, or the hub does not answer.
    pub fn fill_mirror(&self, channel: &Channel, key: &str) -> Result<(), GitError> {
        let failed = |error| GitError::io("make", &self.mirror)(error);
        let home = self.mirror.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(home).map_err(failed)?;
        let lock = File::create(self.mirror.with_extension("lock")).map_err(failed)?;
        // Two attempts on one node may come here at once.
        flock(&lock, FlockOperation::LockExclusive).map_err(|error| failed(error.into()))?;
        if !self.mirror.join("HEAD").exists() {
            Git::anywhere()
                .env("GIT_DEFAULT_HASH", "sha1")
                .env("GIT_DEFAULT_REF_FORMAT", "files")
                .args(["init", "--quiet", "--bare", "--template="])
                .arg(&self.mirror)
                .run()?;
            // Clones share the mirror's objects, so no object may ever be removed.
            Git::on(&self.mirror).args(["config", "gc.auto", "0"]).run()?;
        }
        channel.fetch_into(key, "from", "refs/heads/latest")
    }

    /// Makes the clone, with the branch checked out at `commit`.
    ///
    /// # Errors
    ///
    /// When git cannot make the clone.
    pub fn clone_at(
        &self,
        branch: &str,
        commit: &CommitId,
        who: &Identity,
        hidden: &[String],
    ) -> Result<(), GitError> {
        Git::anywhere()
            .args([
                "clone",
                "--quiet",
                "--shared",
                "--no-checkout",
                "--template=",
                "--origin=mirror",
            ])
            .arg(&self.mirror)
            .arg(&self.tree)
            .run()?;
        let git = || Git::within(&self.tree);
        git().args(["remote", "remove", "mirror"]).run()?;
        let settings = [
            ("user.name", who.name.as_str()),
            ("user.email", who.email.as_str()),
        ];
        for (key, value) in settings {
            git().args(["config", key, value]).run()?;
        }
        let info = self.git_dir().join("info");
        let exclude = || -> std::io::Result<()> {
            fs::create_dir_all(&info)?;
            fs::write(info.join("exclude"), format!("/.orch/\n{}\n", hidden.join("\n")))
        };
        exclude().map_err(GitError::io("write", &info))?;
        git()
            .args(["checkout", "--quiet", "-B", branch, commit.as_str()])
            .run()?;
        Ok(())
    }

    /// The checked-out commit and the branch's tip.
    ///
    /// # Errors
    ///
    /// When git cannot tell.
    pub fn tips(&self, branch: &str) -> Result<(CommitId, CommitId), GitError> {
        let head = head_of(&self.tree)?;
        let tip = Git::within(&self.tree)
            .args(["rev-parse", "--quiet", "--verify"])
            .arg(format!("refs/heads/{branch}^{{commit}}"))
            .run_for_id();
        // When the agent has removed the branch, HEAD counts as the branch's tip.
        Ok((head.clone(), tip.unwrap_or(head)))
    }
}

/// The name of a repository on hubs: random, made once, stored in the repository's own configuration.
///
/// # Errors
///
/// When the name can be neither read nor written.
pub fn repository_id(common_dir: &Path) -> Result<String, GitError> {
    // Attempts are handed over in parallel and must not make two names. Only one supervisor makes names at a time.
    static ONE: Mutex<()> = Mutex::new(());
    let _alone = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = known_repository_id(common_dir)? {
        return Ok(known);
    }
    let id = random_word().map_err(GitError::io("read", Path::new("/dev/urandom")))?;
    Git::on(common_dir)
        .args(["config", "--local", SETTING, &id])
        .run()?;
    Ok(id)
}

/// The name of a repository on hubs; `None` when nothing was handed over yet.
///
/// # Errors
///
/// When git cannot be run.
pub fn known_repository_id(common_dir: &Path) -> Result<Option<String>, GitError> {
    let known = Git::on(common_dir)
        .args(["config", "--local", "--get", SETTING])
        .answer()?;
    let known = String::from_utf8_lossy(&known.stdout).trim().to_owned();
    let is_good = !known.is_empty() && known.bytes().all(|byte| byte.is_ascii_alphanumeric());
    Ok(is_good.then_some(known))
}

/// Twelve random hexadecimal digits.
pub fn random_word() -> std::io::Result<String> {
    let mut bytes = [0u8; 6];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The name and address with which git commits in this worktree.
///
/// # Errors
///
/// When git cannot be run.
pub fn identity(worktree: &Path) -> Result<Identity, GitError> {
    let answer = Git::within(worktree).args(["var", "GIT_AUTHOR_IDENT"]).answer()?;
    let text = String::from_utf8_lossy(&answer.stdout);
    let parts = text.rsplit_once("> ").and_then(|(who, _)| who.split_once(" <"));
    let (name, email) = parts
        .filter(|_| answer.status.success())
        .unwrap_or(("orch", "orch@localhost"));
    Ok(Identity {
        name: name.to_owned(),
        email: email.to_owned(),
    })
}

//! A scratch repository that depends on nothing of the machine's and is gone afterwards.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Once;

use tempfile::TempDir;

/// A repository `repo` on the branch `main` in a temporary folder, with room beside it.
#[derive(Debug)]
pub struct Sandbox {
    root: TempDir,
}

impl Sandbox {
    /// A repository with one commit of these files.
    pub fn new(files: impl IntoIterator<Item = (String, String)>) -> Self {
        isolate();
        let root = tempfile::Builder::new().prefix("orch-bench-").tempdir().unwrap();
        let sandbox = Self { root };
        fs::create_dir(sandbox.repo()).unwrap();
        sandbox.git(["init", "--quiet", "--initial-branch=main"]);
        sandbox.git(["config", "user.name", "Bench"]);
        sandbox.git(["config", "user.email", "bench@example.org"]);
        // No maintenance in the background of a measurement.
        sandbox.git(["config", "gc.auto", "0"]);
        sandbox.git(["config", "maintenance.auto", "false"]);
        for (name, text) in files {
            sandbox.write(&name, &text);
        }
        sandbox.git(["add", "--all"]);
        sandbox.git(["commit", "--quiet", "--allow-empty", "-m", "begin"]);
        sandbox
    }

    /// As many files as asked for, of `bytes` each, in folders of fifty.
    pub fn with_files(count: usize, bytes: usize) -> Self {
        Self::new((0..count).map(|n| {
            let line = format!("line of file {n}, long enough to look like source code\n");
            let text = line.repeat(bytes.div_ceil(line.len()));
            (format!("src/part{:03}/file{n:05}.txt", n / 50), text)
        }))
    }

    /// The main checkout.
    pub fn repo(&self) -> PathBuf {
        self.beside("repo")
    }

    /// A path beside it.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.root.path().canonicalize().unwrap().join(name)
    }

    /// A path in its `.git/orch`.
    pub fn kept(&self, name: &str) -> PathBuf {
        self.repo().join(".git/orch").join(name)
    }

    /// Writes a file of the main checkout, and the folders above it.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.repo().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Runs git in the main checkout; it has to succeed.
    pub fn git<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> String {
        git_in(&self.repo(), args)
    }

    /// Forgets every run, and keeps the worktrees that were made. What was kept of them is moved aside, not deleted:
    /// ext4 makes new files slowly for a while after many were deleted, because it does not give their inodes out
    /// again at once.
    pub fn forget_runs(&self) {
        let mut names = (0..).map(|n| self.beside(&format!("forgotten-{n}")));
        let aside = names.find(|folder| !folder.exists()).unwrap();
        fs::create_dir(&aside).unwrap();
        for name in ["orch.db", "orch.db-wal", "orch.db-shm", "attempts"] {
            let _ = fs::rename(self.kept(name), aside.join(name));
        }
    }

    /// Waits until what was written is on the disk, so that one contestant does not pay for another.
    pub fn settle_disk(&self) {
        let _ = Command::new("sync").arg("-f").arg(self.root.path()).status();
    }
}

/// Runs git in a folder; it has to succeed.
pub fn git_in<S: AsRef<OsStr>>(folder: &Path, args: impl IntoIterator<Item = S>) -> String {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(args)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "git failed in {}", folder.display());
    String::from_utf8(output.stdout).unwrap()
}

/// Cuts this process and what it starts off from the machine's configuration.
#[allow(unsafe_code, reason = "the environment is changed before anybody reads it")]
fn isolate() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let home = std::env::temp_dir().join(format!("orch-bench-home-{}", std::process::id()));
        // SAFETY: called before the benchmark starts its first thread.
        unsafe {
            for (name, _) in std::env::vars_os() {
                let name = name.to_string_lossy().into_owned();
                let misleading = name.starts_with("GIT_") || name.starts_with("ORCH_");
                if (misleading && name != "ORCH_CORPUS")
                    || ["EMAIL", "XDG_CONFIG_HOME"].contains(&name.as_str())
                {
                    std::env::remove_var(name);
                }
            }
            // A folder that is not there: nothing is read from it, and nobody has to remove it.
            std::env::set_var("HOME", &home);
            std::env::set_var("GIT_CONFIG_GLOBAL", "/dev/null");
            std::env::set_var("GIT_CONFIG_NOSYSTEM", "1");
            // libgit2 reads configuration inside this process and knows nothing of the variables above.
            for level in [
                git2::ConfigLevel::System,
                git2::ConfigLevel::Global,
                git2::ConfigLevel::XDG,
                git2::ConfigLevel::ProgramData,
            ] {
                git2::opts::set_search_path(level, &home).unwrap();
            }
        }
    });
}

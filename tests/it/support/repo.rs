//! Scratch repositories that depend on nothing of the machine's: no configuration, no identity, no clock.

use std::ffi::OsStr;
use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Once;

use orch::git::Repository;
use orch::plan::CommitId;
use rustix::fs::StatVfsMountFlags;
use tempfile::TempDir;

/// What the folders of all tests that run at once never come to, in bytes.
const LEAST_MEMORY: u64 = 4 << 30;

/// Who commits, and when: 2026-01-02T03:04:05Z.
const NAME: &str = "Tester";
const ADDRESS: &str = "tester@example.org";
const SECONDS: i64 = 1_767_323_045;

/// Cuts this process, and the git commands and programs it starts, off from the machine's configuration. Called by
/// every constructor here; a test that starts `orch` without a scratch repository calls it itself.
pub fn isolate() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let memory = memory();
        let home = tempfile::tempdir_in(memory.as_deref().unwrap_or(&std::env::temp_dir()));
        let home = home.unwrap().keep();
        // SAFETY: tests reach code that reads the environment only through `isolate`, which lets nobody pass before
        // this is done.
        unsafe {
            if let Some(memory) = memory {
                std::env::set_var("TMPDIR", memory);
            }
            for (name, _) in std::env::vars_os() {
                if name.as_encoded_bytes().starts_with(b"GIT_") {
                    std::env::remove_var(name);
                }
            }
            for name in ["EMAIL", "NO_COLOR", "XDG_CONFIG_HOME"] {
                std::env::remove_var(name);
            }
            // The one setting: submodules may be cloned from a folder beside the repository.
            let config = home.join(".gitconfig");
            fs::write(&config, "[protocol \"file\"]\n\tallow = always\n").unwrap();
            std::env::set_var("HOME", &home);
            std::env::set_var("GIT_CONFIG_GLOBAL", &config);
            std::env::set_var("GIT_CONFIG_NOSYSTEM", "1");
            for date in ["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"] {
                std::env::set_var(date, format!("{SECONDS} +0000"));
            }
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

/// A folder in memory with room enough, in which tests take a third less time than on a disk. Not in CI, nor where the
/// environment names a folder.
fn memory() -> Option<PathBuf> {
    let folder = PathBuf::from("/dev/shm");
    let named = ["CI", "TMPDIR"].map(std::env::var_os);
    let mounted = rustix::fs::statvfs(&folder).ok()?;
    let fits = !mounted.f_flag.contains(StatVfsMountFlags::NOEXEC)
        && mounted.f_bavail.saturating_mul(mounted.f_frsize) >= LEAST_MEMORY;
    (named.iter().all(Option::is_none) && fits).then_some(folder)
}

/// A checkout: a folder with files in which git commands run.
#[derive(Debug, Clone)]
pub struct Tree {
    path: PathBuf,
}

impl Tree {
    pub fn at(path: impl Into<PathBuf>) -> Self {
        isolate();
        Self { path: path.into() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn join(&self, file: impl AsRef<Path>) -> PathBuf {
        self.path.join(file)
    }

    /// Runs git here, whatever comes of it.
    pub fn try_git<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Output {
        Command::new("git")
            .arg("-C")
            .arg(&self.path)
            .args(args)
            .output()
            .unwrap()
    }

    /// Runs a git command that must succeed and gives what it prints, trimmed. Words are split at spaces.
    #[track_caller]
    pub fn git(&self, line: &str) -> String {
        self.git_args(line.split_whitespace())
    }

    /// As [`Tree::git`], for arguments with spaces.
    #[track_caller]
    pub fn git_args<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> String {
        let output = self.try_git(args);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "git failed in {}: {stderr}",
            self.path.display()
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Writes a file, and the folders above it.
    pub fn write(&self, file: impl AsRef<Path>, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    #[track_caller]
    pub fn read(&self, file: impl AsRef<Path>) -> String {
        fs::read_to_string(self.path.join(file)).unwrap()
    }

    pub fn remove(&self, file: impl AsRef<Path>) -> &Self {
        fs::remove_file(self.path.join(file)).unwrap();
        self
    }

    /// Commits everything there is.
    #[track_caller]
    pub fn commit(&self, message: &str) -> CommitId {
        self.git("add --all");
        self.git_args(["commit", "--quiet", "--allow-empty", "--no-verify", "-m", message]);
        self.head()
    }

    /// Writes one file and commits.
    #[track_caller]
    pub fn commit_file(&self, file: &str, content: &str) -> CommitId {
        self.write(file, content).commit(&format!("write {file}"))
    }

    #[track_caller]
    pub fn head(&self) -> CommitId {
        self.rev("HEAD")
    }

    #[track_caller]
    pub fn rev(&self, name: &str) -> CommitId {
        self.git_args(["rev-parse", "--verify", &format!("{name}^{{commit}}")])
            .parse()
            .unwrap()
    }

    /// What `git status --short` prints.
    #[track_caller]
    pub fn status(&self) -> String {
        self.git("status --short --untracked-files=all")
    }

    /// The repository as orch finds it from here.
    #[track_caller]
    pub fn repository(&self) -> Repository {
        Repository::discover(&self.path).unwrap()
    }
}

/// A repository in a temporary folder of its own, with room for worktrees beside it. It is used as the main
/// checkout's [`Tree`].
#[derive(Debug)]
pub struct Scratch {
    root: TempDir,
    main: Tree,
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if std::thread::panicking() && std::env::var_os("ORCH_KEEP").is_some() {
            self.root.disable_cleanup(true);
            eprintln!("kept for a look: {}", self.root.path().display());
        }
    }
}

impl Deref for Scratch {
    type Target = Tree;

    fn deref(&self) -> &Tree {
        &self.main
    }
}

impl Scratch {
    /// A repository `repo` on the branch `main` with one commit of a `README.md`.
    pub fn new() -> Self {
        Self::named("repo")
    }

    /// As [`Scratch::new`], with another folder name.
    pub fn named(name: impl AsRef<Path>) -> Self {
        Self::empty(name).begun()
    }

    /// As [`Scratch::new`], in a folder into which something was mounted.
    pub fn within(root: tempfile::TempDir) -> Self {
        Self::empty_within(root, "repo").begun()
    }

    /// A repository without a commit.
    pub fn empty(name: impl AsRef<Path>) -> Self {
        Self::empty_within(tempfile::tempdir().unwrap(), name)
    }

    fn empty_within(root: tempfile::TempDir, name: impl AsRef<Path>) -> Self {
        isolate();
        let main = Tree::at(root.path().canonicalize().unwrap().join(name));
        // As git makes it, without its six processes for each test.
        let mut options = git2::RepositoryInitOptions::new();
        options.initial_head("main").external_template(false);
        let repo = git2::Repository::init_opts(main.path(), &options).unwrap();
        let mut config = repo.config().unwrap();
        config.set_str("user.name", NAME).unwrap();
        config.set_str("user.email", ADDRESS).unwrap();
        Self { root, main }
    }

    /// Makes the first commit.
    fn begun(self) -> Self {
        self.write("README.md", "a scratch repository\n");
        let repo = git2::Repository::open(self.path()).unwrap();
        let mut index = repo.index().unwrap();
        index.add_path(Path::new("README.md")).unwrap();
        index.write().unwrap();
        let tree = repo.find_tree(index.write_tree().unwrap()).unwrap();
        let who = git2::Signature::new(NAME, ADDRESS, &git2::Time::new(SECONDS, 0)).unwrap();
        repo.commit(Some("HEAD"), &who, &who, "write README.md\n", &tree, &[])
            .unwrap();
        self
    }

    /// A path beside the repository.
    pub fn beside(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.path().canonicalize().unwrap().join(name)
    }

    /// Makes a branch at `base` with one commit that writes the files (none as content: deletes), leaving the main
    /// checkout as it was.
    #[track_caller]
    pub fn branch(&self, name: &str, base: &str, files: &[(&str, Option<&str>)]) -> CommitId {
        let dir = self.beside(format!(".branch-{}", name.replace('/', "-")));
        self.git_args([
            "worktree",
            "add",
            "--quiet",
            "-b",
            name,
            dir.to_str().unwrap(),
            base,
        ]);
        let tree = Tree::at(&dir);
        for (file, content) in files {
            match content {
                Some(content) => tree.write(file, content),
                None => tree.remove(file),
            };
        }
        let commit = tree.commit(&format!("work on {name}"));
        self.git_args(["worktree", "remove", "--force", dir.to_str().unwrap()]);
        commit
    }
}

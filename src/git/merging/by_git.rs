//! Merges made by git: one `git merge-tree` process for many merges, or one process for each when that is not possible.

use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::process::{Child, ChildStdin, ChildStdout};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::answer::{self, Answered};
use super::attribute_source::with_attributes_of;
use crate::git::files::error::GitError;
use crate::git::files::version::GitVersion;
use crate::git::program::command::Git;
use crate::git::repo::repository::Repository;
use crate::plan::CommitId;

/// From this version on, `merge-tree` takes several merges on its input.
const ON_INPUT: GitVersion = GitVersion { major: 2, minor: 39 };
/// From this version on, `merge-tree` gives each answer at once. Before, `stdbuf` has to make it do so.
const AT_ONCE: GitVersion = GitVersion { major: 2, minor: 50 };
/// From this version on, `merge-tree` takes options of the merge strategy, and `git merge` obeys `diff.algorithm`.
const ALGORITHM: GitVersion = GitVersion { major: 2, minor: 46 };

/// From this version on, `merge-tree` also takes the common ancestor of two commits on its input.
const BASE_ON_INPUT: GitVersion = GitVersion { major: 2, minor: 41 };

/// How long to wait for a first answer before the process is assumed to hold it back. The process then gets the end of
/// its input, at which it answers. So waiting too briefly costs only speed.
const PATIENCE: Timespec = Timespec {
    tv_sec: 3,
    tv_nsec: 0,
};

/// The number of merges after which another process takes over. A process keeps everything it has read in memory.
const SHIFT: usize = 500;

/// Git's merges in one repository.
#[derive(Debug)]
pub(super) struct ByGit {
    repo: Repository,
    git: GitVersion,
    algorithm: Option<String>,
    /// False once a process did not answer one by one.
    lives: bool,
    live: Option<Live>,
}

/// A process that makes merges on request.
#[derive(Debug)]
struct Live {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// The commit whose attributes the process reads.
    attributes: CommitId,
    merges: usize,
}

impl ByGit {
    pub(super) fn new(repo: &Repository, git: GitVersion, algorithm: Option<String>) -> Self {
        Self {
            repo: repo.clone(),
            git,
            algorithm: algorithm.filter(|_| git >= ALGORITHM),
            lives: git >= ON_INPUT,
            live: None,
        }
    }

    /// The commit whose attributes the running process uses, if a process runs.
    pub(super) fn attributes(&self) -> Option<&CommitId> {
        self.live.as_ref().map(|live| &live.attributes)
    }

    /// Merges two commits. The running process is asked only when `same_attributes` is true: its commit has the
    /// attributes of `onto`. With the single best common ancestor as `base`, git need not walk the histories.
    pub(super) fn merge(
        &mut self,
        base: Option<&CommitId>,
        onto: &CommitId,
        head: &CommitId,
        same_attributes: bool,
    ) -> Result<Answered, GitError> {
        let tired = |live: &Live| live.merges >= SHIFT || !same_attributes;
        if self.live.as_ref().is_some_and(tired) {
            self.live = None;
        }
        if self.lives && self.live.is_none() {
            self.live = self.start(onto)?.ok();
            self.lives = self.live.is_some();
        }
        if let Some(live) = &mut self.live {
            let base = base.filter(|_| self.git >= BASE_ON_INPUT);
            match live.ask(base, onto, head) {
                Ok((answered, more)) => {
                    if !more {
                        (self.live, self.lives) = (None, false);
                    }
                    return Ok(answered);
                }
                // The process has died, perhaps because of this very merge. A process for this merge alone will say
                // why.
                Err(_) => self.live = None,
            }
        }
        self.merge_alone(onto, head)
    }

    /// The inner error means that no such process can be started. Each merge then gets a process of its own.
    fn start(&self, onto: &CommitId) -> Result<io::Result<Live>, GitError> {
        let git = if self.git >= AT_ONCE {
            Git::on(self.repo.common_dir())
        } else {
            Git::unbuffered_on(self.repo.common_dir())
        };
        let git = self.command(git, onto)?.arg("--stdin");
        Ok(git.converse().and_then(|child| Live::new(child, onto)))
    }

    fn merge_alone(&self, onto: &CommitId, head: &CommitId) -> Result<Answered, GitError> {
        self.merge_from(None, onto, head)
    }

    /// Merges two commits by a process of its own, as if `base` were their common ancestor.
    pub(super) fn merge_from(
        &self,
        base: Option<&CommitId>,
        onto: &CommitId,
        head: &CommitId,
    ) -> Result<Answered, GitError> {
        let git = self.command(Git::on(self.repo.common_dir()), onto)?;
        let git = match base {
            Some(base) => git.arg(format!("--merge-base={base}")),
            None => git,
        };
        let answer = git
            .args(["-z", "--messages"])
            .args([onto.as_str(), head.as_str()])
            .answer()?;
        let clean = match answer.status.code() {
            Some(0) => true,
            Some(1) => false,
            _ => return Err(answer.failure()),
        };
        let mut fields = answer.stdout.split(|byte| *byte == 0).map(<[u8]>::to_vec);
        answer::read(clean, &[onto, head], || fields.next())
            .ok_or_else(|| answer.unreadable("not the form of `merge-tree -z`"))
    }

    fn command(&self, git: Git, onto: &CommitId) -> Result<Git, GitError> {
        let git = with_attributes_of(git, self.git, &self.repo, onto)?;
        // A full id is not a branch name, so git need not look for a branch. An existing object of the same name has
        // the same content, so a new object may be renamed over it, which costs half as much as linking it.
        let git = git
            .config("core.warnAmbiguousRefs=false")
            .config("core.createObject=rename");
        let git = git.args(["merge-tree", "--write-tree"]);
        Ok(match &self.algorithm {
            Some(algorithm) => git.arg(format!("-Xdiff-algorithm={algorithm}")),
            None => git,
        })
    }
}

impl Live {
    fn new(mut child: Child, onto: &CommitId) -> io::Result<Self> {
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let output = output.ok_or_else(|| io::Error::other("no output"))?;
        Ok(Self {
            child,
            input,
            output: BufReader::new(output),
            attributes: onto.clone(),
            merges: 0,
        })
    }

    /// Returns the answer, and true when the process can be asked again.
    fn ask(
        &mut self,
        base: Option<&CommitId>,
        onto: &CommitId,
        head: &CommitId,
    ) -> io::Result<(Answered, bool)> {
        let mut input = self.input.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let base = base.map(|base| format!("{base} -- ")).unwrap_or_default();
        input.write_all(format!("{base}{onto} {head}\n").as_bytes())?;
        let more = self.merges > 0 || self.answers()?;
        if more {
            self.input = Some(input);
        } else {
            drop(input);
        }
        self.merges += 1;
        let mut failed = None;
        let mut field = || {
            let mut text = Vec::new();
            match self.output.read_until(0, &mut text) {
                Ok(_) if text.pop() == Some(0) => Some(text),
                Ok(_) => None,
                Err(error) => {
                    failed = Some(error);
                    None
                }
            }
        };
        let answered = match field().as_deref() {
            Some(b"1") => answer::read(true, &[onto, head], &mut field)
                .filter(|_| field().is_some_and(|end| end.is_empty())),
            Some(b"0") => answer::read(false, &[onto, head], &mut field),
            _ => None,
        };
        match (answered, failed) {
            (_, Some(error)) => Err(error),
            (Some(answered), None) => Ok((answered, more)),
            (None, None) => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    fn answers(&self) -> io::Result<bool> {
        let mut wanted = [PollFd::from_borrowed_fd(
            self.output.get_ref().as_fd(),
            PollFlags::IN,
        )];
        loop {
            match poll(&mut wanted, Some(&PATIENCE)) {
                Err(rustix::io::Errno::INTR) => {}
                other => return Ok(other? > 0),
            }
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // The process ends at the end of its input. A merge that nobody needs any more is killed.
        drop(self.input.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

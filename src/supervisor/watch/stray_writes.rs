//! Noticing writes into the main checkout while agents run.

use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::git::{self, HeadPrint, trust_hooks, trust_merge_rules};

use crate::plan::first_of;
use crate::supervisor::desk::message::CheckoutLook;
use crate::supervisor::project::repository_plans::Project;

/// The shortest pause between two checks: each runs `git status`, which takes long in a large repository.
const PAUSE: Duration = Duration::from_secs(2);
/// How many files are named.
const NAMED: usize = 4;

/// The main checkout at the last check.
#[derive(Debug)]
pub struct StrayWrites {
    last: Option<HeadPrint>,
    /// The first check, while it is running.
    first: Option<JoinHandle<Option<HeadPrint>>>,
    looked: Instant,
    /// How often `orch` itself has changed, or may have changed, the main checkout.
    own_changes: u64,
    /// True when orch has changed it since the last check. Then only uncommitted files are compared, which
    /// orch never creates.
    moved: bool,
    /// Reported changes of the hooks that the repository's configuration names.
    pub hooks_told: Option<(String, String)>,
}

impl StrayWrites {
    /// Starts the first check, on a thread of its own.
    pub fn begin_first(project: &Arc<Project>) -> Self {
        trust_hooks(project.repo.common_dir());
        trust_merge_rules(project.repo.common_dir());
        let project = project.clone();
        Self {
            last: None,
            first: Some(std::thread::spawn(move || see(&project))),
            looked: Instant::now(),
            own_changes: 0,
            moved: false,
            hooks_told: None,
        }
    }

    /// Waits for the first check. No agent may start earlier: its writes would be taken for the initial state.
    pub fn end_first(&mut self) {
        if let Some(first) = self.first.take() {
            self.last = first.join().unwrap_or_else(|panic| resume_unwind(panic));
        }
    }

    /// Called when `orch` starts or ends a move of the target: another commit in the main checkout is orch's
    /// own work then.
    pub fn forget(&mut self) {
        self.own_changes += 1;
        self.moved = true;
    }

    /// Starts a check, unless the last one was a moment ago.
    pub fn begin(&mut self) -> Option<CheckoutLook> {
        if self.looked.elapsed() < PAUSE && self.last.is_some() {
            return None;
        }
        self.looked = Instant::now();
        Some(self.look())
    }

    /// Starts the last check of a run, however short the pause; `None` when there is nothing to compare with.
    pub fn begin_at_once(&self) -> Option<CheckoutLook> {
        self.last.is_some().then(|| self.look())
    }

    fn look(&self) -> CheckoutLook {
        CheckoutLook {
            own_changes: self.own_changes,
        }
    }

    /// Ends a check. Returns what changed since the previous one. Who made the change is not guessed.
    pub fn end(&mut self, project: &Project, began: CheckoutLook, now: HeadPrint) -> Option<String> {
        if began.own_changes != self.own_changes {
            return None;
        }
        let mut before = self.last.replace(now.clone())?;
        if std::mem::take(&mut self.moved) {
            before = before.moved_to(&now);
        }
        let what = difference(project, &before, &now)?;
        Some(format!(
            "the main checkout {} changed while agents ran: {what}. If that was not you, an agent works outside of its worktree",
            project.repo.top().display()
        ))
    }
}

/// The difference, in words. Files that people edit while plans run are left out.
fn difference(project: &Project, before: &HeadPrint, now: &HeadPrint) -> Option<String> {
    let foreign = |file: &PathBuf| !project.is_steered_by(&project.repo.top().join(file));
    if before.branch != now.branch {
        let branch = now.branch.as_deref().unwrap_or("no branch");
        return Some(format!("{branch} is checked out in it"));
    }
    if before.head != now.head {
        let moved = git::repo::files_between(&project.repo, &before.head, &now.head);
        let counts = moved.map_or(true, |files| files.is_empty() || files.iter().any(foreign));
        return counts.then(|| format!("its branch moved to {}", now.head.short()));
    }
    let mut files = now.changed_since(before);
    files.retain(foreign);
    let shown: Vec<_> = files.iter().map(|file| file.display()).collect();
    (!files.is_empty()).then(|| {
        format!(
            "its uncommitted files changed ({})",
            first_of(&shown, NAMED, ", ")
        )
    })
}

/// The current state of the main checkout; `None` when there is none, or when it cannot be read.
pub fn see(project: &Project) -> Option<HeadPrint> {
    if project.repo.is_bare() {
        return None;
    }
    git::state::fingerprint(&project.repo, project.repo.top()).ok()
}

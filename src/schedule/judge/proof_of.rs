//! The evidence that each claim needs: the table of docs/completion.md, which a test compares with this one.

/// A fact about a plan that others rely on. Each is claimed in one place of the scheduler, and only with everything that
/// [`needs`](Self::needs) names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Claim {
    /// What an attempt was given is done: the tasks and VERIFY blocks of its units.
    TaskDone,
    /// A phase is done: what waits for it may start.
    PhaseDone,
    /// A commit is what those start from who wait for a phase.
    Pinned,
    /// All work of the plan is done on its branch.
    PlanFinished,
    /// The plan is on the target.
    Landed,
}

/// A piece of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// The last report on each task and each VERIFY block is done or skipped. With `report = "auto"` the commits of an agent that
    /// ended well count, as long as no agent of the plan has ever reported.
    Said,
    /// There is a commit; or there need be none.
    Made,
    /// Nothing is left uncommitted, no operation of git is left open, and the worktree is on its branch.
    Clean,
    /// The commits on which work was reported done are still on the branch.
    Kept,
    /// Nothing on the branch was made for another plan that has not landed, but what `orch` merged in.
    Own,
    /// Each task of the phase was reported done or skipped; where units have branches of their own, each is done.
    Tasks,
    /// The phase's VERIFY block was reported done or skipped, unless it runs in the background.
    Checked,
    /// The `verify` of the phase passed on the commit with which the phase ends, where it has one.
    Passed,
    /// The phase is done.
    PhaseDone,
    /// The commit is on the plan's branch.
    Commit,
    /// Every unit of the plan is done, VERIFY blocks in the background included.
    Units,
    /// The plan's `verify` passed on the branch's tip.
    Verified,
    /// The plan is finished, or up to the phase that is landed.
    Finished,
    /// `[merge] verify` passed on the merged tree.
    Tree,
    /// The target was moved by compare-and-swap to that commit, and read back.
    Target,
}

impl Claim {
    /// Every claim, in the order of a plan's life.
    pub const ALL: &[Self] = &[
        Self::TaskDone,
        Self::PhaseDone,
        Self::Pinned,
        Self::PlanFinished,
        Self::Landed,
    ];

    /// All evidence that it needs, in the order in which what is missing is named.
    pub const fn needs(self) -> &'static [Proof] {
        match self {
            Self::TaskDone => &[Proof::Clean, Proof::Kept, Proof::Own, Proof::Said, Proof::Made],
            Self::PhaseDone => &[Proof::Tasks, Proof::Checked, Proof::Passed],
            Self::Pinned => &[Proof::PhaseDone, Proof::Commit, Proof::Own],
            Self::PlanFinished => &[Proof::Units, Proof::Verified],
            Self::Landed => &[Proof::Finished, Proof::Own, Proof::Tree, Proof::Target],
        }
    }

    /// The first evidence that is missing; none when the claim may be made. What is not among `looked_for` was not found.
    pub fn missing(self, looked_for: &[(Proof, bool)]) -> Option<Proof> {
        let found = |proof: &Proof| looked_for.contains(&(*proof, true));
        self.needs().iter().copied().find(|proof| !found(proof))
    }

    /// Its name in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TaskDone => "task done",
            Self::PhaseDone => "phase done",
            Self::Pinned => "pinned",
            Self::PlanFinished => "plan finished",
            Self::Landed => "landed",
        }
    }
}

impl Proof {
    /// Its name in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Said => "said",
            Self::Made => "made",
            Self::Clean => "clean",
            Self::Kept => "kept",
            Self::Own => "own",
            Self::Tasks => "tasks",
            Self::Checked => "checked",
            Self::Passed => "passed",
            Self::PhaseDone => "phase done",
            Self::Commit => "commit",
            Self::Units => "units",
            Self::Verified => "verified",
            Self::Finished => "finished",
            Self::Tree => "tree",
            Self::Target => "target",
        }
    }
}

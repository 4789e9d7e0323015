//! The evidence that each claim needs: the table in docs/completion.md, which a test compares with this one.

/// A fact about a plan that others rely on. The scheduler makes each claim in one place only, and only with all the evidence
/// that [`needs`](Self::needs) names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Claim {
    /// The attempt's work is done: the tasks and VERIFY blocks of its units.
    TaskDone,
    /// A phase is done: work that waits for it may start.
    PhaseDone,
    /// A commit is the starting point for work that waits for a phase.
    Pinned,
    /// All work of the plan is done on its branch.
    PlanFinished,
    /// The plan is on the target.
    Landed,
}

/// A piece of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// The last report on each task and each VERIFY block is done or skipped. With `report = "auto"`, commits of an agent
    /// that ended well count too, as long as no agent of the plan has ever reported.
    Said,
    /// There is a commit, or none is needed.
    Made,
    /// Nothing is uncommitted, no git operation is in progress, and the worktree is on its branch.
    Clean,
    /// The commits on which work was reported done are still on the branch.
    Kept,
    /// The branch contains nothing made for another plan that has not landed, except what `orch` merged in.
    Own,
    /// Each task of the phase was reported done or skipped. When units have their own branches, each task is done.
    Tasks,
    /// The phase's VERIFY block was reported done or skipped, unless it runs in the background.
    Checked,
    /// The phase's `verify`, if it has one, passed on the commit that ends the phase.
    Passed,
    /// The phase is done.
    PhaseDone,
    /// The commit is on the plan's branch.
    Commit,
    /// Every unit of the plan is done, including VERIFY blocks in the background.
    Units,
    /// The plan's `verify` passed on the branch's tip.
    Verified,
    /// The plan is finished, or finished up to the phase that lands.
    Finished,
    /// `[merge] verify` passed on the merged tree.
    Tree,
    /// The target was moved to that commit by compare-and-swap, and read back.
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

    /// Returns all evidence that the claim needs, in the order in which missing evidence is named.
    pub const fn needs(self) -> &'static [Proof] {
        match self {
            Self::TaskDone => &[Proof::Clean, Proof::Kept, Proof::Own, Proof::Said, Proof::Made],
            Self::PhaseDone => &[Proof::Tasks, Proof::Checked, Proof::Passed],
            Self::Pinned => &[Proof::PhaseDone, Proof::Commit, Proof::Own],
            Self::PlanFinished => &[Proof::Units, Proof::Verified],
            Self::Landed => &[Proof::Finished, Proof::Own, Proof::Tree, Proof::Target],
        }
    }

    /// Returns the first missing evidence, or `None` when the claim may be made. Evidence not in `looked_for` counts as
    /// missing.
    pub fn missing(self, looked_for: &[(Proof, bool)]) -> Option<Proof> {
        let found = |proof: &Proof| looked_for.contains(&(*proof, true));
        self.needs().iter().copied().find(|proof| !found(proof))
    }
}

//! Gates: where work waits for other work, and why.

/// Which ends of a unit open a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// Success alone: what waits here can go on only with it.
    Done,
    /// Any end: what waits here only comes later.
    Settled,
}

/// Why a gate stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// `(depends: …)` names it.
    Named,
    /// `[SEQUENTIAL]`.
    Sequential,
    /// The phase comes later in the document.
    PhaseOrder,
    /// So many thousandths of an earlier phase have to be done.
    Threshold(u32),
    /// `pipeline-start`.
    PipelineStart,
    /// The batch before has to have settled.
    Batch,
    /// A VERIFY block checks what these made.
    Checks,
    /// A VERIFY block holds the phases behind it.
    Verified,
    /// One agent works through these one after the other.
    OneAgent,
    /// The work of another plan is waited for.
    Depends,
    /// Plans that touch the same files go one after the other.
    Overlap,
    /// It is part of what ends here.
    PartOf,
    /// Plans land after those that they build on.
    Landing,
}

/// Opens when enough of its members have ended in a way that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// Places of units in [`PlanOrder::units`].
    pub of: Vec<usize>,
    /// How many of them.
    pub need: usize,
    /// Which ends count.
    pub counts: Counts,
    /// Why it stands there.
    pub why: Why,
}

impl Why {
    /// In words, for those who wait: `waits for 1.1, 1.2: …`; none where naming them says enough.
    pub fn words(self) -> Option<String> {
        match self {
            Self::Sequential => Some("before it in its [SEQUENTIAL] group".to_owned()),
            Self::Threshold(thousandths) => {
                Some(format!("{}% of an earlier phase", f64::from(thousandths) / 10.0))
            }
            Self::PipelineStart => Some("its pipeline-start".to_owned()),
            Self::PhaseOrder => Some("an earlier phase".to_owned()),
            Self::Batch => Some("the batch before".to_owned()),
            Self::Checks => Some("what it checks".to_owned()),
            Self::Verified => Some("the check of an earlier phase".to_owned()),
            Self::Named | Self::OneAgent | Self::Depends | Self::Overlap | Self::PartOf | Self::Landing => {
                None
            }
        }
    }
}

impl Gate {
    /// How many more members have to end well, given which have.
    pub fn missing(&self, counts: impl Fn(usize) -> bool) -> usize {
        let ended = self.of.iter().filter(|member| counts(**member)).count();
        self.need.saturating_sub(ended)
    }
}

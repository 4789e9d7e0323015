//! Gates: where work waits for other work, and why.

/// Which ends of a unit open a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// Success alone: what waits here can continue only with it.
    Done,
    /// Any end: what waits here only comes later.
    Settled,
}

/// Why a gate is there.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gate<'g> {
    members: &'g [u32],
    /// How many of them.
    pub need: usize,
    /// Which ends count.
    pub counts: Counts,
    /// Why it is there.
    pub why: Why,
}

/// Gates by number, all members in one list: there may be as many gates as there is work.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gates {
    heads: Vec<GateHead>,
    members: Vec<u32>,
}

/// A gate without its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct GateHead {
    /// Where its members end; they begin where those of the gate before end.
    end: u32,
    need: u32,
    counts: Counts,
    why: Why,
}

impl Gates {
    /// Room for so many gates with so many members in all.
    pub(in crate::graph) fn with_capacity(gates: usize, members: usize) -> Self {
        Self {
            heads: Vec::with_capacity(gates),
            members: Vec::with_capacity(members),
        }
    }

    /// Adds all gates of another list, each of whose members is a place in `places`; the number of the first.
    pub(in crate::graph) fn append(&mut self, other: &Self, places: &[usize]) -> usize {
        let first = self.heads.len();
        let before = self.members.len() as u32;
        let members = other.members.iter();
        self.members
            .extend(members.map(|member| places[*member as usize] as u32));
        self.heads.extend(other.heads.iter().map(|head| GateHead {
            end: before + head.end,
            ..*head
        }));
        first
    }

    /// Adds a gate that opens when `need` of its members have ended; its number.
    pub fn add(
        &mut self,
        of: impl IntoIterator<Item = usize>,
        need: usize,
        counts: Counts,
        why: Why,
    ) -> usize {
        self.members.extend(of.into_iter().map(|member| member as u32));
        self.heads.push(GateHead {
            end: self.members.len() as u32,
            need: need as u32,
            counts,
            why,
        });
        self.heads.len() - 1
    }

    /// Adds a gate that opens when all of its members have ended; none when it would have none.
    pub(in crate::graph) fn all(
        &mut self,
        of: impl IntoIterator<Item = usize>,
        counts: Counts,
        why: Why,
    ) -> Option<usize> {
        let from = self.members.len();
        self.members.extend(of.into_iter().map(|member| member as u32));
        let need = self.members.len() - from;
        (need > 0).then(|| self.add([], need, counts, why))
    }

    /// How many gates there are.
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// The gate of this number.
    pub fn get(&self, gate: usize) -> Gate<'_> {
        let head = self.heads[gate];
        let begin = gate.checked_sub(1).map_or(0, |before| self.heads[before].end);
        Gate {
            members: &self.members[begin as usize..head.end as usize],
            need: head.need as usize,
            counts: head.counts,
            why: head.why,
        }
    }

    /// The members of all gates behind each other.
    pub(in crate::graph) fn members(&self) -> &[u32] {
        &self.members
    }

    /// All of them, by number.
    pub fn iter(&self) -> impl Iterator<Item = Gate<'_>> {
        (0..self.len()).map(|gate| self.get(gate))
    }
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

impl<'g> Gate<'g> {
    /// Places of its members: of units in a plan's order, of nodes in the graph.
    pub fn of(self) -> impl DoubleEndedIterator<Item = usize> + ExactSizeIterator + Clone + 'g {
        self.members.iter().map(|member| *member as usize)
    }

    /// True when it opens before all of its members have ended.
    pub fn is_partial(self) -> bool {
        self.need < self.members.len()
    }

    /// How many more members have to end well, given which have.
    pub fn missing(self, counts: impl Fn(usize) -> bool) -> usize {
        let ended = self.of().filter(|member| counts(*member)).count();
        self.need.saturating_sub(ended)
    }
}

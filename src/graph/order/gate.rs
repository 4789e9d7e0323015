//! Gates: the points where work waits for other work, and the reasons.

/// The outcomes of a unit that open a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// Only success, because the waiting work depends on the result.
    Done,
    /// Any outcome, because the waiting work only has to come later.
    Settled,
}

/// The reason for a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// `(depends: …)` names the dependency.
    Named,
    /// `[SEQUENTIAL]`.
    Sequential,
    /// The phase comes later in the document.
    PhaseOrder,
    /// This many thousandths of an earlier phase must be done.
    Threshold(u32),
    /// `pipeline-start`.
    PipelineStart,
    /// The previous batch must have settled.
    Batch,
    /// A VERIFY block checks the results of these units.
    Checks,
    /// A VERIFY block blocks the phases after it.
    Verified,
    /// One agent does this work in sequence.
    OneAgent,
    /// The work depends on another plan.
    Depends,
    /// Plans that touch the same files run one after the other.
    Overlap,
    /// The member is a part of the waiting node.
    PartOf,
    /// Plans land after the plans that they build on.
    Landing,
}

/// A gate opens when enough of its members have ended with an outcome that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gate<'g> {
    members: &'g [u32],
    /// Number of members that must end.
    pub need: usize,
    /// The outcomes that count.
    pub counts: Counts,
    /// The reason for the gate.
    pub why: Why,
}

/// Gates by number. All members are in one list, because there may be as many gates as units of work.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gates {
    heads: Vec<GateHead>,
    members: Vec<u32>,
}

/// A gate without its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct GateHead {
    /// End of this gate's members in the list. They start where the previous gate's members end.
    end: u32,
    need: u32,
    counts: Counts,
    why: Why,
}

impl Gates {
    /// Creates an empty list with capacity for this many gates and members.
    pub(in crate::graph) fn with_capacity(gates: usize, members: usize) -> Self {
        Self {
            heads: Vec::with_capacity(gates),
            members: Vec::with_capacity(members),
        }
    }

    /// Appends the gates of another list. `places` maps their members to new members. Returns the number of the first gate.
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

    /// Adds a gate that opens when `need` of its members have ended. Returns the gate's number.
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

    /// Adds a gate that opens when all of its members have ended. Returns `None` when there are no members.
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

    /// Returns the number of gates.
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    /// Returns true when there are no gates.
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// Returns the gate with this number.
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

    /// Returns the members of all gates in one list.
    pub(in crate::graph) fn members(&self) -> &[u32] {
        &self.members
    }

    /// Returns all gates in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = Gate<'_>> {
        (0..self.len()).map(|gate| self.get(gate))
    }
}

impl<'g> Gate<'g> {
    /// Returns the indexes of the gate's members: units in a plan's order, nodes in the graph.
    pub fn of(self) -> impl DoubleEndedIterator<Item = usize> + ExactSizeIterator + Clone + 'g {
        self.members.iter().map(|member| *member as usize)
    }

    /// Returns true when the gate opens before all of its members have ended.
    pub fn is_partial(self) -> bool {
        self.need < self.members.len()
    }

    /// Returns how many more members must end. `counts` tells which members have already ended with an outcome that counts.
    pub fn missing(self, counts: impl Fn(usize) -> bool) -> usize {
        let ended = self.of().filter(|member| counts(*member)).count();
        self.need.saturating_sub(ended)
    }
}

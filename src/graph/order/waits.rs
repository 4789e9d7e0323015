//! The gates at which each unit of a plan waits.
//!
//! Most units wait for all phases before their own. Their gates are therefore stored as runs in one list, the chain.
//! Otherwise a plan with many phases would store a number of gates that is quadratic in its phases.

/// The gates of each unit of a plan, by unit index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitWaits {
    /// Numbers of the gates at which many units wait.
    chain: Vec<u32>,
    /// Start and end of each run in the chain.
    runs: Vec<(u32, u32)>,
    /// The entries of all units in one list. An entry is the number of a run, or the number of a gate marked with [`ALONE`].
    entries: Vec<u32>,
    /// End of each unit's entries.
    ends: Vec<u32>,
}

/// Marks an entry that is a gate and not a run.
const ALONE: u32 = 1 << 31;

/// One entry of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::graph) enum WaitEntry {
    /// A single gate.
    Gate(u32),
    /// A range of the chain, and the run's number.
    Run { from: u32, to: u32, run: u32 },
}

impl UnitWaits {
    /// Creates an empty list with capacity for this many units. Most units have one entry.
    pub(in crate::graph) fn with_capacity(units: usize) -> Self {
        Self {
            entries: Vec::with_capacity(units),
            ends: Vec::with_capacity(units),
            ..Self::default()
        }
    }

    /// Makes the current unit wait at a single gate.
    pub fn at(&mut self, gate: usize) {
        self.entries.push(gate as u32 | ALONE);
    }

    /// Ends the current unit. Later calls concern the next unit.
    pub fn next_unit(&mut self) {
        self.ends.push(self.entries.len() as u32);
    }

    /// Makes the current unit wait at the gates of a run.
    pub(in crate::graph) fn behind(&mut self, run: u32) {
        self.entries.push(run);
    }

    /// Appends a gate to the chain. Returns the gate's index in the chain.
    pub(in crate::graph) fn link(&mut self, gate: usize) -> u32 {
        self.chain.push(gate as u32);
        (self.chain.len() - 1) as u32
    }

    /// Stores a gate at an index of the chain. Earlier indexes may stay empty as long as no run covers them.
    pub(in crate::graph) fn link_at(&mut self, place: usize, gate: usize) {
        if self.chain.len() <= place {
            self.chain.resize(place + 1, Self::EMPTY);
        }
        self.chain[place] = gate as u32;
    }

    /// An index of the chain without a gate.
    pub(in crate::graph) const EMPTY: u32 = u32::MAX;

    /// Makes each unit wait at one more gate, if `gates` has one for it.
    pub(in crate::graph) fn also(&mut self, gates: &[Option<usize>]) {
        let mut more = Self {
            chain: std::mem::take(&mut self.chain),
            runs: std::mem::take(&mut self.runs),
            ..Self::default()
        };
        for (unit, gate) in gates.iter().enumerate() {
            more.entries.extend_from_slice(self.entries_of(unit));
            gate.iter().for_each(|gate| more.at(*gate));
            more.next_unit();
        }
        *self = more;
    }

    /// Creates runs from indexes of the chain, in their order. Returns the numbers of the runs.
    pub(in crate::graph) fn runs(&mut self, places: impl Iterator<Item = u32>) -> std::ops::Range<u32> {
        let first = self.runs.len() as u32;
        let mut last: Option<(u32, u32)> = None;
        for place in places {
            match &mut last {
                Some((_, to)) if *to == place => *to += 1,
                _ => self.runs.extend(last.replace((place, place + 1))),
            }
        }
        self.runs.extend(last);
        first..self.runs.len() as u32
    }

    /// Creates one run from a range of the chain. Returns the run's number.
    pub(in crate::graph) fn run(&mut self, places: std::ops::Range<usize>) -> u32 {
        self.runs.push((places.start as u32, places.end as u32));
        (self.runs.len() - 1) as u32
    }

    /// Returns the number of runs.
    pub(in crate::graph) fn run_count(&self) -> usize {
        self.runs.len()
    }

    /// Returns the numbers of the gates in the chain.
    pub(in crate::graph) fn chain(&self) -> &[u32] {
        &self.chain
    }

    /// Returns the number of entries of a unit, which is the limit for [`UnitWaits::entry`].
    pub(in crate::graph) fn entry_count(&self, unit: usize) -> usize {
        self.entries_of(unit).len()
    }

    /// Returns one entry of a unit.
    pub(in crate::graph) fn entry(&self, unit: usize, place: usize) -> WaitEntry {
        self.told(self.entries_of(unit)[place])
    }

    /// Returns the entries of a unit.
    pub(in crate::graph) fn entries(&self, unit: usize) -> impl Iterator<Item = WaitEntry> {
        self.entries_of(unit).iter().map(|entry| self.told(*entry))
    }

    /// Returns the numbers of the gates at which a unit waits.
    pub fn of(&self, unit: usize) -> impl Iterator<Item = usize> + '_ {
        let mut entries = self.entries_of(unit).iter();
        let mut alone: Option<u32> = None;
        let mut run: std::slice::Iter<'_, u32> = [].iter();
        std::iter::from_fn(move || {
            loop {
                if let Some(gate) = alone.take().or_else(|| run.next().copied()) {
                    return Some(gate as usize);
                }
                match self.told(*entries.next()?) {
                    WaitEntry::Gate(gate) => alone = Some(gate),
                    WaitEntry::Run { from, to, .. } => run = self.chain[from as usize..to as usize].iter(),
                }
            }
        })
    }

    /// Returns true when all gates are open at which a unit waits. `open` counts the gates at the start of the chain that
    /// are known to be open. Callers keep it from unit to unit, because an open gate stays open.
    pub fn all_open(&self, unit: usize, open: &mut usize, is_open: impl Fn(usize) -> bool) -> bool {
        self.entries(unit).all(|entry| match entry {
            WaitEntry::Gate(gate) => is_open(gate as usize),
            WaitEntry::Run { from, to, .. } => {
                let is_open = |gate: u32| gate == Self::EMPTY || is_open(gate as usize);
                while *open < to as usize && is_open(self.chain[*open]) {
                    *open += 1;
                }
                let left = &self.chain[(*open).clamp(from as usize, to as usize)..to as usize];
                left.iter().all(|gate| is_open(*gate))
            }
        })
    }

    fn told(&self, entry: u32) -> WaitEntry {
        if entry & ALONE != 0 {
            return WaitEntry::Gate(entry ^ ALONE);
        }
        let (from, to) = self.runs[entry as usize];
        WaitEntry::Run { from, to, run: entry }
    }

    fn entries_of(&self, unit: usize) -> &[u32] {
        let Some(end) = self.ends.get(unit) else {
            return &[];
        };
        let begin = unit.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.entries[begin as usize..*end as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_units_wait_at_comes_in_the_order_in_which_it_was_said() {
        let mut waits = UnitWaits::default();
        let links: Vec<u32> = [7, 3, 9].iter().map(|gate| waits.link(*gate)).collect();
        let runs = waits.runs([links[0], links[1]].into_iter());
        assert_eq!(runs.len(), 1);
        waits.at(5);
        runs.for_each(|run| waits.behind(run));
        waits.next_unit();
        waits.next_unit();
        let runs = waits.runs([links[0], links[2], links[1]].into_iter());
        assert_eq!(runs.len(), 3);
        runs.for_each(|run| waits.behind(run));
        waits.next_unit();
        let of = |unit: usize| waits.of(unit).collect::<Vec<_>>();
        assert_eq!(of(0), [5, 7, 3]);
        assert_eq!(of(1), [] as [usize; 0]);
        assert_eq!(of(2), [7, 9, 3]);
        assert_eq!(of(3), [] as [usize; 0]);
    }
}

//! At which gates each unit of a plan waits.
//!
//! Most units wait behind all phases in front of their own, so what a unit waits at is kept as runs in one list, the
//! chain: a plan of many phases would otherwise hold their number squared.

/// The gates of each unit of a plan, by the units' places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitWaits {
    /// Numbers of gates at which many units wait.
    chain: Vec<u32>,
    /// From and to, in the chain.
    runs: Vec<(u32, u32)>,
    /// Of all units one behind the other: a run's number, or that of a gate with [`ALONE`].
    entries: Vec<u32>,
    /// Where the entries of each unit end.
    ends: Vec<u32>,
}

/// Marks an entry that is a gate and no run.
const ALONE: u32 = 1 << 31;

/// What a unit waits at, as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::graph) enum WaitEntry {
    /// A gate of its own.
    Gate(u32),
    /// Places in the chain, and the run's number.
    Run { from: u32, to: u32, run: u32 },
}

impl UnitWaits {
    /// Room for so many units, most of which wait at one thing.
    pub(in crate::graph) fn with_capacity(units: usize) -> Self {
        Self {
            entries: Vec::with_capacity(units),
            ends: Vec::with_capacity(units),
            ..Self::default()
        }
    }

    /// Lets the unit at hand wait at a gate of its own.
    pub fn at(&mut self, gate: usize) {
        self.entries.push(gate as u32 | ALONE);
    }

    /// Ends the unit at hand; what follows is of the next.
    pub fn next_unit(&mut self) {
        self.ends.push(self.entries.len() as u32);
    }

    /// Lets the unit at hand wait at the gates of a run.
    pub(in crate::graph) fn behind(&mut self, run: u32) {
        self.entries.push(run);
    }

    /// Adds a gate to the chain: its place there.
    pub(in crate::graph) fn link(&mut self, gate: usize) -> u32 {
        self.chain.push(gate as u32);
        (self.chain.len() - 1) as u32
    }

    /// Puts a gate into a place of the chain. Places in front of it may stay empty while no run goes over them.
    pub(in crate::graph) fn link_at(&mut self, place: usize, gate: usize) {
        if self.chain.len() <= place {
            self.chain.resize(place + 1, Self::EMPTY);
        }
        self.chain[place] = gate as u32;
    }

    /// A place of the chain without a gate.
    pub(in crate::graph) const EMPTY: u32 = u32::MAX;

    /// Lets each unit wait at one more gate, if there is one for it.
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

    /// Makes runs of places in the chain, in their order; their numbers.
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

    /// Makes a run of places in the chain: its number.
    pub(in crate::graph) fn run(&mut self, places: std::ops::Range<usize>) -> u32 {
        self.runs.push((places.start as u32, places.end as u32));
        (self.runs.len() - 1) as u32
    }

    /// How many runs there are.
    pub(in crate::graph) fn run_count(&self) -> usize {
        self.runs.len()
    }

    /// The numbers of the gates in the chain.
    pub(in crate::graph) fn chain(&self) -> &[u32] {
        &self.chain
    }

    /// How much is kept for a unit: the limit of [`UnitWaits::entry`].
    pub(in crate::graph) fn entry_count(&self, unit: usize) -> usize {
        self.entries_of(unit).len()
    }

    /// One of the things kept for a unit.
    pub(in crate::graph) fn entry(&self, unit: usize, place: usize) -> WaitEntry {
        self.told(self.entries_of(unit)[place])
    }

    /// What is kept for a unit.
    pub(in crate::graph) fn entries(&self, unit: usize) -> impl Iterator<Item = WaitEntry> {
        self.entries_of(unit).iter().map(|entry| self.told(*entry))
    }

    /// The numbers of the gates at which a unit waits.
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

    /// True when all gates are open at which a unit waits. `open` tells how many gates of the chain are known to be open,
    /// from its beginning, and is kept from unit to unit: gates that are open stay so.
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

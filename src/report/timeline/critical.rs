//! The critical path of a past run: the chain of attempts, verifications, merges and waits for people that determined its end.

use std::collections::BTreeMap;

use super::model::{BarKind, TimelineRow};

/// How long a start may take once everything is ready, in milliseconds: longer gaps were waits for a slot.
pub(super) const START: u64 = 2_000;

/// The moment at which a dependency of a plan was met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Handover {
    /// When, in milliseconds since the run began.
    pub(super) at_ms: u64,
    /// The plan that met it.
    pub(super) by: String,
    /// The dependency as people write it.
    pub(super) what: String,
}

/// A bar on the path: its start, its end, and its position.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct PathBar {
    to: u64,
    from: u64,
    row: usize,
    bar: usize,
}

/// Marks the bars of the critical path. `met` are the moments at which the dependencies of each plan were met, in order.
///
/// The path is found backwards from the bar that ended last. A bar began after the later of two moments: the end of its own plan's
/// last bar before it, or the last dependency that was met. Where some other bar ended much later than both, a slot was missing, and
/// that bar had it.
pub(super) fn mark_critical(rows: &mut [TimelineRow], met: &BTreeMap<String, Vec<Handover>>) {
    let counts = |kind: BarKind| kind.is_activity() || kind == BarKind::Gate;
    let mut bars = Vec::new();
    for (row, known) in rows.iter().enumerate() {
        for (bar, of) in known.bars.iter().enumerate().filter(|(_, bar)| counts(bar.kind)) {
            let (from, to) = (of.from_ms, of.to_ms);
            bars.push(PathBar { to, from, row, bar });
        }
    }
    let mut next = bars.iter().max().copied();
    while let Some(PathBar { from, row, bar, .. }) = next {
        rows[row].bars[bar].critical = true;
        let plan = rows[row].plan.as_str();
        let before = |plan: Option<&str>| {
            let of = bars.iter().filter(|bar| bar.to <= from && bar.from < from);
            of.filter(|bar| plan.is_none_or(|plan| rows[bar.row].plan == plan))
                .max()
                .copied()
        };
        let handovers = met.get(plan).map(Vec::as_slice).unwrap_or_default();
        let handover = handovers.iter().rfind(|met| met.at_ms <= from).and_then(|met| {
            let of = bars.iter().filter(|bar| rows[bar.row].plan == met.by);
            let at_work = of.filter(|bar| bar.from < met.at_ms && bar.from < from);
            Some((
                met.at_ms,
                *at_work.max_by_key(|bar| (bar.to.min(met.at_ms), bar.from))?,
            ))
        });
        let own = before(Some(plan)).map(|bar| (bar.to, bar));
        let cause = own.max(handover);
        let any = before(None).map(|bar| (bar.to, bar));
        let later = |any: &(u64, PathBar)| cause.is_none_or(|cause| any.0 > cause.0 + START);
        next = any.filter(later).or(cause).map(|(_, bar)| bar);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::timeline::model::TimelineBar;

    fn row(plan: &str, bars: &[(u64, u64)]) -> TimelineRow {
        let bar = |(from, to): &(u64, u64)| TimelineBar {
            kind: BarKind::Attempt,
            from_ms: from * 1000,
            to_ms: to * 1000,
            text: String::new(),
            critical: false,
        };
        TimelineRow {
            plan: plan.to_owned(),
            lane: 0,
            planned_ms: None,
            bars: bars.iter().map(bar).collect(),
        }
    }

    fn path(rows: &mut [TimelineRow], met: &[(&str, u64, &str)]) -> Vec<String> {
        let mut handovers: BTreeMap<String, Vec<Handover>> = BTreeMap::new();
        for (plan, at, by) in met {
            handovers.entry((*plan).to_owned()).or_default().push(Handover {
                at_ms: at * 1000,
                by: (*by).to_owned(),
                what: (*by).to_owned(),
            });
        }
        mark_critical(rows, &handovers);
        let mut found = Vec::new();
        for row in rows {
            let marked = row.bars.iter().filter(|bar| bar.critical);
            found.extend(marked.map(|bar| format!("{} {}", row.plan, bar.from_ms / 1000)));
        }
        found
    }

    #[test]
    fn the_path_goes_back_through_the_plans_that_were_waited_for() {
        let mut rows = [
            row("a", &[(0, 10)]),
            row("b", &[(0, 4), (11, 20)]),
            row("c", &[(0, 10)]),
        ];
        assert_eq!(path(&mut rows, &[("b", 10, "a")]), ["a 0", "b 11"]);
    }

    #[test]
    fn a_phase_hands_over_while_its_attempt_goes_on() {
        let mut rows = [row("a", &[(0, 15)]), row("b", &[(10, 20)]), row("c", &[(0, 9)])];
        assert_eq!(path(&mut rows, &[("b", 10, "a")]), ["a 0", "b 10"]);
    }

    #[test]
    fn a_wait_for_a_slot_leads_to_whoever_had_it() {
        let mut rows = [row("a", &[(0, 10)]), row("b", &[(0, 4), (10, 20)])];
        assert_eq!(path(&mut rows, &[]), ["a 0", "b 10"]);
    }

    #[test]
    fn no_bars_have_no_path() {
        assert_eq!(path(&mut [row("a", &[])], &[]), [""; 0]);
    }
}

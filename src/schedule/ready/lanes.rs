//! How many units of one plan run side by side. The plan's size sets the usual number; load, memory, failures and rate limits
//! raise or lower it.

use crate::plan::AgentName;
use crate::schedule::event::notice::{Width, WidthChange};
use crate::schedule::state::known::State;
use crate::schedule::work::machine::Machine;
use crate::schedule::work::plans::Work;

/// The lanes of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneCount {
    /// How many there are now.
    pub lanes: usize,
    /// How many its size calls for.
    pub usual: usize,
    /// Why there are fewer.
    pub holds: Vec<LaneHold>,
}

/// A reason for fewer lanes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaneHold {
    /// The load of the machine, in percent of its cores.
    Load(u32),
    /// The memory that is free, in percent.
    Memory(u32),
    /// Many of its recent attempts failed.
    Failures {
        /// How many failed.
        failed: usize,
        /// Of how many.
        of: usize,
    },
    /// An account of this agent met a limit and has not worked since.
    RateLimit(AgentName),
    /// Parallel work gained too little.
    Narrowed(WidthChange),
}

/// Load per core, in percent, above which a plan gets one lane less, and below which it may get more lanes. Between the two, the
/// load changes nothing.
const BUSY: u32 = 200;
const IDLE: u32 = 50;
/// Free memory, in percent, above which a plan may take more lanes.
const AMPLE: u32 = 30;
/// How many of a plan's last attempts are examined for failures.
const RECENT: usize = 6;
/// How many lanes a plan may get above its usual number.
const MORE: usize = 2;

/// The lanes of a plan, by its index in the manifest. The plan gets its usual number: one less when the machine is busy, one less
/// when half of its recent attempts failed, and one less after its agent met a limit, until that agent works again. It gets one
/// lane only when memory is short. It gets up to two more when the machine is idle, memory is ample and nothing is in the way.
pub fn lanes(work: &Work, state: &State, number: usize) -> LaneCount {
    let (plan, run, machine) = (&work.plans[number], &state.plans[number], work.machine);
    let usual = plan.lanes;
    let mut count = LaneCount {
        lanes: usual,
        usual,
        holds: Vec::new(),
    };
    let width = state.allowed_width(work);
    if !plan.adaptive {
        narrow(&mut count, width, state);
        return count;
    }
    if machine.is_short_of_memory() {
        count.lanes = 1;
        count.holds.push(LaneHold::Memory(machine.free_memory));
        return count;
    }
    let recent = run.work_attempts().rev().filter(|record| record.ended.is_some());
    let recent: Vec<bool> = recent.take(RECENT).map(|record| record.counted).collect();
    let (of, failed) = (recent.len(), recent.iter().filter(|failed| **failed).count());
    let Machine { load, free_memory } = machine;
    count.holds.extend((load > BUSY).then_some(LaneHold::Load(load)));
    let troubled = of > 1 && failed * 2 >= of;
    count
        .holds
        .extend(troubled.then_some(LaneHold::Failures { failed, of }));
    let agent = plan.units.first().map(|unit| &unit.agent);
    let limited = agent.filter(|agent| state.is_limited(agent));
    count.holds.extend(limited.cloned().map(LaneHold::RateLimit));
    let invited = load < IDLE && free_memory > AMPLE && failed == 0 && limited.is_none();
    count.lanes = usual + if invited { MORE } else { 0 };
    count.lanes = count.lanes.saturating_sub(count.holds.len()).max(1);
    narrow(&mut count, width, state);
    count
}

/// A run that is not wide uses half of the lanes.
fn narrow(count: &mut LaneCount, width: Width, state: &State) {
    let narrowed = width.of(count.lanes);
    if narrowed < count.lanes {
        count.lanes = narrowed;
        let change = state.width.change().cloned();
        count.holds.extend(change.map(LaneHold::Narrowed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Durations, Generated};
    use crate::plan::{Arrangement, Dispatch};
    use crate::schedule::event::at::At;
    use crate::schedule::state::limits::Limit;

    #[test]
    fn what_takes_lanes_off_is_named() {
        let set = Generated {
            plans: 1,
            tasks: 40,
            arrangement: Arrangement {
                dispatch: Dispatch::Task,
                ..Arrangement::default()
            },
            ..Generated::default()
        };
        let mut work = Work::new(&set.plan_set(), &Durations::default(), false);
        let mut state = State::new(&work);
        let mut count = |load, free_memory, state: &State| {
            work.machine = Machine { load, free_memory };
            lanes(&work, state, 0)
        };
        let usual = |lanes, holds| LaneCount {
            lanes,
            usual: 4,
            holds,
        };
        assert_eq!(count(100, 50, &state), usual(4, vec![]));
        assert_eq!(count(10, 50, &state), usual(6, vec![]));
        assert_eq!(count(300, 50, &state), usual(3, vec![LaneHold::Load(300)]));
        assert_eq!(count(300, 9, &state), usual(1, vec![LaneHold::Memory(9)]));
        let agent = set.plan_set().plans[0].agent.clone();
        let limit = Limit {
            until: At(1),
            met_by: Default::default(),
            why: String::new(),
        };
        state.limits.insert((agent.clone(), None), limit);
        let limited = LaneHold::RateLimit(agent);
        assert_eq!(count(10, 50, &state), usual(3, vec![limited.clone()]));
        assert_eq!(
            count(300, 50, &state),
            usual(2, vec![LaneHold::Load(300), limited])
        );
    }
}

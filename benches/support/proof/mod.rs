//! A better lower bound for little work: all schedules that would be quicker are tried, as far as the effort goes.

mod jobs;
mod moment;
mod search;
mod tree;

use orch::schedule::Work;

use search::Search;
use tree::{Tree, leaves_out};

/// How often less is asked for, half as far above what is proved, where the effort did not do.
const HALVINGS: u32 = 4;

/// Which schedules are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rivals {
    /// All: a slot may be left free on purpose.
    All,
    /// Those that leave no slot free while something could run, as orch's own never do. Earlier is not always better then
    /// (Graham 1969), so that far more has to be looked at.
    Busy,
}

/// A lower bound between `least`, another one, and `makespan`, the time that a schedule takes: branch and bound over what
/// starts when, with room for so many `effort` moments for each question asked.
///
/// An agent may be stopped before any unit that waits for another plan, even if it need not wait any more; where it goes
/// through its plan it is not stopped between two units that wait for nothing else. Resources, limits of agents and waits for
/// something in the middle of an attempt are left out. So nothing that orch does is better.
///
/// Returns `least` where there are more than 128 units, where nothing was proved, and for [`Rivals::Busy`] where something
/// is left out: what could run would be something else.
pub fn tighten(
    work: &Work,
    took: &dyn Fn(usize, usize) -> u64,
    least: u64,
    makespan: u64,
    rivals: Rivals,
    effort: u64,
) -> u64 {
    if rivals == Rivals::Busy && leaves_out(work) {
        return least;
    }
    let Some(tree) = Tree::new(work, took) else {
        return least;
    };
    let mut limit = makespan;
    for _ in 0..=HALVINGS {
        if limit <= least {
            break;
        }
        if let Some(best) = Search::new(&tree, rivals, limit, effort).best() {
            return best.max(least);
        }
        limit = least + (limit - least) / 2;
    }
    least
}

/// The least time in which pieces that are not cut up can be worked through side by side. Of the `k * slots + 1` largest some
/// slot gets `k + 1`, which take at least as long as the smallest of those.
pub fn shared(mut pieces: Vec<u64>, slots: usize) -> u64 {
    let evenly = pieces.iter().sum::<u64>().div_ceil(slots as u64);
    pieces.sort_unstable_by(|one, two| two.cmp(one));
    let crowded = (0..).map_while(|k| Some(pieces.get(k * slots - k..=k * slots)?.iter().sum::<u64>()));
    crowded.max().unwrap_or(0).max(evenly)
}

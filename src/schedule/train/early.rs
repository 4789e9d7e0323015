//! Chooses the branches that are tried together while nobody needs the train's worktrees. This gives early notice of branches
//! that merge cleanly but do not go together.
//!
//! The module is pure: the branches' tips and the verdicts go in, the unions to try come out. Nothing lands or is held because of
//! a union.
//!
//! Each branch is first tried alone, on the target, because a union says something only about branches that are green alone. Then
//! as many branches as merge are tried at once. One green union settles all pairs in it. In a red union, the shortest red prefix
//! is searched by halving, and then the branch that does not go with the last branch of that prefix.

use std::collections::{BTreeMap, BTreeSet};

use super::order::BuildId;
use crate::plan::{CommitId, PlanName};

/// The numbers of these builds have this bit set, so that the builds can share worktrees with the train's builds.
pub const EARLY: BuildId = 1 << 63;

/// Plans whose branches are merged onto the target, in the order of the manifest.
pub type Union = Vec<PlanName>;

/// The tips of branches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heads {
    /// The target tip, `None` before anything is known.
    pub target: Option<CommitId>,
    /// Live plans, in the order of the manifest.
    pub plans: Vec<(PlanName, CommitId)>,
    /// Pairs that do not merge.
    pub clashes: BTreeSet<(PlanName, PlanName)>,
    /// Plans that do not merge with the target.
    pub apart: BTreeSet<PlanName>,
}

/// A build of a union.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnionBuild {
    /// Its number, never used twice.
    pub id: BuildId,
    /// The target tip.
    pub target: CommitId,
    /// The branch tips that are merged onto it.
    pub heads: Vec<(PlanName, CommitId)>,
    /// True for a repeated run of a tree that was red.
    pub again: bool,
}

impl UnionBuild {
    fn union(&self) -> Union {
        self.heads.iter().map(|(plan, _)| plan.clone()).collect()
    }
}

/// The result of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnionSaid {
    /// It passed.
    Green,
    /// It did not pass. Holds how, with the end of its output.
    Red(String),
    /// There is no verdict: the branches do not merge, have nothing of their own, or the build took too long.
    Nothing,
    /// It was ended early.
    Stopped,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum UnionVerdict {
    Green,
    Red { runs: u32, why: String },
    Nothing,
}

/// The verdicts on unions, and the running builds. Kept outside the state, like the merge train.
#[derive(Debug, Clone, Default)]
pub(in crate::schedule) struct Early {
    heads: Heads,
    known: BTreeMap<Union, UnionVerdict>,
    running: BTreeMap<BuildId, UnionBuild>,
    /// The builds that were asked to end.
    ending: BTreeSet<BuildId>,
    builds: BuildId,
}

impl Early {
    /// How many builds are under way.
    pub fn busy(&self) -> usize {
        self.running.len()
    }

    /// Sets the tips of branches. Drops the verdicts on branches that have moved, and all verdicts when the target has moved.
    pub fn look(&mut self, heads: Heads) {
        let before = std::mem::replace(&mut self.heads, heads);
        if before.target != self.heads.target {
            self.known.clear();
        }
        let head = |plan: &PlanName| self.heads.head(plan);
        self.known.retain(|union, _| {
            let mut plans = union.iter();
            plans.all(|plan| head(plan).is_some() && before.head(plan) == head(plan))
        });
    }

    /// The unions to try now in `free` worktrees.
    pub fn choose(&mut self, free: usize) -> Vec<UnionBuild> {
        let mut chosen = Vec::new();
        while chosen.len() < free {
            let Some((union, again)) = self.next() else { break };
            let Some(target) = self.heads.target.clone() else {
                break;
            };
            self.builds += 1;
            let heads = union.iter().filter_map(|plan| {
                let head = self.heads.head(plan)?;
                Some((plan.clone(), head.clone()))
            });
            let build = UnionBuild {
                id: EARLY | self.builds,
                target,
                heads: heads.collect(),
                again,
            };
            self.running.insert(build.id, build.clone());
            chosen.push(build);
        }
        chosen
    }

    /// Builds to end now: those whose answer no longer matters, and as many others as the train wants back.
    pub fn end(&mut self, back: usize) -> Vec<BuildId> {
        let stale = |build: &UnionBuild| !self.heads.has(build);
        let (stale, live): (Vec<&UnionBuild>, Vec<&UnionBuild>) =
            self.running.values().partition(|build| stale(build));
        let live = live.into_iter().rev().take(back.saturating_sub(stale.len()));
        let ids: Vec<BuildId> = stale.into_iter().chain(live).map(|build| build.id).collect();
        ids.into_iter().filter(|id| self.ending.insert(*id)).collect()
    }

    /// Takes the result of a build.
    pub fn take(&mut self, id: BuildId, said: UnionSaid) {
        let ending = self.ending.remove(&id);
        let Some(build) = self.running.remove(&id) else {
            return;
        };
        if !self.heads.has(&build) {
            return;
        }
        let union = build.union();
        let before = match self.known.get(&union) {
            Some(UnionVerdict::Red { runs, .. }) if build.again => *runs,
            Some(UnionVerdict::Red { .. } | UnionVerdict::Green | UnionVerdict::Nothing) | None => 0,
        };
        let known = match said {
            UnionSaid::Green => UnionVerdict::Green,
            UnionSaid::Red(why) => UnionVerdict::Red {
                runs: before + 1,
                why,
            },
            // The union is tried again when a worktree is free.
            UnionSaid::Stopped if ending => return,
            UnionSaid::Stopped | UnionSaid::Nothing => UnionVerdict::Nothing,
        };
        self.known.insert(union, known);
    }

    /// The smallest unions that were red twice, each with the reason.
    pub fn red(&self) -> Vec<(Union, String)> {
        let all = self
            .reds()
            .filter(|(union, runs, _)| *runs > 1 && self.is_least(union));
        all.map(|(union, _, why)| (union.clone(), why.to_owned()))
            .collect()
    }

    /// True when these plans are known to go together.
    pub fn is_green(&self, plans: &[PlanName]) -> bool {
        let mut green = self
            .known
            .iter()
            .filter(|(_, known)| **known == UnionVerdict::Green);
        green.any(|(union, _)| plans.iter().all(|plan| union.contains(plan)))
    }

    fn reds(&self) -> impl Iterator<Item = (&Union, u32, &str)> {
        self.known.iter().filter_map(|(union, known)| match known {
            UnionVerdict::Red { runs, why } if union.len() > 1 => Some((union, *runs, why.as_str())),
            UnionVerdict::Red { .. } | UnionVerdict::Green | UnionVerdict::Nothing => None,
        })
    }

    fn has_red_part(&self, union: &[PlanName]) -> bool {
        self.reds()
            .any(|(red, ..)| red.len() < union.len() && red.iter().all(|plan| union.contains(plan)))
    }

    /// True when no smaller part of a red union is to blame, as far as pairs and prefixes show.
    fn is_least(&self, union: &Union) -> bool {
        !self.has_red_part(union) && self.part_of(union).is_none()
    }

    fn next(&self) -> Option<(Union, bool)> {
        let busy = |union: &Union| self.running.values().any(|build| build.union() == *union);
        let open = |union: &Union| !self.known.contains_key(union) && !busy(union);
        let live = self.heads.plans.iter().map(|(plan, _)| plan);
        let live: Vec<&PlanName> = live.filter(|plan| !self.heads.apart.contains(*plan)).collect();
        let alone = live.iter().map(|plan| vec![(*plan).clone()]).find(open);
        if alone.is_some() {
            return alone.map(|union| (union, false));
        }
        let once = self.reds().find(|(union, runs, _)| *runs == 1 && !busy(union));
        if let Some((union, ..)) = once {
            return Some((union.clone(), true));
        }
        let twice = self
            .reds()
            .filter(|(union, runs, _)| *runs > 1 && !self.has_red_part(union));
        let parts = twice.filter_map(|(union, ..)| self.part_of(union));
        if let Some(part) = parts.into_iter().find(open) {
            return Some((part, false));
        }
        let good: Vec<&PlanName> = live
            .into_iter()
            .filter(|plan| self.known.get(std::slice::from_ref(*plan)) == Some(&UnionVerdict::Green))
            .collect();
        let unions = good.iter().enumerate().flat_map(|(place, first)| {
            let others = good[place + 1..].iter();
            others.map(|second| vec![(*first).clone(), (*second).clone()])
        });
        let pairs = unions.filter(|pair| {
            let trying = |build: &UnionBuild| pair.iter().all(|plan| build.union().contains(plan));
            self.goes(pair) && !self.is_green(pair) && !self.running.values().any(trying)
        });
        for pair in pairs {
            let all = self.widened(&pair, &good);
            if open(&all) {
                return Some((all, false));
            }
            // The larger union does not merge, or has no verdict for another reason.
            if open(&pair) {
                return Some((pair, false));
            }
        }
        None
    }

    /// True when every two of the branches merge, and the branches contain no red union.
    fn goes(&self, union: &[PlanName]) -> bool {
        let clash = |(one, other): &(PlanName, PlanName)| union.contains(one) && union.contains(other);
        let red = self
            .reds()
            .any(|(red, ..)| red.iter().all(|plan| union.contains(plan)));
        !red && !self.heads.clashes.iter().any(clash)
    }

    /// The pair, and every other good branch that goes with the branches so far, in manifest order.
    fn widened(&self, pair: &[PlanName], good: &[&PlanName]) -> Union {
        let mut union = pair.to_vec();
        for plan in good {
            if !union.contains(*plan) {
                union.push((*plan).clone());
                if !self.goes(&union) {
                    union.pop();
                }
            }
        }
        let place = |plan: &PlanName| good.iter().position(|other| *other == plan);
        union.sort_by_key(place);
        union
    }

    /// The part of a red union to try next, `None` when the union cannot be made smaller.
    fn part_of(&self, red: &Union) -> Option<Union> {
        if red.len() < 3 {
            return None;
        }
        let green = (1..red.len()).rev().find(|length| self.is_green(&red[..*length]));
        let green = green.unwrap_or(1);
        let unknown = |part: &Union| !self.known.contains_key(part) && !self.is_green(part);
        if green + 1 < red.len() {
            let half = red[..(green + red.len()) / 2].to_vec();
            // When the half says nothing new, the next longer prefix is as good.
            let longer = (half.len()..red.len()).map(|length| red[..length].to_vec());
            if let Some(part) = longer.into_iter().find(unknown) {
                return Some(part);
            }
        }
        let last = &red[red.len() - 1];
        let pairs = red[..red.len() - 1]
            .iter()
            .map(|plan| vec![plan.clone(), last.clone()]);
        pairs.into_iter().find(unknown)
    }
}

impl Heads {
    fn head(&self, plan: &PlanName) -> Option<&CommitId> {
        let mut plans = self.plans.iter();
        plans.find(|(other, _)| other == plan).map(|(_, head)| head)
    }

    fn has(&self, build: &UnionBuild) -> bool {
        let mut heads = build.heads.iter();
        self.target.as_ref() == Some(&build.target) && heads.all(|(plan, head)| self.head(plan) == Some(head))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(index: usize) -> PlanName {
        format!("p{index}").parse().unwrap()
    }

    fn commit(number: usize) -> CommitId {
        format!("{number:040x}").parse().unwrap()
    }

    fn heads(plans: usize) -> Heads {
        Heads {
            target: Some(commit(99)),
            plans: (0..plans).map(|plan| (name(plan), commit(plan))).collect(),
            ..Heads::default()
        }
    }

    /// Answers every build until nothing is left to try. Returns the unions that were tried, in order.
    fn run(early: &mut Early, slots: usize, red: impl Fn(&[usize]) -> bool) -> Vec<Vec<usize>> {
        let mut tried = Vec::new();
        loop {
            let builds = early.choose(slots);
            assert!(builds.len() <= slots);
            if builds.is_empty() {
                assert_eq!(early.busy(), 0);
                return tried;
            }
            assert!(tried.len() < 1000, "no end: {tried:?}");
            for build in builds {
                let plans: Vec<usize> = build
                    .heads
                    .iter()
                    .map(|(plan, _)| plan.as_str()[1..].parse().unwrap())
                    .collect();
                let said = if red(&plans) {
                    UnionSaid::Red("red".to_owned())
                } else {
                    UnionSaid::Green
                };
                early.take(build.id, said);
                tried.push(plans);
            }
        }
    }

    fn found(early: &Early) -> Vec<Union> {
        early.red().into_iter().map(|(union, _)| union).collect()
    }

    fn both(a: usize, b: usize) -> impl Fn(&[usize]) -> bool {
        move |plans| plans.contains(&a) && plans.contains(&b)
    }

    #[test]
    fn branches_that_go_together_cost_one_union_after_each_alone() {
        let mut early = Early::default();
        early.look(heads(4));
        let tried = run(&mut early, 1, |_| false);
        assert_eq!(tried, [vec![0], vec![1], vec![2], vec![3], vec![0, 1, 2, 3]]);
        assert!(found(&early).is_empty());
        assert!(early.choose(3).is_empty(), "each tree once");
    }

    #[test]
    fn the_pair_that_is_red_together_is_found_whichever_it_is() {
        for slots in [1, 3] {
            for (a, b) in (0..6).flat_map(|a| (a + 1..6).map(move |b| (a, b))) {
                let mut early = Early::default();
                early.look(heads(6));
                let tried = run(&mut early, slots, both(a, b));
                assert_eq!(found(&early), [vec![name(a), name(b)]], "{tried:?}");
                assert!(!early.is_green(&[name(a), name(b)]));
                // Every other pair is settled.
                for (c, d) in (0..6).flat_map(|c| (c + 1..6).map(move |d| (c, d))) {
                    assert!(
                        (c, d) == (a, b) || early.is_green(&[name(c), name(d)]),
                        "{c} {d} {tried:?}"
                    );
                }
                let mut seen = tried.clone();
                seen.sort();
                assert!(
                    seen.chunk_by(|x, y| x == y).all(|same| same.len() <= 2),
                    "{tried:?}"
                );
            }
        }
    }

    #[test]
    fn what_is_red_alone_or_does_not_merge_is_in_no_union() {
        let mut early = Early::default();
        let mut where_they_are = heads(4);
        where_they_are.clashes.insert((name(0), name(1)));
        where_they_are.apart.insert(name(3));
        early.look(where_they_are);
        let tried = run(&mut early, 2, |plans| plans.contains(&2));
        assert_eq!(tried, [vec![0], vec![1], vec![2]]);
        assert!(found(&early).is_empty());
    }

    #[test]
    fn what_no_pair_is_to_blame_for_is_told_as_the_shortest_beginning_that_is_red() {
        let mut early = Early::default();
        early.look(heads(5));
        run(&mut early, 1, |plans| {
            [1, 2, 3].iter().all(|plan| plans.contains(plan))
        });
        assert_eq!(found(&early), [vec![name(0), name(1), name(2), name(3)]]);
    }

    #[test]
    fn a_red_union_that_passes_once_more_is_not_told() {
        let mut early = Early::default();
        early.look(heads(2));
        let flaky = std::cell::Cell::new(0);
        let tried = run(&mut early, 1, |plans| {
            flaky.set(flaky.get() + usize::from(plans.len() == 2));
            plans.len() == 2 && flaky.get() == 1
        });
        assert_eq!(tried.len(), 4);
        assert!(found(&early).is_empty());
    }

    #[test]
    fn a_head_that_moves_ends_what_is_under_way_and_is_tried_anew_with_what_it_concerns() {
        let mut early = Early::default();
        early.look(heads(3));
        run(&mut early, 1, both(0, 1));
        let mut moved = heads(3);
        moved.plans[1].1 = commit(50);
        early.look(moved.clone());
        assert!(found(&early).is_empty(), "what is there now is not known");
        assert!(early.is_green(&[name(0), name(2)]));
        let build = early.choose(1).remove(0);
        assert_eq!(build.union(), [name(1)]);
        moved.plans[1].1 = commit(51);
        early.look(moved);
        assert_eq!(
            early.end(0),
            [build.id],
            "it is about a head that is not there any more"
        );
        early.take(build.id, UnionSaid::Green);
        let tried = run(&mut early, 1, both(1, 2));
        assert_eq!(tried[0], [1], "the answer of before said nothing");
        assert_eq!(found(&early), [vec![name(1), name(2)]]);
    }

    #[test]
    fn worktrees_are_given_back_when_they_are_wanted_and_taken_again_later() {
        let mut early = Early::default();
        early.look(heads(3));
        let builds = early.choose(2);
        assert_eq!(early.busy(), 2);
        assert_eq!(early.end(1), [builds[1].id]);
        assert!(early.end(1).is_empty(), "it is asked once");
        early.take(builds[1].id, UnionSaid::Stopped);
        early.take(builds[0].id, UnionSaid::Green);
        assert!(
            run(&mut early, 1, |_| false).contains(&vec![1]),
            "it was not tried to its end"
        );
    }
}

//! The train itself: takes answers, keeps verdicts, gives orders.

use std::collections::{BTreeMap, BTreeSet};

use super::ejected::Ejected;
use super::fact::{Fact, advance};
use super::failure_rate::FailureRate;
use super::order::{
    Batch, Build, BuildId, Landing, Order, TrainAnswer, TrainEntry, TrainOutcome, Tried, Unmoved,
};
use super::settings::TrainSettings;
use super::window::TrainWindow;
use crate::plan::PlanName;
use crate::schedule::event::merge_facts::Verdict;
use crate::schedule::event::trouble::MergeTrouble;
use crate::schedule::event::why::not_landing::NotLanding;

/// How often in a row everything is built again because somebody else moved the target, before the train gives up.
const REBUILDS: u32 = 10;

/// The merge train of one target.
#[derive(Debug, Clone)]
pub struct Train {
    pub(super) settings: TrainSettings,
    /// The target, if that is not the run's.
    into: Option<String>,
    /// The plans to land, dependencies first.
    pub(super) queue: Vec<TrainEntry>,
    /// The number of the commit that the target is at.
    pub(super) target_tip: u64,
    target_tips: u64,
    /// True when the target tip is known to be green.
    pub(super) proven: bool,
    pub(super) facts: Vec<Fact>,
    /// Plans that were in a green batch, and so are unlikely to be red.
    pub(super) vetted: BTreeSet<PlanName>,
    /// Plans that did not merge onto plans which have not landed yet.
    pub(super) deferred: BTreeSet<PlanName>,
    pub(super) running: BTreeMap<BuildId, Build>,
    /// The builds whose answer no longer matters.
    pub(super) void: BTreeSet<BuildId>,
    /// The plans that each speculative build leaves out in case they are red, and how likely its verdict was needed when it
    /// began.
    pub(super) without: BTreeMap<BuildId, (BTreeSet<PlanName>, f64)>,
    /// Speculative batches that do not merge on the present target tip.
    pub(super) clashing: BTreeSet<Batch>,
    /// Builds to be stopped for others.
    pub(super) in_the_way: Vec<BuildId>,
    pub(super) landing: Option<Landing>,
    pub(super) window: TrainWindow,
    /// True after a landing of several plans at once was refused. Plans then land one at a time.
    pub(super) careful: bool,
    /// Worktrees that somebody else uses, and how many of them the train wants back.
    pub(super) lent: usize,
    pub(super) wanted_back: usize,
    moved: u32,
    builds: BuildId,
    /// Plans that were red.
    pub(in crate::schedule) ejected: Ejected,
}

impl Train {
    /// An empty train.
    pub fn new(settings: TrainSettings) -> Self {
        Self {
            settings,
            into: None,
            queue: Vec::new(),
            target_tip: 1,
            target_tips: 1,
            proven: !settings.verified,
            facts: Vec::new(),
            vetted: BTreeSet::new(),
            deferred: BTreeSet::new(),
            running: BTreeMap::new(),
            void: BTreeSet::new(),
            without: BTreeMap::new(),
            clashing: BTreeSet::new(),
            in_the_way: Vec::new(),
            landing: None,
            window: TrainWindow::new(settings.slots),
            careful: false,
            lent: 0,
            wanted_back: 0,
            moved: 0,
            builds: 0,
            ejected: Ejected::default(),
        }
    }

    /// Sets how many of the train's worktrees are in use for something else.
    pub(in crate::schedule) fn lend(&mut self, worktrees: usize) {
        self.lent = worktrees;
    }

    /// How many of the lent worktrees the train wants back now.
    pub(in crate::schedule) fn wanted_back(&self) -> usize {
        self.wanted_back.min(self.lent)
    }

    /// Continues with other settings, after the manifest was edited.
    pub(in crate::schedule) fn change(&mut self, settings: TrainSettings) {
        let before = std::mem::replace(&mut self.settings, settings);
        if before.slots != settings.slots {
            self.window = TrainWindow::new(settings.slots);
        }
        if (before.verified, before.command) != (settings.verified, settings.command) {
            self.leave_tip();
            self.vetted.clear();
        }
    }

    /// True when nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.running.is_empty() && self.landing.is_none()
    }

    /// The train's target, if that is not the run's.
    pub fn heads_for(&self) -> Option<&str> {
        self.into.as_deref()
    }

    /// True while the target is being moved to a commit with the plan in it.
    pub fn is_landing(&self, plan: &PlanName) -> bool {
        let landing = self.landing.as_ref();
        landing.is_some_and(|landing| landing.batch.contains(plan))
    }

    /// The builds under way.
    pub fn running(&self) -> impl Iterator<Item = &Build> {
        self.running.values()
    }

    /// Sets the plans to land, and the target. The target stays the same while something is under way.
    pub fn set_queue(&mut self, into: Option<String>, queue: Vec<TrainEntry>) {
        if self.is_idle() && (self.into != into || queue.is_empty()) {
            self.into = into;
            self.leave_tip();
            self.vetted.clear();
            self.careful = false;
            self.moved = 0;
        }
        self.queue = queue;
        let Self { queue, facts, .. } = self;
        let wanted: BTreeSet<&PlanName> = queue.iter().map(|entry| &entry.plan).collect();
        facts.retain(|fact| fact.batch.iter().all(|plan| wanted.contains(plan)));
    }

    /// The present orders.
    pub fn decide(&mut self, rate: &FailureRate) -> Vec<Order> {
        let mut orders = Vec::new();
        self.adopt(rate);
        orders.extend(self.land());
        for build in self.useless() {
            self.void.insert(build);
            orders.push(Order::Stop(build));
        }
        orders.extend(self.choose(rate).into_iter().map(Order::Try));
        for build in std::mem::take(&mut self.in_the_way) {
            self.void.insert(build);
            orders.push(Order::Stop(build));
        }
        orders
    }

    /// Every build under way, to be stopped because a person asked for that.
    pub fn stop(&self) -> Vec<BuildId> {
        self.running.keys().copied().collect()
    }

    /// Takes an answer, and returns the outcomes for plans.
    pub fn take(&mut self, answer: TrainAnswer) -> Vec<TrainOutcome> {
        let mut outcomes = Vec::new();
        match answer {
            TrainAnswer::Tried {
                build,
                tried,
                tip_green,
            } => {
                if let Some(build) = self.running.remove(&build) {
                    self.proven |= tip_green && build.target_tip == self.target_tip;
                    let void = self.void.remove(&build.id);
                    self.take_build(build, tried, void, &mut outcomes);
                }
            }
            TrainAnswer::Landed(landed) => {
                let Some(landing) = self.landing.take() else {
                    return outcomes;
                };
                match landed {
                    Ok(moves) => {
                        self.advance(&landing);
                        for (plan, before, commit) in moves {
                            outcomes.push(TrainOutcome::Landed { plan, before, commit });
                        }
                    }
                    // Whether each plan may land is checked again.
                    Err(Unmoved::Withdrawn) => {}
                    Err(Unmoved::Moved) => self.take_move(&landing.batch, &mut outcomes),
                    Err(Unmoved::Refused(why)) if landing.batch.len() == 1 => {
                        self.fail_all(&landing.batch, &why.into(), &mut outcomes);
                    }
                    Err(Unmoved::InTheWay(why)) if landing.batch.len() == 1 => {
                        self.fail(&landing.batch[0], MergeTrouble::Obstacle { why }, &mut outcomes);
                    }
                    Err(Unmoved::Refused(_) | Unmoved::InTheWay(_)) => {
                        // One of the plans is at fault. Landing the plans one by one shows which.
                        self.careful = true;
                        self.facts.retain(|fact| !fact.green);
                    }
                }
            }
        }
        self.settle(&mut outcomes);
        outcomes
    }

    fn take_build(&mut self, build: Build, tried: Tried, void: bool, outcomes: &mut Vec<TrainOutcome>) {
        let here = build.target_tip == self.target_tip;
        match tried {
            // A stopped build may have ended on its own first, and its verdict counts.
            Tried::Verdict(verdict) => self.take_verdict(build, verdict, outcomes),
            Tried::Impossible(plan, why) => {
                self.fail(&plan, MergeTrouble::Refused { why: why.into() }, outcomes)
            }
            Tried::InTheWay(plan, why) => self.fail(&plan, MergeTrouble::Obstacle { why }, outcomes),
            _ if void => {}
            Tried::Conflict(plan, why) if here && build.batch.first() == Some(&plan) => {
                self.fail(&plan, why, outcomes);
            }
            // The plan may need a plan that the build leaves out. The train itself will show.
            Tried::Conflict(..) if self.without.contains_key(&build.id) => {
                if here {
                    self.clashing.insert(build.batch);
                }
            }
            Tried::Conflict(plan, _) => {
                self.deferred.insert(plan);
            }
            Tried::Refused(why) => self.fail_all(&build.batch, &why.into(), outcomes),
            Tried::Moved => self.take_move(&build.batch, outcomes),
            Tried::Stopped => self.fail_all(&build.batch, &NotLanding::VerificationStopped.into(), outcomes),
        }
    }

    fn take_verdict(&mut self, build: Build, verdict: Verdict, outcomes: &mut Vec<TrainOutcome>) {
        let first = build.again.unwrap_or(build.id);
        let known = self.facts.iter().position(|fact| fact.build == first);
        if verdict.green {
            self.vetted.extend(build.batch.iter().cloned());
        }
        let on_old_tip = build.target_tip != self.target_tip && !verdict.green && !self.proven;
        let gone = build.target_tip == 0 || build.batch.iter().any(|plan| !self.wants(plan));
        if known.is_none() && (gone || on_old_tip || build.again.is_some()) {
            return;
        }
        let place = known.unwrap_or_else(|| {
            self.facts.push(Fact {
                build: first,
                target_tip: build.target_tip,
                batch: build.batch,
                reds: 0,
                green: false,
                proof: false,
                why: String::new(),
            });
            self.facts.len() - 1
        });
        let fact = &mut self.facts[place];
        fact.green = verdict.green;
        fact.proof = verdict.runs > 0;
        if verdict.green {
            if fact.reds > 0 {
                outcomes.push(TrainOutcome::Flaky {
                    batch: fact.batch.clone(),
                    why: std::mem::take(&mut fact.why),
                });
            }
            fact.reds = 0;
        } else {
            fact.reds += verdict.runs.max(1);
            fact.why = verdict.why;
        }
    }

    pub(super) fn wants(&self, plan: &PlanName) -> bool {
        self.queue.iter().any(|entry| &entry.plan == plan)
    }

    /// Orders the landing of the longest batch that may land, if there is one.
    fn land(&mut self) -> Option<Order> {
        if self.landing.is_some() || (self.careful && !self.running.is_empty()) {
            return None;
        }
        let green = |batch: &[PlanName]| {
            self.facts
                .iter()
                .any(|fact| fact.green && fact.target_tip == self.target_tip && fact.batch == batch)
        };
        let each = self.settings.every_commit_green && self.settings.verified;
        let apart = self.set_apart(each, false);
        let may = |batch: &Batch| {
            let every = !each || (1..batch.len()).all(|length| green(&batch[..length]));
            every && (!self.careful || batch.len() == 1) && batch.iter().all(|plan| self.wants(plan))
        };
        let ready = self
            .facts
            .iter()
            .filter(|fact| fact.green && fact.target_tip == self.target_tip && !fact.batch.is_empty());
        let best = ready
            .filter(|fact| may(&fact.batch) && self.came_true(fact.build, &apart))
            .max_by_key(|fact| fact.batch.len())?;
        let landing = Landing {
            build: best.build,
            batch: best.batch.clone(),
            becomes: self.target_tips + 1,
        };
        self.target_tips += 1;
        self.landing = Some(landing.clone());
        Some(Order::Land(landing))
    }

    fn advance(&mut self, landing: &Landing) {
        let (from, to) = (self.target_tip, landing.becomes);
        let fact = self.facts.iter().find(|fact| fact.build == landing.build);
        let green = fact.is_some_and(|fact| fact.proof);
        for fact in &mut self.facts {
            fact.advance(&landing.batch, from, to);
        }
        for build in self.running.values_mut() {
            advance(&mut build.batch, &mut build.target_tip, &landing.batch, from, to);
        }
        // A batch that was red on a target tip of unknown colour may have been red because of the tip.
        let proven = self.proven;
        self.facts
            .retain(|fact| !fact.batch.is_empty() && (proven || fact.target_tip == to));
        self.queue.retain(|entry| !landing.batch.contains(&entry.plan));
        self.target_tip = to;
        self.proven |= green;
        self.moved = 0;
        self.deferred.clear();
        self.clashing.clear();
        self.window.landed(landing.batch.len());
    }

    /// Somebody else has moved the target, so no verdict holds any more.
    fn take_move(&mut self, batch: &Batch, outcomes: &mut Vec<TrainOutcome>) {
        self.leave_tip();
        self.moved += 1;
        outcomes.push(TrainOutcome::Rebuilt);
        if self.moved >= REBUILDS {
            let why = NotLanding::TargetMoved(REBUILDS).into();
            self.moved = 0;
            self.fail_all(batch, &why, outcomes);
        }
    }

    pub(super) fn leave_tip(&mut self) {
        self.target_tips += 1;
        self.target_tip = self.target_tips;
        self.proven = !self.settings.verified;
        self.facts.clear();
        self.deferred.clear();
        self.clashing.clear();
        for build in self.running.values_mut() {
            build.target_tip = 0;
        }
    }

    /// How many builds have begun after this one.
    pub(super) fn begun_since(&self, build: BuildId) -> u64 {
        self.builds.saturating_sub(build)
    }

    pub(super) fn next_build(&mut self) -> BuildId {
        self.builds += 1;
        self.builds
    }

    /// True when every plan that a build leaves out is gone or set apart. Always true for a build that leaves nothing out.
    pub(super) fn came_true(&self, build: BuildId, apart: &BTreeSet<&PlanName>) -> bool {
        let without = self.without.get(&build);
        without.is_none_or(|(without, _)| {
            without
                .iter()
                .all(|plan| apart.contains(plan) || !self.wants(plan))
        })
    }
}

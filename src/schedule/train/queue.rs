//! The train itself: takes answers in, keeps what is known, gives orders.

use std::collections::{BTreeMap, BTreeSet};

use super::ejected::Ejected;
use super::fact::{Fact, advance};
use super::failure_rate::FailureRate;
use super::order::{
    Landing, Order, Stack, TrainAnswer, TrainEntry, TrainOutcome, Trial, TrialId, Tried, Unmoved,
};
use super::settings::TrainSettings;
use super::window::TrainWindow;
use crate::plan::PlanName;
use crate::schedule::event::merge_facts::Verdict;
use crate::schedule::event::trouble::MergeTrouble;

/// How often in a row everything is built anew because somebody else moved the target.
const REBUILDS: u32 = 10;

/// The merge train of one target.
#[derive(Debug, Clone)]
pub struct Train {
    pub(super) settings: TrainSettings,
    /// Another target than the run's.
    into: Option<String>,
    /// What is to land, dependencies first.
    pub(super) queue: Vec<TrainEntry>,
    /// The number of the commit that the target stands at.
    pub(super) target_tip: u64,
    target_tips: u64,
    /// True when that commit is green for sure.
    pub(super) proven: bool,
    pub(super) facts: Vec<Fact>,
    /// Plans that were in a green stack: little is to be feared of them.
    pub(super) vetted: BTreeSet<PlanName>,
    /// Plans that did not merge onto others which have not landed themselves.
    pub(super) deferred: BTreeSet<PlanName>,
    pub(super) running: BTreeMap<TrialId, Trial>,
    /// Those of them whose answer says nothing any more.
    pub(super) void: BTreeSet<TrialId>,
    /// What trials leave out in case it is red, of those that do, and how likely they were needed when they began.
    pub(super) without: BTreeMap<TrialId, (BTreeSet<PlanName>, f64)>,
    /// Such stacks that do not merge on the present target tip.
    pub(super) clashing: BTreeSet<Stack>,
    /// Trials to be stopped for others.
    pub(super) in_the_way: Vec<TrialId>,
    pub(super) landing: Option<Landing>,
    pub(super) window: TrainWindow,
    /// True after a landing of several at once was refused: then one at a time.
    pub(super) careful: bool,
    /// Worktrees that somebody else uses, and how many of them are wanted back.
    pub(super) lent: usize,
    pub(super) wanted_back: usize,
    moved: u32,
    trials: TrialId,
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
            trials: 0,
            ejected: Ejected::default(),
        }
    }

    /// So many worktrees are in use for what is not the train's.
    pub(in crate::schedule) fn lend(&mut self, worktrees: usize) {
        self.lent = worktrees;
    }

    /// How many of these the train wants back now.
    pub(in crate::schedule) fn wanted_back(&self) -> usize {
        self.wanted_back.min(self.lent)
    }

    /// Goes on with other settings: the manifest was edited.
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

    /// The target it goes to, when that is not the run's.
    pub fn heads_for(&self) -> Option<&str> {
        self.into.as_deref()
    }

    /// True while the target is being moved to a commit with the plan in it.
    pub fn is_landing(&self, plan: &PlanName) -> bool {
        let landing = self.landing.as_ref();
        landing.is_some_and(|landing| landing.stack.contains(plan))
    }

    /// The trials under way.
    pub fn running(&self) -> impl Iterator<Item = &Trial> {
        self.running.values()
    }

    /// Says what is to land now, and where. While something is under way the target stays the same.
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
        facts.retain(|fact| fact.stack.iter().all(|plan| wanted.contains(plan)));
    }

    /// What is to be done now.
    pub fn decide(&mut self, rate: &FailureRate) -> Vec<Order> {
        let mut orders = Vec::new();
        self.adopt(rate);
        orders.extend(self.land());
        for trial in self.useless() {
            self.void.insert(trial);
            orders.push(Order::Stop(trial));
        }
        orders.extend(self.choose(rate).into_iter().map(Order::Try));
        for trial in std::mem::take(&mut self.in_the_way) {
            self.void.insert(trial);
            orders.push(Order::Stop(trial));
        }
        orders
    }

    /// Every trial under way, to be ended because a person asked for that.
    pub fn stop(&self) -> Vec<TrialId> {
        self.running.keys().copied().collect()
    }

    /// Takes an answer in.
    pub fn take(&mut self, answer: TrainAnswer) -> Vec<TrainOutcome> {
        let mut outcomes = Vec::new();
        match answer {
            TrainAnswer::Tried {
                trial,
                tried,
                tip_green,
            } => {
                if let Some(trial) = self.running.remove(&trial) {
                    self.proven |= tip_green && trial.target_tip == self.target_tip;
                    let void = self.void.remove(&trial.id);
                    self.take_trial(trial, tried, void, &mut outcomes);
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
                    // Whether each of them may land is looked at again.
                    Err(Unmoved::Withdrawn) => {}
                    Err(Unmoved::Moved) => self.take_move(&landing.stack, &mut outcomes),
                    Err(Unmoved::Refused(why)) if landing.stack.len() == 1 => {
                        self.fail_all(&landing.stack, &why, &mut outcomes);
                    }
                    Err(Unmoved::InTheWay(why)) if landing.stack.len() == 1 => {
                        self.fail(&landing.stack[0], MergeTrouble::Obstacle { why }, &mut outcomes);
                    }
                    Err(Unmoved::Refused(_) | Unmoved::InTheWay(_)) => {
                        // One of them is at fault; which, shows when they land one by one.
                        self.careful = true;
                        self.facts.retain(|fact| !fact.green);
                    }
                }
            }
        }
        self.settle(&mut outcomes);
        outcomes
    }

    fn take_trial(&mut self, trial: Trial, tried: Tried, void: bool, outcomes: &mut Vec<TrainOutcome>) {
        let here = trial.target_tip == self.target_tip;
        match tried {
            // What was stopped may have ended by itself first, and a verdict is a verdict.
            Tried::Verdict(verdict) => self.take_verdict(trial, verdict, outcomes),
            Tried::Impossible(plan, why) => self.fail(&plan, MergeTrouble::Refused { why }, outcomes),
            Tried::InTheWay(plan, why) => self.fail(&plan, MergeTrouble::Obstacle { why }, outcomes),
            _ if void => {}
            Tried::Conflict(plan, why) if here && trial.stack.first() == Some(&plan) => {
                self.fail(&plan, why, outcomes);
            }
            // Perhaps it needs what is left out there: the train itself says more.
            Tried::Conflict(..) if self.without.contains_key(&trial.id) => {
                if here {
                    self.clashing.insert(trial.stack);
                }
            }
            Tried::Conflict(plan, _) => {
                self.deferred.insert(plan);
            }
            Tried::Refused(why) => self.fail_all(&trial.stack, &why, outcomes),
            Tried::Moved => self.take_move(&trial.stack, outcomes),
            Tried::Stopped => self.fail_all(&trial.stack, "its verification was stopped", outcomes),
        }
    }

    fn take_verdict(&mut self, trial: Trial, verdict: Verdict, outcomes: &mut Vec<TrainOutcome>) {
        let first = trial.again.unwrap_or(trial.id);
        let known = self.facts.iter().position(|fact| fact.trial == first);
        if verdict.green {
            self.vetted.extend(trial.stack.iter().cloned());
        }
        let on_old_tip = trial.target_tip != self.target_tip && !verdict.green && !self.proven;
        let gone = trial.target_tip == 0 || trial.stack.iter().any(|plan| !self.wants(plan));
        if known.is_none() && (gone || on_old_tip || trial.again.is_some()) {
            return;
        }
        let place = known.unwrap_or_else(|| {
            self.facts.push(Fact {
                trial: first,
                target_tip: trial.target_tip,
                stack: trial.stack,
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
                    stack: fact.stack.clone(),
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

    /// The longest stack that may land, when one may.
    fn land(&mut self) -> Option<Order> {
        if self.landing.is_some() || (self.careful && !self.running.is_empty()) {
            return None;
        }
        let green = |stack: &[PlanName]| {
            self.facts
                .iter()
                .any(|fact| fact.green && fact.target_tip == self.target_tip && fact.stack == stack)
        };
        let each = self.settings.every_commit_green && self.settings.verified;
        let apart = self.set_apart(each, false);
        let may = |stack: &Stack| {
            let every = !each || (1..stack.len()).all(|length| green(&stack[..length]));
            every && (!self.careful || stack.len() == 1) && stack.iter().all(|plan| self.wants(plan))
        };
        let ready = self
            .facts
            .iter()
            .filter(|fact| fact.green && fact.target_tip == self.target_tip && !fact.stack.is_empty());
        let best = ready
            .filter(|fact| may(&fact.stack) && self.came_true(fact.trial, &apart))
            .max_by_key(|fact| fact.stack.len())?;
        let landing = Landing {
            trial: best.trial,
            stack: best.stack.clone(),
            becomes: self.target_tips + 1,
        };
        self.target_tips += 1;
        self.landing = Some(landing.clone());
        Some(Order::Land(landing))
    }

    fn advance(&mut self, landing: &Landing) {
        let (from, to) = (self.target_tip, landing.becomes);
        let fact = self.facts.iter().find(|fact| fact.trial == landing.trial);
        let green = fact.is_some_and(|fact| fact.proof);
        for fact in &mut self.facts {
            fact.advance(&landing.stack, from, to);
        }
        for trial in self.running.values_mut() {
            advance(&mut trial.stack, &mut trial.target_tip, &landing.stack, from, to);
        }
        // What was red on a target tip of unknown colour may have been so because of that.
        let proven = self.proven;
        self.facts
            .retain(|fact| !fact.stack.is_empty() && (proven || fact.target_tip == to));
        self.queue.retain(|entry| !landing.stack.contains(&entry.plan));
        self.target_tip = to;
        self.proven |= green;
        self.moved = 0;
        self.deferred.clear();
        self.clashing.clear();
        self.window.landed(landing.stack.len());
    }

    /// Somebody else has moved the target: nothing that is known holds there.
    fn take_move(&mut self, stack: &Stack, outcomes: &mut Vec<TrainOutcome>) {
        self.leave_tip();
        self.moved += 1;
        outcomes.push(TrainOutcome::Rebuilt);
        if self.moved >= REBUILDS {
            let why = format!(
                "its target was moved by somebody else {REBUILDS} times while candidates were verified"
            );
            self.moved = 0;
            self.fail_all(stack, &why, outcomes);
        }
    }

    pub(super) fn leave_tip(&mut self) {
        self.target_tips += 1;
        self.target_tip = self.target_tips;
        self.proven = !self.settings.verified;
        self.facts.clear();
        self.deferred.clear();
        self.clashing.clear();
        for trial in self.running.values_mut() {
            trial.target_tip = 0;
        }
    }

    /// How many trials have begun after one.
    pub(super) fn begun_since(&self, trial: TrialId) -> u64 {
        self.trials.saturating_sub(trial)
    }

    pub(super) fn next_trial(&mut self) -> TrialId {
        self.trials += 1;
        self.trials
    }

    /// True when all that a trial leaves out is gone or set apart, or when it leaves out nothing.
    pub(super) fn came_true(&self, trial: TrialId, apart: &BTreeSet<&PlanName>) -> bool {
        let without = self.without.get(&trial);
        without.is_none_or(|(without, _)| {
            without
                .iter()
                .all(|plan| apart.contains(plan) || !self.wants(plan))
        })
    }
}

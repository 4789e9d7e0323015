//! Chooses the batches that are tried next.

use std::collections::{BTreeMap, BTreeSet};

use super::failure_rate::FailureRate;
use super::order::{Batch, Build, BuildId};
use super::prefixes::prefixes;
use super::queue::Train;
use super::speculate::{Guess, guesses};
use crate::plan::PlanName;

/// The likelihood that a plan of a green batch is red in another batch, because two plans do not go together.
const VETTED: f64 = 0.002;

/// The weight of a plan that is known to be good but has not landed, beside a landed plan.
const KNOWN_GOOD: f64 = 0.8;

/// A verdict that is needed with more than this likelihood is sought before a red build is repeated.
const BEFORE_PROOFS: f64 = 0.5;

/// How many plans land at once when nothing is verified.
const UNVERIFIED: usize = 256;

/// A red build is repeated before anything else once more builds than this have begun since for each slot.
const PATIENCE: u64 = 8;

/// The use of a slot.
struct SlotUse {
    target_tip: u64,
    guess: Guess,
    again: Option<BuildId>,
}

impl Train {
    /// Fills the free slots.
    pub(super) fn choose(&mut self, rate: &FailureRate) -> Vec<Build> {
        // More is known soon, because a landing takes no time beside a verification.
        self.wanted_back = 0;
        if self.landing.is_some() {
            return Vec::new();
        }
        let taken: BTreeSet<usize> = self.running.values().map(|build| build.slot).collect();
        let mut free: Vec<usize> = (0..self.settings.slots).rev().collect();
        free.retain(|slot| !taken.contains(slot));
        if self.lent > 0 {
            let batches = self.batches(rate, free.len());
            let needed = batches.iter().filter(|guess| guess.without.is_empty());
            let wanted = self.proofs().len() + needed.count();
            let own = free.len().saturating_sub(self.lent);
            self.wanted_back = wanted.min(free.len()).saturating_sub(own);
            free.drain(..free.len() - own);
        }
        // Speculative builds make room for all other builds.
        let mut spare = self.spare();
        let mut chosen = Vec::new();
        for SlotUse {
            target_tip,
            guess,
            again,
        } in self.wanted(rate, free.len() + spare.len())
        {
            if let Some(slot) = free.pop() {
                let build = self.begin(slot, target_tip, guess.batch, again);
                if !guess.without.is_empty() {
                    self.without.insert(build.id, (guess.without, guess.chance));
                }
                chosen.push(build);
            } else if guess.without.is_empty() {
                self.in_the_way.extend(spare.pop());
            }
        }
        chosen
    }

    /// The wanted uses of slots, most important first.
    fn wanted(&self, rate: &FailureRate, free: usize) -> Vec<SlotUse> {
        let proofs = self.proofs().into_iter().map(|(target_tip, batch, again)| {
            let waited = again.map_or(0, |first| self.begun_since(first));
            let urgent = waited > PATIENCE * self.settings.slots as u64;
            let chance = if urgent { 1.0 } else { BEFORE_PROOFS };
            let guess = Guess {
                chance,
                ..Guess::certain(batch)
            };
            SlotUse {
                target_tip,
                guess,
                again,
            }
        });
        let batches = self.batches(rate, free).into_iter().map(|guess| SlotUse {
            target_tip: self.target_tip,
            guess,
            again: None,
        });
        let mut wanted: Vec<SlotUse> = proofs.chain(batches).collect();
        wanted.sort_by(|one, two| two.guess.order(&one.guess));
        wanted
    }

    /// Speculative builds under way whose assumption has not come true yet, the likeliest first.
    fn spare(&self) -> Vec<BuildId> {
        let apart = self.set_apart(true, false);
        let open = self.running.keys().filter(|id| !self.void.contains(id));
        let mut spare: Vec<BuildId> = open.filter(|id| !self.came_true(**id, &apart)).copied().collect();
        let chance = |id: &BuildId| self.without.get(id).map_or(0.0, |(_, chance)| *chance);
        spare.sort_by(|one, two| chance(two).total_cmp(&chance(one)));
        spare
    }

    fn begin(&mut self, slot: usize, target_tip: u64, batch: Batch, again: Option<BuildId>) -> Build {
        let build = Build {
            id: self.next_build(),
            target_tip,
            slot,
            batch,
            again,
        };
        self.running.insert(build.id, build.clone());
        build
    }

    /// The batches to verify again before a plan is blamed.
    fn proofs(&self) -> Vec<(u64, Batch, Option<BuildId>)> {
        let under_way = |build: BuildId| self.running.values().any(|other| other.again == Some(build));
        let mut proofs = Vec::new();
        let mut seen: BTreeSet<&PlanName> = BTreeSet::new();
        for fact in self.facts.iter().filter(|fact| fact.reds == 1) {
            let alone = fact.batch.is_empty() || fact.suspect().is_some_and(|plan| seen.insert(plan));
            if alone && !under_way(fact.build) {
                proofs.push((fact.target_tip, fact.batch.clone(), Some(fact.build)));
            }
        }
        let about_tip = |batch: &Batch, target_tip: u64| batch.is_empty() && target_tip == self.target_tip;
        let looked_at = self
            .facts
            .iter()
            .any(|fact| about_tip(&fact.batch, fact.target_tip))
            || self
                .running
                .values()
                .any(|build| about_tip(&build.batch, build.target_tip) && !self.void.contains(&build.id));
        let accused = self
            .facts
            .iter()
            .any(|fact| fact.reds > 1 && fact.suspect().is_some());
        if accused && !self.proven && !looked_at {
            proofs.push((self.target_tip, Vec::new(), None));
        }
        proofs
    }

    /// The batches on the present target tip that are worth most, at most `free`.
    fn batches(&self, rate: &FailureRate, free: usize) -> Vec<Guess> {
        let one_by_one = self.is_one_by_one();
        let order = self.present_order(rate);
        if free == 0 || order.is_empty() {
            return Vec::new();
        }
        let known = |batch: &[PlanName]| {
            let here = |target_tip: u64, other: &Batch| target_tip == self.target_tip && other == batch;
            self.facts.iter().any(|fact| here(fact.target_tip, &fact.batch))
                || self
                    .running
                    .values()
                    .any(|build| here(build.target_tip, &build.batch))
        };
        let doomed = |batch: &[PlanName]| self.facts.iter().any(|fact| fact.dooms(batch));
        let risks = self.risks(rate);
        let risk = |plan: &PlanName| risks.get(plan).copied().unwrap_or(0.0);
        let one = |batch: Option<Batch>| batch.map(Guess::certain).into_iter().collect();
        if self.careful {
            let busy = !self.is_idle() || known(&order[..1]);
            return one((!busy).then(|| order[..1].to_vec()));
        }
        if !self.settings.verified {
            let all = &order[..order.len().min(UNVERIFIED)];
            let busy = !self.is_idle() || known(all);
            return one((!busy).then(|| all.to_vec()));
        }
        if one_by_one {
            return guesses(self, &order, free, risk);
        }
        let mut survival = vec![1.0];
        for (place, plan) in order.iter().enumerate() {
            let alive = !doomed(&order[..=place]);
            survival.push(survival[place] * if alive { 1.0 - risk(plan) } else { 0.0 });
        }
        let begun: Vec<usize> = (1..=order.len())
            .filter(|length| known(&order[..*length]))
            .collect();
        let (lengths, worth) = prefixes(&survival, &begun, free);
        let vetted = order
            .iter()
            .take_while(|plan| self.vetted.contains(*plan))
            .count();
        if begun.is_empty() && !doomed(&order[..vetted]) {
            let on_top = |plan: &PlanName| {
                let mut batch = order[..vetted].to_vec();
                batch.push(plan.clone());
                batch
            };
            let free_of_needs = |plan: &PlanName| {
                let needs = self.queue.iter().find(|entry| &entry.plan == plan);
                needs.is_none_or(|entry| {
                    let open = |need: &PlanName| self.wants(need) && !order[..vetted].contains(need);
                    !entry.needs.iter().any(open)
                })
            };
            let alone = order[vetted..]
                .iter()
                .filter(|plan| free_of_needs(plan))
                .map(on_top);
            let mut alone: Vec<Batch> = alone.filter(|batch| !doomed(batch)).take(free).collect();
            let known_good = KNOWN_GOOD * alone.len() as f64;
            if alone.len() > 1 && vetted as f64 + known_good > worth {
                if alone.len() < free && vetted > 0 {
                    alone.push(order[..vetted].to_vec());
                }
                return alone.into_iter().map(Guess::certain).collect();
            }
        }
        let batches = lengths.into_iter().map(|length| order[..length].to_vec());
        batches.map(Guess::certain).collect()
    }

    fn is_one_by_one(&self) -> bool {
        self.careful || (self.settings.verified && self.settings.every_commit_green)
    }

    /// The plans that present builds consist of. Includes deferred plans when nothing else is left and nothing is under way.
    pub(super) fn present_order(&self, rate: &FailureRate) -> Batch {
        let order = self.order(rate, self.is_one_by_one(), false);
        if order.is_empty() && self.is_idle() {
            return self.order(rate, self.is_one_by_one(), true);
        }
        order
    }

    /// The plans that builds consist of, in the order in which they are batched.
    fn order(&self, rate: &FailureRate, in_turn: bool, with_deferred: bool) -> Batch {
        let set_apart = self.set_apart(in_turn, with_deferred);
        let live = self.running.values().filter(|build| {
            let here = build.target_tip == self.target_tip && build.again.is_none();
            let counts = !self.void.contains(&build.id) && self.came_true(build.id, &set_apart);
            here && counts && !build.batch.iter().any(|plan| set_apart.contains(plan))
        });
        let begun = live.map(|build| &build.batch).max_by_key(|batch| batch.len());
        let mut order: Batch = begun.cloned().unwrap_or_default();
        // Builds on an older target tip can no longer land, but soon show whether their plans are good.
        let elsewhere = self
            .running
            .values()
            .filter(|build| build.target_tip != self.target_tip);
        let elsewhere: BTreeSet<&PlanName> = elsewhere
            .filter(|build| build.target_tip > 0 && !self.void.contains(&build.id))
            .flat_map(|build| &build.batch)
            .collect();
        let risks = self.risks(rate);
        let mut rest: Vec<&super::order::TrainEntry> = self.queue.iter().collect();
        rest.retain(|entry| !order.contains(&entry.plan) && !set_apart.contains(&entry.plan));
        if !in_turn {
            rest.retain(|entry| !elsewhere.contains(&entry.plan));
            let common = rate.failure();
            rest.sort_by_key(|entry| {
                let risk = risks.get(&entry.plan).copied().unwrap_or(common);
                // Known good, unknown, suspicious.
                (risk > VETTED) as u8 + u8::from(risk > common * 1.000_001)
            });
        }
        let mut unknown = order.iter().filter(|plan| !self.vetted.contains(*plan)).count();
        // Each plan comes after the plans that it needs. The loop repeats as long as any plan finds its position.
        while !rest.is_empty() {
            let before = rest.len();
            rest.retain(|entry| {
                let open = |need: &PlanName| self.wants(need) && !order.contains(need);
                let room = unknown < self.window.size() || !self.settings.verified;
                if !room || entry.needs.iter().any(open) {
                    return true;
                }
                unknown += usize::from(!self.vetted.contains(&entry.plan));
                order.push(entry.plan.clone());
                false
            });
            if rest.len() == before {
                break;
            }
        }
        order
    }

    /// Plans that are left out for now: suspects, and plans that have to wait for others to land.
    pub(super) fn set_apart(&self, in_turn: bool, with_deferred: bool) -> BTreeSet<&PlanName> {
        let mut apart: BTreeSet<&PlanName> = self.facts.iter().filter_map(|fact| fact.suspect()).collect();
        if in_turn {
            // The shorter batches are tried too, and the plan on top is the likeliest to be red.
            let red = self
                .facts
                .iter()
                .filter(|fact| fact.reds > 0 && fact.target_tip == self.target_tip);
            let red: Vec<&Batch> = red.map(|fact| &fact.batch).collect();
            let least = red.iter().filter(|batch| {
                let shorter = |other: &&&Batch| other.len() < batch.len() && batch.starts_with(other);
                !red.iter().any(|other| shorter(&other))
            });
            apart.extend(least.filter_map(|batch| batch.last()));
        }
        if !with_deferred {
            apart.extend(&self.deferred);
        }
        apart
    }

    /// How likely each plan is to be red.
    fn risks(&self, rate: &FailureRate) -> BTreeMap<&PlanName, f64> {
        let common = rate.failure();
        let base = |plan: &PlanName| {
            if self.vetted.contains(plan) {
                VETTED
            } else {
                common
            }
        };
        let mut risks: BTreeMap<&PlanName, f64> = self
            .queue
            .iter()
            .map(|entry| (&entry.plan, base(&entry.plan)))
            .collect();
        let red = || self.facts.iter().filter(|fact| fact.reds > 0);
        // A longer red batch says nothing new when a shorter red batch in it is the reason.
        let explained = |batch: &Batch| red().any(|fact| fact.batch.len() < batch.len() && fact.dooms(batch));
        for fact in red().filter(|fact| !explained(&fact.batch)) {
            // At least one of these plans is red.
            let size = i32::try_from(fact.batch.len()).unwrap_or(i32::MAX);
            let each = common / (1.0 - (1.0 - common).powi(size));
            for plan in &fact.batch {
                if let Some(risk) = risks.get_mut(plan) {
                    *risk = risk.max(each);
                }
            }
        }
        risks
    }

    /// Makes speculative builds ordinary ones once they are a part of the train.
    pub(super) fn adopt(&mut self, rate: &FailureRate) {
        if self.without.is_empty() {
            return;
        }
        let order = self.present_order(rate);
        let train =
            |target_tip: u64, batch: &Batch| target_tip == self.target_tip && order.starts_with(batch);
        let facts = self
            .facts
            .iter()
            .filter(|fact| train(fact.target_tip, &fact.batch));
        let running = self
            .running
            .values()
            .filter(|build| train(build.target_tip, &build.batch));
        let adopted: Vec<BuildId> = facts
            .map(|fact| fact.build)
            .chain(running.map(|build| build.id))
            .collect();
        for build in adopted {
            self.without.remove(&build);
        }
    }
}

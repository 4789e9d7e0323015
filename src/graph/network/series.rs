//! Which plans wait for which others, for the whole or a part, directly or through other plans.

use std::collections::BTreeMap;

use crate::plan::{Plan, PlanName, PlanSet, Point};

/// The plans that each plan waits for, by index in the manifest.
#[derive(Debug)]
pub(in crate::graph) struct PlanSeries {
    direct: Vec<Vec<usize>>,
    /// For each plan, a bit set of the plans that it waits for, directly or not. Computed on demand.
    reach: BTreeMap<usize, Vec<u64>>,
}

impl PlanSeries {
    /// Reads the dependencies of plans and their parts in the manifest and the documents.
    pub(in crate::graph) fn written(set: &PlanSet) -> Self {
        Self::of(set, |plan| plan.all_waits().map(|wait| wait.on.plan).collect())
    }

    /// Reads the dependencies of whole plans on whole plans in the manifest and the documents.
    pub(in crate::graph) fn written_of_wholes(set: &PlanSet) -> Self {
        Self::of(set, |plan| {
            let wholes = plan.depends.iter().filter(|wait| wait.on.point == Point::Plan);
            wholes.map(|wait| wait.on.plan.clone()).collect()
        })
    }

    fn of(set: &PlanSet, waits: impl Fn(&Plan) -> Vec<PlanName>) -> Self {
        let plans = set.plans.iter().enumerate();
        let numbers: BTreeMap<&PlanName, usize> = plans.map(|(number, plan)| (&plan.name, number)).collect();
        let direct = set.plans.iter().map(|plan| {
            let waits = waits(plan);
            let mut on: Vec<usize> = waits.iter().filter_map(|on| numbers.get(on).copied()).collect();
            on.sort_unstable();
            on.dedup();
            on
        });
        Self {
            direct: direct.collect(),
            reach: BTreeMap::new(),
        }
    }

    /// Adds plans that a plan waits for. Only before the first question.
    pub(in crate::graph) fn add(&mut self, plan: usize, firsts: impl Iterator<Item = usize>) {
        self.direct[plan].extend(firsts);
    }

    /// Returns true when `one` waits for `other`, directly or not.
    pub(in crate::graph) fn waits(&mut self, one: usize, other: usize) -> bool {
        let direct = &self.direct;
        let reach = self.reach.entry(one).or_insert_with(|| {
            let mut reach = vec![0_u64; direct.len().div_ceil(64)];
            let mut open = vec![one];
            while let Some(plan) = open.pop() {
                for on in &direct[plan] {
                    let (word, bit) = (&mut reach[on / 64], 1 << (on % 64));
                    if *word & bit == 0 {
                        *word |= bit;
                        open.push(*on);
                    }
                }
            }
            reach
        });
        reach[other / 64] & (1 << (other % 64)) != 0
    }

    /// Returns a rank for each plan. A plan ranks after the plans it waits for; ties follow the order of `roots`. Plans that
    /// wait for each other have the same rank.
    pub(in crate::graph) fn ranks(&mut self, roots: &[usize]) -> Vec<usize> {
        let count = self.direct.len();
        // The first plan of a cycle represents the whole cycle.
        let heads: Vec<usize> = (0..count)
            .map(|plan| match self.waits(plan, plan) {
                true => (0..plan).find(|other| self.waits(plan, *other) && self.waits(*other, plan)),
                false => None,
            })
            .enumerate()
            .map(|(plan, head)| head.unwrap_or(plan))
            .collect();
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); count];
        for (plan, direct) in self.direct.iter().enumerate() {
            before[heads[plan]].extend(direct.iter().map(|on| heads[*on]));
        }
        let mut ranks = vec![usize::MAX; count];
        let mut seen = vec![false; count];
        let mut next = 0;
        for root in roots.iter().map(|root| heads[*root]) {
            let mut stack = vec![(root, 0)];
            if std::mem::replace(&mut seen[root], true) {
                continue;
            }
            while let Some((plan, at)) = stack.last_mut() {
                match before[*plan].get(*at) {
                    Some(on) => {
                        *at += 1;
                        if !std::mem::replace(&mut seen[*on], true) {
                            stack.push((*on, 0));
                        }
                    }
                    None => {
                        ranks[*plan] = next;
                        next += 1;
                        stack.pop();
                    }
                }
            }
        }
        heads.iter().map(|head| ranks[*head]).collect()
    }
}

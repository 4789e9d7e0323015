//! Which plans wait for which others, for the whole or a part, directly or through other plans.

use std::collections::BTreeMap;

use crate::plan::{PlanName, PlanSet};

use crate::graph::network::whole::Graph;

/// The plans that each plan waits for, by index in the manifest.
#[derive(Debug)]
pub struct PlanSeries {
    direct: Vec<Vec<usize>>,
    /// For each plan, a bit set of the plans that it waits for, directly or not. Computed on demand.
    reach: BTreeMap<usize, Vec<u64>>,
}

impl PlanSeries {
    /// Reads the dependencies in the manifest and the documents, and adds the order from `overlap = "serialize"`.
    pub fn new(set: &PlanSet, graph: &Graph) -> Self {
        let mut series = Self::written(set);
        for (direct, after) in series.direct.iter_mut().zip(&graph.after) {
            direct.extend(after.iter().map(|turn| turn.first));
        }
        series
    }

    /// Reads the dependencies in the manifest and the documents.
    pub(in crate::graph) fn written(set: &PlanSet) -> Self {
        let plans = set.plans.iter().enumerate();
        let numbers: BTreeMap<&PlanName, usize> = plans.map(|(number, plan)| (&plan.name, number)).collect();
        let direct = set.plans.iter().map(|plan| {
            let mut on: Vec<usize> = plan
                .all_waits()
                .filter_map(|wait| numbers.get(&wait.on.plan).copied())
                .collect();
            on.sort_unstable();
            on.dedup();
            on
        });
        Self {
            direct: direct.collect(),
            reach: BTreeMap::new(),
        }
    }

    /// Returns the plans that can run beside at least one other of `plans`, because neither waits for the other.
    pub fn side_by_side(&mut self, plans: &[usize]) -> Vec<usize> {
        let mut found = Vec::new();
        for one in plans {
            let mut others = plans.iter().filter(|other| *other != one);
            if others.any(|other| !self.waits(*one, *other) && !self.waits(*other, *one)) {
                found.push(*one);
            }
        }
        found
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

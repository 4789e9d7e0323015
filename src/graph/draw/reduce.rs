//! Removes links that other links already imply (transitive reduction, Aho, Garey and Ullman 1972). A gate that opens with
//! only some of its members implies only what every one of its members implies.

use std::collections::BTreeSet;

use super::picture::Edge;

/// Above this number of shapes nothing is removed, because the sets of implied shapes would take too much memory.
const MOST: usize = 6000;

/// Returns the links that no other links imply. `partial` lists shapes that need only some of their predecessors. Links on
/// the critical path and links on a cycle are always kept.
pub(super) fn reduce(shapes: usize, links: Vec<Edge>, partial: &BTreeSet<usize>) -> Vec<Edge> {
    if shapes > MOST {
        return links;
    }
    let mut incoming: Vec<Vec<usize>> = vec![Vec::new(); shapes];
    let mut outgoing: Vec<Vec<usize>> = vec![Vec::new(); shapes];
    for (place, link) in links.iter().enumerate() {
        incoming[link.to].push(place);
        outgoing[link.from].push(place);
    }
    let mut open: Vec<usize> = incoming.iter().map(Vec::len).collect();
    let mut order: Vec<usize> = (0..shapes).filter(|shape| open[*shape] == 0).collect();
    let mut before: Vec<Bits> = vec![Bits::default(); shapes];
    let mut kept = vec![true; links.len()];
    let mut next = 0;
    while let Some(&shape) = order.get(next) {
        next += 1;
        if partial.contains(&shape) {
            let mut common: Option<Bits> = None;
            for link in incoming[shape].iter().map(|link| &links[*link]) {
                let mut own = before[link.from].clone();
                own.insert(link.from);
                common = Some(common.map_or(own.clone(), |common| common.and(&own)));
            }
            before[shape] = common.unwrap_or_default();
        } else {
            let mut all = Bits::default();
            for &place in &incoming[shape] {
                let link = &links[place];
                let implied = incoming[shape].iter().map(|other| &links[*other]).any(|other| {
                    other.from != link.from && !other.settled && before[other.from].contains(link.from)
                });
                kept[place] = !implied || link.critical;
            }
            for link in incoming[shape].iter().map(|link| &links[*link]) {
                if !link.settled {
                    all.insert(link.from);
                    all.or(&before[link.from]);
                }
            }
            before[shape] = all;
        }
        for &link in &outgoing[shape] {
            let to = links[link].to;
            open[to] -= 1;
            if open[to] == 0 {
                order.push(to);
            }
        }
    }
    let kept = links.into_iter().zip(kept);
    kept.filter(|(_, kept)| *kept).map(|(link, _)| link).collect()
}

/// A set of small numbers.
#[derive(Debug, Clone, Default)]
struct Bits(Vec<u64>);

impl Bits {
    fn insert(&mut self, number: usize) {
        if self.0.len() <= number / 64 {
            self.0.resize(number / 64 + 1, 0);
        }
        self.0[number / 64] |= 1 << (number % 64);
    }

    fn contains(&self, number: usize) -> bool {
        self.0
            .get(number / 64)
            .is_some_and(|word| word & (1 << (number % 64)) != 0)
    }

    fn or(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            *own |= other;
        }
    }

    fn and(mut self, other: &Self) -> Self {
        self.0.truncate(other.0.len());
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            *own &= other;
        }
        self
    }
}

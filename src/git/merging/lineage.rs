//! Common ancestors, kept from merge to merge along one line of merges.

use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

use git2::{ObjectType, Oid};

use super::objects::Objects;

/// What a tip and a head have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Base {
    /// The head is in the tip's history.
    Contained,
    /// The one best common ancestor.
    One {
        /// The ancestor.
        base: Oid,
        /// What only the head has.
        own: Vec<Oid>,
    },
    /// None, or several, or a history that is not read here.
    Unclear,
}

/// A commit as far as it matters here.
#[derive(Debug)]
struct Node {
    tree: Oid,
    parents: Vec<Oid>,
    /// Committed at, in seconds of the epoch.
    time: i64,
}

/// Commits that were read, and the line of merges that is being made.
#[derive(Debug, Default)]
pub(super) struct Lineage {
    nodes: HashMap<Oid, Arc<Node>>,
    line: Line,
}

/// A line of merges, each on top of the one before it.
#[derive(Debug, Default)]
struct Line {
    start: Option<Oid>,
    tip: Option<Oid>,
    /// All that the tip has and the start has not.
    known: HashSet<Oid>,
}

const HEADS: u8 = 1;
const TIPS: u8 = 2;
/// Below a common ancestor.
const STALE: u8 = 4;
const FOUND: u8 = 8;

/// A line longer than this is begun anew.
const LONGEST: usize = 100_000;

impl Lineage {
    /// The tree of a commit.
    pub(super) fn tree(&mut self, objects: &mut Objects, commit: Oid) -> Option<Oid> {
        Some(self.node(objects, commit)?.tree)
    }

    /// What `tip` and `head` have in common. Both are painted downwards, newest first, until all that is left lies below
    /// a common ancestor, as git does it; commits of the line count as the tip's, so that its merges need not be gone
    /// through again and again.
    pub(super) fn base(&mut self, objects: &mut Objects, tip: Oid, head: Oid) -> Base {
        if self.line.tip != Some(tip) || self.line.known.len() > LONGEST {
            self.line = Line {
                start: Some(tip),
                tip: Some(tip),
                known: HashSet::new(),
            };
        }
        let start = self.line.start.unwrap_or(tip);
        if head == start || self.line.known.contains(&head) {
            return Base::Contained;
        }
        let Some((painted, found)) = self.paint(objects, start, head) else {
            return Base::Unclear;
        };
        match found.as_slice() {
            [base] if *base == head => Base::Contained,
            [base] => Base::One {
                base: *base,
                own: painted
                    .into_iter()
                    .filter_map(|(id, paint)| (paint == HEADS).then_some(id))
                    .collect(),
            },
            _ => Base::Unclear,
        }
    }

    /// Goes on with the line to a merge of its tip with a head that has these commits of its own; begins anew when they
    /// are not known.
    pub(super) fn advance(&mut self, merge: Oid, own: Option<Vec<Oid>>) {
        match own {
            Some(own) => {
                self.line.known.extend(own);
                self.line.known.insert(merge);
            }
            None => {
                self.line.start = Some(merge);
                self.line.known.clear();
            }
        }
        self.line.tip = Some(merge);
    }

    /// Every commit that was come by, with its paint, and the common ancestors below no other that was found.
    fn paint(
        &mut self,
        objects: &mut Objects,
        start: Oid,
        head: Oid,
    ) -> Option<(HashMap<Oid, u8>, Vec<Oid>)> {
        let mut paint = HashMap::from([(start, TIPS), (head, HEADS)]);
        let mut queue = BinaryHeap::new();
        for id in [start, head] {
            queue.push((self.node(objects, id)?.time, id));
        }
        let mut found = Vec::new();
        while queue.iter().any(|(_, id)| paint[id] & STALE == 0) {
            let (_, id) = queue.pop()?;
            let mark = paint.entry(id).or_default();
            if self.line.known.contains(&id) {
                *mark |= TIPS;
            }
            if *mark & (HEADS | TIPS | STALE) == HEADS | TIPS && *mark & FOUND == 0 {
                *mark |= FOUND;
                found.push(id);
            }
            let mut given = *mark & (HEADS | TIPS | STALE);
            if given & (HEADS | TIPS) == HEADS | TIPS {
                given |= STALE;
            }
            for parent in &self.node(objects, id)?.parents {
                let mark = paint.entry(*parent).or_default();
                if *mark & given != given {
                    *mark |= given;
                    queue.push((self.node(objects, *parent)?.time, *parent));
                }
            }
        }
        found.retain(|id| paint[id] & STALE == 0);
        Some((paint, found))
    }

    fn node(&mut self, objects: &mut Objects, id: Oid) -> Option<Arc<Node>> {
        if let Some(node) = self.nodes.get(&id) {
            return Some(Arc::clone(node));
        }
        let node = Arc::new(parse(&objects.get(id, ObjectType::Commit)?)?);
        self.nodes.insert(id, Arc::clone(&node));
        Some(node)
    }
}

fn parse(commit: &[u8]) -> Option<Node> {
    let head = commit
        .split(|byte| *byte == b'\n')
        .take_while(|line| !line.is_empty());
    let (mut tree, mut parents, mut time) = (None, Vec::new(), None);
    let id = |text: &[u8]| Oid::from_str(std::str::from_utf8(text).ok()?).ok();
    for line in head {
        if let Some(text) = line.strip_prefix(b"tree ") {
            tree = Some(id(text)?);
        } else if let Some(text) = line.strip_prefix(b"parent ") {
            parents.push(id(text)?);
        } else if let Some(text) = line.strip_prefix(b"committer ") {
            let at = text.iter().rposition(|byte| *byte == b'>')?;
            let seconds = std::str::from_utf8(&text[at + 1..]).ok()?;
            time = Some(seconds.split_whitespace().next()?.parse().ok()?);
            break;
        }
    }
    Some(Node {
        tree: tree?,
        parents,
        time: time?,
    })
}

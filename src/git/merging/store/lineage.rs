//! Common ancestors, cached from merge to merge along one line of merges.

use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

use git2::{ObjectType, Oid};

use super::objects::Objects;

/// The common ancestor of a tip and a head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::git::merging) enum Base {
    /// The head is in the tip's history.
    Contained,
    /// The one best common ancestor.
    One {
        /// The ancestor.
        base: Oid,
        /// The commits that only the head has.
        own: Vec<Oid>,
    },
    /// No common ancestor, several of them, or a history that this code does not read.
    Unclear,
}

/// The parts of a commit that matter here.
#[derive(Debug)]
struct CommitNode {
    tree: Oid,
    parents: Vec<Oid>,
    /// The commit time, in seconds since 1970.
    time: i64,
}

/// Commits that were read, and the present line of merges.
#[derive(Debug, Default)]
pub(in crate::git::merging) struct Lineage {
    nodes: HashMap<Oid, Arc<CommitNode>>,
    line: MergeLine,
}

/// A line of merges, each on top of the one before it.
#[derive(Debug, Default)]
struct MergeLine {
    start: Option<Oid>,
    tip: Option<Oid>,
    /// All commits that the tip has and the start does not have.
    known: HashSet<Oid>,
}

const HEADS: u8 = 1;
const TIPS: u8 = 2;
/// The commit is below a common ancestor.
const STALE: u8 = 4;
const FOUND: u8 = 8;

/// The painting of commits in progress.
#[derive(Debug, Default)]
struct Painting {
    marks: HashMap<Oid, PaintMark>,
    /// The commits to continue from, by time. A commit may be in the queue more than once.
    queue: BinaryHeap<(i64, Oid)>,
    /// How many commits in the queue are not below a common ancestor. Counted along the way, because the queue may be
    /// long.
    fresh: usize,
}

#[derive(Debug, Default)]
struct PaintMark {
    paint: u8,
    /// How often the commit is in the queue.
    queued: usize,
}

impl Painting {
    fn of(&self, id: Oid) -> u8 {
        self.marks.get(&id).map_or(0, |mark| mark.paint)
    }

    fn mark(&mut self, id: Oid, paint: u8) {
        let mark = self.marks.entry(id).or_default();
        if mark.paint & STALE == 0 && paint & STALE != 0 {
            self.fresh -= mark.queued;
        }
        mark.paint |= paint;
    }

    /// Paints a commit with this time and puts it into the queue.
    fn add(&mut self, id: Oid, paint: u8, time: i64) {
        self.mark(id, paint);
        let mark = self.marks.entry(id).or_default();
        mark.queued += 1;
        self.fresh += usize::from(mark.paint & STALE == 0);
        self.queue.push((time, id));
    }

    /// Takes the newest commit out of the queue.
    fn next(&mut self) -> Option<Oid> {
        let (_, id) = self.queue.pop()?;
        let mark = self.marks.entry(id).or_default();
        mark.queued -= 1;
        self.fresh -= usize::from(mark.paint & STALE == 0);
        Some(id)
    }
}

/// The length above which a line is started again.
const LONGEST: usize = 100_000;

impl Lineage {
    /// The tree of a commit.
    pub(in crate::git::merging) fn tree(&mut self, objects: &mut Objects, commit: Oid) -> Option<Oid> {
        Some(self.node(objects, commit)?.tree)
    }

    /// The common ancestor of `tip` and `head`. Both are painted downwards, newest first, until all commits left are
    /// below a common ancestor, as git does. The commits of the line count as the tip's, so that its merges need not be
    /// walked again for each merge.
    pub(in crate::git::merging) fn base(&mut self, objects: &mut Objects, tip: Oid, head: Oid) -> Base {
        if self.line.tip != Some(tip) || self.line.known.len() > LONGEST {
            self.line = MergeLine {
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

    /// Continues the line with a merge of its tip and a head that has these commits of its own. Starts a new line when
    /// the commits are not known.
    pub(in crate::git::merging) fn advance(&mut self, merge: Oid, own: Option<Vec<Oid>>) {
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

    /// Returns every visited commit with its paint, and the common ancestors that are not below another common
    /// ancestor.
    fn paint(
        &mut self,
        objects: &mut Objects,
        start: Oid,
        head: Oid,
    ) -> Option<(HashMap<Oid, u8>, Vec<Oid>)> {
        let mut painting = Painting::default();
        for (id, paint) in [(start, TIPS), (head, HEADS)] {
            painting.add(id, paint, self.node(objects, id)?.time);
        }
        let mut found = Vec::new();
        while painting.fresh > 0 {
            let id = painting.next()?;
            if self.line.known.contains(&id) {
                painting.mark(id, TIPS);
            }
            let paint = painting.of(id);
            if paint & (HEADS | TIPS | STALE) == HEADS | TIPS && paint & FOUND == 0 {
                painting.mark(id, FOUND);
                found.push(id);
            }
            let mut given = paint & (HEADS | TIPS | STALE);
            if given & (HEADS | TIPS) == HEADS | TIPS {
                given |= STALE;
            }
            for parent in &self.node(objects, id)?.parents {
                if painting.of(*parent) & given != given {
                    painting.add(*parent, given, self.node(objects, *parent)?.time);
                }
            }
        }
        found.retain(|id| painting.of(*id) & STALE == 0);
        let paint = painting.marks.into_iter().map(|(id, mark)| (id, mark.paint));
        Some((paint.collect(), found))
    }

    fn node(&mut self, objects: &mut Objects, id: Oid) -> Option<Arc<CommitNode>> {
        if let Some(node) = self.nodes.get(&id) {
            return Some(Arc::clone(node));
        }
        let node = Arc::new(parse(&objects.get(id, ObjectType::Commit)?)?);
        self.nodes.insert(id, Arc::clone(&node));
        Some(node)
    }
}

fn parse(commit: &[u8]) -> Option<CommitNode> {
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
    Some(CommitNode {
        tree: tree?,
        parents,
        time: time?,
    })
}

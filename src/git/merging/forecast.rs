//! Conflicts between many heads, cached from look to look.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use git2::Oid;

use super::ConflictFile;
use super::changes::Changes;
use super::merger::{Merged, Merger};
use super::pair::{PairOutcome, judge};
use super::store::lineage::Base;
use crate::git::files::error::GitError;
use crate::git::files::version::GitVersion;
use crate::git::repo::ids::oid;
use crate::git::repo::repository::Repository;
use crate::plan::CommitId;

/// Two heads that conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    /// The position of the first head in the list.
    pub one: usize,
    /// The position of the second head, which is larger.
    pub two: usize,
    /// The files, sorted by path, each once.
    pub files: Vec<ConflictFile>,
}

/// Counts of how pairs were decided in all looks so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Decided {
    /// By the paths and lines that both heads changed.
    pub by_changes: usize,
    /// By merging the heads.
    pub by_merging: usize,
}

/// Finds conflicts between heads. A pair is checked again only when one of its heads has moved.
pub struct Forecast {
    merger: Merger,
    known: HashMap<(Oid, Oid), Arc<Vec<ConflictFile>>>,
    changes: HashMap<(Oid, Oid), Option<Arc<Changes>>>,
    decided: Decided,
}

/// The commits of a head beyond the first head of the list.
struct BeyondFirst {
    base: Oid,
    own: HashSet<Oid>,
}

impl Forecast {
    /// `git` is the version that [`crate::git::program::require::require_git`] returned.
    pub fn new(repo: &Repository, git: GitVersion) -> Result<Self, GitError> {
        Ok(Self {
            merger: Merger::new(repo, git)?,
            known: HashMap::new(),
            changes: HashMap::new(),
            decided: Decided::default(),
        })
    }

    /// Counts of how pairs were decided so far.
    pub fn decided(&self) -> Decided {
        self.decided
    }

    /// Every pair of these heads that conflicts, in order. Cheapest when the first head is an ancestor of the others.
    ///
    /// # Errors
    ///
    /// When git cannot be asked.
    pub fn look(&mut self, heads: &[CommitId]) -> Result<Vec<Clash>, GitError> {
        let ids: Vec<Oid> = heads.iter().map(oid).collect::<Result<_, _>>()?;
        let live: HashSet<Oid> = ids.iter().copied().collect();
        self.known
            .retain(|(one, two), _| live.contains(one) && live.contains(two));
        self.changes.retain(|(_, head), _| live.contains(head));
        let beyond: Vec<Option<BeyondFirst>> = ids.iter().map(|id| self.beyond(ids[0], *id)).collect();
        let mut bases = BTreeMap::new();
        let mut clashes = Vec::new();
        for two in 1..ids.len() {
            for one in 0..two {
                if ids[one] == ids[two] {
                    continue;
                }
                let key = (ids[one], ids[two]);
                let files = match self.known.get(&key) {
                    Some(files) => Arc::clone(files),
                    None => {
                        let base = self.base_of(key, beyond[one].as_ref(), beyond[two].as_ref(), &mut bases);
                        let files = Arc::new(self.decide(base, key, [&heads[one], &heads[two]])?);
                        self.known.insert(key, Arc::clone(&files));
                        files
                    }
                };
                if !files.is_empty() {
                    let files = files.to_vec();
                    clashes.push(Clash { one, two, files });
                }
            }
        }
        clashes.sort_by_key(|clash| (clash.one, clash.two));
        Ok(clashes)
    }

    fn beyond(&mut self, first: Oid, head: Oid) -> Option<BeyondFirst> {
        let (base, own) = match self.merger.base(first, head) {
            Base::Contained => (head, Vec::new()),
            Base::One { base, own } => (base, own),
            Base::Unclear => return None,
        };
        let own = own.into_iter().collect();
        Some(BeyondFirst { base, own })
    }

    /// The single best common ancestor of two heads. When the two heads share none of their commits beyond the first
    /// head, their histories are separate down to the points where they left the first head's history. The ancestor of
    /// these points is then the answer.
    fn base_of(
        &mut self,
        (one, two): (Oid, Oid),
        beyond_one: Option<&BeyondFirst>,
        beyond_two: Option<&BeyondFirst>,
        bases: &mut BTreeMap<(Oid, Oid), Option<Oid>>,
    ) -> Option<Oid> {
        let pair = match (beyond_one, beyond_two) {
            (Some(one), Some(two)) if one.own.is_disjoint(&two.own) => (one.base, two.base),
            _ => (one, two),
        };
        if pair.0 == pair.1 {
            return Some(pair.0);
        }
        *bases
            .entry(pair)
            .or_insert_with(|| match self.merger.base(pair.0, pair.1) {
                Base::Contained => Some(pair.1),
                Base::One { base, .. } => Some(base),
                Base::Unclear => None,
            })
    }

    fn decide(
        &mut self,
        base: Option<Oid>,
        (one, two): (Oid, Oid),
        heads: [&CommitId; 2],
    ) -> Result<Vec<ConflictFile>, GitError> {
        if base == Some(one) || base == Some(two) {
            return Ok(Vec::new());
        }
        let changes = base.and_then(|base| {
            let sides = (self.changes_of(base, one)?, self.changes_of(base, two)?);
            Some((self.merger.tree(base)?, sides))
        });
        if let Some((tree, (one, two))) = changes {
            let (objects, rules) = self.merger.parts();
            match judge(objects, rules, tree, &one, &two) {
                PairOutcome::Merges => {
                    self.decided.by_changes += 1;
                    return Ok(Vec::new());
                }
                PairOutcome::Conflicts(files) => {
                    self.decided.by_changes += 1;
                    return Ok(files);
                }
                PairOutcome::Unsure => {}
            }
        }
        if base.is_none() && !self.merger.are_related(heads[0], heads[1])? {
            return Ok(vec![ConflictFile {
                path: ".".into(),
                kind: "unrelated histories".to_owned(),
            }]);
        }
        self.decided.by_merging += 1;
        Ok(match self.merger.merge(heads[0], heads[1])? {
            Merged::Conflict(files) => files,
            Merged::Tree(_) | Merged::Contained => Vec::new(),
        })
    }

    fn changes_of(&mut self, base: Oid, head: Oid) -> Option<Arc<Changes>> {
        if let Some(known) = self.changes.get(&(base, head)) {
            return known.clone();
        }
        let trees = (self.merger.tree(base)?, self.merger.tree(head)?);
        let (objects, _) = self.merger.parts();
        let found = Changes::between(objects, trees.0, trees.1).map(Arc::new);
        self.changes.insert((base, head), found.clone());
        found
    }
}

//! Reading ahead: objects for coming merges are read on a separate thread while earlier merges are made.
//!
//! Reading ahead is only a hint. An object that is not there when it is needed is read as usual, and nobody waits for
//! the thread.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use git2::{ObjectType, Oid};

use super::entry::{TreeEntry, entries, find};
use super::lineage::{Base, Lineage};
use super::objects::Objects;
use super::shelf::{Enough, Shelf};

/// With fewer heads, all merges are made before a thread has started working.
const FEW: usize = 8;

/// The size in bytes above which files are not read ahead.
const LARGEST: usize = 1 << 20;

/// Heads that will be merged, one after the other, and the thread that reads for them.
pub(in crate::git::merging) struct Ahead {
    shelf: Arc<Shelf>,
    turns: HashMap<Oid, usize>,
    thread: Option<JoinHandle<()>>,
}

impl Ahead {
    /// Begins to read for merges of these heads onto a commit, each on top of the one before. `None` when reading ahead
    /// is not worth it.
    pub(in crate::git::merging) fn begin(common_dir: &Path, onto: Oid, heads: Vec<Oid>) -> Option<Self> {
        // Called last, because the answer is in several files.
        let alone = || std::thread::available_parallelism().is_ok_and(|processors| processors.get() < 2);
        if heads.len() < FEW || alone() {
            return None;
        }
        let shelf = Arc::<Shelf>::default();
        let turns = (1..).zip(&heads).map(|(turn, head)| (*head, turn)).collect();
        let mut reader = AheadReader {
            objects: Objects::open(common_dir).ok()?,
            lineage: Lineage::default(),
            shelf: shelf.clone(),
            laid: HashSet::new(),
            changed: HashMap::new(),
            turn: 0,
        };
        let thread = std::thread::Builder::new().spawn(move || reader.read_for(onto, &heads));
        Some(Self {
            shelf,
            turns,
            thread: Some(thread.ok()?),
        })
    }

    /// Announces that a merge of this head begins: objects read for earlier heads are no longer needed.
    pub(in crate::git::merging) fn reach(&self, head: Oid) {
        if let Some(turn) = self.turns.get(&head) {
            self.shelf.reach(*turn);
        }
    }

    /// The shelf with the objects that were read ahead.
    pub(in crate::git::merging) fn shelf(&self) -> Arc<Shelf> {
        Arc::clone(&self.shelf)
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.shelf.close();
        if let Some(thread) = self.thread.take() {
            // A reader that panicked has merely read less.
            let _ = thread.join();
        }
    }
}

/// Reads the objects that each head has changed.
struct AheadReader {
    objects: Objects,
    lineage: Lineage,
    shelf: Arc<Shelf>,
    /// Objects that were put on the shelf once. The merges keep these objects themselves.
    laid: HashSet<Oid>,
    /// Files that an earlier head has changed, each with that head's version when the file has been merged to just this
    /// version.
    changed: HashMap<Vec<u8>, Option<Oid>>,
    turn: usize,
}

/// One folder in three trees.
#[derive(Clone, Copy)]
struct FolderOids {
    base: Oid,
    ours: Option<Oid>,
    theirs: Oid,
}

impl AheadReader {
    fn read_for(&mut self, onto: Oid, heads: &[Oid]) {
        for (turn, head) in (1..).zip(heads) {
            self.turn = turn;
            if self.shelf.turn() < turn
                && let Err(Enough::Closed) = self.read_head(onto, *head)
            {
                return;
            }
        }
    }

    fn read_head(&mut self, onto: Oid, head: Oid) -> Result<(), Enough> {
        let Base::One { base, .. } = self.lineage.base(&mut self.objects, onto, head) else {
            return Ok(());
        };
        let mut tree = |commit| self.lineage.tree(&mut self.objects, commit);
        let (Some(base), Some(ours), Some(theirs)) = (tree(base), tree(onto), tree(head)) else {
            return Ok(());
        };
        self.fetch(head, ObjectType::Commit)?;
        let ours = Some(ours);
        self.folder(FolderOids { base, ours, theirs }, &mut Vec::new())
    }

    fn folder(&mut self, folder: FolderOids, path: &mut Vec<u8>) -> Result<(), Enough> {
        let FolderOids { base, ours, theirs } = folder;
        let ours = ours.filter(|ours| *ours != base);
        let (base, theirs) = (self.tree(base)?, self.tree(theirs)?);
        let ours = match ours {
            Some(ours) => self.tree(ours)?,
            None => None,
        };
        let (Some(base), Some(theirs)) = (base, theirs) else {
            return Ok(());
        };
        let (Some(base), Some(theirs)) = (entries(&base), entries(&theirs)) else {
            return Ok(());
        };
        let ours = ours.as_deref().map(|ours| entries(ours).unwrap_or_default());
        for entry in &theirs {
            let id_in = |tree: &[TreeEntry<'_>]| find(tree, entry).map(|found| found.id);
            let Some(old) = id_in(&base).filter(|old| *old != entry.id) else {
                continue;
            };
            // When ours has the base's folder, ours also has the folder's entries.
            let ours = ours.as_deref().map_or(Some(old), id_in);
            let length = path.len();
            path.extend_from_slice(entry.name);
            path.push(b'/');
            if entry.is_folder() {
                let (base, theirs) = (old, entry.id);
                self.folder(FolderOids { base, ours, theirs }, path)?;
            } else if entry.kind.is_text() {
                let ours = ours.filter(|ours| *ours != old);
                let before = self.changed.get(path.as_slice()).copied();
                if before.is_none() && ours.is_none() {
                    self.changed.insert(path.clone(), Some(entry.id));
                } else {
                    for version in [Some(old), Some(entry.id), before.unwrap_or(ours)] {
                        version.map_or(Ok(()), |version| self.blob(version))?;
                    }
                    self.changed.insert(path.clone(), None);
                }
            }
            path.truncate(length);
        }
        Ok(())
    }

    /// The bytes of a tree, if it can be read.
    fn tree(&mut self, id: Oid) -> Result<Option<Arc<[u8]>>, Enough> {
        self.fetch(id, ObjectType::Tree)
    }

    fn blob(&mut self, id: Oid) -> Result<(), Enough> {
        if !self.laid.contains(&id) && self.objects.size(id).is_some_and(|size| size <= LARGEST) {
            self.fetch(id, ObjectType::Blob)?;
        }
        Ok(())
    }

    fn fetch(&mut self, id: Oid, kind: ObjectType) -> Result<Option<Arc<[u8]>>, Enough> {
        let Some(data) = self.objects.get(id, kind) else {
            return Ok(None);
        };
        if self.laid.insert(id) {
            self.shelf.lay(self.turn, id, kind, &data)?;
        }
        Ok(Some(data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A branch from a commit that replaces these files as a whole.
    fn branch(repo: &git2::Repository, from: Option<Oid>, files: &[(&str, &str)]) -> Oid {
        let parent = from.map(|from| repo.find_commit(from).unwrap());
        let mut builder = git2::build::TreeUpdateBuilder::new();
        for (path, text) in files {
            let blob = repo.blob(text.as_bytes()).unwrap();
            builder.upsert(path, blob, git2::FileMode::Blob);
        }
        let empty = repo.treebuilder(None).unwrap().write().unwrap();
        let before = parent.as_ref().map_or(empty, git2::Commit::tree_id);
        let tree = builder
            .create_updated(repo, &repo.find_tree(before).unwrap())
            .unwrap();
        let tree = repo.find_tree(tree).unwrap();
        let who = git2::Signature::new("a", "a@b", &git2::Time::new(1_700_000_000, 0)).unwrap();
        let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
        repo.commit(None, &who, &who, "x", &tree, &parents).unwrap()
    }

    fn id(text: &str) -> Oid {
        Oid::hash_object(ObjectType::Blob, text.as_bytes()).unwrap()
    }

    #[test]
    fn files_are_read_that_two_have_changed_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let repo = git2::Repository::init_bare(folder.path()).unwrap();
        let base = branch(
            &repo,
            None,
            &[("a/one", "1"), ("a/two", "2"), ("b/three", "3"), ("four", "4")],
        );
        let onto = branch(&repo, Some(base), &[("a/one", "ours")]);
        let mut heads = vec![
            branch(&repo, Some(base), &[("a/one", "theirs"), ("b/three", "third")]),
            branch(&repo, Some(base), &[("a/two", "second"), ("new", "n")]),
            branch(&repo, Some(base), &[("b/three", "again"), ("new", "m")]),
        ];
        heads.extend((0..FEW).map(|n| branch(&repo, Some(base), &[("five", &n.to_string())])));
        let Some(mut ahead) = Ahead::begin(repo.path(), onto, heads.clone()) else {
            // With one processor, nothing is read ahead.
            return;
        };
        ahead.thread.take().unwrap().join().unwrap();
        for read in ["1", "ours", "theirs", "3", "third", "again"] {
            assert!(ahead.shelf.take(id(read), ObjectType::Blob).is_some(), "{read}");
        }
        for left in ["2", "second", "n", "m", "4"] {
            assert!(ahead.shelf.take(id(left), ObjectType::Blob).is_none(), "{left}");
        }
        assert!(ahead.shelf.take(heads[1], ObjectType::Commit).is_some());
        let tree = repo.find_commit(heads[2]).unwrap().tree_id();
        assert_eq!(
            ahead.shelf.size(tree),
            Some(repo.odb().unwrap().read(tree).unwrap().len())
        );
        ahead.reach(heads[3]);
        assert!(
            ahead.shelf.take(tree, ObjectType::Tree).is_none(),
            "its merge is over"
        );
    }

    #[test]
    fn a_few_merges_are_not_read_for() {
        let folder = tempfile::tempdir().unwrap();
        let repo = git2::Repository::init_bare(folder.path()).unwrap();
        let base = branch(&repo, None, &[("one", "1")]);
        assert!(Ahead::begin(repo.path(), base, vec![base; FEW - 1]).is_none());
    }
}

//! The changes from one tree to another, file by file.

use git2::{ObjectType, Oid};

use super::store::entry::{EntryKind, TreeEntry, entries};
use super::store::objects::Objects;

/// The entry at a path.
pub(super) type Thing = (EntryKind, Oid);

/// One path that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PathChange {
    pub(super) path: Vec<u8>,
    pub(super) old: Option<Thing>,
    pub(super) new: Option<Thing>,
}

/// All differences between a base tree and a later tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Changes {
    /// The changed files, sorted by path. No folders.
    pub(super) files: Vec<PathChange>,
    /// Folders of the base that are missing in the later tree, sorted.
    pub(super) gone: Vec<Vec<u8>>,
    /// The paths of new files, sorted.
    pub(super) added: Vec<Vec<u8>>,
}

impl Changes {
    /// Compares two trees; `None` when this code cannot read them.
    pub(super) fn between(objects: &mut Objects, base: Oid, now: Oid) -> Option<Self> {
        let mut found = Self::default();
        found.folder(objects, &mut Vec::new(), Some(base), Some(now))?;
        found.files.sort_by(|one, two| one.path.cmp(&two.path));
        found.gone.sort();
        let added = found.files.iter().filter(|change| change.old.is_none());
        found.added = added.map(|change| change.path.clone()).collect();
        Some(found)
    }

    /// The change of a path.
    pub(super) fn of(&self, path: &[u8]) -> Option<&PathChange> {
        let at = self
            .files
            .binary_search_by(|change| change.path.as_slice().cmp(path))
            .ok()?;
        Some(&self.files[at])
    }

    fn folder(
        &mut self,
        objects: &mut Objects,
        path: &mut Vec<u8>,
        base: Option<Oid>,
        now: Option<Oid>,
    ) -> Option<()> {
        if base == now {
            return Some(());
        }
        let mut read = |tree: Option<Oid>| match tree {
            Some(tree) => objects.get(tree, ObjectType::Tree),
            None => Some([].into()),
        };
        let (old, new) = (read(base)?, read(now)?);
        let (old, new) = (entries(&old)?, entries(&new)?);
        let (mut o, mut n) = (old.iter().peekable(), new.iter().peekable());
        loop {
            let (one, two) = match (o.peek(), n.peek()) {
                (None, None) => return Some(()),
                (Some(_), None) => (o.next(), None),
                (None, Some(_)) => (None, n.next()),
                (Some(one), Some(two)) => match one.order(two) {
                    std::cmp::Ordering::Less => (o.next(), None),
                    std::cmp::Ordering::Greater => (None, n.next()),
                    std::cmp::Ordering::Equal => (o.next(), n.next()),
                },
            };
            self.entry(objects, path, one, two)?;
        }
    }

    fn entry(
        &mut self,
        objects: &mut Objects,
        path: &mut Vec<u8>,
        old: Option<&TreeEntry<'_>>,
        new: Option<&TreeEntry<'_>>,
    ) -> Option<()> {
        let any = old.or(new)?;
        if let (Some(old), Some(new)) = (old, new)
            && old.is(new)
        {
            return Some(());
        }
        let length = path.len();
        path.extend_from_slice(any.name);
        if any.is_folder() {
            if new.is_none() {
                self.gone.push(path.clone());
            }
            path.push(b'/');
            self.folder(
                objects,
                path,
                old.map(|entry| entry.id),
                new.map(|entry| entry.id),
            )?;
        } else {
            let thing = |entry: &TreeEntry<'_>| (entry.kind, entry.id);
            self.files.push(PathChange {
                path: path.clone(),
                old: old.map(thing),
                new: new.map(thing),
            });
        }
        path.truncate(length);
        Some(())
    }
}

//! Entries of trees, parsed from and written to git's bytes.

use std::cmp::Ordering;

use git2::Oid;

/// The length of an object id in a tree, in bytes.
const ID: usize = 20;

/// The kind of an entry. Only the modes that git writes today; this code does not read a tree with other modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::git::merging) enum EntryKind {
    File,
    Program,
    Link,
    Folder,
    Module,
}

impl EntryKind {
    fn of(mode: &[u8]) -> Option<Self> {
        match mode {
            b"100644" => Some(Self::File),
            b"100755" => Some(Self::Program),
            b"120000" => Some(Self::Link),
            b"40000" => Some(Self::Folder),
            b"160000" => Some(Self::Module),
            _ => None,
        }
    }

    fn mode(self) -> &'static [u8] {
        match self {
            Self::File => b"100644",
            Self::Program => b"100755",
            Self::Link => b"120000",
            Self::Folder => b"40000",
            Self::Module => b"160000",
        }
    }

    /// True for entries that have lines.
    pub(in crate::git::merging) fn is_text(self) -> bool {
        matches!(self, Self::File | Self::Program)
    }
}

/// One entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::git::merging) struct TreeEntry<'a> {
    pub(in crate::git::merging) kind: EntryKind,
    pub(in crate::git::merging) name: &'a [u8],
    pub(in crate::git::merging) id: Oid,
}

impl TreeEntry<'_> {
    pub(in crate::git::merging) fn is_folder(&self) -> bool {
        self.kind == EntryKind::Folder
    }

    /// True when both entries have the same kind and id.
    pub(in crate::git::merging) fn is(&self, other: &Self) -> bool {
        self.kind == other.kind && self.id == other.id
    }

    /// The order of entries in a tree: by name, a folder's with a slash at its end.
    pub(in crate::git::merging) fn order(&self, other: &Self) -> Ordering {
        let common = self.name.len().min(other.name.len());
        let last = |entry: &Self| match entry.name.get(common) {
            Some(byte) => *byte,
            None if entry.is_folder() => b'/',
            None => 0,
        };
        self.name[..common]
            .cmp(&other.name[..common])
            .then_with(|| last(self).cmp(&last(other)))
    }

    /// Appends the entry to a tree's bytes.
    pub(in crate::git::merging) fn write(&self, tree: &mut Vec<u8>) {
        tree.extend_from_slice(self.kind.mode());
        tree.push(b' ');
        tree.extend_from_slice(self.name);
        tree.push(0);
        tree.extend_from_slice(self.id.as_bytes());
    }
}

/// The entry of the same name in a tree: a file for a file, a folder for a folder.
pub(in crate::git::merging) fn find<'t, 'e>(
    tree: &'t [TreeEntry<'e>],
    entry: &TreeEntry<'_>,
) -> Option<&'t TreeEntry<'e>> {
    let place = tree.binary_search_by(|other| other.order(entry)).ok()?;
    Some(&tree[place])
}

/// The entries of a tree in its order. `None` when a mode, the order or the form is not what git writes today.
pub(in crate::git::merging) fn entries(tree: &[u8]) -> Option<Vec<TreeEntry<'_>>> {
    let mut found: Vec<TreeEntry<'_>> = Vec::with_capacity(tree.len() / 40);
    let mut rest = tree;
    while !rest.is_empty() {
        let space = memchr::memchr(b' ', &rest[..rest.len().min(7)])?;
        let end = memchr::memchr(0, rest)?;
        let id = rest.get(end + 1..end + 1 + ID)?;
        let entry = TreeEntry {
            kind: EntryKind::of(&rest[..space])?,
            name: rest.get(space + 1..end)?,
            id: Oid::from_bytes(id).ok()?,
        };
        if found
            .last()
            .is_some_and(|last| last.order(&entry) != Ordering::Less)
        {
            return None;
        }
        found.push(entry);
        rest = &rest[end + 1 + ID..];
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: EntryKind, name: &str) -> TreeEntry<'_> {
        let id = Oid::from_bytes(&[7; ID]).unwrap();
        let name = name.as_bytes();
        TreeEntry { kind, name, id }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let all = [
            entry(EntryKind::File, "a"),
            entry(EntryKind::Program, "a.b"),
            entry(EntryKind::Folder, "a"),
            entry(EntryKind::Link, "a0"),
            entry(EntryKind::Module, "b"),
        ];
        let mut tree = Vec::new();
        all.iter().for_each(|entry| entry.write(&mut tree));
        assert_eq!(entries(&tree).unwrap(), all);
    }

    #[test]
    fn trees_that_git_would_not_write_today_are_not_read() {
        let mut unsorted = Vec::new();
        entry(EntryKind::File, "b").write(&mut unsorted);
        entry(EntryKind::File, "a").write(&mut unsorted);
        assert_eq!(entries(&unsorted), None);
        let mut old = b"100664 a\0".to_vec();
        old.extend([7; ID]);
        assert_eq!(entries(&old), None);
        assert_eq!(entries(b"100644 a\0short"), None);
    }
}

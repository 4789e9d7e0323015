//! Merging trees by the ids of their entries, opening only folders that both sides changed.
//!
//! This code gives the result of git's own merge (`merge-ort`), or leaves the merge to git. Git's result differs from a
//! merge by ids when git finds renames. Git looks for renames only when a file is missing on one side that the other
//! side has changed or is missing too, or when a folder is missing on one side and the other side put something into it
//! (`relevant_sources` in `merge-ort.c`). This code meets each of these cases, because both sides then changed the
//! folders above. The same is true for a file and a folder of one name, and for entries that both sides changed in
//! other ways than by lines.

use std::cmp::Ordering;

use git2::{ObjectType, Oid};

use super::attributes::{Rules, may_match, telling};
use super::lines::hunks::LineMerge;
use super::lines::text;
use super::store::entry::{EntryKind, TreeEntry, entries, find};
use super::store::objects::Objects;
use crate::git::files::error::GitError;

/// The size in bytes above which files are left to git.
const LARGEST: usize = 16 << 20;

/// Why this code does not make a merge.
#[derive(Debug)]
pub(super) enum Leave {
    /// Git has to decide.
    ToGit,
    /// The merge failed.
    Failed(GitError),
}

impl From<GitError> for Leave {
    fn from(error: GitError) -> Self {
        Self::Failed(error)
    }
}

/// A merge of one tree into another.
pub(super) struct ThreeWay<'a> {
    pub(super) objects: &'a mut Objects,
    pub(super) rules: &'a Rules,
}

/// One folder in the three trees; `None` when the base does not have the folder.
#[derive(Debug, Clone, Copy)]
struct FolderVersions {
    base: Option<Oid>,
    ours: Oid,
    theirs: Oid,
}

impl ThreeWay<'_> {
    /// The merged tree. New trees and files are in `objects`, not written yet.
    pub(super) fn merge(&mut self, base: Oid, ours: Oid, theirs: Oid) -> Result<Oid, Leave> {
        if base == theirs {
            return Ok(ours);
        }
        if base == ours {
            return Ok(theirs);
        }
        if ours == theirs {
            self.nothing_removed(base, ours)?;
            return Ok(ours);
        }
        let top = FolderVersions {
            base: Some(base),
            ours,
            theirs,
        };
        match self.folder(top, &mut Vec::new())? {
            Some(tree) => Ok(tree),
            None => Ok(self.objects.put(ObjectType::Tree, Vec::new())?),
        }
    }

    /// Merges a folder that differs in all three trees; `None` when nothing is left in it. `attributes` are the
    /// attribute files of the folders above, in the version of ours.
    fn folder(&mut self, folder: FolderVersions, attributes: &mut Vec<Oid>) -> Result<Option<Oid>, Leave> {
        let bytes = [
            folder.base.map(|id| self.tree(id)).transpose()?,
            Some(self.tree(folder.ours)?),
            Some(self.tree(folder.theirs)?),
        ];
        let read = |side: usize| bytes[side].as_deref().map_or(Some(Vec::new()), entries);
        let (Some(base), Some(ours), Some(theirs)) = (read(0), read(1), read(2)) else {
            return Err(Leave::ToGit);
        };
        let depth = attributes.len();
        attributes.extend(named(&ours, b".gitattributes").map(|entry| entry.id));
        let mut merged = Vec::with_capacity(bytes[1].as_ref().map_or(0, |ours| ours.len()) + 256);
        let (mut b, mut o, mut t) = (
            base.iter().peekable(),
            ours.iter().peekable(),
            theirs.iter().peekable(),
        );
        loop {
            let heads = [b.peek(), o.peek(), t.peek()];
            let Some(least) = heads.into_iter().flatten().min_by(|one, two| one.order(two)) else {
                break;
            };
            let least = **least;
            let here = |next: &&TreeEntry<'_>| next.order(&least) == Ordering::Equal;
            let three = (b.next_if(here), o.next_if(here), t.next_if(here));
            let kept = match three {
                (_, Some(one), Some(two)) if one.is(two) && !one.is_folder() => Some(*one),
                (Some(old), one, Some(two)) if old.is(two) => one.copied(),
                (Some(old), Some(one), two) if old.is(one) => {
                    clashes_not(two.is_none(), &least, &ours, &theirs)?;
                    two.copied()
                }
                (None, Some(one), None) => {
                    clashes_not(true, one, &base, &theirs)?;
                    Some(*one)
                }
                (None, None, Some(two)) => {
                    clashes_not(true, two, &base, &ours)?;
                    Some(*two)
                }
                (old, Some(one), Some(two)) if one.is_folder() => {
                    self.subfolder(old, one, two, attributes)?
                }
                (Some(old), Some(one), Some(two)) => Some(self.file(old, one, two, attributes)?),
                _ => return Err(Leave::ToGit),
            };
            if let Some(entry) = kept {
                entry.write(&mut merged);
            }
        }
        attributes.truncate(depth);
        if merged.is_empty() {
            return Ok(None);
        }
        Ok(Some(self.objects.put(ObjectType::Tree, merged)?))
    }

    /// Merges a folder that both sides have and that has changed.
    fn subfolder<'e>(
        &mut self,
        old: Option<&TreeEntry<'_>>,
        one: &TreeEntry<'e>,
        two: &TreeEntry<'_>,
        attributes: &mut Vec<Oid>,
    ) -> Result<Option<TreeEntry<'e>>, Leave> {
        if one.id == two.id {
            if let Some(old) = old {
                self.nothing_removed(old.id, one.id)?;
            }
            return Ok(Some(*one));
        }
        let folder = FolderVersions {
            base: old.map(|old| old.id),
            ours: one.id,
            theirs: two.id,
        };
        let merged = self.folder(folder, attributes)?;
        Ok(merged.map(|id| TreeEntry { id, ..*one }))
    }

    /// Merges a file whose lines both sides changed.
    fn file<'e>(
        &mut self,
        old: &TreeEntry<'_>,
        one: &TreeEntry<'e>,
        two: &TreeEntry<'_>,
        attributes: &[Oid],
    ) -> Result<TreeEntry<'e>, Leave> {
        let alike = old.kind.is_text() && old.kind == one.kind && old.kind == two.kind;
        if !alike || !self.merges_by_lines(one.name, attributes)? {
            return Err(Leave::ToGit);
        }
        let base = self.blob(old.id)?;
        let (ours, theirs) = (self.version(one.id)?, self.version(two.id)?);
        match text::merge(&base, &ours, &theirs) {
            LineMerge::Merged(merged) => {
                let id = self.objects.put(ObjectType::Blob, merged)?;
                Ok(TreeEntry { id, ..*one })
            }
            LineMerge::Unsure | LineMerge::Conflict => Err(Leave::ToGit),
        }
    }

    fn merges_by_lines(&mut self, name: &[u8], attributes: &[Oid]) -> Result<bool, Leave> {
        if !self.rules.are_plain(name) {
            return Ok(false);
        }
        for file in attributes {
            let text = self.blob(*file)?;
            if telling(&text).any(|line| may_match(line, name)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Checks a folder that both sides changed to the same result. When an entry was removed from it, git would look for
    /// a rename, so the merge is left to git.
    fn nothing_removed(&mut self, base: Oid, now: Oid) -> Result<(), Leave> {
        if base == now {
            return Ok(());
        }
        let (old, new) = (self.tree(base)?, self.tree(now)?);
        let (Some(old), Some(new)) = (entries(&old), entries(&new)) else {
            return Err(Leave::ToGit);
        };
        for entry in &old {
            let Some(found) = find(&new, entry) else {
                return Err(Leave::ToGit);
            };
            if entry.kind == EntryKind::Folder {
                self.nothing_removed(entry.id, found.id)?;
            }
        }
        Ok(())
    }

    fn tree(&mut self, id: Oid) -> Result<std::sync::Arc<[u8]>, Leave> {
        self.objects.get(id, ObjectType::Tree).ok_or(Leave::ToGit)
    }

    /// The content of another version of a file, if it is not too large. Asking for the size first takes as long as
    /// reading most of it.
    fn version(&mut self, id: Oid) -> Result<std::sync::Arc<[u8]>, Leave> {
        let data = self.objects.get(id, ObjectType::Blob).ok_or(Leave::ToGit)?;
        if data.len() > LARGEST {
            return Err(Leave::ToGit);
        }
        Ok(data)
    }

    fn blob(&mut self, id: Oid) -> Result<std::sync::Arc<[u8]>, Leave> {
        if self.objects.size(id).is_none_or(|size| size > LARGEST) {
            return Err(Leave::ToGit);
        }
        self.objects.get(id, ObjectType::Blob).ok_or(Leave::ToGit)
    }
}

/// The entries of this name that are not folders.
fn named<'a, 'e>(all: &'a [TreeEntry<'e>], name: &'a [u8]) -> impl Iterator<Item = &'a TreeEntry<'e>> {
    all.iter()
        .filter(move |entry| entry.name == name && !entry.is_folder())
}

/// Leaves the merge to git when an entry that was added or removed has the name of something else in one of these
/// trees: a file in place of a folder, or a folder in place of a file.
fn clashes_not(
    came_or_went: bool,
    entry: &TreeEntry<'_>,
    one: &[TreeEntry<'_>],
    two: &[TreeEntry<'_>],
) -> Result<(), Leave> {
    let clash = |all: &[TreeEntry<'_>]| {
        let other = TreeEntry {
            kind: if entry.is_folder() {
                EntryKind::File
            } else {
                EntryKind::Folder
            },
            ..*entry
        };
        find(all, &other).is_some()
    };
    if came_or_went && (clash(one) || clash(two)) {
        return Err(Leave::ToGit);
    }
    Ok(())
}

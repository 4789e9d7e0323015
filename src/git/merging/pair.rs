//! Whether two sets of changes to one base conflict, where that is certain without merging.

use git2::{ObjectType, Oid};

use super::ConflictFile;
use super::attributes::{Rules, may_match, telling};
use super::changes::{Changes, PathChange};
use super::lines::hunks::LineMerge;
use super::lines::text;
use super::store::entry::entries;
use super::store::objects::Objects;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// The result of two sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PairOutcome {
    /// They merge.
    Merges,
    /// They conflict in these files and no others.
    Conflicts(Vec<ConflictFile>),
    /// Git is to be asked.
    Unsure,
}

/// Files larger than this are left to git.
const LARGEST: usize = 16 << 20;

/// Looks at two sides of one base tree.
pub(super) fn judge(
    objects: &mut Objects,
    rules: &Rules,
    base: Oid,
    one: &Changes,
    two: &Changes,
) -> PairOutcome {
    if meet_elsewhere(one, two) || meet_elsewhere(two, one) {
        return PairOutcome::Unsure;
    }
    let (fewer, more) = if one.files.len() <= two.files.len() {
        (one, two)
    } else {
        (two, one)
    };
    let is_attributes =
        |change: &PathChange| change.path.rsplit(|byte| *byte == b'/').next() == Some(b".gitattributes");
    let other_attributes = one.files.iter().any(is_attributes);
    let mut conflicts = Vec::new();
    for change in &fewer.files {
        let Some(other) = more.of(&change.path) else {
            continue;
        };
        if change.new == other.new && change.new.is_some() {
            continue;
        }
        // Git goes by the attributes of the first side, and those of the base are read here.
        if other_attributes {
            return PairOutcome::Unsure;
        }
        match lines(objects, rules, base, change, other) {
            Some(LineMerge::Merged(_)) => {}
            Some(LineMerge::Conflict) => conflicts.push(ConflictFile {
                path: PathBuf::from(OsStr::from_bytes(&change.path)),
                kind: "content".to_owned(),
            }),
            Some(LineMerge::Unsure) | None => return PairOutcome::Unsure,
        }
    }
    if conflicts.is_empty() {
        return PairOutcome::Merges;
    }
    PairOutcome::Conflicts(conflicts)
}

/// True when one adds a file where the other has a folder or has taken one away: they meet without sharing a path.
fn meet_elsewhere(one: &Changes, two: &Changes) -> bool {
    one.added.iter().any(|path| {
        let above = path
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'/')
            .map(|(at, _)| &path[..at]);
        let mut above = above;
        above.any(|folder| {
            let is = |other: &Vec<u8>| other.as_slice().cmp(folder);
            two.gone.binary_search_by(is).is_ok() || two.added.binary_search_by(is).is_ok()
        })
    })
}

fn lines(
    objects: &mut Objects,
    rules: &Rules,
    base: Oid,
    one: &PathChange,
    two: &PathChange,
) -> Option<LineMerge> {
    let (old, one_new, two_new) = (one.old?, one.new?, two.new?);
    if !(old.0.is_text() && old.0 == one_new.0 && old.0 == two_new.0) {
        return None;
    }
    if !merges_by_lines(objects, rules, base, &one.path)? {
        return None;
    }
    let mut read = |id: Oid| {
        objects.size(id).filter(|size| *size <= LARGEST)?;
        objects.get(id, ObjectType::Blob)
    };
    let [old, one, two] = [read(old.1)?, read(one_new.1)?, read(two_new.1)?];
    Some(text::merge(&old, &one, &two))
}

/// By the attribute files of the base; where a side changes one, git is asked.
fn merges_by_lines(objects: &mut Objects, rules: &Rules, base: Oid, path: &[u8]) -> Option<bool> {
    let mut parts = path.split(|byte| *byte == b'/').peekable();
    let name = path.rsplit(|byte| *byte == b'/').next()?;
    if name == b".gitattributes" || !rules.are_plain(name) {
        return Some(false);
    }
    let mut tree = base;
    while let Some(part) = parts.next() {
        let data = objects.get(tree, ObjectType::Tree)?;
        let all = entries(&data)?;
        let named = |name: &[u8]| all.iter().find(|entry| entry.name == name).copied();
        if let Some(file) = named(b".gitattributes") {
            let text = objects.get(file.id, ObjectType::Blob)?;
            if telling(&text).any(|line| may_match(line, name)) {
                return Some(false);
            }
        }
        if parts.peek().is_some() {
            tree = named(part)?.id;
        }
    }
    Some(true)
}

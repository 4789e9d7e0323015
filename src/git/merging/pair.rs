//! Whether two sets of changes to one base conflict, when that is certain without merging.

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

/// The outcome of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PairOutcome {
    /// The two sides merge.
    Merges,
    /// The two sides conflict in these files and in no others.
    Conflicts(Vec<ConflictFile>),
    /// Git has to decide.
    Unsure,
}

/// The size in bytes above which files are left to git.
const LARGEST: usize = 16 << 20;

/// Judges two sides of one base tree.
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
        // Git uses the attributes of the first side, but this code reads those of the base.
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

/// True when one side adds a file where the other side has a folder or has removed one. The sides then clash without
/// sharing a path.
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

/// Decides by the attribute files of the base. When a side changes an attribute file, git is asked instead.
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

//! The answer of `git merge-tree`.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::ConflictFile;
use crate::git::program::command::parse_id;
use crate::plan::CommitId;

/// git's result of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answered {
    /// The id of the tree.
    Tree(String),
    /// The files, sorted by path, each once.
    Conflict(Vec<ConflictFile>),
}

/// Parses one answer of `merge-tree -z` from its fields: the tree; when there are conflicts, `MODE OID STAGE<TAB>PATH`
/// for each side of each file, then an empty field; then the messages, each as a count, that many paths, a type and a
/// text; then an empty field or the end. `None` when the answer does not have this form.
pub(super) fn read(
    clean: bool,
    sides: &[&CommitId; 2],
    mut field: impl FnMut() -> Option<Vec<u8>>,
) -> Option<Answered> {
    let tree = parse_id(&field()?)?;
    if clean {
        return Some(Answered::Tree(tree.into()));
    }
    let mut stages: BTreeMap<PathBuf, u8> = BTreeMap::new();
    while let Some(entry) = field().filter(|entry| !entry.is_empty()) {
        let tab = entry.iter().position(|byte| *byte == b'\t')?;
        let stage = match entry.get(tab.wrapping_sub(1))? {
            stage @ b'1'..=b'3' => stage - b'0',
            _ => return None,
        };
        *stages.entry(path(&entry[tab + 1..], sides)).or_default() |= 1 << stage;
    }
    let mut kinds: BTreeMap<PathBuf, String> = BTreeMap::new();
    let mut said: Option<ConflictFile> = None;
    while let Some(count) = field().filter(|count| !count.is_empty()) {
        let count: usize = std::str::from_utf8(&count).ok()?.parse().ok()?;
        let mut first = None;
        for _ in 0..count {
            let named = path(&field()?, sides);
            first.get_or_insert(named);
        }
        let kind = String::from_utf8_lossy(&field()?).into_owned();
        field()?;
        if let (None, Some(first)) = (&said, &first) {
            let kind = kind.to_ascii_lowercase();
            said = Some(ConflictFile {
                path: first.clone(),
                kind,
            });
        }
        if let (Some(kind), Some(first)) = (conflict_kind(&kind), first) {
            kinds.entry(first).or_insert(kind);
        }
    }
    // Git may report a conflict under a path that itself is not in conflict (a renamed file). Such a path counts.
    for path in kinds.keys() {
        stages.entry(path.clone()).or_default();
    }
    let files = stages.into_iter().map(|(path, stages)| {
        let told = kinds.remove(&path);
        let kind = match (told.as_deref(), stages) {
            (Some("contents") | None, 0b1100) => "add/add".to_owned(),
            (Some("contents") | None, 0b1110) => "content".to_owned(),
            (None, 0b0110 | 0b1010) => "modify/delete".to_owned(),
            (Some("contents") | None, _) => "content".to_owned(),
            (Some(kind), _) => kind.to_owned(),
        };
        ConflictFile { path, kind }
    });
    let mut files: Vec<ConflictFile> = files.collect();
    if files.is_empty() {
        // For example a folder that was split by renames into several others: none of its files is in conflict, but the
        // merge fails.
        files.extend(said.or_else(|| {
            Some(ConflictFile {
                path: ".".into(),
                kind: "rename".to_owned(),
            })
        }));
    }
    Some(Answered::Conflict(files))
}

/// Returns `rename/delete` for `CONFLICT (rename/delete)`; `None` for messages that report no conflict.
fn conflict_kind(message_type: &str) -> Option<String> {
    let kind = message_type.strip_prefix("CONFLICT (")?.strip_suffix(')')?;
    Some(kind.to_owned())
}

/// A path in the answer. A file that makes way for a folder of the same name is called `NAME~SIDE` there, or
/// `NAME~SIDE_0` when that name is taken. People know the file as `NAME`.
fn path(bytes: &[u8], sides: &[&CommitId; 2]) -> PathBuf {
    let own = sides.iter().find_map(|side| {
        let aside = [b"~", side.as_str().as_bytes()].concat();
        let at = bytes.windows(aside.len()).rposition(|window| window == aside)?;
        let rest = &bytes[at + aside.len()..];
        let numbered = rest
            .strip_prefix(b"_")
            .is_some_and(|number| number.iter().all(u8::is_ascii_digit));
        (rest.is_empty() || numbered).then(|| &bytes[..at])
    });
    PathBuf::from(OsStr::from_bytes(own.unwrap_or(bytes)))
}

//! Tasks of a plan that must not run side by side because they touch the same files.

use std::collections::{BTreeMap, HashMap};

use crate::plan::{Document, TaskId};

/// The files of a plan's tasks as numbers. Two tasks touch a common file exactly when they share a number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileLocks {
    /// The numbers of each task that names files.
    pub of: BTreeMap<TaskId, Vec<u32>>,
    /// The file, folder or pattern behind each number.
    pub names: Vec<String>,
}

impl FileLocks {
    /// Reads the files of all tasks.
    pub fn new(document: &Document) -> Self {
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        let mut names: Vec<String> = Vec::new();
        for file in document.tasks().flat_map(|task| &task.files) {
            numbers.entry(file).or_insert_with(|| {
                names.push(file.clone());
                (names.len() - 1) as u32
            });
        }
        if names.is_empty() {
            return Self::default();
        }
        // A task that touches a file also touches every folder and pattern that covers the file.
        let wide: Vec<(&str, u32)> = numbers
            .iter()
            .filter(|(file, _)| is_wide(file))
            .map(|(file, number)| (*file, *number))
            .collect();
        let mut of: BTreeMap<TaskId, Vec<u32>> = BTreeMap::new();
        for task in document.tasks().filter(|task| !task.files.is_empty()) {
            let own = task.files.iter().flat_map(|file| {
                let covering = wide.iter().filter(|(wide, _)| covers(wide, file));
                let covering = covering.map(|(_, number)| *number);
                numbers.get(file.as_str()).copied().into_iter().chain(covering)
            });
            let mut own: Vec<u32> = own.collect();
            own.sort_unstable();
            own.dedup();
            of.insert(task.id, own);
        }
        Self { of, names }
    }
}

/// Returns true for a name that can cover more than one file.
pub fn is_wide(file: &str) -> bool {
    file.ends_with('/') || file.contains(['*', '?', '['])
}

/// Returns true when a folder or pattern covers a file, or may overlap with another pattern. `*` is taken to match anything,
/// so patterns that may overlap count as overlapping.
pub fn covers(wide: &str, file: &str) -> bool {
    if wide == file {
        return true;
    }
    let folder = wide.trim_end_matches('/');
    if wide.ends_with('/') && !is_pattern(folder) {
        return file
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'));
    }
    if is_pattern(wide) {
        let head = literal_head(wide);
        if is_wide(file) {
            let other = literal_head(file);
            return head.starts_with(other) || other.starts_with(head);
        }
        return matches(wide.as_bytes(), file.as_bytes());
    }
    false
}

/// Returns the literal prefix of every path that a folder or pattern covers.
pub(in crate::graph) fn literal_head(wide: &str) -> &str {
    &wide[..wide.find(['*', '?', '[']).unwrap_or(wide.len())]
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// Matches a glob. Folder separators have no special meaning, and a class `[…]` matches any one character. Takes time linear in
/// both lengths except for going back to the last `*`, as in the classical wildcard match.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                back = Some((p, t));
                p += 1;
            }
            Some(b'[') => {
                let end = pattern[p..].iter().position(|byte| *byte == b']');
                p += end.map_or(1, |end| end + 1);
                t += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match back {
                Some((star, from)) => {
                    back = Some((star, from + 1));
                    p = star + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_patterns_cover_what_is_in_them() {
        assert!(covers("src/", "src/a.rs"));
        assert!(!covers("src/", "srcs/a.rs"));
        assert!(covers("src/**/*.rs", "src/a/b.rs"));
        assert!(covers("src/*.rs", "src/a.rs"));
        assert!(!covers("src/*.rs", "docs/a.rs"));
        assert!(!covers("src/a.rs", "src/b.rs"));
        assert!(covers("src/**", "src/auth/*.rs"));
        assert!(!covers("docs/**", "src/*.rs"));
    }
}

//! Which file imports from which, followed through the re-exports of each `mod.rs`.

use std::collections::{BTreeMap, BTreeSet};

/// A module by its path from the crate's root: `["git", "state", "inspect"]`.
type Module = Vec<String>;

/// The imports of a source tree.
pub struct Imports {
    /// The file of each module.
    files: BTreeMap<Module, String>,
    /// What each module gives on under a name of its own: the path, to be read from that module.
    given_on: BTreeMap<Module, BTreeMap<String, Vec<String>>>,
    /// What each file brings into its own scope: the name, and the file where the thing stands.
    names: BTreeMap<String, BTreeMap<String, String>>,
    edges: BTreeMap<String, BTreeSet<String>>,
}

/// One leaf of a `use`: the path, and the name it has here.
type Leaf = (Vec<String>, String);

impl Imports {
    /// Reads sources: each path from the source folder, with the production part of the text, without comments.
    pub fn read(sources: &[(String, String)]) -> Self {
        let mut found = Self {
            files: BTreeMap::new(),
            given_on: BTreeMap::new(),
            names: BTreeMap::new(),
            edges: BTreeMap::new(),
        };
        for (file, _) in sources {
            found.files.insert(module_of(file), file.clone());
        }
        for (file, text) in sources {
            let given: BTreeMap<_, _> = uses(text)
                .into_iter()
                .filter(|(public, _)| *public)
                .map(|(_, (path, name))| (name, path))
                .collect();
            found.given_on.insert(module_of(file), given);
        }
        for (file, text) in sources {
            let module = module_of(file);
            let mut names = BTreeMap::new();
            let mut targets = BTreeSet::new();
            for (public, (path, name)) in uses(text) {
                let Some(target) = found.resolve(&module, &path) else {
                    continue;
                };
                names.insert(name, target.clone());
                // To give something on is not to use it.
                if !public {
                    targets.insert(target);
                }
            }
            targets.extend(paths(text).iter().filter_map(|path| found.resolve(&module, path)));
            targets.remove(file);
            found.names.insert(file.clone(), names);
            found.edges.insert(file.clone(), targets);
        }
        found
    }

    /// The files from which a file imports.
    pub fn of(&self, file: &str) -> impl Iterator<Item = &String> {
        self.edges.get(file).into_iter().flatten()
    }

    /// The file in which the thing stands that is called so in a file.
    pub fn home(&self, file: &str, path: &[String]) -> Option<String> {
        match path {
            [name] => self.names.get(file)?.get(name).cloned(),
            _ => self.resolve(&module_of(file), path),
        }
    }

    /// A cycle of files below a folder, each followed by one from which it imports; none when there is none.
    pub fn cycle_in(&self, below: &str) -> Option<Vec<String>> {
        let inside: Vec<&String> = self.edges.keys().filter(|file| file.starts_with(below)).collect();
        inside
            .iter()
            .filter_map(|start| self.way_back(start, below))
            .min_by_key(Vec::len)
    }

    /// The shortest way from a file over its imports to itself.
    fn way_back(&self, start: &str, below: &str) -> Option<Vec<String>> {
        let mut from: BTreeMap<&str, &str> = BTreeMap::new();
        let mut next = vec![start];
        while !next.is_empty() {
            let mut after = Vec::new();
            for file in next {
                for target in self.of(file).filter(|target| target.starts_with(below)) {
                    if target == start {
                        let mut way = vec![start.to_owned(), file.to_owned()];
                        let mut at = file;
                        while at != start {
                            at = from[at];
                            way.push(at.to_owned());
                        }
                        way.reverse();
                        return Some(way);
                    }
                    if !from.contains_key(target.as_str()) {
                        from.insert(target, file);
                        after.push(target.as_str());
                    }
                }
            }
            next = after;
        }
        None
    }

    /// The file of the thing that a path names, as read in a module; none for another crate's.
    fn resolve(&self, module: &Module, path: &[String]) -> Option<String> {
        let mut at = module.clone();
        for (place, part) in path.iter().enumerate() {
            match part.as_str() {
                "crate" => at.clear(),
                "super" => drop(at.pop()),
                "self" => {}
                _ => {
                    let mut below = at.clone();
                    below.push(part.clone());
                    if self.files.contains_key(&below) {
                        at = below;
                    } else if let Some(given) = self.given_on.get(&at).and_then(|names| names.get(part)) {
                        // What is given on under its own name, and is no module here, is another crate.
                        if given.first() == Some(part) {
                            return None;
                        }
                        let rest = [given.as_slice(), &path[place + 1..]].concat();
                        return self.resolve(&at, &rest);
                    } else if place == 0 {
                        return None;
                    } else {
                        break;
                    }
                }
            }
        }
        self.files.get(&at).cloned()
    }
}

fn module_of(file: &str) -> Module {
    let path = file.trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    match path {
        "lib" | "main" => Vec::new(),
        _ => path.split('/').map(str::to_owned).collect(),
    }
}

/// The leaves of every `use`, and whether it gives them on.
fn uses(text: &str) -> Vec<(bool, Leaf)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("use ") {
        let begin = rest[..at].rfind('\n').map_or(0, |line| line + 1);
        let before = rest[begin..at].trim();
        let Some(end) = rest[at..].find(';') else { break };
        if before.is_empty() || (before.starts_with("pub") && !before.contains('=')) {
            let public = !before.is_empty();
            let leaves = tree(&rest[at + 4..at + end]);
            found.extend(leaves.into_iter().map(|leaf| (public, leaf)));
            rest = &rest[at + end..];
        } else {
            rest = &rest[at + 4..];
        }
    }
    found
}

/// The leaves of one tree: `a::{b, c::d as e}`.
fn tree(text: &str) -> Vec<Leaf> {
    let text = text.trim();
    let Some((before, list)) = text.split_once('{') else {
        let (path, name) = text.split_once(" as ").unwrap_or((text, ""));
        let mut path = parts(path);
        if path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let name = match name.trim() {
            "" => path.last().cloned().unwrap_or_default(),
            name => name.to_owned(),
        };
        return vec![(path, name)];
    };
    let list = list.strip_suffix('}').unwrap_or(list);
    let before = parts(before);
    let mut depth = 0;
    let branches = list.split(|c| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    });
    branches
        .filter(|branch| !branch.trim().is_empty())
        .flat_map(tree)
        .map(|(path, name)| {
            let name = if path.is_empty() {
                before.last().cloned().unwrap_or_default()
            } else {
                name
            };
            ([before.as_slice(), &path].concat(), name)
        })
        .collect()
}

fn parts(path: &str) -> Vec<String> {
    path.split("::")
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The paths that begin with `crate::` or `super::`, wherever they stand.
fn paths(text: &str) -> Vec<Vec<String>> {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for line in text.lines().filter(|line| !is_use(line)) {
        for start in ["crate::", "super::"] {
            for (at, _) in line.match_indices(start) {
                let inside = line[..at].ends_with(|c: char| word(c) || c == ':');
                // `pub(in crate::git)` says who may use a thing, and uses nothing.
                if inside || line[..at].ends_with("in ") {
                    continue;
                }
                let path = line[at..].split(|c: char| !word(c) && c != ':').next();
                found.extend(path.map(parts));
            }
        }
    }
    found
}

fn is_use(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("use ") || (line.starts_with("pub") && line.contains(" use "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(files: &[(&str, &str)]) -> Imports {
        let owned: Vec<_> = files
            .iter()
            .map(|(file, text)| ((*file).to_owned(), (*text).to_owned()))
            .collect();
        Imports::read(&owned)
    }

    fn of(imports: &Imports, file: &str) -> Vec<String> {
        imports.of(file).cloned().collect()
    }

    #[test]
    fn re_exports_are_followed() {
        let found = imports(&[
            (
                "git/mod.rs",
                "pub use state::look::{Look, see as seen};\npub use files::Found;\n",
            ),
            ("git/files/mod.rs", "mod found;\npub use found::Found;\n"),
            ("git/files/found.rs", ""),
            ("git/state/mod.rs", ""),
            (
                "git/state/look.rs",
                "use super::super::Found;\nfn x() {\n    y()\n}\n",
            ),
            (
                "git/unit.rs",
                "use super::{\n    Found,\n    seen,\n};\nuse std::fs;\n",
            ),
        ]);
        assert_eq!(of(&found, "git/state/look.rs"), ["git/files/found.rs"]);
        assert_eq!(
            of(&found, "git/unit.rs"),
            ["git/files/found.rs", "git/state/look.rs"]
        );
        assert!(of(&found, "git/mod.rs").is_empty());
    }

    #[test]
    fn paths_in_code_count_and_visibility_does_not() {
        let found = imports(&[
            ("git/mod.rs", ""),
            (
                "git/one.rs",
                "pub(in crate::git::two) fn x() {\n    super::two::y();\n}\n",
            ),
            ("git/two.rs", "pub(in crate::git) fn y() {}\n"),
        ]);
        assert_eq!(of(&found, "git/one.rs"), ["git/two.rs"]);
        assert!(of(&found, "git/two.rs").is_empty());
    }

    #[test]
    fn a_cycle_is_named_from_file_to_file() {
        let found = imports(&[
            ("git/mod.rs", "pub use two::Two;\n"),
            ("git/one.rs", "use super::Two;\n"),
            ("git/two.rs", "use crate::git::three::{self, Three as Other};\n"),
            ("git/three.rs", "use super::one;\n"),
            ("plan/mod.rs", ""),
        ]);
        let cycle = found.cycle_in("git/").unwrap();
        assert_eq!(cycle, ["git/one.rs", "git/two.rs", "git/three.rs", "git/one.rs"]);
        assert!(found.cycle_in("plan/").is_none());
    }
}

//! The shape of the code, checked: imports go down only, rooms of one floor do not know each other, files stay small.

#![allow(clippy::disallowed_methods, reason = "a test reads the sources")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

#[path = "architecture/imports.rs"]
mod imports;

use imports::Imports;

/// Every room with its floor.
const ROOMS: &[(&str, u32)] = &[
    ("failpoint", 0),
    ("plan", 0),
    ("graph", 1),
    ("schedule", 2),
    ("git", 3),
    ("agent", 3),
    ("executor", 3),
    ("status", 3),
    ("journal", 3),
    ("words", 3),
    ("supervisor", 4),
    ("report", 5),
    ("serve", 5),
    ("top", 5),
    ("lsp", 5),
    ("cli", 5),
];

/// The imports within a floor: commands use what people see; the full screen and the pages use the words of the rest; what the
/// journal prints has words for the core's reasons.
const SIDEWAYS: &[(&str, &str)] = &[
    ("cli", "lsp"),
    ("cli", "report"),
    ("cli", "serve"),
    ("cli", "top"),
    ("journal", "words"),
    ("serve", "report"),
    ("top", "report"),
];

/// Folders with sub-rooms, each with its floor. Files of the folder itself stand above all of its sub-rooms. In such a folder no
/// files import from each other in a cycle.
const SUB_ROOMS: &[(&str, &[(&str, u32)])] = &[
    (
        "git",
        &[
            ("files", 0),
            ("program", 1),
            ("repo", 2),
            ("merging", 3),
            ("state", 3),
            ("admin", 4),
            ("candidate", 4),
            ("hub", 4),
            ("lock", 5),
            ("keep", 6),
            ("refs", 7),
            ("step", 8),
            ("landing", 9),
            ("worktree", 9),
            ("conflict", 10),
            ("unit", 10),
        ],
    ),
    (
        "agent",
        &[("reader", 0), ("jobs", 1), ("logs", 2), ("running", 3)],
    ),
    (
        "status",
        &[
            ("files", 0),
            ("report", 1),
            ("handed", 2),
            ("mail", 2),
            ("tasks", 2),
            ("watcher", 2),
        ],
    ),
    ("git/merging", &[("lines", 0), ("store", 0)]),
    (
        "cli",
        &[
            ("call", 0),
            ("agents", 1),
            ("look", 1),
            ("maintain", 1),
            ("start", 2),
            ("integrate", 3),
            ("steer", 3),
        ],
    ),
    (
        "plan",
        &[
            ("text", 0),
            ("id", 1),
            ("markdown", 2),
            ("prompt", 2),
            ("set", 3),
            ("edit", 4),
            ("live", 4),
            ("manifest", 4),
        ],
    ),
    (
        "graph",
        &[
            ("chance", 0),
            ("order", 0),
            ("network", 1),
            ("ranking", 2),
            ("draw", 3),
        ],
    ),
    ("lsp", &[("text", 0), ("view", 1), ("answer", 2)]),
    ("plan/manifest", &[("written", 0)]),
    ("serve", &[("answers", 0), ("door", 0)]),
    (
        "report",
        &[
            ("text", 0),
            ("line", 1),
            ("live", 2),
            ("story", 2),
            ("timeline", 3),
            ("page", 4),
        ],
    ),
    (
        "schedule",
        &[
            ("event", 0),
            ("train", 1),
            ("width", 1),
            ("work", 2),
            ("state", 3),
            ("fold", 4),
            ("ready", 5),
            ("board", 6),
            ("judge", 7),
            ("attempts", 8),
            ("merge", 9),
            ("explain", 10),
            ("forecast", 11),
            ("steer", 11),
            ("drive", 12),
            ("simulate", 13),
        ],
    ),
    (
        "supervisor",
        &[
            ("project", 0),
            ("brief", 1),
            ("node", 1),
            ("perform", 2),
            ("recovery", 3),
            ("conflict", 4),
            ("view", 5),
            ("control", 6),
            ("doctor", 7),
            ("preflight", 8),
            ("desk", 9),
            ("away", 10),
            ("tell", 11),
            ("watch", 11),
            ("work", 11),
            ("drive", 12),
        ],
    ),
    (
        "supervisor/perform",
        &[
            ("command", 0),
            ("tree", 1),
            ("build", 2),
            ("attempt", 3),
            ("train", 3),
        ],
    ),
];

/// Folders in which no folder holds more than [`SHELF`] files beside its `mod.rs`, which says what lives there.
const TIDY: &[&str] = &[
    "agent",
    "status",
    "cli",
    "git",
    "graph",
    "lsp",
    "plan",
    "report",
    "schedule",
    "serve",
    "supervisor",
];

/// Most files of a folder, beside its `mod.rs`.
const SHELF: usize = 15;

/// Folders in which the methods of a type are in few files, and how many those may be.
const GATHERED: &[(&str, usize)] = &[
    ("git", 3),
    ("graph", 3),
    ("plan", 3),
    ("schedule", 3),
    ("supervisor", 3),
];

/// Most lines of a file before its tests begin.
const CEILING: usize = 400;

/// Most lines of a function, from `fn` to its closing brace.
const LONGEST: usize = 100;

/// Most parameters of a function, with `self`.
const PARAMETERS: usize = 6;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below a folder, as path relative to it and text.
fn sources(below: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let top = root().join(below);
    let mut found = Vec::new();
    walk(&top, &mut found);
    found.sort();
    assert!(!found.is_empty(), "no source below {below}");
    let relative = |path: &PathBuf| path.strip_prefix(&top).unwrap().to_string_lossy().into_owned();
    found
        .iter()
        .map(|path| (relative(path), fs::read_to_string(path).unwrap()))
        .collect()
}

/// The lines before the tests, without what stands behind `//`.
fn production(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| !line.trim_start().starts_with("#[cfg(test)]"))
        .map(|(at, line)| (at + 1, line.split("//").next().unwrap_or("")))
}

fn floor(room: &str) -> Option<u32> {
    ROOMS
        .iter()
        .find(|(name, _)| *name == room)
        .map(|(_, floor)| *floor)
}

/// The rooms that a line names as `crate::ROOM`, also in a list of one level: `crate::{git, plan::Name}`.
fn named(line: &str) -> Vec<String> {
    let word = |text: &str| {
        text.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect::<String>()
    };
    line.match_indices("crate::")
        .flat_map(|(at, found)| {
            let rest = &line[at + found.len()..];
            match rest.strip_prefix('{') {
                Some(list) => list.split(',').map(|part| word(part.trim())).collect(),
                None => vec![word(rest)],
            }
        })
        .collect()
}

#[test]
fn imports_go_down_only() {
    let mut wrong = Vec::new();
    for (file, text) in sources("src") {
        let Some((room, _)) = file.split_once('/') else {
            continue;
        };
        let own =
            floor(room).unwrap_or_else(|| panic!("{file}: the room {room} has no floor: give it one here"));
        for (at, line) in production(&text) {
            if line.trim_end().ends_with("crate::{") {
                wrong.push(format!("src/{file}:{at}: give each room a `use` of its own"));
            }
            for other in named(line).iter().filter(|other| *other != room) {
                let Some(theirs) = floor(other) else { continue };
                let allowed = theirs < own || SIDEWAYS.contains(&(room, other));
                if !allowed {
                    wrong.push(format!("src/{file}:{at}: {room} must not know {other}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// All sources, without comments and tests.
fn imports() -> Imports {
    let without_tests = |text: &str| {
        // Tests in a file of their own end nothing: a `mod.rs` continues behind them.
        let text = text.replace("#[cfg(test)]\nmod tests;", "");
        let lines = production(&text).map(|(_, line)| format!("{line}\n"));
        lines.collect::<String>()
    };
    let all: Vec<_> = sources("src")
        .into_iter()
        .filter(|(file, _)| !file.ends_with("tests.rs"))
        .map(|(file, text)| (file, without_tests(&text)))
        .collect();
    Imports::read(&all)
}

/// Every file below a folder, with the path from there.
fn below(folder: &str) -> Vec<(String, String)> {
    let inside = format!("{folder}/");
    sources("src")
        .into_iter()
        .filter(|(file, _)| !file.ends_with("tests.rs"))
        .filter_map(|(file, text)| Some((file.strip_prefix(&inside)?.to_owned(), text)))
        .collect()
}

#[test]
fn sub_rooms_import_down_only() {
    let imports = imports();
    let mut wrong = Vec::new();
    for (folder, rooms) in SUB_ROOMS {
        // A file of the folder itself stands above all; none for its `mod.rs`, which only gives things on.
        let floor = |file: &str| match file.split_once('/') {
            Some((room, _)) => {
                let found = rooms.iter().find(|(name, _)| *name == room);
                let (_, floor) = found
                    .unwrap_or_else(|| panic!("src/{folder}/{room} has no floor: give it one in SUB_ROOMS"));
                (room.to_owned(), *floor)
            }
            None => (String::new(), u32::MAX),
        };
        for (file, _) in below(folder) {
            let (own, above) = floor(&file);
            let inside = format!("{folder}/");
            for target in imports.of(&format!("{inside}{file}")) {
                let Some(target) = target.strip_prefix(&inside) else {
                    continue;
                };
                let (theirs, level) = floor(target);
                if own != theirs && level >= above {
                    wrong.push(format!(
                        "src/{inside}{file} must not import from src/{inside}{target}"
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_files_import_in_a_cycle() {
    let imports = imports();
    for (room, _) in ROOMS {
        if let Some(cycle) = imports.cycle_in(&format!("{room}/")) {
            panic!("these import in a cycle: src/{}", cycle.join("\n  from src/"));
        }
    }
}

/// What is wrong with the folders of these files, given as path and text: too many files, or no `mod.rs` that says what lives there.
fn drawers(files: &[(String, String)]) -> Vec<String> {
    let mut folders: BTreeMap<String, usize> = BTreeMap::new();
    let mut described = BTreeSet::new();
    for (path, text) in files {
        let (folder, name) = path.rsplit_once('/').unwrap();
        let count = folders.entry(folder.to_owned()).or_default();
        if !matches!(name, "mod.rs" | "main.rs") {
            *count += 1;
        } else if text.starts_with("//!") {
            described.insert(folder.to_owned());
        }
    }
    let mut wrong = Vec::new();
    for (folder, count) in &folders {
        if *count > SHELF {
            wrong.push(format!(
                "{folder}: {count} files, at most {SHELF}: give it sub-rooms"
            ));
        }
        if !described.contains(folder) {
            wrong.push(format!("{folder}/mod.rs must say what lives there"));
        }
    }
    wrong
}

#[test]
fn no_folder_is_a_drawer() {
    let mut files: Vec<_> = TIDY
        .iter()
        .flat_map(|room| {
            let files = below(room).into_iter();
            files.map(move |(file, text)| (format!("src/{room}/{file}"), text))
        })
        .collect();
    let tests = sources("tests/it").into_iter();
    files.extend(tests.map(|(file, text)| (format!("tests/it/{file}"), text)));
    let wrong = drawers(&files);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_folder_without_words_or_with_too_many_files_is_seen() {
    let file = |name: &str, text: &str| (format!("src/a/{name}"), text.to_owned());
    let mut files: Vec<_> = (0..SHELF).map(|n| file(&format!("{n}.rs"), "")).collect();
    files.push(file("mod.rs", "//! What lives here."));
    assert!(drawers(&files).is_empty());
    files.push(file("more.rs", ""));
    assert!(drawers(&files)[0].contains("at most"));
    assert!(drawers(&[file("mod.rs", "mod b;")])[0].contains("must say"));
}

/// The type of `impl TYPE {`, as a path; none for another line and for an `impl` of a trait.
fn implemented(line: &str) -> Option<Vec<String>> {
    let rest = line.strip_prefix("impl")?;
    let rest = match rest.strip_prefix('<') {
        Some(generic) => generic.split_once('>')?.1,
        None => rest,
    };
    if rest.contains(" for ") {
        return None;
    }
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let path = rest.trim_start().split(|c: char| !word(c)).next()?;
    Some(path.split("::").map(str::to_owned).collect())
}

#[test]
fn the_methods_of_a_type_stand_together() {
    let imports = imports();
    let mut wrong = Vec::new();
    for (room, most) in GATHERED {
        let mut homes: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        for (file, text) in below(room) {
            let file = format!("{room}/{file}");
            for path in production(&text).filter_map(|(_, line)| implemented(line)) {
                // A type without an import is one of this file.
                let home = imports.home(&file, &path).unwrap_or_else(|| file.clone());
                let name = path.last().unwrap().clone();
                homes.entry((name, home)).or_default().insert(file.clone());
            }
        }
        for ((name, home), files) in homes.iter().filter(|(_, files)| files.len() > *most) {
            let files: Vec<_> = files.iter().map(|file| format!("src/{file}")).collect();
            let list = files.join(", ");
            wrong.push(format!(
                "`impl {name}` of src/{home} stands in {} files, at most {most}: {list}",
                files.len()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_reading_of_methods_sees_types_and_passes_traits_over() {
    let type_of = |line| implemented(line).map(|path| path.join("::"));
    assert_eq!(type_of("impl Place<'_> {").as_deref(), Some("Place"));
    assert_eq!(type_of("impl<'a> Place<'a> {").as_deref(), Some("Place"));
    assert_eq!(type_of("impl super::Place {").as_deref(), Some("super::Place"));
    assert_eq!(type_of("impl fmt::Debug for Place {"), None);
    assert_eq!(type_of("    implement(it)"), None);
}

/// The name of the type that a line defines; none for an associated type, which stands inside an `impl` or a trait.
fn defined(line: &str) -> Option<&str> {
    let mut rest = line.trim_start();
    if let Some(public) = rest.strip_prefix("pub") {
        rest = match public.strip_prefix('(') {
            Some(inside) => inside.split_once(')')?.1,
            None => public,
        };
    }
    let (kind, rest) = rest.trim_start().split_once(' ')?;
    let top = !line.starts_with(' ');
    let defines = matches!(kind, "struct" | "enum" | "trait") || (kind == "type" && top);
    let mut words = rest.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.next().filter(|_| defines)
}

#[test]
fn no_type_name_stands_in_two_rooms() {
    let mut homes: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for (file, text) in sources("src") {
        let Some((room, _)) = file.split_once('/').filter(|_| !file.ends_with("tests.rs")) else {
            continue;
        };
        // Tests in a file of their own end nothing: a `mod.rs` continues behind them.
        let text = text.replace("#[cfg(test)]\nmod tests;", "");
        for name in production(&text).filter_map(|(_, line)| defined(line)) {
            let rooms = homes.entry(name.to_owned()).or_default();
            rooms.insert(room.to_owned(), file.clone());
        }
    }
    let wrong: Vec<String> = homes
        .iter()
        .filter(|(_, rooms)| rooms.len() > 1)
        .map(|(name, rooms)| {
            let files: Vec<&str> = rooms.values().map(String::as_str).collect();
            format!("{name} stands in {}: say what each is", files.join(", "))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_reading_of_definitions_sees_types_and_passes_associated_ones_over() {
    assert_eq!(defined("pub(in crate::git) struct Place<'a> {"), Some("Place"));
    assert_eq!(defined("enum Why {"), Some("Why"));
    assert_eq!(defined("type Lines<'t> = Vec<&'t [u8]>;"), Some("Lines"));
    assert_eq!(defined("    type Error = NameError;"), None);
    assert_eq!(defined("    let structure = 1;"), None);
}

#[test]
fn the_core_reaches_for_nothing_outside() {
    const WORLD: &[&str] = &[
        "std::fs",
        "std::env",
        "std::process",
        "std::net",
        "Instant::now",
        "SystemTime",
        "Timestamp::now",
        "git2::",
        "rustix::",
        "tokio::",
    ];
    let mut wrong = Vec::new();
    for (file, text) in sources("src") {
        let core = file
            .split_once('/')
            .is_some_and(|(room, _)| floor(room).is_some_and(|floor| floor <= 2));
        if !core {
            continue;
        }
        for (at, line) in production(&text) {
            for outside in WORLD.iter().filter(|outside| line.contains(**outside)) {
                wrong.push(format!(
                    "src/{file}:{at}: {outside} on a floor that touches nothing"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What takes files, branches or refs away, and the one file in which each may stand.
const BEHIND_THE_GATE: &[(&str, &[&str])] = &[
    ("\"--hard\"", &["git/keep/gate.rs"]),
    // And files that hold nothing but what the commit has, shown file by file.
    ("\"--force\"", &["git/keep/gate.rs", "git/step/half_way.rs"]),
    ("\"clean\", \"-f\"", &["git/keep/gate.rs"]),
    ("\"--abort\"", &["git/keep/gate.rs"]),
    ("\"update-ref\", \"-d\"", &["git/keep/gate.rs"]),
    ("\"worktree\", \"remove\"", &["git/keep/gate.rs"]),
    // And the folder of a hook that has run, which orch has made for it.
    (
        "remove_dir_all",
        // And a node's clone, once the hub has all of it.
        &[
            "git/keep/gate.rs",
            "supervisor/perform/command/hook.rs",
            "supervisor/node/work.rs",
        ],
    ),
    (".delete()", &["git/keep/gate.rs"]),
    ("set_target(", &["git/keep/gate.rs"]),
];

#[test]
fn what_takes_work_away_stands_behind_the_gate() {
    let mut wrong = Vec::new();
    for (file, text) in sources("src") {
        if file.ends_with("tests.rs") {
            continue;
        }
        for (at, line) in production(&text) {
            for (what, homes) in BEHIND_THE_GATE {
                if line.contains(what) && !homes.contains(&file.as_str()) {
                    wrong.push(format!(
                        "src/{file}:{at}: {what} belongs into src/{}, which asks for a proof",
                        homes[0]
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_stay_small() {
    let mut wrong = Vec::new();
    for (file, text) in sources("src") {
        let lines = production(&text).count();
        if lines > CEILING && !file.ends_with("tests.rs") {
            wrong.push(format!(
                "src/{file}: {lines} lines, at most {CEILING}: split it by what it is about"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The name of the function that a line begins.
fn function(line: &str) -> Option<&str> {
    let (before, rest) = line.split_once("fn ")?;
    let modifier = |word: &str| matches!(word, "const" | "async" | "unsafe") || word.starts_with("pub");
    let inside = |word: &str| word == "in" || word.ends_with(')');
    let begins = before
        .split_whitespace()
        .all(|word| modifier(word) || inside(word));
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    (begins && end > 0).then(|| &rest[..end])
}

/// How many parameters a signature has, which begins behind the function's name.
fn parameters(signature: &str) -> usize {
    let signature = signature.replace("->", "");
    let (mut depth, mut within) = (0, false);
    let (mut count, mut written) = (0, false);
    for c in signature.chars() {
        match c {
            '(' if depth == 0 => within = true,
            ',' if depth == 1 && within => (count, written) = (count + usize::from(written), false),
            c => written |= within && !c.is_whitespace() && !(c == ')' && depth == 1),
        }
        match c {
            '(' | '[' | '<' | '{' => depth += 1,
            ')' | ']' | '>' | '}' => depth -= 1,
            _ => {}
        }
        if within && depth == 0 {
            break;
        }
    }
    count + usize::from(written)
}

#[test]
fn functions_stay_small() {
    let mut wrong = Vec::new();
    for (file, text) in sources("src") {
        if file.ends_with("tests.rs") {
            continue;
        }
        let text = text.replace("#[cfg(test)]\nmod tests;", "");
        let lines: Vec<&str> = production(&text).map(|(_, line)| line).collect();
        for (at, line) in lines.iter().enumerate() {
            let Some(name) = function(line) else { continue };
            // rustfmt sets the brace that closes a function below its first word.
            let indent = &line[..line.len() - line.trim_start().len()];
            let signature = lines[at..].join("\n");
            let (_, signature) = signature.split_once(name).unwrap();
            let count = parameters(signature);
            let brace = format!("{indent}}}");
            let head = lines[at..]
                .iter()
                .find(|line| line.trim_end().ends_with(['{', '}', ';']));
            let body = lines[at..].iter().position(|line| line.trim_end() == brace);
            let body = body.filter(|_| head.is_some_and(|line| line.trim_end().ends_with('{')));
            let length = body.map_or(1, |end| end + 1);
            if length > LONGEST {
                wrong.push(format!(
                    "src/{file}:{}: `{name}` has {length} lines, at most {LONGEST}",
                    at + 1
                ));
            }
            if count > PARAMETERS {
                wrong.push(format!(
                    "src/{file}:{}: `{name}` has {count} parameters, at most {PARAMETERS}",
                    at + 1
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_reading_of_functions_counts_parameters() {
    assert_eq!(function("    pub(in crate::git) fn take(x: u8) {"), Some("take"));
    assert_eq!(function("const fn most<'a>(x: &'a u8) {"), Some("most"));
    assert_eq!(function("    let f: fn (u8) = g;"), None);
    assert_eq!(parameters("() {"), 0);
    assert_eq!(parameters("<'a, T: Fn(u8, u8) -> u8>(x: &'a T) -> (u8, u8) {"), 1);
    assert_eq!(
        parameters("(&self, (a, b): (u8, u8), c: &dyn Fn(u8, u8) -> u8) {"),
        3
    );
    assert_eq!(parameters("(\n    a: BTreeMap<u8, u8>,\n    b: u8,\n) {"), 2);
}

/// The rooms in which a new variant of a core enum must be answered wherever such an enum is matched.
const CORE: &[&str] = &["plan", "graph", "schedule"];

/// How many `_ =>` arms over the core's own enums there are. It only goes down: such an arm answers for variants that nobody
/// had thought of.
const WILDCARDS: usize = 28;

#[test]
fn few_arms_answer_for_variants_to_come() {
    let own: BTreeSet<String> = CORE
        .iter()
        .flat_map(|room| sources(&format!("src/{room}")))
        .flat_map(|(_, text)| {
            let names = production(&text).filter_map(|(_, line)| line.trim_start().split_once("enum "));
            let names = names.map(|(_, rest)| rest.split(|c: char| !c.is_alphanumeric()).next().unwrap());
            names.map(|name| format!("{name}::")).collect::<Vec<_>>()
        })
        .collect();
    let mut found = Vec::new();
    for room in CORE {
        for (file, text) in sources(&format!("src/{room}")) {
            let lines: Vec<&str> = production(&text).map(|(_, line)| line).collect();
            let depth = |line: &str| line.len() - line.trim_start().len();
            for (at, line) in lines.iter().enumerate() {
                if !line.trim_start().starts_with("_ =>") {
                    continue;
                }
                let match_of = lines[..at]
                    .iter()
                    .rev()
                    .take_while(|other| other.trim().is_empty() || depth(other) >= depth(line));
                let mut arms = match_of.filter(|other| depth(other) == depth(line));
                let words = |arm: &str| -> Vec<String> {
                    arm.split_inclusive("::")
                        .map(|part| {
                            part.rsplit(|c: char| !c.is_alphanumeric() && c != ':')
                                .next()
                                .unwrap()
                                .to_owned()
                        })
                        .collect()
                };
                if arms.any(|arm| words(arm).iter().any(|word| own.contains(word))) {
                    found.push(format!("src/{room}/{file}:{}", at + 1));
                }
            }
        }
    }
    assert_eq!(found.len(), WILDCARDS, "{}", found.join("\n"));
}

/// How many sentences the graph and the scheduler still form. The number only goes down: a reason is a value there, and `src/words` has
/// the words for it.
const SENTENCES: usize = 2;

/// Folders and files of the core that may hold sentences: pictures of the graph, and the list of events for the documentation.
const MAY_SPEAK: &[&str] = &["graph/draw/", "schedule/event/names.rs"];

/// True when a line holds a text of several words that people could read. Messages of panics are for whoever repairs the program.
fn speaks(line: &str) -> bool {
    const FOR_PROGRAMMERS: &[&str] = &["expect(", "panic!(", "assert", "unreachable!(", "reason = "];
    let texts = line.split('"').skip(1).step_by(2);
    let several = |text: &str| {
        let words = text.split_whitespace();
        let words = words.filter(|word| word.len() > 1 && word.chars().all(|c| c.is_ascii_alphabetic()));
        words.count() > 1
    };
    !FOR_PROGRAMMERS.iter().any(|call| line.contains(call)) && texts.into_iter().any(several)
}

#[test]
fn the_core_forms_no_new_sentences() {
    let mut found = Vec::new();
    for room in ["graph", "schedule"] {
        for (file, text) in below(room) {
            let file = format!("{room}/{file}");
            if MAY_SPEAK.iter().any(|place| file.starts_with(place)) {
                continue;
            }
            let spoken = production(&text).filter(|(_, line)| speaks(line));
            found.extend(spoken.map(|(at, _)| format!("src/{file}:{at}")));
        }
    }
    let list = found.join("\n");
    assert_eq!(
        found.len(),
        SENTENCES,
        "make each reason a value, with its words in src/words:\n{list}"
    );
}

#[test]
fn a_sentence_is_several_words_in_quotes() {
    assert!(speaks(r#"let why = format!("{plan} was cancelled by {who}");"#));
    assert!(speaks(r#"    "its verification failed","#));
    assert!(!speaks(r#"Self::Pause => "pause","#));
    assert!(!speaks(r#"#[serde(rename = "agent.started")]"#));
    assert!(!speaks(r#".expect("a plan has a number")"#));
}

#[test]
fn everything_is_imported_by_name() {
    let mut wrong = Vec::new();
    for (file, text) in sources("src") {
        if file.ends_with("tests.rs") {
            continue;
        }
        for (at, _) in production(&text).filter(|(_, line)| line.contains("use super::*")) {
            wrong.push(format!("src/{file}:{at}: name what is used"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The module that a file of `tests/it` is, and the file that must name the module.
fn module_and_parent(file: &str) -> Option<(&str, String)> {
    let path = file.strip_suffix("/mod.rs").or(file.strip_suffix(".rs"))?;
    match path.rsplit_once('/') {
        Some((folder, name)) => Some((name, format!("{folder}/mod.rs"))),
        None if path == "main" => None,
        None => Some((path, "main.rs".to_owned())),
    }
}

#[test]
fn no_integration_test_is_forgotten() {
    let files: BTreeMap<String, String> = sources("tests/it").into_iter().collect();
    let mut wrong = Vec::new();
    for (name, parent) in files.keys().filter_map(|file| module_and_parent(file)) {
        let line = format!("mod {name};");
        let named = files.get(&parent).is_some_and(|text| {
            let mut lines = text.lines();
            lines.any(|found| found.strip_prefix("pub ").unwrap_or(found) == line)
        });
        if !named {
            wrong.push(format!("tests/it/{parent} lacks `{line}`"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_folder_of_tests_is_named_by_the_one_above() {
    let named = |file| module_and_parent(file).map(|(name, parent)| (name.to_owned(), parent));
    assert_eq!(named("main.rs"), None);
    assert_eq!(named("git/mod.rs"), Some(("git".into(), "main.rs".into())));
    assert_eq!(named("git/hub.rs"), Some(("hub".into(), "git/mod.rs".into())));
}

#[test]
fn every_dependency_is_used() {
    let manifest: toml::Table = fs::read_to_string(root().join("Cargo.toml"))
        .unwrap()
        .parse()
        .unwrap();
    let below = |places: &[&str]| -> String {
        let files = places.iter().flat_map(|place| sources(place));
        files
            .flat_map(|(_, text)| {
                // A comment uses nothing.
                let lines = text.lines().map(str::trim_start);
                let code: Vec<String> = lines
                    .filter(|line| !line.starts_with("//"))
                    .map(str::to_owned)
                    .collect();
                code
            })
            .collect::<Vec<_>>()
            .join("\n")
    };
    for (table, places) in [
        ("dependencies", &["src"][..]),
        ("dev-dependencies", &["src", "tests", "benches"][..]),
    ] {
        let code = below(places);
        for name in manifest[table].as_table().unwrap().keys() {
            let krate = name.replace('-', "_");
            let uses = [
                format!("{krate}::"),
                format!("use {krate};"),
                format!("{krate} as"),
            ];
            assert!(
                uses.iter().any(|used| code.contains(used.as_str())),
                "nothing uses `{name}` of [{table}]: take it out of Cargo.toml"
            );
        }
    }
}

#[test]
fn the_reading_of_imports_sees_lists_and_paths() {
    assert_eq!(named("use crate::plan::PlanName;"), ["plan"]);
    assert_eq!(named("use crate::{git, plan::X};"), ["git", "plan"]);
    assert_eq!(
        named("let x = crate::agent::run(crate::git::y());"),
        ["agent", "git"]
    );
    assert!(named("use super::plan;").is_empty());
}

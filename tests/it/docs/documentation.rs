//! The pages in `docs/` name every key, state and event that there is.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use orch::plan::manifest::manifest_schema;
use orch::plan::{PlanState, TaskState};
use orch::schedule::{Claim, EVENT_NAMES};
use orch::top::model::KEYS;

fn page(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The text below a heading, up to the next one of any level.
#[track_caller]
fn section<'t>(page: &'t str, heading: &str) -> &'t str {
    let start = format!("\n## {heading}\n");
    let at = page
        .find(&start)
        .unwrap_or_else(|| panic!("no section {heading}"));
    let rest = &page[at + start.len()..];
    rest.split("\n## ").next().unwrap()
}

/// The words in backticks in the first column of a section's table, without brackets and placeholders.
fn first_column(section: &str) -> BTreeSet<String> {
    section
        .lines()
        .filter_map(|line| line.strip_prefix("| "))
        .filter_map(|line| line.split(" | ").next())
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .map(|word| match word.strip_prefix('[') {
            Some(table) => {
                let inner = table.trim_end_matches(']');
                let named = inner.strip_prefix("plans.NAME.").unwrap_or(inner);
                named.split('.').next().unwrap_or_default().to_owned()
            }
            None => word.to_owned(),
        })
        .collect()
}

fn keys(pointer: &str) -> BTreeSet<String> {
    let schema = manifest_schema();
    let table = schema.pointer(pointer).and_then(|table| table.as_object());
    table.unwrap().keys().cloned().collect()
}

/// The name of a variant as the documentation writes it: `plan finished` for `PlanFinished`.
fn in_words(variant: impl std::fmt::Debug) -> String {
    let mut words = String::new();
    for letter in format!("{variant:?}").chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

#[test]
fn the_table_of_evidence_is_what_the_core_demands() {
    let page = page("docs/completion.md");
    let rows = |first: &str| -> Vec<(String, String)> {
        let lines = page.lines().skip_while(|line| !line.starts_with(first)).skip(2);
        let rows = lines.take_while(|line| line.starts_with('|'));
        let cells = rows.map(|row| {
            row.trim_matches('|')
                .split('|')
                .map(str::trim)
                .collect::<Vec<_>>()
        });
        cells
            .map(|cells| (cells[0].to_owned(), cells[1].to_owned()))
            .collect()
    };
    let written = rows("| claim |");
    let demanded = Claim::ALL.iter().map(|claim| {
        let needs: Vec<String> = claim.needs().iter().map(in_words).collect();
        (in_words(claim), needs.join(", "))
    });
    assert_eq!(written, demanded.collect::<Vec<_>>());
    let explained: BTreeSet<String> = rows("| evidence |").into_iter().map(|(name, _)| name).collect();
    let used = Claim::ALL.iter().flat_map(|claim| claim.needs());
    assert_eq!(explained, used.map(in_words).collect());
}

#[test]
fn the_keys_of_the_full_screen_are_documented_as_it_explains_them() {
    let page = page("docs/top.md");
    let written = page.lines().filter(|line| line.starts_with("| `"));
    let known = KEYS
        .iter()
        .map(|key| format!("| `{}` | {} |", key.keys, key.does));
    assert_eq!(written.collect::<Vec<_>>(), known.collect::<Vec<_>>());
}

#[test]
fn every_key_of_the_manifest_is_documented_and_no_other() {
    let page = page("docs/manifest.md");
    for (heading, pointer) in [
        ("Top", "/properties"),
        ("[run]", "/$defs/RawRun/properties"),
        ("[agents.NAME]", "/$defs/RawAgent/properties"),
        ("[executors.NAME]", "/$defs/RawExecutor/properties"),
        ("[merge]", "/$defs/RawMerge/properties"),
        ("[escalate]", "/$defs/RawEscalate/properties"),
        ("[sync.NAME]", "/$defs/RawSync/properties"),
        ("regenerate", "/$defs/RawRegenerate/properties"),
        ("[plans.NAME]", "/$defs/RawPlan/properties"),
        ("[plans.NAME.phases.N]", "/$defs/RawPhase/properties"),
    ] {
        assert_eq!(
            first_column(section(&page, heading)),
            keys(pointer),
            "section {heading}"
        );
    }
    for hook in keys("/$defs/RawHooks/properties") {
        assert!(section(&page, "[hooks]").contains(&format!("`{hook}`")), "{hook}");
    }
}

#[test]
fn every_state_is_documented_and_no_other() {
    let page = page("docs/states.md");
    let plans: BTreeSet<String> = PlanState::ALL.iter().map(ToString::to_string).collect();
    let tasks: BTreeSet<String> = TaskState::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(first_column(section(&page, "Plans")), plans);
    assert_eq!(first_column(section(&page, "Phases and tasks")), tasks);
}

#[test]
fn every_event_is_documented_and_no_other() {
    let sources = [
        "fact.rs",
        "resolving.rs",
        "person/review.rs",
        "person/person_fact.rs",
    ];
    let sources = sources.map(|file| page(&format!("src/schedule/event/{file}")));
    let source = sources.concat();
    let names: BTreeSet<String> = source
        .split("#[serde(rename = \"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .map(str::to_owned)
        .collect();
    assert_eq!(first_column(section(&page("docs/states.md"), "Events")), names);
    let told: BTreeSet<String> = EVENT_NAMES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(
        told, names,
        "src/schedule/event/names.rs, for `orch schema events`"
    );
}

#[test]
fn the_walks_name_files_functions_and_types_that_there_are() {
    let page = page("docs/architecture.md");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = String::new();
    let mut folders = vec![source.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => all += &fs::read_to_string(path).unwrap(),
            }
        }
    }
    for walk in section(&page, "Two walks").split("\n\n1. ").skip(1) {
        let mut files: Vec<&str> = Vec::new();
        let mut texts = Vec::new();
        for line in walk.lines() {
            let (files_of, forms) = line.split_once("`: ").unwrap_or((line, ""));
            for word in files_of.split('`').filter(|word| !word.trim().is_empty()) {
                if word.ends_with(".rs") {
                    let text = fs::read_to_string(source.join(word));
                    texts.push(text.unwrap_or_else(|_| panic!("no file src/{word}")));
                    files.push(word);
                } else if word.chars().all(|c| c.is_lowercase() || c == '_') {
                    let function = format!("fn {word}(");
                    let last = texts.last().is_some_and(|text| text.contains(&function));
                    assert!(last, "no {function}) in {:?}: {line}", files.last());
                }
            }
            for word in forms.split('`').skip(1).step_by(2) {
                let (name, variant) = word.split_once("::").unwrap_or((word, ""));
                let kinds = ["struct", "enum", "type"].map(|kind| format!("{kind} {name}"));
                let known = name.starts_with('.') || name.ends_with(".json");
                assert!(
                    known || kinds.iter().any(|kind| all.contains(kind)),
                    "no {name}: {line}"
                );
                assert!(all.contains(variant), "no {word}: {line}");
            }
        }
        files.sort_unstable();
        files.dedup();
        assert!(!files.is_empty() && files.len() <= 42, "{} files", files.len());
    }
}

#[test]
fn links_between_the_pages_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["docs", "docs/agents", "docs/recipes"];
    let mut pages: Vec<_> = folders
        .iter()
        .flat_map(|folder| fs::read_dir(root.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    pages.push(root.join("README.md"));
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
            .filter(|link| !link.contains("://"))
        {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = page.parent().unwrap().join(file);
            assert!(target.exists(), "{}: {link}", page.display());
            // A heading's anchor is its words in lower case, joined by dashes, without punctuation.
            let found = heading.is_empty()
                || fs::read_to_string(&target).unwrap().lines().any(|line| {
                    let words = line.trim_start_matches('#').trim().to_lowercase();
                    let words = words.replace(|c: char| !c.is_alphanumeric() && !" -_".contains(c), "");
                    line.starts_with('#') && words.replace(' ', "-") == heading
                });
            assert!(found, "{}: {link}", page.display());
        }
    }
}

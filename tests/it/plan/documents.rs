//! The document reader on real and on large documents.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use orch::plan::markdown::read_document;
use orch::plan::{Document, Task};

/// What a document's tasks are expected to be: id, dependencies, sequential group.
type Expected = Vec<(String, Vec<String>, Option<String>)>;

/// Set to a folder of Markdown documents with an `expected.json`, to read all of them.
const CORPUS: &str = "ORCH_CORPUS";

fn expected(folder: &Path) -> BTreeMap<String, Expected> {
    let text = std::fs::read_to_string(folder.join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The tasks as one list. Where sub-tasks are expected by name they stand for their task, which is then a heading.
/// Numbered boxes of a VERIFY block are expected in their place behind the tasks of the phase; they are read as its
/// checks, and what names them otherwise means the tasks alone.
fn found(document: &Document, expected: &Expected) -> Expected {
    let mut list = Vec::new();
    for phase in &document.phases {
        list.extend(tasks(&phase.tasks, expected));
        let checks = phase.verify.iter().flat_map(|block| &block.numbered);
        list.extend(checks.map(|check| (check.id.to_string(), Vec::new(), None)));
    }
    list
}

fn tasks(tasks: &[Task], expected: &Expected) -> Expected {
    let text = |value: &dyn ToString| value.to_string();
    let mut list = Vec::new();
    for task in tasks {
        let depends = task.depends.iter().flatten().map(|id| text(id)).collect();
        let subs: Vec<String> = task.subtasks.iter().map(|sub| text(&sub.id)).collect();
        let by_part = subs.iter().any(|sub| expected.iter().any(|(id, ..)| id == sub));
        if by_part {
            list.extend(subs.into_iter().map(|sub| (sub, Vec::new(), None)));
        } else {
            list.push((text(&task.id), depends, task.sequential.clone()));
        }
    }
    list
}

#[test]
fn real_documents_are_read_as_their_authors_meant_them() {
    let Some(folder) = std::env::var_os(CORPUS) else {
        println!("skipped: {CORPUS} is not set");
        return;
    };
    let folder = Path::new(&folder);
    let mut wrong = String::new();
    for (name, expected) in expected(folder) {
        let text = std::fs::read_to_string(folder.join(format!("{name}.md"))).unwrap();
        let (document, faults) = read_document(&text);
        if !faults.is_empty() {
            writeln!(wrong, "{name}: faults {faults:#?}").unwrap();
        }
        let found = found(&document, &expected);
        for (position, pair) in found.iter().zip(&expected).enumerate() {
            if pair.0 != pair.1 {
                writeln!(
                    wrong,
                    "{name}: task {position}: found {:?}, expected {:?}",
                    pair.0, pair.1
                )
                .unwrap();
                break;
            }
        }
        if found.len() != expected.len() {
            writeln!(
                wrong,
                "{name}: found {}, expected {}",
                found.len(),
                expected.len()
            )
            .unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_document_of_the_folder_has_work_or_says_why_not() {
    let Some(folder) = std::env::var_os(CORPUS) else {
        println!("skipped: {CORPUS} is not set");
        return;
    };
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_plan = path.extension().is_some_and(|ext| ext == "md") && !path.ends_with("README.md");
        if is_plan {
            let (document, faults) = read_document(&std::fs::read_to_string(&path).unwrap());
            assert!(document.tasks().count() > 0, "{}: no task", path.display());
            assert_eq!(faults, [], "{}", path.display());
            for phase in &document.phases {
                assert!(
                    !phase.tasks.is_empty(),
                    "{}: phase {} is empty",
                    path.display(),
                    phase.id
                );
            }
        }
    }
}

/// A document of about this many bytes, with every construct that is looked for.
fn generated(bytes: usize) -> String {
    let mut text = "# Implementation Plan: Large\n\n".to_owned();
    let mut phase = 0;
    while text.len() < bytes {
        phase += 1;
        writeln!(
            text,
            "## Phase {phase}: Part (pipeline-start: when {phase}.1 completes)\n"
        )
        .unwrap();
        writeln!(
            text,
            "**Objective:** part {phase}\n\n**Execution Note:** Tasks {phase}.2-{phase}.4 are [SEQUENTIAL]\n"
        )
        .unwrap();
        for task in 1..40 {
            writeln!(
                text,
                "- [ ] {phase}.{task} Create `src/p{phase}/t{task}.rs` (depends: none)"
            )
            .unwrap();
            writeln!(
                text,
                "  - details of it in src/lib.rs\n  - [ ] {phase}.{task}.1 a part\n  - [x] another part"
            )
            .unwrap();
        }
        writeln!(
            text,
            "\n**VERIFY Phase {phase}:** (non-blocking)\n- [ ] it works\n\n---\n"
        )
        .unwrap();
    }
    text
}

#[test]
fn ten_megabytes_are_read_in_time_proportional_to_their_size() {
    let time = |text: &str| {
        let start = Instant::now();
        let (document, faults) = read_document(text);
        assert_eq!(faults, []);
        assert!(document.tasks().count() > 1000);
        start.elapsed()
    };
    let small = time(&generated(1_000_000)).max(Duration::from_millis(20));
    let large = time(&generated(10_000_000));
    println!("1 MB {small:?}, 10 MB {large:?}");
    assert!(large < small * 40, "1 MB takes {small:?}, 10 MB {large:?}");
}

#[test]
fn hostile_shapes_do_not_take_long() {
    let shapes = [
        "- ".repeat(200_000),
        "- [ ] 1.1 (depends: ".repeat(50_000),
        "(depends:".repeat(100_000),
        format!("## Phase 1: x\n\n- [ ] 1.1 {}", "(depends: 1.1".repeat(50_000)),
        format!("## Phase 1: x\n\n- [ ] 1.1 {}", "[SEQUENTIAL]".repeat(50_000)),
        format!("## Phase 1: x\n\n{}", "- [ ] x\n".repeat(100_000)),
        format!(
            "**Execution Note:** {}",
            "Tasks 1.1 are [SEQUENTIAL] ".repeat(50_000)
        ),
        "`".repeat(100_000),
    ];
    for shape in &shapes {
        let start = Instant::now();
        let _ = read_document(shape);
        let time = start.elapsed();
        let head: String = shape.chars().take(40).collect();
        println!("{head:?}: {time:?}");
        assert!(time < Duration::from_secs(20), "{head:?} takes {time:?}");
    }
}

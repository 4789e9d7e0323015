//! Documents as people write them.

use proptest::prelude::*;

use super::*;
use crate::plan::{Document, PhaseId, PipelineStart, Priority, Task, TaskId};

fn read(text: &str) -> Document {
    let (document, diagnostics) = read_document(text);
    assert_eq!(diagnostics, [], "{text}");
    document
}

/// The diagnostics as `line: message`.
fn diagnostics(text: &str) -> Vec<String> {
    let (_, mut diagnostics) = read_document(text);
    diagnostics.sort();
    diagnostics
        .iter()
        .map(|diagnostic| format!("{}: {}", diagnostic.line, diagnostic.message))
        .collect()
}

fn ids(document: &Document) -> Vec<String> {
    document.tasks().map(|task| task.id.to_string()).collect()
}

fn subs(task: &Task) -> Vec<String> {
    task.subtasks.iter().map(|sub| sub.id.to_string()).collect()
}

const ALL: &str = r"---
dependencies:
  - plan: base
    status: completed
---
# Implementation Plan: Shop

## Overview

- **Goal:** Sell things.
- **Priority:** P0 (first of all)

## Dependencies

### Upstream
- **auth.md** - logins
- Plain prose

### Downstream
- **later.md** - not upstream

## Phase 0: Ground

**Objective:** Lay the ground
for all of it.

- [x] 0.1 Create `src/ground.rs`
  - with care
    - deep

      code stays
- [ ] 0.2 **Bold** text (depends: none)

**VERIFY Phase 0:**
- [ ] it stands
- plain check

## Phase 2: Walls [PARALLEL] (pipeline-start: 60% of Phase 0)

**Execution Note:** Tasks 2.1–2.3 are [SEQUENTIAL] - same file

- [ ] 2.1 One (depends: 0.1, auth.phase2)
  - [ ] 2.1.3 written
  - [x] by place
  - [ ] 2.1.A lettered
    - [ ] below it
- [ ] 2.2 Two
- [ ] 2.3 Three

```
- [ ] 2.9 not a task
## Phase 9: not a phase
```

**VERIFY Phase 2:** (non-blocking)
- [ ] walls stand

## Phase 3 — Roof [PARALLEL] (depends: auth.1@landed)

### 3.1 Beams

- [ ] cut
- [ ] lift

### 3.2 Prose only

## Phase 4: Loose

- [ ] first
  - [ ] part
- [x] second [SEQUENTIAL]

## Success Criteria

- [ ] not a task
";

#[test]
fn the_whole_language_is_read() {
    let document = read(ALL);
    assert_eq!(document.title, "Shop");
    assert_eq!(document.goal.as_deref(), Some("Sell things."));
    assert_eq!(document.priority, Some(Priority::HIGH));
    let upstream: Vec<_> = document
        .upstream
        .iter()
        .map(|up| (up.name.as_str(), up.line))
        .collect();
    assert_eq!(upstream, [("base", 3), ("auth", 16)]);
    assert_eq!(
        ids(&document),
        ["0.1", "0.2", "2.1", "2.2", "2.3", "3.1", "4.1", "4.2"]
    );
    assert_eq!(document.text, ALL);

    let [ground, walls, roof, loose] = document.phases.as_slice() else {
        panic!()
    };
    assert_eq!(ground.objective.as_deref(), Some("Lay the ground for all of it."));
    assert_eq!(ground.tasks[0].details, "- with care\n  - deep\n\n    code stays");
    assert_eq!(ground.tasks[0].files, ["src/ground.rs"]);
    assert!(ground.tasks[0].ticked && !ground.tasks[1].ticked);
    assert_eq!(ground.tasks[1].title, "**Bold** text");
    assert_eq!(ground.tasks[1].depends, Some(vec![]));
    let verify = ground.verify.as_ref().unwrap();
    assert_eq!(
        (verify.checks.as_slice(), verify.background),
        (&["it stands".to_owned(), "plain check".to_owned()][..], false)
    );

    assert_eq!(walls.title, "Walls");
    let share = PipelineStart::Share {
        of: PhaseId(0),
        percent: 60,
    };
    assert_eq!(walls.pipeline_start, Some(share));
    assert_eq!(
        (walls.parallel_with.as_slice(), roof.parallel_with.as_slice()),
        (&[PhaseId(3)][..], &[PhaseId(2)][..])
    );
    let one = &walls.tasks[0];
    assert_eq!(one.title, "One");
    assert_eq!(one.depends, Some(vec![TaskId::new(0, 1)]));
    assert_eq!(one.cross, ["auth.2".parse().unwrap()]);
    assert_eq!(subs(one), ["2.1.3", "2.1.1", "2.1.A", "2.1.A.1"]);
    assert!(
        walls
            .tasks
            .iter()
            .all(|task| task.sequential.as_deref() == Some("2.1-2.3"))
    );
    assert!(walls.verify.as_ref().unwrap().background);

    assert_eq!(
        (roof.title.as_str(), roof.depends[0].to_string()),
        ("Roof", "auth.1@landed".to_owned())
    );
    assert_eq!(
        (roof.tasks[0].title.as_str(), subs(&roof.tasks[0])),
        ("Beams", vec!["3.1.1".to_owned(), "3.1.2".to_owned()])
    );
    assert_eq!(subs(&loose.tasks[0]), ["4.1.1"]);
    assert_eq!(
        (loose.tasks[1].title.as_str(), loose.tasks[1].ticked),
        ("second", true)
    );
    assert_eq!(loose.tasks[1].sequential, None, "a group of one is none");
}

#[test]
fn neighbours_marked_sequential_form_a_group() {
    let document = read(
        "## Phase 1: x\n- [ ] 1.1 a [SEQUENTIAL]\n- [ ] 1.2 [SEQUENTIAL] b\n- [ ] 1.3 c\n- [ ] 1.4 `[SEQUENTIAL]`\n- [ ] 1.5 d [SEQUENTIAL]\n",
    );
    let groups: Vec<_> = document.tasks().map(|task| task.sequential.as_deref()).collect();
    assert_eq!(groups, [Some("1.1-1.2"), Some("1.1-1.2"), None, None, None]);
    assert_eq!(document.phases[0].tasks[1].title, "b");
}

#[test]
fn a_phase_that_depends_on_nothing_frees_the_tasks_that_name_nothing() {
    let document = read(
        "## Phase 1: a (depends: none)\n- [ ] 1.1 x\n\n## Phase 2: b (depends: none)\n- [ ] 2.1 y\n- [ ] 2.2 z (depends: 2.1)\n",
    );
    let depends: Vec<_> = document.tasks().map(|task| task.depends.clone()).collect();
    assert_eq!(depends, [None, Some(vec![]), Some(vec![TaskId::new(2, 1)])]);
}

#[test]
fn phases_are_parallel_by_note_and_by_heading() {
    let text = "## Phase 1: a\n- [ ] x\n## Phase 2: b\n- [ ] x\n## Phase 3: c (parallel-with: Phase 2)\n- [ ] x\n## Phase 4: d\n**Execution Note:** Phases 1, 3-4 are [PARALLEL] - why\n\n**pipeline-start:** when 1.1 completes\n\n- [ ] x\n";
    let document = read(text);
    let beside: Vec<Vec<u32>> = document
        .phases
        .iter()
        .map(|phase| phase.parallel_with.iter().map(|id| id.0).collect())
        .collect();
    assert_eq!(beside, [vec![3, 4], vec![3], vec![1, 2, 4], vec![1, 3]]);
    assert_eq!(
        document.phases[3].pipeline_start,
        Some(PipelineStart::Task(TaskId::new(1, 1)))
    );
}

#[test]
fn numbered_boxes_of_a_verify_block_belong_to_it_and_a_label_below_an_item_ends_that() {
    let document = read(
        "## Phase 1: x\n\n- [ ] 1.1 a\n**VERIFY Phase 1:**\n- [ ] 1.2 Verify it\n- [ ] Task 1.1 did its work\n- [ ] **VERIFY 1**: in one line\n",
    );
    assert_eq!(ids(&document), ["1.1"]);
    assert_eq!(document.phases[0].tasks[0].details, "");
    let block = document.phases[0].verify.as_ref().unwrap();
    assert_eq!(
        block.checks.as_slice(),
        ["1.2 Verify it", "Task 1.1 did its work", "in one line"]
    );
    let numbered = block
        .numbered
        .iter()
        .map(|check| format!("{} {}", check.id, check.title));
    assert_eq!(numbered.collect::<Vec<_>>(), ["1.2 Verify it"]);
}

#[test]
fn checks_with_numbers_are_no_tasks_whatever_names_them() {
    let text = "# P\n\n## Phase 1: Core\n\n**Execution Note:** Tasks 1.1-1.4 are [SEQUENTIAL] - order\n\n\
                - [ ] 1.1 a\n- [ ] 1.2 b\n\n**VERIFY Phase 1:** (background: true)\n- [ ] 1.3 Type check\n  - [x] 1.4 Unit tests\n\
                - [ ] 1.1 was done\n- [ ] 2.1 can begin\n\n## Phase 2: Next\n\n- [ ] 2.1 c (depends: 1.1-1.3)\n";
    let document = read(text);
    assert_eq!(ids(&document), ["1.1", "1.2", "2.1"]);
    let on: Vec<String> = document.phases[1].tasks[0]
        .depends
        .iter()
        .flatten()
        .map(TaskId::to_string)
        .collect();
    assert_eq!(on, ["1.1", "1.2"]);
    let block = document.phases[0].verify.as_ref().unwrap();
    assert!(block.background);
    assert_eq!(
        block.checks,
        [
            "1.3 Type check",
            "1.4 Unit tests",
            "1.1 was done",
            "2.1 can begin"
        ]
    );
    let numbered = block
        .numbered
        .iter()
        .map(|check| (check.id.to_string(), check.ticked));
    assert_eq!(
        numbered.collect::<Vec<_>>(),
        [("1.3".to_owned(), false), ("1.4".to_owned(), true)]
    );
    let (_, diagnostics) = read_document(&text.replace("1.1-1.3)", "1.3)"));
    assert_eq!(diagnostics.len(), 1, "{diagnostics:?}");
    assert_eq!(
        diagnostics[0].message,
        "task 2.1 depends on 1.3, which is a check of VERIFY phase 1"
    );
}

#[test]
fn parts_without_a_task_of_their_own_make_one() {
    let document = read("## Phase 1: Start\n- [ ] 1.1.1 a\n- [ ] 1.1.2 b\n- [ ] 1.2.1 c\n");
    assert_eq!(ids(&document), ["1.1", "1.2"]);
    assert_eq!(subs(&document.phases[0].tasks[0]), ["1.1.1", "1.1.2"]);
    let headed = read(
        "## Phase 1: S\n### 1.1 Look\n**Tasks:**\n- 1.1.1 here\n- 1.1.2 there\n\n**VERIFY 1.1:**\n- [x] seen\n",
    );
    assert_eq!(subs(&headed.phases[0].tasks[0]), ["1.1.1", "1.1.2"]);
    assert_eq!(headed.phases[0].verify.as_ref().unwrap().checks, ["seen"]);
}

#[test]
fn ranges_and_phases_in_depends_are_their_tasks() {
    let document = read(
        "## Phase 1: x\n- [ ] 1.1 a\n- [ ] 1.2 b\n- [ ] 1.3 c\n## Phase 2: y\n- [ ] 2.1 d (depends: 1.1-1.2)\n- [ ] 2.2 e (depends: Phase 1, 2.1, 1.1)\n",
    );
    let text: Vec<String> = document.phases[1]
        .tasks
        .iter()
        .map(|task| {
            let ids: Vec<String> = task.depends.iter().flatten().map(TaskId::to_string).collect();
            ids.join(" ")
        })
        .collect();
    assert_eq!(text, ["1.1 1.2", "1.1 1.2 1.3 2.1"]);
}

#[test]
fn waiting_for_another_plan_does_not_free_from_the_own_order() {
    let document = read("## Phase 1: x\n- [ ] 1.1 a (depends: auth)\n");
    let task = document.tasks().next().unwrap();
    assert_eq!((task.depends.as_ref(), task.cross.len()), (None, 1));
}

#[test]
fn what_breaks_a_rule_is_named_with_its_line() {
    let cases: [(&str, &[&str]); 14] = [
        (
            "### 1.1 a\n### 1.2 b\n### 1.1 c",
            &["4: task 1.1 appears a second time: the first is on line 2"],
        ),
        (
            "### 1.1 a\n- [ ] 1.1 b\n- [ ] c",
            &["3: task 1.1 appears a second time: the first is on line 2"],
        ),
        (
            "- [ ] 1.1 a\n- [ ] 1.1 b",
            &["3: task 1.1 appears a second time: the first is on line 2"],
        ),
        ("- [ ] 1.1 a (depends: 1.1)", &["2: task 1.1 depends on itself"]),
        (
            "- [ ] 1.1 a (depends: 1.2)",
            &["2: task 1.1 depends on 1.2, which does not exist"],
        ),
        (
            "- [ ] 1.1 a (depends: 1.2)\n- [ ] 1.2 b (depends: 1.1)",
            &["2: dependency cycle: 1.1 → 1.2 → 1.1"],
        ),
        (
            "- [ ] 1.1 a (depends: 1.2)\n- [ ] 1.2 b\n\n**Execution Note:** Tasks 1.1-1.2 are [SEQUENTIAL]",
            &["2: dependency cycle: 1.1 → 1.2 → 1.1"],
        ),
        (
            "- [ ] 1.1 a (depends: Weather)",
            &["2: `Weather` in `depends` is neither a task nor a reference to another plan"],
        ),
        ("- [ ] 1.1 a (depends: 1.1", &["2: `(depends:` is not closed"]),
        ("- [ ] 2.1 a", &["2: task 2.1 is in phase 1"]),
        (
            "- [ ] 1.1 a\n  - [ ] 1.1.1 b\n  - [ ] 1.1.1 c",
            &["4: sub-task 1.1.1 appears a second time"],
        ),
        (
            "- [ ] 1.1 a\n## Phase 1: y",
            &["3: phase 1 appears a second time: the first is on line 1"],
        ),
        (
            "- [ ] 1.1 a\n## Phase 2: y (pipeline-start: soon)\n- [ ] b",
            &["3: `soon` is not a pipeline start"],
        ),
        (
            "- [ ] 1.1 a\n\n**Execution Note:** Tasks 1.1-1.9 are [SEQUENTIAL]; Phases 1-4 are [PARALLEL]",
            &[
                "4: the note names phase 4, which does not exist",
                "4: the note names task 1.9, which does not exist",
            ],
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(
            diagnostics(&format!("## Phase 1: x\n{body}\n")),
            expected,
            "{body}"
        );
    }
}

#[test]
fn odd_prose_is_no_fault() {
    for text in [
        "",
        "no heading at all\n- [ ] 1.1 x",
        "# Title only",
        "## Phase 1: x\n> - [ ] 2.1 quoted\n\n<!-- - [ ] 3.1 hidden -->\n",
        "## Phase 1: x\r\n\r\n- [ ] 1.1 windows\r\n- [ ] 1.2 breaks\r\n",
        "## Phase two: x\n- [ ] a",
    ] {
        let _ = read(text);
    }
    let windows = read("## Phase 1: x\r\n\r\n- [ ] 1.1 one\r\n- [ ] 1.2 two\r\n");
    assert_eq!(
        (
            windows.phases[0].title.as_str(),
            windows.phases[0].tasks[1].title.as_str()
        ),
        ("x", "two")
    );
}

proptest! {
    #[test]
    fn reading_is_total_on_any_text(text in "\\PC*|(?s).{0,200}") {
        let (document, _) = read_document(&text);
        prop_assert_eq!(document.text, text);
    }

    #[test]
    fn reading_is_total_on_pieces_of_the_language(pieces in prop::collection::vec(prop::sample::select(vec![
        "## Phase 1: x", "\n", "\n\n", "- [ ] 1.1 a", "  - [x] ", "(depends: ", "1.1", ")", "`", "```\n", "**VERIFY Phase 1:**",
        "**Execution Note:** Tasks 1.1-1.2 are [SEQUENTIAL]", "[PARALLEL]", "—", "é", "### 1.2 T", "---\n", "> ", "\t", "**", "dependencies:", "\u{feff}",
    ]), 0..60)) {
        let (document, diagnostics) = read_document(&pieces.concat());
        let lines = document.text.lines().count() + 1;
        prop_assert!(diagnostics.iter().all(|diagnostic| (1..=lines).contains(&diagnostic.line)));
    }

    #[test]
    fn reading_is_total_on_damaged_documents(at in 0..ALL.len(), length in 0_usize..40, insert in "\\PC{0,6}") {
        let mut bytes = ALL.as_bytes().to_vec();
        let end = (at + length).min(bytes.len());
        bytes.splice(at..end, insert.into_bytes());
        let text = String::from_utf8_lossy(&bytes);
        let (document, diagnostics) = read_document(&text);
        let ids: Vec<TaskId> = document.tasks().map(|task| task.id).collect();
        let different: std::collections::BTreeSet<TaskId> = ids.iter().copied().collect();
        prop_assert!(!diagnostics.is_empty() || ids.len() == different.len(), "ids repeat and nothing is said");
        for phase in &document.phases {
            prop_assert!(phase.tasks.iter().all(|task| task.id.phase == phase.id));
        }
    }
}

#[test]
fn stated_durations_and_files_that_are_only_read() {
    let text = "# Implementation Plan: Shop (expected: 2d)\n\n## Phase 1: Start (expected: 1h30m) [PARALLEL]\n\n\
                - [ ] 1.1 Change `src/a.rs` (expected: 20m) (reads: `src/b.rs`, docs/c.md; Makefile, src/b.rs)\n  - see src/b.rs and src/d.rs\n\
                - [ ] 1.2 (expected: 500ms) Go on `(expected: 9h)`\n\
                - [ ] 1.3 Rest\n\n\
                ## Phase 2: Headed\n\n### 2.1 Look (expected: 4h)\n\n- [ ] here\n";
    let document = read(text);
    let seconds = |time: Option<std::time::Duration>| time.map(|time| time.as_secs_f64());
    assert_eq!(
        (document.title.as_str(), seconds(document.expected)),
        ("Shop", Some(172_800.0))
    );
    let phases: Vec<_> = document
        .phases
        .iter()
        .map(|phase| (phase.title.as_str(), seconds(phase.expected)))
        .collect();
    assert_eq!(phases, [("Start", Some(5400.0)), ("Headed", None)]);
    let tasks: Vec<_> = document
        .tasks()
        .map(|task| (task.title.as_str(), seconds(task.expected)))
        .collect();
    assert_eq!(
        tasks,
        [
            ("Change `src/a.rs`", Some(1200.0)),
            ("Go on `(expected: 9h)`", Some(0.5)),
            ("Rest", None),
            ("Look", Some(14400.0)),
        ]
    );
    let first = document.tasks().next().unwrap();
    assert_eq!(first.reads, ["src/b.rs", "docs/c.md", "Makefile"]);
    assert_eq!(first.files, ["src/a.rs", "src/d.rs"]);
}

#[test]
fn what_is_stated_badly_is_named_with_its_line() {
    for (line, expected) in [
        (
            "- [ ] 1.1 a (expected: soon)",
            "2: `expected`: `soon` is not a duration",
        ),
        ("- [ ] 1.1 a (expected: 20m", "2: `(expected:` is not closed"),
        (
            "- [ ] 1.1 a (expected: 1h) (expected: 2h)",
            "2: `expected` appears a second time",
        ),
        (
            "- [ ] 1.1 a\n  (expected: 5)",
            "3: `expected`: `5` is not a duration",
        ),
        (
            "- [ ] 1.1 a (reads: src/a.rs, ../b.rs)",
            "2: `../b.rs` in `reads` is not a file",
        ),
        (
            "- [ ] 1.1 a (reads: /etc/x)",
            "2: `/etc/x` in `reads` is not a file",
        ),
        ("- [ ] 1.1 a (reads: src/a.rs", "2: `(reads:` is not closed"),
        (
            "- [ ] 1.1 a\n\n## Phase 2: y (expected: 3 weeks)\n- [ ] b",
            "4: `expected`: `3 weeks` is not a duration",
        ),
    ] {
        let found = diagnostics(&format!("## Phase 1: x\n{line}\n"));
        assert_eq!(found.len(), 1, "{line}: {found:?}");
        assert!(found[0].starts_with(expected), "{line}: {found:?}");
    }
    let (document, diagnostics) = read_document("# Title (expected: x)\n");
    assert_eq!(
        (document.title.as_str(), diagnostics.len(), diagnostics[0].line),
        ("Title", 1, 1)
    );
}

#[test]
fn an_annotation_inside_another_belongs_to_it() {
    let text = format!("## Phase 1: x\n- [ ] 1.1 a {}1.1)\n", "(depends: ".repeat(20_000));
    assert_eq!(diagnostics(&text).len(), 1);
}

/// One line for each form that the larger tests leave out, with its meaning.
#[test]
fn every_form_is_read() {
    let pipeline = |text: &str| read(text).phases[1].pipeline_start;
    let (task, share) = (
        Some(PipelineStart::Task(TaskId::new(1, 1))),
        Some(PipelineStart::Share {
            of: PhaseId(1),
            percent: 60,
        }),
    );
    for (form, expected) in [
        (" (pipeline-start: when 1.1 completes)\n", task),
        (" (pipeline-start: 60% of Phase 1)\n", share),
        ("\n\n**pipeline-start:** when 1.1 completes\n", task),
        ("\n\n**pipeline-start:** 60% of Phase 1\n", share),
        ("\n\n**Pipeline-Start**: when task 1.1 completes\n", task),
        ("\n\n- **pipeline-start:** when 1.1 completes\n", task),
    ] {
        let text = format!("## Phase 1: a\n- [ ] 1.1 x\n\n## Phase 2: b{form}\n- [ ] 2.1 y\n");
        assert_eq!(pipeline(&text), expected, "{form}");
        assert_eq!(read(&text).phases[1].title, "b", "{form}");
    }

    for (form, background) in [
        ("**VERIFY Phase 1:**", false),
        ("**VERIFY Phase 1:** (non-blocking)", true),
        ("**VERIFY Phase 1:** (background: true)", true),
        ("### VERIFY Phase 1 (non-blocking)", true),
    ] {
        let text = format!("## Phase 1: a\n- [ ] 1.1 x\n\n{form}\n- [ ] it holds\n");
        let document = read(&text);
        let block = document.phases[0].verify.as_ref().unwrap();
        assert_eq!(block.background, background, "{form}");
        assert_eq!(block.checks, ["it holds"], "{form}");
    }

    for (note, expected) in [
        (
            "**Execution Note:** Phases 1-2 are [PARALLEL] - why",
            vec![vec![2], vec![1], vec![], vec![]],
        ),
        (
            "**Execution Note:** Phases 1, 3, 4 are [PARALLEL]",
            vec![vec![3, 4], vec![], vec![1, 4], vec![1, 3]],
        ),
        (
            "- **Execution Note:** Phases 1–2 are [PARALLEL]",
            vec![vec![2], vec![1], vec![], vec![]],
        ),
    ] {
        let phases: String = (1..=4).map(|n| format!("## Phase {n}: p\n- [ ] x\n\n")).collect();
        let document = read(&format!("{phases}{note}\n"));
        let beside: Vec<Vec<u32>> = document
            .phases
            .iter()
            .map(|phase| phase.parallel_with.iter().map(|id| id.0).collect())
            .collect();
        assert_eq!(beside, expected, "{note}");
    }

    for verb in ["Create", "modify", "Update", "edit", "in"] {
        let document = read(&format!(
            "## Phase 1: a\n- [ ] 1.1 {verb} config.toml and other.toml\n"
        ));
        assert_eq!(
            document.phases[0].tasks[0].files,
            ["config.toml", "other.toml"],
            "{verb}"
        );
    }
    for folder in ["src", "tests", "docs", "lib", "scripts"] {
        let document = read(&format!("## Phase 1: a\n- [ ] 1.1 See {folder}/x\n"));
        assert_eq!(document.phases[0].tasks[0].files, [format!("{folder}/x")]);
    }

    let lettered =
        read("## Phase 0: a\n- [ ] 0.1 x\n  - [ ] 0.1.A y\n  - [x] 0.1.B z\n## Phase 7: gap\n- [ ] u\n");
    assert_eq!(subs(&lettered.phases[0].tasks[0]), ["0.1.A", "0.1.B"]);
    assert_eq!(ids(&lettered), ["0.1", "7.1"]);
}

#[test]
fn phases_below_a_phase_are_phases_when_their_boxes_say_so() {
    let nested = read(
        "# P\n\n## Phase 3: Move\n\n**Objective:** all of it\n\n### Implementation Phase 0: Ready\n\n**Objective:** be ready\n\n\
         - [ ] 0.1 a\n- [ ] 0.2 b\n\n**VERIFY Phase 0:**\n- [ ] c\n\n### Implementation Phase 3: Go (pipeline-start: when 0.1 completes)\n\n\
         #### 3.1 d\n- [ ] e\n\n## Success\n\n- [ ] f\n",
    );
    assert_eq!(ids(&nested), ["0.1", "0.2", "3.1"]);
    let titles: Vec<&str> = nested.phases.iter().map(|phase| phase.title.as_str()).collect();
    assert_eq!(titles, ["Ready", "Go"]);
    assert_eq!(nested.phases[0].objective.as_deref(), Some("be ready"));
    assert!(nested.phases[0].verify.is_some());
    assert_eq!(
        nested.phases[1].pipeline_start,
        Some(PipelineStart::Task(TaskId::new(0, 1)))
    );

    // A phase with its own work stays. A nested heading with the number of its phase is that same phase.
    let own =
        read("## Phase 1: a\n- [ ] 1.1 x\n\n### Phase 2: b\n- [ ] 2.1 y\n\n## Phase 4: d\n- [ ] 4.1 z\n");
    assert_eq!(ids(&own), ["1.1", "2.1", "4.1"]);
    let same = read(
        "## Phase 1: a\n\n### Implementation Phase 1: b\n- [ ] 1.1 x\n\n### Implementation Phase 2: c\n- [ ] 2.1 y\n",
    );
    assert_eq!(ids(&same), ["1.1", "2.1"]);
    assert_eq!(same.phases.len(), 2);

    // Prose about other phases begins no phase, and a number without a matching heading is still an error.
    let prose = read("## Phase 1: a\n\n### After Phase 2: notes\n\n- [ ] 1.1 x\n");
    assert_eq!(ids(&prose), ["1.1"]);
    assert_eq!(
        diagnostics("## Phase 1: a\n\n### Implementation Phase 0: b\n\n- [ ] 2.1 x\n"),
        ["5: task 2.1 is in phase 1"]
    );
}

#[test]
fn work_of_a_phase_may_come_back_behind_its_inner_phases() {
    for level in ["###", "####"] {
        // The outer phase has no work before its inner phases, then has some.
        let back = read(&format!(
            "## Phase 3: a\n**Objective:** o\n\n{level} Implementation Phase 0\n- [ ] 0.1 x\n\n{level} Implementation Phase 1\n- [ ] 3.1 y\n\n\
             ## Phase 4: b\n- [ ] 4.1 z\n"
        ));
        assert_eq!(ids(&back), ["0.1", "3.1", "4.1"]);
        assert_eq!(back.phases[1].objective.as_deref(), Some("o"));
    }
    let around = read(
        "## Phase 3: a\n- [ ] 3.1 x\n\n### Phase 0: b\n- [ ] 0.1 y\n\n### Notes\n- [ ] 3.2 z\n\n### Phase 5: c\n\n#### 5.1 u\n- [ ] v\n\n\
         #### 3.3 w\n- [ ] t\n",
    );
    assert_eq!(ids(&around), ["3.1", "3.2", "3.3", "0.1", "5.1"]);
    // Phases three levels deep, and one beside them that has no numbers.
    let deep = read(
        "## Phase 3: a\n\n### Phase 0: b\n\n#### Phase 1: c\n- [ ] 1.1 x\n\n#### Phase 2: d\n- [ ] y\n- [ ] z\n\n### Phase 7: e\n- [ ] 7.1 u\n\n\
         #### More\n- [ ] 3.1 v\n",
    );
    assert_eq!(ids(&deep), ["1.1", "2.1", "2.2", "7.1", "3.1"]);
}

#[test]
fn inner_phases_that_repeat_numbers_are_parts_of_the_phase_around_them() {
    let twice = read(
        "## Phase 1: a\n- [ ] 1.1 x\n\n## Phase 2: b\n\n### Phase 1: c\n- [ ] 1.1 y\n  - [ ] 1.1.1 part\n- [ ] 1.2 z (depends: 1.1)\n\n\
         ### Phase 2: d\n- [ ] 2.1 u\n\n### Phase 3: e\n- [ ] 3.1 v\n\n## Phase 3: f\n- [ ] 3.1 w\n",
    );
    assert_eq!(ids(&twice), ["1.1", "2.2", "2.3", "2.1", "2.4", "3.1"]);
    let tasks: Vec<&Task> = twice.tasks().collect();
    assert_eq!(
        (tasks[1].title.as_str(), tasks[4].title.as_str()),
        ("1.1 y", "3.1 v")
    );
    assert_eq!(subs(tasks[1]), ["2.2.1"]);
    assert_eq!(tasks[2].depends, Some(vec![TaskId::new(2, 2)]));
    // Two plans in one document, with headings as tasks, and an inner phase that two phases have.
    let both = read(
        "## Phase 1: a\n### Phase 1: b\n- [ ] 1.1 x\n### Phase 8: c\n- [ ] 8.1 y\n\n## Phase 2: d\n### Phase 1: e\n#### 1.1 z\n- [ ] u\n\
         ### Phase 8: f\n- [ ] 8.1 v\n",
    );
    assert_eq!(ids(&both), ["1.1", "8.1", "2.1", "2.2"]);
}

#[test]
fn a_task_states_what_it_holds_and_touches() {
    let text = "## Phase 1: a\n- [ ] 1.1 Migrate (uses: database, gpu) (touches: `src/db/**`, docs/db.md)\n- [ ] 1.2 b\n";
    let document = read(text);
    let task = &document.phases[0].tasks[0];
    assert_eq!(task.title, "Migrate");
    let uses: Vec<&str> = task.uses.iter().map(|name| name.as_str()).collect();
    assert_eq!(uses, ["database", "gpu"]);
    assert_eq!(task.files, ["src/db/**", "docs/db.md"]);
    for (line, fault) in [
        ("(uses: A b)", "2: `A b` in `uses` is not the name of a resource"),
        ("(uses: db", "2: `(uses:` is not closed"),
        (
            "(touches: /etc/passwd)",
            "2: `/etc/passwd` in `touches` is not a file of the repository",
        ),
    ] {
        assert_eq!(
            diagnostics(&format!("## Phase 1: a\n- [ ] 1.1 x {line}\n")),
            [fault]
        );
    }
}

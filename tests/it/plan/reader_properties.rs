//! What holds for every text that is read as a plan document.

use std::fmt::Write as _;

use orch::plan::markdown::read_document;
use orch::plan::{Document, TaskId};
use proptest::prelude::*;

use crate::support::reading::{Mutator, check, samples};

/// Everything that was read except the text and, for comparing forms of one text, with all dashes alike.
fn shape(text: &str) -> String {
    let (mut document, faults) = read_document(text);
    document.text.clear();
    format!("{document:#?}{faults:#?}").replace(['–', '—'], "-")
}

/// A damaged document; the seed is what shrinks.
fn damaged() -> impl Strategy<Value = String> {
    let samples = samples();
    any::<u64>().prop_map(move |seed| Mutator::new(samples.clone(), seed).next_text())
}

#[test]
fn damaged_documents_break_no_rule() {
    let mut mutator = Mutator::new(samples(), 1);
    for number in 0..3000 {
        let text = mutator.next_text();
        if let Err(wrong) = check(&text) {
            panic!("input {number}: {wrong}\n{text}");
        }
    }
}

#[test]
fn undamaged_documents_read_alike_with_other_breaks_and_dashes() {
    for text in samples()
        .iter()
        .filter(|text| !text.contains('\r') && !text.contains('\0'))
    {
        check(text).unwrap();
        let windows = text.replace('\n', "\r\n");
        assert_eq!(shape(&windows), shape(text), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reading_is_total_on_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let text = String::from_utf8_lossy(&bytes);
        prop_assert_eq!(check(&text).err(), None);
    }

    #[test]
    fn reading_is_total_on_any_text(text in any::<String>()) {
        prop_assert_eq!(check(&text).err(), None);
    }

    #[test]
    fn what_is_fenced_is_never_structure(text in damaged()) {
        // No fence of the text is as long as this one, so it stays open to its end.
        let fence = "`".repeat(text.len() + 3);
        let (document, faults) = read_document(&format!("# T\n\n{fence}\n{text}\n{fence}\n"));
        prop_assert!(document.phases.is_empty() && faults.is_empty());
        let inside = format!("## Phase 1: x\n\n- [ ] 1.1 a\n\n{fence}\n{text}\n{fence}\n");
        let (document, faults) = read_document(&inside);
        prop_assert_eq!(document.phases.len(), 1);
        prop_assert_eq!(document.tasks().map(|task| task.id).collect::<Vec<_>>(), [TaskId::new(1, 1)]);
        prop_assert!(faults.is_empty());
    }

    #[test]
    fn lines_are_where_things_stand(above in 0_usize..50, tasks in 1_u32..20, gap in 0_usize..4, phase in 0_u32..1000) {
        let mut text = "prose\n".repeat(above) + "\n";
        let mut lines = Vec::new();
        writeln!(text, "## Phase {phase}: x\n").unwrap();
        for task in 1..=tasks {
            lines.push(text.lines().count() + 1);
            writeln!(text, "- [ ] {phase}.{task} t (depends: 77.{task})\n  - more{}", "\n".repeat(gap)).unwrap();
        }
        let (document, faults) = read_document(&text);
        prop_assert_eq!(document.phases[0].line, above + 2);
        prop_assert_eq!(document.tasks().map(|task| task.line).collect::<Vec<_>>(), lines.clone());
        let mut found: Vec<usize> = faults.iter().map(|fault| fault.line).collect();
        found.sort_unstable();
        prop_assert_eq!(found, lines);
    }

    #[test]
    fn ids_written_again_are_read_the_same(text in damaged()) {
        let ids = |document: &Document| document.tasks().map(|task| task.id).collect::<Vec<_>>();
        let (document, _) = read_document(&text);
        let mut phases = document.phases.iter().map(|phase| phase.id).collect::<Vec<_>>();
        phases.dedup();
        let mut again = String::new();
        for phase in &document.phases {
            writeln!(again, "## Phase {}: x\n", phase.id).unwrap();
            for task in &phase.tasks {
                writeln!(again, "- [ ] {} t", task.id).unwrap();
                for sub in &task.subtasks {
                    writeln!(again, "  - [ ] {} s", sub.id).unwrap();
                }
            }
            again.push('\n');
        }
        let (read, faults) = read_document(&again);
        if faults.is_empty() {
            prop_assert_eq!(ids(&read), ids(&document));
            let subs = |document: &Document| {
                document.tasks().flat_map(|task| &task.subtasks).map(|sub| sub.id.to_string()).collect::<Vec<_>>()
            };
            prop_assert_eq!(subs(&read), subs(&document));
        } else {
            let (_, before) = read_document(&text);
            prop_assert!(!before.is_empty(), "{faults:?}");
        }
    }

    #[test]
    fn dashes_are_alike(dash in prop::sample::select(vec!["-", "–", "—"]), last in 2_u32..6) {
        let text = format!(
            "## Phase 1 {dash} First\n\n**Execution Note:** Tasks 1.1{dash}1.{last} are [SEQUENTIAL] {dash} why\n\n\
             - [ ] 1.1 {dash} a\n- [ ] 1.2 b\n- [ ] 1.3 c\n- [ ] 1.4 d\n- [ ] 1.5 e\n\n## Phase 2: x\n\n\
             - [ ] 2.1 f (depends: 1.1{dash}1.{last})\n\n## Phase 3: y\n\n- [ ] 3.1 g\n\n\
             **Execution Note:** Phases 2{dash}3 are [PARALLEL]\n"
        );
        let plain = text.replace(dash, "-");
        let (document, _) = read_document(&text);
        prop_assert_eq!(document.tasks().count(), 7);
        prop_assert_eq!(document.phases[1].parallel_with.len(), 1);
        let strip = |text: &str| shape(text).lines().filter(|line| !line.contains("details")).collect::<String>();
        prop_assert_eq!(strip(&text), strip(&plain));
    }

    #[test]
    fn breaks_of_both_kinds_read_alike(text in damaged()) {
        prop_assume!(!text.contains('\r'));
        let windows = text.replace('\n', "\r\n");
        let ids = |text: &str| {
            let (document, faults) = read_document(text);
            let tasks: Vec<_> = document.tasks().map(|task| (task.id, task.line, task.title.clone(), task.depends.clone())).collect();
            (tasks, faults)
        };
        prop_assert_eq!(ids(&windows), ids(&text));
    }
}

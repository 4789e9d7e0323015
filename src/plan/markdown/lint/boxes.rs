//! Boxes that belong to no task and no check.

use std::collections::BTreeSet;

use super::headings::is_like_a_phase;
use super::page::Page;
use super::region::Region;
use crate::plan::markdown::DocumentDiagnostic;
use crate::plan::markdown::shape::item::{split_id, split_line};
use crate::plan::markdown::shape::label::verify;
use crate::plan::one_line;
use crate::plan::{Phase, Task};

/// Reports boxes in a phase that no agent is given, and numbered boxes that are in no phase.
pub(super) fn find(page: &Page<'_>, found: &mut Vec<DocumentDiagnostic>) {
    // A box inside an inner phase may belong to the phase around it.
    let tasks = page.document.tasks();
    let known = tasks.flat_map(|task| task.subtasks.iter().map(|sub| sub.line).chain([task.line]));
    let known: BTreeSet<usize> = known.collect();
    for region in &page.regions {
        match region.phase {
            Some(phase) => {
                renewed(page, phase, found);
                in_phase(page, region, phase, &known, found);
            }
            None if is_like_a_phase(page, region) => {}
            None => outside(page, region, found),
        }
    }
}

fn in_phase(
    page: &Page<'_>,
    region: &Region<'_>,
    phase: &Phase,
    known: &BTreeSet<usize>,
    found: &mut Vec<DocumentDiagnostic>,
) {
    let checks = phase.verify.iter().flat_map(|block| &block.checks);
    let checks: BTreeSet<&str> = checks.map(String::as_str).collect();
    // A label below an item ends the item, although Markdown joins the two.
    let is_check = |head: &str| {
        let whole = one_line(head);
        let upto = checks.range(..=whole.as_str()).next_back();
        verify(head).is_some() || upto.is_some_and(|check| whole.starts_with(check))
    };
    let mut told = 0..0;
    for item in page.boxes(&region.range) {
        let line = page.line(item.head.start);
        let head = &page.text()[item.head.clone()];
        if head.trim().is_empty()
            || known.contains(&line)
            || told.contains(&item.range.start)
            || is_check(head)
        {
            continue;
        }
        told = item.range.clone();
        let checks = phase.verify.iter().flat_map(|block| &block.numbered);
        let taken = phase.tasks.iter().map(|task| task.id.number);
        let next = taken
            .chain(checks.map(|check| check.id.task.number))
            .max()
            .unwrap_or(0)
            + 1;
        let id = phase.id;
        let message = match split_id(split_line(head).0).0 {
            Some(own) => {
                format!("the box {own} is no task of phase {id} and no part of one: no agent gets it")
            }
            None => format!("this box has no number, and phase {id} has numbered ones: no agent gets it"),
        };
        let hint = format!("write `- [ ] {id}.{next} Text`, or indent it below the task that it is part of");
        found.push(page.doubt(line, "[", message, hint));
    }
}

/// Reports the first task of a phase that got another number than the written one.
fn renewed(page: &Page<'_>, phase: &Phase, found: &mut Vec<DocumentDiagnostic>) {
    let written = |task: &Task| {
        let id = split_id(&task.title).0?.task;
        let is_own = page.line_text(task.line).contains(&task.id.to_string());
        (id.phase != phase.id && !is_own).then_some(id)
    };
    let mut all = phase.tasks.iter().filter_map(|task| Some((task, written(task)?)));
    let Some((task, written)) = all.next() else { return };
    let (id, inner) = (task.id, written.phase);
    let more = match all.count() {
        0 => String::new(),
        more => format!(" ({more} more likewise)"),
    };
    let message =
        format!("`{written}` is read as task {id}{more}: phase {inner} is elsewhere in the document");
    let hint = format!("number it {id}, or give the inner phase another number");
    found.push(page.doubt(task.line, &written.to_string(), message, hint));
}

fn outside(page: &Page<'_>, region: &Region<'_>, found: &mut Vec<DocumentDiagnostic>) {
    for item in page.boxes(&region.range) {
        let head = split_line(&page.text()[item.head.clone()]).0;
        let Some(id) = split_id(head).0 else { continue };
        if page.document.task(id.task).is_none() {
            let message = format!("the box {id} is in no phase: no agent gets it");
            let hint = format!("move it below `## Phase {}: Title`", id.task.phase);
            found.push(page.doubt(page.line(item.head.start), "[", message, hint));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::markdown::lint::tests::{tells, told};

    #[test]
    fn a_box_without_number_beside_numbered_ones_is_told_once() {
        tells(
            "## Phase 2: x\n- [ ] 2.1 a\n- [ ] b\n  - [ ] of b\n- [ ] 2.2 c\n",
            "3:3 this box has no number, and phase 2 has numbered ones: no agent gets it (write `- [ ] 2.3 Text`",
        );
    }

    #[test]
    fn boxes_that_are_tasks_parts_or_checks_are_not_told() {
        for text in [
            "## Phase 1: x\n- [ ] a\n- [ ] b\n",
            "## Phase 1: x\n### 1.1 A\n- [ ] a\n- [ ] b\n",
            "## Phase 1: x\n- [ ] 1.1 a\n  - b\n    - [ ] c\n",
            "## Phase 1: x\n- [ ] 1.1 a\n\n**VERIFY Phase 1:**\n- [ ] b\n- [ ] c and\n  more\n- [ ] c\n",
            "## Phase 1: x\n- [ ] 1.1 a\n- [ ] **VERIFY Phase 1**: b\n  - [ ] c\n",
            "## Phase 1: x\n- [ ] 1.1 a\n\n> - [ ] said somebody\n",
        ] {
            assert_eq!(told(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn boxes_of_inner_phases_are_told_once_where_they_get_another_number() {
        let text =
            "## Phase 1: x\n- [ ] 1.1 a\n\n## Phase 2: y\n\n### Phase 1: z\n- [ ] 1.1 b\n- [ ] 1.2 c\n";
        assert_eq!(
            told(text),
            [
                "7:7 `1.1` is read as task 2.1 (1 more likewise): phase 1 is elsewhere in the document (number it 2.1, or give the inner phase another number)"
            ]
        );
        // A box of the outer phase inside an inner one is worked on.
        let text = "## Phase 3: x\n- [ ] 3.1 a\n\n### Phase 0: y\n- [ ] 0.1 b\n\n### Notes\n- [ ] 3.2 c\n";
        assert_eq!(told(text).len(), 1, "{:#?}", told(text));
    }

    #[test]
    fn a_numbered_box_that_stands_in_no_phase_is_told() {
        tells(
            "## Phase 1: x\n- [ ] 1.1 a\n\n## Phases to come\n- [ ] 2.1 b\n- [ ] 1.1 a\n",
            "5:3 the box 2.1 is in no phase",
        );
    }
}

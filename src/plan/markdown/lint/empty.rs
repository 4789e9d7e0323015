//! Phases without tasks.

use super::page::Page;
use crate::plan::markdown::DocumentDiagnostic;

/// Reports phases without tasks: an agent is given their headings and nothing to do.
pub(super) fn find(page: &Page<'_>, found: &mut Vec<DocumentDiagnostic>) {
    for region in &page.regions {
        let Some(phase) = region.phase.filter(|phase| phase.tasks.is_empty()) else {
            continue;
        };
        let id = phase.id;
        let hint = match region.inner.first() {
            Some(heading) => format!(
                "`{}` is no task: write `- [ ] {id}.1 Text`, or `### {id}.1 Title` with boxes below it",
                heading.text
            ),
            None => format!("write `- [ ] {id}.1 Text` below it"),
        };
        let message = format!("phase {id} has no tasks: its agent has nothing to do");
        let word = region.heading.as_ref().map_or("#", |heading| heading.text);
        found.push(page.doubt(phase.line, word, message, hint));
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::markdown::lint::tests::tells;

    #[test]
    fn a_phase_without_tasks_is_told_and_what_was_taken_for_one() {
        tells(
            "## Phase 1: x\n\nDo it.\n",
            "1:4 phase 1 has no tasks: its agent has nothing to do (write `- [ ] 1.1",
        );
        tells(
            "## Phase 2: x\n\n### Task 1: First\n\nDo it.\n",
            "1:4 phase 2 has no tasks: its agent has nothing to do (`Task 1: First` is no task",
        );
    }
}

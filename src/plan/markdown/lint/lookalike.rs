//! Lines that look like tasks but are not: boxes that Markdown does not recognise, and numbered items and headings without a
//! box.

use super::page::Page;
use crate::plan::markdown::DocumentDiagnostic;
use crate::plan::markdown::shape::item::split_id;
use crate::plan::{Phase, TaskId};

/// Reports such lines inside phases.
pub(super) fn find(page: &Page<'_>, found: &mut Vec<DocumentDiagnostic>) {
    for region in &page.regions {
        let Some(phase) = region.phase else { continue };
        for line in page.lines(region) {
            let text = page.line_text(line);
            let odd = strange(text, phase).filter(|_| unmarked(text).is_none() && !page.is_boxed(line));
            if let Some(rest) = odd.filter(|_| is_text(page, line)) {
                let message = format!("`{}` has no box that Markdown knows: it is no task", text.trim());
                let hint = format!("write `- [ ] {rest}` at the beginning of a line");
                found.push(page.doubt(line, rest, message, hint));
                continue;
            }
            if page.is_boxed(line) || !text.trim_start().starts_with(['-', '*', '+', '[']) {
                continue;
            }
            let (word, hint) = if let Some(rest) = unmarked(text) {
                ("[", format!("write `- [ ] {rest}`"))
            } else if let Some(rest) = boxless(text, phase) {
                (rest, format!("write `- [ ] {rest}`"))
            } else {
                continue;
            };
            let is_text = page
                .masked_line(line)
                .trim_start()
                .starts_with(['-', '*', '+', '[']);
            if is_text {
                let message = format!("`{}` has no box that Markdown knows: it is no task", text.trim());
                found.push(page.doubt(line, word, message, hint));
            }
        }
        let is_task = |line: usize| phase.tasks.iter().any(|task| task.line == line);
        let headings = region.inner.iter().any(|heading| is_task(heading.line));
        let last = page.lines(region).end;
        for (place, heading) in region.inner.iter().enumerate() {
            // Boxes below a heading that is no task are checks of the phase, or have lints of their own.
            let next = region.inner.get(place + 1).map_or(last, |next| next.line);
            let boxed = || (heading.line..next).any(|line| page.is_boxed(line));
            if let Some(id) = headed(heading.text, phase).filter(|_| !headings || !boxed()) {
                let message = format!(
                    "the heading of {id} is no task of phase {}: no agent gets it",
                    phase.id
                );
                let hint = match headings {
                    true => "write boxes below it, as for the other tasks".to_owned(),
                    false => format!("write `- [ ] {id} Text` for it, as for the other tasks"),
                };
                found.push(page.doubt(heading.line, heading.text, message, hint));
            }
        }
    }
}

/// True when a line is neither code nor HTML.
fn is_text(page: &Page<'_>, line: usize) -> bool {
    let first = |text: &str| text.trim_start().chars().next();
    first(&page.masked_line(line)) == first(page.line_text(line))
}

/// The text after an unusual box, when the text begins with the number of a task that the phase does not have: a box in a
/// quotation, after a typographic bullet, `- [-] 1.2 x`, `- ☐ 1.2 x`.
fn strange<'t>(line: &'t str, phase: &Phase) -> Option<&'t str> {
    let text = line.trim_start_matches([' ', '\t', '>']);
    let item = text
        .strip_prefix(['-', '*', '+', '•', '–'])
        .unwrap_or(text)
        .trim_start();
    let open = item.strip_prefix("\\[").or_else(|| item.strip_prefix('['));
    let behind = match (open, item.strip_prefix(['☐', '□'])) {
        (Some(open), _) => {
            let (inside, behind) = open.split_once(']')?;
            let mut inside = inside.chars();
            let mark = inside.next()?;
            let is_mark = !mark.is_alphanumeric() || matches!(mark, 'x' | 'X');
            (is_mark && inside.next().is_none()).then_some(behind)?
        }
        (None, Some(behind)) => behind,
        (None, None) => return None,
    };
    // A line that only lacks a blank has its own lint.
    let rest = behind.strip_prefix([' ', '\t'])?.trim();
    let id = split_id(rest).0?;
    lacks(phase, id.task).then_some(rest)
}

/// The task number of a heading inside the phase, when the phase has no such task.
fn headed(text: &str, phase: &Phase) -> Option<TaskId> {
    let text = text.strip_prefix("Task ").unwrap_or(text);
    let (id, title) = split_id(text);
    let id = id.filter(|id| id.sub.is_none() && !title.trim().is_empty())?;
    (lacks(phase, id.task) && !phase.tasks.is_empty()).then_some(id.task)
}

fn lacks(phase: &Phase, task: TaskId) -> bool {
    let own = phase.verify.iter().flat_map(|block| &block.numbered);
    let mut checks = own.map(|check| check.id.task);
    task.phase == phase.id
        && !phase.tasks.iter().any(|own| own.id == task)
        && !checks.any(|check| check == task)
}

/// The text after brackets that are almost a box: `- [] x`, `-[ ] x`, `- [ ]x`, `- [  ] x`, `[ ] 1.1 x`.
fn unmarked(line: &str) -> Option<&str> {
    let text = line.trim_start();
    let item = text.strip_prefix(['-', '*', '+']);
    let (inside, behind) = item
        .unwrap_or(text)
        .trim_start()
        .strip_prefix('[')?
        .split_once(']')?;
    let is_box = inside.len() <= 4
        && inside.trim_matches([' ', 'x', 'X']).is_empty()
        && inside.matches(['x', 'X']).count() <= 1;
    // `[x](link)`, `[x]: reference` and `[x][reference]` are links.
    let is_link = behind.starts_with(['(', ':', '[']);
    let rest = behind.trim();
    let is_task = item.is_some() || split_id(rest).0.is_some();
    (is_box && is_task && !is_link && !rest.is_empty()).then_some(rest)
}

/// The text of an item without a box, when its number is the next one of the phase: `- 1.3 x` when 1.2 is a task.
fn boxless<'t>(line: &'t str, phase: &Phase) -> Option<&'t str> {
    let text = line.strip_prefix(['-', '*', '+'])?.strip_prefix(' ')?.trim();
    let text = text.strip_prefix("Task ").unwrap_or(text);
    let word = text.trim_start_matches('*').split([' ', ':', '*']).next()?;
    let id: TaskId = word.trim_end_matches('.').parse().ok()?;
    let has = |number: u32| phase.tasks.iter().any(|task| task.id.number == number);
    let is_next = id.phase == phase.id && !has(id.number) && id.number > 1 && has(id.number - 1);
    (is_next && text.len() > word.len()).then_some(text)
}

#[cfg(test)]
mod tests {
    use crate::plan::markdown::lint::tests::{tells, told};

    #[test]
    fn brackets_that_are_nearly_a_box_are_told() {
        for line in [
            "- [] 1.2 b",
            "* [] b",
            "-[ ] 1.2 b",
            "- [ ]1.2 b",
            "- [  ] b",
            "[ ] 1.2 b",
            "*[x] b",
            "  - [] b",
        ] {
            let text = format!("## Phase 1: x\n\n- [ ] 1.1 a\n{line}\n\nProse.\n");
            let column = line.find('[').unwrap() + 1;
            tells(&text, &format!("4:{column} `{}` has no box", line.trim()));
        }
        tells(
            "## Phase 1: x\n- [ ] 1.1 a\n- 1.2 b\n",
            "3:3 `- 1.2 b` has no box that Markdown knows: it is no task (write `- [ ] 1.2 b`)",
        );
    }

    #[test]
    fn tasks_behind_other_marks_are_told() {
        for line in [
            "> - [ ] 1.2 b",
            "- [-] 1.2 b",
            "- [~] 1.2: b",
            "- \\[ ] 1.2 b",
            "• [ ] 1.2 b",
            "- ☐ 1.2 b",
        ] {
            let text = format!("## Phase 1: x\n\n- [ ] 1.1 a\n\n{line}\n\nProse.\n");
            let column = line.chars().position(|c| c == '1').unwrap() + 1;
            tells(&text, &format!("5:{column} `{line}` has no box"));
        }
        for heading in ["### Task 1.2: b", "### 1.2 b", "#### 1.2 b"] {
            let text = format!("## Phase 1: x\n\n- [ ] 1.1 a\n\n{heading}\n\nProse.\n");
            let told = told(&text);
            assert_eq!(told.len(), 1, "{heading}: {told:?}");
            assert!(told[0].contains("the heading of 1.2 is no task"), "{told:?}");
        }
        let among =
            "## Phase 1: x\n\n### 1.1 One\n- [ ] a\n\n### 1.2 Two\n- a\n\n### Task 1.3: Three\n- [ ] c\n";
        tells(
            among,
            "6:5 the heading of 1.2 is no task of phase 1: no agent gets it (write boxes below it, as for the other tasks)",
        );
        for text in [
            "> - [ ] 1.1 said somebody",
            "- [-] b",
            "- [1] 1.2 is the source",
            "### 2.1 later",
            "### Task list",
            "```\n- [-] 1.2 b\n```",
        ] {
            let text = format!("## Phase 1: x\n\n- [ ] 1.1 a\n\n{text}\n");
            assert_eq!(told(&text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn links_numbers_and_code_are_no_boxes() {
        for line in [
            "- [x](https://a.b)",
            "- [x]: y",
            "- [a] b",
            "- 1.5 seconds",
            "- 2.1 b",
            "- `[] x`",
            "```\n- [] b\n```",
            "- [ ]",
            "[x] b",
        ] {
            let text = format!("## Phase 1: x\n\n- [ ] 1.1 a\n\n{line}\n");
            assert_eq!(told(&text), Vec::<String>::new(), "{line}");
        }
    }
}

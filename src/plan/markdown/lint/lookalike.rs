//! Lines that look like boxes and are none, and numbered items that lack their box.

use super::page::Page;
use crate::plan::markdown::DocumentFault;
use crate::plan::markdown::shape::item::split_id;
use crate::plan::{Phase, TaskId};

/// Tells of them where they stand in a phase.
pub(super) fn find(page: &Page<'_>, found: &mut Vec<DocumentFault>) {
    for region in &page.regions {
        let Some(phase) = region.phase else { continue };
        for line in page.lines(region) {
            let text = page.line_text(line);
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
    }
}

/// What stands behind brackets that are nearly a box: `- [] x`, `-[ ] x`, `- [ ]x`, `- [  ] x`, `[ ] 1.1 x`.
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

/// The text of an item without a box, where its number is the next one of the phase: `- 1.3 x` where 1.2 is a task.
fn boxless<'t>(line: &'t str, phase: &Phase) -> Option<&'t str> {
    let text = line.strip_prefix(['-', '*', '+'])?.strip_prefix(' ')?.trim();
    let word = text.trim_start_matches('*').split([' ', ':', '*']).next()?;
    let id: TaskId = word.parse().ok()?;
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

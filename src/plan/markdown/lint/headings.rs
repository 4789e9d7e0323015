//! Headings that are almost phases.

use super::page::Page;
use super::region::{Heading, Region};
use crate::plan::PhaseId;
use crate::plan::markdown::DocumentDiagnostic;

/// Reports headings above boxes that look like a phase but name none of the document's phases. Also reports lines that lack
/// only the blank to be such a heading.
pub(super) fn find(page: &Page<'_>, found: &mut Vec<DocumentDiagnostic>) {
    for region in &page.regions {
        if is_like_a_phase(page, region)
            && let Some(heading) = &region.heading
        {
            let boxes = page.boxes(&region.range).len();
            let boxes = if boxes == 1 {
                "the box below it is".to_owned()
            } else {
                format!("the {boxes} boxes below it are")
            };
            found.push(page.doubt(
                heading.line,
                heading.text,
                format!("`{}` is not read as a phase: {boxes} in no phase", heading.text),
                like("##", heading.text),
            ));
        }
        if let (Some(phase), Some(inside), Some(heading)) = (region.phase, region.inside, &region.heading) {
            let message = format!(
                "`{}` is read as phase {}, though it is deeper than `{inside}`",
                heading.text, phase.id
            );
            let title = format!("## Phase {}: {}", phase.id, phase.title);
            let title = title.trim_end_matches([':', ' ']);
            let hint = format!("write `{title}` on the level of the other phases, and no phase above it");
            found.push(page.doubt(heading.line, heading.text, message, hint));
        }
        for heading in region.phase.iter().flat_map(|_| &region.inner) {
            if is_unknown_phase(page, heading.text) && number(heading.text).is_some() {
                let message = format!(
                    "`{}` is deeper than the other phases and is read as part of the phase above it",
                    heading.text
                );
                found.push(page.doubt(heading.line, heading.text, message, like("##", heading.text)));
            }
        }
        for line in page.lines(region) {
            unspaced(page, line, found);
        }
    }
}

/// True when a section is not a phase but was probably meant as one: boxes stand below a heading that begins with `Phase`.
pub(super) fn is_like_a_phase(page: &Page<'_>, region: &Region<'_>) -> bool {
    let heading = region.heading.as_ref().filter(|_| region.phase.is_none());
    heading.is_some_and(|Heading { text, .. }| {
        is_unknown_phase(page, text) && !page.boxes(&region.range).is_empty()
    })
}

/// True when a text begins like the heading of a phase, but not of a phase that the document has.
fn is_unknown_phase(page: &Page<'_>, text: &str) -> bool {
    let Some(rest) = behind_phase(text) else {
        return false;
    };
    match number(text) {
        // `Phase 1.5: x` and `Phase 2b: x` are not parts of phases 1 and 2.
        Some((id, behind)) => {
            page.document.phase(id).is_none() || behind.starts_with(['.', 'a', 'b', 'c', 'A', 'B', 'C'])
        }
        // `Phase three: x`
        None => {
            let word = rest.trim_start();
            let length = word.find(|c: char| !c.is_alphabetic()).unwrap_or(word.len());
            length > 0
                && rest.starts_with(' ')
                && word[length..].trim_start().starts_with([':', '-', '–', '—'])
        }
    }
}

/// The text after `Phase`.
fn behind_phase(text: &str) -> Option<&str> {
    let text = text.trim_start_matches('*');
    let word = text.get(..5).filter(|word| word.eq_ignore_ascii_case("phase"))?;
    Some(&text[word.len()..])
}

/// The number after `Phase`, and the text after the number.
fn number(text: &str) -> Option<(PhaseId, &str)> {
    let rest = behind_phase(text)?.trim_start_matches([' ', '-', '#', ':']);
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    Some((PhaseId(rest[..digits].parse().ok()?), &rest[digits..]))
}

fn like(marks: &str, text: &str) -> String {
    let number = number(text).map_or_else(|| "3".to_owned(), |(id, _)| id.to_string());
    format!(
        "a phase is written `{marks} Phase {number}: Title`, with a whole number, on the level of the other phases"
    )
}

/// Reports a heading without a blank after its marks: `##Phase 3: x`.
fn unspaced(page: &Page<'_>, line: usize, found: &mut Vec<DocumentDiagnostic>) {
    let text = page.line_text(line).trim_start();
    let bare = text.trim_start_matches('#');
    let marks = text.len() - bare.len();
    if (1..=6).contains(&marks)
        && number(bare).is_some()
        && page.masked_line(line).trim_start().starts_with('#')
    {
        let message = format!("`{}` is no heading, because a blank is missing", text.trim_end());
        let hint = format!("write `{} {}`", &text[..marks], bare.trim_end());
        found.push(page.doubt(line, "#", message, hint));
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::markdown::lint::tests::{tells, told};

    #[test]
    fn a_heading_without_its_blank_is_told() {
        tells(
            "## Phase 1: x\n- [ ] 1.1 a\n\n##Phase 3: y\n\nProse.\n",
            "4:1 `##Phase 3: y` is no heading, because a blank is missing (write `## Phase 3: y`)",
        );
        tells("## Phase 1: x\n- [ ] 1.1 a\n##Phase 2\n", "3:1 `##Phase 2`");
    }

    #[test]
    fn a_heading_that_is_nearly_a_phase_is_told_when_boxes_stand_below() {
        for heading in [
            "## Phase 2 Clean up",
            "## Phase two: y",
            "# Phase 2: y",
            "## Phase 1.5: y",
            "## Phase 1b: y",
            "## Phase2: y",
        ] {
            let text = format!("## Phase 1: x\n- [ ] 1.1 a\n\n{heading}\n- [ ] b\n- [ ] c\n");
            tells(
                &text,
                &format!(
                    "4:{} `{}`",
                    heading.find('P').unwrap() + 1,
                    heading.trim_start_matches(['#', ' '])
                ),
            );
            assert_eq!(
                told(&text.replace("- [ ] b\n- [ ] c\n", "b\n")),
                Vec::<String>::new(),
                "{heading}"
            );
        }
        tells(
            "## Phase 1: x\n- [ ] 1.1 a\n\n### Phase 2: y\n\nMore.\n",
            "4:5 `Phase 2: y` is deeper",
        );
    }

    #[test]
    fn a_deeper_heading_that_is_read_as_a_phase_is_told() {
        let told = told(
            "## Phase 3: Move\n\n### Implementation Phase 0: Ready\n\n- [ ] 0.1 a\n\n### Implementation Phase 1: Go\n\n- [ ] 1.1 b\n",
        );
        assert_eq!(told.len(), 2, "{told:#?}");
        assert!(
            told[0].starts_with(
                "3:5 `Implementation Phase 0: Ready` is read as phase 0, though it is deeper than `Phase 3: Move`"
            ),
            "{told:#?}"
        );
        assert!(told[0].contains("## Phase 0: Ready"), "{told:#?}");
    }

    #[test]
    fn a_heading_that_speaks_of_a_phase_of_the_document_is_prose() {
        for heading in [
            "## Phase 1 notes",
            "## Phases and tasks",
            "### Phase 1 Summary",
            "## Phase order",
        ] {
            let text = format!("## Phase 1: x\n- [ ] 1.1 a\n\n{heading}\n\n- b\n");
            assert_eq!(told(&text), Vec::<String>::new(), "{heading}");
        }
    }
}

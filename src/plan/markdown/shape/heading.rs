//! The headings of phases and tasks.

use crate::plan::markdown::shape::item::split_line;
use crate::plan::{PhaseId, PipelineStart, TaskId};

/// The text of a heading without its marks, taken from its line.
pub(in crate::plan::markdown) fn text(line: &str) -> &str {
    let line = split_line(line).0;
    let bare = line.trim_start_matches([' ', '#']).trim();
    let closed = bare.trim_end_matches('#');
    // Closing marks count only after a blank: `C#` is a title.
    if closed.ends_with(' ') || closed.is_empty() {
        closed.trim_end()
    } else {
        bare
    }
}

/// Parses `Phase 2: Title` into the number and the title.
pub(in crate::plan::markdown) fn phase(text: &str) -> Option<(PhaseId, &str)> {
    let text = text.trim_start_matches('*');
    let start = text.get(..5).filter(|word| word.eq_ignore_ascii_case("phase"))?;
    let rest = text[start.len()..].strip_prefix(' ')?.trim_start();
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let id = rest[..digits].parse().ok()?;
    let rest = rest[digits..].trim_start();
    let title = rest.strip_prefix([':', '.', '-', '–', '—']);
    let is_phase = rest.is_empty() || title.is_some() || rest.starts_with(['(', '[', '*']);
    let after_point =
        title.is_some_and(|title| rest.starts_with('.') && title.starts_with(|c: char| c.is_ascii_digit()));
    (is_phase && !after_point).then(|| {
        (
            PhaseId(id),
            title.unwrap_or(rest).trim().trim_end_matches('*').trim(),
        )
    })
}

/// Parses a phase heading, also with a word or two before it: `Implementation Phase 0: Title`.
pub(in crate::plan::markdown) fn nested_phase(text: &str) -> Option<(PhaseId, &str)> {
    let mut rest = text;
    for _ in 0..3 {
        if let Some(found) = phase(rest) {
            return Some(found);
        }
        let (word, behind) = rest.split_once(' ')?;
        if !word.chars().all(char::is_alphabetic) {
            return None;
        }
        rest = behind.trim_start();
    }
    None
}

/// Parses `2.1 Title` or `Task 2.1: Title` into the id and the title.
pub(in crate::plan::markdown) fn task(text: &str) -> Option<(TaskId, &str)> {
    let text = text.trim_start_matches('*');
    let lower = text.get(..5).filter(|word| word.eq_ignore_ascii_case("task "));
    let text = lower.map_or(text, |word| text[word.len()..].trim_start());
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let id = word.trim_end_matches([':', '.', ')', '*']).parse().ok()?;
    let title = rest.trim_start_matches([' ', '-', '–', '—', ':']);
    Some((id, title.trim().trim_end_matches('*').trim()))
}

/// Parses `when 1.3 completes` or `60% of Phase 1`.
pub(in crate::plan::markdown) fn pipeline_start(value: &str) -> Option<PipelineStart> {
    let words: Vec<&str> = value.split_whitespace().collect();
    let folded: Vec<String> = words.iter().map(|word| word.to_ascii_lowercase()).collect();
    let folded: Vec<&str> = folded.iter().map(String::as_str).collect();
    match folded.as_slice() {
        [share, "of", "phase", of, ..] | ["when" | "at" | "after", share, "of", "phase", of, ..] => {
            let percent = share
                .strip_suffix('%')?
                .parse()
                .ok()
                .filter(|percent| *percent <= 100)?;
            let of = PhaseId(of.trim_end_matches(['.', ',']).parse().ok()?);
            Some(PipelineStart::Share { of, percent })
        }
        ["when", "task", id, ..] | ["when" | "after", id, ..] => id.parse().ok().map(PipelineStart::Task),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_are_recognised_by_number_and_mark() {
        assert_eq!(phase("Phase 2: API"), Some((PhaseId(2), "API")));
        assert_eq!(phase("phase 0 — Set up"), Some((PhaseId(0), "Set up")));
        assert_eq!(phase("Phase 3"), Some((PhaseId(3), "")));
        assert_eq!(phase("Phase 3 [PARALLEL]"), Some((PhaseId(3), "[PARALLEL]")));
        for other in [
            "Phase 2 notes",
            "Phases 2: x",
            "Phase two: x",
            "Phase 1.5: x",
            "Phase: x",
            "Phased",
        ] {
            assert_eq!(phase(other), None, "{other}");
        }
    }

    #[test]
    fn pipeline_starts_are_tasks_or_shares() {
        assert_eq!(
            pipeline_start("when 1.3 completes"),
            Some(PipelineStart::Task(TaskId::new(1, 3)))
        );
        let share = PipelineStart::Share {
            of: PhaseId(1),
            percent: 60,
        };
        assert_eq!(pipeline_start(" 60% of Phase 1"), Some(share));
        assert_eq!(pipeline_start("160% of Phase 1"), None);
        assert_eq!(pipeline_start("soon"), None);
    }

    #[test]
    fn closing_marks_are_no_part_of_a_title() {
        assert_eq!(text("## About C#\n"), "About C#");
        assert_eq!(text("## Title ##"), "Title");
    }
}

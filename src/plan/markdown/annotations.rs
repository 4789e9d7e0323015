//! Annotations in brackets on the lines of tasks and phases: `(depends: 1.1)`, `[SEQUENTIAL]`.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr_iter;

use crate::plan::{Dependency, ItemId, PhaseId, TaskId};

/// An annotation `(key: value)` in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Annotation<'t> {
    /// The value, without backticks; none when the bracket is never closed.
    pub(super) value: Option<&'t str>,
    /// The range of the whole annotation.
    pub(super) range: Range<usize>,
}

/// Every `(key: …)` whose bracket is outside code. `masked` has the same bytes as `text`, with code masked.
pub(super) fn bracketed<'t>(text: &'t str, masked: &str, key: &str) -> Vec<Annotation<'t>> {
    let mut found: Vec<Annotation<'t>> = Vec::new();
    for at in memchr_iter(b'(', masked.as_bytes()) {
        // A bracket inside the value of another annotation is part of that value.
        if found.last().is_some_and(|last| at < last.range.end) {
            continue;
        }
        let inner = masked[at + 1..].trim_start();
        let named = inner
            .get(..key.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(key));
        if !named {
            continue;
        }
        let behind = inner[key.len()..].trim_start();
        let behind = behind.strip_prefix("on").map_or(behind, str::trim_start);
        let Some(value) = behind.strip_prefix(':') else {
            continue;
        };
        let start = masked.len() - value.len();
        let annotation = match value.find(')') {
            Some(length) => Annotation {
                value: text.get(start..start + length),
                range: at..start + length + 1,
            },
            None => Annotation {
                value: None,
                range: at..masked.len(),
            },
        };
        let is_open = annotation.value.is_none();
        found.push(annotation);
        if is_open {
            break;
        }
    }
    found
}

/// The range of every bare mark such as `[SEQUENTIAL]` outside code.
pub(super) fn marks(masked: &str, mark: &str) -> Vec<Range<usize>> {
    memchr_iter(b'[', masked.as_bytes())
        .filter(|at| masked[*at..].starts_with(mark))
        .map(|at| at..at + mark.len())
        .collect()
}

/// The text without these ranges. The blanks around each range are joined.
pub(super) fn without<'t>(text: &'t str, ranges: &mut [Range<usize>]) -> Cow<'t, str> {
    if ranges.is_empty() {
        return Cow::Borrowed(text.trim());
    }
    ranges.iter_mut().for_each(|range| unmark(text, range));
    ranges.sort_by_key(|range| range.start);
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    for range in ranges {
        let piece = text.get(at..range.start.min(text.len())).unwrap_or_default();
        kept.push_str(if kept.ends_with(' ') {
            piece.trim_start()
        } else {
            piece
        });
        at = at.max(range.end);
    }
    let rest = text.get(at..).unwrap_or_default();
    kept.push_str(if kept.ends_with(' ') {
        rest.trim_start()
    } else {
        rest
    });
    Cow::Owned(kept.trim().to_owned())
}

/// Extends a range by emphasis marks that would be left with nothing between them: `**(depends: 1.1)**`.
fn unmark(text: &str, range: &mut Range<usize>) {
    let bytes = text.as_bytes();
    while let (Some(before), Some(behind)) = (range.start.checked_sub(1), bytes.get(range.end))
        && matches!(behind, b'*' | b'_')
        && bytes[before] == *behind
    {
        *range = before..range.end + 1;
    }
}

/// One entry of `depends`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NamedDependency {
    /// A task of this document. A sub-task stands for its task.
    Task(TaskId),
    /// All tasks from one to another.
    Tasks(TaskId, TaskId),
    /// All tasks of a phase of this document.
    Phase(PhaseId),
    /// A point in another plan.
    Other(Dependency),
}

/// Replaces dashes of every length with `-`.
pub(super) fn plain_dashes(text: &str) -> String {
    text.replace(['–', '—', '−'], "-")
}

/// Parses the list of `depends`. `none` gives an empty list.
///
/// # Errors
/// Returns the first part that names nothing.
pub(super) fn depends(value: &str) -> Result<Vec<NamedDependency>, String> {
    let value = plain_dashes(&value.replace('`', ""))
        .replace(" and ", ",")
        .replace('&', ",");
    let mut named = Vec::new();
    for part in value
        .split([',', ';'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        if part.eq_ignore_ascii_case("none") {
            continue;
        }
        named.append(&mut one(part)?);
    }
    Ok(named)
}

fn one(part: &str) -> Result<Vec<NamedDependency>, String> {
    let lower = part.to_ascii_lowercase();
    let phase = lower.strip_prefix("phase").map(|rest| rest.trim());
    if let Some(id) = phase.and_then(|rest| rest.parse().ok()) {
        return Ok(vec![NamedDependency::Phase(PhaseId(id))]);
    }
    let tasks = lower
        .strip_prefix("tasks ")
        .or_else(|| lower.strip_prefix("task "));
    let part = tasks.map_or(part, |rest| &part[part.len() - rest.len()..]);
    if let Some((from, to)) = part.split_once('-')
        && let (Ok(from), Ok(to)) = (from.trim().parse(), to.trim().parse())
    {
        return Ok(vec![NamedDependency::Tasks(from, to)]);
    }
    part.split_whitespace()
        .map(|word| match word.parse::<ItemId>() {
            Ok(item) => Ok(NamedDependency::Task(item.task)),
            Err(_) => word
                .parse()
                .map(NamedDependency::Other)
                .map_err(|_| word.to_owned()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_in_code_are_text() {
        let text = "x `(depends: 9.9)` (depends on: 1.1) y";
        let masked = text.replace("`(depends: 9.9)`", "\u{1}".repeat(16).as_str());
        let found = bracketed(text, &masked, "depends");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].value, Some(" 1.1"));
        assert_eq!(
            without(text, &mut [found[0].range.clone()]),
            "x `(depends: 9.9)` y"
        );
    }

    #[test]
    fn an_annotation_in_bold_leaves_no_marks() {
        let cut = |text: &str| {
            let mut ranges: Vec<_> = bracketed(text, text, "depends")
                .into_iter()
                .map(|found| found.range)
                .collect();
            without(text, &mut ranges).into_owned()
        };
        assert_eq!(cut("x **(depends: 1.1)** y"), "x y");
        assert_eq!(cut("x _(depends: 1.1)_"), "x");
        assert_eq!(cut("**x (depends: 1.1)** y"), "**x ** y");
        assert_eq!(cut("**x** (depends: 1.1) **y**"), "**x** **y**");
    }

    #[test]
    fn depends_reads_tasks_ranges_phases_and_plans() {
        let named = depends("1.1, 2.3–2.5; Phase 4 and auth.phase2@landed, 3.1.A").unwrap();
        assert_eq!(
            named,
            [
                NamedDependency::Task(TaskId::new(1, 1)),
                NamedDependency::Tasks(TaskId::new(2, 3), TaskId::new(2, 5)),
                NamedDependency::Phase(PhaseId(4)),
                NamedDependency::Other("auth.2@landed".parse().unwrap()),
                NamedDependency::Task(TaskId::new(3, 1)),
            ]
        );
        assert_eq!(depends("none"), Ok(vec![]));
        assert_eq!(depends("1.1, Weather"), Err("Weather".to_owned()));
    }
}

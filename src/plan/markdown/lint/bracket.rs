//! Brackets on the line of a task or phase that are almost annotations.

use super::page::Page;
use crate::plan::markdown::DocumentDiagnostic;
use crate::plan::markdown::annotations::{NamedDependency, depends};
use crate::plan::text::near_miss::near_miss;
use crate::plan::{ResourceName, parse_duration};

/// What an annotation can be on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum On {
    Task,
    Phase,
}

/// Keys, and whether they have an effect on tasks and on phases.
const KEYS: [(&str, bool, bool); 7] = [
    ("depends", true, true),
    ("expected", true, true),
    ("reads", true, false),
    ("touches", true, false),
    ("uses", true, false),
    ("pipeline-start", false, true),
    ("parallel-with", false, true),
];

/// Other words for waiting. They count as such only before tasks.
const WAITING: [&str; 20] = [
    "after",
    "blocked by",
    "blocked-by",
    "depend",
    "depend on",
    "dependencies",
    "dependency",
    "depending on",
    "dependent on",
    "depends",
    "depends on",
    "depends upon",
    "deps",
    "needs",
    "prerequisite",
    "prerequisites",
    "require",
    "requires",
    "wait for",
    "waits for",
];

/// Other words for how long something takes. They count as such only before a duration.
const LASTING: [&str; 7] = [
    "duration",
    "est",
    "estimate",
    "estimated",
    "expect",
    "expected",
    "takes",
];

/// Reports such brackets in the titles of phases and tasks. The titles no longer contain the annotations that were read.
pub(super) fn find(page: &Page<'_>, found: &mut Vec<DocumentDiagnostic>) {
    for phase in &page.document.phases {
        let title = (phase.line, phase.title.as_str(), On::Phase);
        let tasks = phase
            .tasks
            .iter()
            .map(|task| (task.line, task.title.as_str(), On::Task));
        for (line, title, on) in tasks.chain([title]) {
            for bracket in brackets(title) {
                if let Some((message, hint)) = near(bracket, on) {
                    found.push(page.doubt(line, bracket, message, hint));
                }
            }
        }
    }
}

/// Everything in round or square brackets outside code, including the brackets. The brackets of links do not count.
fn brackets(title: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut at, mut code) = (0, false);
    while let Some(next) = title[at..].find(['`', '(', '[']) {
        let start = at + next;
        at = start + 1;
        let open = title.as_bytes()[start];
        if open == b'`' {
            code = !code;
        }
        let close = if open == b'(' { ')' } else { ']' };
        if code || open == b'`' {
            continue;
        }
        if let Some(length) = title[start..].find(close) {
            let is_link = open == b'[' && title[start + length + 1..].starts_with(['(', '[']);
            let is_target = open == b'(' && title[..start].ends_with(']');
            if !is_link && !is_target {
                found.push(&title[start..=start + length]);
            }
        }
    }
    found
}

/// The message and the hint for a bracket that is almost an annotation.
fn near(bracket: &str, on: On) -> Option<(String, String)> {
    let inside = &bracket[1..bracket.len() - 1];
    if bracket.starts_with('[') {
        return mark(inside, on);
    }
    let is_text = |hint: String| Some((format!("`{bracket}` is text: it is read as no annotation"), hint));
    let (key, value) = match inside.split_once(':') {
        Some((key, value)) => (key.trim().to_ascii_lowercase(), value.trim()),
        None => return without_colon(inside).and_then(is_text),
    };
    if let Some((key, on_task, _)) = KEYS.iter().find(|(known, ..)| *known == key) {
        let place = if *on_task {
            "on a task"
        } else {
            "on the heading of a phase"
        };
        let counts = KEYS
            .iter()
            .any(|known| known.0 == *key && if on == On::Task { known.1 } else { known.2 });
        let message = format!("`{bracket}` counts {place} alone: it is text here");
        return (!counts).then(|| (message, format!("write it {place}")));
    }
    if WAITING.contains(&key.as_str()) && tasks(value) {
        return is_text(format!("write `(depends: {value})`"));
    }
    if LASTING.contains(&key.as_str()) && parse_duration(value).is_ok() {
        return is_text(format!("write `(expected: {value})`"));
    }
    let known = KEYS
        .iter()
        .filter(|known| if on == On::Task { known.1 } else { known.2 })
        .map(|known| known.0);
    let meant = near_miss(&key, known)?;
    let fits = match meant {
        "depends" => tasks(value),
        "expected" => parse_duration(value).is_ok(),
        "reads" | "touches" => value.contains(['/', '.']),
        "uses" => value
            .split(',')
            .all(|name| name.trim().parse::<ResourceName>().is_ok()),
        _ => true,
    };
    if fits {
        is_text(format!("write `({meant}: {value})`"))
    } else {
        None
    }
}

/// Brackets without a colon: `(depends on 1.1)`, `(expected 5m)`.
fn without_colon(inside: &str) -> Option<String> {
    let inside = inside.trim();
    let lower = inside.to_ascii_lowercase();
    let value = |word: &str| {
        let rest = lower.strip_prefix(word)?.strip_prefix(' ')?;
        Some(inside[inside.len() - rest.len()..].trim())
    };
    if let Some(value) = WAITING
        .iter()
        .filter_map(|word| value(word))
        .find(|value| tasks(value))
    {
        return Some(format!("write `(depends: {value})`"));
    }
    let lasts = LASTING
        .iter()
        .filter_map(|word| value(word))
        .find(|value| parse_duration(value).is_ok());
    lasts.map(|value| format!("write `(expected: {value})`"))
}

/// Marks in square brackets: `[PARALEL]`, `[sequential]`.
fn mark(inside: &str, on: On) -> Option<(String, String)> {
    let folded = inside.trim().to_ascii_lowercase();
    let meant = near_miss(&folded, ["parallel", "sequential"])?;
    let (is_right, place) = match meant == "parallel" {
        true => (true, "the line of a task or the heading of a phase"),
        false => (on == On::Task, "the line of a task"),
    };
    let exact = folded == meant;
    // The word is right, and in this place it only says what holds anyway.
    if exact && (!is_right || inside == meant.to_ascii_uppercase()) {
        return None;
    }
    let hint = format!("write `[{}]` on {place}", meant.to_ascii_uppercase());
    Some((format!("`[{inside}]` is text: it is read as no annotation"), hint))
}

/// True when a value is a list of tasks and nothing else.
fn tasks(value: &str) -> bool {
    let named = depends(value);
    named.is_ok_and(|named| {
        !named.is_empty()
            && named
                .iter()
                .all(|named| matches!(named, NamedDependency::Task(_) | NamedDependency::Tasks(..)))
    })
}

#[cfg(test)]
mod tests {
    use crate::plan::markdown::lint::tests::{tells, told};

    #[test]
    fn near_misses_of_annotations_are_told_with_what_was_meant() {
        for (written, meant) in [
            ("(depends on 1.1)", "(depends: 1.1)"),
            ("(after: 1.1)", "(depends: 1.1)"),
            ("(Depends 1.1)", "(depends: 1.1)"),
            ("(requires 1.1 and 1.2)", "(depends: 1.1 and 1.2)"),
            ("(dpends: 1.1)", "(depends: 1.1)"),
            ("(expcted: 5m)", "(expected: 5m)"),
            ("(estimate: 1h30m)", "(expected: 1h30m)"),
            ("(expected 5m)", "(expected: 5m)"),
            ("(read: src/a.rs)", "(reads: src/a.rs)"),
            ("[SEQUENTAL]", "[SEQUENTIAL]"),
            ("[sequential]", "[SEQUENTIAL]"),
            ("[PARALEL]", "[PARALLEL]"),
            ("(pipeline-start: when 1.1 completes)", "heading of a phase"),
        ] {
            let text = format!("## Phase 1: x\n- [ ] 1.1 a\n- [ ] 1.2 b `c` {written}\n");
            tells(&text, &format!("3:17 `{written}` "));
            assert!(told(&text)[0].contains(meant), "{:?}", told(&text));
        }
        tells(
            "## Phase 1: x [PARALEL]\n- [ ] 1.1 a\n",
            "1:15 `[PARALEL]` is text",
        );
        tells(
            "## Phase 1: x (paralel-with: Phase 2)\n- [ ] 1.1 a\n",
            "1:15 `(paralel-with: Phase 2)` is text",
        );
    }

    #[test]
    fn what_merely_stands_in_brackets_is_text() {
        for prose in [
            "(after the release)",
            "(requires Python 3.11)",
            "(see 1.1)",
            "(needs: care)",
            "(defends: honour)",
            "(ready: no)",
            "[parallel](a.md)",
            "`(after: 1.1)`",
            "[ARM]",
            "(lasts 5m)",
            "(expected: 5m)",
            "[PARALLEL]",
            "(note: 1.1)",
            "(expected output)",
            "(1.1)",
        ] {
            let text = format!("## Phase 1: x\n- [ ] 1.1 a\n- [ ] 1.2 b {prose}\n");
            assert_eq!(told(&text), Vec::<String>::new(), "{prose}");
        }
    }
}

//! Annotations by which a task or phase describes itself: `(expected: 20m)`, `(reads: src/a.rs, docs/b.md)`,
//! `(touches: src/**)`, `(uses: database)`.

use std::collections::BTreeSet;
use std::time::Duration;

use super::annotations::Annotation;
use super::shape::path::stated;
use super::walk::Walk;
use crate::plan::{ResourceName, parse_duration};

/// The duration that `expected` states. `from` is the offset of the searched text. An invalid duration is reported, and so
/// is a second one.
pub(super) fn expected(walk: &mut Walk<'_>, found: &[Annotation<'_>], from: usize) -> Option<Duration> {
    let mut expected = None;
    for annotation in found {
        let line = walk.lines.line(from + annotation.range.start);
        let hint = "write (expected: 20m) or (expected: 1h30m)".to_owned();
        match annotation.value.map(|value| parse_duration(value.trim())) {
            Some(Ok(_)) if expected.is_some() => {
                let message = "`expected` appears a second time".to_owned();
                walk.diagnostic(line, "(expected", message, "keep one of them".to_owned());
            }
            Some(Ok(duration)) => expected = Some(duration),
            Some(Err(error)) => walk.diagnostic(
                line,
                annotation.value.unwrap_or_default().trim(),
                format!("`expected`: {error}"),
                hint,
            ),
            None => walk.diagnostic(line, "(", "`(expected:` is not closed".to_owned(), hint),
        }
    }
    expected
}

/// The files that `reads` or `touches` names, in order, without duplicates. `from` is the offset of the searched text.
pub(super) fn paths(walk: &mut Walk<'_>, key: &str, found: &[Annotation<'_>], from: usize) -> Vec<String> {
    let mut reads: Vec<String> = Vec::new();
    for annotation in found {
        let line = walk.lines.line(from + annotation.range.start);
        let hint = format!("write ({key}: src/a.rs, docs/b.md), with paths inside the repository");
        let Some(value) = annotation.value else {
            walk.diagnostic(line, "(", format!("`({key}:` is not closed"), hint);
            continue;
        };
        for part in value
            .split([',', ';'])
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            match stated(part) {
                Some(file) => reads.push(file.to_owned()),
                None => {
                    let message = format!(
                        "`{}` in `{key}` is not a file of the repository",
                        part.trim_matches('`')
                    );
                    walk.diagnostic(line, part, message, hint.clone());
                }
            }
        }
    }
    let mut seen = BTreeSet::new();
    reads.retain(|file| seen.insert(file.clone()));
    reads
}

/// The resources that `uses` names, in order, without duplicates. `from` is the offset of the searched text.
pub(super) fn uses(walk: &mut Walk<'_>, found: &[Annotation<'_>], from: usize) -> Vec<ResourceName> {
    let mut uses: Vec<ResourceName> = Vec::new();
    for annotation in found {
        let line = walk.lines.line(from + annotation.range.start);
        let hint = "write (uses: database), with a name of [resources]".to_owned();
        let Some(value) = annotation.value else {
            walk.diagnostic(line, "(", "`(uses:` is not closed".to_owned(), hint);
            continue;
        };
        for part in value.split(',').map(str::trim) {
            match part.trim_matches('`').parse() {
                Ok(name) if uses.contains(&name) => {}
                Ok(name) => uses.push(name),
                Err(_) => {
                    let message = format!("`{part}` in `uses` is not the name of a resource");
                    walk.diagnostic(line, part, message, hint.clone());
                }
            }
        }
    }
    uses
}

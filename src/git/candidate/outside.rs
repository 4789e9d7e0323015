//! Changes of a resolution outside the conflict that it was made for.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::git::files::error::GitError;
use crate::git::files::version::GitVersion;
use crate::git::merging::attribute_source::with_attributes_of;
use crate::git::program::command::{Git, records};
use crate::git::repo::repository::Repository;
use crate::plan::CommitId;

/// The differences between a resolution and git's own merge, apart from the conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outside {
    /// The tree that git makes of the two sides, with conflict markers.
    pub automatic: String,
    /// The files, sorted, each with the kind of its change.
    pub files: Vec<(PathBuf, &'static str)>,
}

/// Compares the resolution of a conflict between two commits with git's own merge of the commits. Files in conflict
/// have to agree everywhere except between the markers; all other files have to agree completely.
///
/// # Errors
///
/// When git fails.
pub fn outside_of_conflict(
    repo: &Repository,
    git: GitVersion,
    sides: [&CommitId; 2],
    result: &CommitId,
) -> Result<Outside, GitError> {
    let on = with_attributes_of(Git::on(repo.common_dir()), git, repo, sides[0])?;
    let merged = on
        .args(["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages"])
        .args(sides.map(CommitId::as_str))
        .answer()?;
    if !matches!(merged.status.code(), Some(0 | 1)) {
        return Err(merged.failure());
    }
    let mut fields = records(&merged.stdout);
    let automatic = fields
        .next()
        .map(|tree| String::from_utf8_lossy(tree).into_owned());
    let automatic = automatic.ok_or_else(|| merged.unreadable("not the form of `merge-tree -z`"))?;
    let in_conflict: Vec<&[u8]> = fields.collect();
    let out = Git::on(repo.common_dir())
        .args(["diff-tree", "-r", "-z", "--no-renames", "--raw", "--no-abbrev"])
        .args([automatic.as_str(), result.as_str()])
        .run()?;
    let (mut fields, mut files) = (records(&out), Vec::new());
    // `:MODE MODE BLOB BLOB STATUS`, then the path.
    while let (Some(about), Some(path)) = (fields.next(), fields.next()) {
        let about = String::from_utf8_lossy(about);
        let words: Vec<&str> = about.trim_start_matches(':').split(' ').collect();
        let [mode, new_mode, blob, new_blob, status] = words[..] else {
            continue;
        };
        let what = match status {
            "A" => "added",
            "D" => "deleted",
            _ => "changed",
        };
        let what = if !in_conflict.contains(&path) {
            Some(what)
        } else {
            beside_hunks(repo, sides, (mode, blob), (new_mode, new_blob))?
        };
        if let Some(what) = what {
            files.push((PathBuf::from(OsStr::from_bytes(path)), what));
        }
    }
    Ok(Outside { automatic, files })
}

/// A branch, a tag or a ref of orch's own that holds commits of this history that none of the commits `but` has; `None`
/// when there is no such ref.
///
/// # Errors
///
/// When git fails.
pub fn held_elsewhere(
    repo: &Repository,
    commit: &CommitId,
    but: &[&CommitId],
) -> Result<Option<String>, GitError> {
    const PLACES: [&str; 5] = [
        "refs/heads",
        "refs/tags",
        "refs/remotes",
        "refs/orch/pins",
        "refs/orch/made",
    ];
    let without = |list: Git| {
        but.iter()
            .fold(list, |list, commit| list.arg(format!("^{commit}")))
    };
    let list = Git::on(repo.common_dir()).args(["rev-list", commit.as_str()]);
    let own = without(list).run()?;
    let own = String::from_utf8_lossy(&own).into_owned();
    for id in own.lines() {
        let held = Git::on(repo.common_dir())
            .args([
                "for-each-ref",
                "--count=1",
                "--format=%(refname)",
                "--contains",
                id,
            ])
            .args(PLACES)
            .run()?;
        let held = String::from_utf8_lossy(&held).trim().to_owned();
        if !held.is_empty() {
            return Ok(Some(held));
        }
    }
    Ok(None)
}

/// The change of a file in conflict outside its hunks. A file without hunks is in conflict as a whole.
fn beside_hunks(
    repo: &Repository,
    sides: [&CommitId; 2],
    (mode, blob): (&str, &str),
    (new_mode, new_blob): (&str, &str),
) -> Result<Option<&'static str>, GitError> {
    const FILE: &str = "100";
    if !mode.starts_with(FILE) {
        return Ok(None);
    }
    let read = |blob: &str| Git::on(repo.common_dir()).args(["cat-file", "blob", blob]).run();
    let automatic = read(blob)?;
    let Some(fixed) = outside_of_hunks(&automatic, sides) else {
        return Ok(None);
    };
    if !new_mode.starts_with(FILE) {
        return Ok(Some("deleted, where only some of its lines are in conflict"));
    }
    if mode != new_mode {
        return Ok(Some("changed in its mode"));
    }
    let held = holds_in_turn(&read(new_blob)?, &fixed);
    Ok((!held).then_some("changed outside of the lines in conflict"))
}

type RawLines<'t> = Vec<&'t [u8]>;

/// The lines before, between and after the hunks that git could not merge; `None` when there is no hunk.
fn outside_of_hunks<'t>(text: &'t [u8], sides: [&CommitId; 2]) -> Option<Vec<RawLines<'t>>> {
    // The names after the markers are commit ids, which no earlier text has after a marker.
    let marks = |line: &[u8], sign: u8, side: &CommitId| {
        let signs = line.iter().take_while(|byte| **byte == sign).count();
        let name = line[signs..].strip_prefix(b" ");
        signs > 0 && name.is_some_and(|name| name.starts_with(side.as_str().as_bytes()))
    };
    let (mut parts, mut inside) = (vec![RawLines::new()], false);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        if inside {
            inside = !marks(line, b'>', sides[1]);
        } else if marks(line, b'<', sides[0]) {
            inside = true;
            parts.push(RawLines::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(line);
        }
    }
    (parts.len() > 1).then_some(parts)
}

/// True when a text begins with the first part, ends with the last, and has the others in order in between.
fn holds_in_turn(text: &[u8], parts: &[RawLines<'_>]) -> bool {
    let lines: RawLines<'_> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let ([first, between @ .., last], rest) = (parts, lines.as_slice()) else {
        return true;
    };
    let Some(mut rest) = rest
        .strip_prefix(first.as_slice())
        .and_then(|rest| rest.strip_suffix(last.as_slice()))
    else {
        return false;
    };
    // The first match is the best: it leaves the most text for the remaining parts.
    for part in between.iter().filter(|part| !part.is_empty()) {
        let Some(at) = rest
            .windows(part.len())
            .position(|window| window == part.as_slice())
        else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_outside_of_the_hunks_has_to_be_there_in_turn() {
        let (ours, theirs): (CommitId, CommitId) =
            ("a".repeat(40).parse().unwrap(), "b".repeat(40).parse().unwrap());
        let hunk = format!("<<<<<<< {ours}\nours\n=======\ntheirs\n>>>>>>> {theirs}\n");
        let text = format!("top\n{hunk}middle\n<<<<<<< HEAD\nof old\n{hunk}bottom\n");
        let parts = outside_of_hunks(text.as_bytes(), [&ours, &theirs]).unwrap();
        for (resolved, fine) in [
            (
                "top\nours\ntheirs\nmiddle\n<<<<<<< HEAD\nof old\nours\nbottom\n",
                true,
            ),
            ("top\nmiddle\n<<<<<<< HEAD\nof old\nbottom\n", true),
            ("top\nmiddle\nours\nbottom\n", false),
            ("ours\nmiddle\n<<<<<<< HEAD\nof old\nbottom\n", false),
            ("top\nmiddle\n<<<<<<< HEAD\nof old\n", false),
            ("top\nmiddle\n<<<<<<< HEAD\nof old\nbottom\nmore\n", false),
            ("", false),
        ] {
            assert_eq!(holds_in_turn(resolved.as_bytes(), &parts), fine, "{resolved}");
        }
        assert_eq!(outside_of_hunks(b"top\n", [&ours, &theirs]), None);
        // Overlapping ends are not counted twice.
        assert!(!holds_in_turn(b"a\n", &[vec![b"a\n"], vec![b"a\n"]]));
    }
}

//! Parsing the output of `git diff` for a page.

use serde::Serialize;

/// The command line that prints a plan's changes as plain text.
pub fn diff_line(plan: &str) -> [&str; 6] {
    ["diff", plan, "--", "--no-color", "--no-ext-diff", "--no-textconv"]
}

/// A file with the number of its changed lines.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct FileCounts {
    path: String,
    /// `None` for a binary file.
    added: Option<u32>,
    removed: Option<u32>,
}

/// Reads `git diff --numstat -z`.
pub fn changed(text: &str) -> Vec<FileCounts> {
    let mut parts = text.split('\0');
    let mut found = Vec::new();
    while let Some(part) = parts.next() {
        let mut columns = part.splitn(3, '\t');
        let (Some(added), Some(removed), Some(path)) = (columns.next(), columns.next(), columns.next())
        else {
            continue;
        };
        // For a renamed file its two names follow, each as a separate part.
        let path = match path {
            "" => parts.by_ref().nth(1).unwrap_or_default(),
            path => path,
        };
        found.push(FileCounts {
            path: path.to_owned(),
            added: added.parse().ok(),
            removed: removed.parse().ok(),
        });
    }
    found
}

/// A file with its changed lines.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct FileDiff {
    path: String,
    added: usize,
    removed: usize,
    lines: Vec<Line>,
}

/// A line.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// `add`, `del`, `hunk` or nothing.
    kind: &'static str,
    text: String,
}

/// Reads `git diff`.
pub fn files(text: &str) -> Vec<FileDiff> {
    let mut found: Vec<FileDiff> = Vec::new();
    // The lines between a file's header and its first hunk tell nothing new.
    let mut in_hunk = false;
    for line in text.lines() {
        if let Some(named) = line.strip_prefix("diff --git ") {
            in_hunk = false;
            // `a/NAME b/NAME`, twice the same name; a renamed file is named again below.
            let half = named.get(..named.len() / 2).unwrap_or(named);
            let half = unquoted(half);
            found.push(FileDiff {
                path: half.strip_prefix("a/").unwrap_or(&half).to_owned(),
                ..FileDiff::default()
            });
            continue;
        }
        let Some(file) = found.last_mut() else { continue };
        if line.starts_with("@@ ") {
            in_hunk = true;
        }
        if !in_hunk {
            if let Some(name) = line.strip_prefix("rename to ") {
                file.path = unquoted(name);
            }
            if line.starts_with("Binary files") {
                file.lines.push(Line {
                    kind: "hunk",
                    text: line.to_owned(),
                });
            }
            continue;
        }
        let kind = match line.as_bytes().first() {
            Some(b'+') => "add",
            Some(b'-') => "del",
            Some(b'@' | b'\\') => "hunk",
            Some(_) | None => "",
        };
        file.added += usize::from(kind == "add");
        file.removed += usize::from(kind == "del");
        file.lines.push(Line {
            kind,
            text: line.to_owned(),
        });
    }
    found
}

/// A name as it is. Git puts names with unusual characters between quotes, with each unusual byte as `\\ooo` (git-config,
/// `core.quotePath`).
fn unquoted(name: &str) -> String {
    let Some(quoted) = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return name.to_owned();
    };
    let mut bytes = Vec::new();
    let mut rest = quoted.bytes();
    while let Some(byte) = rest.next() {
        let escaped = match byte {
            b'\\' => rest.next(),
            _ => {
                bytes.push(byte);
                continue;
            }
        };
        bytes.push(match escaped {
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(first @ b'0'..=b'3') => {
                let digits = [Some(first), rest.next(), rest.next()].into_iter().flatten();
                digits.fold(0, |byte: u8, digit| {
                    byte.wrapping_mul(8).wrapping_add(digit.wrapping_sub(b'0'))
                })
            }
            Some(other) => other,
            None => b'\\',
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_with_odd_names_and_renames() {
        let found = changed(&["3\t1\ta b.txt", "-\t-\tx.png", "1\t0\t", "old", "new", ""].join("\0"));
        let row = |path: &str, added, removed| FileCounts {
            path: path.to_owned(),
            added,
            removed,
        };
        assert_eq!(
            found,
            [
                row("a b.txt", Some(3), Some(1)),
                row("x.png", None, None),
                row("new", Some(1), Some(0))
            ]
        );
    }

    #[test]
    fn lines_that_look_like_heads_stay_lines() {
        let text = "diff --git a/x b/x\nindex 1..2\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n--- a\n+++ b\n diff --git\n\
                    diff --git a/y b/z\nsimilarity index 90%\nrename from y\nrename to z\n";
        let found = files(text);
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].path.as_str(), found[0].added, found[0].removed),
            ("x", 1, 1)
        );
        assert_eq!(found[0].lines.len(), 4);
        assert_eq!(found[1].path, "z");
        let odd = r#"diff --git "a/\346\274\242 \"x\".txt" "b/\346\274\242 \"x\".txt""#;
        assert_eq!(files(odd)[0].path, "漢 \"x\".txt");
    }
}

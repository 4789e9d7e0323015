//! The data for a plan's review, as text.

use std::fmt::Write;
use std::io::Write as _;

use crate::report::text::count::count;
use crate::report::text::visible::Visible;
use crate::supervisor::ReviewView;

/// The most commits and files to list.
const MOST: usize = 30;

/// `orch review PLAN`, with control characters in agents' texts made harmless.
pub fn review_text(view: &ReviewView) -> String {
    let mut text = String::new();
    let short = view.commit.short();
    let is = match &view.approved {
        Some(approved) if *approved == view.commit => format!("{short} is approved"),
        _ if view.needed => format!("waits for review of {short}"),
        _ => format!("{short}; it lands without a review"),
    };
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{}: {}, {is}", view.plan, view.state);
    let commits = view.commits.iter();
    let commits = commits.map(|line| format!("{} {}", line.commit.short(), line.subject));
    list(&mut text, &count(view.commits.len(), "commit"), commits);
    let files = format!(
        "{}, {} added, {} removed",
        count(view.files.len(), "file"),
        count(view.added, "line"),
        view.removed
    );
    list(&mut text, &files, view.files.iter().cloned());
    match (&view.verify, &view.verified) {
        (Some(line), Some(commit)) => {
            let _ = writeln!(text, "\n`{}` passed on {}", line, commit.short());
        }
        (Some(line), None) => {
            let _ = writeln!(text, "\n`{}` has not passed on it", line);
        }
        (None, _) if view.merge_verify.is_none() => text += "\nno `verify` checks it\n",
        (None, _) => {}
    }
    if let Some(line) = &view.merge_verify {
        let _ = writeln!(text, "\n`{line}` has to pass once it is merged with the target");
    }
    let comments = view.comments.iter().map(|comment| {
        let said = comment.text.replace('\n', "\n      ");
        format!(
            "{}:{}: {}\n      {said}",
            comment.file,
            comment.line,
            comment.quote.trim()
        )
    });
    if !view.comments.is_empty() {
        list(&mut text, &count(view.comments.len(), "comment"), comments);
    }
    let _ = writeln!(text, "\nlook:    orch diff {}", view.plan);
    if let Some(worktree) = &view.worktree {
        let _ = writeln!(text, "         cd {worktree}");
    }
    let _ = writeln!(
        text,
        "comment: orch review {} --comment FILE:LINE TEXT",
        view.plan
    );
    let _ = writeln!(
        text,
        "then:    orch review {} --approve, or --request-changes [TEXT]",
        view.plan
    );
    let mut shown = Visible::new(Vec::new());
    let _ = shown.write_all(text.as_bytes());
    String::from_utf8_lossy(&shown.into_inner()).into_owned()
}

fn list(text: &mut String, title: &str, lines: impl ExactSizeIterator<Item = String>) {
    let more = lines.len().saturating_sub(MOST);
    let _ = writeln!(text, "\n{title}");
    for line in lines.take(MOST) {
        let _ = writeln!(text, "  {line}");
    }
    if more > 0 {
        let _ = writeln!(text, "  and {more} more");
    }
}

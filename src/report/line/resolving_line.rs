//! Events about resolving conflicts, in one line.

use crate::schedule::Resolving;
use crate::words::{because, repair_words};

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// Everything except the time, the plan and the event's name.
pub fn resolving_line(fact: &Resolving) -> String {
    match fact {
        Resolving::Opened(opened) if opened.files.is_empty() => {
            format!("in {}: resolved as before", opened.path)
        }
        Resolving::Opened(opened) => format!("in {}: {}", opened.path, opened.files.join(", ")),
        Resolving::Done(done) => match (&done.attempt, &done.left_out) {
            (Some(attempt), Some(left_out)) => {
                format!(
                    "{} by {attempt}, which left lines out: {}",
                    done.commit.short(),
                    first_line(left_out)
                )
            }
            (Some(attempt), None) => format!("{} by {attempt}", done.commit.short()),
            (None, _) => done.commit.short().to_owned(),
        },
        Resolving::Started(started) => format!("{}: agent {}", started.attempt, started.agent),
        Resolving::Failed(failed) => format!("{}: {}", failed.attempt, first_line(&because(&failed.why))),
        Resolving::Dropped(_) | Resolving::Cancelled(_) => String::new(),
        Resolving::Reused(repaired) => repair_words(repaired),
    }
}

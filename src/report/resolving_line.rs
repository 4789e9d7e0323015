//! What facts about resolving conflicts look like in a line.

use crate::schedule::Resolving;

/// Everything but time, plan and the event's name.
pub(super) fn resolving_line(fact: &Resolving) -> String {
    match fact {
        Resolving::Opened(opened) if opened.files.is_empty() => {
            format!("in {}: all of it as it was resolved before", opened.path)
        }
        Resolving::Opened(opened) => format!("in {}: {}", opened.path, opened.files.join(", ")),
        Resolving::Done(done) => done.commit.short().to_owned(),
        Resolving::Dropped(_) => String::new(),
        Resolving::Reused(mended) => mended.words(),
    }
}

//! The disk space of worktrees, for `orch status -v`.

use std::fmt::Write;

use crate::supervisor::DiskUse;

use crate::report::text::size::size;

/// One line a plan, and the free space.
pub fn disk_text(used: &DiskUse) -> String {
    let mut text = String::new();
    let width = used
        .plans
        .keys()
        .map(|name| name.as_str().len())
        .max()
        .unwrap_or(0)
        .max(7);
    for (name, bytes) in &used.plans {
        let _ = writeln!(text, "{:<width$}  {:>9}", name.as_str(), size(*bytes));
    }
    if let Some(bytes) = used.merging {
        let _ = writeln!(text, "{:<width$}  {:>9}", "(merge)", size(bytes));
    }
    let floor = used
        .floor
        .map(|floor| format!("; no worktree is made below {}", size(floor)));
    if let Some(free) = used.free {
        let _ = writeln!(
            text,
            "{:<width$}  {:>9}{}",
            "free",
            size(free),
            floor.unwrap_or_default()
        );
    }
    text
}

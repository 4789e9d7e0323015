//! Conflicts with the target, in words.

use crate::plan::PlanName;
use crate::schedule::{ConflictRepaired, other_side};

/// Describes a conflict with the target. `tried` is a failed attempt to resolve the conflict.
pub fn conflict_words(with: &[PlanName], files: &[String], tried: Option<&str>) -> String {
    let tried = tried.map(|tried| format!("; {tried}")).unwrap_or_default();
    format!(
        "conflicts with {} in {}{tried}",
        other_side(with),
        files.join(", ")
    )
}

/// Describes how a conflict was resolved without a person or agent.
pub fn repair_words(repaired: &ConflictRepaired) -> String {
    let part =
        |files: &[String], how: &str| (!files.is_empty()).then(|| format!("{} {how}", files.join(", ")));
    let parts = [
        part(&repaired.reused, "resolved as before"),
        part(&repaired.regenerated, "made anew"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

//! How a plan or a part of it ended, in words.

use super::list::joined;
use super::reason_text::{About, ReasonText};
use crate::plan::UnitId;
use crate::schedule::{Hold, Lost};

pub(super) fn failed(why: &str, about: &About<'_>) -> ReasonText {
    let name = about.plan;
    ReasonText::with_remedy(why, format!("orch logs {name}, then {}", about.again(name)))
}

pub(super) fn held(hold: &Hold, about: &About<'_>) -> ReasonText {
    let name = about.plan;
    let again = about.again(name);
    match hold {
        Hold::Conflict { with, files } => ReasonText::with_remedy(
            format!("conflicts with {with} in {}", files.join(", ")),
            format!("merge {with} into its branch by hand, commit, then {again}"),
        ),
        Hold::Verification { why } => ReasonText::with_remedy(
            format!("its verification failed: {why}"),
            format!("mend it in its worktree, commit, then {again}"),
        ),
        Hold::Stuck { why } => ReasonText::with_remedy(
            why,
            format!("orch logs {name} shows what it did last; then orch retry {name}"),
        ),
        Hold::Needs { why, how, .. } => ReasonText::with_remedy(why, format!("{how}, then {again}")),
        Hold::TakenAway {
            by,
            commit,
            items,
            keys,
        } => ReasonText::with_remedy(
            Hold::taken_away(by, commit, items, keys),
            format!("put that back, or leave it so; then orch retry {name}"),
        ),
        Hold::JournalLost {} => ReasonText::with_remedy(
            Hold::JOURNAL_LOST,
            format!("look at its branch, then orch retry {name}; or orch cancel {name}"),
        ),
        Hold::Refused { why } => ReasonText::with_remedy(why, format!("mend that, then {again}")),
        Hold::Work { unit, why, built_on } => {
            let lost = Lost::Held {
                why: why.clone(),
                built_on: built_on.clone(),
            };
            self::lost(*unit, &lost, about)
        }
    }
}

pub(super) fn lost(unit: UnitId, lost: &Lost, about: &About<'_>) -> ReasonText {
    let name = about.plan;
    let work = format!("{name}.{unit}");
    match lost {
        Lost::Skipped { why, .. } => ReasonText::plain(why),
        Lost::Cancelled => ReasonText::with_remedy("a person cancelled it", format!("orch retry {work}")),
        Lost::Failed { why, .. } => {
            ReasonText::with_remedy(why, format!("orch logs {name}, then {}", about.again(work)))
        }
        Lost::Held { why, built_on } if built_on.is_empty() => ReasonText::with_remedy(
            format!("{unit}: {why}"),
            format!("mend that, then {}", about.again(work)),
        ),
        Lost::Held { why, built_on } => ReasonText::with_remedy(
            format!("{unit} failed: {why}; built on it: {}", joined(built_on)),
            format!(
                "{0} checks again; `orch task skip {unit} --plan {name}`, then {0}, goes on without",
                about.again(work)
            ),
        ),
    }
}

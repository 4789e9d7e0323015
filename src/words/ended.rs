//! How a plan or a part of it ended, in words.

use super::about::About;
use super::list::joined;
use super::reason_text::ReasonText;
use super::why::{self, advice, because};
use crate::plan::UnitId;
use crate::schedule::{Because, Hold, Lost};

pub(super) fn failed(why: &Because, about: &About<'_>) -> ReasonText {
    let name = about.plan;
    ReasonText::with_remedy(
        because(why),
        format!("orch logs {name}, then {}", about.again(name)),
    )
}

pub(super) fn held(hold: &Hold, about: &About<'_>) -> ReasonText {
    let name = about.plan;
    let again = about.again(name);
    let remedy = match hold {
        Hold::Work { unit, why, built_on } => {
            let (why, built_on) = (why.clone(), built_on.clone());
            return self::lost(*unit, &Lost::Held { why, built_on }, about);
        }
        Hold::Verification { why } => {
            let remedy = format!("fix it in its worktree, commit, then {again}");
            return ReasonText::with_remedy(format!("its verification failed: {}", because(why)), remedy);
        }
        Hold::Conflict { with, .. } => format!("merge {with} into its branch by hand, commit, then {again}"),
        Hold::Stuck { .. } => format!("orch logs {name} shows what it did last; then orch retry {name}"),
        // Only the person's word settles it: another `orch up` finds the same.
        Hold::Needs {
            why,
            how,
            obstacle: None,
        } => format!("{}, then orch retry {name}", advice(name, why, how)),
        Hold::Needs { why, how, .. } => format!("{}, then {again}", advice(name, why, how)),
        Hold::TakenAway { .. } => format!("put that back, or leave it so; then orch retry {name}"),
        Hold::JournalLost {} => format!("look at its branch, then orch retry {name}; or orch cancel {name}"),
        Hold::Asks { .. } => format!("orch answer {name} TEXT"),
        Hold::Refused { .. } => format!("fix that, then {again}"),
    };
    ReasonText::with_remedy(why::held(hold), remedy)
}

pub(super) fn lost(unit: UnitId, lost: &Lost, about: &About<'_>) -> ReasonText {
    let name = about.plan;
    let work = format!("{name}.{unit}");
    match lost {
        Lost::Skipped { why, .. } => ReasonText::plain(because(why)),
        Lost::Cancelled => ReasonText::with_remedy("a person cancelled it", format!("orch retry {work}")),
        Lost::Failed { why, .. } => ReasonText::with_remedy(
            because(why),
            format!("orch logs {name}, then {}", about.again(work)),
        ),
        Lost::Held { why, built_on } if built_on.is_empty() => ReasonText::with_remedy(
            format!("{unit}: {}", because(why)),
            format!("fix that, then {}", about.again(work)),
        ),
        Lost::Held { why, built_on } => ReasonText::with_remedy(
            format!(
                "{unit} failed: {}; built on it: {}",
                because(why),
                joined(built_on)
            ),
            format!(
                "{0} checks again; `orch task skip {unit} --plan {name}`, then {0}, continues without it; `orch redo \
                 {name}.{1} --dependents` does all of that again",
                about.again(work),
                unit.phase()
            ),
        ),
    }
}

//! Remarks about landed work, in words.

use super::conflict::repair_words;
use super::list::phases as phases_words;
use super::reason_text::ReasonText;
use crate::plan::PhaseId;
use crate::schedule::LandedReason;

pub(super) fn landed(landed: &LandedReason) -> ReasonText {
    match landed {
        LandedReason::ByHand(evidence) => ReasonText::plain(format!("a person landed it: {evidence}")),
        LandedReason::Repaired(repaired) => ReasonText::plain(format!(
            "it conflicted, and landed with {}",
            repair_words(repaired)
        )),
        LandedReason::LeftOut(why) => ReasonText::plain(format!(
            "the agent that resolved its conflict left lines out: {why}"
        )),
        LandedReason::Rewritten => ReasonText::with_remedy(
            "the document changed after the plan landed; the new tasks are ignored",
            "give the new work its own plan: a table with another name in the manifest",
        ),
        LandedReason::Phases {
            prefix,
            target,
            commit,
        } => ReasonText::plain(format!(
            "{} {} landed on {target} ({})",
            phases_words(&prefix.phases),
            one_or_more(&prefix.phases, "has", "have"),
            commit.short()
        )),
        LandedReason::TakenBack {
            phases,
            target,
            commit,
        } => ReasonText::with_remedy(
            format!(
                "{} {} taken off {target} again by {}, and what landed since is only what was new",
                phases_words(phases),
                one_or_more(phases, "was", "were"),
                commit.short()
            ),
            format!("git revert {} on {target} brings that back", commit.short()),
        ),
    }
}

fn one_or_more(phases: &[PhaseId], one: &'static str, more: &'static str) -> &'static str {
    if phases.len() == 1 { one } else { more }
}

//! Findings about orch's own refs: superfluous, missing, or of unknown plans. Pure.

use super::finding::{DoctorFacts, Finding, RepairStep};
use super::kind::FindingKind;
use crate::supervisor::recovery::own_refs::word;

/// All findings about orch's own refs.
pub(super) fn about_refs(facts: &DoctorFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    for (plan, point) in &facts.orphan_pins {
        let what = format!("the pin {plan}/{point} belongs to an unknown plan");
        found.push(Finding::repairable(
            FindingKind::Ref,
            what,
            RepairStep::Unpin(plan.clone(), point.clone()),
        ));
    }
    for pin in &facts.missing_pins {
        let what = format!("the pin {}/{} was deleted", pin.plan, word(pin.point));
        found.push(Finding::repairable(
            FindingKind::Ref,
            what,
            RepairStep::Repin(pin.clone()),
        ));
    }
    for (plan, commit) in &facts.missing_notes {
        found.push(Finding::repairable(
            FindingKind::Ref,
            format!(
                "{} has no note that says what {plan} was landed on",
                commit.short()
            ),
            RepairStep::WriteNote(plan.clone(), commit.clone()),
        ));
    }
    for (commit, target) in &facts.orphan_notes {
        found.push(Finding::for_a_person(
            FindingKind::Ref,
            format!(
                "a note tells of a landing in {}, which is not on {target}",
                commit.short()
            ),
            format!(
                "somebody has rewritten {target}, or the note: `git notes --ref orch remove {}` removes it",
                commit.short()
            ),
        ));
    }
    for (plan, branch) in &facts.unit_notes {
        let what = format!("a note speaks of the branch {branch} of {plan}, which does not exist");
        found.push(Finding::repairable(
            FindingKind::Ref,
            what,
            RepairStep::ForgetUnit(plan.clone(), branch.clone()),
        ));
    }
    for (plan, branch) in &facts.orphan_units {
        found.push(Finding::for_a_person(
            FindingKind::Ref,
            format!("the branch {branch} was made for a task of {plan}, an unknown plan"),
            format!("put the plan back, or delete it with `git branch -d {branch}`"),
        ));
    }
    found
}

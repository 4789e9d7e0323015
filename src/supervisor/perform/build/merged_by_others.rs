//! Work of a plan that another plan's branch contains too.

use super::chain_end::ChainEnd;
use super::refusal::refused;
use crate::plan::{CommitId, Plan};
use crate::schedule::MergeTrouble;
use crate::supervisor::project::repository_plans::Project;

/// Refuses to land rewritten commits of a plan while another plan's branch contains some of the original ones: git would no
/// longer recognise the shared work, and merging it would conflict.
pub fn nobody_has_merged(
    project: &Project,
    plan: &Plan,
    top: &ChainEnd,
    head: &CommitId,
    strategy: &str,
) -> Result<(), MergeTrouble> {
    // Objects of the chain must be readable outside of the builder.
    top.save().map_err(|error| refused(&error))?;
    let (repo, onto) = (&project.repo, &top.commit);
    for other in project.set.plans.iter().filter(|other| other.name != plan.name) {
        let Some(tip) = repo.branch_tip(&other.branch).map_err(|error| refused(&error))? else {
            continue;
        };
        let is_in =
            |one: &CommitId, other: &CommitId| repo.is_ancestor(one, other).map_err(|error| refused(&error));
        let shared = repo.merge_base(&tip, head).map_err(|error| refused(&error))?;
        let has_merged = match shared {
            Some(shared) => !is_in(&tip, onto)? && !is_in(&shared, onto)?,
            None => false,
        };
        // Work that this plan has merged from another plan is for that plan to land first.
        let its_own = plan
            .depends
            .iter()
            .any(|dependency| dependency.on.plan == other.name);
        if has_merged && !its_own {
            return Err(refused(&format!(
                "`{strategy}` would land other commits than its own, and the branch of plan {} has some of those: write \
                 `merge_strategy = \"merge\"` for {}, or `carry = false` for {} before it begins",
                other.name, plan.name, other.name
            )));
        }
    }
    Ok(())
}

//! The current conflicts between live branches, and with the target.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::git::{self, ConflictFile, Forecast};
use crate::journal::SCHEMA;
use crate::plan::{CommitId, MergeStrategy, PlanName};
use crate::schedule::{Outcome, State};

use super::situation::Situation;
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::repository_plans::Project;

/// The answer of `orch conflicts --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conflicts {
    /// Version of the document.
    pub schema: u32,
    /// Every pair that conflicts: pairs with the target first, then in manifest order.
    pub pairs: Vec<ConflictPair>,
}

/// Two branches that conflict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConflictPair {
    /// A plan, or the target by its branch's name.
    pub a: String,
    /// A plan.
    pub b: String,
    /// The files, sorted by path.
    pub files: Vec<ConflictFile>,
}

/// A branch and its tip.
pub type BranchHead = (String, CommitId);

/// Plans whose branches will no longer be merged into the target: landed or cancelled plans.
pub fn over(project: &Project, state: &State) -> BTreeSet<PlanName> {
    let over = state.plans().filter(|(_, run)| {
        run.landed.contains_key(&project.target) || run.outcome == Some(Outcome::Cancelled)
    });
    over.map(|(name, _)| name.clone()).collect()
}

/// The target and the branches of these plans, as far as they exist.
///
/// # Errors
///
/// When the repository cannot be read.
pub fn live_heads(
    project: &Project,
    is_live: impl Fn(&PlanName) -> bool,
) -> Result<Vec<BranchHead>, SupervisorError> {
    let target = &project.target;
    let tip = project.repo.branch_tip(target)?;
    let mut heads = vec![(target.clone(), tip.unwrap_or_else(|| project.base.clone()))];
    for plan in project.set.plans.iter().filter(|plan| is_live(&plan.name)) {
        if let Some(tip) = project.repo.branch_tip(&plan.branch)? {
            // A conflict that was resolved by hand no longer counts.
            let resolved = git::refs::resolution(&project.repo, &plan.name)?;
            let resolved = resolved.filter(|resolved| resolved.head == tip);
            let stands_in = resolved.filter(|_| plan.merge_strategy != MergeStrategy::Rebase);
            heads.push((
                plan.name.to_string(),
                stands_in.map_or(tip, |resolved| resolved.commit),
            ));
        }
    }
    Ok(heads)
}

/// The target and those branches that have commits of their own: one that is still at its `base`, where it began, brings no conflict.
pub fn with_work(heads: &[BranchHead], base: impl Fn(&PlanName) -> Option<CommitId>) -> Vec<BranchHead> {
    let began_there =
        |(name, tip): &&BranchHead| name.parse().ok().and_then(|plan| base(&plan)).as_ref() == Some(tip);
    let (target, plans) = heads.split_at(heads.len().min(1));
    let plans = plans.iter().filter(|head| !began_there(head));
    target.iter().chain(plans).cloned().collect()
}

/// The conflicting pairs among these branches.
///
/// # Errors
///
/// When git fails.
pub fn pairs(forecast: &mut Forecast, heads: &[BranchHead]) -> Result<Vec<ConflictPair>, SupervisorError> {
    let commits: Vec<CommitId> = heads.iter().map(|(_, commit)| commit.clone()).collect();
    let clashes = forecast.look(&commits)?;
    let pair = |clash: crate::git::Clash| ConflictPair {
        a: heads[clash.one].0.clone(),
        b: heads[clash.two].0.clone(),
        files: clash.files,
    };
    Ok(clashes.into_iter().map(pair).collect())
}

/// Checks every pair of live branches, and each branch with the target. Moves nothing.
///
/// # Errors
///
/// When the repository or the journal cannot be read.
pub fn conflicts(project: &Project, situation: &Situation) -> Result<Conflicts, SupervisorError> {
    let over = over(project, situation.scheduler.state());
    let heads = live_heads(project, |name| !over.contains(name))?;
    let state = situation.scheduler.state();
    let heads = with_work(&heads, |plan| Some(state.plan(plan).worktree()?.base.clone()));
    let found = if heads.len() > 1 {
        pairs(&mut Forecast::new(&project.repo, project.git()?)?, &heads)?
    } else {
        Vec::new()
    };
    Ok(Conflicts {
        schema: SCHEMA,
        pairs: found,
    })
}

impl ConflictPair {
    /// The files, and the kind of conflict in each, for people.
    pub fn shown(&self) -> Vec<String> {
        let shown = |file: &ConflictFile| format!("{} ({})", file.path.display(), file.kind);
        self.files.iter().map(shown).collect()
    }
}

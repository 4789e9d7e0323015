//! Conflicts that need nobody: repeating resolutions that git has recorded, and regenerating generated files. Both happen in
//! a worktree of orch's own, and the result is verified like everything else.

use std::path::{Path, PathBuf};

use crate::agent::JobFolder;
use crate::git::{self, CandidateBuilder, ConflictFile};
use crate::plan::{CommitId, FinishCheck, MergeStrategy, Plan, Regenerate};
use crate::schedule::{ConflictRepaired, MergeTrouble, Prefix};

use super::wording::message;
use crate::supervisor::perform::command::verify;
use crate::supervisor::perform::command::verify::{Check, VerifyOutcome};
use crate::supervisor::perform::tree::build_context::BuildContext;
use crate::supervisor::perform::tree::candidate_pool::MergeKey;
use crate::supervisor::perform::tree::tree_run::keep_log;
use crate::supervisor::perform::tree::worktree::provision_own;
use crate::supervisor::project::environment;
use crate::supervisor::project::error::in_words;
use crate::supervisor::project::repository_plans::Project;

/// The key of the worktree; no plan can have this key.
pub const REPAIR_KEY: &str = "mend@0";

/// A merge with conflicts.
#[derive(Debug, Clone)]
pub struct ConflictingMerge {
    pub plan: Plan,
    /// The plan's first phases, when only those are merged.
    pub part: Option<Prefix>,
    pub onto: CommitId,
    /// The plan's branch, or the commit that is merged in its place.
    pub incoming: CommitId,
    pub files: Vec<ConflictFile>,
    /// The trouble to report when the conflict cannot be repaired.
    pub trouble: MergeTrouble,
    pub target: String,
}

impl ConflictingMerge {
    /// The key of the merge.
    pub fn key(&self) -> MergeKey {
        let up_to = self.part.as_ref().map(|part| part.up_to);
        (self.onto.clone(), self.incoming.clone(), up_to)
    }

    /// The trouble to report after the repair failed.
    pub fn told(&self, tried: &Option<String>) -> MergeTrouble {
        match (&self.trouble, tried) {
            (
                MergeTrouble::Conflict {
                    with, files, sides, ..
                },
                Some(tried),
            ) => MergeTrouble::Conflict {
                with: with.clone(),
                files: files.clone(),
                tried: Some(Box::new(tried.as_str().into())),
                sides: sides.clone(),
            },
            (trouble, _) => trouble.clone(),
        }
    }
}

/// The result of a repair.
#[derive(Debug, Clone)]
pub enum RepairedMerge {
    /// The merge's commit and tree.
    Merged(CommitId, String),
    /// The repair failed; the reason, if something was tried.
    Not(Option<String>),
    /// A person asked to stop.
    Stopped,
}

/// The events and warnings of a repair.
#[derive(Debug, Default)]
pub struct MergeNotes {
    pub repaired: Option<ConflictRepaired>,
    pub warnings: Vec<String>,
}

/// Repairs a merge with conflicts, where that needs nobody.
pub fn repair(context: BuildContext<'_>, clash: &ConflictingMerge, told: &mut MergeNotes) -> RepairedMerge {
    // Commits that are rebased one by one conflict one by one.
    if clash.plan.merge_strategy == MergeStrategy::Rebase {
        return RepairedMerge::Not(None);
    }
    match attempt(context, clash, told) {
        Ok(repaired) => repaired,
        Err(why) => RepairedMerge::Not(Some(why)),
    }
}

fn attempt(
    context: BuildContext<'_>,
    clash: &ConflictingMerge,
    told: &mut MergeNotes,
) -> Result<RepairedMerge, String> {
    let (project, admin) = (context.project, context.admin);
    let entries = &project.set.merge.regenerate;
    let is_generated = |file: &Path| entries.iter().any(|entry| entry.makes(file));
    let generated = clash.files.iter().any(|file| is_generated(&file.path));
    let reuse = git::conflict::has_recorded_resolutions(&project.repo).map_err(in_words)?;
    if !reuse && !clash.files.iter().all(|file| is_generated(&file.path)) {
        return Ok(RepairedMerge::Not(None));
    }
    let path = project.worktree_path(REPAIR_KEY);
    let ready = git::worktree::ensure_detached(admin, REPAIR_KEY, &path, &clash.onto);
    let ready = ready.map_err(in_words)?;
    told.warnings.extend(ready.warnings);
    let path = ready.path;
    if generated {
        told.warnings
            .extend(provision_own(project, &clash.plan, REPAIR_KEY, &path)?);
    }
    let done = in_worktree(context, clash, &path, reuse, told);
    git::conflict::end_repair(
        // Nothing in the worktree is needed any more: the result is in the commit, or useless.
        admin,
        REPAIR_KEY,
        &path,
        &clash.onto,
    )
    .map_err(in_words)?;
    done
}

fn in_worktree(
    context: BuildContext<'_>,
    clash: &ConflictingMerge,
    path: &Path,
    reuse: bool,
    told: &mut MergeNotes,
) -> Result<RepairedMerge, String> {
    let (project, admin) = (context.project, context.admin);
    let words = message(
        project,
        &clash.plan,
        &clash.target,
        strategy(&clash.plan),
        clash.part.as_ref(),
    );
    let words = words.map_err(|trouble| format!("{trouble:?}"))?;
    let begun = git::conflict::begin_repair(admin, REPAIR_KEY, path, &clash.incoming, &words, reuse)
        .map_err(in_words)?;
    let entries = &project.set.merge.regenerate;
    let is_generated = |file: &Path| entries.iter().any(|entry| entry.makes(file));
    let (generated, rest): (Vec<PathBuf>, Vec<PathBuf>) = begun
        .unmerged
        .iter()
        .cloned()
        .partition(|file| is_generated(file));
    if !rest.is_empty() {
        return Ok(RepairedMerge::Not(None));
    }
    git::conflict::take_own_side(path, &generated).map_err(in_words)?;
    let due: Vec<&Regenerate> = entries
        .iter()
        .filter(|entry| generated.iter().any(|file| entry.makes(file)))
        .collect();
    for (number, entry) in due.iter().enumerate() {
        match run(context, clash, path, (number, *entry))? {
            VerifyOutcome::Passed => {}
            VerifyOutcome::Failed { why, .. } => return Err(format!("making {} anew: {why}", entry.path)),
            VerifyOutcome::Stopped => return Ok(RepairedMerge::Stopped),
        }
    }
    let wanted = |file: &Path| due.iter().any(|entry| entry.makes(file));
    let made = git::conflict::merged_tree(path, &wanted).map_err(in_words)?;
    if !due.is_empty() && !made.left_out.is_empty() {
        told.warnings.push(format!(
            "making files anew changed others too, which are left out: {}",
            names(&made.left_out).join(", ")
        ));
    }
    let git = project.git().map_err(in_words)?;
    let builder = CandidateBuilder::new(&project.repo, git);
    let commit = builder.seal(&made.tree, &parents(clash), &words);
    let commit = commit.map_err(in_words)?;
    told.repaired = Some(ConflictRepaired {
        plan: clash.plan.name.clone(),
        up_to: clash.part.as_ref().map(|part| part.up_to),
        onto: clash.onto.clone(),
        reused: names(&begun.reused),
        regenerated: names(&generated),
    });
    Ok(RepairedMerge::Merged(commit, made.tree))
}

/// The result of a repair in words, with the commit that later plans would be merged onto. `None` when the conflict needs a
/// person.
pub fn rehearse(project: &Project, clash: &ConflictingMerge) -> Result<Option<(CommitId, String)>, String> {
    if clash.plan.merge_strategy == MergeStrategy::Rebase {
        return Ok(None);
    }
    let repo = &project.repo;
    let entries = &project.set.merge.regenerate;
    let is_generated = |file: &Path| entries.iter().any(|entry| entry.makes(file));
    let reuse = git::conflict::has_recorded_resolutions(repo).map_err(in_words)?;
    if !reuse && !clash.files.iter().all(|file| is_generated(&file.path)) {
        return Ok(None);
    }
    let files: Vec<PathBuf> = clash.files.iter().map(|file| file.path.clone()).collect();
    let tried =
        git::conflict::rehearse_merge(repo, &clash.onto, &clash.incoming, &files, reuse, &is_generated);
    let tried = tried.map_err(in_words)?;
    let Some(tree) = tried.tree else {
        return Ok(None);
    };
    let mut words = Vec::new();
    if !tried.reused.is_empty() {
        words.push(format!("{} resolved as before", names(&tried.reused).join(", ")));
    }
    for entry in entries {
        let made: Vec<PathBuf> = tried
            .generated
            .iter()
            .filter(|file| entry.makes(file))
            .cloned()
            .collect();
        if !made.is_empty() {
            words.push(format!(
                "`{}` is to make {} anew",
                entry.command,
                names(&made).join(", ")
            ));
        }
    }
    let builder = CandidateBuilder::new(repo, project.git().map_err(in_words)?);
    let commit = builder.seal(&tree, &parents(clash), "rehearsal");
    Ok(Some((commit.map_err(in_words)?, words.join("; "))))
}

fn parents(clash: &ConflictingMerge) -> Vec<&CommitId> {
    match clash.plan.merge_strategy {
        MergeStrategy::Squash => vec![&clash.onto],
        MergeStrategy::Merge | MergeStrategy::Rebase => vec![&clash.onto, &clash.incoming],
    }
}

fn strategy(plan: &Plan) -> &'static str {
    match plan.merge_strategy {
        MergeStrategy::Squash => "squash",
        MergeStrategy::Merge | MergeStrategy::Rebase => "merge",
    }
}

fn names(files: &[PathBuf]) -> Vec<String> {
    files
        .iter()
        .map(|file| file.to_string_lossy().into_owned())
        .collect()
}

/// Regenerates generated files.
fn run(
    context: BuildContext<'_>,
    clash: &ConflictingMerge,
    path: &Path,
    (number, entry): (usize, &Regenerate),
) -> Result<VerifyOutcome, String> {
    let project = context.project;
    let folder = JobFolder::new(project.dir.regeneration());
    // A command of a dead supervisor works on files that no longer exist.
    verify::end(&folder)?;
    let plan = &clash.plan;
    let check = Check {
        tag: format!(
            "regenerate-{}-{}-{number}",
            clash.onto.short(),
            clash.incoming.short()
        ),
        checks: &[FinishCheck::verify(&entry.command)],
        worktree: path,
        timeout: plan.attempts.timeout,
        grace: plan.attempts.grace,
        gently: false,
    };
    let variables = environment::for_train(project, Some(plan), REPAIR_KEY, path);
    let said = verify::run(project, &folder, variables, &check, None, &|| {
        context.is_unwanted()
    })?;
    keep_log(project, Some(plan), &folder);
    Ok(said)
}

//! Whether an attempt completed its stage: a function of the evidence. An exit code proves nothing alone, and a bad last
//! word takes nothing away from what is shown. See the table of docs/completion.md.

use super::failure::Failure;
use super::proof_of::{Claim, Proof};
use crate::plan::{ItemId, OnStall, Report, TaskId, TaskState, UnitId};
use crate::schedule::event::exit::{Evidence, Exit, ForeignWork};
use crate::schedule::event::facts::Obstacle;
use crate::schedule::event::words::listed;
use crate::schedule::state::attempt::{Attempt, AttemptState};
use crate::schedule::state::plan_run::PlanRun;
use crate::schedule::work::plans::PlanWork;

/// A stage that is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoneStage {
    /// Tasks that count as done by the commits alone, because no agent of the plan reports anything.
    pub assumed: Vec<TaskId>,
    /// What was odd about the attempt's end although all work is shown.
    pub odd: Option<String>,
}

/// The judgement over an attempt of which all is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptVerdict {
    /// Its stage is done.
    Done(DoneStage),
    /// It did not complete its stage.
    Incomplete(Failure),
    /// It did not, and a person has to look at it.
    Held(String),
    /// Something that passes stood in its way.
    Parked(Obstacle),
    /// Something stood in its way that only a person can take away.
    Needs(Obstacle),
    /// Its agent asked a person.
    Asks(String),
}

/// So many attempts at one stage may vanish before it counts as the agent's failure.
const VANISHED_AT_MOST: u32 = 5;

/// Judges the plan's attempt; none while something about it is still unknown.
pub fn judge(work: &PlanWork, run: &PlanRun, attempt: &Attempt) -> Option<AttemptVerdict> {
    let AttemptState::Checked(exit, evidence) = &attempt.state else {
        return None;
    };
    // Whatever else it says: it wants to hear more before its work is judged.
    if let Some(question) = &evidence.asks {
        return Some(AttemptVerdict::Asks(question.to_string()));
    }
    let odd = odd_end(attempt, exit);
    let found = proofs(work, run, attempt, exit, evidence);
    let missing = Claim::TaskDone.missing(&found);
    // Where everything is said, committed and clean nothing is gained by doing it again. An agent that said nothing, or
    // left files lying about, is taken at its commits only when its end was good.
    let shown = missing.is_none() && attempt.reported && evidence.leftovers_committed == 0;
    let shown = shown && (odd.is_none() || is_evidence_enough(attempt, exit));
    let quiet = odd.is_none() && obstacle(attempt).is_none();
    if shown || (missing.is_none() && quiet) {
        return Some(AttemptVerdict::Done(DoneStage {
            assumed: remaining(work, run, attempt),
            odd,
        }));
    }
    // A tool of its own that nobody answered: with all work shown it found the answer alone.
    if let Some(question) = attempt
        .facts
        .asks
        .as_ref()
        .filter(|_| matches!(exit, Exit::Code { .. }))
    {
        return Some(AttemptVerdict::Asks(question.to_string()));
    }
    if let Some(obstacle) = obstacle(attempt) {
        return Some(match obstacle.kind.passes() {
            true => AttemptVerdict::Parked(obstacle.clone()),
            false => AttemptVerdict::Needs(obstacle.clone()),
        });
    }
    if let Some(verdict) = interrupted(attempt, exit, evidence) {
        return verdict;
    }
    if *exit == Exit::ByHand && !remaining(work, run, attempt).is_empty() {
        let open = remaining(work, run, attempt);
        let failed = failed_tasks(work, run, attempt);
        let why = format!("a person worked on it and left open: {}{failed}", listed(&open));
        return Some(AttemptVerdict::Incomplete(Failure::uncounted(why)));
    }
    let why = match (odd, missing) {
        (Some(odd), _) => format!(
            "{odd}{}{}",
            failed_tasks(work, run, attempt),
            besides(evidence, attempt)
        ),
        (None, Some(missing)) => what_is_missing(work, run, attempt, evidence, missing),
        // Nothing is missing and nothing was odd: that was answered above.
        (None, None) => return None,
    };
    Some(AttemptVerdict::Incomplete(Failure {
        hopeless: matches!(exit, Exit::NotStarted { .. }),
        nothing_made: *exit == (Exit::Code { code: 0 }) && missing == Some(Proof::Made),
        ..Failure::counted(why)
    }))
}

/// True when complete work counts in spite of the exit: the exit code of a known program is about the program, and an interrupted
/// program has none. The exit code of an unknown program is about its work.
fn is_evidence_enough(attempt: &Attempt, exit: &Exit) -> bool {
    match exit {
        Exit::Stopped | Exit::Lost => true,
        Exit::Code { .. } | Exit::Signal { .. } | Exit::TimedOut => attempt.facts.speaks,
        Exit::NotStarted { .. } => false,
        Exit::ByHand => true,
    }
}

/// The agent's obstacle, unless it was ended because it stalled.
fn obstacle(attempt: &Attempt) -> Option<&Obstacle> {
    let obstacle = attempt.facts.obstacle.as_ref();
    obstacle.filter(|_| !attempt.is_given_up())
}

/// The evidence that there is for what the attempt was given.
fn proofs(
    work: &PlanWork,
    run: &PlanRun,
    attempt: &Attempt,
    exit: &Exit,
    evidence: &Evidence,
) -> [(Proof, bool); 5] {
    let commits_count = !is_report_required(work, attempt) && odd_end(attempt, exit).is_none();
    let unsaid = remaining(work, run, attempt);
    let fails = |task: &TaskId| run.item_state(&(*task).into()) == TaskState::Failed;
    // Commits say nothing against a word.
    let said = unsaid.is_empty() || (commits_count && !unsaid.iter().any(fails));
    let clean = evidence.trouble.is_none() && evidence.leftovers.is_empty();
    [
        (Proof::Said, said),
        (
            Proof::Made,
            has_something_to_show(work, run, attempt, exit, evidence),
        ),
        (Proof::Clean, clean),
        (Proof::Kept, evidence.gone.is_empty()),
        (Proof::Own, evidence.foreign.is_none()),
    ]
}

/// What was wrong with the end of the attempt; none when its program ended on its own and calls that a success.
fn odd_end(attempt: &Attempt, exit: &Exit) -> Option<String> {
    match exit {
        Exit::Code { code: 0 } => {
            let fault = attempt.facts.fault()?;
            Some(format!("the agent exited with code 0, but {fault}"))
        }
        Exit::ByHand => None,
        Exit::Code { .. } | Exit::Signal { .. } | Exit::TimedOut => {
            let last = attempt.facts.last_words();
            Some(format!("the agent {}{last}", exit.describe()))
        }
        Exit::Stopped | Exit::Lost | Exit::NotStarted { .. } => {
            Some(format!("the agent {}", exit.describe()))
        }
    }
}

/// The verdict on an attempt that did not end on its own and has not shown everything; the outer none for any other.
#[allow(
    clippy::option_option,
    reason = "the outer one says whether it is this function's to say"
)]
fn interrupted(attempt: &Attempt, exit: &Exit, evidence: &Evidence) -> Option<Option<AttemptVerdict>> {
    if !matches!(exit, Exit::Stopped | Exit::Lost) {
        return None;
    }
    if attempt.is_given_up() {
        let stall = attempt.stall.as_ref()?;
        return Some(stall.acted.map(|acted| match acted {
            OnStall::Hold => AttemptVerdict::Held(stall.why()),
            OnStall::Notice | OnStall::Nudge | OnStall::Restart => {
                AttemptVerdict::Incomplete(Failure::counted(stall.why()))
            }
        }));
    }
    Some(Some(AttemptVerdict::Incomplete(Failure {
        why: format!("the agent {}{}", exit.describe(), besides(evidence, attempt)),
        // Neither is the agent's fault; but an attempt that vanishes again and again must not be started for ever.
        counted: *exit == Exit::Lost && attempt.number > VANISHED_AT_MOST,
        hopeless: false,
        nothing_made: false,
    })))
}

/// What was found besides, which neither the next one nor a person finds on its own, and what the agent said last.
fn besides(evidence: &Evidence, attempt: &Attempt) -> String {
    let trouble = evidence.trouble.as_ref().map(|trouble| format!("; {trouble}"));
    format!(
        "{}{}{}",
        trouble.unwrap_or_default(),
        [gone(evidence), evidence.foreign.as_ref().map(ForeignWork::told)]
            .into_iter()
            .flatten()
            .map(|found| format!("; {found}"))
            .collect::<String>(),
        attempt.facts.parting_words()
    )
}

/// The missing evidence of an attempt with a good exit.
fn what_is_missing(
    work: &PlanWork,
    run: &PlanRun,
    attempt: &Attempt,
    evidence: &Evidence,
    missing: Proof,
) -> String {
    let ended = "the agent exited with code 0";
    let last = attempt.facts.parting_words();
    let nothing_wrong = String::new();
    match missing {
        Proof::Clean => match &evidence.trouble {
            Some(trouble) => trouble.clone(),
            None => format!(
                "the agent left changes uncommitted, and `commit = \"require\"` forbids that: {}",
                listed(&evidence.leftovers)
            ),
        },
        Proof::Kept => gone(evidence).unwrap_or_default(),
        Proof::Own => evidence
            .foreign
            .as_ref()
            .map(ForeignWork::told)
            .unwrap_or_default(),
        Proof::Said => {
            let open: Vec<String> = remaining(work, run, attempt)
                .iter()
                .map(TaskId::to_string)
                .collect();
            let failed = failed_tasks(work, run, attempt);
            let open = listed(&open);
            match attempt.units.as_slice() {
                [UnitId::Task(check)] if check.is_verify() && !attempt.reported => format!(
                    "{ended} and said nothing about {check}: `orch task done {check}` says that it passes, `orch task fail \
                     {check}` that it does not{last}"
                ),
                _ if attempt.reported => format!("{ended} with work left: {open}{failed}{last}"),
                _ => format!("{ended} without reporting: {open}{failed}{last}"),
            }
        }
        Proof::Made if attempt.reported => "the agent reported its tasks done but made no commit".to_owned(),
        Proof::Made => format!("{ended} but made no commit and reported nothing{last}"),
        Proof::Tasks
        | Proof::Checked
        | Proof::Passed
        | Proof::PhaseDone
        | Proof::Commit
        | Proof::Units
        | Proof::Verified
        | Proof::Finished
        | Proof::Tree
        | Proof::Target => nothing_wrong,
    }
}

/// That commits are no longer on the branch on which work was reported done; none when all are.
fn gone(evidence: &Evidence) -> Option<String> {
    let gone = evidence.gone.first()?;
    let tasks: Vec<String> = gone.items.iter().map(ItemId::to_string).collect();
    Some(format!(
        "{} was reported done at {}, which is no longer on the branch{}",
        listed(&tasks),
        gone.commit.short(),
        gone.backup
            .as_ref()
            .map(|backup| format!("; that commit is kept as {backup}"))
            .unwrap_or_default()
    ))
}

/// True when nothing counts that nobody reported.
fn is_report_required(work: &PlanWork, attempt: &Attempt) -> bool {
    let mut units = attempt.units.iter().filter_map(|id| work.unit(*id));
    attempt.judged_by_word || units.any(|unit| unit.report == Report::Required)
}

/// Commits, or leave to make none, or work that was declared needless task by task.
fn has_something_to_show(
    work: &PlanWork,
    run: &PlanRun,
    attempt: &Attempt,
    exit: &Exit,
    evidence: &Evidence,
) -> bool {
    let mut tasks = stage_tasks(work, attempt)
        .filter(|task| !task.is_verify())
        .peekable();
    let needless = tasks.peek().is_some() && tasks.all(|task| run.needs_nothing(task));
    let commits = run
        .tries_of(attempt.units.first().copied(), attempt.repair)
        .commits;
    // To find nothing wrong leaves nothing to commit; but then it says so, whatever is permitted to others.
    let mut open = stage_tasks(work, attempt)
        .filter(|task| !run.is_done_by_tick(*task))
        .peekable();
    let only_checks = open.peek().is_some() && open.all(TaskId::is_verify);
    let tries = run.tries_of(attempt.units.first().copied(), attempt.repair);
    let excused = if only_checks {
        // A continued conversation has reported before.
        attempt.reported || tries.unread > 0 || *exit == Exit::ByHand
    } else {
        work.allow_empty
    };
    excused || attempt.repair || evidence.commits > 0 || commits > 0 || needless
}

/// The items of the attempt's stage that need a report, in document order: its tasks, and the VERIFY blocks of its phases.
fn stage_tasks<'a>(work: &'a PlanWork, attempt: &'a Attempt) -> impl Iterator<Item = TaskId> + 'a {
    attempt.units.iter().flat_map(|unit| work.unit_tasks(*unit))
}

fn remaining(work: &PlanWork, run: &PlanRun, attempt: &Attempt) -> Vec<TaskId> {
    stage_tasks(work, attempt)
        .filter(|task| !run.is_item_settled(&ItemId::from(*task)))
        .collect()
}

/// `; reported failed: 2.1 (why); started and not ended: 2.2.1`, or less.
fn failed_tasks(work: &PlanWork, run: &PlanRun, attempt: &Attempt) -> String {
    let clause = |state: TaskState, word: &str| {
        let of_task = |task: TaskId| {
            let whole = ItemId::from(task);
            // It may be a part alone that was called so. That the whole was started says nothing beside that it is left.
            let whole_too = [&whole].into_iter().filter(|_| state == TaskState::Failed);
            let mut items = whole_too.chain(run.pieces_of(&whole));
            items.find_map(|item| {
                let said = run.items.get(item).filter(|said| said.state == state)?;
                let note = said.note.as_deref().map(|note| format!(" ({note})"));
                Some(format!("{item}{}", note.unwrap_or_default()))
            })
        };
        let found: Vec<String> = stage_tasks(work, attempt).filter_map(of_task).collect();
        match found.is_empty() {
            true => String::new(),
            false => format!("; {word}: {}", listed(&found)),
        }
    };
    clause(TaskState::Failed, "reported failed") + &clause(TaskState::Running, "started and not ended")
}

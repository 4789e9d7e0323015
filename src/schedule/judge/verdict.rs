//! Decides whether an attempt completed its stage. The verdict depends only on the evidence. An exit code alone proves
//! nothing, and a bad last word does not outweigh evidence. See the table in docs/completion.md.

use super::failure::Failure;
use super::proof_of::{Claim, Proof};
use crate::plan::{ItemId, OnStall, Report, TaskId, TaskState, UnitId};
use crate::schedule::event::exit::{Evidence, Exit};
use crate::schedule::event::facts::Obstacle;
use crate::schedule::event::why::attempt_end::{Besides, OddEnd, OpenReport, Shortfall};
use crate::schedule::event::why::because::Because;
use crate::schedule::state::attempt::{Attempt, AttemptState};
use crate::schedule::state::plan_run::PlanRun;
use crate::schedule::work::plans::PlanWork;

/// A stage that is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoneStage {
    /// Tasks that count as done because of the commits alone, because no agent of the plan reports anything.
    pub assumed: Vec<TaskId>,
    /// What was odd about the attempt's end although all work is proven.
    pub odd: Option<OddEnd>,
}

/// The verdict on an attempt about which everything is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptVerdict {
    /// The attempt's stage is done.
    Done(DoneStage),
    /// The attempt did not complete its stage.
    Incomplete(Failure),
    /// The attempt did not complete its stage, and a person has to look at it.
    Held(Because),
    /// A temporary obstacle stopped the attempt.
    Parked(Obstacle),
    /// An obstacle that only a person can remove stopped the attempt.
    Needs(Obstacle),
    /// The agent asked a person.
    Asks(String),
}

/// This many attempts at one stage may vanish before it counts as the agent's failure.
const VANISHED_AT_MOST: u32 = 5;

/// Judges an attempt. Returns `None` while something about the attempt is still unknown.
pub fn judge(work: &PlanWork, run: &PlanRun, attempt: &Attempt) -> Option<AttemptVerdict> {
    let AttemptState::Checked(exit, evidence) = &attempt.state else {
        return None;
    };
    // A question comes first: the agent wants an answer before its work is judged. A person at work needs none.
    let question = evidence.asks.as_ref();
    if let Some(question) = question.filter(|_| *exit != Exit::ByHand) {
        return Some(AttemptVerdict::Asks(question.to_string()));
    }
    let odd = odd_end(attempt, exit);
    let found = proofs(work, run, attempt, exit, evidence);
    let missing = Claim::TaskDone.missing(&found);
    // Repeating work that is reported, committed and clean gains nothing. If the agent reported nothing or left files
    // uncommitted, its commits count only after a good end.
    let shown = missing.is_none() && attempt.reported && evidence.leftovers_committed == 0;
    let shown = shown && (odd.is_none() || is_evidence_enough(attempt, exit));
    let quiet = odd.is_none() && obstacle(attempt).is_none();
    if shown || (missing.is_none() && quiet) {
        return Some(AttemptVerdict::Done(DoneStage {
            assumed: remaining(work, run, attempt),
            odd,
        }));
    }
    // The agent asked with its own tool and got no answer. Had it completed all work, it would have found the answer alone.
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
        let why = Shortfall::LeftOpen {
            open: remaining(work, run, attempt),
            tasks: open_reports(work, run, attempt),
        };
        return Some(AttemptVerdict::Incomplete(Failure::uncounted(why)));
    }
    let why = match (odd, missing) {
        (Some(odd), _) => Shortfall::Ended {
            end: odd,
            tasks: open_reports(work, run, attempt),
            besides: besides(evidence, attempt),
        }
        .into(),
        (None, Some(missing)) => what_is_missing(work, run, attempt, evidence, missing),
        // Nothing is missing and nothing was odd; the code above has already handled this case.
        (None, None) => return None,
    };
    Some(AttemptVerdict::Incomplete(Failure {
        counted: *exit != Exit::ByHand,
        hopeless: matches!(exit, Exit::NotStarted { .. }),
        nothing_made: *exit == (Exit::Code { code: 0 }) && missing == Some(Proof::Made),
        ..Failure::counted(why)
    }))
}

/// Returns true when complete work counts despite the exit. The exit code of a known program only describes the program, and
/// an interrupted program has none. The exit code of an unknown program describes its work.
fn is_evidence_enough(attempt: &Attempt, exit: &Exit) -> bool {
    match exit {
        Exit::Stopped | Exit::Lost => true,
        Exit::Code { .. } | Exit::Signal { .. } | Exit::TimedOut => attempt.facts.speaks,
        Exit::NotStarted { .. } => false,
        Exit::ByHand => true,
    }
}

/// Returns the agent's obstacle, unless the agent was stopped for a stall.
fn obstacle(attempt: &Attempt) -> Option<&Obstacle> {
    let obstacle = attempt.facts.obstacle.as_ref();
    obstacle.filter(|_| !attempt.is_given_up())
}

/// Collects the evidence for the attempt's work.
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
    // Commits do not outweigh a report of failure.
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

/// Returns what was wrong with the attempt's end. Returns `None` when the program ended by itself and reported success.
fn odd_end(attempt: &Attempt, exit: &Exit) -> Option<OddEnd> {
    let fault = match exit {
        Exit::Code { code: 0 } => Some(attempt.facts.fault()?),
        Exit::ByHand => return None,
        Exit::Code { .. } | Exit::Signal { .. } | Exit::TimedOut => attempt.facts.last_error(),
        Exit::Stopped | Exit::Lost | Exit::NotStarted { .. } => None,
    };
    let exit = exit.clone();
    Some(OddEnd { exit, fault })
}

/// Returns the verdict on an attempt that was interrupted before its work was complete. The outer `None` means that this
/// function does not apply.
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
        why: Shortfall::Ended {
            end: OddEnd {
                exit: exit.clone(),
                fault: None,
            },
            tasks: Vec::new(),
            besides: besides(evidence, attempt),
        }
        .into(),
        // Neither is the agent's fault, but an attempt that keeps vanishing must not be restarted forever.
        counted: *exit == Exit::Lost && attempt.number > VANISHED_AT_MOST,
        hopeless: false,
        nothing_made: false,
    })))
}

/// Returns further findings, and the agent's last word.
fn besides(evidence: &Evidence, attempt: &Attempt) -> Besides {
    Besides {
        trouble: evidence.trouble.clone(),
        gone: evidence.gone.first().cloned(),
        foreign: evidence.foreign.clone(),
        last: attempt.facts.parting_word(),
    }
}

/// Returns the missing evidence of an attempt with a good exit.
fn what_is_missing(
    work: &PlanWork,
    run: &PlanRun,
    attempt: &Attempt,
    evidence: &Evidence,
    missing: Proof,
) -> Because {
    let last = attempt.facts.parting_word();
    let shortfall = match missing {
        Proof::Clean => match &evidence.trouble {
            Some(trouble) => return trouble.as_str().into(),
            None => Some(Shortfall::Uncommitted {
                files: evidence.leftovers.clone(),
            }),
        },
        Proof::Kept => {
            let gone = evidence.gone.first().cloned();
            gone.map(|gone| Shortfall::Gone { gone })
        }
        Proof::Own => {
            let foreign = evidence.foreign.clone();
            foreign.map(|foreign| Shortfall::Foreign { foreign })
        }
        Proof::Said => Some(match attempt.units.as_slice() {
            [UnitId::Task(check)] if check.is_verify() && !attempt.reported => {
                Shortfall::CheckNotReported { check: *check, last }
            }
            _ => Shortfall::NotDone {
                reported: attempt.reported,
                open: remaining(work, run, attempt),
                tasks: open_reports(work, run, attempt),
                last,
            },
        }),
        Proof::Made => Some(Shortfall::NothingMade {
            reported: attempt.reported,
            last,
        }),
        Proof::Tasks
        | Proof::Checked
        | Proof::Passed
        | Proof::PhaseDone
        | Proof::Commit
        | Proof::Units
        | Proof::Verified
        | Proof::Finished
        | Proof::Tree
        | Proof::Target => None,
    };
    shortfall.map_or_else(|| "".into(), Because::from)
}

/// Returns true when only reported work counts.
fn is_report_required(work: &PlanWork, attempt: &Attempt) -> bool {
    let mut units = attempt.units.iter().filter_map(|id| work.unit(*id));
    attempt.judged_by_word || units.any(|unit| unit.report == Report::Required)
}

/// Returns true when there are commits, or none are required, or each task was reported needless.
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
    // A check that finds nothing wrong has nothing to commit. Then it must be reported, whatever `allow_empty` says.
    let mut open = stage_tasks(work, attempt)
        .filter(|task| !run.is_done_by_tick(*task))
        .peekable();
    let only_checks = open.peek().is_some() && open.all(TaskId::is_verify);
    let tries = run.tries_of(attempt.units.first().copied(), attempt.repair);
    let excused = if only_checks {
        // The agent already reported earlier in a continued conversation.
        attempt.reported || tries.unread > 0 || *exit == Exit::ByHand
    } else {
        work.allow_empty
    };
    excused || attempt.repair || evidence.commits > 0 || commits > 0 || needless
}

/// Returns the items of the attempt's stage that need a report, in document order: its tasks and the VERIFY blocks of its
/// phases.
fn stage_tasks<'a>(work: &'a PlanWork, attempt: &'a Attempt) -> impl Iterator<Item = TaskId> + 'a {
    attempt.units.iter().flat_map(|unit| work.unit_tasks(*unit))
}

fn remaining(work: &PlanWork, run: &PlanRun, attempt: &Attempt) -> Vec<TaskId> {
    stage_tasks(work, attempt)
        .filter(|task| !run.is_item_settled(&ItemId::from(*task)))
        .collect()
}

/// Returns the reports on tasks that failed, and those on tasks that were started and not ended; one for each task.
fn open_reports(work: &PlanWork, run: &PlanRun, attempt: &Attempt) -> Vec<OpenReport> {
    let of_state = |state: TaskState| {
        let of_task = move |task: TaskId| {
            let whole = ItemId::from(task);
            // Only a part of the task may have been reported this way. That the whole task was started adds nothing, because
            // it is listed as open anyway.
            let whole_too = [&whole].into_iter().filter(|_| state == TaskState::Failed);
            let mut items = whole_too.chain(run.pieces_of(&whole));
            items.find_map(|item| {
                let said = run.items.get(item).filter(|said| said.state == state)?;
                Some(OpenReport {
                    item: item.clone(),
                    state,
                    note: said.note.clone(),
                })
            })
        };
        stage_tasks(work, attempt).filter_map(of_task)
    };
    of_state(TaskState::Failed)
        .chain(of_state(TaskState::Running))
        .collect()
}

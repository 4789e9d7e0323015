//! Connects the state to the merge train: which plans are in the queue, and what is recorded about their outcome.

use super::landing;
use super::prefix::prefix;
use crate::plan::{CommitId, PhaseId, PlanName, WorkRef};
use crate::schedule::board::ask::Ask;
use crate::schedule::board::core::Board;
use crate::schedule::board::effect::Effect;
use crate::schedule::board::step::Step;
use crate::schedule::event::about::{FlakyMerge, VerifiedMerge};
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::merge_facts::{Landed, MergeBegun, NotLanded, Prefix};
use crate::schedule::event::trouble::MergeTrouble;
use crate::schedule::event::why::because::Hold;
use crate::schedule::event::why::not_landing::NotLanding;
use crate::schedule::state::plan_run::{Merge, Outcome as PlanOutcome, PlanRun};
use crate::schedule::train::{Order, TrainAnswer, TrainOutcome, TrainPlace, Tried, places};

/// Refuses plans that cannot land, and lets the train continue with the others.
pub(in crate::schedule) fn land(board: &mut Board, at: At, step: &mut Step) {
    if !std::mem::take(&mut board.frontier.landing) {
        return;
    }
    refuse_paused(board, at, step);
    hold_rebuilt(board, at, step);
    hold_for_review(board, at, step);
    while let Some((plan, why)) = landing::refusal(&board.work, &board.state) {
        not_landed(board, at, plan, why, step);
    }
    try_red_ones_again(board, at, step);
    board.frontier.landing = false;
    let under_way = (!board.train.is_idle()).then(|| board.train.heads_for().map(str::to_owned));
    let (into, queue) = landing::queue(&board.work, &board.state, under_way);
    board.train.set_queue(into, queue);
    board.train.lend(board.early.busy());
    for order in board.train.decide(&board.state.failure_rate) {
        if let Order::Try(build) = &order {
            board.build_since.insert(build.id, at);
            for plan in &build.batch {
                if !matches!(board.state.plan(plan).merge, Merge::Running(_)) {
                    let (plan, part) = (plan.clone(), landing::part(&board.work, &board.state, plan));
                    board.record(at, Event::MergeStarted(MergeBegun { plan, part }), step);
                }
            }
        }
        ask_train(board, order, step);
    }
}

/// Holds plans whose journal was lost. It is unknown whether they may land, so a person decides.
fn hold_rebuilt(board: &mut Board, at: At, step: &mut Step) {
    let plans = landing::automatic(&board.work, &board.state);
    for plan in plans
        .filter(|(_, run)| run.rebuilt)
        .map(|(plan, _)| plan.clone())
        .collect::<Vec<_>>()
    {
        let why = Hold::JournalLost {};
        board.record(at, Event::PlanHeld { plan, why }, step);
    }
}

/// Holds finished plans whose branch no person has reviewed. The merge itself checks that the branch is still at the
/// reviewed commit.
fn hold_for_review(board: &mut Board, at: At, step: &mut Step) {
    let waits = |run: &&PlanRun| {
        run.outcome == Some(PlanOutcome::Finished)
            && run.review.approved.is_none()
            && run.merge_prefix.is_none()
    };
    let plans = board.work.plans.iter().zip(&board.state.plans);
    let unseen = plans.filter(|(plan, run)| {
        let due = match run.merge {
            Merge::Wanted(_) => true,
            Merge::Running(_) => false,
            Merge::Idle => run.may_merge() && board.state.drives(&plan.name),
        };
        plan.review && due && waits(run) && !board.state.is_landed(&plan.name)
    });
    let unseen: Vec<_> = unseen
        .filter_map(|(plan, run)| {
            let begun = || run.worktree().map(|worktree| worktree.base.clone());
            Some((plan.name.clone(), run.made.clone().or_else(begun)?))
        })
        .collect();
    for (plan, commit) in unseen {
        not_landed(board, at, plan, MergeTrouble::Review { commit }, step);
    }
}

/// Returns the train's target if it is not the run's, and the place of each plan that lands now.
pub(in crate::schedule) fn train_places(board: &Board) -> (Option<String>, Vec<TrainPlace>) {
    let mut train = board.train.clone();
    let under_way = (!train.is_idle()).then(|| train.heads_for().map(str::to_owned));
    let (into, queue) = landing::queue(&board.work, &board.state, under_way);
    train.set_queue(into.clone(), queue);
    (
        into,
        places(&train, &board.state.failure_rate, &board.build_since),
    )
}

fn ask_train(board: &mut Board, order: Order, step: &mut Step) {
    let ask = match &order {
        Order::Try(build) => Ask::Try(build.id),
        Order::Stop(build) => Ask::StopBuild(*build),
        Order::Land(_) => Ask::Land,
    };
    let into = board.train.heads_for().map(str::to_owned);
    board.ask(ask, Effect::Train { order, into }, step);
}

/// Applies an answer of the shell to the train.
pub(in crate::schedule) fn take_answer(board: &mut Board, at: At, answer: TrainAnswer, step: &mut Step) {
    match &answer {
        TrainAnswer::Tried { build, tried, .. } => {
            board.asked.remove(&Ask::Try(*build));
            board.asked.remove(&Ask::StopBuild(*build));
            board.build_since.remove(build);
            let about = board.train.running().find(|running| running.id == *build);
            if let (Some(about), Tried::Verdict(verdict)) = (about, tried)
                && verdict.runs > 0
            {
                let verified = Event::MergeVerified(VerifiedMerge {
                    plan: about.batch.last().cloned(),
                    plans: about.batch.clone(),
                    verdict: verdict.clone(),
                });
                board.record(at, verified, step);
            }
        }
        TrainAnswer::Landed(_) => {
            board.asked.remove(&Ask::Land);
        }
    }
    let into = board.train.heads_for().map(str::to_owned);
    let target = into.or_else(|| board.state.run.as_ref().map(|run| run.target.clone()));
    for outcome in board.train.take(answer) {
        let event = match outcome {
            TrainOutcome::Landed { plan, before, commit } => {
                has_landed(board, plan, before, commit, target.as_deref())
            }
            TrainOutcome::Failed(plan, why) => {
                if matches!(why, MergeTrouble::Verification { .. }) {
                    board.train.ejected.red(&plan);
                }
                not_landed(board, at, plan, why, step);
                continue;
            }
            TrainOutcome::Flaky { batch, why } => Event::MergeFlaky(FlakyMerge {
                plan: batch.last().cloned(),
                plans: batch,
                why,
            }),
            TrainOutcome::Rebuilt => continue,
        };
        board.record(at, event, step);
    }
    board.frontier.landing = true;
}

fn has_landed(
    board: &mut Board,
    plan: PlanName,
    before: Option<CommitId>,
    commit: CommitId,
    target: Option<&str>,
) -> Event {
    board.train.ejected.landed(&plan);
    let number = board.state.number(&plan);
    Event::MergeLanded(Landed {
        target: target.unwrap_or_default().to_owned(),
        before,
        commit,
        part: board.state.plan(&plan).merge_prefix.clone(),
        print: number.map(|number| board.work.plans[number].document.print()),
        plan,
    })
}

/// Requests plans again that failed verification before others landed, together with the plans that wait for them. Waits
/// until the train is idle.
fn try_red_ones_again(board: &mut Board, at: At, step: &mut Step) {
    let nobody_lands = || board.state.plans().all(|(_, run)| run.merge == Merge::Idle);
    if !board.train.is_idle() || !nobody_lands() {
        return;
    }
    let trouble = |plan: &PlanName| {
        let run = board.state.plan(plan);
        let open = run.outcome == Some(PlanOutcome::Finished) && !run.is_landing_paused();
        run.merge_trouble
            .as_ref()
            .filter(|_| open && !board.state.is_landed(plan))
    };
    let red = |plan: &PlanName| matches!(trouble(plan), Some(MergeTrouble::Verification { .. }));
    let at_the_end = board.state.open_attempts().next().is_none();
    let mut plans = board.train.ejected.due(at_the_end, red);
    if plans.is_empty() {
        return;
    }
    let behind = |plans: &[PlanName]| {
        let mut names = board.work.plans.iter().map(|plan| &plan.name);
        let waits = |plan: &&PlanName| matches!(trouble(plan), Some(MergeTrouble::Waits { on }) if plans.contains(on));
        names.find(|plan| !plans.contains(*plan) && waits(plan)).cloned()
    };
    while let Some(plan) = behind(&plans) {
        plans.push(plan);
    }
    let plans = plans.iter().map(WorkRef::whole).collect();
    let into = board.train.heads_for().map(str::to_owned);
    board.record(at, Event::MergeRequested { plans, into }, step);
}

/// Stops the running builds of the train because a person asked, and gives up the remaining merges.
pub(in crate::schedule) fn stop_train(board: &mut Board, at: At, step: &mut Step) {
    for build in board.train.stop() {
        ask_train(board, Order::Stop(build), step);
    }
    if !board.train.is_idle() {
        return;
    }
    let left = board
        .state
        .plans()
        .filter(|(_, run)| matches!(run.merge, Merge::Running(_)));
    for plan in left.map(|(name, _)| name.clone()).collect::<Vec<PlanName>>() {
        let why = MergeTrouble::Refused {
            why: NotLanding::BeforeItsTurn.into(),
        };
        not_landed(board, at, plan, why, step);
    }
}

/// Returns the first phases of a plan that a merge up to a phase would land, or `None` while their commit is being
/// determined.
///
/// # Errors
///
/// Returns an error when no phases can land, and why.
pub(in crate::schedule) fn first_phases(
    board: &Board,
    plan: &PlanName,
    up_to: PhaseId,
) -> Result<Option<Prefix>, MergeTrouble> {
    match board.plan_work(plan) {
        Some(work) => prefix(work, board.state.plan(plan), up_to),
        None => Ok(None),
    }
}

fn not_landed(board: &mut Board, at: At, plan: PlanName, why: MergeTrouble, step: &mut Step) {
    let up_to = board.state.plan(&plan).merge_up_to;
    board.record(at, Event::MergeFailed(NotLanded { plan, up_to, why }), step);
}

/// Removes paused plans from the merge queue. A plan that is landing right now stays.
pub(in crate::schedule) fn refuse_paused(board: &mut Board, at: At, step: &mut Step) {
    let paused = board.state.plans().filter(|(name, run)| {
        run.is_landing_paused() && run.merge != Merge::Idle && !board.train.is_landing(name)
    });
    let paused: Vec<_> = paused
        .map(|(name, run)| (name.clone(), run.merge_up_to))
        .collect();
    for (plan, up_to) in paused {
        let why = MergeTrouble::Refused {
            why: NotLanding::Paused(plan.clone()).into(),
        };
        board.record(at, Event::MergeFailed(NotLanded { plan, up_to, why }), step);
    }
}

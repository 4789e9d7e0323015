//! The fold of an attempt, from its beginning to its end.

use std::collections::{BTreeMap, BTreeSet};

use super::conflict_files::note_made_in;
use super::phases::forget_short_end;
use super::reports::{listen_anew, lose_reports, note_made_before, note_shown, reopen_gone};
use crate::plan::{AttemptId, TaskId, UnitId, WhyAgain};
use crate::schedule::event::about::{AgentStart, AgentSubmit};
use crate::schedule::event::at::At;
use crate::schedule::event::exit::Exit;
use crate::schedule::event::fact::Event;
use crate::schedule::event::facts::Facts;
use crate::schedule::state::attempt::{Attempt, AttemptRecord, AttemptState, AwayJob, Integration};
use crate::schedule::state::loop_breaker::is_brief;
use crate::schedule::state::plan_run::{PlanRun, Verify};
use crate::schedule::state::tries::Tries;

pub(in crate::schedule) fn was_assigned(run: &mut PlanRun, at: At, event: &Event) {
    let Event::AttemptAssigned {
        attempt,
        number,
        agent,
        units,
        lane,
        account,
        ticks,
        ..
    } = event
    else {
        return;
    };
    if let Some(ticks) = ticks {
        run.begin_ticked(ticks);
    }

    run.hands.left.remove(lane);
    let repair = run.verify == Verify::Failed;
    let begun = Attempt {
        id: attempt.clone(),
        number: *number,
        agent: agent.clone(),
        units: units.clone(),
        state: AttemptState::Assigned,
        away: None,
        reported: false,
        judged_by_word: false,
        said: BTreeMap::new(),
        claimed: BTreeSet::new(),
        since: at,
        ended: None,
        head: None,
        repair,
        integration: Integration::Open,
        learned: false,
        stall: None,
        told: u32::try_from(run.mail.inbox.len()).unwrap_or(u32::MAX),
        account: account.clone(),
        facts: Facts::default(),
        resets_at: None,
    };
    run.attempts.insert(*lane, begun);
    run.history.push(AttemptRecord {
        id: attempt.clone(),
        agent: agent.clone(),
        units: units.clone(),
        lane: *lane,
        started: None,
        ended: None,
        exit: None,
        failure: None,
        counted: false,
        said: BTreeMap::new(),
        commits: 0,
        merged: false,
        account: account.clone(),
        facts: Facts::default(),
        resolves: false,
    });
    if let Some(tries) = run.tries_mut(units.first().copied(), repair) {
        tries.attempts = *number;
        tries.retry_at = None;
    }
    run.since = at;
}

pub(in crate::schedule) fn has_failed(run: &mut PlanRun, at: At, event: &Event) {
    let Event::AttemptFailed {
        attempt,
        why,
        retry_in_ms,
        counted,
        nothing_made,
        unread,
        ..
    } = event
    else {
        return;
    };

    if let Some(record) = run.record(attempt) {
        record.ended.get_or_insert(at);
        record.failure = Some(why.clone());
        record.counted = *counted;
    }
    if let Some(ended) = run.take_attempt(attempt) {
        run.forget_checks(|phase| ended.units.iter().any(|unit| unit.phase() == phase));
        run.unpark(at, &ended.agent);
        run.take_back(at, &ended);
        let conflict = matches!(ended.integration, Integration::Conflict(_));
        let brief = *counted && is_brief(&ended, run.history_of(attempt));
        let again = match unread {
            true => WhyAgain::Unread,
            false => ended.why_again(*counted),
        };
        if let Some(tries) = run.tries_mut(ended.units.first().copied(), ended.repair) {
            tries.before = Some((again, why.clone()));
            // After unread messages the same attempt continues, so it does not count twice.
            tries.attempts = tries.attempts.saturating_sub(u32::from(*unread));
            tries.unread += u32::from(*unread);
            tries.failures += u32::from(*counted);
            tries.conflicts += u32::from(conflict);
            tries.fresh = conflict;
            if conflict {
                // The next attempt begins without these commits.
                tries.commits = 0;
            }
            tries.alike = tries.alike_with(why, brief);
            tries.last_failure = Some(why.clone());
            tries.retry_at = retry_in_ms.map(|ms| At(at.0.saturating_add(ms)));
        }
        run.reset_running(at, &ended);
        if conflict {
            // The next attempt begins a new branch.
            ended.units.iter().for_each(|unit| {
                run.hands.entered.remove(unit);
            });
        }
        if conflict || *nothing_made {
            lose_reports(run, at, &ended);
        }
    }
    run.since = at;
}

/// The attempt's agent has started.
pub(in crate::schedule) fn began(run: &mut PlanRun, at: At, event: &Event) {
    let Event::AgentStarted(AgentStart {
        attempt, head, node, ..
    }) = event
    else {
        return;
    };
    if let Some(current) = run.current(attempt) {
        current.head = head.clone();
        let was_submitted = current.state == AttemptState::Submitted;
        if current.state.is_before_its_start() {
            current.state = AttemptState::Running;
        }
        if let Some(away) = &mut current.away {
            away.node.clone_from(node);
        }
        // The agent begins with the first phase, whether it reports that or not.
        let first = current.units.first().map(|unit| unit.phase());
        run.touched.extend(first.filter(|_| !run.by_units));
        if !was_submitted {
            was_told(run, attempt);
        }
    }
    if let Some(record) = run.record(attempt) {
        record.started.get_or_insert(at);
    }
}

/// What happens to an attempt on another machine.
pub(in crate::schedule) fn apply_away(run: &mut PlanRun, at: At, event: &Event) {
    if let Event::AgentSubmitted(submitted) = event {
        was_submitted(run, submitted);
    } else if let Event::AgentSilent(silence) = event {
        let since = At(at.0.saturating_sub(silence.for_ms));
        was_heard(run, &silence.attempt, Some(since));
    } else if let Event::AgentHeard(of) = event {
        was_heard(run, &of.attempt, None);
    }
}

/// The attempt was handed over, or its engine has named the job.
fn was_submitted(run: &mut PlanRun, submitted: &AgentSubmit) {
    let Some(current) = run.current(&submitted.attempt) else {
        return;
    };
    let away = current.away.get_or_insert_with(|| AwayJob {
        executor: submitted.executor.clone(),
        job: None,
        node: None,
        silent: None,
    });
    away.job = submitted.job.clone().or(away.job.take());
    if current.state == AttemptState::Assigned {
        current.state = AttemptState::Submitted;
        current.head.clone_from(&submitted.head);
        // The payload has the messages.
        was_told(run, &submitted.attempt);
    }
}

/// The attempt was given its prompt.
fn was_told(run: &mut PlanRun, attempt: &AttemptId) {
    let Some(current) = run.current(attempt) else {
        return;
    };
    let (told, units, repair) = (current.told, current.units.clone(), current.repair);
    let new = run.mail.to_units(&units).map(|message| message.id);
    let new: Vec<u32> = new.filter(|id| *id > run.mail.told && *id <= told).collect();
    run.mail.told = run.mail.told.max(told);
    let owed = units.first().and_then(|unit| run.tries.get_mut(unit));
    let owed = owed.map(|tries| std::mem::take(&mut tries.owed));
    if let Some(tries) = run.tries_mut(units.first().copied(), repair) {
        tries.given.extend(owed.into_iter().flatten().chain(new));
    }
    listen_anew(run, &units);
}

/// The node of an attempt is silent since then, or heard from again.
fn was_heard(run: &mut PlanRun, attempt: &AttemptId, silent: Option<At>) {
    if let Some(away) = run.current(attempt).and_then(|current| current.away.as_mut()) {
        away.silent = silent;
    }
}

/// The agent has ended.
pub(in crate::schedule) fn ended(run: &mut PlanRun, at: At, event: &Event) {
    let Event::AgentEnded { attempt, exit, .. } = event else {
        return;
    };
    if let Some(record) = run.record(attempt) {
        record.ended = Some(at);
        record.exit = Some(exit.clone());
    }
    let first = run
        .attempt(attempt)
        .and_then(|attempt| attempt.units.first().copied());
    let on_plans = !first.is_some_and(|unit| run.has_branch_work(unit));
    if let Some(current) = run.current(attempt) {
        current.state = AttemptState::Ended(exit.clone());
        current.ended = Some(at);
        // A person works on the plan's branch, so the person's commits are already there.
        if *exit == Exit::ByHand && on_plans {
            current.integration = Integration::Merged;
        }
    }
}

/// The attempt's evidence is known.
pub(in crate::schedule) fn was_looked_at(run: &mut PlanRun, at: At, event: &Event) {
    let Event::AttemptChecked {
        attempt, evidence, ..
    } = event
    else {
        return;
    };
    let spoken = run.spoken;
    let Some(current) = run.current(attempt) else {
        return;
    };
    let AttemptState::Ended(exit) = &current.state else {
        return;
    };
    let by_person = *exit == Exit::ByHand;
    let by_hand = by_person && current.integration == Integration::Merged;
    current.state = AttemptState::Checked(exit.clone(), evidence.clone());
    // Only a report says what a person's work has completed: somebody who looked around may leave commits as well.
    current.judged_by_word = spoken || by_person;
    let (first, repair) = (current.units.first().copied(), current.repair);
    // From here on the attempt's commits may reach the plan's branch, even if the answer about their merge is lost.
    let units = current.units.clone();
    if run.by_units {
        run.touched.extend(units.iter().map(|unit| unit.phase()));
        note_made_in(run, &units, &evidence.files);
    }
    // When units have branches of their own, their merges record the tip.
    if let Some(head) = evidence
        .head
        .as_ref()
        .filter(|_| !run.by_units || repair || by_hand)
    {
        run.made = Some(head.clone());
        // Whatever comes on top of this commit was made by people.
        if !by_person {
            run.hands.seen = Some(head.clone());
        }
    }
    run.mail.read = run.mail.read.max(evidence.read);
    if let Some(record) = run.history.iter_mut().rev().find(|record| record.id == *attempt) {
        record.commits = evidence.commits;
    }
    if let Some(tries) = run.tries_mut(first, repair) {
        tries.commits += evidence.commits;
    }
    reopen_gone(run, at, evidence);
    if evidence.foreign.is_none() {
        // The branch holds no foreign work any more, so a pin that was refused for that reason may succeed.
        run.pins_refused.clear();
    }
    // The verified commit is no longer the tip.
    let head = evidence.head.as_ref();
    if let Verify::Passed(passed) = &run.verify
        && (evidence.commits > 0 || head.is_some_and(|head| head != passed))
    {
        run.verify = Verify::Open;
    }
}

/// The attempt's stage is done.
pub(in crate::schedule) fn completed(run: &mut PlanRun, at: At, event: &Event) {
    let Event::StageDone { attempt, units, .. } = event else {
        return;
    };
    let ended = run.take_attempt(attempt);
    let repair = ended.as_ref().is_some_and(|ended| ended.repair);
    if !repair {
        // The next stage begins with the plan's own agent. A repair goes on with whoever has taken it over.
        run.stand_ins.clear();
    }
    if let Some(ended) = &ended {
        run.unpark(at, &ended.agent);
    }
    if let Some(ended) = &ended {
        note_made_before(run, ended);
    }
    if repair {
        run.verify = Verify::Open;
        run.repair.attempts = 0;
        run.repair.unread = 0;
        run.repair.given.clear();
        run.repair.retry_at = None;
    } else {
        let given = ended.map(|ended| ended.units).unwrap_or_default();
        for unit in given.iter().chain(units) {
            run.tries.remove(unit);
        }
        run.repair = Tries::default();
    }
    run.since = at;
    forget_short_end(run, units);
    for unit in units {
        if let UnitId::Phase(phase) = unit {
            note_shown(run, *phase);
            let check = TaskId::verify(*phase);
            if run.by_units && run.is_item_settled(&check.into()) {
                run.proven.insert(UnitId::Task(check));
            }
            run.phases_done.entry(*phase).or_insert(at);
        }
        run.lost.remove(unit);
        run.hands.entered.remove(unit);
        run.proven.insert(*unit);
    }
}

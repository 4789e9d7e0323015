//! The fold of an attempt's beginning and of its failure.

use std::collections::{BTreeMap, BTreeSet};

use super::reports::lose_reports;
use crate::plan::WhyAgain;
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::facts::Facts;
use crate::schedule::state::attempt::{Attempt, AttemptRecord, AttemptState, Integration};
use crate::schedule::state::loop_breaker::is_brief;
use crate::schedule::state::plan_run::{PlanRun, Verify};

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

    let repair = run.verify == Verify::Failed;
    let begun = Attempt {
        id: attempt.clone(),
        number: *number,
        agent: agent.clone(),
        units: units.clone(),
        state: AttemptState::Assigned,
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
        told: u32::try_from(run.inbox.len()).unwrap_or(u32::MAX),
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
            // It is the same one that goes on.
            tries.attempts = tries.attempts.saturating_sub(u32::from(*unread));
            tries.unread += u32::from(*unread);
            tries.failures += u32::from(*counted);
            tries.conflicts += u32::from(conflict);
            tries.fresh = conflict;
            if conflict {
                // The next one begins without them.
                tries.commits = 0;
            }
            tries.alike = tries.alike_with(why, brief);
            tries.last_failure = Some(why.clone());
            tries.retry_at = retry_in_ms.map(|ms| At(at.0.saturating_add(ms)));
        }
        run.reset_running(at, &ended);
        if conflict || *nothing_made {
            lose_reports(run, at, &ended);
        }
    }
    run.since = at;
}

//! The fold of an attempt's beginning and of its failure.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::WhyAgain;
use crate::schedule::judge::loop_breaker::is_brief;
use crate::schedule::state::attempt::{Attempt, AttemptRecord, Integration, Stage};
use crate::schedule::state::plan_run::{PlanRun, Verify};

use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::facts::Facts;

impl PlanRun {
    pub(in crate::schedule) fn was_assigned(&mut self, at: At, event: &Event) {
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
            self.begin_ticked(ticks);
        }

        let repair = self.verify == Verify::Failed;
        let begun = Attempt {
            id: attempt.clone(),
            number: *number,
            agent: agent.clone(),
            units: units.clone(),
            stage: Stage::Assigned,
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
            stuck: None,
            told: u32::try_from(self.inbox.len()).unwrap_or(u32::MAX),
            account: account.clone(),
            facts: Facts::default(),
            resets_at: None,
        };
        self.attempts.insert(*lane, begun);
        self.history.push(AttemptRecord {
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
            account: account.clone(),
            facts: Facts::default(),
            resolves: false,
        });
        if let Some(tries) = self.tries_mut(units.first().copied(), repair) {
            tries.attempts = *number;
            tries.retry_at = None;
        }
        self.since = at;
    }

    pub(in crate::schedule) fn has_failed(&mut self, at: At, event: &Event) {
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

        if let Some(record) = self.record(attempt) {
            record.ended.get_or_insert(at);
            record.failure = Some(why.clone());
        }
        if let Some(ended) = self.take_attempt(attempt) {
            self.forget_checks(|phase| ended.units.iter().any(|unit| unit.phase() == phase));
            self.unpark(at, &ended.agent);
            self.take_back(at, &ended);
            let conflict = matches!(ended.integration, Integration::Conflict(_));
            let brief = *counted && is_brief(&ended, self.history_of(attempt));
            let again = match unread {
                true => WhyAgain::Unread,
                false => ended.why_again(*counted),
            };
            if let Some(tries) = self.tries_mut(ended.units.first().copied(), ended.repair) {
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
            self.reset_running(at, &ended);
            if conflict || *nothing_made {
                self.lose_reports(at, &ended);
            }
        }
        self.since = at;
    }
}

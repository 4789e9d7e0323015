//! What the scheduler is told about an attempt on another machine: its job, its node, and its silence. What the scheduler
//! knows already has no effect.

use jiff::{SignedDuration, Timestamp};

use crate::schedule::{AgentSilence, AgentStart, AgentSubmit, Event, Input, OfAttempt};
use crate::supervisor::desk::message::EngineMessage;

use super::away_attempt::AwayAttempt;
use super::executor_monitor::ExecutorMonitor;

/// How old the time of the last news in `away.json` may be. More exact times are not worth a write for each news.
const EXACT: SignedDuration = SignedDuration::from_secs(10);

impl ExecutorMonitor {
    /// Tells the engine's name of the job, once it is known.
    pub(super) fn tell_job(&self, remote: &AwayAttempt) {
        if remote.away.job.is_some() {
            self.send(Event::AgentSubmitted(AgentSubmit {
                plan: remote.lane.plan.clone(),
                attempt: remote.away.attempt.clone(),
                executor: self.executor.name.clone(),
                job: remote.away.job.clone(),
                head: Some(remote.away.head.clone()),
            }));
        }
    }

    /// Tells that the job has begun, once its node is known.
    pub(super) fn tell_node(&self, remote: &AwayAttempt) {
        if remote.away.node.is_some() {
            self.send(Event::AgentStarted(AgentStart {
                plan: remote.lane.plan.clone(),
                attempt: remote.away.attempt.clone(),
                pid: 0,
                head: Some(remote.away.head.clone()),
                node: remote.away.node.clone(),
            }));
        }
    }

    /// Notes that the node was heard.
    pub(super) fn hear(&self, remote: &mut AwayAttempt) {
        // The supervisor before this one may have told of a silence.
        if remote.is_silent || remote.news.is_none() {
            let (plan, attempt) = (remote.lane.plan.clone(), remote.away.attempt.clone());
            self.send(Event::AgentHeard(OfAttempt { plan, attempt }));
        }
        (remote.heard, remote.is_silent) = (self.now(), false);
        let now = Timestamp::now();
        let noted = remote.away.heard;
        if noted.is_none_or(|noted| now.duration_since(noted) > EXACT) {
            remote.away.heard = Some(now);
            let _ = remote.folder.note_away(&remote.away);
        }
    }

    /// Tells of a node that is silent while the hub answers.
    pub(super) fn watch_silence(&self, remote: &mut AwayAttempt) {
        let quiet = self.now().saturating_sub(remote.heard);
        if remote.is_silent || remote.away.node.is_none() || quiet < self.executor.silent_after {
            return;
        }
        remote.is_silent = true;
        self.send(Event::AgentSilent(AgentSilence {
            plan: remote.lane.plan.clone(),
            attempt: remote.away.attempt.clone(),
            for_ms: u64::try_from(quiet.as_millis()).unwrap_or(u64::MAX),
        }));
    }

    fn send(&self, event: Event) {
        let _ = self.sender.send(EngineMessage::Input(Input::Event(event)));
    }
}

//! The steps of an attempt on another machine. Each step can be repeated after this process was killed.

use jiff::Timestamp;

use crate::agent::JobState;
use crate::executor::{Manner, Submission, SubmitError};
use crate::failpoint;
use crate::git::hub::{Swap, write_record};
use crate::plan::CommitId;
use crate::schedule::Exit;
use crate::supervisor::desk::message::EngineMessage;
use crate::supervisor::node::report::NodeRecord;
use crate::supervisor::node::reporter::STOP;
use crate::supervisor::project::error::in_words;

use super::away_attempt::AwayAttempt;
use super::executor_monitor::ExecutorMonitor;
use super::fate::{GivenUpFor, NextStep};
use super::take_in::{ended_here, take_end};

impl ExecutorMonitor {
    /// Takes the next steps of an attempt. True once the attempt is over.
    pub(super) fn step(&mut self, remote: &mut AwayAttempt) -> bool {
        let mut pushed = false;
        // Several steps in one poll: a step that is due already does not wait for the next poll.
        for _ in 0..4 {
            let done = match remote.watched.next(self.now()) {
                NextStep::Rest | NextStep::TakeEnd => {
                    let told = self.post(remote, None).map(|()| Vec::new());
                    self.tell(remote, told);
                    return false;
                }
                NextStep::PushFrom => {
                    pushed = true;
                    self.push_from(remote)
                }
                NextStep::Submit => self.submit(remote, pushed),
                NextStep::Ask => self.ask(remote),
                NextStep::GiveUp(why) => match self.give_up(remote, why) {
                    Ok(over) => return over,
                    Err(why) => Err(why),
                },
            };
            if let Err(why) = done {
                self.tell(remote, Err(why));
                return false;
            }
        }
        false
    }

    fn push_from(&self, remote: &mut AwayAttempt) -> Result<(), String> {
        failpoint::point("away.from");
        let pushed = self.channel.write(&remote.away.key(), "from", &remote.away.head);
        pushed.map_err(in_words)?;
        remote.watched.pushed();
        Ok(())
    }

    fn submit(&mut self, remote: &mut AwayAttempt, pushed: bool) -> Result<(), String> {
        let now = self.now();
        let full = self.driver.is_full();
        let early = || self.pace.next(now).map(|_| "submit_rate".to_owned());
        if let Some(why) = full.or_else(early) {
            if remote.away.waits.as_ref() != Some(&why) {
                remote.away.waits = Some(why);
                let _ = remote.folder.note_away(&remote.away);
            }
            return Ok(());
        }
        // The starting commit may be missing on a hub that was created anew.
        if !pushed {
            self.push_from(remote)?;
        }
        remote.away.submitting = true;
        remote.folder.note_away(&remote.away).map_err(in_words)?;
        remote.watched.submitting(now);
        self.pace.submitted(now);
        failpoint::point("away.submit");
        let key = remote.away.key();
        let name = format!("orch-{}-{}", remote.away.repository, remote.away.attempt);
        let payload = remote.folder.payload();
        let submitted = self.driver.submit(&Submission {
            name: &name,
            token: &key,
            payload: &payload,
            minutes: remote.away.minutes,
            needs: &remote.away.needs,
        });
        failpoint::point("away.submitted");
        match submitted {
            Ok(job) => {
                (remote.away.job, remote.away.waits) = (Some(job), None);
                remote.folder.note_away(&remote.away).map_err(in_words)?;
                remote.watched.submitted();
                self.tell_job(remote);
                Ok(())
            }
            Err(SubmitError::Refused(why)) => {
                remote.refusal = Some(why);
                remote.watched.refused();
                Ok(())
            }
            Err(SubmitError::Unclear(why)) => Err(format!(
                "executor {} has not said whether it took {}: it is looked for ({why})",
                self.executor.name, remote.away.attempt
            )),
        }
    }

    fn ask(&self, remote: &mut AwayAttempt) -> Result<(), String> {
        let now = remote.away.stop.is_some_and(|stop| stop.now);
        let words: &[u8] = if now { b"now" } else { b"grace" };
        let posted = self.post(remote, Some(words));
        if let Some(job) = &remote.away.job {
            // Failures are ignored: the job may be over, or the engine unreachable. The hub is asked as well, and the
            // request has a time limit.
            let _ = self.driver.cancel(job, Manner::Ask);
        }
        remote.watched.asked(self.now());
        posted
    }

    /// Sends the node what is new: messages, gates, the request to stop.
    fn post(&self, remote: &mut AwayAttempt, stop: Option<&[u8]>) -> Result<(), String> {
        let folder = remote.away.worktree.join(".orch");
        let file = |name: &str| Some((name.to_owned(), std::fs::read(folder.join(name)).ok()?));
        let mut files: Vec<(String, Vec<u8>)> = ["gates.json", "inbox.jsonl"]
            .into_iter()
            .filter_map(file)
            .collect();
        let before = remote
            .mail
            .as_ref()
            .and_then(|mail| mail.iter().find(|(name, _)| name == STOP));
        let stop = stop
            .map(|words| (STOP.to_owned(), words.to_vec()))
            .or_else(|| before.cloned());
        files.extend(stop);
        // The payload contained the first files.
        if remote.mail.is_none() && !files.iter().any(|(name, _)| name == STOP) && remote.news.is_none() {
            remote.mail = Some(files);
            return Ok(());
        }
        if remote.mail.as_ref() == Some(&files) {
            return Ok(());
        }
        let shown: Vec<(&str, Vec<u8>)> = files
            .iter()
            .map(|(name, text)| (name.as_str(), text.clone()))
            .collect();
        let record = write_record(&self.channel.git_dir, &[&remote.away.head], &shown, "orch: mail")
            .map_err(in_words)?;
        let posted = self.channel.write(&remote.away.key(), "mail", &record);
        posted.map_err(in_words)?;
        remote.mail = Some(files);
        Ok(())
    }

    /// Decides on the hub that an attempt is over. The first to write there decides. True when this machine was
    /// first.
    fn give_up(&self, remote: &mut AwayAttempt, why: GivenUpFor) -> Result<bool, String> {
        let exit = match why {
            GivenUpFor::Stopped => Exit::Stopped,
            GivenUpFor::Lost => Exit::Lost,
            GivenUpFor::Refused => Exit::NotStarted {
                why: format!(
                    "executor {} refused it: {}",
                    self.executor.name,
                    remote.refusal.as_deref().unwrap_or("it did not say why")
                ),
            },
        };
        let lost = || match remote.over.as_deref().unwrap_or_default() {
            "" => format!("executor {} no longer has its job", self.executor.name),
            word => format!("executor {} says of its job: {word}", self.executor.name),
        };
        let record = NodeRecord {
            exit: Some(ended_here(remote, exit, Timestamp::now())),
            why: (why == GivenUpFor::Lost).then(lost),
            ..NodeRecord::default()
        };
        let fate = record.write(
            &self.channel.git_dir,
            &[&remote.away.head],
            Vec::new(),
            "orch: given up",
        );
        let fate = fate.map_err(in_words)?;
        failpoint::point("away.give-up");
        let swapped = self
            .channel
            .swap(&remote.away.key(), "fate", &fate)
            .map_err(in_words)?;
        failpoint::point("away.gave-up");
        if swapped == Swap::Lost {
            // The end of the attempt came first. It is fetched with the next poll.
            return Ok(false);
        }
        if let Some(job) = &remote.away.job {
            // Failures are ignored: the engine no longer knows a finished job.
            let _ = self.driver.cancel(job, Manner::Kill);
        }
        Ok(self.finish(remote, &fate))
    }

    /// Imports the end of an attempt. False when something prevents it.
    pub(super) fn finish(&self, remote: &mut AwayAttempt, fate: &CommitId) -> bool {
        let taken = take_end(remote, fate);
        let done = taken.is_ok();
        self.tell(remote, taken);
        if !done {
            return false;
        }
        self.tell_node(remote);
        let (plan, attempt) = (remote.lane.plan.clone(), remote.away.attempt.clone());
        if let Some(read) = remote.read.take() {
            let _ = self
                .sender
                .send(EngineMessage::StatusRead(remote.lane.clone(), read()));
        }
        let state = remote.folder.state();
        debug_assert!(matches!(state, Ok(JobState::Ended(_))), "{state:?}");
        let _ = self.sender.send(EngineMessage::RunnerGone(plan, attempt, state));
        // The fate stays on the hub, so that a job that comes late finds it.
        let key = remote.away.key();
        let _ = self
            .channel
            .tidy(&key)
            .and_then(|()| self.channel.tidy_here(&key));
        true
    }

    pub(super) fn warn(&self, remote: Option<&AwayAttempt>, why: String) {
        let plan = remote.map(|remote| remote.lane.plan.clone());
        let _ = self.sender.send(EngineMessage::Warning(plan, why));
    }

    /// Reports what a person should know. An obstacle is reported once, not at every poll.
    pub(super) fn tell(&self, remote: &mut AwayAttempt, taken: Result<Vec<String>, String>) {
        match taken {
            Ok(told) => {
                for why in told {
                    self.warn(Some(remote), why);
                }
            }
            Err(why) if remote.warned.as_ref() == Some(&why) => {}
            Err(why) => {
                self.warn(Some(remote), why.clone());
                remote.warned = Some(why);
            }
        }
    }
}

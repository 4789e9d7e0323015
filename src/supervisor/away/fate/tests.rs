//! The decisions in a small simulated world: an engine that loses answers, runs a job twice and forgets finished jobs; a hub that
//! is sometimes unreachable; nodes that die or come late; a desk that is killed.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::{GivenUpFor, NextStep, Watched};
use crate::executor::ListedState;

const SETTLE: Duration = Duration::from_secs(10);
const GRACE: Duration = Duration::from_secs(5);

/// One event in the world.
#[derive(Debug, Clone, Copy)]
enum Turn {
    /// The desk polls the hub, asks the engine and takes its next step.
    Desk {
        hub: bool,
        engine: bool,
        answer: Answer,
    },
    /// The desk is killed, and starts again from what it had written down.
    Restart,
    /// A job of the engine gets its turn.
    Job(u8),
    /// The engine runs a job again, by hand.
    Requeue(u8),
    /// A node dies.
    Die(u8),
    /// The engine forgets a finished job.
    Forget(u8),
    /// A person asks for an end.
    Stop {
        now: bool,
    },
    Time(u8),
}

/// The result of submitting a job.
#[derive(Debug, Clone, Copy)]
enum Answer {
    Good,
    /// The engine has the job, but the answer is lost.
    Lost,
    /// The engine does not have the job, and the answer is lost.
    Nothing,
    Refused,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum JobAt {
    Queue,
    Claimed,
    Works,
    Reported,
    Dead,
    Gone,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Node(usize),
    Here(GivenUpFor),
}

#[derive(Debug)]
struct World {
    now: Duration,
    desk: Watched,
    /// What the desk has written down.
    asked: bool,
    answered: bool,
    wish: Option<bool>,
    jobs: Vec<JobAt>,
    claim: Option<usize>,
    fate: Option<Fate>,
    /// Jobs whose agent has started.
    began: Vec<usize>,
    taken: u32,
}

fn watched(now: Duration, known: (bool, bool)) -> Watched {
    Watched::new(now, SETTLE, GRACE, known)
}

impl World {
    fn new() -> Self {
        Self {
            now: Duration::ZERO,
            desk: watched(Duration::ZERO, (false, false)),
            asked: false,
            answered: false,
            wish: None,
            jobs: Vec::new(),
            claim: None,
            fate: None,
            began: Vec::new(),
            taken: 0,
        }
    }

    fn turn(&mut self, turn: Turn) {
        match turn {
            Turn::Desk { hub, engine, answer } => self.desk(hub, engine, answer),
            Turn::Restart => {
                self.desk = watched(self.now, (self.asked, self.answered));
                if let Some(now) = self.wish {
                    self.desk.stop(self.now, now);
                }
            }
            Turn::Job(job) => self.job(usize::from(job)),
            Turn::Requeue(job) => self.with(job, |at| {
                if *at != JobAt::Gone {
                    *at = JobAt::Queue;
                }
            }),
            Turn::Die(job) => self.with(job, |at| {
                if matches!(*at, JobAt::Claimed | JobAt::Works) {
                    *at = JobAt::Dead;
                }
            }),
            Turn::Forget(job) => self.with(job, |at| {
                if matches!(*at, JobAt::Reported | JobAt::Dead) {
                    *at = JobAt::Gone;
                }
            }),
            Turn::Stop { now } => {
                self.wish = Some(now | self.wish.unwrap_or_default());
                self.desk.stop(self.now, now);
            }
            Turn::Time(seconds) => self.now += Duration::from_secs(u64::from(seconds)),
        }
    }

    fn with(&mut self, job: u8, change: impl FnOnce(&mut JobAt)) {
        if let Some(at) = self.jobs.get_mut(usize::from(job)) {
            change(at);
        }
    }

    /// A node's steps: claim by swap, check whether the attempt is over, work, report by swap.
    fn job(&mut self, job: usize) {
        let Some(at) = self.jobs.get(job).copied() else {
            return;
        };
        self.jobs[job] = match at {
            JobAt::Queue if self.claim.is_none() => {
                self.claim = Some(job);
                JobAt::Claimed
            }
            JobAt::Queue => JobAt::Dead,
            JobAt::Claimed if self.fate.is_some() => JobAt::Dead,
            JobAt::Claimed => {
                assert!(self.began.is_empty(), "the agent began twice: {self:?}");
                self.began.push(job);
                JobAt::Works
            }
            JobAt::Works => {
                self.fate.get_or_insert(Fate::Node(job));
                JobAt::Reported
            }
            JobAt::Reported | JobAt::Dead | JobAt::Gone => at,
        };
    }

    fn desk(&mut self, hub: bool, engine: bool, answer: Answer) {
        if self.taken > 0 {
            return;
        }
        if hub {
            self.desk.fetched(self.claim.is_some(), self.fate.is_some());
        }
        if engine {
            let alive = |at: &&JobAt| matches!(at, JobAt::Queue | JobAt::Claimed | JobAt::Works);
            let state = match (
                self.jobs.iter().find(alive),
                self.jobs.iter().any(|at| *at != JobAt::Gone),
            ) {
                (Some(JobAt::Queue), _) => Some(ListedState::Waiting(String::new())),
                (Some(_), _) => Some(ListedState::Running(String::new())),
                (None, true) => Some(ListedState::Over(String::new())),
                (None, false) => None,
            };
            self.answered |= state.is_some();
            self.desk.listed(self.now, state.as_ref());
        }
        match self.desk.next(self.now) {
            NextStep::PushFrom if hub => self.desk.pushed(),
            NextStep::Submit => {
                assert!(
                    !hub || (self.claim.is_none() && self.fate.is_none()),
                    "handed over while a claim is seen: {self:?}"
                );
                self.submit(answer);
            }
            NextStep::Ask => self.desk.asked(self.now),
            NextStep::GiveUp(why) if hub => {
                let fate = *self.fate.get_or_insert(Fate::Here(why));
                if fate == Fate::Here(why) {
                    self.take();
                }
            }
            NextStep::TakeEnd => self.take(),
            NextStep::PushFrom | NextStep::GiveUp(_) | NextStep::Rest => {}
        }
    }

    fn submit(&mut self, answer: Answer) {
        self.asked = true;
        self.desk.submitting(self.now);
        if matches!(answer, Answer::Good | Answer::Lost) {
            self.jobs.push(JobAt::Queue);
        }
        match answer {
            Answer::Good => {
                self.answered = true;
                self.desk.submitted();
            }
            Answer::Refused => self.desk.refused(),
            Answer::Lost | Answer::Nothing => {}
        }
    }

    fn take(&mut self) {
        assert!(self.fate.is_some());
        self.taken += 1;
        assert_eq!(self.taken, 1, "an attempt ended twice: {self:?}");
    }

    /// Everybody gets turns until the attempt ends: it must end.
    fn come_to_an_end(&mut self) {
        for _ in 0..200 {
            for job in 0..self.jobs.len() {
                self.job(job);
            }
            let answer = Answer::Good;
            self.desk(true, true, answer);
            self.now += Duration::from_secs(1);
        }
        assert_eq!(self.taken, 1, "it never ended: {self:?}");
        // An end that a node has reported is never overruled.
        if let Some(Fate::Node(job)) = self.fate {
            assert!(self.began.contains(&job));
        }
    }
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let answer = prop_oneof![
        6 => Just(Answer::Good),
        2 => Just(Answer::Lost),
        2 => Just(Answer::Nothing),
        1 => Just(Answer::Refused),
    ];
    let desk = (any::<bool>(), any::<bool>(), answer);
    let turn = prop_oneof![
        8 => desk.prop_map(|(hub, engine, answer)| Turn::Desk { hub, engine, answer }),
        2 => Just(Turn::Restart),
        4 => (0u8..3).prop_map(Turn::Job),
        1 => (0u8..3).prop_map(Turn::Requeue),
        1 => (0u8..3).prop_map(Turn::Die),
        1 => (0u8..3).prop_map(Turn::Forget),
        1 => any::<bool>().prop_map(|now| Turn::Stop { now }),
        4 => (1u8..15).prop_map(Turn::Time),
    ];
    prop::collection::vec(turn, 0..60)
}

#[test]
fn an_attempt_begins_once_at_most_and_ends_once() {
    let cases = std::env::var("ORCH_FATE_RUNS")
        .ok()
        .and_then(|runs| runs.parse().ok());
    let config = Config {
        cases: cases.unwrap_or(3000),
        failure_persistence: None,
        ..Config::default()
    };
    let run = TestRunner::new(config).run(&turns(), |turns| {
        let mut world = World::new();
        for turn in turns {
            world.turn(turn);
        }
        world.come_to_an_end();
        Ok(())
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
}

fn handed() -> Watched {
    let mut desk = watched(Duration::ZERO, (false, false));
    assert_eq!(desk.next(Duration::ZERO), NextStep::PushFrom);
    desk.pushed();
    assert_eq!(desk.next(Duration::ZERO), NextStep::Submit);
    desk.submitting(Duration::ZERO);
    desk
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_lost_answer_is_looked_for_before_the_job_is_handed_over_again() {
    let mut desk = handed();
    for second in 0..10 {
        desk.listed(at(second), None);
        desk.fetched(false, false);
        assert_eq!(desk.next(at(second)), NextStep::Rest);
    }
    assert_eq!(desk.next(at(10)), NextStep::Submit);
    // The job is there after all.
    desk.listed(at(10), Some(&ListedState::Waiting(String::new())));
    assert_eq!(desk.next(at(30)), NextStep::Rest);
}

#[test]
fn silence_of_engine_or_hub_ends_nothing() {
    let mut desk = handed();
    desk.submitted();
    desk.fetched(true, false);
    // The engine lists the job as over, and the hub is unreachable.
    for second in 0..100 {
        desk.listed(at(second), Some(&ListedState::Over("FAILED".to_owned())));
        assert_eq!(desk.next(at(second)), NextStep::Rest);
    }
    // The hub is back, and the engine has the job again: nothing was lost.
    desk.listed(at(100), Some(&ListedState::Running("n1".to_owned())));
    desk.fetched(true, false);
    desk.fetched(true, false);
    assert_eq!(desk.next(at(200)), NextStep::Rest);
    desk.listed(at(200), None);
    desk.listed(at(205), None);
    desk.fetched(true, false);
    desk.fetched(true, false);
    assert_eq!(desk.next(at(205)), NextStep::Rest, "it must have settled");
    assert_eq!(desk.next(at(210)), NextStep::GiveUp(GivenUpFor::Lost));
    // The end arrived meanwhile.
    desk.fetched(true, true);
    assert_eq!(desk.next(at(210)), NextStep::TakeEnd);
}

#[test]
fn a_job_at_work_gets_its_grace_and_one_that_waits_needs_none() {
    let mut desk = handed();
    desk.submitted();
    desk.stop(at(1), false);
    assert_eq!(desk.next(at(1)), NextStep::Ask);
    desk.asked(at(1));
    desk.fetched(false, false);
    assert_eq!(desk.next(at(1)), NextStep::Rest);
    let mut waits = desk.clone();
    waits.fetched(false, false);
    assert_eq!(waits.next(at(2)), NextStep::GiveUp(GivenUpFor::Stopped));
    desk.fetched(true, false);
    assert_eq!(desk.next(at(2)), NextStep::Rest);
    assert_eq!(desk.next(at(31)), NextStep::Ask);
    assert_eq!(desk.next(at(36)), NextStep::GiveUp(GivenUpFor::Stopped));
    desk.stop(at(3), true);
    assert_eq!(desk.next(at(3)), NextStep::GiveUp(GivenUpFor::Stopped));
}

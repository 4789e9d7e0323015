//! Decides the next step of one handed-over attempt. Pure: observations go in, a step comes out.
//!
//! Two refs decide about an attempt, and both are set by compare-and-swap on the hub: `claim` lets one job run the attempt,
//! `fate` says how the attempt ended. So nothing here needs to be certain: the hub refuses a step that comes too early.

use std::time::Duration;

use crate::executor::ListedState;

/// Time since the desk began.
type Moment = Duration;

/// How long to wait for a stopped job after its grace has passed.
const BEYOND_GRACE: Duration = Duration::from_secs(30);
/// Pause before a job is asked to end again.
const ASK_AGAIN: Duration = Duration::from_secs(30);
/// How many successive answers of engine and hub must agree.
const ANSWERS: u32 = 2;

/// The next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// Write the commit to begin from to the hub.
    PushFrom,
    /// Hand the job to the engine.
    Submit,
    /// Ask the job to end, by the engine and by the hub.
    Ask,
    /// Decide on the hub that the attempt is over.
    GiveUp(GivenUpFor),
    /// Take in the end that is on the hub.
    TakeEnd,
    /// Nothing.
    Rest,
}

/// Why an attempt is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GivenUpFor {
    /// A person asked.
    Stopped,
    /// The job is over and left no end on the hub.
    Lost,
    /// The engine refused the job.
    Refused,
}

/// Whether the engine has the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Handed {
    Not,
    /// The engine was asked, and its answer is not known. Answers are counted from then on.
    Unclear(Absence),
    Yes,
    Refused,
}

/// Counts the answers that lacked something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Absence {
    since: Moment,
    lists: u32,
    fetches: u32,
}

impl Absence {
    fn of(since: Moment) -> Self {
        Self {
            since,
            ..Self::default()
        }
    }

    fn is_sure(&self, now: Moment, settle: Duration) -> bool {
        self.lists >= ANSWERS && self.fetches >= ANSWERS && now.saturating_sub(self.since) >= settle
    }
}

/// A person's request to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct StopWish {
    now: bool,
    since: Moment,
    /// When the job was last asked to end.
    asked: Option<Moment>,
    /// Answers of the hub since the job was first asked to end.
    fetches: u32,
}

/// The observations of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    settle: Duration,
    grace: Duration,
    pushed: bool,
    handed: Handed,
    claimed: bool,
    ended: bool,
    /// Set while the job was seen over, or was not listed at all.
    gone: Option<Absence>,
    wish: Option<StopWish>,
}

impl Watched {
    /// The observations of an attempt at the start: `asked` when the engine was given the job, `answered` when the engine
    /// has answered.
    pub fn new(now: Moment, settle: Duration, grace: Duration, (asked, answered): (bool, bool)) -> Self {
        Self {
            settle,
            grace,
            pushed: asked,
            handed: match (asked, answered) {
                (_, true) => Handed::Yes,
                (true, false) => Handed::Unclear(Absence::of(now)),
                (false, false) => Handed::Not,
            },
            claimed: false,
            ended: false,
            gone: None,
            wish: None,
        }
    }

    /// The commit to begin from is on the hub.
    pub fn pushed(&mut self) {
        self.pushed = true;
    }

    /// The engine is about to be given the job. Nothing is known until the engine has answered.
    pub fn submitting(&mut self, now: Moment) {
        self.handed = Handed::Unclear(Absence::of(now));
    }

    /// The engine has the job.
    pub fn submitted(&mut self) {
        self.handed = Handed::Yes;
        self.gone = None;
    }

    /// The engine refused the job.
    pub fn refused(&mut self) {
        self.handed = Handed::Refused;
    }

    /// A person wants the attempt to end.
    pub fn stop(&mut self, at: Moment, now: bool) {
        match &mut self.wish {
            Some(wish) => wish.now |= now,
            None => {
                self.wish = Some(StopWish {
                    now,
                    since: at,
                    asked: None,
                    fetches: 0,
                });
            }
        }
    }

    /// The job was asked to end.
    pub fn asked(&mut self, now: Moment) {
        if let Some(wish) = &mut self.wish {
            wish.asked = Some(now);
        }
    }

    /// The hub has answered.
    pub fn fetched(&mut self, claimed: bool, ended: bool) {
        self.claimed |= claimed;
        self.ended |= ended;
        if self.claimed && self.handed != Handed::Yes {
            // A claim proves that the engine has the job, whatever the engine answered.
            self.handed = Handed::Yes;
        }
        if let Handed::Unclear(absence) = &mut self.handed {
            absence.fetches += 1;
        }
        if let Some(gone) = &mut self.gone {
            gone.fetches += 1;
        }
        if let Some(wish) = self.wish.as_mut().filter(|wish| wish.asked.is_some()) {
            wish.fetches += 1;
        }
    }

    /// The engine has answered: with the state of the job, or without the job.
    pub fn listed(&mut self, now: Moment, state: Option<&ListedState>) {
        let alive = matches!(state, Some(ListedState::Waiting(_) | ListedState::Running(_)));
        match (&mut self.handed, state) {
            (Handed::Unclear(_), Some(_)) => self.handed = Handed::Yes,
            (Handed::Unclear(absence), None) => absence.lists += 1,
            (Handed::Not | Handed::Yes | Handed::Refused, _) => {}
        }
        if self.handed != Handed::Yes || alive {
            self.gone = None;
            return;
        }
        self.gone.get_or_insert(Absence::of(now)).lists += 1;
    }

    /// The next step.
    pub fn next(&self, now: Moment) -> NextStep {
        if self.ended {
            return NextStep::TakeEnd;
        }
        if self.handed == Handed::Refused {
            return NextStep::GiveUp(GivenUpFor::Refused);
        }
        if let Some(wish) = self.wish {
            return self.next_of_wish(wish, now);
        }
        if self.gone.is_some_and(|gone| gone.is_sure(now, self.settle)) {
            return NextStep::GiveUp(GivenUpFor::Lost);
        }
        match self.handed {
            Handed::Not if !self.pushed => NextStep::PushFrom,
            Handed::Not => NextStep::Submit,
            Handed::Unclear(absence) if absence.is_sure(now, self.settle) => NextStep::Submit,
            Handed::Unclear(_) | Handed::Yes | Handed::Refused => NextStep::Rest,
        }
    }

    fn next_of_wish(&self, wish: StopWish, now: Moment) -> NextStep {
        let waited = now.saturating_sub(wish.since);
        // A job that nobody runs needs no grace. A job that starts now finds the attempt given up before it begins.
        let idle = !self.claimed && (self.handed == Handed::Not || wish.fetches >= ANSWERS);
        let over = self.gone.is_some_and(|gone| gone.is_sure(now, self.settle));
        let long = wish.now || idle || over || waited >= self.grace + BEYOND_GRACE;
        if long && (wish.asked.is_some() || self.handed == Handed::Not) {
            return NextStep::GiveUp(GivenUpFor::Stopped);
        }
        let again = wish
            .asked
            .is_none_or(|asked| now.saturating_sub(asked) >= ASK_AGAIN);
        match again {
            true => NextStep::Ask,
            false => NextStep::Rest,
        }
    }
}

#[cfg(test)]
mod tests;

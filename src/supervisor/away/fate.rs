//! Decides the next step for one attempt that was handed over. Pure: observations go in, a step comes out.
//!
//! The attempt itself is decided by two compare-and-swaps on the hub: `claim` lets one job run the attempt, `fate` records how
//! the attempt ended. So the decisions here need not be certain: the hub refuses a step that comes too early.

use std::time::Duration;

use crate::executor::ListedState;

/// Time since the desk started.
type Moment = Duration;

/// How long to wait for a stopped job beyond its grace period.
const BEYOND_GRACE: Duration = Duration::from_secs(30);
/// The pause between two requests to end a job.
const ASK_AGAIN: Duration = Duration::from_secs(30);
/// How many consecutive answers of engine and hub must agree.
const ANSWERS: u32 = 2;

/// The next step for an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// Write the starting commit to the hub.
    PushFrom,
    /// Hand the job to the engine.
    Submit,
    /// Ask the job to end, through the engine and the hub.
    Ask,
    /// Decide on the hub that the attempt is over.
    GiveUp(GivenUpFor),
    /// Import the end that the hub has recorded.
    TakeEnd,
    /// Nothing.
    Rest,
}

/// Why an attempt is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GivenUpFor {
    /// A person asked.
    Stopped,
    /// The job is over and reported nothing.
    Lost,
    /// The engine refused the job.
    Refused,
}

/// Whether the engine has the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Handed {
    Not,
    /// The engine was asked, and the result is not known. Absence is counted from then on.
    Unclear(Absence),
    Yes,
    Refused,
}

/// Consecutive answers without the job.
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

/// A person's request to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct StopWish {
    now: bool,
    since: Moment,
    /// When the job was last asked to end.
    asked: Option<Moment>,
    /// Answers of the hub since the first request.
    fetches: u32,
}

/// One watched attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    settle: Duration,
    grace: Duration,
    pushed: bool,
    handed: Handed,
    claimed: bool,
    ended: bool,
    /// The job was listed as over, or was not listed.
    gone: Option<Absence>,
    wish: Option<StopWish>,
}

impl Watched {
    /// A new watch over an attempt, given whether the engine was asked and whether the engine has answered.
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

    /// Records that the starting commit is on the hub.
    pub fn pushed(&mut self) {
        self.pushed = true;
    }

    /// Records that the engine is about to be asked. The result is unknown until the engine has answered.
    pub fn submitting(&mut self, now: Moment) {
        self.handed = Handed::Unclear(Absence::of(now));
    }

    /// Records that the engine has the job.
    pub fn submitted(&mut self) {
        self.handed = Handed::Yes;
        self.gone = None;
    }

    /// Records that the engine refuses the job.
    pub fn refused(&mut self) {
        self.handed = Handed::Refused;
    }

    /// Records that a person asks for an end.
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

    /// Records that the job was asked to end.
    pub fn asked(&mut self, now: Moment) {
        if let Some(wish) = &mut self.wish {
            wish.asked = Some(now);
        }
    }

    /// Records an answer of the hub.
    pub fn fetched(&mut self, claimed: bool, ended: bool) {
        self.claimed |= claimed;
        self.ended |= ended;
        if self.claimed && self.handed != Handed::Yes {
            // However the job reached the engine, the engine has it.
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

    /// Records an answer of the engine: the state of the job, or that the job is not listed.
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

    /// True while the engine's answers decide something: before a job has claimed the attempt, and while it is to end or its job is
    /// missing.
    pub fn needs_engine(&self) -> bool {
        !self.claimed || self.handed != Handed::Yes || self.gone.is_some() || self.wish.is_some()
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
        // An attempt that no job has claimed needs no grace: a job that starts now finds it given up before it begins.
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

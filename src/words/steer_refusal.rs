//! Why a request is refused, in words, and what to do instead.

use super::addressee::addressee;
use crate::plan::{LONGEST_MESSAGE, Point, WorkRef, one_line};
use crate::schedule::{Steer, SteerRefusal};

/// A refused request as people read it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct RefusalText {
    /// The reason.
    pub why: String,
    /// Advice.
    pub hint: Option<String>,
}

impl From<SteerRefusal> for RefusalText {
    fn from(refusal: SteerRefusal) -> Self {
        Self {
            why: why(&refusal),
            hint: hint(&refusal),
        }
    }
}

fn why(refusal: &SteerRefusal) -> String {
    use SteerRefusal as R;
    match refusal {
        R::NoSuchPlan(plan) => format!("there is no plan `{plan}` in the manifest that is driven"),
        R::NoSuchWork(what) => format!("there is no `{what}`"),
        R::Ended { plan, state } => format!("{plan} is already {state}"),
        R::LandingFailed(plan) => format!("{plan} is already finished; its landing failed"),
        R::WaitsForReview(plan) => format!("{plan} is already finished, and waits for a review"),
        R::PartOfOther { what, asked, .. } => {
            let done = alone(*asked);
            format!("{what} is part of what one agent does: it cannot be {done}")
        }
        R::OneAgent { plan, .. } => format!("one agent works through all of {plan}"),
        R::NothingToPause(what) => format!("{what} has ended: there is nothing to pause"),
        R::HeldAsWhole(plan) => format!("{plan} is held as a whole"),
        R::NotFailed { what, state } => format!("{what} has not failed: its plan is {state}"),
        R::WorkedOn(what) => format!("an agent works on {what}"),
        R::NoGate { what, .. } => format!("{what} has no gate"),
        R::NothingAsked { what, .. } => format!("{what} asks nothing"),
        R::OtherQuestion { what, question } => {
            format!("{what} asks something else by now: \"{}\"", one_line(question))
        }
        R::SeveralQuestions { plan, asking } => {
            format!("{plan} asks {} questions: {}", asking.len(), list(asking))
        }
        R::NothingToAttach { plan, state, .. } | R::NoReaderNow { plan, state } => {
            format!("{plan} is {state}: nobody works on it")
        }
        R::NoWorktree(plan) => format!("nobody has worked on {plan} yet"),
        R::WorktreeReused { of, by, .. } => format!("the worktree of {of} was used by {by} since"),
        R::NoReader { plan, state } => {
            format!("{plan} is already {state}: no agent works on it any longer")
        }
        R::OnlyChecksLeft(plan) => {
            format!("all work of {plan} is done and being checked: no agent may read it any more")
        }
        R::ScriptsReadNothing(plan) => {
            format!("{plan} is worked on by a shell script, which reads no messages")
        }
        R::TooManyUnread { to, unread } => {
            let whose = addressee(to.as_ref());
            format!("{whose} has {unread} unread messages, and no more are taken until these are read")
        }
        R::NoSuchMessage { number, .. } => format!("there is no message {number} to answer"),
        R::EmptyMessage => "the message is empty".to_owned(),
        R::LongMessage { bytes } => {
            format!("the message has {bytes} bytes, at most {LONGEST_MESSAGE} are sent")
        }
        R::NotReviewable { plan, state } => {
            format!("{plan} is {state}: a review is of finished work that has not landed")
        }
        R::NoReview(plan) => format!("{plan} waits for no review"),
        R::BeingMerged(plan) => format!("{plan} is being merged"),
        R::EmptyReview(_) => "there is nothing to tell the agent".to_owned(),
    }
}

fn hint(refusal: &SteerRefusal) -> Option<String> {
    use SteerRefusal as R;
    Some(match refusal {
        R::NoSuchPlan(_) | R::NoSuchWork(_) => "`orch status` lists the plans".to_owned(),
        R::Ended { .. } => "what is on its branch stays; make a new plan for more".to_owned(),
        R::LandingFailed(plan) => {
            format!("`orch why {plan}` says why; fix that on its branch, commit, then `orch merge {plan}`")
        }
        R::WaitsForReview(plan) => format!("orch review {plan}"),
        R::PartOfOther {
            what,
            asked: Steer::Cancel,
            instead,
        } if instead.point == Point::Plan => format!("orch cancel {instead}, or orch skip {what}"),
        R::PartOfOther { asked, instead, .. } => format!("orch {asked} {instead}"),
        R::OneAgent { plan, what } => format!("orch cancel {plan}, or orch skip {what}"),
        R::NothingToPause(_) => "orch retry tries it again".to_owned(),
        R::HeldAsWhole(plan) => format!("orch why {plan} && orch retry {plan}"),
        R::NotFailed { what, .. } => format!("orch why {what}"),
        R::WorkedOn(what) => format!("orch pause --now {what}, then skip it"),
        R::NoGate { what, gates } if gates.is_empty() => {
            format!("{} has no gates: `gate = \"approve\"` makes one", what.plan)
        }
        R::NoGate { gates, .. } => format!("its gates are {}", list(gates)),
        R::NothingAsked { what, asking } if asking.is_empty() => {
            format!("`orch send {} TEXT` tells its agents something", what.plan)
        }
        R::NothingAsked { asking, .. } => format!("these ask: {}", list(asking)),
        R::OtherQuestion { what, .. } => format!("orch answer {what} TEXT"),
        R::SeveralQuestions { asking, .. } => {
            let first = asking.first()?;
            format!("name the one you answer: orch answer {first} TEXT")
        }
        R::NothingToAttach { plan, given_up, .. } => {
            return given_up.then(|| format!("orch retry {plan}, then attach"));
        }
        R::NoWorktree(_) => "`orch up` makes its worktree and starts its agent".to_owned(),
        R::WorktreeReused { work, .. } => format!("attach to that one: orch attach {work}"),
        R::NoReader { .. } | R::OnlyChecksLeft(_) => "make a new plan for what is left to do".to_owned(),
        R::NoReaderNow { plan, .. } => format!("orch retry {plan}, then send it again"),
        R::ScriptsReadNothing(_) => "change its document or its prompt instead".to_owned(),
        R::TooManyUnread { .. } => "write what is left into a file, and send one message about it".to_owned(),
        R::NoSuchMessage { by_lead: true, .. } => "`orch inbox --all` lists the messages".to_owned(),
        R::NoSuchMessage { by_lead: false, .. } => "`orch task inbox --all` lists the messages".to_owned(),
        R::EmptyMessage => "write the text behind the plan: `PLAN TEXT`".to_owned(),
        R::LongMessage { .. } => "write it to a file, and send where that lies".to_owned(),
        R::NotReviewable { plan, .. } => format!("`orch diff {plan}` shows its work"),
        R::NoReview(plan) => format!("`gate = \"review\"` in [plans.{plan}] lets it wait for one"),
        R::BeingMerged(_) => "`orch pause` keeps it from landing".to_owned(),
        R::EmptyReview(plan) => {
            format!("orch review {plan} --comment FILE:LINE TEXT, or say it after --request-changes")
        }
    })
}

/// What a part of an agent's work cannot be.
const fn alone(asked: Steer) -> &'static str {
    match asked {
        Steer::Pause | Steer::PauseNow => "paused alone",
        Steer::Resume => "resumed alone",
        Steer::Retry => "retried alone",
        Steer::Skip => "skipped alone",
        Steer::Cancel => "cancelled alone",
        Steer::Approve => "approved alone",
    }
}

fn list(work: &[WorkRef]) -> String {
    let names: Vec<String> = work.iter().map(WorkRef::to_string).collect();
    names.join(", ")
}

//! A person's review of a finished plan.

use serde::{Deserialize, Serialize};

use super::mail::check_text;
use super::refusal::SteerRefusal;
use crate::plan::{CommitId, PlanName};
use crate::schedule::event::fact::Event;
use crate::schedule::event::person::person_fact::PersonFact;
use crate::schedule::event::person::review::{ReviewApproval, ReviewComment, ReviewReturn};
use crate::schedule::explain::states::plan_state;
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::{Merge, Outcome};
use crate::schedule::work::plans::Work;

/// What a person does in a review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewStep {
    /// Comment on a line.
    Comment(ReviewComment),
    /// Let exactly this commit land.
    Approve(CommitId),
    /// Send all comments, and this text, to the agent.
    Return(String),
}

/// The events of a step of a review. Empty when the step changes nothing.
///
/// # Errors
///
/// When the plan is not finished or has landed, waits for no review, or there is nothing to tell its agent.
pub fn review(
    work: &Work,
    state: &State,
    name: &PlanName,
    step: &ReviewStep,
) -> Result<Vec<Event>, SteerRefusal> {
    let Some(number) = state.number(name) else {
        return Err(SteerRefusal::NoSuchPlan(name.clone()));
    };
    let (plan, run) = (&work.plans[number], state.plan(name));
    if run.outcome != Some(Outcome::Finished) || state.is_landed(name) {
        return Err(SteerRefusal::NotReviewable {
            plan: name.clone(),
            state: plan_state(work, state, name),
        });
    }
    let plan_name = name.clone();
    let fact = match step {
        ReviewStep::Comment(comment) => PersonFact::ReviewCommented(ReviewComment {
            text: check_text(&comment.text)?.to_owned(),
            ..comment.clone()
        }),
        ReviewStep::Approve(_) if !plan.review => return Err(SteerRefusal::NoReview(plan_name)),
        ReviewStep::Approve(commit) if run.review.approved.as_ref() == Some(commit) => return Ok(Vec::new()),
        ReviewStep::Approve(commit) => PersonFact::ReviewApproved(ReviewApproval {
            plan: plan_name,
            commit: commit.clone(),
        }),
        ReviewStep::Return(_) if run.merge != Merge::Idle => {
            return Err(SteerRefusal::BeingMerged(plan_name));
        }
        ReviewStep::Return(text) if text.trim().is_empty() && run.review.comments.is_empty() => {
            return Err(SteerRefusal::EmptyReview(plan_name));
        }
        ReviewStep::Return(text) => {
            let said = run
                .review
                .comments
                .iter()
                .map(line)
                .chain([text.trim().to_owned()]);
            let said: Vec<String> = said.filter(|line| !line.is_empty()).collect();
            PersonFact::ReviewReturned(ReviewReturn {
                plan: plan_name,
                text: said.join("\n"),
            })
        }
    };
    Ok(vec![Event::Person(fact)])
}

fn line(comment: &ReviewComment) -> String {
    let ReviewComment {
        file,
        line,
        quote,
        text,
        ..
    } = comment;
    format!(
        "{file}:{line}: `{}`\n    {}",
        quote.trim(),
        text.replace('\n', "\n    ")
    )
}

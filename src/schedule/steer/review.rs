//! A person's review of a finished plan.

use serde::{Deserialize, Serialize};

use super::mail::check_text;
use super::refusal::{SteerRefusal, refuse};
use crate::plan::{CommitId, PlanName};
use crate::schedule::event::fact::Event;
use crate::schedule::event::lead::review::{ReviewApproval, ReviewComment, ReviewReturn, Reviewing};
use crate::schedule::explain::states::plan_state;
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::{Merge, Outcome};
use crate::schedule::work::plans::Work;

/// What a person does in a review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewStep {
    /// Say something about a line.
    Comment(ReviewComment),
    /// Let exactly this commit land.
    Approve(CommitId),
    /// Send all comments, and this text, to the agent.
    Return(String),
}

/// The events of a step of a review; none when it was so already.
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
        let why = format!("there is no plan `{name}` in the manifest that is driven");
        return Err(refuse(why, Some("`orch status` lists the plans")));
    };
    let (plan, run) = (&work.plans[number], state.plan(name));
    if run.outcome != Some(Outcome::Finished) || state.is_landed(name) {
        let is = plan_state(work, state, name);
        let hint = format!("`orch diff {name}` shows its work");
        return Err(refuse(
            format!("{name} is {is}: a review is of finished work that has not landed"),
            Some(&hint),
        ));
    }
    let plan_name = name.clone();
    let fact = match step {
        ReviewStep::Comment(comment) => Reviewing::Commented(ReviewComment {
            text: check_text(&comment.text)?.to_owned(),
            ..comment.clone()
        }),
        ReviewStep::Approve(_) if !plan.review => {
            return Err(refuse(
                format!("{name} waits for no review"),
                Some(&format!(
                    "`gate = \"review\"` in [plans.{name}] lets it wait for one"
                )),
            ));
        }
        ReviewStep::Approve(commit) if run.review.approved.as_ref() == Some(commit) => return Ok(Vec::new()),
        ReviewStep::Approve(commit) => Reviewing::Approved(ReviewApproval {
            plan: plan_name,
            commit: commit.clone(),
        }),
        ReviewStep::Return(_) if run.merge != Merge::Idle => {
            return Err(refuse(
                format!("{name} is being merged"),
                Some("`orch pause` keeps it from landing"),
            ));
        }
        ReviewStep::Return(text) if text.trim().is_empty() && run.review.comments.is_empty() => {
            let hint =
                format!("orch review {name} --comment FILE:LINE TEXT, or say it after --request-changes");
            return Err(refuse("there is nothing to tell the agent", Some(&hint)));
        }
        ReviewStep::Return(text) => {
            let said = run
                .review
                .comments
                .iter()
                .map(line)
                .chain([text.trim().to_owned()]);
            let said: Vec<String> = said.filter(|line| !line.is_empty()).collect();
            Reviewing::Returned(ReviewReturn {
                plan: plan_name,
                text: said.join("\n"),
            })
        }
    };
    Ok(vec![Event::Review(fact)])
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

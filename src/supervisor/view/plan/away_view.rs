//! The destination of an attempt that was handed over, for people.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::agent::{Away, JobFolder};
use crate::git::hub::late_work;
use crate::plan::{AttemptId, PlanName};
use crate::schedule::PlanRun;
use crate::supervisor::project::repository_plans::Project;
use crate::words::rough;

/// The destination of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AwayView {
    /// The executor.
    pub executor: String,
    /// The node; none while the job waits.
    pub node: Option<String>,
    /// The engine's name of the job; `None` while it is unknown.
    pub job: Option<String>,
    /// When the node was last heard.
    pub heard_at: Option<Timestamp>,
}

impl AwayView {
    /// The destination of an attempt; `None` for an attempt that runs here.
    pub fn of(project: &Project, attempt: &AttemptId) -> Option<Self> {
        let away = JobFolder::new(project.dir.attempt(attempt)).away().ok()??;
        Some(Self {
            executor: away.executor.name.as_str().to_owned(),
            node: away.node,
            job: away.job,
            heard_at: away.heard,
        })
    }
}

/// Describes the attempts of a plan that are away.
pub fn away_words(project: &Project, run: &PlanRun) -> Vec<String> {
    let open = run.attempts.values().filter(|attempt| attempt.state.holds_slot());
    let away = open.filter_map(|attempt| JobFolder::new(project.dir.attempt(&attempt.id)).away().ok()?);
    away.map(|away| words(&away)).collect()
}

/// Names the attempts of which work came after they had been given up, as far as it was fetched, each with its plan.
pub fn late_words(project: &Project) -> Vec<(PlanName, String)> {
    if project.set.executors.is_empty() {
        return Vec::new();
    }
    let late = late_work(project.repo.common_dir()).unwrap_or_default();
    let attempts = late.iter().filter_map(|key| Some(key.rsplit_once('.')?.0));
    let words = attempts.filter_map(|attempt| {
        let (plan, _) = AttemptId::from(attempt.to_owned()).parts()?;
        let words = format!(
            "work of {attempt} came after it was given up, and is not merged: orch doctor --fix keeps it"
        );
        Some((plan, words))
    });
    words.collect()
}

/// The time since then.
fn age(then: Timestamp) -> Duration {
    Timestamp::now()
        .duration_since(then)
        .try_into()
        .unwrap_or_default()
}

fn words(away: &Away) -> String {
    let (attempt, executor) = (&away.attempt, away.executor.name.as_str());
    let job = match &away.job {
        Some(job) => format!("{executor}, job {job}"),
        None => executor.to_owned(),
    };
    match (&away.node, &away.waits, away.submitting) {
        (Some(node), _, _) => match &away.heard {
            Some(heard) => format!(
                "{attempt} runs on {node} ({job}), last news {} ago",
                rough(age(*heard))
            ),
            None => format!("{attempt} runs on {node} ({job})"),
        },
        (None, Some(why), _) if why.is_empty() => format!("{attempt} waits in the queue ({job})"),
        (None, Some(why), _) => format!("{attempt} waits in the queue ({job}): {why}"),
        (None, None, true) => format!("{attempt} was handed over ({job})"),
        (None, None, false) => format!("{attempt} is being handed over ({job})"),
    }
}

//! An attempt of a plan.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use super::away_view::AwayView;
use super::exit_view::ExitView;
use crate::plan::{AttemptId, UnitId};
use crate::schedule::{AttemptRecord, Exit, Facts};
use crate::supervisor::project::repository_plans::Project;
use crate::supervisor::view::situation::Situation;
use crate::supervisor::view::spent_view::facts_of;

/// One attempt.
#[derive(Debug, Clone, Serialize)]
pub struct AttemptView {
    /// Its id.
    pub id: AttemptId,
    /// Its agent.
    pub agent: String,
    /// Its units.
    #[serde(skip)]
    pub units: Vec<UnitId>,
    /// When its process started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    pub exit: Option<ExitView>,
    /// The same in a typed form.
    #[serde(skip)]
    pub ended: Option<Exit>,
    /// Its log.
    pub log: PathBuf,
    /// Its destination, when it was handed over; `None` where it runs here.
    #[serde(flatten)]
    pub away: Option<AwayView>,
    /// The account that it used; `None` when its agent has only one.
    pub account: Option<String>,
    /// The facts in its output so far: last word, denied tools, errors, turns, tokens, cost, conversation.
    pub facts: Facts,
}

impl AttemptView {
    /// An attempt as the journal and its log have it.
    pub fn of(project: &Project, situation: &Situation, attempt: &AttemptRecord) -> Self {
        Self {
            id: attempt.id.clone(),
            agent: attempt.agent.to_string(),
            units: attempt.units.clone(),
            started_at: attempt.started.and_then(|at| situation.wall(at)),
            ended_at: attempt.ended.and_then(|at| situation.wall(at)),
            exit: attempt.exit.as_ref().map(ExitView::of),
            away: AwayView::of(project, &attempt.id),
            ended: attempt.exit.clone(),
            log: project.dir.attempt(&attempt.id).join("log"),
            account: attempt.account.clone(),
            facts: facts_of(project, attempt),
        }
    }
}

/// The units of an attempt, in words.
pub fn given(units: &[UnitId]) -> String {
    let ids: Vec<String> = units.iter().map(ToString::to_string).collect();
    let what = match units {
        [UnitId::Task(_)] => "task",
        [UnitId::Phase(_)] => "phase",
        _ => "phases",
    };
    format!("{what} {}", ids.join(", "))
}

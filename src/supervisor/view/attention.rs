//! What needs a person's attention first, as `orch status` shows it.

use serde::Serialize;

use crate::plan::PlanName;
use crate::schedule::State;

use crate::supervisor::perform;
use crate::supervisor::project::repository_plans::Project;

/// Something that a person has to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttentionView {
    /// The plan that it is about; none when it is about no plan.
    pub plan: Option<PlanName>,
    /// What kind of thing it is: `failed`.
    pub kind: &'static str,
    /// What it is.
    pub text: String,
    /// What to do about it.
    pub command: Option<String>,
}

impl AttentionView {
    /// All of it. At the top is a target that does not pass.
    pub fn all(project: &Project, state: &State) -> Vec<Self> {
        let red = state.red_targets.values().filter_map(|checked| {
            let first = checked.first_bad.as_ref();
            Some(Self {
                plan: first.and_then(|first| first.plan.clone()),
                kind: "failed",
                text: checked.trouble()?,
                command: checked.remedy(),
            })
        });
        let behind = perform::behind(project).into_iter().map(|text| Self {
            plan: None,
            kind: "failed",
            text,
            command: Some("orch doctor --fix".to_owned()),
        });
        red.chain(behind).collect()
    }
}

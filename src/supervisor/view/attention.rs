//! Items that need a person, the most important first, as `orch status` shows them.

use jiff::Timestamp;
use serde::Serialize;

use crate::plan::PlanName;
use crate::schedule::{attention, has_reader};
use crate::words::{attention_text, target_remedy, target_trouble};

use super::situation::Situation;
use crate::supervisor::perform;
use crate::supervisor::project::repository_plans::Project;

/// Something that needs a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttentionView {
    /// The plan concerned; `None` when it concerns no plan.
    pub plan: Option<PlanName>,
    /// The kind: `question`, `approval`, `review`, `conflict`, `failed`, `login`, `stalled`, `budget` or `message`.
    pub kind: &'static str,
    /// The description.
    pub text: String,
    /// Since when; `None` where that is unknown.
    pub since: Option<Timestamp>,
    /// Expected seconds of all work that waits for it.
    pub holds_up_s: u64,
    /// The command that settles it.
    pub command: Option<String>,
}

impl AttentionView {
    /// All items. A target that fails its verification comes first, then the items that hold up most work.
    pub(super) fn all(project: &Project, situation: &Situation) -> Vec<Self> {
        let state = situation.scheduler.state();
        let of_target = |plan, text, command| Self {
            plan,
            kind: "failed",
            text,
            since: None,
            holds_up_s: 0,
            command,
        };
        let red = state.red_targets.values().filter_map(|checked| {
            let first = checked.first_bad.as_ref();
            let plan = first.and_then(|first| first.plan.clone());
            Some(of_target(plan, target_trouble(checked)?, target_remedy(checked)))
        });
        let fix = || Some("orch doctor --fix".to_owned());
        let behind = perform::behind(project)
            .into_iter()
            .map(|text| of_target(None, text, fix()));
        let plans = attention(situation.scheduler.work(), state);
        let plans = plans.into_iter().map(|item| {
            let (text, command) = attention_text(&item, state);
            Self {
                plan: Some(item.plan),
                kind: item.kind.as_str(),
                text,
                since: item.since.and_then(|at| situation.wall(at)),
                holds_up_s: item.holds_up / 1000,
                command: Some(command),
            }
        });
        red.chain(behind)
            .chain(plans)
            .chain(Self::letters(situation))
            .collect()
    }

    /// Messages that the lead has neither read nor answered. They hold nothing up.
    fn letters(situation: &Situation) -> impl Iterator<Item = Self> {
        let (work, state) = (situation.scheduler.work(), situation.scheduler.state());
        state.lead.open().map(|letter| {
            let message = &letter.message;
            let to = letter
                .to
                .as_ref()
                .map(|to| format!("to {to}, "))
                .unwrap_or_default();
            let reply = message.from.as_ref().filter(|_| letter.to.is_none());
            let reply = reply.filter(|from| has_reader(work, state, from));
            Self {
                plan: message.from.clone(),
                kind: "message",
                text: format!("says ({to}{}): {}", message.kind, message.text),
                since: situation.wall(letter.at),
                holds_up_s: 0,
                command: Some(match reply {
                    Some(from) => format!("orch inbox, or orch send {from} --reply-to {} TEXT", letter.id),
                    None => "orch inbox".to_owned(),
                }),
            }
        })
    }
}

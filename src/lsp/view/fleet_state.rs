//! The state of plans according to the journal, for display beside them.

use crate::plan::{PlanName, format_duration};
use crate::supervisor::{Depth, PlanView, Project, Situation, StatusView};

/// A command that can be run on a plan: its name, and the plan.
pub type PlanCommand = (&'static str, String);

/// The current status; `None` before the first run.
fn status(project: &Project) -> Option<StatusView> {
    let situation = Situation::look(project).ok()?;
    situation.epoch?;
    situation.view(project, Depth::Journal).ok()
}

/// A plan's state, remaining work, cost and dependencies, in Markdown.
pub fn described(project: &Project, plan: &PlanName) -> Option<String> {
    let status = status(project)?;
    let view = status.plans.iter().find(|view| view.name == *plan)?;
    let mut text = format!("**{}**", view.state);
    if let Some(left) = view.eta_s {
        let left = format_duration(std::time::Duration::from_secs(left));
        text += &format!(", {left} left");
    }
    if let Some(cost) = view.cost {
        text += &format!(", cost so far: {cost:.2}");
    }
    for why in &view.why {
        text += &format!("\n- {why}");
    }
    let attention = status
        .attention
        .iter()
        .filter(|item| item.plan.as_ref() == Some(plan));
    for item in attention {
        text += &format!("\n- needs you: {}", item.text);
        if let Some(command) = &item.command {
            text += &format!(" (`{command}`)");
        }
    }
    Some(text)
}

/// The commands that make sense on each plan.
pub fn commands(project: &Project) -> Vec<PlanCommand> {
    let Some(status) = status(project) else {
        return Vec::new();
    };
    let mut commands = Vec::new();
    for view in &status.plans {
        let mut add = |name: &'static str| commands.push((name, view.name.to_string()));
        add("why");
        if has_begun(view) {
            add("logs");
        }
        let kinds = || {
            status
                .attention
                .iter()
                .filter(|item| item.plan.as_ref() == Some(&view.name))
        };
        if kinds().any(|item| item.kind == "approval") {
            add("approve");
        }
        if !view.asks.is_empty() {
            add("answer");
        }
    }
    commands
}

fn has_begun(view: &PlanView) -> bool {
    view.worktree.is_some() || view.cost.is_some() || view.tally.done > 0 || view.since.is_some()
}

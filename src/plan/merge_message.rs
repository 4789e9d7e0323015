//! The message of the commit that lands a plan, rendered from a template.

use serde::Serialize;

use super::{PhaseId, Plan, PlanName, TaskId};
use crate::plan::prompt::templates::{PromptError, render_one};
use crate::plan::{harmless, one_line};

/// The template for repositories that have none of their own.
pub const MERGE_TEMPLATE: &str = include_str!("../../templates/merge.txt");

/// The variables of a merge message template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MergeContext {
    /// The plan.
    pub plan: PlanName,
    /// Its document's title.
    pub title: String,
    /// Its document's goal.
    pub goal: Option<String>,
    /// `merge` or `squash`.
    pub strategy: &'static str,
    /// The branch that lands.
    pub branch: String,
    /// The branch that the plan lands on.
    pub target: String,
    /// The last phase that lands; none when the whole plan lands.
    pub up_to: Option<PhaseId>,
    /// Its tasks, in document order.
    pub tasks: Vec<MergeTask>,
}

/// A task of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MergeTask {
    /// Its id.
    pub id: TaskId,
    /// Its title.
    pub title: String,
}

impl MergeContext {
    /// The context for a plan that lands as a whole.
    pub fn new(plan: &Plan, target: &str, strategy: &'static str) -> Self {
        let tasks = plan.document.tasks().map(|task| MergeTask {
            id: task.id,
            title: subject(&task.title),
        });
        Self {
            plan: plan.name.clone(),
            title: subject(&plan.document.title),
            goal: plan.document.goal.clone(),
            strategy,
            branch: plan.branch.clone(),
            target: target.to_owned(),
            up_to: None,
            tasks: tasks.collect(),
        }
    }

    /// The same context, limited to the plan's first phases.
    #[must_use]
    pub fn up_to(mut self, last: PhaseId, phases: &[PhaseId]) -> Self {
        self.up_to = Some(last);
        self.tasks.retain(|task| phases.contains(&task.id.phase));
        self
    }
}

/// A title as a line of a commit message: nothing in it steers a terminal, and no title fills a page of the history.
fn subject(title: &str) -> String {
    const LONGEST: usize = 200;
    let line = harmless(&one_line(title));
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

/// Renders a message. Templates are Jinja, like prompt templates. Several empty lines in a row become one. The message always
/// has one `Orch-Plan` trailer that names the plan, because this trailer identifies a landed plan by its commit. When only the
/// plan's first phases land, the trailer also names the last of them (`auth.2`).
///
/// # Errors
///
/// Says what is wrong with the template, and on which line.
pub fn render_merge_message(template: &str, context: &MergeContext) -> Result<String, PromptError> {
    let text = render_one("merge.txt", template, context)?;
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim_end) {
        if !line.is_empty() || lines.last().is_some_and(|last| !last.is_empty()) {
            lines.push(line);
        }
    }
    let whole = format!("Orch-Plan: {}", context.plan);
    let trailer = match context.up_to {
        Some(phase) => format!("{whole}.{phase}"),
        None => whole.clone(),
    };
    lines
        .iter_mut()
        .filter(|line| **line == whole)
        .for_each(|line| *line = &trailer);
    let mut message = lines.join("\n").trim_end().to_owned();
    if !message.lines().any(|line| line == trailer) {
        // Existing trailers come first.
        let last = message.rsplit("\n\n").next().unwrap_or_default();
        let is_trailer = |line: &str| line.split_once(": ").is_some_and(|(name, _)| !name.contains(' '));
        let trailers = last.len() < message.len() && last.lines().all(is_trailer);
        message += if trailers { "\n" } else { "\n\n" };
        message += &trailer;
    }
    message.push('\n');
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(strategy: &'static str) -> MergeContext {
        MergeContext {
            plan: "auth".parse().unwrap(),
            title: "Log in".to_owned(),
            goal: None,
            strategy,
            branch: "orch/auth".to_owned(),
            target: "main".to_owned(),
            up_to: None,
            tasks: vec![MergeTask {
                id: TaskId::new(1, 1),
                title: "Keys {{ title }}".to_owned(),
            }],
        }
    }

    #[test]
    fn a_title_is_one_line_that_steers_no_terminal() {
        assert_eq!(subject("Log \u{1b}[31min\nand out"), "Log \u{fffd}[31min and out");
        assert_eq!(subject(&"a".repeat(10_000)).chars().count(), 201);
    }

    #[test]
    fn a_message_names_plan_title_and_tasks() {
        let merge = render_merge_message(MERGE_TEMPLATE, &context("merge")).unwrap();
        assert_eq!(
            merge,
            "Merge plan auth: Log in\n\n- 1.1 Keys {{ title }}\n\nOrch-Plan: auth\n"
        );
        let squash = render_merge_message(MERGE_TEMPLATE, &context("squash")).unwrap();
        assert_eq!(
            squash,
            "Log in (plan auth)\n\n- 1.1 Keys {{ title }}\n\nOrch-Plan: auth\n"
        );
    }

    #[test]
    fn the_first_phases_of_a_plan_are_named_with_their_tasks_alone() {
        let mut whole = context("merge");
        whole.tasks.push(MergeTask {
            id: TaskId::new(2, 1),
            title: "Doors".to_owned(),
        });
        let part = whole.up_to(PhaseId(1), &[PhaseId(1)]);
        assert_eq!(
            render_merge_message(MERGE_TEMPLATE, &part).unwrap(),
            "Merge plan auth up to phase 1: Log in\n\n- 1.1 Keys {{ title }}\n\nOrch-Plan: auth.1\n"
        );
        let own = render_merge_message("land\n\nOrch-Plan: {{ plan }}\nBy: x", &part).unwrap();
        assert_eq!(own, "land\n\nOrch-Plan: auth.1\nBy: x\n");
    }

    #[test]
    fn a_template_of_ones_own_keeps_the_trailer() {
        let message = render_merge_message("land {{ plan }}\n\n\n\n", &context("merge")).unwrap();
        assert_eq!(message, "land auth\n\nOrch-Plan: auth\n");
        let error = render_merge_message("{{ nonsense }}", &context("merge")).unwrap_err();
        assert!(error.to_string().contains("nonsense"), "{error}");
    }
}

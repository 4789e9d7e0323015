//! The prompt that an agent is given, rendered from a template.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

use super::{MessageKind, PhaseId, PlanName, TaskId, TaskState};

/// The template that is used where a repository has none of its own.
pub const PROMPT_TEMPLATE: &str = include_str!("../../templates/prompt.md");

/// What a prompt template can speak about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PromptContext {
    /// The plan.
    pub plan: PlanName,
    /// Its document's title.
    pub title: String,
    /// Its document's goal.
    pub goal: Option<String>,
    /// Number of this attempt, from 1.
    pub attempt: u32,
    /// Why the attempt before this one failed.
    pub failure: Option<PromptFailure>,
    /// What was written to whoever works on the plan, since an agent began last.
    pub messages: Vec<PromptMessage>,
    /// The phases of this leg, and no others.
    pub phases: Vec<PromptPhase>,
    /// The plan's branch.
    pub branch: String,
    /// What the branch started from.
    pub base: String,
    /// The branch it will land on.
    pub target: String,
    /// Path of the status file.
    pub status_file: String,
    /// Path of the worktree's copy of the document.
    pub plan_file: String,
}

/// The failure of an earlier attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PromptFailure {
    /// One sentence.
    pub reason: String,
    /// The end of its log, or of what the verification wrote.
    pub tail: Option<String>,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PromptMessage {
    /// Who wrote it: a plan, or `the lead`.
    pub from: String,
    /// What it is about.
    pub kind: MessageKind,
    /// What it says.
    pub text: String,
}

/// A phase of the leg.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PromptPhase {
    /// Its number.
    pub id: PhaseId,
    /// Its title.
    pub title: String,
    /// Its objective.
    pub objective: Option<String>,
    /// All of its tasks, whatever their state.
    pub tasks: Vec<PromptTask>,
    /// What must be true at its end.
    pub checks: Vec<String>,
    /// The id under which these checks are reported, when they are work of their own.
    pub verify: Option<TaskId>,
}

/// A task of the leg.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PromptTask {
    /// Its id.
    pub id: TaskId,
    /// Its title.
    pub title: String,
    /// The lines below it.
    pub details: String,
    /// Its state.
    pub state: TaskState,
}

/// Why a prompt could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// The template is not valid.
    #[error("line {line} of the template: {reason}")]
    Template {
        /// Line from 1; 1 when it is not known.
        line: usize,
        /// What is wrong.
        reason: String,
    },
}

impl From<minijinja::Error> for PromptError {
    fn from(error: minijinja::Error) -> Self {
        let kind = error.kind().to_string();
        Self::Template {
            line: error.line().unwrap_or(1),
            reason: match error.detail() {
                Some(detail) => format!("{kind}: {detail}"),
                None => kind,
            },
        }
    }
}

/// Renders a prompt. Templates are Jinja; a name that is not in [`PromptContext`] is an error, and values are never
/// templates themselves.
///
/// # Errors
/// What is wrong with the template, and on which line.
pub fn render_prompt(template: &str, context: &PromptContext) -> Result<String, PromptError> {
    render(template, context)
}

/// Renders a template of any sort.
pub(super) fn render(template: &str, context: &impl Serialize) -> Result<String, PromptError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()?;
    environment.set_syntax(syntax);
    Ok(environment.render_str(template, Serde(context))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> PromptContext {
        PromptContext {
            plan: "auth".parse().unwrap(),
            title: "Auth".to_owned(),
            goal: Some("People log in.".to_owned()),
            attempt: 2,
            failure: Some(PromptFailure {
                reason: "`cargo test` failed".to_owned(),
                tail: Some("one\n```\ntwo".to_owned()),
            }),
            messages: vec![PromptMessage {
                from: "billing".to_owned(),
                kind: MessageKind::Conflict,
                text: "Keep `sign()`.\nWe {{ call }} it.".to_owned(),
            }],
            phases: vec![PromptPhase {
                id: PhaseId(2),
                title: "Tokens".to_owned(),
                objective: Some("Sign them.".to_owned()),
                tasks: vec![
                    PromptTask {
                        id: TaskId::new(2, 1),
                        title: "Keys".to_owned(),
                        details: "done long ago".to_owned(),
                        state: TaskState::Done,
                    },
                    PromptTask {
                        id: TaskId::new(2, 2),
                        title: "Sign {{ title }}".to_owned(),
                        details: "- in `src/sign.rs`\n  - with care".to_owned(),
                        state: TaskState::Pending,
                    },
                ],
                verify: None,
                checks: vec!["Tokens verify".to_owned()],
            }],
            branch: "orch/auth".to_owned(),
            base: "main".to_owned(),
            target: "main".to_owned(),
            status_file: ".orch/status.json".to_owned(),
            plan_file: ".orch/plan.md".to_owned(),
        }
    }

    #[test]
    fn the_default_template_tells_the_work_and_how_to_report() {
        let text = render_prompt(PROMPT_TEMPLATE, &context()).unwrap();
        let work = &text[..text.find("The whole plan").unwrap()];
        insta::assert_snapshot!(work, @r#"
    # Auth

    You work on the plan `auth` in this folder, a git worktree on branch `orch/auth`
    (it started from `main` and will be merged into `main` by others).

    Goal: People log in.

    ## What went wrong before

    This is attempt 2. The one before it failed: `cargo test` failed

    The end of its output:

        one
        ```
        two

    Look at what is already there (`git log`, `git status`) and go on from it.

    ## Messages

    - From billing (conflict):
      Keep `sign()`.
      We {{ call }} it.

    ## The work

    Do the open tasks below, in order, and nothing of the plan's other phases.

    ### Phase 2: Tokens

    Objective: Sign them.

    - [x] 2.1 Keys (done)
    - [ ] 2.2 Sign {{ title }}
          - in `src/sign.rs`
            - with care

    At the end of phase 2, check:

    - Tokens verify
    "#);
        for needed in [
            "orch task done ID",
            "orch task fail ID --note",
            "do not push",
            ".orch/plan.md",
        ] {
            assert!(text.contains(needed), "{needed} is missing");
        }
        assert!(!text.contains("\n\n\n"), "{text}");
    }

    #[test]
    fn a_first_attempt_says_nothing_of_failures() {
        let mut first = context();
        (first.attempt, first.failure, first.goal) = (1, None, None);
        first.messages.clear();
        let text = render_prompt(PROMPT_TEMPLATE, &first).unwrap();
        assert!(!text.contains("went wrong") && !text.contains("## Messages"));
        assert!(!text.contains("\n\n\n"), "{text}");
    }

    #[test]
    fn a_wrong_template_is_named_with_its_line() {
        let message = |template| render_prompt(template, &context()).unwrap_err().to_string();
        assert_eq!(
            message("a\n{{ nonsense }}"),
            "line 2 of the template: undefined value: `nonsense` is undefined"
        );
        assert!(message("{% if %}").starts_with("line 1 of the template: syntax error"));
    }
}

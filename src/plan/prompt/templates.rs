//! Prompt templates: the built-in ones, and a repository's own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::{Deserialize, Serialize};

use crate::plan::prompt::context::{
    ConflictingFile, OtherSide, PromptContext, PromptFailure, PromptKind, PromptMessage, PromptPhase,
    PromptTask, ResolverContext, WhyAgain,
};
use crate::plan::text::near_miss::suggest;
use crate::plan::{MessageKind, PhaseId, TaskId, TaskState};

macro_rules! built_in {
    ($($name:literal),+) => {
        &[$(($name, include_str!(concat!("../../../templates/prompt/", $name)))),+]
    };
}

/// Every built-in template, by its file name.
const BUILT_IN: &[(&str, &str)] = built_in![
    "prompt.md",
    "plan.md",
    "leg.md",
    "phase.md",
    "task.md",
    "verifier.md",
    "tasks.md",
    "retry.md",
    "messages.md",
    "people.md",
    "unread.md",
    "protocol.md",
    "rules.md",
    "resolver.md"
];
/// The number of steps after which a template counts as endless. A plan with a thousand tasks takes far fewer.
const MOST_STEPS: u64 = 5_000_000;
/// The template for every attempt. It includes the others.
const WHOLE: &str = "prompt.md";
/// The template for a conflict.
const RESOLVER: &str = "resolver.md";

/// The templates of one repository.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Templates {
    own: BTreeMap<String, String>,
}

/// Why a prompt could not be rendered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("line {line} of the template {name}: {reason}")]
pub struct PromptError {
    /// The template's file name.
    pub name: String,
    /// Line from 1; 1 when the line is unknown.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

impl PromptError {
    fn new(error: &minijinja::Error, fallback: &str) -> Self {
        // The cause of a failed include is the error inside the included template.
        let cause =
            std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<minijinja::Error>());
        if let Some(cause) = cause {
            return Self::new(cause, fallback);
        }
        let kind = error.kind().to_string();
        Self {
            name: error.name().unwrap_or(fallback).to_owned(),
            line: error.line().unwrap_or(1),
            reason: match error.detail() {
                _ if error.kind() == minijinja::ErrorKind::OutOfFuel => {
                    format!("it takes more than {MOST_STEPS} steps: make its loops shorter")
                }
                Some(detail) => format!("{kind}: {detail}"),
                None => kind,
            },
        }
    }
}

impl Templates {
    /// The built-in templates, with `own` replacing templates of the same name.
    pub fn new(own: BTreeMap<String, String>) -> Self {
        Self { own }
    }

    /// The names and texts of all built-in templates.
    pub fn built_in() -> &'static [(&'static str, &'static str)] {
        BUILT_IN
    }

    /// Renders the prompt of an attempt. Templates are Jinja. A name that is not in [`PromptContext`] is an error, and values
    /// are never parsed as templates.
    ///
    /// # Errors
    /// Says what is wrong with which template, and on which line.
    pub fn prompt(&self, context: &PromptContext) -> Result<String, PromptError> {
        self.render(WHOLE, context)
    }

    /// Renders the prompt of an agent that resolves a conflict.
    ///
    /// # Errors
    /// As for [`Templates::prompt`].
    pub fn resolver(&self, context: &ResolverContext) -> Result<String, PromptError> {
        self.render(RESOLVER, context)
    }

    /// Every problem in the repository's own templates: unused template names, syntax errors and unknown variables. The
    /// templates are tried with prompts of every kind.
    pub fn diagnostics(&self) -> Vec<PromptError> {
        let mut diagnostics = BTreeSet::new();
        for name in self.own.keys() {
            if !BUILT_IN.iter().any(|(known, _)| known == name) {
                let near = suggest(name, BUILT_IN.iter().map(|(known, _)| *known));
                let near = near.map_or_else(String::new, |near| format!("; {near}"));
                diagnostics.insert(PromptError {
                    name: name.clone(),
                    line: 1,
                    reason: format!("there is no template of this name{near}"),
                });
            }
        }
        if !self.own.is_empty() {
            for context in samples() {
                diagnostics.extend(self.prompt(&context).err());
            }
            diagnostics.extend(self.resolver(&sample_conflict()).err());
        }
        diagnostics.into_iter().collect()
    }

    fn render(&self, name: &str, context: &impl Serialize) -> Result<String, PromptError> {
        // Parsing the templates costs more than rendering one, and agents are started often.
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        static READ_ONCE: LazyLock<Result<Environment<'static>, PromptError>> = LazyLock::new(|| read(&NONE));
        if self.own.is_empty() {
            return render_in(READ_ONCE.as_ref().map_err(Clone::clone)?, name, context);
        }
        render_in(&read(&self.own)?, name, context)
    }
}

/// Parses every template, with `own` replacing built-in ones.
fn read(own: &BTreeMap<String, String>) -> Result<Environment<'_>, PromptError> {
    let mut environment = environment().map_err(|error| PromptError::new(&error, WHOLE))?;
    for (name, text) in BUILT_IN {
        let text = own.get(*name).map_or(*text, String::as_str);
        environment
            .add_template(name, text)
            .map_err(|error| PromptError::new(&error, name))?;
    }
    Ok(environment)
}

fn render_in(
    environment: &Environment<'_>,
    name: &str,
    context: &impl Serialize,
) -> Result<String, PromptError> {
    let diagnostic = |error: minijinja::Error| PromptError::new(&error, name);
    let template = environment.get_template(name).map_err(diagnostic)?;
    template.render(Serde(context)).map_err(diagnostic)
}

/// The settings for templates of every sort.
fn environment<'t>() -> Result<Environment<'t>, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // Otherwise the name of an undefined variable is reported in debug builds only.
    environment.set_debug(true);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()?;
    environment.set_syntax(syntax);
    environment.set_fuel(Some(MOST_STEPS));
    Ok(environment)
}

/// Renders one template that includes no others.
pub(in crate::plan) fn render_one(
    name: &str,
    text: &str,
    context: &impl Serialize,
) -> Result<String, PromptError> {
    let diagnostic = |error: minijinja::Error| PromptError::new(&error, name);
    let mut environment = environment().map_err(diagnostic)?;
    environment.add_template(name, text).map_err(diagnostic)?;
    render_in(&environment, name, context)
}

impl PromptKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Plan, Self::Stage, Self::Phase, Self::Task, Self::Verifier];
}

/// Prompts of every kind, for first and later attempts, with as much and with as little content as possible.
fn samples() -> Vec<PromptContext> {
    let poor = |kind| PromptContext {
        kind,
        plan: "auth".parse().expect("it is a name"),
        title: "Auth".to_owned(),
        goal: None,
        attempt: 1,
        failure: None,
        verify: None,
        is_last: true,
        red: None,
        review: None,
        open: Vec::new(),
        messages: Vec::new(),
        by_people: Vec::new(),
        brief: false,
        phases: Vec::new(),
        branch: "orch/auth".to_owned(),
        base: "main".to_owned(),
        target: "main".to_owned(),
        status_file: ".orch/status.json".to_owned(),
        plan_file: ".orch/plan.md".to_owned(),
        document: None,
    };
    let text = |text: &str| Some(text.to_owned());
    let task = |number, state| PromptTask {
        id: TaskId::new(1, number),
        title: "One".to_owned(),
        details: "- in `src/a.rs`".to_owned(),
        state,
    };
    let rich = |kind| PromptContext {
        goal: text("People log in."),
        attempt: 2,
        failure: Some(PromptFailure {
            cause: WhyAgain::Failed,
            reason: "the agent exited with code 1".to_owned(),
            tail: text("output"),
        }),
        verify: text("cargo test"),
        red: text("`cargo test` exited with code 1"),
        review: text("src/a.rs:1: `x`"),
        open: vec![TaskId::new(1, 2)],
        by_people: vec!["1a2b3c4 Rename it".to_owned()],
        messages: vec![PromptMessage {
            from: "the lead".to_owned(),
            kind: MessageKind::Conflict,
            text: "Keep it.".to_owned(),
        }],
        phases: vec![PromptPhase {
            id: PhaseId(1),
            title: "Begin".to_owned(),
            objective: text("It works."),
            tasks: vec![task(1, TaskState::Done), task(2, TaskState::Pending)],
            checks: vec!["It runs".to_owned()],
            verify: Some(TaskId::verify(PhaseId(1))),
        }],
        document: text("plans/auth.md"),
        ..poor(kind)
    };
    let brief = PromptContext {
        brief: true,
        ..rich(PromptKind::Plan)
    };
    PromptKind::ALL
        .into_iter()
        .flat_map(|kind| [poor(kind), rich(kind)])
        .chain([brief])
        .collect()
}

/// A conflict with every field filled.
fn sample_conflict() -> ResolverContext {
    let text = |text: &str| Some(text.to_owned());
    ResolverContext {
        plan: "auth".parse().expect("it is a name"),
        title: "Auth".to_owned(),
        goal: text("People log in."),
        up_to: None,
        branch: "orch/auth".to_owned(),
        target: "main".to_owned(),
        others: vec![OtherSide {
            plan: "billing".parse().expect("it is a name"),
            title: "Billing".to_owned(),
            goal: text("People pay."),
        }],
        files: vec![ConflictingFile {
            path: "src/a.rs".to_owned(),
            kind: "content".to_owned(),
        }],
        verify: text("cargo test"),
        plan_file: "plans/auth.md".to_owned(),
        left_out_file: ".orch/left-out.md".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_that_never_ends_is_a_fault() {
        let text = "{% for a in range(9000) %}{% for b in range(9000) %}{% for c in range(9000) %}{% endfor %}{% endfor %}{% endfor %}";
        let error = render_one("own.md", text, &()).unwrap_err();
        assert!(error.to_string().contains("steps"), "{error}");
        let long = "{% for a in range(9000) %}{{ a }} {% endfor %}";
        assert!(render_one("own.md", long, &()).is_ok());
    }

    fn context() -> PromptContext {
        PromptContext {
            plan: "auth".parse().unwrap(),
            title: "Auth".to_owned(),
            goal: Some("People log in.".to_owned()),
            attempt: 2,
            kind: PromptKind::Stage,
            open: vec![TaskId::new(2, 2)],
            verify: Some("cargo test".to_owned()),
            is_last: true,
            red: None,
            review: None,
            failure: Some(PromptFailure {
                cause: WhyAgain::Failed,
                reason: "the agent exited with code 1".to_owned(),
                tail: Some("one\n```\ntwo".to_owned()),
            }),
            by_people: Vec::new(),
            messages: vec![PromptMessage {
                from: "billing".to_owned(),
                kind: MessageKind::Conflict,
                text: "Keep `sign()`.\nWe {{ call }} it.".to_owned(),
            }],
            brief: false,
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
            document: None,
        }
    }

    #[test]
    fn the_default_template_tells_the_work_and_how_to_report() {
        let text = Templates::default().prompt(&context()).unwrap();
        let work = &text[..text.find("The whole plan").unwrap()];
        insta::assert_snapshot!(work, @r#"
    # Auth

    You work on the plan `auth` in this folder, a git worktree on branch `orch/auth`
    (it started from `main` and will be merged into `main` by others).

    Goal: People log in.

    ## What went wrong before

    This is attempt 2. The one before it failed: the agent exited with code 1

    The end of its output:

        one
        ```
        two

    Still open: 2.2.

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
    fn each_reason_for_another_attempt_is_told_in_its_own_words() {
        let told = |cause, red: Option<&str>| {
            let mut context = context();
            let failure = context.failure.as_mut().unwrap();
            (failure.cause, failure.tail) = (cause, None);
            context.red = red.map(str::to_owned);
            let text = Templates::default().prompt(&context).unwrap();
            assert!(!text.contains("\n\n\n"), "{text}");
            text
        };
        let stopped = told(WhyAgain::Stopped, None);
        assert!(
            stopped.contains("A person stopped the agent that began this work."),
            "{stopped}"
        );
        assert!(
            !stopped.contains("failed:") && !stopped.contains("went wrong"),
            "{stopped}"
        );
        let cut = told(WhyAgain::CutShort, None);
        assert!(cut.contains("cut short") && !cut.contains("went wrong"), "{cut}");
        assert!(told(WhyAgain::Unread, None).contains("unread messages"));
        assert!(told(WhyAgain::Vanished, None).contains("went wrong"));
        let red = told(
            WhyAgain::Verify,
            Some("`cargo test` exited with code 1\ntest a ... FAILED"),
        );
        for part in [
            "does not pass its verification",
            "Make it pass: run `cargo test` until it succeeds.",
            "    test a ... FAILED\n",
        ] {
            assert!(red.contains(part), "{part} is missing in {red}");
        }
        // An agent that was stopped while repairing is told about both.
        let both = told(WhyAgain::Stopped, Some("`cargo test` exited with code 1"));
        assert!(
            both.contains("A person stopped") && both.contains("Make it pass"),
            "{both}"
        );
    }

    #[test]
    fn the_plans_verification_and_the_end_of_the_work_are_named() {
        let mut context = context();
        let text = Templates::default().prompt(&context).unwrap();
        for part in [
            "Run it before you report the last task, and fix what it finds:\n\n    cargo test\n",
            "run `orch task inbox` once more. If there is a new message, do what it asks for. Then stop.",
            "Start nothing in the background",
            "Make no worktrees",
        ] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
        context.is_last = false;
        let part = Templates::default().prompt(&context).unwrap();
        assert!(
            part.contains("fix what your own work breaks:\n\n    cargo test\n"),
            "{part}"
        );
        context.verify = None;
        assert!(
            !Templates::default()
                .prompt(&context)
                .unwrap()
                .contains("cargo test")
        );
    }

    #[test]
    fn one_who_goes_on_with_messages_is_told_these_alone() {
        let brief = PromptContext {
            brief: true,
            ..context()
        };
        let text = Templates::default().prompt(&brief).unwrap();
        assert!(text.starts_with("You ended with unread messages."), "{text}");
        assert!(
            text.contains("  Keep `sign()`.") && text.contains("orch task done ID"),
            "{text}"
        );
        assert!(
            !text.contains("## The work") && !text.contains("\n\n\n"),
            "{text}"
        );
    }

    #[test]
    fn a_first_attempt_says_nothing_of_failures() {
        let mut first = context();
        (first.attempt, first.failure, first.goal) = (1, None, None);
        first.messages.clear();
        let text = Templates::default().prompt(&first).unwrap();
        assert!(!text.contains("went wrong") && !text.contains("## Messages"));
        assert!(!text.contains("\n\n\n"), "{text}");
    }

    #[test]
    fn every_kind_of_work_has_words_of_its_own() {
        let mut texts: Vec<String> = Vec::new();
        for kind in PromptKind::ALL {
            let context = PromptContext { kind, ..context() };
            let text = Templates::default().prompt(&context).unwrap();
            assert!(!text.contains("\n\n\n"), "{text}");
            assert!(!texts.contains(&text), "{kind:?}");
            texts.push(text);
        }
    }

    #[test]
    fn a_conflict_is_told_with_both_sides_and_the_files() {
        let text = Templates::default().resolver(&sample_conflict()).unwrap();
        for part in [
            "`src/a.rs` (content)",
            "`billing`: Billing",
            "Run `cargo test`",
            "git commit --no-edit",
        ] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
        assert!(!text.contains("\n\n\n"), "{text}");
    }

    #[test]
    fn a_repository_replaces_one_part_and_keeps_the_others() {
        let own = [("rules.md".to_owned(), "- Be brief, {{ plan }}.\n".to_owned())];
        let text = Templates::new(own.into()).prompt(&context()).unwrap();
        assert!(text.ends_with("## Rules\n\n- Be brief, auth.\n"), "{text}");
        assert!(text.contains("orch task done ID"));
    }

    #[test]
    fn what_is_wrong_with_a_template_is_told_with_its_file_and_line() {
        let diagnostics = |name: &str, text: &str| {
            let own = [(name.to_owned(), text.to_owned())];
            let diagnostics = Templates::new(own.into()).diagnostics();
            let diagnostics = diagnostics
                .into_iter()
                .map(|diagnostic| format!("{}:{}: {}", diagnostic.name, diagnostic.line, diagnostic.reason));
            diagnostics.collect::<Vec<_>>()
        };
        assert_eq!(
            diagnostics("retry.md", "a\n{{ nonsense }}"),
            ["retry.md:2: undefined value: `nonsense` is undefined"]
        );
        assert_eq!(
            diagnostics("resolver.md", "{{ phases }}").len(),
            1,
            "it is about a conflict"
        );
        assert!(diagnostics("task.md", "{% if %}")[0].starts_with("task.md:1: syntax error"));
        assert!(diagnostics("prompt.md", "{% include \"no.md\" %}")[0].contains("no.md"));
        assert_eq!(
            diagnostics("retyr.md", "x"),
            ["retyr.md:1: there is no template of this name; did you mean `retry.md`?"]
        );
        assert_eq!(
            diagnostics("messages.md", "{% for m in messages %}{{ m.text }}{% endfor %}"),
            [""; 0]
        );
    }
}

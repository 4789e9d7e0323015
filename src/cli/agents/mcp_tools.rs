//! The tools of `orch mcp`. Each tool is one command of `orch`, with the same arguments and the same refusals.

use super::mcp_tool::{Argument, Kind, McpTool, option, tool, word};

/// The user of the tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolUser {
    /// An agent at work on a plan.
    Worker,
    /// A person's own assistant, which can only look.
    Lead,
    /// A person's own assistant, which can also steer.
    Steering,
}

const IDS: Argument = word("ids", "ids of tasks, such as 2.1 or 2.verify", Kind::List, true);
const NOTE: Argument = option("note", "a note, such as the reason", Kind::Text, "--note");
const WHAT: Argument = word(
    "what",
    "a plan, or a phase or task of it, such as auth.2.3",
    Kind::Text,
    true,
);
const ALL_OF: Argument = word(
    "what",
    "plans, phases or tasks, such as auth.2.3",
    Kind::List,
    true,
);
const PLAN: Argument = word("plan", "the name of a plan", Kind::Text, true);
const OF_PLAN: Argument = Argument {
    option: "--plan",
    ..PLAN
};
const SOME_PLAN: Argument = word(
    "plan",
    "the name of a plan; all plans without it",
    Kind::Text,
    false,
);

const WORKER: &[McpTool] = &[
    tool(
        "task_list",
        "List the tasks of your plan with their states.",
        &["task", "list", "--json"],
        &[],
        false,
    ),
    tool(
        "task_next",
        "Tasks that can begin now, and what blocks the rest.",
        &["task", "next", "--json"],
        &[word("count", "at most this many", Kind::Number, false)],
        false,
    ),
    tool(
        "task_start",
        "Report tasks as started.",
        &["task", "start", "--json"],
        &[IDS, NOTE],
        true,
    ),
    tool(
        "task_done",
        "Report tasks as done. Commit their work first.",
        &["task", "done", "--json"],
        &[IDS, NOTE],
        true,
    ),
    tool(
        "task_fail",
        "Report tasks as failed.",
        &["task", "fail", "--json"],
        &[IDS, NOTE],
        true,
    ),
    tool(
        "task_skip",
        "Report tasks as left out on purpose.",
        &["task", "skip", "--json"],
        &[IDS, NOTE],
        true,
    ),
    tool(
        "ask",
        "Ask a person. Then commit what you have and end your turn: you continue with the answer.",
        &["task", "ask", "--json"],
        &[
            word("question", "the question", Kind::Text, true),
            option(
                "task",
                "the id of the task that it is about",
                Kind::Text,
                "--task",
            ),
        ],
        true,
    ),
    tool(
        "inbox",
        "Read new messages to your plan.",
        &["task", "inbox", "--json"],
        &[option("all", "read messages too", Kind::Flag, "--all")],
        true,
    ),
    tool(
        "send",
        "Write to the agents of another plan, or to `lead`, the person who looks after the plans. Nothing waits for a message.",
        &["send", "--json"],
        &[
            word("to", "a plan, or `lead`", Kind::Text, true),
            word("text", "the message", Kind::Text, true),
            option(
                "kind",
                "coordination, status, request, conflict or sync_request",
                Kind::Text,
                "--kind",
            ),
            option(
                "reply_to",
                "the number of the message in your inbox that it answers",
                Kind::Number,
                "--reply-to",
            ),
        ],
        true,
    ),
    tool(
        "heartbeat",
        "Say that you are at work, when nothing shows for long.",
        &["task", "heartbeat", "--json"],
        &[word("message", "what is happening", Kind::Text, false)],
        true,
    ),
];

const LEAD: &[McpTool] = &[
    tool(
        "status",
        "All plans with their states, what needs a person first, expected times and cost; or one plan in detail.",
        &["status", "--json"],
        &[SOME_PLAN],
        false,
    ),
    tool(
        "why",
        "Why a plan, phase or task is in its state, and what to do next.",
        &["why", "--json"],
        &[WHAT],
        false,
    ),
    tool(
        "diff",
        "What a plan's branch changes.",
        &["diff"],
        &[OF_PLAN],
        false,
    ),
    tool(
        "logs",
        "What the plan's last agent printed.",
        &["logs"],
        &[PLAN],
        false,
    ),
    tool(
        "events",
        "The journal: what has happened, one JSON object a line.",
        &["events", "--json"],
        &[SOME_PLAN],
        false,
    ),
    tool(
        "train",
        "Plans on their way to the target, and why each waits.",
        &["train", "--json"],
        &[],
        false,
    ),
    tool(
        "digest",
        "What has landed and failed in a time, what needs a person and what comes next.",
        &["digest", "--json"],
        &[Argument {
            name: "since",
            about: "how long back, such as 2h",
            kind: Kind::Text,
            option: "--since",
            needed: true,
        }],
        false,
    ),
];

const STEERING: &[McpTool] = &[
    tool(
        "answer",
        "Answer an agent's question; its conversation continues with the answer.",
        &["answer", "--json"],
        &[WHAT, word("text", "the answer", Kind::Text, true)],
        true,
    ),
    tool(
        "approve",
        "Open gates that wait for a person.",
        &["approve", "--json"],
        &[ALL_OF],
        true,
    ),
    tool(
        "retry",
        "Try failed, held, skipped or cancelled work again.",
        &["retry", "--json"],
        &[ALL_OF],
        true,
    ),
    tool(
        "pause",
        "Start nothing new of plans, phases or tasks.",
        &["pause", "--json"],
        &[
            ALL_OF,
            option(
                "now",
                "stop running work too; this is no failure",
                Kind::Flag,
                "--now",
            ),
        ],
        true,
    ),
    tool(
        "resume",
        "Continue after a pause.",
        &["resume", "--json"],
        &[ALL_OF],
        true,
    ),
    tool(
        "cancel",
        "Stop plans, phases or tasks for good; dependents are skipped.",
        &["cancel", "--json"],
        &[ALL_OF],
        true,
    ),
    tool(
        "merge",
        "Land finished plans, verified, in order: these, or all.",
        &["merge", "--json"],
        &[word("plans", "names of plans", Kind::List, false)],
        true,
    ),
];

impl ToolUser {
    /// Returns the tools of this user.
    pub fn tools(self) -> impl Iterator<Item = &'static McpTool> {
        let (looks, steers) = match self {
            Self::Worker => (WORKER, &[][..]),
            Self::Lead => (LEAD, &[][..]),
            Self::Steering => (LEAD, STEERING),
        };
        looks.iter().chain(steers)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn line(user: ToolUser, name: &str, given: Value) -> Result<Vec<String>, String> {
        let tool = user.tools().find(|tool| tool.name == name).unwrap();
        let Value::Object(given) = given else {
            unreachable!()
        };
        tool.command_line(&given)
    }

    #[test]
    fn a_call_is_a_command_in_which_no_text_is_an_option() {
        assert_eq!(
            line(
                ToolUser::Worker,
                "send",
                json!({"to": "--json", "text": "-x", "kind": "--y", "reply_to": 3})
            )
            .unwrap(),
            [
                "send",
                "--json",
                "--kind=--y",
                "--reply-to=3",
                "--",
                "--json",
                "-x"
            ]
        );
        assert_eq!(
            line(
                ToolUser::Steering,
                "pause",
                json!({"what": ["a", "b.2"], "now": true})
            )
            .unwrap(),
            ["pause", "--json", "--now", "--", "a", "b.2"]
        );
        assert_eq!(
            line(ToolUser::Worker, "inbox", json!({"all": false})).unwrap(),
            ["task", "inbox", "--json"]
        );
    }

    #[test]
    fn what_is_missing_unknown_or_of_another_kind_is_named() {
        for (given, why) in [
            (json!({}), "`ids` is missing"),
            (json!({"ids": []}), "`ids` cannot be []"),
            (json!({"ids": "2.1"}), "`ids` cannot be \"2.1\""),
            (json!({"ids": ["2.1"], "id": "2.1"}), "no argument `id`"),
            (json!({"ids": ["2\u{0}"]}), "NUL"),
        ] {
            let error = line(ToolUser::Worker, "task_done", given).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn only_who_may_steer_has_tools_that_steer() {
        assert!(ToolUser::Lead.tools().all(|tool| !tool.changes));
        let names = |user: ToolUser| user.tools().map(|tool| tool.name).collect::<Vec<_>>();
        assert!(
            names(ToolUser::Steering)
                .ends_with(&["answer", "approve", "retry", "pause", "resume", "cancel", "merge"])
        );
    }
}

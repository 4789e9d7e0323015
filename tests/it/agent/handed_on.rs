//! What an agent is told of the one before it, and what of that one's conversation it continues with.

use crate::support::{Sandbox, document, wait_for};

/// An agent that behaves as Claude Code does: its conversation has a name, and INT makes it call that an error.
const LIKE_CLAUDE: &str = r#"say() { printf '%s\n' "$1"; }
say "{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"${1:-s-$ORCH_ATTEMPT}\"}"
stopped() { say '{"type":"result","subtype":"error_during_execution","is_error":true,"errors":["[diagnostic]"]}'; exit 1; }
trap stopped INT
if [ ! -e "$MARKS/once-$ORCH_PLAN" ]; then
    mark once-$ORCH_PLAN
    say '{"type":"assistant","message":{"id":"m1","model":"c","content":[],"usage":{"input_tokens":10,"output_tokens":5}}}'
    while :; do sleep 0.02; done
fi
work 1.1
say '{"type":"result","subtype":"success","is_error":false,"result":"done"}'"#;

/// Adds plans with such agents.
fn like_claude(sandbox: &Sandbox, names: &[&str]) {
    for name in names {
        sandbox.plan(name, "", &document(&[1]), LIKE_CLAUDE);
    }
    let mut text = sandbox.read("plans.toml");
    for name in names {
        let table = format!("[agents.{name}]\n");
        let path = sandbox.beside(format!("agents/{name}.sh"));
        let more = format!(
            "{table}events = \"claude\"\nstop = [\"INT\", \"TERM\"]\nresume = [\"sh\", {path:?}, \"{{session}}\"]\n"
        );
        text = text.replace(&table, &more);
    }
    sandbox.write("plans.toml", text);
}

fn sessions(sandbox: &Sandbox, plan: &str) -> Vec<String> {
    let attempts = sandbox.shown(plan)["attempts"].clone();
    let attempts = attempts.as_array().unwrap().iter();
    attempts
        .map(|attempt| {
            attempt["facts"]["session"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        })
        .collect()
}

/// The agent's first answer was read.
fn has_answered(sandbox: &Sandbox, plan: &str) {
    sandbox.marked(&format!("once-{plan}"));
    wait_for("its first answer", || {
        let facts = sandbox
            .path()
            .join(format!(".git/orch/attempts/{plan}-1/facts.json"));
        std::fs::read_to_string(facts).is_ok_and(|facts| facts.contains("\"turns\": 1"))
    });
}

#[test]
fn after_an_orderly_stop_the_conversation_goes_on_and_the_prompt_says_that_a_person_stopped_it() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0\ngrace = \"2s\"");
    like_claude(&sandbox, &["downed", "paused"]);
    let up = sandbox.start("up");
    for plan in ["downed", "paused"] {
        has_answered(&sandbox, plan);
    }
    sandbox.orch("pause paused --now").code(0).ok();
    wait_for("the pause", || sandbox.state("paused") == "paused");
    sandbox.orch("down").code(0).ok();
    up.end().code(130).ok();
    sandbox.orch("resume paused").code(0).ok();
    sandbox.orch("up").code(0).ok();
    for plan in ["downed", "paused"] {
        assert_eq!(sandbox.state(plan), "finished", "{}", sandbox.why(plan));
        let first = format!("s-{plan}-1");
        assert_eq!(sessions(&sandbox, plan), [first.clone(), first], "{plan}");
        let prompt = sandbox.attempt_file(&format!("{plan}-2"), "prompt.md");
        assert!(
            prompt.contains("A person stopped the agent that began this work."),
            "{prompt}"
        );
        assert!(
            !prompt.contains("failed:") && !prompt.contains("went wrong"),
            "{prompt}"
        );
    }
    sandbox.nothing_is_left();
}

#[test]
fn after_a_red_verification_the_next_is_told_what_to_make_pass_with_the_output() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 1");
    sandbox.plan(
        "p",
        "verify = \"cat mended || { echo the sum is wrong; exit 1; }\"",
        &document(&[1]),
        "if [ $ORCH_ATTEMPT = p-1 ]; then echo all is well; work 1.1; else commit mended; fi",
    );
    sandbox.orch("up").code(0).ok();
    let first = sandbox.attempt_file("p-1", "prompt.md");
    assert!(
        first.contains("Run it before you report the last task"),
        "{first}"
    );
    assert!(
        first.contains("    cat mended || { echo the sum is wrong; exit 1; }\n"),
        "{first}"
    );
    let second = sandbox.attempt_file("p-2", "prompt.md");
    assert!(
        second.contains("The plan's verification fails. Make it pass: run `cat mended"),
        "{second}"
    );
    assert!(second.contains("    the sum is wrong\n"), "{second}");
    assert!(
        !second.contains("went wrong before") && !second.contains("all is well"),
        "{second}"
    );
}

#[test]
fn what_an_agent_reads_never_names_a_way_around_its_work() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 1");
    sandbox.plan("p", "", &document(&[1]), "true");
    sandbox.plan("q", "", &document(&[1]), "orch task done -q 1.1");
    sandbox.orch("up").code(1).ok();
    for attempt in ["p-2", "q-2"] {
        let prompt = sandbox.attempt_file(attempt, "prompt.md");
        assert!(
            prompt.contains("made no commit") && !prompt.contains("allow_empty"),
            "{prompt}"
        );
    }
}

#[test]
fn a_script_that_prints_the_name_of_an_error_has_failed_and_is_not_waited_for() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    let error = "FileNotFoundError: [Errno 2] No such file or directory: 'x.csv'";
    sandbox.plan("p", "", &document(&[1]), &format!("echo \"{error}\" >&2; exit 1"));
    sandbox.plan(
        "q",
        "",
        &document(&[1]),
        "echo 'Error: 429 Too Many Requests'; exit 1",
    );
    sandbox.orch("up").code(1).ok();
    for plan in ["p", "q"] {
        assert_eq!(sandbox.state(plan), "failed", "{}", sandbox.why(plan));
    }
    assert_eq!(sandbox.count("attempt.parked", None), 0);
}

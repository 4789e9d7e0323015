//! Agents that speak the Agent Client Protocol.

use serde_json::Value;

use crate::support::{Sandbox, document};

/// A program of the protocol: it offers to continue conversations, and does `turn` when it is prompted. `ask ID` asks for
/// permission and prints what was answered; `say TEXT` tells something.
fn program(turn: &str) -> String {
    let hello = r#"{\"protocolVersion\":1,\"agentCapabilities\":{\"loadSession\":true}}"#;
    let update = r#"{\"jsonrpc\":\"2.0\",\"method\":\"session/update\",\"params\":{\"sessionId\":\"s\",\"update\":{\"sessionUpdate\":\"agent_message_chunk\",\"content\":{\"type\":\"text\",\"text\":\"$1\"}}}}"#;
    let request = r#"{"jsonrpc":"2.0","id":"p","method":"session/request_permission","params":{"sessionId":"s","toolCall":{"toolCallId":"t","title":"rm -r cache"},"options":[{"optionId":"never","name":"No","kind":"reject_once"},{"optionId":"once","name":"Yes","kind":"allow_once"}]}}"#;
    format!(
        r#"keep() {{ printf '%s\n' "$1" >> "$MARKS/said"; }}
hear() {{ read -r line; asked=$(printf '%s\n' "$line" | sed 's/.*"id":"\([^"]*\)".*/\1/'); }}
give() {{ echo "{{\"jsonrpc\":\"2.0\",\"id\":\"$asked\",$1}}"; }}
say() {{ echo "{update}"; }}
may() {{ echo '{request}'; read -r answer; keep "$answer"; case $answer in *once*) return 0;; *never*) return 1;; *) read -r cancel; keep "$cancel"; end cancelled;; esac; }}
end() {{ give "\"result\":{{\"stopReason\":\"$1\",\"usage\":{{\"inputTokens\":7,\"outputTokens\":2,\"totalTokens\":9}}}}"; exit 0; }}
hear; give "\"result\":{hello}"
hear; keep "$line"
case $line in
*session/load*) say "what is known"; give '"result":{{}}';;
*) give '"result":{{"sessionId":"s"}}';;
esac
hear; keep "$line"
{turn}
end end_turn
"#
    )
}

/// A plan with such an agent, whose table has these lines too.
fn sandbox(lines: &str, turn: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.write("plans/p.md", document(&[1]));
    sandbox.script("p", &program(turn));
    let script = sandbox.beside("agents/p.sh");
    sandbox.tables(&format!(
        "[agents.speaks]\ncommand = [\"sh\", {script:?}]\nevents = \"acp\"\n{lines}\n[plans.p]\nfile = \"plans/p.md\"\n\
         agent = \"speaks\""
    ));
    sandbox
}

fn said(sandbox: &Sandbox) -> Vec<Value> {
    let text = std::fs::read_to_string(sandbox.mark("said")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_program_is_prompted_and_its_work_and_usage_count() {
    let sandbox = sandbox("", "say \"I begin\"; may && work 1.1; say \" and am done\"");
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished", "{}", sandbox.why("p"));
    let said = said(&sandbox);
    assert_eq!(said[0]["method"], "session/new");
    assert_eq!(
        said[0]["params"]["cwd"],
        sandbox.worktree("p").path().to_str().unwrap()
    );
    let prompt = said[1]["params"]["prompt"][0]["text"].as_str().unwrap();
    assert_eq!(prompt, sandbox.attempt_file("p-1", "prompt.md"));
    assert_eq!(said[2]["result"]["outcome"]["optionId"], "once");
    let facts = &sandbox.shown("p")["attempts"][0]["facts"];
    assert_eq!(facts["session"], "s");
    assert_eq!(
        (
            facts["spent"]["input"].as_u64(),
            facts["spent"]["output"].as_u64()
        ),
        (Some(7), Some(2))
    );
    sandbox.orch("logs p").code(0).says("I begin and am done").ok();
    sandbox.nothing_is_left();
}

#[test]
fn what_is_denied_is_told_and_fails_the_attempt() {
    let sandbox = sandbox("permissions = \"deny\"", "may || true");
    sandbox.orch("up").code(1).ok();
    assert_eq!(said(&sandbox)[2]["result"]["outcome"]["optionId"], "never");
    assert!(sandbox.why("p").contains("rm -r cache"), "{}", sandbox.why("p"));
    sandbox.orch("logs p").says("denied: rm -r cache").ok();
}

#[test]
fn a_request_for_permission_is_a_question_whose_answer_counts_for_the_next_request() {
    for (answer, chosen) in [("allow", "once"), ("never do that", "never")] {
        let sandbox = sandbox("permissions = \"ask\"", "may || true; work 1.1");
        sandbox.orch("up").code(1).ok();
        assert_eq!(sandbox.state("p"), "held", "{}", sandbox.why("p"));
        assert!(
            sandbox.why("p").contains("May it use rm -r cache?"),
            "{}",
            sandbox.why("p")
        );
        let before = said(&sandbox);
        assert_eq!(before[2]["result"]["outcome"]["outcome"], "cancelled");
        assert_eq!(before[3]["method"], "session/cancel");
        sandbox.command(["answer", "p", answer]).status().unwrap();
        sandbox.orch("up").code(0).ok();
        let behind = &said(&sandbox)[4..];
        assert_eq!(behind[0]["method"], "session/load");
        assert_eq!(behind[0]["params"]["sessionId"], "s");
        let prompt = behind[1]["params"]["prompt"][0]["text"].as_str().unwrap();
        assert!(prompt.contains(answer), "{prompt}");
        assert_eq!(behind[2]["result"]["outcome"]["optionId"], chosen);
        sandbox.nothing_is_left();
    }
}

#[test]
fn a_person_who_stops_it_cancels_its_turn() {
    let sandbox = sandbox("", "gate g; read -r line; keep \"$line\"; end cancelled");
    sandbox.gate("g");
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.orch("pause p --now").code(0).ok();
    sandbox.open("g");
    up.end().code(1).ok();
    assert_eq!(said(&sandbox)[2]["method"], "session/cancel");
    sandbox.nothing_is_left();
}

#[test]
fn a_program_that_answers_nothing_is_stopped() {
    let sandbox = sandbox("", "");
    sandbox.script("p", "gate g; cat > /dev/null");
    sandbox.gate("g");
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.orch("pause p --now").code(0).ok();
    sandbox.open("g");
    up.end().code(1).ok();
    let log = sandbox.attempt_file("p-1", "log");
    assert!(log.contains("stopped before `initialize` was answered"), "{log}");
    sandbox.nothing_is_left();
}

#[test]
fn a_program_that_does_not_speak_it_says_so() {
    for (turn, why) in [
        (
            "echo not a message; exit 3",
            "it ended before `session/prompt` was answered",
        ),
        (
            "give '\"error\":{\"code\":-32603,\"message\":\"Internal error\",\"data\":{\"details\":\"no model\"}}'; exit 0",
            "Internal error: no model",
        ),
        // Something that it has started holds its output.
        ("sleep 1000 & exit 3", "it ended in mid-turn"),
    ] {
        let sandbox = sandbox("", turn);
        sandbox.orch("up").code(1).ok();
        assert!(sandbox.why("p").contains(why), "{}", sandbox.why("p"));
        sandbox.nothing_is_left();
    }
}

#[test]
fn what_the_client_does_not_know_reaches_the_log_or_is_refused_and_the_turn_goes_on() {
    let odd = r#"echo not a message; echo '{"level":"info"}'; echo '[{"method":"session/update"}]'; echo 42
head -c 9000000 /dev/zero | tr '\0' x; echo
echo '{"jsonrpc":"2.0","id":"nobody","result":{}}'
echo '{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s","update":{"sessionUpdate":"new_kind","sign":7}}}'
echo '{"jsonrpc":"2.0","method":"session/update"}'
echo '{"jsonrpc":"2.0","id":"q","method":"fs/read_text_file","params":{"path":"/etc/passwd"}}'; read -r answer; keep "$answer"
echo '{"jsonrpc":"2.0","id":"r","method":"session/request_permission","params":{"options":7}}'; read -r answer; keep "$answer"
may && work 1.1"#;
    let sandbox = sandbox("", odd);
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished", "{}", sandbox.why("p"));
    let log = sandbox.attempt_file("p-1", "log");
    for line in [
        "not a message",
        r#"{"level":"info"}"#,
        r#"[{"method":"session/update"}]"#,
        "42",
        r#"{"type":"update","update":{"sessionUpdate":"new_kind","sign":7}}"#,
    ] {
        assert!(log.lines().any(|known| known == line), "{line}\n{log}");
    }
    let said = said(&sandbox);
    let codes = (&said[2]["error"]["code"], &said[3]["error"]["code"]);
    assert_eq!(codes, (&(-32601).into(), &(-32602).into()));
    sandbox.nothing_is_left();
}

#[test]
fn a_program_that_goes_on_after_its_question_is_ended_and_the_question_is_asked() {
    let deaf = "echo '{\"jsonrpc\":\"2.0\",\"id\":\"p\",\"method\":\"session/request_permission\",\"params\":{\"sessionId\":\"s\",\
                \"toolCall\":{\"toolCallId\":\"t\",\"title\":\"rm -r cache\"},\"options\":[]}}'; cat > /dev/null; exit 0";
    let sandbox = sandbox("permissions = \"ask\"", deaf);
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("p"), "held", "{}", sandbox.why("p"));
    let why = sandbox.why("p");
    assert!(why.contains("May it use rm -r cache?"), "{why}");
    sandbox.nothing_is_left();
}

#[test]
fn a_program_that_speaks_another_version_is_named() {
    let sandbox = sandbox("", "");
    let two = program("").replace(r#"protocolVersion\":1"#, r#"protocolVersion\":2"#);
    sandbox.script("p", &two);
    sandbox.orch("up").code(1).ok();
    assert!(sandbox.why("p").contains("version"), "{}", sandbox.why("p"));
    sandbox.nothing_is_left();
}

#[test]
fn a_policy_needs_the_protocol() {
    let sandbox = sandbox("", "");
    sandbox.tables("[agents.other]\ncommand = [\"true\"]\npermissions = \"ask\"");
    sandbox
        .orch("check")
        .code(2)
        .says("does not ask for permission in a way that `orch` can answer")
        .ok();
}

#[test]
fn a_program_of_the_protocol_takes_over_from_another_agent() {
    let sandbox = sandbox("", "may && work 1.1");
    sandbox.tables("[agents.fails]\ncommand = [\"sh\", \"-c\", \"exit 7\"]");
    let manifest = sandbox.read("plans.toml");
    let both = "agents = [\"fails\", \"speaks\"]";
    sandbox.write("plans.toml", manifest.replace("agent = \"speaks\"", both));
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished", "{}", sandbox.why("p"));
    let attempts = sandbox.shown("p")["attempts"].clone();
    assert_eq!(
        (&attempts[0]["agent"], &attempts[1]["agent"]),
        (&"fails".into(), &"speaks".into())
    );
    assert_eq!(said(&sandbox)[0]["method"], "session/new");
}

#[test]
fn a_program_that_is_not_logged_in_holds_its_plan() {
    let sandbox = sandbox("", "");
    let script = sandbox.beside("agents/p.sh");
    let program = std::fs::read_to_string(&script).unwrap();
    let refuses = "give '\"error\":{\"code\":-32000,\"message\":\"Authentication required\"}'; exit 0";
    let new = "give '\"result\":{\"sessionId\":\"s\"}'";
    assert!(program.contains(new), "{program}");
    std::fs::write(&script, program.replace(new, refuses)).unwrap();
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("p"), "held", "{}", sandbox.why("p"));
    assert_eq!(sandbox.count("agent.started", Some("p")), 1);
}

//! `orch mcp`: tools over standard input and output, with a client that speaks the protocol by hand.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Sandbox, document, wait_for};

/// A client, and the server that it has started.
struct Client {
    server: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    last: u64,
}

impl Client {
    fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut server = command.spawn().unwrap();
        let (to, from) = (server.stdin.take().unwrap(), server.stdout.take().unwrap());
        let mut client = Self {
            server,
            to,
            from: BufReader::new(from),
            last: 0,
        };
        let info = client.ask(
            "initialize",
            json!({
                "protocolVersion": "2025-06-18", "capabilities": {},
                "clientInfo": { "name": "test", "version": "1" },
            }),
        );
        assert_eq!(info["result"]["serverInfo"]["name"], "orch", "{info}");
        client.say(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        client
    }

    fn say(&mut self, message: &Value) {
        writeln!(self.to, "{message}").unwrap();
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let id = self.last;
        self.say(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let mut line = String::new();
            assert!(self.from.read_line(&mut line).unwrap() > 0, "the server is gone");
            let answer: Value = serde_json::from_str(&line).unwrap();
            if answer["id"] == id {
                return answer;
            }
        }
    }

    fn tools(&mut self) -> Vec<String> {
        let listed = self.ask("tools/list", json!({}));
        let tools = listed["result"]["tools"].as_array().unwrap().iter();
        tools
            .map(|tool| tool["name"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Calls a tool: whether it was refused, and what it said.
    fn call(&mut self, tool: &str, arguments: Value) -> (bool, String) {
        let answer = self.ask("tools/call", json!({ "name": tool, "arguments": arguments }));
        let result = &answer["result"];
        let content = result["content"].as_array().into_iter().flatten();
        let texts: Vec<&str> = content.filter_map(|part| part["text"].as_str()).collect();
        let text = match texts.is_empty() {
            true => answer["error"]["message"].as_str().unwrap_or_default().to_owned(),
            false => texts.join("\n"),
        };
        (result["isError"] == true || answer.get("error").is_some(), text)
    }

    /// The client leaves; the server ends with it.
    fn leave(self) {
        let Self { mut server, to, .. } = self;
        drop(to);
        let mut ended = None;
        wait_for("the end of the server", || {
            ended = server.try_wait().unwrap();
            ended.is_some()
        });
        assert!(ended.unwrap().success());
    }
}

#[track_caller]
fn done((refused, text): (bool, String)) -> String {
    assert!(!refused, "{text}");
    text
}

#[track_caller]
fn refused((refused, text): (bool, String)) -> String {
    assert!(refused, "{text}");
    text
}

#[test]
fn an_agent_works_through_its_plan_with_the_tools_alone() {
    let sandbox = Sandbox::new();
    // The agent starts the server, and the test is its model: it speaks through two pipes.
    let script = "mkfifo $MARKS/to $MARKS/from; mark pipes; orch mcp < $MARKS/to > $MARKS/from";
    sandbox.plan("p", "report = \"required\"", &document(&[2]), script);
    sandbox.plan(
        "q",
        "",
        &document(&[1]),
        "gate q; orch task inbox > $MARKS/read; work 1.1",
    );
    sandbox.gate("q");
    let up = sandbox.start("up");
    sandbox.marked("pipes");
    let mut model = Command::new("sh");
    model.args(["-c", "exec 3<&0; cat <&3 > \"$0\" & cat \"$1\""]);
    model.args([sandbox.mark("to"), sandbox.mark("from")]);
    let mut client = Client::start(model);
    assert_eq!(
        client.tools(),
        [
            "task_list",
            "task_next",
            "task_start",
            "task_done",
            "task_fail",
            "task_skip",
            "ask",
            "inbox",
            "send",
            "heartbeat"
        ]
    );
    let next: Value = serde_json::from_str(&done(client.call("task_next", json!({ "count": 1 })))).unwrap();
    assert_eq!(next["ready"][0]["id"], "1.1");
    done(client.call("task_start", json!({ "ids": ["1.1"] })));
    let tree = sandbox.worktree("p");
    tree.commit_file("one.txt", "one\n");
    done(client.call("task_done", json!({ "ids": ["1.1"], "note": "--all of it" })));
    done(client.call(
        "send",
        json!({ "to": "q", "text": "--kind of done", "kind": "request" }),
    ));
    done(client.call("send", json!({ "to": "lead", "text": "half done" })));
    done(client.call("heartbeat", json!({ "message": "writing" })));
    let why = refused(client.call("task_done", json!({ "ids": ["7.1"] })));
    assert!(why.contains("7.1"), "{why}");
    let why = refused(client.call("task_done", json!({ "ids": "1.1" })));
    assert!(why.contains("`ids` cannot be"), "{why}");
    let why = refused(client.call("status", json!({})));
    assert!(why.contains("there is no tool `status`"), "{why}");
    tree.commit_file("two.txt", "two\n");
    done(client.call("task_done", json!({ "ids": ["1.2"] })));
    client.leave();
    sandbox.happened("plan.finished", "p");
    sandbox.open("q");
    up.end().code(0).ok();
    let read = std::fs::read_to_string(sandbox.mark("read")).unwrap();
    assert_eq!(read, "1 from p (request)\n  --kind of done\n");
    let inbox = sandbox.orch("inbox").code(0);
    assert!(inbox.out.contains("half done"), "{inbox:?}");
    sandbox.nothing_is_left();
}

#[test]
fn a_question_that_is_asked_with_a_tool_is_answered_with_one() {
    let sandbox = Sandbox::new();
    let calls = [
        json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": { "protocolVersion": "2025-06-18",
            "capabilities": {}, "clientInfo": { "name": "agent", "version": "1" } } }),
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
        json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": "ask",
            "arguments": { "question": "Red or green?", "task": "1.1" } } }),
    ];
    let lines: Vec<String> = calls.iter().map(Value::to_string).collect();
    std::fs::write(sandbox.beside("calls"), lines.join("\n") + "\n").unwrap();
    // It keeps the pipe open until the answer has come, as a client does.
    let asks = format!(
        "if test -e $MARKS/asked; then work 1.1; exit; fi; mkfifo $MARKS/pipe; orch mcp < $MARKS/pipe > $MARKS/asked & \
         exec 3> $MARKS/pipe; cat {:?} >&3; until grep -q '\"id\":2' $MARKS/asked; do :; done; exec 3>&-; wait",
        sandbox.beside("calls")
    );
    sandbox.plan("p", "", &document(&[1]), &asks);
    sandbox.orch("up").code(1).ok();
    let mut lead = Client::start(sandbox.command(["mcp", "--lead", "--steer"]));
    let status: Value = serde_json::from_str(&done(lead.call("status", json!({})))).unwrap();
    assert_eq!(status["attention"][0]["text"], "asks \"1.1: Red or green?\"");
    let why = refused(lead.call("answer", json!({ "what": "p.2", "text": "green" })));
    assert!(why.contains("p.2"), "{why}");
    done(lead.call("answer", json!({ "what": "p", "text": "- green" })));
    let again = refused(lead.call("answer", json!({ "what": "p", "text": "red" })));
    assert!(again.contains("p asks nothing"), "{again}");
    sandbox.orch("up").code(0).ok();
    let why = done(lead.call("why", json!({ "what": "p" })));
    assert!(why.contains("finished"), "{why}");
    let merged: Value = serde_json::from_str(&done(lead.call("merge", json!({})))).unwrap();
    assert_eq!(merged["plans"][0]["outcome"], "landed");
    lead.leave();
}

#[test]
fn an_assistant_looks_at_everything_and_steers_only_where_it_may() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "retries = 0", &document(&[1]), "echo broken; exit 7");
    sandbox.orch("up").code(1).ok();
    let mut looks = Client::start(sandbox.command(["mcp", "--lead"]));
    assert_eq!(
        looks.tools(),
        ["status", "why", "diff", "logs", "events", "train", "digest"]
    );
    let said = |client: &mut Client, tool: &str, arguments: Value| done(client.call(tool, arguments));
    assert!(said(&mut looks, "logs", json!({ "plan": "p" })).contains("broken"));
    assert!(said(&mut looks, "events", json!({})).contains("plan.failed"));
    assert!(said(&mut looks, "status", json!({ "plan": "p" })).contains("failed"));
    said(&mut looks, "diff", json!({ "plan": "p" }));
    said(&mut looks, "train", json!({}));
    said(&mut looks, "digest", json!({ "since": "1h" }));
    let why = refused(looks.call("retry", json!({ "what": ["p"] })));
    assert!(why.contains("there is no tool `retry`"), "{why}");
    looks.leave();
    let mut steers = Client::start(sandbox.command(["mcp", "--lead", "--steer"]));
    done(steers.call("retry", json!({ "what": ["p"] })));
    done(steers.call("pause", json!({ "what": ["p"], "now": true })));
    done(steers.call("resume", json!({ "what": ["p"] })));
    done(steers.call("cancel", json!({ "what": ["p"] })));
    let why = refused(steers.call("approve", json!({ "what": ["p.9"] })));
    assert!(why.contains("p.9"), "{why}");
    steers.leave();
    sandbox.orch("mcp --steer").code(2).says("--lead").ok();
    // An agent is no lead, whatever it starts.
    let mut agent = sandbox.command(["mcp", "--lead", "--steer"]);
    agent.env("ORCH_ATTEMPT", "p-1");
    let mut agent = Client::start(agent);
    let why = refused(agent.call("retry", json!({ "what": ["p"] })));
    assert!(why.contains("only a person may retry work"), "{why}");
    agent.leave();
}

/// A plan whose agent is a script that passes for `claude`, and the search path on which it is found.
fn claude(sandbox: &Sandbox, script: &str) -> std::ffi::OsString {
    let bin = sandbox.beside("bin");
    std::fs::create_dir_all(&bin).unwrap();
    let program = bin.join("claude");
    std::fs::write(&program, script).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, mode).unwrap();
    sandbox.settings("retries = 0");
    sandbox.write("plans/p.md", document(&[1]));
    sandbox.tables("[agents.claude]\nmcp = true\n[plans.p]\nfile = \"plans/p.md\"\nagent = \"claude\"");
    std::env::join_paths([bin, "/usr/bin".into(), "/bin".into()]).unwrap()
}

#[test]
fn a_known_program_is_told_of_the_tools_and_an_unknown_one_is_refused() {
    let sandbox = Sandbox::new();
    let tells = "#!/bin/sh\nwhile test $# -gt 0; do if test \"$1\" = --mcp-config; then cp \"$2\" \"$MARKS/config\"; fi; shift; done\n";
    let path = claude(&sandbox, tells);
    let mut up = sandbox.command(["up"]);
    crate::support::Said::of(up.env("PATH", path)).code(1).ok();
    let config = std::fs::read_to_string(sandbox.mark("config")).unwrap();
    let config: Value = serde_json::from_str(&config).unwrap();
    let server = &config["mcpServers"]["orch"];
    assert_eq!(server["args"], json!(["mcp"]));
    assert_eq!(server["env"]["ORCH_ATTEMPT"], "p-1");
    sandbox.tables("[agents.mine]\ncommand = [\"true\"]\nmcp = true");
    sandbox
        .orch("check")
        .code(2)
        .says("`orch` does not know how the program of agent `mine` is told of tools")
        .ok();
}

#[test]
fn the_program_of_an_attached_person_gets_the_same_tools_and_speaks_for_the_person() {
    let sandbox = Sandbox::new();
    let tells = "#!/bin/sh\necho '{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"s-1\"}'\necho \"$@\" > \"$MARKS/line\"\n\
                 while test $# -gt 0; do if test \"$1\" = --mcp-config; then cp \"$2\" \"$MARKS/config\"; fi; shift; done\nexit 1\n";
    let path = claude(&sandbox, tells);
    let with_path = |arguments: &[&str], code| {
        let mut command = sandbox.command(arguments);
        crate::support::Said::of(command.env("PATH", &path)).code(code)
    };
    with_path(&["up"], 1).ok();
    std::fs::remove_file(sandbox.mark("config")).unwrap();
    with_path(&["attach", "p"], 0).ok();
    let line = std::fs::read_to_string(sandbox.mark("line")).unwrap();
    assert!(line.contains("--resume s-1"), "{line}");
    let config = std::fs::read_to_string(sandbox.mark("config")).unwrap();
    let config: Value = serde_json::from_str(&config).unwrap();
    let server = &config["mcpServers"]["orch"];
    assert_eq!(server["args"], json!(["mcp"]));
    assert_eq!(server["env"]["ORCH_PLAN"], "p");
    assert_eq!(server["env"].get("ORCH_ATTEMPT"), None, "{server}");
}

#[test]
fn a_text_that_no_command_can_take_is_refused_in_words() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "exit 3");
    let mut client = Client::start(sandbox.command(["--plan", "p", "mcp"]));
    let long = "x".repeat(2_000_000);
    let why = refused(client.call("ask", json!({ "question": long })));
    assert!(why.contains("too long; write it to a file"), "{why}");
    client.leave();
}

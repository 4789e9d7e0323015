//! How soon an edit is answered by `orch lsp`, with 1,000 plans and a document of 5,000 tasks, beside `orch check`.

#![allow(clippy::disallowed_methods, reason = "a benchmark meets the world")]

mod support;

use std::fmt::Write;
use std::process::Stdio;
use std::time::Instant;

use lsp_server::Message;
use orch::lsp::Session;
use serde_json::{Value, json};
use support::{Contest, Options, Sandbox, milliseconds, orch, run};

const PLANS: usize = 1000;
const TASKS: usize = 5000;

fn document(plan: usize, phases: usize, tasks: usize) -> String {
    let mut text = "# A plan\n".to_owned();
    for phase in 1..=phases {
        let _ = write!(text, "\n## Phase {phase}: Part {phase}\n\n");
        for task in 1..=tasks {
            let _ = writeln!(
                text,
                "- [ ] {phase}.{task} Write what is needed in `src/plan{plan}/part{phase}/file{task}.rs`"
            );
        }
    }
    text
}

fn main() {
    let Some(options) = Options::read() else { return };
    let mut manifest = "[agents.x]\ncommand = [\"true\"]\n".to_owned();
    let mut files = Vec::new();
    for plan in 0..PLANS {
        let (phases, tasks) = if plan == 0 { (TASKS / 100, 100) } else { (2, 3) };
        files.push((format!("plans/p{plan}.md"), document(plan, phases, tasks)));
        let _ = write!(manifest, "\n[plans.p{plan}]\nfile = \"plans/p{plan}.md\"\n");
        if plan > 0 {
            let _ = writeln!(manifest, "depends = [\"p{}.phase1\"]", plan - 1);
        }
    }
    files.push(("plans.toml".to_owned(), manifest.clone()));
    let large = document(0, TASKS / 100, 100);
    let sandbox = Sandbox::new(files);
    let mut session = Session::new(sandbox.repo(), None);
    let uri = |file: &str| format!("file://{}", sandbox.repo().join(file).display());
    let ask = |session: &mut Session, method: &str, params: Value| {
        session.take(&message(json!({ "id": 1, "method": method, "params": params })));
    };
    ask(&mut session, "initialize", json!({}));
    for (file, text) in [("plans.toml", &manifest), ("plans/p0.md", &large)] {
        let document = json!({ "uri": uri(file), "version": 0, "text": text });
        session.take(&message(
            json!({ "method": "textDocument/didOpen", "params": { "textDocument": document } }),
        ));
    }
    session.publish();
    let rounds = options.rounds(20);
    let title = format!("{PLANS} plans, {TASKS} tasks in one document, {rounds} rounds");
    let mut contest = Contest::new(&title, 1);
    for round in 0..rounds {
        contest.turn("orch check", || {
            run(orch(&sandbox.repo())
                .args(["check", "--json"])
                .stdout(Stdio::null()))
        });
        for (name, file, line) in [
            ("an edit of plans.toml", "plans.toml", 1),
            ("an edit of a document", "plans/p0.md", 3),
        ] {
            let at = json!({ "line": line, "character": 0 });
            let change = json!({ "range": { "start": at, "end": at }, "text": "\n" });
            let document = json!({ "uri": uri(file), "version": round + 1 });
            let params = json!({ "textDocument": document, "contentChanges": [change] });
            let start = Instant::now();
            session.take(&message(
                json!({ "method": "textDocument/didChange", "params": params }),
            ));
            let params = json!({ "textDocument": { "uri": uri(file) }, "position": at });
            ask(&mut session, "textDocument/completion", params);
            contest.take(
                &format!("{name}, until it is completed"),
                milliseconds(start.elapsed()),
                0.0,
            );
            session.publish();
            contest.take(
                &format!("{name}, until its faults are known"),
                milliseconds(start.elapsed()),
                0.0,
            );
        }
        let params = json!({ "textDocument": { "uri": uri("plans/p0.md") }, "position": { "line": 9, "character": 9 } });
        let start = Instant::now();
        ask(&mut session, "textDocument/hover", params);
        contest.take("hover", milliseconds(start.elapsed()), 0.0);
    }
    contest.print();
}

fn message(text: Value) -> Message {
    serde_json::from_value(text).expect("a message")
}

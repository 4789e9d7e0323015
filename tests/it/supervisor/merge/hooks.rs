//! Hooks of the merge, and how notices are routed.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{Said, Sandbox, document, wait_for};

#[test]
fn a_pre_merge_hook_can_refuse_and_is_told_the_verified_commit() {
    let sandbox = Sandbox::new();
    sandbox.tables(
        "[hooks]\npre_merge = 'cat > \"$MARKS/asked\"; git show \"$ORCH_COMMIT:p-1.1.txt\" > /dev/null && echo frozen && test -f \
         \"$MARKS/open\"'\npost_merge = 'cat > \"$MARKS/landed\"; git rev-parse main >> \"$MARKS/landed\"'",
    );
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    let before = sandbox.rev("main");
    sandbox.orch("up --merge").code(1).ok();
    assert_eq!(sandbox.rev("main"), before);
    let why = sandbox.why("p");
    assert!(why.contains("pre_merge") && why.contains("frozen"), "{why}");
    let asked: Value = serde_json::from_str(&fs::read_to_string(sandbox.mark("asked")).unwrap()).unwrap();
    assert_eq!(
        (asked["event"].as_str(), asked["plan"].as_str()),
        (Some("merge.landing"), Some("p"))
    );
    assert_eq!(asked["data"]["before"], before.as_str());
    assert!(!sandbox.mark("landed").exists());
    fs::write(sandbox.mark("open"), "").unwrap();
    sandbox.orch("merge").code(0).ok();
    let landed = fs::read_to_string(sandbox.mark("landed")).unwrap();
    let (event, tip) = landed.trim().split_once('\n').unwrap();
    let event: Value = serde_json::from_str(event).unwrap();
    assert_eq!(
        (event["event"].as_str(), event["data"]["commit"].as_str()),
        (Some("merge.landed"), Some(tip))
    );
    sandbox.nothing_is_left();
}

#[test]
fn what_is_still_told_at_the_end_of_a_run_holds_up_nobody() {
    let sandbox = Sandbox::new();
    sandbox.gate("told");
    sandbox.tables("[hooks]\npost_merge = ': > \"$MARKS/at-told\"; read -r _ < \"$GATES/told\"'");
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    let up = sandbox.start("up --merge");
    sandbox.reached("told");
    wait_for("the repository", || sandbox.orch("up").code == 0);
    up.signal(Signal::TERM);
    up.end().code(0).ok();
    sandbox.open("told");
    sandbox.nothing_is_left();
    fs::remove_file(sandbox.mark("at-told")).unwrap();
    sandbox.plan("q", "", &document(&[1]), "work 1.1");
    let up = sandbox.start("up --merge");
    sandbox.reached("told");
    wait_for("its end", || {
        sandbox.orch("down --now").out.contains("post_merge")
    });
    up.end().code(0).ok();
    sandbox.nothing_is_left();
}

#[test]
fn notices_carry_their_urgency_and_the_same_trouble_is_told_once() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.tables(
        "[hooks]\nnotify = 'echo \"$ORCH_URGENCY $ORCH_EVENT\" >> \"$MARKS/told\"; cat > \"$MARKS/last\"'",
    );
    sandbox.plan("p", "", &document(&[1]), "exit 1");
    sandbox.plan("q", "gate = \"approve\"", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(1).ok();
    let waits = || sandbox.shown("q")["since"].take();
    let since = waits();
    let told = || fs::read_to_string(sandbox.mark("told")).unwrap();
    let first = told();
    let mut first: Vec<&str> = first.lines().collect();
    assert_eq!(first.pop(), Some("high run.stopped"));
    first.sort();
    assert_eq!(first, ["high wait.escalated", "normal plan.failed"]);
    sandbox.orch("up").code(1).ok();
    let again = told();
    assert_eq!(again.matches("plan.failed").count(), 1, "{again}");
    assert_eq!(again.matches("run.stopped").count(), 1, "{again}");
    // The gate waits for the same word as before.
    assert_eq!(again.matches("wait.escalated").count(), 1, "{again}");
    assert_eq!(waits(), since);
    sandbox.orch("approve q").code(0).ok();
    sandbox.script("p", "work 1.1");
    sandbox.orch("up").code(0).ok();
    assert!(told().ends_with("low run.settled\n"), "{}", told());
    let last: Value = serde_json::from_str(&fs::read_to_string(sandbox.mark("last")).unwrap()).unwrap();
    assert_eq!(last["urgency"], "low");
}

/// A block of `docs/hooks.md` that has this in it.
fn example(part: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/hooks.md");
    let page = fs::read_to_string(page).unwrap();
    let blocks = page.split("```").skip(1).step_by(2);
    let found = blocks.filter_map(|block| block.split_once('\n'));
    let found: Vec<&str> = found
        .map(|(_, text)| text)
        .filter(|text| text.contains(part))
        .collect();
    assert_eq!(found.len(), 1, "{part}");
    found[0].to_owned()
}

/// A run in which one plan fails and one waits for a person, with programs that note how they are called.
fn troubled(tables: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.tables(tables);
    sandbox.plan("p", "", &document(&[1]), "echo broken >&2; exit 1");
    sandbox.plan("q", "gate = \"approve\"", &document(&[1]), "work 1.1");
    fs::create_dir(sandbox.beside("bin")).unwrap();
    for name in ["notify-send", "mail"] {
        let program = sandbox.beside("bin").join(name);
        let script = format!("#!/bin/sh\necho \"$*\" >> \"$MARKS/{name}\"; cat >> \"$MARKS/{name}\"\n");
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    }
    sandbox
}

fn up(sandbox: &Sandbox) {
    let path = std::env::var("PATH").unwrap();
    let mut command = sandbox.command(["up"]);
    command.env("PATH", format!("{}:{path}", sandbox.beside("bin").display()));
    Said::of(&mut command).code(1).ok();
}

fn is_here(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    if !found {
        println!("`{program}` is not here: its example is not run");
    }
    found
}

#[test]
fn the_example_for_the_desktop_tells_what_is_not_merely_good_news() {
    let sandbox = troubled(&example("notify-send"));
    up(&sandbox);
    let told = fs::read_to_string(sandbox.mark("notify-send")).unwrap();
    assert!(told.contains("-u critical orch: plan.failed p\n"), "{told}");
    assert!(told.contains("-u critical orch: wait.escalated q\n"), "{told}");
}

#[test]
fn desktop_stands_for_a_notice_with_the_urgency_of_the_event() {
    let sandbox = troubled("[hooks]\nnotify = \"desktop\"");
    up(&sandbox);
    let told = fs::read_to_string(sandbox.mark("notify-send")).unwrap();
    for line in [
        "--urgency=normal orch: p the agent exited with code 1",
        "--urgency=critical orch: q ",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
}

#[test]
fn the_example_of_a_webhook_sends_the_event_as_it_is() {
    if !is_here("curl") {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let served = std::thread::spawn(move || {
        let mut events = Vec::new();
        while events.len() < 3 {
            let (stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(&stream);
            let (mut length, mut line) = (0, String::new());
            while reader.read_line(&mut line).unwrap() > 2 {
                let lower = line.to_ascii_lowercase();
                if let Some(bytes) = lower.strip_prefix("content-length:") {
                    length = bytes.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            (&stream)
                .write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
                .unwrap();
            let event: Value = serde_json::from_slice(&body).unwrap();
            events.push(event["event"].as_str().unwrap().to_owned());
        }
        events
    });
    let tables = example("curl -sf").replace("https://example.org", &format!("http://{address}"));
    up(&troubled(&tables));
    let mut events = served.join().unwrap();
    events.sort();
    assert_eq!(events, ["plan.failed", "run.stopped", "wait.escalated"]);
}

#[test]
fn the_example_of_a_script_goes_by_the_urgency() {
    if !is_here("jq") {
        return;
    }
    let sandbox = troubled(&example("./scripts/tell"));
    fs::create_dir(sandbox.join("scripts")).unwrap();
    sandbox.write("scripts/tell", example("event=$(cat)"));
    let script = sandbox.join("scripts/tell");
    fs::set_permissions(script, fs::Permissions::from_mode(0o755)).unwrap();
    up(&sandbox);
    let mailed = fs::read_to_string(sandbox.mark("mail")).unwrap();
    assert!(
        mailed.contains("-s orch: wait.escalated q lead@example.org") && mailed.contains("orch why q"),
        "{mailed}"
    );
    let logged = fs::read_to_string(sandbox.beside("orch-trouble.log")).unwrap();
    assert!(logged.starts_with("plan.failed p: "), "{logged}");
}

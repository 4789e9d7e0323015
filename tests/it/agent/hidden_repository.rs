//! What an agent calls while its sandbox hides the repository: in part, as codex does with `.git/.git`, or as a whole.

use std::process::Command;

use crate::support::{Sandbox, document};

/// How a mount namespace of one's own is made here; none, with a word about it, where that is not allowed.
fn unshare() -> Option<&'static str> {
    let works = |flags: &&str| {
        let mount = "mount -t tmpfs tmpfs /mnt";
        let tried = Command::new("unshare").args([flags, "sh", "-c", mount]).output();
        tried.is_ok_and(|tried| tried.status.success())
    };
    let found = ["-m", "-Urm"].into_iter().find(|flags| works(flags));
    if found.is_none() {
        println!("skipped: this machine lets nobody unshare a mount namespace");
    }
    found
}

/// What libgit2 can no longer open, as codex leaves it.
const IN_PART: &str = "for d in \"$ORCH_REPO/.git\" \"$(git rev-parse --absolute-git-dir)\"; do mkdir -p \"$d/.git\"; mount -t tmpfs \
                       tmpfs \"$d/.git\"; done";
/// Nothing of the repository is left.
const WHOLE: &str = "mount -t tmpfs tmpfs \"$ORCH_REPO/.git\"";

/// An agent that calls everything an agent calls, with the repository hidden.
fn script(unshare: &str, hide: &str) -> String {
    format!(
        r#"cat > "$MARKS/hide-$ORCH_PLAN" <<'HIDE'
set -e
{hide}
exec "$@"
HIDE
hidden() {{ unshare {unshare} sh "$MARKS/hide-$ORCH_PLAN" "$@"; }}
hidden orch task list > "$MARKS/list-$ORCH_PLAN"
hidden orch task next > "$MARKS/next-$ORCH_PLAN"
hidden orch task start 1.1
commit $ORCH_PLAN.txt
gate $ORCH_PLAN
hidden orch task inbox > "$MARKS/inbox-$ORCH_PLAN"
hidden orch task heartbeat "still here"
hidden orch send reader hello from $ORCH_PLAN
if hidden orch send raeder hello 2> "$MARKS/refused-$ORCH_PLAN"; then exit 1; fi
hidden orch task done 1.1
if hidden orch task done 7.7 2> "$MARKS/unknown-$ORCH_PLAN"; then exit 1; fi
hidden orch task stop-hook < /dev/null"#
    )
}

#[test]
fn whatever_an_agent_calls_needs_no_repository() {
    let Some(flags) = unshare() else { return };
    let sandbox = Sandbox::new();
    sandbox.gate("part").gate("whole").gate("reader");
    for (plan, hide) in [("part", IN_PART), ("whole", WHOLE)] {
        sandbox.plan(plan, "", &document(&[1]), &script(flags, hide));
    }
    // What is written as a prompt has no document but the one that orch makes of it.
    let manifest = sandbox.read("plans.toml");
    for plan in ["part", "whole"] {
        let file = format!("file = \"plans/{plan}.md\"");
        assert!(manifest.contains(&file));
    }
    let manifest = manifest.replace("file = \"plans/part.md\"", "prompt = \"Do the first half\"");
    let manifest = manifest.replace("file = \"plans/whole.md\"", "prompt = \"Do the second half\"");
    sandbox.write("plans.toml", manifest);
    sandbox.write("plans/reader.md", document(&[1]));
    sandbox.script("reader", "gate reader; orch task inbox > /dev/null; work 1.1");
    let reader = format!(
        "{}[agents.reader]\ncommand = [\"sh\", {:?}]\n[plans.reader]\nfile = \"plans/reader.md\"\nagent = \"reader\"\n",
        sandbox.read("plans.toml"),
        sandbox.beside("agents/reader.sh")
    );
    sandbox.write("plans.toml", reader);
    let up = sandbox.start("up");
    for plan in ["part", "whole"] {
        sandbox.reached(plan);
        sandbox.orch(&format!("send {plan} mind the tests")).code(0).ok();
        sandbox.happened("message.sent", plan);
        crate::support::wait_for("the message", || {
            // It is written after the event.
            let inbox = std::fs::read_to_string(sandbox.worktree(plan).join(".orch/inbox.jsonl"));
            inbox.is_ok_and(|inbox| inbox.contains("mind the tests"))
        });
        sandbox.open(plan);
        sandbox.happened("plan.finished", plan);
    }
    sandbox.reached("reader");
    crate::support::wait_for("both messages", || {
        sandbox.count("message.sent", Some("reader")) == 2
    });
    sandbox.open("reader");
    up.end().code(0).ok();
    for plan in ["part", "whole"] {
        let mark = |name: &str| std::fs::read_to_string(sandbox.mark(&format!("{name}-{plan}"))).unwrap();
        assert!(mark("list").starts_with("pending  1.1"), "{}", mark("list"));
        assert!(mark("next").starts_with("1.1"), "{}", mark("next"));
        assert!(mark("inbox").contains("from the lead"), "{}", mark("inbox"));
        assert!(
            mark("refused").contains("did you mean `reader`?"),
            "{}",
            mark("refused")
        );
        assert!(mark("unknown").contains("7.7"), "{}", mark("unknown"));
        assert_eq!(sandbox.shown(plan)["attempts"].as_array().unwrap().len(), 1);
    }
    let sent = sandbox
        .events()
        .into_iter()
        .filter(|event| event["event"] == "message.sent");
    let sent: Vec<_> = sent.filter(|event| event["plan"] == "reader").collect();
    let mut from: Vec<_> = sent
        .iter()
        .map(|event| event["data"]["message"]["from"].as_str().unwrap().to_owned())
        .collect();
    from.sort();
    assert_eq!(from, ["part", "whole"]);
    sandbox.nothing_is_left();
}

//! Messages to those who work on a plan: beside a supervisor and without one, in the inbox and in the next prompt.

use serde_json::Value;

use crate::support::{Said, Sandbox, document, wait_for};

/// The texts in the inbox of a plan's worktree that were not read yet; reading them marks them as read.
#[track_caller]
fn unread(sandbox: &Sandbox, plan: &str) -> Vec<String> {
    texts(
        &sandbox
            .orch(&format!("task inbox --plan {plan} --json"))
            .code(0)
            .json(),
    )
}

fn texts(inbox: &Value) -> Vec<String> {
    let messages = inbox["messages"].as_array().unwrap().iter();
    messages
        .map(|message| message["text"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn an_agent_reads_at_once_what_is_written_to_it_and_nothing_is_lost_by_reading() {
    let sandbox = Sandbox::new();
    sandbox.gate("g").gate("h").gate("s");
    let script = "gate g; orch task inbox > \"$MARKS/read\"; work 1.1; gate h; orch task inbox > /dev/null";
    sandbox.plan("p", "", &document(&[1]), script);
    sandbox.plan(
        "q",
        "",
        &document(&[1]),
        "work 1.1; gate s; orch send p --kind conflict I moved parse to lib",
    );
    let up = sandbox.start("up");
    // What is written before an agent starts is in its prompt and is read with that.
    sandbox.reached("g");
    sandbox.open("s");
    sandbox.happened("plan.finished", "q");
    sandbox
        .orch("send p mind the tests")
        .code(0)
        .says("sent to p")
        .ok();
    wait_for("both messages", || {
        sandbox.worktree("p").read(".orch/inbox.jsonl").lines().count() == 2
    });
    sandbox.open("g");
    sandbox.reached("h");
    let read = std::fs::read_to_string(sandbox.mark("read")).unwrap();
    assert_eq!(
        read,
        "1 from q (conflict)\n  I moved parse to lib\n2 from the lead (coordination)\n  mind the tests\n"
    );
    assert!(unread(&sandbox, "p").is_empty());
    sandbox
        .orch("task inbox --plan p")
        .code(0)
        .says("no new messages")
        .ok();
    let all = sandbox.orch("task inbox --plan p --all --json").code(0).json();
    assert_eq!(texts(&all), ["I moved parse to lib", "mind the tests"]);
    sandbox.orch("send p third").code(0).ok();
    wait_for("the third message", || {
        sandbox.count("message.sent", Some("p")) == 3
    });
    sandbox.open("h");
    up.end().code(0).ok();
    assert_eq!(sandbox.count("message.sent", Some("p")), 3);
}

#[test]
fn what_is_sent_while_nobody_drives_stands_in_every_prompt_until_the_work_is_done() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 2");
    let script = "test $ORCH_ATTEMPT = p-2 || { echo half; exit 1; }; work 1.1";
    sandbox.plan("p", "", &document(&[1]), script);
    sandbox
        .orch("send p use the new parser")
        .code(0)
        .says("next `orch up`")
        .ok();
    sandbox.orch("send p use the new parser").code(0).ok();
    sandbox.orch("send p --kind status and hurry").code(0).ok();
    assert_eq!(
        sandbox.count("message.sent", None),
        2,
        "asking twice changes nothing"
    );
    sandbox.orch("up").code(0).ok();
    let first = sandbox.attempt_file("p-1", "prompt.md");
    let told = "## Messages\n\n- From the lead (coordination):\n  use the new parser\n- From the lead (status):\n  and hurry\n";
    assert!(first.contains(told), "{first}");
    let second = sandbox.attempt_file("p-2", "prompt.md");
    assert!(second.contains(told), "{second}");
    assert!(unread(&sandbox, "p").is_empty(), "what the prompt told is read");
}

#[test]
fn what_nobody_read_before_the_end_stands_in_the_next_prompt() {
    let sandbox = Sandbox::new();
    sandbox.gate("g");
    sandbox.plan(
        "p",
        "",
        &document(&[1]),
        "if [ $ORCH_ATTEMPT = p-1 ]; then gate g; exit 1; fi; work 1.1",
    );
    let up = sandbox.start("up");
    sandbox.reached("g");
    up.kill();
    // The agent continues without a supervisor, and can read this at once.
    sandbox.orch("send p first").code(0).ok();
    assert_eq!(unread(&sandbox, "p"), ["first"]);
    let up = sandbox.start("up");
    wait_for("the second supervisor", || {
        sandbox.count("run.started", None) == 2
    });
    sandbox.orch("send p second").code(0).ok();
    sandbox.open("g");
    up.end().code(0).ok();
    let prompt = sandbox.attempt_file("p-2", "prompt.md");
    assert!(
        prompt.contains("  first\n") && prompt.contains("  second\n"),
        "{prompt}"
    );
}

#[test]
fn what_cannot_be_delivered_is_refused_with_a_reason() {
    let sandbox = Sandbox::new();
    sandbox.plan("parser", "", &document(&[1]), "work 1.1");
    sandbox.plan("q", "retries = 0", &document(&[1]), "exit 1");
    sandbox
        .orch("send paser x")
        .code(2)
        .says("did you mean `parser`?")
        .ok();
    sandbox
        .orch("send parser --kind conflikt x")
        .code(2)
        .says("did you mean `conflict`?")
        .ok();
    Said::of(&mut sandbox.command(["send", "parser", "  "]))
        .code(2)
        .says("the message is empty")
        .ok();
    let long = "x".repeat(20_000);
    Said::of(&mut sandbox.command(["send", "parser", &long]))
        .code(2)
        .says("at most 16384")
        .ok();
    sandbox.orch("up").code(1).ok();
    sandbox
        .orch("send parser x")
        .code(2)
        .says("parser is already finished")
        .ok();
    sandbox.orch("send q x").code(2).says("orch retry q").ok();
    assert_eq!(sandbox.count("message.sent", None), 0);
}

#[test]
fn a_nudge_is_a_message() {
    let sandbox = Sandbox::new();
    sandbox
        .settings("stuck_after = \"1s\"\non_stuck = \"nudge\"")
        .gate("g");
    sandbox.plan("p", "", &document(&[1]), "gate g; work 1.1");
    let up = sandbox.start("up");
    sandbox.happened("message.sent", "p");
    assert!(
        sandbox.why("p").contains("it was sent a message"),
        "{}",
        sandbox.why("p")
    );
    wait_for("the message", || !unread(&sandbox, "p").is_empty());
    sandbox.open("g");
    up.end().code(0).ok();
    assert_eq!(sandbox.count("message.sent", None), 1);
}

#[test]
fn what_was_not_told_yet_is_not_sent_twice_whatever_came_in_between() {
    let sandbox = Sandbox::new();
    sandbox.gate("g");
    sandbox.plan("p", "", &document(&[1]), "gate g; work 1.1");
    for text in ["one", "two", "one", "two"] {
        sandbox
            .orch(&format!("send p {text}"))
            .code(0)
            .says("next `orch up`")
            .ok();
    }
    assert_eq!(sandbox.count("message.sent", Some("p")), 2);
    let up = sandbox.start("up");
    sandbox.reached("g");
    up.kill();
    // Its agent continues, and has it at once.
    sandbox.orch("send p three").code(0).says("can read it now").ok();
    let inbox = sandbox.orch("task inbox --plan p --json").code(0).json();
    assert!(inbox.to_string().contains("three"), "{inbox}");
    sandbox.open("g");
    sandbox.orch("up").code(0).ok();
}

#[test]
fn an_agent_that_ends_with_an_unread_message_goes_on_with_it_in_the_same_conversation() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0").gate("g");
    let script = r#"echo '{"type":"system","subtype":"init","session_id":"s-1"}'
if [ "${1:-}" = s-1 ]; then cp "$ORCH_PROMPT_FILE" "$MARKS/told"; commit more.txt; else work 1.1; gate g; fi
echo '{"type":"result","subtype":"success","is_error":false,"result":"done"}'"#;
    sandbox.plan("p", "", &document(&[1]), script);
    let path = sandbox.beside("agents/p.sh");
    let manifest = sandbox.read("plans.toml").replace(
        "[agents.p]\n",
        &format!("[agents.p]\nevents = \"claude\"\nresume = [\"sh\", {path:?}, \"{{session}}\"]\n"),
    );
    sandbox.write("plans.toml", manifest);
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.orch("send p make more of it").code(0).ok();
    sandbox.happened("message.sent", "p");
    sandbox.open("g");
    up.end().code(0).ok();
    assert_eq!(sandbox.state("p"), "finished", "{}", sandbox.why("p"));
    assert_eq!(sandbox.starts(), ["p-1", "p-2"]);
    let told = std::fs::read_to_string(sandbox.mark("told")).unwrap();
    assert!(told.starts_with("You ended with unread messages."), "{told}");
    assert!(
        told.contains("make more of it") && !told.contains("## The work"),
        "{told}"
    );
    assert_eq!(sandbox.git("show orch/p:more.txt").trim(), "more.txt by p");
    assert_eq!(sandbox.count("warning", Some("p")), 0);
}

#[test]
fn one_that_cannot_go_on_begins_anew_with_the_message_and_one_that_never_reads_is_held() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0").gate("g");
    // Messages come as long as it works: none of the three is read by anybody.
    let script = "orch task done -q 1.1; commit $ORCH_ATTEMPT; test $ORCH_ATTEMPT = p-4 || gate g";
    sandbox.plan("p", "", &document(&[1]), script);
    let up = sandbox.start("up");
    for (number, text) in (1..).zip(["first", "second", "third"]) {
        wait_for("the next agent", || sandbox.starts().len() == number);
        sandbox.reached("g");
        sandbox.orch(&format!("send p {text}")).code(0).ok();
        wait_for("the message", || {
            sandbox.count("message.sent", Some("p")) == number
        });
        std::fs::remove_file(sandbox.mark("at-g")).unwrap();
        sandbox.open("g");
    }
    up.end().code(1).ok();
    assert_eq!(sandbox.starts(), ["p-1", "p-2", "p-3"]);
    assert_eq!(sandbox.state("p"), "held");
    assert!(sandbox.attempt_file("p-2", "prompt.md").contains("  first\n"));
    assert!(sandbox.attempt_file("p-2", "prompt.md").contains("## The work"));
    assert!(sandbox.attempt_file("p-3", "prompt.md").contains("  second\n"));
    let why = "1 unread message that no agent has read, from the lead: third";
    assert!(sandbox.why("p").contains(why), "{}", sandbox.why("p"));
    let page = sandbox.orch("status p").code(0);
    let page = page.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        page.contains(why) && page.contains("read it with orch status p, then orch retry p"),
        "{page}"
    );
    sandbox.orch("why p").code(0).says(why).ok();
    let needs = sandbox.orch("status --json").json()["attention"][0].clone();
    let words = (needs["kind"].as_str(), needs["command"].as_str());
    assert_eq!(
        words,
        (Some("message"), Some("orch why p && orch retry p")),
        "{needs}"
    );
    // With the last message in its prompt, its work counts.
    sandbox.orch("retry p").code(0).ok();
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
    assert!(sandbox.attempt_file("p-4", "prompt.md").contains("  third\n"));
}

/// The states of the messages to a plan.
fn states(sandbox: &Sandbox, plan: &str) -> Vec<String> {
    let messages = sandbox.shown(plan)["messages"].clone();
    let messages = messages.as_array().unwrap().iter();
    messages
        .map(|message| message["state"].as_str().unwrap().to_owned())
        .collect()
}

/// What of the attention list is about messages: plan and text.
fn letters(sandbox: &Sandbox) -> Vec<(String, String)> {
    let status = sandbox.orch("status --json").json();
    let all = status["attention"].as_array().unwrap().iter();
    let letters = all.filter(|item| item["kind"] == "message");
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    letters
        .map(|item| (word(&item["plan"]), word(&item["text"])))
        .collect()
}

#[test]
fn a_message_waits_is_delivered_read_and_answered_and_all_of_that_shows() {
    let sandbox = Sandbox::new();
    sandbox.gate("g").gate("h").gate("i");
    let script =
        "gate g; orch task inbox > /dev/null; gate h; orch send q --reply-to 2 it is done; gate i; work 1.1";
    sandbox.plan("p", "", &document(&[1]), script);
    sandbox.gate("q").gate("s");
    // Not before the other agent has begun: it would get the message with its prompt.
    let asks =
        "gate s; orch send p --kind request rename it, please; gate q; orch task inbox > /dev/null; work 1.1";
    sandbox.plan("q", "", &document(&[1]), asks);
    sandbox.orch("send p first").code(0).ok();
    assert_eq!(states(&sandbox, "p"), ["waiting"]);
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.open("s");
    wait_for("both", || states(&sandbox, "p") == ["read", "delivered"]);
    sandbox.happened("message.delivered", "p");
    sandbox.open("g");
    sandbox.reached("h");
    wait_for("the reading", || states(&sandbox, "p") == ["read", "read"]);
    sandbox.open("h");
    sandbox.reached("i");
    assert_eq!(states(&sandbox, "p"), ["read", "answered"]);
    let page = sandbox.orch("status p").code(0);
    assert!(page.out.contains("answered  from q (request)"), "{}", page.out);
    assert!(letters(&sandbox).is_empty(), "a request needs nobody else");
    sandbox.open("i");
    sandbox.open("q");
    up.end().code(0).ok();
    // What the prompt told, and what was read from the inbox.
    assert_eq!(sandbox.count("message.read", Some("p")), 2);
}

#[test]
fn what_an_agent_writes_to_the_lead_needs_attention_until_it_is_read_or_answered() {
    let sandbox = Sandbox::new();
    sandbox.gate("g");
    let script = "orch send lead the schema is odd; orch send lead --kind status half done; gate g; orch task inbox > \
                  $MARKS/read; work 1.1";
    sandbox.plan("p", "", &document(&[1]), script);
    let up = sandbox.start("up");
    sandbox.reached("g");
    let both = [
        (
            "p".to_owned(),
            "says (coordination): the schema is odd".to_owned(),
        ),
        ("p".to_owned(), "says (status): half done".to_owned()),
    ];
    assert_eq!(letters(&sandbox), both);
    sandbox
        .orch("send p --reply-to 7 why")
        .code(2)
        .says("there is no message 7")
        .ok();
    sandbox.orch("send p --reply-to 1 leave it").code(0).ok();
    assert_eq!(letters(&sandbox), both[1..]);
    let inbox = sandbox.orch("inbox").code(0);
    assert_eq!(inbox.out, "2 from p (status)\n  half done\n");
    wait_for("the reading", || letters(&sandbox).is_empty());
    sandbox.orch("inbox").code(0).says("no new messages").ok();
    let all = sandbox.orch("inbox --all --json").code(0).json();
    assert_eq!(all["messages"][0]["answered"], true);
    sandbox.open("g");
    up.end().code(0).ok();
    assert!(
        std::fs::read_to_string(sandbox.mark("read"))
            .unwrap()
            .contains("leave it")
    );
    // A person may leave a note, too, when nobody drives.
    sandbox.orch("send lead look at the logs").code(0).ok();
    assert_eq!(letters(&sandbox)[0].1, "says (coordination): look at the logs");
    sandbox.orch("inbox").code(0).ok();
    assert!(letters(&sandbox).is_empty());
}

#[test]
fn a_message_of_a_landed_plan_is_read_and_its_plan_counts_as_landed() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "orch send lead all is well; work 1.1");
    sandbox.orch("up --merge").code(0).ok();
    let status = sandbox.orch("status --json").code(0).json();
    let needs = &status["attention"][0];
    assert_eq!(
        (&needs["kind"], &needs["command"]),
        (&"message".into(), &"orch inbox".into())
    );
    sandbox.orch("status").code(0).says("1 plan: 1 landed").ok();
}

#[test]
fn the_lead_hears_of_conflicts_between_agents_until_these_have_settled_them() {
    let sandbox = Sandbox::new();
    sandbox.gate("p").gate("q");
    let settles = "gate p; orch task inbox > /dev/null; orch send q --reply-to 1 then wait; work 1.1; gate p";
    sandbox.plan("p", "", &document(&[1]), settles);
    let writes = "orch send p --kind sync_request wait for my parser; orch send p --kind status fine; gate q; orch task inbox > /dev/null; \
                  work 1.1";
    sandbox.plan("q", "", &document(&[1]), writes);
    let up = sandbox.start("up");
    sandbox.reached("q");
    sandbox.reached("p");
    let told = [(
        "q".to_owned(),
        "says (to p, sync_request): wait for my parser".to_owned(),
    )];
    assert_eq!(letters(&sandbox), told);
    std::fs::remove_file(sandbox.mark("at-p")).unwrap();
    sandbox.open("p");
    sandbox.reached("p");
    assert!(letters(&sandbox).is_empty());
    sandbox.open("p");
    sandbox.open("q");
    up.end().code(0).ok();
}

#[test]
fn an_agent_that_ends_badly_with_all_done_goes_on_with_its_messages_too() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0").gate("g");
    let script = r#"echo '{"type":"system","subtype":"init","session_id":"s-1"}'
if [ $ORCH_ATTEMPT = p-1 ]; then work 1.1; gate g; exit 1; fi
commit more.txt
echo '{"type":"result","subtype":"success","is_error":false,"result":"done"}'"#;
    sandbox.plan("p", "", &document(&[1]), script);
    let manifest = sandbox.read("plans.toml");
    sandbox.write(
        "plans.toml",
        manifest.replace("[agents.p]\n", "[agents.p]\nevents = \"claude\"\n"),
    );
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.orch("send p make more of it").code(0).ok();
    sandbox.open("g");
    up.end().code(0).ok();
    assert_eq!(sandbox.starts(), ["p-1", "p-2"]);
    assert_eq!(sandbox.git("show orch/p:more.txt").trim(), "more.txt by p");
}

#[test]
fn what_no_agent_would_read_is_refused_and_so_is_what_never_ends() {
    let sandbox = Sandbox::new();
    sandbox.gate("v").gate("g");
    sandbox.plan(
        "p",
        "verify = 'until read -r _ < \"$GATES/v\"; do :; done'",
        &document(&[1]),
        "work 1.1",
    );
    sandbox.plan("q", "", &document(&[1]), "gate g; work 1.1");
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.happened("verify.started", "p");
    let refused = sandbox.orch("send p one more thing").code(2);
    refused.says("all work of p is done and being checked").ok();
    for number in 0..50 {
        sandbox.orch(&format!("send q number {number}")).code(0).ok();
    }
    sandbox
        .orch("send q one more")
        .code(2)
        .says("q has 50 unread messages")
        .ok();
    assert_eq!(unread(&sandbox, "q").len(), 50);
    wait_for("the reading", || {
        states(&sandbox, "q").iter().all(|state| state == "read")
    });
    let mut steering = sandbox.command(["send", "q", "clear \u{1b}[2J the \u{9b}screen\r\nnow"]);
    Said::of(&mut steering).code(0).ok();
    wait_for("the message", || {
        unread(&sandbox, "q") == ["clear \u{fffd}[2J the \u{fffd}screen\nnow"]
    });
    sandbox.open("v");
    sandbox.open("g");
    up.end().code(0).ok();
}

#[test]
fn a_message_to_a_plan_whose_cancellation_waits_for_the_next_run_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "orch task ask Colour?");
    sandbox.orch("up").code(1).ok();
    sandbox.orch("cancel p").code(0).ok();
    sandbox
        .orch("send p hello")
        .code(2)
        .says("p is cancelled: nobody works on it")
        .ok();
    sandbox.orch("answer p red").code(2).says("p asks nothing").ok();
    assert_eq!(sandbox.count("message.sent", None), 0);
}

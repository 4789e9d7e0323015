//! The real agent programs from end to end, against the project's own model server. They are skipped where the programs are
//! not installed: `.ci/agents` installs them and runs these. `ORCH_AGENTS_LONG=1` takes the slower programs in, too.

use std::path::Path;

use crate::support::real::Real;
use crate::support::{Said, wait_for};

/// The programs that are always tried.
const QUICK: &[&str] = &["claude", "codex", "opencode"];

/// True where the slower programs are asked for.
pub(super) fn is_long() -> bool {
    let long = std::env::var_os("ORCH_AGENTS_LONG").is_some();
    if !long {
        println!("skipped: ORCH_AGENTS_LONG is not set");
    }
    long
}

/// A step that makes a commit and reports a task.
fn commit(file: &str, task: &str) -> String {
    format!(
        r#"{{"run": "echo {file} > {file} && git add {file} && git commit -qm {file} && orch task done -q {task}"}}"#
    )
}

#[test]
fn three_programs_build_on_each_other_and_their_plans_land() {
    let Some(real) = Real::with(QUICK) else { return };
    let document = format!(
        "# api\n\n## Phase 1: First\n\n- [ ] 1.1 One [[script: [{}, {}, {{\"say\": \"both done\"}}]]]\n\n## Phase 2: Second\n\n- [ ] 2.1 Two\n",
        commit("one", "1.1"),
        commit("two", "2.1")
    );
    real.document("api", "agent = \"claude\"", &document);
    let seen = r#"{"run": "cat one > seen && git add seen && git commit -qm seen && orch task done -q 1.1"}"#;
    real.scripted(
        "web",
        "agent = \"codex\"\ndepends = [\"api.1\"]",
        &format!("[{seen}, {{\"say\": \"it is there\"}}]"),
    );
    // What this one leaves uncommitted is committed for it.
    real.scripted(
        "docs",
        "agent = \"opencode\"",
        r#"[{"run": "echo page > page; orch task done -q 1.1"}, {"say": "written"}]"#,
    );
    let _ = real.run("up --merge");
    for plan in ["api", "web", "docs"] {
        let log = || real.orch(&format!("logs {plan}")).out;
        assert_eq!(real.state(plan), "landed", "{}\n{}", real.why(plan), log());
        let facts = real.facts(plan, 0);
        assert_eq!(facts["end"]["good"], true, "{facts}");
        assert!(
            facts["session"].is_string() && facts["spent"]["output"].as_u64() > Some(0),
            "{facts}"
        );
    }
    assert_eq!(real.git("show main:seen").trim(), "one");
    assert_eq!(real.git("show main:page").trim(), "page");
    let status = real.orch("status --json").code(0).json();
    assert!(
        status["spent"]["cost"].as_f64() > Some(0.0),
        "{}",
        status["spent"]
    );
    real.nothing_is_left();
}

#[test]
fn a_denied_tool_fails_the_attempt_although_the_program_ends_well() {
    let Some(real) = Real::with(QUICK) else { return };
    real.tables("[agents.claude]\npermissions = []\n[agents.opencode]\npermissions = []");
    let denied = [
        ("claude", "touch x && git add x"),
        ("codex", "rm -rf /nowhere/at/all"),
        ("opencode", "cat /etc/hostname"),
    ];
    for (agent, command) in denied {
        real.scripted(
            agent,
            &format!("agent = \"{agent}\""),
            &format!(r#"[{{"run": "{command}"}}, {{"say": "done"}}]"#),
        );
    }
    real.run("up").code(1).ok();
    for (agent, command) in denied {
        assert_eq!(real.state(agent), "failed", "{agent}");
        let why = real.why(agent);
        assert!(
            why.contains("exited with code 0, but it was denied a tool"),
            "{agent}: {why}"
        );
        assert!(why.contains(command), "{agent}: {why}");
    }
    real.nothing_is_left();
}

#[test]
fn a_refused_question_is_a_failure_in_the_program_s_own_words() {
    let Some(real) = Real::with(QUICK) else { return };
    for agent in QUICK {
        let script = r#"[{"http": 400, "message": "the question is too strange"}]"#;
        real.scripted(agent, &format!("agent = \"{agent}\""), script);
    }
    real.run("up").code(1).ok();
    for agent in QUICK {
        assert_eq!(real.state(agent), "failed", "{agent}");
        assert!(
            real.why(agent).contains("the question is too strange"),
            "{agent}: {}",
            real.why(agent)
        );
    }
    real.nothing_is_left();
}

#[test]
fn a_limit_parks_the_plan_and_the_same_conversation_goes_on_without_a_spent_attempt() {
    let Some(real) = Real::with(&["claude", "codex"]) else {
        return;
    };
    let limit = r#"{"http": 429, "times": 1, "type": "rate_limit_error", "message": "slow down", "headers": {"retry-after": "3600"}, "run": "orch task done -q 1.1"}"#;
    let first = r#"{"run": "echo begun > begun && git add begun && git commit -qm begun"}"#;
    let script = format!("[{first}, {limit}]");
    real.scripted("limited", "agent = \"claude\"", &script);
    real.scripted(
        "other",
        "agent = \"codex\"",
        &format!("[{}, {{\"say\": \"done\"}}]", commit("other", "1.1")),
    );
    let up = real.begin("up");
    real.comes_to("attempt.parked", "limited");
    real.comes_to("plan.finished", "other");
    assert_eq!(real.state("limited"), "parked");
    let why = real.why("limited");
    assert!(
        why.starts_with("rate limited: ") && why.contains("it continues in"),
        "{why}"
    );
    // A person need not wait.
    real.orch("retry limited").code(0).ok();
    up.end().code(0).ok();
    assert_eq!(real.state("limited"), "finished", "{}", real.why("limited"));
    let attempts = real.shown("limited")["attempts"].clone();
    assert_eq!(attempts.as_array().unwrap().len(), 2);
    assert_eq!(attempts[0]["facts"]["session"], attempts[1]["facts"]["session"]);
    let talk = real.server.last_conversation("begun > begun");
    let prompts = talk.iter().filter(|message| message.contains("[[script:"));
    assert_eq!(
        prompts.count(),
        2,
        "it does not remember what it was told before: {talk:#?}"
    );
    let assigned = real.events();
    let numbers = assigned
        .iter()
        .filter(|event| event["event"] == "attempt.assigned" && event["plan"] == "limited")
        .map(|event| event["data"]["number"].as_u64().unwrap());
    assert_eq!(numbers.collect::<Vec<_>>(), [1, 1]);
    real.nothing_is_left();
}

#[test]
fn a_retry_goes_on_with_the_conversation_of_the_attempt_before() {
    let all = ["claude", "codex", "opencode", "gemini"];
    let programs = if is_long() { &all[..] } else { &all[..3] };
    let Some(real) = Real::with(programs) else {
        return;
    };
    real.settings("grace = \"4s\"\nretries = 1");
    if is_long() {
        real.tables("[agents.gemini]\nmodel = \"script\"");
    }
    for name in programs {
        let script = format!(r#"[{{"say": "nothing of {name}"}}]"#);
        real.scripted(&format!("by-{name}"), &format!("agent = \"{name}\""), &script);
    }
    real.run("up").code(1).ok();
    for name in programs {
        let attempts = real.shown(&format!("by-{name}"))["attempts"].clone();
        assert_eq!(attempts.as_array().unwrap().len(), 2, "{name}");
        let session = |attempt: usize| attempts[attempt]["facts"]["session"].clone();
        assert!(session(0).is_string(), "{name}: {attempts:#?}");
        assert_eq!(session(0), session(1), "{name}");
        let talk = real.server.last_conversation(&format!("nothing of {name}"));
        let prompts = talk.iter().filter(|message| message.contains("[[script:"));
        assert_eq!(prompts.count(), 2, "{name} does not remember: {talk:#?}");
    }
    real.nothing_is_left();
}

#[test]
fn a_limit_that_says_when_it_is_over_is_waited_for_and_an_endless_one_fails_nothing() {
    let Some(real) = Real::with(&["claude", "codex"]) else {
        return;
    };
    let soon = seconds_now() + 4 * 3600;
    let told = format!(
        r#"[{{"http": 429, "message": "you have used all of it", "error": {{"type": "usage_limit_reached", "plan_type": "pro", "resets_at": {soon}}}}}]"#
    );
    real.scripted("told", "agent = \"codex\"", &told);
    let endless = r#"[{"http": 429, "type": "rate_limit_error", "message": "slow down", "headers": {"retry-after": "3600"}}]"#;
    real.scripted("endless", "agent = \"claude\"", endless);
    let up = real.begin("up");
    for plan in ["told", "endless"] {
        real.comes_to("attempt.parked", plan);
        assert_eq!(real.state(plan), "parked", "{}", real.why(plan));
    }
    let parked = real
        .events()
        .into_iter()
        .find(|event| event["event"] == "attempt.parked" && event["plan"] == "told");
    let data = parked.unwrap()["data"].clone();
    assert_eq!(data["told"], true, "{data}");
    let hours = data["for_ms"].as_u64().unwrap() / 3_600_000;
    assert!((3..=4).contains(&hours), "{data}");
    real.orch("down").code(0).ok();
    up.end().code(130).ok();
    real.nothing_is_left();
}

#[test]
fn a_stream_that_breaks_off_is_no_fault_of_the_agent() {
    let Some(real) = Real::with(&["codex"]) else {
        return;
    };
    real.scripted(
        "broken",
        "agent = \"codex\"",
        r#"[{"break": true, "say": "half a wo"}]"#,
    );
    let up = real.begin("up");
    real.comes_to("attempt.parked", "broken");
    assert_eq!(real.state("broken"), "parked");
    assert!(real.why("broken").contains("stream"), "{}", real.why("broken"));
    real.orch("down").code(0).ok();
    up.end().code(130).ok();
    real.nothing_is_left();
}

#[test]
fn a_login_that_expired_holds_the_plan_at_once_and_says_what_to_do() {
    let Some(real) = Real::with(QUICK) else { return };
    for agent in QUICK {
        let script = r#"[{"http": 401, "type": "authentication_error", "message": "invalid x-api-key"}]"#;
        real.scripted(agent, &format!("agent = \"{agent}\"\nretries = 2"), script);
    }
    real.run("up").code(1).ok();
    for agent in QUICK {
        assert_eq!(real.state(agent), "held", "{agent}: {}", real.why(agent));
        assert!(
            real.why(agent).contains("not logged in"),
            "{agent}: {}",
            real.why(agent)
        );
        let shown = real.orch(&format!("why {agent}")).code(0);
        shown.says("next: ").says("then orch up").ok();
        assert_eq!(
            real.shown(agent)["attempts"].as_array().unwrap().len(),
            1,
            "{agent}"
        );
    }
    real.nothing_is_left();
}

#[test]
fn a_tool_that_runs_at_a_stop_is_ended_with_its_program() {
    let Some(real) = Real::with(QUICK) else { return };
    // Known by its argument: some programs give their tools another environment.
    let length = (1_000_000 + std::process::id()).to_string();
    // One of them comes back from a tool that takes long, and has to be given the next.
    let step = format!(r#"{{"run": "(setsid sleep {length} &) ; sleep {length}"}}"#);
    let script = format!("[{}]", vec![step; 20].join(", "));
    for agent in QUICK {
        real.scripted(agent, &format!("agent = \"{agent}\""), &script);
    }
    let up = real.begin("up");
    for agent in QUICK {
        wait_for(&format!("a tool of {agent}"), || {
            sleepers(&length, real.worktree(agent).path()) > 0
        });
    }
    real.orch("down").code(0).ok();
    up.end().code(130).ok();
    assert_eq!(sleepers(&length, Path::new("/")), 0);
    real.nothing_is_left();
}

/// Processes below a folder that sleep for so long.
fn sleepers(length: &str, folder: &Path) -> usize {
    let line = format!("sleep\0{length}\0");
    let all = std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .map(|entry| entry.path());
    let asleep = all
        .filter(|process| std::fs::read(process.join("cmdline")).is_ok_and(|found| found == line.as_bytes()));
    asleep
        .filter(|process| std::fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder)))
        .count()
}

#[test]
fn programs_that_say_nothing_while_they_are_refused_are_noticed_too() {
    if !is_long() {
        return;
    }
    let Some(real) = Real::with(&["opencode"]) else {
        return;
    };
    real.scripted(
        "p",
        "agent = \"opencode\"",
        r#"[{"http": 429, "message": "Rate limit exceeded"}]"#,
    );
    let up = real.begin("up");
    real.comes_to("attempt.parked", "p");
    assert!(real.why("p").starts_with("rate limited: "), "{}", real.why("p"));
    real.orch("down").code(0).ok();
    up.end().code(130).ok();
    real.nothing_is_left();
}

#[test]
fn the_slower_programs_work_commit_and_fail_as_they_should() {
    if !is_long() {
        return;
    }
    let Some(real) = Real::with(&["gemini", "aider"]) else {
        return;
    };
    real.tables("[agents.gemini]\nmodel = \"script\"\n[agents.aider]\nmodel = \"openai/script\"");
    real.scripted(
        "well",
        "agent = \"gemini\"",
        &format!("[{}, {{\"say\": \"done\"}}]", commit("well", "1.1")),
    );
    real.scripted(
        "badly",
        "agent = \"gemini\"",
        r#"[{"http": 400, "message": "too strange"}]"#,
    );
    // This one has no tools: it writes what is in the answer.
    let edit = "page.md\\n```\\na page\\n```";
    real.scripted("edits", "agent = \"aider\"", &format!(r#"[{{"say": "{edit}"}}]"#));
    real.scripted(
        "errs",
        "agent = \"aider\"",
        r#"[{"http": 400, "message": "too strange"}]"#,
    );
    let said: Said = real.run("up").code(1);
    assert_eq!(real.state("well"), "finished", "{}", said.err);
    assert_eq!(real.state("badly"), "failed", "{}", real.why("badly"));
    assert!(real.why("badly").contains("too strange"), "{}", real.why("badly"));
    assert_eq!(real.state("edits"), "finished", "{}", real.why("edits"));
    let changed = real.git("diff --name-only main...orch/edits");
    assert_eq!(
        changed.trim(),
        "page.md",
        "nothing of the program's own is committed"
    );
    assert_eq!(real.state("errs"), "failed", "{}", real.why("errs"));
    assert!(real.why("errs").contains("too strange"), "{}", real.why("errs"));
    real.nothing_is_left();
}

fn seconds_now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap().as_secs()
}

#[test]
fn codex_finds_orch_although_the_profile_of_a_login_shell_sets_path_anew() {
    let Some(real) = Real::with(&["codex"]) else {
        return;
    };
    for profile in [".profile", ".bash_profile", ".zprofile"] {
        std::fs::write(real.beside("home").join(profile), "PATH=/usr/bin:/bin\n").unwrap();
    }
    real.scripted(
        "path",
        "agent = \"codex\"",
        r#"[{"run": "command -v orch > found; git add found; git commit -qm found; orch task done -q 1.1"}, {"say": "done"}]"#,
    );
    let _ = real.run("up --merge");
    assert_eq!(real.state("path"), "landed", "{}", real.why("path"));
    assert!(
        real.git("show main:found").ends_with("/orch"),
        "{}",
        real.git("show main:found")
    );
    real.nothing_is_left();
}

/// The programs that are tried in what must hold for each; with the slower ones where these are asked for.
fn each() -> &'static [&'static str] {
    match std::env::var_os("ORCH_AGENTS_LONG") {
        Some(_) => &["claude", "codex", "opencode", "gemini"],
        None => &["claude", "codex"],
    }
}

/// A sandbox with these programs, all of which speak to the model `script`.
fn sandbox_of(programs: &[&str]) -> Option<Real> {
    let real = Real::with(programs)?;
    if programs.contains(&"gemini") {
        real.tables("[agents.gemini]\nmodel = \"script\"");
    }
    Some(real)
}

#[test]
fn codex_reports_and_writes_where_its_sandbox_hides_the_repository() {
    let Some(real) = Real::with(&["codex", "claude"]) else {
        return;
    };
    real.settings("grace = \"4s\"\nretries = 0\nagent = \"codex\"");
    let commands = "orch task list > list && orch task next > next && orch task start -q 1.1 && orch send other hello && git add . && git commit -qm all && orch task done -q 1.1";
    let prompt = format!("Do it [[script: [{{\"run\": \"{commands}\"}}, {{\"say\": \"done\"}}]]]");
    real.tables(&format!("[plans.p]\nprompt = '{prompt}'\n"));
    // It waits for what it is sent, or for ever.
    let waits = r#"{"run": "until orch task inbox --all | grep -q hello; do sleep 0.2; done; git commit -q --allow-empty -m heard; orch task done -q 1.1"}"#;
    real.scripted(
        "other",
        "agent = \"claude\"\nallow_empty = true",
        &format!("[{waits}, {{\"say\": \"done\"}}]"),
    );
    let up = real.run("up");
    assert_eq!(up.code, 0, "{}\n{}", real.why("p"), real.orch("logs p --raw").out);
    let said = real.git("show orch/p:list");
    assert!(said.contains("1.1"), "{said}");
    assert!(real.git("show orch/p:next").starts_with("1.1"));
    let sent = real
        .events()
        .into_iter()
        .find(|event| event["event"] == "message.sent");
    assert_eq!(sent.unwrap()["data"]["message"]["from"], "p");
    real.nothing_is_left();
}

#[test]
fn silence_after_a_report_finishes_nothing() {
    let Some(real) = sandbox_of(each()) else { return };
    real.settings("grace = \"4s\"\nretries = 1");
    for name in each() {
        let script = format!(
            r#"[{{"run": "if [ $ORCH_ATTEMPT = {name}-1 ]; then echo a > a && git add a && git commit -qm a && orch task done -q 1.1; else echo w > w && git add w && git commit -qm WIP; fi"}}, {{"say": "that is that"}}]"#
        );
        let document = format!(
            "# {name}\n\n## Phase 1: All\n\n- [ ] 1.1 One [[script: {script}]]\n- [ ] 1.2 Two\n- [ ] 1.3 Three\n"
        );
        real.document(name, &format!("agent = \"{name}\""), &document);
    }
    let _ = real.run("up --merge");
    for name in each() {
        assert_eq!(real.state(name), "failed", "{name}: {}", real.why(name));
        let tasks = real.shown(name)["phases"][0]["tasks"].clone();
        let states: Vec<&str> = tasks
            .as_array()
            .unwrap()
            .iter()
            .map(|task| task["state"].as_str().unwrap())
            .collect();
        assert_eq!(states[0], "done", "{name}");
        assert!(
            states[1..].iter().all(|state| *state != "done"),
            "{name}: {states:?}"
        );
        assert!(
            real.git("ls-tree --name-only main")
                .lines()
                .all(|file| file != "a"),
            "{name}"
        );
    }
    real.nothing_is_left();
}

#[test]
fn a_failure_that_is_reported_again_is_heard_again() {
    let Some(real) = sandbox_of(&["claude", "codex"]) else {
        return;
    };
    real.settings("grace = \"4s\"\nretries = 1");
    for name in ["claude", "codex"] {
        let script = r#"[{"run": "echo $ORCH_ATTEMPT > half && git add half && git commit -qm half && orch task fail -q 1.1 --note 'needs the schema'"}, {"say": "I cannot"}]"#;
        real.scripted(name, &format!("agent = \"{name}\""), script);
    }
    let _ = real.run("up --merge");
    for name in ["claude", "codex"] {
        assert_eq!(real.state(name), "failed", "{name}: {}", real.why(name));
        assert_eq!(
            real.shown(name)["attempts"].as_array().unwrap().len(),
            2,
            "{name}"
        );
        assert!(
            real.why(name).contains("needs the schema"),
            "{name}: {}",
            real.why(name)
        );
    }
    real.nothing_is_left();
}

#[test]
fn a_question_and_a_scratch_file_are_no_work() {
    let Some(real) = sandbox_of(each()) else { return };
    for name in each() {
        let script = r#"[{"run": "echo thoughts > notes.txt"}, {"say": "Decimal or float?"}]"#;
        real.scripted(name, &format!("agent = \"{name}\""), script);
    }
    let _ = real.run("up --merge");
    for name in each() {
        assert_eq!(real.state(name), "failed", "{name}: {}", real.why(name));
        real.orch(&format!("why {name}"))
            .code(0)
            .says("Decimal or float?")
            .ok();
        real.orch(&format!("status {name}"))
            .code(0)
            .says("Decimal or float?")
            .ok();
    }
    real.nothing_is_left();
}

#[test]
fn nobody_is_offered_a_tool_that_asks_and_to_try_one_fails_nothing() {
    let Some(real) = Real::with(&["claude", "codex", "opencode"]) else {
        return;
    };
    let asks = [
        ("claude", "AskUserQuestion"),
        ("codex", "request_user_input"),
        ("opencode", "question"),
    ];
    for (name, tool) in asks {
        let ask = format!(
            r#"{{"use": "{tool}", "with": {{"questions": [{{"id": "q", "question": "Which?", "header": "Which", "multiSelect": false, "options": [{{"label": "a", "description": "a"}}, {{"label": "b", "description": "b"}}]}}]}}}}"#
        );
        let script = format!("[{ask}, {}, {{\"say\": \"done\"}}]", commit(name, "1.1"));
        real.scripted(name, &format!("agent = \"{name}\""), &script);
    }
    let up = real.run("up");
    assert_eq!(up.code, 0, "{}", up.out);
    let offered = real.server.offered("You work on the plan `claude`");
    for tool in ["AskUserQuestion", "EnterWorktree"] {
        assert!(!offered.iter().any(|name| name == tool), "{offered:?}");
    }
    assert!(offered.iter().any(|name| name == "Bash"), "{offered:?}");
    real.nothing_is_left();
}

#[test]
fn a_stopped_conversation_goes_on_and_is_told_who_stopped_it() {
    let Some(real) = Real::with(&["claude", "codex"]) else {
        return;
    };
    for name in ["claude", "codex"] {
        let script = format!(
            r#"[{{"run": "if [ $ORCH_ATTEMPT = {name}-1 ]; then touch .orch/begun; sleep 1000; fi"}}, {}, {{"say": "done"}}]"#,
            commit(name, "1.1")
        );
        real.scripted(name, &format!("agent = \"{name}\""), &script);
    }
    let up = real.begin("up");
    for name in ["claude", "codex"] {
        wait_for("its first tool", || {
            real.worktree(name).path().join(".orch/begun").exists()
        });
    }
    real.orch("pause claude --now").code(0).ok();
    wait_for("the pause", || real.state("claude") == "paused");
    real.orch("down").code(0).ok();
    up.end().code(130).ok();
    real.orch("resume claude").code(0).ok();
    let up = real.run("up");
    assert_eq!(up.code, 0, "{}", up.out);
    for name in ["claude", "codex"] {
        let attempts = real.shown(name)["attempts"].clone();
        assert_eq!(attempts.as_array().unwrap().len(), 2, "{name}");
        let session = |attempt: usize| attempts[attempt]["facts"]["session"].clone();
        assert!(session(0).is_string(), "{name}: {attempts:#?}");
        assert_eq!(session(0), session(1), "{name}");
        let prompt = real.attempt_file(&format!("{name}-2"), "prompt.md");
        assert!(prompt.contains("A person stopped the agent"), "{prompt}");
        assert!(!prompt.contains("went wrong"), "{prompt}");
    }
    real.nothing_is_left();
}

#[test]
fn agents_whose_model_hangs_are_found_out_although_they_wake_up_all_the_time() {
    let Some(real) = Real::with(&["claude", "codex"]) else {
        return;
    };
    real.settings("grace = \"4s\"\nretries = 0\nstuck_after = \"6s\"\non_stuck = \"hold\"");
    for name in ["claude", "codex"] {
        real.scripted(name, &format!("agent = \"{name}\""), r#"[{"hang": true}]"#);
    }
    let up = real.begin("up");
    for name in ["claude", "codex"] {
        real.comes_to("stuck.acted", name);
    }
    up.end().code(1).ok();
    for name in ["claude", "codex"] {
        assert_eq!(real.state(name), "held", "{name}: {}", real.why(name));
        assert!(real.why(name).contains("was stuck"), "{name}: {}", real.why(name));
    }
    real.nothing_is_left();
}

#[test]
fn a_budget_holds_within_an_attempt() {
    let Some(real) = Real::with(&["claude", "codex"]) else {
        return;
    };
    // Each answer costs claude 0.000175 by its own account, and codex 0.006 by this price.
    real.tables("[agents.codex]\nprice = { input = 100, output = 1000 }");
    let step = r#"{"run": "sleep 1; echo x >> x; git add x; git commit -qm x"}"#;
    let script = format!("[{}, {{\"say\": \"done\"}}]", vec![step; 30].join(", "));
    for (name, budget) in [("claude", "0.0005"), ("codex", "0.02")] {
        real.scripted(name, &format!("agent = \"{name}\"\nbudget = {budget}"), &script);
    }
    let _ = real.run("up --merge");
    for (name, most) in [("claude", 0.0011), ("codex", 0.1)] {
        assert_eq!(real.state(name), "held", "{name}: {}", real.why(name));
        assert!(real.why(name).contains("budget"), "{name}: {}", real.why(name));
        let spent = real.shown(name)["spent"]["cost"].as_f64().unwrap();
        assert!(spent > 0.0 && spent < most, "{name} has spent {spent}");
        // The tokens of the attempt that was ended are known.
        assert!(
            real.facts(name, 0)["spent"]["output"].as_u64() > Some(0),
            "{name}"
        );
    }
    real.nothing_is_left();
}

#[test]
fn a_message_is_worked_on_in_mid_turn_else_in_the_same_conversation() {
    let programs = each();
    let Some(real) = sandbox_of(programs) else { return };
    for name in programs {
        let script = format!(
            r#"[{{"run": "touch .orch/ready; until test -e .orch/go; do sleep 0.1; done"}}, {}, {{"say": "done"}}]"#,
            commit(name, "1.1")
        );
        real.scripted(name, &format!("agent = \"{name}\""), &script);
    }
    let up = real.begin("up");
    for name in programs {
        let folder = real.worktree(name).path().join(".orch");
        wait_for("its first tool", || folder.join("ready").exists());
        let more = r#"{"run": "echo more > more && git add more && git commit -qm more"}"#;
        // What is read in mid-turn replaces the script that is followed, its last step included.
        let rest = match *name {
            "claude" => commit(name, "1.1") + ", ",
            _ => String::new(),
        };
        let text = format!("More of it [[script: [{more}, {rest}{{\"say\": \"done\"}}]]]");
        Said::of(&mut real.command(["send", name, &text])).code(0).ok();
        wait_for("the message", || folder.join("inbox.jsonl").exists());
        std::fs::write(folder.join("go"), "").unwrap();
    }
    up.end().code(0).ok();
    for name in programs {
        assert_eq!(real.state(name), "finished", "{name}: {}", real.why(name));
        assert_eq!(
            real.git(&format!("show orch/{name}:more")).trim(),
            "more",
            "{name}"
        );
        let attempts = real.shown(name)["attempts"].clone();
        if *name == "claude" {
            // It was handed over in mid-turn, and worked on at once.
            assert_eq!(attempts.as_array().unwrap().len(), 1, "{name}");
            continue;
        }
        assert_eq!(attempts.as_array().unwrap().len(), 2, "{name}");
        assert_eq!(
            attempts[0]["facts"]["session"], attempts[1]["facts"]["session"],
            "{name}"
        );
        let prompt = real.attempt_file(&format!("{name}-2"), "prompt.md");
        assert!(prompt.starts_with("You ended with unread messages."), "{prompt}");
    }
    real.nothing_is_left();
}

#[test]
fn codex_on_a_server_error_waits_for_the_service() {
    let Some(real) = Real::with(&["codex"]) else {
        return;
    };
    real.scripted(
        "p",
        "agent = \"codex\"",
        r#"[{"http": 500, "type": "server_error", "message": "oops"}]"#,
    );
    let up = real.begin("up");
    real.comes_to("attempt.parked", "p");
    assert_eq!(real.state("p"), "parked", "{}", real.why("p"));
    real.orch("down").code(0).ok();
    up.end().code(130).ok();
    real.nothing_is_left();
}

#[test]
fn the_programs_report_with_the_tools_of_orch() {
    let Some(real) = Real::with(QUICK) else { return };
    real.tables("[agents.claude]\nmcp = true\n[agents.codex]\nmcp = true\n[agents.opencode]\nmcp = true");
    let tools = [
        ("claude", "mcp__orch__task_done"),
        ("codex", "mcp__orch/task_done"),
        ("opencode", "orch_task_done"),
    ];
    for (name, tool) in tools {
        let run = format!(r#"{{"run": "echo {name} > {name} && git add {name} && git commit -qm {name}"}}"#);
        let report = format!(r#"{{"use": "{tool}", "with": {{"ids": ["1.1"], "note": "by a tool"}}}}"#);
        let script = format!("[{run}, {report}, {{\"say\": \"done\"}}]");
        real.scripted(name, &format!("agent = \"{name}\""), &script);
    }
    let _ = real.run("up");
    for (name, tool) in tools {
        let offered = real.server.offered(&format!("You work on the plan `{name}`"));
        let is_it = |known: &String| known == tool || tool.starts_with(&format!("{known}/"));
        assert!(offered.iter().any(is_it), "{name}: {offered:?}");
        let log = || real.orch(&format!("logs {name}")).out;
        assert_eq!(real.state(name), "finished", "{}\n{}", real.why(name), log());
    }
    real.nothing_is_left();
}

#[test]
fn a_program_is_driven_by_the_agent_client_protocol() {
    let mut programs = vec![("opencode", r#""opencode", "acp""#, "orch_task_done")];
    if is_long() {
        programs.push((
            "gemini",
            r#""gemini", "--acp", "--skip-trust", "--model", "script""#,
            "mcp_orch_task_done",
        ));
    }
    for (program, command, tool) in programs {
        let Some(real) = Real::with(&[program]) else {
            return;
        };
        // Gemini CLI says that it can load conversations, and does not find them.
        let resume = if program == "gemini" { "resume = []" } else { "" };
        real.tables(&format!(
            "[agents.spoken]\ncommand = [{command}]\nevents = \"acp\"\nmcp = true\nmax = 1\n{resume}"
        ));
        spoken(&real, program, tool);
        real.nothing_is_left();
    }
}

/// One plan is worked on and reported with a tool; another asks, and continues the same conversation with the answer.
fn spoken(real: &Real, program: &str, tool: &str) {
    let run = r#"{"run": "echo acp > acp && git add acp && git commit -qm acp"}"#;
    let report = format!(r#"{{"use": "{tool}", "with": {{"ids": ["1.1"], "note": "by a tool"}}}}"#);
    let question = r#"[{"run": "orch task ask 'Which colour?'"}, {"say": "I asked"}]"#;
    real.scripted(
        "works",
        "agent = \"spoken\"",
        &format!("[{run}, {report}, {{\"say\": \"done\"}}]"),
    );
    real.scripted("asks", "agent = \"spoken\"", question);
    let _ = real.run("up");
    let log = |name: &str| real.orch(&format!("logs {name}")).out;
    assert_eq!(
        real.state("works"),
        "finished",
        "{program}: {}\n{}",
        real.why("works"),
        log("works")
    );
    let facts = real.facts("works", 0);
    assert!(
        facts["session"].is_string() && facts["spent"]["output"].as_u64() > Some(0),
        "{facts}"
    );
    assert_eq!(
        real.state("asks"),
        "held",
        "{program}: {}\n{}",
        real.why("asks"),
        log("asks")
    );
    if program == "gemini" {
        return;
    }
    let answer = format!(
        "Green [[script: [{}, {{\"say\": \"done\"}}]]]",
        commit("asks", "1.1")
    );
    Said::of(&mut real.command(["answer", "asks", &answer]))
        .code(0)
        .ok();
    let _ = real.run("up");
    assert_eq!(
        real.state("asks"),
        "finished",
        "{program}: {}\n{}",
        real.why("asks"),
        log("asks")
    );
    // The same conversation, which it read again from its own store.
    let attempts = real.shown("asks")["attempts"].clone();
    assert_eq!(
        attempts[0]["facts"]["session"],
        attempts[1]["facts"]["session"],
        "{program}: {}\n{attempts}",
        log("asks")
    );
}

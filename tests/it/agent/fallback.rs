//! Agents that take over from each other: `agents`, `fallback_after`.

use crate::support::{Sandbox, document};

/// A plan `p` whose agents are two programs: `first`, and `second`, which does the work.
fn plan(sandbox: &Sandbox, keys: &str, first: &str, tasks: &[usize], second: &str) {
    sandbox.write("plans/p.md", document(tasks));
    for (name, script, events) in [("first", first, "claude"), ("second", second, "none")] {
        sandbox.script(name, script);
        let path = sandbox.beside(format!("agents/{name}.sh"));
        sandbox.tables(&format!(
            "[agents.{name}]\ncommand = [\"sh\", {path:?}]\nevents = \"{events}\""
        ));
    }
    sandbox.tables(&format!("[plans.p]\nfile = \"plans/p.md\"\n{keys}"));
}

/// What is told of who took over.
fn replaced(sandbox: &Sandbox) -> Vec<String> {
    let events = sandbox.events().into_iter();
    let events = events.filter(|event| event["event"] == "agent.replaced");
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    events
        .map(|event| {
            let data = &event["data"];
            format!(
                "{} -> {}: {}",
                word(&data["from"]),
                word(&data["by"]),
                word(&data["why"])
            )
        })
        .collect()
}

fn agents(sandbox: &Sandbox) -> Vec<String> {
    let shown = sandbox.shown("p");
    let attempts = shown["attempts"].as_array().unwrap().iter();
    attempts
        .map(|attempt| attempt["agent"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_next_agent_takes_over_on_what_is_committed_when_the_retries_are_used_up() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 1");
    let first = "test -e p-1.1.txt || work 1.1; exit 7";
    plan(
        &sandbox,
        "agents = [\"first\", \"second\"]",
        first,
        &[2],
        "test -e p-1.1.txt && work 1.2",
    );
    sandbox.orch("up").code(0).ok();
    assert_eq!(agents(&sandbox), ["first", "first", "second"]);
    let told = replaced(&sandbox);
    assert!(
        told.len() == 1 && told[0].starts_with("first -> second: first: the agent exited with code 7"),
        "{told:?}"
    );
    let prompt = sandbox.attempt_file("p-3", "prompt.md");
    assert!(
        prompt.contains("exited with code 7") && prompt.contains("Still open: 1.2."),
        "{prompt}"
    );
    // When nobody is left, the plan has failed.
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    plan(
        &sandbox,
        "agents = [\"first\", \"second\"]",
        "exit 7",
        &[1],
        "exit 8",
    );
    sandbox.orch("up").code(1).ok();
    assert_eq!(
        (sandbox.state("p"), agents(&sandbox)),
        ("failed".into(), vec!["first".into(), "second".into()])
    );
    assert!(sandbox.why("p").contains("code 8"), "{}", sandbox.why("p"));
    // While it works, `why` says so.
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0").gate("g");
    plan(
        &sandbox,
        "agents = [\"first\", \"second\"]",
        "exit 7",
        &[1],
        "gate g; work 1.1",
    );
    let up = sandbox.start("up");
    sandbox.reached("g");
    assert!(
        sandbox.why("p").contains("second has taken over from first"),
        "{}",
        sandbox.why("p")
    );
    sandbox.open("g");
    up.end().code(0).ok();
}

#[test]
fn a_limit_that_lasts_longer_than_allowed_is_no_reason_to_wait() {
    let limited = r#"echo '{"type":"system","subtype":"init","session_id":"s"}'
echo '{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","rateLimitType":"five_hour","resetsAt":4102444800}}'
echo '{"type":"result","subtype":"success","is_error":true,"result":"limit reached"}'; exit 1"#;
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    plan(
        &sandbox,
        "agents = [\"first\", \"second\"]\nfallback_after = \"1h\"",
        limited,
        &[1],
        "work 1.1",
    );
    sandbox.orch("up").code(0).ok();
    assert_eq!(agents(&sandbox), ["first", "second"]);
    let told = replaced(&sandbox);
    assert!(
        told.len() == 1 && told[0].starts_with("first -> second: first is limited"),
        "{told:?}"
    );
    // The journal alone says so, too: another supervisor knows who works.
    assert_eq!(sandbox.state("p"), "finished");
}

#[test]
fn an_agent_that_cannot_start_or_log_in_is_replaced_at_once() {
    let sandbox = Sandbox::new();
    let login = r#"echo '{"type":"system","subtype":"init","session_id":"s"}'
echo '{"type":"result","subtype":"success","is_error":true,"result":"Invalid API key · Please run /login"}'; exit 1"#;
    plan(
        &sandbox,
        "agents = [\"first\", \"second\"]",
        login,
        &[1],
        "work 1.1",
    );
    sandbox.orch("up").code(0).ok();
    assert_eq!(agents(&sandbox), ["first", "second"]);
    let sandbox = Sandbox::new();
    plan(
        &sandbox,
        "agents = [\"first\", \"second\"]",
        "exit 1",
        &[1],
        "work 1.1",
    );
    // Its program is there, and what would run it is not.
    let program = sandbox.beside("agents/broken");
    std::fs::write(&program, "#!/nowhere/at/all\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, mode).unwrap();
    let manifest = sandbox.read("plans.toml");
    let mut commands = manifest.lines().filter(|line| line.starts_with("command"));
    let broken = format!("command = [{program:?}]");
    sandbox.write("plans.toml", manifest.replace(commands.next().unwrap(), &broken));
    sandbox.orch("up").code(0).ok();
    assert_eq!(agents(&sandbox), ["first", "second"]);
}

#[test]
fn the_next_agent_repairs_what_stays_red_and_the_plan_is_held_when_nobody_is_left() {
    let keys = "agents = [\"first\", \"second\"]\nfallback_after = \"1h\"\nverify = \"cat fixed.txt\"";
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    plan(
        &sandbox,
        keys,
        "work 1.1",
        &[1],
        "test -e p-1.1.txt && commit fixed.txt",
    );
    sandbox.orch("up").code(0).ok();
    assert_eq!(agents(&sandbox), ["first", "second"]);
    let told = replaced(&sandbox);
    assert!(
        told.len() == 1
            && told[0].starts_with("first -> second: first: ")
            && told[0].contains("cat fixed.txt"),
        "{told:?}"
    );
    let prompt = sandbox.attempt_file("p-2", "prompt.md");
    assert!(prompt.contains("No such file"), "{prompt}");
    sandbox.orch("report").code(0).says("then second 1 attempt").ok();
    // Each has its own retries, and what one was given back stays with it.
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 1");
    let repairs = "test -e p-1.1.txt && commit more.txt";
    let first = format!("{repairs} || work 1.1");
    plan(&sandbox, keys, &first, &[1], repairs);
    sandbox.orch("up").code(1).ok();
    let (state, worked) = (sandbox.state("p"), agents(&sandbox));
    assert_eq!(
        (state.as_str(), worked),
        (
            "held",
            ["first", "first", "second", "second"].map(str::to_owned).to_vec()
        )
    );
    assert!(sandbox.why("p").contains("cat fixed.txt"), "{}", sandbox.why("p"));
    // A person who tries again begins with the first.
    sandbox.orch("retry p").code(0).ok();
    sandbox.orch("up").code(1).ok();
    assert_eq!(agents(&sandbox)[4..], ["first", "second", "second"]);
    // One that is limited while it repairs does not hold up the repair.
    let limited = r#"echo '{"type":"system","subtype":"init","session_id":"s"}'
echo '{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","rateLimitType":"five_hour","resetsAt":4102444800}}'
echo '{"type":"result","subtype":"success","is_error":true,"result":"limit reached"}'; exit 1"#;
    let sandbox = Sandbox::new();
    let first = format!("test -e p-1.1.txt || {{ work 1.1; exit 0; }}\n{limited}");
    plan(&sandbox, keys, &first, &[1], "commit fixed.txt");
    sandbox.orch("up").code(0).ok();
    assert_eq!(agents(&sandbox), ["first", "first", "second"]);
}

#[test]
fn who_repairs_stays_the_same_when_the_supervisor_is_killed() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 1").gate("g");
    let keys = "agents = [\"first\", \"second\"]\nverify = \"test $(cat p-more.txt | wc -l) = 2\"";
    let second = "commit p-more.txt; grep -c . p-more.txt | grep -q 2 || gate g";
    let first = "test -e p-1.1.txt && commit p-1.1.txt || work 1.1";
    plan(&sandbox, keys, first, &[1], second);
    let up = sandbox.start("up");
    sandbox.reached("g");
    up.kill();
    let up = sandbox.start("up");
    sandbox.open("g");
    up.end().code(0).ok();
    assert_eq!(agents(&sandbox), ["first", "first", "second", "second"]);
    assert_eq!(replaced(&sandbox).len(), 1);
    assert_eq!(sandbox.state("p"), "finished");
}

#[test]
fn a_repair_counts_among_the_processes_of_the_agent_that_does_it() {
    let sandbox = Sandbox::new();
    sandbox.settings("max_agents = 4").gate("g");
    let began = sandbox.mark("at-g");
    let verify = format!("test -e fixed.txt || {{ until test -e {began:?}; do sleep 0.01; done; false; }}");
    let keys = format!("agent = \"first\"\nverify = {verify:?}\n[plans.p.phases.2]\nagent = \"second\"");
    let second = "case $ORCH_PLAN in q) gate g; work 1.1;; *) test -e p-2.1.txt && commit fixed.txt || work 2.1;; esac";
    plan(&sandbox, &keys, "work 1.1", &[1, 1], second);
    sandbox.write("plans/q.md", document(&[1]));
    sandbox.tables("[plans.q]\nfile = \"plans/q.md\"\nagent = \"second\"\ndepends = [\"p.2\"]");
    let manifest = sandbox.read("plans.toml");
    sandbox.write(
        "plans.toml",
        manifest.replacen("[agents.second]", "[agents.second]\nmax = 1", 1),
    );
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.happened("verify.failed", "p");
    assert_eq!(agents(&sandbox), ["first", "second"]);
    sandbox.open("g");
    up.end().code(0).ok();
    assert_eq!(agents(&sandbox), ["first", "second", "second"]);
}

#[test]
fn a_list_that_makes_no_sense_is_refused_where_it_stands() {
    let sandbox = Sandbox::new();
    plan(
        &sandbox,
        "agents = [\"first\", \"second\"]",
        "exit 1",
        &[1],
        "work 1.1",
    );
    sandbox.orch("check").code(0).ok();
    let manifest = sandbox.read("plans.toml");
    for (list, why) in [
        ("agents = []", "`agents` names nobody"),
        ("agents = [\"first\", \"secnd\"]", "unknown agent `secnd`"),
        ("agents = [\"first\", \"first\"]", "agent `first` is named twice"),
        (
            "agent = \"first\"\nagents = [\"second\"]",
            "`agent` and `agents` stand side by side",
        ),
    ] {
        sandbox.write(
            "plans.toml",
            manifest.replace("agents = [\"first\", \"second\"]", list),
        );
        let said = sandbox.orch("check").code(2).says(why);
        let line = 1 + manifest
            .lines()
            .position(|line| line.starts_with("agents = "))
            .unwrap();
        said.says(&format!("plans.toml:{line}:")).ok();
    }
}

#[test]
fn one_that_is_not_installed_is_replaced_and_only_where_all_are_missing_nothing_begins() {
    let sandbox = Sandbox::new();
    plan(
        &sandbox,
        "agents = [\"absent\", \"second\"]",
        "",
        &[1],
        "work 1.1",
    );
    sandbox.tables("[agents.absent]\ncommand = [\"no-such-program-anywhere\"]");
    sandbox.orch("up").code(0).ok();
    assert_eq!(agents(&sandbox).last().unwrap(), "second");
    assert!(
        replaced(&sandbox)[0].starts_with("absent -> second"),
        "{:?}",
        replaced(&sandbox)
    );
    sandbox.orch("report").code(0).says("then second 1 attempt").ok();
    let alone = Sandbox::new();
    plan(&alone, "agents = [\"absent\", \"gone\"]", "", &[1], "");
    alone.tables("[agents.absent]\ncommand = [\"no-such-program-anywhere\"]\n[agents.gone]\ncommand = [\"nor-this-one\"]");
    alone.orch("up").code(2).says("`absent` cannot be started").ok();
}

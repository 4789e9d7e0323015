//! What happened in a run, and all runs, told afterwards.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{KEEPS_BOTH, Said, Sandbox, document, wait_for};

#[test]
fn a_report_tells_of_plans_attempts_and_time_in_text_json_and_one_page() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 1");
    sandbox.plan("good", "", &document(&[2]), "work 1.1 1.2");
    sandbox.plan(
        "bad",
        "",
        &document(&[1]),
        "echo '<script>alert(1)</script>'; exit 3",
    );
    sandbox.plan("after", "depends = [\"bad\"]", &document(&[1]), "work 1.1");
    sandbox
        .orch("report")
        .code(3)
        .says("nothing has been run here yet")
        .ok();
    sandbox.orch("up --merge").code(1).ok();
    let text = sandbox.orch("report").code(0).out;
    for part in [
        "r1 onto main",
        "landed",
        "2 attempts, 2 failed",
        "skipped",
        "2 of 3 attempts were not enough",
    ] {
        assert!(text.contains(part), "{part:?} is missing in {text}");
    }
    let told = sandbox.orch("report r1 --json").code(0).json();
    let report = &told["report"];
    assert_eq!((&told["schema"], &report["run"]), (&1.into(), &"r1".into()));
    assert_eq!(report["plans"]["good"]["state"], "landed");
    assert_eq!(report["plans"]["good"]["landed"], sandbox.rev("main").as_str());
    assert_eq!(report["plans"]["bad"]["attempts"].as_array().unwrap().len(), 2);
    assert_eq!(report["figures"]["failed_attempts"], 2);
    sandbox.orch("report --html page.html").code(0).ok();
    let page = sandbox.read("page.html");
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    for foreign in ["http:", "https:", "<script", "src=", "@import", "url("] {
        assert!(!page.replace("url(#", "").contains(foreign), "{foreign}");
    }
    assert!(page.contains("bad-2") && page.contains("<svg"));
    for part in [
        "<h2>Agents</h2>",
        "<h2>Merges</h2>",
        "<h2>Graph</h2>",
        ": failed</title>",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    sandbox.orch("report r9").code(2).says("there are r1").ok();
}

#[test]
fn the_history_has_a_line_for_each_run() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.plan("p", "", &document(&[1]), "exit 1");
    sandbox.orch("up").code(1).ok();
    sandbox.script("p", "work 1.1");
    sandbox.orch("up").code(0).ok();
    let text = sandbox.orch("history").code(0).out;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(
        lines[1].starts_with("r1 ") && lines[1].contains("1 failed"),
        "{text}"
    );
    assert!(
        lines[2].starts_with("r2 ") && lines[2].contains("1 finished"),
        "{text}"
    );
    let runs = sandbox.orch("history --json").code(0).json();
    assert_eq!(runs["runs"][1]["figures"]["attempts"], 1);
}

#[test]
fn stated_and_measured_durations_are_compared_and_tasks_are_counted() {
    let sandbox = Sandbox::new();
    let text = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a (expected: 1h)\n- [ ] 1.2 b (expected: 1h)\n";
    sandbox.plan("p", "", text, "work 1.1 1.2");
    sandbox.plan("bare", "", &document(&[1]), "work 1.1");
    let nothing = sandbox.orch("history --durations --json").code(0).json();
    assert_eq!(nothing["durations"]["plans"], serde_json::json!([]));
    sandbox.orch("up").code(0).ok();
    let found = sandbox.orch("history --durations --json").code(0).json();
    let plan = &found["durations"]["plans"][0];
    assert_eq!(
        (&plan["plan"], &plan["tasks"]),
        (&"p".into(), &2.into()),
        "{plan}"
    );
    assert_eq!(plan["stated_s"], 7200.0);
    let factor = plan["factor"].as_f64().unwrap();
    assert!(factor > 0.0 && factor < 0.1, "{plan}");
    assert_eq!(
        found["durations"]["plans"][1]["stated_s"],
        serde_json::Value::Null
    );
    assert_eq!(found["durations"]["velocity"]["last_7_days"], 3);
    assert_eq!(found["durations"]["velocity"]["trend"], serde_json::Value::Null);
    sandbox
        .orch("history --durations")
        .code(0)
        .says("tasks done in the last 7 days: 3")
        .says("2h 00m")
        .ok();
}

#[test]
fn every_event_line_is_as_its_schema_says() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.orch("up --merge").code(0).ok();
    let schema = sandbox.orch("schema events").code(0).json();
    let properties = schema["properties"].as_object().unwrap();
    let known: BTreeSet<&str> = properties["event"]["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["const"].as_str())
        .collect();
    for event in sandbox.events() {
        let fields: BTreeSet<&String> = event.as_object().unwrap().keys().collect();
        assert_eq!(fields, properties.keys().collect(), "{event}");
        assert!(known.contains(event["event"].as_str().unwrap()), "{event}");
        assert!(
            event["data"].is_object() && matches!(&event["seq"], Value::Number(_)),
            "{event}"
        );
    }
}

#[test]
fn a_run_under_way_is_told_as_far_as_it_has_come_and_one_that_was_killed_as_such() {
    let sandbox = Sandbox::new();
    sandbox.gate("go");
    sandbox.plan("p", "", &document(&[1]), "gate go; work 1.1");
    let up = sandbox.start("up");
    sandbox.reached("go");
    let told = sandbox.orch("report --json").code(0).json();
    assert_eq!(told["report"]["goes_on"], true);
    assert_eq!(told["report"]["figures"]["peak"], 1, "{told}");
    let text = sandbox.orch("report").code(0).out;
    assert!(text.contains(" UTC: it is running\n"), "{text}");
    up.signal(rustix::process::Signal::KILL);
    wait_for("the supervisor's end", || {
        let text = sandbox.orch("report").code(0).out;
        text.contains("its supervisor was killed; `orch up` continues")
    });
    sandbox.open("go");
    sandbox.orch("up").code(0).ok();
}

#[test]
fn runs_in_which_nothing_was_left_to_do_stand_in_nobody_s_way() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.orch("up --merge").code(0).ok();
    sandbox.orch("up").ok();
    let text = sandbox.orch("report").code(0).out;
    assert!(text.starts_with("r1 onto main"), "{text}");
    assert!(!text.contains("r2"), "{text}");
    let history = sandbox.orch("history").code(0).out;
    assert!(
        !history.contains("r2") && history.contains("1 run in which nothing was left to do"),
        "{history}"
    );
    assert!(sandbox.orch("history -v").code(0).out.contains("\nr2 "));
}

#[test]
fn what_a_landed_plan_brought_is_told_after_its_branch_is_gone() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[2]), "work 1.1 1.2");
    sandbox.plan("q", "", &document(&[2]), "work 1.1 1.2");
    sandbox.orch("up --merge").code(0).ok();
    let before = sandbox.orch("diff p -- --name-only").code(0).out;
    assert!(
        before.contains("p-1.1.txt") && !before.contains("q-1.1.txt"),
        "{before}"
    );
    sandbox.orch("clean").code(0).ok();
    assert_eq!(sandbox.orch("diff p -- --name-only").code(0).out, before);
    let commit = sandbox.shown("p")["landed"]["commit"]
        .as_str()
        .unwrap()
        .to_owned();
    sandbox
        .orch("why p")
        .code(0)
        .says(&format!("has landed on main with {commit}"))
        .ok();
}

#[test]
fn a_merge_that_is_asked_for_does_not_make_a_failed_plan_finished() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.plan("bad", "", &document(&[1]), "exit 1");
    sandbox.orch("up").code(1).ok();
    sandbox.orch("merge bad").ok();
    let runs = sandbox.orch("history --json").code(0).json();
    let last = runs["runs"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["plans"]["bad"]["state"], "failed", "{last}");
    assert_eq!(last["merge_only"], false, "agents worked in it");
    sandbox.orch("history").code(0).says("1 failed").ok();
}

#[test]
fn a_plan_that_waits_at_a_gate_is_held_in_the_history_too() {
    let sandbox = Sandbox::new();
    sandbox.plan(
        "p",
        "[plans.p.phases.2]\ngate = \"approve\"\n",
        &document(&[1, 1]),
        "work 1.1",
    );
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("p"), "held");
    sandbox.orch("history").code(0).says("1 held").ok();
    let told = sandbox.orch("report --json").code(0).json();
    assert_eq!(told["report"]["plans"]["p"]["state"], "held");
    assert_eq!(
        told["report"]["plans"]["p"]["why"],
        "waits for a person to approve p.2"
    );
}

#[test]
fn what_a_run_has_cost_is_the_same_everywhere() {
    let spends = |cost: &str| {
        format!(
            "echo '{{\"type\":\"result\",\"subtype\":\"success\",\"session_id\":\"s\",\"is_error\":false,\"result\":\"done\",\
             \"total_cost_usd\":{cost},\"usage\":{{\"input_tokens\":100,\"output_tokens\":20}}}}'"
        )
    };
    let sandbox = Sandbox::new();
    sandbox.fixer(
        "on_conflict = \"agent\"\nresolver = \"fixer\"",
        "events = \"claude\"",
        &format!("{KEEPS_BOTH}; {}", spends("0.42")),
    );
    for plan in ["one", "two"] {
        // The first attempt costs something and does nothing.
        let script = format!(
            "if [ $ORCH_ATTEMPT = {plan}-1 ]; then {}; exit 3; fi; sed -i '1a from {plan}' shared.txt; git commit -qam {plan}; work 1.1; {}",
            spends("0.5"),
            spends("0.75"),
        );
        sandbox.plan(plan, "retries = 1", &document(&[1]), &script);
    }
    let text = sandbox.read("plans.toml");
    sandbox.write(
        "plans.toml",
        text.replace("command = [", "events = \"claude\"\ncommand = ["),
    );
    let text = sandbox
        .read("plans.toml")
        .replace("events = \"claude\"\nevents", "events");
    sandbox.write("plans.toml", text);
    let said = sandbox.orch("up --merge").code(0).out;
    assert!(said.contains("$2.92"), "{said}");
    let status = sandbox.orch("status --json").code(0).json();
    let plans: f64 = status["plans"]
        .as_array()
        .unwrap()
        .iter()
        .map(|plan| plan["cost"].as_f64().unwrap())
        .sum();
    let report = sandbox.orch("report --json").code(0).json();
    let digest = sandbox.orch("digest --json").code(0).json();
    let told = [
        status["cost"].as_f64(),
        Some(plans),
        report["report"]["figures"]["spent"]["cost"].as_f64(),
        digest["cost"].as_f64(),
    ];
    assert!(
        told.iter()
            .all(|cost| cost.is_some_and(|cost| (cost - 2.92).abs() < 1e-9)),
        "{told:?}: two attempts of each plan, and one that resolves their conflict"
    );
}

#[test]
fn people_read_local_times_and_scripts_read_utc() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(0).ok();
    let in_zone = |zone: &str, line: &str| {
        let mut command = sandbox.command(line.split(' '));
        Said::of(command.env("TZ", zone)).code(0).out
    };
    let first = sandbox.events().remove(0);
    let at: jiff::Timestamp = first["at"].as_str().unwrap().parse().unwrap();
    let here = at.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(9)));
    let events = in_zone("JST-9", "events");
    let clock = here.strftime("%H:%M:%S").to_string();
    assert!(events.starts_with(&clock), "{clock}: {events}");
    let report = in_zone("JST-9", "report");
    let begun = format!("begun {} JST", here.strftime("%Y-%m-%d %H:%M"));
    assert!(report.contains(&begun), "{begun}: {report}");
    let json = in_zone("JST-9", "report --json");
    assert!(
        json.contains(&at.strftime("%Y-%m-%dT%H:%M").to_string()),
        "{json}"
    );
}

#[test]
fn why_of_a_failed_plan_shows_the_last_line_of_its_agent() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.plan(
        "p",
        "",
        &document(&[1]),
        "echo first; printf 'no such table: \\033[31musers\\n\\n'; exit 3",
    );
    sandbox.orch("up").code(1).ok();
    let why = sandbox.orch("why p").code(0).out;
    assert!(
        why.contains("the last line of p-1: no such table:") && why.contains("users"),
        "{why}"
    );
    assert!(!why.contains('\u{1b}') && !why.contains("first"), "{why}");
}

#[test]
fn the_drawn_graph_shows_whether_the_verify_of_a_plan_failed() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.plan("good", "verify = \"true\"", &document(&[1]), "work 1.1");
    sandbox.plan("bad", "verify = \"false\"", &document(&[1]), "work 1.1");
    sandbox.plan("none", "", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(1).ok();
    let plans = sandbox.orch("status --json").json()["plans"].clone();
    let states: Vec<_> = (0..3).map(|plan| plans[plan]["verify"].clone()).collect();
    assert_eq!(states, ["done".into(), "failed".into(), serde_json::Value::Null]);
    sandbox.orch("report --html report.html").code(0).ok();
    let page = sandbox.read("report.html");
    for node in [
        "data-id=\"bad.verify\" class=\"is-failed\"",
        "data-id=\"good.verify\" class=\"is-done\"",
    ] {
        assert!(page.contains(node), "{node}");
    }
}

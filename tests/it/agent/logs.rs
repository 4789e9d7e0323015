//! `orch logs` of one plan and of several.

use crate::support::{Sandbox, document, wait_for};

#[test]
fn logs_of_several_plans_come_in_whole_lines_with_names_and_without_escapes() {
    let sandbox = Sandbox::new();
    sandbox.settings("max_agents = 2");
    for name in ["a", "long"] {
        sandbox.gate(name);
        let script = format!(
            "printf 'hal'; printf '\\033[31mf of {name}\\033[0m\\nno end'; gate {name}; echo; work 1.1"
        );
        sandbox.plan(name, "", &document(&[1]), &script);
    }
    let up = sandbox.start("up");
    sandbox.reached("a");
    sandbox.reached("long");
    // Nothing is named, and this is no plan's worktree: all that are at work.
    let follower = sandbox.start("logs -f");
    wait_for("both", || {
        let out = follower.out();
        out.contains("a    | half of a\n") && out.contains("long | half of long\n")
    });
    assert!(
        !follower.out().contains("no end"),
        "a line that is not complete waits"
    );
    sandbox.open("a");
    sandbox.open("long");
    up.end().code(0).ok();
    let said = follower.end().code(0);
    assert!(
        said.out.contains("a    | no end\n") && said.out.contains("long | no end\n"),
        "{said:?}"
    );
    // One alone is as it was, but for the escapes.
    let one = sandbox.orch("logs a").code(0);
    assert!(one.out.starts_with("half of a\nno end\n"), "{one:?}");
    // With times, each line has one, and of several plans the name behind it.
    let timed = sandbox.orch("logs -t a").code(0).out;
    let (first, second) = (timed.lines().next().unwrap(), timed.lines().nth(1).unwrap());
    assert!(
        has_time(first, "half of a") && has_time(second, "no end"),
        "{timed}"
    );
    let both = sandbox.orch("logs --timestamps a long").code(0).out;
    assert!(
        has_time(both.lines().next().unwrap(), "a    | half of a"),
        "{both}"
    );
    sandbox.orch("logs -t --raw a").code(2).ok();
    let raw = sandbox.orch("logs a --raw").code(0);
    assert!(raw.out.contains("\u{1b}[31m"), "{raw:?}");
    sandbox.orch("logs a long --raw").code(2).says("one plan").ok();
    sandbox.orch("logs a nobody").code(2).says("nobody").ok();
    sandbox.orch("logs").code(2).says("no plan is named").ok();
}

/// True for `12:34:56 TEXT`.
fn has_time(line: &str, text: &str) -> bool {
    let (time, rest) = line.split_at(9);
    let shape: String = time
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    shape == "00:00:00 " && rest == text
}

#[test]
fn times_stay_with_their_lines_when_the_log_was_rotated() {
    let sandbox = Sandbox::new();
    // More than half of the limit of a log: the older half is moved away.
    let script = "echo first; head -c 17000000 /dev/zero | tr '\\0' x; echo; echo last; work 1.1";
    sandbox.plan("p", "", &document(&[1]), script);
    sandbox.orch("up").code(0).ok();
    let timed = sandbox.orch("logs -t p").code(0).out;
    assert!(
        has_time(timed.lines().next().unwrap(), "first"),
        "{}",
        &timed[..40]
    );
    let last = timed.lines().find(|line| line.ends_with("last")).unwrap();
    assert!(has_time(last, "last"), "{last}");
}

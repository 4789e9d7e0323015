//! `orch digest`: what has changed since a person looked last.

use serde_json::Value;

use crate::support::{Sandbox, document};

fn names(digest: &Value, part: &str) -> Vec<String> {
    let entries = digest[part].as_array().unwrap().iter();
    entries
        .map(|entry| entry["plan"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_digest_begins_where_the_last_one_ended() {
    let sandbox = Sandbox::new();
    let digest = |options: &str| sandbox.orch(&format!("digest {options}")).code(0).json();
    sandbox.plan("first", "", &document(&[1]), "work 1.1");
    sandbox.plan("bad", "retries = 0", &document(&[1]), "exit 7");
    sandbox.plan("gated", "gate = \"approve\"", &document(&[1]), "work 1.1");
    sandbox
        .orch("digest")
        .code(0)
        .says("nothing was started yet")
        .says("first (ready): done about ")
        .says(" after the next orch up")
        .ok();

    sandbox.orch("up --merge").code(1).ok();
    // One with a beginning of its own leaves the next as it is.
    let asked = digest("--json --since 1h");
    assert_eq!(names(&asked, "landed"), ["first"]);
    let shown = sandbox.orch("digest").code(0).out;
    for part in [
        "1 landed, 1 failed, 2 things need you",
        "first on main (",
        "orch approve gated",
        "bad, ",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }

    // Nothing has happened since, and what needs a person still does.
    let again = digest("--json");
    assert_eq!(names(&again, "landed"), [""; 0]);
    assert_eq!(names(&again, "failed"), [""; 0]);
    let mut needs = names(&again, "attention");
    needs.sort_unstable();
    assert_eq!(needs, ["bad", "gated"]);

    sandbox.orch("approve gated").code(0).ok();
    sandbox.orch("up --merge").code(1).ok();
    let since = digest("--json");
    assert_eq!(names(&since, "landed"), ["gated"]);
    assert!(since["since"].as_str() > again["since"].as_str(), "{since}");
    let commit = since["landed"][0]["commit"].as_str().unwrap();
    assert_eq!(commit, sandbox.git("rev-parse main"));

    // What a person took off the target again is not called landed.
    sandbox.orch("revert gated").code(0).ok();
    assert_eq!(names(&digest("--json --since 1h"), "landed"), ["first"]);

    // Another journal has other numbers: all of it is news.
    std::fs::remove_file(sandbox.join(".git/orch/orch.db")).unwrap();
    sandbox.orch("digest").code(0).ok();
}

#[test]
fn a_digest_tells_what_is_to_come_and_is_harmless_as_markdown() {
    let sandbox = Sandbox::new();
    let marked = "echo '<script> `x` [a](b) *' >&2; exit 7";
    sandbox.plan("bad", "retries = 0", &document(&[1]), marked);
    sandbox.plan(
        "good",
        "",
        &document(&[1]),
        "touch $MARKS/here; until test -e $MARKS/go; do sleep 0.01; done; work 1.1",
    );
    let running = sandbox.start("up");
    crate::support::wait_for("the agent", || sandbox.mark("here").exists());
    crate::support::wait_for("the failure", || sandbox.count("plan.failed", None) == 1);
    let markdown = sandbox.orch("digest --markdown --since 1h").code(0).out;
    assert!(
        markdown.contains("## Next\n\n- good (running): done in about "),
        "{markdown}"
    );
    assert!(markdown.contains("## Failed\n\n- bad, "), "{markdown}");
    assert!(!markdown.contains("<script>"), "{markdown}");
    std::fs::write(sandbox.mark("go"), "").unwrap();
    running.end().code(1).ok();
}

#[test]
fn a_time_that_is_none_is_refused_with_what_is_one() {
    let sandbox = Sandbox::new();
    sandbox.plan("a", "", &document(&[1]), "work 1.1");
    let refused = sandbox.orch("digest --since yesterday").code(2);
    assert!(refused.err.contains("`yesterday` is no time"), "{}", refused.err);
    assert!(refused.err.contains("such as 2h"), "{}", refused.err);
    let refused = sandbox.orch("digest --since 2999-01-31T08:00:00Z").code(2);
    assert!(refused.err.contains("is still to come"), "{}", refused.err);
}

#[test]
fn the_hook_gets_a_digest_from_time_to_time() {
    let sandbox = Sandbox::new();
    let hook = "orch digest --markdown --since $ORCH_SINCE >> $MARKS/markdown; cat >> $MARKS/digests; echo >> $MARKS/digests";
    sandbox.tables(&format!("[hooks]\ndigest = '{hook}'\ndigest_every = \"200ms\""));
    sandbox.plan("a", "", &document(&[1]), "work 1.1");
    let waits = "until test -e $MARKS/go; do sleep 0.01; done; work 1.1";
    sandbox.plan("b", "", &document(&[1]), waits);
    let running = sandbox.start("up --merge");
    let kept = |name: &str| std::fs::read_to_string(sandbox.mark(name)).unwrap_or_default();
    let told = || -> Vec<Value> {
        let lines = kept("digests");
        let whole = lines.lines().filter(|line| !line.is_empty());
        whole.filter_map(|line| serde_json::from_str(line).ok()).collect()
    };
    let landing = |digest: &Value| digest["event"] == "digest" && names(digest, "landed") == ["a"];
    crate::support::wait_for("the digest with the landing", || told().iter().any(landing));
    assert!(kept("markdown").contains("- a on main ("), "{}", kept("markdown"));
    std::fs::write(sandbox.mark("go"), "").unwrap();
    running.end().code(0).ok();
    // What was told once is not told again.
    assert_eq!(told().iter().filter(|digest| landing(digest)).count(), 1);
}

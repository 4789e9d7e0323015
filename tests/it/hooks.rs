//! Hooks of the merge, and how notices are routed.

use std::fs;

use serde_json::Value;

use crate::support::{Sandbox, document};

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
fn notices_carry_their_urgency_and_the_same_trouble_is_told_once() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.tables(
        "[hooks]\nnotify = 'echo \"$ORCH_URGENCY $ORCH_EVENT\" >> \"$MARKS/told\"; cat > \"$MARKS/last\"'",
    );
    sandbox.plan("p", "", &document(&[1]), "exit 1");
    sandbox.plan("q", "gate = \"approve\"", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(1).ok();
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
    sandbox.orch("approve q").code(0).ok();
    sandbox.script("p", "work 1.1");
    sandbox.orch("up").code(0).ok();
    assert!(told().ends_with("low run.settled\n"), "{}", told());
    let last: Value = serde_json::from_str(&fs::read_to_string(sandbox.mark("last")).unwrap()).unwrap();
    assert_eq!(last["urgency"], "low");
}

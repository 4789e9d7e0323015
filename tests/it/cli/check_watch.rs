//! `orch check --watch`: what changed is printed after each save, however the file is saved.

use std::fs;

use rustix::process::Signal;

use crate::support::{Running, Sandbox, document, wait_for};

const AGENT: &str = "[agents.x]\ncommand = [\"true\"]\n";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("one.md", document(&[1]));
    sandbox.write("plans.toml", format!("{AGENT}[plans.a]\nfile = \"one.md\"\n"));
    sandbox
}

/// Waits for the next thing that is printed, and gives all of it.
#[track_caller]
fn next(watch: &Running, seen: &mut usize) -> String {
    let ends = |text: &str| {
        text.ends_with('\n')
            && (text.contains("\nok: ") || text.starts_with("ok: ") || text.contains("fault"))
    };
    wait_for("a check", || {
        let out = watch.out();
        out.len() > *seen && ends(&out[*seen..])
    });
    let out = watch.out();
    let new = out[*seen..].to_owned();
    *seen = out.len();
    new
}

#[test]
fn faults_that_come_and_go_are_printed_and_nothing_else() {
    let sandbox = sandbox();
    let manifest = sandbox.read("plans.toml");
    let watch = sandbox.start("check --watch");
    let seen = &mut 0;
    assert_eq!(next(&watch, seen), "ok: 1 plan, 1 phase, 1 task\n");
    sandbox.write("plans.toml", manifest.replace("file", "retires = 1\nfile"));
    let came = next(&watch, seen);
    assert!(
        came.starts_with(
            "error: plans.toml:4:1: unknown key `plans.a.retires`\n  hint: did you mean `retries`?\n"
        ),
        "{came}"
    );
    assert!(came.ends_with("\n1 fault\n"), "{came}");
    // The same fault on another line is no news; the next news follows it.
    sandbox.write(
        "plans.toml",
        format!("# more\n{}", manifest.replace("file", "retires = 1\nfile")),
    );
    sandbox.write("one.md", "# No phase\n");
    let came = next(&watch, seen);
    assert!(
        came.starts_with("error: one.md:1: the document has no phase"),
        "{came}"
    );
    sandbox.write("one.md", document(&[1]));
    assert!(next(&watch, seen).starts_with("gone: one.md:1: the document has no phase"));
    watch.signal(Signal::INT);
    assert_ne!(watch.end().code, 0);
}

#[test]
fn files_that_are_replaced_or_removed_and_made_again_are_followed() {
    let sandbox = sandbox();
    sandbox.write("plans/two.md", document(&[1]));
    let manifest = sandbox.read("plans.toml") + "[plans.b]\nfile = \"plans/two.md\"\n";
    sandbox.write("plans.toml", &manifest);
    let watch = sandbox.start("check --watch");
    let seen = &mut 0;
    assert_eq!(next(&watch, seen), "ok: 2 plans, 2 phases, 2 tasks\n");
    let replace = |file: &str, text: String| {
        sandbox.write("new", text);
        fs::rename(sandbox.join("new"), sandbox.join(file)).unwrap();
    };
    replace("plans.toml", manifest.replace("two.md", "three.md"));
    assert!(
        next(&watch, seen).contains("did you mean `plans/two.md`?") || watch.out().contains("orch new b")
    );
    replace("plans.toml", manifest.clone());
    assert!(next(&watch, seen).contains("ok: 2 plans"));
    for _ in 0..2 {
        sandbox.remove("plans.toml");
        assert!(next(&watch, seen).contains("cannot read"));
        sandbox.write("plans.toml", &manifest);
        assert!(next(&watch, seen).contains("ok: 2 plans"));
        fs::rename(sandbox.join("plans"), sandbox.join("away")).unwrap();
        assert!(next(&watch, seen).contains("does not exist"));
        fs::create_dir(sandbox.join("plans")).unwrap();
        sandbox.write("plans/two.md", document(&[1]));
        assert!(next(&watch, seen).contains("ok: 2 plans"));
        fs::remove_dir_all(sandbox.join("away")).unwrap();
    }
}

#[test]
fn each_change_is_one_object_with_json() {
    let sandbox = sandbox();
    let manifest = sandbox.read("plans.toml");
    let watch = sandbox.start("check --watch --json");
    let lines = |count: usize| {
        wait_for("an object", || watch.out().lines().count() == count);
        let out = watch.out();
        serde_json::from_str::<serde_json::Value>(out.lines().last().unwrap()).unwrap()
    };
    assert_eq!(lines(1)["ok"], true);
    sandbox.write("plans.toml", manifest.replace("one.md", "two.md"));
    assert_eq!(lines(2)["faults"][0]["line"], 4);
    sandbox.write("plans.toml", &manifest);
    assert_eq!(lines(3)["ok"], true);
}

#[test]
fn without_a_manifest_there_is_nothing_to_watch() {
    let sandbox = Sandbox::new();
    sandbox.remove("plans.toml");
    sandbox.orch("check --watch").code(2).says("no plans.toml").ok();
}

//! What comes with the program runs as promised: `orch demo`, and the repository's own `plans.toml` on a clone.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Running, Serving, Tree, isolate, wait_for};

const PLANS: [&str; 3] = ["auth", "billing", "docs"];

fn orch() -> Command {
    isolate();
    let mut command = Command::new(env!("CARGO_BIN_EXE_orch"));
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"ORCH_") {
            command.env_remove(name);
        }
    }
    command
}

#[track_caller]
fn succeeds(mut command: Command) -> Output {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// A person's git configuration that would break every commit, were it heeded.
fn hostile_config(folder: &Path) -> std::path::PathBuf {
    let hooks = Tree::at(folder);
    for hook in [
        "pre-commit",
        "commit-msg",
        "post-checkout",
        "reference-transaction",
    ] {
        hooks.write(format!("hooks/{hook}"), "#!/bin/sh\nexit 1\n");
        make_executable(&folder.join("hooks").join(hook));
    }
    let config = format!(
        "[commit]\n\tgpgSign = true\n[gpg]\n\tprogram = /bin/false\n[init]\n\tdefaultBranch = trunk\n\
         [core]\n\thooksPath = {0}/hooks\n\texcludesFile = {0}/ignored\n[user]\n\tuseConfigOnly = true\n\
         [log]\n\tshowSignature = true\n[color]\n\tui = always\n",
        folder.display()
    );
    hooks.write("ignored", "*\n").write("config", config);
    folder.join("config")
}

fn make_executable(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Waits until no process mentions the folder in its command line or environment, or is in it.
#[track_caller]
fn no_process_is_left(folder: &Path) {
    let needle = folder.as_os_str().as_encoded_bytes();
    let mentions = |bytes: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    let at_work = || {
        fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| {
                let process = entry.ok()?.path();
                let own = process.file_name()?.to_str()?.parse::<u32>().ok()?;
                let read = |name: &str| fs::read(process.join(name)).unwrap_or_default();
                let stands = fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
                let found = stands || mentions(&read("cmdline")) || mentions(&read("environ"));
                (found && own != std::process::id())
                    .then(|| String::from_utf8_lossy(&read("cmdline")).into_owned())
            })
            .collect::<Vec<String>>()
    };
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let left = at_work();
        if left.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "still there: {left:?}");
        std::thread::yield_now();
    }
}

/// The place of the first event of this name and plan, and phase where one is given.
#[track_caller]
fn place(events: &[Value], name: &str, plan: &str, phase: Option<&str>) -> usize {
    let matches = |event: &Value| {
        let text = |key: &str| match &event[key] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        text("event") == name && text("plan") == plan && phase.is_none_or(|phase| text("phase") == phase)
    };
    let found = events.iter().position(matches);
    found.unwrap_or_else(|| panic!("no {name} of {plan} {phase:?} in {events:#?}"))
}

#[test]
fn the_demo_lands_three_plans_in_order_whatever_git_is_configured_to_do() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let top = root.join("a demo");
    let mut demo = orch();
    demo.env("GIT_CONFIG_GLOBAL", hostile_config(&root))
        .env_remove("HOME")
        .args(["--json", "demo"])
        .arg(&top);
    let output = succeeds(demo);

    let stdout = String::from_utf8(output.stdout).unwrap();
    let events: Vec<Value> = stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let at = |name: &str, plan: &str, phase: Option<&str>| place(&events, name, plan, phase);
    let billing_starts = at("agent.started", "billing", None);
    assert!(
        at("agent.started", "docs", None) < at("task.done", "auth", None),
        "docs starts at once"
    );
    assert!(
        at("phase.done", "auth", Some("2")) < billing_starts,
        "billing waits for auth's phase 2"
    );
    assert!(
        billing_starts < at("phase.done", "auth", Some("3")),
        "billing does not wait for the whole of auth"
    );
    assert!(at("merge.landed", "auth", None) < at("merge.landed", "billing", None));
    at("merge.landed", "docs", None);

    let tree = Tree::at(&top);
    let subjects = tree.git("log --first-parent --format=%s refs/heads/main");
    for plan in PLANS {
        assert!(subjects.contains(&format!("Merge plan {plan}")), "{subjects}");
    }
    assert_eq!(subjects.lines().count(), 1 + PLANS.len());
    assert_eq!(tree.status(), "", "the main checkout follows the target");
    assert_eq!(tree.read("src/auth/task_3_3.txt"), "3.3 Log every sign-in\n");
    no_process_is_left(&root);

    let mut diff = orch();
    diff.arg("-C")
        .arg(&top)
        .args(["diff", "billing", "--", "--name-only"]);
    assert_eq!(
        String::from_utf8(succeeds(diff).stdout).unwrap(),
        "src/billing/task_1_1.txt\nsrc/billing/task_1_2.txt\nsrc/billing/task_2_1.txt\nsrc/billing/task_2_2.txt\n",
        "of a landed plan its own changes are shown, not those it was built on"
    );
}

#[test]
fn the_demo_shows_the_history_and_where_to_look_without_colour_on_request() {
    let folder = TempDir::new().unwrap();
    let mut demo = orch();
    demo.arg("demo").arg(folder.path()).env("NO_COLOR", "1");
    let stdout = String::from_utf8(succeeds(demo).stdout).unwrap();
    assert!(stdout.contains("3 landed\n"), "{stdout}");
    assert!(stdout.contains("Merge plan billing"), "{stdout}");
    assert!(!stdout.contains('\x1b'), "{stdout:?}");

    // Every command it names works.
    let commands: Vec<&str> = stdout
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("orch -C "))
        .collect();
    assert!(commands.len() >= 5, "{stdout}");
    for command in commands {
        let words: Vec<&str> = command.split_once('#').unwrap().0.split_whitespace().collect();
        let mut look = orch();
        look.arg("-C").args(&words);
        succeeds(look);
    }
}

#[test]
fn the_demo_is_shown_in_a_browser_until_it_is_interrupted() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let mut demo = orch();
    demo.arg("demo").arg(root.join("demo")).arg("--serve");
    // No browser is opened where there is no display.
    demo.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    let mut serving = Serving::by(Running::spawn(demo));
    wait_for("the end of the run", || {
        serving.running.err().contains("Ctrl-C") || !serving.running.is_alive()
    });
    let status = serving.get("/api/v1/status").is(200).json();
    let plans = status["plans"].as_array().unwrap();
    let landed = plans.iter().filter(|plan| plan["state"] == "landed");
    assert_eq!(landed.count(), PLANS.len(), "{status:#}");
    let page = serving.get("/plans/billing").is(200);
    assert!(page.body.contains("landed"), "{}", page.body);
    serving.running.signal(Signal::TERM);
    serving.running.end().code(0).ok();
    no_process_is_left(&root);
}

#[test]
fn the_demo_overwrites_nothing() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("mine"), "precious").unwrap();
    let output = orch().arg("demo").arg(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("is not empty"), "{stderr}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// A clone of this project at its last commit, with `main` checked out; from the files that matter where the project
/// is no repository.
fn clone_of_this_project(into: &Path) -> Tree {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tree = Tree::at(into);
    let cloned = project.join(".git").exists()
        && Command::new("git")
            .args(["clone", "--quiet"])
            .args([project, into])
            .status()
            .unwrap()
            .success();
    if cloned {
        tree.git("checkout --quiet -B main");
    } else {
        let files = ["plans.toml", "examples/scripted-agent.sh"];
        let documents = PLANS.map(|plan| format!("examples/plans/{plan}.md"));
        for file in files.into_iter().chain(documents.iter().map(String::as_str)) {
            tree.write(file, fs::read(project.join(file)).unwrap());
        }
        make_executable(&tree.join("examples/scripted-agent.sh"));
        tree.git("init --quiet --initial-branch=main");
    }
    tree.git("config user.name Tester");
    tree.git("config user.email tester@example.org");
    if !cloned {
        tree.commit("the example");
    }
    tree
}

#[test]
fn the_example_in_this_repository_lands_on_a_branch_of_its_own() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let clone = clone_of_this_project(&root.join("clone"));
    let main = clone.rev("main");

    let run = |args: &[&str]| {
        let mut command = orch();
        command.arg("-C").arg(clone.path()).args(args);
        String::from_utf8(succeeds(command).stdout).unwrap()
    };
    assert_eq!(run(&["check"]), "ok: 3 plans, 7 phases, 15 tasks\n");
    let summary = run(&["up", "--merge"]);
    assert!(summary.contains("3 landed\n"), "{summary}");

    assert_eq!(clone.rev("main"), main, "main is never touched");
    assert_eq!(clone.status(), "");
    let landed = clone.git("log --first-parent --format=%s main..example/landed");
    for plan in PLANS {
        assert!(landed.contains(&format!("Merge plan {plan}")), "{landed}");
        clone.git_args([
            "cat-file",
            "-e",
            &format!("example/landed:examples/made/{plan}/task_1_1.txt"),
        ]);
    }
    no_process_is_left(&root);
}

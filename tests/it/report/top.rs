//! `orch top` in a real terminal, which is tmux's.

use rustix::process::Signal;

use crate::support::{Sandbox, Tmux, document, in_terminal_of, kill, wait_for};

/// Asks at first, and works once it has an answer.
const ASKS: &str = "if test -e $MARKS/asked-$ORCH_PLAN; then work 1.1; else touch $MARKS/asked-$ORCH_PLAN; \
                    orch task ask -q Red or \"green?\"; fi";

#[test]
fn a_question_is_answered_work_is_tried_again_and_cancelled_after_a_question() {
    for (columns, rows) in [(80, 24), (200, 60)] {
        let sandbox = Sandbox::new();
        sandbox.settings("retries = 0");
        sandbox.plan("asks", "", &document(&[1]), ASKS);
        sandbox.plan("fails", "", &document(&[1]), "exit 7");
        sandbox.plan("good", "", &document(&[1]), "work 1.1");
        sandbox.plan("long", "", &document(&[1]), "gate long; work 1.1");
        sandbox.plan("behind", "depends = [\"long\"]", &document(&[1]), "work 1.1");
        for number in 0..25 {
            let name = format!("later{number:02}");
            sandbox.plan(&name, "depends = [\"behind\"]", &document(&[1]), "work 1.1");
        }
        sandbox.gate("long");
        let up = sandbox.start("up");
        sandbox.reached("long");
        sandbox.happened("plan.held", "asks");
        sandbox.happened("plan.failed", "fails");
        let Some(tmux) = Tmux::begin(&sandbox, columns, rows) else {
            sandbox.open("long");
            up.end().code(1).ok();
            return;
        };
        let before = tmux.settings("before");
        tmux.top("", "asks");
        assert!(tmux.is_alternate());
        let screen = tmux.shows("need you");
        assert!(screen.contains("30 plans: 2 need you"), "{screen}");

        tmux.press(&["1"]);
        tmux.shows("orch answer asks TEXT");
        tmux.typed("/question");
        tmux.press(&["Enter"]);
        tmux.typed("a");
        tmux.shows("answer asks:");
        tmux.typed("green, of course");
        tmux.press(&["Enter"]);
        sandbox.happened("question.answered", "asks");
        sandbox.happened("plan.finished", "asks");

        sandbox.script("fails", "work 1.1");
        tmux.press(&["2"]);
        tmux.typed("/fails");
        tmux.press(&["Enter"]);
        tmux.typed("r");
        sandbox.happened("plan.finished", "fails");

        tmux.typed("/long");
        tmux.press(&["Enter"]);
        tmux.typed("y");
        tmux.shows("Esc out");
        tmux.press(&["Escape"]);
        tmux.shows("? keys");
        tmux.typed("x");
        tmux.shows("Cancel long for good? skipped with it: behind");
        tmux.typed("n");
        tmux.shows("? keys");
        assert_eq!(sandbox.count("cancel.requested", None), 0);
        tmux.typed("x");
        tmux.shows("Cancel long for good?");
        tmux.typed("y");
        sandbox.happened("plan.cancelled", "long");

        tmux.typed("q");
        tmux.shows("ready>");
        assert!(!tmux.is_alternate());
        assert_eq!(tmux.settings("behind"), before);
        up.end().code(1).ok();
        assert_eq!(sandbox.state("behind"), "skipped");
    }
}

#[test]
fn it_shows_the_journal_without_a_supervisor_and_a_log_and_steers_nothing_with_readonly() {
    let sandbox = Sandbox::new();
    sandbox.plan(
        "p",
        "",
        &document(&[1]),
        "echo 'evil \\033[31mred 計画'; work 1.1",
    );
    sandbox.orch("up").code(0).ok();
    let Some(tmux) = Tmux::begin(&sandbox, 80, 24) else {
        return;
    };
    tmux.top("--readonly", "finished");
    tmux.shows("no supervisor");
    tmux.shows("read only");
    tmux.typed("x");
    tmux.shows("nothing is steered from here");
    tmux.press(&["Enter"]);
    tmux.shows("attempts");
    tmux.press(&["Enter"]);
    tmux.shows("red 計画");
    tmux.shows("p-1: ended");
    tmux.run(&["resize-window", "-t", "t", "-x", "20", "-y", "5"]);
    tmux.shows("? keys");
    tmux.run(&["resize-window", "-t", "t", "-x", "100", "-y", "30"]);
    tmux.shows("follow");
    tmux.typed("6");
    tmux.shows("agent.started");
    tmux.typed(":status");
    tmux.press(&["Enter"]);
    tmux.shows("target main");
    tmux.press(&["Escape"]);
    tmux.shows("agent.started");
    tmux.press(&["C-c"]);
    tmux.shows("ready>");
    assert_eq!(sandbox.count("run.started", None), 1);
}

#[test]
fn the_terminal_is_given_back_to_the_pager_when_suspended_and_when_a_signal_ends_it() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(0).ok();
    let Some(tmux) = Tmux::begin(&sandbox, 80, 24) else {
        return;
    };
    let before = tmux.settings("before");
    tmux.typed("set -m; PAGER='sed s/^/seen:/' ");
    tmux.top("", "finished");
    tmux.typed("D");
    tmux.shows("seen:+");
    assert!(!tmux.is_alternate());
    tmux.press(&["Enter"]);
    tmux.shows("TASKS");
    tmux.press(&["C-z"]);
    tmux.shows("ready>");
    assert!(!tmux.is_alternate());
    assert_eq!(tmux.settings("stopped"), before);
    tmux.typed("fg");
    tmux.press(&["Enter"]);
    tmux.shows("TASKS");
    assert!(tmux.is_alternate());
    tmux.typed("?");
    tmux.shows("next tab");
    tmux.press(&["Escape"]);
    for signal in [Signal::TERM, Signal::HUP] {
        tmux.shows("TASKS");
        let processes = sandbox.processes();
        let top = processes.iter().find(|(_, line)| line.contains("orch top"));
        kill(top.unwrap().0, signal);
        tmux.shows("ready>");
        assert!(!tmux.is_alternate());
        assert_eq!(tmux.settings("ended"), before, "{signal:?}");
        if signal == Signal::TERM {
            tmux.top("", "finished");
        }
    }
}

#[test]
fn it_ends_with_its_terminal() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(0).ok();
    let Some(tmux) = Tmux::begin(&sandbox, 80, 24) else {
        return;
    };
    tmux.top("", "finished");
    let is_there = || {
        let mut processes = sandbox.processes().into_iter();
        processes.any(|(_, line)| line.contains("orch top"))
    };
    assert!(is_there());
    drop(tmux);
    // It had read for ever from a terminal that was gone, and no signal ended it.
    wait_for("its end", || !is_there());
}

#[test]
fn without_a_terminal_it_refuses_and_names_what_does_without() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.orch("top").code(2).says("orch status --watch").ok();
    let said = in_terminal_of(sandbox.command(["top"]), 80, 24, "dumb");
    assert!(
        said.contains("orch status --watch") && !said.contains("\x1b[?1049h"),
        "{said:?}"
    );
    sandbox
        .orch("demo place --top")
        .code(2)
        .says("orch status --watch")
        .ok();
    assert!(!sandbox.join("place").exists());
}

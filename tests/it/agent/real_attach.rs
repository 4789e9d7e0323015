//! `orch attach` with the real agent programs in a real terminal, against the project's own model server.

use super::real_agents::is_long;
use crate::support::real::Real;
use crate::support::{Tmux, wait_for};

/// How a person uses a program in a terminal.
struct Hand {
    program: &'static str,
    /// What the screen shows when the program takes a prompt.
    ready: &'static str,
    /// What the program asks before it works, which is answered with Enter.
    asks: &'static [&'static str],
    /// The word that ends the program.
    leave: &'static str,
}

/// A plan whose agent is in the middle of a tool when a person takes its place, lets the program finish the work in the same
/// conversation, leaves the program and lands the plan.
fn a_person_finishes(hand: &Hand) {
    a_person_finishes_part(hand, "", "p", "");
}

/// The same with a task of the plan, in a terminal that is not tmux's own.
fn a_person_finishes_a_task(hand: &Hand) {
    let plain = "script -qfc 'env -u TMUX -u TMUX_PANE ";
    a_person_finishes_part(hand, "\ndispatch = \"task\"", "p.1.1", plain);
}

fn a_person_finishes_part(hand: &Hand, keys: &str, what: &str, within: &str) {
    let Some(real) = Real::with(&[hand.program]) else {
        return;
    };
    if hand.program == "gemini" {
        real.tables("[agents.gemini]\nmodel = \"script\"");
    }
    let step = r#"{"run": "touch .orch/ready; sleep 1000"}"#;
    real.scripted(
        "p",
        &format!("agent = \"{}\"{keys}", hand.program),
        &format!("[{step}]"),
    );
    let up = real.begin("up --merge");
    let ready = real.worktree("p").path().join(".orch/ready");
    wait_for("its first tool", || ready.exists());
    let Some(tmux) = Tmux::with(&real, &real.real_command("--version"), 160, 50) else {
        up.kill();
        return;
    };
    let end = if within.is_empty() { "" } else { "' /dev/null" };
    let line = format!("{within}{} attach {what}{end}", env!("CARGO_BIN_EXE_orch"));
    tmux.typed(&line);
    tmux.press(&["Enter"]);
    // A question may be on the screen for a while before the program takes an answer, and after that.
    let mut looks = 0;
    let mut answer = |screen: &str| {
        let asked = hand.asks.iter().any(|text| screen.contains(text));
        looks = if asked { looks + 1 } else { 0 };
        if looks % 20 == 1 {
            tmux.press(&["Enter"]);
        }
        asked
    };
    wait_for("the conversation", || {
        let screen = tmux.screen();
        !answer(&screen) && screen.contains(hand.ready)
    });
    tmux.typed(r#"Go on [[script: [{"run": "echo x > x && git add x && git commit -qm x && orch task done -q 1.1"}, {"say": "finished"}]]]"#);
    tmux.shows("finished\"}]]]");
    tmux.press(&["Enter"]);
    wait_for("the report", || {
        let screen = tmux.screen();
        answer(&screen);
        // The last word of its turn, which the prompt has, too.
        let said = |line: &str| line.contains("finished") && !line.contains("\"finished\"");
        screen.lines().any(said)
    });
    tmux.typed(hand.leave);
    tmux.shows(hand.leave);
    tmux.press(&["Enter"]);
    tmux.shows("left p; the supervisor judges what you did");
    drop(tmux);
    up.end().code(0).ok();
    assert_eq!(real.state("p"), "landed", "{}", real.why("p"));
    assert_eq!(real.git("show main:x").trim(), "x");
    assert_eq!(real.count("agent.started", Some("p")), 1);
    real.nothing_is_left();
}

const CLAUDE: Hand = Hand {
    program: "claude",
    ready: "? for shortcuts",
    asks: &["Yes, I trust this folder", "Do you want to proceed?"],
    leave: "/exit",
};

const CODEX: Hand = Hand {
    program: "codex",
    ready: "touch .orch/ready",
    asks: &["Trust this folder?", "Would you like to run"],
    leave: "/quit",
};

const OPENCODE: Hand = Hand {
    program: "opencode",
    ready: "tab agents",
    asks: &[],
    leave: "/exit",
};

#[test]
fn claude_continues_for_a_person() {
    a_person_finishes(&CLAUDE);
}

#[test]
fn claude_continues_a_task_for_a_person() {
    a_person_finishes_a_task(&CLAUDE);
}

#[test]
fn codex_continues_for_a_person() {
    a_person_finishes(&CODEX);
}

#[test]
fn codex_continues_a_task_for_a_person() {
    a_person_finishes_a_task(&CODEX);
}

#[test]
fn opencode_continues_for_a_person() {
    a_person_finishes(&OPENCODE);
}

#[test]
fn opencode_continues_a_task_for_a_person() {
    a_person_finishes_a_task(&OPENCODE);
}

#[test]
fn gemini_continues_for_a_person() {
    if !is_long() {
        return;
    }
    a_person_finishes(&Hand {
        program: "gemini",
        ready: "Type your message",
        asks: &["Allow execution", "Do you trust"],
        leave: "/quit",
    });
}

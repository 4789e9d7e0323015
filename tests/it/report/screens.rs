//! What a person sees in a terminal: bars, tables, and text that fits.

use unicode_width::UnicodeWidthStr;

use crate::support::{Sandbox, document, in_terminal, in_terminal_of, wait_for};

/// The text without colours and moves of the cursor.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\x1b' => drop(rest.by_ref().skip(1).find(char::is_ascii_alphabetic)),
            '\r' => out.push('\n'),
            c => out.push(c),
        }
    }
    out
}

#[test]
fn plans_that_were_not_asked_for_have_neither_a_bar_nor_a_row() {
    let sandbox = Sandbox::new();
    sandbox.plan("asked", "", &document(&[1]), "work 1.1");
    sandbox.plan("other", "", &document(&[1]), "work 1.1");
    let shown = plain(&in_terminal(sandbox.command(["up", "asked"]), 100));
    assert!(shown.contains("asked"), "{shown}");
    assert!(!shown.contains("0/0"), "{shown}");
    assert!(!shown.contains("other"), "{shown}");
    assert!(shown.contains("; 1 plan was not part of this run"), "{shown}");
    // What is merged has been driven by nobody in this run, and has its bar.
    sandbox.orch("up other").code(0).ok();
    let shown = plain(&in_terminal(sandbox.command(["merge", "asked"]), 100));
    assert!(shown.contains("asked") && shown.contains("landed"), "{shown}");
}

#[test]
fn a_notice_above_the_bars_has_its_time_and_is_broken_between_words() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.plan("p", "", &document(&[1]), "exit 7");
    let shown = plain(&in_terminal(sandbox.command(["up"]), 36));
    let at = shown
        .find("p: the agent exited with")
        .unwrap_or_else(|| panic!("{shown}"));
    let time = shown.get(at - 9..at).unwrap();
    assert!(
        time.as_bytes()[2] == b':' && time.as_bytes()[5] == b':' && time.ends_with(' '),
        "{time}"
    );
    assert!(!shown.contains("p: the agent exited with code"), "{shown}");
    assert!(shown.contains("\u{20}        code 7"), "{shown}");
}

#[test]
fn a_board_fits_its_terminal_and_shows_first_what_needs_a_person() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    for number in 0..11 {
        sandbox.plan(&format!("good-{number}"), "", &document(&[1]), "work 1.1");
    }
    sandbox.plan("bad", "", &document(&[1]), "exit 7");
    let raw = in_terminal_of(sandbox.command(["up"]), 90, 6, "xterm-256color");
    let board = &raw[..raw.rfind("\x1b[?2026l").unwrap()];
    let shown = plain(board);
    assert!(shown.contains("12 plans: 1 needs you, 11 finished"), "{shown}");
    assert!(shown.contains("+ 9 finished"), "{shown}");
    let failed = |line: &str| line.starts_with("bad ") && line.contains("failed") && line.contains("code 7");
    assert!(shown.lines().any(failed), "{shown}");
    assert_eq!(shown.matches("bad: the agent exited").count(), 1, "{shown}");
    // Of a board of five lines, none is further up than four.
    assert!(!board.contains("\x1b[5A"), "{board:?}");
    assert!(raw.rfind("\x1b[?25h") > raw.rfind("\x1b[?25l"), "{raw:?}");
}

#[test]
fn a_terminal_that_obeys_nothing_gets_plain_lines() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    let shown = in_terminal_of(sandbox.command(["up"]), 90, 24, "dumb");
    assert!(
        shown.contains("agent.started") || shown.contains("started"),
        "{shown}"
    );
    assert!(!shown.contains('\x1b'), "{shown:?}");
}

#[test]
fn the_table_is_as_wide_as_its_terminal_and_eighty_columns_elsewhere() {
    let sandbox = Sandbox::new();
    let long = "a-plan-whose-name-is-longer-than-twenty-columns";
    sandbox.plan(long, "", &document(&[1]), "work 1.1");
    sandbox.plan(
        "p",
        &format!("depends = [\"{long}.1.1\"]"),
        &document(&[1]),
        "work 1.1",
    );
    let whole = format!("waits for {long}.1.1");
    let widest = |text: &str| text.lines().map(UnicodeWidthStr::width).max().unwrap_or(0);
    let wide = plain(&in_terminal(sandbox.command(["status"]), 160));
    assert!(wide.contains(&whole), "{wide}");
    let narrow = plain(&in_terminal(sandbox.command(["status"]), 70));
    assert!(widest(&narrow) <= 70 && narrow.contains('…'), "{narrow}");
    let why = plain(&in_terminal(sandbox.command(["why", "p"]), 70));
    assert!(widest(&why) <= 70 && why.contains(long), "{why}");
    assert!(
        widest(&sandbox.orch("why p").code(0).out) > 70,
        "what is piped is not broken"
    );
    let piped = sandbox.orch("status").code(0).out;
    assert!(widest(&piped) <= 80 && piped.contains('…'), "{piped}");
}

#[test]
fn the_columns_of_the_last_table_stand_below_each_other() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 1");
    let spends = r#"echo '{"type":"result","subtype":"success","session_id":"s","is_error":false,"result":"done","total_cost_usd":0.25,"usage":{"input_tokens":100,"output_tokens":20}}'"#;
    let twice = format!("[ $ORCH_ATTEMPT = twice-1 ] && exit 3; work 1.1; {spends}");
    sandbox.plan("once", "", &document(&[1]), &format!("work 1.1; {spends}"));
    sandbox.plan("twice", "", &document(&[1]), &twice);
    let text = sandbox.read("plans.toml");
    sandbox.write(
        "plans.toml",
        text.replace("command = [", "events = \"claude\"\ncommand = ["),
    );
    let said = sandbox.orch("up").code(0).out;
    let row = |name: &str| {
        said.lines()
            .find(|line| line.starts_with(name))
            .unwrap()
            .to_owned()
    };
    assert!(row("twice").contains("2 attempts"), "{said}");
    let place = row("once").find("$0.25");
    assert!(place.is_some() && place == row("twice").find("$0.25"), "{said}");
    let narrow = plain(&in_terminal(sandbox.command(["up"]), 56));
    assert!(
        narrow
            .lines()
            .any(|line| line.trim_start().starts_with("0 tokens, $0.25")),
        "{narrow}"
    );
}

#[test]
fn a_preview_fits_eighty_columns_and_says_once_what_is_the_same_for_all_strategies() {
    let sandbox = Sandbox::new();
    let files = "`src/one/file.rs`, `src/another/file.rs` and `src/a/third/file.rs`";
    let written = format!("# P\n## Phase 1: a\n- [ ] 1.1 Write {files}\n");
    for name in ["one", "another", "a-third"] {
        sandbox.plan(name, "", &written, "work 1.1");
    }
    let shown = sandbox.orch("preview").code(0).out;
    for line in shown.lines() {
        assert!(line.width() <= 80, "{line}");
    }
    assert!(shown.contains("any strategy"), "{shown}");
    assert!(!shown.contains("  pipeline"), "{shown}");
    let long: Vec<&str> = shown.lines().filter(|line| line.contains("  auto  ")).collect();
    assert!(long.is_empty(), "{shown}");
}

#[test]
fn every_page_of_the_manual_that_is_referred_to_can_be_had() {
    let sandbox = Sandbox::new();
    let page = sandbox.orch("man").code(0).out;
    assert!(
        page.contains("[OPTIONS]") && !page.contains("[\\fB\\-C\\fR"),
        "{page}"
    );
    sandbox
        .orch("man --dir pages")
        .code(0)
        .says("pages into pages")
        .ok();
    let mut referred = 0;
    for entry in std::fs::read_dir(sandbox.join("pages")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let names = text.lines().filter_map(|line| line.strip_suffix("(1)"));
        for name in names.filter(|name| name.starts_with("orch")) {
            let file = format!("pages/{}.1", name.replace('\\', ""));
            assert!(sandbox.join(&file).is_file(), "{file}");
            referred += 1;
        }
    }
    assert!(referred > 40, "{referred}");
    sandbox
        .orch("man task start")
        .code(0)
        .says("orch task start")
        .ok();
    sandbox
        .orch("man nothing")
        .code(2)
        .says("there is no command `nothing`")
        .ok();
}

#[test]
fn a_plan_that_the_option_names_is_the_one_that_is_driven_and_merged() {
    let sandbox = Sandbox::new();
    sandbox.plan("one", "", &document(&[1]), "work 1.1");
    sandbox.plan("other", "", &document(&[1]), "work 1.1");
    sandbox.orch("up --plan one").code(0).ok();
    assert_eq!(
        (sandbox.state("one"), sandbox.state("other")),
        ("finished".into(), "ready".into())
    );
    sandbox.orch("up other").code(0).ok();
    sandbox.orch("merge --plan other").code(0).ok();
    assert_eq!(
        (sandbox.state("one"), sandbox.state("other")),
        ("finished".into(), "landed".into())
    );
    sandbox.orch("merge one").code(0).ok();
    let since = |plan: &str| sandbox.shown(plan)["since"].clone();
    let landed = since("other");
    sandbox.orch("digest").code(0).ok();
    let again = sandbox.orch("merge other").code(0).out;
    assert_eq!(since("other"), landed, "it landed before");
    sandbox.orch("digest --json").code(0).ok();
    let digest = sandbox.orch("digest --json --since 1h").code(0).json();
    assert_eq!(digest["landed"].as_array().unwrap().len(), 2, "{digest}");
    assert!(again.contains("(it was there already)"), "{again}");
    assert!(!again.contains(" -> "), "the target has not moved: {again}");
}

#[test]
fn tasks_that_were_skipped_because_something_failed_do_not_count_as_done() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0\ndispatch = \"task\"");
    let written = "# P\n## Phase 1: a\n- [ ] 1.1 x\n- [ ] 1.2 y\n## Phase 2: b\n- [ ] 2.1 z (depends: 1.1)\n\
                   - [ ] 2.2 z (depends: 2.1)\n";
    let script = "case $ORCH_TASK in 1.1) exit 3;; 1.2) orch task skip -q 1.2;; *) work $ORCH_TASK;; esac";
    sandbox.plan("p", "allow_empty = true", written, script);
    let up = sandbox.orch("up").code(1).out;
    assert!(up.contains("1/4   tasks, 2 skipped"), "{up}");
    let table = sandbox.orch("status").code(0).out;
    assert!(table.contains(" 1/4 "), "{table}");
    sandbox
        .orch("status p")
        .code(0)
        .says("1 of 4 tasks, 2 skipped")
        .ok();
    let preview = sandbox.orch("preview").code(0).out;
    assert!(preview.contains("1 of 4 tasks are done"), "{preview}");
}

#[test]
fn a_verify_block_is_seen_with_its_state() {
    let sandbox = Sandbox::new();
    let written =
        "# P\n## Phase 1: a\n- [ ] 1.1 x\n\n**VERIFY Phase 1:**\n- [ ] the tests pass\n- [ ] it is fast\n";
    sandbox.plan("p", "", written, "work 1.1; orch task done -q 1.verify");
    sandbox
        .orch("status p")
        .code(0)
        .says("pending  1.verify VERIFY: the tests pass; and 1 more")
        .ok();
    sandbox.orch("up").code(0).ok();
    sandbox
        .orch("status p")
        .code(0)
        .says("done     1.verify VERIFY")
        .ok();
    assert_eq!(sandbox.shown("p")["phases"][0]["verify"]["state"], "done");
}

#[test]
fn names_that_are_cut_stay_different_and_are_whole_where_there_is_room() {
    let sandbox = Sandbox::new();
    let names = ["payments-service-checkout-api", "payments-service-checkout-web"];
    for name in names {
        sandbox.plan(name, "", &document(&[1]), "work 1.1");
    }
    let piped = sandbox.orch("status").code(0).out;
    for name in names {
        assert!(piped.contains(name), "{piped}");
    }
    let narrow = plain(&in_terminal(sandbox.command(["status"]), 60));
    assert!(narrow.contains("-api  ") && narrow.contains("-web  "), "{narrow}");
    let bars = plain(&in_terminal(sandbox.command(["up"]), 120));
    let with_bar = |name: &str| {
        bars.lines()
            .any(|line| line.contains(name) && line.contains("1/1   finished"))
    };
    assert!(names.iter().all(|name| with_bar(name)), "{bars}");
}

#[test]
fn a_watcher_that_writes_to_a_file_writes_again_only_when_something_changes() {
    let sandbox = Sandbox::new();
    let up = sandbox.at_work();
    let file = sandbox.join("watched");
    let mut watcher = sandbox
        .command(["status", "--watch"])
        .stdout(std::fs::File::create(&file).unwrap())
        .spawn()
        .unwrap();
    let tables = || std::fs::read_to_string(&file).unwrap().matches("PLAN").count();
    wait_for("the first table", || tables() == 1);
    sandbox.orch("pause p").code(0).ok();
    // Were it written as time passes, the table would have come again and again by then.
    wait_for("the table with the pause", || {
        std::fs::read_to_string(&file).unwrap().contains("paused")
    });
    assert_eq!(tables(), 2);
    watcher.kill().unwrap();
    watcher.wait().unwrap();
    sandbox.orch("resume p").code(0).ok();
    sandbox.open("p");
    up.end().code(0).ok();
}

#[test]
fn a_blocked_plan_names_what_stands_still_behind_what_it_waits_for() {
    let sandbox = Sandbox::new();
    sandbox.plan(
        "a",
        "[plans.a.phases.1]\ngate = \"approve\"\n",
        &document(&[1]),
        "work 1.1",
    );
    sandbox.plan("b", "depends = [\"a\"]", &document(&[1]), "work 1.1");
    sandbox.plan("c", "depends = [\"b\"]", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(1).ok();
    assert!(
        sandbox.why("b").contains("waits for a; a is held"),
        "{}",
        sandbox.why("b")
    );
    let why = sandbox.why("c");
    assert!(why.contains("waits for b, which waits for a; a is held"), "{why}");
    sandbox.orch("why c").code(0).says("next: orch why a").ok();
}

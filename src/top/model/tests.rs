use proptest::prelude::*;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::*;
use crate::plan::PlanState;
use crate::top::sample::{at, model, seen};

fn key(c: char) -> TopEvent {
    TopEvent::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE))
}

fn code(code: KeyCode) -> TopEvent {
    TopEvent::Key(KeyEvent::new(code, KeyModifiers::NONE))
}

fn control(c: char) -> TopEvent {
    TopEvent::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL))
}

/// Presses these keys and returns the orders of the last one. `\n` is Enter, `\x1b` Esc, `\t` Tab.
fn press(model: &mut TopModel, keys: &str) -> Vec<TopOrder> {
    let mut orders = Vec::new();
    for c in keys.chars() {
        let event = match c {
            '\n' => code(KeyCode::Enter),
            '\x1b' => code(KeyCode::Esc),
            '\t' => code(KeyCode::Tab),
            c => key(c),
        };
        orders = update(model, event);
    }
    orders
}

fn runs(line: &str, shown: OutputPlace) -> Vec<TopOrder> {
    vec![TopOrder::Run {
        argv: line.split('|').map(str::to_owned).collect(),
        shown,
    }]
}

fn choose(model: &mut TopModel, plan: &str) {
    model.tab = Tab::Fleet;
    let at = model.sorted().position(|row| row.name == plan);
    model.fleet.at = at.unwrap();
}

fn ended(model: &mut TopModel, line: &str, good: bool, text: &str) {
    let finished = Finished {
        argv: line.split(' ').map(str::to_owned).collect(),
        shown: OutputPlace::Note,
        good,
        text: text.to_owned(),
    };
    update(model, TopEvent::Finished(finished));
}

#[test]
fn what_needs_a_person_comes_first_then_what_runs() {
    let model = model(80, 24);
    let states: Vec<PlanState> = model.sorted().map(|row| row.state).collect();
    let first = model.sorted().next().unwrap();
    assert_eq!(first.need, Some(0));
    assert_eq!(states[2..4], [PlanState::Running; 2]);
    assert_eq!(*states.last().unwrap(), PlanState::Landed);
}

#[test]
fn keys_move_and_stay_within_the_list() {
    let mut model = model(80, 24);
    press(&mut model, "jjjk");
    assert_eq!(model.fleet.at, 2);
    press(&mut model, "G");
    assert_eq!(
        (model.fleet.at, model.fleet.top),
        (29, 30 - model.rows(Tab::Fleet))
    );
    press(&mut model, "j");
    assert_eq!(model.fleet.at, 29);
    update(&mut model, code(KeyCode::PageUp));
    assert_eq!(model.fleet.at, 29 + 1 - model.rows(Tab::Fleet));
    press(&mut model, "gk");
    assert_eq!(model.fleet, Cursor::default());
}

#[test]
fn whoever_is_chosen_stays_chosen_when_the_order_changes() {
    let mut model = model(80, 24);
    choose(&mut model, "plan21");
    press(&mut model, "o");
    assert_eq!(
        (model.sorting, model.chosen().unwrap().name.as_str()),
        (Sorting::Manifest, "plan21")
    );
    let mut next = seen();
    next.plans.remove(3);
    next.plans.reverse();
    update(&mut model, TopEvent::Seen(Box::new(next)));
    assert_eq!(model.chosen().unwrap().name, "plan21");
}

#[test]
fn enter_goes_into_the_plan_and_its_log_and_esc_goes_out() {
    let mut model = model(80, 24);
    choose(&mut model, "plan03");
    let purpose = PagePurpose::Plan("plan03".to_owned());
    assert_eq!(
        press(&mut model, "\n"),
        runs("status|plan03", OutputPlace::Page(purpose.clone()))
    );
    let finished = Finished {
        argv: vec!["status".to_owned(), "plan03".to_owned()],
        shown: OutputPlace::Page(purpose),
        good: true,
        text: "plan03: ready".to_owned(),
    };
    update(&mut model, TopEvent::Finished(finished));
    assert!(model.page.is_some() && model.under_way.is_empty());
    let log = Some(("plan03".to_owned(), false));
    assert_eq!(press(&mut model, "\n"), [TopOrder::Watch(log, false)]);
    assert_eq!((model.tab, &model.page), (Tab::Log, &None));
    assert_eq!(press(&mut model, "\x1b"), [TopOrder::Watch(None, false)]);
    assert_eq!(model.tab, Tab::Fleet);
}

#[test]
fn tabs_follow_each_other_and_only_what_is_shown_is_read() {
    let mut model = model(80, 24);
    choose(&mut model, "plan03");
    assert_eq!(press(&mut model, "\t"), [TopOrder::Watch(None, true)]);
    assert_eq!(press(&mut model, "\t"), [TopOrder::Watch(None, false)]);
    let log = Some(("plan03".to_owned(), false));
    assert_eq!(press(&mut model, "\t"), [TopOrder::Watch(log, false)]);
    press(&mut model, "\t\t\t");
    assert_eq!(model.tab, Tab::Fleet);
    update(&mut model, code(KeyCode::BackTab));
    assert_eq!(model.tab, Tab::Needs);
    press(&mut model, "6");
    assert_eq!(model.tab, Tab::Events);
}

#[test]
fn keys_that_steer_are_commands_about_the_chosen_plan_or_the_marked_ones() {
    let mut model = model(80, 24);
    choose(&mut model, "plan02");
    assert_eq!(press(&mut model, "r"), runs("retry|plan02", OutputPlace::Note));
    assert_eq!(press(&mut model, "p"), runs("pause|plan02", OutputPlace::Note));
    choose(&mut model, "plan16");
    assert!(model.chosen().unwrap().paused);
    assert_eq!(press(&mut model, "p"), runs("resume|plan16", OutputPlace::Note));
    assert_eq!(
        press(&mut model, "y"),
        runs("why|plan16", OutputPlace::Page(PagePurpose::Answer))
    );
    assert_eq!(
        press(&mut model, "D"),
        [TopOrder::Terminal(vec!["diff".to_owned(), "plan16".to_owned()])]
    );
    choose(&mut model, "plan08");
    press(&mut model, " ");
    choose(&mut model, "plan06");
    press(&mut model, " ");
    assert_eq!(
        press(&mut model, "r"),
        runs("retry|plan06|plan08", OutputPlace::Note)
    );
    // In a log, keys act on the log's plan, whether or not it is marked.
    press(&mut model, "5");
    model.log = model.log.of("plan01", false);
    assert_eq!(press(&mut model, "r"), runs("retry|plan01", OutputPlace::Note));
}

#[test]
fn cancelling_asks_and_names_what_is_skipped_with_it() {
    let mut model = model(80, 24);
    choose(&mut model, "plan02");
    assert_eq!(press(&mut model, "x"), []);
    let Some(TopQuestion::Sure { question, .. }) = &model.ask else {
        panic!("{:?}", model.ask);
    };
    // Includes indirect dependents.
    assert_eq!(
        question,
        "Cancel plan02 for good? skipped with it: plan05, plan11, plan12."
    );
    assert_eq!(press(&mut model, "jn"), []);
    assert_eq!(model.ask, None);
    assert_eq!(press(&mut model, "xy"), runs("cancel|plan02", OutputPlace::Note));
    assert_eq!(press(&mut model, "m"), []);
    assert_eq!(press(&mut model, "y"), runs("merge|plan02", OutputPlace::Note));
}

#[test]
fn cancelling_a_plan_that_has_landed_asks_nothing() {
    let mut model = model(80, 24);
    let landed = model.seen.plans.iter().find(|row| row.state == PlanState::Landed);
    let landed = landed.unwrap().name.clone();
    choose(&mut model, &landed);
    assert_eq!(
        press(&mut model, "x"),
        runs(&format!("cancel|{landed}"), OutputPlace::Note)
    );
    assert_eq!(model.ask, None);
}

#[test]
fn a_question_is_answered_and_a_gate_is_approved() {
    let mut model = model(80, 24);
    press(&mut model, "1a");
    press(&mut model, "grüx");
    update(&mut model, code(KeyCode::Backspace));
    update(&mut model, TopEvent::Paste("n, or\rred".to_owned()));
    let who = "計画計画計画計画計画計画計画";
    let argv = format!("answer|{who}|--|grün, or red");
    assert_eq!(press(&mut model, "\n"), runs(&argv, OutputPlace::Note));
    // No other question is answered, whatever the plan asks by then.
    let asking = model.seen.plans.iter_mut().find(|row| row.name == who);
    asking.unwrap().asks = vec![(who.to_owned(), "Red or green?".to_owned())];
    let argv = format!("answer|--question=Red or green?|{who}|--|red");
    assert_eq!(press(&mut model, "ared\n"), runs(&argv, OutputPlace::Note));
    let gate = "payments-service-checkout-api-of-the-shop";
    assert_eq!(
        press(&mut model, "jay"),
        runs(&format!("approve|{gate}"), OutputPlace::Note)
    );
    choose(&mut model, gate);
    assert_eq!(
        press(&mut model, "ay"),
        runs(&format!("approve|{gate}"), OutputPlace::Note)
    );
    choose(&mut model, "plan02");
    assert_eq!(press(&mut model, "a"), []);
    assert_eq!(
        model.note.as_deref(),
        Some("nothing of plan02 waits for an answer or an approval")
    );
    assert_eq!(
        press(&mut model, "sgo on\n"),
        runs("send|plan02|--|go on", OutputPlace::Note)
    );
    // An empty message is not sent.
    assert_eq!(press(&mut model, "s \n"), []);
}

#[test]
fn a_review_is_shown_and_approves_the_commit_that_the_question_names() {
    let mut model = model(80, 24);
    let head = "0123456789abcdef0123456789abcdef01234567";
    let plan = model.seen.needs[1].plan.clone().unwrap();
    model.seen.needs[1].kind = "review";
    model.seen.needs[1].command = Some(format!("orch review {plan}"));
    let row = model.seen.plans.iter_mut().find(|row| row.name == plan);
    row.unwrap().head = Some(head.to_owned());
    choose(&mut model, &plan);
    let shown = runs(&format!("review|{plan}"), OutputPlace::Page(PagePurpose::Answer));
    assert_eq!(press(&mut model, "R"), shown);
    assert_eq!(press(&mut model, "a"), []);
    let Some(TopQuestion::Sure { question, .. }) = &model.ask else {
        panic!("{:?}", model.ask);
    };
    assert!(question.contains("0123456789?"), "{question}");
    let approves = format!("review|{plan}|--approve|--commit|{head}");
    assert_eq!(press(&mut model, "y"), runs(&approves, OutputPlace::Note));
}

#[test]
fn the_terminal_goes_to_a_conversation_and_no_key_does_what_another_says() {
    let mut model = model(80, 24);
    choose(&mut model, "plan02");
    let attach = ["attach", "plan02"].map(str::to_owned).to_vec();
    assert_eq!(press(&mut model, "A"), [TopOrder::Terminal(attach)]);
    // Only the keys of the list do anything.
    for key in ('a'..='z').chain('A'..='Z') {
        let listed = KEYS
            .iter()
            .any(|own| own.keys.split(' ').any(|name| name == key.to_string()));
        let mut model = self::model(80, 24);
        choose(&mut model, "plan02");
        let orders = press(&mut model, &key.to_string());
        let idle = orders.is_empty() && model.ask.is_none() && model.page.is_none();
        assert!(listed || idle, "{key}: {orders:?} {:?}", model.ask);
    }
}

#[test]
fn with_readonly_no_key_steers() {
    let mut model = model(80, 24);
    model.readonly = true;
    for key in ["a", "s", "r", "p", "x", "m", "A", ":retry plan02\n", ":orch up\n"] {
        assert_eq!(press(&mut model, key), [], "{key}");
        assert!(model.ask.is_none() && model.note.is_some(), "{key}");
    }
    let looks = runs("why|plan02", OutputPlace::Page(PagePurpose::Said));
    assert_eq!(press(&mut model, ":why plan02\n"), looks);
}

#[test]
fn any_command_can_be_typed_and_those_that_need_the_terminal_get_it() {
    let mut model = model(80, 24);
    let shown = OutputPlace::Page(PagePurpose::Said);
    assert_eq!(
        press(&mut model, ":orch send plan02 'go  on'\n"),
        runs("send|plan02|go  on", shown)
    );
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(press(&mut model, ":up\n"), [TopOrder::Terminal(words("up"))]);
    assert_eq!(
        press(&mut model, ":logs -f plan02\n"),
        [TopOrder::Terminal(words("logs -f plan02"))]
    );
    assert_eq!(press(&mut model, ":why 'plan\n"), []);
    assert!(model.note.is_some());
}

#[test]
fn a_short_answer_is_said_and_a_long_or_bad_one_is_a_page() {
    let mut model = model(80, 24);
    ended(&mut model, "retry plan02", true, "plan02: again\n");
    assert_eq!(model.note.as_deref(), Some("plan02: again"));
    ended(&mut model, "retry plan02", true, "");
    assert_eq!(model.note.as_deref(), Some("orch retry plan02: done"));
    ended(&mut model, "merge plan02", true, "one\n\n two");
    assert_eq!((model.note.as_deref(), &model.page), (Some("one; two"), &None));
    ended(&mut model, "retry plan02", false, "error: no");
    assert_eq!(model.page.as_ref().unwrap().lines, ["error: no"]);
    press(&mut model, "q");
    assert_eq!(model.page, None);
}

#[test]
fn a_key_right_behind_esc_is_not_lost() {
    let mut model = model(80, 24);
    choose(&mut model, "plan02");
    press(&mut model, "?");
    let key = KeyEvent::new(KeyCode::Char('x'), KeyModifiers::ALT);
    update(&mut model, TopEvent::Key(key));
    assert!(model.page.is_none() && model.ask.is_some());
}

#[test]
fn a_page_comes_only_to_who_still_waits_for_it() {
    let mut model = model(80, 24);
    let answer = |model: &mut TopModel, good, purpose| {
        let finished = Finished {
            argv: vec!["why".to_owned(), "plan02".to_owned()],
            shown: OutputPlace::Page(purpose),
            good,
            text: "because".to_owned(),
        };
        update(model, TopEvent::Finished(finished));
        model.page.take().is_some()
    };
    choose(&mut model, "plan02");
    press(&mut model, "y");
    assert!(answer(&mut model, true, PagePurpose::Answer));
    press(&mut model, "yj");
    assert!(!answer(&mut model, true, PagePurpose::Answer) && model.note.is_none());
    press(&mut model, ":why plan02\nj");
    assert!(!answer(&mut model, true, PagePurpose::Said));
    assert_eq!(model.note.as_deref(), Some("because"));
    // A failure is shown, but not while the person types.
    assert!(answer(&mut model, false, PagePurpose::Said));
    press(&mut model, "s");
    assert!(!answer(&mut model, false, PagePurpose::Said) && model.ask.is_some());
}

#[test]
fn leaving_suspending_and_drawing_anew_are_orders() {
    let mut model = model(80, 24);
    assert_eq!(press(&mut model, "q"), [TopOrder::Quit]);
    assert_eq!(update(&mut model, control('c')), [TopOrder::Quit]);
    assert_eq!(update(&mut model, control('z')), [TopOrder::Suspend]);
    assert_eq!(update(&mut model, control('l')), [TopOrder::Redraw]);
    // Typed text is not lost by leaving the program.
    press(&mut model, "s");
    assert_eq!(update(&mut model, control('c')), []);
    assert_eq!(model.ask, None);
}

#[test]
fn a_search_finds_rows_and_goes_on_at_the_beginning() {
    let mut model = model(80, 24);
    press(&mut model, "/PLAN02\n");
    assert!(model.note.is_some(), "large letters are meant");
    press(&mut model, "/plan2\n");
    let first = model.chosen().unwrap().name.clone();
    assert!(first.starts_with("plan2"), "{first}");
    press(&mut model, "n");
    assert_ne!(model.chosen().unwrap().name, first);
    press(&mut model, "N");
    assert_eq!(model.chosen().unwrap().name, first);
    // Another plan's text mentions this plan too.
    model.seen.plans[2].said = "conflicts with plan19".to_owned();
    press(&mut model, "g/plan19\n");
    assert_eq!(model.chosen().unwrap().name, "plan19");
    press(&mut model, "6/plan07\n");
    assert_eq!(model.events[model.events_at.at].plan, "plan07");
}

fn more(lines: &[&str]) -> TopEvent {
    TopEvent::Log(LogPiece {
        plan: "plan02".to_owned(),
        attempt: "plan02-1".to_owned(),
        lines: lines.iter().map(|line| (*line).to_owned()).collect(),
        ..LogPiece::default()
    })
}

#[test]
fn a_log_is_followed_until_one_moves_and_searched_in_lines_to_come() {
    let mut model = model(80, 24);
    model.tab = Tab::Log;
    assert!(model.log.follow);
    press(&mut model, "k");
    let top = model.log.top;
    assert!(!model.log.follow);
    update(&mut model, more(&["101"]));
    assert_eq!(model.log.top, top);
    press(&mut model, "G");
    assert!(model.log.follow);
    press(&mut model, "/panicked\n");
    assert!(model.note.as_deref().unwrap().contains("the next line with it"));
    update(&mut model, more(&["102", "thread panicked at", "103"]));
    assert_eq!(
        (model.log.lines[model.log.top].as_str(), model.log.follow),
        ("thread panicked at", false)
    );
    // A part of another plan's log is ignored.
    let other = LogPiece {
        plan: "plan03".to_owned(),
        anew: true,
        ..LogPiece::default()
    };
    update(&mut model, TopEvent::Log(other));
    assert_eq!(model.log.plan, "plan02");
    assert!(model.log.lines.len() > 100);
    press(&mut model, "f");
    assert!(model.log.follow);
    press(&mut model, "w");
    update(&mut model, code(KeyCode::Right));
    assert!(!model.log.wrap && model.log.left > 0);
    let before = Some(("plan02".to_owned(), true));
    assert_eq!(press(&mut model, "P"), [TopOrder::Watch(before, false)]);
    assert!(model.log.previous && model.log.lines.is_empty());
}

#[test]
fn a_look_that_fails_is_said_and_leaves_what_was_seen() {
    let mut model = model(80, 24);
    update(&mut model, TopEvent::Trouble("the journal is damaged".to_owned()));
    assert_eq!((model.seen.plans.len(), model.trouble.is_some()), (30, true));
    update(&mut model, TopEvent::Seen(Box::new(seen())));
    assert_eq!(model.trouble, None);
    update(&mut model, TopEvent::Tick(at(9000)));
    assert_eq!(model.now, at(9000));
}

#[test]
fn every_key_of_the_help_is_known_by_its_letter() {
    let page = keys::page(Tab::Fleet, true);
    for known in KEYS {
        assert!(page.contains(known.does), "{}", known.does);
    }
    assert!(page.contains("retry") || page.contains("tries"), "{page}");
    assert!(page.contains("(not with --readonly)"), "{page}");
}

#[test]
fn the_key_of_the_help_closes_it_too() {
    let mut model = model(80, 24);
    update(&mut model, key('?'));
    assert!(model.page.is_some());
    update(&mut model, key('?'));
    assert!(model.page.is_none());
}

/// Random keys, and occasionally other events.
fn events() -> impl Strategy<Value = TopEvent> {
    let letters = "jkgGqyDasrpxAmRnNfwPo:/? 123456\n\x1b\t"
        .chars()
        .collect::<Vec<_>>();
    let special = [
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::Backspace,
        KeyCode::BackTab,
        KeyCode::Delete,
    ];
    prop_oneof![
        12 => prop::sample::select(letters).prop_map(|c| match c {
            '\n' => code(KeyCode::Enter),
            '\x1b' => code(KeyCode::Esc),
            '\t' => code(KeyCode::Tab),
            c => key(c),
        }),
        4 => prop::sample::select(special.to_vec()).prop_map(code),
        1 => prop::sample::select("cuwaeklz".chars().collect::<Vec<_>>()).prop_map(control),
        1 => (0_usize..30).prop_map(|plans| {
            let mut seen = seen();
            seen.plans.truncate(plans);
            seen.needs.truncate(plans);
            TopEvent::Seen(Box::new(seen))
        }),
        1 => (1_u16..220, 1_u16..70).prop_map(|(columns, rows)| TopEvent::Resize(columns, rows)),
        1 => Just(TopEvent::Paste("計画 \u{1b}[2J\nx".to_owned())),
        1 => Just(more(&["計画計画計画", "", "plan02 \u{1b}[31m"])),
        1 => Just(TopEvent::Train(Ok(Vec::new()))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_keys_break_it_and_what_is_chosen_is_there(all in prop::collection::vec(events(), 0..80)) {
        let mut model = model(80, 24);
        for event in all {
            update(&mut model, event);
            prop_assert!(model.fleet.at < model.order.len().max(1));
            prop_assert!(model.needs.at < model.seen.needs.len().max(1));
            prop_assert!(model.events_at.at < model.events.len().max(1));
            prop_assert!(model.log.top < model.log.lines.len().max(1));
            prop_assert!(model.fleet.top <= model.fleet.at);
            crate::top::view::tests::screen(&model);
        }
    }
}

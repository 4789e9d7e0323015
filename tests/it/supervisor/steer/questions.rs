//! Questions of agents: `orch task ask`, `orch answer`.

use std::fs;

use crate::support::{Sandbox, document, wait_for};

/// Asks at first, and works once it has an answer; keeps the prompt that it got with it.
const ASKS: &str = "if test -e $MARKS/asked-$ORCH_PLAN; then cp \"$ORCH_PROMPT_FILE\" $MARKS/prompt-$ORCH_PLAN; work 1.1; \
                    else touch $MARKS/asked-$ORCH_PLAN; orch task ask -q Red or \"green?\"; fi";

fn asks(sandbox: &Sandbox, plan: &str) -> serde_json::Value {
    let status = sandbox.orch("status --json").code(0).json();
    let plans = status["plans"].as_array().unwrap();
    plans.iter().find(|shown| shown["name"] == plan).unwrap()["asks"].clone()
}

#[test]
fn a_plan_that_asks_is_held_until_it_is_answered_and_continues_with_the_answer() {
    let sandbox = Sandbox::new();
    sandbox.settings("max_agents = 1");
    sandbox.plan("p", "", &document(&[1]), ASKS);
    // There is one slot: whoever asks gives it back.
    sandbox.plan("q", "", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(1).ok();
    assert_eq!(
        (sandbox.state("p"), sandbox.state("q")),
        ("held".into(), "finished".into())
    );
    assert_eq!(asks(&sandbox, "p")[0]["text"], "Red or green?");
    let status = sandbox.orch("status --json").code(0).json();
    let first = &status["attention"][0];
    assert_eq!(
        (&first["kind"], &first["plan"]),
        (&"question".into(), &"p".into())
    );
    assert_eq!(first["command"], "orch answer p TEXT");
    assert_eq!(
        status["eta_s"],
        serde_json::Value::Null,
        "all that is left waits for the answer"
    );
    assert!(
        sandbox.why("p").contains("asks \"Red or green?\""),
        "{}",
        sandbox.why("p")
    );
    // Nobody waits for it in vain: another `orch up` without an answer begins nothing.
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.count("agent.started", Some("p")), 1);
    // Whoever read another question does not answer this one.
    sandbox
        .orch("answer p --question Blue? green")
        .code(2)
        .says("p asks something else by now: \"Red or green?\"")
        .ok();
    sandbox
        .orch("answer p green, of course")
        .code(0)
        .says("the next `orch up`")
        .ok();
    assert_eq!(asks(&sandbox, "p"), serde_json::json!([]));
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
    let prompt = fs::read_to_string(sandbox.mark("prompt-p")).unwrap();
    assert!(
        prompt.contains("Red or green?") && prompt.contains("green, of course"),
        "{prompt}"
    );
}

#[test]
fn an_answer_beside_a_running_supervisor_continues_the_plan_at_once() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), ASKS);
    sandbox.plan(
        "q",
        "",
        &document(&[1]),
        "until test -e $MARKS/go; do sleep 0.01; done; work 1.1",
    );
    let running = sandbox.start("up");
    wait_for("the question", || sandbox.count("question.asked", Some("p")) == 1);
    wait_for("the hold", || sandbox.count("plan.held", Some("p")) == 1);
    fs::write(sandbox.beside("answer.txt"), "red\n").unwrap();
    let file = sandbox.beside("answer.txt");
    sandbox
        .orch(&format!("answer p --file {}", file.display()))
        .code(0)
        .ok();
    sandbox.orch("answer p green").code(2).says("asks nothing").ok();
    wait_for("the work", || sandbox.count("plan.finished", Some("p")) == 1);
    fs::write(sandbox.mark("go"), "").unwrap();
    running.end().code(0).ok();
    assert_eq!(sandbox.count("question.answered", Some("p")), 1);
    let prompt = fs::read_to_string(sandbox.mark("prompt-p")).unwrap();
    assert!(prompt.contains("The answer: red"), "{prompt}");
}

#[test]
fn questions_of_several_units_of_a_plan_stay_apart() {
    let sandbox = Sandbox::new();
    let asks_each = "if test -e $MARKS/asked-$ORCH_TASK; then cp \"$ORCH_PROMPT_FILE\" $MARKS/prompt-$ORCH_TASK; \
                     work $ORCH_TASK; else touch $MARKS/asked-$ORCH_TASK; orch task ask -q About $ORCH_TASK; fi";
    sandbox.plan(
        "p",
        "dispatch = \"task\"\nstrategy = \"dag\"\nparallel_tasks = 2",
        "# P\n## Phase 1: a [PARALLEL]\n- [ ] 1.1 one\n- [ ] 1.2 two\n",
        asks_each,
    );
    sandbox.tables("[hooks]\nnotify = 'echo \"$ORCH_EVENT\" >> \"$MARKS/told\"'");
    sandbox.orch("up").code(1).ok();
    let open = asks(&sandbox, "p");
    assert_eq!(open.as_array().unwrap().len(), 2, "{open}");
    // Nobody is told twice, and nothing has failed.
    let told = fs::read_to_string(sandbox.mark("told")).unwrap();
    assert_eq!(told.matches("wait.escalated").count(), 2, "{told}");
    assert!(!told.contains("question.asked"), "{told}");
    let phase = sandbox.orch("status p --json").code(0).json()["plans"][0]["phases"][0].take();
    let states = ["/state", "/tasks/0/state", "/tasks/1/state"].map(|path| phase.pointer(path));
    assert!(
        states.iter().all(|state| *state == Some(&"pending".into())),
        "{phase}"
    );
    sandbox
        .orch("answer p both")
        .code(2)
        .says("p asks 2 questions: p.1.1, p.1.2")
        .ok();
    sandbox.orch("answer p.1.2 second").code(0).ok();
    sandbox
        .orch("answer p.1.2 again")
        .code(2)
        .says("p.1.2 asks nothing")
        .says("p.1.1")
        .ok();
    sandbox.orch("answer p.1.1 first").code(0).ok();
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
    let told = |task: &str| fs::read_to_string(sandbox.mark(&format!("prompt-{task}"))).unwrap();
    assert!(told("1.1").contains("You asked: About 1.1") && told("1.1").contains("The answer: first"));
    assert!(told("1.2").contains("You asked: About 1.2") && told("1.2").contains("The answer: second"));
}

#[test]
fn an_answer_that_nobody_waits_for_is_refused_with_what_it_could_have_meant() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), ASKS);
    sandbox.plan("q", "", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(1).ok();
    sandbox
        .orch("answer q yes")
        .code(2)
        .says("q asks nothing")
        .says("these ask: p")
        .ok();
    sandbox.orch("answer z yes").code(2).says("z").ok();
    sandbox.orch("answer p.2 yes").code(2).ok();
    sandbox.orch("answer p").code(2).ok();
    fs::write(sandbox.beside("long.txt"), "x".repeat(1 << 20)).unwrap();
    let long = sandbox.beside("long.txt");
    sandbox
        .orch(&format!("answer p --file {}", long.display()))
        .code(2)
        .says("bytes")
        .ok();
    sandbox
        .orch("answer p --file /nowhere")
        .code(2)
        .says("/nowhere")
        .ok();
    assert_eq!(sandbox.state("p"), "held");
    sandbox.orch("cancel p").code(0).ok();
    sandbox.orch("answer p green").code(2).says("p asks nothing").ok();
    let _ = sandbox.orch("up");
    assert_eq!(sandbox.state("p"), "cancelled");
    sandbox.orch("answer p green").code(2).says("p asks nothing").ok();
    assert_eq!(sandbox.count("question.answered", None), 0);
}

#[test]
fn a_supervisor_that_dies_around_a_question_loses_neither_it_nor_its_answer() {
    let sandbox = Sandbox::new();
    // It asks only after its supervisor has died, and ends.
    let asks = format!("touch $MARKS/begun; until test -e $MARKS/dead; do sleep 0.01; done; {ASKS}");
    sandbox.plan("p", "retries = 0", &document(&[1]), &asks);
    let running = sandbox.start("up");
    wait_for("the agent", || sandbox.mark("begun").exists());
    running.kill();
    fs::write(sandbox.mark("dead"), "").unwrap();
    wait_for("the question", || sandbox.mark("asked-p").exists());
    // Nobody has taken it in yet.
    sandbox.orch("up").code(1).ok();
    assert_eq!(asks_of(&sandbox), ["Red or green?"]);

    // The next one dies between question and answer, and the one after it with the answer in its hands.
    let gate = "until test -e $MARKS/go; do sleep 0.01; done; work 1.1";
    sandbox.plan("q", "", &document(&[1]), gate);
    let running = sandbox.start("up");
    wait_for("work beside it", || {
        sandbox.count("agent.started", Some("q")) == 1
    });
    running.kill();
    sandbox.orch("answer p green").code(0).ok();
    let running = sandbox.start("up");
    wait_for("the answered plan", || {
        sandbox.count("agent.started", Some("p")) == 2
    });
    running.kill();
    fs::write(sandbox.mark("go"), "").unwrap();
    sandbox.orch("up").code(0).ok();
    assert_eq!(
        (sandbox.state("p"), sandbox.state("q")),
        ("finished".into(), "finished".into())
    );
    assert_eq!(sandbox.count("question.asked", Some("p")), 1);
    assert_eq!(sandbox.count("question.answered", Some("p")), 1);
    assert_eq!(
        sandbox.count("agent.started", Some("p")),
        2,
        "nothing is done twice"
    );
    let prompt = fs::read_to_string(sandbox.mark("prompt-p")).unwrap();
    assert!(prompt.contains("The answer: green"), "{prompt}");
}

fn asks_of(sandbox: &Sandbox) -> Vec<String> {
    let open = asks(sandbox, "p");
    let open = open.as_array().unwrap().iter();
    open.map(|open| open["text"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn of_answers_at_once_one_counts_and_the_others_hear_that() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), ASKS);
    sandbox.orch("up").code(1).ok();
    // Nobody drives: each of them writes the journal itself.
    let each: Vec<_> = (0..6)
        .map(|n| sandbox.start(&format!("answer p colour {n}")))
        .collect();
    let said: Vec<_> = each.into_iter().map(|answer| answer.end()).collect();
    let counted: Vec<usize> = (0..6).filter(|n| said[*n].code == 0).collect();
    assert_eq!(counted.len(), 1, "{said:?}");
    for other in said.iter().filter(|said| said.code != 0) {
        assert_eq!(other.code, 2, "{other:?}");
        assert!(other.err.contains("p asks nothing"), "{other:?}");
    }
    sandbox.orch("up").code(0).ok();
    let prompt = fs::read_to_string(sandbox.mark("prompt-p")).unwrap();
    assert!(
        prompt.contains(&format!("The answer: colour {}", counted[0])),
        "{prompt}"
    );
    assert_eq!(sandbox.count("question.answered", None), 1);
}

#[test]
fn an_agent_that_only_asks_is_asked_for_by_nobody_but_the_person_who_answers() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "retries = 1", &document(&[1]), "orch task ask -q Again?");
    sandbox.orch("up").code(1).ok();
    // As often as a person answers, and never without; no answer uses up a retry.
    for answers in 1..5 {
        sandbox.orch(&format!("answer p no {answers}")).code(0).ok();
        sandbox.orch("up").code(1).ok();
        sandbox.orch("up").code(1).ok();
        assert_eq!(sandbox.state("p"), "held");
        assert_eq!(asks_of(&sandbox), ["Again?"]);
        assert_eq!(sandbox.count("agent.started", Some("p")), 1 + answers);
    }
}

#[test]
fn a_question_that_an_agent_asks_with_its_own_tool_is_held_like_any_other() {
    let sandbox = Sandbox::new();
    let asks = r#"echo '{"type":"system","subtype":"init","session_id":"s-1"}'
if test -e $MARKS/asked; then
    cp "$ORCH_PROMPT_FILE" $MARKS/prompt; work 1.1
else
    mark asked
    echo '{"type":"assistant","message":{"id":"m","content":[{"type":"tool_use","name":"AskUserQuestion","input":{"questions":[{"question":"Which?","options":[{"label":"a"},{"label":"b"}]}]}}]}}'
fi
echo '{"type":"result","subtype":"success","is_error":false,"result":"done"}'"#;
    sandbox.plan("p", "retries = 0", &document(&[1]), asks);
    let manifest = sandbox.read("plans.toml");
    sandbox.write(
        "plans.toml",
        manifest.replace("[agents.p]\n", "[agents.p]\nevents = \"claude\"\n"),
    );
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("p"), "held");
    assert_eq!(asks_of(&sandbox), ["Which? (a / b)"]);
    sandbox.orch("answer p b").code(0).ok();
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
    let prompt = fs::read_to_string(sandbox.mark("prompt")).unwrap();
    assert!(
        prompt.contains("Which? (a / b)") && prompt.contains("The answer: b"),
        "{prompt}"
    );
}

#[test]
fn a_question_without_end_or_with_control_characters_is_shown_in_short_and_harmlessly() {
    let sandbox = Sandbox::new();
    let asks = r#"long=$(head -c 1048576 /dev/zero | tr '\0' x)
printf '{"schema": 1, "plan": "p", "version": 9, "tasks": {}, "needs": "Clear \\u001b[2J it? %s"}' "$long" > .orch/new
mv .orch/new .orch/status.json"#;
    sandbox.plan("p", "", &document(&[1]), asks);
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("p"), "held");
    let asked = asks_of(&sandbox);
    assert!(asked[0].starts_with("Clear [2J it? xxx"), "{}", &asked[0][..40]);
    assert!(asked[0].len() <= 16 << 10, "{}", asked[0].len());
    assert!(
        asked[0].ends_with("… (cut: it had 1048590 bytes)"),
        "{}",
        &asked[0][asked[0].len() - 40..]
    );
    sandbox.orch("answer p no").code(0).ok();
    assert_eq!(asks_of(&sandbox), Vec::<String>::new());
}

#[test]
fn all_questions_of_an_attempt_are_shown_and_the_answer_comes_with_them() {
    let sandbox = Sandbox::new();
    let asks = "if test -e $MARKS/asked-$ORCH_PLAN; then cp \"$ORCH_PROMPT_FILE\" $MARKS/prompt-$ORCH_PLAN; work 1.1; \
                else touch $MARKS/asked-$ORCH_PLAN; \
                orch task ask -q One; orch task ask -q --task 1.1 Two; orch task ask -q One; orch task ask -q Three; fi";
    sandbox.plan("p", "", &document(&[1]), asks);
    sandbox.orch("up").code(1).ok();
    assert_eq!(asks_of(&sandbox), ["One\n\n1.1: Two\n\nThree"]);
    let page = sandbox.orch("status p").code(0);
    for question in ["One", "1.1: Two", "Three"] {
        assert!(page.out.contains(question), "{}", page.out);
    }
    sandbox.orch("answer p yes, no, maybe").code(0).ok();
    sandbox.orch("up").code(0).ok();
    let prompt = fs::read_to_string(sandbox.mark("prompt-p")).unwrap();
    let lines = prompt.lines().map(str::trim).filter(|line| !line.is_empty());
    let told = lines.collect::<Vec<_>>().join("\n");
    let told_first = "You asked: One\n1.1: Two\nThree\nThe answer: yes, no, maybe";
    assert!(told.contains(told_first), "{prompt}");
}

#[test]
fn a_long_question_is_whole_and_one_that_is_too_long_is_refused_to_the_agent() {
    let sandbox = Sandbox::new();
    let asks = "long=$(head -c 10000 /dev/zero | tr '\\0' x); orch task ask -q \"$long\"; \
                orch task ask -q \"y$long\" 2> $MARKS/refused";
    sandbox.plan("p", "", &document(&[1]), asks);
    sandbox.orch("up").code(1).ok();
    assert_eq!(asks_of(&sandbox), ["x".repeat(10_000)]);
    let refused = fs::read_to_string(sandbox.mark("refused")).unwrap();
    assert!(refused.contains("20003 bytes, at most 16384"), "{refused}");
}

#[test]
fn an_answer_is_given_to_every_agent_until_the_work_is_done() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 2\nbackoff = \"1ms\"");
    let script = "case $ORCH_ATTEMPT in p-1) orch task ask Colour?;; p-2) exit 3;; p-3) kill -9 $$;; *) work 1.1; gate g;; esac";
    sandbox.plan(
        "p",
        "",
        &document(&[1, 1]),
        &format!("test $ORCH_PHASE = 2 || {{ {script}; }}; work 2.1"),
    );
    sandbox.gate("g");
    sandbox.orch("up").code(1).ok();
    sandbox.orch("answer p Turquoise").code(0).ok();
    sandbox.orch("send p And in a hurry").code(0).ok();
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.open("g");
    up.end().code(0).ok();
    for attempt in ["p-2", "p-3", "p-4"] {
        let prompt = sandbox.attempt_file(attempt, "prompt.md");
        for text in ["The answer: Turquoise", "And in a hurry"] {
            assert_eq!(prompt.matches(text).count(), 1, "{attempt}: {prompt}");
        }
    }
}

#[test]
fn a_message_to_an_agent_that_cannot_be_started_reaches_the_one_that_takes_over() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    let manifest = sandbox.read("plans.toml");
    let manifest = manifest.replace("agent = \"p\"", "agents = [\"nope\", \"p\"]");
    sandbox.write(
        "plans.toml",
        manifest + "[agents.nope]\ncommand = [\"/no/such/agent\"]\n",
    );
    sandbox.orch("send p Turquoise").code(0).ok();
    sandbox.orch("up").code(0).ok();
    let prompt = sandbox.attempt_file("p-2", "prompt.md");
    assert!(prompt.contains("Turquoise"), "{prompt}");
}

#[test]
fn the_same_answer_is_taken_twice_only_while_its_work_goes_on() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), ASKS);
    sandbox.orch("up").code(1).ok();
    sandbox.orch("answer p green").code(0).ok();
    // The same words once more change nothing; others are refused, since nothing asks.
    sandbox.orch("answer p green").code(0).ok();
    sandbox.orch("answer p red").code(2).says("asks nothing").ok();
    assert_eq!(sandbox.count("question.answered", Some("p")), 1);
    sandbox.orch("up").code(0).ok();
    sandbox.orch("answer p green").code(2).says("asks nothing").ok();
}

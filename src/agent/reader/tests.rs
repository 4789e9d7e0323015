use super::*;
use crate::schedule::ObstacleKind::{Login, Outage, RateLimit, Trust};

fn now() -> Timestamp {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

fn reader(format: EventFormat) -> OutputReader {
    OutputReader::new(OutputReading {
        format,
        ..OutputReading::default()
    })
}

fn read(format: EventFormat, text: &str, exit: &Exit) -> Facts {
    let mut reader = reader(format);
    reader.feed(text.as_bytes(), now());
    reader.finish(exit, now())
}

const OK: Exit = Exit::Code { code: 0 };
const BAD: Exit = Exit::Code { code: 1 };

/// The output of each program for one tool call and an answer, shortened to the parts that are read.
const WELL: &[(EventFormat, &str)] = &[
    (
        EventFormat::Claude,
        r#"{"type":"system","subtype":"init","session_id":"s1","tools":["Bash"]}
{"type":"assistant","message":{"id":"m1","model":"c","content":[],"usage":{"input_tokens":10,"output_tokens":5}},"session_id":"s1"}
{"type":"assistant","message":{"id":"m1","model":"c","content":[],"usage":{"input_tokens":10,"output_tokens":5}},"session_id":"s1"}
{"type":"user","message":{"role":"user","content":[]},"session_id":"s1"}
{"type":"assistant","message":{"id":"m2","model":"c","content":[],"usage":{"input_tokens":10,"output_tokens":5}},"session_id":"s1"}
{"type":"result","subtype":"success","is_error":false,"num_turns":2,"result":"all done","session_id":"s1","total_cost_usd":0.00035,"modelUsage":{"c":{"inputTokens":20,"outputTokens":10,"cacheReadInputTokens":3,"cacheCreationInputTokens":0}},"permission_denials":[]}
"#,
    ),
    (
        EventFormat::Codex,
        r#"{"type":"thread.started","thread_id":"s1"}
{"type":"item.completed","item":{"id":"item_0","type":"error","message":"Model metadata for `x` not found."}}
{"type":"turn.started"}
{"type":"item.started","item":{"id":"item_1","type":"command_execution","command":"x","status":"in_progress"}}
{"type":"item.completed","item":{"id":"item_1","type":"command_execution","command":"x","exit_code":0,"status":"completed"}}
{"type":"item.completed","item":{"id":"item_2","type":"agent_message","text":"let me see"}}
{"type":"item.completed","item":{"id":"item_3","type":"agent_message","text":"all done"}}
{"type":"turn.completed","usage":{"input_tokens":23,"cached_input_tokens":3,"output_tokens":10,"reasoning_output_tokens":0}}
"#,
    ),
    (
        EventFormat::Opencode,
        r#"{"type":"step_start","sessionID":"s1","part":{"type":"step-start"}}
{"type":"tool_use","sessionID":"s1","part":{"type":"tool","tool":"bash","state":{"status":"completed"}}}
{"type":"step_finish","sessionID":"s1","part":{"reason":"tool-calls","tokens":{"input":10,"output":5,"reasoning":0,"cache":{"write":0,"read":3}},"cost":0.000175}}
{"type":"text","sessionID":"s1","part":{"text":"all done"}}
{"type":"step_finish","sessionID":"s1","part":{"reason":"stop","tokens":{"input":10,"output":5,"reasoning":0,"cache":{"write":0,"read":0}},"cost":0.000175}}
"#,
    ),
    (
        EventFormat::Gemini,
        r#"YOLO mode is enabled. All tool calls will be automatically approved.
{"type":"init","session_id":"s1","model":"x"}
{"type":"message","role":"user","content":"x"}
{"type":"tool_use","tool_name":"run_shell_command"}
{"type":"tool_result","status":"success","output":"not allowed is only a word here"}
{"type":"message","role":"assistant","content":"all done","delta":true}
{"type":"result","status":"success","stats":{"total_tokens":33,"input_tokens":23,"output_tokens":10,"cached":3,"input":20}}
"#,
    ),
    (
        EventFormat::Aider,
        "Added x\nTokens: 10 sent, 3 cache hit, 5 received. Cost: $0.000175 message, $0.000175 session.\nApplied edit to x\nTokens: 10 \
         sent, 5 received. Cost: $0.000175 message, $0.00035 session.\n",
    ),
];

#[test]
fn every_program_s_good_end_is_read_with_its_conversation_turns_tokens_and_cost() {
    for (format, text) in WELL {
        let facts = read(*format, text, &OK);
        assert!(
            facts.speaks && facts.end.as_ref().unwrap().good,
            "{format:?}: {facts:?}"
        );
        assert_eq!(
            (
                facts.turns,
                facts.spent.input,
                facts.spent.cached,
                facts.spent.output
            ),
            (2, 20, 3, 10),
            "{format:?}"
        );
        assert!(
            facts.denied.is_empty() && facts.obstacle.is_none(),
            "{format:?}: {facts:?}"
        );
        let says_it = *format != EventFormat::Aider;
        let last = &facts.end.as_ref().unwrap().text;
        assert_eq!(last == "all done", says_it, "{format:?}: {last}");
        let session = (*format != EventFormat::Aider).then(|| "s1".to_owned());
        assert_eq!(facts.session, session, "{format:?}");
        let tells_money = !matches!(format, EventFormat::Codex | EventFormat::Gemini);
        assert_eq!(facts.spent.micros, tells_money.then_some(350), "{format:?}");
    }
}

#[test]
fn nothing_that_is_put_between_the_events_changes_what_is_read() {
    let noise = [
        "",
        "{\"type\":",
        "{\"type\":\"result\"",
        "{\"type\":\"a thing of tomorrow\",\"session_id\":7}",
        "[1,2,3]",
        "{}",
        "null",
        "\u{fffd}\u{0}\u{1b}[31m red",
        "{\"type\":{\"is\":\"an object\"}}",
    ];
    for (format, text) in WELL {
        let plain = read(*format, text, &OK);
        let noisy: String = text
            .lines()
            .map(|line| format!("{}\n{line}\n", noise.join("\n")))
            .collect();
        assert_eq!(read(*format, &noisy, &OK), plain, "{format:?}");
        let mut in_bytes = reader(*format);
        for byte in text.as_bytes() {
            in_bytes.feed(std::slice::from_ref(byte), now());
        }
        assert_eq!(in_bytes.finish(&OK, now()), plain, "{format:?}");
        // Output that is cut off anywhere reads as an unfinished or a finished attempt: never anything else, and no
        // panic.
        for cut in (0..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
            let facts = read(*format, &text[..cut], &OK);
            assert!(
                facts.obstacle.is_none() && facts.denied.is_empty(),
                "{format:?} at {cut}"
            );
        }
    }
}

#[test]
fn a_denied_tool_is_named() {
    let cases = [
        (
            EventFormat::Claude,
            r#"{"type":"result","subtype":"success","is_error":false,"permission_denials":[{"tool_name":"Bash","tool_input":{"command":"git push"}}]}"#,
            "Bash(git push)",
        ),
        (
            EventFormat::Opencode,
            r#"{"type":"tool_use","sessionID":"s","part":{"tool":"bash","state":{"status":"error","input":{"command":"cat /etc/x"},"error":"The user rejected permission to use this specific tool call."}}}"#,
            "bash(cat /etc/x)",
        ),
        (
            EventFormat::Codex,
            r#"2026-11-21T16:35:44Z ERROR codex_core::tools::router: error=exec_command failed: CreateProcess { message: "Rejected(\"`rm -rf /x` rejected: rm -f style commands are not permitted\")" }"#,
            "rm -rf /x",
        ),
    ];
    for (format, text, expected) in cases {
        let facts = read(format, &format!("{text}\n"), &OK);
        assert_eq!(facts.denied.count, 1, "{format:?}");
        assert!(facts.denied.to_string().contains(expected), "{}", facts.denied);
    }
}

#[test]
fn a_tool_that_the_preset_denies_is_no_fault() {
    let text = r#"{"type":"result","subtype":"success","is_error":false,"result":"fine","permission_denials":[{"tool_name":"AskUserQuestion","tool_input":{}},{"tool_name":"EnterWorktree","tool_input":{}}]}"#;
    let facts = read(EventFormat::Claude, &format!("{text}\n"), &OK);
    assert!(facts.denied.is_empty() && facts.fault().is_none(), "{facts:?}");
    assert_eq!(facts.errors.count, 2);
}

#[test]
fn limits_outages_and_logins_are_told_apart_from_failures() {
    let cases: &[(EventFormat, &str, Option<ObstacleKind>, &str)] = &[
        (
            EventFormat::Claude,
            r#"{"type":"result","subtype":"success","is_error":true,"api_error_status":429,"result":"API Error: Request rejected (429) · slow down"}"#,
            Some(RateLimit),
            "slow down",
        ),
        (
            EventFormat::Claude,
            r#"{"type":"result","subtype":"success","is_error":true,"api_error_status":400,"result":"API Error: 400 stub http 400"}"#,
            None,
            "400",
        ),
        (
            EventFormat::Claude,
            r#"{"type":"result","subtype":"error_during_execution","is_error":true,"errors":["No conversation found with session ID: x"]}"#,
            None,
            "No conversation found",
        ),
        (
            EventFormat::Codex,
            r#"{"type":"turn.failed","error":{"message":"{\"type\": \"error\", \"error\": {\"type\": \"stub_error\", \"message\": \"stub http 400\"}}"}}"#,
            None,
            "stub http 400",
        ),
        (
            EventFormat::Codex,
            r#"{"type":"turn.failed","error":{"message":"unexpected status 401 Unauthorized: invalid x-api-key, url: http://x"}}"#,
            Some(Login),
            "401",
        ),
        (
            EventFormat::Codex,
            r#"{"type":"turn.failed","error":{"message":"stream disconnected before completion: stream closed before response.completed"}}"#,
            Some(Outage),
            "stream disconnected",
        ),
        (
            EventFormat::Opencode,
            r#"{"type":"error","sessionID":"s","error":{"name":"APIError","data":{"message":"invalid x-api-key","statusCode":401}}}"#,
            Some(Login),
            "invalid x-api-key",
        ),
        (
            EventFormat::Gemini,
            r#"{"type":"result","status":"error","error":{"type":"unknown","message":"[API Error: {\"type\":\"error\",\"error\":{\"type\":\"stub_error\",\"message\":\"stub http 400\"}}]"}}"#,
            None,
            "stub http 400",
        ),
        (
            EventFormat::Aider,
            "litellm.RateLimitError: RateLimitError: OpenAIException - slow down",
            Some(RateLimit),
            "slow down",
        ),
        (
            EventFormat::Aider,
            "litellm.BadRequestError: OpenAIException - no",
            None,
            "no",
        ),
    ];
    for (format, text, kind, said) in cases {
        let facts = read(*format, &format!("{text}\n"), &BAD);
        assert_eq!(
            facts.obstacle.as_ref().map(|obstacle| obstacle.kind),
            *kind,
            "{text}"
        );
        let end = facts.end.unwrap();
        assert!(!end.good && end.text.contains(said), "{text}: {end:?}");
    }
}

#[test]
fn progress_takes_an_obstacle_back_and_tries_again_are_counted() {
    let retry = r#"{"type":"system","subtype":"api_retry","attempt":1,"max_retries":10,"retry_delay_ms":600.5,"error_status":529,"error":"overloaded","session_id":"s"}"#;
    let mut reader = reader(EventFormat::Claude);
    reader.feed(format!("{retry}\n{retry}\n").as_bytes(), now());
    assert_eq!(reader.sightings(), 2);
    assert_eq!(
        reader.facts().obstacle.map(|obstacle| obstacle.kind),
        Some(Outage)
    );
    reader.feed(
        b"{\"type\":\"assistant\",\"message\":{\"id\":\"m\",\"model\":\"c\"}}\n",
        now(),
    );
    assert_eq!((reader.sightings(), reader.facts().obstacle), (0, None));
}

#[test]
fn a_delay_longer_than_the_programs_own_is_when_the_limit_is_over() {
    let until = |attempt: u64, delay: u64, status: u64| {
        let text = format!(
            r#"{{"type":"system","subtype":"api_retry","attempt":{attempt},"retry_delay_ms":{delay},"error_status":{status},"error":"x","session_id":"s"}}"#
        );
        let mut reader = reader(EventFormat::Claude);
        reader.feed(format!("{text}\n").as_bytes(), now());
        reader.facts().obstacle.and_then(|obstacle| obstacle.until)
    };
    let after = |seconds: i64| Some(now().as_second() + seconds);
    assert_eq!(until(1, 35_000, 429), after(35));
    assert_eq!(until(7, 41_000, 429), after(41));
    assert_eq!(until(1, 600, 429), None);
    assert_eq!(until(7, 39_000, 429), None);
    assert_eq!(until(99, 39_000, 429), None);
    // Nobody knows when an outage ends.
    assert_eq!(until(1, 35_000, 529), None);
    assert_eq!(until(1, 90_000, 529), after(90));
}

#[test]
fn the_moment_of_a_reset_is_kept_through_the_last_word() {
    let text = r#"{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":1795300000,"rateLimitType":"five_hour"},"session_id":"s"}
{"type":"result","subtype":"success","is_error":true,"api_error_status":429,"result":"You've hit your limit"}
"#;
    let obstacle = read(EventFormat::Claude, text, &BAD).obstacle.unwrap();
    assert_eq!((obstacle.kind, obstacle.until), (RateLimit, Some(1_795_300_000)));
}

#[test]
fn the_last_lines_of_a_known_program_that_fails_are_understood_and_those_of_another_are_not() {
    let limited = "working\nError: 429 Too Many Requests, retry after 30\n";
    let until = |obstacle: &Obstacle| obstacle.until.map(|until| until - now().as_second());
    let facts = read(EventFormat::Claude, limited, &BAD);
    assert_eq!(
        facts.obstacle.map(|obstacle| (obstacle.kind, until(&obstacle))),
        Some((RateLimit, Some(30)))
    );
    assert_eq!(read(EventFormat::Claude, limited, &OK).obstacle, None);
    let trust = "Not inside a trusted directory and --skip-git-repo-check was not specified.\n";
    let facts = read(EventFormat::Codex, trust, &BAD);
    assert_eq!(facts.obstacle.map(|obstacle| obstacle.kind), Some(Trust));
    for text in [
        limited,
        trust,
        "FileNotFoundError: no x\n",
        "Error: 503 Service Unavailable\n",
        "the tests fail\n",
    ] {
        assert_eq!(read(EventFormat::None, text, &BAD), Facts::default(), "{text}");
    }
    let traceback =
        "Traceback (most recent call last):\nFileNotFoundError: [Errno 2] No such file or directory\n";
    for format in [
        EventFormat::Claude,
        EventFormat::Codex,
        EventFormat::Opencode,
        EventFormat::Gemini,
        EventFormat::Aider,
    ] {
        assert_eq!(read(format, traceback, &BAD).obstacle, None, "{format:?}");
    }
}

#[test]
fn a_service_in_high_demand_is_an_outage() {
    let text = r#"{"type":"error","message":"Reconnecting... 5/5 (We're currently experiencing high demand, which may cause temporary errors.)"}
{"type":"turn.failed","error":{"message":"We're currently experiencing high demand, which may cause temporary errors."}}
"#;
    let obstacle = read(EventFormat::Codex, text, &BAD).obstacle.unwrap();
    assert_eq!(obstacle.kind, Outage);
}

#[test]
fn a_silent_program_s_own_log_tells_that_it_is_refused() {
    let line = r#"timestamp=x level=ERROR run=y message="stream error" small=false agent=build error.error="AI_APICallError: slow down""#;
    let title = line.replace("small=false", "small=true");
    assert_eq!(read(EventFormat::Opencode, &title, &Exit::Stopped).obstacle, None);
    let obstacle = read(EventFormat::Opencode, line, &Exit::Stopped)
        .obstacle
        .unwrap();
    assert_eq!(
        (obstacle.kind, obstacle.why.as_str()),
        (Outage, "AI_APICallError: slow down")
    );
}

#[test]
fn a_conversation_s_earlier_tokens_are_not_counted_again_and_tokens_have_a_price() {
    let mut reader = OutputReader::new(OutputReading {
        format: EventFormat::Codex,
        before: Spent {
            input: 10,
            output: 5,
            ..Spent::default()
        },
        price: Some([1_000_000, 100_000, 10_000_000]),
    });
    let text =
        r#"{"type":"turn.completed","usage":{"input_tokens":30,"cached_input_tokens":0,"output_tokens":15}}"#;
    reader.feed(text.as_bytes(), now());
    let facts = reader.finish(&OK, now());
    assert_eq!(
        (facts.spent.input, facts.spent.output, facts.spent.micros),
        (20, 10, Some(120))
    );
}

#[test]
fn a_question_by_a_tool_counts_as_long_as_nothing_is_done_after_it() {
    let asked = r#"{"questions":[{"question":"Which colour?","options":[{"label":"red"},{"label":"green"}]},{"question":"How many?"}]}"#;
    let claude = |name: &str, input: &str| {
        format!(
            r#"{{"type":"assistant","message":{{"id":"m{name}","content":[{{"type":"tool_use","name":"{name}","input":{input}}}]}},"session_id":"s"}}"#
        )
    };
    let ends = r#"{"type":"result","subtype":"success","is_error":false,"result":"I asked."}"#;
    let word = r#"{"type":"assistant","message":{"id":"m9","content":[{"type":"text","text":"I asked."}]}}"#;
    let asks = claude("AskUserQuestion", asked);
    let questions = "Which colour? (red / green)\nHow many?";
    let seen = |lines: &[&str]| read(EventFormat::Claude, &(lines.join("\n") + "\n"), &OK).asks;
    assert_eq!(seen(&[&asks, word, ends]).as_deref(), Some(questions));
    let works = claude("Bash", r#"{"command":"ls"}"#);
    assert_eq!(seen(&[&asks, &works, ends]), None);
    assert_eq!(seen(&[&works, &claude("AskUserQuestion", "{}"), ends]), None);
    let again = claude("AskUserQuestion", r#"{"question":"And why?"}"#);
    let both = format!("{questions}\n\nAnd why?");
    assert_eq!(seen(&[&asks, &asks, &again, ends]), Some(both.into()));
    let opencode = format!(
        r#"{{"type":"tool_use","sessionID":"s","part":{{"tool":"question","state":{{"status":"error","input":{asked}}}}}}}"#
    );
    assert_eq!(
        read(EventFormat::Opencode, &(opencode + "\n"), &OK)
            .asks
            .as_deref(),
        Some(questions)
    );
    let gemini = r#"{"type":"tool_use","tool_name":"ask_user","parameters":{"question":"Now?"}}"#;
    assert_eq!(
        read(EventFormat::Gemini, &format!("{gemini}\n"), &OK)
            .asks
            .as_deref(),
        Some("Now?")
    );
}

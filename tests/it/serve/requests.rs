//! Floor 5: the pages of `orch serve`, asked by browsers, scripts and those who should not get in.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

use jiff::Timestamp;
use orch::journal::{Journal, OrchDir, Sync};
use orch::schedule::Event;
use serde_json::{Value, json};

use crate::support::{Sandbox, Serving, document, wait_for};

fn one_plan() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[2]), "work 1.1 1.2");
    sandbox
}

#[test]
fn only_who_has_the_token_gets_in() {
    let sandbox = one_plan();
    let serving = Serving::of(&sandbox, "");
    let get = |head: &str| serving.say(&serving.request("GET /", head, ""));
    for head in [
        String::new(),
        "Authorization: Bearer 0\r\n".to_owned(),
        format!("Authorization: Bearer {}0\r\n", serving.token),
        format!("Authorization: Basic {}\r\n", serving.token),
        format!("Cookie: other={}\r\n", serving.token),
        serving.cookie().replace("=", "=0"),
    ] {
        let refused = get(&head).is(401);
        assert!(!refused.body.contains("/plans/p"), "{}", refused.body);
        assert_eq!(refused.header("x-content-type-options"), Some("nosniff"));
    }
    let said = serving
        .say(&serving.request("GET /api/v1/status", "", ""))
        .is(401);
    assert!(
        said.json()["error"].as_str().unwrap().contains("token"),
        "{said:?}"
    );
    serving.say(&serving.request("GET /?token=0", "", "")).is(401);

    let entered =
        serving.say(&serving.request(&format!("GET //x.example/?a=b&token={}", serving.token), "", ""));
    let entered = entered.is(303);
    assert_eq!(entered.header("location"), Some("/x.example/?a=b"));
    let cookie = entered.header("set-cookie").unwrap();
    assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
    let page = get(&serving.cookie()).is(200);
    assert!(page.body.contains("href=\"/plans/p\""), "{}", page.body);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'self'; "), "{policy}");
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert!(!page.body.contains(&serving.token));

    let mode = sandbox
        .join(".git/orch/serve.token")
        .metadata()
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = Serving::of(&sandbox, "");
    assert_eq!(again.token, serving.token, "open pages find back to a new server");
}

#[test]
fn other_pages_of_the_browser_can_neither_read_nor_act() {
    let sandbox = one_plan();
    let serving = Serving::of(&sandbox, "");
    for host in [
        "evil.example",
        "127.0.0.1.evil.example",
        "10.1.2.3",
        "localhost:1\r\nHost: evil.example",
    ] {
        let head = format!("{}Host: {host}\r\n", serving.bearer());
        let refused = serving.say(&serving.request("GET /", &head, ""));
        assert!([400, 403].contains(&refused.status), "{host}: {refused:?}");
    }
    let asked = serving
        .say(&serving.request("GET /act/pause?what=p", &serving.cookie(), ""))
        .is(200);
    let body = format!("what=p&seen={}&key={}", asked.field("seen"), asked.field("key"));
    let post = |head: &str, body: &str| {
        let head = format!(
            "{}Content-Type: application/x-www-form-urlencoded\r\n{head}",
            serving.cookie()
        );
        serving.say(&serving.request("POST /act/pause", &head, body))
    };
    post("Origin: http://evil.example\r\n", &body).is(403);
    post("Origin: http://127.0.0.1:1\r\n", &body).is(403);
    post("Sec-Fetch-Site: same-site\r\n", &body).is(403);
    post("Sec-Fetch-Site: cross-site\r\nOrigin: null\r\n", &body).is(403);
    // Old browsers say nothing about where a post comes from: they cannot know the form's key.
    post("", "what=p").is(403);
    post("Origin: null\r\n", "what=p&key=0").is(403);
    // Without the cookie, and as a form to the address for scripts.
    serving
        .say(&serving.request("POST /act/pause", "", &body))
        .is(401);
    let head = format!("{}Content-Type: text/plain\r\n", serving.bearer());
    serving
        .say(&serving.request("POST /api/v1/actions/pause", &head, "{\"what\":\"p\"}"))
        .is(415);
    assert_eq!(sandbox.events(), Vec::<Value>::new());
    post("Sec-Fetch-Site: same-origin\r\nOrigin: null\r\n", &body).is(200);
    assert_eq!(sandbox.state("p"), "paused");
}

#[test]
fn what_agents_and_documents_say_is_text() {
    let sandbox = Sandbox::new();
    let title = format!("<img src=x onerror=alert(1)>{}", "<b>".repeat(3000));
    let text = document(&[1]).replace("Task 1.1", &title);
    let script =
        "printf '\\033]0;gone\\007\\033[31m<script>alert(2)</script>\\r\\n\\302\\233'; work 1.1; exit 3";
    sandbox.settings("retries = 0").plan("p", "", &text, script);
    sandbox.orch("up").code(1).ok();
    let serving = Serving::of(&sandbox, "");
    for path in [
        "/",
        "/plans/p",
        "/plans/p/log",
        "/plans/p/diff",
        "/events",
        "/timeline",
        "/graph",
        "/runs",
        "/act/retry?what=p",
    ] {
        let page = serving.get(path).is(200);
        assert!(
            !page.body.contains("<img src=x") && !page.body.contains("<script>"),
            "{path}: {}",
            page.body
        );
        assert!(!page.body.contains(['\u{1b}', '\u{7}', '\u{9b}']), "{path}");
    }
    let log = serving.get("/plans/p/log.txt").is(200);
    assert!(log.body.starts_with("<script>alert(2)</script>\n"), "{log:?}");
    assert_eq!(log.header("content-type"), Some("text/plain; charset=utf-8"));
    assert!(
        serving
            .get("/plans/p")
            .body
            .contains("&lt;img src=x onerror=alert(1)&gt;")
    );
}

#[test]
fn addresses_of_nothing_lead_nowhere() {
    let sandbox = one_plan();
    let serving = Serving::of(&sandbox, "");
    for path in [
        "/plans/nope",
        "/plans/..%2f..%2fplans.toml",
        "/plans/--help",
        "/plans/p/log?attempt=..%2f..%2fserve.token",
        "/plans/p/log?attempt=--raw",
        "/static/..%2f..%2fCargo.toml",
        "/static/../../plans.toml",
        "/api/v1/plans/--json/why",
        "/api/v1/plans/p/token",
        "/runs/--help",
        "/runs/r99999",
        "/act/clean?what=p",
        "/act/pause?what=--now",
        "/act/pause?what=..%2fp",
        "/events?plan=%3Cb%3E",
        "/nothing",
    ] {
        let missing = serving.get(path);
        assert!([400, 404, 409].contains(&missing.status), "{path}: {missing:?}");
        assert!(!missing.body.contains(&serving.token), "{path}");
    }
    let long = format!("what=p&text={}", "x".repeat(200 << 10));
    serving
        .say(&serving.request("POST /act/send", &serving.bearer(), &long))
        .is(413);
    serving
        .act("send", &json!({"what": "p", "text": "x".repeat(20 << 10)}))
        .is(422);
    serving.act("pause", &json!({"what": "--now"})).is(422);
    serving.act("pause", &json!({"what": "nope"})).is(404);
    serving.get("/").is(200);
    assert_eq!(sandbox.events(), Vec::<Value>::new());
}

#[test]
fn a_server_that_only_shows_refuses_every_action() {
    let sandbox = one_plan();
    let serving = Serving::of(&sandbox, "--readonly");
    let refused = serving.act("pause", &json!({"what": "p"})).is(403);
    assert!(refused.body.contains("--readonly"), "{refused:?}");
    serving
        .say(&serving.request("POST /act/pause", &serving.cookie(), "what=p"))
        .is(403);
    let page = serving.get("/act/pause?what=p").is(200);
    assert!(
        page.body.contains("orch pause p") && !page.body.contains("<form"),
        "{}",
        page.body
    );
    assert!(!serving.get("/plans/p").is(200).body.contains("/act/"));
    assert_eq!(sandbox.events(), Vec::<Value>::new());
}

#[test]
fn an_action_is_the_command_and_is_not_done_on_what_has_passed() {
    let sandbox = one_plan();
    let serving = Serving::of(&sandbox, "");
    let asked = serving.get("/act/pause?what=p").is(200);
    assert!(asked.body.contains("<code>orch pause p</code>"), "{}", asked.body);
    let seen = asked.field("seen").to_owned();
    let done = serving
        .act("pause", &json!({"what": "p", "seen": seen}))
        .is(200)
        .json();
    assert_eq!(
        (&done["command"], &done["code"]),
        (&json!("orch pause p"), &json!(0))
    );
    // A second lead, who still sees what was.
    let late = serving.act("cancel", &json!({"what": "p", "seen": seen})).is(409);
    assert!(
        late.json()["error"]
            .as_str()
            .unwrap()
            .contains("it is paused now"),
        "{late:?}"
    );
    assert_eq!(sandbox.state("p"), "paused");
    // What the command refuses is refused in its words, options are words in a message, and nothing is run by a shell.
    let refused = serving
        .act("answer", &json!({"what": "p", "text": "--help $(touch gone)"}))
        .is(409)
        .json();
    assert_eq!(refused["code"], 2);
    assert!(refused["err"].as_str().unwrap().contains("asks"), "{refused}");
    assert!(!sandbox.join("gone").exists());
    sandbox.plan("q", "depends = [\"p\"]", &document(&[1]), "work 1.1");
    wait_for("the new plan", || serving.get("/").body.contains("/plans/q"));
    let asked = serving.get("/act/cancel?what=p").is(200);
    assert!(asked.body.contains("This would skip q."), "{}", asked.body);
    serving.act("resume", &json!({"what": "p"})).is(200);
    assert_ne!(sandbox.state("p"), "paused");
}

#[test]
fn answers_for_scripts_are_those_of_the_commands_and_are_described() {
    let sandbox = one_plan();
    sandbox.orch("up").code(0).ok();
    let serving = Serving::of(&sandbox, "");
    let said = |line: &str| sandbox.orch(line).code(0).json();
    assert_eq!(
        serving.get("/api/v1/status").is(200).json(),
        said("status --json")
    );
    assert_eq!(
        serving.get("/api/v1/plans/p/why").is(200).json(),
        said("why p --json")
    );
    assert_eq!(serving.get("/api/v1/train").is(200).json(), said("train --json"));
    assert_eq!(serving.get("/api/v1/graph").is(200).json(), said("graph --json"));
    assert_eq!(
        serving.get("/api/v1/history").is(200).json(),
        said("history --json")
    );
    let refused = serving.get("/api/v1/events?after=-1").is(400).body;
    assert!(refused.starts_with('{'), "{refused}");
    let events = serving.get("/api/v1/events?after=2").is(200).body;
    assert_eq!(events, sandbox.orch("events --json --after 2").code(0).out);

    assert_eq!(serving.get("/api/v1/digest").is(200).json()["landed"], json!([]));
    serving.get("/api/v1/digest?since=--help").is(409);
    let described = serving.get("/api/v1/openapi.json").is(200).json();
    assert_eq!(described["openapi"], "3.1.0");
    for (path, methods) in described["paths"].as_object().unwrap() {
        let path = path
            .replace("{plan}", "p")
            .replace("{what}", "diff")
            .replace("{verb}", "merge");
        for method in methods.as_object().unwrap().keys() {
            if path.ends_with("/stream") {
                continue;
            }
            let line = format!("{} {path}", method.to_uppercase());
            let answer = serving.say(&serving.request(&line, &serving.bearer(), ""));
            let right = if method == "post" { 415 } else { 200 };
            assert_eq!(answer.status, right, "{line}: {}", answer.body);
        }
    }
}

/// Reads server-sent events until there is one with this id; gives all ids on the way.
fn ids_to(stream: &mut impl BufRead, last: i64) -> Vec<i64> {
    let mut ids = Vec::new();
    let mut begun = false;
    while ids.last() != Some(&last) {
        let mut line = String::new();
        assert_ne!(
            stream.read_line(&mut line).unwrap(),
            0,
            "the stream ended at {ids:?}"
        );
        begun |= line.starts_with("event: begin");
        if let Some(id) = line.strip_prefix("id: ") {
            // The first only says where the stream begins.
            match std::mem::take(&mut begun) {
                true => assert!(ids.is_empty()),
                false => ids.push(id.trim().parse().unwrap()),
            }
        }
    }
    ids
}

#[test]
fn events_are_told_once_each_also_over_a_broken_connection() {
    let sandbox = one_plan();
    let serving = Serving::of(&sandbox, "");
    let listen = |head: &str, query: &str| {
        let head = format!("{}{head}", serving.bearer());
        BufReader::new(serving.connect(&serving.request(&format!("GET /api/v1/stream{query}"), &head, "")))
    };
    let mut first = listen("", "?after=0");
    sandbox.orch("pause p").code(0).ok();
    let last = |sandbox: &Sandbox| sandbox.events().last().unwrap()["seq"].as_i64().unwrap();
    let paused = last(&sandbox);
    assert_eq!(ids_to(&mut first, paused), (1..=paused).collect::<Vec<_>>());
    drop(first);
    sandbox.orch("resume p").code(0).ok();
    let resumed = last(&sandbox);
    let mut second = listen(&format!("Last-Event-ID: {paused}\r\n"), "?after=0");
    assert_eq!(
        ids_to(&mut second, resumed),
        (paused + 1..=resumed).collect::<Vec<_>>()
    );
    sandbox.orch("up").code(0).ok();
    let end = last(&sandbox);
    assert_eq!(ids_to(&mut second, end), (resumed + 1..=end).collect::<Vec<_>>());
}

#[test]
fn many_viewers_and_those_who_take_nothing_cost_others_nothing() {
    let sandbox = one_plan();
    sandbox.orch("up").code(0).ok();
    let before = sandbox.events();
    let serving = Serving::of(&sandbox, "");
    let stream = serving.request("GET /api/v1/stream?after=0", &serving.bearer(), "");
    let viewers: Vec<_> = (0..200).map(|_| serving.connect(&stream)).collect();
    // One sends half a request, one asks for much and takes nothing, one goes at once.
    let _half = serving.connect("GET / HTTP/1.1\r\nHost: loc");
    let mut asks = serving.connect("");
    for _ in 0..50 {
        let _ = asks.write_all(
            serving
                .request("GET /graph", &serving.bearer(), "")
                .replace("close", "keep-alive")
                .as_bytes(),
        );
    }
    drop(serving.connect(&stream));
    let last = before.last().unwrap()["seq"].as_i64().unwrap();
    for viewer in &viewers {
        let ids = ids_to(&mut BufReader::new(viewer), last);
        assert_eq!(ids.len(), before.len());
    }
    serving.get("/api/v1/status").is(200);
    serving.get("/").is(200);
    assert_eq!(sandbox.events(), before, "looking leaves no trace");
}

#[test]
fn a_finished_plan_that_nothing_is_built_for_is_on_the_page_of_the_train() {
    let sandbox = one_plan();
    sandbox.orch("up").code(0).ok();
    let entries = sandbox.orch("train --json").code(0).json()["entries"].clone();
    assert_eq!(
        (&entries[0]["plan"], &entries[0]["place"]),
        (&json!("p"), &Value::Null)
    );
    let page = Serving::of(&sandbox, "").get("/train").is(200);
    assert!(page.body.contains("href=\"/plans/p\""), "{}", page.body);
}

/// The most that a page of something long may weigh.
const PAGE: usize = 1 << 20;

#[test]
fn long_logs_and_journals_make_no_long_pages() {
    let sandbox = Sandbox::new();
    let prints = "head -c 33554432 /dev/zero | tr '\\0' x | fold -w 100; echo the end; work 1.1";
    sandbox.plan("p", "", &document(&[1]), prints);
    sandbox.orch("up").code(0).ok();
    let dir = OrchDir::new(&sandbox.join(".git"));
    let mut journal = Journal::open(&dir, Timestamp::now()).unwrap();
    let last = journal.read_all().unwrap().last().unwrap().clone();
    let warning = |number: usize| Event::Warning {
        plan: Some("p".parse().unwrap()),
        why: format!("warning {number}").into(),
    };
    let events: Vec<Event> = (0..100_000).map(warning).collect();
    for some in events.chunks(10_000) {
        journal.append(last.at, last.run, some, Sync::Process).unwrap();
    }
    drop(journal);

    let serving = Serving::of(&sandbox, "");
    for path in [
        "/",
        "/plans/p",
        "/plans/p/log",
        "/events",
        "/events?plan=p",
        "/timeline",
        "/runs",
    ] {
        let page = serving.get(path).is(200);
        assert!(page.body.len() < PAGE, "{path}: {}", page.body.len());
    }
    assert!(serving.get("/plans/p/log.txt").is(200).body.contains("the end\n"));
    assert!(serving.get("/events").is(200).body.contains("warning 99999"));
    // Who is far behind is told to load everything again, and gets what comes from now on.
    let stream = serving.connect(&serving.request("GET /api/v1/stream?after=1", &serving.bearer(), ""));
    let mut told = String::new();
    let mut lines = BufReader::new(stream);
    while !told.contains("event: anew") {
        assert!(
            lines.read_line(&mut told).unwrap() > 0 && told.len() < PAGE,
            "{told}"
        );
    }
}

#[test]
fn places_that_others_reach_are_taken_on_request_only() {
    let sandbox = one_plan();
    sandbox
        .orch("serve --listen 0.0.0.0:0")
        .code(2)
        .says("--public")
        .ok();
    sandbox
        .orch("serve --listen nowhere")
        .code(2)
        .says("127.0.0.1:7171")
        .ok();
    let first = Serving::of(&sandbox, "");
    let taken = sandbox.orch(&format!("serve --listen {}", first.address));
    taken.code(2).says("takes a free port").ok();
    let public = Serving::of(&sandbox, "--listen 0.0.0.0:0 --public");
    assert!(public.address.starts_with("0.0.0.0:"), "{}", public.address);

    let socket = sandbox.beside("s");
    let unix = Serving::of(&sandbox, &format!("--listen unix:{}", socket.display()));
    assert_eq!(socket.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let mut stream = UnixStream::connect(&socket).unwrap();
    let request = unix.request("GET /api/v1/status", &unix.bearer(), "");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    unix.running.signal(rustix::process::Signal::TERM);
    unix.running.end().code(0).ok();
    wait_for("the socket to be removed", || !socket.exists());
    std::fs::write(&socket, "mine").unwrap();
    sandbox
        .orch(&format!("serve --listen unix:{}", socket.display()))
        .code(2)
        .ok();
    assert_eq!(std::fs::read_to_string(&socket).unwrap(), "mine");
}

#[test]
fn a_wrong_manifest_is_a_page_that_says_so() {
    let sandbox = one_plan();
    let serving = Serving::of(&sandbox, "");
    serving.get("/").is(200);
    sandbox.write("plans.toml", "[plans.p]\nfile = 3\n");
    wait_for("the page to say so", || {
        let page = serving.get("/");
        page.status != 200 && page.body.contains("plans.toml")
    });
}

#[test]
fn a_review_on_a_page_is_of_the_commit_that_was_seen_there() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "gate = \"review\"", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(1).ok();
    let serving = Serving::of(&sandbox, "");
    assert!(serving.get("/").body.contains("/act/review?what=p"));
    let asked = serving.get("/act/review?what=p").is(200);
    assert!(asked.body.contains("1 commit"), "{}", asked.body);
    let seen = asked.field("commit").to_owned();
    let worktree = sandbox.worktree("p");
    worktree.write("late.txt", "unseen\n");
    worktree.git("add late.txt");
    worktree.git("commit -qm Late");
    let late = serving
        .act("review", &json!({"what": "p", "commit": seen}))
        .is(409);
    let said = late.json()["err"].as_str().unwrap().to_owned();
    assert!(said.contains("not what was reviewed"), "{said}");
    serving.act("review", &json!({"what": "p"})).is(422);
    let again = serving
        .get("/act/review?what=p")
        .is(200)
        .field("commit")
        .to_owned();
    assert_ne!(again, seen);
    serving
        .act("review", &json!({"what": "p", "commit": again}))
        .is(200);
    sandbox.orch("merge p").code(0).ok();
}

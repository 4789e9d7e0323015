//! Floor 5: the pages of `orch serve` in a real browser. `ORCH_SHOTS` names a folder for pictures of them.

use crate::support::browser::{Browser, Scheme};
use crate::support::{Sandbox, Serving, document};

/// All kinds of pages fit into this window, and nothing goes wrong in them.
#[track_caller]
fn pages_fit(browser: &mut Browser, base: &str, kind: (u32, Scheme, &str)) {
    let (width, scheme, name) = kind;
    browser.look(width, 800, scheme);
    for (page, path) in [
        ("fleet", "/"),
        ("plan", "/plans/asks"),
        ("changes", "/plans/asks/diff"),
        ("log", "/plans/asks/log"),
        ("answer", "/act/answer?what=asks"),
        ("train", "/train"),
        ("timeline", "/timeline"),
        ("graph", "/graph"),
        ("events", "/events"),
        ("runs", "/runs"),
    ] {
        browser.open(&format!("{base}{path}"));
        let wide = browser.eval("document.documentElement.scrollWidth - window.innerWidth");
        assert!(
            wide.as_i64().unwrap() <= 0,
            "{page} is {wide} too wide for {width}"
        );
        let nav = "(nav => nav.scrollWidth - nav.clientWidth)(document.querySelector('nav'))";
        assert_eq!(browser.eval(nav), 0, "{page}: the navigation scrolls at {width}");
        // One title, a place for the content, and a name for every field and button.
        let nameless = "[...document.querySelectorAll('a, button, input:not([type=hidden]), textarea')].filter(e => \
                        !(e.textContent.trim() || e.labels?.length || e.getAttribute('aria-label'))).length";
        assert_eq!(browser.eval(nameless), 0, "{page}");
        let marks = "document.querySelectorAll('h1').length == 1 && !!document.querySelector('main') && \
                     !!document.querySelector('nav[aria-label]')";
        assert_eq!(browser.eval(marks), true, "{page}");
        browser.shot(&format!("{page}-{name}"));
    }
    assert_eq!(browser.faults(), Vec::<String>::new());
}

#[test]
fn a_lead_sees_what_happens_and_acts_in_a_browser() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let sandbox = Sandbox::new();
    let asks = "work 1.1; orch task ask 'Which \"colour\" <b>now</b>?'";
    sandbox.settings("retries = 0").gate("works");
    sandbox.plan("asks", "", &document(&[2, 1]), asks);
    sandbox.plan("works", "", &document(&[1]), "gate works; work 1.1");
    sandbox.plan("fails", "", &document(&[1]), "exit 3");
    sandbox.plan(
        "waits",
        "depends = [\"asks@landed\"]",
        &document(&[1]),
        "work 1.1",
    );
    let serving = Serving::of(&sandbox, "");
    let base = format!("http://{}", serving.address);
    browser.open(&format!("{base}/?token={}", serving.token));
    assert_eq!(browser.eval("location.href"), format!("{base}/"));
    assert_eq!(
        browser.eval("document.cookie"),
        "",
        "scripts of a page never see the token"
    );

    // The page follows a run that begins after it was opened, without being loaded again.
    browser.eval("window.old = true");
    let up = sandbox.start("up");
    browser.until("document.querySelector('#plan-works')?.textContent.includes('running')");
    browser.until("!!document.querySelector('#needs a[href^=\"/act/answer?what=asks\"]')");
    browser.until("document.querySelector('#plan-fails').textContent.includes('failed')");
    browser.until("document.title.startsWith('(2)') && window.old");
    assert_eq!(browser.faults(), Vec::<String>::new());

    // The server is killed; another finds the open page again, with what happened meanwhile.
    let address = serving.address.clone();
    serving.running.kill();
    browser.until("'lost' in document.getElementById('live').dataset");
    sandbox.orch("pause waits").code(0).ok();
    let _again = Serving::of(&sandbox, &format!("--listen {address}"));
    browser.until("!('lost' in document.getElementById('live').dataset)");
    browser.until("document.querySelector('#plan-waits').textContent.includes('paused') && window.old");
    // That it could not be reached is in the console.
    browser.faults();

    for kind in [
        (1280, Scheme::Light, "light"),
        (1280, Scheme::Dark, "dark"),
        (360, Scheme::Light, "phone"),
    ] {
        pages_fit(&mut browser, &base, kind);
    }

    // The supervisor is killed and another goes on: the open page says so both times.
    browser.open(&format!("{base}/"));
    browser.eval("window.old = true");
    browser.until("document.getElementById('live-text').textContent == 'supervisor at work'");
    up.kill();
    browser.until("document.getElementById('live-text').textContent == 'no supervisor'");
    let mut up = sandbox.start("up");
    browser.until("document.getElementById('live-text').textContent == 'supervisor at work' && window.old");
    browser.until("document.querySelector('#plan-works').textContent.includes('running')");
    assert_eq!(browser.faults(), Vec::<String>::new());

    // The keyboard alone.
    browser.look(1280, 800, Scheme::Light);
    browser.open(&format!("{base}/"));
    for key in ["j", "j"] {
        browser.eval(&format!(
            "document.body.dispatchEvent(new KeyboardEvent('keydown', {{key: {key:?}, bubbles: true}}))"
        ));
    }
    assert_eq!(
        browser.eval("document.activeElement.classList.contains('plan')"),
        true
    );
    browser.eval("document.getElementById('filter').value = 'fail'; document.getElementById('filter').dispatchEvent(new Event('input'))");
    assert_eq!(
        browser.eval("[...document.querySelectorAll('#open tr')].filter(row => !row.hidden).length"),
        1
    );

    // An answer, by clicks.
    browser.click("#needs a[href^=\"/act/answer?what=asks\"]");
    assert_eq!(
        browser.eval("document.querySelector('blockquote').textContent"),
        "Which \"colour\" <b>now</b>?"
    );
    browser.eval("document.querySelector('textarea').value = '--blue; <i>'");
    sandbox.script("asks", "work 1.1 1.2 2.1");
    browser.click("form button");
    assert!(
        browser
            .eval("document.querySelector('h1').textContent")
            .as_str()
            .unwrap()
            .ends_with(": done")
    );
    sandbox.happened("plan.finished", "asks");
    browser.click("a[href='/plans/asks']");
    browser.until("document.querySelector('h1').textContent.includes('finished')");
    // Both sides are there to be read, as text.
    assert_eq!(
        browser.eval("[...document.querySelectorAll('#talk .words')].map(said => said.textContent)"),
        serde_json::json!(["Which \"colour\" <b>now</b>?", "--blue; <i>"])
    );
    assert_eq!(browser.faults(), Vec::<String>::new());

    // The log of an agent at work follows.
    browser.open(&format!("{base}/plans/works"));
    sandbox.open("works");
    browser.until("document.querySelector('h1').textContent.includes('finished')");
    assert!(up.is_alive() || !up.err().contains("bug"));
    assert_eq!(browser.faults(), Vec::<String>::new());
}

#[test]
fn a_thousand_plans_are_a_page() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let sandbox = Sandbox::new();
    let plan = |n: usize| format!("[plans.p{n}]\nprompt = \"Do part {n}\"\nagent = \"x\"\n");
    let plans: String = (0..1000).map(plan).collect();
    sandbox.tables(&format!("[agents.x]\ncommand = [\"true\"]\n{plans}"));
    let serving = Serving::of(&sandbox, "");
    browser.open(&format!("http://{}/?token={}", serving.address, serving.token));
    assert_eq!(browser.eval("document.querySelectorAll('#open tr').length"), 1000);
    browser.eval("document.querySelector('#plan-p9 a').focus()");
    sandbox.orch("pause p7").code(0).ok();
    browser.until("document.getElementById('plan-p7').textContent.includes('paused')");
    // Who goes through the list by keyboard keeps the place.
    assert_eq!(
        browser.eval("document.activeElement.getAttribute('href')"),
        "/plans/p9"
    );
    browser.look(360, 800, Scheme::Light);
    assert_eq!(browser.eval("document.documentElement.scrollWidth"), 360);
    assert_eq!(browser.faults(), Vec::<String>::new());
}

#[test]
fn every_action_is_done_by_clicks() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    for (name, keys, script) in [
        ("fails", "", "exit 3"),
        ("reviewed", "gate = \"review\"", "work 1.1"),
        ("asks", "", "orch task ask 'Now?'"),
        ("gated", "gate = \"approve\"", "work 1.1"),
        ("waits", "depends = [\"gated\"]", "work 1.1"),
        ("dropped", "depends = [\"gated\"]", "work 1.1"),
        ("done", "", "work 1.1"),
    ] {
        sandbox.plan(name, keys, &document(&[1]), script);
    }
    sandbox.orch("up").code(1).ok();
    let serving = Serving::of(&sandbox, "");
    let base = format!("http://{}", serving.address);
    browser.open(&format!("{base}/?token={}", serving.token));
    let act = |browser: &mut Browser, verb: &str, plan: &str, text: Option<&str>| {
        browser.open(&format!("{base}/plans/{plan}"));
        browser.click(&format!("a[href^=\"/act/{verb}?what={plan}\"]"));
        // What follows is said before anything is done, and the command beside it.
        let command = browser.eval("[...document.querySelectorAll('code')].at(-1).textContent");
        assert!(
            command.as_str().unwrap().starts_with(&format!("orch {verb} ")),
            "{verb}: {command}"
        );
        if let Some(text) = text {
            browser.eval(&format!("document.querySelector('textarea').value = {text:?}"));
        }
        browser.click("form button");
        let title = browser.eval("document.querySelector('h1').textContent");
        assert!(
            title.as_str().unwrap().ends_with(": done"),
            "{verb} {plan}: {title}"
        );
        assert_eq!(browser.faults(), Vec::<String>::new());
    };
    act(&mut browser, "pause", "waits", None);
    assert_eq!(sandbox.state("waits"), "paused");
    act(&mut browser, "resume", "waits", None);
    assert_ne!(sandbox.state("waits"), "paused");
    act(&mut browser, "cancel", "dropped", None);
    act(&mut browser, "send", "asks", Some("Look at the tests first."));
    sandbox.orch("status asks").says("Look at the tests first.").ok();
    // Nobody would read a message to a plan whose work is done: none is offered.
    browser.open(&format!("{base}/plans/reviewed"));
    assert_eq!(
        browser.eval("document.querySelectorAll('a[href^=\"/act/send\"]').length"),
        0
    );
    act(&mut browser, "review", "reviewed", None);
    assert_eq!(sandbox.state("reviewed"), "finished");
    act(&mut browser, "merge", "done", None);
    assert_eq!(sandbox.state("done"), "landed");
    act(&mut browser, "approve", "gated", None);
    act(&mut browser, "retry", "fails", None);
    sandbox.script("fails", "work 1.1");
    sandbox.orch("up").code(1).says("dropped").ok();
    for plan in ["fails", "gated", "waits"] {
        assert_eq!(sandbox.state(plan), "finished", "{plan}");
    }
    assert_eq!(sandbox.state("dropped"), "cancelled");
}

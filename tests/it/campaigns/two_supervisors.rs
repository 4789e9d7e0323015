//! Two supervisors started together: one drives, the other is turned away, and whoever dies, its agent is taken over by
//! the next.
//!
//! `ORCH_PAIRS` sets how often two are started.

use rustix::process::Signal;

use crate::support::{Sandbox, campaign, document, wait_for};

/// How many pairs are started where nothing else is asked for.
const PAIRS: usize = 40;

#[test]
fn of_two_supervisors_one_drives_and_the_agent_of_a_dead_one_goes_on_under_the_next() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0").gate("g");
    sandbox.plan("p", "", &document(&[1]), "gate g; work 1.1");
    let pairs = campaign("ORCH_PAIRS", PAIRS);
    let (mut adopted, mut first_won) = (0, 0);
    for round in 1..=pairs {
        let mut pair = vec![sandbox.start("up"), sandbox.start("up")];
        wait_for("one to be turned away", || {
            pair.iter_mut().any(|up| !up.is_alive())
        });
        let first_lost = !pair[0].is_alive();
        let loser = pair.remove(usize::from(!first_lost));
        let mut winner = pair.remove(0);
        loser.end().code(3).ok();
        first_won += usize::from(!first_lost);
        // The agent is at its gate all the time, under whoever drives.
        sandbox.reached("g");
        wait_for("the agent to be known", || sandbox.state("p") == "running");
        assert!(winner.is_alive(), "round {round}: {}", winner.err());
        assert_eq!(sandbox.starts(), ["p-1"], "round {round}");
        adopted += usize::from(round > 1);
        if round == pairs {
            sandbox.open("g");
            winner.end().code(0).ok();
        } else {
            winner.signal(Signal::KILL);
            assert_eq!(winner.end().code, -1);
        }
    }
    assert_eq!(sandbox.starts(), ["p-1"], "the agent ran once");
    assert_eq!(sandbox.count("agent.started", None), 1);
    assert_eq!(sandbox.count("agent.ended", None), 1);
    assert_eq!(sandbox.state("p"), "finished");
    sandbox.nothing_is_left();
    println!(
        "two supervisors: {pairs} pairs, {pairs} times one drove and the other was turned away (the first won \
         {first_won}); adopted {adopted} times; the agent ran once"
    );
}

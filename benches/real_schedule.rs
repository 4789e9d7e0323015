//! Real agents against the schedule that was foretold: plans that wait for each other, whose agents sleep for 0.2 to 1 s
//! as stated, run by `orch up`, beside `orch simulate` of the same manifest.

#![allow(clippy::disallowed_methods, reason = "a benchmark meets the world")]

mod support;

use std::fmt::Write as _;

use orch::graph::Rng;
use support::{Options, Samples, Sandbox, entries, orch, run};

const PLANS: usize = 24;
const SLOTS: usize = 4;

fn main() {
    let Some(options) = Options::read() else { return };
    let mut ratios = [Samples::default(), Samples::default()];
    println!("\n{PLANS} plans of one task of 0.2 to 1 s, {SLOTS} agents at a time: seconds");
    println!("                     worktrees made on the way     in ready worktrees");
    println!("    seed   foretold     taken   taken / foretold   taken   taken / foretold");
    for seed in 0..options.rounds(5) as u64 {
        let (foretold, taken) = measure(seed);
        let [making, ready] = taken.map(|taken| taken / foretold);
        println!(
            "    {seed:>4}   {foretold:>8.3}   {:>7.3}   {making:<16.4} {:>7.3}   {ready:.4}",
            taken[0], taken[1]
        );
        ratios[0].push(making);
        ratios[1].push(ready);
    }
    for (name, ratios) in ["worktrees made on the way", "in ready worktrees"]
        .iter()
        .zip(&ratios)
    {
        println!(
            "    {name}: median {:.4}, largest {:.4}",
            ratios.median(),
            ratios.max()
        );
    }
}

/// What `orch simulate` says, and what the agents took from the first start to the last end, in seconds: with the making of
/// their worktrees, of which the simulation knows nothing, and without it.
fn measure(seed: u64) -> (f64, [f64; 2]) {
    let mut dice = Rng::of(seed, &[24]);
    let sandbox = Sandbox::with_files(20, 1000);
    let mut manifest = format!("schema = 1\n[run]\nmax_agents = {SLOTS}\n");
    for n in 0..PLANS {
        let took = 200 + dice.below(801);
        sandbox.write(
            &format!("plans/p{n:02}.md"),
            &format!("# Plan {n}\n\n## Phase 1: Do\n\n- [ ] 1.1 One (expected: {took}ms)\n"),
        );
        let mut depends: Vec<String> = Vec::new();
        while n > 0 && depends.len() < 2 && dice.percent(50.0) {
            let on = format!("\"p{:02}\"", n - 1 - dice.below(n.min(6)));
            if !depends.contains(&on) {
                depends.push(on);
            }
        }
        writeln!(
            manifest,
            // No shell in between, whose own time would be none of the stated duration.
            "[agents.a{n:02}]\ncommand = [\"sleep\", \"{}.{:03}\"]\n\
             [plans.p{n:02}]\nagent = \"a{n:02}\"\nfile = \"plans/p{n:02}.md\"\nallow_empty = true\ndepends = [{}]",
            took / 1000,
            took % 1000,
            depends.join(", ")
        )
        .unwrap();
    }
    sandbox.write("plans.toml", &manifest);
    let foretold = orch(&sandbox.repo())
        .args(["--json", "simulate"])
        .output()
        .unwrap();
    let foretold: serde_json::Value = serde_json::from_slice(&foretold.stdout).unwrap();
    let taken = [(); 2].map(|()| {
        run(orch(&sandbox.repo()).arg("up"));
        let all = entries(&sandbox.repo());
        let at = |event: &'static str| {
            all.iter()
                .filter(move |entry| entry.event == event)
                .map(|entry| entry.at)
        };
        let begun = at("agent.started").fold(f64::INFINITY, f64::min);
        let ended = at("agent.ended").fold(0.0, f64::max);
        assert_eq!(at("agent.ended").count(), PLANS, "every agent runs once");
        sandbox.forget_runs();
        (ended - begun) / 1e3
    });
    (foretold["makespan_s"].as_f64().unwrap(), taken)
}

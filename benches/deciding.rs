//! What a decision costs: drawing and ranking a graph of 100,000 nodes again, and one event. Beside it the same graph in
//! petgraph: its topological sort, and the longest path behind each node from that.

#![allow(clippy::disallowed_methods, reason = "a benchmark meets the world")]

mod support;

use std::hint::black_box;
use std::time::Instant;

use orch::graph::{Durations, Gate, Generated, Graph, Ranks};
use orch::plan::{Arrangement, CommitId, Dispatch, RunId, Strategy};
use orch::schedule::{AgentStart, At, Effect, Event, Evidence, Exit, Input, Pinned, Scheduler, Work};
use petgraph::graph::DiGraph;
use support::{Options, Samples};

fn main() {
    let Some(options) = Options::read() else { return };
    let rounds = options.rounds(15);
    for dispatch in [Dispatch::Task, Dispatch::Plan] {
        for (plans, tasks) in [(1000, 100), (100, 1000), (1, 5000)] {
            shape(plans, tasks, dispatch, rounds);
        }
    }
}

fn shape(plans: usize, tasks: usize, dispatch: Dispatch, rounds: usize) {
    let set = Generated {
        plans,
        tasks,
        arrangement: Arrangement {
            dispatch,
            strategy: Strategy::Dag,
            ..Arrangement::default()
        },
        ..Generated::default()
    }
    .plan_set();
    let durations = Durations::default();
    let mut all = [(); 5].map(|()| Samples::default());
    let millis = |start: Instant| start.elapsed().as_secs_f64() * 1e3;
    let mut edges = 0;
    for _ in 0..rounds {
        let start = Instant::now();
        let graph = Graph::new(&set, &durations);
        all[0].push(millis(start));
        let ranked = Instant::now();
        let ranks = Ranks::new(&graph, &set);
        all[1].push(millis(ranked));
        let reduced = Instant::now();
        let work = Work::of_graph(&set, &graph, &ranks, false);
        all[2].push(millis(reduced));
        all[3].push(millis(start));
        black_box(work);

        let peer = petgraph_of(&graph);
        edges = peer.edge_count();
        let start = Instant::now();
        let longest = longest_paths(&peer);
        all[4].push(millis(start));
        if dispatch == Dispatch::Task {
            assert_eq!(longest, ranks.remaining.iter().max().copied().unwrap_or(0));
        }
    }
    let nodes = Graph::new(&set, &durations).nodes.len();
    println!(
        "\n{plans} plans of {tasks} tasks, {dispatch:?} dispatch: {nodes} nodes, {edges} edges; milliseconds:"
    );
    for (name, samples) in [
        "draw the graph",
        "rank it",
        "reduce it to work",
        "all of it: a full re-plan",
        "petgraph: toposort and longest paths",
    ]
    .iter()
    .zip(&all)
    {
        println!(
            "  {name:<38} median {:8.2}   max {:8.2}",
            samples.median(),
            samples.max()
        );
    }
    let work = Work::new(&set, &durations, false);
    let mut times = Samples::default();
    let taken = events(work, &mut times);
    println!(
        "  one event, of {taken}: microseconds          median {:8.2}   p99 {:8.2}   max {:8.2}",
        times.median(),
        times.quantile(0.99),
        times.max()
    );
}

fn petgraph_of(graph: &Graph) -> DiGraph<u64, ()> {
    let mut peer = DiGraph::with_capacity(graph.nodes.len(), graph.nodes.len() * 3);
    let places: Vec<_> = graph
        .nodes
        .iter()
        .map(|node| peer.add_node(node.expected))
        .collect();
    for place in 0..graph.nodes.len() {
        for member in graph.waits_of(place).flat_map(Gate::of) {
            peer.add_edge(places[member], places[place], ());
        }
    }
    peer
}

fn longest_paths(peer: &DiGraph<u64, ()>) -> u64 {
    let order = petgraph::algo::toposort(peer, None).expect("no circle");
    let mut remaining = vec![0u64; peer.node_count()];
    for node in order.into_iter().rev() {
        let behind = peer.neighbors(node).map(|next| remaining[next.index()]);
        remaining[node.index()] = behind.max().unwrap_or(0) + peer[node];
    }
    remaining.into_iter().max().unwrap_or(0)
}

/// Goes through the first events of a run, each answered at once.
fn events(work: Work, times: &mut Samples) -> usize {
    const TAKEN: usize = 20_000;
    let commit = CommitId::null();
    let mut scheduler = Scheduler::new(work);
    let mut queue = std::collections::VecDeque::from([Input::Event(Event::RunStarted {
        run: RunId(1),
        base: commit.clone(),
        target: "main".to_owned(),
        only: Vec::new(),
        merge_only: false,
    })]);
    let mut all: Vec<f64> = Vec::new();
    while let Some(input) = queue.pop_front().filter(|_| all.len() < TAKEN) {
        let start = Instant::now();
        let step = scheduler.handle(At(all.len() as u64), input);
        all.push(start.elapsed().as_secs_f64() * 1e6);
        for effect in step.effects {
            queue.extend(answers(effect, &commit).into_iter().map(Input::Event));
        }
    }
    times.extend(all.iter().copied().skip(1));
    all.len()
}

fn answers(effect: Effect, commit: &CommitId) -> Vec<Event> {
    let commit = commit.clone();
    match effect {
        Effect::MakeWorktree { plan, lane, base } => vec![Event::WorktreeCreated {
            plan,
            lane,
            path: String::new(),
            branch: String::new(),
            base,
        }],
        Effect::Launch(launch) => vec![
            Event::AgentStarted(AgentStart {
                plan: launch.plan.clone(),
                attempt: launch.attempt.clone(),
                pid: 1,
                head: None,
                node: None,
            }),
            Event::AgentEnded {
                plan: launch.plan,
                attempt: launch.attempt,
                exit: Exit::Code { code: 0 },
                why: None,
            },
        ],
        Effect::Check { plan, attempt, .. } => vec![Event::AttemptChecked {
            plan,
            attempt,
            evidence: Evidence {
                commits: 1,
                ..Evidence::default()
            },
        }],
        Effect::Integrate { plan, attempt, .. } => vec![Event::WorkMerged {
            plan,
            attempt,
            commit,
        }],
        Effect::Verify { plan } => vec![Event::VerifyPassed {
            plan,
            commit,
            ran: None,
        }],
        Effect::Pin {
            plan, point, holds, ..
        } => vec![Event::Pinned(Pinned {
            plan,
            point,
            commit,
            holds,
            uncommitted: 0,
        })],
        _ => Vec::new(),
    }
}

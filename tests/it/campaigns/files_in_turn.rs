//! Random plans whose phases touch the same files, simulated with `overlap = "serialize"`.

use std::collections::{BTreeMap, BTreeSet};

use orch::graph::{Durations, Generated, Graph, Rng, cycles};
use orch::plan::{Arrangement, Dispatch, Overlap, PhaseId, PlanSet};
use orch::schedule::{Ending, Simulation, SimulationSettings, Work, simulate};

fn plan_set(seed: u64, dispatch: Dispatch) -> PlanSet {
    let mut dice = Rng::of(seed, &[17]);
    let mut set = Generated {
        seed,
        plans: 2 + dice.below(5),
        tasks: 4 + dice.below(10),
        phase: 2,
        named: 30.0,
        cross: 25.0,
        max_agents: 4,
        arrangement: Arrangement {
            dispatch,
            ..Arrangement::default()
        },
        ..Generated::default()
    }
    .plan_set();
    let file = |dice: &mut Rng| match dice.below(8) {
        0 => "src/".to_owned(),
        1 => "src/**".to_owned(),
        other => format!("src/f{other}.rs"),
    };
    for plan in &mut set.plans {
        plan.overlap = [Overlap::Serialize, Overlap::Warn, Overlap::Allow][dice.below(3)];
        plan.priority.0 = dice.below(2) as i64;
        plan.carry = dice.percent(80.0);
        if dice.percent(15.0) {
            plan.touches = vec![file(&mut dice)];
        }
        let mut document = (*plan.document).clone();
        for task in document.phases.iter_mut().flat_map(|phase| &mut phase.tasks) {
            if dice.percent(15.0) {
                task.files = vec![file(&mut dice)];
            }
        }
        plan.document = document.into();
    }
    set
}

/// For each plan, the plans that it waits for as written, directly or not.
fn written(set: &PlanSet) -> Vec<BTreeSet<usize>> {
    let place = |name| set.plans.iter().position(|plan| plan.name == name).unwrap();
    let direct: Vec<BTreeSet<usize>> = set
        .plans
        .iter()
        .map(|plan| plan.all_waits().map(|wait| place(wait.on.plan.clone())).collect())
        .collect();
    let mut all = direct.clone();
    for _ in &set.plans {
        for on in &mut all {
            let further: Vec<usize> = on.iter().flat_map(|on| &direct[*on]).copied().collect();
            on.extend(further);
        }
    }
    all
}

/// The phases of each plan that touch each file, with the whole plan for `touches`.
fn touching(set: &PlanSet) -> Vec<BTreeMap<PhaseId, BTreeSet<String>>> {
    let of = set.plans.iter().map(|plan| {
        let phases = plan.document.phases.iter().map(|phase| {
            let own = phase.tasks.iter().flat_map(|task| &task.files);
            (phase.id, own.chain(&plan.touches).cloned().collect())
        });
        phases.collect()
    });
    of.collect()
}

fn meet(one: &BTreeSet<String>, other: &BTreeSet<String>) -> bool {
    let wide = |file: &str| file.ends_with('/') || file.contains('*');
    // Every folder and pattern of these plans covers every file.
    !one.is_empty()
        && !other.is_empty()
        && (one.iter().any(|file| wide(file) || other.contains(file)) || other.iter().any(|file| wide(file)))
}

/// When each phase was worked on: from the first start to the last end.
fn spans(found: &Simulation) -> BTreeMap<(usize, PhaseId), (u64, u64)> {
    let mut spans: BTreeMap<(usize, PhaseId), (u64, u64)> = BTreeMap::new();
    for span in &found.spans {
        for unit in &span.units {
            let known = spans
                .entry((span.plan, unit.phase()))
                .or_insert((span.from, span.to));
            *known = (known.0.min(span.from), known.1.max(span.to));
        }
    }
    spans
}

#[test]
fn phases_that_touch_the_same_files_never_overlap_and_all_work_gets_done() {
    let (mut turns, mut whole, mut kept_apart) = (0, 0, 0);
    for dispatch in [Dispatch::Plan, Dispatch::Phase, Dispatch::Task] {
        for seed in 0..120 {
            let set = plan_set(seed, dispatch);
            let graph = Graph::new(&set, &Durations::default());
            assert!(cycles(&graph).is_empty(), "{dispatch} {seed}");
            let all = graph.after.iter().flatten();
            turns += all.clone().filter(|turn| turn.of.is_some()).count();
            whole += all.filter(|turn| turn.of.is_none()).count();
            let settings = SimulationSettings {
                seed,
                noise: 0.5,
                failures: if seed % 3 == 0 { 8.0 } else { 0.0 },
                ..SimulationSettings::default()
            };
            let work = Work::new(&set, &Durations::default(), false);
            let found = simulate(work, &settings);
            assert!(found.efficiency() <= 1.0, "{dispatch} {seed}");
            if settings.failures == 0.0 {
                assert_eq!(found.tasks, found.tasks_in_all, "{dispatch} {seed}");
                assert_eq!(found.ending, Some(Ending::Settled), "{dispatch} {seed}");
            }
            // One agent works through several phases. The scheduler's own oracle looks at their starts.
            if dispatch == Dispatch::Plan {
                continue;
            }
            let (written, touching, spans) = (written(&set), touching(&set), spans(&found));
            for ((plan, phase), (from, to)) in &spans {
                let others = spans.iter().filter(|((other, _), _)| other > plan);
                for ((other, their), (begin, end)) in others {
                    let mutual = written[*plan].contains(other) && written[*other].contains(plan);
                    let asked = [plan, other]
                        .iter()
                        .any(|plan| set.plans[**plan].overlap == Overlap::Serialize);
                    if asked && !mutual && meet(&touching[*plan][phase], &touching[*other][their]) {
                        kept_apart += 1;
                        let apart = to <= begin || end <= from;
                        assert!(apart, "{dispatch} {seed}: {plan}.{phase} and {other}.{their}");
                    }
                }
            }
        }
    }
    println!("{turns} turns of phases, {whole} of plans, {kept_apart} pairs kept apart");
    assert!(turns > 500 && whole > 50 && kept_apart > 500);
}

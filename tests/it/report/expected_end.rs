//! The expected end of a run, against runs that were recorded. Each file of `tests/recorded/runs` has the manifest, the documents and the
//! journal of a run with real processes: plans as a whole, by phase and by task; with stated estimates; with plans that wait for each
//! other and land; with agents of unlike speed. The agents' tasks took 0.6 s in the median, with a standard deviation of 0.6 of the
//! logarithm.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use orch::plan::PlanSet;
use orch::schedule::{At, Event, Scheduler, Work, eta, history};
use orch::supervisor::Project;
use serde::Deserialize;
use serde_json::Value;

use crate::support::Scratch;

#[derive(Deserialize)]
struct RecordedRun {
    manifest: String,
    documents: BTreeMap<String, String>,
    merge: bool,
    events: Vec<(u64, Value)>,
}

impl RecordedRun {
    fn events(&self) -> Vec<(At, Event)> {
        let event = |(at, event): &(u64, Value)| {
            let name = event["event"].as_str().unwrap();
            (At(*at), Event::read(name, event.clone()).unwrap())
        };
        self.events.iter().map(event).collect()
    }

    fn set(&self) -> PlanSet {
        let scratch = Scratch::new();
        scratch.write("plans.toml", &self.manifest);
        for (path, text) in &self.documents {
            scratch.write(path, text);
        }
        scratch.commit("plans");
        Project::open(scratch.path(), None).unwrap().set.clone()
    }

    /// How far the expected end is from the real one, as a share of the time that was left, when this share of the run is over.
    fn error(&self, over: f64) -> f64 {
        let (set, events) = (self.set(), self.events());
        let end = events
            .iter()
            .rev()
            .find(|(_, event)| matches!(event, Event::PlanFinished(_) | Event::MergeLanded(_)));
        let (begin, end) = (events[0].0.0, end.unwrap().0.0);
        let now = begin + ((end - begin) as f64 * over) as u64;
        let seen = || {
            events
                .iter()
                .filter(|(at, _)| at.0 <= now)
                .map(|(at, event)| (*at, event))
        };
        let mut scheduler = Scheduler::new(Work::new(&set, &history::durations(&set, []), self.merge));
        scheduler.replay(seen());
        scheduler.observe(At(now));
        let left = eta(scheduler.work(), scheduler.state()).run.unwrap();
        left as f64 / (end - now) as f64 - 1.0
    }
}

#[test]
fn at_half_time_the_expected_end_is_less_than_a_fifth_off_in_the_mean() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded/runs");
    let mut errors = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let run: RecordedRun = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let error = run.error(0.5);
        println!("{}: {:+.0} %", path.display(), error * 100.0);
        errors.push(error.abs());
    }
    let mean = errors.iter().sum::<f64>() / errors.len() as f64;
    println!("mean of {} runs: {:.1} %", errors.len(), mean * 100.0);
    assert!(errors.len() >= 6 && mean < 0.2, "{mean}");
}

//! Several contestants that do the same work in turns, so that what else the machine does hits all alike.

use std::time::Instant;

use super::samples::{Samples, milliseconds};
use super::usage::children_processor_time;

/// Who takes part, and what was measured of each.
#[derive(Debug)]
pub struct Contest {
    title: String,
    /// What a measured time is divided by: how many pieces of work a turn does.
    pieces: f64,
    lanes: Vec<Lane>,
}

#[derive(Debug)]
struct Lane {
    name: String,
    wall: Samples,
    processor: Samples,
}

impl Contest {
    /// A contest in which every turn does this many pieces of work; times are per piece.
    pub fn new(title: &str, pieces: usize) -> Self {
        Self {
            title: title.to_owned(),
            pieces: pieces as f64,
            lanes: Vec::new(),
        }
    }

    /// Measures one turn: wall time, and processor time of the processes that were started and waited for.
    pub fn turn<T>(&mut self, name: &str, work: impl FnOnce() -> T) -> T {
        let (before, start) = (children_processor_time(), Instant::now());
        let result = work();
        let wall = milliseconds(start.elapsed());
        let processor = children_processor_time().saturating_sub(before);
        self.take(name, wall / self.pieces, milliseconds(processor) / self.pieces);
        result
    }

    /// Takes values measured elsewhere, per piece, in milliseconds.
    pub fn take(&mut self, name: &str, wall: f64, processor: f64) {
        let at = self.lanes.iter().position(|lane| lane.name == name);
        let at = at.unwrap_or_else(|| {
            self.lanes.push(Lane {
                name: name.to_owned(),
                wall: Samples::default(),
                processor: Samples::default(),
            });
            self.lanes.len() - 1
        });
        self.lanes[at].wall.push(wall);
        self.lanes[at].processor.push(processor);
    }

    /// The wall times of one contestant.
    pub fn wall(&self, name: &str) -> Option<&Samples> {
        self.lanes
            .iter()
            .find(|lane| lane.name == name)
            .map(|lane| &lane.wall)
    }

    /// Says on standard error what the round brought, for those who wait for the end.
    pub fn tell(&self, round: usize) {
        let last = self
            .lanes
            .iter()
            .filter_map(|lane| Some((&lane.name, lane.wall.last()?)));
        let told: Vec<String> = last.map(|(name, wall)| format!("{name} {wall:.2}")).collect();
        eprintln!("round {}: {}", round + 1, told.join(", "));
    }

    /// Prints a row for each, with the ratio of the first one's time to its own: of the medians, and of the fastest
    /// rounds, which a busy machine disturbs least. The first one is ours.
    pub fn print(&self) {
        let Some(ours) = self.lanes.first().map(|lane| &lane.wall) else {
            return;
        };
        println!("\n{} ({} rounds in turns; ms)", self.title, ours.len());
        println!(
            "  {:<34} {:>28}  {:>10}  {:>12}  {:>8}",
            "", "wall: median (min–max)", "processor", "ours / this", "fastest"
        );
        for Lane {
            name,
            wall,
            processor,
        } in &self.lanes
        {
            println!(
                "  {name:<34} {:>28}  {:>10.2}  {:>12.2}  {:>8.2}",
                wall.to_string(),
                processor.mean(),
                ours.median() / wall.median(),
                ours.min() / wall.min()
            );
        }
    }
}

//! Chance that can be replayed.

/// The dice of generated graphs, with a seed that the environment may name.
#[derive(Debug)]
pub struct Dice(orch::graph::Rng);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(orch::graph::Rng::new(seed))
    }

    /// The seed that the environment names, and otherwise one of the clock's.
    pub fn seed(variable: &str) -> u64 {
        let named = std::env::var(variable).ok().and_then(|text| text.parse().ok());
        named.unwrap_or_else(|| {
            let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            since.map_or(0, |since| since.subsec_nanos().into())
        })
    }

    pub fn roll(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number from 0 up to, and without, the limit.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0.below(limit)
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, among: &'a [T]) -> &'a T {
        &among[self.below(among.len())]
    }
}

/// The runs of a campaign: as many as the environment asks for, otherwise this many in CI, and a tenth elsewhere.
pub fn campaign(variable: &str, in_ci: usize) -> usize {
    let share = match std::env::var_os("CI") {
        Some(_) => in_ci,
        None => in_ci.div_ceil(10),
    };
    asked(variable, share)
}

/// Which of so many steps a test tries that does the same at each: as many as `ORCH_STEPS` says, spread over all.
pub fn steps(count: usize) -> impl Iterator<Item = usize> {
    let tried = campaign("ORCH_STEPS", count).min(count);
    println!("{tried} of {count} steps are tried");
    (0..tried).map(move |n| (2 * n + 1) * count / (2 * tried))
}

/// The number that the environment names; otherwise this one.
pub fn asked(variable: &str, otherwise: usize) -> usize {
    let asked = std::env::var(variable).ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

//! The gain from parallel work, compared with goals for a team lead: an efficiency of 65 %, poor below 50 and bad below 40; an
//! overhead of 10 %, poor above 15 and bad above 20.

use crate::report::story::figures::Figures;
use crate::report::text::span::ms;

/// The limits of good, poor and bad efficiency, in percent.
const EFFICIENCY: [f64; 3] = [65.0, 50.0, 40.0];
/// The same limits for the overhead.
const OVERHEAD: [f64; 3] = [10.0, 15.0, 20.0];

impl Figures {
    /// Milliseconds in which it was driven, without those in which it only waited for a person: nothing that `orch` does changes them.
    fn own_ms(&self) -> u64 {
        self.driven_ms - self.waited_ms
    }

    /// Milliseconds without an agent at work, likewise.
    fn own_idle_ms(&self) -> u64 {
        self.idle_ms - self.waited_ms
    }

    /// The sequential time of the same work, in milliseconds: the time of all agents, and the time without an agent.
    fn sequential_ms(&self) -> u64 {
        self.agent_ms + self.own_idle_ms()
    }

    /// How many times faster the run was than the same work done sequentially; `None` when nothing was driven.
    pub fn speed_up(&self) -> Option<f64> {
        (self.own_ms() > 0).then(|| self.sequential_ms() as f64 / self.own_ms() as f64)
    }

    /// The saved share of the sequential time, in percent.
    pub fn efficiency(&self) -> Option<f64> {
        let saved = self.sequential_ms().checked_sub(self.own_ms())?;
        (self.sequential_ms() > 0).then(|| saved as f64 / self.sequential_ms() as f64 * 100.0)
    }

    /// The share of time without a running agent, in percent.
    pub fn overhead(&self) -> Option<f64> {
        (self.sequential_ms() > 0).then(|| self.own_idle_ms() as f64 / self.sequential_ms() as f64 * 100.0)
    }
}

/// The speed of a run and its overhead, each with the cause when it missed its goal. With a single agent there is nothing to
/// compare.
pub fn efficiency_sentences(figures: &Figures) -> Vec<String> {
    let (Some(speed_up), Some(efficiency), Some(overhead)) =
        (figures.speed_up(), figures.efficiency(), figures.overhead())
    else {
        return Vec::new();
    };
    if figures.attempts < 2 {
        return Vec::new();
    }
    let missed = EFFICIENCY.iter().filter(|aim| efficiency < **aim).count();
    let mut lines = Vec::new();
    // One agent alone saves nothing, and cannot.
    if figures.peak > 1 {
        lines.push(format!(
            "{speed_up:.1} times as fast as one after the other: efficiency {efficiency:.0} %{}",
            verdict(missed, EFFICIENCY[0], &cause(figures))
        ));
    }
    let missed = OVERHEAD.iter().filter(|aim| overhead > **aim).count();
    lines.push(format!(
        "coordination overhead {overhead:.0} %{}",
        verdict(missed, OVERHEAD[0], &without_agent(figures))
    ));
    if figures.waited_ms > 0 {
        lines.push(format!(
            "everything waited for a person for {}; neither figure counts that time",
            ms(figures.waited_ms)
        ));
    }
    lines
}

fn verdict(missed: usize, aim: f64, cause: &str) -> String {
    let word = match missed {
        0 => return String::new(),
        1 => "missed",
        2 => "missed by far",
        _ => "out of reach",
    };
    format!(", the aim of {aim:.0} % is {word}: {cause}")
}

/// How long no agent was at work, and for how much of this a plan was parked.
fn without_agent(figures: &Figures) -> String {
    let idle = format!("no agent was at work for {}", ms(figures.own_idle_ms()));
    match figures.parked_ms {
        0..1_000 => idle,
        parked => format!(
            "{idle}; for {} of it plans were parked for a retry or by a limit",
            ms(parked)
        ),
    }
}

/// The main reason why agents did not run in parallel.
fn cause(figures: &Figures) -> String {
    let alone = figures.mean < 1.5 && figures.peak > 1;
    match (figures.own_idle_ms(), figures.wasted_ms) {
        (idle, wasted) if idle > wasted && idle * 4 > figures.own_ms() => without_agent(figures),
        (_, wasted) if wasted * 4 > figures.agent_ms => {
            format!("attempts that were not enough took {}", ms(wasted))
        }
        _ if alone => "work waited for other work".to_owned(),
        // Two agents that never rest save half of the time.
        _ if best(figures.peak) < EFFICIENCY[0] => format!(
            "{} agents at once save {:.0} % at most",
            figures.peak,
            best(figures.peak)
        ),
        _ => format!("{:.1} agents were at work on average", figures.mean),
    }
}

/// The share of the sequential time that so many agents save when none of them ever waits, in percent.
fn best(agents: usize) -> f64 {
    100.0 - 100.0 / agents as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(driven_ms: u64, agent_ms: u64, idle_ms: u64) -> Figures {
        Figures {
            driven_ms,
            agent_ms,
            idle_ms,
            attempts: 4,
            peak: 3,
            mean: agent_ms as f64 / driven_ms as f64,
            ..Figures::default()
        }
    }

    #[test]
    fn good_runs_are_told_in_figures_alone() {
        let said = efficiency_sentences(&figures(100_000, 300_000, 0));
        assert_eq!(
            said,
            [
                "3.0 times as fast as one after the other: efficiency 67 %",
                "coordination overhead 0 %"
            ]
        );
        let one = Figures {
            attempts: 1,
            ..figures(100, 100, 0)
        };
        assert_eq!(efficiency_sentences(&one), [""; 0]);
        assert_eq!(efficiency_sentences(&Figures::default()), [""; 0]);
    }

    #[test]
    fn a_missed_aim_has_a_cause() {
        let said = efficiency_sentences(&figures(100_000, 120_000, 40_000));
        assert_eq!(
            said,
            [
                "1.6 times as fast as one after the other: efficiency 38 %, the aim of 65 % is out of reach: no agent was at \
                 work for 40s",
                "coordination overhead 25 %, the aim of 10 % is out of reach: no agent was at work for 40s"
            ]
        );
        let parked = Figures {
            parked_ms: 30_000,
            ..figures(100_000, 120_000, 40_000)
        };
        let said = efficiency_sentences(&parked);
        assert!(
            said[1].ends_with("work for 40s; for 30s of it plans were parked for a retry or by a limit"),
            "{said:?}"
        );
        let waits = efficiency_sentences(&figures(100_000, 120_000, 1_000));
        assert!(waits[0].ends_with("work waited for other work"), "{waits:?}");
        let wasted = Figures {
            wasted_ms: 60_000,
            ..figures(100_000, 200_000, 0)
        };
        let said = efficiency_sentences(&wasted);
        assert!(
            said[0].ends_with("attempts that were not enough took 1m 00s"),
            "{said:?}"
        );
        let two = Figures {
            peak: 2,
            ..figures(100_000, 190_000, 0)
        };
        let said = efficiency_sentences(&two);
        assert!(
            said[0].ends_with("2 agents at once save 50 % at most"),
            "{said:?}"
        );
        let said = efficiency_sentences(&figures(100_000, 250_000, 0));
        assert!(
            said[0].ends_with("2.5 agents were at work on average"),
            "{said:?}"
        );
    }
}

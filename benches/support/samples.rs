//! Measured values and what is said about them.

use std::fmt;
use std::time::Duration;

/// Values of one kind, in whatever unit they were taken.
#[derive(Debug, Clone, Default)]
pub struct Samples {
    sorted: Vec<f64>,
    last: Option<f64>,
}

impl Samples {
    /// Takes one more.
    pub fn push(&mut self, value: f64) {
        self.extend([value]);
    }

    /// The one that was taken last.
    pub fn last(&self) -> Option<f64> {
        self.last
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// The value that `share` of the values do not exceed (nearest rank); not a number without values.
    pub fn quantile(&self, share: f64) -> f64 {
        let rank = (share * self.sorted.len() as f64).ceil() as usize;
        self.sorted.get(rank.max(1) - 1).copied().unwrap_or(f64::NAN)
    }

    /// The middle value, or the mean of the two.
    pub fn median(&self) -> f64 {
        let middle = self.sorted.len() / 2;
        match self.sorted.len() {
            0 => f64::NAN,
            even if even.is_multiple_of(2) => f64::midpoint(self.sorted[middle - 1], self.sorted[middle]),
            _ => self.sorted[middle],
        }
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        self.sorted.iter().sum::<f64>() / self.sorted.len() as f64
    }

    /// The smallest.
    pub fn min(&self) -> f64 {
        self.sorted.first().copied().unwrap_or(f64::NAN)
    }

    /// The largest.
    pub fn max(&self) -> f64 {
        self.sorted.last().copied().unwrap_or(f64::NAN)
    }
}

impl Extend<f64> for Samples {
    fn extend<T: IntoIterator<Item = f64>>(&mut self, values: T) {
        self.sorted
            .extend(values.into_iter().inspect(|value| self.last = Some(*value)));
        self.sorted.sort_by(f64::total_cmp);
    }
}

impl fmt::Display for Samples {
    /// `median (min–max)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:8.2}  ({:.2}–{:.2})", self.median(), self.min(), self.max())
    }
}

/// A duration in milliseconds.
pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

//! Priority of a plan: words, P-levels and integers on one scale.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How urgent a plan is. A larger number goes first. `high`/`P0` is 300, `medium`/`P1` 200, `low`/`P2` 100, `P3` 0. An integer
/// in the manifest stands for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Priority(pub i64);

impl Priority {
    /// The highest named level.
    pub const HIGH: Self = Self(300);
    /// The priority of a plan that states none.
    pub const MEDIUM: Self = Self(200);
    /// The lowest level that has a word.
    pub const LOW: Self = Self(100);
    /// The lowest named level, for work that runs when nothing else is left.
    pub const LEAST: Self = Self(0);
}

impl Default for Priority {
    fn default() -> Self {
        Self::MEDIUM
    }
}

/// Why a text is not a priority.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a priority: expected high, medium, low, P0 to P3 or an integer (larger first)")]
pub struct PriorityError(pub String);

impl FromStr for Priority {
    type Err = PriorityError;

    fn from_str(text: &str) -> Result<Self, PriorityError> {
        match text.to_ascii_lowercase().as_str() {
            "high" | "p0" => Ok(Self::HIGH),
            "medium" | "p1" => Ok(Self::MEDIUM),
            "low" | "p2" => Ok(Self::LOW),
            "p3" => Ok(Self::LEAST),
            other => other
                .parse()
                .map(Self)
                .map_err(|_| PriorityError(text.to_owned())),
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::HIGH => f.pad("high"),
            Self::MEDIUM => f.pad("medium"),
            Self::LOW => f.pad("low"),
            Self::LEAST => f.pad("P3"),
            Self(other) => f.pad(&other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_levels_and_integers_share_one_order() {
        let order: Vec<Priority> = ["P0", "250", "medium", "p2", "-5"]
            .iter()
            .map(|t| t.parse().unwrap())
            .collect();
        assert!(order.windows(2).all(|pair| pair[0] > pair[1]));
        let said: Vec<String> = ["P0", "p1", "P2", "P3", "0", "7"]
            .iter()
            .map(|t| t.parse::<Priority>().unwrap().to_string())
            .collect();
        assert_eq!(said, ["high", "medium", "low", "P3", "P3", "7"]);
        assert!("urgent".parse::<Priority>().is_err());
    }
}

//! The tabs.

/// A tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Tab {
    /// Items that need a person.
    Needs,
    /// All plans.
    #[default]
    Fleet,
    /// The plans on their way to the target.
    Train,
    /// The attempts over time.
    Timeline,
    /// The output of one agent.
    Log,
    /// The journal.
    Events,
}

impl Tab {
    /// All tabs, in the order in which they are shown.
    pub const ALL: [Self; 6] = [
        Self::Needs,
        Self::Fleet,
        Self::Train,
        Self::Timeline,
        Self::Log,
        Self::Events,
    ];

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Needs => "needs me",
            Self::Fleet => "fleet",
            Self::Train => "train",
            Self::Timeline => "timeline",
            Self::Log => "log",
            Self::Events => "events",
        }
    }

    /// The next tab, or the previous one.
    #[must_use]
    pub fn next(self, back: bool) -> Self {
        let all = Self::ALL.len();
        let at = Self::ALL.iter().position(|tab| *tab == self).unwrap_or(0);
        let step = if back { all - 1 } else { 1 };
        Self::ALL[(at + step) % all]
    }
}

//! The keys and their effects, for the help and the manual.

use super::tab::Tab;

/// A key.
#[derive(Debug, Clone, Copy)]
pub struct TopKey {
    /// Its notation.
    pub keys: &'static str,
    /// Its effect.
    pub does: &'static str,
    /// Its effect in one or two words, for the last line of the screen; empty for keys that are not
    /// shown there.
    pub short: &'static str,
    /// The tabs in which it works; empty for all.
    pub tabs: &'static [Tab],
    /// True when it steers: refused with `--readonly`.
    pub steers: bool,
}

const LISTS: &[Tab] = &[Tab::Needs, Tab::Fleet, Tab::Train, Tab::Timeline, Tab::Events];
const PLANS: &[Tab] = &[Tab::Fleet, Tab::Timeline];

const fn look(keys: &'static str, short: &'static str, does: &'static str, tabs: &'static [Tab]) -> TopKey {
    TopKey {
        keys,
        does,
        short,
        tabs,
        steers: false,
    }
}

const fn steer(keys: &'static str, short: &'static str, does: &'static str) -> TopKey {
    TopKey {
        keys,
        does,
        short,
        tabs: &[],
        steers: true,
    }
}

/// All keys, in the order in which they are explained.
pub const KEYS: &[TopKey] = &[
    look("Enter", "in", "goes in: the plan, then its log", LISTS),
    look("Esc", "", "goes out", &[]),
    look("Tab Shift-Tab 1–6", "", "next tab, tab before, this tab", &[]),
    look("j k ↑ ↓ wheel", "", "moves", &[]),
    look("g G PgUp PgDn", "", "to the beginning, to the end, by pages", &[]),
    look("f", "follow", "follows the end", &[Tab::Log, Tab::Events]),
    look(
        "w",
        "wrap",
        "breaks long lines, or not; then ← → move sideways",
        &[Tab::Log],
    ),
    look(
        "P",
        "previous",
        "the log of the attempt before, and back",
        &[Tab::Log],
    ),
    look("y", "why", "why the plan is in its state", &[]),
    steer("a", "answer", "answers, or approves a gate or a reviewed commit"),
    steer("s", "send", "sends a message to the plan's agent"),
    steer("r", "retry", "tries failed or held work again"),
    steer("p", "pause", "pauses, or continues"),
    steer(
        "x",
        "cancel",
        "cancels, after a question that names what is skipped with it",
    ),
    steer("m", "merge", "merges, after a question"),
    steer("A", "attach", "attaches, as `orch attach` does"),
    look(
        "R",
        "review",
        "shows the review: commits, files, verification",
        &[],
    ),
    look("D", "diff", "what the plan changed, in the pager", &[]),
    look(
        "/ n N",
        "find",
        "finds text, in a log also to come; the next, the one before",
        &[],
    ),
    look("o", "sort", "sorts by the next column", PLANS),
    look(
        "Space",
        "",
        "marks the plan: r, p, x and m are for all marked ones",
        PLANS,
    ),
    look(":", "command", "any orch command", &[]),
    look("?", "keys", "these keys", &[]),
    look("q Ctrl-C", "leave", "leaves; what runs goes on", &[]),
];

impl TopKey {
    /// True when it works in this tab.
    pub fn is_of(&self, tab: Tab) -> bool {
        self.tabs.is_empty() || self.tabs.contains(&tab)
    }
}

/// The page of keys.
pub(super) fn page(tab: Tab, readonly: bool) -> String {
    let mut text = String::new();
    for key in KEYS.iter().filter(|key| key.is_of(tab)) {
        let refused = if readonly && key.steers {
            " (not with --readonly)"
        } else {
            ""
        };
        text += &format!("{:<18} {}{refused}\n", key.keys, key.does);
    }
    text += "\nin other tabs:\n";
    for key in KEYS.iter().filter(|key| !key.is_of(tab)) {
        text += &format!("{:<18} {}\n", key.keys, key.does);
    }
    text
}

//! Floor 5: what people see. One stream of records, several readers; one view, several drawings.

mod board;
mod chronicle;
mod chronicle_conflict;
mod count;
mod count_line;
mod disk_text;
mod echo;
mod event_line;
mod gantt;
mod hanging;
mod json_lines;
mod palette;
mod plain_lines;
mod plan_page;
mod progress;
mod resolving_line;
mod run_page;
mod run_standing;
mod run_text;
mod screen;
mod size;
mod span;
mod summary;
mod table;
mod usage_line;
mod visible;
mod width;

pub use chronicle::{AttemptStory, Figures, PlanStory, RunStory, Spending, chronicle};
pub use count::count;
pub use count_line::{STATES, count_line, counts, figures};
pub use disk_text::disk_text;
pub use event_line::{detail, event_line};
pub use gantt::gantt;
pub use hanging::{broken, folded, hanging};
pub use json_lines::JsonLines;
pub use palette::plan_style;
pub use plain_lines::PlainLines;
pub use plan_page::one_plan;
pub use progress::ProgressBars;
pub use run_page::run_page;
pub use run_text::{history_text, outcomes, run_text};
pub use size::size;
pub use span::{ago, span};
pub use summary::{next_steps, summary};
pub use table::{run_word, table};
pub use visible::Visible;
pub use width::{
    error_is_drawable, error_terminal, fit, fit_names, is_drawable, output_columns, output_terminal,
};

//! Floor 5: what people see. One stream of records, several readers; one view, several drawings.

mod line;
mod live;
mod page;
mod story;
mod text;
mod timeline;

pub use line::count_line::{STATES, count_line, counts_and_figures};
pub use line::disk_text::disk_text;
pub use line::event_line::{detail, event_line};
pub use line::json_lines::JsonLines;
pub use line::plain_lines::PlainLines;
pub use live::progress::ProgressBars;
pub use page::coordination::{CoordinationDocument, coordination};
pub use page::digest_text::{digest_markdown, digest_text};
pub use page::durations_text::DurationsPage;
pub use page::gantt::gantt;
pub use page::graph_states::with_states;
pub use page::plan_page::one_plan;
pub use page::review_text::review_text;
pub use page::run_page::run_page;
pub use page::run_text::{history_text, outcomes, run_text};
pub use page::summary::{next_steps, summary};
pub use page::table::{run_word, table};
pub use page::train_table::train_table;
pub use story::attempt_story::{AttemptStory, Spending};
pub use story::chronicle::{PlanStory, RunStory, chronicle};
pub use story::figures::Figures;
pub use text::clock::with_zone;
pub use text::count::count;
pub use text::hanging::{broken, folded, hanging};
pub use text::named_lines::NamedLines;
pub use text::palette::plan_style;
pub use text::size::size;
pub use text::span::{ago, span};
pub use text::visible::Visible;
pub use text::width::{
    error_is_drawable, error_terminal, fit, fit_names, is_drawable, output_columns, output_terminal,
};
pub use timeline::draw::{TIMELINE_STYLE, draw_timeline, timeline_legend};
pub use timeline::model::RunTimeline;
pub use timeline::{Outlook, timeline};

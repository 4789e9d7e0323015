//! The timeline as SVG. Its colours are classes of [`TIMELINE_STYLE`].

use std::fmt::Write;
use std::time::Duration;

use super::model::{BarKind, RunTimeline, TimelineBar, TimelineRow};
use crate::report::text::markup::escaped;
use crate::report::text::span::ms;
use crate::report::text::width::fit;
use crate::words::rough;

/// The style of the drawing and its legend. The page defines the variables `--ink --soft --line --accent --good --bad --wait`.
pub const TIMELINE_STYLE: &str = include_str!("../../../templates/timeline.css");

/// The width of the names, in pixels.
const NAMES: f64 = 190.0;
/// The width of the time axis.
const TIME: f64 = 900.0;
/// The height of a row.
const ROW: f64 = 26.0;
/// The height above the first row.
const TOP: f64 = 30.0;
/// The most characters of a plan's name.
const LETTERS: usize = 24;
/// The most time lines.
const LINES: u64 = 8;
/// The possible distances between time lines, in seconds.
const STEPS: [u64; 19] = [
    1, 5, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
    2_592_000,
];

/// Draws a timeline. `link` returns the address of a plan's page, where such pages exist.
pub fn draw_timeline(timeline: &RunTimeline, link: Option<&dyn Fn(&str) -> String>) -> String {
    let bottom = TOP + timeline.rows.len() as f64 * ROW;
    let (width, height) = (NAMES + TIME + 30.0, bottom + 10.0);
    let mut svg = format!(
        "<svg class=\"timeline\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
         aria-label=\"what each plan did and waited for\">\n"
    );
    let x = |at: u64| NAMES + at.min(timeline.length_ms) as f64 / timeline.length_ms.max(1) as f64 * TIME;
    lines_of_time(&mut svg, timeline.length_ms, x, bottom);
    for (place, row) in timeline.rows.iter().enumerate() {
        let top = TOP + place as f64 * ROW;
        name(&mut svg, row, top, link);
        for bar in &row.bars {
            shape(&mut svg, bar, x, top);
        }
        if let Some(planned) = row.planned_ms.filter(|planned| *planned > timeline.length_ms) {
            let _ = writeln!(
                svg,
                "<path class=\"planned\" d=\"M{0:.1} {1:.1}l6 5l-6 5z\"><title>planned: done after {2}, beyond the end of this picture</title></path>",
                NAMES + TIME + 4.0,
                top + ROW / 2.0 - 5.0,
                ms(planned)
            );
        } else if let Some(planned) = row.planned_ms {
            let _ = writeln!(
                svg,
                "<path class=\"planned\" d=\"M{0:.1} {1:.1}v{2}m-4 -{2}h8l-4 5z\"><title>planned: done after {3}</title></path>",
                x(planned),
                top + 2.0,
                ROW - 4.0,
                ms(planned)
            );
        }
    }
    if let Some(now) = timeline.now_ms {
        let _ = writeln!(
            svg,
            "<line class=\"moment\" x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"{1}\" y2=\"{bottom}\"/>",
            x(now),
            TOP - 6.0
        );
    }
    svg + "</svg>\n"
}

/// The legend for the shapes in this timeline.
pub fn timeline_legend(timeline: &RunTimeline) -> String {
    let bars = || timeline.rows.iter().flat_map(|row| &row.bars);
    let mut legend = String::from("<ul class=\"legend\">");
    let mut entry = |class: &str, label: &str| {
        let _ = write!(
            legend,
            "<li><svg class=\"timeline swatch\" viewBox=\"0 0 22 16\" width=\"22\" height=\"16\" aria-hidden=\"true\">{}</svg>\
             {label}</li>",
            sample(class)
        );
    };
    for kind in BarKind::ALL {
        if bars().any(|bar| bar.kind == kind) {
            entry(kind.class(), kind.label());
        }
    }
    if bars().any(|bar| bar.critical) {
        entry("attempt critical", "critical path");
    }
    if timeline.rows.iter().any(|row| row.planned_ms.is_some()) {
        entry("planned", "planned end");
    }
    legend + "</ul>\n"
}

/// The shape of a class for the legend.
fn sample(class: &str) -> String {
    match class {
        "landed" => diamond(11.0, 8.0),
        "planned" => "<path class=\"planned\" d=\"M11 1v14m-4 -14h8l-4 5z\"/>".to_owned(),
        "waiting" => "<rect class=\"bar waiting\" x=\"1\" y=\"7\" width=\"20\" height=\"2\"/>".to_owned(),
        class => format!("<rect class=\"bar {class}\" x=\"1\" y=\"2\" width=\"20\" height=\"12\" rx=\"3\"/>"),
    }
}

fn diamond(x: f64, y: f64) -> String {
    format!(
        "<path class=\"bar landed\" d=\"M{x:.1} {:.1}l5 6l-5 6l-5 -6z\"/>",
        y - 6.0
    )
}

fn lines_of_time(svg: &mut String, length: u64, x: impl Fn(u64) -> f64, bottom: f64) {
    let steps = STEPS.map(|seconds| seconds * 1000);
    let step = steps.into_iter().find(|step| length / step <= LINES);
    let step = step.unwrap_or(length / LINES).max(1);
    for at in (0..=length).step_by(usize::try_from(step).unwrap_or(usize::MAX)) {
        let label = match (at, step) {
            (at, ..60_000) => format!("{}s", at / 1000),
            (at, _) => rough(Duration::from_millis(at)),
        };
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/><text x=\"{0:.1}\" y=\"18\" \
             text-anchor=\"middle\">{label}</text>",
            x(at)
        );
    }
}

fn name(svg: &mut String, row: &TimelineRow, top: f64, link: Option<&dyn Fn(&str) -> String>) {
    let y = top + 17.0;
    if row.lane > 0 {
        let _ = writeln!(svg, "<text x=\"18\" y=\"{y:.1}\">lane {}</text>", row.lane);
        return;
    }
    let shown = escaped(&fit(&row.plan, LETTERS));
    let text = format!("<text class=\"name\" x=\"6\" y=\"{y:.1}\">{shown}</text>");
    let _ = match link {
        Some(link) => writeln!(svg, "<a href=\"{}\">{text}</a>", escaped(&link(&row.plan))),
        None => writeln!(svg, "{text}"),
    };
}

fn shape(svg: &mut String, bar: &TimelineBar, x: impl Fn(u64) -> f64, top: f64) {
    let (from, to) = (x(bar.from_ms), x(bar.to_ms));
    let title = escaped(&bar.text);
    if bar.kind == BarKind::Landed {
        let shape = diamond(from, top + ROW / 2.0);
        let _ = writeln!(svg, "<g>{shape}<title>{title}</title></g>");
        return;
    }
    // Waits are thinner than work, so that the kinds differ without their colours.
    let (inset, least) = match bar.kind {
        BarKind::Waiting => (12.0, 1.0),
        BarKind::Gate | BarKind::Held | BarKind::Parked | BarKind::Paused => (9.0, 2.0),
        BarKind::Attempt | BarKind::Failed | BarKind::Working | BarKind::Expected => (5.0, 2.0),
        BarKind::Verifying | BarKind::Merging => (7.0, 2.0),
        BarKind::Landed => return,
    };
    let _ = writeln!(
        svg,
        "<rect class=\"bar {}{}\" x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"{}\"><title>{title}</title></rect>",
        bar.kind.class(),
        if bar.critical { " critical" } else { "" },
        top + inset,
        (to - from).max(least),
        ROW - 2.0 * inset,
        if inset > 8.0 { 1 } else { 3 }
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline() -> RunTimeline {
        let bar = |kind, from_ms, to_ms, text: &str| TimelineBar {
            kind,
            from_ms,
            to_ms,
            text: text.to_owned(),
            critical: kind == BarKind::Attempt,
        };
        RunTimeline {
            began: jiff::Timestamp::UNIX_EPOCH,
            now_ms: Some(60_000),
            length_ms: 120_000,
            rows: vec![TimelineRow {
                plan: "auth".to_owned(),
                lane: 0,
                planned_ms: Some(30_000),
                bars: vec![
                    bar(BarKind::Attempt, 0, 40_000, "auth-1: <script>\u{1b}[2J"),
                    bar(BarKind::Landed, 50_000, 50_000, "landed"),
                ],
            }],
        }
    }

    #[test]
    fn bars_stand_at_their_time_and_foreign_text_is_harmless() {
        let svg = draw_timeline(&timeline(), Some(&|plan| format!("/plans/{plan}")));
        assert!(svg.contains("x=\"190.0\" y=\"35.0\" width=\"300.0\""), "{svg}");
        assert!(
            svg.contains("class=\"bar attempt critical\"") && svg.contains("href=\"/plans/auth\""),
            "{svg}"
        );
        assert!(
            svg.contains("planned: done after 30s") && svg.contains("class=\"moment\""),
            "{svg}"
        );
        assert!(!svg.contains("<script") && !svg.contains('\u{1b}'), "{svg}");
        let mut late = timeline();
        late.rows[0].planned_ms = Some(130_000);
        let svg = draw_timeline(&late, None);
        assert!(
            svg.contains("planned: done after 2m 10s, beyond the end of this picture"),
            "{svg}"
        );
    }

    #[test]
    fn the_legend_names_what_is_drawn_and_nothing_else() {
        let legend = timeline_legend(&timeline());
        let named = ["attempt", "landed", "critical path", "planned end"];
        assert!(
            named
                .iter()
                .all(|label| legend.contains(&format!("</svg>{label}</li>"))),
            "{legend}"
        );
        assert_eq!(legend.matches("<li>").count(), named.len(), "{legend}");
    }
}

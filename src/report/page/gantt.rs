//! A simulated run as a picture: slots as rows, attempts as bars.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::plan::PlanName;
use crate::schedule::{Simulation, Span};

/// The width of the area with bars, in pixels.
const WIDTH: f64 = 1120.0;
const LEFT: f64 = 64.0;
const TOP: f64 = 58.0;
/// The number of plans in the legend.
const NAMED: usize = 24;
/// The number of columns of the legend.
const COLUMNS: usize = 6;
/// Narrower bars are drawn only where their row has no other bar.
const THIN: f64 = 0.4;

/// Draws a simulation as SVG. `plans` are the names in manifest order.
pub fn gantt(found: &Simulation, plans: &[PlanName], slots: usize) -> String {
    let rows = slots.min(found.spans.iter().map(|span| span.slot + 1).max().unwrap_or(1));
    let row = if rows > 40 { 10.0 } else { 24.0 };
    let end = found.makespan.max(1) as f64;
    let x = |at: u64| LEFT + at as f64 / end * WIDTH;
    let y = |slot: usize| TOP + slot as f64 * row;
    let bottom = y(rows);
    let mut shown: Vec<usize> = found.spans.iter().map(|span| span.plan).collect();
    shown.sort_unstable();
    shown.dedup();
    let legend = shown.len().min(NAMED).div_ceil(COLUMNS);
    let (width, height) = (LEFT + WIDTH + 24.0, bottom + 72.0 + legend as f64 * 18.0);
    let mut svg = String::new();
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"11\" fill=\"#24292f\">\n\
         <defs><pattern id=\"failed\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" \
         patternTransform=\"rotate(45)\"><rect width=\"6\" height=\"6\" fill=\"#fff\"/>\
         <rect width=\"3\" height=\"6\" fill=\"#cf222e\"/></pattern></defs>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n\
         <text x=\"{LEFT}\" y=\"22\" font-size=\"15\" font-weight=\"600\">{}</text>\n",
        heading(found, slots)
    );
    axis(&mut svg, found.makespan, x, bottom);
    for slot in 0..rows {
        if row > 12.0 || slot % 5 == 0 {
            let _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#57606a\">slot {}</text>",
                LEFT - 8.0,
                y(slot) + row / 2.0 + 4.0,
                slot + 1
            );
        }
        let _ = writeln!(
            svg,
            "<rect x=\"{LEFT}\" y=\"{:.1}\" width=\"{WIDTH}\" height=\"{:.1}\" fill=\"#f6f8fa\"/>",
            y(slot) + 1.0,
            row - 2.0
        );
    }
    bars(&mut svg, found, plans, x, y, row);
    critical(&mut svg, found, x, y, row);
    key(&mut svg, &shown, plans, bottom + 44.0);
    svg + "</svg>\n"
}

fn heading(found: &Simulation, slots: usize) -> String {
    format!(
        "{} in {} slots, {:.1} % of the best possible",
        time(found.makespan, found.makespan),
        slots,
        found.efficiency() * 100.0
    )
}

/// Lines at round times, about ten of them.
fn axis(svg: &mut String, makespan: u64, x: impl Fn(u64) -> f64, bottom: f64) {
    const STEPS: [u64; 17] = [
        100,
        1_000,
        5_000,
        10_000,
        30_000,
        60_000,
        120_000,
        300_000,
        600_000,
        1_800_000,
        3_600_000,
        7_200_000,
        14_400_000,
        43_200_000,
        86_400_000,
        604_800_000,
        2_592_000_000,
    ];
    let fits = |step: &&u64| makespan / **step <= 12;
    let step = STEPS.iter().find(fits).copied().unwrap_or(makespan / 10).max(1);
    for at in (0..=makespan).step_by(usize::try_from(step).unwrap_or(usize::MAX)) {
        let _ = writeln!(
            svg,
            "<line x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"{1}\" y2=\"{bottom:.1}\" stroke=\"#d0d7de\"/>\
             <text x=\"{0:.1}\" y=\"{2}\" text-anchor=\"middle\" fill=\"#57606a\">{3}</text>",
            x(at),
            TOP - 6.0,
            TOP - 10.0,
            time(at, step)
        );
    }
}

/// A time as precise as `step` needs: `90s`, `25m`, `3h30`, `2d 6h`.
fn time(at: u64, step: u64) -> String {
    let (seconds, minutes, hours) = (at / 1000, at / 60_000, at / 3_600_000);
    match (at, step) {
        (0, _) => "0".to_owned(),
        (_, 0..1000) => format!("{:.1}s", at as f64 / 1000.0),
        (..120_000, _) => format!("{seconds}s"),
        (..7_200_000, _) => format!("{minutes}m"),
        (..172_800_000, _) if minutes % 60 == 0 => format!("{hours}h"),
        (..172_800_000, _) => format!("{hours}h{:02}", minutes % 60),
        _ if hours % 24 == 0 => format!("{}d", hours / 24),
        _ => format!("{}d {}h", hours / 24, hours % 24),
    }
}

/// Neighbours get very different colours: the hue advances by the golden angle.
fn colour(plan: usize) -> String {
    let light = [68, 58, 76][plan % 3];
    format!("hsl({:.0} 58% {light}%)", (plan as f64 * 137.508 + 205.0) % 360.0)
}

fn bars(
    svg: &mut String,
    found: &Simulation,
    plans: &[PlanName],
    x: impl Fn(u64) -> f64,
    y: impl Fn(usize) -> f64,
    row: f64,
) {
    let mut drawn: BTreeMap<usize, f64> = BTreeMap::new();
    for span in &found.spans {
        let (from, to) = (x(span.from), x(span.to));
        let last = drawn.entry(span.slot).or_insert(0.0);
        if to - *last < THIN {
            continue;
        }
        *last = to;
        let fill = if span.failed {
            "url(#failed)".to_owned()
        } else {
            colour(span.plan)
        };
        let what = label(span, plans);
        let _ = write!(
            svg,
            "<rect x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"2\" fill=\"{fill}\">\
             <title>{what}, {} to {}{}</title></rect>",
            y(span.slot) + 2.0,
            (to - from - 0.5).max(0.5),
            row - 4.0,
            time(span.from, 1000),
            time(span.to, 1000),
            if span.failed { ", failed" } else { "" }
        );
        if row > 12.0 && to - from > 7.0 * what.len() as f64 {
            let _ = write!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" pointer-events=\"none\">{what}</text>",
                f64::midpoint(from, to),
                y(span.slot) + row / 2.0 + 4.0
            );
        }
        svg.push('\n');
    }
}

/// `auth 2.1`, `auth 1–3`.
fn label(span: &Span, plans: &[PlanName]) -> String {
    let plan = plans.get(span.plan).map_or("?", PlanName::as_str);
    match span.units.as_slice() {
        [] => plan.to_owned(),
        [one] => format!("{plan} {one}"),
        [first, .., last] => format!("{plan} {first}–{last}"),
    }
}

/// The attempts that determined the end: framed, and joined by a line.
fn critical(
    svg: &mut String,
    found: &Simulation,
    x: impl Fn(u64) -> f64,
    y: impl Fn(usize) -> f64,
    row: f64,
) {
    let path = found.critical();
    let mut line = String::new();
    for (place, span) in path.iter().map(|span| &found.spans[*span]).enumerate() {
        // When the next attempt waited for one task only, the rest of this attempt determined
        // nothing.
        let next = path.get(place + 1).and_then(|next| found.spans[*next].after);
        let to = next.map_or(span.to, |cause| cause.at.clamp(span.from, span.to));
        let middle = y(span.slot) + row / 2.0;
        let _ = write!(
            svg,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"2\" fill=\"none\" \
             stroke=\"#24292f\" stroke-width=\"1.6\"/>",
            x(span.from),
            y(span.slot) + 2.0,
            (x(to) - x(span.from) - 0.5).max(0.5),
            row - 4.0
        );
        if !line.is_empty() {
            let _ = write!(line, " L{:.1} {middle:.1}", x(span.from));
        }
        let _ = write!(line, " M{:.1} {middle:.1}", x(to));
    }
    let _ = writeln!(
        svg,
        "\n<path d=\"{}\" fill=\"none\" stroke=\"#24292f\"/>",
        line.trim()
    );
}

fn key(svg: &mut String, shown: &[usize], plans: &[PlanName], top: f64) {
    let _ = writeln!(
        svg,
        "<rect x=\"{LEFT}\" y=\"{0:.1}\" width=\"18\" height=\"11\" fill=\"none\" stroke=\"#24292f\" \
         stroke-width=\"1.6\"/><text x=\"{1}\" y=\"{2:.1}\">decides when everything ends</text>\
         <rect x=\"{3}\" y=\"{0:.1}\" width=\"18\" height=\"11\" fill=\"url(#failed)\"/>\
         <text x=\"{4}\" y=\"{2:.1}\">failed</text>",
        top - 24.0,
        LEFT + 24.0,
        top - 14.0,
        LEFT + 200.0,
        LEFT + 224.0
    );
    for (place, plan) in shown.iter().take(NAMED).enumerate() {
        let left = LEFT + (place % COLUMNS) as f64 * (WIDTH / COLUMNS as f64);
        let y = top + (place / COLUMNS) as f64 * 18.0;
        let name = plans.get(*plan).map_or("?", PlanName::as_str);
        let _ = writeln!(
            svg,
            "<rect x=\"{left:.1}\" y=\"{y:.1}\" width=\"11\" height=\"11\" rx=\"2\" fill=\"{}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\">{name}</text>",
            colour(*plan),
            left + 16.0,
            y + 10.0
        );
    }
    if shown.len() > NAMED {
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{:.1}\" fill=\"#57606a\">and {} more plans</text>",
            LEFT + 290.0,
            top - 14.0,
            shown.len() - NAMED
        );
    }
}

//! The graph as an SVG picture.

use std::fmt::Write;

use super::layout::{Grid, grid};
use super::picture::{NodeKind, NodeShape, Picture};
use super::route::{Routes, Way, routes};
use super::svg_text::{escaped, rounded, unmarked, wrapped};
use super::text::cut;
use super::words::span;

/// Width of the column with plan names.
pub(super) const LABEL: f64 = 176.0;
/// Width and height of a box.
pub(super) const BOX: (f64, f64) = (120.0, 62.0);
/// Distance between parallel links.
pub(super) const TRACK: f64 = 7.0;
/// Height of the title.
pub(super) const HEAD: f64 = 54.0;
const FONT: &str = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif";
/// Characters per line of text in a box.
const LETTERS: usize = 16;
/// Vertical distance from the middle at which links arrive and leave.
const PORT: f64 = 6.0;

/// Draws the picture.
pub fn svg(picture: &Picture) -> String {
    Canvas::new(picture).draw()
}

/// A picture with the coordinates of everything in it.
pub(super) struct Canvas<'p> {
    pub(super) picture: &'p Picture,
    pub(super) grid: Grid,
    pub(super) routes: Routes,
    /// Left and right end of each column.
    pub(super) columns: Vec<(f64, f64)>,
    /// Left end of each gutter's tracks.
    pub(super) gutters: Vec<f64>,
    /// Top of each row's channel and the middle of the row.
    pub(super) rows: Vec<(f64, f64)>,
    /// Top and bottom of each lane.
    pub(super) lanes: Vec<(f64, f64)>,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) out: String,
}

impl<'p> Canvas<'p> {
    fn new(picture: &'p Picture) -> Self {
        let grid = grid(picture);
        let routes = routes(picture, &grid);
        let mut canvas = Self {
            columns: Vec::new(),
            gutters: Vec::new(),
            rows: Vec::new(),
            lanes: Vec::new(),
            width: 0.0,
            height: 0.0,
            out: String::new(),
            picture,
            grid,
            routes,
        };
        canvas.measure();
        canvas
    }

    fn draw(mut self) -> String {
        let (width, height) = (self.width.ceil(), self.height.ceil());
        let _ = writeln!(
            self.out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" font-family=\"{FONT}\" role=\"img\" aria-label=\"plans, phases and what waits for \
             what\">"
        );
        self.out.push_str(
            "<defs>\n<marker id=\"a\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
             markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0 0.5L8 4L0 7.5Z\" fill=\"#475569\"/></marker>\n\
             <marker id=\"c\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"10\" markerHeight=\"10\" \
             markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0 0.5L8 4L0 7.5Z\" fill=\"#c2410c\"/></marker>\n\
             </defs>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
        );
        self.head();
        self.draw_lanes();
        self.phases();
        for critical in [false, true] {
            for place in 0..self.picture.links.len() {
                if self.picture.links[place].critical == critical {
                    self.link(place);
                }
            }
        }
        for place in 0..self.picture.shapes.len() {
            self.shape(place);
        }
        self.legend();
        self.out.push_str("</svg>\n");
        self.out
    }

    fn head(&mut self) {
        let plans = self.picture.lanes.len();
        let what = match &self.picture.only {
            Some(name) => format!("plan {name}"),
            None => format!("{plans} plan{}", if plans == 1 { "" } else { "s" }),
        };
        let length = if self.picture.path.is_empty() {
            String::new()
        } else {
            format!(", critical path across all plans {}", span(self.picture.length))
        };
        self.text(
            16.0,
            32.0,
            &format!("{what}{length}"),
            "font-size=\"18\" font-weight=\"600\"",
        );
    }

    fn draw_lanes(&mut self) {
        for lane in 0..self.lanes.len() {
            let (top, bottom) = self.lanes[lane];
            let fill = if lane % 2 == 0 { "#f8fafc" } else { "#ffffff" };
            let _ = writeln!(
                self.out,
                "<rect x=\"0\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{fill}\" stroke=\"#e2e8f0\"/>",
                self.width,
                bottom - top
            );
            let found = &self.picture.lanes[lane];
            let _ = writeln!(
                self.out,
                "<g data-id=\"{}\"><title>{}</title>",
                escaped(&found.name),
                escaped(&format!("{}: {}; {}", found.name, found.title, found.about))
            );
            let middle = (top + bottom) / 2.0;
            let title = wrapped(&unmarked(&found.title), 24, 2);
            let first = middle - 7.0 * title.len() as f64;
            self.text(
                14.0,
                first,
                &cut(&found.name, 20),
                "font-size=\"15\" font-weight=\"700\"",
            );
            for (line, text) in title.iter().enumerate() {
                let y = first + 16.0 + 14.0 * line as f64;
                self.text(14.0, y, text, "font-size=\"12\" fill=\"#334155\"");
            }
            let y = first + 17.0 + 14.0 * title.len() as f64;
            let about = cut(&found.about, 30);
            self.text(14.0, y, &about, "font-size=\"10\" fill=\"#64748b\"");
            self.out.push_str("</g>\n");
        }
    }

    fn phases(&mut self) {
        for found in self.grid.boxes.clone() {
            let shape = &self.picture.shapes[found.shape];
            let left = self.columns[found.columns.0].0 - 9.0;
            let right = self.columns[found.columns.1].1 + 9.0;
            let top = self.rows[found.rows.0].0 - 22.0;
            let bottom = self.rows[found.rows.1].1 + BOX.1 / 2.0 + 6.0;
            let stroke = if shape.critical { "#fdba74" } else { "#cbd5e1" };
            let _ = writeln!(
                self.out,
                "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"8\" fill=\"#eef2f7\" \
                 fill-opacity=\"0.7\" stroke=\"{stroke}\"/>",
                right - left,
                bottom - top
            );
            let letters = ((right - left - 16.0) / 6.4).max(4.0) as usize;
            let title = format!("Phase {}: {}", shape.label, unmarked(&shape.title));
            let title = cut(&title, letters);
            let style = "font-size=\"11\" font-weight=\"600\" fill=\"#334155\"";
            self.text(left + 8.0, top + 15.0, &title, style);
        }
    }

    fn shape(&mut self, place: usize) {
        let shape = &self.picture.shapes[place];
        let (x, y) = self.middle(place);
        let (width, height) = self.size(shape);
        let (fill, stroke, thick) = match (shape.critical, shape.done) {
            (true, _) => ("#ffedd5", "#c2410c", 2.0),
            (false, true) => ("#e2e8f0", "#94a3b8", 1.0),
            (false, false) => ("#ffffff", "#64748b", 1.2),
        };
        let took = if shape.work > 0 {
            format!(", {}", span(shape.work))
        } else {
            String::new()
        };
        let critical = if shape.critical {
            ", on the critical path"
        } else {
            ""
        };
        let tip = match shape.kind {
            NodeKind::Joint => shape.label.clone(),
            NodeKind::Plan => match &shape.check {
                Some(check) => format!("{} is finished, verified by: {check}", shape.label),
                None => format!("{} is finished", shape.label),
            },
            NodeKind::Merge => shape.title.clone(),
            NodeKind::Phase | NodeKind::Task | NodeKind::Verify => {
                format!("{}: {}{took}{critical}", shape.id, shape.title)
            }
        };
        let (id, tip) = (escaped(&shape.id), escaped(&tip));
        let _ = writeln!(self.out, "<g data-id=\"{id}\"><title>{tip}</title>");
        let paint = format!("fill=\"{fill}\" stroke=\"{stroke}\" stroke-width=\"{thick}\"");
        let (left, top) = (x - width / 2.0, y - height / 2.0);
        match shape.kind {
            NodeKind::Joint => {
                let _ = writeln!(
                    self.out,
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"{stroke}\"/>"
                );
                let style = "font-size=\"10\" fill=\"#334155\" text-anchor=\"middle\" stroke=\"#ffffff\" \
                             stroke-width=\"3\" paint-order=\"stroke\"";
                self.text(x, y - 9.0, &shape.label.clone(), style);
            }
            NodeKind::Plan => {
                let _ = writeln!(
                    self.out,
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"10\" {paint}/><path d=\"M{:.1} {y:.1}l3 4l6 -8\" \
                     fill=\"none\" stroke=\"#0f172a\" stroke-width=\"1.6\"/>",
                    x - 4.5
                );
            }
            NodeKind::Merge => {
                let _ = writeln!(
                    self.out,
                    "<path d=\"M{:.1} {y:.1}L{x:.1} {:.1}L{:.1} {y:.1}L{x:.1} {:.1}Z\" {paint}/>",
                    x - 11.0,
                    y - 11.0,
                    x + 11.0,
                    y + 11.0
                );
            }
            NodeKind::Phase if !shape.whole => {
                let _ = writeln!(
                    self.out,
                    "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width}\" height=\"{height}\" rx=\"3\" {paint}/>"
                );
            }
            NodeKind::Phase | NodeKind::Task | NodeKind::Verify => {
                let dashes = if shape.kind == NodeKind::Verify {
                    " stroke-dasharray=\"4 2\""
                } else {
                    ""
                };
                let _ = writeln!(
                    self.out,
                    "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width}\" height=\"{height}\" rx=\"7\" {paint}{dashes}/>"
                );
                self.words(shape, left, top, width);
            }
        }
        self.out.push_str("</g>\n");
    }

    /// Writes the label, duration and title inside a box.
    fn words(&mut self, shape: &NodeShape, left: f64, top: f64, width: f64) {
        let label = match shape.kind == NodeKind::Phase {
            true => format!("Phase {}", shape.label),
            false => shape.label.clone(),
        };
        let style = "font-size=\"12\" font-weight=\"700\"";
        self.text(left + 7.0, top + 15.0, &cut(&label, 12), style);
        let took = match (shape.done, shape.work) {
            (true, _) => "done".to_owned(),
            (false, 0) => String::new(),
            (false, work) => span(work),
        };
        let style = "font-size=\"10\" fill=\"#475569\" text-anchor=\"end\"";
        self.text(left + width - 6.0, top + 15.0, &took, style);
        let style = "font-size=\"11\" fill=\"#1e293b\"";
        let title = unmarked(&shape.title);
        for (line, text) in wrapped(&title, LETTERS, 3).iter().enumerate() {
            self.text(left + 7.0, top + 29.0 + 13.0 * line as f64, text, style);
        }
    }

    fn link(&mut self, place: usize) {
        let link = &self.picture.links[place];
        let way = self.routes.ways[place];
        let (from, to) = (link.from, link.to);
        let port = if way == Way::Straight { 0.0 } else { PORT };
        // There is less room on this side when the end of a plan sits on the edge of its last phase.
        let hosting = self.grid.hosts.contains(&Some(from));
        let start = self.edge(from, 1.0, if hosting { 3.0 * PORT } else { port });
        let end = self.edge(to, -1.0, -port);
        let gutter = |gutter: usize, track: usize| self.gutters[gutter] + track as f64 * TRACK + 4.0;
        let (out, (row, into)) = (self.grid.cells[from].1 + 1, self.grid.cells[to]);
        let mut points = vec![start];
        match way {
            Way::None => return,
            Way::Straight => {}
            Way::Gutter { track } => {
                let x = gutter(into, track);
                points.extend([(x, start.1), (x, end.1)]);
            }
            Way::Channel {
                out: first,
                along,
                into: last,
            } => {
                let (one, other) = (gutter(out, first), gutter(into, last));
                let y = self.rows[row].0 + along as f64 * TRACK + 2.0;
                points.extend([(one, start.1), (one, y), (other, y), (other, end.1)]);
            }
        }
        points.push(end);
        let (colour, thick, marker) = if link.critical {
            ("#c2410c", 2.4, "c")
        } else {
            ("#475569", 1.2, "a")
        };
        let dashes = if link.settled {
            " stroke-dasharray=\"5 3\""
        } else {
            ""
        };
        let (from, to) = (&self.picture.shapes[from], &self.picture.shapes[to]);
        let tip = format!("{} after {}: {}", to.id, from.id, link.why.join(", "));
        let _ = writeln!(
            self.out,
            "<path d=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{thick}\" \
             marker-end=\"url(#{marker})\"{dashes}><title>{}</title></path>",
            rounded(&points),
            escaped(&tip)
        );
    }

    pub(super) fn text(&mut self, x: f64, y: f64, text: &str, style: &str) {
        let fill = if style.contains("fill=") {
            ""
        } else {
            " fill=\"#0f172a\""
        };
        let _ = writeln!(
            self.out,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" {style}{fill}>{}</text>",
            escaped(text)
        );
    }
}

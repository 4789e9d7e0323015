//! The legend of a picture.

use std::fmt::Write;

use super::picture::NodeKind;
use super::svg::Canvas;

impl Canvas<'_> {
    /// Draws the legend below the lanes. It lists only signs that occur in the picture.
    pub(super) fn legend(&mut self) {
        let y = self.height - 26.0;
        let mut x = 16.0;
        let entries: [(&str, &str); 7] = [
            ("critical", "critical path"),
            ("done", "done already"),
            ("verify", "verification"),
            ("end", "end of a phase"),
            ("plan", "plan finished"),
            ("landed", "plan landed"),
            ("settled", "any end of it is enough"),
        ];
        for (sample, words) in entries {
            let needed = match sample {
                "end" => !self.grid.boxes.is_empty(),
                "settled" => self.picture.links.iter().any(|link| link.settled),
                "done" => self.picture.shapes.iter().any(|shape| shape.done),
                "verify" => self
                    .picture
                    .shapes
                    .iter()
                    .any(|shape| shape.kind == NodeKind::Verify),
                _ => true,
            };
            if !needed {
                continue;
            }
            let middle = y - 4.0;
            let drawing = match sample {
                "critical" => format!(
                    "<rect x=\"{x}\" y=\"{}\" width=\"22\" height=\"14\" rx=\"3\" fill=\"#ffedd5\" stroke=\"#c2410c\" \
                     stroke-width=\"2\"/>",
                    y - 11.0
                ),
                "done" => format!(
                    "<rect x=\"{x}\" y=\"{}\" width=\"22\" height=\"14\" rx=\"3\" fill=\"#e2e8f0\" stroke=\"#94a3b8\"/>",
                    y - 11.0
                ),
                "verify" => format!(
                    "<rect x=\"{x}\" y=\"{}\" width=\"22\" height=\"14\" rx=\"3\" fill=\"#ffffff\" stroke=\"#64748b\" \
                     stroke-dasharray=\"4 2\"/>",
                    y - 11.0
                ),
                "end" => format!(
                    "<rect x=\"{}\" y=\"{}\" width=\"12\" height=\"12\" rx=\"3\" fill=\"#ffffff\" stroke=\"#64748b\"/>",
                    x + 6.0,
                    y - 10.0
                ),
                "plan" => format!(
                    "<circle cx=\"{}\" cy=\"{middle}\" r=\"9\" fill=\"#ffffff\" stroke=\"#64748b\"/><path d=\"M{} \
                     {middle}l3 4l6 -8\" fill=\"none\" stroke=\"#0f172a\" stroke-width=\"1.6\"/>",
                    x + 12.0,
                    x + 7.5
                ),
                "landed" => format!(
                    "<path d=\"M{x} {middle}l10 -10l10 10l-10 10Z\" fill=\"#ffffff\" stroke=\"#64748b\"/>"
                ),
                _ => format!(
                    "<path d=\"M{x} {middle}h24\" stroke=\"#475569\" stroke-width=\"1.2\" stroke-dasharray=\"5 3\"/>"
                ),
            };
            let _ = writeln!(self.out, "{drawing}");
            self.text(x + 30.0, y, words, "font-size=\"11\" fill=\"#334155\"");
            x += 30.0 + 7.0 * words.len() as f64 + 18.0;
        }
    }
}

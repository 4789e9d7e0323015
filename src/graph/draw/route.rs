//! Routes each link between the cells of a grid. Links run in the gutters between columns and in the channels above rows,
//! where there are no shapes. Links that would overlap get separate tracks side by side.

use std::collections::{BTreeMap, BTreeSet};

use super::layout::Grid;
use super::picture::{Edge, Picture};

/// The route of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// The link is not drawn, because one end is on the other's edge.
    None,
    /// The link runs straight along its row.
    Straight,
    /// The link runs through the one gutter between its two columns.
    Gutter {
        /// Track in the gutter.
        track: usize,
    },
    /// The link leaves into the gutter behind its start, follows the channel above the row of its end, and arrives from the
    /// gutter before its end.
    Channel {
        /// Track in the gutter behind the start.
        out: usize,
        /// Track in the channel.
        along: usize,
        /// Track in the gutter before the end.
        into: usize,
    },
}

/// The routes of all links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Routes {
    /// Routes in the order of the links.
    pub(super) ways: Vec<Way>,
    /// Number of tracks in each gutter. Gutter k is left of column k.
    pub(super) gutters: Vec<usize>,
    /// Number of tracks in the channel above each row.
    pub(super) channels: Vec<usize>,
}

/// Links that share a track: links from one shape, or links to one shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Bundle {
    From(usize),
    To(usize),
}

type TrackLines = BTreeMap<usize, BTreeMap<Bundle, (usize, usize)>>;

/// Routes all links of a picture.
pub(super) fn routes(picture: &Picture, grid: &Grid) -> Routes {
    let taken: BTreeSet<(usize, usize)> = grid.cells.iter().copied().collect();
    let mut leaving = vec![0; picture.shapes.len()];
    let mut arriving = vec![0; picture.shapes.len()];
    for link in &picture.links {
        leaving[link.from] += 1;
        arriving[link.to] += 1;
    }
    let shared = |link: &Edge| {
        if leaving[link.from] >= arriving[link.to] {
            Bundle::From(link.from)
        } else {
            Bundle::To(link.to)
        }
    };
    let is_straight = |link: &Edge| {
        let ((row, from), (other, to)) = (grid.cells[link.from], grid.cells[link.to]);
        row == other && from < to && (from + 1..to).all(|column| !taken.contains(&(row, column)))
    };
    let is_near = |link: &Edge| grid.cells[link.from].1 + 1 == grid.cells[link.to].1;
    // Rows have odd heights, and the channels above them have even heights.
    let (mut upright, mut level) = (TrackLines::new(), TrackLines::new());
    let is_none = |link: &Edge| grid.hosts[link.to] == Some(link.from);
    for link in picture
        .links
        .iter()
        .filter(|link| !is_straight(link) && !is_none(link))
    {
        let ((row, from), (other, to)) = (grid.cells[link.from], grid.cells[link.to]);
        if is_near(link) {
            add(&mut upright, to, shared(link), (2 * row + 1, 2 * other + 1));
        } else {
            add(
                &mut upright,
                from + 1,
                Bundle::From(link.from),
                (2 * row + 1, 2 * other),
            );
            add(&mut upright, to, Bundle::To(link.to), (2 * other, 2 * other + 1));
            add(&mut level, other, shared(link), (from + 1, to));
        }
    }
    let (gutter_tracks, gutters) = tracks(&upright, grid.columns + 1);
    let (channel_tracks, channels) = tracks(&level, grid.rows.len());
    let ways = picture.links.iter().map(|link| {
        let (from, (other, to)) = (grid.cells[link.from].1, grid.cells[link.to]);
        let gutter = |gutter: usize, bundle| gutter_tracks.get(&(gutter, bundle)).copied().unwrap_or(0);
        if is_none(link) {
            Way::None
        } else if is_straight(link) {
            Way::Straight
        } else if is_near(link) {
            Way::Gutter {
                track: gutter(to, shared(link)),
            }
        } else {
            Way::Channel {
                out: gutter(from + 1, Bundle::From(link.from)),
                along: channel_tracks.get(&(other, shared(link))).copied().unwrap_or(0),
                into: gutter(to, Bundle::To(link.to)),
            }
        }
    });
    Routes {
        ways: ways.collect(),
        gutters,
        channels,
    }
}

fn add(lines: &mut TrackLines, at: usize, bundle: Bundle, (one, other): (usize, usize)) {
    let (low, high) = (one.min(other), one.max(other));
    let known = lines.entry(at).or_default().entry(bundle).or_insert((low, high));
    *known = (known.0.min(low), known.1.max(high));
}

/// Assigns tracks greedily: each interval gets the first track that is free along all of it. Links leaving a shape come
/// before links arriving at one, so that neither kind runs back over the other.
fn tracks(lines: &TrackLines, count: usize) -> (BTreeMap<(usize, Bundle), usize>, Vec<usize>) {
    let mut found = BTreeMap::new();
    let mut counts = vec![0; count];
    for (at, bundles) in lines {
        let mut base = 0;
        for leaving in [true, false] {
            let mut part: Vec<(Bundle, (usize, usize))> = bundles
                .iter()
                .map(|(bundle, interval)| (*bundle, *interval))
                .filter(|(bundle, _)| matches!(bundle, Bundle::From(_)) == leaving)
                .collect();
            part.sort_by_key(|(_, interval)| *interval);
            let mut ends: Vec<usize> = Vec::new();
            for (bundle, (low, high)) in part {
                let free = ends.iter().position(|end| *end < low);
                let track = free.unwrap_or(ends.len());
                match free {
                    Some(track) => ends[track] = high,
                    None => ends.push(high),
                }
                found.insert((*at, bundle), base + track);
            }
            base += ends.len();
        }
        counts[*at] = base;
    }
    (found, counts)
}

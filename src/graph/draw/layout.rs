//! Assigns a column and a row to each shape. The longest path to a shape determines its column. Each plan has a lane. Phases
//! that do not share a column share a band of the lane. Rows are ordered by the barycentre of the linked shapes (Sugiyama,
//! Tagawa and Toda 1981).

use std::collections::BTreeMap;

use crate::plan::PhaseId;

use super::picture::{NodeKind, NodeShape, Picture};

/// Number of ordering sweeps.
const SWEEPS: usize = 6;

/// Positions of all shapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grid {
    /// Row and column of each shape.
    pub(super) cells: Vec<(usize, usize)>,
    /// The rows from top to bottom.
    pub(super) rows: Vec<Row>,
    /// Number of columns.
    pub(super) columns: usize,
    /// Phases that are drawn as a box around their parts.
    pub(super) boxes: Vec<PhaseBox>,
    /// For each shape that is the end of a plan and is drawn on the edge of its predecessor: the predecessor.
    pub(super) hosts: Vec<Option<usize>>,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// The lane.
    pub(super) lane: usize,
    /// True when phase names are drawn above the row.
    pub(super) named: bool,
}

/// A phase drawn as a box around its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PhaseBox {
    /// The shape that stands for the end of the phase.
    pub(super) shape: usize,
    /// First and last row.
    pub(super) rows: (usize, usize),
    /// First and last column.
    pub(super) columns: (usize, usize),
}

/// Shapes that stay together in a lane: a whole phase, or one shape outside any phase.
struct LaneGroup {
    lane: usize,
    phase: Option<PhaseId>,
    /// Member shapes by column.
    members: BTreeMap<usize, Vec<usize>>,
}

impl LaneGroup {
    fn columns(&self) -> (usize, usize) {
        let first = self.members.keys().next().copied().unwrap_or(0);
        let last = self.members.keys().next_back().copied().unwrap_or(0);
        (first, last)
    }

    fn height(&self) -> usize {
        self.members.values().map(Vec::len).max().unwrap_or(1)
    }
}

/// Computes the layout of a picture.
pub(super) fn grid(picture: &Picture) -> Grid {
    let hosts = hosts(picture);
    let column = columns(picture, &hosts);
    let mut groups = groups(picture, &column, &hosts);
    let mut grid = Grid {
        cells: Vec::new(),
        rows: Vec::new(),
        columns: column.iter().max().map_or(0, |last| last + 1),
        boxes: Vec::new(),
        hosts,
    };
    let bands = bands(picture, &groups);
    place(picture, &groups, &bands, &column, &mut grid);
    for sweep in 0..SWEEPS {
        order(picture, &mut groups, &grid, sweep % 2 == 0);
        place(picture, &groups, &bands, &column, &mut grid);
    }
    grid
}

/// For each shape that is the end of a plan and has a single predecessor in its own lane, returns that predecessor: a
/// verification or a whole phase.
fn hosts(picture: &Picture) -> Vec<Option<usize>> {
    let incoming = picture.incoming();
    let host = |(place, shape): (usize, &NodeShape)| match incoming[place].as_slice() {
        [link] if shape.kind == NodeKind::Plan => {
            let before = &picture.shapes[link.from];
            let drawn = before.kind == NodeKind::Verify || before.kind == NodeKind::Phase && before.whole;
            (before.lane == shape.lane && drawn).then_some(link.from)
        }
        _ => None,
    };
    picture.shapes.iter().enumerate().map(host).collect()
}

/// Returns the length in links of the longest path to each shape. Shapes on a cycle come behind the shapes that lead to the
/// cycle from outside.
fn columns(picture: &Picture, hosts: &[Option<usize>]) -> Vec<usize> {
    let count = picture.shapes.len();
    let mut open = vec![0usize; count];
    let mut outgoing: Vec<Vec<usize>> = vec![Vec::new(); count];
    for link in &picture.links {
        open[link.to] += 1;
        outgoing[link.from].push(link.to);
    }
    let mut column = vec![0usize; count];
    let mut placed = vec![false; count];
    let mut ready: Vec<usize> = (0..count).filter(|shape| open[*shape] == 0).collect();
    let mut next = 0;
    loop {
        let Some(&shape) = ready.get(next) else {
            // Only cycles are left. The first unplaced shape is treated as if nothing led to it.
            match (0..count).find(|shape| !placed[*shape] && open[*shape] > 0) {
                Some(shape) => {
                    open[shape] = 0;
                    ready.push(shape);
                    continue;
                }
                None => return column,
            }
        };
        next += 1;
        placed[shape] = true;
        for &to in &outgoing[shape] {
            if placed[to] {
                continue;
            }
            let step = usize::from(hosts[to] != Some(shape));
            column[to] = column[to].max(column[shape] + step);
            if open[to] > 0 {
                open[to] -= 1;
                if open[to] == 0 {
                    ready.push(to);
                }
            }
        }
    }
}

fn groups(picture: &Picture, column: &[usize], hosts: &[Option<usize>]) -> Vec<LaneGroup> {
    let mut found: Vec<LaneGroup> = Vec::new();
    let mut of_phase: BTreeMap<(usize, PhaseId), usize> = BTreeMap::new();
    let free = |place: &usize| hosts[*place].is_none();
    for place in (0..picture.shapes.len()).filter(free) {
        let shape = &picture.shapes[place];
        let phase = shape.phase.filter(|_| !shape.whole);
        let known = phase.and_then(|phase| of_phase.get(&(shape.lane, phase)).copied());
        let group = known.unwrap_or_else(|| {
            found.push(LaneGroup {
                lane: shape.lane,
                phase,
                members: BTreeMap::new(),
            });
            if let Some(phase) = phase {
                of_phase.insert((shape.lane, phase), found.len() - 1);
            }
            found.len() - 1
        });
        found[group].members.entry(column[place]).or_default().push(place);
    }
    found
}

/// Returns the band of each group in its lane: the first band where the group's columns are free.
fn bands(picture: &Picture, groups: &[LaneGroup]) -> Vec<usize> {
    let mut taken: Vec<Vec<Vec<(usize, usize)>>> = vec![Vec::new(); picture.lanes.len()];
    let mut order: Vec<usize> = (0..groups.len()).collect();
    // Phases go first. The shapes between phases fit into the remaining room.
    order.sort_by_key(|group| groups[*group].phase.is_none());
    let mut bands = vec![0; groups.len()];
    for group in order {
        let own = groups[group].columns();
        let lane = &mut taken[groups[group].lane];
        let free = |band: &Vec<(usize, usize)>| band.iter().all(|(from, to)| own.1 < *from || *to < own.0);
        let band = lane.iter().position(free).unwrap_or(lane.len());
        if band == lane.len() {
            lane.push(Vec::new());
        }
        lane[band].push(own);
        bands[group] = band;
    }
    bands
}

/// Assigns a row to every shape.
fn place(picture: &Picture, groups: &[LaneGroup], bands: &[usize], column: &[usize], grid: &mut Grid) {
    grid.cells = column.iter().map(|column| (0, *column)).collect();
    grid.rows.clear();
    grid.boxes.clear();
    for lane in 0..picture.lanes.len() {
        let own = |group: &usize| groups[*group].lane == lane;
        let members: Vec<usize> = (0..groups.len()).filter(own).collect();
        let last = members.iter().map(|group| bands[*group]).max().unwrap_or(0);
        for band in 0..=last {
            let members: Vec<usize> = members
                .iter()
                .copied()
                .filter(|group| bands[*group] == band)
                .collect();
            let height = members.iter().map(|group| groups[*group].height()).max();
            let height = height.unwrap_or(1);
            let first = grid.rows.len();
            let named = members.iter().any(|group| groups[*group].phase.is_some());
            for row in 0..height {
                grid.rows.push(Row {
                    lane,
                    named: named && row == 0,
                });
            }
            for group in members.iter().map(|group| &groups[*group]) {
                for shapes in group.members.values() {
                    let top = first + (height - shapes.len()) / 2;
                    for (offset, shape) in shapes.iter().enumerate() {
                        grid.cells[*shape].0 = top + offset;
                    }
                }
                let mut all = group.members.values().flatten();
                let end = all.find(|shape| picture.shapes[**shape].kind == NodeKind::Phase);
                if let (Some(_), Some(end)) = (group.phase, end) {
                    grid.boxes.push(PhaseBox {
                        shape: *end,
                        rows: (first, first + height - 1),
                        columns: group.columns(),
                    });
                }
            }
        }
    }
    for (place, host) in grid.hosts.iter().enumerate() {
        if let Some(host) = host {
            grid.cells[place] = grid.cells[*host];
        }
    }
}

/// Orders the shapes of each group and column by the mean row of their predecessors, or of their successors.
fn order(picture: &Picture, groups: &mut [LaneGroup], grid: &Grid, forwards: bool) {
    let mut sum = vec![(0usize, 0usize); picture.shapes.len()];
    for link in &picture.links {
        let (own, other) = if forwards {
            (link.to, link.from)
        } else {
            (link.from, link.to)
        };
        sum[own].0 += grid.cells[other].0;
        sum[own].1 += 1;
    }
    let mean = |shape: usize| match sum[shape] {
        (_, 0) => grid.cells[shape].0 * 1000,
        (rows, count) => rows * 1000 / count,
    };
    for group in groups {
        for shapes in group.members.values_mut() {
            shapes.sort_by_key(|shape| (mean(*shape), *shape));
        }
    }
}

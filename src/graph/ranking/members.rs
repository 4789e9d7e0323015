//! Which gates each node belongs to.

use crate::graph::network::whole::Graph;

/// The gates of which each node is a member. They are stored in one list, as in a compressed sparse row matrix.
pub(in crate::graph) struct Members {
    begins: Vec<u32>,
    list: Vec<u32>,
}

impl Members {
    pub(in crate::graph) fn new(graph: &Graph) -> Self {
        let nodes = graph.nodes.len();
        let mut begins = vec![0; nodes + 1];
        for member in graph.gates.members() {
            begins[*member as usize] += 1;
        }
        let mut all = 0;
        for begin in &mut begins {
            all += *begin;
            *begin = all;
        }
        let mut list = vec![0; all as usize];
        // Go backwards, so that the counted ends become starts.
        for gate in (0..graph.gates.len()).rev() {
            for member in graph.gates.get(gate).of().rev() {
                begins[member] -= 1;
                list[begins[member] as usize] = gate as u32;
            }
        }
        Self { begins, list }
    }

    pub(in crate::graph) fn of(&self, node: usize) -> &[u32] {
        &self.list[self.begins[node] as usize..self.begins[node + 1] as usize]
    }
}

//! Comments between tables, and the table that each belongs to.

use toml_edit::{DocumentMut, Item, RawString, Table};

/// The positions of a table and of the tables in it.
pub(super) fn places(table: &Table) -> Vec<isize> {
    let mut found: Vec<isize> = table.position().into_iter().collect();
    for (_, item) in table.iter() {
        if let Item::Table(inner) = item {
            found.extend(places(inner));
        }
    }
    found
}

/// The part of the comments above a header that is not about its table: everything but the last paragraph.
pub(super) fn above(prefix: &str) -> &str {
    match prefix.rfind("\n\n") {
        Some(at) if prefix[..at].contains('#') => &prefix[..=at],
        _ => "",
    }
}

/// The part of the comments after a table's last key that is not about the table any more: everything but the first paragraph,
/// when there are several.
pub(super) fn below(prefix: &str) -> &str {
    match prefix.find("\n\n") {
        Some(at) if prefix[..at].trim_start_matches([' ', '\t']).starts_with('#') => &prefix[at + 1..],
        _ => prefix,
    }
}

/// The comments after the table at a position: those above the next table, or at the end.
pub(super) fn comments_behind(document: &mut DocumentMut, behind: isize) -> String {
    let found = match next_table(document.as_table_mut(), behind) {
        Some(table) => table.decor().prefix().and_then(RawString::as_str),
        None => document.trailing().as_str(),
    };
    found.unwrap_or_default().to_owned()
}

/// Replaces the comments after the table at a position.
pub(super) fn set_comments_behind(document: &mut DocumentMut, behind: isize, comments: &str) {
    match next_table(document.as_table_mut(), behind) {
        Some(table) => table.decor_mut().set_prefix(comments),
        None => document.set_trailing(comments),
    }
}

/// Takes out the comments right below the last key of the table at a position, up to an empty line. They belong to that table
/// and stay in front of anything that is added.
pub(super) fn take_attached(document: &mut DocumentMut, behind: isize) -> String {
    let comments = comments_behind(document, behind);
    let rest = below(&comments).to_owned();
    let attached = comments[..comments.len() - rest.len()].to_owned();
    if !attached.is_empty() {
        set_comments_behind(document, behind, &rest);
    }
    attached
}

/// The table that is written next after a position.
fn next_table(table: &mut Table, behind: isize) -> Option<&mut Table> {
    let mut best: Option<&mut Table> = None;
    let mut open = vec![table];
    while let Some(table) = open.pop() {
        let (own, mut inner) = (table.position(), Vec::new());
        let is_next = own.is_some_and(|own| own > behind);
        let is_nearer = best
            .as_ref()
            .is_none_or(|best| own.is_some_and(|own| best.position().is_some_and(|known| own < known)));
        if is_next && is_nearer {
            best = Some(table);
            continue;
        }
        inner.extend(table.iter_mut().filter_map(|(_, item)| item.as_table_mut()));
        open.append(&mut inner);
    }
    best
}

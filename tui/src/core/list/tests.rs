//! Tests of list paging and row selection.

use doorward_shared::{Pagination, admin::Role};

use super::*;

fn page(from: usize, to: usize, total: usize) -> Page<Row> {
    let role = |n: usize| {
        Row::Role(Role {
            name: format!("role{n:05}"),
            permissions: Default::default(),
            built_in: false,
            users: 0,
        })
    };
    Page {
        data: (from..to).map(role).collect(),
        pagination: Pagination {
            total: total as u64,
            next_cursor: (to < total).then(|| to.to_string()),
            ..Pagination::default()
        },
    }
}

/// Answers what the list asks for until it asks for nothing more.
fn serve(list: &mut List, total: usize) {
    while let Some(want) = list.next_want() {
        let (cursor, _) = list.place(want);
        let from: usize = cursor.map_or(0, |cursor| cursor.parse().unwrap());
        list.take(
            want,
            vec![page(from, (from + PAGE).min(total), total)],
            Timestamp(0),
            20,
        );
    }
}

fn filled(total: usize) -> List {
    let mut list = List::new(Resource::Roles, Vec::new());
    let want = Want::Window { first: 0 };
    list.take(
        want,
        vec![page(0, PAGE.min(total), total)],
        Timestamp(0),
        20,
    );
    list
}

#[test]
fn a_long_list_is_walked_both_ways_in_bounded_memory() {
    let total = 5_000;
    let mut list = filled(total);
    for _ in 0..total {
        list.step(1, 20);
        serve(&mut list, total);
        assert!(list.rows.len() <= (WINDOW + 1) * PAGE);
    }
    assert_eq!(list.selected.as_deref(), Some("role04999"));
    for step in (0..total - 1).rev() {
        list.step(-1, 20);
        assert_eq!(list.selected, Some(format!("role{step:05}")));
        serve(&mut list, total);
    }
}

#[test]
fn the_selection_stays_on_its_row_when_others_come_or_go() {
    let mut list = filled(50);
    list.select(10, 20);
    let mut changed = page(5, 50, 45);
    changed.data.remove(0);
    list.take(list.window(), vec![changed], Timestamp(0), 20);
    assert_eq!(list.selected.as_deref(), Some("role00010"));
    assert_eq!(list.index(), Some(4));
}

#[test]
fn when_the_selected_row_is_gone_its_neighbour_is_selected() {
    let mut list = filled(50);
    list.select(10, 20);
    let mut changed = page(0, 50, 49);
    changed.data.remove(10);
    list.take(list.window(), vec![changed], Timestamp(0), 20);
    assert_eq!(list.selected.as_deref(), Some("role00011"));
    list.take(list.window(), vec![page(0, 0, 0)], Timestamp(0), 20);
    assert_eq!(list.selected, None);
}

#[test]
fn a_refresh_far_down_reads_only_what_is_on_the_screen() {
    let total = 1_000;
    let mut list = filled(total);
    for _ in 0..450 {
        list.step(1, 20);
        serve(&mut list, total);
    }
    let want = list.window();
    let (cursor, pages) = list.place(want);
    assert_eq!((cursor.as_deref(), pages), (Some("400"), 2));
    list.take(
        want,
        vec![page(400, 500, total), page(500, 600, total)],
        Timestamp(0),
        20,
    );
    assert_eq!((list.before(), list.rows.len()), (400, 200));
    assert_eq!(list.selected.as_deref(), Some("role00450"));
}

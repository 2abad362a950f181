//! The pane with all about one thing, beside its list or over it.

use super::Layer;
use crate::core::{
    problem::Problem,
    resource::{Resource, Row},
    state::State,
};

/// Columns from which the list and the pane with all about one thing stand side by side.
pub(crate) const SPLIT: u16 = 110;

/// All about one thing.
#[derive(Debug)]
pub(crate) struct Detail {
    pub kind: Resource,
    pub id: String,
    pub item: Option<Row>,
    pub problem: Option<Problem>,
    pub scroll: usize,
    /// Whether keys go here; the list has them otherwise.
    pub focused: bool,
}

impl State {
    /// Whether the list and the pane stand side by side.
    pub(crate) fn is_split(&self) -> bool {
        self.size.width >= SPLIT && self.detail().is_some() && self.has_side_pane()
    }

    fn has_side_pane(&self) -> bool {
        self.list().is_some() || self.page().is_some()
    }

    pub(crate) fn detail(&self) -> Option<&Detail> {
        self.layers.iter().find_map(|layer| match layer {
            Layer::Detail(detail) => Some(&**detail),
            _ => None,
        })
    }

    pub(crate) fn detail_mut(&mut self) -> Option<&mut Detail> {
        self.layers.iter_mut().find_map(|layer| match layer {
            Layer::Detail(detail) => Some(&mut **detail),
            _ => None,
        })
    }

    /// Beside a list that has the keys, the pane shows what is selected.
    pub(crate) fn detail_follows(&mut self) {
        let split = self.size.width >= SPLIT;
        if self.detail().is_none() {
            return;
        }
        let item = match self.page() {
            Some(_) => self.page_event().map(Row::Event),
            None => self.list().and_then(|list| list.item()).cloned(),
        };
        let Some(item) = item else { return };
        let Some(detail) = self.detail_mut() else {
            return;
        };
        let id = item.id();
        if detail.id == id {
            // A refreshed row is a refreshed pane.
            detail.item = Some(item);
        } else if !detail.focused && split {
            let kind = detail.kind;
            *detail = Detail {
                kind,
                id: id.clone(),
                item: Some(item),
                problem: None,
                scroll: 0,
                focused: false,
            };
        }
    }
}

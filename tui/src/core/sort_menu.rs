//! The order of a list.

use super::{
    layer::{Choice, Layer, Menu},
    list::Want,
    msg::Effect,
    state::State,
};

impl State {
    pub(crate) fn sort_by(&mut self, at: usize, effects: &mut Vec<Effect>) {
        let Some(list) = self.list_mut() else { return };
        let descending = match list.sort {
            Some((before, descending)) if before == at => !descending,
            _ => false,
        };
        list.sort = Some((at, descending));
        list.restart();
        self.load(Want::Window { first: 0 }, effects);
    }

    pub(crate) fn open_sorts(&mut self) {
        let Some(list) = self.list() else { return };
        let entries = list.kind.sorts().iter().enumerate().map(|(at, (_, name))| {
            let way = match list.sort {
                Some((now, true)) if now == at => format!("  {}", self.glyphs.down()),
                Some((now, false)) if now == at => format!("  {}", self.glyphs.up()),
                _ => String::new(),
            };
            (format!("{name}{way}"), Choice::Sort(at))
        });
        let entries: Vec<_> = entries.collect();
        if entries.is_empty() {
            return self.say("this list has one order");
        }
        let at = list.sort.map_or(0, |(at, _)| at);
        self.layers.push(Layer::Menu(Menu {
            at,
            ..Menu::new("Sort by (again turns it round)", entries)
        }));
    }
}

//! Coming to a page, moving on it, and leading on from it.

use doorward_shared::admin::Event;

use super::{
    LoadedPart, Part, Subject, SubjectPage, Target,
    lines::Line,
    panels::{self, Panel},
};
use crate::core::{
    State,
    layer::{Detail, Layer},
    msg::Effect,
    problem::Problem,
    resource::{Resource, Row},
    state::View,
};

/// The panels of a page with their lines.
pub(crate) type Contents<'a> = Vec<(Panel, Vec<Line<'a>>)>;

/// All lines of a page.
pub(crate) fn contents<'a>(state: &State, page: &'a SubjectPage) -> Contents<'a> {
    let panels = panels::of(&page.subject).iter();
    panels
        .map(|panel| (*panel, panels::lines(state, page, *panel)))
        .collect()
}

/// Where the cursor is: the panel and its line. A line that is gone leaves it to its neighbour.
pub(crate) fn cursor(contents: &Contents<'_>, page: &SubjectPage) -> Option<(usize, usize)> {
    let selectable = |panel: usize| {
        let lines = contents.get(panel).map_or(&[][..], |(_, lines)| lines);
        let lines = lines.iter().enumerate();
        lines.filter(|(_, line)| line.is_selectable())
    };
    let first = || (0..contents.len()).find_map(|at| Some((at, selectable(at).next()?.0)));
    let Some((panel, key)) = &page.chosen else {
        return first();
    };
    let at = contents.iter().position(|(one, _)| one == panel)?;
    let found = selectable(at).find(|(_, line)| line.key() == *key);
    let near = || selectable(at).min_by_key(|(line, _)| line.abs_diff(page.at));
    match found.or_else(near) {
        Some((line, _)) => Some((at, line)),
        None => first(),
    }
}

impl State {
    pub(crate) fn page(&self) -> Option<&SubjectPage> {
        match &self.view {
            View::Page(page) => Some(page),
            _ => None,
        }
    }

    fn page_mut(&mut self) -> Option<&mut SubjectPage> {
        match &mut self.view {
            View::Page(page) => Some(page),
            _ => None,
        }
    }

    /// Goes to the page of something.
    pub(crate) fn go_page(&mut self, subject: Subject, effects: &mut Vec<Effect>) {
        let mut page = SubjectPage::new(subject, self.now.wall);
        // What the list knows stands there at once.
        let known = self
            .item()
            .filter(|item| Subject::of(item).as_ref() == Some(&page.subject));
        if let Some(item) = known.cloned() {
            page.begin_with(item);
        }
        self.go(View::Page(Box::new(page)), effects);
    }

    /// Asks for all parts of the page.
    pub(crate) fn load_page(&mut self, effects: &mut Vec<Effect>) {
        let generation = self.next_generation();
        let now = self.now;
        let Some(page) = self.page_mut() else { return };
        page.generation = generation;
        page.asked_at = now.ms;
        page.since = now.wall.plus_seconds(-super::DAYS * 86_400);
        let effect = Effect::Page {
            generation,
            subject: page.subject.clone(),
            since: page.since,
            known: page.known(now.ms),
        };
        self.ask(effect, effects);
    }

    /// A part of the page has come, or why it did not.
    pub(crate) fn page_part(
        &mut self,
        generation: u64,
        part: Part,
        found: Result<LoadedPart, Problem>,
    ) {
        let now = self.now;
        match &found {
            Ok(_) => self.connection.answered(now),
            Err(problem) => self.failed(problem),
        }
        let Some(page) = self.page_mut().filter(|page| page.generation == generation) else {
            return;
        };
        if found.is_ok() {
            page.loaded_at = Some(now.wall);
        }
        let is_there = found.is_ok();
        page.take(part, found);
        if let Some(item) = page.item() {
            let named = (item.id(), item.name());
            if matches!(item, Row::User(_) | Row::Client(_) | Row::Key(_)) {
                self.learn([named]);
            }
        }
        if is_there {
            self.page_settle(part);
        }
    }

    /// A cursor whose line is gone stands on its neighbour from here on: keys act on what it shows.
    fn page_settle(&mut self, part: Part) {
        let Some(page) = self.page() else { return };
        let stands_there = page
            .chosen
            .as_ref()
            .is_some_and(|(panel, _)| panel.part() == part);
        if stands_there {
            let contents = contents(self, page);
            let place = cursor(&contents, page).map(|(panel, line)| place(&contents, panel, line));
            self.page_choose(place);
        }
    }

    fn page_choose(&mut self, place: Option<(Panel, String, usize)>) {
        if let Some(page) = self.page_mut()
            && let Some((panel, key, at)) = place
        {
            page.chosen = Some((panel, key));
            page.at = at;
        }
    }

    /// Puts the cursor on a line.
    pub(crate) fn page_select(&mut self, panel: Panel, line: usize) {
        let Some(page) = self.page() else { return };
        let contents = contents(self, page);
        let at = contents.iter().position(|(one, _)| *one == panel);
        let there = at.filter(|at| {
            let line = contents[*at].1.get(line);
            line.is_some_and(Line::is_selectable)
        });
        let place = there.map(|at| place(&contents, at, line));
        self.page_choose(place);
    }

    /// Moves the cursor by lines, from panel to panel; to the ends of its panel for the furthest steps.
    pub(crate) fn page_step(&mut self, by: isize) {
        let Some(page) = self.page() else { return };
        let contents = contents(self, page);
        let Some((panel, line)) = cursor(&contents, page) else {
            return;
        };
        let lines = contents.iter().enumerate().flat_map(|(at, (_, lines))| {
            let lines = lines.iter().enumerate();
            let lines = lines.filter(|(_, line)| line.is_selectable());
            lines.map(move |(line, _)| (at, line))
        });
        let own = matches!(by, isize::MIN | isize::MAX);
        let lines: Vec<_> = lines.filter(|(at, _)| !own || *at == panel).collect();
        let now = lines.iter().position(|place| *place == (panel, line));
        let next = now.unwrap_or_default().saturating_add_signed(by);
        let next = lines.get(next.min(lines.len().saturating_sub(1)));
        let place = next.map(|(panel, line)| place(&contents, *panel, *line));
        self.page_choose(place);
    }

    /// Moves the cursor to the next panel that has lines.
    pub(crate) fn page_turn(&mut self, by: isize) {
        let Some(page) = self.page() else { return };
        let contents = contents(self, page);
        let first = |at: usize| contents[at].1.iter().position(Line::is_selectable);
        let panels: Vec<_> = (0..contents.len())
            .filter(|at| first(*at).is_some())
            .collect();
        let Some((panel, _)) = cursor(&contents, page) else {
            return;
        };
        let at = panels
            .iter()
            .position(|at| *at == panel)
            .unwrap_or_default();
        let count = panels.len().cast_signed();
        let next = (at.cast_signed() + by)
            .rem_euclid(count.max(1))
            .cast_unsigned();
        let next = panels.get(next).and_then(|at| Some((*at, first(*at)?)));
        let place = next.map(|(panel, line)| place(&contents, panel, line));
        self.page_choose(place);
    }

    /// Where the line with the cursor leads.
    fn page_target(&self) -> Option<Target> {
        let page = self.page()?;
        let contents = contents(self, page);
        let (panel, line) = cursor(&contents, page)?;
        contents.get(panel)?.1.get(line)?.target(page)
    }

    /// Opens the line with the cursor.
    pub(crate) fn page_open(&mut self, effects: &mut Vec<Effect>) {
        match self.page_target() {
            Some(target) => self.follow(target, effects),
            None => self.say("no further details"),
        }
    }

    /// Goes where a line leads.
    pub(crate) fn follow(&mut self, target: Target, effects: &mut Vec<Effect>) {
        match target {
            Target::Page(subject) => self.go_page(subject, effects),
            Target::List(kind, filters) => self.go_list(kind, filters, effects),
            Target::Event(event) => self.open_event(*event),
            Target::Text(title, lines) => self.layers.push(Layer::note(title, lines)),
        }
    }

    /// All about an event, on top of what is shown.
    pub(crate) fn open_event(&mut self, event: Event) {
        self.layers
            .retain(|layer| !matches!(layer, Layer::Detail(_)));
        self.layers.push(Layer::Detail(Box::new(Detail {
            kind: Resource::Events,
            id: event.id.to_string(),
            item: Some(Row::Event(event)),
            problem: None,
            scroll: 0,
            focused: true,
        })));
    }

    /// What `c` sends to the clipboard: the value with the cursor, or else the id.
    pub(crate) fn page_copied(&self) -> Option<String> {
        let page = self.page()?;
        let contents = contents(self, page);
        let (panel, line) = cursor(&contents, page)?;
        let line = contents.get(panel)?.1.get(line)?;
        Some(match (line, &page.chosen) {
            (Line::Fact(fact), Some(_)) => fact.value.clone(),
            _ => match page.acting() {
                Some(row) => row.id(),
                None => page.subject.id().to_owned(),
            },
        })
    }

    /// The event with the cursor.
    pub(crate) fn page_event(&self) -> Option<Event> {
        match self.page_target()? {
            Target::Event(event) => Some(*event),
            _ => None,
        }
    }
}

fn place(contents: &Contents<'_>, panel: usize, line: usize) -> (Panel, String, usize) {
    let (name, lines) = &contents[panel];
    (*name, lines[line].key(), line)
}

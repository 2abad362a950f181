//! What actions do: moving and opening here; what is asked before something changes stands in `action_confirmations`.

use ratatui::layout::Size;

use super::{
    form::Form,
    help::Help,
    layer::{Layer, Menu},
    msg::Effect,
    page::Subject,
    state::{State, View},
};
use crate::{
    command::{Command, secret::Secret},
    core::{
        keymap::Action,
        report::Format,
        resource::{Resource, Row},
    },
};

impl State {
    pub(crate) fn act(&mut self, action: Action, effects: &mut Vec<Effect>) {
        if self.refused_of_marked(action) {
            return;
        }
        match action {
            Action::Up => self.step(-1),
            Action::Down => self.step(1),
            Action::PageUp => self.step(-self.screenful()),
            Action::PageDown => self.step(self.screenful()),
            Action::Top => self.step(isize::MIN),
            Action::Bottom => self.step(isize::MAX),
            Action::Open => self.open(effects),
            Action::Close => self.close(effects),
            Action::Focus => self.turn(1, effects),
            Action::FocusBack => self.turn(-1, effects),
            Action::Back => self.back(effects),
            Action::Forward => self.go_forward(effects),
            Action::Screen(digit) => self.go_screen(digit, effects),
            Action::Palette => self.open_palette(),
            Action::Help => self.layers.push(Layer::Help(Help::default())),
            Action::Filter => self.open_filter(),
            Action::Refresh => self.refresh(effects),
            Action::Sort => self.open_sorts(),
            Action::Wide => self.turn_wide(),
            Action::Fold => self.turn_fold(),
            Action::Mark => self.mark(),
            Action::MarkRange => self.mark_range(),
            Action::MarkAll => self.mark_all(),
            Action::Copy => self.copy(effects),
            Action::Related => self.open_related(),
            Action::Incident => self.open_incident(effects),
            Action::Export => self.export(Format::Markdown, effects),
            Action::ExportJson => self.export(Format::Json, effects),
            Action::Note => self.open_note(),
            Action::Drop => self.drop_subject(effects),
            Action::Pause => self.pause(),
            Action::Twin => self.show_twin(),
            Action::Redraw => effects.push(Effect::Redraw),
            Action::Suspend => effects.push(Effect::Suspend),
            // In a pane it leaves the pane.
            Action::Quit if !self.layers.is_empty() => self.close(effects),
            Action::Quit => self.quit(effects),
            Action::Window => self.dash_window(effects),
            Action::Stack => self.turn_stacked(),
            Action::Earlier => self.dash_cursor(1),
            Action::Later => self.dash_cursor(-1),
            action => self.ask_for(action, effects),
        }
    }

    fn back(&mut self, effects: &mut Vec<Effect>) {
        if !self.go_back(effects) {
            self.say("start of history");
        }
    }

    fn turn_wide(&mut self) {
        self.wide = !self.wide;
        let Size { width, height } = self.size;
        self.resize(width, height);
    }

    fn turn_fold(&mut self) {
        let height = self.rows_high();
        if let Some(list) = self.list_mut() {
            list.turn_fold(height);
        }
    }

    fn turn_stacked(&mut self) {
        let stacked = self.dash.stacked.unwrap_or(self.size.height >= 50);
        self.dash.stacked = Some(!stacked);
    }

    /// Rows that a page up or down moves by: one stays in sight.
    fn screenful(&self) -> isize {
        self.rows_high().saturating_sub(1).max(1).cast_signed()
    }

    /// Warns of an action that is for one thing alone while several are marked; answers whether it did.
    fn refused_of_marked(&mut self, action: Action) -> bool {
        let for_one = matches!(
            action,
            Action::Edit
                | Action::Clone
                | Action::Password
                | Action::Link
                | Action::Limits
                | Action::Policy
                | Action::Rotate
                | Action::Factors
                | Action::EndSessions
                | Action::Disable
        );
        let marked = self.list().map_or(0, |list| list.marks.len());
        if !for_one || marked == 0 || !self.layers.is_empty() {
            return false;
        }
        let key = |action| self.keymap.label(action);
        let (one, all, incident) = (key(action), key(Action::Delete), key(Action::Incident));
        self.warn(format!(
            "{marked} are marked: {one} is for one, {all} and {incident} take all; esc drops the marks"
        ));
        true
    }

    fn step(&mut self, by: isize) {
        let height = self.rows_high();
        if let Some(Layer::Detail(detail)) = self.layers.last_mut()
            && detail.focused
        {
            detail.scroll = detail.scroll.saturating_add_signed(by).min(200);
            return;
        }
        match &mut self.view {
            View::Page(_) => self.page_step(by),
            View::List(list) => list.step(by, height),
            View::Health { scroll } => *scroll = scroll.saturating_add_signed(by).min(100),
            View::Incident(incident) => incident.step(by),
            View::Dashboard { .. } => self.dash_step(by),
        }
    }

    /// Moves the focus between the parts of the screen.
    fn turn(&mut self, by: isize, effects: &mut Vec<Effect>) {
        let split = self.is_split();
        let is_wide = self.size.width >= super::layer::SPLIT;
        if let Some(Layer::Detail(detail)) = self.layers.last_mut() {
            if split {
                detail.focused = !detail.focused;
            }
            return;
        }
        match &mut self.view {
            View::Dashboard { .. } => self.dash_turn(by),
            View::Page(_) => self.page_turn(by),
            View::List(_) if is_wide => self.open_beside(effects),
            View::Incident(incident) => incident.turn(by),
            _ => {}
        }
    }

    fn open(&mut self, effects: &mut Vec<Effect>) {
        match &self.view {
            View::List(list) if list.kind == Resource::Profiles => {
                if let Some(id) = list.selected.clone() {
                    self.switch(id, effects);
                }
            }
            View::List(list) => {
                let is_wide = self.size.width >= super::layer::SPLIT;
                match (list.item().and_then(Subject::of), self.detail_mut()) {
                    (Some(subject), _) => self.go_page(subject, effects),
                    (None, Some(detail)) => detail.focused = true,
                    // Beside the list it follows the cursor, which goes on.
                    (None, None) if is_wide => self.open_beside(effects),
                    (None, None) => self.open_detail(effects),
                }
            }
            // The pane over it has the keys.
            View::Page(_) if self.detail().is_some_and(|detail| detail.focused) => {}
            View::Page(_) => self.page_open(effects),
            View::Dashboard { .. } => self.dash_open(effects),
            View::Incident(_) => self.incident_open(effects),
            View::Health { .. } => {}
        }
    }

    /// One layer up: what is open, the filter, what the list was narrowed down to. Never out.
    fn close(&mut self, effects: &mut Vec<Effect>) {
        if self.layers.pop().is_some() {
            return;
        }
        self.toast = None;
        if self.alerts.close() {
            return;
        }
        let now = self.now.ms;
        if let Some(list) = self.list_mut() {
            if !list.marks.is_empty() {
                list.marks.clear();
                list.anchor = None;
                return;
            }
            if !list.q.is_empty() {
                return self.set_filter(String::new(), now);
            }
        }
        let narrowed = self.list().is_some_and(|list| !list.filters.is_empty());
        let deep = narrowed || matches!(self.view, View::Incident(_) | View::Page(_));
        if !deep || !self.go_back(effects) {
            let quit = self.keymap.label(Action::Quit);
            self.say(format!("nothing is open here; {quit} or :q quits"));
        }
    }

    fn copy(&mut self, effects: &mut Vec<Effect>) {
        let id = match &self.view {
            View::Incident(incident) => {
                let selected = incident.selected().or(incident.subjects.first());
                selected.map(|subject| subject.id().to_owned())
            }
            View::Page(_) if self.detail().is_none() => self.page_copied(),
            _ => self.item().map(Row::id),
        };
        if let Some(id) = id {
            self.say(format!("{id}: sent to the terminal's clipboard"));
            effects.push(Effect::Copy(Secret::new(id)));
        }
    }

    fn open_related(&mut self) {
        let Some(item) = self.item().cloned() else {
            return;
        };
        let entries = super::related::of(self, &item);
        if entries.is_empty() {
            return self.say("no related items");
        }
        let title = format!("{} and related items", item.name());
        self.layers.push(Layer::Menu(Menu::new(title, entries)));
    }

    /// Asks for a line that the incident's report keeps.
    fn open_note(&mut self) {
        let mut form = Form::note();
        form.opened_at = self.now.ms;
        self.layers.push(Layer::Form(Box::new(form)));
    }

    fn pause(&mut self) {
        let (height, now) = (self.rows_high(), self.now.ms);
        let Some(list) = self.list_mut() else { return };
        match list.paused.take() {
            None => {
                list.paused = Some(Vec::new());
                self.say("paused: new events wait");
            }
            Some(waiting) => {
                let all_there = waiting
                    .into_iter()
                    .rev()
                    .all(|item| list.push_live(item, height));
                if !all_there {
                    list.stale_at = Some(now);
                }
                self.say("live again");
            }
        }
    }

    fn show_twin(&mut self) {
        let commands = super::equivalent_command::of_state(self);
        let typed =
            |command: &Command| super::equivalent_command::typed(self, &command.to_string());
        let lines = commands.iter().map(typed).collect();
        self.layers
            .push(Layer::note("The same from a shell", lines));
    }
}

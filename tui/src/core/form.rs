//! Forms: fields, then Cancel and a button.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use doorward_shared::{
    UserId,
    admin::{AdminKey, Client, Role, User},
};

use super::{
    confirm::{Confirm, INPUT_GUARD, PendingChange},
    field::{Field, Value},
    layer::Layer,
    msg::{Effect, PreviewTarget},
    problem::{Problem, ProblemKind},
    state::State,
    text_input::TextInput,
};
use crate::{
    command::{Command, Terms, secret::Secret},
    core::incident_subject::IncidentSubject,
};

/// What a form is for.
#[derive(Debug, Clone)]
pub(crate) enum Purpose {
    NewUser,
    EditUser(Box<User>),
    Password(UserId, String),
    Link(UserId, String),
    /// A key, on these terms where it is made like another one.
    Mint(Box<Terms>),
    EditKey(Box<AdminKey>),
    RotateKey(Box<AdminKey>),
    NewClient,
    EditClient(Box<Client>),
    /// How often and from where a key may be used.
    KeyLimits(Box<AdminKey>),
    /// What a client may know and do.
    ClientPolicy(Box<Client>),
    /// A token with which a client registers itself.
    InviteClient,
    RotateSecret(Box<Client>),
    NewRole,
    EditRole(Box<Role>),
    SignIn,
    /// Whom or what an incident is about.
    Incident,
    /// What the incident's report keeps.
    Note,
    /// Whose sessions end.
    EndSessions,
    /// Which network is blocked.
    Block,
    /// Switching a profile's changes on, by this name.
    Unlock(String),
}

#[derive(Debug)]
pub(crate) struct Form {
    pub title: String,
    /// Said above the fields.
    pub note: String,
    pub purpose: Purpose,
    pub fields: Vec<Field>,
    /// A field; after the last, Cancel, then the button.
    pub focus: usize,
    /// The label of the button.
    pub verb: &'static str,
    pub problem: Option<String>,
    pub request_id: Option<u64>,
    /// Until when the server does not want to be asked again.
    pub wait_until: Option<u64>,
    pub opened_at: u64,
    idempotency_key: String,
}

impl Form {
    pub(crate) fn new(
        title: impl Into<String>,
        purpose: Purpose,
        verb: &'static str,
        fields: Vec<Field>,
    ) -> Self {
        Self {
            title: title.into(),
            note: String::new(),
            purpose,
            fields,
            focus: 0,
            verb,
            problem: None,
            request_id: None,
            wait_until: None,
            opened_at: 0,
            idempotency_key: String::new(),
        }
    }

    pub(crate) fn is_mint(&self) -> bool {
        matches!(self.purpose, Purpose::Mint(_))
    }

    pub(crate) fn is_sign_in(&self) -> bool {
        matches!(self.purpose, Purpose::SignIn)
    }

    /// What was typed in a field.
    pub(crate) fn get(&self, name: &str) -> &str {
        let field = self.fields.iter().find(|field| field.name == name);
        match field.map(|field| &field.value) {
            Some(Value::Text(line) | Value::Hidden(line)) => line.text(),
            Some(Value::Choice { options, at }) => options.get(*at).map_or("", String::as_str),
            Some(Value::Pick(pick)) => pick.search.line.text(),
            _ => "",
        }
    }

    /// What a field is called.
    pub(crate) fn label(&self, name: &'static str) -> &'static str {
        let field = self.fields.iter().find(|field| field.name == name);
        field.map_or(name, |field| field.label)
    }

    pub(crate) fn chosen(&self, name: &str) -> &[String] {
        let field = self.fields.iter().find(|field| field.name == name);
        match field.map(|field| &field.value) {
            Some(Value::Scopes(picker)) => &picker.chosen,
            _ => &[],
        }
    }

    /// Id of what was picked in a field; none for an empty one.
    ///
    /// # Errors
    /// One line, where the server has no such thing.
    pub(crate) fn picked(&self, name: &str) -> Result<Option<String>, String> {
        let field = self.fields.iter().find(|field| field.name == name);
        match field.map(|field| &field.value) {
            Some(Value::Pick(pick)) => pick.picked(),
            _ => Ok(None),
        }
    }

    pub(crate) fn on_cancel(&self) -> bool {
        self.focus == self.fields.len()
    }

    pub(crate) fn on_button(&self) -> bool {
        self.focus == self.fields.len() + 1
    }

    fn turn(&mut self, by: usize) {
        self.focus = (self.focus + by) % (self.fields.len() + 2);
    }

    /// Says at its field what is wrong.
    pub(crate) fn fail(&mut self, field: &str, why: impl Into<String>) {
        let why = why.into();
        self.problem = match self.fields.iter().position(|known| known.name == field) {
            Some(at) => {
                self.focus = at;
                Some(format!("{}: {why}", self.fields[at].label))
            }
            None => Some(why),
        };
    }

    /// What can be picked in a field was asked for; a role that is none of them is wrong.
    pub(crate) fn check_role(&self) -> Result<(), String> {
        let field = self.fields.iter().find(|field| field.name == "role");
        match field.map(|field| &field.value) {
            Some(Value::Pick(pick)) => pick.known(),
            _ => Ok(()),
        }
    }

    pub(crate) fn refused(&mut self, problem: &Problem) {
        self.request_id = None;
        let field = problem.field.as_deref().unwrap_or_default();
        match self.fields.iter().position(|known| known.name == field) {
            Some(at) => {
                self.focus = at;
                let label = self.fields[at].label;
                self.problem = Some(format!("{label}: {}", problem.message));
            }
            None => self.problem = Some(problem.message.clone()),
        }
        if self.is_sign_in() {
            for field in &mut self.fields {
                if let Value::Hidden(line) = &mut field.value {
                    *line = TextInput::default();
                }
            }
        }
    }
}

/// What a filled form comes to.
pub(crate) enum Submission {
    /// Something new: its name was typed here.
    Send(Command),
    /// A change of what is there: asked once more.
    Ask(Box<Confirm>),
    /// The same, after a look at what it would hit.
    AskAfter(Box<Confirm>, PreviewTarget),
    SignIn {
        email: String,
        password: Secret,
    },
    Unlock,
    Incident(Vec<IncidentSubject>),
    Note(String),
    EndSessions(IncidentSubject),
    Nothing,
}

enum Press {
    Stay,
    Close,
    Submit,
}

impl Form {
    fn press(&mut self, key: KeyEvent, now: u64) -> Press {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let early = now < self.opened_at + INPUT_GUARD && !self.is_sign_in();
        match key.code {
            KeyCode::Esc => return Press::Close,
            _ if self.request_id.is_some() => return Press::Stay,
            // What confirms was typed before the form could be read; what is text is kept.
            KeyCode::Char('s') if control && early => {}
            KeyCode::Enter if early && (self.on_cancel() || self.on_button()) => {}
            KeyCode::Char('s') if control => return Press::Submit,
            KeyCode::Tab => self.turn(1),
            KeyCode::BackTab => self.turn(self.fields.len() + 1),
            _ if self.on_cancel() || self.on_button() => match key.code {
                KeyCode::Enter if self.on_cancel() => return Press::Close,
                KeyCode::Enter => return Press::Submit,
                KeyCode::Left | KeyCode::Up => self.turn(self.fields.len() + 1),
                KeyCode::Right | KeyCode::Down => self.turn(1),
                _ => {}
            },
            _ => {
                self.problem = None;
                let taken = self.fields[self.focus].key(key);
                self.follow_preset();
                match key.code {
                    KeyCode::Enter
                        if !taken && self.is_sign_in() && self.focus + 1 == self.fields.len() =>
                    {
                        return Press::Submit;
                    }
                    KeyCode::Enter | KeyCode::Down if !taken => self.turn(1),
                    KeyCode::Up if !taken => self.turn(self.fields.len() + 1),
                    _ => {}
                }
            }
        }
        Press::Stay
    }
}

pub(crate) fn key(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    let now = state.now.ms;
    let Some(Layer::Form(form)) = state.layers.last_mut() else {
        return;
    };
    match form.press(key, now) {
        Press::Stay => state.ask_offers(effects),
        Press::Close => {
            state.layers.pop();
        }
        Press::Submit => submit(state, effects),
    }
}

fn submit(state: &mut State, effects: &mut Vec<Effect>) {
    let now = state.now;
    let Some(Layer::Form(form)) = state.layers.last_mut() else {
        return;
    };
    if form.wait_until.is_some_and(|until| until > now.ms) {
        return;
    }
    let idempotency_key = form.idempotency_key.clone();
    let filled = match super::submission::submission(form, now.wall) {
        Ok(filled) => filled,
        Err((field, why)) => return form.fail(field, why),
    };
    match filled {
        Submission::Ask(confirm) => state.confirm(*confirm),
        Submission::AskAfter(confirm, at) => state.preview_and_confirm(*confirm, at, effects),
        Submission::Unlock => state.unlock(),
        Submission::Incident(subjects) => state.add_subjects(subjects, effects),
        Submission::Note(text) => {
            state.layers.pop();
            state.note(text);
        }
        Submission::EndSessions(subject) => {
            state.layers.pop();
            state.end_sessions_around(&subject, effects);
        }
        Submission::SignIn { email, password } => {
            form.request_id = Some(0);
            effects.push(Effect::SignIn { email, password });
        }
        // A form is confirmation enough only for what is not there yet.
        Submission::Send(change) if change.is_creation() => {
            let order = PendingChange {
                idempotency_key,
                reason: None,
                change,
                expected: None,
            };
            state.send_form(order, effects);
        }
        Submission::Nothing | Submission::Send(_) => {
            form.problem = Some("nothing was changed yet".into());
        }
    }
}

impl State {
    fn unlock(&mut self) {
        self.layers.pop();
        self.server.read_only = false;
        self.server.unlocked = true;
        self.warn(format!("changes are on for {}", self.server.profile));
    }

    /// Sends what a form comes to; the form waits for the answer.
    fn send_form(&mut self, order: PendingChange, effects: &mut Vec<Effect>) {
        let sent = self.send(order, effects);
        if let Some(Layer::Form(form)) = self.layers.last_mut() {
            match sent {
                Ok(ticket) => form.request_id = Some(ticket),
                Err(why) => form.problem = Some(why),
            }
        }
    }

    /// Opens a form, unless nothing may be changed now.
    pub(crate) fn open_form(&mut self, scope: &str, mut form: Form) {
        if let Some(why) = self.no_change(scope) {
            return self.warn(why);
        }
        form.opened_at = self.now.ms;
        form.follow_preset();
        form.idempotency_key = self.next_idempotency_key();
        self.layers.push(Layer::Form(Box::new(form)));
    }

    /// Opens a form that changes nothing by itself.
    pub(crate) fn ask_form(&mut self, mut form: Form, effects: &mut Vec<Effect>) {
        form.opened_at = self.now.ms;
        self.layers.push(Layer::Form(Box::new(form)));
        self.ask_offers(effects);
    }

    /// How long a sign-in has to wait, once the server said so.
    pub(crate) fn sign_in_waits(&mut self, problem: &Problem) {
        let now = self.now.ms;
        if let ProblemKind::Wait(seconds) = problem.what {
            for layer in &mut self.layers {
                if let Layer::Form(form) = layer
                    && form.is_sign_in()
                {
                    form.wait_until = Some(now + seconds * 1_000);
                }
            }
        }
    }
}

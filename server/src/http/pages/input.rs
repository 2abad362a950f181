//! A labelled field of a form, with what is wrong with it said below it.

use std::borrow::Cow;

use maud::{Markup, html};

use super::texts::Texts;
use crate::http::ApiError;

/// What was wrong with a form, at the field that the error names.
#[derive(Debug, Clone, Default)]
pub(super) struct FieldError<'a> {
    said: Option<(&'a str, Cow<'static, str>)>,
}

impl<'a> FieldError<'a> {
    /// What an error says, where it names a field.
    pub(super) fn of(texts: &Texts, error: Option<&'a ApiError>) -> Self {
        let said = error.and_then(|error| Some((named(error)?, texts.of_error(error))));
        Self { said }
    }

    /// That `text` is wrong with a field.
    pub(super) fn at(field: &'a str, text: &'static str) -> Self {
        Self {
            said: Some((field, text.into())),
        }
    }

    fn said_of(&self, field: &str) -> Option<&str> {
        let (at, text) = self.said.as_ref()?;
        (*at == field).then_some(text)
    }
}

/// The field that an error names; of an element of a list, the list's.
fn named(error: &ApiError) -> Option<&str> {
    error.field().and_then(|field| field.split('[').next())
}

/// Whether an error is said at one of these fields, and not above the form.
pub(super) fn is_at_field(error: &ApiError, fields: &[&str]) -> bool {
    named(error).is_some_and(|field| fields.contains(&field))
}

/// A field to type in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Input<'a> {
    pub id: &'a str,
    /// As the form sends it.
    pub name: &'a str,
    /// As errors call it; empty where that is its name.
    pub field: &'static str,
    pub label: &'a str,
    /// The attribute of that name.
    pub kind: &'static str,
    pub autocomplete: &'static str,
    pub value: &'a str,
    pub hint: Option<&'a str>,
    /// Beside the label of a field that may be left empty.
    pub optional: Option<&'a str>,
    pub autofocus: bool,
    /// Digits alone.
    pub is_digits: bool,
    /// No word of a language: no capitals and no spelling are put right.
    pub is_code: bool,
    /// Whether the form may be sent without it, though nothing says so: there is another way.
    pub is_optional: bool,
}

impl Default for Input<'_> {
    fn default() -> Self {
        Self {
            id: "",
            name: "",
            field: "",
            label: "",
            kind: "text",
            autocomplete: "off",
            value: "",
            hint: None,
            optional: None,
            autofocus: false,
            is_digits: false,
            is_code: false,
            is_optional: false,
        }
    }
}

/// Attributes of a field that browsers and their keyboards go by.
#[derive(Default)]
struct Attributes {
    mode: Option<&'static str>,
    is_code: bool,
    shortest: Option<&'static str>,
    longest: Option<&'static str>,
}

impl Input<'_> {
    fn attributes(&self) -> Attributes {
        match self.autocomplete {
            // No `type="email"`: browsers refuse local parts beyond ASCII there.
            "username" | "username webauthn" | "email" => Attributes {
                mode: Some("email"),
                is_code: true,
                ..Attributes::default()
            },
            "one-time-code" => Attributes {
                mode: self.is_digits.then_some("numeric"),
                is_code: true,
                longest: Some(if self.is_digits { "10" } else { "40" }),
                ..Attributes::default()
            },
            "new-password" => Attributes {
                shortest: Some("8"),
                ..Attributes::default()
            },
            "off" => Attributes {
                is_code: self.is_code,
                longest: Some("200"),
                ..Attributes::default()
            },
            _ => Attributes::default(),
        }
    }

    /// The field, with what is wrong with it. The cursor goes there: on a long page nobody has to look for it.
    pub(super) fn shown(&self, wrong: &FieldError<'_>) -> Markup {
        let field = if self.field.is_empty() {
            self.name
        } else {
            self.field
        };
        let said = wrong.said_of(field);
        let Attributes {
            mode,
            is_code,
            shortest,
            longest,
        } = self.attributes();
        let (hint_id, error_id) = (format!("{}-hint", self.id), format!("{}-error", self.id));
        let described = [
            said.map(|_| error_id.as_str()),
            self.hint.map(|_| hint_id.as_str()),
        ];
        let described: Vec<_> = described.into_iter().flatten().collect();
        let described = (!described.is_empty()).then(|| described.join(" "));
        html! {
            label for=(self.id) {
                (self.label)
                @if let Some(optional) = self.optional { " " span class="optional" { (optional) } }
            }
            input id=(self.id) name=(self.name) type=(self.kind) inputmode=[mode] autocomplete=(self.autocomplete)
                value=[Some(self.value).filter(|value| !value.is_empty())]
                autocapitalize=[is_code.then_some("none")] spellcheck=[is_code.then_some("false")]
                minlength=[shortest] maxlength=[longest] aria-describedby=[described]
                aria-invalid=[said.is_some().then_some("true")] required[self.optional.is_none() && !self.is_optional]
                autofocus[self.autofocus || said.is_some()];
            @if let Some(said) = said { p id=(error_id) class="wrong" role="alert" { (said) } }
            @if let Some(hint) = self.hint { p id=(hint_id) class="hint" { (hint) } }
        }
    }
}

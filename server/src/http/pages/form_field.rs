//! A labelled form field, with its error below it.

use std::borrow::Cow;

use maud::{Markup, html};

use super::texts::Texts;
use crate::http::ApiError;

/// A form's error, at the field that it names.
#[derive(Debug, Clone, Default)]
pub(super) struct FieldError<'a> {
    said: Option<(&'a str, Cow<'static, str>)>,
}

impl<'a> FieldError<'a> {
    /// The error's message, if it names a field.
    pub(super) fn of(texts: &Texts, error: Option<&'a ApiError>) -> Self {
        let said = error.and_then(|error| Some((named(error)?, texts.of_error(error))));
        Self { said }
    }

    /// An error with this text at a field.
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

/// The field that an error names; for an element of a list, the list's field.
fn named(error: &ApiError) -> Option<&str> {
    error.field().and_then(|field| field.split('[').next())
}

/// Whether an error is shown at one of these fields, and not above the form.
pub(super) fn is_at_field(error: &ApiError, fields: &[&str]) -> bool {
    named(error).is_some_and(|field| fields.contains(&field))
}

/// A field to type in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Input<'a> {
    pub id: &'a str,
    /// The name it is sent under.
    pub name: &'a str,
    /// The name used in errors; empty if it is the same.
    pub field: &'static str,
    pub label: &'a str,
    /// The attribute `type`.
    pub kind: &'static str,
    pub autocomplete: &'static str,
    pub value: &'a str,
    pub hint: Option<&'a str>,
    /// Shown beside the label of an optional field.
    pub optional: Option<&'a str>,
    pub autofocus: bool,
    /// Digits only.
    pub is_digits: bool,
    /// Not natural language: turns off capitalization and spell checking.
    pub is_code: bool,
    /// Whether the field is not required, without being marked as optional: there is an alternative to it.
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

/// Attributes of a field for browsers and on-screen keyboards.
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
            // Not `type="email"`: browsers reject local parts beyond ASCII there.
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

    /// The field with its error. It gets the focus, so that it is found on a long page.
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

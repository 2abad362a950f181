//! Views that were kept under a name: which list, what it is narrowed down to, its order and its columns.

use doorward_shared::client::{Filter, Sort, SortField};
use serde::{Deserialize, Serialize};

use super::{SavedSettings, SettingError, is_name};
use crate::core::{
    columns::{self, ColumnId},
    list::{List, ListFilter},
    msg::Effect,
    resource::Resource,
    search::Search,
    state::{State, View},
};

/// A view as the configuration holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ViewSetting {
    /// The list: `users`, `apikeys`, …
    pub screen: String,
    /// What is searched for, in the language of `/`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// `lastUsedAt:desc`, as `--sort` takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    /// What the list belongs to: the sessions of a user, …
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub of: Vec<OfSetting>,
}

/// A parameter that narrows a list down.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfSetting {
    /// The API's parameter: `userId`, `ip`, …
    pub parameter: String,
    pub value: String,
    /// How the title says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// A view that can be gone to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SavedView {
    pub kind: Resource,
    pub filters: Vec<ListFilter>,
    pub q: String,
    pub sort: Option<(usize, bool)>,
    pub columns: Option<Vec<ColumnId>>,
}

/// The place of an order among those of the kind, and whether the greatest is first.
fn read_sort(kind: Resource, text: &str) -> Option<(usize, bool)> {
    let (field, way) = text.split_once(':').unwrap_or((text, "asc"));
    let field = SortField::named(field)?;
    let at = kind.sorts().iter().position(|(one, _)| *one == field)?;
    match way {
        "asc" => Some((at, false)),
        "desc" => Some((at, true)),
        _ => None,
    }
}

impl SavedView {
    /// Reads a view of the configuration.
    ///
    /// # Errors
    /// [`SettingError`].
    pub(super) fn read(name: &str, setting: &ViewSetting) -> Result<Self, SettingError> {
        let wrong =
            |field: &str, why: String| SettingError::new(format!("views.{name}{field}"), why);
        if !is_name(name) {
            return Err(wrong("", "a name is letters, digits, - and _".into()));
        }
        let kind = Resource::of_screen(&setting.screen).filter(|kind| *kind != Resource::Profiles);
        let kind =
            kind.ok_or_else(|| wrong(".screen", format!("{:?} is not a list", setting.screen)))?;
        let q = setting.filter.clone().unwrap_or_default();
        // Times in it count from when it is gone to: none is known here.
        Search::parse(kind, &q, Default::default())
            .map_err(|why| wrong(".filter", why.to_string()))?;
        let sort = setting.sort.as_ref().map(|text| {
            let orders = kind.sorts().iter().map(|(field, _)| field.as_str());
            let orders = orders.collect::<Vec<_>>().join(", ");
            let why = || {
                wrong(
                    ".sort",
                    format!("{text:?} is none of {orders} with :asc or :desc"),
                )
            };
            read_sort(kind, text).ok_or_else(why)
        });
        let chosen = setting.columns.as_ref().map(|names| {
            columns::parse(kind, names).map_err(|why| wrong(".columns", why.to_string()))
        });
        let filters = setting.of.iter().enumerate().map(|(at, of)| {
            let why = || {
                wrong(
                    &format!(".of[{at}].parameter"),
                    format!("{:?} is not a parameter", of.parameter),
                )
            };
            let name = Filter::named(&of.parameter).ok_or_else(why)?;
            let label = of.label.clone().unwrap_or_else(|| of.value.clone());
            Ok(ListFilter::new(name, &of.value, label))
        });
        Ok(Self {
            kind,
            filters: filters.collect::<Result<_, _>>()?,
            q,
            sort: sort.transpose()?,
            columns: chosen.transpose()?,
        })
    }

    /// As the configuration holds it.
    fn setting(&self) -> ViewSetting {
        let sort = self.sort.and_then(|(at, descending)| {
            let (field, _) = self.kind.sorts().get(at)?;
            let sort = Sort {
                field: *field,
                descending,
            };
            Some(sort.to_string())
        });
        let named = |ids: &Vec<ColumnId>| ids.iter().map(|id| id.name(self.kind)).collect();
        let of = self.filters.iter().map(|filter| OfSetting {
            parameter: filter.name.to_string(),
            value: filter.value.clone(),
            label: Some(filter.label.clone()).filter(|label| *label != filter.value),
        });
        ViewSetting {
            screen: self.kind.screen().into(),
            filter: Some(self.q.clone()).filter(|q| !q.is_empty()),
            sort,
            columns: self.columns.as_ref().map(named),
            of: of.collect(),
        }
    }

    /// What the palette says of it.
    pub(crate) fn about(&self) -> String {
        let mut parts = vec![self.kind.title().to_owned()];
        parts.extend(self.filters.iter().map(|filter| filter.label.clone()));
        if !self.q.is_empty() {
            parts.push(format!("/{}", self.q));
        }
        if let Some((_, name)) = self.sort.and_then(|(at, _)| self.kind.sorts().get(at)) {
            parts.push(format!("by {name}"));
        }
        if let Some(columns) = &self.columns {
            parts.push(format!("{} columns", columns.len()));
        }
        parts.join(", ")
    }
}

impl State {
    /// Keeps the list on the screen under a name.
    pub(super) fn save_view(&mut self, name: &str, effects: &mut Vec<Effect>) {
        if !is_name(name) {
            return self.warn("save: a name is letters, digits, - and _");
        }
        let Some(list) = self.list().filter(|list| list.kind != Resource::Profiles) else {
            return self.warn("only lists are kept: go to one first");
        };
        let view = SavedView {
            kind: list.kind,
            filters: list.filters.clone(),
            q: list.q.clone(),
            sort: list.sort,
            columns: self.chosen_columns(list).map(<[_]>::to_vec),
        };
        effects.push(Effect::Keep(SavedSettings::View(
            name.to_owned(),
            Some(view.setting()),
        )));
        self.customization.views.insert(name.to_owned(), view);
    }

    /// Takes a view out of the configuration.
    pub(crate) fn forget_view(&mut self, name: &str, effects: &mut Vec<Effect>) {
        if self.customization.views.remove(name).is_none() {
            return self.warn(format!("no view is called {name}"));
        }
        effects.push(Effect::Keep(SavedSettings::View(name.to_owned(), None)));
    }

    /// Goes to a view that was kept.
    pub(crate) fn go_view(&mut self, name: &str, effects: &mut Vec<Effect>) {
        let Some(view) = self.customization.views.get(name).cloned() else {
            return self.warn(format!("no view is called {name}"));
        };
        let mut list = List::new(view.kind, view.filters);
        list.q = view.q;
        list.sort = view.sort;
        list.columns = view.columns;
        self.go(View::List(Box::new(list)), effects);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting() -> ViewSetting {
        ViewSetting {
            screen: "apikeys".into(),
            filter: Some("unused:30d".into()),
            sort: Some("lastUsedAt:desc".into()),
            columns: Some(vec!["name".into(), "allowedIps".into()]),
            of: vec![OfSetting {
                parameter: "ownerId".into(),
                value: "user_1".into(),
                label: Some("ada".into()),
            }],
        }
    }

    #[test]
    fn a_view_is_kept_as_it_is_read() {
        let view = SavedView::read("stale", &setting()).unwrap();
        assert_eq!(view.setting(), setting());
        assert_eq!(
            view.about(),
            "API keys, ada, /unused:30d, by last used, 2 columns"
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_its_field() {
        let said = |name: &str, change: fn(&mut ViewSetting)| {
            let mut setting = setting();
            change(&mut setting);
            SavedView::read(name, &setting).unwrap_err().to_string()
        };
        assert_eq!(
            said("stale", |view| view.screen = "key".into()),
            "views.stale.screen: \"key\" is not a list"
        );
        let sort = said("stale", |view| view.sort = Some("email:desc".into()));
        assert!(
            sort.starts_with("views.stale.sort: \"email:desc\" is none of createdAt, name"),
            "{sort}"
        );
        let columns = said("stale", |view| view.columns = Some(vec!["colour".into()]));
        assert!(
            columns.starts_with("views.stale.columns: colour is neither"),
            "{columns}"
        );
        let filter = said("stale", |view| view.filter = Some("unused:soon".into()));
        assert!(filter.starts_with("views.stale.filter: "), "{filter}");
        let of = said("stale", |view| view.of[0].parameter = "owner".into());
        assert_eq!(
            of,
            "views.stale.of[0].parameter: \"owner\" is not a parameter"
        );
        assert!(said("two words", |_| ()).starts_with("views.two words: "));
    }
}

//! Places one was at: what the palette begins with, and where it leads back to.

use super::{
    list::List,
    page::Subject,
    state::{State, View},
};
use crate::core::{incident_subject::IncidentSubject, list::ListFilter, resource::Resource};

/// Places that are offered.
const MAX_PLACES: usize = 6;

/// A place to go back to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RecentView {
    Page(Subject),
    /// A list that was narrowed down.
    List(Resource, Vec<ListFilter>, String),
    Incident(Vec<IncidentSubject>),
}

impl RecentView {
    /// Of a view; none for what a digit leads to.
    fn of(view: &View) -> Option<Self> {
        match view {
            View::Page(page) => Some(Self::Page(page.subject.clone())),
            View::Incident(incident) => Some(Self::Incident(incident.subjects.clone())),
            View::List(list) if !list.filters.is_empty() || !list.q.is_empty() => {
                Some(Self::List(list.kind, list.filters.clone(), list.q.clone()))
            }
            View::List(_) | View::Dashboard { .. } | View::Health { .. } => None,
        }
    }

    /// The view of it, without its rows.
    pub(crate) fn view(self, state: &State) -> View {
        let now = state.now.wall;
        match self {
            Self::Page(subject) => {
                View::Page(Box::new(super::page::SubjectPage::new(subject, now)))
            }
            Self::Incident(subjects) => {
                View::Incident(Box::new(super::incident::Incident::new(subjects, now)))
            }
            Self::List(kind, filters, q) => {
                let mut list = List::new(kind, filters);
                list.q = q;
                View::List(Box::new(list))
            }
        }
    }

    /// How it is called.
    pub(crate) fn name(&self, state: &State) -> String {
        match self {
            Self::Page(subject) => {
                let noun = subject.noun().to_lowercase();
                format!("{noun} {}", state.name_of(subject.id()))
            }
            Self::Incident(subjects) => {
                let names = subjects.iter().map(|subject| state.name_of(subject.id()));
                format!("incident {}", names.collect::<Vec<_>>().join(", "))
            }
            Self::List(kind, filters, q) => {
                let labels = filters.iter().map(|filter| filter.label.as_str());
                let mut parts: Vec<_> = labels.collect();
                if !q.is_empty() {
                    parts.push(q);
                }
                format!("{} {}", kind.title().to_lowercase(), parts.join(" "))
            }
        }
    }
}

impl State {
    /// The places one was at last, the latest first, each once and without this one.
    pub(crate) fn recent_places(&self) -> Vec<RecentView> {
        let here = RecentView::of(&self.view);
        let views = self.back.iter().rev().chain(self.forward.iter().rev());
        let mut places: Vec<RecentView> = Vec::new();
        for place in views.filter_map(RecentView::of) {
            if !places.contains(&place) && Some(&place) != here.as_ref() {
                places.push(place);
            }
        }
        places.truncate(MAX_PLACES);
        places
    }
}

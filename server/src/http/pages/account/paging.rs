//! Paging of lists on the account page.

use doorward_shared::Pagination;
use maud::{Markup, html};

use super::account_visit::AccountVisit;
use crate::store::ListQuery;

/// Maximum number of rows that a part of the page shows at once.
const ROWS: u32 = 100;

impl AccountVisit<'_> {
    /// The position of a part's list.
    pub(super) fn query(&self, part: &str) -> ListQuery {
        let goes_on = self.goes_on.as_ref().filter(|(of, _)| of == part);
        ListQuery {
            limit: ROWS,
            cursor: goes_on.map(|(_, cursor)| cursor.clone()),
            ..ListQuery::default()
        }
    }

    /// The link to rows of a part that are not shown.
    pub(super) fn more(&self, part: &str, shown: &Pagination) -> Markup {
        let (t, base) = (self.texts, &self.services.site.base);
        let goes_on = self.goes_on.as_ref().is_some_and(|(of, _)| of == part);
        html! {
            @if goes_on || shown.next_cursor.is_some() {
                p {
                    @if goes_on { a href={ (base) "/account#" (part) } { (t.newest) } " " }
                    @if let Some(cursor) = &shown.next_cursor {
                        a href={ (base) "/account?part=" (part) "&after=" (cursor) "#" (part) } { (t.older) }
                    }
                }
            }
        }
    }
}

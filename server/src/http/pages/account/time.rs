//! Readable dates and times.

use doorward_shared::Timestamp;
use maud::{Markup, html};

use super::AccountVisit;
use crate::http::pages::texts::{Texts, fill};

/// A readable time, by UTC days: only the script knows the reader's time zone and corrects it. Includes the exact time.
pub(super) fn time(at: &AccountVisit<'_>, when: Timestamp) -> Markup {
    let exact = when.to_string();
    let title = exact.get(..16).unwrap_or(&exact).replace('T', " ");
    let shown = day(at.texts, when, at.services.clock.now());
    html! { time datetime=(exact) title={ (title) " UTC" } { (shown) } }
}

/// "today", "Monday", "3 March 2026".
fn day(t: &Texts, when: Timestamp, now: Timestamp) -> String {
    let days = |at: Timestamp| at.seconds().div_euclid(86_400);
    match days(now) - days(when) {
        0 => t.today.into(),
        1 => t.yesterday.into(),
        // 1970 began on a Thursday.
        2..=6 => t.weekdays[(days(when) + 3).rem_euclid(7) as usize].into(),
        _ => {
            let text = when.to_string();
            let part = |range| text.get(range).unwrap_or_default();
            let month: usize = part(5..7).parse().unwrap_or(1);
            let month = t.months.get(month.wrapping_sub(1)).unwrap_or(&"");
            let date = fill(t.date, "day", part(8..10).trim_start_matches('0'));
            fill(&fill(&date, "month", month), "year", part(0..4))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::pages::texts::{DE, EN};

    #[test]
    fn days_are_named_as_people_name_them() {
        // Thursday, 26 November 2026, noon.
        let now = Timestamp(1_795_694_400_000);
        let before = |days: i64| now.plus_seconds(-days * 86_400);
        for (when, en, de) in [
            (now, "today", "heute"),
            (now.plus_seconds(-12 * 3600), "today", "heute"),
            (now.plus_seconds(-12 * 3600 - 1), "yesterday", "gestern"),
            (before(3), "Monday", "Montag"),
            (before(6), "Friday", "Freitag"),
            (before(7), "19 November 2026", "19. November 2026"),
            (before(23), "3 November 2026", "3. November 2026"),
            (before(-40), "5 January 2027", "5. Januar 2027"),
        ] {
            assert_eq!(
                (day(&EN, when, now), day(&DE, when, now)),
                (en.into(), de.into())
            );
        }
    }
}

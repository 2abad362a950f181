//! State of the connection to the server.

use doorward_shared::Timestamp;

use super::msg::Now;

/// Silence after which a question counts as unanswered.
pub(crate) const SLOW: u64 = 3_000;
/// Longest pause between two attempts to reach a lost server.
const LONGEST: u64 = 15_000;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Connection {
    /// Why the server cannot be reached, and since when.
    pub lost: Option<(String, Timestamp)>,
    attempts: u32,
    /// When it is tried again.
    pub retry_at: Option<u64>,
    /// When the events are asked for again; whatever else is answered meanwhile, they are not followed until then.
    pub stream_at: Option<u64>,
    /// Since when a question has been waiting.
    pub asked_at: Option<u64>,
    /// Until when the server does not want to be asked.
    pub wait_until: Option<u64>,
    pub last_answer: Option<Timestamp>,
    /// Whether events are followed.
    pub streaming: bool,
    /// Milliseconds that the server's clock is ahead of this machine's.
    pub ahead: i64,
}

impl Connection {
    pub(crate) fn asked(&mut self, now: Now) {
        self.asked_at.get_or_insert(now.ms);
    }

    pub(crate) fn answered(&mut self, now: Now) {
        self.asked_at = None;
        self.attempts = 0;
        self.lost = None;
        self.retry_at = None;
        self.last_answer = Some(now.wall);
    }

    pub(crate) fn lost(&mut self, why: &str, now: Now) {
        self.asked_at = None;
        self.streaming = false;
        let since = self.lost.as_ref().map_or(now.wall, |(_, since)| *since);
        self.lost = Some((why.to_owned(), since));
        let pause = (500_u64 << self.attempts.min(6)).min(LONGEST);
        self.attempts += 1;
        self.retry_at = Some(now.ms + pause);
        self.stream_at = self.retry_at;
    }

    /// Some call was answered, of those that one question may take: the server is there.
    pub(crate) fn progressed(&mut self, now: Now) {
        if let Some(at) = &mut self.asked_at {
            *at = now.ms;
        }
    }

    /// The events are asked for again in a moment.
    pub(crate) fn stream_ended(&mut self, now: Now) {
        self.streaming = false;
        self.stream_at.get_or_insert(now.ms + 1_000);
    }

    /// How long the server has owed an answer, in milliseconds, when it is too long.
    pub(crate) fn overdue(&self, now: Now) -> Option<u64> {
        let waited = now.ms.saturating_sub(self.asked_at?);
        (waited >= SLOW).then_some(waited)
    }

    /// Whether the screen says what is wrong with the server.
    pub(crate) fn is_troubled(&self, now: Now) -> bool {
        self.lost.is_some() || self.wait_until.is_some() || self.overdue(now).is_some()
    }

    /// Whether changes may be sent.
    pub(crate) fn is_up(&self, now: Now) -> bool {
        self.lost.is_none() && self.overdue(now).is_none() && self.last_answer.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_grow_rarer_and_an_answer_ends_them() {
        let mut link = Connection::default();
        let mut now = Now::default();
        let mut pauses = Vec::new();
        for _ in 0..8 {
            link.lost("refused", now);
            let at = link.retry_at.unwrap();
            pauses.push(at - now.ms);
            now.ms = at;
        }
        assert_eq!(pauses[..3], [500, 1000, 2000]);
        assert_eq!(pauses[7], LONGEST);
        assert_eq!(
            link.lost.clone().unwrap().1,
            Timestamp(0),
            "lost since the first"
        );
        link.answered(now);
        assert!(link.is_up(now) && link.retry_at.is_none());
    }

    #[test]
    fn a_server_that_answers_one_call_of_many_is_up() {
        let mut link = Connection::default();
        link.answered(Now::default());
        let at = |ms| Now {
            ms,
            ..Now::default()
        };
        link.asked(at(0));
        for ms in [1_000, 2_500, 4_500, 7_000] {
            link.progressed(at(ms));
            assert!(link.is_up(at(ms + 2_900)), "{ms}");
        }
        assert!(!link.is_up(at(7_000 + SLOW)));
    }

    #[test]
    fn a_silent_server_is_not_up() {
        let mut link = Connection::default();
        link.answered(Now::default());
        link.asked(Now {
            ms: 10,
            ..Now::default()
        });
        assert!(link.is_up(Now {
            ms: 2_000,
            ..Now::default()
        }));
        assert!(!link.is_up(Now {
            ms: 10 + SLOW,
            ..Now::default()
        }));
    }
}

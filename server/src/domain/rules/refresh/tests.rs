//! Tests of refresh rotation over every order of uses, retries, lost responses and thefts.

use proptest::prelude::*;

use super::*;

const WINDOWS: GracePeriods = GracePeriods {
    grace: 2,
    retry: 60,
};
const FAR: Timestamp = Timestamp(i64::MAX);

fn token(number: u32) -> Digest256 {
    Digest256::of(&number.to_be_bytes())
}

fn at(milliseconds: i64) -> Timestamp {
    Timestamp(milliseconds)
}

#[test]
fn grace_and_window_end_at_their_exact_instants() {
    let family = Family::first(token(1), FAR).rotated(token(2), FAR, at(0), WINDOWS);
    for (now, decision) in [
        (0, Decision::Lost),
        (1_999, Decision::Lost),
        (2_000, Decision::Retry),
        (59_999, Decision::Retry),
        (60_000, Decision::Replay),
    ] {
        assert_eq!(
            decide(&family, token(1), at(now), WINDOWS),
            decision,
            "{now}"
        );
    }
    let off = GracePeriods {
        retry: 0,
        ..WINDOWS
    };
    assert_eq!(decide(&family, token(1), at(2_000), off), Decision::Replay);
    assert_eq!(decide(&family, token(9), at(0), WINDOWS), Decision::Replay);
}

#[test]
fn the_newest_token_ends_at_its_exact_instant() {
    let family = Family::first(token(1), at(1_000));
    assert_eq!(
        decide(&family, token(1), at(999), WINDOWS),
        Decision::Rotate
    );
    assert_eq!(
        decide(&family, token(1), at(1_000), WINDOWS),
        Decision::Expired
    );
}

#[test]
fn a_retry_counts_from_the_first_use_and_its_dead_successor_is_a_replay() {
    let used = Family::first(token(1), FAR).rotated(token(2), FAR, at(0), WINDOWS);
    let again = used.retried(token(3), FAR);
    assert_eq!(
        decide(&again, token(2), at(2_500), WINDOWS),
        Decision::Replay
    );
    assert_eq!(
        decide(&again, token(1), at(59_999), WINDOWS),
        Decision::Retry
    );
    assert_eq!(
        decide(&again, token(1), at(60_000), WINDOWS),
        Decision::Replay
    );
    assert_eq!(
        decide(&again, token(3), at(60_000), WINDOWS),
        Decision::Rotate
    );
}

#[test]
fn a_loser_whose_successor_was_used_too_is_only_refused_within_its_own_grace() {
    let one = Family::first(token(1), FAR).rotated(token(2), FAR, at(0), WINDOWS);
    let two = one.rotated(token(3), FAR, at(500), WINDOWS);
    assert_eq!(decide(&two, token(1), at(1_999), WINDOWS), Decision::Lost);
    assert_eq!(decide(&two, token(1), at(2_000), WINDOWS), Decision::Replay);
    assert_eq!(decide(&two, token(2), at(2_499), WINDOWS), Decision::Lost);
    assert_eq!(decide(&two, token(2), at(2_500), WINDOWS), Decision::Retry);
}

#[test]
fn a_family_stays_small() {
    let mut family = Family::first(token(0), FAR);
    for number in 1..10_000 {
        family = family.rotated(token(number), FAR, at(0), WINDOWS);
    }
    assert_eq!(family.recent.len(), MAX_RECENT);
    let later = family.rotated(token(10_000), FAR, at(2_000), WINDOWS);
    assert_eq!(later.recent.len(), 0);
}

/// The presenter of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Client,
    Thief,
}

#[derive(Debug, Clone)]
enum Step {
    /// Presents the newest token that they have. The response may be lost.
    Use {
        who: Who,
        lost: bool,
    },
    /// The thief copies what the client has now, or shows an older copy.
    Steal,
    ThiefShows(usize),
    Pass(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let who = prop_oneof![Just(Who::Client), Just(Who::Thief)];
    prop_oneof![
        4 => (who, any::<bool>()).prop_map(|(who, lost)| Step::Use { who, lost }),
        2 => Just(Step::Steal),
        1 => (0_usize..8).prop_map(Step::ThiefShows),
        3 => prop_oneof![0_i64..2_000, 2_000_i64..60_000, 60_000_i64..100_000].prop_map(Step::Pass),
    ]
}

/// A session, its client and a thief.
struct World {
    family: Family,
    ended: bool,
    now: Timestamp,
    issued: u32,
    client: Vec<Digest256>,
    thief: Vec<Digest256>,
    /// The party that received the newest token; `None` if the response was lost.
    newest_is: Option<Who>,
}

impl World {
    fn new() -> Self {
        Self {
            family: Family::first(token(0), FAR),
            ended: false,
            now: at(0),
            issued: 1,
            client: vec![token(0)],
            thief: Vec::new(),
            newest_is: Some(Who::Client),
        }
    }

    fn show(&mut self, who: Who, shown: Digest256, lost: bool) -> Option<Decision> {
        if self.ended {
            return None;
        }
        let next = token(self.issued);
        let decision = decide(&self.family, shown, self.now, WINDOWS);
        match decision {
            Decision::Rotate => {
                self.family = self.family.rotated(next, FAR, self.now, WINDOWS);
            }
            Decision::Retry => self.family = self.family.retried(next, FAR),
            Decision::Replay => self.ended = true,
            Decision::Lost | Decision::Expired => {}
        }
        if matches!(decision, Decision::Rotate | Decision::Retry) {
            self.issued += 1;
            self.newest_is = (!lost).then_some(who);
            match (who, lost) {
                (_, true) => {}
                (Who::Client, false) => self.client.push(next),
                (Who::Thief, false) => self.thief.push(next),
            }
        }
        Some(decision)
    }

    /// One step, if its actor has a token to present.
    fn step(&mut self, step: &Step) {
        match *step {
            Step::Pass(by) => self.now = Timestamp(self.now.0 + by),
            Step::Steal => self.thief.extend(self.client.last().copied()),
            Step::ThiefShows(back) => {
                if let Some(shown) = self.thief.iter().rev().nth(back).copied() {
                    self.show(Who::Thief, shown, false);
                }
            }
            Step::Use { who, lost } => {
                let held = match who {
                    Who::Client => self.client.last(),
                    Who::Thief => self.thief.last(),
                };
                if let Some(shown) = held.copied() {
                    self.show(who, shown, lost);
                }
            }
        }
    }

    /// The window of every use is over, and the client presents its token.
    fn the_client_comes_back_late(&mut self) {
        self.now = Timestamp(self.now.0 + 60_000);
        let shown = self.client[self.client.len() - 1];
        self.show(Who::Client, shown, false);
    }

    /// Tokens ever issued that a plain use would now exchange for a successor, not counting retries.
    fn live(&self) -> usize {
        let all = (0..self.issued).map(token);
        all.filter(|shown| decide(&self.family, *shown, self.now, WINDOWS) == Decision::Rotate)
            .count()
    }

    fn thief_has_live(&self) -> bool {
        !self.ended && self.thief.contains(&self.family.newest)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn never_two_live_successors_and_every_theft_is_found_when_the_client_comes_back(
        steps in prop::collection::vec(step(), 1..60)
    ) {
        let mut world = World::new();
        for step in steps {
            match step {
                Step::Pass(by) => world.now = Timestamp(world.now.0 + by),
                Step::Steal => {
                    let held = world.client.last().copied();
                    world.thief.extend(held);
                }
                Step::ThiefShows(back) => {
                    if let Some(shown) = world.thief.iter().rev().nth(back).copied() {
                        world.show(Who::Thief, shown, false);
                    }
                }
                Step::Use { who, lost } => {
                    let held = match who {
                        Who::Client => world.client.last(),
                        Who::Thief => world.thief.last(),
                    };
                    let Some(shown) = held.copied() else { continue };
                    // The thief received a successor of the client's token.
                    let taken = world.newest_is == Some(Who::Thief) && !world.ended;
                    let answer = world.show(who, shown, lost);
                    if who == Who::Client && taken && answer != Some(Decision::Lost) {
                        // The client is back: the session has ended, or the thief's token is revoked and ends the
                        // session when presented.
                        prop_assert!(!world.thief_has_live());
                        prop_assert!(world.ended || answer == Some(Decision::Retry));
                        let dead = world.thief.last().copied();
                        if let (false, Some(dead)) = (world.ended, dead.filter(|dead| *dead != shown)) {
                            let found = decide(&world.family, dead, world.now, WINDOWS);
                            prop_assert_eq!(found, Decision::Replay);
                        }
                    }
                }
            }
            prop_assert!(world.live() <= 1);
            prop_assert!(world.family.recent.len() <= MAX_RECENT);
        }
    }

    /// Whatever happened before: a client that refreshes after the window ends the session if a thief has used its
    /// token.
    #[test]
    fn past_the_window_the_clients_own_token_ends_what_a_thief_took(
        steps in prop::collection::vec(step(), 0..40)
    ) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
        }
        if world.newest_is == Some(Who::Thief) {
            world.the_client_comes_back_late();
            prop_assert!(world.ended);
        }
    }
}

/// Every kind of step, for all orders of a few of them.
fn every_step() -> Vec<Step> {
    let uses =
        [Who::Client, Who::Thief].map(|who| [true, false].map(|lost| Step::Use { who, lost }));
    let passes = [1, 2_000, 60_000].map(Step::Pass);
    let others = [Step::Steal, Step::ThiefShows(1)];
    let all = uses.into_iter().flatten().chain(passes);
    all.chain(others).collect()
}

/// Whatever the first five steps were: once the window is over, the client's own token ends the thief's access, and
/// there is never a second valid token.
#[test]
fn every_order_of_five_uses_losses_thefts_and_pauses_ends_well() {
    let steps = every_step();
    for order in 0..steps.len().pow(5) {
        let mut world = World::new();
        let mut rest = order;
        for _ in 0..5 {
            world.step(&steps[rest % steps.len()]);
            rest /= steps.len();
        }
        assert!(world.live() <= 1, "order {order}");
        world.the_client_comes_back_late();
        assert!(!world.thief_has_live(), "order {order}");
    }
}

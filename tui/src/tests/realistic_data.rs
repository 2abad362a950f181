//! A company as it is: names in six scripts, long ones, months of events.

use std::collections::{BTreeMap, BTreeSet};

use doorward_shared::{
    ClientId, EventId, KeyId, PasskeyId, ScopeSet, SessionId, Timestamp, UserId,
    admin::{
        AdminKey, Event, EventSummary, HourEvents, KeyState, PersonEvents, Session, SessionState,
        User, UserLink, UserMail, UserMailState,
    },
    apikey::UsagePoint,
    auth::OwnApplication,
    mfa::{Factors, Passkey},
};

use super::test_console::{self, TestConsole, noon, page};
use crate::core::{
    msg::Reply,
    page::{KeyUse, LoadedPart, Part, Subject},
    resource::Row,
};

const DAY: i64 = 86_400;

/// Given name, family name, address.
const PEOPLE: [(&str, &str, &str); 8] = [
    ("Olga", "Petrova", "olga.petrova@example.org"),
    ("Дмитрий", "Шостакович", "dmitri@музыка.example"),
    ("Γεωργία", "Παπαδοπούλου", "georgia.papadopoulou@example.gr"),
    ("雪", "田中", "yuki.tanaka@example.jp"),
    ("ليلى", "حداد", "layla.haddad@example.org"),
    ("आर्यभट", "शर्मा", "aryabhata.sharma@example.in"),
    (
        "Wolfeschlegelsteinhausenbergerdorff",
        "Hubert Blaine, Senior",
        "hubert.wolfeschlegelsteinhausenbergerdorff.the-elder@philadelphia.example",
    ),
    ("소연", "김", "soyeon.kim@example.kr"),
];

fn ulid(n: u64) -> ulid::Ulid {
    ulid::Ulid::from_parts(1_790_000_000_000, u128::from(n))
}

pub(crate) fn user_id(n: u64) -> UserId {
    UserId(ulid(n))
}

/// Somebody, from 1.
pub(crate) fn person(n: u64) -> User {
    let at = usize::try_from(n - 1).unwrap() % PEOPLE.len();
    let (first, last, email) = PEOPLE[at];
    User {
        first_name: Some(first.into()),
        last_name: Some(last.into()),
        role: "support".into(),
        permissions: ScopeSet::parse("read:orders write:orders refund:orders").unwrap(),
        groups: vec!["customer-care".into(), "on-call".into()],
        disabled: false,
        created_at: noon().plus_seconds(-400 * DAY),
        last_login_at: Some(noon().plus_seconds(-540)),
        mfa: Some(Factors {
            totp: true,
            passkeys: vec![Passkey {
                id: PasskeyId(ulid(1)),
                name: "Olga’s YubiKey 5C".into(),
                created_at: noon().plus_seconds(-90 * DAY),
                last_used_at: None,
            }],
            recovery_codes: 8,
        }),
        links: vec![UserLink {
            kind: "reset".into(),
            mailed: false,
            created_at: noon().plus_seconds(-3600),
            expires_at: noon().plus_seconds(DAY - 3600),
        }],
        mails: vec![
            UserMail {
                kind: "new-sign-in".into(),
                state: UserMailState::Waiting,
                created_at: noon().plus_seconds(-600),
                sent_at: None,
                error: Some("connection error".into()),
            },
            UserMail {
                kind: "key-minted".into(),
                state: UserMailState::Sent,
                created_at: noon().plus_seconds(-900),
                sent_at: Some(noon().plus_seconds(-899)),
                error: None,
            },
        ],
        ..test_console::user(n, email)
    }
}

const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0",
    "curl/8.5.0",
];

pub(crate) fn session(n: u64, user: u64) -> Session {
    let at = usize::try_from(n).unwrap() % AGENTS.len();
    let ips = [
        "203.0.113.7",
        "2001:db8:85a3::8a2e:370:7334",
        "198.51.100.23",
    ];
    Session {
        id: SessionId(ulid(n)),
        user_id: user_id(user),
        client_id: (n % 3 == 1).then(|| ClientId(ulid(n % 2 + 1))),
        ip: ips[usize::try_from(n).unwrap() % 3].into(),
        user_agent: Some(AGENTS[at].into()),
        created_at: noon().plus_seconds(-DAY * i64::try_from(n).unwrap() - 4_000),
        last_seen_at: noon().plus_seconds(-700 * i64::try_from(n * n).unwrap()),
        revoked_at: None,
        state: SessionState::Live,
        ..test_console::session(1)
    }
}

pub(crate) fn key(n: u64, name: &str) -> AdminKey {
    AdminKey {
        owner_id: Some(user_id(1)),
        last_used_at: (n != 3)
            .then(|| noon().plus_seconds(-DAY * i64::try_from(n * n).unwrap() / 3)),
        last_used_ip: (n != 3).then(|| "198.51.100.23".into()),
        state: if n == 3 {
            KeyState::Revoked
        } else {
            KeyState::Live
        },
        ..test_console::key(n + 10, name)
    }
}

pub(crate) fn keys() -> Vec<Row> {
    [
        "ci-deploy",
        "Verkaufsberichte für die Geschäftsführung (nightly)",
        "old laptop",
    ]
    .into_iter()
    .zip(1..)
    .map(|(name, n)| Row::Key(key(n, name)))
    .collect()
}

/// Use by day: weekends are quiet, and one day was bad.
pub(crate) fn usage(seed: u64) -> Vec<UsagePoint> {
    let midnight = noon().plus_seconds(-DAY / 2);
    let point = |back: u64| UsagePoint {
        time: midnight.plus_seconds(-DAY * back.cast_signed()),
        valid: if back % 7 < 2 {
            3
        } else {
            40 + (back * seed) % 37
        },
        refused: if back == 9 { 60 } else { 0 },
    };
    (0..29)
        .rev()
        .filter(|back| *back != 15)
        .map(point)
        .collect()
}

/// The events of somebody, newest first: a run of failures today, silence before, and what operators did.
pub(crate) fn events(user: u64, most: u64) -> Vec<Event> {
    let actions = [
        "session.created",
        "token.refreshed",
        "user.updated",
        "apikey.created",
        "consent.granted",
    ];
    let one = |n: u64| {
        let failed = (4..40).contains(&n);
        let action = if failed {
            "login.failed"
        } else {
            actions[usize::try_from(n).unwrap() % 5]
        };
        let back = match n {
            0..4 => 300 * n.cast_signed(),
            4..40 => 3_000 + 2 * n.cast_signed(),
            _ => DAY * 4 + 2_500 * n.cast_signed(),
        };
        let changes = serde_json::json!({"role": ["customer", "support"], "lastName": ["Petrowa", "Petrova"]});
        Event {
            id: EventId(ulid(10_000 - n)),
            time: noon().plus_seconds(-back),
            actor: if failed {
                "anonymous".into()
            } else {
                user_id(user).to_string()
            },
            target: Some(user_id(user).to_string()),
            user_id: Some(user_id(user)),
            ip: Some(
                if failed {
                    "203.0.113.7"
                } else {
                    "198.51.100.23"
                }
                .into(),
            ),
            detail: failed.then(|| "wrong password".into()),
            changes: (action == "user.updated").then(|| changes.as_object().cloned().unwrap()),
            ..test_console::event(1, action)
        }
    };
    (0..most).map(one).collect()
}

/// On a page that has come whole.
pub(crate) fn on_page(subject: Subject, width: u16, height: u16) -> TestConsole {
    let mut bench = TestConsole::new(width, height);
    let names = (1..=8).map(|n| (user_id(n).to_string(), person(n).email));
    let clients = [(1, "Web shop"), (2, "モバイルアプリ")];
    let clients = clients.map(|(n, name)| (ClientId(ulid(n)).to_string(), name.to_owned()));
    bench.reply(Reply::Names(names.chain(clients).collect()));
    let mut effects = Vec::new();
    bench.state.go_page(subject.clone(), &mut effects);
    serve(&mut bench, &subject);
    bench
}

/// Answers all parts of the page.
pub(crate) fn serve(bench: &mut TestConsole, subject: &Subject) {
    let generation = bench.state.page().unwrap().generation;
    for (part, found) in parts(subject) {
        bench.reply(Reply::Part {
            generation,
            part,
            found: Ok(found),
        });
    }
    bench.reply(Reply::PageRead);
}

fn parts(subject: &Subject) -> Vec<(Part, LoadedPart)> {
    let sessions = |of_one: bool| {
        let person = |n: u64| if of_one { 1 } else { n % 8 + 1 };
        let rows = (1..=6).map(|n| Row::Session(session(n, person(n))));
        LoadedPart::Rows(page(rows.collect()))
    };
    let events = (Part::Events, LoadedPart::Events(events(1, 120), false));
    let item = |row: Row| (Part::Item, LoadedPart::Item(Box::new(row)));
    let used = keys()
        .iter()
        .zip(5..)
        .map(|(key, seed)| {
            let points = usage(seed);
            (
                key.id(),
                KeyUse {
                    points,
                    used_at: None,
                },
            )
        })
        .collect::<BTreeMap<_, _>>();
    match subject {
        Subject::User(_) => vec![
            item(Row::User(person(1))),
            (Part::Sessions, sessions(true)),
            (Part::Keys, LoadedPart::Rows(page(keys()))),
            (Part::Use, LoadedPart::Use(used)),
            (Part::Applications, LoadedPart::Applications(applications())),
            events,
        ],
        Subject::Session(_) => vec![
            item(Row::Session(session(1, 1))),
            (Part::Sessions, sessions(true)),
            (Part::Near, sessions(false)),
            events,
        ],
        Subject::Key(_) => vec![
            item(keys().remove(0)),
            (Part::Keys, LoadedPart::Rows(page(keys()))),
            (Part::Use, LoadedPart::Use(used)),
            events,
        ],
        Subject::Client(_) => vec![
            item(Row::Client(test_console::client(1, "Web shop"))),
            (Part::Sessions, sessions(false)),
            (Part::Events, LoadedPart::Events(refusals(), true)),
        ],
        Subject::Address(_) => vec![
            (
                Part::Blocks,
                LoadedPart::Blocks(vec![test_console::block()]),
            ),
            (
                Part::Summary,
                LoadedPart::Summary(Box::new(summary(&events.1))),
            ),
            (Part::Sessions, sessions(false)),
            events,
        ],
        Subject::Signing(_) => vec![
            item(test_console::rows(crate::core::resource::Resource::Signing).remove(0)),
            (Part::Signing, LoadedPart::Rows(page(Vec::new()))),
            (Part::Events, LoadedPart::Events(Vec::new(), false)),
        ],
    }
}

/// What the server counts of these.
fn summary(found: &LoadedPart) -> EventSummary {
    let LoadedPart::Events(events, _) = found else {
        return EventSummary::default();
    };
    let times = |which: &dyn Fn(&Event) -> bool| {
        let fit = events.iter().filter(|event| which(event));
        fit.map(Event::times).sum::<u64>()
    };
    let people: BTreeSet<_> = events.iter().filter_map(|event| event.user_id).collect();
    let person = |user_id: &UserId| {
        let own = |event: &Event| event.user_id == Some(*user_id);
        let last = events.iter().find(|event| own(event));
        PersonEvents {
            user_id: *user_id,
            events: times(&own),
            refused: times(&|event| own(event) && event.is_refusal()),
            last_at: last.map_or(noon(), |event| event.time),
        }
    };
    let hour = |event: &Event| HourEvents {
        time: Timestamp(event.time.0.div_euclid(3_600_000) * 3_600_000),
        events: event.times(),
        refused: if event.is_refusal() { event.times() } else { 0 },
    };
    EventSummary {
        events: times(&|_| true),
        refused: times(&Event::is_refusal),
        logins: times(&|event| event.action == "session.created"),
        failures: times(&|event| event.action == "login.failed"),
        first_at: events.last().map(|event| event.time),
        last_at: events.first().map(|event| event.time),
        people: people.len() as u64,
        latest_people: people.iter().map(person).collect(),
        hours: events.iter().rev().map(hour).collect(),
        complete: true,
    }
}

fn applications() -> Vec<OwnApplication> {
    [("Web shop", 1), ("モバイルアプリ", 2)]
        .into_iter()
        .map(|(name, n)| OwnApplication {
            client_id: ClientId(ulid(n)),
            name: name.into(),
            scope: ScopeSet::parse("openid profile email offline_access").unwrap(),
            granted_at: noon().plus_seconds(-DAY * 12),
        })
        .collect()
}

/// Why a client was refused, and who signed in through it.
fn refusals() -> Vec<Event> {
    let causes = [
        "invalid_client: the client secret is wrong",
        "invalid_request: send a PKCE code_challenge (S256)",
    ];
    let one = |n: u64| {
        let refused = n.is_multiple_of(3);
        let client = ClientId(ulid(1)).to_string();
        Event {
            id: EventId(ulid(10_000 - n)),
            time: noon().plus_seconds(-7_000 * n.cast_signed()),
            target: Some(client.clone()),
            actor: if refused {
                client
            } else {
                user_id(n % 8 + 1).to_string()
            },
            user_id: (!refused).then(|| user_id(n % 8 + 1)),
            cause: refused.then(|| causes[usize::try_from(n / 3 % 2).unwrap()].into()),
            count: refused.then_some(4),
            detail: None,
            ..test_console::event(
                1,
                if refused {
                    "client.refused"
                } else {
                    "consent.granted"
                },
            )
        }
    };
    (0..90).map(one).collect()
}

/// The pages there are.
pub(crate) fn subjects() -> [(&'static str, Subject); 6] {
    [
        ("user", Subject::User(user_id(1).to_string())),
        ("session", Subject::Session(SessionId(ulid(1)).to_string())),
        ("apikey", Subject::Key(KeyId(ulid(11)).to_string())),
        ("client", Subject::Client(ClientId(ulid(1)).to_string())),
        ("address", Subject::Address("203.0.113.7".into())),
        ("signing_key", Subject::Signing("k1".into())),
    ]
}

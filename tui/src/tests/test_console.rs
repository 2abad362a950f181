//! A console with a server that answers what a test says.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use doorward_shared::{
    ClientId, EventId, KeyId, Page, Pagination, ScopeSet, SessionId, Timestamp, UserId,
    admin::{
        AdminKey, Block, CallerKind, Client, Event, FailingAccount, FailingAddress, FailingNetwork,
        KeyState, MailInfo, Minute, Role, Sent, ServerInfo, Session, SessionState, Setup,
        SigningKey, Stats, StorageInfo, Totals, User, Whoami,
    },
    apikey::Environment,
};
use ratatui::{Terminal, backend::TestBackend, layout::Size};

use crate::command::Command;
use crate::core::{
    Effect, Msg, Now, State,
    chart::Window,
    client_diagnosis::FailingClient,
    dashboard::{EndingKind, Expiry},
    keymap::Keymap,
    list::Want,
    msg::{Reply, ServerName, StreamEvent},
    resource::{ProfileRow, Resource, Row},
    update,
};

/// A Tuesday at noon.
pub(crate) const NOON: &str = "2026-11-24T12:00:00Z";

pub(crate) fn noon() -> Timestamp {
    Timestamp::parse(NOON).unwrap()
}

fn ulid(n: u64) -> ulid::Ulid {
    ulid::Ulid::from_parts(1_790_000_000_000, u128::from(n))
}

pub(crate) fn user(n: u64, email: &str) -> User {
    User {
        id: UserId(ulid(n)),
        email: email.into(),
        first_name: Some("Ada".into()),
        last_name: Some("Lovelace".into()),
        role: if n == 1 { "admin" } else { "customer" }.into(),
        permissions: ScopeSet::default(),
        groups: Vec::new(),
        email_verified: true,
        disabled: n == 3,
        created_at: noon().plus_seconds(-86_400 * 30),
        last_login_at: (n != 2).then(|| noon().plus_seconds(-300)),
        mfa: None,
        links: Vec::new(),
        mails: Vec::new(),
    }
}

pub(crate) fn session(n: u64) -> Session {
    Session {
        id: SessionId(ulid(n)),
        user_id: UserId(ulid(n % 3 + 1)),
        client_id: (n == 2).then(|| ClientId(ulid(1))),
        scope: ScopeSet::parse("read write").unwrap(),
        ip: format!("203.0.113.{n}"),
        user_agent: Some(
            "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0".into(),
        ),
        created_at: noon().plus_seconds(-7_200),
        last_seen_at: noon().plus_seconds(-60),
        expires_at: noon().plus_seconds(86_400 * 90),
        revoked_at: (n == 3).then(|| noon().plus_seconds(-30)),
        state: if n == 3 {
            SessionState::Revoked
        } else {
            SessionState::Live
        },
        ends_at: noon().plus_seconds(86_400 * 30),
    }
}

pub(crate) fn key(n: u64, name: &str) -> AdminKey {
    AdminKey {
        id: KeyId(ulid(n)),
        owner_id: (n != 1).then(|| UserId(ulid(1))),
        minted_by: None,
        client_id: None,
        name: name.into(),
        hint: "sk_live_ab…wxyz".into(),
        scopes: ScopeSet::parse("read:orders write:orders").unwrap(),
        environment: Environment::Live,
        created_at: noon().plus_seconds(-86_400),
        expires_at: (n == 2).then(|| noon().plus_seconds(86_400 * 3)),
        last_used_at: (n == 2).then(|| noon().plus_seconds(-12)),
        last_used_ip: (n == 2).then(|| "203.0.113.9".into()),
        revoked_at: None,
        state: KeyState::Live,
        ends_at: (n == 2).then(|| noon().plus_seconds(86_400 * 3)),
        rate_limit: None,
        quota: None,
        allowed_ips: Vec::new(),
        metadata: None,
        enabled: true,
    }
}

pub(crate) fn client(n: u64, name: &str) -> Client {
    Client {
        id: ClientId(ulid(n)),
        client_id: ClientId(ulid(n)),
        name: name.into(),
        redirect_uris: vec!["https://shop.example/callback".into()],
        grant_types: vec!["authorization_code".into(), "refresh_token".into()],
        scopes: ScopeSet::parse("openid profile read").unwrap(),
        confidential: true,
        resources: Vec::new(),
        require_pkce: false,
        resource_server: false,
        id_token_claims: true,
        unverified_email: "withhold".into(),
        allowed_groups: Vec::new(),
        post_logout_redirect_uris: Vec::new(),
        default_resource: None,
        backchannel_logout_uri: None,
        backchannel_logout_session_required: false,
        token_endpoint_auth_method: None,
        jwks: None,
        jwks_uri: None,
        logo_uri: None,
        client_uri: None,
        skip_consent: false,
        dynamic: false,
        created_at: noon().plus_seconds(-86_400 * 2),
        client_secret: None,
    }
}

pub(crate) fn block() -> Block {
    Block {
        id: doorward_shared::BlockId(ulid(1)),
        network: "203.0.113.0/24".into(),
        reason: "password spraying".into(),
        until: noon().plus_seconds(3_600 * 20),
        created_at: noon().plus_seconds(-3_600 * 4),
        created_by: UserId(ulid(1)).to_string(),
        spares: None,
    }
}

pub(crate) fn event(n: u64, action: &str) -> Event {
    Event {
        id: EventId(ulid(n)),
        time: noon().plus_seconds(-i64::try_from(100 - n).unwrap()),
        actor: UserId(ulid(1)).to_string(),
        action: action.into(),
        target: Some(UserId(ulid(2)).to_string()),
        user_id: Some(UserId(ulid(2))),
        ip: Some("203.0.113.7".into()),
        request_id: Some("req-1".into()),
        detail: Some("too many failures".into()),
        cause: None,
        sent: None,
        count: None,
        client_id: None,
        changes: None,
    }
}

pub(crate) fn stats() -> Stats {
    let minute = |n: u64| Minute {
        time: noon().plus_seconds(60 * (n.cast_signed() - 60)),
        logins: n % 7,
        failures: n % 3,
        registrations: 0,
        refusals: n % 2,
        tokens: n,
        requests: 10 * n,
        active_sessions: 1_000 + n,
        p50_ms: 1.5,
        p95_ms: 4. + (n % 5) as f64,
    };
    Stats {
        time: noon(),
        now: Totals {
            users: 12_345,
            disabled_users: 3,
            active_sessions: 1_059,
            api_keys: 42,
            clients: 5,
        },
        series: (0..60).map(minute).collect(),
        failures: 40,
        failing_networks: vec![FailingNetwork {
            network: "203.0.113.0/24".into(),
            failures: 31,
            addresses: 1,
        }],
        failing_addresses: vec![FailingAddress {
            ip: "203.0.113.7".into(),
            failures: 31,
        }],
        failing_accounts: vec![FailingAccount {
            user_id: UserId(ulid(2)),
            email: "bob@example.org".into(),
            failures: 9,
        }],
        keys_expiring: 2,
    }
}

/// The newest events, newest first: a run of failures among them.
pub(crate) fn recent() -> Vec<Event> {
    let actions = [
        "session.created",
        "client.refused",
        "login.failed",
        "login.failed",
        "login.failed",
        "apikey.created",
        "user.disabled",
        "user.updated",
    ];
    let events = actions.into_iter().zip(0..);
    events.map(|(action, n)| event(90 - n, action)).collect()
}

/// The answer with those numbers.
pub(crate) fn stats_reply() -> Reply {
    Reply::Stats {
        window: Window::Hour,
        since: noon().plus_seconds(-7_200),
        stats: Ok(Box::new(stats())),
    }
}

/// Hours of a week: nights are quiet, and the server was down for some hours.
pub(crate) fn week_reply() -> Reply {
    let hour = |n: u64| Minute {
        time: noon().plus_seconds(-3_600 * n.cast_signed()),
        logins: if (n + 12) % 24 < 8 { 3 } else { 40 + n % 9 * 7 },
        failures: if n == 30 { 400 } else { n % 11 },
        tokens: 200 + n % 24 * 30,
        active_sessions: 900 + n,
        p95_ms: 3. + (n % 7) as f64,
        ..Minute::default()
    };
    let hours = (0..200).rev().filter(|n| !(60..66).contains(n));
    Reply::Stats {
        window: Window::Week,
        since: noon().plus_seconds(-86_400 * 8),
        stats: Ok(Box::new(Stats {
            series: hours.map(hour).collect(),
            ..stats()
        })),
    }
}

/// Why a client is refused whose redirect URI was mistyped, and what it sent.
pub(crate) fn refused_redirect() -> (&'static str, Sent) {
    let sent = Sent {
        parameter: "redirect_uri".into(),
        value: "https://app.example/callbak".into(),
        allowed: vec!["https://app.example/callback".into()],
    };
    let cause = "invalid_request: redirect_uri is not registered for this client";
    (cause, sent)
}

/// Clients that were refused in the last hour.
pub(crate) fn failing_clients() -> Vec<FailingClient> {
    let failing = |client: Option<u64>, cause: &str, count| FailingClient {
        client: client.map(|n| ClientId(ulid(n)).to_string()),
        cause: cause.into(),
        sent: None,
        count,
    };
    let pkce = "invalid_request: send a PKCE code_challenge (S256)";
    let secret = "invalid_client: the client secret is wrong";
    vec![
        failing(Some(1), pkce, 120),
        failing(Some(2), secret, 7),
        failing(None, "invalid_client: missing client credentials", 1),
    ]
}

pub(crate) fn server_info() -> ServerInfo {
    ServerInfo {
        version: "0.1.0".into(),
        issuer: "http://127.0.0.1:8000".into(),
        started_at: noon().plus_seconds(-3_700),
        uptime_seconds: 3_700,
        storage: StorageInfo {
            schema_version: 1,
            database_bytes: 1_572_864,
            wal_bytes: 4_096,
        },
        mail: Some(MailInfo {
            waiting: 3,
            oldest_at: Some(noon().plus_seconds(-900)),
            last_error: Some("transient error (451): not now".into()),
        }),
        setup: Setup {
            issuer_set: true,
            administrator: true,
            backed_up_at: Some(noon().plus_seconds(-86_400)),
            untrusted_proxy: false,
            forwarded_by: Vec::new(),
            mail_sent: true,
            client_connected: true,
        },
        backup: None,
        settings: [("access_token_seconds", "3600"), ("registration", "open")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
    }
}

pub(crate) fn whoami(scopes: &str) -> Whoami {
    Whoami {
        kind: CallerKind::User,
        id: UserId(ulid(1)).to_string(),
        user_id: Some(UserId(ulid(1))),
        email: Some("ada@example.org".into()),
        session_id: None,
        scopes: ScopeSet::parse(scopes).unwrap(),
    }
}

pub(crate) fn rows(kind: Resource) -> Vec<Row> {
    match kind {
        Resource::Users => ["ada@example.org", "bob@example.org", "carol@example.org"]
            .iter()
            .zip(1..)
            .map(|(email, n)| Row::User(user(n, email)))
            .collect(),
        Resource::Sessions => (1..=3).map(session).map(Row::Session).collect(),
        Resource::Keys => ["operator", "billing"]
            .iter()
            .zip(1..)
            .map(|(name, n)| Row::Key(key(n, name)))
            .collect(),
        Resource::Clients => vec![
            Row::Client(client(1, "shop")),
            Row::Client(client(2, "mobile")),
        ],
        Resource::Events => {
            let actions = ["login.failed", "session.created", "user.created"];
            actions
                .iter()
                .zip(1..)
                .map(|(action, n)| Row::Event(event(n, action)))
                .collect()
        }
        Resource::Roles => [
            ("admin", "admin read write", true),
            ("customer", "read write", true),
            ("support", "admin:users:read", false),
        ]
        .iter()
        .map(|(name, permissions, built_in)| {
            Row::Role(Role {
                name: (*name).into(),
                permissions: ScopeSet::parse(permissions).unwrap(),
                built_in: *built_in,
                users: 0,
            })
        })
        .collect(),
        Resource::Signing => vec![Row::Signing(SigningKey {
            id: "k1".into(),
            algorithm: "RS256".into(),
            active: true,
            created_at: noon().plus_seconds(-86_400),
            retires_at: None,
        })],
        Resource::Blocks => vec![Row::Block(block())],
        Resource::Profiles => Vec::new(),
    }
}

pub(crate) fn page(data: Vec<Row>) -> Page<Row> {
    Page {
        pagination: Pagination {
            total: data.len() as u64,
            ..Pagination::default()
        },
        data,
    }
}

/// `users delete` of a whole command line.
fn noun_and_verb(command: &Command) -> String {
    let line = command.to_string();
    line.split(' ')
        .skip(1)
        .take(2)
        .collect::<Vec<_>>()
        .join(" ")
}

/// A console under test.
pub(crate) struct TestConsole {
    pub state: State,
    /// What the last messages led to.
    pub effects: Vec<Effect>,
}

impl TestConsole {
    /// Connected as an administrator, on an empty screen of this size.
    pub(crate) fn new(width: u16, height: u16) -> Self {
        Self::with("admin read write", width, height)
    }

    pub(crate) fn with(scopes: &str, width: u16, height: u16) -> Self {
        let server = ServerName {
            profile: "staging".into(),
            url: "https://id.example.org".into(),
            profiles: vec![ProfileRow {
                name: "staging".into(),
                url: "https://id.example.org".into(),
                color: None,
                read_only: false,
                current: true,
            }],
            ..ServerName::default()
        };
        let mut state = State::new(Size { width, height }, server, Keymap::default());
        state.now = Now {
            wall: noon(),
            ms: 10_000,
        };
        state.customization.copied.insert("staging".into());
        let mut bench = Self {
            state,
            effects: Vec::new(),
        };
        let mut effects = Vec::new();
        bench.state.reconnect(&mut effects);
        bench.effects = effects;
        bench.reply(Reply::Whoami(Ok(Box::new(whoami(scopes)))));
        bench.reply(Reply::Stream(StreamEvent::Began(None)));
        bench
    }

    /// On a list that has its rows.
    pub(crate) fn on(kind: Resource, width: u16, height: u16) -> Self {
        let mut bench = Self::new(width, height);
        bench.go(kind);
        bench.serve(rows(kind));
        bench
    }

    pub(crate) fn go(&mut self, kind: Resource) {
        let mut effects = Vec::new();
        self.state.go_list(kind, Vec::new(), &mut effects);
        self.effects = effects;
    }

    pub(crate) fn send(&mut self, msg: Msg) {
        self.effects.extend(update(&mut self.state, msg));
    }

    /// On a dashboard that knows everything.
    pub(crate) fn on_dashboard(width: u16, height: u16) -> Self {
        let mut bench = Self::new(width, height);
        bench.reply(stats_reply());
        bench.reply(Reply::Refusals(Ok(failing_clients())));
        bench.reply(Reply::Recent(Ok(recent())));
        bench.reply(Reply::Ending(Ok(vec![Expiry {
            kind: EndingKind::ApiKey,
            id: KeyId(ulid(2)).to_string(),
            name: "billing".into(),
            at: noon().plus_seconds(86_400 * 3),
        }])));
        let names = [(ClientId(ulid(1)).to_string(), "shop".to_owned())];
        bench.reply(Reply::Names(names.into()));
        bench
    }

    pub(crate) fn reply(&mut self, reply: Reply) {
        self.send(Msg::Reply(reply));
    }

    /// Answers the list that waits.
    pub(crate) fn serve(&mut self, rows: Vec<Row>) {
        let generation = self.state.list().unwrap().generation;
        self.reply(Reply::Page {
            generation,
            want: Want::Window { first: 0 },
            pages: Ok(vec![page(rows)]),
            note: None,
        });
    }

    /// Answers a change, or fails it.
    pub(crate) fn pass(&mut self, ms: u64) {
        self.state.now.ms += ms;
        self.state.now.wall = Timestamp(self.state.now.wall.0 + ms.cast_signed());
    }

    pub(crate) fn press(&mut self, code: KeyCode) {
        self.send(Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    }

    /// Types text; `\n` is Enter, `\t` Tab, `\x1b` Esc.
    pub(crate) fn type_in(&mut self, text: &str) {
        for c in text.chars() {
            self.press(match c {
                '\n' => KeyCode::Enter,
                '\t' => KeyCode::Tab,
                '\u{1b}' => KeyCode::Esc,
                c => KeyCode::Char(c),
            });
        }
    }

    /// Presses a letter with Control.
    pub(crate) fn press_control(&mut self, letter: char) {
        let key = KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL);
        self.send(Msg::Key(key));
    }

    /// Presses a letter with Alt.
    pub(crate) fn press_alt(&mut self, letter: char) {
        let key = KeyEvent::new(KeyCode::Char(letter), KeyModifiers::ALT);
        self.send(Msg::Key(key));
    }

    /// Types after the time in which a new dialog hears nothing.
    pub(crate) fn later(&mut self, text: &str) {
        self.pass(400);
        self.type_in(text);
    }

    /// Takes the last change back: the key, and yes to its question.
    pub(crate) fn undo(&mut self) {
        self.type_in("u");
        self.later("\t\n");
    }

    /// Changes that were sent, and forgets all effects.
    pub(crate) fn changes(&mut self) -> Vec<String> {
        let effects = std::mem::take(&mut self.effects);
        let name = |effect: Effect| match effect {
            Effect::Change { change, .. } => Some(noun_and_verb(&change)),
            _ => None,
        };
        effects.into_iter().filter_map(name).collect()
    }

    /// What is drawn, with its colours.
    pub(crate) fn buffer(&self) -> ratatui::buffer::Buffer {
        let Size { width, height } = self.state.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal
            .draw(|frame| crate::view::view(&self.state, frame))
            .unwrap();
        terminal.backend().buffer().clone()
    }

    /// What stands on the screen.
    pub(crate) fn screen(&self) -> String {
        let Size { width, height } = self.state.size;
        let buffer = self.buffer();
        let mut out = String::new();
        for y in 0..height {
            let mut line = String::new();
            let mut skip = 0;
            for x in 0..width {
                let symbol = buffer[(x, y)].symbol();
                if skip == 0 {
                    line.push_str(symbol);
                    skip = crate::core::sanitize::width(symbol).saturating_sub(1);
                } else {
                    skip -= 1;
                }
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

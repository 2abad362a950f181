//! The model of commands: what is written is read back as the same.

use clap::Parser;
use doorward_shared::apikey::Environment;

use super::test_console::{TestConsole, client, key, noon, rows, session, user};
use crate::{
    command::{
        ApiKeys, ClientPolicyArgs, Clients, Command, Create, Mfa, Mint, MintInitialAccessToken,
        Password, PutArgs, Register, Revoke, RevokeKeys, Roles, Rotate, SecretArgs,
        SessionOwnerArgs, Sessions, SigningKeys, Terms, Update, UpdateClient, UpdateKey, Users,
        Verify, secret::Secret, time_arg::TimeArg,
    },
    core::{
        client_diagnosis::{KNOWN, KnownCause},
        equivalent_command::of_state,
        resource::Resource,
    },
    io::cli::Cli,
};

/// Words as a shell makes them.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in command.replace("'\\''", "\u{1}").chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            '\u{1}' => words.last_mut().unwrap().push('\''),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words
}

/// Command lines that the CLI accepts.
fn read(line: &str) -> Cli {
    match Cli::try_parse_from(words(line)) {
        Ok(cli) => cli,
        Err(error) => panic!("{line}\n{error}"),
    }
}

fn user_changes() -> Vec<Command> {
    let id = user(2, "bob@example.org").id.to_string();
    let update = Update {
        user: id.clone(),
        email: Some("b@example.org".into()),
        first_name: Some(String::new()),
        last_name: Some("O'Neil".into()),
        role: Some("admin".into()),
        ..Update::default()
    };
    [
        Users::Create(Create {
            email: "eve@example.org".into(),
            password_stdin: true,
            first_name: Some("Eve Anna".into()),
            role: Some("admin".into()),
            permissions: vec!["read:orders".into(), "write".into()],
            ..Create::default()
        }),
        Users::Update(update.clone().permitting(Some(Vec::new()))),
        Users::Update(update.permitting(Some(vec!["read".into()]))),
        Users::Disable { user: id.clone() },
        Users::Enable { user: id.clone() },
        Users::Password(Password {
            user: id.clone(),
            api_keys: true,
            password: None,
        }),
        Users::EndSessions {
            user: id.clone(),
            api_keys: false,
        },
        Users::Mfa(Mfa::Remove { user: id.clone() }),
        Users::Import {
            file: "/srv/our people.jsonl".into(),
        },
        Users::Delete {
            users: vec![id, "ada@example.org".into()],
        },
    ]
    .map(Command::Users)
    .into()
}

fn terms(args: &str) -> Terms {
    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        terms: Terms,
    }
    Line::parse_from(format!("x {args}").split_whitespace()).terms
}

fn key_and_client_changes() -> Vec<Command> {
    let (key, client) = (key(2, "k"), client(1, "c").id.to_string());
    let id = key.id.to_string();
    let secret = SecretArgs {
        secret_file: Some("/tmp/a file".into()),
    };
    let mint = Mint {
        name: "it's a \"key\"; rm -rf $HOME".into(),
        scopes: vec!["read:orders".into()],
        owner: Some("bob@example.org".into()),
        expires: Some(TimeArg::At(noon())),
        environment: Environment::Test,
        secret: secret.clone(),
        terms: terms(
            r#"--rate-limit 100/60s --quota 1000/day --allowed-ip 10.0.0.0/8 --allowed-ip ::1 --metadata {"it's":"$HOME"} --disabled"#,
        ),
    };
    let keys = [
        ApiKeys::Mint(mint.clone()),
        ApiKeys::Mint(Mint {
            expires: Some(TimeArg::WEEK),
            owner: None,
            ..mint
        }),
        ApiKeys::Clone {
            id: id.clone(),
            name: Some("other".into()),
            secret,
        },
        ApiKeys::Update(UpdateKey {
            id: id.clone(),
            name: Some("n".into()),
            scopes: Some(vec!["read".into(), "write".into()]),
            ..UpdateKey::default()
        }),
        ApiKeys::Update(UpdateKey {
            id: id.clone(),
            terms: terms(
                "--rate-limit none --quota 5/month --allowed-ip none --metadata none --enabled",
            ),
            ..UpdateKey::default()
        }),
        ApiKeys::Verify(Verify {
            scopes: Some(vec!["read:orders".into()]),
            ip: Some("192.0.2.1".into()),
            cost: Some(2),
            key: None,
        }),
        ApiKeys::Rotate(Rotate::after(&id, 60)),
        ApiKeys::Revoke {
            ids: vec![id.clone(), id],
        },
    ];
    let clients = [
        Clients::Register(Register {
            name: "a shop".into(),
            redirect_uris: vec!["https://shop.example/callback".into()],
            grant_types: vec!["authorization_code".into()],
            scopes: vec!["openid".into()],
            resources: vec!["https://api.example".into()],
            preset: None,
            policy: Box::default(),
            public: true,
            require_pkce: true,
            resource_server: true,
            secret: SecretArgs::default(),
        }),
        Clients::Update(UpdateClient {
            id: client.clone(),
            name: Some("n".into()),
            redirect_uris: Some(vec!["https://a.example/".into()]),
            require_pkce: Some(true),
            resource_server: Some(false),
            ..UpdateClient::default()
        }),
        Clients::Update(
            UpdateClient {
                id: client.clone(),
                ..UpdateClient::default()
            }
            .requiring_pkce(false),
        ),
        Clients::Secret(Rotate::after(&client, 0)),
        Clients::RegistrationToken(MintInitialAccessToken {
            expires_in: Some(TimeArg::Span(3_600)),
            max_uses: Some(3),
            secret: SecretArgs::default(),
        }),
        Clients::Update(UpdateClient {
            id: client.clone(),
            policy: Box::new(ClientPolicyArgs {
                no_allowed_groups: true,
                no_post_logout_redirect_uris: true,
                default_resource: Some(String::new()),
                jwks: Some(serde_json::Value::Null),
                ..ClientPolicyArgs::default()
            }),
            ..UpdateClient::default()
        }),
        Clients::Delete { ids: vec![client] },
    ];
    let keys = keys.map(Command::Apikeys).into_iter();
    keys.chain(clients.map(Command::Clients)).collect()
}

fn other_changes() -> Vec<Command> {
    let all_of = Revoke {
        of: SessionOwnerArgs {
            user: Some(user(2, "").id.to_string()),
            client: Some(client(1, "").id),
            ip: Some("10.0.0.0/8".into()),
        },
        include_own: true,
        ..Revoke::default()
    };
    vec![
        Command::Sessions(Sessions::Revoke(all_of)),
        Command::Sessions(Sessions::Revoke(Revoke::these(vec![session(1).id]))),
        Command::Roles(Roles::Put(PutArgs {
            name: "support".into(),
            permissions: vec!["read".into()],
        })),
        Command::Roles(Roles::Delete {
            names: vec!["support".into()],
        }),
        Command::Keys(SigningKeys::Rotate),
        Command::Keys(SigningKeys::Revoke(RevokeKeys {
            kid: "-begins-with-a-hyphen".into(),
            and: vec!["--and-so-does-this".into()],
        })),
        Command::Backup,
    ]
}

#[test]
fn every_change_is_read_back_as_it_was_written() {
    let all = [user_changes(), key_and_client_changes(), other_changes()].concat();
    for command in all {
        assert!(command.changes(), "{command}");
        let cli = read(&format!("{} --yes", command.because(Some("they're gone"))));
        assert_eq!(cli.reason.as_deref(), Some("they're gone"));
        assert!(cli.yes, "{command}");
        assert_eq!(cli.command, Some(command));
    }
}

#[test]
fn how_often_a_key_was_used_is_asked_as_it_is_written() {
    let line = format!(
        "doorward apikeys usage {} --by hour --from 7d --to 2027-01-31T00:00:00.000Z",
        key(2, "k").id
    );
    let command = read(&line).command.unwrap();
    assert!(!command.changes());
    assert_eq!(command.to_string(), line);
}

#[test]
fn a_secret_is_in_no_command_line() {
    let secret = Some(Secret::new("hunter22".into()));
    let create = Create {
        email: "eve@example.org".into(),
        password_stdin: true,
        password: secret.clone(),
        ..Create::default()
    };
    let password = Password {
        user: "eve@example.org".into(),
        api_keys: false,
        password: secret.clone(),
    };
    let verify = Verify {
        key: secret,
        ..Verify::default()
    };
    for command in [
        Command::Users(Users::Create(create)),
        Command::Users(Users::Password(password)),
        Command::Apikeys(ApiKeys::Verify(verify)),
    ] {
        assert!(
            !format!("{command} {command:?}").contains("hunter"),
            "{command}"
        );
    }
}

#[test]
fn every_view_has_commands_that_the_twin_takes() {
    for kind in [
        Resource::Users,
        Resource::Sessions,
        Resource::Keys,
        Resource::Clients,
        Resource::Events,
        Resource::Roles,
        Resource::Signing,
        Resource::Profiles,
    ] {
        let mut bench = TestConsole::on(Resource::Users, 80, 24);
        bench.go(kind);
        if kind != Resource::Profiles {
            bench.serve(rows(kind));
        }
        for command in of_state(&bench.state) {
            assert_eq!(read(&command.to_string()).command, Some(command));
        }
    }
}

/// What is advised where a client is refused is typed as it stands, with values in the place of words in capitals.
#[test]
fn each_command_that_is_advised_is_one() {
    let values = [
        ("ID", "client_01arz3ndektsv4rrffq69g5fav"),
        ("SCOPE", "read"),
        ("GROUP", "staff"),
        (" …", ""),
        ("register --preset", "register --name api --preset"),
    ];
    let mut told = 0;
    for KnownCause(_, _, advice) in KNOWN {
        for line in advice.split('`').skip(1).step_by(2) {
            let filled = |line: String, (word, value): &(&str, &str)| line.replace(word, value);
            let line = values.iter().fold(line.to_owned(), filled);
            assert!(line.starts_with("doorward "), "{line}");
            if line != "doorward clients register" {
                read(&line);
            }
            told += 1;
        }
    }
    assert!(told > 10);
}

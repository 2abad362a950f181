//! What a client may know and do, and whom people belong to: forms, their review, and the command that is sent.

use super::test_console::TestConsole;
use crate::core::{field::Value, layer::Layer, msg::Effect, resource::Resource};

/// Puts a value into a field of the open form, as typing or choosing does.
fn fill(bench: &mut TestConsole, name: &str, value: &str) {
    let Some(Layer::Form(form)) = bench.state.layers.last_mut() else {
        panic!("no form is open");
    };
    let field = form.fields.iter_mut().find(|field| field.name == name);
    match &mut field.unwrap_or_else(|| panic!("no field {name}")).value {
        Value::Text(line) => *line = crate::core::text_input::TextInput::new(value),
        Value::Choice { options, at } => {
            *at = options.iter().position(|option| option == value).unwrap();
        }
        _ => panic!("{name} is neither text nor choice"),
    }
}

/// Sends the form, and confirms what is asked. Answers the command that goes out.
fn sent(bench: &mut TestConsole) -> String {
    bench.pass(400);
    let save = crossterm::event::KeyEvent::new(
        crossterm::event::KeyCode::Char('s'),
        crossterm::event::KeyModifiers::CONTROL,
    );
    bench.send(crate::core::msg::Msg::Key(save));
    if let Some(Layer::Confirm(confirm)) = bench.state.layers.last() {
        let yes = if confirm.word.is_some() {
            "yes\n"
        } else {
            "\t\n"
        };
        bench.later(yes);
    }
    let effects = std::mem::take(&mut bench.effects);
    let change = effects.into_iter().find_map(|effect| match effect {
        Effect::Change { change, .. } => Some(change.to_string()),
        _ => None,
    });
    change.unwrap_or_else(|| panic!("nothing was sent:\n{}", bench.screen()))
}

#[test]
fn a_clients_policy_is_a_form_of_its_own() {
    let mut bench = TestConsole::on(Resource::Clients, 120, 40);
    bench.type_in("P");
    let id = bench.state.item().unwrap().id();
    for (name, value) in [
        ("unverifiedEmail", "send"),
        ("allowedGroups", "staff editors"),
        ("skipConsent", "yes"),
        ("idTokenClaims", "no"),
        ("postLogoutRedirectUris", "https://shop.example/bye"),
        ("defaultResource", "https://api.example"),
        ("backchannelLogoutUri", "https://shop.example/logout"),
        ("tokenEndpointAuthMethod", "private_key_jwt"),
        ("jwksUri", "https://shop.example/jwks.json"),
        ("logoUri", "https://shop.example/logo.svg"),
        ("clientUri", "https://shop.example/"),
    ] {
        fill(&mut bench, name, value);
    }
    assert_eq!(
        sent(&mut bench),
        format!(
            "doorward clients update {id} --id-token-claims false --unverified-email send --allowed-group staff \
             --allowed-group editors --post-logout-redirect-uri https://shop.example/bye --default-resource \
             https://api.example --backchannel-logout-uri https://shop.example/logout --auth-method private_key_jwt \
             --jwks-uri https://shop.example/jwks.json --logo-uri https://shop.example/logo.svg --client-uri \
             https://shop.example/ --skip-consent true"
        )
    );
}

#[test]
fn a_key_set_that_is_no_json_is_said_at_its_field() {
    let mut bench = TestConsole::on(Resource::Clients, 120, 40);
    bench.type_in("P");
    fill(&mut bench, "jwks", "{");
    bench.pass(400);
    bench.send(crate::core::msg::Msg::Key(crossterm::event::KeyEvent::new(
        crossterm::event::KeyCode::Char('s'),
        crossterm::event::KeyModifiers::CONTROL,
    )));
    assert!(
        bench.screen().contains("Key set: must be a JWK set"),
        "{}",
        bench.screen()
    );
    assert_eq!(bench.changes(), Vec::<String>::new());
}

#[test]
fn a_client_is_let_register_itself() {
    let mut bench = TestConsole::on(Resource::Clients, 120, 40);
    bench.type_in("T");
    fill(&mut bench, "expiresInSeconds", "7d");
    fill(&mut bench, "maxUses", "3");
    assert_eq!(
        sent(&mut bench),
        "doorward clients registration-token --expires-in 7d --max-uses 3"
    );
}

#[test]
fn groups_and_whose_an_address_is_are_edited_with_a_user() {
    let mut bench = TestConsole::on(Resource::Users, 120, 40);
    bench.type_in("e");
    let id = bench.state.item().unwrap().id();
    fill(&mut bench, "groups", "staff wiki-editors");
    fill(&mut bench, "emailVerified", "not verified");
    assert_eq!(
        sent(&mut bench),
        format!(
            "doorward users update {id} --group staff --group wiki-editors --email-verified false"
        )
    );
}

#[test]
fn a_keys_limits_are_a_form_of_their_own() {
    let mut bench = TestConsole::on(Resource::Keys, 120, 40);
    bench.type_in("P");
    let id = bench.state.item().unwrap().id();
    for (name, value) in [
        ("rateLimit", "100/60s"),
        ("quota", "1000/day"),
        ("allowedIps", "10.0.0.0/8  192.0.2.7"),
        ("metadata", "{\"plan\":\"free\"}"),
        ("enabled", "refused"),
    ] {
        fill(&mut bench, name, value);
    }
    assert_eq!(
        sent(&mut bench),
        format!(
            "doorward apikeys update {id} --rate-limit 100/60s --quota 1000/day --allowed-ip 10.0.0.0/8 \
             --allowed-ip 192.0.2.7 --metadata '{{\"plan\":\"free\"}}' --disabled"
        )
    );
}

#[test]
fn limits_are_taken_off_and_shown_and_kept_by_a_key_like_it() {
    let mut key = super::test_console::key(1, "metered");
    key.rate_limit = "5/10s".parse().ok();
    key.allowed_ips = vec!["192.0.2.7".into()];
    let id = key.id.to_string();
    let mut bench = TestConsole::on(Resource::Keys, 120, 40);
    bench.serve(vec![crate::core::resource::Row::Key(key.clone())]);
    bench.type_in("\n");
    assert!(
        bench.screen().contains("Rate limit") && bench.screen().contains("5/10s"),
        "{}",
        bench.screen()
    );
    bench.type_in("P");
    fill(&mut bench, "rateLimit", " ");
    assert_eq!(
        sent(&mut bench),
        format!("doorward apikeys update {id} --rate-limit none")
    );
    let mut bench = TestConsole::on(Resource::Keys, 120, 40);
    bench.serve(vec![crate::core::resource::Row::Key(key)]);
    bench.type_in("C");
    assert!(
        bench.screen().contains("the same limits"),
        "{}",
        bench.screen()
    );
    fill(&mut bench, "name", "copy");
    assert_eq!(
        sent(&mut bench),
        "doorward apikeys mint --name copy --scope read:orders --scope write:orders --environment live \
         --rate-limit 5/10s --allowed-ip 192.0.2.7"
    );
}

#[test]
fn a_limit_that_cannot_be_read_is_said_at_its_field() {
    for (name, value, said) in [
        ("rateLimit", "100", "Rate: must be like 100/60s"),
        ("quota", "5/week", "Quota: must be like 1000/day"),
        ("metadata", "[]", "Metadata: "),
    ] {
        let mut bench = TestConsole::on(Resource::Keys, 120, 40);
        bench.type_in("P");
        fill(&mut bench, name, value);
        bench.pass(400);
        bench.send(crate::core::msg::Msg::Key(crossterm::event::KeyEvent::new(
            crossterm::event::KeyCode::Char('s'),
            crossterm::event::KeyModifiers::CONTROL,
        )));
        assert!(bench.screen().contains(said), "{}", bench.screen());
        assert_eq!(bench.changes(), Vec::<String>::new());
    }
}

//! Tests of the filter language: parsing, matching, server filters.

use doorward_shared::{Timestamp, client::Filter};

use super::{Names, Search};
use crate::{
    core::resource::{Resource, Row},
    tests::test_console::{key, noon, rows, session, user},
};

fn parse(kind: Resource, text: &str) -> Search {
    Search::parse(kind, text, noon()).unwrap()
}

fn found(kind: Resource, text: &str, items: &[Row], names: &Names) -> Vec<String> {
    let search = parse(kind, text);
    let items = items
        .iter()
        .filter(|item| search.matches(item, names, noon()));
    items.map(Row::name).collect()
}

#[test]
fn words_are_and_ed_in_any_order_and_case_of_any_script() {
    let mut zoe = user(7, "zoe@example.org");
    zoe.first_name = Some("ZOË".into());
    zoe.last_name = Some("Ångström-Иванова".into());
    let items = [Row::User(zoe), Row::User(user(1, "ada@example.org"))];
    let none = Names::new();
    for text in [
        "zoë",
        "Ångström ZOË",
        "иванова",
        "EXAMPLE zoë customer",
        "active zoe@",
    ] {
        assert_eq!(
            found(Resource::Users, text, &items, &none),
            ["zoe@example.org"],
            "{text}"
        );
    }
    assert_eq!(
        found(Resource::Users, "zoë lovelace", &items, &none),
        [""; 0]
    );
    assert_eq!(
        found(Resource::Users, "lovelace admin", &items, &none),
        ["ada@example.org"]
    );
    // A decomposed letter is the composed one.
    assert_eq!(
        found(Resource::Users, "zoe\u{308}", &items, &none),
        ["zoe@example.org"]
    );
}

#[test]
fn a_row_is_found_by_what_it_shows_of_others() {
    let items: Vec<Row> = (1..=3).map(session).map(Row::Session).collect();
    let names = Names::from([(session(1).user_id.to_string(), "bob@example.org".to_owned())]);
    assert_eq!(found(Resource::Sessions, "bob@", &items, &names).len(), 1);
    assert_eq!(
        found(Resource::Sessions, "firefox revoked", &items, &names).len(),
        1
    );
    assert_eq!(
        found(Resource::Sessions, "203.0.113.2", &items, &names).len(),
        1
    );
    assert_eq!(
        found(Resource::Sessions, "owner:bob", &items, &names).len(),
        1
    );
}

#[test]
fn terms_hold_for_what_they_say() {
    let none = Names::new();
    let users = rows(Resource::Users);
    for (text, count) in [
        ("role:admin", 1),
        ("ROLE:Admin", 1),
        ("role:adm", 0),
        ("state:disabled", 1),
        ("state:active", 2),
        ("unused:30d", 0),
        ("unused:1m", 3),
        ("since:31d", 3),
        ("until:31d", 0),
        ("role:customer state:disabled", 1),
        ("owner:carol", 1),
        ("role:", 3),
    ] {
        assert_eq!(
            found(Resource::Users, text, &users, &none).len(),
            count,
            "{text}"
        );
    }
    let sessions = rows(Resource::Sessions);
    for (text, count) in [
        ("ip:203.0.113.0/24", 3),
        ("ip:203.0.113.2", 1),
        ("ip:10.0.1.0/24", 0),
        ("ip:203.0.113.0/30 state:live", 2),
        ("scope:read", 3),
    ] {
        assert_eq!(
            found(Resource::Sessions, text, &sessions, &none).len(),
            count,
            "{text}"
        );
    }
    let keys = [Row::Key(key(2, "billing")), Row::Key(key(1, "operator"))];
    assert_eq!(
        found(Resource::Keys, "expires:7d", &keys, &none),
        ["billing"]
    );
    assert_eq!(
        found(Resource::Keys, "scope:read:orders", &keys, &none).len(),
        2
    );
    let events = rows(Resource::Events);
    assert_eq!(
        found(
            Resource::Events,
            "action:login.failed since:2h",
            &events,
            &none
        ),
        ["login.failed"]
    );
    assert_eq!(
        found(Resource::Events, "action:user. until:1m", &events, &none),
        ["user.created"]
    );
}

#[test]
fn a_colon_alone_makes_no_term() {
    let search = parse(Resource::Keys, "read:orders 2001:db8::1 color:red");
    assert_eq!(search.words, ["read:orders", "2001:db8::1", "color:red"]);
    assert!(search.terms.is_empty());
    assert!(
        search
            .hint(Resource::Keys)
            .unwrap()
            .contains("state: ip: owner: scope:")
    );
    let keys = [Row::Key(key(2, "billing"))];
    assert_eq!(
        found(Resource::Keys, "read:orders", &keys, &Names::new()),
        ["billing"]
    );
    assert_eq!(parse(Resource::Keys, "orders").hint(Resource::Keys), None);
}

#[test]
fn a_wrong_value_is_said_with_what_it_may_be() {
    let wrong = |text| {
        let parsed = Search::parse(Resource::Sessions, text, Timestamp(0));
        parsed.unwrap_err().to_string()
    };
    assert_eq!(
        wrong("state:dead"),
        "state: must be live, idle, expired, revoked"
    );
    assert!(wrong("ip:10.0.1").starts_with("ip: must be an address"));
    assert!(wrong("since:yesterday").starts_with("since: must be"));
}

#[test]
fn what_the_server_can_say_alone_is_asked_of_it_alone() {
    for (kind, text, alone) in [
        (Resource::Users, "state:disabled", true),
        (Resource::Users, "state:disabled ada", false),
        (Resource::Users, "unused:30d", false),
        (Resource::Sessions, "state:live ip:10.0.0.0/8", true),
        (Resource::Sessions, "state:idle", false),
        (Resource::Keys, "unused:30d expires:7d", true),
        (Resource::Events, "action:login. since:2h ip:10.0.0.1", true),
        (Resource::Events, "ip:10.0.0.0/8", false),
        (Resource::Events, "action:login action:user", false),
        (Resource::Sessions, "owner:ada", false),
    ] {
        assert_eq!(parse(kind, text).is_the_servers(kind), alone, "{text}");
    }
    let params = parse(Resource::Sessions, "ip:10.0.1.7/24 state:live").params(Resource::Sessions);
    assert_eq!(
        params,
        [
            (Filter::Ip, "10.0.1.0/24".to_owned()),
            (Filter::Active, "true".to_owned())
        ]
    );
}

#[test]
fn quotes_keep_words_together() {
    assert_eq!(
        parse(Resource::Users, "\"ada love\"  x").words,
        ["ada love", "x"]
    );
}

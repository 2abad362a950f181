use doorward_shared::Timestamp;

use super::{Names, Search};
use crate::{
    app::tests::bench::{key, noon, rows, session, user},
    item::{Item, Kind},
};

fn parse(kind: Kind, text: &str) -> Search {
    Search::parse(kind, text, noon()).unwrap()
}

fn found(kind: Kind, text: &str, items: &[Item], names: &Names) -> Vec<String> {
    let search = parse(kind, text);
    let items = items
        .iter()
        .filter(|item| search.matches(item, names, noon()));
    items.map(Item::name).collect()
}

#[test]
fn words_are_and_ed_in_any_order_and_case_of_any_script() {
    let mut zoe = user(7, "zoe@example.org");
    zoe.first_name = Some("ZOË".into());
    zoe.last_name = Some("Ångström-Иванова".into());
    let items = [Item::User(zoe), Item::User(user(1, "ada@example.org"))];
    let none = Names::new();
    for text in [
        "zoë",
        "Ångström ZOË",
        "иванова",
        "EXAMPLE zoë customer",
        "active zoe@",
    ] {
        assert_eq!(
            found(Kind::Users, text, &items, &none),
            ["zoe@example.org"],
            "{text}"
        );
    }
    assert_eq!(found(Kind::Users, "zoë lovelace", &items, &none), [""; 0]);
    assert_eq!(
        found(Kind::Users, "lovelace admin", &items, &none),
        ["ada@example.org"]
    );
    // A decomposed letter is the composed one.
    assert_eq!(
        found(Kind::Users, "zoe\u{308}", &items, &none),
        ["zoe@example.org"]
    );
}

#[test]
fn a_row_is_found_by_what_it_shows_of_others() {
    let items: Vec<Item> = (1..=3).map(session).map(Item::Session).collect();
    let names = Names::from([(session(1).user_id.to_string(), "bob@example.org".to_owned())]);
    assert_eq!(found(Kind::Sessions, "bob@", &items, &names).len(), 1);
    assert_eq!(
        found(Kind::Sessions, "firefox revoked", &items, &names).len(),
        1
    );
    assert_eq!(
        found(Kind::Sessions, "203.0.113.2", &items, &names).len(),
        1
    );
    assert_eq!(found(Kind::Sessions, "owner:bob", &items, &names).len(), 1);
}

#[test]
fn terms_hold_for_what_they_say() {
    let none = Names::new();
    let users = rows(Kind::Users);
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
            found(Kind::Users, text, &users, &none).len(),
            count,
            "{text}"
        );
    }
    let sessions = rows(Kind::Sessions);
    for (text, count) in [
        ("ip:203.0.113.0/24", 3),
        ("ip:203.0.113.2", 1),
        ("ip:10.0.1.0/24", 0),
        ("ip:203.0.113.0/30 state:live", 2),
        ("scope:read", 3),
    ] {
        assert_eq!(
            found(Kind::Sessions, text, &sessions, &none).len(),
            count,
            "{text}"
        );
    }
    let keys = [Item::Key(key(2, "billing")), Item::Key(key(1, "operator"))];
    assert_eq!(found(Kind::Keys, "expires:7d", &keys, &none), ["billing"]);
    assert_eq!(
        found(Kind::Keys, "scope:read:orders", &keys, &none).len(),
        2
    );
    let events = rows(Kind::Events);
    assert_eq!(
        found(Kind::Events, "action:login.failed since:2h", &events, &none),
        ["login.failed"]
    );
    assert_eq!(
        found(Kind::Events, "action:user. until:1m", &events, &none),
        ["user.created"]
    );
}

#[test]
fn a_colon_alone_makes_no_term() {
    let search = parse(Kind::Keys, "read:orders 2001:db8::1 color:red");
    assert_eq!(search.words, ["read:orders", "2001:db8::1", "color:red"]);
    assert!(search.terms.is_empty());
    assert!(
        search
            .hint(Kind::Keys)
            .unwrap()
            .contains("state: ip: owner: scope:")
    );
    let keys = [Item::Key(key(2, "billing"))];
    assert_eq!(
        found(Kind::Keys, "read:orders", &keys, &Names::new()),
        ["billing"]
    );
    assert_eq!(parse(Kind::Keys, "orders").hint(Kind::Keys), None);
}

#[test]
fn a_wrong_value_is_said_with_what_it_may_be() {
    let wrong = |text| Search::parse(Kind::Sessions, text, Timestamp(0)).unwrap_err();
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
        (Kind::Users, "state:disabled", true),
        (Kind::Users, "state:disabled ada", false),
        (Kind::Users, "unused:30d", false),
        (Kind::Sessions, "state:live ip:10.0.0.0/8", true),
        (Kind::Sessions, "state:idle", false),
        (Kind::Keys, "unused:30d expires:7d", true),
        (Kind::Events, "action:login. since:2h ip:10.0.0.1", true),
        (Kind::Events, "ip:10.0.0.0/8", false),
        (Kind::Events, "action:login action:user", false),
        (Kind::Sessions, "owner:ada", false),
    ] {
        assert_eq!(parse(kind, text).is_the_servers(kind), alone, "{text}");
    }
    let params = parse(Kind::Sessions, "ip:10.0.1.7/24 state:live").params(Kind::Sessions);
    assert_eq!(
        params,
        [
            ("ip", "10.0.1.0/24".to_owned()),
            ("active", "true".to_owned())
        ]
    );
}

#[test]
fn quotes_keep_words_together() {
    assert_eq!(
        parse(Kind::Users, "\"ada love\"  x").words,
        ["ada love", "x"]
    );
}

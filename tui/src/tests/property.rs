//! No sequence of keys changes anything unless a confirmation was typed.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;

use super::test_console::{TestConsole, rows};
use crate::command::Command;
use crate::core::{
    Effect, Msg,
    confirm::Focus,
    field::Value,
    layer::Layer,
    msg::{Preview, PreviewTarget, PreviewedSessions, Reply},
    resource::{Resource, Row},
    undo::unmade_by,
    update,
};

/// Keys people hit, those of dialogs more often than others.
fn key() -> impl Strategy<Value = KeyEvent> {
    let plain = |code| KeyEvent::new(code, KeyModifiers::NONE);
    prop_oneof![
        4 => any::<prop::sample::Index>().prop_map(move |at| {
            let keys = "xXndepCRBPTLFuUiovsw*EYyNq1234567/:?[]gGjk ";
            let chars: Vec<char> = keys.chars().collect();
            plain(KeyCode::Char(*at.get(&chars)))
        }),
        3 => Just(plain(KeyCode::Enter)),
        3 => Just(plain(KeyCode::Tab)),
        1 => Just(plain(KeyCode::BackTab)),
        1 => Just(plain(KeyCode::Esc)),
        1 => prop_oneof![Just(KeyCode::Up), Just(KeyCode::Down), Just(KeyCode::Left), Just(KeyCode::Right)].prop_map(plain),
        2 => prop_oneof![Just('y'), Just('e'), Just('s'), Just('1'), Just('2'), Just('a'), Just('@')].prop_map(move |c| plain(KeyCode::Char(c))),
        1 => Just(KeyEvent::new(KeyCode::Char('s'), KeyModifiers::CONTROL)),
    ]
}

/// Keys one after another, and words that lead where no single key does.
fn keys(most: usize) -> impl Strategy<Value = Vec<KeyEvent>> {
    let word = |text: &'static str| {
        text.chars().map(|c| match c {
            '\n' => KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE),
            c => KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE),
        })
    };
    let some = prop_oneof![
        30 => key().prop_map(|key| vec![key]),
        1 => Just(word(":undo\n").collect::<Vec<_>>()),
        1 => Just(word(":undo\n1").collect::<Vec<_>>()),
    ];
    prop::collection::vec(some, 1..most).prop_map(|some| some.concat())
}

/// A change that was made, and can be taken back.
fn remember(bench: &mut TestConsole) {
    let item = Row::Block(super::test_console::block());
    let change = unmade_by(&item).unwrap();
    bench
        .state
        .remember_undo("it is blocked".into(), change, item);
}

/// What is typed at the top of the screen, as a confirmation or into the field that names something new.
#[derive(Debug, PartialEq)]
enum Typed {
    /// The word that was asked for.
    Word,
    /// A form for something new, its name typed.
    Name,
    /// The button of what can be taken back is chosen.
    Button,
    Nothing,
}

fn typed(bench: &TestConsole) -> Typed {
    match bench.state.layers.last() {
        Some(Layer::Confirm(confirm))
            if confirm
                .word
                .as_ref()
                .is_some_and(|word| !word.is_empty() && confirm.typed.text().trim() == word) =>
        {
            Typed::Word
        }
        // What can be taken back is confirmed by going to the button, which no key alone does.
        Some(Layer::Confirm(confirm))
            if confirm.word.is_none()
                && (confirm.undo.is_some() || confirm.takes_back.is_some())
                && confirm.focus == Focus::Go =>
        {
            Typed::Button
        }
        Some(Layer::Form(form)) => match form.fields.first().map(|field| &field.value) {
            Some(Value::Text(line)) if !line.text().trim().is_empty() => Typed::Name,
            _ => Typed::Nothing,
        },
        _ => Typed::Nothing,
    }
}

/// Answers looks at once, so that dialogs can be confirmed at all.
fn answer(bench: &mut TestConsole, effects: &[Effect]) {
    for effect in effects {
        if let Effect::Preview { generation, at } = effect {
            let sessions = PreviewedSessions {
                count: 2,
                users: 1,
                id: Some("p".into()),
            };
            let preview = Preview {
                lines: vec!["it hits".into()],
                sessions: matches!(at, PreviewTarget::Sessions(_)).then(|| Box::new(sessions)),
                ids: None,
            };
            bench.reply(Reply::Preview {
                generation: *generation,
                preview: Ok(preview),
            });
        }
    }
    let page = bench.state.page().filter(|page| page.loaded_at.is_none());
    if let Some(subject) = page.map(|page| page.subject.clone()) {
        super::realistic_data::serve(bench, &subject);
    }
    if bench.state.list().is_some_and(|list| list.rows.is_empty()) {
        let kind = bench.state.kind().unwrap();
        if kind != Resource::Profiles {
            bench.serve(rows(kind));
        }
    }
}

fn sent(effects: &[Effect]) -> Option<&Command> {
    effects.iter().find_map(|effect| match effect {
        Effect::Change { change, .. } => Some(change),
        _ => None,
    })
}

fn kind() -> impl Strategy<Value = Resource> {
    prop_oneof![
        Just(Resource::Users),
        Just(Resource::Sessions),
        Just(Resource::Keys),
        Just(Resource::Clients),
        Just(Resource::Roles),
        Just(Resource::Signing),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_keys_change_anything_without_a_typed_confirmation(kind in kind(), keys in keys(120)) {
        let mut bench = TestConsole::on(kind, 80, 24);
        bench.reply(super::test_console::stats_reply());
        remember(&mut bench);
        for key in keys {
            bench.pass(500);
            let before = typed(&bench);
            let effects = update(&mut bench.state, Msg::Key(key));
            if let Some(change) = sent(&effects) {
                let confirmed = matches!(before, Typed::Word | Typed::Button) || (before == Typed::Name && change.is_creation());
                prop_assert!(confirmed, "{change:?} after {before:?}");
            }
            answer(&mut bench, &effects);
        }
    }

    #[test]
    fn keys_typed_ahead_change_nothing_at_all(kind in kind(), keys in keys(60)) {
        let mut bench = TestConsole::on(kind, 80, 24);
        remember(&mut bench);
        for key in keys {
            let effects = update(&mut bench.state, Msg::Key(key));
            prop_assert!(sent(&effects).is_none(), "all of it came at once");
            answer(&mut bench, &effects);
        }
    }

    #[test]
    fn no_keys_panic_on_any_screen(width in 0_u16..130, height in 0_u16..45, keys in keys(40)) {
        let mut bench = TestConsole::on(Resource::Users, width, height);
        remember(&mut bench);
        for key in keys {
            bench.pass(500);
            let effects = update(&mut bench.state, Msg::Key(key));
            answer(&mut bench, &effects);
            if width > 0 && height > 0 {
                bench.screen();
            }
        }
    }
}

//! Keys as other programs have them. What is not named here keeps its own.

/// An action and its keys.
type Change = (&'static str, &'static str);

/// The sets there are, by the name of the setting `keymap`.
pub(super) const PRESETS: [(&str, &[Change]); 2] = [("doorward", &[]), ("k9s", K9S)];

/// `d` describes, ctrl-d deletes, ctrl-k kills, `q` and esc go back, ctrl-a lists what there is, `-` goes to where one was.
const K9S: &[Change] = &[
    ("quit", "ctrl-c"),
    ("close", "esc q"),
    ("open", "enter d"),
    ("disable", "D"),
    ("delete", "ctrl-d"),
    ("end-sessions", "ctrl-k"),
    ("drop", "ctrl-d"),
    ("page-up", "pgup ctrl-b"),
    ("page-down", "pgdn ctrl-f"),
    ("mark-range", "ctrl-space"),
    ("wide", "ctrl-w"),
    ("refresh", "ctrl-r f5"),
    ("palette", ": ctrl-a"),
    ("back", "[ - alt-left h left"),
    ("related", "o u"),
    ("undo", "ctrl-u"),
];

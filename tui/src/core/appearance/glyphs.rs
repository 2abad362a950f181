//! The characters for lines and marks, with those of ASCII that stand for them.

/// Characters for lines and marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Glyphs {
    pub ascii: bool,
}

impl Glyphs {
    fn pick(self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.ascii { ascii } else { unicode }
    }

    pub(crate) fn more(self) -> &'static str {
        self.pick("…", "~")
    }

    pub(crate) fn dot(self) -> &'static str {
        self.pick("·", "-")
    }

    pub(crate) fn times(self) -> &'static str {
        self.pick("×", "x")
    }

    pub(crate) fn mark(self) -> &'static str {
        self.pick("●", "*")
    }

    pub(crate) fn up(self) -> &'static str {
        self.pick("↑", "^")
    }

    pub(crate) fn down(self) -> &'static str {
        self.pick("↓", "v")
    }

    pub(crate) fn on(self) -> &'static str {
        self.pick("◉", "[x]")
    }

    pub(crate) fn off(self) -> &'static str {
        self.pick("○", "[ ]")
    }

    pub(crate) fn done(self) -> &'static str {
        self.pick("✓", "[x]")
    }

    pub(crate) fn refused(self) -> &'static str {
        self.pick("✗", "!")
    }

    pub(crate) fn ended(self) -> &'static str {
        self.pick("■", "#")
    }

    pub(crate) fn entered(self) -> &'static str {
        self.pick("→", ">")
    }

    /// A cell of a bar that is filled from the left: an eighth, two, … all.
    pub(crate) fn part(self, eighths: usize) -> &'static str {
        if self.ascii {
            return if eighths >= 4 { "#" } else { "" };
        }
        ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"][eighths.min(8)]
    }

    pub(crate) fn mask(self) -> &'static str {
        self.pick("•", "*")
    }

    /// Bars of a sparkline, lowest first.
    pub(crate) fn bars(self) -> [&'static str; 8] {
        if self.ascii {
            ["_", ".", ":", "-", "=", "+", "*", "#"]
        } else {
            ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
        }
    }
}

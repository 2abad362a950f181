//! How far back a chart goes, and in which steps.

use doorward_shared::admin::SeriesBy;

/// How far back a chart goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Window {
    #[default]
    Hour,
    Day,
    Week,
}

impl Window {
    pub(crate) const ALL: [Self; 3] = [Self::Hour, Self::Day, Self::Week];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Hour => "1 h",
            Self::Day => "24 h",
            Self::Week => "7 d",
        }
    }

    /// What the time is called in a sentence.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hour => "Last hour",
            Self::Day => "Last 24 hours",
            Self::Week => "Last 7 days",
        }
    }

    pub(crate) fn next(self) -> Self {
        match self {
            Self::Hour => Self::Day,
            Self::Day => Self::Week,
            Self::Week => Self::Hour,
        }
    }

    /// What the server keeps that is fine enough.
    pub(crate) fn by(self) -> SeriesBy {
        match self {
            Self::Hour | Self::Day => SeriesBy::Minute,
            Self::Week => SeriesBy::Hour,
        }
    }

    pub(crate) fn seconds(self) -> i64 {
        match self {
            Self::Hour => 3_600,
            Self::Day => 86_400,
            Self::Week => 7 * 86_400,
        }
    }

    /// Length of the finest bins, in seconds.
    pub(super) fn step(self) -> i64 {
        match self {
            Self::Hour => 60,
            Self::Day => 600,
            Self::Week => 3_600,
        }
    }
}

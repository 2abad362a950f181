//! The sentences of the mails in English.

use super::{MailText, Mails};

const NOT_YOU: &[&str] =
    &["If this was not you, set a new password at once, and look through your account."];
const IGNORE: &[&str] = &[
    "The link works once, until {until}.",
    "If you did not ask for this, ignore this mail: nothing has changed.",
];
const WORKS_ONCE: &[&str] = &["The link works once, until {until}."];

pub(super) const MAILS: Mails = Mails {
    sign_up: MailText {
        subject: "Confirm your email address",
        lines: &["An account with this address was created at {site}. Confirm that it is yours."],
        button: "Confirm the address",
        after: &[
            "The link works until {until}.",
            "If this was not you, open the link and choose “This was not me”: the account is deleted then.",
        ],
    },
    verify: MailText {
        subject: "Confirm your email address",
        lines: &["Confirm that this address belongs to your account at {site}."],
        button: "Confirm the address",
        after: IGNORE,
    },
    forgot: MailText {
        subject: "Choose a new password",
        lines: &["A new password was asked for, for your account at {site}."],
        button: "Choose a password",
        after: IGNORE,
    },
    reset: MailText {
        subject: "Choose a new password",
        lines: &[
            "Whoever runs {site} sends you this link, to choose a new password for your account.",
        ],
        button: "Choose a password",
        after: WORKS_ONCE,
    },
    invite: MailText {
        subject: "Your account at {site}",
        lines: &[
            "An account was made for you at {site}. Choose the password with which you will sign in.",
        ],
        button: "Choose a password",
        after: WORKS_ONCE,
    },
    change: MailText {
        subject: "Confirm your new email address",
        lines: &[
            "This address is to become that of the account {about} at {site}. Confirm it only if that account is yours.",
        ],
        button: "Confirm the address",
        after: &[
            "The link works once, until {until}.",
            "If that account is not yours, open the link and choose “This was not me”, or ignore this mail: nothing has changed.",
        ],
    },
    change_asked: MailText {
        subject: "Your email address is to be changed",
        lines: &[
            "The address of your account at {site} is to become {about}. It does once that address is confirmed.",
        ],
        button: "",
        after: &["If this was not you, set a new password at once: that puts an end to it."],
    },
    email_changed: MailText {
        subject: "Your email address was changed",
        lines: &["The address of your account at {site} is {about} now."],
        button: "",
        after: &["If this was not you, tell whoever runs {site}."],
    },
    new_sign_in: MailText {
        subject: "New sign-in to your account",
        lines: &["Your account at {site} was signed in to from where it was not before."],
        button: "",
        after: NOT_YOU,
    },
    password_changed: MailText {
        subject: "Your password was changed",
        lines: &["The password of your account at {site} was changed."],
        button: "",
        after: NOT_YOU,
    },
    factors_changed: MailText {
        subject: "Your second factors were changed",
        lines: &["A second factor of your account at {site} was set up, changed or removed."],
        button: "",
        after: NOT_YOU,
    },
    key_minted: MailText {
        subject: "New API key of your account",
        lines: &["An API key of your account at {site} was made."],
        button: "",
        after: NOT_YOU,
    },
    test: MailText {
        subject: "Test mail from {site}",
        lines: &["Mail from {site} arrives."],
        button: "",
        after: &[],
    },
};

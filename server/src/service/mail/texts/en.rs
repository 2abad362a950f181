//! Texts of the mails in English.

use super::{MailText, Mails};

const NOT_YOU: &[&str] =
    &["If this was not you, change your password right away and check your account."];
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
            "If this was not you, open the link and choose “This was not me”. The account is then deleted.",
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
        lines: &["Somebody asked for a new password for your account at {site}."],
        button: "Choose a password",
        after: IGNORE,
    },
    reset: MailText {
        subject: "Choose a new password",
        lines: &[
            "An administrator of {site} sent you this link to choose a new password for your account.",
        ],
        button: "Choose a password",
        after: WORKS_ONCE,
    },
    invite: MailText {
        subject: "Your account at {site}",
        lines: &[
            "An account was created for you at {site}. Choose the password that you will sign in with.",
        ],
        button: "Choose a password",
        after: WORKS_ONCE,
    },
    change: MailText {
        subject: "Confirm your new email address",
        lines: &[
            "Somebody asked to make this the address of the account {about} at {site}. Confirm it only if that account is yours.",
        ],
        button: "Confirm the address",
        after: &[
            "The link works once, until {until}.",
            "If that account is not yours, open the link and choose “This was not me”, or ignore this mail: nothing has changed.",
        ],
    },
    change_asked: MailText {
        subject: "A change of your email address was requested",
        lines: &[
            "The address of your account at {site} is to be changed to {about}. The change takes effect once the new address is confirmed.",
        ],
        button: "Open your account",
        after: &["If this was not you, change your password right away: that stops the change."],
    },
    email_changed: MailText {
        subject: "Your email address was changed",
        lines: &["The address of your account at {site} is now {about}."],
        button: "",
        after: &["If this was not you, tell an administrator of {site}."],
    },
    new_sign_in: MailText {
        subject: "New sign-in to your account",
        lines: &[
            "Somebody signed in to your account at {site} from a new place or with a new device.",
        ],
        button: "Open your account",
        after: NOT_YOU,
    },
    password_changed: MailText {
        subject: "Your password was changed",
        lines: &["The password of your account at {site} was changed."],
        button: "Open your account",
        after: NOT_YOU,
    },
    factors_changed: MailText {
        subject: "Your second factors were changed",
        lines: &["A second factor of your account at {site} was set up, changed or removed."],
        button: "Open your account",
        after: NOT_YOU,
    },
    key_minted: MailText {
        subject: "New API key for your account",
        lines: &["An API key was created for your account at {site}."],
        button: "Open your account",
        after: NOT_YOU,
    },
    test: MailText {
        subject: "Test mail from {site}",
        lines: &["If you can read this, mail from {site} works."],
        button: "",
        after: &[],
    },
};

//! Every sentence of the mails, in every language there is.

use crate::domain::mail::{Language, MailKind};

/// What one kind of mail says. `{site}`, `{about}` and `{until}` are filled in.
#[derive(Debug)]
pub(super) struct MailText {
    pub subject: &'static str,
    pub lines: &'static [&'static str],
    /// What its link says; empty where there is none.
    pub button: &'static str,
    /// After the link.
    pub after: &'static [&'static str],
}

/// Words that all mails of a language share.
#[derive(Debug)]
pub(super) struct Words {
    pub when: &'static str,
    pub from: &'static str,
    pub device: &'static str,
    /// `{site}`
    pub sent_by: &'static str,
}

pub(super) fn words(language: Language) -> &'static Words {
    match language {
        Language::En => &Words {
            when: "When",
            from: "From the address",
            device: "Device",
            sent_by: "Sent by {site}. Nobody reads answers to this mail.",
        },
        Language::De => &Words {
            when: "Wann",
            from: "Von der Adresse",
            device: "Gerät",
            sent_by: "Gesendet von {site}. Antworten auf diese Mail liest niemand.",
        },
    }
}

pub(super) fn text(kind: MailKind, language: Language) -> MailText {
    match language {
        Language::En => english(kind),
        Language::De => german(kind),
    }
}

const NOT_YOU: &[&str] =
    &["If this was not you, set a new password at once, and look through your account."];
const NICHT_SIE: &[&str] = &[
    "Wenn Sie das nicht waren, setzen Sie sofort ein neues Passwort und sehen Sie Ihr Konto durch.",
];
const IGNORE: &[&str] = &[
    "The link works once, until {until}.",
    "If you did not ask for this, ignore this mail: nothing has changed.",
];
const UEBERGEHEN: &[&str] = &[
    "Der Link gilt einmal, bis {until}.",
    "Wenn Sie nicht darum gebeten haben, übergehen Sie diese Mail: Es hat sich nichts geändert.",
];
const WORKS_ONCE: &[&str] = &["The link works once, until {until}."];
const GILT_EINMAL: &[&str] = &["Der Link gilt einmal, bis {until}."];

fn english(kind: MailKind) -> MailText {
    match kind {
        MailKind::SignUp => MailText {
            subject: "Confirm your email address",
            lines: &[
                "An account with this address was created at {site}. Confirm that it is yours.",
            ],
            button: "Confirm the address",
            after: &[
                "The link works until {until}.",
                "If this was not you, open the link and choose “This was not me”: the account is deleted then.",
            ],
        },
        MailKind::Verify => MailText {
            subject: "Confirm your email address",
            lines: &["Confirm that this address belongs to your account at {site}."],
            button: "Confirm the address",
            after: IGNORE,
        },
        MailKind::Forgot => MailText {
            subject: "Choose a new password",
            lines: &["A new password was asked for, for your account at {site}."],
            button: "Choose a password",
            after: IGNORE,
        },
        MailKind::Reset => MailText {
            subject: "Choose a new password",
            lines: &[
                "Whoever runs {site} sends you this link, to choose a new password for your account.",
            ],
            button: "Choose a password",
            after: WORKS_ONCE,
        },
        MailKind::Invite => MailText {
            subject: "Your account at {site}",
            lines: &[
                "An account was made for you at {site}. Choose the password with which you will sign in.",
            ],
            button: "Choose a password",
            after: WORKS_ONCE,
        },
        MailKind::Change => MailText {
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
        MailKind::ChangeAsked => MailText {
            subject: "Your email address is to be changed",
            lines: &[
                "The address of your account at {site} is to become {about}. It does once that address is confirmed.",
            ],
            button: "",
            after: &["If this was not you, set a new password at once: that puts an end to it."],
        },
        MailKind::EmailChanged => MailText {
            subject: "Your email address was changed",
            lines: &["The address of your account at {site} is {about} now."],
            button: "",
            after: &["If this was not you, tell whoever runs {site}."],
        },
        MailKind::NewSignIn => MailText {
            subject: "New sign-in to your account",
            lines: &["Your account at {site} was signed in to from where it was not before."],
            button: "",
            after: NOT_YOU,
        },
        MailKind::PasswordChanged => MailText {
            subject: "Your password was changed",
            lines: &["The password of your account at {site} was changed."],
            button: "",
            after: NOT_YOU,
        },
        MailKind::FactorsChanged => MailText {
            subject: "Your second factors were changed",
            lines: &["A second factor of your account at {site} was set up, changed or removed."],
            button: "",
            after: NOT_YOU,
        },
        MailKind::KeyMinted => MailText {
            subject: "New API key of your account",
            lines: &["An API key of your account at {site} was made."],
            button: "",
            after: NOT_YOU,
        },
        MailKind::Test => MailText {
            subject: "Test mail from {site}",
            lines: &["Mail from {site} arrives."],
            button: "",
            after: &[],
        },
    }
}

fn german(kind: MailKind) -> MailText {
    match kind {
        MailKind::SignUp => MailText {
            subject: "Bestätigen Sie Ihre E-Mail-Adresse",
            lines: &[
                "Mit dieser Adresse wurde bei {site} ein Konto angelegt. Bestätigen Sie, dass es Ihres ist.",
            ],
            button: "Adresse bestätigen",
            after: &[
                "Der Link gilt bis {until}.",
                "Wenn Sie das nicht waren, öffnen Sie den Link und wählen Sie „Das war ich nicht“: Dann wird das Konto gelöscht.",
            ],
        },
        MailKind::Verify => MailText {
            subject: "Bestätigen Sie Ihre E-Mail-Adresse",
            lines: &["Bestätigen Sie, dass diese Adresse zu Ihrem Konto bei {site} gehört."],
            button: "Adresse bestätigen",
            after: UEBERGEHEN,
        },
        MailKind::Forgot => MailText {
            subject: "Wählen Sie ein neues Passwort",
            lines: &["Für Ihr Konto bei {site} wurde um ein neues Passwort gebeten."],
            button: "Passwort wählen",
            after: UEBERGEHEN,
        },
        MailKind::Reset => MailText {
            subject: "Wählen Sie ein neues Passwort",
            lines: &[
                "Wer {site} betreibt, schickt Ihnen diesen Link: Wählen Sie ein neues Passwort für Ihr Konto.",
            ],
            button: "Passwort wählen",
            after: GILT_EINMAL,
        },
        MailKind::Invite => MailText {
            subject: "Ihr Konto bei {site}",
            lines: &[
                "Bei {site} wurde ein Konto für Sie angelegt. Wählen Sie das Passwort, mit dem Sie sich anmelden werden.",
            ],
            button: "Passwort wählen",
            after: GILT_EINMAL,
        },
        MailKind::Change => MailText {
            subject: "Bestätigen Sie Ihre neue E-Mail-Adresse",
            lines: &[
                "Diese Adresse soll die des Kontos {about} bei {site} werden. Bestätigen Sie sie nur, wenn das Konto Ihres ist.",
            ],
            button: "Adresse bestätigen",
            after: &[
                "Der Link gilt einmal, bis {until}.",
                "Wenn das nicht Ihr Konto ist, öffnen Sie den Link und wählen Sie „Das war ich nicht“, oder übergehen Sie diese Mail: Es hat sich nichts geändert.",
            ],
        },
        MailKind::ChangeAsked => MailText {
            subject: "Ihre E-Mail-Adresse soll geändert werden",
            lines: &[
                "Die Adresse Ihres Kontos bei {site} soll {about} werden, sobald diese Adresse bestätigt ist.",
            ],
            button: "",
            after: &[
                "Wenn Sie das nicht waren, setzen Sie sofort ein neues Passwort: Das beendet es.",
            ],
        },
        MailKind::EmailChanged => MailText {
            subject: "Ihre E-Mail-Adresse wurde geändert",
            lines: &["Die Adresse Ihres Kontos bei {site} ist jetzt {about}."],
            button: "",
            after: &["Wenn Sie das nicht waren, sagen Sie es dem, der {site} betreibt."],
        },
        MailKind::NewSignIn => MailText {
            subject: "Neue Anmeldung bei Ihrem Konto",
            lines: &[
                "Bei Ihrem Konto bei {site} hat sich jemand von dort angemeldet, von wo es noch niemand tat.",
            ],
            button: "",
            after: NICHT_SIE,
        },
        MailKind::PasswordChanged => MailText {
            subject: "Ihr Passwort wurde geändert",
            lines: &["Das Passwort Ihres Kontos bei {site} wurde geändert."],
            button: "",
            after: NICHT_SIE,
        },
        MailKind::FactorsChanged => MailText {
            subject: "Ihre zweiten Faktoren wurden geändert",
            lines: &[
                "Ein zweiter Faktor Ihres Kontos bei {site} wurde eingerichtet, geändert oder entfernt.",
            ],
            button: "",
            after: NICHT_SIE,
        },
        MailKind::KeyMinted => MailText {
            subject: "Neuer API-Schlüssel Ihres Kontos",
            lines: &["Für Ihr Konto bei {site} wurde ein API-Schlüssel angelegt."],
            button: "",
            after: NICHT_SIE,
        },
        MailKind::Test => MailText {
            subject: "Testmail von {site}",
            lines: &["Mails von {site} kommen an."],
            button: "",
            after: &[],
        },
    }
}

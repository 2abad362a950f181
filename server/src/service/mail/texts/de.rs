//! Texts of the mails in German.

use super::{MailText, Mails};

const NICHT_SIE: &[&str] =
    &["Wenn Sie das nicht waren, ändern Sie sofort Ihr Passwort und prüfen Sie Ihr Konto."];
const UEBERGEHEN: &[&str] = &[
    "Der Link gilt einmal, bis {until}.",
    "Wenn Sie das nicht waren, ignorieren Sie diese Mail: Es hat sich nichts geändert.",
];
const GILT_EINMAL: &[&str] = &["Der Link gilt einmal, bis {until}."];

pub(super) const MAILS: Mails = Mails {
    sign_up: MailText {
        subject: "Bestätigen Sie Ihre E-Mail-Adresse",
        lines: &[
            "Mit dieser Adresse wurde bei {site} ein Konto angelegt. Bestätigen Sie, dass es Ihres ist.",
        ],
        button: "Adresse bestätigen",
        after: &[
            "Der Link gilt bis {until}.",
            "Wenn Sie das nicht waren, öffnen Sie den Link und wählen Sie „Das war ich nicht“. Das Konto wird dann gelöscht.",
        ],
    },
    verify: MailText {
        subject: "Bestätigen Sie Ihre E-Mail-Adresse",
        lines: &["Bestätigen Sie, dass diese Adresse zu Ihrem Konto bei {site} gehört."],
        button: "Adresse bestätigen",
        after: UEBERGEHEN,
    },
    forgot: MailText {
        subject: "Wählen Sie ein neues Passwort",
        lines: &["Für Ihr Konto bei {site} wurde ein neues Passwort angefordert."],
        button: "Passwort wählen",
        after: UEBERGEHEN,
    },
    reset: MailText {
        subject: "Wählen Sie ein neues Passwort",
        lines: &[
            "Die Administration von {site} schickt Ihnen diesen Link, mit dem Sie ein neues Passwort für Ihr Konto wählen können.",
        ],
        button: "Passwort wählen",
        after: GILT_EINMAL,
    },
    invite: MailText {
        subject: "Ihr Konto bei {site}",
        lines: &[
            "Bei {site} wurde ein Konto für Sie angelegt. Wählen Sie das Passwort, mit dem Sie sich anmelden werden.",
        ],
        button: "Passwort wählen",
        after: GILT_EINMAL,
    },
    change: MailText {
        subject: "Bestätigen Sie Ihre neue E-Mail-Adresse",
        lines: &[
            "Diese Adresse soll die Adresse des Kontos {about} bei {site} werden. Bestätigen Sie das nur, wenn es Ihr Konto ist.",
        ],
        button: "Adresse bestätigen",
        after: &[
            "Der Link gilt einmal, bis {until}.",
            "Wenn das nicht Ihr Konto ist, öffnen Sie den Link und wählen Sie „Das war ich nicht“, oder ignorieren Sie diese Mail: Es hat sich nichts geändert.",
        ],
    },
    change_asked: MailText {
        subject: "Ihre E-Mail-Adresse soll geändert werden",
        lines: &[
            "Die Adresse Ihres Kontos bei {site} soll in {about} geändert werden. Das geschieht, sobald die neue Adresse bestätigt ist.",
        ],
        button: "Konto öffnen",
        after: &[
            "Wenn Sie das nicht waren, ändern Sie sofort Ihr Passwort: Damit ist die Änderung hinfällig.",
        ],
    },
    email_changed: MailText {
        subject: "Ihre E-Mail-Adresse wurde geändert",
        lines: &["Die Adresse Ihres Kontos bei {site} ist jetzt {about}."],
        button: "",
        after: &["Wenn Sie das nicht waren, wenden Sie sich an die Administration von {site}."],
    },
    new_sign_in: MailText {
        subject: "Neue Anmeldung bei Ihrem Konto",
        lines: &[
            "Jemand hat sich von einem neuen Ort oder mit einem neuen Gerät bei Ihrem Konto bei {site} angemeldet.",
        ],
        button: "Konto öffnen",
        after: NICHT_SIE,
    },
    password_changed: MailText {
        subject: "Ihr Passwort wurde geändert",
        lines: &["Das Passwort Ihres Kontos bei {site} wurde geändert."],
        button: "Konto öffnen",
        after: NICHT_SIE,
    },
    factors_changed: MailText {
        subject: "Ihre zweiten Faktoren wurden geändert",
        lines: &[
            "Ein zweiter Faktor Ihres Kontos bei {site} wurde eingerichtet, geändert oder entfernt.",
        ],
        button: "Konto öffnen",
        after: NICHT_SIE,
    },
    key_minted: MailText {
        subject: "Neuer API-Schlüssel für Ihr Konto",
        lines: &["Für Ihr Konto bei {site} wurde ein API-Schlüssel angelegt."],
        button: "Konto öffnen",
        after: NICHT_SIE,
    },
    test: MailText {
        subject: "Testmail von {site}",
        lines: &["Mails von {site} kommen an."],
        button: "",
        after: &[],
    },
};

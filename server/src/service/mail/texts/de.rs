//! The sentences of the mails in German.

use super::{MailText, Mails};

const NICHT_SIE: &[&str] = &[
    "Wenn Sie das nicht waren, setzen Sie sofort ein neues Passwort und sehen Sie Ihr Konto durch.",
];
const UEBERGEHEN: &[&str] = &[
    "Der Link gilt einmal, bis {until}.",
    "Wenn Sie nicht darum gebeten haben, übergehen Sie diese Mail: Es hat sich nichts geändert.",
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
            "Wenn Sie das nicht waren, öffnen Sie den Link und wählen Sie „Das war ich nicht“: Dann wird das Konto gelöscht.",
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
        lines: &["Für Ihr Konto bei {site} wurde um ein neues Passwort gebeten."],
        button: "Passwort wählen",
        after: UEBERGEHEN,
    },
    reset: MailText {
        subject: "Wählen Sie ein neues Passwort",
        lines: &[
            "Wer {site} betreibt, schickt Ihnen diesen Link: Wählen Sie ein neues Passwort für Ihr Konto.",
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
            "Diese Adresse soll die des Kontos {about} bei {site} werden. Bestätigen Sie sie nur, wenn das Konto Ihres ist.",
        ],
        button: "Adresse bestätigen",
        after: &[
            "Der Link gilt einmal, bis {until}.",
            "Wenn das nicht Ihr Konto ist, öffnen Sie den Link und wählen Sie „Das war ich nicht“, oder übergehen Sie diese Mail: Es hat sich nichts geändert.",
        ],
    },
    change_asked: MailText {
        subject: "Ihre E-Mail-Adresse soll geändert werden",
        lines: &[
            "Die Adresse Ihres Kontos bei {site} soll {about} werden, sobald diese Adresse bestätigt ist.",
        ],
        button: "",
        after: &["Wenn Sie das nicht waren, setzen Sie sofort ein neues Passwort: Das beendet es."],
    },
    email_changed: MailText {
        subject: "Ihre E-Mail-Adresse wurde geändert",
        lines: &["Die Adresse Ihres Kontos bei {site} ist jetzt {about}."],
        button: "",
        after: &["Wenn Sie das nicht waren, sagen Sie es dem, der {site} betreibt."],
    },
    new_sign_in: MailText {
        subject: "Neue Anmeldung bei Ihrem Konto",
        lines: &[
            "Bei Ihrem Konto bei {site} hat sich jemand von dort angemeldet, von wo es noch niemand tat.",
        ],
        button: "",
        after: NICHT_SIE,
    },
    password_changed: MailText {
        subject: "Ihr Passwort wurde geändert",
        lines: &["Das Passwort Ihres Kontos bei {site} wurde geändert."],
        button: "",
        after: NICHT_SIE,
    },
    factors_changed: MailText {
        subject: "Ihre zweiten Faktoren wurden geändert",
        lines: &[
            "Ein zweiter Faktor Ihres Kontos bei {site} wurde eingerichtet, geändert oder entfernt.",
        ],
        button: "",
        after: NICHT_SIE,
    },
    key_minted: MailText {
        subject: "Neuer API-Schlüssel Ihres Kontos",
        lines: &["Für Ihr Konto bei {site} wurde ein API-Schlüssel angelegt."],
        button: "",
        after: NICHT_SIE,
    },
    test: MailText {
        subject: "Testmail von {site}",
        lines: &["Mails von {site} kommen an."],
        button: "",
        after: &[],
    },
};

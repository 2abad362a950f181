//! Every sentence of the pages, in every language there is. A new language is one more table here.

use std::borrow::Cow;

use doorward_shared::ErrorCode;

use super::texts_links::{self, LinkTexts};
use crate::http::ApiError;

/// The sentences of one language. What stands in braces is filled in.
#[derive(Debug)]
pub(crate) struct Texts {
    /// BCP 47.
    pub language: &'static str,
    pub links: &'static LinkTexts,
    pub error_title: &'static str,
    pub error_detail: &'static str,
    pub bad_request: &'static str,
    pub unknown_client: &'static str,
    /// Nothing was done
    pub stale_form: &'static str,
    /// 403
    pub foreign_form: &'static str,
    /// 403
    pub wrong_issuer: &'static str,
    pub unavailable: &'static str,
    pub uncertain: &'static str,
    pub broken: &'static str,
    pub gone: &'static str,
    pub wrong_password: &'static str,
    pub factor_title: &'static str,
    pub factor_code: &'static str,
    pub factor_hint: &'static str,
    pub factor_restart: &'static str,
    pub wrong_factor: &'static str,
    /// `{minutes}`
    pub step_up_minutes: &'static str,
    /// `{seconds}`
    pub step_up_seconds: &'static str,
    pub sign_in_again: &'static str,
    pub use_passkey: &'static str,
    pub passkey_needs_script: &'static str,
    pub go_on: &'static str,
    pub account_disabled: &'static str,
    /// `{seconds}`
    pub rate_limited: &'static str,
    pub registration_closed: &'static str,
    pub blocked: &'static str,
    pub email_taken: &'static str,
    pub bad_email: &'static str,
    pub bad_password: &'static str,
    pub bad_name: &'static str,
    pub bad_scopes: &'static str,
    pub beyond_scopes: &'static str,
    pub bad_value: &'static str,
    pub not_admitted_title: &'static str,
    /// `{app}`
    pub not_admitted: &'static str,
    /// `{app}`
    pub back_to_app: &'static str,
    pub leaving_title: &'static str,
    /// Before a host.
    pub leaving_to: &'static str,
    pub stranger: &'static str,
    /// Before a host.
    pub stranger_of: &'static str,
    pub onward_title: &'static str,
    pub onward_text: &'static str,
    pub onward_link: &'static str,
    pub sign_in_title: &'static str,
    /// `{app}`
    pub sign_in_for: &'static str,
    /// A button
    pub sign_in: &'static str,
    pub sign_in_link: &'static str,
    pub email: &'static str,
    pub password: &'static str,
    pub no_account: &'static str,
    pub sign_up_link: &'static str,
    pub sign_up_title: &'static str,
    /// A button
    pub sign_up: &'static str,
    pub have_account: &'static str,
    pub password_rule: &'static str,
    pub first_name: &'static str,
    pub last_name: &'static str,
    pub optional: &'static str,
    /// The page's title
    pub consent_short: &'static str,
    /// `{app}`
    pub consent_title: &'static str,
    /// `{email}`
    pub consent_as: &'static str,
    pub not_you: &'static str,
    pub consent_may: &'static str,
    /// Above what it learns of the person.
    pub consent_about_you: &'static str,
    /// Above what it does in their name.
    pub consent_for_you: &'static str,
    pub consent_nothing: &'static str,
    pub consent_sent_to: &'static str,
    /// A button
    pub allow: &'static str,
    /// A button
    pub deny: &'static str,
    pub consent_revocable: &'static str,
    pub sign_out_title: &'static str,
    pub sign_out_question: &'static str,
    /// A button
    pub sign_out: &'static str,
    pub signed_out_title: &'static str,
    pub signed_out: &'static str,
    pub account_title: &'static str,
    pub profile: &'static str,
    pub sessions: &'static str,
    pub keys: &'static str,
    pub apps: &'static str,
    pub done: &'static str,
    /// A button
    pub save: &'static str,
    pub current_password: &'static str,
    pub new_password: &'static str,
    pub password_ends: &'static str,
    pub password_ends_keys: &'static str,
    /// A button
    pub change_password: &'static str,
    pub this_session: &'static str,
    /// Before a time
    pub since: &'static str,
    /// Before a time
    pub last_seen: &'static str,
    /// A button
    pub end: &'static str,
    /// `{device}`
    pub end_session_of: &'static str,
    /// A button
    pub end_others: &'static str,
    pub no_keys: &'static str,
    pub new_key: &'static str,
    pub key_name: &'static str,
    pub key_scopes: &'static str,
    pub key_narrower: &'static str,
    pub key_narrower_hint: &'static str,
    pub key_expires: &'static str,
    /// `{days}`
    pub in_days: &'static str,
    pub never: &'static str,
    /// A button
    pub make_key: &'static str,
    /// `{name}`
    pub key_made: &'static str,
    pub key_once: &'static str,
    /// Before a time
    pub expires: &'static str,
    /// Before a time
    pub last_used: &'static str,
    pub never_used: &'static str,
    /// A button
    pub revoke: &'static str,
    /// `{name}`
    pub revoke_key: &'static str,
    /// `{app}`
    pub revoke_app: &'static str,
    pub no_apps: &'static str,
    pub keep_signed_in: &'static str,
    /// A button
    pub sign_in_with_passkey: &'static str,
    pub wrong_passkey: &'static str,
    pub enrol_title: &'static str,
    pub enrol_why: &'static str,
    pub enrol_scan: &'static str,
    pub enrol_picture: &'static str,
    pub enrol_open: &'static str,
    pub enrol_type: &'static str,
    pub enrol_code: &'static str,
    pub enrol_code_hint: &'static str,
    pub codes_title: &'static str,
    pub codes_text: &'static str,
    pub codes_kept: &'static str,
    pub factors: &'static str,
    pub factors_why: &'static str,
    pub totp: &'static str,
    pub totp_on: &'static str,
    /// A button
    pub totp_set_up: &'static str,
    /// A button
    pub totp_take_into_use: &'static str,
    /// A button
    pub totp_remove: &'static str,
    pub totp_code_now: &'static str,
    /// `{left}`
    pub recovery_left: &'static str,
    /// A button
    pub recovery_new: &'static str,
    pub recovery_new_hint: &'static str,
    pub passkeys: &'static str,
    pub no_passkeys: &'static str,
    pub passkey_name: &'static str,
    pub passkey_name_hint: &'static str,
    /// A button
    pub passkey_add: &'static str,
    /// A button
    pub passkey_create: &'static str,
    /// `{name}`
    pub passkey_create_hint: &'static str,
    /// `{name}`
    pub passkey_remove: &'static str,
    /// A button
    pub remove: &'static str,
    pub last_factor: &'static str,
    pub data: &'static str,
    pub data_export_hint: &'static str,
    pub data_export: &'static str,
    pub data_delete: &'static str,
    pub data_delete_hint: &'static str,
    pub data_no_deletion: &'static str,
    pub last_admin: &'static str,
    pub deleted_title: &'static str,
    pub deleted: &'static str,
    pub today: &'static str,
    pub yesterday: &'static str,
    /// Monday first.
    pub weekdays: [&'static str; 7],
    pub months: [&'static str; 12],
    /// `{day}`, `{month}` and `{year}`
    pub date: &'static str,
    pub scope_openid: &'static str,
    pub scope_profile: &'static str,
    pub scope_email: &'static str,
    pub scope_groups: &'static str,
    pub scope_offline: &'static str,
    pub scope_read: &'static str,
    /// `{what}`
    pub scope_read_of: &'static str,
    pub scope_write: &'static str,
    /// `{what}`
    pub scope_write_of: &'static str,
    pub scope_admin: &'static str,
    /// `{what}`
    pub scope_admin_read: &'static str,
    /// `{what}`
    pub scope_admin_of: &'static str,
    /// `{what}`
    pub scope_other: &'static str,
}

pub(super) const EN: Texts = Texts {
    language: "en",
    links: &texts_links::EN,
    error_title: "Something is not right",
    error_detail: "For whoever looks after the application:",
    bad_request: "The request cannot be answered. Go back to the application and try again.",
    unknown_client: "The application that sent you here is not known to this server.",
    stale_form: "This form had been sent before, was too old, or came from another browser. Nothing was done with it. Please send it again.",
    foreign_form: "Another website sent this form here. Nothing was done with it.",
    wrong_issuer: "This server was opened at an address that it is not set up for. Whoever runs it can mend that.",
    unavailable: "The server cannot do this right now. Nothing was changed. Try again in a moment.",
    uncertain: "The server cannot do this right now. Look whether the change is there before you try again.",
    broken: "Something failed inside the server. Try again later.",
    gone: "It is not there any more.",
    wrong_password: "The email address or the password is wrong.",
    factor_title: "Confirm that it is you",
    factor_code: "Code",
    factor_hint: "The six digits of your authenticator, or a recovery code.",
    factor_restart: "Sign in with another account",
    wrong_factor: "The code or passkey is wrong, or has been used.",
    step_up_minutes: "This needs a sign-in of the last {minutes} minutes, and yours is older. Nothing was done.",
    step_up_seconds: "This needs a sign-in of the last {seconds} seconds, and yours is older. Nothing was done.",
    sign_in_again: "Sign in again",
    use_passkey: "Use a passkey",
    passkey_needs_script: "Passkeys need JavaScript.",
    go_on: "Continue",
    account_disabled: "This account has been disabled. Ask whoever runs this place.",
    rate_limited: "Too many attempts. Try again in {seconds} seconds.",
    registration_closed: "New accounts are made by whoever runs this place.",
    blocked: "Signing in is blocked from your network for a while. Try again later, or from elsewhere.",
    email_taken: "There is an account with this email address already. Sign in instead.",
    bad_email: "This is not an email address that can be used.",
    bad_password: "Choose another password: at least 8 characters, none that many people use, and not your email address.",
    bad_name: "A name has at most 200 characters, all of them visible.",
    bad_scopes: "Choose at least one scope, written as lower-case words joined by colons.",
    beyond_scopes: "A key cannot do more than you can.",
    bad_value: "A value is not allowed.",
    not_admitted_title: "No access",
    not_admitted: "Your account may not sign in to {app}. Ask whoever runs this place to add you to one of its groups.",
    back_to_app: "Back to {app}",
    leaving_title: "You are leaving this site",
    leaving_to: "The link leads to",
    stranger: "This application registered itself here. Nobody has checked its name.",
    stranger_of: "It is described at",
    onward_title: "One moment",
    onward_text: "You are being taken on.",
    onward_link: "Continue",
    sign_in_title: "Sign in",
    sign_in_for: "Sign in to continue to {app}",
    sign_in: "Sign in",
    sign_in_link: "Sign in",
    email: "Email address",
    password: "Password",
    no_account: "New here?",
    sign_up_link: "Create an account",
    sign_up_title: "Create an account",
    sign_up: "Create account",
    have_account: "You have an account?",
    password_rule: "At least 8 characters. A few words in a row are easy to remember and hard to guess.",
    first_name: "First name",
    last_name: "Last name",
    optional: "(optional)",
    consent_short: "Allow access",
    consent_title: "{app} wants to use your account",
    consent_as: "You are signed in as {email}.",
    not_you: "Not you?",
    consent_may: "If you allow it, the application can:",
    consent_about_you: "About you",
    consent_for_you: "In your name",
    consent_nothing: "It asks for nothing but to know that you have signed in.",
    consent_sent_to: "Afterwards you are sent to",
    allow: "Allow",
    deny: "Do not allow",
    consent_revocable: "You can take this back on your account page at any time.",
    sign_out_title: "Sign out",
    sign_out_question: "Do you want to sign out in this browser?",
    sign_out: "Sign out",
    signed_out_title: "Signed out",
    signed_out: "You are signed out in this browser.",
    account_title: "Your account",
    profile: "Profile",
    sessions: "Where you are signed in",
    keys: "API keys",
    apps: "Connected applications",
    done: "Done.",
    save: "Save",
    current_password: "Current password",
    new_password: "New password",
    password_ends: "Everything else that is signed in to your account is signed out.",
    password_ends_keys: "Revoke all my API keys too",
    change_password: "Change password",
    this_session: "this browser",
    since: "since",
    last_seen: "last seen",
    end: "End",
    end_session_of: "End the session of {device}",
    end_others: "End all others",
    no_keys: "You have no API keys.",
    new_key: "Make a new key",
    key_name: "What is it for?",
    key_scopes: "What may it do?",
    key_narrower: "Something narrower",
    key_narrower_hint: "Scopes below those you hold, such as read:orders, with spaces between them.",
    key_expires: "When does it expire?",
    in_days: "in {days} days",
    never: "never",
    make_key: "Make key",
    key_made: "The key “{name}”:",
    key_once: "Copy it now: it is shown this once.",
    expires: "expires",
    last_used: "last used",
    never_used: "never used",
    revoke: "Revoke",
    revoke_key: "Revoke the key {name}",
    revoke_app: "Revoke the access of {app}",
    no_apps: "You have let no application in.",
    keep_signed_in: "Keep me signed in",
    sign_in_with_passkey: "Sign in with a passkey",
    wrong_passkey: "This passkey is not known here, or its answer came too late. Try again, or sign in with your password.",
    enrol_title: "Set up a second factor",
    enrol_why: "Your account needs a second factor beside the password. It takes a minute, and an authenticator app.",
    enrol_scan: "Scan this with your authenticator app:",
    enrol_picture: "QR code for the authenticator app",
    enrol_open: "Open the app on this device",
    enrol_type: "Or type this key into the app:",
    enrol_code: "Code that the app shows",
    enrol_code_hint: "Six digits; they change every 30 seconds.",
    codes_title: "Keep your recovery codes",
    codes_text: "Each of these codes lets you in once, should you lose your second factor. They are shown this once: print them or write them down.",
    codes_kept: "I have kept them. Continue",
    factors: "Second factors",
    factors_why: "With a second factor a stolen password is not enough to be you.",
    totp: "Authenticator app",
    totp_on: "A code of your authenticator app is asked for at sign-in.",
    totp_set_up: "Set up an authenticator app",
    totp_take_into_use: "Turn on",
    totp_remove: "Turn off the authenticator app",
    totp_code_now: "A code of the app",
    recovery_left: "Recovery codes left: {left}",
    recovery_new: "Make new recovery codes",
    recovery_new_hint: "Those you have stop working.",
    passkeys: "Passkeys",
    no_passkeys: "You have no passkeys. With one you sign in by fingerprint, face or PIN, without a password.",
    passkey_name: "Name of the passkey",
    passkey_name_hint: "Such as “Phone” or “Key on the keyring”.",
    passkey_add: "Add a passkey",
    passkey_create: "Create the passkey now",
    passkey_create_hint: "Your browser asks you to confirm “{name}”.",
    passkey_remove: "Remove the passkey {name}",
    remove: "Remove",
    last_factor: "Your account must have a second factor: set another one up first.",
    data: "Your data",
    data_export_hint: "What this server keeps about you, as a file.",
    data_export: "Download my data",
    data_delete: "Delete my account",
    data_delete_hint: "Your account is deleted at once, with all sessions, keys and connections. This cannot be undone.",
    data_no_deletion: "Accounts are deleted by whoever runs this place.",
    last_admin: "You are the last administrator of this server: it would be nobody's.",
    deleted_title: "Your account is deleted",
    deleted: "Nothing of it is left to sign in with.",
    today: "today",
    yesterday: "yesterday",
    weekdays: [
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
    ],
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    date: "{day} {month} {year}",
    scope_openid: "know who you are",
    scope_profile: "see your name",
    scope_email: "see your email address",
    scope_groups: "see your groups and your role",
    scope_offline: "keep this access while you are away",
    scope_read: "see all your data",
    scope_read_of: "see your data: {what}",
    scope_write: "change all your data",
    scope_write_of: "change your data: {what}",
    scope_admin: "do everything an administrator of this server can do",
    scope_admin_read: "see, as an administrator: {what}",
    scope_admin_of: "manage, as an administrator: {what}",
    scope_other: "use: {what}",
};

pub(super) const DE: Texts = Texts {
    language: "de",
    links: &texts_links::DE,
    error_title: "Da stimmt etwas nicht",
    error_detail: "Für die Betreuung der Anwendung:",
    bad_request: "Die Anfrage kann nicht beantwortet werden. Gehen Sie zurück zur Anwendung und versuchen Sie es noch einmal.",
    unknown_client: "Die Anwendung, die Sie hierher geschickt hat, ist diesem Server nicht bekannt.",
    stale_form: "Dieses Formular wurde schon einmal gesendet, war zu alt oder kam aus einem anderen Browser. Es wurde nichts getan. Bitte senden Sie es noch einmal.",
    foreign_form: "Eine andere Website hat dieses Formular hierher gesendet. Es wurde nichts getan.",
    wrong_issuer: "Dieser Dienst wurde unter einer Adresse geöffnet, für die er nicht eingerichtet ist. Wer ihn betreibt, kann das beheben.",
    unavailable: "Der Server kann das gerade nicht tun. Es wurde nichts geändert. Versuchen Sie es gleich noch einmal.",
    uncertain: "Der Server kann das gerade nicht tun. Sehen Sie nach, ob die Änderung da ist, bevor Sie es noch einmal versuchen.",
    broken: "Im Server ist etwas fehlgeschlagen. Versuchen Sie es später noch einmal.",
    gone: "Das gibt es nicht mehr.",
    wrong_password: "Die E-Mail-Adresse oder das Passwort ist falsch.",
    factor_title: "Bestätigen Sie, dass Sie es sind",
    factor_code: "Code",
    factor_hint: "Die sechs Ziffern Ihrer Authenticator-App oder ein Wiederherstellungscode.",
    factor_restart: "Mit einem anderen Konto anmelden",
    wrong_factor: "Der Code oder Passkey ist falsch oder wurde schon benutzt.",
    step_up_minutes: "Dafür muss die Anmeldung jünger als {minutes} Minuten sein, Ihre ist älter. Es wurde nichts getan.",
    step_up_seconds: "Dafür muss die Anmeldung jünger als {seconds} Sekunden sein, Ihre ist älter. Es wurde nichts getan.",
    sign_in_again: "Neu anmelden",
    use_passkey: "Passkey verwenden",
    passkey_needs_script: "Passkeys brauchen JavaScript.",
    go_on: "Weiter",
    account_disabled: "Dieses Konto ist gesperrt. Fragen Sie, wer diesen Dienst betreibt.",
    rate_limited: "Zu viele Versuche. Versuchen Sie es in {seconds} Sekunden wieder.",
    registration_closed: "Neue Konten legt an, wer diesen Dienst betreibt.",
    blocked: "Aus Ihrem Netz ist die Anmeldung für eine Weile gesperrt. Versuchen Sie es später oder von anderswo.",
    email_taken: "Mit dieser E-Mail-Adresse gibt es schon ein Konto. Melden Sie sich damit an.",
    bad_email: "Diese E-Mail-Adresse kann nicht verwendet werden.",
    bad_password: "Wählen Sie ein anderes Passwort: mindestens 8 Zeichen, keines, das viele benutzen, und nicht Ihre E-Mail-Adresse.",
    bad_name: "Ein Name hat höchstens 200 Zeichen, alle sichtbar.",
    bad_scopes: "Wählen Sie mindestens eine Berechtigung: Kleinbuchstaben, durch Doppelpunkte verbunden.",
    beyond_scopes: "Ein Schlüssel kann nicht mehr, als Sie selbst können.",
    bad_value: "Ein Wert ist nicht erlaubt.",
    not_admitted_title: "Kein Zugang",
    not_admitted: "Ihr Konto darf sich bei {app} nicht anmelden. Bitten Sie, wer diesen Dienst betreibt, Sie in eine der Gruppen aufzunehmen.",
    back_to_app: "Zurück zu {app}",
    leaving_title: "Sie verlassen diese Seite",
    leaving_to: "Der Link führt zu",
    stranger: "Diese Anwendung hat sich hier selbst angemeldet. Niemand hat ihren Namen geprüft.",
    stranger_of: "Beschrieben wird sie auf",
    onward_title: "Einen Moment",
    onward_text: "Sie werden weitergeleitet.",
    onward_link: "Weiter",
    sign_in_title: "Anmelden",
    sign_in_for: "Melden Sie sich an, um zu {app} zu gelangen",
    sign_in: "Anmelden",
    sign_in_link: "Anmelden",
    email: "E-Mail-Adresse",
    password: "Passwort",
    no_account: "Neu hier?",
    sign_up_link: "Konto anlegen",
    sign_up_title: "Konto anlegen",
    sign_up: "Konto anlegen",
    have_account: "Sie haben ein Konto?",
    password_rule: "Mindestens 8 Zeichen. Ein paar Wörter hintereinander sind leicht zu merken und schwer zu raten.",
    first_name: "Vorname",
    last_name: "Nachname",
    optional: "(freiwillig)",
    consent_short: "Zugriff erlauben",
    consent_title: "{app} möchte Ihr Konto nutzen",
    consent_as: "Sie sind angemeldet als {email}.",
    not_you: "Nicht Sie?",
    consent_may: "Wenn Sie es erlauben, kann die Anwendung:",
    consent_about_you: "Über Sie",
    consent_for_you: "In Ihrem Namen",
    consent_nothing: "Sie möchte nur wissen, dass Sie sich angemeldet haben.",
    consent_sent_to: "Danach werden Sie weitergeleitet zu",
    allow: "Erlauben",
    deny: "Nicht erlauben",
    consent_revocable: "Sie können das auf Ihrer Kontoseite jederzeit zurücknehmen.",
    sign_out_title: "Abmelden",
    sign_out_question: "Möchten Sie sich in diesem Browser abmelden?",
    sign_out: "Abmelden",
    signed_out_title: "Abgemeldet",
    signed_out: "Sie sind in diesem Browser abgemeldet.",
    account_title: "Ihr Konto",
    profile: "Profil",
    sessions: "Wo Sie angemeldet sind",
    keys: "API-Schlüssel",
    apps: "Verbundene Anwendungen",
    done: "Erledigt.",
    save: "Speichern",
    current_password: "Jetziges Passwort",
    new_password: "Neues Passwort",
    password_ends: "Alles andere, was bei Ihrem Konto angemeldet ist, wird abgemeldet.",
    password_ends_keys: "Auch alle meine API-Schlüssel widerrufen",
    change_password: "Passwort ändern",
    this_session: "dieser Browser",
    since: "seit",
    last_seen: "zuletzt gesehen",
    end: "Beenden",
    end_session_of: "Sitzung von {device} beenden",
    end_others: "Alle anderen beenden",
    no_keys: "Sie haben keine API-Schlüssel.",
    new_key: "Neuen Schlüssel anlegen",
    key_name: "Wofür ist er?",
    key_scopes: "Was darf er?",
    key_narrower: "Etwas Engeres",
    key_narrower_hint: "Berechtigungen unterhalb Ihrer eigenen, etwa read:orders, durch Leerzeichen getrennt.",
    key_expires: "Wann läuft er ab?",
    in_days: "in {days} Tagen",
    never: "nie",
    make_key: "Schlüssel anlegen",
    key_made: "Der Schlüssel „{name}“:",
    key_once: "Kopieren Sie ihn jetzt: er wird nur dieses eine Mal gezeigt.",
    expires: "läuft ab",
    last_used: "zuletzt benutzt",
    never_used: "nie benutzt",
    revoke: "Widerrufen",
    revoke_key: "Schlüssel {name} widerrufen",
    revoke_app: "Zugriff von {app} widerrufen",
    no_apps: "Sie haben keiner Anwendung Zugriff erlaubt.",
    keep_signed_in: "Angemeldet bleiben",
    sign_in_with_passkey: "Mit Passkey anmelden",
    wrong_passkey: "Dieser Passkey ist hier nicht bekannt, oder seine Antwort kam zu spät. Versuchen Sie es noch einmal, oder melden Sie sich mit dem Passwort an.",
    enrol_title: "Zweiten Faktor einrichten",
    enrol_why: "Ihr Konto braucht neben dem Passwort einen zweiten Faktor. Das dauert eine Minute und braucht eine Authenticator-App.",
    enrol_scan: "Scannen Sie dies mit Ihrer Authenticator-App:",
    enrol_picture: "QR-Code für die Authenticator-App",
    enrol_open: "Die App auf diesem Gerät öffnen",
    enrol_type: "Oder tippen Sie diesen Schlüssel in die App:",
    enrol_code: "Code, den die App zeigt",
    enrol_code_hint: "Sechs Ziffern, sie wechseln alle 30 Sekunden.",
    codes_title: "Bewahren Sie Ihre Wiederherstellungscodes auf",
    codes_text: "Jeder dieser Codes lässt Sie einmal ein, falls Sie Ihren zweiten Faktor verlieren. Sie werden nur dieses eine Mal gezeigt: drucken Sie sie aus oder schreiben Sie sie auf.",
    codes_kept: "Ich habe sie aufbewahrt. Weiter",
    factors: "Zweite Faktoren",
    factors_why: "Mit einem zweiten Faktor genügt ein gestohlenes Passwort nicht, um sich als Sie anzumelden.",
    totp: "Authenticator-App",
    totp_on: "Beim Anmelden wird nach einem Code Ihrer Authenticator-App gefragt.",
    totp_set_up: "Authenticator-App einrichten",
    totp_take_into_use: "Einschalten",
    totp_remove: "Authenticator-App ausschalten",
    totp_code_now: "Ein Code der App",
    recovery_left: "Übrige Wiederherstellungscodes: {left}",
    recovery_new: "Neue Wiederherstellungscodes anlegen",
    recovery_new_hint: "Die bisherigen gelten dann nicht mehr.",
    passkeys: "Passkeys",
    no_passkeys: "Sie haben keine Passkeys. Mit einem melden Sie sich per Fingerabdruck, Gesicht oder PIN an, ohne Passwort.",
    passkey_name: "Name des Passkeys",
    passkey_name_hint: "Etwa „Handy“ oder „Schlüssel am Bund“.",
    passkey_add: "Passkey hinzufügen",
    passkey_create: "Passkey jetzt anlegen",
    passkey_create_hint: "Ihr Browser bittet Sie, „{name}“ zu bestätigen.",
    passkey_remove: "Passkey {name} entfernen",
    remove: "Entfernen",
    last_factor: "Ihr Konto muss einen zweiten Faktor haben: richten Sie zuerst einen anderen ein.",
    data: "Ihre Daten",
    data_export_hint: "Was dieser Server über Sie gespeichert hat, als Datei.",
    data_export: "Meine Daten herunterladen",
    data_delete: "Mein Konto löschen",
    data_delete_hint: "Ihr Konto wird sofort gelöscht, mit allen Sitzungen, Schlüsseln und Verbindungen. Das lässt sich nicht rückgängig machen.",
    data_no_deletion: "Konten löscht, wer diesen Dienst betreibt.",
    last_admin: "Sie sind die letzte Person, die diesen Server verwaltet: er gehörte niemandem mehr.",
    deleted_title: "Ihr Konto ist gelöscht",
    deleted: "Es gibt nichts mehr, womit man sich dort anmelden könnte.",
    today: "heute",
    yesterday: "gestern",
    weekdays: [
        "Montag",
        "Dienstag",
        "Mittwoch",
        "Donnerstag",
        "Freitag",
        "Samstag",
        "Sonntag",
    ],
    months: [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
    date: "{day}. {month} {year}",
    scope_openid: "wissen, wer Sie sind",
    scope_profile: "Ihren Namen sehen",
    scope_email: "Ihre E-Mail-Adresse sehen",
    scope_groups: "Ihre Gruppen und Ihre Rolle sehen",
    scope_offline: "diesen Zugriff behalten, wenn Sie nicht da sind",
    scope_read: "alle Ihre Daten sehen",
    scope_read_of: "Ihre Daten sehen: {what}",
    scope_write: "alle Ihre Daten ändern",
    scope_write_of: "Ihre Daten ändern: {what}",
    scope_admin: "alles tun, was die Verwaltung dieses Servers kann",
    scope_admin_read: "in der Verwaltung sehen: {what}",
    scope_admin_of: "in der Verwaltung ändern: {what}",
    scope_other: "nutzen: {what}",
};

/// All languages; the first is spoken where nobody asks for another.
pub(super) const ALL: [&Texts; 2] = [&EN, &DE];

/// Puts a value in the place of `{name}`.
pub(super) fn fill(text: &str, name: &str, value: &str) -> String {
    text.replace(&format!("{{{name}}}"), value)
}

impl Texts {
    /// What an error is to a person.
    pub(crate) fn of_error(&self, error: &ApiError) -> Cow<'static, str> {
        let text = match (error.code(), error.field()) {
            (ErrorCode::RateLimited, _) => {
                let seconds = error.retry_after().unwrap_or(1).to_string();
                return fill(self.rate_limited, "seconds", &seconds).into();
            }
            (ErrorCode::StepUpRequired, _) => {
                let seconds = error.max_age().unwrap_or_default();
                let (text, unit, number) = match seconds {
                    120.. if seconds.is_multiple_of(60) => {
                        (self.step_up_minutes, "minutes", seconds / 60)
                    }
                    _ => (self.step_up_seconds, "seconds", seconds),
                };
                return fill(text, unit, &number.to_string()).into();
            }
            (ErrorCode::InvalidCredentials, _) => self.wrong_password,
            (ErrorCode::AccountDisabled, _) => self.account_disabled,
            (ErrorCode::EmailNotVerified, _) => self.links.sign_in_unverified,
            (ErrorCode::MailDisabled, _) => self.links.no_mail,
            (ErrorCode::RegistrationClosed, _) => self.registration_closed,
            (ErrorCode::Blocked, _) => self.blocked,
            (ErrorCode::EmailTaken, _) => self.email_taken,
            (ErrorCode::ValidationFailed, Some("email")) => self.bad_email,
            (ErrorCode::ValidationFailed, Some("password" | "newPassword")) => self.bad_password,
            (ErrorCode::ValidationFailed, Some("firstName" | "lastName" | "name")) => self.bad_name,
            (ErrorCode::ValidationFailed, Some("scopes")) => self.bad_scopes,
            (ErrorCode::ValidationFailed, _) => self.bad_value,
            (ErrorCode::InsufficientScope, _) => self.beyond_scopes,
            (ErrorCode::NotFound | ErrorCode::TokenRevoked | ErrorCode::TokenExpired, _) => {
                self.gone
            }
            (ErrorCode::StorageUnavailable, _) if error.is_uncertain() => self.uncertain,
            (ErrorCode::Overloaded | ErrorCode::StorageUnavailable, _) => self.unavailable,
            (ErrorCode::InternalError, _) => self.broken,
            _ => self.bad_request,
        };
        text.into()
    }

    /// What a scope allows, in plain words.
    pub(crate) fn of_scope(&self, scope: &str) -> Cow<'static, str> {
        let text = match scope {
            "openid" => self.scope_openid,
            "profile" => self.scope_profile,
            "email" => self.scope_email,
            "groups" => self.scope_groups,
            "offline_access" => self.scope_offline,
            "read" => self.scope_read,
            "write" => self.scope_write,
            "admin" => self.scope_admin,
            _ => return self.of_part(scope),
        };
        text.into()
    }

    fn of_part(&self, scope: &str) -> Cow<'static, str> {
        let (top, rest) = scope.split_once(':').unwrap_or((scope, ""));
        let words = |text: &str| text.replace(':', " › ");
        let (text, what) = match (top, rest.strip_suffix(":read")) {
            ("admin", Some(part)) => (self.scope_admin_read, words(part)),
            ("admin", None) => (self.scope_admin_of, words(rest)),
            ("read", _) => (self.scope_read_of, words(rest)),
            ("write", _) => (self.scope_write_of, words(rest)),
            _ => (self.scope_other, words(scope)),
        };
        fill(text, "what", &what).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_said_in_plain_words() {
        assert_eq!(EN.of_scope("openid"), "know who you are");
        assert_eq!(EN.of_scope("read:orders"), "see your data: orders");
        assert_eq!(
            EN.of_scope("admin:users:read"),
            "see, as an administrator: users"
        );
        assert_eq!(
            EN.of_scope("admin:users"),
            "manage, as an administrator: users"
        );
        assert_eq!(EN.of_scope("print:labels"), "use: print › labels");
    }

    #[test]
    fn an_error_says_when_to_come_again() {
        let error = ApiError::from(crate::state::limits::RetryAfter(42));
        assert!(EN.of_error(&error).contains("42 seconds"));
        assert!(DE.of_error(&error).contains("42 Sekunden"));
        let text = |seconds| EN.of_error(&ApiError::step_up(seconds)).into_owned();
        assert!(text(900).contains("the last 15 minutes"));
        assert!(text(60).contains("the last 60 seconds"));
        assert!(text(90).contains("the last 90 seconds"));
    }
}

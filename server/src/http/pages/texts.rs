//! Texts of the pages, one table per language. To add a language, add a table.

mod de;
mod en;

use std::borrow::Cow;

use doorward_shared::ErrorCode;

pub(super) use self::{de::DE, en::EN};
use super::texts_links::LinkTexts;
use crate::{domain::mail::Language, http::ApiError};

/// The texts of one language. Placeholders are in braces.
#[derive(Debug)]
pub(crate) struct Texts {
    pub language: Language,
    pub links: &'static LinkTexts,
    pub error_title: &'static str,
    pub error_detail: &'static str,
    pub bad_request: &'static str,
    pub unknown_client: &'static str,
    /// Shown when nothing was done.
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
    /// For a signed-in user.
    pub wrong_own_password: &'static str,
    pub factor_title: &'static str,
    pub factor_code: &'static str,
    pub factor_hint: &'static str,
    pub factor_hint_app: &'static str,
    pub recovery_code: &'static str,
    pub recovery_code_hint: &'static str,
    pub factor_restart: &'static str,
    pub wrong_code: &'static str,
    pub wrong_passkey_again: &'static str,
    pub passkey_not_made: &'static str,
    pub conflict: &'static str,
    /// `{minutes}`
    pub step_up_minutes: &'static str,
    pub factor_first: &'static str,
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
    pub refused_stranger: &'static str,
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
    /// Above the scopes that disclose data to it.
    pub consent_about_you: &'static str,
    /// Above the scopes that let it act for the user.
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
    /// A link to rows that are not shown
    pub older: &'static str,
    /// A link to the rows that are shown first
    pub newest: &'static str,
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
    pub recovery_codes: &'static str,
    pub recovery_none: &'static str,
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
    /// Names of the scopes below `admin`.
    pub admin_parts: [(&'static str, &'static str); 8],
}

/// All languages; the first is the default.
pub(super) const ALL: [&Texts; 2] = [&EN, &DE];

/// Replaces `{name}` by a value.
pub(super) fn fill(text: &str, name: &str, value: &str) -> String {
    text.replace(&format!("{{{name}}}"), value)
}

impl Texts {
    /// The message of an error for users.
    pub(crate) fn of_error(&self, error: &ApiError) -> Cow<'static, str> {
        let text = match (error.code(), error.field()) {
            (ErrorCode::RateLimited, _) => {
                let seconds = error.retry_after().unwrap_or(1).to_string();
                return fill(self.rate_limited, "seconds", &seconds).into();
            }
            (ErrorCode::StepUpRequired, _) => {
                let Some(seconds) = error.max_age() else {
                    return self.factor_first.into();
                };
                let (text, unit, number) = match seconds {
                    120.. if seconds.is_multiple_of(60) => {
                        (self.step_up_minutes, "minutes", seconds / 60)
                    }
                    _ => (self.step_up_seconds, "seconds", seconds),
                };
                return fill(text, unit, &number.to_string()).into();
            }
            (ErrorCode::InvalidCredentials, Some("code")) => self.wrong_code,
            (ErrorCode::InvalidCredentials, Some(_)) => self.wrong_own_password,
            (ErrorCode::InvalidCredentials, None) => self.wrong_password,
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
            (ErrorCode::ValidationFailed, Some("credential")) => self.passkey_not_made,
            (ErrorCode::ValidationFailed, _) => self.bad_value,
            (ErrorCode::Conflict, _) => self.conflict,
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

    /// Plain description of a scope.
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
        let admin = |part: &str| {
            let known = self.admin_parts.iter().find(|(scope, _)| *scope == part);
            known.map_or_else(|| words(part), |(_, text)| (*text).to_owned())
        };
        let (text, what) = match (top, rest.strip_suffix(":read")) {
            ("admin", Some(part)) => (self.scope_admin_read, admin(part)),
            ("admin", None) => (self.scope_admin_of, admin(rest)),
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
            "see, as an administrator: accounts"
        );
        assert_eq!(
            EN.of_scope("admin:users"),
            "manage, as an administrator: accounts"
        );
        assert_eq!(EN.of_scope("print:labels"), "use: print › labels");
        let apikeys = DE.of_scope("admin:apikeys:read");
        assert_eq!(apikeys, "in der Verwaltung sehen: API-Schlüssel");
        assert_eq!(DE.of_scope("admin:jobs"), "in der Verwaltung ändern: jobs");
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

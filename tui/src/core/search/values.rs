//! Values that terms take everywhere.

/// Grants of clients.
pub(crate) const GRANTS: [&str; 3] = ["authorization_code", "client_credentials", "refresh_token"];

/// How long ago, or how soon.
pub(crate) const SPANS: [&str; 6] = ["15m", "1h", "24h", "7d", "30d", "90d"];

/// What events tell of. A server may know more: those in the list are offered too.
pub(crate) const ACTIONS: [&str; 40] = [
    "apikey.created",
    "apikey.revoked",
    "apikey.rotated",
    "apikey.updated",
    "client.created",
    "client.deleted",
    "client.refused",
    "client.secret_rotated",
    "client.updated",
    "consent.given",
    "consent.revoked",
    "link.created",
    "login.failed",
    "mail.failed",
    "mfa.passkey_added",
    "mfa.passkey_removed",
    "mfa.recovery_codes_replaced",
    "mfa.removed",
    "mfa.totp_disabled",
    "mfa.totp_enabled",
    "network.blocked",
    "network.unblocked",
    "role.created",
    "role.deleted",
    "role.updated",
    "server.backed_up",
    "session.created",
    "session.logout",
    "session.replayed",
    "session.revoked",
    "signing_key.revoked",
    "signing_key.rotated",
    "token.revoked",
    "user.created",
    "user.deleted",
    "user.disabled",
    "user.enabled",
    "user.password_changed",
    "user.registered",
    "user.updated",
];

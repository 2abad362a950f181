-- Since when the address of an account is known to be its holder's. Null where it was from the start: an operator vouches for
-- it, or whoever verified it was signed in to the account. What was set up before may be somebody else's.
ALTER TABLE users ADD COLUMN verified_at INTEGER;
UPDATE users SET verified_at =
    (SELECT max(time) FROM events WHERE events.user_id = users.id AND events.action = 'user.email_verified')
  WHERE signed_up = 1 AND email_verified = 1;
ALTER TABLE recovery_codes ADD COLUMN made_at INTEGER NOT NULL DEFAULT 0;
UPDATE recovery_codes SET made_at = coalesce(
  (SELECT confirmed_at FROM totp WHERE totp.user_id = recovery_codes.user_id),
  (SELECT max(created_at) FROM passkeys WHERE passkeys.user_id = recovery_codes.user_id), 0);

-- When an address was verified without its account: by a link that nobody opened who was signed in to it, or by an operator.
-- Somebody else may have opened the account, and may use it still. Null where what the account has is its holder's; accounts
-- from before count as such.
ALTER TABLE users ADD COLUMN verified_at INTEGER;

-- The SHA-256 (hex) of an app's whole credential: what Redis keeps of a user's password (ADR 0034). Credentials from before have none
-- and open the HTTP feed alone, until the app gets a new one.
ALTER TABLE app_credential ADD COLUMN redis_password text;

-- A directory's own extension of its profile, as the TOML text an operator wrote (ADR 0027); read with the token's record.
ALTER TABLE directory ADD COLUMN extension text;

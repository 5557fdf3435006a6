-- Keys that names are matched by, after NFC (ADR 0036); migrations/src/match_keys.rs computes those that there are anew.

-- Whether the profile says that externalId is the key of its identities: then there is one each in a directory. Rows of before, and
-- of profiles whose key is another attribute, are not marked. A mark and no second copy of the text, which would make rows look
-- so wide that PostgreSQL expects too few of them in a table that was never analysed, and takes another index.
ALTER TABLE identity ADD COLUMN external_id_is_key boolean NOT NULL DEFAULT false;
CREATE UNIQUE INDEX identity_external_id_key ON identity (directory_id, external_id, tenant_id) WHERE external_id_is_key;

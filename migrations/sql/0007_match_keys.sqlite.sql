-- The same as 0007_match_keys.postgres.sql, which says why.
ALTER TABLE identity ADD COLUMN external_id_is_key boolean NOT NULL DEFAULT false;
CREATE UNIQUE INDEX identity_external_id_key ON identity (directory_id, external_id, tenant_id) WHERE external_id_is_key;

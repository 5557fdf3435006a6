-- The life of a token, and freezing. The same columns as 0016_token_life.postgres.sql, which says why.
ALTER TABLE tenant ADD COLUMN frozen_at integer;
ALTER TABLE directory ADD COLUMN frozen_at integer;
ALTER TABLE token ADD COLUMN allowed_networks text NOT NULL DEFAULT '';
ALTER TABLE token ADD COLUMN last_used_from text;
ALTER TABLE token ADD COLUMN noticed_days integer;

DROP TRIGGER tenant_updated;
CREATE TRIGGER tenant_updated AFTER UPDATE OF id, name, external_tenant_id, frozen_at ON tenant BEGIN
    UPDATE tenant SET credential_state = randomblob(16) WHERE id = NEW.id;
END;
DROP TRIGGER token_updated;
CREATE TRIGGER token_updated
    AFTER UPDATE OF tenant_id, id, directory_id, hash, hash_version, expires_at, revoked_at, allowed_networks ON token BEGIN
    UPDATE tenant SET credential_state = randomblob(16) WHERE id IN (OLD.tenant_id, NEW.tenant_id);
END;
DROP TRIGGER directory_updated;
CREATE TRIGGER directory_updated
    AFTER UPDATE OF tenant_id, id, profile, provider, switch, extension, frozen_at ON directory BEGIN
    UPDATE tenant SET credential_state = randomblob(16) WHERE id IN (OLD.tenant_id, NEW.tenant_id);
END;

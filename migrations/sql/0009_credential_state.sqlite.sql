-- One value a tenant that changes with everything a request is admitted by, see 0009_credential_state.postgres.sql. REPLACE runs no
-- trigger for the row that it deletes, only for the one that it inserts.
ALTER TABLE tenant ADD COLUMN credential_state BLOB;
UPDATE tenant SET credential_state = randomblob(16);
CREATE TRIGGER tenant_inserted AFTER INSERT ON tenant BEGIN
    UPDATE tenant SET credential_state = randomblob(16) WHERE id = NEW.id;
END;
CREATE TRIGGER tenant_updated AFTER UPDATE OF id, name, external_tenant_id ON tenant BEGIN
    UPDATE tenant SET credential_state = randomblob(16) WHERE id = NEW.id;
END;
CREATE TRIGGER token_inserted AFTER INSERT ON token BEGIN
    UPDATE tenant SET credential_state = randomblob(16) WHERE id = NEW.tenant_id;
END;
CREATE TRIGGER token_updated
    AFTER UPDATE OF tenant_id, id, directory_id, hash, hash_version, expires_at, revoked_at ON token BEGIN
    UPDATE tenant SET credential_state = randomblob(16) WHERE id IN (OLD.tenant_id, NEW.tenant_id);
END;
CREATE TRIGGER token_deleted AFTER DELETE ON token BEGIN
    UPDATE tenant SET credential_state = randomblob(16) WHERE id = OLD.tenant_id;
END;
CREATE TRIGGER directory_inserted AFTER INSERT ON directory BEGIN
    UPDATE tenant SET credential_state = randomblob(16) WHERE id = NEW.tenant_id;
END;
CREATE TRIGGER directory_updated AFTER UPDATE OF tenant_id, id, profile, provider, switch, extension ON directory BEGIN
    UPDATE tenant SET credential_state = randomblob(16) WHERE id IN (OLD.tenant_id, NEW.tenant_id);
END;
CREATE TRIGGER directory_deleted AFTER DELETE ON directory BEGIN
    UPDATE tenant SET credential_state = randomblob(16) WHERE id = OLD.tenant_id;
END;

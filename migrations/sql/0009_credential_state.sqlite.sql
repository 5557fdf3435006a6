-- One value a tenant that changes with everything a request is admitted by, see 0009_credential_state.postgres.sql.
ALTER TABLE tenant ADD COLUMN credential_state BLOB;
UPDATE tenant SET credential_state = randomblob(16);
CREATE TRIGGER tenant_credential_state_first AFTER INSERT ON tenant BEGIN
    UPDATE tenant SET credential_state = randomblob(16) WHERE id = NEW.id;
END;
CREATE TRIGGER tenant_credential_state AFTER UPDATE OF id, name, external_tenant_id ON tenant BEGIN
    UPDATE tenant SET credential_state = randomblob(16) WHERE id = NEW.id;
END;
CREATE TRIGGER token_credential_state
    AFTER UPDATE OF tenant_id, id, directory_id, hash, hash_version, expires_at, revoked_at ON token BEGIN
    UPDATE tenant SET credential_state = randomblob(16) WHERE id = OLD.tenant_id;
END;
CREATE TRIGGER token_credential_state_last AFTER DELETE ON token BEGIN
    UPDATE tenant SET credential_state = randomblob(16) WHERE id = OLD.tenant_id;
END;
CREATE TRIGGER directory_credential_state AFTER UPDATE OF tenant_id, id, profile, provider, switch, extension ON directory BEGIN
    UPDATE tenant SET credential_state = randomblob(16) WHERE id = OLD.tenant_id;
END;
CREATE TRIGGER directory_credential_state_last AFTER DELETE ON directory BEGIN
    UPDATE tenant SET credential_state = randomblob(16) WHERE id = OLD.tenant_id;
END;

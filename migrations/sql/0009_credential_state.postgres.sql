-- One value a tenant that changes with everything a request is admitted by: its tokens with their ends and hashes, its directories
-- with their settings, its names (ADR 0038). A request compares it in its first statement, which so looks at one row instead of
-- three. Triggers change it, so that it also follows what an operator changes by hand. It is drawn at random: a number counted up
-- would come again after a backup was restored.
ALTER TABLE tenant ADD COLUMN credential_state uuid NOT NULL DEFAULT gen_random_uuid();

-- Runs with the rights of the role that changes the row: whoever may end a token may renew its tenant's state
-- (migrations/sql/grants/). The schema is that of the table, because a restore has no search path.
CREATE FUNCTION renew_credential_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        EXECUTE format('UPDATE %I.tenant SET credential_state = gen_random_uuid()', TG_TABLE_SCHEMA);
    ELSE
        EXECUTE format('UPDATE %I.tenant SET credential_state = gen_random_uuid() WHERE id IN ($1, $2)', TG_TABLE_SCHEMA)
            USING OLD.tenant_id, NEW.tenant_id;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER renew_credential_state
    AFTER INSERT OR UPDATE OF tenant_id, id, directory_id, hash, hash_version, expires_at, revoked_at OR DELETE
    ON token FOR EACH ROW EXECUTE FUNCTION renew_credential_state();
CREATE TRIGGER renew_credential_state
    AFTER INSERT OR UPDATE OF tenant_id, id, profile, provider, switch, extension OR DELETE
    ON directory FOR EACH ROW EXECUTE FUNCTION renew_credential_state();
CREATE TRIGGER renew_credential_states AFTER TRUNCATE ON token FOR EACH STATEMENT EXECUTE FUNCTION renew_credential_state();
CREATE TRIGGER renew_credential_states AFTER TRUNCATE ON directory FOR EACH STATEMENT EXECUTE FUNCTION renew_credential_state();

CREATE FUNCTION renew_own_credential_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.credential_state := gen_random_uuid();
    RETURN NEW;
END
$$;
CREATE TRIGGER renew_credential_state BEFORE UPDATE OF id, name, external_tenant_id
    ON tenant FOR EACH ROW EXECUTE FUNCTION renew_own_credential_state();

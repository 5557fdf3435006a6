-- One value a tenant that changes with everything a request is admitted by: the end and the revocation of its tokens, their
-- hashes, the settings of its directories, its names (ADR 0038). A request compares it in its first statement, which so looks at
-- one row instead of three. Triggers change it, so that it also follows what an operator changes by hand. It is drawn at random:
-- a number counted up would come again after a backup was restored.
ALTER TABLE tenant ADD COLUMN credential_state uuid NOT NULL DEFAULT gen_random_uuid();

-- Runs as the owner of the tables: the role that ends a token may not change its tenant (migrations/sql/grants/).
CREATE FUNCTION renew_credential_state() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('UPDATE %I.tenant SET credential_state = gen_random_uuid() WHERE id = $1', TG_TABLE_SCHEMA) USING OLD.tenant_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER renew_credential_state AFTER UPDATE OF tenant_id, id, directory_id, hash, hash_version, expires_at, revoked_at OR DELETE
    ON token FOR EACH ROW EXECUTE FUNCTION renew_credential_state();
CREATE TRIGGER renew_credential_state AFTER UPDATE OF tenant_id, id, profile, provider, switch, extension OR DELETE
    ON directory FOR EACH ROW EXECUTE FUNCTION renew_credential_state();

CREATE FUNCTION renew_own_credential_state() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.credential_state := gen_random_uuid();
    RETURN NEW;
END
$$;
CREATE TRIGGER renew_credential_state BEFORE UPDATE OF id, name, external_tenant_id
    ON tenant FOR EACH ROW EXECUTE FUNCTION renew_own_credential_state();

-- The life of a token, and freezing (ADR 0048).
--
-- frozen_at: since when the SCIM requests of a directory, or of all of a tenant's, are answered 503; NULL: they are not.
-- allowed_networks: the networks (CIDR) that a token may be used from, with blanks between them; empty: any. last_used_from: the
-- network of the last use. noticed_days: the last step before its end that people were told of, in days.
ALTER TABLE tenant ADD COLUMN frozen_at bigint;
ALTER TABLE directory ADD COLUMN frozen_at bigint;
ALTER TABLE token ADD COLUMN allowed_networks text NOT NULL DEFAULT '';
ALTER TABLE token ADD COLUMN last_used_from text;
ALTER TABLE token ADD COLUMN noticed_days integer;

-- What a request is admitted by now includes these (0009).
DROP TRIGGER renew_credential_state ON token;
CREATE TRIGGER renew_credential_state
    AFTER INSERT OR UPDATE OF tenant_id, id, directory_id, hash, hash_version, expires_at, revoked_at, allowed_networks OR DELETE
    ON token FOR EACH ROW EXECUTE FUNCTION renew_credential_state();
DROP TRIGGER renew_credential_state ON directory;
CREATE TRIGGER renew_credential_state
    AFTER INSERT OR UPDATE OF tenant_id, id, profile, provider, switch, extension, frozen_at OR DELETE
    ON directory FOR EACH ROW EXECUTE FUNCTION renew_credential_state();
DROP TRIGGER renew_credential_state ON tenant;
CREATE TRIGGER renew_credential_state BEFORE UPDATE OF id, name, external_tenant_id, frozen_at
    ON tenant FOR EACH ROW EXECUTE FUNCTION renew_own_credential_state();

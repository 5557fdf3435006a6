-- OAuth clients and the keys that sign access tokens (ADR 0043), and what a directory accepts beside its tokens (ADR 0044).
--
-- client: what asks for access tokens to one directory. It has secrets, or else a federated identity: issuer, subject, entra_tenant
-- (Entra's tid) and keys_url, each exactly as the assertion has to have it, and audiences, of which it has to have one, with a blank
-- between them. epoch: an access token holds the one of its making, and is refused when the client has another.
CREATE TABLE client (
    tenant_id uuid NOT NULL,
    id text NOT NULL UNIQUE,
    directory_id uuid NOT NULL,
    label text,
    epoch integer NOT NULL,
    issuer text,
    audiences text,
    subject text,
    entra_tenant text,
    keys_url text,
    created_at bigint NOT NULL,
    revoked_at bigint,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, directory_id) REFERENCES directory (tenant_id, id),
    CHECK ((issuer IS NULL) = (audiences IS NULL) AND (issuer IS NULL) = (subject IS NULL)
        AND (issuer IS NULL) = (entra_tenant IS NULL) AND (issuer IS NULL) = (keys_url IS NULL))
);

-- hash and hash_version: as for token.
CREATE TABLE client_secret (
    tenant_id uuid NOT NULL,
    client_id text NOT NULL,
    id text NOT NULL UNIQUE,
    last_four text NOT NULL,
    hash text NOT NULL,
    hash_version integer NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    revoked_at bigint,
    last_used_at bigint,
    PRIMARY KEY (tenant_id, client_id, id),
    FOREIGN KEY (tenant_id, client_id) REFERENCES client (tenant_id, id)
);

-- A directory without a row has the defaults. access_token_seconds: how long access tokens to it last. entra_tenant: the Entra tenant
-- whose own tokens are accepted (a blank "Secret Token"), NULL for none; entra_keys_url: where the keys of that tenant are read;
-- entra_in_production: whether that holds in an environment "production", too.
CREATE TABLE directory_oauth (
    tenant_id uuid NOT NULL,
    directory_id uuid NOT NULL,
    access_token_seconds integer NOT NULL,
    entra_tenant text,
    entra_keys_url text,
    entra_in_production boolean NOT NULL,
    PRIMARY KEY (tenant_id, directory_id),
    FOREIGN KEY (tenant_id, directory_id) REFERENCES directory (tenant_id, id),
    CHECK ((entra_tenant IS NULL) = (entra_keys_url IS NULL))
);

-- Keys for ES256, of the deployment. x and y: the public point (RFC 7518 §6.2.1); pkcs8: the private key in base64, which is read by
-- the server's role and by that of backups only (migrations/sql/grants/). A key is published from its row's first moment on, and signs
-- from signs_from on.
CREATE TABLE oauth_key (
    id text PRIMARY KEY,
    x text NOT NULL,
    y text NOT NULL,
    pkcs8 text NOT NULL,
    created_at bigint NOT NULL,
    signs_from bigint NOT NULL
);

-- As for token (0001, 0004): a tenant's rows; the one whose id is presented, for reading; the batch that notes uses.
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['client', 'client_secret', 'directory_oauth'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY tenant ON %I USING '
            '((SELECT nullif(current_setting(''usher.tenant'', true), '''')::uuid) IS NOT DISTINCT FROM tenant_id)', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['client', 'client_secret'] LOOP
        EXECUTE format('CREATE POLICY presented ON %I FOR SELECT USING '
            '((SELECT current_setting(''usher.token'', true)) IS NOT DISTINCT FROM id)', t);
    END LOOP;
END $$;
CREATE POLICY usage ON client_secret
    USING ((SELECT current_setting('usher.door', true)) = 'usage');

-- What a request is admitted by now includes these (0009).
CREATE TRIGGER renew_credential_state
    AFTER INSERT OR UPDATE OF tenant_id, id, directory_id, epoch, issuer, audiences, subject, entra_tenant, keys_url, revoked_at OR DELETE
    ON client FOR EACH ROW EXECUTE FUNCTION renew_credential_state();
CREATE TRIGGER renew_credential_state
    AFTER INSERT OR UPDATE OF tenant_id, client_id, id, hash, hash_version, expires_at, revoked_at OR DELETE
    ON client_secret FOR EACH ROW EXECUTE FUNCTION renew_credential_state();
CREATE TRIGGER renew_credential_state AFTER INSERT OR UPDATE OR DELETE
    ON directory_oauth FOR EACH ROW EXECUTE FUNCTION renew_credential_state();
CREATE TRIGGER renew_credential_states AFTER TRUNCATE ON client FOR EACH STATEMENT EXECUTE FUNCTION renew_credential_state();
CREATE TRIGGER renew_credential_states AFTER TRUNCATE ON client_secret FOR EACH STATEMENT EXECUTE FUNCTION renew_credential_state();
CREATE TRIGGER renew_credential_states AFTER TRUNCATE ON directory_oauth FOR EACH STATEMENT EXECUTE FUNCTION renew_credential_state();

-- OAuth clients, signing keys, and what a directory accepts beside its tokens. The same tables as 0018_oauth.postgres.sql, which says why.
CREATE TABLE client (
    tenant_id blob NOT NULL,
    id text NOT NULL UNIQUE,
    directory_id blob NOT NULL,
    label text,
    epoch integer NOT NULL,
    issuer text,
    audiences text,
    subject text,
    entra_tenant text,
    keys_url text,
    created_at integer NOT NULL,
    revoked_at integer,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, directory_id) REFERENCES directory (tenant_id, id),
    CHECK ((issuer IS NULL) = (audiences IS NULL) AND (issuer IS NULL) = (subject IS NULL)
        AND (issuer IS NULL) = (entra_tenant IS NULL) AND (issuer IS NULL) = (keys_url IS NULL))
);

CREATE TABLE client_secret (
    tenant_id blob NOT NULL,
    client_id text NOT NULL,
    id text NOT NULL UNIQUE,
    last_four text NOT NULL,
    hash text NOT NULL,
    hash_version integer NOT NULL,
    created_at integer NOT NULL,
    expires_at integer NOT NULL,
    revoked_at integer,
    last_used_at integer,
    PRIMARY KEY (tenant_id, client_id, id),
    FOREIGN KEY (tenant_id, client_id) REFERENCES client (tenant_id, id)
);

CREATE TABLE directory_oauth (
    tenant_id blob NOT NULL,
    directory_id blob NOT NULL,
    access_token_seconds integer NOT NULL,
    entra_tenant text,
    entra_keys_url text,
    entra_in_production boolean NOT NULL,
    PRIMARY KEY (tenant_id, directory_id),
    FOREIGN KEY (tenant_id, directory_id) REFERENCES directory (tenant_id, id),
    CHECK ((entra_tenant IS NULL) = (entra_keys_url IS NULL))
);

CREATE TABLE oauth_key (
    id text PRIMARY KEY,
    x text NOT NULL,
    y text NOT NULL,
    pkcs8 text NOT NULL,
    created_at integer NOT NULL,
    signs_from integer NOT NULL
);

CREATE TRIGGER client_inserted AFTER INSERT ON client BEGIN
    UPDATE tenant SET credential_state = randomblob(16) WHERE id = NEW.tenant_id;
END;
CREATE TRIGGER client_updated
    AFTER UPDATE OF tenant_id, id, directory_id, epoch, issuer, audiences, subject, entra_tenant, keys_url, revoked_at ON client BEGIN
    UPDATE tenant SET credential_state = randomblob(16) WHERE id IN (OLD.tenant_id, NEW.tenant_id);
END;
CREATE TRIGGER client_deleted AFTER DELETE ON client BEGIN
    UPDATE tenant SET credential_state = randomblob(16) WHERE id = OLD.tenant_id;
END;
CREATE TRIGGER client_secret_inserted AFTER INSERT ON client_secret BEGIN
    UPDATE tenant SET credential_state = randomblob(16) WHERE id = NEW.tenant_id;
END;
CREATE TRIGGER client_secret_updated
    AFTER UPDATE OF tenant_id, client_id, id, hash, hash_version, expires_at, revoked_at ON client_secret BEGIN
    UPDATE tenant SET credential_state = randomblob(16) WHERE id IN (OLD.tenant_id, NEW.tenant_id);
END;
CREATE TRIGGER client_secret_deleted AFTER DELETE ON client_secret BEGIN
    UPDATE tenant SET credential_state = randomblob(16) WHERE id = OLD.tenant_id;
END;
CREATE TRIGGER directory_oauth_inserted AFTER INSERT ON directory_oauth BEGIN
    UPDATE tenant SET credential_state = randomblob(16) WHERE id = NEW.tenant_id;
END;
CREATE TRIGGER directory_oauth_updated AFTER UPDATE ON directory_oauth BEGIN
    UPDATE tenant SET credential_state = randomblob(16) WHERE id IN (OLD.tenant_id, NEW.tenant_id);
END;
CREATE TRIGGER directory_oauth_deleted AFTER DELETE ON directory_oauth BEGIN
    UPDATE tenant SET credential_state = randomblob(16) WHERE id = OLD.tenant_id;
END;

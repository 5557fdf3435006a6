-- What is remembered of credentials beside their records, and the deployment's keys. The same tables as
-- 0005_credential_memory.postgres.sql, which says why.
CREATE TABLE credential_memory (
    kind text NOT NULL,
    id text NOT NULL,
    secret_check integer,
    hash_version integer,
    networks text NOT NULL,
    PRIMARY KEY (kind, id)
);

CREATE TABLE deployment_key (
    name text PRIMARY KEY,
    value text NOT NULL
);
INSERT INTO deployment_key (name, value) VALUES ('token-alias', lower(hex(randomblob(32))));

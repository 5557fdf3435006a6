-- What is remembered of credentials beside their records (ADR 0031), one row a credential at most, kind 'token' or 'app'.
-- It opens nothing: whoever rewrites it can have a credential refused, and no other let in.
--
-- secret_check: 32 bits of a fast hash of the secret that belongs to hash_version; tells nearly every wrong secret without
-- argon2, and leaves 224 bits unknown to whoever reads it. networks: where it was last used from, newest first, at most
-- eight, with a blank between them.
CREATE TABLE credential_memory (
    kind text NOT NULL,
    id text NOT NULL,
    secret_check bigint,
    hash_version integer,
    networks text NOT NULL,
    PRIMARY KEY (kind, id)
);

-- As for token: who presents an id learns that row; the batch that notes uses writes all. The form is 0004's.
ALTER TABLE credential_memory ENABLE ROW LEVEL SECURITY;
ALTER TABLE credential_memory FORCE ROW LEVEL SECURITY;
CREATE POLICY presented ON credential_memory FOR SELECT
    USING ((SELECT current_setting('usher.token', true)) IS NOT DISTINCT FROM id);
CREATE POLICY usage ON credential_memory
    USING ((SELECT current_setting('usher.door', true)) = 'usage');

-- Keys of the deployment, the same for every instance. token-alias: what apps are told instead of a token's id is an HMAC
-- of it under this key. Made here once from the server's strong random source (gen_random_uuid, 122 bits each).
CREATE TABLE deployment_key (
    name text PRIMARY KEY,
    value text NOT NULL
);
INSERT INTO deployment_key (name, value)
    VALUES ('token-alias', replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''));

-- What the role usher_admin may do, table by table: what the operators' commands need and no more (ADR 0033). How this file
-- is run, and what a new table needs: see usher_app.postgres.sql.
--
-- It makes tenants, directories, apps and credentials, and ends them. It counts identities, reads no document of one, and rewrites no hash: a secret
-- is replaced by a new credential.

REVOKE ALL ON tenant FROM usher_admin;
-- The state is renewed by triggers on tokens and directories (0009).
GRANT SELECT, INSERT, UPDATE (credential_state, frozen_at) ON tenant TO usher_admin;

REVOKE ALL ON directory FROM usher_admin;
GRANT SELECT, INSERT, UPDATE (provider, switch, extension, frozen_at) ON directory TO usher_admin;

REVOKE ALL ON token FROM usher_admin;
GRANT SELECT, INSERT, UPDATE (expires_at, revoked_at) ON token TO usher_admin;

-- Of identities the keys alone, to find a person (ADR 0046) and to count what a release policy gives or takes (ADR 0050).
REVOKE ALL ON identity FROM usher_admin;
GRANT SELECT (tenant_id, id, directory_id, user_name_key, external_id, work_email, modified_at) ON identity TO usher_admin;

REVOKE ALL ON groups FROM usher_admin;

REVOKE ALL ON membership FROM usher_admin;

-- A new app's feed begins with what the outbox holds.
REVOKE ALL ON outbox FROM usher_admin;
GRANT SELECT ON outbox TO usher_admin;

REVOKE ALL ON provisioning_log FROM usher_admin;
GRANT SELECT ON provisioning_log TO usher_admin;

REVOKE ALL ON app FROM usher_admin;
GRANT SELECT, INSERT, DELETE ON app TO usher_admin;

REVOKE ALL ON app_credential FROM usher_admin;
GRANT SELECT, INSERT, UPDATE (expires_at, revoked_at), DELETE ON app_credential TO usher_admin;

REVOKE ALL ON api_key FROM usher_admin;
GRANT SELECT, INSERT, UPDATE (expires_at, revoked_at) ON api_key TO usher_admin;

REVOKE ALL ON client FROM usher_admin;
GRANT SELECT, INSERT, UPDATE (epoch, revoked_at) ON client TO usher_admin;

REVOKE ALL ON client_secret FROM usher_admin;
GRANT SELECT, INSERT, UPDATE (revoked_at) ON client_secret TO usher_admin;

REVOKE ALL ON directory_oauth FROM usher_admin;
GRANT SELECT, INSERT, UPDATE (access_token_seconds, entra_tenant, entra_keys_url, entra_in_production) ON directory_oauth TO usher_admin;

-- It makes keys and takes them away, and reads no private one (ADR 0043).
REVOKE ALL ON oauth_key FROM usher_admin;
GRANT SELECT (id, x, y, created_at, signs_from), INSERT, DELETE ON oauth_key TO usher_admin;

-- It opens nothing (ADR 0031).
REVOKE ALL ON credential_memory FROM usher_admin;
GRANT SELECT, INSERT, UPDATE (secret_check, hash_version, networks) ON credential_memory TO usher_admin;

-- To find the token behind the alias that an app was told (ADR 0031).
REVOKE ALL ON deployment_key FROM usher_admin;
GRANT SELECT ON deployment_key TO usher_admin;

-- UPDATE of the whole table, because LOCK TABLE asks for it.
REVOKE ALL ON feed FROM usher_admin;
GRANT SELECT, INSERT, UPDATE, DELETE ON feed TO usher_admin;

REVOKE ALL ON feed_event FROM usher_admin;
GRANT SELECT, INSERT, DELETE ON feed_event TO usher_admin;

REVOKE ALL ON feed_group FROM usher_admin;
GRANT SELECT, DELETE ON feed_group TO usher_admin;

REVOKE ALL ON feed_ack FROM usher_admin;
GRANT SELECT, DELETE ON feed_ack TO usher_admin;

REVOKE ALL ON lease FROM usher_admin;

-- A job that has used up its attempts is tried again; a release policy adds one.
REVOKE ALL ON job FROM usher_admin;
GRANT SELECT, INSERT, UPDATE (due_at, wait_ms, attempts, failed_at) ON job TO usher_admin;

-- Where new tokens are written to, and the renewals (ADR 0051).
REVOKE ALL ON token_continuity FROM usher_admin;
GRANT SELECT, INSERT, DELETE ON token_continuity TO usher_admin;

REVOKE ALL ON token_renewal FROM usher_admin;
GRANT SELECT, INSERT, UPDATE ON token_renewal TO usher_admin;

REVOKE ALL ON deployment FROM usher_admin;
GRANT SELECT ON deployment TO usher_admin;

-- Each change has its row (ADR 0042); the head of a chain is locked and moved with it.
REVOKE ALL ON audit_log FROM usher_admin;
GRANT SELECT, INSERT ON audit_log TO usher_admin;

REVOKE ALL ON audit_chain FROM usher_admin;
GRANT SELECT, INSERT, UPDATE (seq, hash) ON audit_chain TO usher_admin;

-- Creations with an Idempotency-Key (ADR 0049).
REVOKE ALL ON idempotency FROM usher_admin;
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency TO usher_admin;

-- Whose a session is and when it ends never changes (ADR 0052).
REVOKE ALL ON session FROM usher_admin;
GRANT SELECT, INSERT, UPDATE (seen_at), DELETE ON session TO usher_admin;

REVOKE ALL ON seaql_migrations FROM usher_admin;
GRANT SELECT ON seaql_migrations TO usher_admin;

-- The numbers of rows are drawn by the tables themselves.
REVOKE ALL ON SEQUENCE outbox_id_seq, provisioning_log_id_seq FROM usher_admin;

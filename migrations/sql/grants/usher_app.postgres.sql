-- What the role usher_app may do, table by table: what `usher serve` needs and no more (ADR 0033).
--
-- `usher migrate` runs this after the migrations, each time, where the role exists: the file is what holds afterwards,
-- whatever was granted before. A new table gets a line in both files of this folder; one that the role has no business
-- with gets the REVOKE alone. A test compares the files with the schema.
--
-- The server finds out who is calling and never decides it: no hash, no credential, no tenant is written by this role.

REVOKE ALL ON tenant FROM usher_app;
GRANT SELECT ON tenant TO usher_app;

REVOKE ALL ON directory FROM usher_app;
GRANT SELECT ON directory TO usher_app;

-- When and from where a token was last used, and what people were told of its end.
REVOKE ALL ON token FROM usher_app;
GRANT SELECT, UPDATE (last_used_at, last_used_from, noticed_days) ON token TO usher_app;

REVOKE ALL ON identity FROM usher_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON identity TO usher_app;

REVOKE ALL ON groups FROM usher_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON groups TO usher_app;

REVOKE ALL ON membership FROM usher_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON membership TO usher_app;

-- What was committed is never changed: it is marked as stamped, and deleted when it is old.
REVOKE ALL ON outbox FROM usher_app;
GRANT SELECT, INSERT, UPDATE (stamped), DELETE ON outbox TO usher_app;

REVOKE ALL ON provisioning_log FROM usher_app;
GRANT SELECT, INSERT, DELETE ON provisioning_log TO usher_app;

REVOKE ALL ON app FROM usher_app;
GRANT SELECT ON app TO usher_app;

REVOKE ALL ON app_credential FROM usher_app;
GRANT SELECT ON app_credential TO usher_app;

-- When a key was last used.
REVOKE ALL ON api_key FROM usher_app;
GRANT SELECT, UPDATE (last_used_at) ON api_key TO usher_app;

REVOKE ALL ON client FROM usher_app;
GRANT SELECT ON client TO usher_app;

-- When a secret was last used.
REVOKE ALL ON client_secret FROM usher_app;
GRANT SELECT, UPDATE (last_used_at) ON client_secret TO usher_app;

REVOKE ALL ON directory_oauth FROM usher_app;
GRANT SELECT ON directory_oauth TO usher_app;

-- It signs access tokens, and makes a new key when the newest is old (ADR 0043).
REVOKE ALL ON oauth_key FROM usher_app;
GRANT SELECT, INSERT, DELETE ON oauth_key TO usher_app;

-- It opens nothing (ADR 0031).
REVOKE ALL ON credential_memory FROM usher_app;
GRANT SELECT, INSERT, UPDATE (secret_check, hash_version, networks) ON credential_memory TO usher_app;

REVOKE ALL ON deployment_key FROM usher_app;
GRANT SELECT ON deployment_key TO usher_app;

REVOKE ALL ON feed FROM usher_app;
GRANT SELECT, UPDATE (head, published, epoch_number, epoch_mark, epoch_start, epoch_at, snapshot_mark, take_over, state, why, state_at, state_by, policy_before, policy_place) ON feed
    TO usher_app;

REVOKE ALL ON feed_event FROM usher_app;
GRANT SELECT, INSERT, DELETE ON feed_event TO usher_app;

REVOKE ALL ON feed_group FROM usher_app;
GRANT SELECT, INSERT, UPDATE ON feed_group TO usher_app;

REVOKE ALL ON feed_ack FROM usher_app;
GRANT SELECT, INSERT, DELETE ON feed_ack TO usher_app;

REVOKE ALL ON lease FROM usher_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON lease TO usher_app;

-- Background work (ADR 0047).
REVOKE ALL ON job FROM usher_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON job TO usher_app;

-- Where new tokens may be written to is for operators to say; the jobs note how far a renewal is (ADR 0051).
REVOKE ALL ON token_continuity FROM usher_app;
GRANT SELECT ON token_continuity TO usher_app;

REVOKE ALL ON token_renewal FROM usher_app;
GRANT SELECT, INSERT, UPDATE ON token_renewal TO usher_app;

-- Where positions were last given out.
REVOKE ALL ON deployment FROM usher_app;
GRANT SELECT, UPDATE (database_identity) ON deployment TO usher_app;

-- Rows of the audit log are added and never changed (ADR 0042); the head of a chain is locked and moved with them.
REVOKE ALL ON audit_log FROM usher_app;
GRANT SELECT, INSERT ON audit_log TO usher_app;

REVOKE ALL ON audit_chain FROM usher_app;
GRANT SELECT, INSERT, UPDATE (seq, hash) ON audit_chain TO usher_app;

-- Answers of the admin API are deleted after a day (ADR 0049).
REVOKE ALL ON idempotency FROM usher_app;
GRANT SELECT (created_at), DELETE ON idempotency TO usher_app;

-- Sessions that are over are deleted; which ones there are, and whose, the server's role does not see (ADR 0052).
REVOKE ALL ON session FROM usher_app;
GRANT SELECT (ends_at), DELETE ON session TO usher_app;

-- Which version the schema has.
REVOKE ALL ON seaql_migrations FROM usher_app;
GRANT SELECT ON seaql_migrations TO usher_app;

-- The numbers of rows are drawn by the tables themselves.
REVOKE ALL ON SEQUENCE outbox_id_seq, provisioning_log_id_seq FROM usher_app;

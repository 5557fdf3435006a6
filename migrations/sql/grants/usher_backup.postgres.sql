-- What the role usher_backup may do: read everything, change nothing. pg_dump runs as this role, which row-level security does not
-- bind (BYPASSRLS, deploy/postgres-roles.sql), because a dump without all tenants' rows is no backup. How this file is run, and
-- what a new table needs: see usher_app.postgres.sql.
--
-- It reads the hashes of credentials and every person: its password and its dumps are as secret as the database.

REVOKE ALL ON tenant FROM usher_backup;
GRANT SELECT ON tenant TO usher_backup;

REVOKE ALL ON directory FROM usher_backup;
GRANT SELECT ON directory TO usher_backup;

REVOKE ALL ON token FROM usher_backup;
GRANT SELECT ON token TO usher_backup;

REVOKE ALL ON identity FROM usher_backup;
GRANT SELECT ON identity TO usher_backup;

REVOKE ALL ON groups FROM usher_backup;
GRANT SELECT ON groups TO usher_backup;

REVOKE ALL ON membership FROM usher_backup;
GRANT SELECT ON membership TO usher_backup;

REVOKE ALL ON outbox FROM usher_backup;
GRANT SELECT ON outbox TO usher_backup;

REVOKE ALL ON provisioning_log FROM usher_backup;
GRANT SELECT ON provisioning_log TO usher_backup;

REVOKE ALL ON app FROM usher_backup;
GRANT SELECT ON app TO usher_backup;

REVOKE ALL ON app_credential FROM usher_backup;
GRANT SELECT ON app_credential TO usher_backup;

REVOKE ALL ON api_key FROM usher_backup;
GRANT SELECT ON api_key TO usher_backup;

REVOKE ALL ON client FROM usher_backup;
GRANT SELECT ON client TO usher_backup;

REVOKE ALL ON client_secret FROM usher_backup;
GRANT SELECT ON client_secret TO usher_backup;

REVOKE ALL ON directory_oauth FROM usher_backup;
GRANT SELECT ON directory_oauth TO usher_backup;

-- With the private keys: a restored deployment goes on signing with them.
REVOKE ALL ON oauth_key FROM usher_backup;
GRANT SELECT ON oauth_key TO usher_backup;

REVOKE ALL ON credential_memory FROM usher_backup;
GRANT SELECT ON credential_memory TO usher_backup;

REVOKE ALL ON deployment_key FROM usher_backup;
GRANT SELECT ON deployment_key TO usher_backup;

REVOKE ALL ON feed FROM usher_backup;
GRANT SELECT ON feed TO usher_backup;

REVOKE ALL ON feed_event FROM usher_backup;
GRANT SELECT ON feed_event TO usher_backup;

REVOKE ALL ON feed_group FROM usher_backup;
GRANT SELECT ON feed_group TO usher_backup;

REVOKE ALL ON feed_ack FROM usher_backup;
GRANT SELECT ON feed_ack TO usher_backup;

REVOKE ALL ON lease FROM usher_backup;
GRANT SELECT ON lease TO usher_backup;

REVOKE ALL ON job FROM usher_backup;
GRANT SELECT ON job TO usher_backup;

REVOKE ALL ON token_continuity FROM usher_backup;
GRANT SELECT ON token_continuity TO usher_backup;

REVOKE ALL ON token_renewal FROM usher_backup;
GRANT SELECT ON token_renewal TO usher_backup;

REVOKE ALL ON deployment FROM usher_backup;
GRANT SELECT ON deployment TO usher_backup;

REVOKE ALL ON audit_log FROM usher_backup;
GRANT SELECT ON audit_log TO usher_backup;

REVOKE ALL ON audit_chain FROM usher_backup;
GRANT SELECT ON audit_chain TO usher_backup;

REVOKE ALL ON idempotency FROM usher_backup;
GRANT SELECT ON idempotency TO usher_backup;

REVOKE ALL ON session FROM usher_backup;
GRANT SELECT ON session TO usher_backup;

REVOKE ALL ON seaql_migrations FROM usher_backup;
GRANT SELECT ON seaql_migrations TO usher_backup;

-- A dump says where the numbers of rows go on.
REVOKE ALL ON SEQUENCE outbox_id_seq, provisioning_log_id_seq FROM usher_backup;
GRANT SELECT ON SEQUENCE outbox_id_seq, provisioning_log_id_seq TO usher_backup;

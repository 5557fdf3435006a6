-- The audit log (ADR 0042): one chain of rows a tenant, and one for the platform.
--
-- chain: the tenant's id, or the nil UUID for the platform. The other values of a row are text, and so are the hashes (hexadecimal
-- digits): a row is verified as it stands here. details is a JSON object.
CREATE TABLE audit_log (
    chain uuid NOT NULL,
    seq bigint NOT NULL,
    at bigint NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    target text NOT NULL,
    outcome text NOT NULL,
    reason text,
    ip text,
    request_id text NOT NULL,
    details text NOT NULL,
    previous_hash text NOT NULL,
    hash text NOT NULL,
    PRIMARY KEY (chain, seq)
);
-- Two rows never follow the same one: a chain has no fork, whatever a program does.
CREATE UNIQUE INDEX audit_log_previous ON audit_log (chain, previous_hash) WHERE previous_hash <> '';
-- One for each way to search (ADR 0029): a condition on the column says that it is not null.
CREATE INDEX audit_log_actor ON audit_log (chain, actor, seq) WHERE actor IS NOT NULL;
CREATE INDEX audit_log_action ON audit_log (chain, action, seq) WHERE action IS NOT NULL;
CREATE INDEX audit_log_target ON audit_log (chain, target, seq) WHERE target IS NOT NULL;
CREATE INDEX audit_log_at ON audit_log (chain, at, seq) WHERE at IS NOT NULL;

ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_log FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON audit_log
    USING ((SELECT nullif(current_setting('usher.tenant', true), '')::uuid) IS NOT DISTINCT FROM chain);

-- The last row of each chain. It is locked while a row is added, so that rows are added one after the other. It tells how many there
-- are and no more, and has no policy.
CREATE TABLE audit_chain (
    chain uuid PRIMARY KEY,
    seq bigint NOT NULL,
    hash text NOT NULL
);

-- Rows are added and never changed, by no role: a role's rights end at its grants, and the owner has all.
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER never_deleted BEFORE DELETE OR TRUNCATE ON audit_chain
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();

-- The head of a chain goes one row further at a time.
CREATE FUNCTION step_audit_chain() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.chain <> OLD.chain OR NEW.seq <> OLD.seq + 1 THEN
        RAISE EXCEPTION 'the head of a chain goes one row further at a time' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER forward_only BEFORE UPDATE ON audit_chain FOR EACH ROW EXECUTE FUNCTION step_audit_chain();

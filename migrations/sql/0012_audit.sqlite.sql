-- The audit log (ADR 0042): one chain of rows a tenant, and one for the platform. The same tables as 0012_audit.postgres.sql, which
-- says why.
CREATE TABLE audit_log (
    chain blob NOT NULL,
    seq integer NOT NULL,
    at integer NOT NULL,
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
CREATE UNIQUE INDEX audit_log_previous ON audit_log (chain, previous_hash) WHERE previous_hash <> '';
CREATE INDEX audit_log_actor ON audit_log (chain, actor, seq) WHERE actor IS NOT NULL;
CREATE INDEX audit_log_action ON audit_log (chain, action, seq) WHERE action IS NOT NULL;
CREATE INDEX audit_log_target ON audit_log (chain, target, seq) WHERE target IS NOT NULL;
CREATE INDEX audit_log_at ON audit_log (chain, at, seq) WHERE at IS NOT NULL;

CREATE TABLE audit_chain (
    chain blob NOT NULL PRIMARY KEY,
    seq integer NOT NULL,
    hash text NOT NULL
);

CREATE TRIGGER audit_log_updated BEFORE UPDATE ON audit_log BEGIN
    SELECT RAISE(ABORT, 'rows of audit_log are never changed or deleted');
END;
CREATE TRIGGER audit_log_deleted BEFORE DELETE ON audit_log BEGIN
    SELECT RAISE(ABORT, 'rows of audit_log are never changed or deleted');
END;
CREATE TRIGGER audit_log_replaced BEFORE INSERT ON audit_log
    WHEN EXISTS (SELECT 1 FROM audit_log WHERE chain = NEW.chain AND seq = NEW.seq) BEGIN
    SELECT RAISE(ABORT, 'rows of audit_log are never changed or deleted');
END;
CREATE TRIGGER audit_chain_deleted BEFORE DELETE ON audit_chain BEGIN
    SELECT RAISE(ABORT, 'rows of audit_chain are never changed or deleted');
END;
CREATE TRIGGER audit_chain_updated BEFORE UPDATE ON audit_chain
    WHEN NEW.chain <> OLD.chain OR NEW.seq <> OLD.seq + 1 BEGIN
    SELECT RAISE(ABORT, 'the head of a chain goes one row further at a time');
END;

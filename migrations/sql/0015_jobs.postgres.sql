-- Work that is due at a time and done by one of several instances (ADR 0047). No secrets and no personal data: ids and words.
--
-- kind: which handler does it. key: tells the jobs of one kind apart. due_at: when it may be taken next, by the database's clock;
-- NULL when it has used up its attempts and waits for an operator. Whoever takes a job writes its name into owner and moves
-- due_at to the end of its lease, so that a job whose instance died becomes due again by itself. wait_ms: how far due_at was
-- ahead when it was written; a due_at further ahead than that was written before the clock was set back. failed_at: since when
-- all attempts were used.
CREATE TABLE job (
    kind text NOT NULL,
    key text NOT NULL,
    payload text NOT NULL,
    created_at bigint NOT NULL,
    due_at bigint,
    wait_ms bigint NOT NULL,
    owner text,
    attempts integer NOT NULL DEFAULT 0,
    last_error text,
    failed_at bigint,
    PRIMARY KEY (kind, key)
);
CREATE INDEX job_due ON job (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX job_failed ON job (failed_at) WHERE failed_at IS NOT NULL;

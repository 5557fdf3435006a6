-- Work that is due at a time. The same table as 0015_jobs.postgres.sql, which says why.
CREATE TABLE job (
    kind text NOT NULL,
    key text NOT NULL,
    payload text NOT NULL,
    created_at integer NOT NULL,
    due_at integer,
    wait_ms integer NOT NULL,
    owner text,
    attempts integer NOT NULL DEFAULT 0,
    last_error text,
    failed_at integer,
    PRIMARY KEY (kind, key)
);
CREATE INDEX job_due ON job (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX job_failed ON job (failed_at) WHERE failed_at IS NOT NULL;

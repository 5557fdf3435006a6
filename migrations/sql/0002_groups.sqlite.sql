-- Groups, and who is in them (docs/architecture.md). The same tables as 0002_groups.postgres.sql, which says why.

-- What a row of the log is about: User or Group; rows from before there were groups have none and mean User.
ALTER TABLE provisioning_log ADD COLUMN resource_type text;

-- The document stands without `members`. display_name_key is displayName folded, unique in the directory: what Entra matches by.
CREATE TABLE groups (
    tenant_id blob NOT NULL,
    id blob NOT NULL,
    directory_id blob NOT NULL,
    revision integer NOT NULL,
    document text NOT NULL,
    display_name_key text NOT NULL,
    external_id text,
    member_count integer NOT NULL,
    created_at integer NOT NULL,
    modified_at integer NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (directory_id, display_name_key, tenant_id),
    FOREIGN KEY (tenant_id, directory_id) REFERENCES directory (tenant_id, id)
);
CREATE INDEX groups_external_id ON groups (directory_id, external_id, id, tenant_id);
CREATE INDEX groups_order ON groups (directory_id, created_at, id, tenant_id);

-- A direct member of a group: member_kind says of which table member_id is, User (identity) or Group (groups).
CREATE TABLE membership (
    tenant_id blob NOT NULL,
    directory_id blob NOT NULL,
    group_id blob NOT NULL,
    member_id blob NOT NULL,
    member_kind text NOT NULL,
    PRIMARY KEY (tenant_id, group_id, member_id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES groups (tenant_id, id)
) WITHOUT ROWID;
CREATE INDEX membership_member ON membership (directory_id, member_id, group_id, tenant_id);

-- A page deep in a list is found by this index alone; the documents are read for the page only. The keys' indexes give their
-- rows in the order of the ids, so that many rows of one key are read batch by batch as well.
DROP INDEX identity_order;
DROP INDEX identity_external_id;
DROP INDEX identity_work_email;
DROP INDEX identity_display_name;
CREATE INDEX identity_order ON identity (directory_id, created_at, id, tenant_id);
CREATE INDEX identity_external_id ON identity (directory_id, external_id, id, tenant_id);
CREATE INDEX identity_work_email ON identity (directory_id, work_email, id, tenant_id);
CREATE INDEX identity_display_name ON identity (directory_id, display_name, id, tenant_id);

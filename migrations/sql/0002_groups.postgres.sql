-- Groups, and who is in them (docs/architecture.md). Words and rules as in 0001_foundation.postgres.sql.

-- What a row of the log is about: User or Group; rows from before there were groups have none and mean User.
ALTER TABLE provisioning_log ADD COLUMN resource_type text;

-- The document stands without `members`. display_name_key is displayName folded, unique in the directory: what Entra matches by.
CREATE TABLE groups (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    directory_id uuid NOT NULL,
    revision bigint NOT NULL,
    document text NOT NULL,
    display_name_key text NOT NULL,
    external_id text,
    member_count bigint NOT NULL,
    created_at bigint NOT NULL,
    modified_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (directory_id, display_name_key, tenant_id),
    FOREIGN KEY (tenant_id, directory_id) REFERENCES directory (tenant_id, id)
) WITH (fillfactor = 80);
CREATE INDEX groups_external_id ON groups (directory_id, external_id, id, tenant_id);
CREATE INDEX groups_order ON groups (directory_id, created_at, id, tenant_id);

-- A direct member of a group: member_kind says of which table member_id is, User (identity) or Group (groups). No foreign
-- key to the member, which may be of either: whoever adds a member holds its row against deletion (FOR KEY SHARE), and
-- whoever deletes a resource deletes its memberships in the same statement.
CREATE TABLE membership (
    tenant_id uuid NOT NULL,
    directory_id uuid NOT NULL,
    group_id uuid NOT NULL,
    member_id uuid NOT NULL,
    member_kind text NOT NULL,
    PRIMARY KEY (tenant_id, group_id, member_id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES groups (tenant_id, id)
);
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

-- Of the tables whose rows are read by the thousand the policy asks for the setting once a statement, not once a row: it
-- is an InitPlan, first looked at when the first row is, which is after the statement has set it. It is compared as a
-- uuid, so that the planner knows how many rows a tenant has. A setting that was taken back is empty, not absent.
ALTER TABLE groups ENABLE ROW LEVEL SECURITY;
ALTER TABLE groups FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON groups
    USING (tenant_id = (SELECT nullif(current_setting('usher.tenant', true), '')::uuid));

ALTER TABLE membership ENABLE ROW LEVEL SECURITY;
ALTER TABLE membership FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON membership
    USING (tenant_id = (SELECT nullif(current_setting('usher.tenant', true), '')::uuid));

ALTER POLICY tenant ON identity
    USING (tenant_id = (SELECT nullif(current_setting('usher.tenant', true), '')::uuid));

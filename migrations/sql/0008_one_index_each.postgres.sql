-- One index for each way to find a row (ADR 0029). While PostgreSQL has a table recorded as empty or tiny, every index that has a
-- column of a condition costs the same, one of them is taken, and the plan stays in the session when the table is full. So every
-- index but the primary key has a predicate that all rows meant by it fulfil, and is open only to statements that say as
-- much: `user_name_key = $n` says that it is not null, lists say `created_at >= 0` (milliseconds since 1970), and who looks for a
-- member's groups says `member_kind <> ''`.
ALTER TABLE identity DROP CONSTRAINT identity_directory_id_user_name_key_tenant_id_key;
CREATE UNIQUE INDEX identity_user_name ON identity (directory_id, user_name_key, tenant_id) WHERE user_name_key IS NOT NULL;
DROP INDEX identity_order;
DROP INDEX identity_external_id;
DROP INDEX identity_work_email;
DROP INDEX identity_display_name;
CREATE INDEX identity_order ON identity (directory_id, created_at, id, tenant_id) WHERE created_at >= 0;
CREATE INDEX identity_external_id ON identity (directory_id, external_id, id, tenant_id) WHERE external_id IS NOT NULL;
CREATE INDEX identity_work_email ON identity (directory_id, work_email, id, tenant_id) WHERE work_email IS NOT NULL;
CREATE INDEX identity_display_name ON identity (directory_id, display_name, id, tenant_id) WHERE display_name IS NOT NULL;

ALTER TABLE groups DROP CONSTRAINT groups_directory_id_display_name_key_tenant_id_key;
CREATE UNIQUE INDEX groups_display_name ON groups (directory_id, display_name_key, tenant_id) WHERE display_name_key IS NOT NULL;
DROP INDEX groups_order;
DROP INDEX groups_external_id;
CREATE INDEX groups_order ON groups (directory_id, created_at, id, tenant_id) WHERE created_at >= 0;
CREATE INDEX groups_external_id ON groups (directory_id, external_id, id, tenant_id) WHERE external_id IS NOT NULL;

DROP INDEX membership_member;
CREATE INDEX membership_member ON membership (directory_id, member_id, group_id, tenant_id) WHERE member_kind <> '';

#!/usr/bin/env bash
# Compares a dump with the database that it was restored into: the rows of every table. Changes nothing.
#
#   deploy/backup-check.sh DUMP URL     URL: postgres://usher_backup:…@host/database
#
# Needs bash, awk, and PostgreSQL's pg_restore and psql. Status 1 when a table differs.
set -euo pipefail
export LC_ALL=C
[ $# -eq 2 ] || { echo "usage: $0 DUMP URL" >&2; exit 2; }
dump=$1 url=$2

in_dump() {
    pg_restore --data-only --file=- "$dump" | awk '
        !inside && /^COPY / { table = $2; sub(/^[^.]*\./, "", table); gsub(/"/, "", table); rows = 0; inside = 1; next }
        inside && $0 == "\\." { print table, rows; inside = 0; next }
        inside { rows++ }' | sort
}

in_database() {
    psql --no-psqlrc --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 "$url" <<'SQL' | sort
SELECT format('SELECT %L || count(*) FROM %s', relname || ' ', oid::regclass) FROM pg_class
WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace \gexec
SQL
}

expected=$(in_dump)
found=$(in_database)
[ -n "$expected" ] || { echo "$0: $dump holds no table" >&2; exit 1; }
if ! diff <(echo "$expected") <(echo "$found") >&2; then
    echo "$0: the restored database differs from $dump (< dump, > database)" >&2
    exit 1
fi
echo "$expected" | awk '{ rows += $2 } END { print NR " tables, " rows " rows: as in the dump" }'

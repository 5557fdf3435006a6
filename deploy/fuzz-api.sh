#!/usr/bin/env bash
# `make fuzz-api`: schemathesis asks the admin API of a private gateway everything that its OpenAPI document allows, and a lot that it
# does not, and fails for a 5xx, and for each status, media type, header field or body that the document does not say.
#
# SQLite in a new folder, ports of its own, 127.0.0.1 only.
#   SECONDS_LONG=60    how long
#   USHER=…            the program, target/debug/usher without it
set -euo pipefail
cd "$(dirname "$0")/.."

usher=${USHER:-$PWD/target/debug/usher}
schemathesis=$(deploy/need.sh --where schemathesis)
folder=$(mktemp -d)
server=
end() {
    local status=$?
    [[ -z $server ]] || { kill "$server" && wait "$server"; } 2>/dev/null || true
    [[ $status == 0 ]] || { echo "fuzz-api: the end of the gateway's log:" >&2 && tail -n 20 "$folder/log" >&2; }
    rm -rf "$folder"
    exit "$status"
}
trap end EXIT

read -r port admin < <(python3 - <<'PYTHON'
import socket
held = [socket.socket() for _ in range(2)]
for one in held:
    one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in held))
PYTHON
)
export USHER__HTTP__LISTEN=127.0.0.1:$port USHER__HTTP__ADMIN_LISTEN=127.0.0.1:$admin
cd "$folder"
member() { sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p" | head -n 1; }
for tenant in contoso fabrikam; do
    "$usher" tenant create "$tenant" --json >/dev/null
    for profile in advisors rooms; do
        "$usher" directory create --tenant "$tenant" --profile "$profile" --json >/dev/null
        "$usher" token issue --tenant "$tenant" --profile "$profile" --json >>tokens
    done
done
for app in booking billing badges; do "$usher" app create "$app" --json >/dev/null; done
key=$("$usher" api-key create --role operator --json | member key)
spare=$("$usher" api-key create --role auditor --json | member id)
for profile in advisors rooms; do
    "$usher" client create --tenant contoso --profile "$profile" --json >>clients
done
"$usher" app rotate-credential booking --json >credential
token=$(member id <tokens)
other=$(tail -n +2 tokens | member id)
"$usher" serve >log 2>&1 &
server=$!
base=http://127.0.0.1:$admin
for _ in {1..600}; do
    python3 -c "import urllib.request as u; u.urlopen('$base/health/ready')" 2>/dev/null && break
    kill -0 "$server"
    sleep 0.1
done

# Names that are there beside those that schemathesis makes up.
{
    known() { printf '[dictionaries.%s]\nvalues = ["%s"]\n' "$1" "$(IFS=,; echo "${*:2}" | sed 's/,/","/g')"; }
    known tenant contoso fabrikam
    known profile advisors rooms
    known app booking billing badges
    known token "$token" "$other"
    known key "$spare"
    known client $(sed -n 's/.*"clientId" *: *"\([^"]*\)".*/\1/p' clients)
    known secret $(sed -n 's/.*"secretId" *: *"\([^"]*\)".*/\1/p' clients)
    known credential "$(member credential <credential | cut -d_ -f3)"
    known row 1 2 3
    echo '[parameters]'
    for name in tenant profile app token key client secret credential row; do
        printf '"path.%s" = {dictionary = "%s", probability = 0.8}\n' "$name" "$name"
    done
} >schemathesis.toml
"$schemathesis" --config-file schemathesis.toml run "$base/admin/v1/openapi.json" --url "$base" -H "Authorization: Bearer $key" \
    --phases examples,coverage,fuzzing --max-time "${SECONDS_LONG:-60}" --continue-on-failure --no-color \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,unsupported_method,allow_header_conformance \
    "$@"
# All of it was asked with a key that is good: one that was revoked on the way would make each answer a 401, which is documented.
python3 - "$base" "$key" <<'PYTHON'
import sys, urllib.request
request = urllib.request.Request(sys.argv[1] + "/admin/v1/tenants", headers={"Authorization": "Bearer " + sys.argv[2]})
assert urllib.request.urlopen(request).status == 200
PYTHON

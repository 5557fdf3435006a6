#!/usr/bin/env bash
# `make demo`: two customers' Entra tenants provision advisors and rooms into Usher, and a booking service follows live.
#
# Everything runs on 127.0.0.1 and keeps its files in target/demo, which is made anew each time. Ctrl-C ends all of it.
#   DEMO_ONCE=1      ends by itself; status 1 if booking's tables differ from the sources
#   DEMO_PEOPLE=60 DEMO_ROOMS=12 DEMO_CHANGES=15    sizes, per customer
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-$PWD/target}
demo=$target/demo
bin=$target/debug
tenants=(contoso fabrikam)
profiles=(advisors rooms)
people=${DEMO_PEOPLE:-60} rooms=${DEMO_ROOMS:-12} changes=${DEMO_CHANGES:-15}
pids=()
usher_pid='' viewer=''

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[[ -t 1 ]] || say() { printf '\n== %s\n' "$*"; }
fail() {
    printf 'demo: %s\n' "$1" >&2
    [[ -z ${2:-} ]] || { printf -- '--- end of %s\n' "$2" >&2 && tail -n 20 "$2" >&2; }
    exit 1
}

end() {
    local status=$? pid
    trap - EXIT INT TERM
    for pid in $viewer "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    exit "$status"
}
trap end EXIT
trap 'exit 130' INT TERM

# The first free port of 127.0.0.1 from $1 on.
free_port() {
    local port=$1
    while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
    echo "$port"
}

# True if `GET http://127.0.0.1:$1$2` answers 200. No curl needed.
answers() {
    local line
    exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
    printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' "$2" >&3
    IFS= read -r -t 5 line <&3 || line=
    exec 3<&- 3>&-
    [[ $line == *" 200"* ]]
}

# The text member $1 of the JSON on standard input.
member() { sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p" | head -n 1; }

# Usher's command line, in the folder with the demo's usher.toml.
usher() { (cd "$demo" && "$bin/usher" "$@"); }

build() {
    say "1. Building (a development build: soonest there; only what changed is built again)"
    deploy/need.sh build || exit 1
    local started=$SECONDS
    cargo build -p usher -p entra-sim -p usher-consumer --bins --examples || fail "the build failed; see above"
    echo "built in $((SECONDS - started)) s"
}

start_redis() {
    redis_url=
    if ! deploy/need.sh redis; then
        echo "no Redis here: the booking service will read its feed over HTTP, which needs nothing"
        return
    fi
    local port
    port=$(free_port 6390)
    redis-server --port "$port" --bind 127.0.0.1 --dir "$demo" --appendonly yes --appendfsync everysec \
        --maxmemory-policy noeviction --save "" </dev/null >"$demo/redis.log" 2>&1 &
    pids+=($!)
    redis_url=redis://127.0.0.1:$port/
    echo "Redis $(redis-server --version | sed 's/.*v=\([^ ]*\).*/\1/') on port $port: the booking service will read the Redis queue"
}

start_usher() {
    local port admin_port tries=0
    port=$(free_port 8080)
    admin_port=$(free_port $((port + 1)))
    url=http://127.0.0.1:$port
    {
        printf 'environment = "test"\ndata_dir = "%s/usher-data"\n' "$demo"
        printf '[http]\nlisten = "127.0.0.1:%s"\nadmin_listen = "127.0.0.1:%s"\npublic_url = "%s"\n' "$port" "$admin_port" "$url"
        [[ -z $redis_url ]] || printf '[redis]\nurl = "%s"\n' "$redis_url"
    } >"$demo/usher.toml"
    (cd "$demo" && exec "$bin/usher" serve) </dev/null >"$demo/usher.log" 2>&1 &
    usher_pid=$!
    pids+=("$usher_pid")
    until answers "$port" /health/ready 2>/dev/null; do
        kill -0 "$usher_pid" 2>/dev/null || fail "the gateway ended" "$demo/usher.log"
        ((++tries < 300)) || fail "the gateway did not become ready" "$demo/usher.log"
        sleep 0.1
    done
    echo "Usher is ready on $url (SQLite in ${demo#"$PWD"/}/usher-data); metrics: http://127.0.0.1:$admin_port/metrics"
}

set_up_customers() {
    local tenant profile issued
    for tenant in "${tenants[@]}"; do
        usher tenant create "$tenant" --json >/dev/null
        for profile in "${profiles[@]}"; do
            usher directory create --tenant "$tenant" --profile "$profile" --json >/dev/null
            issued=$(usher token issue --tenant "$tenant" --profile "$profile" --json)
            (umask 077 && member token <<<"$issued" >"$demo/$tenant-$profile.token")
            member tenantUrl <<<"$issued" >"$demo/$tenant-$profile.url"
            printf '  %-9s %-9s Tenant URL %-44s token in %s\n' "$tenant" "$profile" \
                "$(<"$demo/$tenant-$profile.url")" "${demo#"$PWD"/}/$tenant-$profile.token"
        done
    done
    echo "  One URL for both customers: the token tells who is calling."
}

start_booking() {
    local made feed_url stream user
    made=$(usher app create booking --json)
    (umask 077 && member credential <<<"$made" >"$demo/booking.credential")
    feed_url=$(member feedUrl <<<"$made")
    stream=$(member stream <<<"$made")
    booking=("$bin/examples/booking" --app booking --group booking --database "$demo/booking.db"
        --credential-file "$demo/booking.credential")
    if [[ -n $redis_url ]]; then
        user=$(member redisUser <<<"$made")
        booking+=(--feed "$redis_url" --stream "$stream" --redis-user "$user" --http-feed "$feed_url")
        echo "booking reads the Redis stream $stream as the user $user, which may do nothing else"
    else
        booking+=(--feed "$feed_url")
        echo "booking reads $feed_url"
    fi
    "${booking[@]}" </dev/null >"$demo/booking.log" 2>&1 &
    pids+=($!)
}

# All four provisioning jobs at once, while booking's tables are shown live.
cycle() {
    local name=$1 tenant profile jobs=() status=0 job
    "$bin/examples/booking" --database "$demo/booking.db" --watch </dev/null &
    viewer=$!
    for tenant in "${tenants[@]}"; do
        for profile in "${profiles[@]}"; do
            "$bin/entra-sim" run --source "$demo/$tenant.json" --app "$profile" --rate 25 \
                --tenant-url "$(<"$demo/$tenant-$profile.url")" --token "$(<"$demo/$tenant-$profile.token")" \
                --state "$demo/$tenant-$profile.state.json" --log "$demo/$tenant-$profile.provisioning.ndjson" \
                --quiet </dev/null >"$demo/$tenant-$profile.$name.txt" 2>&1 &
            jobs+=("$!:$tenant $profile")
        done
    done
    for job in "${jobs[@]}"; do
        wait "${job%%:*}" || { status=1 && failed="${failed:-}${job#*:}; "; }
    done
    sleep 1.5 # the last events reach the tables
    kill -TERM "$viewer" 2>/dev/null && wait "$viewer" 2>/dev/null || true
    viewer=
    for tenant in "${tenants[@]}"; do
        for profile in "${profiles[@]}"; do
            printf '  %-9s %-9s %s\n' "$tenant" "$profile" "$(tail -n 1 "$demo/$tenant-$profile.$name.txt")"
        done
    done
    ((status == 0)) || echo "  not all was provisioned: $failed"
    return "$status"
}

compare() {
    local sources=() tenant
    for tenant in "${tenants[@]}"; do sources+=(--source "$tenant=$demo/$tenant.json"); done
    "$bin/examples/compare" --database "$demo/booking.db" "${sources[@]}" --wait 30
}

try_next() {
    local sim="${bin#"$PWD"/}/entra-sim" there="${demo#"$PWD"/}"
    local book="${bin#"$PWD"/}/examples/booking"
    cat <<EOF

Everything keeps running. Three things to try next, in another terminal:

  1. Ask as Entra asks, with curl (the answer is what Entra would compare):
     curl -s -H "Authorization: Bearer \$(cat $there/contoso-advisors.token)" '$(<"$demo/contoso-advisors.url")/Users?count=3'

  2. Let somebody join, move and leave, run the next cycle, and look at booking's tables:
     $sim mutate --source $there/contoso.json --changes 10 --seed \$RANDOM
     $sim run --source $there/contoso.json --app advisors --state $there/contoso-advisors.state.json \\
       --tenant-url $(<"$demo/contoso-advisors.url") --token "\$(cat $there/contoso-advisors.token)"
     $book --database $there/booking.db --dump

  3. Kill the booking service, run 2. again, start it again: nothing is lost, nothing is applied twice.
     kill -9 $booking_pid
     ${booking[*]/#"$PWD"\//}

Logs are in $there. Ctrl-C ends everything.
EOF
}

build
mkdir -p "$target"
exec 9>"$target/demo.lock"
flock -n 9 || fail "another demo is running from this folder; end it with Ctrl-C first"
rm -rf "$demo"
mkdir -p "$demo"

say "2. Starting the gateway"
start_redis
start_usher

say "3. Two customers, two Tenant URLs each: what an admin pastes into Entra"
set_up_customers
start_booking
booking_pid=${pids[-1]}

say "4. Test Connection, as the button in Entra does"
for tenant in "${tenants[@]}"; do
    "$bin/entra-sim" generate --people "$people" --rooms "$rooms" --seed "${#tenant}" --domain "$tenant.example" \
        --out "$demo/$tenant.json" >/dev/null
    for profile in "${profiles[@]}"; do
        printf '  %-9s %-9s ' "$tenant" "$profile"
        "$bin/entra-sim" test-connection --tenant-url "$(<"$demo/$tenant-$profile.url")" \
            --token "$(<"$demo/$tenant-$profile.token")" || fail "the connection test failed" "$demo/usher.log"
    done
done

failed=
say "5. Initial cycles: $people people and $rooms rooms of each customer; booking's tables fill"
cycle initial || fail "an initial cycle left failures: $failed" "$demo/usher.log"

say "6. A day later: people join, move and leave; incremental cycles"
for tenant in "${tenants[@]}"; do
    "$bin/entra-sim" mutate --source "$demo/$tenant.json" --changes "$changes" --seed 7 | sed "s/^/  $tenant: /; s/: [^ ]*$//"
done
cycle incremental || fail "an incremental cycle left failures: $failed" "$demo/usher.log"

say "7. The provisioning log of contoso's advisors, the last lines"
usher log list --tenant contoso --profile advisors --limit 8 || true

say "8. Booking's tables beside the sources"
compare || fail "booking's tables differ from the sources" "$demo/booking.log"

if [[ ${DEMO_ONCE:-} == 1 ]]; then
    echo "done in $SECONDS s"
    exit 0
fi
try_next
trap 'exit 0' INT TERM
# Only the gateway is waited for: the booking service may be killed, see 3.
wait "$usher_pid" || true
fail "the gateway ended by itself" "$demo/usher.log"

#!/usr/bin/env bash
# Finds what is needed to build, test or show Usher, and installs what is missing with Debian's packages.
#
#   deploy/need.sh build postgres redis
#
# As root it installs without asking. Otherwise it names the packages and ends with status 1. It starts no service and
# touches no configuration: tests and the demo run servers of their own.
set -euo pipefail

packages=()

have() { command -v "$1" >/dev/null 2>&1; }

have_postgres() {
    have initdb && have postgres && return
    local folder
    for folder in /usr/lib/postgresql/*/bin; do
        [[ -x $folder/initdb && -x $folder/postgres ]] && return
    done
    return 1
}

for thing in "$@"; do
    case $thing in
    build)
        have cargo || {
            echo "need: the Rust toolchain is missing; next step: install it from rustup.rs, then run this again" >&2
            exit 1
        }
        { have cc && have make; } || packages+=(build-essential)
        ;;
    # libFuzzer is C++.
    fuzz) have c++ || packages+=(g++) ;;
    postgres) have_postgres || packages+=(postgresql) ;;
    redis) have redis-server || packages+=(redis-server) ;;
    *)
        echo "need: unknown word \"$thing\"; it knows build, fuzz, postgres, redis" >&2
        exit 2
        ;;
    esac
done

((${#packages[@]})) || exit 0
if ! have apt-get; then
    echo "need: missing ${packages[*]} (Debian's names); next step: install them with this system's package manager" >&2
    exit 1
fi
if [[ $(id -u) != 0 ]]; then
    echo "need: missing ${packages[*]}; next step: sudo apt-get install ${packages[*]}" >&2
    exit 1
fi
echo "need: installing ${packages[*]}"
log=$(mktemp)
# RUNLEVEL=1 keeps the packages from starting services of their own.
if ! {
    apt-get update -q &&
        RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}"
} </dev/null >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    echo "need: apt-get could not install ${packages[*]}; next step: see above, or install them by hand" >&2
    rm -f "$log"
    exit 1
fi
rm -f "$log"

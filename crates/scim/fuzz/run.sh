#!/usr/bin/env bash
# Fuzzes every part of the language that reads what a stranger sent.
#
#   crates/scim/fuzz/run.sh SECONDS_EACH [TARGET…]
#
# Coverage feedback comes from LLVM's own pass, which the stable compiler carries; no nightly, no sanitizer. Inputs that
# were found on the way stay in target/fuzz/corpora; an input that breaks a law is named, with what to do.
set -euo pipefail
each=$1
shift
fuzz=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$fuzz/../../.." && pwd)
out=${CARGO_TARGET_DIR:-$root/target}/fuzz
host=$(rustc -vV | sed -n 's/^host: //p')
targets=("$@")
((${#targets[@]})) || mapfile -t targets < <(basename -s .rs -a "$fuzz"/targets/*.rs)

flags="--cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module"
for each_flag in level=4 inline-8bit-counters pc-table trace-compares; do
    flags+=" -Cllvm-args=-sanitizer-coverage-$each_flag"
done
# --target keeps the flags away from build scripts and macros.
CARGO_TARGET_DIR=$out RUSTFLAGS=$flags cargo build --quiet --release --locked --manifest-path "$fuzz/Cargo.toml" --target "$host"

broken=0
for target in "${targets[@]}"; do
    mkdir -p "$out/corpora/$target" "$out/found"
    log=$out/$target.log
    echo "fuzz: $target for $each s"
    if "$out/$host/release/$target" -max_total_time="$each" -max_len=8192 -timeout=10 -rss_limit_mb=1024 \
        -artifact_prefix="$out/found/$target-" "$out/corpora/$target" "$fuzz/corpora/$target" >"$log" 2>&1; then
        sed -n 's/^#\([0-9]*\).*DONE *cov: \([0-9]*\).*/fuzz:   \1 inputs, \2 places reached/p' "$log"
    else
        broken=1
        grep -a -m 3 -A 4 "panicked at" "$log" >&2 || tail -n 5 "$log" >&2
        echo "fuzz: $target broke; next step: mend it, and keep the input: cp $out/found/$target-… $fuzz/corpora/$target/NAME" >&2
        ls -t "$out/found/$target-"* >&2 || true
    fi
done
exit "$broken"

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The demo company to PostgreSQL, served from there in its sandbox, and back:   tools/pg-test test/move.sh BUILD
set -eu
bin=$(cd "$1" && pwd)
dir=$(mktemp -d "${TMPDIR:-/tmp}/outwork-move.XXXXXX")
pid=
finish() {
    [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
    [ -z "$pid" ] || wait "$pid" 2>/dev/null || true
    rm -rf "$dir"
}
trap finish EXIT
fail() {
    echo "FAIL: $*"
    [ ! -e "$dir/log" ] || tail -n 20 "$dir/log"
    exit 1
}
chmod 711 "$dir"
LC_ALL=C
export LC_ALL
port=$((20000 + $$ % 20000))
data=$dir/office
pg="${OUTWORK_TEST_PG} dbname=postgres"
root() { "$bin/outwork" ledger verify --data "$data" >"$dir/verify" || fail "the ledger after $1"; sed -n 's/^ *root //p' "$dir/verify"; }

served() { # starts it, waits until it serves, ends it
    "$bin/outwork" run --data "$data" --log info >"$dir/log" 2>&1 &
    pid=$!
    for _ in $(seq 100); do
        ! grep -q '"serving"' "$dir/log" || break
        kill -0 "$pid" 2>/dev/null || fail "the server ended ($1)"
        sleep 0.1
    done
    grep -q '"serving"' "$dir/log" || fail "the server does not serve ($1)"
    "$bin/outwork" store move --data "$data" --to sqlite >"$dir/out" 2>&1 && fail "moved under a running server"
    sleep 1.5 # it writes: jobs, sessions, the sealer
    ! grep -E '"level":"(error|fatal)"' "$dir/log" || fail "the server complains ($1)"
    kill "$pid"
    wait "$pid" || fail "the server did not end well ($1)"
    pid=
}

"$bin/outwork" demo init --data "$data" --listen "127.0.0.1:$port" >/dev/null || fail "init"
before=$(root init)
[ -n "$before" ] || fail "no root"
"$bin/outwork" store move --data "$data" --to "/nowhere/x" >"$dir/out" 2>&1 && fail "moved to nowhere"
"$bin/outwork" store move --data "$data" --to "host=/nowhere dbname=x user=y" >"$dir/out" 2>&1 && fail "moved to nobody"
grep -q '^store = $' "$data/outwork.conf" || fail "a move that failed changed the config"
"$bin/outwork" store move --data "$data" --to "$pg" || fail "to PostgreSQL"
grep -q "^store = host=" "$data/outwork.conf" || fail "the config does not name the new store"
[ "$(root 'the move to PostgreSQL')" = "$before" ] || fail "another root"
[ ! -e "$data/store/outwork.db" ] || fail "the old file is still in its place"
served PostgreSQL
"$bin/outwork" store move --data "$data" --to sqlite || fail "back to SQLite"
grep -q '^store = $' "$data/outwork.conf" || fail "the config still names PostgreSQL"
root 'the move back' >/dev/null
served SQLite
"$bin/outwork" store move --data "$data" --to "$pg" >"$dir/out" 2>&1 && fail "into a database with data"
grep -q "holds data already" "$dir/out" || fail "not told why: $(cat "$dir/out")"
echo "moved there and back"

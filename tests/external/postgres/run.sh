#!/usr/bin/env bash
# Whether the store's statements are SQL that a second engine takes: each that the tests ran on SQLite is
# prepared by PostgreSQL 15, with tables of the same columns and keys. `SQLITE_STATEMENTS` names a file with what a debug
# build has noted; without it the tests run here.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
cd "$root"
program=${DOORWARD_SERVER_BIN:?path of doorward-server}
unset DOORWARD_SERVER_BIN DOORWARD_BIN
if [ "$(id -u)" != 0 ]; then
  echo "needs root, to start PostgreSQL as its own user"
  exit 1
fi
programs=/usr/lib/postgresql/15/bin
[ -x "$programs/initdb" ] || {
  apt-get update -qq
  apt="apt-get install -y -qq --no-install-recommends"
  DEBIAN_FRONTEND=noninteractive $apt postgresql-common >/dev/null
  # Without a cluster of its own.
  sed -ri 's/^#?create_main_cluster .*$/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
  DEBIAN_FRONTEND=noninteractive $apt postgresql-15 >/dev/null
}

work=$(mktemp -d)
server=
cleanup() {
  [ ! -e "$work/data/postmaster.pid" ] || su postgres -c "$programs/pg_ctl -D $work/data -m immediate stop" >/dev/null || true
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

statements=${SQLITE_STATEMENTS:-}
if [ ! -s "$statements" ]; then
  statements=$work/statements
  cargo build --workspace --bins --locked
  SQLITE_STATEMENTS=$statements cargo test --workspace --locked >"$work/tests" 2>&1 || {
    tail -n 40 "$work/tests"
    exit 1
  }
fi

# A database as the server makes it, for its columns and keys.
"$program" --data-dir "$work/doorward" --port 0 >"$work/out" 2>/dev/null &
server=$!
for _ in $(seq 100); do
  ! grep -q '^doorward-server listening on' "$work/out" || break
  sleep 0.1
done
kill -TERM "$server"
wait "$server" || true
server=

chmod 755 "$work"
install -d -o postgres "$work/data" "$work/socket"
su postgres -c "$programs/initdb -D $work/data -A trust" >/dev/null
su postgres -c "$programs/pg_ctl -D $work/data -o '-k $work/socket -c listen_addresses=' -l $work/data/log -w start" >/dev/null
"$here/prepare.py" "$work/doorward/doorward.db" "$statements" "$work/socket"

#!/usr/bin/env bash
# What is in server/dist, as far as a machine without an init of its own and a container engine can tell: systemd reads
# the unit without a complaint and rates its exposure, and every system call that a server's life makes is one that the
# unit's filter lets through. The same trace shows that an answer of success comes after an fsync.
set -euo pipefail
server=${DOORWARD_SERVER_BIN:?the path of doorward-server}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
unit=$root/server/dist/doorward.service
work=$(mktemp -d)
. "$root/tests/external/checks.sh"
pid=
cleanup() {
  [ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

for tool in systemd-analyze:systemd strace:strace; do
  command -v "${tool%%:*}" >/dev/null && continue
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${tool##*:}" >/dev/null
done

# The same unit with a program that is there.
sed "s#^ExecStart=doorward-server#ExecStart=$server#" "$unit" >"$work/doorward.service"
is "systemd reads the unit" "" "$(systemd-analyze verify "$work/doorward.service" 2>&1)"
exposure=$(systemd-analyze security --offline=true "$work/doorward.service" | sed -n 's/.*exposure level for doorward.service: \([0-9]*\)\..*/\1/p')
is "exposure is at most 1.x of 10" 1 "$exposure"

# The whole life of a server, with every kind of thread at work.
env -u DOORWARD_SERVER_BIN -u DOORWARD_BIN \
  strace -f -y -qq -e trace=all -o "$work/trace" "$server" --port 0 --data-dir "$work/data" >"$work/out" 2>"$work/log" &
pid=$!
for _ in $(seq 200); do
  url=$(sed -n 's/^doorward-server listening on //p' "$work/out")
  [ -z "$url" ] || break
  sleep 0.1
done
key=$(cat "$work/data/operator.key")
person='{"email":"ada@example.com","password":"correct horse battery"}'
is "register" 201 "$(curl -s -o /dev/null -w '%{http_code}' "$url/auth/register" --json "$person")"
is "login" 200 "$(curl -s -o /dev/null -w '%{http_code}' "$url/auth/login" --json "$person")"
is "backup" 201 "$(curl -s -o /dev/null -w '%{http_code}' -X POST -H "Authorization: Bearer $key" "$url/admin/server/backup")"
is "ready" 200 "$(curl -s -o /dev/null -w '%{http_code}' "$url/health/ready")"
kill -TERM "$(pgrep -P "$pid" | head -n 1)"
status=0
wait "$pid" || status=$?
pid=
is "a graceful end" 0 "$status"

calls() { systemd-analyze syscall-filter "$@" | sed 's/^ *//' | grep -v '^#'; }
# Names of sets inside sets, taken apart until only system calls are left.
flat() {
  local name
  for name in $(calls "$1"); do
    case $name in @*) [ "$name" = "$1" ] || flat "$name" ;; *) echo "$name" ;; esac
  done
}
flat @system-service | sort -u >"$work/allowed"
{
  flat @privileged
  flat @obsolete
} | sort -u >"$work/taken"
flat @default | sort -u >"$work/always"
# Single calls that the unit allows beside the groups.
sed -n 's/^SystemCallFilter=\([a-z][a-z0-9_]*\)$/\1/p' "$root/server/dist/doorward.service" >"$work/single"
comm -23 "$work/allowed" "$work/taken" | sort -u - "$work/always" "$work/single" >"$work/filter"
# Before the program itself runs the service manager has made its `execve`.
# As root SQLite gives its files to the directory's owner; the unit's user is not root, and nothing calls `fchown` then.
sed -n 's/^[0-9]* *\([a-z0-9_]*\)(.*/\1/p' "$work/trace" | grep -vx fchown | sort -u >"$work/made"
is "system calls outside the filter" "" "$(comm -23 "$work/made" "$work/filter" | tr '\n' ' ')"

# An answer of success is sent after its change is on disk: between the request and its 201 the log was synced.
order=$(grep -nE 'POST /auth/register|f(data)?sync\([0-9]+<[^>]*doorward\.db-wal>|HTTP/1\.1 201' "$work/trace" |
  sed -n '/POST .auth.register/,/HTTP.1.1 201/p' | sed -E 's/.*(POST|sync|201).*/\1/' | uniq | tr '\n' ' ')
is "synced before it is answered" "POST sync 201 " "$order"

count

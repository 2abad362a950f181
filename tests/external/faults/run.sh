#!/usr/bin/env bash
# A disk that really fills up: the data directory on a small tmpfs of its own (needs root to mount it). Register, login,
# refresh and logout are 503 and change nothing, verification goes on, and it clears when there is room again. Then power
# cuts and failing calls (cuts.py), which need python3 and cc.
set -euo pipefail
server=${DOORWARD_SERVER_BIN:?the path of doorward-server}
work=$(mktemp -d)
disk=$work/disk
pid=
. "$(dirname "${BASH_SOURCE[0]}")/../checks.sh"

cleanup() {
  if [ -n "$pid" ]; then
    kill -9 "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  fi
  umount "$disk" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

mkdir "$disk"
mount -t tmpfs -o size=6m,mode=0700 tmpfs "$disk"

start() {
  : >"$work/out"
  # The server refuses settings it does not know, and names of these checks' own begin like its settings.
  env -u DOORWARD_SERVER_BIN -u DOORWARD_BIN \
    DOORWARD_ARGON2_MEMORY_KIB=64 DOORWARD_ARGON2_ITERATIONS=1 DOORWARD_ISSUER=http://faults.example \
    DOORWARD_REGISTRATIONS_PER_HOUR_PER_IP=0 DOORWARD_PASSWORD_CHECKS_PER_MINUTE_PER_IP=0 \
    "$server" --port 0 --data-dir "$disk/data" >"$work/out" 2>>"$work/log" &
  pid=$!
  for _ in $(seq 100); do
    url=$(sed -n 's/^doorward-server listening on //p' "$work/out")
    [ -z "$url" ] || return 0
    sleep 0.1
  done
  echo "the server does not start"
  exit 1
}

call() { # call METHOD PATH TOKEN [BODY]: the status; the body is in $work/body, the head in $work/head
  local args=(-s -o "$work/body" -D "$work/head" -w '%{http_code}' -X "$1" "$url$2")
  [ -z "$3" ] || args+=(-H "Authorization: Bearer $3")
  [ $# -lt 4 ] || args+=(--json "$4")
  curl "${args[@]}"
}
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$work/body"; }
refused() { # refused WHAT STATUS
  is "$1" 503 "$2"
  is "$1: code" storage_unavailable "$(field code)"
  is "$1: Retry-After" 1 "$(grep -ci '^retry-after: [1-9]' "$work/head")"
}
ada='{"email":"ada@example.com","password":"correct horse battery"}'
eve='{"email":"eve@example.com","password":"correct horse battery"}'

start
is "register" 201 "$(call POST /auth/register '' "$ada")"
access=$(field accessToken)
refresh=$(field refreshToken)
is "login" 200 "$(call POST /auth/login '' "$ada")"
other=$(field accessToken)
is "mint" 201 "$(call POST /apikey "$access" '{"name":"k","scopes":["read"]}')"
key=$(field key)

# Full to the last byte, and then the log of writes has to grow.
dd if=/dev/zero of="$disk/filler" bs=4096 2>/dev/null || true
for number in $(seq 400); do
  status=$(call POST /auth/register '' "{\"email\":\"u$number@example.com\",\"password\":\"correct horse battery\"}")
  [ "$status" = 201 ] || break
done
refused "a disk that is full" "$status"
refused "register" "$(call POST /auth/register '' "$eve")"
refused "login" "$(call POST /auth/login '' "$ada")"
refused "refresh" "$(call POST /auth/refresh '' "{\"refreshToken\":\"$refresh\"}")"
refused "logout" "$(call POST /auth/logout "$access")"
refused "mint" "$(call POST /apikey "$access" '{"name":"k","scopes":["read"]}')"
is "not ready" 503 "$(call GET /health/ready '')"
is "live" 200 "$(call GET /health/live '')"
is "keys" 200 "$(call GET /.well-known/jwks.json '')"
is "a token" 200 "$(call GET /auth/me "$access")"
is "a token not seen before" 200 "$(call GET /auth/me "$other")"
is "an API key" 200 "$(call GET /auth/me "$key")"

# A kill in this state loses nothing.
kill -9 "$pid"
wait "$pid" 2>/dev/null || true
rm "$disk/filler"
start
is "ready again" 200 "$(call GET /health/ready '')"
is "the logout was not done" 200 "$(call GET /auth/me "$access")"
is "the refresh was not done" 200 "$(call POST /auth/refresh '' "{\"refreshToken\":\"$refresh\"}")"
is "the registration was not done" 201 "$(call POST /auth/register '' "$eve")"
is "the key is there" 200 "$(call GET /auth/me "$key")"

# And it clears without a restart.
dd if=/dev/zero of="$disk/filler" bs=4096 2>/dev/null || true
for number in $(seq 401 800); do
  status=$(call POST /auth/register '' "{\"email\":\"u$number@example.com\",\"password\":\"correct horse battery\"}")
  [ "$status" = 201 ] || break
done
refused "full again" "$status"
rm "$disk/filler"
is "room again: ready" 200 "$(call GET /health/ready '')"
is "room again: login" 200 "$(call POST /auth/login '' "$ada")"
is "check" 0 "$(env -u DOORWARD_SERVER_BIN -u DOORWARD_BIN "$server" check --data-dir "$disk/data" >/dev/null 2>&1; echo $?)"

count

# Power cuts and failing calls, in some two minutes.
python3 "$(dirname "$0")/cuts.py"

#!/usr/bin/env bash
# The SDKs against the real server, and against servers that misbehave: JavaScript in Node and Chromium, Go with its race
# detector. Also whether the types are those that the server describes and dist is what the sources compile to, the
# example applications, and the tutorials as they stand. Ends with a count.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
server=${DOORWARD_SERVER_BIN:?path of doorward-server}
# They would be settings of the server that is started.
unset DOORWARD_SERVER_BIN DOORWARD_BIN
need() { # need COMMAND PACKAGE...
  command -v "$1" >/dev/null && return
  shift
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}
need go golang-go gcc libc6-dev
need node nodejs npm
need chromium chromium
work=$(mktemp -d)
pids=()
# shellcheck disable=SC2329
clean() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap clean EXIT

# A copy: node_modules and what checks leave behind have no place in the sources.
mkdir "$work/sdk"
cp -r "$root/sdk/js" "$root/sdk/go" "$work/sdk/"
rm -rf "$work/sdk/js/node_modules"
cp -r "$here/js" "$work/checks"
(cd "$work/sdk/js" && npm pack --silent --pack-destination "$work" >/dev/null)
(cd "$work/checks" && npm install --no-package-lock --no-audit --no-fund --loglevel=error "$work"/doorward-sdk-*.tgz)
ln -s "$work/checks/node_modules" "$work/sdk/js/node_modules"

start() { # start NAME SETTING...: prints the URL
  local name=$1
  shift
  mkdir "$work/$name"
  (cd "$work/$name" && exec env "$@" "$server" --data-dir data --port 0) >"$work/$name/out" 2>"$work/$name/log" &
  pids+=($!)
  for _ in $(seq 600); do grep -q listening "$work/$name/out" && return; kill -0 $! || { cat "$work/$name/log"; exit 1; }; sleep 0.1; done
}
url() { sed -n 's/^doorward-server listening on //p' "$work/$1/out"; }
# Checks sign many people up from one address.
limits=(DOORWARD_REGISTRATIONS_PER_HOUR_PER_IP=0 DOORWARD_PASSWORD_CHECKS_PER_MINUTE_PER_IP=0)
start plain "${limits[@]}"
start hasty "${limits[@]}" DOORWARD_ACCESS_TOKEN_SECONDS=3
ISSUER=$(url plain) HASTY_ISSUER=$(url hasty)
OPERATOR_KEY=$(cat "$work/plain/data/operator.key") HASTY_OPERATOR_KEY=$(cat "$work/hasty/data/operator.key")
export ISSUER HASTY_ISSUER OPERATOR_KEY HASTY_OPERATOR_KEY
# For those that start programs of their own: the server, the example applications, the tutorials.
export PROGRAM=$server EXAMPLE=$root/sdk/js/examples/orders GO_SDK=$root/sdk/go TUTORIAL=$root/docs/tutorial
export GOFLAGS=-mod=mod GOPROXY=off

passed=0
failed=0
count() { # count PASSED FAILED
  passed=$((passed + $1))
  failed=$((failed + $2))
}
check() { # check NAME COMMAND...: counts one
  local name=$1
  shift
  if "$@" >"$work/said" 2>&1; then count 1 0; else count 0 1; printf 'FAILED %s\n' "$name"; cat "$work/said"; fi
}
script() { # script FILE: counts what it says it counted
  node "$work/checks/$1" >"$work/said" 2>&1 || true
  grep -v '^counted ' "$work/said" || true
  # Whoever does not come to the end has failed.
  read -r _ good bad < <(grep '^counted ' "$work/said" || echo "counted 0 1")
  printf '%s: %s passed, %s failed\n' "$1" "$good" "$bad"
  count "$good" "$bad"
}
go_tests() { # go_tests FOLDER
  (cd "$1" && CGO_ENABLED=1 go test -race -count=1 -v ./...) >"$work/said" 2>&1 || true
  local good bad
  good=$(grep -c '^--- PASS' "$work/said" || true)
  bad=$(grep -c -E '^(--- FAIL|panic:|FAIL.*build failed|WARNING: DATA RACE)' "$work/said" || true)
  if [ "$bad" -gt 0 ] || [ "$good" -eq 0 ]; then cat "$work/said"; fi
  [ "$good" -gt 0 ] || bad=$((bad + 1))
  printf '%s: %s passed, %s failed\n' "${1#"$root/"}" "$good" "$bad"
  count "$good" "$bad"
}

check 'src/api.ts is what the server describes' env DOORWARD_URL="$ISSUER" node "$work/sdk/js/tools/types.mjs" --check
check 'dist is what src compiles to' node "$work/sdk/js/tools/build.mjs" --check
check 'the package has types for its users' "$work/checks/node_modules/.bin/tsc" -p "$work/checks/types"
for file in "$work"/checks/*.mjs; do
  case $(basename "$file") in support.mjs) ;; *) script "$(basename "$file")" ;; esac
done
check 'gofmt has nothing to say' bash -c 'cd "$1" && out=$(gofmt -l sdk/go tests/external/sdk/go) && echo "$out" && [ -z "$out" ]' _ "$root"
check 'go vet has nothing to say' bash -c 'cd "$1/sdk/go" && go vet ./... && cd "$1/tests/external/sdk/go" && go vet ./...' _ "$root"
go_tests "$root/sdk/go"
go_tests "$root/tests/external/sdk/go"
printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]

#!/usr/bin/env bash
# Stock OAuth2 and OpenID Connect clients against the real server, given nothing but its issuer URL: npm oauth4webapi
# and openid-client, PyPI Authlib and requests-oauthlib, crates oauth2 and openidconnect. Ends with a count.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
server=${DOORWARD_SERVER_BIN:?path of doorward-server}
# They would be settings of the server that is started.
unset DOORWARD_SERVER_BIN DOORWARD_BIN
work=$(mktemp -d)
pid=
# shellcheck disable=SC2329
clean() {
  if [ -n "$pid" ]; then kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap clean EXIT

cp -r "$here/node" "$work/node"
(cd "$work/node" && npm install --no-package-lock --no-audit --no-fund --loglevel=error)
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/python/requirements.txt"
# A project of its own: what these crates need is nothing Doorward depends on, so it is no member of the workspace.
export CARGO_TARGET_DIR=${OIDC_RUST_TARGET:-$here/rust/target}
cargo build --quiet --locked --manifest-path "$here/rust/Cargo.toml"

(cd "$work" && exec "$server" --data-dir "$work/data" --port 0) >"$work/out" 2>"$work/log" &
pid=$!
for _ in $(seq 600); do grep -q listening "$work/out" && break; kill -0 "$pid" || { cat "$work/log"; exit 1; }; sleep 0.1; done
ISSUER=$(sed -n 's/^doorward-server listening on //p' "$work/out")
export ISSUER PERSON="$work/node/person.mjs"
OPERATOR_KEY=$(cat "$work/data/operator.key") node "$work/node/setup.mjs" >"$work/made.json"
export MADE="$work/made.json"

passed=0
failed=0
check() { # check NAME COMMAND...
  local name=$1 count
  shift
  "$@" >"$work/$name.out" 2>&1 || true
  cat "$work/$name.out"
  count=$(grep -c '^ok ' "$work/$name.out" || true)
  passed=$((passed + count))
  count=$(grep -c '^FAILED ' "$work/$name.out" || true)
  failed=$((failed + count))
  # Whoever does not come to the end has failed.
  grep -q '^end$' "$work/$name.out" || { printf 'FAILED %s did not come to its end\n' "$name"; failed=$((failed + 1)); }
}
check oauth4webapi node "$work/node/oauth4webapi.mjs"
check openid-client node "$work/node/openid-client.mjs"
check authlib "$work/venv/bin/python" "$here/python/with_authlib.py"
check requests-oauthlib "$work/venv/bin/python" "$here/python/with_requests_oauthlib.py"
check rust "$CARGO_TARGET_DIR/debug/stock-clients"
printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]

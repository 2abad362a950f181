#!/usr/bin/env bash
# Chromium walks the hosted pages of the real server: sign-up, sign-in, consent, account, sign-out and errors, with and
# without JavaScript, from 320 to 2560 pixels, light and dark, in both languages, and the story of a person with mail and a
# passkey; axe-core looks at each. PAGES_SHOTS=DIR keeps a
# picture of each. Ends with a count.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
server=${DOORWARD_SERVER_BIN:?path of doorward-server}
# They would be settings of the server that is started.
unset DOORWARD_SERVER_BIN DOORWARD_BIN
command -v chromium >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; }
work=$(mktemp -d)
pid=
# shellcheck disable=SC2329
clean() {
  if [ -n "$pid" ]; then kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap clean EXIT
cp "$here"/*.mjs "$here/package.json" "$work/"
(cd "$work" && npm install --no-package-lock --no-audit --no-fund --loglevel=error)
(cd "$work" && exec "$server" --data-dir "$work/data" --port 0) >"$work/out" 2>"$work/log" &
pid=$!
for _ in $(seq 600); do grep -q listening "$work/out" && break; kill -0 "$pid" || { cat "$work/log"; exit 1; }; sleep 0.1; done
ISSUER=$(sed -n 's/^doorward-server listening on //p' "$work/out")
OPERATOR_KEY=$(cat "$work/data/operator.key")
export ISSUER OPERATOR_KEY SERVER="$server"
node "$work/walk.mjs"

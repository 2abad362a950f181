#!/usr/bin/env bash
# The second step of the hosted sign-in in Chromium: a passkey of a virtual authenticator, and codes without JavaScript.
# Ends with a count.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export SERVER=${DOORWARD_SERVER_BIN:?path of doorward-server}
# They would be settings of the server that is started.
unset DOORWARD_SERVER_BIN DOORWARD_BIN
command -v chromium >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here/walk.mjs" "$here/package.json" "$work/"
cd "$work"
npm install --no-package-lock --no-audit --no-fund --loglevel=error
node walk.mjs

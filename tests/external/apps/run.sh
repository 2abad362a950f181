#!/usr/bin/env bash
# Widely used programs sign a person in, each from its own documented settings alone: issuer or discovery URL, client id,
# client secret, redirect URI, scopes. Each check says what was set. `APPS=NAME` runs one, `APPS=all` the heavy ones
# too (Streamlit, JupyterHub, pgAdmin, Synapse). Ends with a count.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
server=${DOORWARD_SERVER_BIN:?path of doorward-server}
console=${DOORWARD_BIN:?path of doorward}
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

missing=()
[ -e /usr/lib/apache2/modules/mod_auth_openidc.so ] || missing+=(apache2 libapache2-mod-auth-openidc)
[ -d /usr/share/gocode/src/github.com/coreos/go-oidc ] || missing+=(golang-golang-x-oauth2-dev golang-github-coreos-go-oidc-dev)
ruby -e 'require "omniauth_openid_connect"; require "sinatra/base"; require "webrick"' 2>/dev/null || missing+=(ruby-omniauth-openid-connect ruby-sinatra ruby-webrick)
command -v oidc-gen >/dev/null || missing+=(oidc-agent-cli)
command -v chromium >/dev/null || missing+=(chromium)
if [ ${#missing[@]} -gt 0 ]; then
  apt-get update -qq
  # Nothing is to be started: the checks bring their own configuration.
  if [ ! -e /usr/sbin/policy-rc.d ]; then printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d && ours=1; fi
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  [ -z "${ours:-}" ] || rm -f /usr/sbin/policy-rc.d
fi

cp -r "$here/node" "$work/node"
(cd "$work/node" && npm install --no-package-lock --no-audit --no-fund --loglevel=error)
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/python/requirements.txt"
case "${APPS:-}" in all | streamlit | jupyterhub | synapse)
  "$work/venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/python/heavy.txt"
  (cd "$work/node" && npm install --no-save --no-package-lock --no-audit --no-fund --loglevel=error configurable-http-proxy@5.3.0) ;;
esac
# It wants another Authlib than the others.
case "${APPS:-}" in all | pgadmin)
  python3 -m venv "$work/pgadmin"
  "$work/pgadmin/bin/pip" install --quiet --disable-pip-version-check -r "$here/python/pgadmin.txt" ;;
esac
# Debian's own packages of the two libraries: no module is downloaded.
GO111MODULE=off GOFLAGS='' GOPATH=/usr/share/gocode go build -o "$work/go-app" "$here/go/main.go"

(cd "$work" && DOORWARD_CLIENT_REGISTRATION=open exec "$server" --data-dir "$work/data" --port 0) >"$work/out" 2>"$work/log" &
pid=$!
for _ in $(seq 600); do grep -q listening "$work/out" && break; kill -0 "$pid" || { cat "$work/log"; exit 1; }; sleep 0.1; done
ISSUER=$(sed -n 's/^doorward-server listening on //p' "$work/out")
export ISSUER CONSOLE="$console" WORK="$work" OPERATOR_KEY_FILE="$work/data/operator.key"
"$work/venv/bin/python" "$here/python/check.py"

#!/usr/bin/env bash
# The snippets of docs/deploy/proxies.md, as they stand there, in front of a real server: nginx and Caddy with a
# certificate of their own. Needs nginx, caddy, openssl and python3.
set -euo pipefail
: "${DOORWARD_SERVER_BIN:?the path of doorward-server}"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for tool in nginx:nginx-light caddy:caddy openssl:openssl; do
  command -v "${tool%%:*}" >/dev/null && continue
  [ -n "${updated:-}" ] || apt-get update -qq
  updated=1
  # Nothing is to be started: the checks bring their own configuration.
  printf '#!/bin/sh\nexit 101\n' >/tmp/policy-rc.d.$$
  if [ ! -e /usr/sbin/policy-rc.d ]; then install -m 755 /tmp/policy-rc.d.$$ /usr/sbin/policy-rc.d && ours=1; fi
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${tool##*:}" >/dev/null
  [ -z "${ours:-}" ] || rm -f /usr/sbin/policy-rc.d
  rm -f /tmp/policy-rc.d.$$
done
exec python3 "$here/check.py"

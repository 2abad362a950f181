#!/usr/bin/env bash
# Figures of docs/performance.md that need a mail server or the CLI: `PROFILE=release tests/external/run.sh figures`,
# on a machine that does nothing else. What it prints is what counts; it fails only where something does not work.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${DOORWARD_SERVER_BIN:?path of doorward-server}" "${DOORWARD_BIN:?path of doorward}"
uptime
passed=0
failed=0
for figure in mails imports factor; do
  if python3 "$here/$figure.py"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]

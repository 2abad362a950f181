#!/usr/bin/env bash
# The library in a crate of its own, with the dependencies that docs/embedding.md names: which database crates resolve beside its SQLite,
# as docs/embedding.md says, and that its lines (README.md has the same) compile there. Needs the registry.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

app() { # NAME [DEPENDENCY]: a crate with the dependencies that docs/embedding.md names, and one more
  mkdir -p "$work/$1/src"
  printf '[package]\nname = "app"\nversion = "0.0.0"\nedition = "2024"\n\n[workspace]\n\n' >"$work/$1/Cargo.toml"
  sed -n '/^```toml/,/^```/{/^```/!p}' "$root/docs/embedding.md" | sed "s|\"doorward/server\"|\"$root/server\"|" >>"$work/$1/Cargo.toml"
  printf '%s\n' "${2:-}" >>"$work/$1/Cargo.toml"
  echo 'fn main() {}' >"$work/$1/src/main.rs"
}

resolves() { # EXPECTED DEPENDENCY
  local name
  name=$(printf '%s' "$2" | tr -c 'a-z0-9\n' _)
  app "$name" "$2"
  local got=no
  if (cd "$work/$name" && cargo generate-lockfile --quiet 2>"$work/$name/why"); then got=yes; fi
  # "No" counts only where it is SQLite that is linked twice.
  if [ $got = no ] && ! grep -q 'links to the native library `sqlite3`' "$work/$name/why"; then got=error; fi
  if [ "$1" = $got ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAILED: %s: expected %s, got %s\n' "$2" "$1" "$got"
    if [ $got != yes ]; then head -n 20 "$work/$name/why"; fi
  fi
}

resolves yes 'rusqlite = "0.41"'
resolves yes 'sqlx = { version = "0.8", default-features = false, features = ["postgres", "runtime-tokio"] }'
resolves yes 'sqlx = { version = "0.9", default-features = false, features = ["postgres", "runtime-tokio"] }'
resolves yes 'diesel = { version = "2.3", default-features = false, features = ["postgres"] }'
resolves yes 'sea-orm = { version = "1", default-features = false, features = ["sqlx-postgres", "runtime-tokio"] }'
resolves yes 'rocket_db_pools = { version = "0.2", features = ["sqlx_postgres"] }'
resolves no 'rusqlite = "0.40"'
resolves no 'sqlx = { version = "0.8", default-features = false, features = ["sqlite", "runtime-tokio"] }'
resolves no 'sqlx = { version = "0.9", default-features = false, features = ["sqlite", "runtime-tokio"] }'
resolves no 'diesel = { version = "2.3", default-features = false, features = ["sqlite"] }'

# The lines as they stand, in a crate that is none of the workspace.
app readme
cp "$root/Cargo.lock" "$work/readme/Cargo.lock"
sed -n '/^```rust,no_run/,/^```/{/^```/!p}' "$root/docs/embedding.md" >"$work/readme/src/main.rs"
if (cd "$work/readme" && CARGO_TARGET_DIR="$root/target/embedding" cargo check --quiet 2>"$work/readme/why"); then
  passed=$((passed + 1))
else
  failed=$((failed + 1))
  echo "FAILED: the lines of docs/embedding.md do not compile"
  head -n 40 "$work/readme/why"
fi

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]

# What the checks in shell share. A script sources it, says what `is`, and ends with `count`.
passed=0
failed=0
is() { # is WHAT EXPECTED ACTUAL
  if [ "$2" = "$3" ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAILED: %s: expected %s, got %s\n' "$1" "$2" "$3"
  fi
}
# Says how many passed. Its exit code is the script's.
count() {
  printf '%s passed, %s failed\n' "$passed" "$failed"
  [ "$failed" = 0 ]
}

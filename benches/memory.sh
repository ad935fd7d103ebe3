#!/bin/sh
# The peak memory of the SDK (the example mirror) while it uploads and downloads a file of 2 GiB, against the emulator:
# builds the release programs, prints both figures, and fails when one of them is 64 MiB or more. Needs python3.
set -eu
command -v python3 >/dev/null || {
  echo "memory.sh: not installed: python3" >&2
  exit 1
}
exec python3 "$(dirname "$0")/memory.py" "$@"

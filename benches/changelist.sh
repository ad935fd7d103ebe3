#!/bin/sh
# A FilesAnywhere ChangeList of 1,000,000 entries (about 250 MB of XML): builds the release programs, prints the throughput
# beside that of a bare quick-xml event loop over the same bytes, and the peak memory of the reading process. Fails when
# that is 48 MiB or more, or when the reader has less than half of the throughput of the event loop. Needs python3.
set -eu
command -v python3 >/dev/null || {
  echo "changelist.sh: not installed: python3" >&2
  exit 1
}
exec python3 "$(dirname "$0")/changelist.py" "$@"

"""Runs a command and writes to a file what it and the processes it waited for used: seconds, seconds of CPU, peak KiB.

A process of its own, with next to nothing imported: the system never reports a lower peak than that of the starting process.
Usage: measure.py RESULT COMMAND [ARGUMENT...]; ends as the command does.
"""

import os
import sys
import time

begin = time.monotonic()
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(pid, 0)
wall = time.monotonic() - begin
with open("/proc/self/status") as status_file:
    floor = next(line.split()[1] for line in status_file if line.startswith("VmHWM"))
with open(sys.argv[1], "w") as result:
    print(wall, used.ru_utime + used.ru_stime, used.ru_maxrss, floor, file=result)
sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)

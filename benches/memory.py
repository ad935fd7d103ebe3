"""Measures the peak memory of the example mirror while it transfers a large file. Fails when it is not below the limit."""

import argparse
import pathlib
import sys
import tempfile

from harness import MIB, Emulator, build, fail, md5, measure, write_file

LIMIT = 64


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--size", type=int, default=2048, metavar="MIB", help="size of the file [2048]")
    options = options.parse_args()
    emulator_program, mirror = build()
    with tempfile.TemporaryDirectory(prefix="sharesync-memory-") as directory:
        directory = pathlib.Path(directory)
        write_file(directory / "file.bin", options.size * MIB, 1)
        with Emulator(emulator_program, directory / "drive") as emulator:
            emulator.write_config(directory / "stores.toml")
            command = [mirror, "--config", "stores.toml", "--store", "emulated"]
            up = measure([*command, "up", "file.bin", "/file.bin"], directory)
            down = measure([*command, "down", "/file.bin", "file.down"], directory)
        if md5(directory / "file.down") != md5(directory / "file.bin"):
            fail("what came back differs")
    for name, usage in (("up", up), ("down", down)):
        print(f"{options.size} MiB {name}: peak {usage.peak:.1f} MiB, {usage.wall:.1f} s, {usage.cpu:.1f} s of CPU")
    if max(up.peak, down.peak) >= LIMIT:
        sys.exit(f"memory.py: the limit is {LIMIT} MiB")


main()

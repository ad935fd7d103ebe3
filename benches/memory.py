"""Measures the peak memory of the example mirror while it transfers a large file: in one go, and killed half-way and continued.
Fails when it is not below the limit, or when more than a little is sent twice."""

import argparse
import pathlib
import sys
import tempfile

from harness import MIB, Emulator, build, fail, md5, measure, write_file

LIMIT = 64
# What a killed client has sent in vain, or left unread: parts under way and buffers.
SENT_TWICE = 64


MIRROR = ["./mirror", "--config", "stores.toml", "--store", "emulated"]


def in_one_go(_, directory, __):
    """What an upload and a download used, by name."""
    yield "up", measure([*MIRROR, "up", "file.bin", "/file.bin"], directory)
    yield "down", measure([*MIRROR, "down", "/file.bin", "file.down"], directory)


def killed_and_continued(emulator, directory, size):
    """What an upload and a download used that were killed half-way, and the processes that continued them."""
    transfers = {
        "up": ("request_bytes", ["up", "file.bin", "/file.bin", "--journal", "journal"]),
        "down": ("response_bytes", ["down", "/file.bin", "file.down"]),
    }
    for name, (direction, transfer) in transfers.items():
        emulator.forget_requests()
        half = lambda: emulator.transferred(direction) >= size // 2
        yield f"{name}, killed half-way", measure([*MIRROR, *transfer], directory, until=half)
        yield f"{name}, continued", measure([*MIRROR, *transfer], directory)
        surplus = (emulator.transferred(direction) - size) / MIB
        print(f"{name}: {surplus:.1f} MiB were sent twice")
        if surplus > SENT_TWICE:
            fail(f"more than {SENT_TWICE} MiB were sent twice")


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--size", type=int, default=2048, metavar="MIB", help="size of the file [2048]")
    options.add_argument("--provider", default="sharefile", choices=["sharefile", "sharepoint"], help="[sharefile]")
    options = options.parse_args()
    emulator_program, mirror = build()
    peaks = []
    with tempfile.TemporaryDirectory(prefix="sharesync-memory-") as directory:
        directory = pathlib.Path(directory)
        (directory / "mirror").symlink_to(mirror)
        write_file(directory / "file.bin", options.size * MIB, 1)
        for transfers in (in_one_go, killed_and_continued):
            with Emulator(emulator_program, directory / "drive") as emulator:
                emulator.write_config(directory / "stores.toml", options.provider)
                for name, usage in transfers(emulator, directory, options.size * MIB):
                    print(f"{options.size} MiB {name}: peak {usage.peak:.1f} MiB, {usage.wall:.1f} s, {usage.cpu:.1f} s of CPU")
                    peaks.append(usage.peak)
            if md5(directory / "file.down") != md5(directory / "file.bin"):
                fail("what came back differs")
            (directory / "file.down").unlink()
    if max(peaks) >= LIMIT:
        sys.exit(f"memory.py: the limit is {LIMIT} MiB")


main()

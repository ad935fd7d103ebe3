"""What the measuring scripts share: building the programs, running the emulator, measuring a client process."""

import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass

WORKSPACE = pathlib.Path(__file__).resolve().parent.parent
MIB = 1 << 20


def fail(message):
    sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {message}")


def require(*programs):
    """Ends with a message when a program is missing."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        fail(f"not installed: {', '.join(missing)}")


def build(example="mirror"):
    """Builds the release programs; the paths of the emulator and of an example."""
    require("cargo")
    command = ["cargo", "build", "--release", "--quiet", "--workspace", "--message-format=json"]
    command += ["--bin", "sharesync-emulator", "--example", example]
    built = subprocess.run(command, cwd=WORKSPACE, stdout=subprocess.PIPE, text=True)
    if built.returncode != 0:
        fail("the release build failed")
    messages = [json.loads(line) for line in built.stdout.splitlines()]
    programs = {m["target"]["name"]: m["executable"] for m in messages if m.get("executable")}
    return programs["sharesync-emulator"], programs[example]


# What each provider's configuration takes from what the emulator says when it is ready.
CONFIGURED = {
    "sharefile": {"endpoint": "endpoint", "access_token": "token"},
    "acronis": {name: name for name in ("endpoint", "username", "password")},
    "filesanywhere": {name: name for name in ("endpoint", "api_key", "org_id", "username", "password")},
    "cursor": {"endpoint": "endpoint", "share_id": "share_id", "access_token": "token"},
    "sharepoint": {"site": "site", "access_token": "token"},
}


class Emulator:
    """The emulator with an empty drive in a directory, until the `with` ends."""

    def __init__(self, program, directory, *arguments):
        self.directory = pathlib.Path(directory)
        command = [program, "--listen", "127.0.0.1:0", "--directory", self.directory, *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        ready = json.loads(self.process.stdout.readline())
        self.address, self.accounts = ready["listening"], ready["providers"]
        account = self.accounts["sharefile"]
        self.endpoint, self.token = account["endpoint"], account["token"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.directory)

    def write_config(self, file, provider="sharefile"):
        """Writes a configuration for the examples, with the emulator as the store `emulated`."""
        account, file = self.accounts[provider], pathlib.Path(file)
        values = {key: account[name] for key, name in CONFIGURED[provider].items()} | {"provider": provider}
        if provider in ("sharefile", "acronis"):
            values["snapshots"] = str(file.with_name("snapshots.redb"))
        if provider == "cursor":
            values["device_id"] = "5e0a3d6c-52f4-4c6e-9c57-0f6b8a0f4d21"
        lines = ["[stores.emulated]"] + [f"{key} = {json.dumps(value)}" for key, value in values.items()]
        file.write_text("\n".join(lines) + "\n")

    def transferred(self, direction):
        """The bytes of all bodies of requests (`request_bytes`) or of answers (`response_bytes`) since they were forgotten."""
        with urllib.request.urlopen(f"{self.address}/_emulator/requests?path=/") as answer:
            return sum(request[direction] for request in json.load(answer)["requests"])

    def forget_requests(self):
        urllib.request.urlopen(urllib.request.Request(f"{self.address}/_emulator/requests", method="DELETE")).close()

    def fill(self, path, files, size):
        """Makes a folder with files in it."""
        query = urllib.parse.urlencode({"path": path, "files": files, "size": size})
        urllib.request.urlopen(urllib.request.Request(f"{self.address}/_emulator/fill?{query}", method="POST")).close()

    def digests(self, path):
        """The MD5 that the emulator computed of what it stores, for each file in a folder, by name."""
        folder = self.ask(f"Items/ByPath?{urllib.parse.urlencode({'path': path})}")["Id"]
        children = self.ask(f"Items({folder})/Children?$select=Name,Hash")["value"]
        return {child["Name"]: child["Hash"] for child in children}

    def ask(self, operation):
        request = urllib.request.Request(
            f"{self.endpoint}/sf/v3/{operation}", headers={"Authorization": f"Bearer {self.token}"}
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


@dataclass
class Usage:
    """What a client process and the processes it waited for used: seconds, seconds, MiB."""

    wall: float
    cpu: float
    peak: float
    # The system reports no lower peak than this.
    floor: float


def measure(command, directory, environment=None, output=subprocess.DEVNULL, until=None):
    """Runs a client to its successful end, or kills it as soon as `until()` is true."""
    result, complaints = directory / "usage", directory / "stderr"
    with open(complaints, "w") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-S", "-E", WORKSPACE / "benches/measure.py", result, *command],
            cwd=directory,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=stderr,
        )
        if until is not None:
            kill_when(process, until)
        ended = process.wait()
    if ended != (-signal.SIGKILL & 0xFF if until else 0):
        command = " ".join(map(str, command))
        fail(f"`{command}` ended with {ended}:\n{complaints.read_text()[-4000:]}")
    wall, cpu, peak, floor = map(float, result.read_text().split())
    return Usage(wall, cpu, peak / 1024, floor / 1024)


def kill_when(process, until):
    """Kills the client of measure.py, which then reports what that has used."""
    while not until():
        if process.poll() is not None:
            return
        time.sleep(0.05)
    client = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for pid in client:
        os.kill(int(pid), signal.SIGKILL)


def write_file(path, size, seed):
    """Writes pseudo-random bytes, the same for the same seed."""
    source = random.Random(seed)
    with open(path, "wb") as file:
        while size > 0:
            piece = min(size, MIB)
            file.write(source.randbytes(piece))
            size -= piece


def md5(path):
    digest, block = hashlib.md5(), bytearray(MIB)
    with open(path, "rb", buffering=0) as file:
        while read := file.readinto(block):
            digest.update(memoryview(block)[:read])
    return digest.hexdigest()


def directory_digests(directory):
    """The MD5 of each file in a directory, by name."""
    return {entry.name: md5(entry.path) for entry in os.scandir(directory)}

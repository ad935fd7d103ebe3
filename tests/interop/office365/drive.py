"""The Office365 REST client drives SharePoint: it lists, uploads in one piece and in chunks, downloads, moves and recycles.

The first argument is the entry of the provider in the emulator's ready line, the second the sign-in: bearer, ntlm, or ntlm-wrong
for a wrong password. What was seen is printed as one line of JSON.
"""

import io
import json
import sys
from urllib.parse import urlparse

from office365.runtime.auth.token_response import TokenResponse
from office365.runtime.client_request_exception import ClientRequestException
from office365.sharepoint.client_context import ClientContext
from office365.sharepoint.files.move_operations import MoveOperations

CHUNK = 256 << 10


def connect(account, sign_in):
    """A client of the user's own site."""
    if sign_in == "bearer":
        token = TokenResponse(access_token=account["token"], token_type="Bearer")
        return ClientContext(account["site"]).with_access_token(lambda: token)
    password = "wrong" if sign_in == "ntlm-wrong" else account["password"]
    user = account["domain"] + "\\" + account["username"]
    return ClientContext(account["site"], allow_ntlm=True).with_user_credentials(user, password)


def main():
    account, sign_in = json.loads(sys.argv[1]), sys.argv[2]
    client = connect(account, sign_in)
    library = urlparse(account["site"]).path + "/Documents"
    documents = client.web.get_folder_by_server_relative_path(library)

    def file(*names):
        return client.web.get_file_by_server_relative_path("/".join([library, *names]))

    def names(folder):
        """The names of the files and of the folders in a folder."""
        files, folders = folder.files.get().execute_query(), folder.folders.get().execute_query()
        return [sorted(entry.name for entry in entries) for entries in (files, folders)]

    def content(file):
        return file.get_content().execute_query().value

    try:
        client.web.get().execute_query()
    except ClientRequestException as error:
        print(json.dumps({"refused": error.response.status_code}))
        return

    before = names(documents)
    folder = documents.folders.add("by Python & " + sign_in).execute_query()
    path = folder.server_relative_url
    goal = folder.folders.add("moved to").execute_query()

    small, large = b"small \x00\xff", bytes(range(256)) * 4096 + b"the rest"
    plain = folder.files.upload(io.BytesIO(small), "Zeiten ü.bin").execute_query()
    folder.files.add("it's plain.txt", b"first", True).execute_query()
    again = folder.files.add("it's plain.txt", b"second", True).execute_query()
    offsets = []
    chunked = folder.files.create_upload_session(io.BytesIO(large), CHUNK, offsets.append, file_name="large.bin").execute_query()
    listed = names(folder)
    lengths = {entry.name: entry.length for entry in folder.files.get().execute_query()}

    name = folder.name
    assert content(plain) == small
    assert content(again) == b"second"
    assert content(file(name, "large.bin")) == large
    part = io.BytesIO()
    file(name, "large.bin").download_session(part, chunk_size=100_000).execute_query()
    assert part.getvalue() == large, len(part.getvalue())

    identity = file(name, "large.bin").get().execute_query().unique_id
    file(name, "large.bin").moveto(goal, MoveOperations.overwrite.value).execute_query()
    moved = file(name, "moved to", "large.bin").get().execute_query()
    assert moved.unique_id == identity, "an item that is moved keeps its identifier"
    assert content(moved) == large

    recycled = again.recycle().execute_query().value
    bin = [item.properties["LeafName"] for item in client.web.recycle_bin.get().execute_query()]
    try:
        file(name, "it's plain.txt").get().execute_query()
        missing = None
    except ClientRequestException as error:
        missing = error.response.status_code
    after = names(folder)
    folder.recycle().execute_query()
    print(
        json.dumps(
            {
                "path": path,
                "listed": listed,
                "lengths": lengths,
                "chunks": len(offsets),
                "after": after,
                "recycled": bool(recycled),
                "bin": bin,
                "missing": missing,
                "left": names(documents) == before,
            }
        )
    )


main()

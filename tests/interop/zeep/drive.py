"""zeep drives FilesAnywhere: it reads the WSDL of both services and signs in, lists, uploads, downloads and asks for changes.

The first argument is the entry of the provider in the emulator's ready line, the second the version of SOAP: 11 or 12. What was
seen is printed as one line of JSON.
"""

import gzip
import json
import sys
from datetime import datetime, timezone

import requests
import zeep


def service(endpoint, name, version):
    """The proxy of a service, by its port for the version."""
    client = zeep.Client(endpoint + "?WSDL")
    return client.bind(name, name + ("Soap12" if version == "12" else "Soap"))


def good(result):
    """A result whose ErrorMessage says nothing."""
    assert not result.ErrorMessage, result.ErrorMessage
    return result


def changes(sync, token, since):
    parameters = {"LocalDate": since, "ChangeType": 0, "FolderExceptionList": {"long": []}, "FileExceptionList": {"long": []}}
    return sync.ChangeList(Token=token, Parameters=parameters)


def main():
    account, version = json.loads(sys.argv[1]), sys.argv[2]
    files = service(account["files_endpoint"], "FAWAPI", version)
    sync = service(account["sync_endpoint"], "SyncAPI", version)
    login = {
        "APIKey": account["api_key"],
        "OrgID": account["org_id"],
        "UserName": account["username"],
        "Password": account["password"],
        "AllowedIPList": None,
        "ClientEncryptParam": "ENCRYPTEDNO",
    }
    token = good(files.AccountLogin(**login)).Token
    sync_token = good(sync.AccountLogin(**login)).Token
    wrong = sync.AccountLogin(**{**login, "Password": "wrong"})
    home = "\\" + account["username"]

    start = changes(sync, sync_token, datetime(1, 1, 1))
    assert start.FullSync and start.SyncEndDate

    folder = "zeep & sons " + version
    assert good(files.CreateFolder(token, home, folder)).FolderCreated
    again = files.CreateFolder(token, home, folder)
    assert not again.FolderCreated and again.ErrorMessage.startswith("e2937:"), again

    whole, first, last = b"whole \x00\xff", b"a" * 300_000, b"b" * 17
    path = home + "\\" + folder + "\\"
    assert good(files.UploadFile(token, path + "whole.bin", whole)).Uploaded
    assert good(sync.AppendChunkGZip(sync_token, path + "packed.bin", gzip.compress(first), 0, len(first), False)).ChunkAppended
    length = len(first)
    assert good(sync.AppendChunkGZip(sync_token, path + "packed.bin", gzip.compress(last), length, len(last), True)).ChunkAppended
    written = datetime(2020, 2, 3, 4, 5, 6, tzinfo=timezone.utc)
    chunk = files.ChunkUpload(token, path + "Zeiten ü.bin", first, 0, length, False, None, None, None)
    chunk = files.ChunkUpload(token, path + "Zeiten ü.bin", last, length, len(last), True, good(chunk).UploadToken, written, None)
    assert good(chunk).ChunkAppended and chunk.LastWriteTimeUtc == written, chunk

    listing = good(files.ListItems2(token, home + "\\" + folder, 2, 1))
    names = [item.Name for item in listing.Items.Item]
    rest = good(files.ListItems2(token, home + "\\" + folder, 2, 2))
    names += [item.Name for item in rest.Items.Item]
    assert (listing.PageCount, listing.ClipboardIsEmpty) == (2, True), listing

    contents = {}
    for name in names:
        url = good(files.DownloadFile(token, path + name)).URL
        contents[name] = requests.get(url, timeout=30).content
    assert contents == {"whole.bin": whole, "packed.bin": first + last, "Zeiten ü.bin": first + last}
    part = requests.get(url, headers={"Range": "bytes=1-3"}, timeout=30)
    assert part.status_code == 206 and len(part.content) == 3, part
    properties = good(files.FileProperties(token, path + "Zeiten ü.bin"))
    assert properties.DateLastModifiedInGMT == "02/03/2020 04:05:06", properties

    told = changes(sync, sync_token, start.SyncEndDate)
    assert not told.FullSync
    changed = sorted((item.Name, item.Size) for item in told.ChangedFileList.ChangeFileItem)
    folders = [item.Path for item in told.ChangedFolderList.ChangeItem]
    # Python's dates hold microseconds and the service's 100 ns: the last change may be told again, and nothing before it.
    later = changes(sync, sync_token, told.SyncEndDate)
    again = later.ChangedFileList.ChangeFileItem if later.ChangedFileList else []
    assert len(again) <= 1 and not later.ChangedFolderList, later

    assert good(files.Logout(token)).LoggedOut
    try:
        files.Logout(token)
        changes(sync, "wrong", start.SyncEndDate)
        fault = None
    except zeep.exceptions.Fault as error:
        fault = error.message
    print(json.dumps({"refused": wrong.ErrorMessage, "names": names, "changed": changed, "folders": folders, "fault": fault}))


main()

#!/bin/sh
# What a careful script does with curl and a ShareFile account: every answer is checked, every content is compared by MD5,
# connections are used again, 16 files are under way at once. Needs ENDPOINT and TOKEN.
#
#   curl.sh up-file LOCAL FOLDER | up-files DIRECTORY FOLDER | down-file FOLDER NAME LOCAL | down-files FOLDER DIRECTORY | list FOLDER
set -eu
export LC_ALL=C

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf 'header = "Authorization: Bearer %s"\n' "$TOKEN" >"$work/auth"
api="$ENDPOINT/sf/v3"

ask() { curl --silent --show-error --fail --config "$work/auth" "$@"; }
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
folder_id() { ask --get --data-urlencode "path=/$1" --data '$select=Id' "$api/Items/ByPath" | field Id; }
# Runs a configuration of many transfers, 16 at once. `next` separates them, and each has all its options.
many() { curl --parallel --parallel-max 16 --fail-early --config "$1"; }
next=

new_folder() {
  ask --json "{\"Name\":\"$1\"}" "$api/Items(home)/Folder?overwrite=false&passthrough=false" | field Id
}

# One line a child: id, name, MD5.
children() {
  ask --output "$work/children" "$api/Items($1)/Children?\$select=Id,Name,Hash"
  # The last line of the answer has no end, and `read` would leave it out.
  { tr '{' '\n' <"$work/children" && echo; } |
    sed -n 's/^"Name":"\([^"]*\)".*"Hash":"\([^"]*\)","Id":"\([^"]*\)".*/\3 \1 \2/p'
}

# The answers to the content: nothing but successes, and the MD5 of each file is that of the local one.
check_sums() {
  sed -n 's/.*"displayname":"\([^"]*\)".*"md5":"\([^"]*\)".*/\2  \1/p' "$@" | sort >"$work/stored"
  sort "$work/local" | cmp - "$work/stored"
}

case $1 in
up-file)
  name=$(basename "$2")
  folder=$(new_folder "$3")
  size=$(stat --format %s "$2")
  uri=$(ask --json "{\"Method\":\"standard\",\"Raw\":true,\"FileName\":\"$name\",\"FileSize\":$size}" \
    "$api/Items($folder)/Upload2" | field ChunkUri)
  (cd "$(dirname "$2")" && md5sum "$name") >"$work/local" &
  curl --silent --show-error --fail --request POST --header 'Expect:' --header 'Content-Type: application/octet-stream' \
    --upload-file "$2" --output "$work/answer" "$uri&fmt=json"
  wait
  check_sums "$work/answer"
  ;;
up-files)
  folder=$(new_folder "$3")
  mkdir "$work/specs" "$work/answers"
  (cd "$2" && md5sum -- *) >"$work/local" &
  (cd "$2" && stat --format '%s %n' -- *) | while read -r size name; do
    printf '%ssilent\nshow-error\nfail\nheader = "Authorization: Bearer %s"\n' "$next" "$TOKEN"
    printf 'url = "%s/Items(%s)/Upload2"\n' "$api" "$folder"
    printf 'json = "{\\"Method\\":\\"standard\\",\\"Raw\\":true,\\"FileName\\":\\"%s\\",\\"FileSize\\":%s}"\n' "$name" "$size"
    printf 'output = "%s/specs/%s"\n' "$work" "$name"
    next='next
'
  done >"$work/prepare"
  many "$work/prepare"
  (cd "$work/specs" && sed -n '/"ChunkUri"/{F;s/.*"ChunkUri":"\([^"]*\)".*/\1/p}' -- * && echo) | while read -r name && read -r uri; do
    printf '%ssilent\nshow-error\nfail\nheader = "Content-Type: application/octet-stream"\n' "$next"
    printf 'url = "%s&fmt=json"\ndata-binary = "@%s/%s"\noutput = "%s/answers/%s"\n' "$uri" "$2" "$name" "$work" "$name"
    next='next
'
  done >"$work/send"
  many "$work/send"
  wait
  find "$work/answers" -type f -exec cat {} + >"$work/answer"
  sed 's/\]}{/]}\n{/g' "$work/answer" >"$work/answer-lines"
  check_sums "$work/answer-lines"
  ;;
down-file)
  children "$(folder_id "$2")" | while read -r id name sum; do
    [ "$name" = "$3" ] || continue
    found=$(ask --location "$api/Items($id)/Download" | tee "$4" | md5sum)
    [ "$found" = "$sum  -" ]
  done
  [ -f "$4" ]
  ;;
down-files)
  children "$(folder_id "$2")" >"$work/list"
  mkdir -p "$3"
  while read -r id name sum; do
    printf '%ssilent\nshow-error\nfail\nlocation\nheader = "Authorization: Bearer %s"\n' "$next" "$TOKEN"
    printf 'url = "%s/Items(%s)/Download"\noutput = "%s/%s"\n' "$api" "$id" "$3" "$name"
    next='next
'
  done <"$work/list" >"$work/fetch"
  many "$work/fetch"
  sed 's/^[^ ]* \(.*\) \([^ ]*\)$/\2  \1/' "$work/list" >"$work/sums"
  (cd "$3" && md5sum --check --quiet --strict "$work/sums")
  ;;
list)
  children "$(folder_id "$2")"
  ;;
*)
  exit 2
  ;;
esac

#!/usr/bin/env bash
# A CT series to contours with nothing but curl: send, wait, fetch.
#
#   examples/curl.sh planning-ct/ results/ [option=value ...]     such as  profile=eclipse absent=Kidney_L
#
# PEDCONTOUR_URL is the address of the service, PEDCONTOUR_API_KEY the key where it asks for one.
set -euo pipefail
ct=$1 out=$2
shift 2
url=${PEDCONTOUR_URL:-http://127.0.0.1:8000}
curl=(curl --silent --show-error --fail-with-body)
if [ -n "${PEDCONTOUR_API_KEY:-}" ]; then curl+=(--header "X-API-Key: $PEDCONTOUR_API_KEY"); fi

# Of a JSON document on standard input, the text or number of a field's first occurrence.
field() { grep -oE "\"$1\":\"?[^\",}]*" | sed -n '1s/.*[:"]//p'; }

# One request; where it is refused, the problem goes to standard error and the script ends.
ask() {
  local answer
  answer=$("${curl[@]}" "$@") || { echo "$answer" >&2; return 1; }
  echo "$answer"
}

# Each file becomes a form field, quoted once for the field and once for the configuration file that curl reads. File names
# stay here: they may name a patient.
forms=$(find "$ct" -type f | sed 's/[\\"]/\\&/g; s/.*/files=@"&";filename=ct/; s/[\\"]/\\&/g; s/.*/form = "&"/')
options=()
for option in "$@"; do options+=(--form-string "$option"); done
answer=$(ask --config - "${options[@]}" "$url/v1/jobs" <<<"$forms")
job=$(field id <<<"$answer")
echo "job $job"

state=queued
while [ "$state" = queued ] || [ "$state" = running ]; do
  sleep 1
  answer=$(ask "$url/v1/jobs/$job")
  state=$(field state <<<"$answer")
  echo "$state $(field stage <<<"$answer") $(field progress <<<"$answer")"
done
if [ "$state" != done ]; then
  echo "$answer" >&2
  exit 1
fi

mkdir -p "$out"
for name in $(grep -oE '"href":"[^"]*' <<<"$answer" | sed 's|.*/||'); do
  "${curl[@]}" --output "$out/$name" "$url/v1/jobs/$job/results/$name"
  echo "$out/$name"
done

#!/bin/sh
# Random secrets for docker-compose.yml, in the folder given (default: secrets). Secrets that are there already stay.
set -eu
folder=${1:-secrets}
umask 077
mkdir -p "$folder"
for name in api_keys redis_password database_password; do
  file=$folder/pedcontour_$name
  [ -s "$file" ] || od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$file"
done
printf 'requirepass %s\n' "$(cat "$folder/pedcontour_redis_password")" >"$folder/redis.conf"
# The services run as users of their own and must read them; the folder lets nobody else in.
chmod 444 "$folder"/*
chmod 700 "$folder"
echo "secrets are in $folder; the API key is in $folder/pedcontour_api_keys"

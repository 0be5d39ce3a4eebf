#!/usr/bin/env bash
# Prints the Krew manifest of this folder with the sums of the archives in a directory.
set -euo pipefail
archives=${1:?the directory that holds the archives}
archive=
while IFS= read -r line; do
  case $line in
    *uri:*) archive=$archives/${line##*/} ;;
    *sha256:*)
      sum=$(sha256sum "$archive")
      line="${line%%sha256:*}sha256: \"${sum%% *}\""
      ;;
    \#*) continue ;;
  esac
  printf '%s\n' "$line"
done <"$(dirname "$0")/telnyx.yaml"

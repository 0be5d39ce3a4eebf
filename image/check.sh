#!/usr/bin/env bash
# Checks what goes into the image, in a root file system that holds nothing else: it is small, static, and needs nothing
# beside it. With a second argument, the name of an image that buildah has built, it runs that image as well.
set -euo pipefail

root=$1
image=${2:-}
limit=$((25 * 1000 * 1000))

fail() { echo "image: $*" >&2; exit 1; }

[ "$(ls -A "$root")" = telnyx-operator ] || fail "$root holds more than the program: $(ls -A "$root")"
size=$(stat --format %s "$root/telnyx-operator")
[ "$size" -lt "$limit" ] || fail "the program has $size bytes, $limit are allowed"
# A dynamic program names its interpreter, which a root file system of its own does not have.
if readelf --program-headers "$root/telnyx-operator" | grep -q INTERP; then fail "the program is not static"; fi

# In a user namespace, so that nobody needs to be root for it.
run() { unshare --user --map-root-user --root="$(realpath "$root")" --wd / /telnyx-operator "$@"; }
run --version >/dev/null || fail "it does not run in its own root file system"
[ "$(run crds | grep --count '^kind: CustomResourceDefinition')" -ge 8 ] || fail "it does not print its definitions"
if run run >/dev/null 2>"$root.log"; then fail "it runs without a cluster"; fi
grep -q "no Kubernetes cluster" "$root.log" || fail "it does not say that it has no cluster: $(cat "$root.log")"
rm "$root.log"

if [ -n "$image" ]; then
    buildah="buildah --storage-driver vfs"
    container=$($buildah from --pull-never "$image")
    trap '$buildah rm "$container" >/dev/null' EXIT
    [ "$($buildah inspect --format '{{.OCIv1.Config.User}}' "$container")" = 65532:65532 ] || fail "it does not run as 65532"
    $buildah run --isolation chroot "$container" -- /telnyx-operator --version
fi
echo "image: $size bytes, static, runs alone"

#!/bin/bash
# Builds buildkitd and buildctl of one pinned version with Go, for the differential tests and the benchmark.
# Usage: install-buildkit.sh FOLDER. Does nothing when FOLDER has them already.
set -euo pipefail

VERSION=v0.30.0
target=${1:?usage: install-buildkit.sh FOLDER}

if [ -x "$target/buildkitd" ] && [ -x "$target/buildctl" ] && [ "$(cat "$target/version" 2>/dev/null)" = "$VERSION" ]; then
  exit 0
fi
command -v go >/dev/null || { echo "Go is missing: install it, or put buildkitd and buildctl on PATH" >&2; exit 1; }

mkdir -p "$target"
target=$(cd "$target" && pwd)
# A module of nobody, or Go would look at the folder that this runs in.
cd "$(mktemp -d)"
source=$(GOFLAGS=-mod=mod go mod download -json "github.com/moby/buildkit@$VERSION" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
[ -n "$source" ] || { echo "the module github.com/moby/buildkit@$VERSION has no folder" >&2; exit 1; }
for program in buildkitd buildctl; do
  CGO_ENABLED=0 GOFLAGS=-buildvcs=false go -C "$source" build -trimpath \
    -ldflags "-X github.com/moby/buildkit/version.Version=$VERSION" -o "$target/$program" "./cmd/$program"
done
echo "$VERSION" >"$target/version"

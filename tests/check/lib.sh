# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Sourced by the checks that run a compiler. They work in the repository's top folder.

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

# The headers of the Kubernetes messages are made at build time: take those of a build, or make them.
gen=
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for build in build/*/shared/schema/gen; do
	[ ! -e "$build/k8s/core.pb-c.h" ] || gen=$build
done
if [ -z "$gen" ]; then
	gen=$scratch
	protoc-c --proto_path=shared/schema --c_out="$gen" shared/schema/k8s/*.proto || exit 1
fi

mapfile -t flags < <(printf '%s\n' -std=gnu11 -D_GNU_SOURCE '-DHELIO_VERSION="check"' -DHELIO_DEBUG=1 \
	-Ishared -Iserver -Ibench -I. -isystem "$gen" -Wall -Wextra -Wshadow -Wconversion \
	-Wstrict-prototypes -Wmissing-prototypes)
mapfile -t -O "${#flags[@]}" flags < <(pkg-config --cflags liburcu-memb libevent libprotobuf-c rdkafka \
	yaml-0.1 jansson cmocka 2>/dev/null | tr ' ' '\n' | grep .)

# run_all NAME FILES...: call check_one FILE for each in parallel, show what failed, sum up.
run_all() {
	local name=$1 count failed
	shift
	export -f check_one
	export FLAGS="${flags[*]}" SCRATCH=$scratch
	printf '%s\0' "$@" |
		xargs -0 -P "$(nproc)" -I{} bash -c 'check_one "$1" >"$SCRATCH/$(tr / _ <<<"$1").out" 2>&1 ||
			mv "$SCRATCH/$(tr / _ <<<"$1").out" "$SCRATCH/$(tr / _ <<<"$1").failed"' _ {}
	count=$#
	failed=$(find "$scratch" -name '*.failed' | wc -l)
	[ "$failed" -eq 0 ] || cat "$scratch"/*.failed
	echo "$name: $count files, $failed with faults"
	[ "$failed" -eq 0 ]
}

# SPDX-License-Identifier: Apache-2.0
# Benches: loopback only, bounded, each beside another program in the same run (docs/performance.md). They end with lines
# "ratio NAME VALUE want …" and the count of those kept.
BENCH_NODE = OUTWORK_BUILD=$(abspath $(B)) timeout 480 "$(abspath build/node/bin)/node"
bench-front: all test/e2e/node_modules/.package-lock.json
	@tools/setup bench
	@$(BENCH_NODE) bench/front/run.mjs
bench-footprint: all test/e2e/node_modules/.package-lock.json
	@tools/setup bench
	@$(BENCH_NODE) bench/footprint/run.mjs
.PHONY: bench-front bench-footprint

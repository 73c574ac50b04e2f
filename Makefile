# Counterpoint. Needs Go, nothing else; "train" and "goldens" need Python and tools/train/requirements.txt, "test-wasm" Node and
# Chromium.

GO       ?= go
PYTHON   ?= python3
FUZZTIME ?= 3s
BIN      := bin/counterpoint

# make train: on what (cpu, gpu, or tiny, which shows in minutes that all works), and where to.
PRESET ?= cpu
WORK   ?= $(CURDIR)/out/train

# make evaluate: of which model, how many conditions a cell, and which cells.
MODEL  ?= $(CURDIR)/weights/scenes
COUNT  ?= 300
CELLS  ?= *

# make wasm: the toolchain whose simd package has WebAssembly, without which kernels are 30 times slower; the go command fetches
# it. Its second encoding/json would add 0.18 MB to each download, its new collector and allocator 0.02 MB.
WASM_TOOLCHAIN  ?= go1.27.3
WASM_EXPERIMENT := simd,nojsonv2,nogreenteagc,nosizespecializedmalloc
WASM_DIR        := site/dist
# Only in code that pictures wait for are functions inlined, 0.07 MB less.
WASM_HOT        := $(addsuffix /...,github.com/counterpoint/counterpoint/engine/device/cpu github.com/klauspost/compress \
	internal/runtime math simd sync) cmp crypto/internal/fips140/sha256 crypto/internal/fips140deps/byteorder encoding/binary \
	hash/crc32 internal/abi internal/byteorder internal/sync slices
VERSION         := $(or $(shell git describe --always --dirty 2> /dev/null),devel)

# make site: where to, and how many bytes the engine may be to download, compressed by Brotli.
SITE      ?= out/site
MAXENGINE := 1500000

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
PLATFORMS   := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
KERNELS     := engine/device/cpu/kernel
MAXLINES    := 500
SOURCES      = find . -name '*.$(1)' -not -path './.*' -not -path './out/*' -not -path './bin/*' -not -path './$(WASM_DIR)/*'

.PHONY: help run build wasm site serve budgets types test test-wasm fuzz check staticcheck cross length generated bench train evaluate goldens clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## build, and compose a picture of two concepts under out/
	@$(BIN) generate "a red cube AND a blue sphere" -o out/
	@echo
	@echo 'Try next:'
	@echo '  $(BIN) generate "a green cone @(0.25, 0.6) AND a yellow cylinder @(0.75, 0.6)" -o out/'
	@echo '  $(BIN) explain "a red cube AND (a tree AND NOT snow) :1.5"'
	@echo '  $(BIN) generate --help'

build: ## bin/counterpoint
	$(GO) build -trimpath -o $(BIN) ./tools/counterpoint

wasm: ## the engine for browsers, which the next build puts into the program
	@if GOTOOLCHAIN=$(WASM_TOOLCHAIN) $(GO) version > /dev/null 2>&1; then \
		export GOTOOLCHAIN=$(WASM_TOOLCHAIN) GOEXPERIMENT=$(WASM_EXPERIMENT); \
	else \
		echo "$(WASM_TOOLCHAIN) can't be had: without its simd package the CPU in the browser will be slow"; \
	fi; \
	GOOS=js GOARCH=wasm $(GO) build -trimpath -gcflags=all=-l $(WASM_HOT:%=-gcflags=%=) -ldflags='-s -w -X main.version=$(VERSION)' -o $(WASM_DIR)/counterpoint.wasm ./wasm && \
	cp -f "$$($(GO) env GOROOT)/lib/wasm/wasm_exec.js" $(WASM_DIR)/

site: wasm build ## the web app as a folder for any static host: SITE=out/site
	$(BIN) site -o $(SITE)
	@n=$$(wc -c < $(SITE)/dist/counterpoint.wasm.br); \
	test $$n -le $(MAXENGINE) || { echo "the engine is $$n bytes to download, at most $(MAXENGINE)"; exit 1; }

serve: wasm build ## the web app on this machine, at http://127.0.0.1:8080
	$(BIN) serve

budgets: site ## what the page takes, in bytes and until it computes, beside what it may; on a machine that does nothing else
	$(GO) test ./site -count=1 -run '^TestShellSize$$' -v
	$(GO) test ./tools/e2e -count=1 -run '^TestBudgets$$' -v -budgets

types: ## site/counterpoint.d.ts, by TypeScript, which npm fetches
	.ci/types $(CURDIR)/out/types

test: ## format, vet, tests, and every fuzz target for FUZZTIME
	@unformatted=$$($(call SOURCES,go) | xargs gofmt -l); \
	if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) test -timeout 30m ./...
	@$(MAKE) --no-print-directory fuzz

WASM_TEST = GOTOOLCHAIN=$(WASM_TOOLCHAIN) GOEXPERIMENT=simd GOOS=js GOARCH=wasm $(GO) test -p 1 -timeout 15m -exec $(CURDIR)/$(1)

test-wasm: ## tests as WebAssembly in Node, whose WebGPU is in COUNTERPOINT_NODE_MODULES, and in Chromium
	$(GO) build -o bin/wasmtest-chromium ./tools/wasmtest/chromium
	$(call WASM_TEST,tools/wasmtest/exec.mjs) ./tools/wasmtest ./wasm ./engine/device/cpu/... ./engine/device/selftest ./engine/device/webgpu/...
	$(call WASM_TEST,tools/wasmtest/exec.mjs) ./engine/session
	$(call WASM_TEST,tools/wasmtest/exec.mjs) ./engine -run 'TestGoldens/scenesish|TestSamePicture'
	$(call WASM_TEST,bin/wasmtest-chromium) ./tools/wasmtest ./wasm ./engine/device/webgpu/internal/browser
	$(call WASM_TEST,bin/wasmtest-chromium) ./engine/device/webgpu ./engine -run '^(TestDevice|TestGoldens)$$'

# Before Go 1.27 a target may fail as its time is over, with this message and no failing input (go.dev/issue/75804): then it
# is run again. A failing input fails at once.
FUZZLOG := bin/fuzz.log

fuzz: ## every fuzz target there is, each for FUZZTIME
	@mkdir -p $(dir $(FUZZLOG))
	@targets=$$(grep -roE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' engine tools weights | sed 's/func //' | sort); \
	test -n "$$targets" || { echo "no fuzz target found"; exit 1; }; \
	for found in $$targets; do \
		target=$${found#*:} package=./$$(dirname $${found%:*}); \
		echo "$$target of $$package"; \
		for try in 1 2 3; do \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package > $(FUZZLOG) 2>&1; status=$$?; \
			cat $(FUZZLOG); \
			test $$status -ne 0 || break; \
			grep -q '^ *context deadline exceeded$$' $(FUZZLOG) && ! grep -q 'Failing input' $(FUZZLOG) || exit 1; \
		done; \
		test $$status -eq 0 || exit 1; \
	done

check: test staticcheck cross length generated ## test, and all that can be checked without running

staticcheck: ## staticcheck, pinned
	$(GO) run $(STATICCHECK) ./...

cross: ## build for every platform, and the library for the browser
	@for platform in $(PLATFORMS); do \
		echo "build $$platform"; \
		CGO_ENABLED=0 GOOS=$${platform%/*} GOARCH=$${platform#*/} $(GO) build ./... || exit 1; \
	done
	@echo "build js/wasm"
	@GOOS=js GOARCH=wasm $(GO) build ./engine/... ./weights ./wasm

length: ## no file over MAXLINES lines, unless it is generated
	@for file in $$($(call SOURCES,go); $(call SOURCES,py); $(call SOURCES,js); $(call SOURCES,wgsl)); do \
		n=$$(wc -l < $$file); \
		if [ $$n -gt $(MAXLINES) ] && ! head -n 1 $$file | grep -q '^// Code generated'; then \
			echo "$$file: $$n lines, at most $(MAXLINES)"; failed=1; \
		fi; \
	done; test -z "$$failed"

generated: ## the assembly kernels are what their generator writes
	@before=$$(cat $(KERNELS)/*_amd64.* | cksum); $(GO) generate ./$(KERNELS); \
	test "$$before" = "$$(cat $(KERNELS)/*_amd64.* | cksum)" || { echo "$(KERNELS): generated again; commit what changed"; exit 1; }

bench: build ## time and GFLOP/s of each operator and of a step, on the CPU and on the first GPU
	$(BIN) bench --device cpu
	@echo
	$(BIN) bench --device webgpu || echo "no GPU to time"

train: ## train, pack and measure a model, going on where it was stopped: PRESET=cpu|gpu|tiny WORK=out/train HOURS=
	cd tools/train && $(PYTHON) recipe.py $(abspath $(WORK)) --preset $(PRESET) $(if $(HOURS),--hours $(HOURS))

evaluate: ## measure the composition of a model, as shipped unless MODEL= says another: COUNT=300 CELLS='headline,places-*'
	cd tools/train && $(PYTHON) recipe.py $(abspath $(WORK)) --preset $(PRESET) --measure $(abspath $(MODEL)) --count $(COUNT) --cells '$(CELLS)'

goldens: ## record again what the Python libraries compute, for the tests
	cd tools/train && $(PYTHON) goldens.py
	cd engine/sample/testdata && $(PYTHON) goldens.py > goldens.json
	cd engine/tokenizer/testdata && $(PYTHON) goldens.py
	$(PYTHON) weights/testdata/defaults.py > weights/defaults.json

clean: ## remove what was built
	rm -rf bin

# The targets of rok. "make" alone lists them.

export GOTOOLCHAIN := local# a Go that is too old is told, not replaced by a download
export CGO_ENABLED := 0# nothing of rok needs C, and a gcc without libc's headers must not matter
PREFIX ?= /usr/local
FUZZTIME ?= 30s
# The names that rok-cluster answers to.
LINKS := rok-config rok-cluster-ctl rok-cluster-upgrade rok-cluster-upgrade-v0.12.0 rok-composer-tool rok-cluster-gc rok-register rok-present rok-s3d
PURE := ./units/... ./conf/... ./linear/... ./maps/... ./thin/metadata/...

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help build install compare test test-matrix test-native test-native-vm test-race test-crash test-interop test-histories peers bench-maps fuzz fuzz-cover fuzz-hour fmt vet lint tidy check setup setup-qemu go-version

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' Makefile

build: go-version ## build every command into bin/, static
	@go build -trimpath -o bin/ ./cmd/...
	@for name in $(LINKS); do ln -sf rok-cluster bin/$$name; done

install: build ## install the commands (PREFIX=/usr/local, DESTDIR=)
	@install -d "$(DESTDIR)$(PREFIX)/bin"
	@install -m 755 bin/rok bin/rok-cluster "$(DESTDIR)$(PREFIX)/bin"
	@for name in $(LINKS); do ln -sf rok-cluster "$(DESTDIR)$(PREFIX)/bin/$$name"; done

compare: go-version ## thick beside thin on this machine: make compare ARGS="--seconds 1"
	@scripts/setup.sh go uml
	@$(MAKE) -s build && bin/rok compare $(ARGS)

test: go-version ## set up what is missing, build, check, and run all tests, a real kernel's included
	@scripts/setup.sh go uml peers s3
	@scripts/rings.sh check pure nested kernel-uml

test-matrix: go-version ## the kernel tests on three kernels, and as native in one; PKG="./dm" for some packages
	@scripts/setup.sh go uml qemu peers
	@scripts/rings.sh kernel-uml kernel-6.1 kernel-6.12 native-vm

test-race: go-version ## everything with -race: here, and the kernel tests on several processors (QEMU)
	@scripts/setup.sh go qemu peers race
	@scripts/rings.sh race race-6.12

test-native: go-version ## the kernel tests on this machine's own device-mapper, as root
	@scripts/native.sh check && scripts/setup.sh go peers
	@scripts/rings.sh native

test-native-vm: go-version ## test-native inside QEMU
	@scripts/setup.sh go qemu peers
	@scripts/rings.sh native-vm

test-crash: go-version ## power cuts: lvm2 judges what each of them leaves, on loop devices, as root; and pool metadata, damaged and of 10,000 devices
	@scripts/setup.sh go uml peers
	@scripts/crash.sh

test-interop: go-version ## lvm2 and rok in turns on the same volume groups: 2,000 operations, as root, and 300 in the virtual machine
	@scripts/setup.sh go uml peers
	@scripts/rings.sh interop interop-uml

test-histories: go-version ## random histories of maps on each store, HISTORIES=2000 of each kind: an hour or two
	@scripts/setup.sh go
	@scripts/histories.sh

peers: go-version ## rok beside dmsetup, fio and the others, measured in one run
	@scripts/setup.sh go uml peers maps
	@$(MAKE) -s build && go run ./internal/peers $(ARGS)

bench-maps: go-version ## volumes registered beside restic, borg and casync, in /dev/shm: make bench-maps ARGS="-spawns 40"
	@scripts/setup.sh go maps
	@$(MAKE) -s build && go run ./internal/peers -part maps -dir /dev/shm $(ARGS)

fuzz: go-version ## fuzz every parser for FUZZTIME=30s each
	@FUZZTIME=$(FUZZTIME) scripts/fuzz.sh

fuzz-cover: go-version ## how much of the decoders of LVM, thin metadata and maps the committed seeds reach
	@scripts/fuzzcover.sh

fuzz-hour: go-version ## an hour of processor time (FUZZCPU=3600) for the fuzz tests of LVM metadata
	@scripts/fuzzhour.sh

fmt: ## rewrite the sources with gofmt
	@gofmt -l -w $$(git ls-files '*.go')

vet: go-version ## go vet, for Linux, and for another system where the package is pure
	@go vet ./...
	@GOOS=darwin go vet $$(go list -e -f '{{if .GoFiles}}{{.ImportPath}}{{end}}' $(PURE) 2>/dev/null)

lint: go-version ## staticcheck, and the project's own rules (internal/lint)
	@scripts/setup.sh go
	@scripts/lint.sh

tidy: go-version ## go mod tidy, here and for the tools
	@go mod tidy && for m in internal/*/go.mod; do (cd $${m%/go.mod} && go mod tidy) || exit 1; done

check: go-version ## what needs no kernel and no test: gofmt, vet, lint
	@scripts/setup.sh go
	@scripts/rings.sh check

setup: go-version ## install what make test and make compare need
	@scripts/setup.sh go uml peers

setup-qemu: go-version ## install what the QEMU lane needs: QEMU and Debian's kernels
	@scripts/setup.sh go qemu race peers

go-version:
	@scripts/go-version.sh

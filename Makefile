.PHONY: help build demo test bench golden generate journey kill attacks contract ci

GO ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS = -s -w -funcalign=16 -X main.version=$(VERSION)
# Without the driver's list of every PostgreSQL type: config/database has ours. Without
# HTTP/2: a proxy with TLS stands before what we serve, and every server that we ask
# speaks HTTP/1.1, over connections that are kept.
TAGS = nopgxregisterdefaulttypes,nethttpomithttp2
# Commands, settings, sandboxes and pages, which wait for people and servers, are compiled
# without inlining: that is a thirtieth of the binary.
MODULE = github.com/nehrbridge/nehrbridge
COLD = $(addprefix $(MODULE)/,cmd/... dhis2/sandbox dhis2/setup esignet/sandbox nehr/sandbox nehr/portal/...) \
	github.com/pelletier/... github.com/spf13/... go.yaml.in/... golang.org/x/text/...
LISTEN ?= 127.0.0.1:8080
BENCHTIME ?= 1s
KILLS ?= 300
SEED ?= 1

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

build: ## the static binary, in bin/
	CGO_ENABLED=0 $(GO) build -trimpath -tags $(TAGS) $(COLD:%=-gcflags=%=-l) -ldflags '$(LDFLAGS)' -o bin/nehrbridge ./cmd/nehrbridge

demo: build ## everything on this machine: sandboxes, the agent, sign-in with eSignet, a page that says what to try (LISTEN=host:port)
	./bin/nehrbridge demo --listen $(LISTEN)

test: ## all tests; what needs more than Go skips with a sentence that says how to get it
	$(GO) test ./...

bench: ## the benchmarks of the README's table (BENCHTIME=1s)
	$(GO) test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) -timeout 60m ./mapper ./nehr/... ./dhis2/... ./esignet/... ./cmd/...

golden: ## rewrite the expected results of the golden cases; read the difference before you commit it
	$(GO) test ./golden -update

generate: ## rebuild generated files from ../shared
	$(GO) generate ./...

journey: build ## the journeys and every page of the portals in a real browser, with screenshots in the folder SCREENSHOTS (a whole path)
	REQUIRE_BROWSER=1 $(GO) test -count=1 -v -p 1 -timeout 30m -run 'TestJourney|InABrowser' ./cmd/nehrbridge ./nehr/portal/...

kill: ## kill -9 agents at random moments of a random history and compare the record (KILLS=300 SEED=1)
	KILLS=$(KILLS) SEED=$(SEED) $(GO) test -count=1 -v -timeout 60m -run TestKill ./cmd/nehrbridge

attacks: ## hostile input, each a subtest
	$(GO) test -count=1 -v -run TestAttack ./...

contract: ## what the agent relies on, asked of your DHIS2, read-only unless DHIS2_WRITE=1 (DHIS2_URL=… DHIS2_TOKEN=… DHIS2_PROGRAM=… DHIS2_ORGUNIT=… DHIS2_VALUES=uid=value,… DHIS2_ZONE=…)
	@DHIS2_URL='$(DHIS2_URL)' DHIS2_TOKEN='$(DHIS2_TOKEN)' DHIS2_PROGRAM='$(DHIS2_PROGRAM)' DHIS2_WRITE='$(DHIS2_WRITE)' DHIS2_ORGUNIT='$(DHIS2_ORGUNIT)' DHIS2_VALUES='$(DHIS2_VALUES)' DHIS2_ZONE='$(DHIS2_ZONE)' $(GO) test -count=1 -v -run TestContractServer ./dhis2/api/contract

ci: ## what the continuous integration runs
	bash .ci/run

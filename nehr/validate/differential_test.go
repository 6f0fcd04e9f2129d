package validate

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

// verdictOf is what the oracle answers.
type verdictOf struct {
	Errors int `json:"errors"`
	Issues []struct {
		Severity  string `json:"severity"`
		Location  string `json:"location"`
		MessageID string `json:"messageId"`
		Message   string `json:"message"`
	} `json:"issues"`
}

// ask lets the oracle judge a document.
func ask(ctx context.Context, oracle string, text []byte) (*verdictOf, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, oracle+"/validate", bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/fhir+json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("oracle: status %d", answer.StatusCode)
	}
	out := new(verdictOf)
	return out, json.Unmarshal(body, out)
}

// corpus is what mutants are made of: the guide's examples, our own examples,
// the golden bundles, and the resources of the bundles among them.
func corpus(t *testing.T) (single, bundles []*tree) {
	t.Helper()
	var texts [][]byte
	examples := guideExamples(t)
	for _, name := range slices.Sorted(maps.Keys(examples)) {
		texts = append(texts, examples[name])
	}
	for _, pattern := range []string{"nehr/validate/testdata/*.json", "golden/*/want.json"} {
		paths, err := filepath.Glob(filepath.Join(root(t), pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, text)
		}
	}
	for _, text := range texts {
		doc, err := parseTree(text)
		if err != nil {
			t.Fatal(err)
		}
		entries := doc.get("entry")
		if doc.get("resourceType").unquoted() != "Bundle" || entries == nil {
			single = append(single, doc)
			continue
		}
		bundles = append(bundles, doc)
		for _, e := range entries.members {
			if r := e.get("resource"); r != nil {
				single = append(single, r)
			}
		}
	}
	return single, bundles
}

// number reads an environment variable, for longer runs by hand.
func environment(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// TestDifferential lets HL7's validator and ours judge the same mutants. What
// the one calls an error the other has to call one too, but for the named
// differences. DIFFERENTIAL_SEED and DIFFERENTIAL_MUTANTS change the run.
func TestDifferential(t *testing.T) {
	if os.Getenv("LONG") == "elsewhere" {
		t.Skip("runs without the race detector, in a part of its own (LONG=here)")
	}
	oracle := os.Getenv("ORACLE_VALIDATOR_URL")
	if oracle == "" {
		missing(t, "ORACLE_VALIDATOR_URL is not set: start ../shared/oracle/validator with --serve and name its URL.")
	}
	v, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	single, bundles := corpus(t)
	seed, count := environment("DIFFERENTIAL_SEED", 1), environment("DIFFERENTIAL_MUTANTS", 2200)
	m := newMutator(uint64(seed), slices.Concat(single, bundles))
	type mutant struct {
		text []byte
		how  string
	}
	var list []mutant
	for i := range count {
		from := single
		if i%12 == 0 {
			from = bundles
		}
		doc := pick(m, from)
		text, how := m.mutate(doc)
		list = append(list, mutant{text, doc.get("resourceType").unquoted() + ": " + how})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	jobs := make(chan int)
	var (
		wait      sync.WaitGroup
		mutex     sync.Mutex
		used      = map[string]int{}
		invalid   int
		unexcused int
	)
	for range 2 {
		wait.Go(func() {
			for i := range jobs {
				theirs, err := ask(ctx, oracle, list[i].text)
				if err != nil {
					t.Errorf("mutant %d (%s): %v", i, list[i].how, err)
					continue
				}
				ours := v.Validate(list[i].text)
				mutex.Lock()
				if theirs.Errors > 0 {
					invalid++
				}
				if name, ok := excused(ours, theirs); name != "" && ok {
					used[name]++
				} else if !ok {
					unexcused++
					if unexcused <= 40 {
						t.Errorf("mutant %d (%s): ours %d errors, oracle %d\n%s", i, list[i].how, ours.Errors(), theirs.Errors, explain(ours, theirs))
						if dir := os.Getenv("DIFFERENTIAL_KEEP"); dir != "" {
							_ = os.WriteFile(filepath.Join(dir, fmt.Sprintf("m%d-%d.json", seed, i)), list[i].text, 0o644)
						}
					}
				}
				mutex.Unlock()
			}
		})
	}
	for i := range list {
		jobs <- i
	}
	close(jobs)
	wait.Wait()
	t.Logf("seed %d: %d mutants, %d invalid, %d unexcused, named differences used: %v", seed, count, invalid, unexcused, used)
}

// consequences are the oracle's errors that follow from another in the resource
// that is referred to, or that a slice looks for.
var consequences = map[string]bool{
	"Validation_VAL_Profile_Minimum_SLICE": true,
	"Reference_REF_CantMatchChoice":        true,
}

// excused compares two verdicts. It gives the named difference that explains
// them where they differ; ok is false where none does.
func excused(ours *Outcome, theirs *verdictOf) (name string, ok bool) {
	switch {
	case ours.OK() == (theirs.Errors == 0):
		return "", true
	case ours.OK():
		for _, i := range theirs.Issues {
			if i.Severity != "error" && i.Severity != "fatal" {
				continue
			}
			if consequences[i.MessageID] {
				continue
			}
			if name = looser(i.MessageID, i.Message); name == "" {
				return "", false
			}
		}
		return name, name != ""
	}
	for _, i := range ours.Issues {
		if i.Severity != Error && i.Severity != Fatal {
			continue
		}
		if name = stricter(i.Rule); name == "" {
			return "", false
		}
	}
	return name, true
}

func explain(ours *Outcome, theirs *verdictOf) string {
	var b strings.Builder
	for _, i := range ours.Issues {
		if i.Severity == Error || i.Severity == Fatal {
			fmt.Fprintf(&b, "    ours   %s %s: %s (%s)\n", i.Rule, i.Location, i.Diagnostics, i.Profile)
		}
	}
	for _, i := range theirs.Issues {
		if i.Severity == "error" || i.Severity == "fatal" {
			fmt.Fprintf(&b, "    oracle %s %s: %.200s\n", i.MessageID, i.Location, i.Message)
		}
	}
	return b.String()
}

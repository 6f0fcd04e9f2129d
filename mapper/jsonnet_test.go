package mapper_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-jsonnet"
	"github.com/google/go-jsonnet/ast"

	"github.com/nehrbridge/nehrbridge/mapper"
)

// peer is the mapping of testdata/lk-anc.jsonnet with all that can be kept
// between documents: the VM, the parsed program, the parsed UID map.
type peer struct {
	vm      *jsonnet.VM
	program ast.Node
}

func newPeer(t testing.TB) *peer {
	t.Helper()
	source, err := os.ReadFile("testdata/lk-anc.jsonnet")
	if err != nil {
		t.Fatal(err)
	}
	program, err := jsonnet.SnippetToAST("lk-anc.jsonnet", string(source))
	if err != nil {
		t.Fatal(err)
	}
	ctx, err := json.Marshal(server())
	if err != nil {
		t.Fatal(err)
	}
	vm := jsonnet.MakeVM()
	vm.Importer(&jsonnet.MemoryImporter{Data: map[string]jsonnet.Contents{"map.json": jsonnet.MakeContents(peerMap(t))}})
	vm.ExtVar("context", string(ctx))
	return &peer{vm, program}
}

// peerMap is what the Jsonnet program needs of the UID map.
func peerMap(t testing.TB) string {
	t.Helper()
	type code struct {
		System  string `json:"system"`
		Code    string `json:"code"`
		Display string `json:"display"`
	}
	type element struct {
		UID      string `json:"uid"`
		Name     string `json:"name"`
		Kind     string `json:"kind"`
		Code     *code  `json:"code,omitempty"`
		Unit     string `json:"unit"`
		UnitText string `json:"unitText"`
		Category string `json:"category"`
	}
	type stage struct {
		UID      string    `json:"uid"`
		Name     string    `json:"name"`
		Elements []element `json:"elements"`
	}
	var out struct {
		Stages []stage `json:"stages"`
	}
	for _, s := range lkMap(t).Stages {
		one := stage{UID: s.UID.String(), Name: s.Name}
		for _, e := range s.Elements {
			unit, _ := mapper.UnitText(e.Unit)
			el := element{UID: e.UID.String(), Name: e.Name, Kind: string(e.Kind), Unit: e.Unit, UnitText: unit, Category: string(e.Category)}
			if e.Code != nil {
				el.Code = &code{string(e.Code.System), e.Code.Code, e.Code.Display}
			}
			one.Elements = append(one.Elements, el)
		}
		out.Stages = append(out.Stages, one)
	}
	text, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (p *peer) do(t testing.TB, document []byte) string {
	p.vm.ExtVar("document", string(document))
	out, err := p.vm.Evaluate(p.program)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var anyUUID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// numbered reads a bundle with its ids numbered in the order of its entries,
// since the peer computes others.
func numbered(t testing.TB, bundle string) any {
	t.Helper()
	var order struct {
		Entry []struct {
			FullURL string `json:"fullUrl"`
		} `json:"entry"`
	}
	if err := json.Unmarshal([]byte(bundle), &order); err != nil {
		t.Fatal(err)
	}
	number := map[string]string{}
	for i, e := range order.Entry {
		number[anyUUID.FindString(e.FullURL)] = fmt.Sprintf("entry %d", i)
	}
	var out any
	text := anyUUID.ReplaceAllStringFunc(bundle, func(id string) string {
		if n := number[id]; n != "" {
			return n
		}
		return id
	})
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// The two do the same work, else comparing their speed says nothing.
func TestJsonnetPeerIsEquivalent(t *testing.T) {
	for _, events := range []int{1, 2, 5} {
		document := benchDocument(t, events)
		same(t, fmt.Sprintf("%d events", events), numbered(t, newPeer(t).do(t, document)), numbered(t, string(newWork(t).do(t, document))))
	}
}

// BenchmarkJsonnet is go-jsonnet on the equivalent mapping, and how many times
// longer it takes than ours in the same run, which also validates (demand: at
// least 10).
func BenchmarkJsonnet(b *testing.B) {
	document, w, p := benchDocument(b, 2), newWork(b), newPeer(b)
	w.do(b, document)
	p.do(b, document)
	var own time.Duration
	b.ReportAllocs()
	for b.Loop() {
		p.do(b, document)
		b.StopTimer()
		start := time.Now()
		w.do(b, document)
		own += time.Since(start)
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed())/float64(own), "times-ours")
}

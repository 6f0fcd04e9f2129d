package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
	dhis2sandbox "github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

// peerAddresses are where the servers of a benchmark listen: a DHIS2 sandbox,
// and one FHIR server that forgets and one that holds what it is told.
type peerAddresses struct {
	DHIS2, Forgets, Holds, Control string
}

// peers is the other process of the benchmarks: what it does is not on the
// agent's account.
type peers struct {
	peerAddresses
	b *testing.B
}

// startPeers runs servers with a number of mothers, each with 30 values in 2
// events, in a process of their own.
func startPeers(b *testing.B, mothers int) *peers { return startPeersFrom(b, mothers, 0) }

// startPeersFrom numbers them from first on: other numbers are other people.
func startPeersFrom(b *testing.B, mothers, first int) *peers {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	// TestMain sees by its name what the process is to be.
	cmd := &exec.Cmd{Path: self, Args: []string{"peers", strconv.Itoa(mothers), strconv.Itoa(first)}, Stderr: os.Stderr}
	stop, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = stop.Close() // which ends it
		_ = cmd.Wait()
	})
	p := &peers{b: b}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		b.Fatalf("the servers of the benchmark did not start: %v", err)
	}
	if err := json.Unmarshal(line, &p.peerAddresses); err != nil {
		b.Fatal(err)
	}
	return p
}

// correct writes another haemoglobin value for every mother.
func (p *peers) correct(value string) {
	p.b.Helper()
	resp, err := http.Get(p.Control + "/correct?value=" + value)
	if err != nil {
		p.b.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		p.b.Fatalf("the servers of the benchmark answer %s", resp.Status)
	}
}

// change writes another haemoglobin value for one mother, calls changed once it
// can be read, and gives how long it took until the record that holds had it.
func (p *peers) change(ctx context.Context, mother int, value string, changed func()) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/change?mother=%d&value=%s", p.Control, mother, value), nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	changed()
	var took time.Duration
	return took, json.NewDecoder(resp.Body).Decode(&took)
}

// runPeers is the process: it says where it listens, and ends with its stdin.
func runPeers() {
	mothers, err := strconv.Atoi(os.Args[1])
	first, wrong := strconv.Atoi(os.Args[2])
	if err = errors.Join(err, wrong); err == nil {
		err = servePeers(mothers, first)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func servePeers(mothers, first int) error {
	s, err := benchDHIS2(mothers, first)
	if err != nil {
		return err
	}
	var turn sync.Mutex
	control := http.NewServeMux()
	control.HandleFunc("GET /correct", func(w http.ResponseWriter, r *http.Request) {
		turn.Lock()
		defer turn.Unlock()
		for i := range mothers {
			if err := s.SetValue(benchEvent(1, first+i), haemoglobin, r.FormValue("value")); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
		}
	})
	holds := newMemoryNEHR()
	control.HandleFunc("GET /change", func(w http.ResponseWriter, r *http.Request) {
		i, _ := strconv.Atoi(r.FormValue("mother"))
		arrived := holds.await(benchEvent(1, i).String() + "-" + haemoglobin.String())
		began := time.Now()
		turn.Lock()
		err := s.SetValue(benchEvent(1, i), haemoglobin, r.FormValue("value"))
		turn.Unlock()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush() // it is there to be read now
		select {
		case <-arrived:
			_ = json.NewEncoder(w).Encode(time.Since(began))
		case <-r.Context().Done():
		}
	})
	out := peerAddresses{}
	for _, one := range []struct {
		address *string
		handler http.Handler
	}{{&out.DHIS2, s.Handler()}, {&out.Forgets, &memoryNEHR{}}, {&out.Holds, holds}, {&out.Control, control}} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		*one.address = "http://" + l.Addr().String()
		go http.Serve(l, one.handler)
	}
	out.Forgets += "/fhir"
	out.Holds += "/fhir"
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		return err
	}
	_, _ = bufio.NewReader(os.Stdin).ReadByte()
	return nil
}

// benchDHIS2 is a DHIS2 sandbox with mothers of 30 values in 2 events.
func benchDHIS2(mothers, first int) (*dhis2sandbox.Server, error) {
	s, err := dhis2sandbox.New(dhis2sandbox.Config{})
	if err != nil {
		return nil, err
	}
	set, err := dhis2sandbox.Demo(dhis2sandbox.DemoConfig{Mothers: 1})
	if err != nil {
		return nil, err
	}
	like := set.TrackedEntities[0]
	set.TrackedEntities = nil
	for i := range mothers {
		set.TrackedEntities = append(set.TrackedEntities, benchMother(like, first+i))
	}
	if err := s.Load(set); err != nil {
		return nil, err
	}
	return s, nil
}

var (
	haemoglobin  = dhis2.MustUID("cw35l7X4hnV")
	phnAttribute = dhis2.MustUID("IrUmPkFMDU5")
)

func benchEvent(n, mother int) dhis2.UID { return dhis2.MustUID(fmt.Sprintf("V%d%09d", n, mother)) }

// benchValues are 15 answers of a registration and 15 of a visit.
var benchValues = [2][][2]string{
	{
		{"vuDExM32SZ6", "2025-07-02"}, {"r5TIiovGHdi", "2026-04-08"}, {"No3jJWIR7bn", "9"}, {"TRkCMVFhrmr", "3"},
		{"NPnDmeGBLsl", "2"}, {"OMe6LMsusv4", "2"}, {"BqkEw3MQDNI", "4"}, {"YuZEbIjLLKZ", "false"},
		{"n2rSTrjRQ8O", "false"}, {"R4EnBNPKblS", "true"}, {"D5khklwbOPt", "false"}, {"plTkCmySMzT", "true"},
		{"J3eLUAZkM6M", "true"}, {"RpRCMceQhks", "true"}, {"MQ2Hi22F8Uj", "false"},
	},
	{
		{"gu4sr8eOZcT", "13"}, {"Y3xF4qecAVw", "120"}, {"QMCuOLLRHHD", "80"}, {"aDaoKP0DB1c", "14"},
		{"Sx8XEKmdhFf", "false"}, {"k7K4aO0RXew", "true"}, {"mLZ4hxy2pGQ", "false"}, {"Ei55u2kvdzm", "true"},
		{"xTsKEMPT2so", "true"}, {"yQk0w6KiXHJ", "false"}, {"VlLlBQbxmE5", "false"}, {"CbZCIisQAzv", "96"},
		{"cw35l7X4hnV", "11.2"}, {"p7yWXAO6ag7", "true"}, {"la93qSXMNCI", "false"},
	},
}

// benchMother is an invented mother of the sandbox with a registration and a
// visit as above. A number too many would be another woman's.
func benchMother(like dhis2.TrackedEntity, i int) dhis2.TrackedEntity {
	te := like
	te.TrackedEntity = dhis2.MustUID(fmt.Sprintf("T%010d", i))
	te.Attributes = slices.Clone(te.Attributes)
	for j := range te.Attributes {
		if a := &te.Attributes[j]; a.Attribute == phnAttribute {
			a.Value = fmt.Sprintf("4%09dA", i)
		}
	}
	en := like.Enrollments[0]
	en.Enrollment, en.TrackedEntity = dhis2.MustUID(fmt.Sprintf("E%010d", i)), te.TrackedEntity
	var events []dhis2.Event
	for n, stage := range []dhis2.UID{dhis2sandbox.ANCRegistration, dhis2sandbox.ANCVisit} {
		ev := en.Events[n]
		ev.Event, ev.ProgramStage, ev.Enrollment, ev.TrackedEntity = benchEvent(n, i), stage, en.Enrollment, te.TrackedEntity
		value := ev.DataValues[0]
		ev.DataValues = nil
		for _, v := range benchValues[n] {
			value.DataElement, value.Value = dhis2.MustUID(v[0]), v[1]
			ev.DataValues = append(ev.DataValues, value)
		}
		events = append(events, ev)
	}
	en.Events = events
	te.Enrollments = []dhis2.Enrollment{en}
	return te
}

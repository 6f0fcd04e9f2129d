package golden

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/mapper"
)

// Options say how a directory of cases is run. The zero value compares with
// the embedded maps.
type Options struct {
	// Update writes what the mapper gives in the place of what a case wants.
	// A case that cannot be read, mapped or checked is never written.
	Update bool
	// Maps are the UID maps of the cases that bring none of their own.
	// Defaults to the embedded maps.
	Maps []*mapper.Map
	// Check judges the bundle of a case, with the configuration that it was
	// mapped by; an error breaks the case. Defaults to Valid.
	Check func(bundle []byte, cfg mapper.Config) error
}

// Status is how a case went.
type Status string

// The states of a case.
const (
	OK        Status = "ok"        // as wanted
	Different Status = "different" // Difference says where
	Missing   Status = "missing"   // the case does not say yet what it wants
	Updated   Status = "updated"   // written, since Options.Update
	Broken    Status = "broken"    // Err says why the case could not be run
)

// Result is how one case went.
type Result struct {
	Name       string      // folder, relative to the directory, with slashes
	Why        string      // what the case is for: the first line of why.txt
	Status     Status      //
	Difference *Difference // the first difference; with Different
	Err        error       // with Broken
}

// Report is how all cases of a directory went, by name.
type Report struct {
	Results []Result `json:"cases"`
}

// OK reports whether every case is as wanted or was written.
func (r Report) OK() bool {
	return r.Count(OK)+r.Count(Updated) == len(r.Results)
}

// Count is the number of cases with a status.
func (r Report) Count(s Status) int {
	n := 0
	for _, res := range r.Results {
		if res.Status == s {
			n++
		}
	}
	return n
}

// String is one line for each case that is not as wanted, and a summary.
func (r Report) String() string {
	var b strings.Builder
	for _, res := range r.Results {
		if res.Status != OK {
			b.WriteString(res.String())
			b.WriteByte('\n')
		}
	}
	fmt.Fprintf(&b, "%d cases", len(r.Results))
	for _, s := range []Status{OK, Updated, Different, Missing, Broken} {
		if n := r.Count(s); n > 0 {
			fmt.Fprintf(&b, ", %d %s", n, s)
		}
	}
	return b.String()
}

// String is the outcome of one case for people.
func (r Result) String() string {
	switch r.Status {
	case Different:
		return r.Name + ": " + r.Difference.String()
	case Missing:
		return r.Name + ": it does not say what it wants: read what -update writes before you keep it"
	case Broken:
		return r.Name + ": " + r.Err.Error()
	default:
		return r.Name + ": " + string(r.Status)
	}
}

// MarshalJSON writes {"name":…,"why":…,"status":…} and, where they apply,
// "difference":{"file","path","want","got"} and "error".
func (r Result) MarshalJSON() ([]byte, error) {
	out := struct {
		Name       string      `json:"name"`
		Why        string      `json:"why,omitzero"`
		Status     Status      `json:"status"`
		Difference *Difference `json:"difference,omitzero"`
		Error      string      `json:"error,omitzero"`
	}{r.Name, r.Why, r.Status, r.Difference, ""}
	if r.Err != nil {
		out.Error = r.Err.Error()
	}
	return json.Marshal(out)
}

// ErrNoCases is returned for a directory without a case, so that a misspelt
// one does not pass.
var ErrNoCases = errors.New("no case: want folders with in.json")

// Run runs every case in dir and below, ordered by name. An error says that
// the directory or the default maps could not be read; what is wrong with one
// case stands in its Result.
func Run(dir string, opts Options) (Report, error) {
	folders, err := find(dir)
	if err != nil {
		return Report{}, fmt.Errorf("read the cases: %w", err)
	}
	if len(folders) == 0 {
		return Report{}, fmt.Errorf("read the cases in %s: %w", dir, ErrNoCases)
	}
	if opts.Maps == nil {
		if opts.Maps, err = config.Maps(nil); err != nil {
			return Report{}, fmt.Errorf("load the embedded maps: %w", err)
		}
	}
	if opts.Check == nil {
		opts.Check = Valid
	}
	var report Report
	for _, f := range folders {
		report.Results = append(report.Results, f.run(opts))
	}
	return report, nil
}

func (f folder) run(opts Options) Result {
	res := Result{Name: f.name, Why: f.why(), Status: Broken}
	c, err := f.load(opts.Maps)
	if err != nil {
		res.Err = err
		return res
	}
	got, err := c.produce()
	if err == nil && got.bundle != nil {
		err = opts.Check(got.bundle, c.config)
	}
	if err != nil {
		res.Err = err
		return res
	}
	switch d := compare(c.wanted, got.files); {
	case d == nil:
		res.Status = OK
	case opts.Update:
		if res.Err = f.write(got.files); res.Err == nil {
			res.Status = Updated
		}
	case c.wanted[fileBundle] == nil && c.wanted[fileRefusal] == nil:
		res.Status = Missing
	default:
		res.Status, res.Difference = Different, d
	}
	return res
}

// write puts the produced files into the folder, and takes away those that
// have nothing to say.
func (f folder) write(files map[string][]byte) error {
	for _, name := range produced {
		path := filepath.Join(f.dir, name)
		data, is := files[name]
		if !is {
			if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("remove %s: %w", name, err)
			}
			continue
		}
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
			continue
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return nil
}

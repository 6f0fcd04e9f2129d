package golden

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
)

// The files of a case. README.md says what each holds.
const (
	fileIn      = "in.json"
	fileBefore  = "before.json"
	fileContext = "context.json"
	fileOptions = "options.yaml"
	fileMap     = "map.yaml"
	fileSelect  = "select.txt"
	fileWhy     = "why.txt"

	fileBundle  = "want.json"
	fileRefusal = "want-refusal.txt"
	fileChange  = "want-change.txt"
	fileIssues  = "issues.txt"
)

var (
	given    = []string{fileIn, fileBefore, fileContext, fileOptions, fileMap, fileSelect, fileWhy}
	produced = []string{fileBundle, fileRefusal, fileChange, fileIssues}
)

// folder is the place of a case.
type folder struct{ name, dir string }

// find lists the folders with a file of a case, ordered by name. One that
// lacks in.json is listed too, so that it is reported and not overlooked.
func find(dir string) ([]folder, error) {
	var found []folder
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !entry.IsDir() {
			return nil
		}
		if strings.HasPrefix(entry.Name(), ".") && path != dir {
			return fs.SkipDir
		}
		for _, file := range []string{fileIn, fileBundle, fileRefusal} {
			if _, err := os.Stat(filepath.Join(path, file)); err == nil {
				name, err := filepath.Rel(dir, path)
				if err != nil {
					return err
				}
				found = append(found, folder{filepath.ToSlash(name), path})
				break
			}
		}
		return nil
	})
	slices.SortFunc(found, func(a, b folder) int { return strings.Compare(a.name, b.name) })
	return found, err
}

// testCase is a case as read: what it gives, and the produced files that it
// has so far.
type testCase struct {
	in, before *dhis2.TrackedEntity
	context    *dhis2.Context
	config     mapper.Config
	selection  selection
	wanted     map[string][]byte
}

// why is the first line of why.txt, or "".
func (f folder) why() string {
	data, err := os.ReadFile(filepath.Join(f.dir, fileWhy))
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(data)), "\n")
	return line
}

// load reads a case. A file of a name that no case has is refused: a misspelt
// options.yaml would change what is tested without a word.
func (f folder) load(maps []*mapper.Map) (*testCase, error) {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return nil, fmt.Errorf("read the case: %w", err)
	}
	files := map[string][]byte{}
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() || name == "README.md" || strings.HasPrefix(name, ".") {
			continue
		}
		if !slices.Contains(given, name) && !slices.Contains(produced, name) {
			return nil, fmt.Errorf("%s is no file of a case: want one of %s", name, strings.Join(append(slices.Clone(given), produced...), ", "))
		}
		if files[name], err = os.ReadFile(filepath.Join(f.dir, name)); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
	}
	if files[fileIn] == nil {
		return nil, errors.New("it has no in.json, the tracked entity document")
	}
	c := &testCase{wanted: map[string][]byte{}}
	for _, name := range produced {
		if data, is := files[name]; is {
			c.wanted[name] = data
		}
	}
	if c.in, err = dhis2.DecodeTrackedEntity(files[fileIn]); err != nil {
		return nil, fmt.Errorf("%s: %w", fileIn, err)
	}
	if data, is := files[fileBefore]; is {
		if c.before, err = dhis2.DecodeTrackedEntity(data); err != nil {
			return nil, fmt.Errorf("%s: %w", fileBefore, err)
		}
	}
	if data, is := files[fileContext]; is {
		if c.context, err = dhis2.DecodeContext(data); err != nil {
			return nil, fmt.Errorf("%s: %w", fileContext, err)
		}
	}
	if c.config, err = readOptions(files[fileOptions]); err != nil {
		return nil, fmt.Errorf("%s: %w", fileOptions, err)
	}
	if c.selection, err = readSelection(files[fileSelect]); err != nil {
		return nil, fmt.Errorf("%s: %w", fileSelect, err)
	}
	c.config.Maps = maps
	if _, is := files[fileMap]; is {
		if c.config.Maps, err = config.Maps([]string{filepath.Join(f.dir, fileMap)}); err != nil {
			return nil, err
		}
	}
	return c, nil
}

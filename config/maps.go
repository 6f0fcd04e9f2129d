package config

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
)

//go:generate go run ./internal/whomap/generate

//go:embed maps/*.yaml
var embedded embed.FS

// LoadMap parses one UID map; name is what errors call it. A map may extend an
// embedded one. The error is a *MapError with every mistake.
func LoadMap(name string, data []byte) (*mapper.Map, error) {
	known, err := embeddedMaps()
	if err != nil {
		return nil, err
	}
	s := &mapSet{slices.Clone(known.maps)}
	loaded, err := s.load(name, data)
	if err != nil {
		return nil, err
	}
	return loaded.m, nil
}

// Maps gives the embedded maps and those of the files, in this order. A file
// whose map has the name of an earlier one replaces it. A file with
// `extends: NAME` is merged, by UID, into the map of that name, and replaces
// it when it maps the same program. No two maps may map one program. Errors
// are *MapError, joined when several files have mistakes.
func Maps(files []string) ([]*mapper.Map, error) {
	known, err := embeddedMaps()
	if err != nil {
		return nil, err
	}
	s := &mapSet{slices.Clone(known.maps)}
	var errs []error
	for _, file := range files {
		data, err := readMap(file)
		if err != nil {
			errs = append(errs, mapError(file, []MapProblem{{File: file, Reason: err.Error()}}))
			continue
		}
		if err := s.add(file, data); err != nil {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	maps := make([]*mapper.Map, 0, len(s.maps))
	for _, l := range s.maps {
		maps = append(maps, l.m)
	}
	return maps, nil
}

// loadedMap is a map with the text that it came from, which others may extend.
type loadedMap struct {
	tree *tree
	m    *mapper.Map
	base string // name of the map that it extends, or ""
}

type mapSet struct{ maps []loadedMap }

// embeddedMaps parses the embedded maps once; nobody changes them.
var embeddedMaps = sync.OnceValues(func() (*mapSet, error) {
	s := &mapSet{}
	entries, err := embedded.ReadDir("maps")
	if err != nil {
		return nil, fmt.Errorf("list the embedded maps: %w", err)
	}
	for _, e := range entries {
		data, err := embedded.ReadFile(path.Join("maps", e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read the embedded map %s: %w", e.Name(), err)
		}
		if err := s.add(strings.TrimSuffix(e.Name(), ".yaml"), data); err != nil {
			return nil, err
		}
	}
	return s, nil
})

func (s *mapSet) named(name string) int {
	return slices.IndexFunc(s.maps, func(l loadedMap) bool { return l.m.Name == name })
}

// load parses a map against those that are known; it adds nothing.
func (s *mapSet) load(file string, data []byte) (loadedMap, error) {
	t := parseTree(file, data)
	if t.root == nil {
		return loadedMap{}, mapError(file, t.problems)
	}
	base := scalar(t.root, "extends")
	extendsKey, _ := lookup(t.root, "extends")
	(&shape{tree: t, overlay: extendsKey != nil}).check(t.root, reflect.TypeFor[mapper.Map](), "")
	if extendsKey != nil {
		i := s.named(base)
		if i < 0 {
			names := make([]string, 0, len(s.maps))
			for _, l := range s.maps {
				names = append(names, l.m.Name)
			}
			t.problem(extendsKey, "extends", "no map of this name: want one of "+strings.Join(names, ", "))
			return loadedMap{}, mapError(file, t.problems)
		}
		t = extend(s.maps[i].tree, t)
	}
	m := &mapper.Map{}
	if err := t.root.Decode(m); err != nil {
		t.problem(t.root, "", "cannot be decoded: "+err.Error())
	}
	for _, p := range m.Check() {
		if n := t.find(p.Path); !t.spoiled[n] {
			t.problem(n, p.Path, p.Reason)
		}
	}
	return loadedMap{tree: t, m: m, base: base}, mapError(file, t.problems)
}

// add loads a map and puts it into the set, in the place of the one that it
// replaces.
func (s *mapSet) add(file string, data []byte) error {
	l, err := s.load(file, data)
	if err != nil {
		return err
	}
	sameProgram := func(other loadedMap) bool { return other.m.Program == l.m.Program }
	i := s.named(l.m.Name)
	if j := s.named(l.base); i < 0 && j >= 0 && sameProgram(s.maps[j]) {
		i = j
	}
	if i >= 0 {
		s.maps[i] = l
	} else {
		s.maps = append(s.maps, l)
		i = len(s.maps) - 1
	}
	for j, other := range s.maps {
		if j != i && sameProgram(other) {
			n := l.tree.find("program")
			l.tree.problem(n, "program", fmt.Sprintf("the map %s maps this program too: give this one the same name to replace it, or extend it", other.m.Name))
			return mapError(file, l.tree.problems)
		}
	}
	return nil
}

func readMap(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, errors.New("cannot be read: " + reason(err))
	}
	defer f.Close()
	// One byte more than allowed shows that there is too much.
	data, err := io.ReadAll(io.LimitReader(f, maxMapSize+1))
	if err != nil {
		return nil, errors.New("cannot be read: " + reason(err))
	}
	return data, nil
}

// reason is the cause of a file error without the path, which the caller
// already names.
func reason(err error) string {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err.Error()
	}
	return err.Error()
}

// ByProgram is the map of a program, or nil: nothing of a program without a
// map is ever sent.
func ByProgram(maps []*mapper.Map, program dhis2.UID) *mapper.Map {
	for _, m := range maps {
		if m.Program == program {
			return m
		}
	}
	return nil
}

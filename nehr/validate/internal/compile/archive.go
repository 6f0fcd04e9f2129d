package compile

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/nehrbridge/nehrbridge/nehr/validate/internal/rules"
)

// structure is what is read of a StructureDefinition.
type structure struct {
	URL        string `json:"url"`
	Name       string `json:"name"`
	Version    string `json:"version"`
	Kind       string `json:"kind"`
	Abstract   bool   `json:"abstract"`
	Type       string `json:"type"`
	Base       string `json:"baseDefinition"`
	Derivation string `json:"derivation"`
	Context    []struct {
		Type       string `json:"type"`
		Expression string `json:"expression"`
	} `json:"context"`
	Snapshot struct {
		Element []element `json:"element"`
	} `json:"snapshot"`

	pack rules.Pack
	root *node
}

// element is what is read of an ElementDefinition. The fixed value and the
// pattern have the type in their name, so they are picked out of rest.
type element struct {
	ID   string `json:"id"`
	Path string `json:"path"`
	Min  int    `json:"min"`
	Max  string `json:"max"`
	Base struct {
		Max string `json:"max"`
	} `json:"base"`
	ContentReference string `json:"contentReference"`
	Type             []struct {
		Code          string   `json:"code"`
		Profile       []string `json:"profile"`
		TargetProfile []string `json:"targetProfile"`
		Extension     []struct {
			URL      string `json:"url"`
			ValueURL string `json:"valueUrl"`
		} `json:"extension"`
	} `json:"type"`
	Slicing *struct {
		Discriminator []struct {
			Type string `json:"type"`
			Path string `json:"path"`
		} `json:"discriminator"`
		Rules string `json:"rules"`
	} `json:"slicing"`
	SliceName       string `json:"sliceName"`
	MaxLength       *int32 `json:"maxLength"`
	MinValueInteger *int32 `json:"minValueInteger"`
	MaxValueInteger *int32 `json:"maxValueInteger"`
	Binding         *struct {
		Strength string `json:"strength"`
		ValueSet string `json:"valueSet"`
	} `json:"binding"`
	Constraint []struct {
		Key        string `json:"key"`
		Severity   string `json:"severity"`
		Human      string `json:"human"`
		Expression string `json:"expression"`
	} `json:"constraint"`
	Rest map[string]jsontext.Value `json:",embed"`
}

// codes is one value set of the archive.
type codes struct {
	Codes         *[][2]string `json:"codes"`
	NotExpandable bool         `json:"notExpandable"`
	Unknown       bool         `json:"unknown"`
}

// source is an archive, read.
type source struct {
	hash       string
	structures []*structure
	valueSets  map[string]codes
}

// packs are the folders of the archive.
var packs = map[string]rules.Pack{"r4": rules.R4, "ips": rules.IPS, "national": rules.National}

func read(archive []byte) (*source, error) {
	sum := sha256.Sum256(archive)
	s := &source{hash: hex.EncodeToString(sum[:])}
	zip, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, fmt.Errorf("open archive: %w", err)
	}
	files := tar.NewReader(zip)
	for {
		head, err := files.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read archive: %w", err)
		}
		if head.Typeflag != tar.TypeReg {
			continue
		}
		text, err := io.ReadAll(files)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", head.Name, err)
		}
		if err := s.file(strings.TrimPrefix(head.Name, "./"), text); err != nil {
			return nil, fmt.Errorf("read %s: %w", head.Name, err)
		}
	}
	slices.SortFunc(s.structures, func(a, b *structure) int {
		if a.pack != b.pack {
			return int(a.pack) - int(b.pack)
		}
		return strings.Compare(a.URL, b.URL)
	})
	return s, nil
}

func (s *source) file(name string, text []byte) error {
	if name == "valuesets.json" {
		return json.Unmarshal(text, &s.valueSets)
	}
	folder, _, _ := strings.Cut(name, "/")
	pack, ok := packs[folder]
	if !ok {
		return fmt.Errorf("unknown folder %q", folder)
	}
	d := &structure{pack: pack}
	if err := json.Unmarshal(text, d); err != nil {
		return err
	}
	// A logical model describes no resource that could be sent.
	if d.Kind == "logical" {
		return nil
	}
	s.structures = append(s.structures, d)
	return d.tree()
}

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"reflect"
	"runtime/debug"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/nehrbridge/nehrbridge/config"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/mapper"
	"github.com/nehrbridge/nehrbridge/nehr/record"
)

// What is written follows from two things: from what DHIS2 shows, and from how
// this program writes it. The hash of both together tells that an entity needs
// no look at the record; a change of the latter alone has every entity of its
// program looked at again, those that were set aside among them.

// hash is what the ledger keeps of what was last verified as written. That of
// the source spares the mapping too; that of the entries tells that a document
// was touched and says the same as before.
type hash struct{ source, entries string }

// String is the form that the ledger keeps; empty where either is not known.
func (h hash) String() string {
	if h.source == "" || h.entries == "" {
		return ""
	}
	return h.source + "." + h.entries
}

// parseHash reads what the ledger kept.
func parseHash(text string) hash {
	source, entries, _ := strings.Cut(text, ".")
	return hash{source, entries}
}

// hashOf is the hash of a source and of what it was mapped to.
func (g *agent) hashOf(from source, d record.Desired) hash {
	if from.hash == "" {
		return hash{}
	}
	h := sha256.New()
	_, _ = io.WriteString(h, g.prints[from.program]) // a hash takes everything
	for i := range d.Entries {
		e := &d.Entries[i]
		_, _ = fmt.Fprintf(h, "\n%s %t %d\n", e.FullURL, e.Owned, len(e.Resource))
		_, _ = h.Write(e.Resource)
	}
	return hash{from.hash, brief([sha256.Size]byte(h.Sum(nil)))}
}

// brief is a hash in 128 bits, which is enough against accidents.
func brief(sum [sha256.Size]byte) string { return hex.EncodeToString(sum[:16]) }

// fingerprints gives, for each program, the hash of what decides how its
// documents are written: the map, the settings, the version, the servers.
func (g *agent) fingerprints() (map[dhis2.UID]string, error) {
	s := g.settings
	out := map[dhis2.UID]string{}
	for _, m := range g.maps {
		text, err := json.Marshal(struct {
			Program        []string // this one
			Record         string
			Write, Retract string
			Zones          []string
			ESignet        struct{ Issuer, RelyingParty string }
			Mapping        config.Mapping
			PHN            config.PHN
			Map            *mapper.Map
		}{build(), g.nehr, string(s.NEHR.Write), string(s.NEHR.Retract),
			[]string{s.Zone, s.DHIS2.Zone, g.record.Zone.String()}, struct{ Issuer, RelyingParty string }{s.ESignet.Issuer, s.ESignet.RelyingParty}, s.Mapping, s.PHN, m}, json.Deterministic(true))
		if err != nil {
			return nil, fmt.Errorf("fingerprint of map %s: %w", m.Name, err)
		}
		sum := sha256.Sum256(text)
		out[m.Program] = hex.EncodeToString(sum[:])
	}
	return out, nil
}

// build names the program's own code.
func build() []string {
	out := []string{version}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" || s.Key == "vcs.modified" {
				out = append(out, s.Value)
			}
		}
	}
	return out
}

// sum is the hash of all that decides what is written of a source: the
// document, what it refers to, and how it is written. It is "" where there is
// none, and then nothing is concluded.
func (s source) sum(fingerprint string) string {
	if fingerprint == "" {
		return ""
	}
	s.entity.Sort()
	surroundings := *s.context
	surroundings.SystemInfo.ServerDate = "" // of the question, not of the entity
	text, told := appendDigest(append(make([]byte, 0, 8<<10), fingerprint...), reflect.ValueOf(s.entity).Elem())
	if told {
		text, told = appendDigest(text, reflect.ValueOf(&surroundings).Elem())
	}
	if !told {
		return ""
	}
	return brief(sha256.Sum256(text))
}

// pinFingerprint is where the fingerprint of a program is remembered.
const pinFingerprint = "fingerprint."

// lookAgain puts every entity of a program on the list whose map, settings or
// version are others than those of the last run. What was refused may be right
// now; what was written may have to be written otherwise.
func (g *agent) lookAgain(ctx context.Context) error {
	for _, program := range g.served {
		name := pinFingerprint + program.String()
		last, found, err := g.ledger.Pinned(ctx, name)
		if err != nil {
			return err
		}
		if found && last == g.prints[program] {
			continue
		}
		// Marked first: what stops in between is done once more.
		n, err := g.ledger.MarkProgram(ctx, program, false)
		if err != nil {
			return err
		}
		if err := g.ledger.Pin(ctx, name, g.prints[program], true); err != nil {
			return err
		}
		if n > 0 {
			g.log.Info().Stringer("program", program).Int("entities", n).Msg("map, settings or version changed: every tracked entity is looked at again")
		}
	}
	return nil
}

package record_test

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/nehrbridge/nehrbridge/nehr/client"
)

// Eight mothers of one new clinic, written at once: whoever loses the race for
// the clinic or the midwife looks up again, and there is one of each in the end.
func TestConcurrentMothersShareOneClinic(t *testing.T) {
	worlds(t, func(w *world) {
		var group sync.WaitGroup
		for i := range 8 {
			group.Go(func() {
				d := w.mother("10.5", "")
				for e := range d.Entries {
					// Her own number, visit and value; the clinic and the midwives are shared.
					mine := fmt.Sprint("-", i)
					for _, old := range []string{"P" + w.run, "E" + w.run} {
						d.Entries[e].Resource = []byte(strings.ReplaceAll(string(d.Entries[e].Resource), old, old+mine))
						d.Entries[e].Identifier.Value = strings.ReplaceAll(d.Entries[e].Identifier.Value, old, old+mine)
					}
				}
				for _, at := range []int{atPatient, atEncounter, atObservation} {
					old := d.Entries[at].FullURL
					renamed := old[:len(old)-2] + fmt.Sprintf("%02x", 0xa0+i)
					for e := range d.Entries {
						d.Entries[e].Resource = []byte(strings.ReplaceAll(string(d.Entries[e].Resource), old, renamed))
					}
					d.Entries[at].FullURL = renamed
				}
				for attempt := 1; ; attempt++ {
					_, err := w.writer.Write(w.ctx, d)
					if err == nil {
						return
					}
					var conflict interface{ Conflict() bool }
					if attempt == 10 || !errors.As(err, &conflict) || !conflict.Conflict() {
						t.Errorf("mother %d, attempt %d: %v", i, attempt, err)
						return
					}
				}
			})
		}
		group.Wait()
		for typ, by := range map[string]string{
			"Organization": client.Token("urn:dhis2:organisationUnit:uid", "O"+w.run),
			"Practitioner": client.Token("urn:dhis2:user:uid", "N"+w.run) + "," + client.Token("urn:dhis2:user:uid", "M"+w.run),
		} {
			found, err := w.client.Search(w.ctx, typ, url.Values{"identifier": {by}})
			want := map[string]int{"Organization": 1, "Practitioner": 2}[typ]
			if err != nil || len(found.Resources) != want {
				t.Errorf("%d of type %s, want %d (%v)", len(found.Resources), typ, want, err)
			}
		}
		found, err := w.client.Search(w.ctx, "Patient", url.Values{"name": {"Test " + w.run}})
		if err != nil || len(found.Resources) != 8 {
			t.Errorf("%d mothers, want 8 (%v)", len(found.Resources), err)
		}
	})
}

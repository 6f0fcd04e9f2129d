package dhis2_test

import (
	stdjson "encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// BenchmarkDecodeTrackedEntity reads documents of 15 data values per event.
func BenchmarkDecodeTrackedEntity(b *testing.B) {
	for _, events := range []int{2, 20, 200} {
		text := visitDocument(events, 15)
		b.Run(fmt.Sprintf("events=%d", events), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := dhis2.DecodeTrackedEntity(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	text := visitDocument(2, 15)
	b.Run("peer=encoding/json", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			var v any
			if err := stdjson.Unmarshal(text, &v); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkTimestamp reads and writes one instant.
func BenchmarkTimestamp(b *testing.B) {
	zone := zone(b, "Asia/Colombo")
	b.ReportAllocs()
	for b.Loop() {
		d, err := dhis2.Timestamp("2026-03-02T13:07:47.106").Parse(zone)
		if err != nil || d.Instant(zone) == "" || d.Time() == (time.Time{}) {
			b.Fatal(err)
		}
	}
}

package changes_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/nehrbridge/nehrbridge/config/database/postgrestest"
	"github.com/nehrbridge/nehrbridge/dhis2"
	"github.com/nehrbridge/nehrbridge/dhis2/changes"
)

// scattered is the i-th of n UIDs in no order, as real ones come.
func scattered(i int) dhis2.UID {
	x := uint64(i) * 0x9E3779B97F4A7C15
	return dhis2.MustUID(fmt.Sprintf("B%010x", x>>24))
}

const group = 500

// filled is a ledger with n rows, all dirty or all clean.
func filled(b *testing.B, url string, n int, dirty bool) *changes.Ledger {
	b.Helper()
	l, err := changes.New(ctx, changes.Config{DB: opener(b, url)()})
	if err != nil {
		b.Fatal(err)
	}
	marks := make([]changes.Change, 0, 10_000)
	for i := 0; i < n; i += len(marks) {
		marks = marks[:0]
		for j := i; j < min(n, i+cap(marks)); j++ {
			marks = append(marks, changes.Change{TrackedEntity: scattered(j)})
		}
		if err := l.MarkDirty(ctx, marks...); err != nil {
			b.Fatal(err)
		}
	}
	if !dirty {
		for carryOut(b, l, 10_000) > 0 {
		}
	}
	return l
}

// carryOut claims and completes a group.
func carryOut(b *testing.B, l *changes.Ledger, n int) int {
	claims, err := l.Claim(ctx, n)
	if err != nil {
		b.Fatal(err)
	}
	done := make([]changes.Completion, len(claims))
	for i, c := range claims {
		c.Wrote("0123456789abcdef")
		done[i] = changes.Completion{Claim: c}
	}
	if len(done) > 0 {
		if err := l.Complete(ctx, done...); err != nil {
			b.Fatal(err)
		}
	}
	return len(claims)
}

func onBoth(b *testing.B, f func(b *testing.B, url string)) {
	b.Run("SQLite", func(b *testing.B) { f(b, b.TempDir()+"/ledger.db") })
	b.Run("PostgreSQL", func(b *testing.B) { f(b, postgrestest.Start(b).Database(b)) })
}

// skipLarge keeps a short run (-short) short: a million rows take minutes to
// lay out.
func skipLarge(b *testing.B, rows int) {
	if testing.Short() && rows > 30_000 {
		b.Skip("a short run: without -short for a million rows")
	}
}

// BenchmarkClaimComplete carries entities out in groups of 500; one operation
// is one entity.
func BenchmarkClaimComplete(b *testing.B) {
	for _, rows := range []int{1_000, 30_000, 1_000_000} {
		b.Run(strconv.Itoa(rows), func(b *testing.B) {
			onBoth(b, func(b *testing.B, url string) {
				skipLarge(b, rows)
				l := filled(b, url, rows, true)
				var again []changes.Change
				next := 0
				b.ResetTimer()
				for done := 0; done < b.N; {
					n := carryOut(b, l, group)
					done += n
					if n == 0 {
						b.StopTimer()
						again = again[:0]
						for range min(rows, 10_000) {
							again = append(again, changes.Change{TrackedEntity: scattered(next % rows)})
							next++
						}
						if err := l.MarkDirty(ctx, again...); err != nil {
							b.Fatal(err)
						}
						b.StartTimer()
					}
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entities/s")
			})
		})
	}
}

// BenchmarkMarkDirty marks entities that are known, in pages of 200 as polling
// does; one operation is one entity.
func BenchmarkMarkDirty(b *testing.B) {
	for _, rows := range []int{1_000, 1_000_000} {
		b.Run(strconv.Itoa(rows), func(b *testing.B) {
			onBoth(b, func(b *testing.B, url string) {
				skipLarge(b, rows)
				l := filled(b, url, rows, true)
				page := make([]changes.Change, 200)
				next := 7
				b.ResetTimer()
				for done := 0; done < b.N; done += len(page) {
					for i := range page {
						next = (next*48271 + 11) % rows
						page[i] = changes.Change{TrackedEntity: scattered(next), Program: anc}
					}
					if err := l.MarkDirty(ctx, page...); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entities/s")
			})
		})
	}
}

var anc = dhis2.MustUID("Program0001")

// BenchmarkOneAtATime has many goroutines complete one entity each, which
// share transactions; one operation is one entity with its state.
func BenchmarkOneAtATime(b *testing.B) {
	onBoth(b, func(b *testing.B, url string) {
		l := filled(b, url, 1_000, true)
		b.SetParallelism(16)
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				claims, err := l.Claim(ctx, 1)
				if err != nil {
					b.Error(err)
					return
				}
				for _, c := range claims {
					if err := l.Complete(ctx, changes.Completion{Claim: c, State: make([]byte, 2000)}); err != nil {
						b.Error(err)
					}
					if err := l.MarkDirty(ctx, changes.Change{TrackedEntity: c.TrackedEntity}); err != nil {
						b.Error(err)
					}
				}
			}
		})
	})
}

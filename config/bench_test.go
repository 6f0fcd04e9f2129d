package config

import "testing"

// BenchmarkLoadMap parses the larger of the embedded maps: it stands in the
// start of every command that maps.
func BenchmarkLoadMap(b *testing.B) {
	data, err := embedded.ReadFile("maps/who-anc.yaml")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := LoadMap("who-anc.yaml", data); err != nil {
			b.Fatal(err)
		}
	}
}

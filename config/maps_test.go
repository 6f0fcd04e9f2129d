package config

import "testing"

func TestMaps_embedded(t *testing.T) {
	maps, err := Maps(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(len(maps))
}

package main

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// filled is a value of a type in which every field is set, each list of one.
func filled(t *testing.T, typ reflect.Type) reflect.Value {
	v := reflect.New(typ).Elem()
	switch typ {
	case reflect.TypeFor[dhis2.UID]():
		v.Set(reflect.ValueOf(dhis2.MustUID("SbxMother01")))
		return v
	}
	switch typ.Kind() {
	case reflect.String:
		v.SetString("a")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Slice:
		v.Set(reflect.Append(v, filled(t, typ.Elem())))
	case reflect.Uint8:
		v.SetUint('1')
	case reflect.Struct:
		for i := range typ.NumField() {
			v.Field(i).Set(filled(t, typ.Field(i).Type))
		}
	default:
		t.Fatalf("a field of kind %s is not told apart: appendDigest has to learn it", typ.Kind())
	}
	return v
}

// TestDigestSeesEveryField clears each field of a document and of what it
// refers to in turn: no two are alike, and none is like the whole.
func TestDigestSeesEveryField(t *testing.T) {
	for _, typ := range []reflect.Type{reflect.TypeFor[dhis2.TrackedEntity](), reflect.TypeFor[dhis2.Context]()} {
		whole := filled(t, typ)
		seen := map[string]string{}
		note := func(path string) {
			b, ok := appendDigest(nil, whole)
			if other, twice := seen[string(b)]; !ok || twice {
				t.Errorf("%s without %s is like it without %s", typ, path, other)
			}
			seen[string(b)] = path
		}
		note("nothing")
		var clear func(v reflect.Value, path string)
		clear = func(v reflect.Value, path string) {
			kept := reflect.New(v.Type()).Elem()
			kept.Set(v)
			v.SetZero()
			note(path)
			v.Set(kept)
			switch {
			case v.Type() == reflect.TypeFor[dhis2.UID]():
			case v.Kind() == reflect.Struct && v.NumField() > 1:
				for i := range v.NumField() {
					clear(v.Field(i), path+"."+v.Type().Field(i).Name)
				}
			case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
				for i := range v.Index(0).NumField() {
					clear(v.Index(0).Field(i), path+"[0]."+v.Type().Elem().Field(i).Name)
				}
			}
		}
		for i := range typ.NumField() {
			clear(whole.Field(i), typ.Field(i).Name)
		}
		if len(seen) < 25 {
			t.Errorf("%s: only %d fields were looked at", typ, len(seen))
		}
	}
}

// Where a text ends counts: two fields are no field with both.
func TestDigestTellsWhereATextEnds(t *testing.T) {
	digest := func(u dhis2.User) []byte {
		b, ok := appendDigest(nil, reflect.ValueOf(u))
		if !ok {
			t.Fatal("a User cannot be told apart")
		}
		return b
	}
	if bytes.Equal(digest(dhis2.User{FirstName: "ab", Surname: "c"}), digest(dhis2.User{FirstName: "a", Surname: "bc"})) {
		t.Error("two names are one")
	}
	if _, ok := appendDigest(nil, reflect.ValueOf(map[string]int{})); ok {
		t.Error("a map has no order, and yet it was told apart")
	}
}

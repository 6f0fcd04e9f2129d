// Package config reads what an operator writes: the settings (file,
// environment, secrets by file) and the UID maps (YAML into mapper.Map). Two
// maps are embedded: lk-anc, the antenatal care program of Sri Lanka, and
// who-anc, the WHO antenatal care registry; files extend or replace them.
//
// Everything is strict: an unknown key, a wrong type or a wrong code stops the
// start, and every mistake is told at once with its place.
//
// It must not import dhis2/api, nehr, esignet or cmd: settings are plain
// values that cmd hands on.
package config

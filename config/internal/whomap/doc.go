// Package whomap writes the UID map of the WHO antenatal care registry
// (config/maps/who-anc.yaml) from the program's own metadata: UID, name, value
// type and the LOINC and SNOMED CT codes that it carries. What the metadata
// does not say, such as units, and where it is wrong, stands in override.go
// with the reason.
//
// It runs at development time only (go generate ./config) and imports mapper
// for the kinds and the check digits.
package whomap

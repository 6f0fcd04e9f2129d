// Package oracle asks HL7's instance validator, as ../shared/oracle/validator serves
// it, for its verdict in tests.
//
// It imports nothing of the project and is imported by tests only.
package oracle

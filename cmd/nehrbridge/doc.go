// Command nehrbridge joins DHIS2, MOSIP eSignet and a national electronic
// health record (any HL7 FHIR R4 server). This package holds flags and
// wiring, one file per subcommand; what the program can do lives in the
// packages beside it.
//
// What a machine may read is JSON on stdout; words for people go to stderr.
// Exit codes: 0 done, 1 the work found errors, 2 usage or configuration, 3 a
// server could not be reached.
package main

// Package sheet prints a UID map as one HTML page that a clinician can read,
// check against the paper form, and sign: each DHIS2 element, what it becomes
// in plain words, its code, display, unit, category and sensitivity.
//
// The page needs nothing else: no script, no resource from outside. It imports
// mapper only, and the same map gives the same bytes.
package sheet

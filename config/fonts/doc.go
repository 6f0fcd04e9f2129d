// Package fonts holds the letters of Sinhala and Tamil that pages bring along, so that
// they read well on a device that has none: Noto Sans, subsets in WOFF2, under the SIL
// Open Font License (OFL.txt). They are in the program once, whoever shows pages.
//
// The package imports nothing of the project.
package fonts

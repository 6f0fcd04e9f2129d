// Package upload decides whether a file that a person sends may be kept in a record, and
// makes of it what is kept: a JPEG or PNG that was decoded and written anew, turned as its
// camera held it and without anything else that the camera wrote, or a PDF without
// anything that acts.
//
// It goes by the bytes alone: names and declared types are the sender's to invent. It is
// pure, works within bounds of time and memory that follow from constants, and imports
// nothing of the project. README.md of nehr/portal/authored says what is not taken out.
package upload

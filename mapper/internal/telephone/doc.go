// Package telephone writes telephone numbers in the form of ITU-T E.164.
//
// It owns the reading of what people write, and a table of the regions'
// numbering plans, generated from nyaruka/phonenumbers, which is Google's
// libphonenumber in Go. That library is the source of the table and in the
// tests the judge; it stays out of the program, of which it would be a seventh.
//
// Where it differs from the library it refuses what the library makes a number
// of: letters in the place of digits, digits of scripts that it takes for zeros,
// the placeholders x, * and ~, extensions after anything but ext, x and #,
// parameters of RFC 3966 other than ext, and numbers without their area code,
// which nobody can call from elsewhere.
//
// It is pure, and imports nothing of the project.
package telephone

// Package browser drives a real Chromium in tests: every step has an end. What the
// browser is asked while a page gives way to another one may never be answered, and a
// test that waits for it would end with the whole run.
//
// It imports nothing of the project and is imported by tests only.
package browser

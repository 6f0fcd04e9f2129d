// Package setup makes a DHIS2 server ready for nehrbridge, and takes that back: the
// attributes that keep what a verification leaves, their rows in programs, the app
// with the plugin, its place in the forms of Capture, the Routes, and the user that
// the agent signs in as.
//
// It owns what is wanted ([Wanted]), how that is compared with what a server has,
// and the record of what was before. Deciding is pure: an item, what was found and
// what was recorded give one [Step] or none. Everything is read again right before
// it is written and right after, because DHIS2 has no condition on a write.
//
// The rules that it keeps:
//   - What is as wanted is not touched; a second run changes nothing.
//   - What others wrote stays: a layout of a form is added to, an attribute that is
//     there is never changed, an authority is added to a role and none taken.
//   - What was before is recorded before a write. Undo restores exactly that where
//     nobody changed it since; where somebody did, it takes out only what was added
//     here, and leaves and names what cannot be told apart.
//   - A right that is lacking is said before anything is changed.
//
// It never imports nehr or mapper, and no secret leaves it but the key of a new
// token, once.
package setup

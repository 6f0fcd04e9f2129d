// Package reference opens the files of others that the project is held to: the
// documents of a reference implementation, recorded exchanges, guides, schemas. They
// are in the folder shared beside the repository and are no part of it.
//
// It imports nothing of the project and is imported by tests only.
package reference

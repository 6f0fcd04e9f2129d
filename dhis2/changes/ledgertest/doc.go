// Package ledgertest holds what every ledger promises, whatever database it
// is kept in: Exercise runs it all, the crash points, many replicas and a
// comparison with a model among it.
//
// It is imported by tests only.
package ledgertest

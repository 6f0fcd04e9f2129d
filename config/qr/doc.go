// Package qr draws QR codes (ISO/IEC 18004) for pages and cards: as the path of an SVG,
// which needs neither a script nor a request of its own.
//
// It knows nothing of what is in a code, does no I/O, and must not import anything of
// this project.
package qr

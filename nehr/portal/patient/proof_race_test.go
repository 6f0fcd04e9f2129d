//go:build race

package patient_test

// raceDetector says that everything takes ten times as long.
const raceDetector = true

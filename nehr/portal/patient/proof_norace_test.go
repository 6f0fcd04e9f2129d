//go:build !race

package patient_test

const raceDetector = false

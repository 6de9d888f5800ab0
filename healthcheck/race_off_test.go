//go:build !race

package healthcheck

// raceDetector tells that everything takes several times as long.
const raceDetector = false

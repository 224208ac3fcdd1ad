// Package load is many applicants at once: renewals that begin at a given rate, whether or not earlier ones have ended
// (an open model), and a report of how long every call took and what went wrong.
//
// Each order is a whole renewal by an applicant of its own, with a phone of its own; staff are others' business (package
// desk).
package load

// Package renew is an applicant as a program: it renews one certificate over the intake API, from the SMS login to the
// confirmed update of the Ukey, the way a person would with browser, printer, phone, bank and driver.
//
// It knows only the published intake API and what the driver's documents say, and does what the order's stage asks of an
// applicant until the Ukey is updated. Reviewers, finance and issuers are other people: the robot waits for them. What
// they send back it hands in again, better.
package renew

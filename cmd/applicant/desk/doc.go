// Package desk is staff as programs: people who log in with password and one-time code, open the pages a browser opens,
// fill in the forms a browser posts and follow where they lead. Reviewers look at every page of every paper and decide,
// issuers confirm what was approved, finance imports statements and settles what is beyond doubt.
//
// They know the console by its pages alone. What a page does not offer, they cannot do.
package desk

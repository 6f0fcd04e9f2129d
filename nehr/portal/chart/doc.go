// Package chart reads what an actor may see of a record into what pages show of it: facts
// with their plain words and how they stand to what is usual, visits by pregnancy,
// referrals with their steps, trends as pictures. Both portals show the same chart.
//
// It reads nothing of the record itself: what it is given has passed the gate of
// nehr/access. It never imports dhis2, esignet or mapper.
package chart

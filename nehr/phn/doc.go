// Package phn holds the Personal Health Number of Sri Lanka: its schemes,
// check characters and the making of new ones.
//
// This part is pure; randomness comes in as an io.Reader. It imports neither
// DHIS2 nor eSignet nor the mapper.
//
// Three schemes are alive in the country, and a fourth rule serves what DHIS2
// holds already:
//
//	ndhgs2  11 characters: 4 of the point of issue, 6 random ones, 1 check
//	        digit (Regenstrief), as the National eHealth Guidelines 2 have it
//	demo    11 characters: point of issue 4054, 6 random ones, 1 check
//	        character (Luhn mod 26), as the published demo issues them
//	chims   11 or 12 characters: 4 of the point of issue, 6 or 7 others,
//	        1 check digit (Luhn mod 10 over letters too), as CHIMS issues them
//	ParseAny  4 to 32 letters, digits or hyphens
//
// What the check character notices, counted over all characters and places of
// the part before it (TestDetection counts again):
//
//	                one wrong character   two neighbours swapped
//	ndhgs2          92.0 %                92.8 %
//	  digits alone  100 %                 97.8 % (not 09 and 90)
//	demo            100 %                 99.7 % (not the first and last of its alphabet)
//	chims           89.5 %                92.0 %
//
// So with letters a number that checks may still be another woman's: a number
// alone never decides whose record is opened.
package phn
